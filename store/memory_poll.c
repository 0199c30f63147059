/*
 * memory_poll.c - claim and drain
 *
 * Must stay true:
 *   - a poll with a new t proves that the last answer arrived: prev follows the
 *     cursor; a poll with the same t goes back to prev
 *   - so does OP_LOST; nobody is killed here (a handle that is closed has left in
 *     order)
 *   - replays are served before anything past the cursor, in the order of their
 *     CONNECT answers
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/memory_private.h"

/* False: it does not fit. */
static bool
drain_take(struct memory *m, struct mem_drain *d, const struct record *r)
{
	size_t bytes = r->data.n + r->attachments.n;

	if (d->batch.n > 0 && (d->batch.n >= d->max_records ||
	    d->bytes + bytes > d->max_bytes)) {
		d->is_full = true;
		return false;
	}
	if (d->batch.records == NULL)
		d->batch.records = arena_alloc(m->arena,
		    (d->max_records + 1) * sizeof(*d->batch.records));
	memory_record_copy(m->arena, r, &d->batch.records[d->batch.n++]);
	d->bytes += bytes;
	return true;
}

/* ---- what a session has not seen --------------------------------------------- */

static void
drain_replay(struct memory *m, const struct mem_session *s,
    struct replay *replay, struct mem_drain *d)
{
	struct mem_socket *k;
	const struct record *r;
	uint64_t n = replay->socket;

	HASH_FIND(hh, m->town->sockets, &n, sizeof(n), k);
	if (k != NULL && k->reader != s->n)
		k = NULL;               /* gone again: it returns with its own offset */
	while (replay->pos < replay->upto) {
		r = memory_record(m->town, replay->pos + 1);
		if ((r->seq == replay->upto || (k != NULL &&
		    r->kind == RECORD_EVENT && (r->flags & RECORD_VOLATILE) == 0 &&
		    memory_hears(k, r))) && !drain_take(m, d, r))
			return;
		replay->pos++;
	}
}

static bool
is_for_session(struct memory *m, const struct mem_session *s,
    const struct record *r)
{
	struct slice rest = r->channels, key;
	struct mem_socket *k;
	size_t i;

	for (i = 0; i < s->n_replays; i++)
		if (s->replays[i].upto == r->seq)
			return false;   /* its replay has it */
	if (pack_next(&rest, &key) && channel_session(key) != 0)
		return channel_session(key) == s->n;
	for (k = m->town->sockets; k != NULL; k = k->hh.next)
		if (k->reader == s->n && r->seq > k->live_from && memory_hears(k, r))
			return true;
	return false;
}

static void
drain_live(struct memory *m, struct mem_session *s, struct mem_drain *d)
{
	const struct record *r;

	for (; s->cursor < m->town->seq; s->cursor++) {
		r = memory_record(m->town, s->cursor + 1);
		if (((r->flags & RECORD_VOLATILE) != 0 && r->seq <= d->volatile_after) ||
		    r->kind == RECORD_END || !is_for_session(m, s, r))
			continue;
		if (r->kind == RECORD_CLOSE) {
			d->is_close = d->batch.n == 0;
			return;
		}
		if (!drain_take(m, d, r))
			return;
	}
}

void
memory_drain(struct memory *m, struct mem_session *s, struct mem_drain *d)
{
	size_t i;

	for (i = 0; i < s->n_replays && !d->is_full; i++)
		drain_replay(m, s, &s->replays[i], d);
	if (!d->is_full)
		drain_live(m, s, d);
}

bool
memory_is_below_floor(const struct town *town, const struct mem_session *s)
{
	size_t i;

	for (i = 0; i < s->n_replays; i++)
		if (s->replays[i].pos < s->replays[i].upto &&
		    s->replays[i].pos < town->floor - 1)
			return true;
	return s->cursor < town->floor - 1;
}

/* ---- prev ---------------------------------------------------------------------- */

/* Replays that are over, for good, go. */
void
memory_receipt(struct mem_session *s)
{
	struct replay *r;
	size_t i, n = 0;

	s->prev = s->cursor;
	s->said_ping = false;
	for (i = 0; i < s->n_replays; i++) {
		r = &s->replays[i];
		r->back = r->pos;
		if (r->pos < r->upto || s->cursor < r->upto)
			s->replays[n++] = *r;
	}
	s->n_replays = n;
}

static void
go_back(struct mem_session *s)
{
	size_t i;

	s->cursor = s->prev;
	for (i = 0; i < s->n_replays; i++)
		s->replays[i].pos = s->replays[i].back;
}

/* ---- claims ---------------------------------------------------------------------- */

void
memory_drop_claim(struct mem_session *s)
{
	s->holder = 0;
	s->ticket = 0;
	s->claim_seq = 0;
	s->teller = 0;
	s->told = 0;
}

/* A batch went out with this ticket. */
static void
note_answer(struct memory *m, struct mem_session *s, uint64_t ticket)
{
	s->teller = m->worker;
	s->told = ticket;
}

bool
memory_claim_is_own(const struct memory *m, const struct mem_session *s,
    uint64_t ticket)
{
	return s->holder == m->worker && s->ticket == ticket;
}

/* A fresh poll meets what is there.  False: the session has ended. */
static bool
meet_claim(struct memory *m, struct mem_session *s, struct store_op *op,
    const char t[24])
{
	bool is_same = t[0] != '\0' && strcmp(t, s->t) == 0;

	if (memory_is_claimed(m->town, s)) {
		if (!is_same && !op->u.poll.takeover) {
			memory_session_end(m, s, "transport error", '1', true);
			op->rc = RC_CLASH;
			return false;
		}
		memory_wake(m, s->holder);
	}
	op->u.poll.is_resend_r = is_same && s->holder == 0;     /* was answered */
	memory_drop_claim(s);
	s->row.heard_boot = m->boot;
	if (op->u.poll.is_resend_r)
		go_back(s);
	else
		memory_receipt(s);
	memcpy(s->t, t, sizeof(s->t));
	return true;
}

