/*
 * sqlite_follow.c - sessions that are connections: probed, taken over, followed
 *
 * A session on a connection is owned: holder and ticket of its row are the worker
 * that has the socket.  That worker reads the log itself and remembers how far;
 * the cursor is not written.  What stays written is what the client is known to
 * have (prev), because a session that dies with its worker is recovered from there.
 *
 * A probe is a row beside the session, bound to a worker and a ticket, so polling
 * goes on as if there were none, and a dead worker's probe is no probe.
 *
 * Must stay true:
 *   - transport and owner change together, and only for whoever probes
 *   - a poll that was claimed when the session left polling is answered
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/log.h"
#include "store/sqlite_private.h"

/* ---- owning ---------------------------------------------------------------- */

void
live_own(struct sqlite *db, struct live *l, uint64_t ticket)
{
	holder me = worker_here(db);

	if (me == 0)
		return;
	worker_say_busy(db->workers, true);
	db->claims++;
	l->holder = me;
	l->ticket = (int64_t)ticket;
	l->claim_seq = db->state.seq;
	live_touch(l);
}

void
live_prove(struct sqlite *db, struct live *l, int64_t proved)
{
	if (proved <= l->prev)
		return;
	live_touch(l);
	if (proved > l->cursor)
		l->cursor = proved;
	if (proved >= l->cursor) {
		live_receipt(db, l);
		return;
	}
	l->prev = proved;
	if ((l->flags & (LIVE_TIDY | LIVE_REPLAY)) == LIVE_TIDY)
		member_tidy(db, l, proved);
}

static enum rc
owner_check(struct sqlite *db, const struct live *l, uint64_t ticket)
{
	if (l == NULL)
		return RC_GONE;
	return l->transport != 0 && claim_is_own(db, l, ticket) ? RC_OK : RC_CLASH;
}

void
op_prove(struct sqlite *db, struct store_op *op)
{
	struct live *l = live_get(db, op->u.prove.session);

	if ((op->rc = owner_check(db, l, op->u.prove.ticket)) == RC_OK)
		live_prove(db, l, op->u.prove.proved);
}

/* ---- probing --------------------------------------------------------------- */

static void
probe_drop(struct sqlite *db, struct live *l)
{
	sql_do(db, SQL_PROBE_DROP, "i", (int64_t)l->session);
	l->flags &= ~(unsigned)LIVE_PROBED;
	live_touch(l);
}

/* Whether a living worker probes it; own_r: that is us, with this ticket. */
static bool
is_probed(struct sqlite *db, const struct live *l, uint64_t ticket, bool *own_r)
{
	sqlite3_stmt *s;
	holder h;

	*own_r = false;
	if ((l->flags & LIVE_PROBED) == 0)
		return false;
	s = sql_open(db, SQL_PROBE_GET, "i", (int64_t)l->session);
	if (!sql_row(db, s))
		return false;
	h = col_int(s, 0);
	*own_r = h != 0 && h == worker_self(db->workers) &&
	    col_int(s, 1) == (int64_t)ticket;
	sql_end(s);
	return worker_is_alive(db->workers, h);
}

static enum rc
probe_begin(struct sqlite *db, struct live *l, uint64_t ticket)
{
	holder me = worker_here(db);
	bool own;

	if (l->transport != 0 || (l->flags & LIVE_CLOSING) != 0 ||
	    is_probed(db, l, ticket, &own))
		return RC_CLASH;
	sql_do(db, SQL_PROBE_SET, "iii", (int64_t)l->session, me, (int64_t)ticket);
	l->flags |= LIVE_PROBED;
	live_touch(l);
	return RC_OK;
}

static void
poll_end(struct sqlite *db, struct live *l, char answer)
{
	if (live_is_claimed(db, l))
		log_tell_poll(db, l, answer);
	else if (l->holder != 0)
		live_drop_claim(db, l);
}

void
op_probe(struct sqlite *db, struct store_op *op)
{
	struct live *l = live_get(db, op->u.probe.session);
	bool own;

	if (l == NULL) {
		op->rc = RC_GONE;
		return;
	}
	if (op->u.probe.step == PROBE_BEGIN) {
		op->rc = probe_begin(db, l, op->u.probe.ticket);
		return;
	}
	is_probed(db, l, op->u.probe.ticket, &own);
	if (!own)
		op->rc = RC_CLASH;
	else if (op->u.probe.step == PROBE_END)
		probe_drop(db, l);
	else
		poll_end(db, l, '6');
}

void
op_upgrade(struct sqlite *db, struct store_op *op)
{
	struct live *l = live_get(db, op->u.upgrade.session);
	bool own = false;

	if (l != NULL)
		is_probed(db, l, op->u.upgrade.ticket, &own);
	if (l == NULL || !own || (l->flags & LIVE_CLOSING) != 0) {
		op->rc = l == NULL ? RC_GONE : RC_CLASH;
		return;
	}
	probe_drop(db, l);
	poll_end(db, l, '1');
	live_receipt(db, l);
	l->transport = op->u.upgrade.transport;
	sql_do(db, SQL_SESSION_TRANSPORT, "ii", (int64_t)l->session,
	    (int64_t)l->transport);
	live_forget_sockets(db, l);
	l->version++;
	l->t[0] = l->post_t[0] = '\0';
	l->flags &= ~(unsigned)(LIVE_SAID_PING | LIVE_PING_OPEN);
	live_own(db, l, op->u.upgrade.ticket);
	op->u.upgrade.cursor_r = l->cursor;
	op->u.upgrade.pinged_r = l->ping;
}

/* ---- following --------------------------------------------------------------- */

void
op_follow(struct sqlite *db, struct store_op *op)
{
	struct live *l = live_get(db, op->u.follow.session);
	struct drain d = { .max_records = op->u.follow.max_records,
	    .max_bytes = op->u.follow.max_bytes };
	int64_t stood;

	if ((op->rc = owner_check(db, l, op->u.follow.ticket)) != RC_OK)
		return;
	d.volatile_after = l->claim_seq;
	stood = l->cursor;
	if (op->u.follow.from > l->cursor)
		l->cursor = op->u.follow.from;
	if (op->u.follow.proved > 0)
		live_prove(db, l, op->u.follow.proved);
	if (!live_is_within_log(db, l)) {
		log_warn("store", "session=%llu ends: the log does not reach back to it",
		    (unsigned long long)l->session);
		live_drop_claim(db, l);
		session_end(db, l, "transport close", '1', false);
		op->rc = RC_GONE;
		return;
	}
	drain_session(db, l, &d);
	op->u.follow.cursor_r = l->cursor = d.upto;
	op->u.follow.batch_r = d.batch;
	op->u.follow.outcome_r = d.batch.n > 0 ? POLL_BATCH : POLL_PARKED;
	if (l->cursor != stood)
		live_touch(l);
	if (d.is_close) {
		op->u.follow.outcome_r = POLL_END;
		live_drop_claim(db, l);
		session_end(db, l, "transport close", '1', false);
	}
}
