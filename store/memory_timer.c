/*
 * memory_timer.c - appointments
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "store/memory_private.h"

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
memory_timers_free(struct town *town)
{
	while (town->timers != NULL)
		timer_free(town, town->timers);
}
