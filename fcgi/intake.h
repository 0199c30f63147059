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
	size_t at;              /* bytes before it are records of this request */
	size_t params, body;    /* bytes of content so far, headers not counted */
	unsigned id;
	bool began, has_params; /* all of them */
	bool keep;              /* the front wants to use the connection again */
	bool too_big;           /* the body passed its limit; what came later was cut out */
};

/*
 * Looks at the records behind in->at, as far as they are whole.  RC_OK: the
 * request is whole and ends at in->at.  RC_AGAIN: more bytes are needed.
 * RC_GONE: the front has ended it, and with it the connection.  RC_BAD_INPUT:
 * this is not FastCGI as a responder may expect it; the connection is of no use.
 * Whatever is not this request's, and records of the body past max_body, is cut
 * out of bytes; what has to be said to that is appended to reply.
 */
enum rc intake_walk(struct intake *in, struct buf *bytes, size_t max_body,
    struct buf *reply);

/* What a whole request is made of: a place in bytes, or, if it came in several
 * records, in joined, which is overwritten then. */
struct slice intake_params(const struct intake *in, struct slice bytes,
    struct buf *joined);
struct slice intake_body(const struct intake *in, struct slice bytes,
    struct buf *joined);

/* Whether the record at the head of bytes aborts id. */
bool intake_is_abort(struct slice bytes, unsigned id);

#endif
