/*
 * task.c - what must be done once: disconnects, timers, collected acks, an inbox
 *
 * A task is counted before it runs and ends with its effects, in one
 * transaction: TRY in one turn, the call, DONE and the effects in a later one.
 * Where the application answers later (later.c) other turns lie between.  A
 * process that dies over it leaves a lease that its death ends.
 *
 * Whoever adds the first task of a lane leases it in the same transaction.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "session/engine_private.h"

enum {
	TASKS_PER_TURN = 32,
	PAGE = 64, PAGES = LOOKED / PAGE,       /* heads that one search looks at */
	LEASE_MS = 30000,
	AGAIN_MS = 1000                 /* another process tries, or nobody may */
};

/* ---- jobs -------------------------------------------------------------------- */

static void
job_free(struct engine *e, struct job *job)
{
	later_end(e, job);
	arena_free(&job->arena);
	free(job);
}

static bool
job_is_known(const struct job *job, uint64_t task)
{
	for (; job != NULL; job = job->next)
		if (job->task.n == task)
			return true;
	return false;
}

static struct job *
job_new(struct engine *e, const struct task *task, const struct later_terms *terms)
{
	struct job *job = mem_alloc(sizeof(*job)), **at;
	struct slice *slice;
	size_t i;

	job->engine = e;
	job->task = *task;
	for (i = 0; (slice = task_slice(&job->task, i)) != NULL; i++)
		*slice = arena_dup(&job->arena, *slice);
	job->upto = task->n;
	if (terms != NULL) {
		job->is_later = true;
		job->terms = *terms;
		job->terms.once = SLICE_NONE;
	}
	for (at = &e->jobs; *at != NULL; at = &(*at)->next)
		;
	*at = job;
	return job;
}

static void
look_again(struct engine *e, int64_t at)
{
	if (at < e->next_task)
		e->next_task = at;
}

/* ---- calls --------------------------------------------------------------------- */

struct app_call
task_call(struct engine *e, const struct task *task)
{
	struct app_call call = {
		.store = e->store,
		.arena = &e->arena,
		.nsp = task->nsp,
		.name = task->name,
		.context = task->context,
		.socket = task->socket,
		.id = task->socket_id,
		.data = task->data,
		.user = task->user,
		.info = task->info,
	};

	switch (task->kind) {
	case TASK_DISCONNECT:
		call.kind = APP_DISCONNECT;
		call.reason = task->name;
		call.data = task->context;
		break;
	case TASK_TIMER:
		call.kind = APP_TIMER;
		break;
	case TASK_ACK:
		call.kind = APP_ACK;
		call.timeout = json_kind(json_member(task->data, "timeout")) == JSON_TRUE;
		json_int(json_member(task->data, "expected"), &call.expected);
		call.args = json_member(task->data, "answers");
		call.attachments = task->attachments;
		break;
	case TASK_CONNECT:
	case TASK_RETURN:
		call.kind = APP_CONNECT;
		call.is_return = task->kind == TASK_RETURN;
		call.auth = task->context;
		break;
	case TASK_EVENT:
	case TASK_SAID:
		call.kind = APP_EVENT;
		call.args = task->context;
		call.attachments = task->attachments;
		call.wants_ack = task->ack.p != NULL;
		break;
	}
	return call;
}

struct author
task_author(struct engine *e, const struct task *task, struct store_op *gate)
{
	uint64_t *socket = arena_alloc(&e->arena, sizeof(*socket));
	struct author author = {
		.nsp = arena_dup(&e->arena, task->nsp),
		.id = arena_dup(&e->arena, task->socket_id),
		.user = arena_dup(&e->arena, task->user),
		.session = task->session,
		.lane = task->lane,
		.ack_id = arena_dup(&e->arena, task->ack),
		.is_return = task->kind == TASK_RETURN,
		.gate = gate,
	};

	*socket = task->socket;
	if (*socket != 0)
		author.socket = socket;
	return author;
}

static struct store_op *
task_done(struct engine *e, const struct job *job)
{
	struct store_op *op = turn_add(&e->turn, OP_TASK_DONE, NULL);

	op->u.task.task = job->task.n;
	op->u.task.upto = job->upto;
	return op;
}

/* Its client is connected now, and an application that answers later is to be asked. */
static void
said_defer(struct engine *e, struct job *job)
{
	job->op = turn_add(&e->turn, OP_TASK_AGAIN, NULL);
	job->op->u.task_again.task = job->task.n;
	job->op->u.task_again.event_of = job->task.socket;
}

/* What was said before the CONNECT was answered. */
static void
said_run(struct engine *e, struct job *job)
{
	struct effects effects = { NULL, NULL, 0 };
	struct app_call call = task_call(e, &job->task);
	struct author author;
	enum rc rc = RC_NONE;

	if (job->task.socket == 0)
		log_debug("session", "event of a client that was not let in nsp=%.*s",
		    SLICE_ARGS(job->task.nsp));
	else if ((rc = e->app.call(e->app.arg, &call, &effects)) == RC_AGAIN) {
		said_defer(e, job);
		return;
	}
	job->op = task_done(e, job);
	author = task_author(e, &job->task, job->op);
	if (rc == RC_OK)
		effects_apply(e, &effects, &author);
}

