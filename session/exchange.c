/*
 * exchange.c - what a door hands in: it waits, is collected, answered or put back
 *
 * Must stay true:
 *   - done() is called at most once for an exchange, and never after a cancel
 *   - what is put back is tried in its order, before what has come since
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/clock.h"
#include "session/live_private.h"

enum {
	HOLD_MS = 50,                   /* a POST that found no room */
	TRIES_MAX = 50,
	OPS_MAX = 500,                  /* then the turn is closed, between requests */
	OPS_SAID = 400                  /* then polls have their turn */
};

/* ---- in ------------------------------------------------------------------------- */

bool
exchanges_wait(const struct engine *e)
{
	return e->said.first != NULL || e->asked.first != NULL ||
	    e->again.first != NULL;
}

static struct queue *
queue_of(struct engine *e, const struct exchange *x)
{
	return x->kind == EXCHANGE_POLL ? &e->asked : &e->said;
}

void
engine_hand_in(struct engine *e, struct exchange *x, enum exchange_kind kind)
{
	x->kind = kind;
	x->tries = 0;
	x->since = clock_boot(e->clock);
	x->answer = ANSWER_NONE;
	queue_put(queue_of(e, x), x);
}

void
engine_open(struct engine *e, struct exchange *x)
{
	engine_hand_in(e, x, EXCHANGE_OPEN);
}

void
engine_poll(struct engine *e, struct exchange *x)
{
	engine_hand_in(e, x, EXCHANGE_POLL);
}

void
engine_post(struct engine *e, struct exchange *x)
{
	engine_hand_in(e, x, EXCHANGE_POST);
}

void
engine_cancel(struct engine *e, struct exchange *x)
{
	struct step *step;

	if (!queue_drop(queue_of(e, x), x) && !queue_drop(&e->again, x))
		queue_drop(&e->held, x);
	for (step = e->steps; step != NULL; step = step->next)
		if (step->x == x)
			step->x = NULL;
	if (x->parked != NULL)
		poll_cancel(e, x);
}

/* ---- out ------------------------------------------------------------------------ */

void
exchange_answer(struct exchange *x, enum answer answer)
{
	x->answer = answer;
	x->done(x);
}

void
exchange_again(struct engine *e, struct exchange *x)
{
	if (++x->tries > TRIES_MAX) {
		e->reason = "contention";
		exchange_answer(x, ANSWER_BUSY);
		return;
	}
	queue_push(&e->again, x);
}

void
exchange_fail(struct engine *e, struct exchange *x, int64_t until)
{
	if (x->since <= until)
		exchange_answer(x, ANSWER_BUSY);
	else
		queue_push(&e->again, x);
}

void
exchange_hold(struct engine *e, struct exchange *x, bool is_full)
{
	int64_t now = clock_boot(e->clock);

	if (now - x->since >= e->conf.give_up_ms) {
		e->reason = is_full ? "max_tasks" : "inbox";
		if (is_full)
			store_tally(e->store, TALLY_TASKS);
		exchange_answer(x, ANSWER_BUSY);
		return;
	}
	queue_put(&e->held, x);
	e->next_held = now + HOLD_MS;
}

/* ---- into the turn ---------------------------------------------------------------- */

bool
exchange_session(struct engine *e, struct exchange *x, struct session_row *row_r)
{
	switch (store_session(e->store, x->sid, &e->arena, row_r)) {
	case RC_OK:
		break;
	case RC_GONE:
		exchange_answer(x, ANSWER_UNKNOWN_SID);
		return false;
	default:
		e->reason = "store";
		exchange_answer(x, ANSWER_BUSY);
		return false;
	}
	if (row_r->generation == (int)x->codec->generation)
		return true;
	exchange_answer(x, ANSWER_BAD_REQUEST);
	return false;
}

struct step *
step_add(struct engine *e, struct exchange *x, struct store_op *op)
{
	struct step *step = arena_alloc(&e->arena, sizeof(*step));

	step->x = x;
	step->op = op;
	*e->steps_end = step;
	e->steps_end = &step->next;
	return step;
}

void
held_collect(struct engine *e, int64_t now)
{
	struct exchange *x;

	if (now < e->next_held)
		return;
	while ((x = queue_take(&e->held)) != NULL)
		queue_put(&e->said, x);
}

static void
exchange_collect(struct engine *e, struct exchange *x)
{
	x->answer = ANSWER_NONE;
	if (x->since < e->oldest)
		e->oldest = x->since;
	switch ((enum exchange_kind)x->kind) {
	case EXCHANGE_OPEN:
		open_collect(e, x);
		break;
	case EXCHANGE_POLL:
		poll_collect(e, x);
		break;
	case EXCHANGE_POST:
		post_collect(e, x);
		break;
	case EXCHANGE_PROBE:
	case EXCHANGE_UPGRADE:
	case EXCHANGE_LEAVE:
		live_collect(e, x);
		break;
	}
}

void
exchanges_collect(struct engine *e)
{
	struct exchange *x;

	/* Last in, first out, twice: in its order, before what came since. */
	while ((x = queue_take(&e->again)) != NULL)
		queue_push(queue_of(e, x), x);
	if (exchanges_wait(e))
		store_look(e->store);   /* one check for all lookups of this turn */
	while (e->turn.n < OPS_SAID && (x = queue_take(&e->said)) != NULL)
		exchange_collect(e, x);
	while (e->turn.n < OPS_MAX && (x = queue_take(&e->asked)) != NULL)
		exchange_collect(e, x);
}
