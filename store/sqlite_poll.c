/*
 * sqlite_poll.c - a GET: what waits is taken, or the poll is claimed
 *
 * Claim and drain are one transaction, so nothing falls between "nothing waits"
 * and "I am waiting".  A claim is released in the transaction that decides the
 * answer, before it is written to the client.
 *
 * A browser sends a request again when its connection dies before the first
 * header; it carries the same `t`.  Parked: it takes the claim over.  Answered
 * already: it is served again from prev.  A `t` that is new proves that the last
 * answer has arrived.
 *
 * Clients that poll on in the same session whatever was lost (SESSION_POLLS_ON) are
 * served again from prev also when the answer is known to be lost: the process
 * could not write it (OP_LOST), or was killed after it had taken the batch.
 *
 * Must stay true:
 *   - the cursor moves only with an answer or while nothing lies behind it
 *   - prev is the cursor before the last answer
 *   - a volatile record reaches a claim older than itself, nobody else
 *   - with no holder, ticket and claim_seq tell who gave the last batch
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/log.h"
#include "store/sqlite_private.h"

/* ---- whose turn it is ------------------------------------------------------ */

enum meeting {
	MEETS_NOBODY,           /* a new poll */
	MEETS_ITSELF,           /* asks for the parked one again (u.poll.again) */
	MEETS_ANSWERED,         /* a resend of the last answered poll */
	MEETS_LOST              /* a new one, whose last answer nobody got */
};

bool
claim_is_own(const struct sqlite *db, const struct live *l, uint64_t ticket)
{
	return l->holder != 0 && l->holder == worker_self(db->workers) &&
	    l->ticket == (int64_t)ticket;
}

/* A batch went out with this ticket; by whom, in case it gets lost. */
static void
answer_note(struct sqlite *db, struct live *l, uint64_t ticket)
{
	if (!live_has(l, SESSION_POLLS_ON))
		return;
	l->ticket = (int64_t)ticket;
	l->claim_seq = worker_here(db);
}

static bool
is_answer_lost(struct sqlite *db, const struct live *l)
{
	return l->holder == 0 && l->claim_seq != 0 &&
	    live_has(l, SESSION_POLLS_ON) &&
	    worker_was_killed(db->workers, l->claim_seq);
}

/* RC_OK: go on.  RC_CLASH: lost, or overlapped and the session has ended. */
static enum rc
poll_meet(struct sqlite *db, struct live *l, struct store_op *op, const char *t,
    enum meeting *meets_r)
{
	bool same = t[0] != '\0' && strcmp(t, l->t) == 0;

	*meets_r = MEETS_NOBODY;
	if (op->u.poll.again) {
		*meets_r = MEETS_ITSELF;
		return claim_is_own(db, l, op->u.poll.ticket) ? RC_OK : RC_CLASH;
	}
	if (l->holder == 0) {
		if (same)
			*meets_r = MEETS_ANSWERED;
		else if (is_answer_lost(db, l))
			*meets_r = MEETS_LOST;
		return RC_OK;
	}
	if (!live_is_claimed(db, l)) {
		live_drop_claim(db, l);
		return RC_OK;
	}
	if (!same && !op->u.poll.takeover) {
		session_end(db, l, "transport error", '1', true);
		return RC_CLASH;
	}
	wake_holder(db, l->holder);
	live_drop_claim(db, l);
	return RC_OK;
}

void
live_receipt(struct sqlite *db, struct live *l)
{
	l->prev = l->cursor;
	if ((l->flags & (LIVE_TIDY | LIVE_REPLAY)) == LIVE_TIDY)
		member_tidy(db, l, l->cursor);
	if ((l->flags & LIVE_REPLAY) == 0)
		return;
	sql_do(db, SQL_REPLAY_KEEP, "i", (int64_t)l->session);
	sql_do(db, SQL_REPLAY_DONE, "ii", (int64_t)l->session, l->cursor);
	if (sql_int(db, 0, SQL_REPLAY_COUNT, "i", (int64_t)l->session) == 0)
		l->flags &= ~(unsigned)LIVE_REPLAY;
}

static void
poll_rewind(struct sqlite *db, struct live *l)
{
	l->cursor = l->prev;
	if ((l->flags & LIVE_REPLAY) != 0)
		sql_do(db, SQL_REPLAY_BACK, "i", (int64_t)l->session);
}

/* ---- what it brings ---------------------------------------------------------- */

static void
ping_said(struct sqlite *db, struct live *l)
{
	if ((l->flags & LIVE_CLOSING) != 0)
		return;                 /* ping is when it began to close */
	l->ping = db->boot;
	l->flags |= LIVE_PING_OPEN | LIVE_SAID_PING;
}

static void
poll_park(struct sqlite *db, struct live *l, struct store_op *op)
{
	holder me = worker_here(db);

	if (me == 0)
		return;
	op->u.poll.outcome_r = POLL_PARKED;
	l->prev = l->cursor;            /* nothing was there for it */
	if (l->holder == 0) {
		worker_say_busy(db->workers, true);
		db->claims++;
		l->claim_seq = db->state.seq;
	}
	l->holder = me;
	l->ticket = (int64_t)op->u.poll.ticket;
}

bool
live_is_within_log(struct sqlite *db, const struct live *l)
{
	int64_t from = l->cursor, replay;

	if ((l->flags & LIVE_REPLAY) != 0 && (replay = sql_int(db, from,
	    SQL_REPLAY_OPEN, "i", (int64_t)l->session)) < from)
		from = replay;
	return from >= db->state.floor - 1;
}

