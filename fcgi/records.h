/*
 * records.h - FastCGI's records, byte by byte
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FCGI_RECORDS_H
#define FCGI_RECORDS_H

#include "base/buf.h"

/* One record of a connection; its numbers are those of <fastcgi.h>. */
struct fcgi_record {
	unsigned type, id;
	struct slice content;
	size_t size;            /* with header and padding */
};

/* The record at the head of bytes.  False: it is not all there yet. */
bool fcgi_record_read(struct slice bytes, struct fcgi_record *r_r);

/* Cuts the next name and its value off *rest, which a PARAMS or GET_VALUES
 * stream is made of.  False: the end; or, if *rest is not empty, damage. */
bool pair_cut(struct slice *rest, struct slice *name_r, struct slice *value_r);

/* Appends the records of a response: content, as often as there is some; then
 * the ends of content and request. */
void fcgi_record_part(struct buf *out, unsigned id, struct slice content);
void fcgi_record_close(struct buf *out, unsigned id);

/* Appends the end of a request without a response; status is one of
 * FCGI_REQUEST_COMPLETE, FCGI_CANT_MPX_CONN, FCGI_UNKNOWN_ROLE. */
void fcgi_record_end(struct buf *out, unsigned id, unsigned status);

/* Appends what a management record (its id is 0) is answered with. */
void fcgi_record_manage(struct buf *out, const struct fcgi_record *r);

#endif
