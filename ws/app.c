/*
 * app.c - an ordinary HTTP application behind siogate-ws
 *
 * A request goes out with what a proxy has to say: the client's address and
 * host, and no header that was meant for the connection (RFC 9110, 7.6.1).  Its
 * body follows as it comes.  The answer is read head first; its body is passed on
 * piece by piece, with a framing that the client understands.  After a 101 both
 * sides talk as they like: the application may have WebSockets of its own.
 *
 * Connections are kept and used again.  The application may close one in the moment
 * in which we use it: a request without a body is then said once more, on a new one.
 *
 * Must stay true:
 *   - of either body no more than OUT_MAX and a buffer waits here: whoever does not
 *     take stops the other one
 *   - a connection is used again only when request and answer are whole
 *   - an answer that breaks off breaks off for the client, too: it never looks whole
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/peer.h"
#include "ws/answer.h"
#include "ws/app.h"
#include "ws/chunked.h"
#include "ws/http1_private.h"
#include "ws/request.h"
#include "ws/upgrade.h"

enum {
	HEAD_MAX = 65536,               /* of an answer */
	OUT_MAX = 65536,                /* that waits for either side */
	IDLE_MAX = 32,                  /* connections that are kept */
	PROGRESS = 16384                /* of a body, in each LANE_BODY */
};

struct app_proxy {
	struct sockaddr_storage address;
	struct peers trusted;
	struct stream *idle[IDLE_MAX];
	size_t n_idle, n_calls, max_calls;
	struct buf piece;               /* of a body without its chunks */
};

enum call_state {
	CALL_HEAD,              /* no answer yet */
	CALL_LENGTH,            /* its body has a length, */
	CALL_CHUNKED,           /* comes in chunks, */
	CALL_TO_END,            /* or ends with the connection */
	CALL_TUNNEL
};

struct app_call {
	struct app_proxy *app;
	struct http1 *h;
	struct stream *up;
	struct buf head;                /* of the request, while it may be said again */
	struct buf in;                  /* head of the answer that is cut */
	size_t looked;
	struct chunked chunked;
	enum call_state state;
	uint64_t body_left;             /* of the request's */
	uint64_t left;                  /* of the answer's, CALL_LENGTH */
	size_t renewed;                 /* bytes of the body since the lane was */
	bool is_reused, has_heard;      /* up: was used before; has said something */
	bool is_upgrade, is_head;       /* what was asked */
	bool keeps;                     /* the application, its connection */
	bool is_late;
};

static const struct stream_user call_user, idle_user;

/* ---- the request ------------------------------------------------------------------ */

/* Headers for one connection only, and those that we say ourselves. */
static bool
is_dropped(struct slice name)
{
	static const char *const names[] = {
		"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate",
		"Proxy-Authorization", "Proxy", "TE", "Trailer", "Transfer-Encoding",
		"Upgrade", "Content-Length",
	};
	size_t i;

	for (i = 0; i < N_ELEMENTS(names); i++)
		if (slice_eq_nocase(name, slice_str(names[i])))
			return true;
	return false;
}

/* "Connection: close, X-Mine" takes X-Mine away, too. */
static bool
is_named_by_connection(const struct request *head, struct slice name)
{
	char text[64];

	if (name.n >= sizeof(text))
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return request_has_word(head, "Connection", text);
}

static bool
is_said_by_us(struct slice name)
{
	static const char *const names[] = {
		"Expect", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
		"X-Real-IP", "Forwarded",
	};
	size_t i;

	for (i = 0; i < N_ELEMENTS(names); i++)
		if (slice_eq_nocase(name, slice_str(names[i])))
			return true;
	return false;
}

static void
header_write(struct buf *out, const char *name, struct slice value)
{
	buf_str(out, name);
	buf_str(out, ": ");
	buf_add(out, value);
	buf_str(out, "\r\n");
}

