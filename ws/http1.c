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

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/http.h"
#include "session/live.h"
#include "ws/answer.h"
#include "ws/chunked.h"
#include "ws/door_private.h"
#include "ws/files.h"
#include "ws/live.h"
#include "ws/request.h"
#include "ws/upgrade.h"

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

/* A request that is being served. */
struct service {
	struct http_exchange x;
	struct http1 *h;                /* NULL: the connection has gone */
	struct buf body;
	struct live_socket *upgrade;    /* NULL: a plain request */
	bool is_serving, is_done;       /* http_serve() runs; respond() was called */
};

struct http1 {
	struct door *door;
	struct stream *stream;
	struct buf in;                  /* not taken yet */
	size_t looked;                  /* where to look on for a head's end */
	struct part *part;              /* NULL: between requests, or in a head */
	struct service *service;        /* NULL: none is served */
	TAILQ_ENTRY(http1) waiting_link;
	unsigned minor;                 /* of the request in hand */
	struct receipt receipt;         /* of the last answer */
	bool keep;                      /* after it, the connection */
	bool is_waiting;                /* in door->waiting */
	bool is_over;                   /* no further request is taken */
	bool is_taking;
	bool had_request;
	char peer[46];
};

static bool
is_busy(const struct http1 *h)
{
	return h->service != NULL || h->is_over || h->stream->is_closing ||
	    h->stream->out.bytes > OUT_MAX;
}

/* ---- answers ------------------------------------------------------------------ */

/* To be called when there may be something to take. */
static void
wait_for_turn(struct http1 *h)
{
	if (h->is_waiting || h->is_taking || h->in.n == 0 || is_busy(h))
		return;
	h->is_waiting = true;
	TAILQ_INSERT_TAIL(&h->door->waiting, h, waiting_link);
}

static void
answer_end(struct http1 *h)
{
	if (!h->keep || h->door->leaving) {
		h->is_over = true;
		buf_free(&h->in);
		stream_finish(h->stream);
		return;
	}
	stream_lane(h->stream, LANE_IDLE);
	wait_for_turn(h);
}

static void
answer_send(struct http1 *h, const struct http_response *response)
{
	struct door *door = h->door;

	buf_reset(&door->answer);
	answer_head(&door->answer, response->status,
	    buf_slice(&response->headers), h->keep && !door->leaving, h->minor,
	    clock_wall(&clock_system));
	stream_write(h->stream, buf_slice(&door->answer),
	    response->has_body ? buf_slice(&response->body) : SLICE_NONE);
	answer_end(h);
}

static void
text_send(struct http1 *h, int status, struct slice headers, const char *text)
{
	struct http_response response = { .status = status, .has_body = true };

	buf_str(&response.body, text);
	buf_str(&response.body, "\n");
	buf_printf(&response.headers, "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: %zu\r\nCache-Control: no-store\r\n", response.body.n);
	buf_add(&response.headers, headers);
	answer_send(h, &response);
	buf_free(&response.headers);
	buf_free(&response.body);
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
	text_send(h, status, SLICE_NONE, fault);
}

/* ---- serving ------------------------------------------------------------------ */

static void
service_free(struct service *service)
{
	buf_free(&service->body);
	free(service);
}

static void
service_end(struct service *service)
{
	service->is_done = true;
	service->h->service = NULL;
	service->h->door->n_busy--;
}

/* HTTP/1.0 has no chunks: there the end of the connection is the end. */
static void
piece_write(struct http1 *h, struct slice piece)
{
	char head[24];
	int n;

	if (piece.n == 0)
		return;
	if (h->minor == 0) {
		stream_write(h->stream, piece, SLICE_NONE);
		return;
	}
	n = snprintf(head, sizeof(head), "%zx\r\n", piece.n);
	stream_write(h->stream, slice_of(head, (size_t)n), piece);
	stream_write(h->stream, SLICE("\r\n"), SLICE_NONE);
}

static bool
has_room(const struct http1 *h)
{
	return !h->stream->is_closing && (int64_t)h->stream->out.bytes <=
	    h->door->conf->stream_buffer;
}

