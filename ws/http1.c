/*
 * http1.c - an HTTP/1.1 connection and its requests, one at a time
 *
 * A request that lies whole in what was read is served from there; only what is
 * cut is kept.  While one is served, those behind it wait (32 KB of them, the
 * rest in the kernel); they are taken after the turn in which it was answered,
 * so http_serve() never runs inside engine_turn().
 *
 * A client that breaks a rule is told so and loses the connection: nobody knows
 * where its next request would begin.
 *
 * Must stay true:
 *   - answers leave in the order of the requests
 *   - what a client can make us keep is bounded: a head, a body, IN_MAX, and
 *     OUT_MAX of answers that it does not read
 *   - each of its waits has a time
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "ws/app.h"
#include "ws/chunked.h"
#include "ws/http1_private.h"
#include "ws/policy.h"
#include "ws/request.h"

enum {
	HEAD_MAX = 16384,
	TARGET_MAX = 8192,
	IN_MAX = 32768,                 /* of requests that wait */
	OUT_MAX = 65536,                /* then no further request is taken */
	PROGRESS = 16384                /* of a body, in each LANE_BODY */
};

/* A request whose body is still coming. */
struct part {
	struct buf head, body;
	struct chunked chunked;
	uint64_t left;                  /* not chunked */
	size_t renewed;                 /* the lane, at so many bytes */
	bool is_chunked;
};

bool
http1_is_busy(const struct http1 *h)
{
	if (h->app != NULL && app_wants(h->app))
		return h->stream->is_closing;
	return h->service != NULL || h->app != NULL || h->is_over ||
	    h->stream->is_closing || h->stream->out.bytes > OUT_MAX;
}

/* To be called when there may be something to take. */
void
http1_wait(struct http1 *h)
{
	if (h->is_waiting || h->is_taking || h->in.n == 0 || http1_is_busy(h))
		return;
	h->is_waiting = true;
	TAILQ_INSERT_TAIL(&h->door->waiting, h, waiting_link);
}

void
http1_next(struct http1 *h)
{
	if (!h->keep || h->door->leaving) {
		h->is_over = true;
		buf_free(&h->in);
		stream_finish(h->stream);
		return;
	}
	stream_lane(h->stream, LANE_IDLE);
	http1_wait(h);
}

static void
part_free(struct http1 *h)
{
	if (h->part == NULL)
		return;
	buf_free(&h->part->head);
	buf_free(&h->part->body);
	free(h->part);
	h->part = NULL;
}

/* The connection ends with this answer. */
static void
refuse(struct http1 *h, int status, const char *fault)
{
	log_debug("ws", "http refused status=%d peer=%s: %s", status, h->peer, fault);
	h->keep = false;
	part_free(h);
	serve_text(h, status, SLICE_NONE, fault);
}

/* ---- taking requests --------------------------------------------------------------- */

/* The body did not come with the head: keeps the head, and reads on. */
static void
part_begin(struct http1 *h, const struct request *request, struct slice head,
    uint64_t length, bool is_empty)
{
	struct part *part = mem_alloc(sizeof(*part));

	buf_add(&part->head, head);
	part->chunked = (struct chunked)CHUNKED_INIT;
	part->is_chunked = request->is_chunked;
	part->left = length;
	h->part = part;
	stream_lane(h->stream, LANE_BODY);
	if (request->wants_continue && is_empty)
		stream_write(h->stream, SLICE("HTTP/1.1 100 Continue\r\n\r\n"),
		    SLICE_NONE);
}

/* The head and what is known of the body; returns the bytes that were taken. */
static size_t
request_begin(struct http1 *h, const struct request *request, struct slice head,
    struct slice behind)
{
	struct buf body = BUF_INIT;
	uint64_t length;

	if (!request->is_chunked && serve_passes_on(h, request)) {
		serve_pass_on(h, request);
		return head.n;
	}
	if (!request->is_chunked && request->length > h->door->max_body) {
		serve_request(h, request, &body, true);
		buf_free(&body);
		return head.n;
	}
	length = request->length + serve_behind(h, request);
	if (request->is_chunked || length > behind.n) {
		part_begin(h, request, head, length, behind.n == 0);
		return head.n;
	}
	buf_add(&body, slice_head(behind, (size_t)length));
	serve_request(h, request, &body, false);
	buf_free(&body);
	return head.n + (size_t)length;
}

