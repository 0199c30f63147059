/*
 * live.c - connections come, take sessions over, and go
 *
 * A new session is owned from its first moment.  One that was opened by polling is
 * probed first: the polls go on, wherever they are parked, until the client says that
 * it has the answer to its "2probe" and polls no more; its "5" then changes
 * transport and owner in one operation of the store.  What was said to the client
 * up to then it had by its polls, what comes after it gets here.
 *
 * Must stay true:
 *   - until the upgrade is committed the session is a polling one: whatever ends
 *     the probe leaves it so
 *   - what is asked of the store is seen to its end, also when the connection is
 *     gone meanwhile: a session that nobody holds would live for ever
 *   - after close(), a refusing opened() or engine_live_end() nobody touches live
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/log.h"
#include "session/live_private.h"

/* A question to the store; longer than its connection, if need be. */
struct live_ask {
	struct exchange x;
	struct engine *engine;
	struct live *live;              /* NULL: it has gone */
	struct buf info, said;
	char sid[24];
	struct live_ask *prev, *next;
};

struct live *
live_find(struct engine *e, uint64_t session)
{
	struct live *live;

	HASH_FIND(hh, e->lives, &session, sizeof(session), live);
	return live;
}

/* ---- asking the store ---------------------------------------------------------- */

static void
ask_free(struct live_ask *ask)
{
	DL_DELETE(ask->engine->live_asks, ask);
	buf_free(&ask->info);
	buf_free(&ask->said);
	buf_free(&ask->x.body_r);
	free(ask);
}

/* Who asked; NULL: gone.  They part before anybody hears the answer: of one that
 * refuses a door lets go at once. */
static struct live *
ask_part(struct live_ask *ask)
{
	struct live *live = ask->live;

	if (live != NULL)
		live->ask = NULL;
	ask->live = NULL;
	return live;
}

static void
live_ask(struct live *live, enum exchange_kind kind, void (*done)(struct exchange *x))
{
	struct live_ask *ask = mem_alloc(sizeof(*ask));

	ask->engine = live->engine;
	ask->live = live;
	live->ask = ask;
	DL_APPEND(live->engine->live_asks, ask);
	memcpy(ask->sid, live->sid, sizeof(ask->sid));
	buf_add(&ask->info, live->info);
	buf_add(&ask->said, live->says);
	ask->x.codec = live->codec;
	ask->x.transport = TRANSPORT_WEBSOCKET;
	ask->x.wants_text = live->wants_text;
	ask->x.sid = slice_str(ask->sid);
	ask->x.info = buf_slice(&ask->info);
	if (live->says.n > 0)
		ask->x.says = buf_slice(&ask->said);
	ask->x.session_r = live->session;
	ask->x.ticket = live->ticket;
	ask->x.done = done;
	ask->x.door = ask;
	engine_hand_in(live->engine, &ask->x, kind);
}

/* It was asked for a connection that is gone: what has come true, or still is, ends. */
static void
ask_undo(struct live_ask *ask, bool is_probe)
{
	struct live gone = { .engine = ask->engine, .codec = ask->x.codec,
	    .session = ask->x.session_r, .ticket = ask->x.ticket };

	if (gone.session == 0 || (ask->x.answer != ANSWER_PAYLOAD &&
	    ask->x.kind != EXCHANGE_UPGRADE))
		return;
	if (is_probe || ask->x.answer != ANSWER_PAYLOAD)
		live_say_probe_end(&gone);
	else
		live_say_leave(&gone, "transport close");
	live_say_detach(&gone);
}

static void
said_forget(struct live *live)
{
	free(live->said);
	live->said = NULL;
	live->says = SLICE_NONE;
}

static void
live_refused(struct live *live, enum answer answer)
{
	live->state = LIVE_OVER;
	said_forget(live);
	live->ops->opened(live, answer);
}

/* ---- a new session --------------------------------------------------------------- */

void
live_enter(struct live *live)
{
	struct engine *e = live->engine;
	int64_t now = clock_boot(e->clock);

	live->state = LIVE_OPEN;
	live->kept_at = now;
	HASH_ADD(hh, e->lives, session, sizeof(live->session), live);
	if (live->codec->traits.client_pings)
		live_wait(live, WAIT_HEARD, now + e->conf.ping_interval_ms +
		    e->conf.ping_timeout_ms);
	else
		live_wait_ping(live, now);
	live_begin(live);
}

/* A new session that is in no namespace has missed nothing: it follows at once. */
static void
live_follow_now(struct live *live)
{
	struct engine *e = live->engine;

	live_caught_up(live);
	if (e->parked == NULL && HASH_COUNT(e->lives) == e->n_behind + 1)
		e->tail = live->cursor; /* nobody else reads the tail */
}

