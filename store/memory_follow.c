/*
 * memory_follow.c - sessions that are connections: probed, taken over, followed
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>

#include "store/memory_private.h"

/* ---- owning ------------------------------------------------------------------ */

void
memory_own_session(struct memory *m, struct mem_session *s, uint64_t ticket)
{
	s->holder = m->worker;
	s->ticket = ticket;
	s->claim_seq = m->town->seq;
}

void
memory_prove(struct mem_session *s, int64_t proved)
{
	if (proved <= s->prev)
		return;
	if (proved > s->cursor)
		s->cursor = proved;
	if (proved >= s->cursor)
		memory_receipt(s);
	else
		s->prev = proved;
}

static enum rc
owner_check(const struct memory *m, const struct mem_session *s, uint64_t ticket)
{
	if (s == NULL)
		return RC_GONE;
	return s->row.transport != 0 && memory_claim_is_own(m, s, ticket) ? RC_OK :
	    RC_CLASH;
}

void
memory_op_prove(struct memory *m, struct store_op *op)
{
	struct mem_session *s = memory_session_get(m->town, op->u.prove.session);

	if ((op->rc = owner_check(m, s, op->u.prove.ticket)) == RC_OK)
		memory_prove(s, op->u.prove.proved);
}

/* ---- probing ------------------------------------------------------------------ */

static bool
is_own_probe(const struct memory *m, const struct mem_session *s, uint64_t ticket)
{
	return s->prober == m->worker && s->probe_ticket == ticket;
}

static void
probe_drop(struct mem_session *s)
{
	s->prober = 0;
	s->probe_ticket = 0;
}

static enum rc
probe_begin(struct memory *m, struct mem_session *s, uint64_t ticket)
{
	if (s->row.transport != 0 || s->row.closing || (s->prober != 0 &&
	    memory_worker_lives(m->town, s->prober)))
		return RC_CLASH;
	s->prober = m->worker;
	s->probe_ticket = ticket;
	return RC_OK;
}

static void
poll_end(struct memory *m, struct mem_session *s, char answer)
{
	if (memory_is_claimed(m->town, s))
		memory_tell_poll(m, s, answer);
	else
		memory_drop_claim(s);
}

void
memory_op_probe(struct memory *m, struct store_op *op)
{
	struct mem_session *s = memory_session_get(m->town, op->u.probe.session);

	if (s == NULL)
		op->rc = RC_GONE;
	else if (op->u.probe.step == PROBE_BEGIN)
		op->rc = probe_begin(m, s, op->u.probe.ticket);
	else if (!is_own_probe(m, s, op->u.probe.ticket))
		op->rc = RC_CLASH;
	else if (op->u.probe.step == PROBE_END)
		probe_drop(s);
	else
		poll_end(m, s, '6');
}

void
memory_op_upgrade(struct memory *m, struct store_op *op)
{
	struct mem_session *s = memory_session_get(m->town, op->u.upgrade.session);
	struct mem_socket *k;

	if (s == NULL || s->row.closing ||
	    !is_own_probe(m, s, op->u.upgrade.ticket)) {
		op->rc = s == NULL ? RC_GONE : RC_CLASH;
		return;
	}
	probe_drop(s);
	poll_end(m, s, '1');
	memory_receipt(s);
	s->row.transport = op->u.upgrade.transport;
	for (k = m->town->sockets; k != NULL; k = k->hh.next)
		if (k->session == s->n)
			k->transport = s->row.transport;
	s->row.version++;
	s->t[0] = s->row.last_post[0] = '\0';
	s->row.ping_open = false;
	memory_own_session(m, s, op->u.upgrade.ticket);
	op->u.upgrade.cursor_r = s->cursor;
	op->u.upgrade.pinged_r = s->row.ping_boot;
}

/* ---- following ----------------------------------------------------------------- */

void
memory_op_follow(struct memory *m, struct store_op *op)
{
	struct mem_session *s = memory_session_get(m->town, op->u.follow.session);
	struct mem_drain d = { .max_records = op->u.follow.max_records,
		.max_bytes = op->u.follow.max_bytes };

	if ((op->rc = owner_check(m, s, op->u.follow.ticket)) != RC_OK)
		return;
	d.volatile_after = s->claim_seq;
	if (op->u.follow.from > s->cursor)
		s->cursor = op->u.follow.from;
	if (op->u.follow.proved > 0)
		memory_prove(s, op->u.follow.proved);
	if (memory_is_below_floor(m->town, s)) {
		memory_drop_claim(s);
		memory_session_end(m, s, "transport close", '1', false);
		op->rc = RC_GONE;
		return;
	}
	memory_drain(m, s, &d);
	op->u.follow.cursor_r = s->cursor;
	op->u.follow.batch_r = d.batch;
	op->u.follow.outcome_r = d.batch.n > 0 ? POLL_BATCH : POLL_PARKED;
	if (d.is_close) {
		op->u.follow.outcome_r = POLL_END;
		memory_drop_claim(s);
		memory_session_end(m, s, "transport close", '1', false);
	}
}

/* ---- who must know ---------------------------------------------------------------- */

void
memory_changed_tell(struct memory *m)
{
	const struct mem_session *s;
	struct buf others = BUF_INIT;
	uint64_t session;
	size_t i;

	for (i = 0; i < changed_count(&m->changed); i++) {
		session = changed_get(&m->changed, i);
		s = memory_session_get(m->town, session);
		if (s == NULL || s->row.transport == 0 ||
		    !memory_is_claimed(m->town, s))
			continue;
		if (s->holder == m->worker)
			changed_add(&m->own_changed, session);
		else
			buf_printf(&others, "%c%" PRIu64, others.n == 0 ? '[' : ',',
			    session);
	}
	buf_reset(&m->changed.numbers);
	if (others.n != 0) {
		buf_char(&others, ']');
		memory_tell_members(m, buf_slice(&others));
	}
	buf_free(&others);
}
