/*
 * later.c - an application that answers later: a batch goes out and comes back
 *
 * Must stay true:
 *   - the same batch goes out again, with the same numbers, until it is over
 *   - its end and all its effects are one transaction
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "session/engine_private.h"

enum { DELAY_MS = 1000, DELAY_MAX_MS = 60000 };

/* ---- out ----------------------------------------------------------------------- */

static void
later_done(struct later *later)
{
	struct job *job = later->job, **at;
	struct engine *e = job->engine;

	for (at = &e->out; *at != NULL && *at != job; at = &(*at)->next)
		;
	if (*at == NULL)
		return;
	*at = job->next;
	job->state = JOB_BACK;
	job->next = e->jobs;
	e->jobs = job;
}

struct gather {
	struct job *job;
	size_t room;
};

static void
batch_add(void *arg, const struct task *task)
{
	struct gather *gather = arg;
	struct job *job = gather->job;
	struct task *more;

	if (job->later.n == gather->room) {
		gather->room = gather->room == 0 ? 4 : 2 * gather->room;
		more = arena_alloc(&job->arena, gather->room * sizeof(*more));
		if (job->later.n > 0)
			memcpy(more, job->batch, job->later.n * sizeof(*more));
		job->batch = more;
	}
	job->batch[job->later.n++] = *task;
}

void
later_start(struct engine *e, struct job *job)
{
	struct gather gather = { .job = job };
	struct later *later = &job->later;
	struct later_event *events;
	size_t i;

	store_batch(e->store, job->task.n, job->upto, &job->arena, batch_add, &gather);
	later->job = job;
	later->done = later_done;
	if (later->n == 0) {            /* somebody was faster */
		later->rc = RC_GONE;
		later_done(later);
		return;
	}
	events = arena_alloc(&job->arena, later->n * sizeof(*events));
	for (i = 0; i < later->n; i++) {
		events[i].n = job->batch[i].n;
		events[i].attempt = job->attempts;
		events[i].at_wall = job->batch[i].at_wall;
		events[i].call = task_call(e, &job->batch[i]);
		events[i].call.arena = &job->arena;
	}
	job->task = job->batch[0];
	later->store = e->store;
	later->store_id = store_id(e->store);
	later->events = events;
	later->lane = job->task.lane;
	later->says = job->task.says;
	later->rooms = job->task.rooms;
	later->generation = job->task.generation;
	later->transport = job->task.transport;
	later->connected_wall = job->task.connected_wall;
	job->is_started = true;
	e->app.later->start(e->app.arg, later);
}

/* ---- back ----------------------------------------------------------------------- */

static bool
effects_read(struct engine *e, struct job *job, struct effects *effects)
{
	size_t i;

	if (job->later.rc != RC_OK)
		return false;
	for (i = 0; i < job->later.n; i++)
		if (e->app.later->effects(e->app.arg, &job->later, i, &e->arena,
		    &effects[i]) != RC_OK)
			return false;
	return true;
}

static void
learn(struct engine *e, struct job *job, bool was_good)
{
	struct effects effects = { NULL, NULL, 0 };
	struct author author = { .nsp = job->task.nsp };

	if (!job->is_started)
		return;
	e->app.later->learn(e->app.arg, &job->later, was_good, &e->arena, &effects);
	effects_apply(e, &effects, &author);
}

static void
apply_answer(struct engine *e, struct job *job, const struct effects *effects)
{
	struct author author;
	struct slice user = SLICE_NONE;
	size_t i;

	job->op = turn_add(&e->turn, OP_TASK_DONE, NULL);
	job->op->u.task.task = job->task.n;
	job->op->u.task.upto = job->upto;
	for (i = 0; i < job->later.n; i++) {
		if (job->batch[i].kind == TASK_CONNECT) {
			connect_answered(e, &job->batch[i], job->op, RC_OK, &effects[i]);
			continue;
		}
		author = task_author(e, &job->batch[i], job->op);
		if (i > 0)              /* the same socket, perhaps bound since */
			author.user = user;
		effects_apply(e, &effects[i], &author);
		user = author.user;
	}
}

static int64_t
delay_of(const struct job *job)
{
	int64_t delay = DELAY_MAX_MS;

	if (job->attempts < 7)
		delay = (int64_t)DELAY_MS << (job->attempts - (job->attempts > 0));
	if (job->later.retry_ms > delay)
		delay = job->later.retry_ms;
	return delay < DELAY_MAX_MS ? delay : DELAY_MAX_MS;
}

static void
apply_failure(struct engine *e, struct job *job)
{
	struct effects none = { NULL, NULL, 0 };
	bool is_over = job->attempts >= job->terms.attempts;

	if (is_over)
		log_error("session", "inbox set aside n=%" PRIu64 "-%" PRIu64
		    " nsp=%.*s name=%.*s attempts=%u", job->task.n, job->upto,
		    SLICE_ARGS(job->task.nsp), SLICE_ARGS(job->task.name),
		    job->attempts);
	if (is_over && job->task.kind == TASK_CONNECT) {
		job->op = turn_add(&e->turn, OP_TASK_DONE, NULL);
		job->op->u.task.task = job->task.n;
		connect_answered(e, &job->task, job->op, RC_IO, &none);
		return;
	}
	job->op = turn_add(&e->turn, OP_TASK_AGAIN, NULL);
	job->op->u.task_again.task = job->task.n;
	job->op->u.task_again.delay_ms = delay_of(job);
	job->op->u.task_again.aside = is_over;
}

static void
apply(struct engine *e, struct job *job)
{
	struct effects *effects = arena_alloc(&e->arena,
	    (job->later.n + 1) * sizeof(*effects));
	bool was_good = effects_read(e, job, effects);

	if (was_good)
		apply_answer(e, job, effects);
	else
		apply_failure(e, job);
	learn(e, job, was_good);
}

void
later_apply(struct engine *e)
{
	bool looks = false;
	struct job *job;

	for (job = e->jobs; job != NULL; job = job->next) {
		if (job->state != JOB_BACK)
			continue;
		if (!looks)
			store_looks_begin(e->store);
		looks = true;
		apply(e, job);
	}
	if (looks)
		store_looks_end(e->store);
}

void
later_end(struct engine *e, struct job *job)
{
	if (job->is_started)
		e->app.later->end(e->app.arg, &job->later);
	job->is_started = false;
}
