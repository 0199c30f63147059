/*
 * live.c - WebSockets as live sessions of the engine
 *
 * From the upgrade request to the end of the connection.  While the engine
 * decides, the connection is http1.c's, as for any request; with the 101 it is a
 * socket's.  A WebSocket message is one packet of the session, both ways.
 *
 * Must stay true:
 *   - nothing is told to the engine from inside engine_turn(): what was read
 *     behind the request waits for live_resume()
 *   - engine_live_end() is called once, unless the engine ended it itself (is_over)
 *   - what a client says faster than it can be decided stays in the kernel
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "session/live.h"
#include "wire/codec.h"
#include "ws/door_private.h"
#include "ws/frame.h"
#include "ws/version.h"

/* Messages of the greatest size that may wait for their decision. */
enum { WAITING_MAX = 4 };

struct live_socket {
	struct live live;               /* first */
	struct door *door;
	struct http1 *h;                /* who asked; NULL: not any more */
	struct socket *socket;          /* NULL: not yet */
	struct buf in;                  /* what was read behind the request */
	TAILQ_ENTRY(live_socket) link, halted_link;
	const struct version *version;
	struct buf head;                /* the 101, until it is sent */
	struct extension extension;
	bool is_halted;                 /* in door->halted */
	bool is_over;                   /* the engine has forgotten it */
};

static void
live_free(struct live_socket *l)
{
	TAILQ_REMOVE(&l->door->lives, l, link);
	if (l->is_halted)
		TAILQ_REMOVE(&l->door->halted, l, halted_link);
	buf_free(&l->in);
	buf_free(&l->head);
	free(l);
}

/* Reads no further before live_resume(). */
static void
halt(struct live_socket *l)
{
	if (l->is_halted)
		return;
	l->is_halted = true;
	TAILQ_INSERT_TAIL(&l->door->halted, l, halted_link);
	socket_pause(l->socket, true);
}

/* Who says much is read no further while that is decided, and while it has not
 * taken what it was answered: only who does not read is a slow reader. */
static bool
has_too_much(const struct live_socket *l)
{
	return !l->is_over && (engine_live_waiting(&l->live) / WAITING_MAX >
	    l->door->limits.message ||
	    socket_backlog(l->socket) > l->door->limits.out / 2);
}

/* ---- what the socket tells ------------------------------------------------------ */

static void
on_message(struct socket *socket, bool is_binary, struct slice data)
{
	struct live_socket *l = socket_arg(socket);

	if (l->is_over)
		return;
	engine_live_message(l->door->engine, &l->live, is_binary, data);
	if (has_too_much(l))
		halt(l);
}

static void
on_ended(struct socket *socket, unsigned code)
{
	struct live_socket *l = socket_arg(socket);

	log_debug("ws", "websocket ended code=%u", code);
	if (!l->is_over)
		engine_live_end(l->door->engine, &l->live);
	live_free(l);
}

static void
on_refused(struct socket *socket, unsigned code)
{
	struct live_socket *l = socket_arg(socket);

	engine_tally(l->door->engine, code == CLOSE_AGAIN_LATER ? TALLY_SLOW_READER :
	    code == CLOSE_TOO_BIG ? TALLY_PAYLOAD : TALLY_PARSE);
}

static const struct socket_user socket_user = { on_message, on_ended, on_refused };

/* ---- what the engine tells ------------------------------------------------------- */

static void
on_opened(struct live *live, enum answer answer)
{
	struct live_socket *l = live->door;
	struct http1 *h = l->h;
	struct stream *stream;

	l->h = NULL;
	if (answer != ANSWER_PAYLOAD) {
		live_free(l);
		http1_upgrade_refuse(h, answer);
		return;
	}
	stream = http1_yield(h, &l->in);
	live->info = SLICE_NONE;        /* was the request's */
	stream_write(stream, buf_slice(&l->head), SLICE_NONE);
	buf_free(&l->head);
	l->socket = socket_start(stream, &l->door->limits, l->version,
	    &l->extension, &socket_user, l);
	/* It may have been paused for much that came too early. */
	socket_pause(l->socket, false);
	if (l->in.n > 0)
		halt(l);
}