static void
open_done(struct exchange *x)
{
	struct live_ask *ask = x->door;
	struct live *live = ask_part(ask);
	struct engine *e = ask->engine;

	if (live == NULL) {
		ask_undo(ask, false);
	} else if (x->answer != ANSWER_PAYLOAD) {
		live_refused(live, x->answer);
	} else {
		live->session = x->session_r;
		live->cursor = x->cursor_r;
		memcpy(live->sid, x->sid_r, sizeof(live->sid));
		live->ops->opened(live, ANSWER_PAYLOAD);
		live_enter(live);
		if (!live->codec->traits.joins_root)
			live_follow_now(live);
		if (!live->codec->traits.client_pings &&
		    !live->codec->traits.joins_root &&
		    e->conf.connect_timeout_ms > 0)
			live_wait_connect(live, clock_boot(e->clock) +
			    e->conf.connect_timeout_ms);
		if (!live_send_payload(live, buf_slice(&x->body_r)))
			live_depart(live, "transport close");
	}
	ask_free(ask);
}

/* ---- taking one over ---------------------------------------------------------------- */

static void
probe_done(struct exchange *x)
{
	struct live_ask *ask = x->door;
	struct live *live = ask_part(ask);
	struct engine *e = ask->engine;

	if (live == NULL) {
		ask_undo(ask, true);
	} else if (x->answer == ANSWER_OVERLAP) {
		live->state = LIVE_OVER;        /* somebody was first (B12) */
		said_forget(live);
		live->ops->opened(live, ANSWER_PAYLOAD);
		live->ops->close(live);
	} else if (x->answer != ANSWER_PAYLOAD) {
		live_refused(live, x->answer);
	} else {
		live->session = x->session_r;
		live->state = LIVE_PROBING;
		live->limit = clock_boot(e->clock) + e->conf.upgrade_ms;
		live_wait(live, WAIT_PROBE, live->limit);
		live->ops->opened(live, ANSWER_PAYLOAD);
	}
	ask_free(ask);
}

/* In the words of a generation that has no status for it: shake hands again. */
static void
refuse_aloud(struct live *live)
{
	struct live_message message = { .data =
	    slice_str(live->codec->manners->refusals[REFUSAL_SID].text) };
	struct parcel parcel = { .messages = &message, .n = 1 };

	live->state = LIVE_OVER;
	said_forget(live);
	live->ops->opened(live, ANSWER_PAYLOAD);
	live->ops->send(live, &parcel);
	live->ops->close(live);
}

/* A handshake by HTTP opened it, perhaps elsewhere; what it has not heard by polls
 * comes here, its CONNECT first. */
static void
take_done(struct exchange *x)
{
	struct live_ask *ask = x->door;
	struct live *live = ask_part(ask);

	if (live == NULL) {
		ask_undo(ask, false);
	} else if (x->answer == ANSWER_PAYLOAD) {
		live->session = x->session_r;
		live->cursor = x->cursor_r;
		live->ops->opened(live, ANSWER_PAYLOAD);
		live_enter(live);
	} else if (x->answer == ANSWER_BUSY) {
		live_refused(live, x->answer);
	} else {
		refuse_aloud(live);
	}
	ask_free(ask);
}

static void
upgrade_done(struct exchange *x)
{
	struct live_ask *ask = x->door;
	struct live *live = ask_part(ask);
	struct engine *e = ask->engine;
	int64_t now = clock_boot(e->clock);

	if (live == NULL) {
		ask_undo(ask, false);
	} else if (x->answer != ANSWER_PAYLOAD) {
		live->state = LIVE_PROBING;
		live_close(live, "");
	} else {
		live->cursor = x->cursor_r;
		live_enter(live);
		if (!live->codec->traits.client_pings)
			live_wait_ping(live, x->pinged_r);
		if (!x->is_connected_r && !live->codec->traits.client_pings &&
		    e->conf.connect_timeout_ms > 0)
			live_wait_connect(live, now + e->conf.connect_timeout_ms);
		live_say_on(live);
	}
	ask_free(ask);
}

/* What may be said before the upgrade: "2probe", and "5".  Anything else ends the
 * probe, as with the reference. */
void
live_probe_message(struct live *live, bool is_binary, struct slice data)
{
	int64_t now = clock_boot(live->engine->clock);

	if (!is_binary && slice_is(data, "2probe")) {
		live->owes_pong = true;
		live_mark(live);
		if (live->wait == WAIT_PROBE)
			live_wait(live, WAIT_NOOP, now + 100);
	} else if (!is_binary && data.n > 0 && data.p[0] == '0' + FRAME_UPGRADE) {
		live->state = LIVE_UPGRADING;
		live_wait(live, WAIT_NOTHING, 0);
		live_ask(live, EXCHANGE_UPGRADE, upgrade_done);
	} else {
		live->is_ended = true;
		live_mark(live);
	}
}