/* A Flash film asks here, where its WebSocket is to be; *taken_r: bytes. */
static bool
policy_is_wanted(struct http1 *h, struct slice data, size_t *taken_r)
{
	const char *flash_policy = h->door->conf->flash_policy;

	if (flash_policy[0] == '\0' || h->had_request ||
	    !policy_is_asked(data, taken_r))
		return false;
	if (*taken_r == 0) {
		if (h->stream->lane != LANE_POLICY)
			stream_lane(h->stream, LANE_POLICY);
		return true;
	}
	buf_reset(&h->door->answer);
	policy_write(&h->door->answer, flash_policy);
	stream_write(h->stream, buf_slice(&h->door->answer), SLICE_NONE);
	h->is_over = true;
	stream_finish(h->stream);
	return true;
}

static size_t
head_take(struct http1 *h, struct slice data)
{
	struct request request;
	const char *fault;
	size_t end;
	int status;

	if (h->looked == 0 && policy_is_wanted(h, data, &end))
		return end;
	/* Empty lines before a request are read over (RFC 9112, 2.2). */
	if (h->looked == 0 && (data.p[0] == '\r' || data.p[0] == '\n'))
		return 1;
	end = request_head_end(data, &h->looked);
	if (end > HEAD_MAX || (end == 0 && data.n > HEAD_MAX)) {
		if (slice_find(data, '\n') > TARGET_MAX)
			refuse(h, 414, "the address is too long");
		else
			refuse(h, 431, "the headers are too long");
		return data.n;
	}
	if (end == 0) {
		if (h->stream->lane != LANE_HEAD)
			stream_lane(h->stream, LANE_HEAD);
		return 0;
	}
	h->looked = 0;
	status = request_parse(slice_head(data, end), &request, &fault);
	if (status != 0) {
		refuse(h, status, fault);
		return data.n;
	}
	return request_begin(h, &request, slice_head(data, end),
	    slice_skip(data, end));
}

static void
part_end(struct http1 *h, bool is_too_big)
{
	struct part *part = h->part;
	struct request request;
	const char *fault;

	h->part = NULL;
	request_parse(buf_slice(&part->head), &request, &fault);
	serve_request(h, &request, &part->body, is_too_big);
	buf_free(&part->head);
	buf_free(&part->body);
	free(part);
}

static size_t
body_take(struct http1 *h, struct slice data)
{
	struct part *part = h->part;
	struct slice rest = data;
	enum rc rc;

	if (part->is_chunked) {
		rc = chunked_read(&part->chunked, &rest, h->door->max_body,
		    &part->body);
	} else {
		rest = slice_skip(data, part->left < data.n ? part->left : data.n);
		buf_add(&part->body, slice_head(data, data.n - rest.n));
		part->left -= data.n - rest.n;
		rc = part->left == 0 ? RC_OK : RC_AGAIN;
	}
	if (rc == RC_OK || rc == RC_TOO_BIG)
		part_end(h, rc == RC_TOO_BIG);
	else if (rc != RC_AGAIN)
		refuse(h, 400, "the body is garbled");
	else if (part->body.n - part->renewed >= PROGRESS) {
		part->renewed = part->body.n;
		stream_lane(h->stream, LANE_BODY);
	}
	return data.n - rest.n;
}

/* Takes requests as long as one can be served; returns the bytes taken. */
static size_t
take(struct http1 *h, struct slice data)
{
	size_t used = 0, got;

	h->is_taking = true;
	while (used < data.n && !http1_is_busy(h)) {
		struct slice rest = slice_skip(data, used);

		if (h->app != NULL)
			got = app_body(h->app, rest);
		else
			got = h->part != NULL ? body_take(h, rest) :
			    head_take(h, rest);
		if (got == 0)
			break;
		used += got;
	}
	h->is_taking = false;
	return h->is_over ? data.n : used;
}

static void
in_cut(struct http1 *h, size_t n)
{
	if (n == 0)
		return;
	h->in.n -= n < h->in.n ? n : h->in.n;
	if (h->in.n == 0)
		buf_free(&h->in);
	else
		memmove(h->in.p, h->in.p + n, h->in.n);
}