/* Who asks, for whom and how: a trusted proxy before us knows better. */
static void
forwarded_write(struct app_call *call, const struct request *request)
{
	struct buf *out = &call->head;
	struct slice peer = slice_str(call->h->peer), before, value;
	bool is_trusted = peers_has(&call->app->trusted, peer);

	before = request_header(request, "X-Forwarded-For");
	buf_str(out, "X-Forwarded-For: ");
	if (is_trusted && before.n > 0) {
		buf_add(out, before);
		buf_str(out, ", ");
	}
	buf_add(out, peer);
	buf_str(out, "\r\n");
	value = is_trusted ? request_header(request, "X-Forwarded-Host") : SLICE_NONE;
	header_write(out, "X-Forwarded-Host", value.n > 0 ? value :
	    request_header(request, "Host"));
	value = is_trusted ? request_header(request, "X-Forwarded-Proto") : SLICE_NONE;
	header_write(out, "X-Forwarded-Proto", value.n > 0 ? value :
	    call->h->listener->is_tls ? SLICE("https") : SLICE("http"));
}

static void
head_write(struct app_call *call, const struct request *request, uint64_t length)
{
	struct buf *out = &call->head;
	size_t i;

	buf_add(out, request->method);
	buf_char(out, ' ');
	buf_add(out, request->target);
	buf_str(out, " HTTP/1.1\r\n");
	for (i = 0; i < request->n_headers; i++) {
		struct slice name = request->headers[i].name;

		if (is_dropped(name) || is_said_by_us(name) ||
		    is_named_by_connection(request, name))
			continue;
		buf_add(out, name);
		buf_str(out, ": ");
		buf_add(out, request->headers[i].value);
		buf_str(out, "\r\n");
	}
	forwarded_write(call, request);
	if (length > 0 || request_header_count(request, "Content-Length") > 0 ||
	    request->is_chunked)
		buf_printf(out, "Content-Length: %llu\r\n",
		    (unsigned long long)length);
	if (call->is_upgrade)
		header_write(out, "Upgrade", request_header(request, "Upgrade"));
	buf_str(out, call->is_upgrade ? "Connection: Upgrade\r\n\r\n" :
	    "Connection: keep-alive\r\n\r\n");
}

/* ---- connections ------------------------------------------------------------------- */

static void
idle_drop(struct stream *up)
{
	struct app_proxy *app = up->arg;
	size_t i;

	for (i = 0; i < app->n_idle; i++)
		if (app->idle[i] == up)
			app->idle[i] = app->idle[--app->n_idle];
	stream_close(up);
}

static void
idle_read(struct stream *up, char *p, size_t n)
{
	(void)p;
	(void)n;
	idle_drop(up);          /* nobody asked for anything */
}

static void
idle_late(struct stream *up, enum lane lane)
{
	(void)lane;
	idle_drop(up);
}

static void
idle_nothing(struct stream *up)
{
	(void)up;
}

static const struct stream_user idle_user = {
	idle_read, idle_drop, idle_nothing, idle_late, idle_nothing
};

static void
connection_leave(struct app_call *call)
{
	struct app_proxy *app = call->app;
	struct stream *up = call->up;

	call->up = NULL;
	if (up == NULL || up->is_closing)
		return;
	up->user = &idle_user;
	up->arg = app;
	stream_pause(up, false);
	if (call->keeps && call->body_left == 0 && up->out.bytes == 0 &&
	    !up->has_ended && app->n_idle < IDLE_MAX) {
		stream_lane(up, LANE_IDLE);
		app->idle[app->n_idle++] = up;
		return;
	}
	stream_close(up);
}

static bool
connection_take(struct app_call *call, struct streams *streams, bool is_new)
{
	struct app_proxy *app = call->app;

	call->is_reused = !is_new && app->n_idle > 0;
	if (call->is_reused) {
		call->up = app->idle[--app->n_idle];
		call->up->user = &call_user;
		call->up->arg = call;
	} else {
		call->up = stream_connect(streams,
		    (const struct sockaddr *)&app->address, &call_user, call);
	}
	if (call->up == NULL)
		return false;
	stream_lane(call->up, call->body_left > 0 ? LANE_NONE : LANE_APP);
	stream_write(call->up, buf_slice(&call->head), SLICE_NONE);
	return true;
}

/* ---- the end ------------------------------------------------------------------------ */

