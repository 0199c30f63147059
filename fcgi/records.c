/*
 * records.c - FastCGI's records, byte by byte
 *
 * Names and numbers are those of libfcgi's <fastcgi.h>.  Its reader is not used:
 * it blocks, and for each request it makes three streams of 8 KB and a copy of
 * every variable (doc/architecture.md has what that cost).
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <fastcgi.h>

#include "fcgi/records.h"

enum { CONTENT_MAX = FCGI_MAX_LENGTH & ~7 };

bool
fcgi_record_read(struct slice bytes, struct fcgi_record *r_r)
{
	const unsigned char *u = (const unsigned char *)bytes.p;

	if (bytes.n < FCGI_HEADER_LEN)
		return false;
	r_r->type = u[1];
	r_r->id = (unsigned)u[2] << 8 | u[3];
	r_r->content.n = (size_t)u[4] << 8 | u[5];
	r_r->content.p = bytes.p + FCGI_HEADER_LEN;
	r_r->size = FCGI_HEADER_LEN + r_r->content.n + u[6];
	return r_r->size <= bytes.n;
}

static void
header_write(struct buf *out, unsigned type, unsigned id, size_t n)
{
	const unsigned char h[FCGI_HEADER_LEN] = { FCGI_VERSION_1,
	    (unsigned char)type, (unsigned char)(id >> 8), (unsigned char)id,
	    (unsigned char)(n >> 8), (unsigned char)n, 0, 0 };

	buf_add(out, slice_of((const char *)h, sizeof(h)));
}

void
fcgi_record_end(struct buf *out, unsigned id, unsigned status)
{
	const char body[sizeof(FCGI_EndRequestBody)] = { 0, 0, 0, 0, (char)status };

	header_write(out, FCGI_END_REQUEST, id, sizeof(body));
	buf_add(out, slice_of(body, sizeof(body)));
}

void
fcgi_record_part(struct buf *out, unsigned id, struct slice content)
{
	struct slice piece;

	buf_reserve(out, content.n +
	    (content.n / CONTENT_MAX + 4) * FCGI_HEADER_LEN);
	for (; content.n > 0; content = slice_skip(content, piece.n)) {
		piece = slice_head(content, CONTENT_MAX);
		header_write(out, FCGI_STDOUT, id, piece.n);
		buf_add(out, piece);
	}
}

void
fcgi_record_close(struct buf *out, unsigned id)
{
	header_write(out, FCGI_STDOUT, id, 0);
	fcgi_record_end(out, id, FCGI_REQUEST_COMPLETE);
}

/* One request at a time on a connection; of the rest we promise nothing. */
static void
values_answer(struct buf *out, struct slice asked)
{
	static const char answer[] = "\17\1" FCGI_MPXS_CONNS "0";
	struct slice name, value;
	bool is_asked = false;

	while (pair_cut(&asked, &name, &value))
		is_asked |= slice_is(name, FCGI_MPXS_CONNS);
	header_write(out, FCGI_GET_VALUES_RESULT, FCGI_NULL_REQUEST_ID,
	    is_asked ? sizeof(answer) - 1 : 0);
	if (is_asked)
		buf_add(out, slice_of(answer, sizeof(answer) - 1));
}

void
fcgi_record_manage(struct buf *out, const struct fcgi_record *r)
{
	const char body[sizeof(FCGI_UnknownTypeBody)] = { (char)r->type };

	if (r->type == FCGI_GET_VALUES) {
		values_answer(out, r->content);
		return;
	}
	header_write(out, FCGI_UNKNOWN_TYPE, FCGI_NULL_REQUEST_ID, sizeof(body));
	buf_add(out, slice_of(body, sizeof(body)));
}