void
engine_live_open(struct engine *e, struct live *live)
{
	bool is_new = live->sid[0] == '\0';

	live->engine = e;
	live->state = LIVE_OPENING;
	live->ticket = e->next_ticket++;
	live->said = live->says.n == 0 ? NULL : mem_slicedup(live->says);
	live->says = slice_of(live->said, live->says.n);
	live->locals_end = &live->locals;
	if (is_new)
		live_ask(live, EXCHANGE_OPEN, open_done);
	else if (live->codec->traits.takes_over)
		live_ask(live, EXCHANGE_UPGRADE, take_done);
	else
		live_ask(live, EXCHANGE_PROBE, probe_done);
}

/* ---- the steps of a turn ---------------------------------------------------------------- */

static struct store_op *
probe_add(struct engine *e, struct exchange *x, const struct session_row *row)
{
	struct store_op *op = turn_add(&e->turn, OP_PROBE, NULL);

	op->u.probe.session = row->n;
	op->u.probe.ticket = x->ticket;
	op->u.probe.step = PROBE_BEGIN;
	return op;
}

static void
upgrade_collect(struct engine *e, struct exchange *x, const struct session_row *row)
{
	struct store_op *gate = x->codec->traits.takes_over ?
	    probe_add(e, x, row) : NULL;
	struct store_op *op = turn_add(&e->turn, OP_UPGRADE, gate);

	op->u.upgrade.session = row->n;
	op->u.upgrade.ticket = x->ticket;
	op->u.upgrade.transport = TRANSPORT_WEBSOCKET;
	x->is_connected_r = row->namespaces > 0;
	step_add(e, x, op);
}

void
live_collect(struct engine *e, struct exchange *x)
{
	struct session_row row;

	if (x->kind == EXCHANGE_LEAVE) {
		leave_collect(e, x);
		return;
	}
	if (!exchange_session(e, x, &row))
		return;
	x->session_r = row.n;
	if (x->kind == EXCHANGE_PROBE)
		step_add(e, x, probe_add(e, x, &row));
	else
		upgrade_collect(e, x, &row);
}

void
live_step(struct engine *e, const struct step *step)
{
	struct exchange *x = step->x;
	const struct store_op *gate = step->op->gate;
	enum rc rc = gate != NULL && gate->rc != RC_OK ? gate->rc : step->op->rc;

	(void)e;
	if (x->kind == EXCHANGE_UPGRADE && rc == RC_OK) {
		x->cursor_r = step->op->u.upgrade.cursor_r;
		x->pinged_r = step->op->u.upgrade.pinged_r;
		log_info("session", "upgrade sid=%.*s n=%" PRIu64,
		    SLICE_ARGS(x->sid), x->session_r);
	}
	if (x->kind == EXCHANGE_LEAVE)
		exchange_answer(x, ANSWER_OK);
	else
		exchange_answer(x, rc == RC_OK ? ANSWER_PAYLOAD :
		    rc == RC_GONE ? ANSWER_UNKNOWN_SID :
		    rc == RC_CLASH ? ANSWER_OVERLAP : ANSWER_BUSY);
}

/* ---- the end ---------------------------------------------------------------------------- */

/* Out of everything that the engine has. */
static void
live_forget(struct live *live)
{
	struct engine *e = live->engine;

	if (live->ask != NULL)
		live->ask->live = NULL;
	live->ask = NULL;
	live_wait(live, WAIT_NOTHING, 0);
	live_is_connected(live);
	mirror_drop(live);
	live_caught_up(live);
	live_forget_owed(e, live);
	if (live->is_touched)
		LL_DELETE2(e->touched_lives, live, next_touched);
	live->is_touched = false;
	if (live->state == LIVE_OPEN)
		HASH_DEL(e->lives, live);
	live_say_detach(live);
	said_forget(live);
	live->state = LIVE_OVER;
}

void
live_depart(struct live *live, const char *reason)
{
	if (live->state == LIVE_OPEN) {
		log_info("session", "close sid=%s reason=\"%s\"", live->sid, reason);
		live_say_leave(live, reason);
	} else if (live->state == LIVE_PROBING) {
		live_say_probe_end(live);
	}
	live_forget(live);
}

void
live_close(struct live *live, const char *reason)
{
	live_depart(live, reason);
	live->ops->close(live);
}

void
live_over(struct live *live)
{
	live_forget(live);
	live->ops->close(live);
}

void
engine_live_end(struct engine *e, struct live *live)
{
	(void)e;
	if (live->state != LIVE_OVER)
		live_depart(live, "transport close");
}

void
live_drain(struct engine *e)
{
	struct live *live, *next;

	HASH_ITER(hh, e->lives, live, next)
		live_close(live, "transport close");
}

void
live_abandon(struct engine *e)
{
	struct live *live, *next;

	HASH_ITER(hh, e->lives, live, next)
		live_over(live);
}

void
live_retry(struct engine *e)
{
	live_say_retry(e);
}

void
live_free(struct engine *e)
{
	struct live *live, *next;

	HASH_ITER(hh, e->lives, live, next)
		live_forget(live);
	live_forget_owed(e, NULL);
	live_say_free(e);
	while (e->live_asks != NULL) {
		ask_part(e->live_asks);
		ask_free(e->live_asks);
	}
}
