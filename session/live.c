/*
 * live.c - a connection is a poll that asks again by itself
 *
 * The store knows one way to hand out what is new: a claimed poll.  A live
 * connection takes part in it: each answer goes to its socket and the next poll
 * is asked at once; what it says becomes posts, one at a time.  So a connection
 * has the same claims, wake-ups and turns as a held request, and its session
 * dies with its worker.
 *
 * Must stay true:
 *   - what a connection says is decided in its order: one post is in hand, the
 *     others wait behind it
 *   - asking again proves nothing: only a pong tells what has arrived
 *   - after close(), a refusing opened() or engine_live_end() nobody touches live
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include <utlist.h>

#include "base/log.h"
#include "session/engine_private.h"
#include "session/live.h"

enum { MESSAGES_PER_POST = 128, PARCEL_MESSAGES = 64 };

struct live_post {
	struct exchange x;
	struct engine *engine;
	struct live *live;              /* NULL: the connection has gone */
	const struct codec *codec;
	struct buf body;
	char *said;                     /* who speaks */
	unsigned n;                     /* messages */
	bool is_asked;
	char sid[24], t[16];
	struct live_post *after;        /* the connection's next */
	struct live_post *prev, *next;  /* of the engine's list */
};

static void post_ask(struct live_post *post);

static void
said_forget(struct live *live)
{
	free(live->said);
	live->said = NULL;
	live->says = live->x.says = SLICE_NONE;
}

/* ---- what it says -------------------------------------------------------------- */

static void
post_free(struct live_post *post)
{
	DL_DELETE(post->engine->live_posts, post);
	buf_free(&post->body);
	buf_free(&post->x.body_r);
	free(post->said);
	free(post);
}

static struct live_post *
post_new(struct live *live)
{
	static unsigned asked;
	struct live_post *post = mem_alloc(sizeof(*post));

	post->engine = live->engine;
	post->live = live;
	post->codec = live->codec;
	memcpy(post->sid, live->x.sid_r, sizeof(post->sid));
	snprintf(post->t, sizeof(post->t), "w%x", ++asked);
	if (live->says.n > 0) {
		post->said = mem_slicedup(live->says);
		post->x.says = slice_of(post->said, live->says.n);
	}
	DL_APPEND(post->engine->live_posts, post);
	if (live->last == NULL)
		live->first = post;
	else
		live->last->after = post;
	live->last = post;
	return post;
}

/* The connection is over for us: its session ends as when a client closes. */
static void
live_leave(struct live *live)
{
	struct live_post *post;

	if (live->state == LIVE_OPEN) {
		if (live->last == NULL || live->last->is_asked)
			post_new(live);
		live->codec->frame_write(&live->last->body, FRAME_CLOSE, SLICE_NONE);
	}
	live->state = LIVE_OVER;
	said_forget(live);
	engine_cancel(live->engine, &live->x);
	buf_free(&live->x.body_r);
	if (live->engine->retry != NULL)
		LL_DELETE2(live->engine->retry, live, retry);
	for (post = live->first; post != NULL; post = post->after)
		post->live = NULL;
	if (live->first != NULL && !live->first->is_asked)
		post_ask(live->first);
	live->first = live->last = NULL;
}

/* The server ends it: the session is over, or nobody can say what was lost. */
static void
live_close(struct live *live)
{
	live_leave(live);
	live->ops->close(live);
}

static void
post_done(struct exchange *x)
{
	struct live_post *post = x->door, *after = post->after;
	struct live *live = post->live;
	enum answer answer = x->answer;

	if (live != NULL) {
		live->waiting -= post->body.n;
		if ((live->first = after) == NULL)
			live->last = NULL;
	}
	post_free(post);
	if (live != NULL && answer != ANSWER_OK)
		live_close(live);       /* what it said was not taken: it must know */
	else if (after != NULL)
		post_ask(after);
}

static void
post_ask(struct live_post *post)
{
	post->is_asked = true;
	post->x.codec = post->codec;
	post->x.transport = TRANSPORT_WEBSOCKET;
	post->x.sid = slice_str(post->sid);
	post->x.t = slice_str(post->t);
	post->x.body = buf_slice(&post->body);
	post->x.done = post_done;
	post->x.door = post;
	engine_post(post->engine, &post->x);
}

void
engine_live_message(struct engine *e, struct live *live, bool is_binary,
    struct slice data)
{
	struct live_post *post = live->last;
	size_t before;

