/*
 * memory_janitor.c - what is due, in small steps
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/memory_private.h"

static size_t
end_dead_sessions(struct memory *m, size_t limit)
{
	struct mem_session *s, *next;
	size_t n = 0;

	for (s = m->town->sessions; s != NULL && n < limit; s = next) {
		next = s->hh.next;
		if (memory_is_orphan(m->town, s)) {
			memory_session_end(m, s, "transport close", '1', true);
			n++;
			continue;
		}
		if ((s->row.closing && s->row.transport == 0 ?
		    s->closing_boot + CLOSE_WAIT_MS :
		    memory_session_dead(m, s)) > m->boot)
			continue;
		memory_session_end(m, s, "ping timeout", '1', true);
		n++;
	}
	return n;
}

static size_t
forget_gone_sockets(struct memory *m, size_t limit)
{
	struct mem_socket *k, *next;
	size_t n = 0;

	for (k = m->town->sockets; k != NULL && n < limit; k = next) {
		next = k->hh.next;
		if (k->gone_wall == 0 || k->gone_wall + m->conf.recovery_ms > m->wall)
			continue;
		memory_socket_forget(m->town, k);
		n++;
	}
	return n;
}

static size_t
drop_void_claims(struct memory *m, size_t limit)
{
	struct mem_session *s;
	size_t n = 0;

	for (s = m->town->sessions; s != NULL && n < limit; s = s->hh.next)
		if (s->holder != 0 && !memory_is_claimed(m->town, s)) {
			memory_drop_claim(s);
			s->t[0] = '\0';         /* it was never answered */
			n++;
		}
	return n;
}

/* Each returns how many rows it worked at. */
static size_t (*const chores[])(struct memory *m, size_t limit) = {
	end_dead_sessions, forget_gone_sockets, memory_timers_fire,
	memory_questions_time_out, drop_void_claims, memory_values_end, memory_presences_end,
	memory_trim_kept, memory_trim,
};

static int64_t
next_due(const struct town *town)
{
	const struct mem_timer *t;
	const struct question *q;
	int64_t due = 0;

	DL_FOREACH(town->timers, t)
		if (due == 0 || t->due < due)
			due = t->due;
	DL_FOREACH(town->questions, q)
		if (!q->is_done && (due == 0 || q->due < due))
			due = q->due;
	return due;
}

void
memory_op_janitor(struct memory *m, struct store_op *op)
{
	size_t i, left = op->u.janitor.limit;

	for (i = 0; i < sizeof(chores) / sizeof(*chores); i++)
		left -= chores[i](m, left);
	op->u.janitor.next_due_r = next_due(m->town);
	if (left == 0)
		op->rc = RC_AGAIN;
}
