/*
 * intake.h - is there a whole FastCGI request in these bytes?
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FCGI_INTAKE_H
#define FCGI_INTAKE_H

#include "base/buf.h"
#include "base/rc.h"

/* Zeroed: at the beginning of a request. */
struct intake {
	size_t at;              /* bytes before it are records that were looked at */
	size_t params, body;    /* bytes of content so far, headers not counted */
	unsigned id;
	bool began, has_params; /* all of them */
	bool too_big;           /* the body passed its limit; what came later was cut out */
};

/*
 * Looks at the records behind in->at, as far as they are whole.  RC_OK: the
 * request is whole and ends at in->at.  RC_AGAIN: more bytes are needed.
 * RC_GONE: the front aborts it.  RC_BAD_INPUT: this is not FastCGI as a
 * responder may expect it; the connection is of no use.
 * Records of the body past max_body are cut out of bytes.
 */
enum rc intake_walk(struct intake *in, struct buf *bytes, size_t max_body);

/* Appends the records of a response: content, its end, the request's end. */
void intake_answer(struct buf *out, unsigned id, struct slice content);

/* The same in pieces: content, as often as there is some; then the ends. */
void intake_part(struct buf *out, unsigned id, struct slice content);
void intake_end(struct buf *out, unsigned id);

/* Whether a record of 8 bytes or more at the head of bytes aborts id. */
bool intake_is_abort(struct slice bytes, unsigned id);

#endif
