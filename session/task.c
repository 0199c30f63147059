/*
 * task.c - what must be done once: disconnects, timers, collected acks
 *
 * A task is counted before it runs and ends with its effects, in one
 * transaction: TRY in one turn, the call, DONE and the effects in the next.  A
 * process that dies in between leaves a lease that runs out.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "session/engine_private.h"

enum { TASKS_PER_TURN = 32, LEASE_MS = 30000 };

static void
job_free(struct job *job)
{
	arena_free(&job->arena);
	free(job);
}

static void
job_add(void *arg, const struct task *task)
{
	struct engine *e = arg;
	struct job *job, **at = &e->jobs;

	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->task.n == task->n)
			return;
	job = mem_alloc(sizeof(*job));
	job->task = *task;
	job->task.nsp = arena_dup(&job->arena, task->nsp);
	job->task.name = arena_dup(&job->arena, task->name);
	job->task.context = arena_dup(&job->arena, task->context);
	job->task.socket_id = arena_dup(&job->arena, task->socket_id);
	job->task.user = arena_dup(&job->arena, task->user);
	job->task.data = arena_dup(&job->arena, task->data);
	job->task.info = arena_dup(&job->arena, task->info);
	job->task.attachments = arena_dup(&job->arena, task->attachments);
	*at = job;
}

static void
job_try(struct engine *e, struct job *job)
{
	job->op = turn_add(&e->turn, OP_TASK_TRY, NULL);
	job->op->u.task.task = job->task.n;
	job->op->u.task.lease_ms = LEASE_MS;
}

static struct app_call
job_call(struct engine *e, const struct job *job)
{
	const struct task *task = &job->task;
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
		call.kind = APP_CONNECT;
		call.auth = task->context;
		break;
	case TASK_EVENT:
		call.kind = APP_EVENT;
		call.args = task->context;
		call.attachments = task->attachments;
		call.wants_ack = task->ack.p != NULL;
		break;
	}
	return call;
}

/* Leased: the call, and its effects behind the task's end. */
static void
job_run(struct engine *e, struct job *job)
{
	struct effects effects = { NULL, NULL, 0 };
	struct app_call call = job_call(e, job);
	uint64_t *socket = arena_alloc(&e->arena, sizeof(*socket));
	struct author author = {
		.nsp = arena_dup(&e->arena, call.nsp),
		.id = arena_dup(&e->arena, call.id),
	};
	enum rc rc;

	*socket = job->task.socket;
	if (*socket != 0)
		author.socket = socket;
	author.gate = turn_add(&e->turn, OP_TASK_DONE, NULL);
	author.gate->u.task.task = job->task.n;
	rc = e->app.call(e->app.arg, &call, &effects);
	if (rc == RC_OK)
		effects_apply(e, &effects, &author);
	job->op = author.gate;
}

void
task_collect(struct engine *e)
{
	struct job *job;

	if (e->look_for_tasks && e->jobs == NULL) {
		e->look_for_tasks = false;
		store_tasks(e->store, 0, TASKS_PER_TURN, &e->arena, job_add, e);
	}
	for (job = e->jobs; job != NULL; job = job->next) {
		if (job->is_leased)
			job_run(e, job);
		else
			job_try(e, job);
	}
}

void
task_settle(struct engine *e)
{
	struct job *job, **at = &e->jobs;
	bool keep;

	while ((job = *at) != NULL) {
		if (job->op == NULL) {
			at = &job->next;
			continue;
		}
		keep = !job->is_leased && job->op->rc == RC_OK;
		if (job->op->rc == RC_TOO_BIG)
			log_error("session", "task set aside n=%" PRIu64
			    " kind=%d name=%.*s attempts=%u", job->task.n,
			    (int)job->task.kind, SLICE_ARGS(job->task.name),
			    job->task.attempts);
		job->is_leased = true;
		job->op = NULL;
		if (keep) {
			at = &job->next;
			continue;
		}
		*at = job->next;
		job_free(job);
		e->look_for_tasks = true;
	}
}

void
task_forget(struct engine *e)
{
	struct job *job;

	while ((job = e->jobs) != NULL) {
		e->jobs = job->next;
		job_free(job);
	}
	e->look_for_tasks = true;
}