/* What is known when neither record nor ping nor close is due. */
static void
poll_decide(struct sqlite *db, struct live *l, struct store_op *op,
    struct drain *d)
{
	int64_t ping = live_ping_due(db, l);

	if (d->is_close) {
		op->u.poll.outcome_r = POLL_END;
		live_drop_claim(db, l);
		session_end(db, l, "transport close", '1', false);
		return;
	}
	l->cursor = d->upto;
	if (d->batch.n > 0) {
		op->u.poll.outcome_r = POLL_BATCH;
		op->u.poll.batch_r = d->batch;
		live_drop_claim(db, l);
		answer_note(db, l, op->u.poll.ticket);
		l->flags &= ~(unsigned)LIVE_SAID_PING;
	} else if (ping != 0 && ping <= db->boot) {
		op->u.poll.outcome_r = POLL_PING;
		live_drop_claim(db, l);
		ping_said(db, l);
	} else
		poll_park(db, l, op);
}

void
op_poll(struct sqlite *db, struct store_op *op)
{
	struct live *l = live_get(db, op->u.poll.session);
	struct drain d = { .max_records = op->u.poll.max_records,
	    .max_bytes = op->u.poll.max_bytes, .volatile_after = INT64_MAX };
	enum meeting meets;
	char t[24];

	if (l == NULL || l->transport != 0) {
		op->rc = l == NULL ? RC_GONE : RC_NONE;
		return;
	}
	live_t(db, op->u.poll.t, t);
	if ((op->rc = poll_meet(db, l, op, t, &meets)) != RC_OK)
		return;
	live_touch(l);
	if (meets == MEETS_ITSELF) {
		d.volatile_after = l->claim_seq;
	} else {
		l->heard = db->boot;
		memcpy(l->t, t, sizeof(t));
		if (meets == MEETS_ANSWERED || meets == MEETS_LOST)
			poll_rewind(db, l);
		else
			live_receipt(db, l);
	}
	if (!live_is_within_log(db, l)) {
		log_warn("store", "session=%llu ends: the log does not reach back to it",
		    (unsigned long long)l->session);
		session_end(db, l, "transport close", '1', false);
		op->rc = RC_GONE;
		return;
	}
	op->u.poll.is_resend_r = meets == MEETS_ANSWERED || meets == MEETS_LOST;
	if (meets == MEETS_ANSWERED && (l->flags & LIVE_SAID_PING) != 0 &&
	    (l->flags & LIVE_PING_OPEN) != 0) {
		op->u.poll.outcome_r = POLL_PING;       /* it was lost */
		d.upto = l->cursor;
	} else {
		drain_session(db, l, &d);
		poll_decide(db, l, op, &d);
	}
	op->u.poll.cursor_r = d.upto;
	op->u.poll.ping_due_r = live_ping_due(db, l);
	op->u.poll.dead_r = live_dead(db, l);
}

/* ---- a parked poll ------------------------------------------------------------ */

/* RC_AGAIN: a socket came back meanwhile, its replay goes first. */
static enum rc
deliver_check(struct sqlite *db, struct store_op *op, struct live *l)
{
	if (l == NULL)
		return RC_GONE;
	if (!claim_is_own(db, l, op->u.deliver.ticket))
		return RC_CLASH;
	if (op->u.deliver.upto > 0 && (l->flags & LIVE_REPLAY) != 0 &&
	    sql_int(db, -1, SQL_REPLAY_OPEN, "i", (int64_t)l->session) >= 0)
		return RC_AGAIN;
	return RC_OK;
}

void
op_deliver(struct sqlite *db, struct store_op *op)
{
	struct live *l = live_get(db, op->u.deliver.session);

	if ((op->rc = deliver_check(db, op, l)) != RC_OK)
		return;
	live_drop_claim(db, l);
	if (op->u.deliver.end) {
		session_end(db, l, "transport close", '1', false);
		return;
	}
	l->prev = l->cursor;
	if (op->u.deliver.upto > l->cursor) {
		l->cursor = op->u.deliver.upto;
		answer_note(db, l, op->u.deliver.ticket);
	}
	l->flags &= ~(unsigned)LIVE_SAID_PING;
	if (op->u.deliver.ping)
		ping_said(db, l);
}

void
op_release(struct sqlite *db, struct store_op *op)
{
	struct live *l = live_get(db, op->u.release.session);

	if (l == NULL)
		op->rc = RC_GONE;
	else if (!claim_is_own(db, l, op->u.release.ticket))
		op->rc = RC_CLASH;
	else {
		live_drop_claim(db, l);
		l->t[0] = '\0';         /* nothing was answered: no resend of it */
	}
}

void
op_lost(struct sqlite *db, struct store_op *op)
{
	struct live *l = live_get(db, op->u.release.session);

	if (l == NULL) {
		op->rc = RC_GONE;
	} else if (l->holder != 0 || !live_has(l, SESSION_POLLS_ON) ||
	    l->claim_seq == 0 || l->claim_seq != worker_self(db->workers) ||
	    l->ticket != (int64_t)op->u.release.ticket) {
		op->rc = RC_CLASH;
	} else {
		poll_rewind(db, l);
		l->ticket = l->claim_seq = 0;
		live_touch(l);
	}
}
