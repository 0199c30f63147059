/*
 * intake.c - the records of one request, until it is whole
 *
 * A front that sends half a request must hold nobody, so nothing is done with a
 * request before all of it is here.  What the specification lets a front say
 * besides is answered at once: management records, roles that we do not play, a
 * second request beside the one in hand, an abort.
 *
 * Must stay true: bytes before in->at are BEGIN_REQUEST, PARAMS and STDIN of one
 * request and nothing else.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <fastcgi.h>

#include "fcgi/intake.h"
#include "fcgi/records.h"

enum { PARAMS_MAX = 256 * 1024 };

/* What becomes of a record. */
enum fate {
	FATE_KEEP,              /* it belongs to the request */
	FATE_WHOLE,             /* and ends it */
	FATE_CUT,               /* it is answered, or nobody's */
	FATE_ABORT,
	FATE_BAD
};

static enum fate
begin_take(struct intake *in, const struct fcgi_record *r, struct buf *reply)
{
	const FCGI_BeginRequestBody *body =
	    (const FCGI_BeginRequestBody *)r->content.p;

	if (r->content.n != sizeof(*body) || (in->began && r->id == in->id))
		return FATE_BAD;
	if (in->began) {
		fcgi_record_end(reply, r->id, FCGI_CANT_MPX_CONN);
		return FATE_CUT;
	}
	in->id = r->id;
	in->keep = (body->flags & FCGI_KEEP_CONN) != 0;
	if (body->roleB1 != 0 || body->roleB0 != FCGI_RESPONDER) {
		fcgi_record_end(reply, r->id, FCGI_UNKNOWN_ROLE);
		return FATE_ABORT;
	}
	in->began = true;
	return FATE_KEEP;
}

static enum fate
params_take(struct intake *in, const struct fcgi_record *r)
{
	if (in->has_params)
		return FATE_BAD;
	in->params += r->content.n;
	in->has_params = r->content.n == 0;
	return in->params > PARAMS_MAX ? FATE_BAD : FATE_KEEP;
}

static enum fate
stdin_take(struct intake *in, const struct fcgi_record *r, size_t max_body)
{
	if (!in->has_params)
		return FATE_BAD;
	if (r->content.n == 0)
		return FATE_WHOLE;
	if (in->too_big || in->body + r->content.n > max_body) {
		in->too_big = true;
		return FATE_CUT;
	}
	in->body += r->content.n;
	return FATE_KEEP;
}

static enum fate
record_take(struct intake *in, const struct fcgi_record *r, size_t max_body,
    struct buf *reply)
{
	if (r->id == FCGI_NULL_REQUEST_ID) {
		fcgi_record_manage(reply, r);
		return FATE_CUT;
	}
	if (r->type == FCGI_BEGIN_REQUEST)
		return begin_take(in, r, reply);
	if (!in->began || r->id != in->id)
		return FATE_CUT;        /* of a request that is over, or was refused */
	switch (r->type) {
	case FCGI_PARAMS:
		return params_take(in, r);
	case FCGI_STDIN:
		return stdin_take(in, r, max_body);
	case FCGI_ABORT_REQUEST:
		fcgi_record_end(reply, r->id, FCGI_REQUEST_COMPLETE);
		return FATE_ABORT;
	default:
		return FATE_BAD;
	}
}

/* The records behind *from, which stands at in->at or, behind what was cut out,
 * further on: what is kept moves up, record by record. */
static enum rc
records_walk(struct intake *in, struct buf *bytes, size_t *from, size_t max_body,
    struct buf *reply)
{
	struct fcgi_record r;
	enum fate fate;
	bool keep;

	/* Another protocol shows at its first byte, not when a "record" is whole. */
	while (*from >= bytes->n || bytes->p[*from] == FCGI_VERSION_1) {
		if (!fcgi_record_read(slice_skip(buf_slice(bytes), *from), &r))
			return RC_AGAIN;
		if ((fate = record_take(in, &r, max_body, reply)) == FATE_BAD)
			return RC_BAD_INPUT;
		if (fate == FATE_KEEP || fate == FATE_WHOLE) {
			if (in->at < *from)
				memmove(bytes->p + in->at, bytes->p + *from, r.size);
			in->at += r.size;
		}
		*from += r.size;
		if (fate == FATE_WHOLE)
			return RC_OK;
		if (fate == FATE_ABORT) {
			keep = in->keep;
			*in = (struct intake){ .at = 0 };
			if (!keep)
				return RC_GONE;
		}
	}
	return RC_BAD_INPUT;
}

/* The gap that is left closes once, however many records were cut out: a front
 * that sends thousands of empty ones would have the rest moved for each. */
enum rc
intake_walk(struct intake *in, struct buf *bytes, size_t max_body,
    struct buf *reply)
{
	size_t from = in->at;
	enum rc rc = records_walk(in, bytes, &from, max_body, reply);

	if (in->at < from) {
		memmove(bytes->p + in->at, bytes->p + from, bytes->n - from);
		bytes->n -= from - in->at;
	}
	return rc;
}

/* The stream of that type, which has n bytes. */
static struct slice
stream_of(struct slice bytes, unsigned type, size_t n, struct buf *joined)
{
	struct fcgi_record r;

	buf_reset(joined);
	for (; fcgi_record_read(bytes, &r); bytes = slice_skip(bytes, r.size)) {
		if (r.type != type)
			continue;
		if (r.content.n == n)           /* nearly always: just one */
			return r.content;
		buf_add(joined, r.content);
	}
	return buf_slice(joined);
}

struct slice
intake_params(const struct intake *in, struct slice bytes, struct buf *joined)
{
	return stream_of(slice_head(bytes, in->at), FCGI_PARAMS, in->params, joined);
}

struct slice
intake_body(const struct intake *in, struct slice bytes, struct buf *joined)
{
	return stream_of(slice_head(bytes, in->at), FCGI_STDIN, in->body, joined);
}

bool
intake_is_abort(struct slice bytes, unsigned id)
{
	struct fcgi_record r;

	fcgi_record_read(bytes, &r);
	return bytes.n >= FCGI_HEADER_LEN && r.type == FCGI_ABORT_REQUEST &&
	    r.id == id;
}