/* Leased: the call, and its effects behind the task's end. */
static void
job_run(struct engine *e, struct job *job)
{
	struct effects effects = { NULL, NULL, 0 };
	struct app_call call = task_call(e, &job->task);
	struct author author;
	enum rc rc;

	if (job->task.kind == TASK_SAID) {
		said_run(e, job);
		return;
	}
	job->op = task_done(e, job);
	author = task_author(e, &job->task, job->op);
	if (timer_is_ours(&job->task)) {
		timer_run_ours(e, &job->task, &author);
		return;
	}
	rc = e->app.call(e->app.arg, &call, &effects);
	if (job->task.kind == TASK_CONNECT)
		connect_answered(e, &job->task, job->op, rc, &effects);
	else if (rc == RC_OK)
		effects_apply(e, &effects, &author);
}

/* It will never be answered: a client that waits for that must know. */
static void
job_give_up(struct engine *e, struct job *job)
{
	struct effects none = { NULL, NULL, 0 };

	job->op = task_done(e, job);
	connect_answered(e, &job->task, job->op, RC_IO, &none);
}

/* ---- finding and leasing ----------------------------------------------------------- */

/* RC_NONE: its answer comes at once. */
static enum rc
task_terms(struct engine *e, const struct task *task, struct later_terms *terms_r)
{
	struct app_call call = task_call(e, task);

	memset(terms_r, 0, sizeof(*terms_r));
	/* What was said too early is asked about as if it came now. */
	if (e->app.later == NULL || timer_is_ours(task) || task->kind == TASK_SAID)
		return RC_NONE;
	return e->app.later->terms(e->app.arg, &call, &e->arena, terms_r);
}

static void
job_try(struct engine *e, struct job *job, struct slice once, int64_t once_ms)
{
	struct store_op *gate = NULL;

	if (once.p != NULL) {
		gate = turn_add(&e->turn, OP_ONCE, NULL);
		gate->u.once.key = once;
		gate->u.once.ttl_ms = once_ms;
	}
	job->op = turn_add(&e->turn, OP_TASK_TRY, gate);
	job->op->u.task.task = job->task.n;
	job->op->u.task.lease_ms = job->is_later ? job->terms.lease_ms : LEASE_MS;
	job->op->u.task.max_attempts = job->is_later ? job->terms.attempts : 0;
	job->op->u.task.batch = job->is_later ? job->terms.batch : 1;
}

/* No application is waited for.  A task is found again and again until one has
 * answered, and heads are not found in the order of their numbers; to have
 * forgotten one only costs a look. */
static void
presence_once(struct engine *e, const struct task *task)
{
	uint64_t *looked = &e->looked[task->n % LOOKED];

	if (*looked == task->n)
		return;
	*looked = task->n;
	presence_look_all(e, task->nsp, task->rooms, task->user, NULL);
}

struct search {
	struct engine *e;
	uint64_t last;
	size_t seen, found;
};

static void
task_found(void *arg, const struct task *task)
{
	struct search *search = arg;
	struct engine *e = search->e;
	struct later_terms terms;
	enum rc rc;

	search->last = task->n;
	search->seen++;
	if (search->found == TASKS_PER_TURN || job_is_known(e->jobs, task->n) ||
	    job_is_known(e->out, task->n))
		return;
	if (task->kind == TASK_DISCONNECT)
		presence_once(e, task);
	rc = task_terms(e, task, &terms);
	if (rc == RC_AGAIN) {
		if (terms.not_before != 0)
			look_again(e, terms.not_before);
		return;
	}
	job_try(e, job_new(e, task, rc == RC_OK ? &terms : NULL), terms.once,
	    terms.once_ms);
	search->found++;
}

/* What nobody works at; behind those that may not be tried now there may be
 * others, to which the next search comes. */
static void
tasks_find(struct engine *e)
{
	struct search search = { .e = e, .last = e->tasks_from };
	int i;

	for (i = 0; i < PAGES && search.found < TASKS_PER_TURN; i++) {
		search.seen = 0;
		if (store_tasks(e->store, search.last, PAGE, &e->arena, task_found,
		    &search) == RC_OK && search.seen == PAGE)
			continue;
		if (e->tasks_from != 0)         /* and those before */
			look_again(e, clock_boot(e->clock) + AGAIN_MS / 10);
		e->tasks_from = 0;
		return;
	}
	if (search.found < TASKS_PER_TURN)
		e->tasks_from = search.last;
	look_again(e, clock_boot(e->clock) + AGAIN_MS / 10);
}

/* Answers that could not be written wait among those that are out. */
static void
tasks_due(struct engine *e, int64_t now)
{
	struct job *job, **at = &e->out;

	if (now < e->next_task)
		return;
	e->next_task = INT64_MAX;
	e->look_for_tasks = true;
	while ((job = *at) != NULL) {
		if (job->state != JOB_BACK) {
			at = &job->next;
			continue;
		}
		*at = job->next;
		job->next = e->jobs;
		e->jobs = job;
	}
}

