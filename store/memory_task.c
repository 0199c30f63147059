/*
 * memory_task.c - tasks and timers
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "store/memory_private.h"

/* ---- tasks ------------------------------------------------------------------------ */

void
memory_task_add(struct memory *m, enum task_kind kind, struct slice nsp,
    struct slice name, struct slice context, const struct mem_socket *k,
    struct slice data, struct slice attachments)
{
	struct mem_task *t = mem_alloc(sizeof(*t));
	const struct mem_session *s;

	t->task.n = ++m->town->task_n;
	t->task.kind = kind;
	t->task.nsp = memory_own(nsp);
	t->task.name = memory_own(name);
	t->task.context = memory_own(context);
	t->task.data = memory_own(data);
	t->task.attachments = memory_own(attachments);
	if (k != NULL) {
		s = memory_session_get(m->town, k->session);
		t->task.socket = k->n;
		t->task.socket_id = memory_own(slice_str(k->id));
		t->task.user = memory_own(k->user);
		t->task.info = memory_own(s == NULL ? k->info : s->row.info);
		if (kind != TASK_ACK) {
			memory_disown(&t->task.data);
			t->task.data = memory_own(k->data);
		}
	}
	DL_APPEND(m->town->tasks, t);
}

static void
task_free(struct town *town, struct mem_task *t)
{
	DL_DELETE(town->tasks, t);
	memory_disown(&t->task.nsp);
	memory_disown(&t->task.name);
	memory_disown(&t->task.context);
	memory_disown(&t->task.socket_id);
	memory_disown(&t->task.user);
	memory_disown(&t->task.data);
	memory_disown(&t->task.attachments);
	memory_disown(&t->task.info);
	free(t);
}

static struct mem_task *
task_get(struct town *town, uint64_t n)
{
	struct mem_task *t;

	DL_FOREACH(town->tasks, t)
		if (t->task.n == n)
			return t;
	return NULL;
}

static bool
is_worked_at(const struct memory *m, const struct mem_task *t)
{
	return t->holder != 0 && t->lease_boot > clock_boot(m->store.clock) &&
	    memory_worker_lives(m->town, t->holder);
}

void
memory_op_task_try(struct memory *m, struct store_op *op)
{
	struct mem_task *t = task_get(m->town, op->u.task.task);

	if (t == NULL) {
		op->rc = RC_GONE;
	} else if (t->is_aside) {
		op->rc = RC_TOO_BIG;
	} else if (is_worked_at(m, t)) {
		op->rc = RC_CLASH;
	} else if (t->task.attempts >= TASK_ATTEMPTS) {
		t->is_aside = true;
		op->rc = RC_TOO_BIG;
	} else {
		t->task.attempts++;
		t->holder = m->worker;
		t->lease_boot = m->boot + op->u.task.lease_ms;
	}
}

void
memory_op_task_done(struct memory *m, struct store_op *op)
{
	struct mem_task *t = task_get(m->town, op->u.task.task);

	if (t == NULL)
		op->rc = RC_GONE;
	else if (t->holder != m->worker && is_worked_at(m, t))
		op->rc = RC_CLASH;
	else
		task_free(m->town, t);
}

/* A timer sees its socket as it is, not as it was when the timer was due. */
static void
refresh(struct memory *m, struct task *task)
{
	const struct mem_socket *k = memory_socket_get(m->town, task->socket);
	const struct mem_session *s;

	if (task->kind != TASK_TIMER || k == NULL)
		return;
	s = memory_session_get(m->town, k->session);
	task->user = k->user;
	task->data = k->data;
	task->info = s == NULL ? k->info : s->row.info;
}

enum rc
memory_tasks(struct store *store, size_t limit, struct arena *arena,
    store_task_fn *visit, void *arg)
{
	struct memory *m = memory_of(store);
	enum rc rc = RC_NONE;
	struct mem_task *t;
	struct task copy;

	DL_FOREACH(m->town->tasks, t) {
		if (t->is_aside || limit == 0 || is_worked_at(m, t))
			continue;
		copy = t->task;
		refresh(m, &copy);
		copy.nsp = arena_dup(arena, copy.nsp);
		copy.name = arena_dup(arena, copy.name);
		copy.context = arena_dup(arena, copy.context);
		copy.socket_id = arena_dup(arena, copy.socket_id);
		copy.user = arena_dup(arena, copy.user);
		copy.data = arena_dup(arena, copy.data);
		copy.info = arena_dup(arena, copy.info);
		copy.attachments = arena_dup(arena, copy.attachments);
		visit(arg, &copy);
		limit--;
		rc = RC_OK;
	}
	return rc;
}

/* ---- timers ------------------------------------------------------------------------- */

static void
timer_free(struct town *town, struct mem_timer *t)
{
	DL_DELETE(town->timers, t);
	memory_disown(&t->nsp);
	memory_disown(&t->name);
	memory_disown(&t->context);
	free(t);
}

void
memory_op_timer(struct memory *m, struct store_op *op)
{
	uint64_t socket = op->u.timer.socket == NULL ? 0 : *op->u.timer.socket;
	struct mem_timer *t, *same = NULL;
	int64_t others = 0;

	if (socket != 0 && memory_socket_get(m->town, socket) == NULL) {
		op->rc = RC_GONE;
		return;
	}
	DL_FOREACH(m->town->timers, t) {
		if (t->socket != socket || !slice_eq(t->nsp, op->u.timer.nsp))
			continue;
		if (slice_eq(t->name, op->u.timer.name))
			same = t;
		else
			others++;
	}
	if (op->u.timer.after_ms >= 0 && op->u.timer.max > 0 &&
	    others >= op->u.timer.max) {
		op->rc = RC_TOO_BIG;
		return;
	}
	if (same != NULL)
		timer_free(m->town, same);
	if (op->u.timer.after_ms < 0)
		return;
	t = mem_alloc(sizeof(*t));
	t->nsp = memory_own(op->u.timer.nsp);
	t->name = memory_own(op->u.timer.name);
	t->context = memory_own(op->u.timer.context);
	t->socket = socket;
	t->due = m->wall + op->u.timer.after_ms;
	t->every_ms = op->u.timer.every_ms;
	DL_APPEND(m->town->timers, t);
}

/* The one that is due first. */
static struct mem_timer *
timer_first(struct town *town)
{
	struct mem_timer *t, *first = NULL;

	DL_FOREACH(town->timers, t)
		if (first == NULL || t->due < first->due)
			first = t;
	return first;
}

size_t
memory_timers_fire(struct memory *m, size_t limit)
{
	struct mem_timer *t;
	size_t n = 0;

	while (n < limit && (t = timer_first(m->town)) != NULL && t->due <= m->wall) {
		memory_task_add(m, TASK_TIMER, t->nsp, t->name, t->context,
		    memory_socket_get(m->town, t->socket), SLICE_NONE, SLICE_NONE);
		if (t->every_ms > 0)    /* all that were missed fire once */
			t->due += ((m->wall - t->due) / t->every_ms + 1) * t->every_ms;
		else
			timer_free(m->town, t);
		n++;
	}
	return n;
}

void
memory_timers_end(struct town *town, uint64_t socket)
{
	struct mem_timer *t, *next;

	DL_FOREACH_SAFE(town->timers, t, next)
		if (t->socket == socket)
			timer_free(town, t);
}

void
memory_tasks_free(struct town *town)
{
	while (town->tasks != NULL)
		task_free(town, town->tasks);
	while (town->timers != NULL)
		timer_free(town, town->timers);
}