/* Takes what waits. */
static void
in_take(struct http1 *h)
{
	struct buf in = h->in;
	size_t used;

	/* An answer may free h->in: it must not be what is read from. */
	h->in = (struct buf)BUF_INIT;
	used = take(h, buf_slice(&in));
	if (h->is_over)
		used = in.n;
	h->in = in;
	in_cut(h, used);
	stream_pause(h->stream, h->in.n > IN_MAX && http1_is_busy(h) && !h->is_over);
}

bool
http1_resume(struct door *door)
{
	struct http1_list now = TAILQ_HEAD_INITIALIZER(now);
	struct http1 *h;

	if (TAILQ_EMPTY(&door->waiting))
		return false;
	TAILQ_CONCAT(&now, &door->waiting, waiting_link);
	while ((h = TAILQ_FIRST(&now)) != NULL) {
		TAILQ_REMOVE(&now, h, waiting_link);
		h->is_waiting = false;
		if (!http1_is_busy(h) && h->in.n > 0)
			in_take(h);
	}
	return true;
}

/* ---- what the stream tells ------------------------------------------------------------ */

static void
on_read(struct stream *stream, char *p, size_t n)
{
	struct http1 *h = stream->arg;
	size_t used = 0;

	if (h->in.n == 0 && !http1_is_busy(h)) {
		used = take(h, slice_of(p, n));
		if (used == n)
			return;
	}
	if (h->is_over)
		return;
	buf_add(&h->in, slice_of(p + used, n - used));
	if (used == 0 && !http1_is_busy(h) && h->in.n > n)
		in_take(h);
	else if (http1_is_busy(h) && h->in.n > IN_MAX)
		stream_pause(stream, true);
}

/* Who hangs up no longer wants what was asked for. */
static void
on_ended(struct stream *stream)
{
	struct http1 *h = stream->arg;

	if (h->service != NULL || h->app != NULL || stream->out.bytes == 0)
		stream_close(stream);
	else
		stream_finish(stream);
}

static void
on_written(struct stream *stream)
{
	struct http1 *h = stream->arg;

	if (h->app != NULL)
		app_written(h->app);
	if (h->service == NULL)
		http1_wait(h);
}

static void
on_late(struct stream *stream, enum lane lane)
{
	struct http1 *h = stream->arg;

	if (h->app != NULL) {
		app_late(h->app);
		return;
	}
	if (lane == LANE_IDLE || lane == LANE_FIRST || lane == LANE_POLICY || (lane == LANE_HEAD && h->in.n == 0)) {
		h->is_over = true;
		stream_finish(stream);
		return;
	}
	refuse(h, 408, lane == LANE_BODY ? "the body did not come in time" :
	    "the request did not come in time");
}

static void
on_closed(struct stream *stream)
{
	struct http1 *h = stream->arg;

	serve_forget(h);
	if (stream->out.bytes > 0)
		engine_lost(h->door->engine, &h->receipt);
	if (h->is_waiting)
		TAILQ_REMOVE(&h->door->waiting, h, waiting_link);
	part_free(h);
	buf_free(&h->in);
	free(h);
}

static const struct stream_user http1_user = {
	on_read, on_ended, on_written, on_late, on_closed
};

void
http1_accept(struct listener *listener)
{
	struct door *door = listener->door;
	struct http1 *h = mem_alloc(sizeof(*h));

	h->door = door;
	h->listener = listener;
	h->stream = stream_accept(&door->streams, (uv_stream_t *)&listener->uv,
	    listener->is_tls ? door->tls : NULL, &http1_user, h);
	if (h->stream == NULL) {
		free(h);
		return;
	}
	stream_peer(h->stream, h->peer);
	stream_lane(h->stream, LANE_HEAD);
}

void
http1_leave(struct door *door)
{
	struct stream *stream, *next;
	struct http1 *h;

	for (stream = TAILQ_FIRST(&door->streams.all); stream != NULL; stream = next) {
		next = TAILQ_NEXT(stream, link);
		if (stream->user != &http1_user)
			continue;
		h = stream->arg;
		if (h->service != NULL || h->app != NULL || h->part != NULL || h->in.n > 0)
			continue;
		/* Its request may be under way, and nobody has asked it to be quick. */
		if (!h->had_request) {
			stream_lane(stream, LANE_FIRST);
			continue;
		}
		h->is_over = true;
		stream_finish(stream);
	}
}
