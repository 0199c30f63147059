/*
 * outside.c - the engine for those who have no clients: cron, shell, an API
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <poll.h>

#include "base/clock.h"
#include "session/engine_private.h"

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

enum rc
engine_apply(struct engine *e, struct slice nsp, const struct effects *effects,
    bool wait, int64_t *emitted_r, int64_t *question_r)
{
	struct author author = { .nsp = nsp, .wait = wait };
	struct store_op *op;
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
	for (op = e->turn.first; op != NULL; op = op->next)
		if (op->rc != RC_OK && op->rc != RC_NONE)
			rc = op->rc;
	if (author.last_emit != NULL && author.last_emit->rc == RC_OK) {
		*emitted_r = author.last_emit->u.append.record.seq;
		*question_r = author.last_emit->u.append.question_r;
	}
	return rc;
}