static void
call_free(struct app_call *call)
{
	call->app->n_calls--;
	call->h->door->n_busy--;
	call->h->app = NULL;
	connection_leave(call);
	buf_free(&call->head);
	buf_free(&call->in);
	free(call);
}

/* The answer is whole. */
static void
call_end(struct app_call *call)
{
	struct http1 *h = call->h;

	/* What is left of the body would be taken for a request. */
	if (call->body_left > 0)
		h->keep = false;
	call_free(call);
	http1_next(h);
}

static void
call_refuse(struct app_call *call, int status, const char *text)
{
	struct http1 *h = call->h;

	log_warn("ws", "app status=%d: %s", status, text);
	if (call->body_left > 0 || call->is_upgrade)
		h->keep = false;
	call->keeps = false;
	call_free(call);
	serve_text(h, status, SLICE_NONE, text);
}

/* The connection broke, or the time is over. */
static void
call_break(struct app_call *call, bool was_connecting)
{
	struct streams *streams = &call->h->door->streams;

	call->keeps = false;
	if (call->state != CALL_HEAD) {
		stream_close(call->h->stream);  /* forgets the call, in time */
		return;
	}
	if (call->is_reused && !call->has_heard && call->head.n > 0 &&
	    !call->is_late) {
		connection_leave(call);
		if (connection_take(call, streams, true))
			return;
	}
	if (call->is_late)
		call_refuse(call, 504, "The application did not answer in time "
		    "(option app_time)");
	else if (was_connecting)
		call_refuse(call, 502, "The application cannot be reached: is it "
		    "running at the address of the option app?");
	else
		call_refuse(call, 502, "The application closed the connection "
		    "without an answer");
}

/* ---- the answer ----------------------------------------------------------------------- */

static void
answer_lines(struct app_call *call, const struct reply *reply, struct buf *out)
{
	const struct request *head = &reply->head;
	size_t i;

	for (i = 0; i < head->n_headers; i++) {
		struct slice name = head->headers[i].name;

		if (slice_eq_nocase(name, SLICE("Date")) || is_dropped(name) ||
		    is_named_by_connection(head, name))
			continue;
		buf_add(out, name);
		buf_str(out, ": ");
		buf_add(out, head->headers[i].value);
		buf_str(out, "\r\n");
	}
	if (reply->has_length)
		header_write(out, "Content-Length",
		    request_header(head, "Content-Length"));
	else if (call->state != CALL_LENGTH && call->h->minor > 0)
		buf_str(out, "Transfer-Encoding: chunked\r\n");
}

static bool
has_body(const struct app_call *call, const struct reply *reply)
{
	return !call->is_head && reply->status != 204 && reply->status != 304;
}

static void
answer_begin(struct app_call *call, const struct reply *reply)
{
	struct http1 *h = call->h;
	struct buf lines = BUF_INIT;
	int64_t length = 0;

	call->keeps = reply->head.keep_alive;
	if (!has_body(call, reply)) {
		call->state = CALL_LENGTH;
	} else if (reply->head.is_chunked) {
		call->state = CALL_CHUNKED;
		call->chunked = (struct chunked)CHUNKED_INIT;
	} else if (reply->has_length) {
		call->state = CALL_LENGTH;
		length = (int64_t)reply->head.length;
	} else {
		call->state = CALL_TO_END;
	}
	call->left = (uint64_t)length;
	if (call->is_upgrade || call->body_left > 0 ||
	    (h->minor == 0 && call->state != CALL_LENGTH))
		h->keep = false;
	answer_lines(call, reply, &lines);
	buf_reset(&h->door->answer);
	answer_head(&h->door->answer, (int)reply->status, buf_slice(&lines),
	    h->keep && !h->door->leaving, h->minor, clock_wall(&clock_system));
	stream_write(h->stream, buf_slice(&h->door->answer), SLICE_NONE);
	buf_free(&lines);
}

/* From here on neither side's words are ours. */
static void
tunnel_begin(struct app_call *call, struct slice head)
{
	call->state = CALL_TUNNEL;
	call->keeps = false;
	call->h->keep = false;
	stream_write(call->h->stream, head, SLICE_NONE);
	stream_lane(call->up, LANE_NONE);
	http1_wait(call->h);
}