/* The frames of a parcel, written once for all who get it in this turn. */
static struct span
parcel_encode(struct streams *streams, const struct parcel *parcel)
{
	const struct live_message *m = parcel->messages;
	char head[FRAME_HEAD_MAX];
	struct buf frames = BUF_INIT;
	struct span span;
	size_t i, n;

	if (parcel->n == 1)
		return socket_encode(streams, m->is_binary, m->data);
	/* A span is one piece of memory, so its frames are put together first. */
	for (i = 0; i < parcel->n; i++, m++) {
		n = frame_head(head, m->is_binary ? FRAME_OP_BINARY : FRAME_OP_TEXT,
		    m->data.n);
		buf_add(&frames, slice_of(head, n));
		buf_add(&frames, m->data);
	}
	span = spool_add(&streams->spool, buf_slice(&frames), SLICE_NONE);
	buf_free(&frames);
	return span;
}

static bool
on_send(struct live *live, struct parcel *parcel)
{
	struct live_socket *l = live->door;
	struct span span;

	static_assert(sizeof(span) <= sizeof(parcel->door), "no place for a span");
	memcpy(&span, parcel->door, sizeof(span));
	if (span.chunk == NULL) {
		span = parcel_encode(&l->door->streams, parcel);
		memcpy(parcel->door, &span, sizeof(span));
	}
	return socket_add(l->socket, span);
}

static void
on_close(struct live *live)
{
	struct live_socket *l = live->door;

	l->is_over = true;
	socket_close(l->socket, CLOSE_NONE, SLICE_NONE);
}

static const struct live_door live_door = { on_opened, on_send, on_close };

/* ---- what the door does ----------------------------------------------------------- */

struct live_socket *
live_open(struct door *door, struct http1 *h, const struct live *asked,
    const struct version *version, struct buf *head,
    const struct extension *extension)
{
	struct live_socket *l = mem_alloc(sizeof(*l));

	l->live.codec = asked->codec;
	l->live.info = asked->info;
	l->live.says = asked->says;
	l->live.wants_text = asked->wants_text || !version->has_binary;
	memcpy(l->live.sid, asked->sid, sizeof(l->live.sid));
	l->live.ops = &live_door;
	l->live.door = l;
	l->door = door;
	l->h = h;
	l->version = version;
	l->head = *head;
	*head = (struct buf)BUF_INIT;
	l->extension = *extension;
	TAILQ_INSERT_TAIL(&door->lives, l, link);
	engine_live_open(door->engine, &l->live);
	return l;
}

void
live_cancel(struct live_socket *l)
{
	engine_live_end(l->door->engine, &l->live);
	live_free(l);
}

bool
live_resume(struct door *door)
{
	struct live_socket *l, *next;
	struct buf in;
	bool has_taken = false;

	for (l = TAILQ_FIRST(&door->halted); l != NULL; l = next) {
		next = TAILQ_NEXT(l, halted_link);
		if (has_too_much(l))
			continue;
		TAILQ_REMOVE(&door->halted, l, halted_link);
		l->is_halted = false;
		socket_pause(l->socket, false);
		if (l->in.n == 0)
			continue;
		in = l->in;
		l->in = (struct buf)BUF_INIT;
		socket_feed(l->socket, in.p, in.n);
		buf_free(&in);
		has_taken = true;
	}
	return has_taken;
}

/* How many may have been sent away till now. */
static int64_t
leave_allowed(const struct door *door, int64_t now)
{
	int64_t rate = door->conf->ws_leave_rate;

	return rate == 0 ? INT64_MAX : 1 + (now - door->leave_from) * rate / 1000;
}

/* As servers of its generation close: before recovery that was a close frame without
 * a code.  All clients come back after either.  After the packets that disconnect (41,
 * 0::) they would not: those are the application's, for clients that are to stay away. */
static void
good_bye(struct live_socket *l)
{
	if (l->live.codec->traits.has_recovery)
		socket_close(l->socket, CLOSE_LEAVING, SLICE("leaving"));
	else
		socket_close(l->socket, CLOSE_NONE, SLICE_NONE);
}

/* false: what it said is still being decided, and shall be answered. */
static bool
leave_one(struct live_socket *l)
{
	if (engine_live_waiting(&l->live) > 0) {
		socket_pause(l->socket, true);
		return false;
	}
	engine_live_end(l->door->engine, &l->live);
	l->is_over = true;
	good_bye(l);
	return true;
}

bool
live_leave(struct door *door, int64_t now)
{
	struct live_socket *l;
	bool is_more = false;

	TAILQ_FOREACH(l, &door->lives, link) {
		if (l->socket == NULL || l->is_over)
			continue;
		if (door->n_sent_away < leave_allowed(door, now) && leave_one(l))
			door->n_sent_away++;
		else
			is_more = true;
		if (is_more && door->n_sent_away >= leave_allowed(door, now))
			break;
	}
	return is_more;
}