void
task_collect(struct engine *e)
{
	struct job *job;

	tasks_due(e, clock_boot(e->clock));
	later_apply(e);
	for (job = e->jobs; job != NULL; job = job->next)
		if (job->state == JOB_OVER)
			job_give_up(e, job);
		else if (job->state == JOB_LEASED)
			job_run(e, job);
	if (e->look_for_tasks && e->jobs == NULL && !e->drain) {
		e->look_for_tasks = false;
		tasks_find(e);
	}
}

/* The heads that the turn has just added: nobody can have been faster. */
void
task_lease_added(struct engine *e)
{
	struct store_op *op, *last = e->turn.last;
	struct later_terms terms;
	struct task task;
	size_t n = 0;

	for (op = e->turn.first; op != NULL && n < TASKS_PER_TURN / 2; op = op->next) {
		if (op->kind == OP_TASK_ADD && op->rc == RC_OK) {
			e->look_for_tasks = true;
			task = (struct task){ .n = op->u.task_add.n_r,
				.kind = op->u.task_add.kind, .nsp = op->u.task_add.nsp,
				.name = op->u.task_add.name };
			if (op->u.task_add.is_head_r && !e->drain &&
			    task_terms(e, &task, &terms) == RC_OK) {
				job_try(e, job_new(e, &task, &terms), terms.once,
				    terms.once_ms);
				n++;
			}
		}
		if (op == last)
			return;
	}
}

/* ---- what came of it --------------------------------------------------------------- */

/* False: it is over. */
static bool
try_settle(struct engine *e, struct job *job)
{
	enum rc rc = job->op->rc;

	job->op = NULL;
	switch (rc) {
	case RC_OK:
		job->upto = job->is_later ? job->upto : job->task.n;
		return true;
	case RC_TOO_BIG:
		log_error("session", "task set aside n=%" PRIu64 " kind=%d nsp=%.*s "
		    "name=%.*s attempts=%u", job->task.n, (int)job->task.kind,
		    SLICE_ARGS(job->task.nsp), SLICE_ARGS(job->task.name),
		    job->task.attempts);
		job->state = JOB_OVER;
		return job->task.kind == TASK_CONNECT;
	case RC_BAD_STATE:              /* another process tries this backend */
		look_again(e, clock_boot(e->clock) + AGAIN_MS);
		return false;
	default:
		return false;
	}
}

static bool
found_settle(struct engine *e, struct job *job)
{
	job->upto = job->op->u.task.upto_r;
	job->attempts = job->op->u.task.attempts_r;
	if (!try_settle(e, job))
		return false;
	if (job->state == JOB_FOUND)
		job->state = JOB_LEASED;
	return true;
}

/* What its effects say may be words of the task, and goes out behind this. */
static void
over_settle(struct engine *e, struct job *job)
{
	if (job->op->kind == OP_TASK_AGAIN)
		look_again(e, clock_boot(e->clock) + job->op->u.task_again.delay_ms);
	e->look_for_tasks = true;
	e->next_held = 0;               /* there may be room now */
	arena_move(&e->arena, &job->arena);
	job_free(e, job);
}

void
task_settle(struct engine *e)
{
	struct job *job, *list = e->jobs, *kept = NULL, **end = &kept;

	if (list == NULL)
		return;
	e->jobs = NULL;
	store_looks_begin(e->store);    /* all that start now look several times */
	while ((job = list) != NULL) {
		list = job->next;
		job->next = NULL;
		if (job->op == NULL) {
			/* of the next turn */
		} else if (job->state != JOB_FOUND) {
			over_settle(e, job);
			continue;
		} else if (!found_settle(e, job)) {
			job_free(e, job);
			continue;
		}
		if (job->state == JOB_LEASED && job->is_later) {
			job->state = JOB_OUT;
			job->next = e->out;
			e->out = job;
			later_start(e, job);
			continue;
		}
		*end = job;
		end = &job->next;
	}
	store_looks_end(e->store);
	*end = e->jobs;                 /* of which nothing is left to ask */
	e->jobs = kept;
}

void
task_forget(struct engine *e)
{
	struct job *job;

	while ((job = e->jobs) != NULL) {
		e->jobs = job->next;
		job->op = NULL;
		if (job->state == JOB_BACK) {
			job->next = e->out;
			e->out = job;
		} else {
			job_free(e, job);
		}
	}
	memset(e->looked, 0, sizeof(e->looked));        /* nobody was told */
	look_again(e, clock_boot(e->clock) + AGAIN_MS);
}

void
task_free(struct engine *e)
{
	struct job *job;

	while ((job = e->jobs) != NULL) {
		e->jobs = job->next;
		job_free(e, job);
	}
	while ((job = e->out) != NULL) {
		e->out = job->next;
		job_free(e, job);
	}
}
