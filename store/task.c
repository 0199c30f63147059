/*
 * task.c - what a task is, the same for every driver
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/mem.h"
#include "store/driver.h"

enum { TASK_OVERHEAD = 64 };

struct slice *
task_slice(struct task *t, size_t i)
{
	struct slice *slices[] = { &t->nsp, &t->name, &t->context, &t->socket_id,
	    &t->user, &t->data, &t->info, &t->attachments, &t->ack, &t->says,
	    &t->pid, &t->rooms };

	return i < N_ELEMENTS(slices) ? slices[i] : NULL;
}

bool
task_is_live(const struct task *t)
{
	return t->socket != 0 && (t->kind == TASK_TIMER || t->kind == TASK_EVENT ||
	    t->kind == TASK_RETURN || t->kind == TASK_SAID);
}

int64_t
task_bytes(const struct task *t)
{
	return TASK_OVERHEAD + (int64_t)(t->name.n + t->context.n +
	    t->attachments.n + t->says.n);
}

struct task
task_of_op(const struct store_op *op)
{
	return (struct task){
		.kind = op->u.task_add.kind,
		.session = op->u.task_add.opened != NULL ? *op->u.task_add.opened :
		    op->u.task_add.session,
		.socket = op->u.task_add.socket != NULL ? *op->u.task_add.socket : 0,
		.nsp = op->u.task_add.nsp,
		.name = op->u.task_add.name,
		.context = op->u.task_add.context,
		.socket_id = op->u.task_add.socket_id,
		.attachments = op->u.task_add.attachments,
		.ack = op->u.task_add.ack,
		.says = op->u.task_add.says,
		.pid = op->u.task_add.pid,
		.info = op->u.task_add.info,
		.generation = op->u.task_add.generation,
		.transport = op->u.task_add.transport,
	};
}

bool
inbox_has_room(const struct store_op *op, int64_t n, int64_t bytes)
{
	return n == 0 || ((op->u.receive.max_inbox == 0 ||
	    n + op->u.receive.inbox_n <= op->u.receive.max_inbox) &&
	    (op->u.receive.max_inbox_bytes == 0 ||
	    bytes + op->u.receive.inbox_bytes <= op->u.receive.max_inbox_bytes));
}

struct slice
store_lane_key(struct arena *arena, uint64_t lane)
{
	return arena_printf(arena, LANE_KEY "%llu", (unsigned long long)lane);
}
