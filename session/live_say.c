/*
 * live_say.c - what connections say
 *
 * Messages become posts, decided one at a time: what a connection says in a turn
 * is one post, and what it says while that is decided is the next.  The last of
 * them all is the farewell.
 *
 * Must stay true:
 *   - what a connection says is decided in its order
 *   - a post outlives its connection: what was said before the end is decided
 *   - a farewell is said until the store takes it: nobody else would end a
 *     session whose owner lives
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include <utlist.h>

#include "session/live_private.h"

enum { MESSAGES_PER_POST = 128 };

struct live_post {
	struct exchange x;
	struct engine *engine;
	struct live *live;              /* NULL: the connection has gone */
	struct buf body;                /* message_keep()s */
	unsigned n;                     /* messages */
	bool is_asked, is_late;         /* late: it is asked again with the tick */
	char sid[24];
	const char *reason;             /* a farewell */
	bool is_probe;                  /* of a probe */
	uint64_t session, ticket;
	int64_t proved;
	char *said;                     /* who speaks */
	struct live_post *after;        /* the connection's next */
	struct live_post *prev, *next;  /* of the engine's list */
};

static void post_ask(struct live_post *post);

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
	struct live_post *post = mem_alloc(sizeof(*post));

	post->engine = live->engine;
	post->live = live;
	post->x.codec = live->codec;
	memcpy(post->sid, live->sid, sizeof(post->sid));
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

static void
post_done(struct exchange *x)
{
	struct live_post *post = x->door, *after = post->after;
	struct live *live = post->live;
	enum answer answer = x->answer;

	if (post->reason != NULL && answer == ANSWER_BUSY) {
		post->is_late = true;
		return;
	}
	if (live != NULL) {
		live->waiting -= post->body.n;
		if ((live->first = after) == NULL)
			live->last = NULL;
	}
	post_free(post);
	if (after != NULL)
		post_ask(after);
	if (live == NULL)
		return;
	if (answer == ANSWER_UNKNOWN_SID || answer == ANSWER_BAD_REQUEST)
		live_over(live);
	else if (answer != ANSWER_OK)
		live_close(live, "transport error");    /* it was not taken */
}

static void
post_ask(struct live_post *post)
{
	post->is_asked = true;
	post->is_late = false;
	post->x.transport = TRANSPORT_WEBSOCKET;
	post->x.sid = slice_str(post->sid);
	post->x.body = buf_slice(&post->body);
	post->x.live = post->live;
	post->x.done = post_done;
	post->x.door = post;
	if (post->reason != NULL)
		engine_hand_in(post->engine, &post->x, EXCHANGE_LEAVE);
	else
		engine_post(post->engine, &post->x);
}

/* ---- messages ---------------------------------------------------------------- */

/* One behind the other: kind, length, bytes. */
static void
message_keep(struct buf *body, bool is_binary, struct slice data)
{
	uint32_t n = (uint32_t)data.n;

	buf_reserve(body, data.n + 5);
	buf_char(body, is_binary);
	buf_add(body, slice_of((const char *)&n, sizeof(n)));
	buf_add(body, data);
}

static bool
message_take(struct slice *rest, bool *is_binary_r, struct slice *data_r)
{
	uint32_t n;

	if (rest->n < 5)
		return false;
	*is_binary_r = rest->p[0] != 0;
	memcpy(&n, rest->p + 1, sizeof(n));
	*data_r = slice_head(slice_skip(*rest, 5), n);
	*rest = slice_skip(*rest, 5 + (size_t)n);
	return true;
}

/* Of a generation that has several in a message. */
static enum rc
several_frames(struct engine *e, const struct codec *codec, struct slice rest,
    live_frame_fn *visit, void *arg, bool *goes_on)
{
	struct frame frame;
	enum rc rc = RC_NONE;

	while (*goes_on && (rc = codec->frame_next(&rest, &e->arena, &frame)) == RC_OK)
		*goes_on = visit(arg, &frame);
	return rc == RC_OK ? RC_NONE : rc;
}

static enum rc
message_frames(struct engine *e, const struct codec *codec, bool is_binary,
    struct slice data, live_frame_fn *visit, void *arg, bool *goes_on)
{
	struct frame frame;
	enum rc rc;

	if (codec->message_read == NULL)
		return is_binary ? RC_NONE :
		    several_frames(e, codec, data, visit, arg, goes_on);
	rc = codec->message_read(is_binary, data, &e->arena, &frame);
	if (rc == RC_OK)
		*goes_on = visit(arg, &frame);
	return rc == RC_OK ? RC_NONE : rc;
}

enum rc
live_frames(struct engine *e, const struct exchange *x, live_frame_fn *visit,
    void *arg)
{
	struct slice rest = arena_dup(&e->arena, x->body), data;
	bool is_binary, goes_on = true;
	enum rc rc = RC_NONE;

	while (goes_on && rc == RC_NONE && message_take(&rest, &is_binary, &data))
		rc = message_frames(e, x->codec, is_binary, data, visit, arg, &goes_on);
	return rc;
}

void
engine_live_message(struct engine *e, struct live *live, bool is_binary,
    struct slice data)
{
	struct live_post *post = live->last;
	size_t before;

	(void)e;
	if (live->state == LIVE_PROBING) {
		live_probe_message(live, is_binary, data);
		return;
	}
	if (live->state != LIVE_OPEN && live->state != LIVE_UPGRADING)
		return;
	if (post == NULL || post->is_asked || post->n == MESSAGES_PER_POST)
		post = post_new(live);
	before = post->body.n;
	message_keep(&post->body, is_binary, data);
	live->waiting += post->body.n - before;
	post->n++;
	if (post == live->first && !post->is_asked && live->state == LIVE_OPEN)
		post_ask(post);
}

void
live_say_on(struct live *live)
{
	if (live->first != NULL && !live->first->is_asked)
		post_ask(live->first);
}

/* ---- the end -------------------------------------------------------------------- */

static void
say_last(struct live *live, const char *reason, bool is_probe)
{
	struct live_post *post = post_new(live);

	post->reason = reason;
	post->is_probe = is_probe;
	post->session = live->session;
	post->ticket = live->ticket;
	post->proved = live->proved;
	if (post == live->first)
		post_ask(post);
}

void
live_say_leave(struct live *live, const char *reason)
{
	say_last(live, reason, false);
}

void
live_say_probe_end(struct live *live)
{
	say_last(live, "", true);
}

void
live_say_detach(struct live *live)
{
	struct live_post *post;

	for (post = live->first; post != NULL; post = post->after) {
		post->live = NULL;
		post->x.live = NULL;
	}
	live->first = live->last = NULL;
	live->waiting = 0;
}

void
leave_collect(struct engine *e, struct exchange *x)
{
	const struct live_post *post = x->door;
	struct store_op *op;

	op = turn_add(&e->turn, post->is_probe ? OP_PROBE : OP_CLOSE, NULL);
	step_add(e, x, op);
	if (post->is_probe) {
		op->u.probe.session = post->session;
		op->u.probe.ticket = post->ticket;
		op->u.probe.step = PROBE_END;
		return;
	}
	op->u.close.session = post->session;
	op->u.close.reason = post->reason;
	op->u.close.keep = op->u.close.is_own = true;
	op->u.close.proved = post->proved;
}

void
live_say_retry(struct engine *e)
{
	struct live_post *post;

	DL_FOREACH(e->live_posts, post)
		if (post->is_late)
			post_ask(post);
}

void
live_say_free(struct engine *e)
{
	while (e->live_posts != NULL)
		post_free(e->live_posts);
}
