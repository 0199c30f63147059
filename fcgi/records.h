/*
 * records.h - FastCGI's records, byte by byte
 *
 * Must stay true: a length is compared with what is left, never added to
 * another one first (CVE-2025-23016 was that, in libfcgi).
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

/* One length of a name or value: one byte, or four with the highest bit set. */
static inline bool
pair_length(struct slice *rest, size_t *n_r)
{
	const unsigned char *u = (const unsigned char *)rest->p;
	size_t size = rest->n > 0 && u[0] >= 128 ? 4 : 1;

	if (rest->n < size)
		return false;
	*n_r = size == 1 ? u[0] : (size_t)(u[0] & 127) << 24 |
	    (size_t)u[1] << 16 | (size_t)u[2] << 8 | u[3];
	*rest = slice_of(rest->p + size, rest->n - size);
	return true;
}

/*
 * Cuts the next name and its value off *rest, which a PARAMS or GET_VALUES
 * stream is made of.  False: the end; or, if *rest is not empty, damage.
 * Inline: it is done for each variable of each request.
 */
static inline bool
pair_cut(struct slice *rest, struct slice *name_r, struct slice *value_r)
{
	struct slice left = *rest;

	if (!pair_length(&left, &name_r->n) || !pair_length(&left, &value_r->n) ||
	    name_r->n > left.n || value_r->n > left.n - name_r->n)
		return false;
	name_r->p = left.p;
	value_r->p = left.p + name_r->n;
	*rest = slice_of(value_r->p + value_r->n, left.n - name_r->n - value_r->n);
	return true;
}

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