/* The head of an answer, if it is whole: what was taken.  false: the call is over. */
static bool
head_take(struct app_call *call, struct slice *data)
{
	struct slice head;
	struct reply reply;
	size_t end;

	buf_add(&call->in, *data);
	end = request_head_end(buf_slice(&call->in), &call->looked);
	if (end == 0 && call->in.n <= HEAD_MAX) {
		*data = SLICE_NONE;
		return true;
	}
	head = slice_head(buf_slice(&call->in), end);
	if (end == 0 || end > HEAD_MAX || !reply_parse(head, &reply) ||
	    (reply.status == 101 && !call->is_upgrade)) {
		call_refuse(call, 502, "The application's answer is no HTTP");
		return false;
	}
	*data = slice_skip(*data, data->n - (call->in.n - end));
	if (reply.status == 101)
		tunnel_begin(call, head);
	else if (reply.status >= 200)
		answer_begin(call, &reply);
	buf_free(&call->in);    /* a 100 or 103 is not passed on */
	call->looked = 0;
	return true;
}

/* One piece of the body.  false: it is garbled. */
static bool
body_take(struct app_call *call, struct slice *data, bool *is_whole)
{
	struct app_proxy *app = call->app;
	struct slice piece = *data;
	enum rc rc;

	*is_whole = false;
	if (call->state == CALL_CHUNKED) {
		buf_reset(&app->piece);
		rc = chunked_read(&call->chunked, data, SIZE_MAX, &app->piece);
		serve_piece(call->h, buf_slice(&app->piece));
		*is_whole = rc == RC_OK;
		return rc == RC_OK || rc == RC_AGAIN;
	}
	if (call->state == CALL_LENGTH) {
		piece = slice_head(*data, call->left < data->n ?
		    (size_t)call->left : data->n);
		call->left -= piece.n;
		*is_whole = call->left == 0;
		stream_write(call->h->stream, piece, SLICE_NONE);
	} else if (call->state == CALL_TO_END) {
		serve_piece(call->h, piece);
	} else {
		stream_write(call->h->stream, piece, SLICE_NONE);
	}
	*data = slice_skip(*data, piece.n);
	return true;
}

static void
body_end(struct app_call *call)
{
	if (call->state != CALL_LENGTH)
		serve_last_piece(call->h);
	call_end(call);
}

static void
call_read(struct stream *up, char *p, size_t n)
{
	struct app_call *call = up->arg;
	struct slice data = slice_of(p, n);
	bool is_whole;

	call->has_heard = true;
	buf_free(&call->head);
	while (call->state == CALL_HEAD && data.n > 0)
		if (!head_take(call, &data))
			return;
	if (call->state == CALL_HEAD)
		return;
	if (!body_take(call, &data, &is_whole)) {
		stream_close(call->h->stream);
		return;
	}
	if (is_whole) {
		call->keeps = call->keeps && data.n == 0;
		body_end(call);
		return;
	}
	if (call->h->stream->out.bytes > OUT_MAX) {
		stream_pause(up, true);         /* app_written() goes on */
		stream_lane(up, LANE_NONE);
	} else if (call->state != CALL_TUNNEL) {
		stream_lane(up, LANE_APP);
	}
}

static void
call_ended(struct stream *up)
{
	struct app_call *call = up->arg;

	if (call->state == CALL_TO_END || call->state == CALL_TUNNEL) {
		call->keeps = false;
		if (call->state == CALL_TO_END)
			body_end(call);
		else
			call_end(call);
		return;
	}
	call_break(call, up->is_connecting);
}

static void
call_written(struct stream *up)
{
	http1_wait(((struct app_call *)up->arg)->h);
}

static void
call_late(struct stream *up, enum lane lane)
{
	struct app_call *call = up->arg;

	(void)lane;
	call->is_late = true;
	call_break(call, up->is_connecting);
}