static bool
on_stream_begin(struct http_exchange *x)
{
	struct service *service = x->door;
	struct http1 *h = service->h;
	struct buf *head = &h->door->answer;

	h->keep = false;
	if (h->minor > 0)
		buf_str(&x->response.headers, "Transfer-Encoding: chunked\r\n");
	buf_reset(head);
	answer_head(head, x->response.status, buf_slice(&x->response.headers),
	    false, h->minor, clock_wall(&clock_system));
	stream_write(h->stream, buf_slice(head), SLICE_NONE);
	piece_write(h, buf_slice(&x->response.body));
	return has_room(h);
}

static bool
on_stream_extend(struct http_exchange *x, struct slice piece)
{
	struct service *service = x->door;

	piece_write(service->h, piece);
	return has_room(service->h);
}

static void
on_stream_close(struct http_exchange *x)
{
	struct service *service = x->door;
	struct http1 *h = service->h;

	service_end(service);
	http_finish(h->door->gateway, x);
	if (h->minor > 0)
		stream_write(h->stream, SLICE("0\r\n\r\n"), SLICE_NONE);
	if (has_room(h))
		answer_end(h);
	else
		stream_close(h->stream);
	if (!service->is_serving)
		service_free(service);
}

static const struct http_stream_ops stream_ops = {
	on_stream_begin, on_stream_extend, on_stream_close
};

static void
on_respond(struct http_exchange *x)
{
	struct service *service = x->door;
	struct http1 *h = service->h;

	service_end(service);
	h->receipt = x->receipt;
	answer_send(h, &x->response);
	http_finish(h->door->gateway, x);
	if (!service->is_serving)
		service_free(service);
}

static void
upgrade_serve(struct service *service, const struct request *request)
{
	struct http1 *h = service->h;
	struct door *door = h->door;
	struct upgrade upgrade;
	struct live asked = { .codec = NULL };
	const char *fault;
	int status;

	if (http_upgrade(door->gateway, &service->x, &asked) != RC_OK)
		return;
	status = upgrade_check(request, &door->extensions, &upgrade, &fault);
	if (status == 0) {
		service->upgrade = live_open(door, h, &asked, &upgrade);
		return;
	}
	service_end(service);
	text_send(h, status, upgrade_refusal_headers(status), fault);
	http_finish(door->gateway, &service->x);
}

/* The body is the service's from here on. */
static void
gateway_serve(struct http1 *h, const struct request *request, struct buf *body,
    bool is_too_big)
{
	struct door *door = h->door;
	struct service *service = mem_alloc(sizeof(*service));

	service->h = h;
	service->body = *body;
	*body = (struct buf)BUF_INIT;
	service->x.respond = on_respond;
	service->x.stream = strcmp(door->conf->streams, "off") == 0 ? NULL :
	    &stream_ops;
	service->x.door = service;
	service->x.request = (struct http_request){
		.method = request->method,
		.target = request->target,
		.headers = request->headers,
		.n_headers = request->n_headers,
		.body = buf_slice(&service->body),
		.body_too_big = is_too_big,
		.remote_addr = slice_str(h->peer),
		.host = slice_str(door->host),
		.port = slice_str(door->port),
	};
	h->service = service;
	door->n_busy++;
	stream_lane(h->stream, LANE_NONE);
	service->is_serving = true;
	if (upgrade_wanted(request))
		upgrade_serve(service, request);
	else
		http_serve(door->gateway, &service->x);
	service->is_serving = false;
	if (service->is_done)
		service_free(service);
}

static void
files_answer(struct http1 *h, const struct request *request)
{
	struct http_response response;

	files_serve(h->door->files, request, &response);
	answer_send(h, &response);
	buf_free(&response.headers);
	buf_free(&response.body);
}

static void
health_answer(struct http1 *h)
{
	if (h->door->leaving)
		text_send(h, 503, SLICE_NONE, "leaving");
	else
		text_send(h, 200, SLICE_NONE, "ok");
}

static bool
is_health(const struct request *request)
{
	return slice_is(request->target, "/healthz") &&
	    slice_is(request->method, "GET");
}

static void
serve(struct http1 *h, const struct request *request, struct buf *body,
    bool is_too_big)
{
	struct door *door = h->door;

	h->minor = request->minor;
	h->had_request = true;
	/* After a refused upgrade nobody knows what the client says next. */
	h->keep = request->keep_alive && !is_too_big && !upgrade_wanted(request);
	if (is_health(request))
		health_answer(h);
	else if (door->files != NULL &&
	    !http_is_ours(door->gateway, request->target))
		files_answer(h, request);
	else
		gateway_serve(h, request, body, is_too_big);
}

