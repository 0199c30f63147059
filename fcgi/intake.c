/*
 * intake.c - FastCGI records, seen from outside
 *
 * libfcgi reads with blocking calls, and a peer that sends half a record would
 * hold the whole process.  So nothing is given to it before the request is
 * whole, and for that only the record headers must be understood.
 *
 * The lengths inside the parameters are checked here, too: a name and a value of
 * 0x7ffffffe bytes each end the process in libfcgi before 2.4.7.
 *
 * Must stay true: whatever intake_walk() calls whole, libfcgi can read to its
 * end without waiting.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "fcgi/intake.h"

enum { HEADER = 8, PARAMS_MAX = 256 * 1024, CONTENT_MAX = 65528 };

enum record_type {
	RECORD_BEGIN = 1, RECORD_ABORT = 2, RECORD_END = 3, RECORD_PARAMS = 4,
	RECORD_STDIN = 5, RECORD_STDOUT = 6
};
enum { VERSION = 1, ROLE_RESPONDER = 1 };

struct record {
	unsigned type, id;
	struct slice content;
	size_t size;            /* with header and padding */
};

/* False: it is not all there yet. */
static bool
record_read(struct slice bytes, struct record *r)
{
	const unsigned char *u = (const unsigned char *)bytes.p;

	if (bytes.n < HEADER)
		return false;
	r->type = u[1];
	r->id = (unsigned)u[2] << 8 | u[3];
	r->content.n = (size_t)u[4] << 8 | u[5];
	r->content.p = bytes.p + HEADER;
	r->size = HEADER + r->content.n + u[6];
	return r->size <= bytes.n;
}

static enum rc
begin_take(struct intake *in, const struct record *r)
{
	const unsigned char *u = (const unsigned char *)r->content.p;

	if (in->began || r->content.n != 8 ||
	    ((unsigned)u[0] << 8 | u[1]) != ROLE_RESPONDER)
		return RC_BAD_INPUT;
	in->began = true;
	in->id = r->id;
	return RC_AGAIN;
}

/* One length of a name or value: one byte, or four with the highest bit set. */
static bool
length_read(struct slice *rest, size_t *n_r)
{
	const unsigned char *u = (const unsigned char *)rest->p;

	if (rest->n == 0)
		return false;
	if (u[0] < 128) {
		*n_r = u[0];
		*rest = slice_skip(*rest, 1);
		return true;
	}
	if (rest->n < 4)
		return false;
	*n_r = (size_t)(u[0] & 127) << 24 | (size_t)u[1] << 16 |
	    (size_t)u[2] << 8 | u[3];
	*rest = slice_skip(*rest, 4);
	return true;
}

static bool
pairs_fit(struct slice rest)
{
	size_t name, value;

	while (rest.n > 0) {
		if (!length_read(&rest, &name) || !length_read(&rest, &value) ||
		    name > rest.n || value > rest.n - name)
			return false;
		rest = slice_skip(rest, name + value);
	}
	return true;
}

/* The parameters of all records before `end`, which are all accepted ones. */
static bool
params_fit(const struct intake *in, struct slice bytes)
{
	struct buf whole = BUF_INIT;
	struct record r;
	bool fits;

	for (bytes = slice_head(bytes, in->at); record_read(bytes, &r);
	    bytes = slice_skip(bytes, r.size)) {
		if (r.type != RECORD_PARAMS)
			continue;
		if (r.content.n == in->params)  /* nearly always: just one */
			return pairs_fit(r.content);
		buf_add(&whole, r.content);
	}
	fits = pairs_fit(buf_slice(&whole));
	buf_free(&whole);
	return fits;
}

static enum rc
params_take(struct intake *in, const struct record *r, struct slice bytes)
{
	if (!in->began || in->has_params)
		return RC_BAD_INPUT;
	in->params += r->content.n;
	if (in->params > PARAMS_MAX)
		return RC_BAD_INPUT;
	if (r->content.n > 0)
		return RC_AGAIN;
	in->has_params = true;
	return params_fit(in, bytes) ? RC_AGAIN : RC_BAD_INPUT;
}

/* RC_OK: the end of the body.  RC_TOO_BIG: a record to cut out. */
static enum rc
stdin_take(struct intake *in, const struct record *r, size_t max_body)
{
	if (!in->has_params)
		return RC_BAD_INPUT;
	if (r->content.n == 0)
		return RC_OK;
	if (in->too_big || in->body + r->content.n > max_body) {
		in->too_big = true;
		return RC_TOO_BIG;
	}
	in->body += r->content.n;
	return RC_AGAIN;
}

static enum rc
record_take(struct intake *in, const struct record *r, struct slice bytes,
    size_t max_body)
{
	if (r->type == RECORD_BEGIN)
		return begin_take(in, r);
	if (!in->began || r->id != in->id)
		return RC_BAD_INPUT;    /* no front multiplexes */
	switch (r->type) {
	case RECORD_PARAMS:
		return params_take(in, r, bytes);
	case RECORD_STDIN:
		return stdin_take(in, r, max_body);
	case RECORD_ABORT:
		return RC_GONE;
	default:
		return RC_BAD_INPUT;
	}
}

static void
cut_out(struct buf *bytes, size_t at, size_t n)
{
	memmove(bytes->p + at, bytes->p + at + n, bytes->n - at - n);
	bytes->n -= n;
}

enum rc
intake_walk(struct intake *in, struct buf *bytes, size_t max_body)
{
	struct record r;
	enum rc rc;

	/* Another protocol shows at its first byte, not when a "record" is whole. */
	while (in->at >= bytes->n || bytes->p[in->at] == VERSION) {
		if (!record_read(slice_skip(buf_slice(bytes), in->at), &r))
			return RC_AGAIN;
		rc = record_take(in, &r, buf_slice(bytes), max_body);
		if (rc == RC_TOO_BIG) {
			cut_out(bytes, in->at, r.size);
			continue;
		}
		in->at += r.size;
		if (rc != RC_AGAIN)
			return rc;
	}
	return RC_BAD_INPUT;
}

static void
header_write(struct buf *out, enum record_type type, unsigned id, size_t n)
{
	unsigned char h[HEADER] = { VERSION, (unsigned char)type,
	    (unsigned char)(id >> 8), (unsigned char)id,
	    (unsigned char)(n >> 8), (unsigned char)n, 0, 0 };

	buf_add(out, slice_of((const char *)h, sizeof(h)));
}

void
intake_part(struct buf *out, unsigned id, struct slice content)
{
	struct slice piece;

	buf_reserve(out, content.n + (content.n / CONTENT_MAX + 4) * HEADER);
	for (; content.n > 0; content = slice_skip(content, piece.n)) {
		piece = slice_head(content, CONTENT_MAX);
		header_write(out, RECORD_STDOUT, id, piece.n);
		buf_add(out, piece);
	}
}

void
intake_end(struct buf *out, unsigned id)
{
	header_write(out, RECORD_STDOUT, id, 0);
	header_write(out, RECORD_END, id, 8);
	buf_add(out, SLICE("\0\0\0\0\0\0\0\0"));        /* status 0, complete */
}

void
intake_answer(struct buf *out, unsigned id, struct slice content)
{
	intake_part(out, id, content);
	intake_end(out, id);
}

bool
intake_is_abort(struct slice bytes, unsigned id)
{
	struct record r;

	return record_read(bytes, &r) && r.type == RECORD_ABORT && r.id == id;
}
