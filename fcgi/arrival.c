/*
 * arrival.c - bytes of a connection, until a request is whole
 *
 * Nearly every request is there with one recv(), and is served out of the bytes
 * where they lie: nothing is copied and nothing allocated.  Only what came in
 * pieces, or behind a request, is kept with its connection.
 *
 * Must stay true: a connection that waits for its next request holds no memory
 * here.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "fcgi/arrival.h"

/* As far as it is never used it takes no memory. */
static char here[64 * 1024];

/* Of the request that is being served: requests are served one by one. */
static struct {
	struct buf pieces, params, body;
	bool is_lent;
} served;

void
arrival_fini(struct arrival *a)
{
	buf_free(&a->bytes);
	a->intake = (struct intake){ .at = 0 };
}

static void
arrived_fill(const struct intake *in, struct slice bytes,
    struct arrived *arrived_r)
{
	*arrived_r = (struct arrived){
		.params = intake_params(in, bytes, &served.params),
		.body = intake_body(in, bytes, &served.body),
		.id = in->id,
		.keep = in->keep,
		.too_big = in->too_big,
	};
	served.is_lent = true;
}

void
arrival_release(void)
{
	served.is_lent = false;
	buf_free(&served.pieces);
	buf_free(&served.params);
	buf_free(&served.body);
}

static enum rc
receive(int fd, struct buf *got)
{
	ssize_t n = recv(fd, here, sizeof(here), 0);

	*got = (struct buf){ here, n < 0 ? 0 : (size_t)n, sizeof(here) };
	if (n > 0)
		return RC_OK;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? RC_AGAIN : RC_GONE;
}

/* What is kept is taken along; what lies behind the request stays. */
static enum rc
kept_walk(struct arrival *a, size_t max_body, struct buf *reply,
    struct arrived *arrived_r)
{
	struct buf behind = BUF_INIT;
	enum rc rc = intake_walk(&a->intake, &a->bytes, max_body, reply);

	if (rc == RC_AGAIN && a->bytes.n == 0)
		arrival_fini(a);
	if (rc != RC_OK)
		return rc;
	buf_add(&behind, slice_skip(buf_slice(&a->bytes), a->intake.at));
	served.pieces = a->bytes;
	arrived_fill(&a->intake, buf_slice(&served.pieces), arrived_r);
	a->intake = (struct intake){ .at = 0 };
	a->bytes = behind;
	return RC_OK;
}

/* Nothing was kept: what came is probably all. */
static enum rc
fresh_walk(struct arrival *a, struct buf *got, size_t max_body,
    struct buf *reply, struct arrived *arrived_r)
{
	struct intake in = { .at = 0 };
	enum rc rc = intake_walk(&in, got, max_body, reply);

	if (rc == RC_OK) {
		arrived_fill(&in, buf_slice(got), arrived_r);
		buf_add(&a->bytes, slice_skip(buf_slice(got), in.at));
	} else if (rc == RC_AGAIN) {
		a->intake = in;
		buf_add(&a->bytes, buf_slice(got));
	}
	return rc;
}

enum rc
arrival_read(struct arrival *a, int fd, size_t max_body, struct buf *reply,
    struct arrived *arrived_r)
{
	struct buf got;
	enum rc rc;

	assert(!served.is_lent);
	if (a->bytes.n != 0 &&
	    (rc = kept_walk(a, max_body, reply, arrived_r)) != RC_AGAIN)
		return rc;
	if ((rc = receive(fd, &got)) != RC_OK)
		return rc;
	if (a->bytes.n == 0)
		return fresh_walk(a, &got, max_body, reply, arrived_r);
	buf_add(&a->bytes, buf_slice(&got));
	return kept_walk(a, max_body, reply, arrived_r);
}
