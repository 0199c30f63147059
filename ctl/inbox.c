/*
 * inbox.c - what waits for an application, and what was set aside
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "ctl/command.h"
#include "store/store.h"

static const char *const kinds[TASK_KINDS] = {
	[TASK_DISCONNECT] = "disconnect", [TASK_TIMER] = "timer", [TASK_ACK] = "ack",
	[TASK_CONNECT] = "connect", [TASK_EVENT] = "event", [TASK_RETURN] = "return",
	[TASK_SAID] = "said",
};

struct walk {
	struct ctl *ctl;
	struct buf out;
	int64_t n;
	uint64_t last;
	struct turn *turn;              /* what is done with those set aside; or NULL */
	bool drops;
};

static void
task_show(void *arg, const struct task *task)
{
	struct walk *walk = arg;
	int64_t age = clock_wall(&clock_system) - task->at_wall;
	struct buf *out = &walk->out;

	walk->last = task->n;
	buf_str(out, !walk->ctl->json ? "\n" : walk->n == 0 ? "" : ",");
	walk->n++;
	if (!walk->ctl->json) {
		buf_printf(out, "%8" PRIu64 "  %-10s %-12.*s %-20.*s %8u %8" PRId64 "  %s",
		    task->n, kinds[task->kind], SLICE_ARGS(task->nsp),
		    SLICE_ARGS(task->name), task->attempts, age / 1000,
		    task->is_aside ? "aside" : "");
		return;
	}
	buf_printf(out, "{\"n\":%" PRIu64 ",\"kind\":\"%s\",\"nsp\":", task->n,
	    kinds[task->kind]);
	json_quote(out, task->nsp);
	buf_str(out, ",\"name\":");
	json_quote(out, task->name);
	buf_str(out, ",\"socket\":");
	json_quote(out, task->socket_id);
	buf_printf(out, ",\"attempts\":%u,\"age_ms\":%" PRId64 ",\"aside\":%s}",
	    task->attempts, age, task->is_aside ? "true" : "false");
}

static int
list(struct ctl *ctl)
{
	struct walk walk = { .ctl = ctl };

	buf_str(&walk.out, ctl->json ? "[" :
	    "       n  kind       namespace    name                 attempts   age(s)");
	store_tasks_all(ctl->store, 0, (size_t)ctl->limit, &ctl->arena, task_show, &walk);
	if (ctl->json)
		buf_char(&walk.out, ']');
	ctl_print(&walk.out);
	buf_free(&walk.out);
	return walk.n == 0 ? EXIT_NOBODY : EXIT_DONE;
}

static void
task_do(struct walk *walk, uint64_t n)
{
	struct store_op *op = turn_add(walk->turn,
	    walk->drops ? OP_TASK_DONE : OP_TASK_AGAIN, NULL);

	if (walk->drops) {
		op->u.task.task = n;
	} else {
		op->u.task_again.task = n;
		op->u.task_again.afresh = true;
	}
}

static void
aside_do(void *arg, const struct task *task)
{
	if (task->is_aside)
		task_do(arg, task->n);
}

static int
change(struct ctl *ctl, bool drops, const char *which)
{
	struct turn turn;
	struct walk walk = { .ctl = ctl, .turn = &turn, .drops = drops };
	const struct store_op *op;
	int64_t n = 0;
	enum rc rc;

	turn_init(&turn, &ctl->arena);
	if (strcmp(which, "all") == 0)
		store_tasks_all(ctl->store, 0, SIZE_MAX, &ctl->arena, aside_do, &walk);
	else if (slice_int64(slice_str(which), &n) && n > 0)
		task_do(&walk, (uint64_t)n);
	else
		return ctl_fail(EXIT_WRONG_USAGE, "'%s' is neither a number nor all", which);
	if (turn.n == 0)
		return ctl_fail(EXIT_NOBODY, "nothing is set aside");
	while ((rc = store_commit(ctl->store, &turn)) == RC_AGAIN)
		continue;
	if (rc != RC_OK)
		return ctl_fail(EXIT_FAILED, "%s", store_error(ctl->store));
	for (n = 0, op = turn.first; op != NULL; op = op->next)
		n += op->rc == RC_OK;
	if (n == 0)
		return ctl_fail(EXIT_NOBODY, "there is no such task, or it is worked at");
	printf(ctl->json ? "{\"%2$s\":%1$lld}\n" : "%lld %s\n", (long long)n,
	    drops ? "dropped" : "tried again");
	return EXIT_DONE;
}

int
command_inbox(struct ctl *ctl)
{
	const char *verb = ctl->argc == 0 ? "list" : ctl->argv[0];

	if (strcmp(verb, "list") == 0 && ctl->argc < 2)
		return list(ctl);
	if (strcmp(verb, "retry") == 0)
		return change(ctl, false, ctl->argc < 2 ? "all" : ctl->argv[1]);
	if (strcmp(verb, "drop") == 0 && ctl->argc == 2)
		return change(ctl, true, ctl->argv[1]);
	return ctl_fail(EXIT_WRONG_USAGE, "usage: siogate inbox [list | retry [N] | "
	    "drop N|all]");
}