/* ---- taking requests --------------------------------------------------------------- */

/* The body did not come with the head: keeps the head, and reads on. */
static void
part_begin(struct http1 *h, const struct request *request, struct slice head,
    bool is_empty)
{
	struct part *part = mem_alloc(sizeof(*part));

	buf_add(&part->head, head);
	part->chunked = (struct chunked)CHUNKED_INIT;
	part->is_chunked = request->is_chunked;
	part->left = request->length;
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
	size_t length;

	if (!request->is_chunked && request->length > h->door->max_body) {
		serve(h, request, &body, true);
		buf_free(&body);
		return head.n;
	}
	length = (size_t)request->length;
	if (request->is_chunked || length > behind.n) {
		part_begin(h, request, head, behind.n == 0);
		return head.n;
	}
	buf_add(&body, slice_head(behind, length));
	serve(h, request, &body, false);
	buf_free(&body);
	return head.n + length;
}

static size_t
head_take(struct http1 *h, struct slice data)
{
	struct request request;
	const char *fault;
	size_t end;
	int status;

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
	serve(h, &request, &part->body, is_too_big);
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
	while (used < data.n && !is_busy(h)) {
		struct slice rest = slice_skip(data, used);

		got = h->part != NULL ? body_take(h, rest) : head_take(h, rest);
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
	stream_pause(h->stream, h->in.n > IN_MAX && is_busy(h) && !h->is_over);
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
		if (!is_busy(h) && h->in.n > 0)
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

	if (h->in.n == 0 && !is_busy(h)) {
		used = take(h, slice_of(p, n));
		if (used == n)
			return;
	}
	if (h->is_over)
		return;
	buf_add(&h->in, slice_of(p + used, n - used));
	if (used == 0 && !is_busy(h) && h->in.n > n)
		in_take(h);
	else if (is_busy(h) && h->in.n > IN_MAX)
		stream_pause(stream, true);
}

/* Who hangs up no longer wants what was asked for. */
static void
on_ended(struct stream *stream)
{
	struct http1 *h = stream->arg;

	if (h->service != NULL || stream->out.bytes == 0)
		stream_close(stream);
	else
		stream_finish(stream);
}

static void
on_written(struct stream *stream)
{
	struct http1 *h = stream->arg;

	if (h->service == NULL)
		wait_for_turn(h);
}

static void
on_late(struct stream *stream, enum lane lane)
{
	struct http1 *h = stream->arg;

	if (lane == LANE_IDLE || (lane == LANE_HEAD && h->in.n == 0)) {
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
	struct service *service = h->service;

	if (service != NULL) {
		h->door->n_busy--;
		if (service->upgrade != NULL)
			live_cancel(service->upgrade);
		http_cancel(h->door->gateway, &service->x);
		http_finish(h->door->gateway, &service->x);
		service_free(service);
	}
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
http1_accept(struct door *door, uv_stream_t *listener)
{
	struct http1 *h = mem_alloc(sizeof(*h));

	h->door = door;
	h->stream = stream_accept(&door->streams, listener, &http1_user, h);
	if (h->stream == NULL) {
		free(h);
		return;
	}
	stream_peer(h->stream, h->peer);
	stream_lane(h->stream, LANE_HEAD);
}

struct stream *
http1_yield(struct http1 *h, struct buf *in_r)
{
	struct service *service = h->service;
	struct stream *stream = h->stream;

	service_end(service);
	http_finish(h->door->gateway, &service->x);
	service_free(service);
	if (h->is_waiting)
		TAILQ_REMOVE(&h->door->waiting, h, waiting_link);
	*in_r = h->in;
	free(h);
	return stream;
}

void
http1_upgrade_refuse(struct http1 *h, enum answer answer)
{
	struct service *service = h->service;

	service->upgrade = NULL;
	http_upgrade_answer(h->door->gateway, &service->x, answer);
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
		if (h->service != NULL || h->part != NULL || h->in.n > 0)
			continue;
		h->is_over = true;
		stream_finish(stream);
	}
}