	(void)e;
	if (live->state != LIVE_OPEN)
		return;
	if (!is_binary && live->codec->message_type(data, true) == FRAME_PONG)
		live->x.proved = live->pinged;
	if (post == NULL || post->is_asked || post->n == MESSAGES_PER_POST)
		post = post_new(live);
	before = post->body.n;
	live->codec->message_add(&post->body, is_binary, data);
	live->waiting += post->body.n - before;
	post->n++;
	if (post == live->first && !post->is_asked)
		post_ask(post);
}

/* ---- what it is told ------------------------------------------------------------- */

static bool
live_send(struct live *live, const struct live_message *messages, size_t n)
{
	struct parcel parcel = { .messages = messages, .n = n };

	return n == 0 || live->ops->send(live, &parcel);
}

/* The messages of a payload.  False: it takes no more.  *over_r: the session says
 * goodbye in it. */
static bool
send_payload(struct live *live, struct slice payload, bool *over_r)
{
	struct live_message messages[PARCEL_MESSAGES], *m;
	enum frame_type type;
	size_t n = 0;

	*over_r = false;
	for (;;) {
		m = &messages[n];
		if (!live->codec->message_next(&payload, &live->engine->arena,
		    &m->is_binary, &m->data))
			return live_send(live, messages, n);
		type = m->is_binary ? FRAME_MESSAGE :
		    live->codec->message_type(m->data, false);
		*over_r |= type == FRAME_CLOSE;
		if (type == FRAME_PING)
			live->pinged = live->x.cursor_r;
		else if (type != FRAME_MESSAGE)
			continue;       /* a noop and a close are for polls */
		if (++n == PARCEL_MESSAGES) {
			if (!live_send(live, messages, n))
				return false;
			n = 0;
		}
	}
}

static void poll_done(struct exchange *x);

static void
live_ask(struct live *live)
{
	char t[16];

	snprintf(t, sizeof(t), "w%x", ++live->asked);
	buf_free(&live->x.body_r);     /* an idle connection holds nothing */
	live->x.sid = slice_str(live->x.sid_r);
	live->x.t = SLICE_NONE;         /* it never comes twice */
	live->x.done = poll_done;
	engine_poll(live->engine, &live->x);
}

static void
poll_done(struct exchange *x)
{
	struct live *live = x->door;
	bool is_over;

	if (x->answer == ANSWER_BUSY) {
		LL_PREPEND2(live->engine->retry, live, retry);
		return;
	}
	if (x->answer != ANSWER_PAYLOAD) {
		live_close(live);
		return;
	}
	if (!send_payload(live, buf_slice(&x->body_r), &is_over))
		live_leave(live);
	else if (is_over || live->engine->drain)
		live_close(live);
	else
		live_ask(live);
}

void
live_retry(struct engine *e)
{
	struct live *live;

	while ((live = e->retry) != NULL) {
		LL_DELETE2(e->retry, live, retry);
		live_ask(live);
	}
}

/* ---- opening and ending -------------------------------------------------------------- */

static void
open_done(struct exchange *x)
{
	struct live *live = x->door;
	struct live_message hello = { .data = buf_slice(&x->body_r) };

	if (x->answer != ANSWER_PAYLOAD) {
		live->state = LIVE_OVER;
		said_forget(live);
		live->ops->opened(live, x->answer);
		return;
	}
	live->state = LIVE_OPEN;
	live->ops->opened(live, ANSWER_PAYLOAD);
	if (!live_send(live, &hello, 1))
		live_leave(live);
	else
		live_ask(live);
}

void
engine_live_open(struct engine *e, struct live *live)
{
	live->engine = e;
	live->state = LIVE_OPENING;
	live->first = live->last = NULL;
	live->waiting = 0;
	live->pinged = 0;
	live->asked = 0;
	live->retry = NULL;
	memset(&live->x, 0, sizeof(live->x));
	live->x.codec = live->codec;
	live->x.transport = TRANSPORT_WEBSOCKET;
	live->x.info = live->info;
	live->said = live->says.n == 0 ? NULL : mem_slicedup(live->says);
	live->says = live->x.says = slice_of(live->said, live->says.n);
	live->x.upgrades = SLICE("[]");
	live->x.done = open_done;
	live->x.door = live;
	engine_open(e, &live->x);
}

void
engine_live_end(struct engine *e, struct live *live)
{
	(void)e;
	if (live->state != LIVE_OVER)
		live_leave(live);
}

void
live_free(struct engine *e)
{
	while (e->live_posts != NULL)
		post_free(e->live_posts);
}