static void
park(struct memory *m, struct mem_session *s, struct store_op *op)
{
	if (!op->u.poll.again) {
		s->holder = m->worker;
		s->ticket = op->u.poll.ticket;
		s->claim_seq = m->town->seq;
	}
	memory_receipt(s);              /* nothing was there for it */
	op->u.poll.outcome_r = POLL_PARKED;
}

static bool
pings(const struct mem_session *s)
{
	return (s->row.traits & SESSION_PINGS_US) == 0 &&
	    ((s->row.traits & SESSION_QUIET_POLLS) == 0 || s->row.transport != 0);
}

static bool
is_ping_due(const struct memory *m, const struct mem_session *s)
{
	return m->conf.ping_interval_ms > 0 && !s->row.ping_open && pings(s) &&
	    s->row.ping_boot + m->conf.ping_interval_ms <= m->boot;
}

static void
ping(struct memory *m, struct mem_session *s)
{
	if (s->row.closing)
		return;                 /* nobody waits for its pong */
	s->row.ping_open = true;
	s->row.ping_boot = m->boot;
	s->said_ping = true;
}

/* Nothing, a batch, a ping or the end: what it comes to. */
static void
serve(struct memory *m, struct mem_session *s, struct store_op *op)
{
	struct mem_drain d = { .max_records = op->u.poll.max_records,
		.max_bytes = op->u.poll.max_bytes,
		.volatile_after = op->u.poll.again ? s->claim_seq : INT64_MAX };

	if (op->u.poll.is_resend_r && s->said_ping && s->row.ping_open) {
		op->u.poll.outcome_r = POLL_PING;
		return;
	}
	memory_drain(m, s, &d);
	op->u.poll.batch_r = d.batch;
	op->u.poll.cursor_r = s->cursor;
	if (d.is_close) {
		op->u.poll.outcome_r = POLL_END;
	} else if (d.batch.n > 0) {
		op->u.poll.outcome_r = POLL_BATCH;
	} else if (is_ping_due(m, s)) {
		op->u.poll.outcome_r = POLL_PING;
		ping(m, s);
	} else {
		park(m, s, op);
		return;
	}
	memory_drop_claim(s);
	if (d.batch.n > 0)
		note_answer(m, s, op->u.poll.ticket);
}

void
memory_op_poll(struct memory *m, struct store_op *op)
{
	struct mem_session *s = memory_session_get(m->town, op->u.poll.session);
	char t[24];

	if (s == NULL || s->row.transport != 0) {
		op->rc = s == NULL ? RC_GONE : RC_NONE;
		return;
	}
	if (op->u.poll.again && !memory_claim_is_own(m, s, op->u.poll.ticket)) {
		op->rc = RC_CLASH;
		return;
	}
	memory_t(m->town, op->u.poll.t, t);
	if (!op->u.poll.again && !meet_claim(m, s, op, t))
		return;
	if (memory_is_below_floor(m->town, s)) {
		memory_session_end(m, s, "transport close", '1', false);
		op->rc = RC_GONE;
		return;
	}
	serve(m, s, op);
	if (op->u.poll.outcome_r == POLL_END) {
		memory_session_end(m, s, "transport close", '1', false);
		return;
	}
	op->u.poll.ping_due_r = s->row.ping_open || !pings(s) ? 0 :
	    s->row.ping_boot + m->conf.ping_interval_ms;
	op->u.poll.dead_r = memory_session_dead(m, s);
}

static bool
is_replaying(const struct mem_session *s)
{
	size_t i;

	for (i = 0; i < s->n_replays; i++)
		if (s->replays[i].pos < s->replays[i].upto)
			return true;
	return false;
}

/* RC_AGAIN: a socket came back meanwhile, its replay goes first. */
void
memory_op_deliver(struct memory *m, struct store_op *op)
{
	struct mem_session *s = memory_session_get(m->town, op->u.deliver.session);

	if (s == NULL)
		op->rc = RC_GONE;
	else if (!memory_claim_is_own(m, s, op->u.deliver.ticket))
		op->rc = RC_CLASH;
	else if (op->u.deliver.upto > 0 && is_replaying(s))
		op->rc = RC_AGAIN;
	if (op->rc != RC_OK)
		return;
	memory_drop_claim(s);
	memory_receipt(s);
	if (op->u.deliver.upto > s->cursor) {
		s->cursor = op->u.deliver.upto;
		note_answer(m, s, op->u.deliver.ticket);
	}
	if (op->u.deliver.ping)
		ping(m, s);
	if (op->u.deliver.end)
		memory_session_end(m, s, "transport close", '1', false);
}

void
memory_op_release(struct memory *m, struct store_op *op)
{
	struct mem_session *s = memory_session_get(m->town, op->u.release.session);

	if (s == NULL)
		op->rc = RC_GONE;
	else if (!memory_claim_is_own(m, s, op->u.release.ticket))
		op->rc = RC_CLASH;
	else {
		memory_drop_claim(s);
		s->t[0] = '\0';         /* nothing was answered: no resend of it */
	}
}

void
memory_op_lost(struct memory *m, struct store_op *op)
{
	struct mem_session *s = memory_session_get(m->town, op->u.release.session);

	if (s == NULL)
		op->rc = RC_GONE;
	else if (s->holder != 0 || (s->row.traits & SESSION_POLLS_ON) == 0 ||
	    s->teller != m->worker ||
	    s->told != op->u.release.ticket)
		op->rc = RC_CLASH;
	else {
		go_back(s);
		memory_drop_claim(s);
	}
}