/* It broke while we wrote, or nothing was taken for too long. */
static void
call_closed(struct stream *up)
{
	struct app_call *call = up->arg;

	call->up = NULL;
	call_break(call, up->is_connecting);
}

static const struct stream_user call_user = {
	call_read, call_ended, call_written, call_late, call_closed
};

/* ---- what the client's connection does ---------------------------------------------- */

bool
app_wants(const struct app_call *call)
{
	if (call->up == NULL || call->up->out.bytes > OUT_MAX)
		return false;
	return call->state == CALL_TUNNEL || call->body_left > 0;
}

size_t
app_body(struct app_call *call, struct slice data)
{
	struct http1 *h = call->h;

	if (call->state == CALL_TUNNEL) {
		stream_write(call->up, data, SLICE_NONE);
		return data.n;
	}
	data = slice_head(data, call->body_left < data.n ?
	    (size_t)call->body_left : data.n);
	call->body_left -= data.n;
	call->renewed += data.n;
	buf_free(&call->head);          /* it cannot be said again */
	stream_write(call->up, data, SLICE_NONE);
	if (call->body_left == 0) {
		stream_lane(h->stream, LANE_NONE);
		stream_lane(call->up, LANE_APP);
	} else if (call->renewed >= PROGRESS) {
		call->renewed = 0;
		stream_lane(h->stream, LANE_BODY);
	}
	return data.n;
}

void
app_written(struct app_call *call)
{
	if (call->up == NULL || !call->up->is_paused)
		return;
	stream_pause(call->up, false);
	if (call->state != CALL_TUNNEL)
		stream_lane(call->up, LANE_APP);
}

void
app_late(struct app_call *call)
{
	if (call->state == CALL_HEAD)
		call_refuse(call, 408, "the body did not come in time");
	else
		stream_close(call->h->stream);
}

void
app_forget(struct app_call *call)
{
	call->keeps = false;
	call_free(call);
}

void
app_serve(struct door *door, struct http1 *h, const struct request *request,
    struct slice body, uint64_t left)
{
	struct app_proxy *app = door->app;
	struct app_call *call;

	if (app->n_calls == app->max_calls) {
		h->keep = h->keep && left == 0;
		serve_text(h, 503, SLICE("Retry-After: 1\r\n"),
		    "The application has enough to do (option app_connections)");
		return;
	}
	call = mem_alloc(sizeof(*call));
	call->app = app;
	call->h = h;
	call->body_left = left;
	call->is_head = slice_is(request->method, "HEAD");
	call->is_upgrade = request_header(request, "Upgrade").n > 0 &&
	    request_has_word(request, "Connection", "upgrade") && left == 0;
	h->app = call;
	app->n_calls++;
	door->n_busy++;
	stream_lane(h->stream, left > 0 ? LANE_BODY : LANE_NONE);
	head_write(call, request, body.n + left);
	if (body.n > 0)
		buf_add(&call->head, body);
	if (!connection_take(call, &door->streams, body.n > 0 || left > 0))
		call_refuse(call, 502, "The application cannot be reached");
	else if (left > 0 && request->wants_continue)
		stream_write(h->stream, SLICE("HTTP/1.1 100 Continue\r\n\r\n"),
		    SLICE_NONE);
}

void
app_leave(struct app_proxy *app)
{
	while (app->n_idle > 0)
		idle_drop(app->idle[0]);
}

enum rc
app_open(const struct conf *conf, struct app_proxy **app_r, char **error_r)
{
	struct app_proxy *app = mem_alloc(sizeof(*app));
	socklen_t n;

	*app_r = app;
	app->max_calls = (size_t)conf->app_connections;
	peers_init(&app->trusted, conf->trusted_proxies);
	if (listen_address(conf->app + strlen("http://"), &app->address, &n))
		return RC_OK;
	*error_r = mem_printf("app: not http://host:port with a number for a host: "
	    "%s", conf->app);
	return RC_BAD_INPUT;
}

void
app_close(struct app_proxy **app)
{
	if (*app == NULL)
		return;
	peers_fini(&(*app)->trusted);
	buf_free(&(*app)->piece);
	free(*app);
	*app = NULL;
}
