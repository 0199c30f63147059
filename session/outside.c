/*
 * outside.c - the engine for those who have no clients: cron, shell, an API
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <poll.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/json.h"
#include "session/engine_private.h"

enum { OUTSIDE_MS = 100 };              /* a lost wake-up costs so much */

/* Turns until nothing is in hand.  RC_IO: the store would not take it. */
static enum rc
turn_through(struct engine *e)
{
	e->reason = "";
	do {
		engine_turn(e, false);
		if (e->is_pending)
			poll(NULL, 0, 1);       /* the lock wait was spent in the store */
	} while (engine_has_work(e) && e->reason[0] == '\0');
	return e->reason[0] == '\0' ? RC_OK : RC_IO;
}

enum rc
engine_expire(struct engine *e)
{
	struct store_stats stats;
	enum rc rc;

	e->next_janitor = 0;
	e->look_for_tasks = true;
	if ((rc = turn_through(e)) != RC_OK)
		return rc;
	if (e->next_janitor <= clock_boot(e->clock))
		return RC_AGAIN;
	if (store_stats(e->store, &stats) == RC_OK && stats.tasks > 0 &&
	    e->look_for_tasks)
		return RC_AGAIN;
	return RC_OK;
}

static enum rc
commit_now(struct engine *e)
{
	int64_t since = clock_boot(e->clock);
	enum rc rc;

	while ((rc = store_commit(e->store, &e->turn)) == RC_AGAIN &&
	    clock_boot(e->clock) - since < e->conf.give_up_ms)
		;
	return rc == RC_AGAIN ? RC_IO : rc;
}

/* What stands behind a gate that fell is refused only where the gate is a key that
 * was used before; other gates are refused, or not, themselves. */
static bool
is_refused(const struct store_op *op)
{
	if (op->rc == RC_BAD_STATE && op->gate != NULL && op->gate->kind != OP_ONCE)
		return false;
	return op->rc != RC_OK && op->rc != RC_NONE;
}

/* The first refusal among operations. */
static enum rc
refusal_of(const struct store_op *op, const struct store_op *last)
{
	for (; op != NULL; op = op->next) {
		if (is_refused(op))
			return op->rc;
		if (op == last)
			break;
	}
	return RC_OK;
}

enum rc
engine_apply(struct engine *e, struct slice nsp, const struct effects *effects,
    bool wait, int64_t *emitted_r, int64_t *question_r)
{
	struct author author = { .nsp = nsp, .wait = wait };
	enum rc rc;

	*emitted_r = *question_r = 0;
	letters_forget(e);
	arena_reset(&e->arena);
	turn_init(&e->turn, &e->arena);
	effects_apply(e, effects, &author);
	if (e->turn.n == 0)
		return RC_NONE;
	if ((rc = commit_now(e)) != RC_OK)
		return rc;
	rc = refusal_of(e->turn.first, NULL);
	if (author.last_emit != NULL && author.last_emit->rc == RC_OK) {
		*emitted_r = author.last_emit->u.append.record.seq;
		*question_r = author.last_emit->u.append.question_r;
	}
	return rc;
}

/* ---- in the turns of a loop ------------------------------------------------------- */

void
engine_outside(struct engine *e, struct outside *o)
{
	o->state = OUTSIDE_NEW;
	o->rc = RC_OK;
	o->emitted_r = o->question = o->expected_r = 0;
	o->value_r = o->answers_r = o->attachments_r = SLICE_NONE;
	o->is_late_r = false;
	o->next = NULL;
	LL_PREPEND(e->outsides, o);
}

/* A turn that still waits for the lock refers to what it was decided on. */
void
engine_outside_cancel(struct engine *e, struct outside *o)
{
	struct outside *each;

	LL_FOREACH(e->outsides, each)
		if (each == o) {
			LL_DELETE(e->outsides, o);
			if (o->state == OUTSIDE_DECIDED)
				arena_move(&e->arena, o->arena);
			return;
		}
}

static void
outside_done(struct engine *e, struct outside *o, enum rc rc)
{
	LL_DELETE(e->outsides, o);
	o->rc = rc;
	o->done(o);
}

void
outside_collect(struct engine *e)
{
	struct outside *o, *next;
	struct store_op *before;

	LL_FOREACH_SAFE(e->outsides, o, next) {
		if (o->state != OUTSIDE_NEW)
			continue;
		before = e->turn.last;
		o->author = arena_alloc(&e->arena, sizeof(*o->author));
		o->author->nsp = arena_dup(&e->arena, o->nsp);
		o->author->wait = o->wait;
		effects_apply(e, o->effects, o->author);
		o->first = before == NULL ? e->turn.first : before->next;
		o->last = e->turn.last;
		o->state = OUTSIDE_DECIDED;
		if (o->first == NULL)
			outside_done(e, o, RC_NONE);
	}
}

static void
outside_decided(struct engine *e, struct outside *o)
{
	const struct author *author = o->author;
	enum rc rc = refusal_of(o->first, o->last);

	if (author->last_emit != NULL && author->last_emit->rc == RC_OK) {
		o->emitted_r = author->last_emit->u.append.record.seq;
		o->question = author->last_emit->u.append.question_r;
	}
	if (author->last_value != NULL)
		o->value_r = author->last_value->u.value_set.value_r;
	if (o->wait && rc == RC_OK && o->question != 0) {
		o->state = OUTSIDE_WAITS;
		e->next_outside = 0;
	} else {
		outside_done(e, o, rc);
	}
}

/* True: all has come, or the time is over. */
static bool
outside_answers(struct engine *e, struct outside *o)
{
	struct slice rest, each;
	int64_t n = 0;
	bool done = false;
	enum rc rc;

	rc = store_answers(e->store, o->question, &e->arena, &o->answers_r,
	    &o->attachments_r, &o->expected_r, &done);
	if (rc != RC_OK)
		o->answers_r = SLICE("[]");
	if (rc == RC_OK && !done)
		return false;
	rest = o->answers_r;
	json_open(&rest);
	while (json_next(&rest, &each))
		n++;
	o->is_late_r = n < o->expected_r;
	return true;
}

static bool
is_answer_in(const struct engine *e)
{
	const struct store_op *op;

	for (op = e->turn.first; op != NULL; op = op->next)
		if (op->kind == OP_ANSWER)
			return true;
	return false;
}

void
outside_settle(struct engine *e)
{
	struct outside *o, *next;

	LL_FOREACH_SAFE(e->outsides, o, next)
		if (o->state == OUTSIDE_DECIDED)
			outside_decided(e, o);
	if (e->next_outside != INT64_MAX && is_answer_in(e))
		e->next_outside = 0;
}

void
outside_look(struct engine *e, bool woken)
{
	int64_t now = clock_boot(e->clock);
	struct outside *o, *next;

	if (e->next_outside == INT64_MAX || (!woken && now < e->next_outside))
		return;
	e->next_outside = INT64_MAX;
	LL_FOREACH_SAFE(e->outsides, o, next) {
		if (o->state != OUTSIDE_WAITS)
			continue;
		if (outside_answers(e, o))
			outside_done(e, o, RC_OK);
		else
			e->next_outside = now + OUTSIDE_MS;
	}
}

void
outside_fail(struct engine *e)
{
	struct outside *o, *next;

	LL_FOREACH_SAFE(e->outsides, o, next)
		if (o->state == OUTSIDE_DECIDED)
			outside_done(e, o, RC_IO);
}
