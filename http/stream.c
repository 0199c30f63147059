/*
 * stream.c - an answer that goes on: htmlfile and xhr-multipart
 *
 * A page of 2011 opens one response and hears everything in it, each payload in a
 * script element or as a part.  What it says comes by POSTs, which any process may
 * serve.  Therefore a stream is no connection that owns its session, as a WebSocket
 * is, but a poll that asks again by itself: the session stays everybody's, a newer
 * stream or poll takes over, and what was lost with a killed process is said again.
 *
 * The server's heartbeat is the piece that is written when nothing else was for
 * `stream_beat_ms`.  The client echoes it by a POST, of which the engine tells the
 * poll (is_alive_r); who owes an echo for longer than ping_timeout has gone.
 *
 * Must stay true:
 *   - a stream always has a poll at the engine, or is in a callback of it
 *   - when it ends, whoever ended it, the session is told (unless it has ended
 *     itself or goes on in a newer poll)
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/gateway_private.h"

static void stream_done(struct exchange *ex);

/* ---- what is written --------------------------------------------------------- */

static void
piece_write(struct buf *out, const struct stream_form *form, struct slice payload)
{
	buf_reserve(out, payload.n + payload.n / 4 + 128);
	buf_str(out, form->before);
	if (form->is_script)
		json_quote_script(out, payload);
	else
		buf_add(out, payload);
	buf_str(out, form->after);
}

/* False: its client takes no more. */
static bool
piece_send(struct http_private *own, struct slice payload)
{
	struct http_exchange *x = own->x;
	struct buf piece = BUF_INIT;
	bool is_taken;

	if (!own->is_streaming)
		buf_str(&piece, own->form->head);
	piece_write(&piece, own->form, payload);
	if (own->is_streaming) {
		is_taken = x->stream->extend(x, buf_slice(&piece));
		buf_free(&piece);
		return is_taken;
	}
	own->is_streaming = true;
	dress_begin(own, own->form->type, &piece);
	return x->stream->begin(x);
}

/* ---- the end ------------------------------------------------------------------- */

/* Outlives the request. */
struct goodbye {
	struct exchange exchange;
	char sid[SID_MAX];
};

static void
goodbye_done(struct exchange *ex)
{
	buf_free(&ex->body_r);
	free(ex->door);
}

void
stream_leave(struct http_private *own)
{
	struct goodbye *goodbye = mem_alloc(sizeof(*goodbye));
	struct exchange *ex = &goodbye->exchange;

	memcpy(goodbye->sid, own->sid, sizeof(goodbye->sid));
	ex->codec = own->exchange.codec;
	ex->transport = own->exchange.transport;
	ex->sid = slice_of(goodbye->sid, own->exchange.sid.n);
	ex->leaves = true;
	ex->done = goodbye_done;
	ex->door = goodbye;
	engine_post(own->gateway->engine, ex);
}

/* own and the request are the door's again. */
static void
stream_end(struct http_private *own, bool tells)
{
	struct http_exchange *x = own->x;

	if (tells)
		stream_leave(own);
	x->stream->close(x);
}

/* ---- asking again ----------------------------------------------------------------- */

static void
stream_ask(struct http_private *own)
{
	struct exchange *ex = &own->exchange;

	buf_free(&ex->body_r);
	ex->is_octets_r = ex->is_replaced_r = ex->is_alive_r = false;
	exchange_begin(own);
	engine_poll(own->gateway->engine, ex);
}

/* Nothing was for it, or nothing that its generation says. */
static bool
is_idle(const struct exchange *ex)
{
	struct slice body = buf_slice(&ex->body_r);

	return body.n == 0 ||
	    ex->codec->message_type(body, false) == FRAME_NOOP;
}

/* False: it owes an echo for too long, or does not take the heartbeat. */
static bool
beat(struct http_private *own, int64_t now)
{
	struct buf payload = BUF_INIT;
	bool is_taken;

	if (own->beat_at != 0 &&
	    now - own->beat_at > own->gateway->conf->ping_timeout) {
		log_debug("http", "stream without echo");
		return false;
	}
	if (own->beat_at == 0)
		own->beat_at = now;
	own->exchange.codec->frame_write(&payload, FRAME_PING, SLICE_NONE);
	is_taken = piece_send(own, buf_slice(&payload));
	buf_free(&payload);
	return is_taken;
}

static bool
is_over(const struct http_private *own, int64_t now)
{
	const struct gateway *g = own->gateway;

	return engine_is_draining(g->engine) ||
	    (g->conf->stream_time != 0 &&
	    now - own->began >= g->conf->stream_time);
}

static void
stream_hear(struct http_private *own)
{
	struct exchange *ex = &own->exchange;
	int64_t now = clock_boot(&clock_system);
	bool is_taken = true;

	if (ex->is_alive_r)
		own->beat_at = 0;
	if (!is_idle(ex))
		is_taken = piece_send(own, buf_slice(&ex->body_r));
	else if (!ex->is_alive_r && !ex->is_replaced_r)
		is_taken = beat(own, now);
	if (ex->is_replaced_r)
		stream_end(own, false);
	else if (!is_taken || is_over(own, now))
		stream_end(own, true);
	else
		stream_ask(own);
}

/* The session of a handshake is polled from now on. */
static void
stream_greeted(struct http_private *own)
{
	struct exchange *ex = &own->exchange;
	struct slice sid = slice_str(ex->sid_r);

	own->purpose = PURPOSE_POLL;
	memcpy(own->sid, sid.p, sid.n);
	ex->sid = slice_of(own->sid, sid.n);
	buf_free(&own->memory);         /* its info */
	ex->info = ex->upgrades = SLICE_NONE;
	cookie_add(own);
	if (piece_send(own, buf_slice(&ex->body_r)))
		stream_ask(own);
	else
		stream_end(own, true);
}

static void
stream_done(struct exchange *ex)
{
	struct http_private *own = ex->door;

	exchange_end(own);
	if (ex->answer != ANSWER_PAYLOAD && !own->is_streaming)
		answer_word(own, ex->answer);
	else if (ex->answer != ANSWER_PAYLOAD)
		stream_end(own, ex->answer != ANSWER_UNKNOWN_SID);
	else if (own->purpose == PURPOSE_GREET)
		stream_greeted(own);
	else
		stream_hear(own);
}

static void
stream_begin(struct http_private *own, const struct query *query,
    const struct stream_form *form)
{
	struct exchange *ex = &own->exchange;
	int beat_ms = own->codec->traits.stream_beat_ms;
	int64_t interval = own->gateway->conf->ping_interval;

	own->form = form;
	own->began = clock_boot(&clock_system);
	ex->hold_ms = beat_ms != 0 && beat_ms < interval ? beat_ms : interval;
	if (query->sid.n > 0)
		poll_serve(own, query);
	else
		greet_serve(own, query);
}

void
stream_serve(struct http_private *own, const struct query *query,
    const struct stream_form *form)
{
	if (slice_is(own->x->request.method, "POST")) {
		own->exchange.is_stream = true;
		post_serve(own, query);
	} else if (slice_is(own->x->request.method, "GET")) {
		stream_begin(own, query, form);
	} else {
		error_send(own, REFUSAL_METHOD, NULL);
	}
}

void (*
exchange_way(const struct http_private *own))(struct exchange *)
{
	return own->form != NULL ? stream_done : answer_done;
}
