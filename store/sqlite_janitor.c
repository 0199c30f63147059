/*
 * sqlite_janitor.c - what is due, by whoever comes by
 *
 * There is no daemon.  Each loop asks now and then, and most find that another
 * process has just been here (RC_NONE).  The work itself is a turn like any other,
 * so there is nothing to hold on to: a process that stops or dies over it is
 * followed by the next.
 *
 * Sessions have no index on their deadline, which changes with every request.
 * They are walked instead, a stretch a time: a small store at every call, a large
 * one every SWEEP_MS (walking 10,000 sessions takes about 5 ms).  A process that
 * holds a poll knows its deadline and does not wait for this.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/sqlite_private.h"

enum {
	FREE_PAGES = 256,       /* so many may lie idle in the file */
	CHUNK = 64,
	EVERY_MS = 900,         /* a bit less than the tick of a loop */
	SWEEP_MS = 5000,
	STRETCH = 500           /* sessions looked at in one turn; a small store */
};

/* Numbers first: the rows change while they are walked. */
static size_t
due_numbers(struct sqlite *db, enum sql id, int64_t when, size_t limit,
    int64_t *numbers)
{
	sqlite3_stmt *s = sql_open(db, id, "ii", when, (int64_t)limit);
	size_t n = 0;

	while (sql_row(db, s))
		numbers[n++] = col_int(s, 0);
	return n;
}

static void
session_due(struct sqlite *db, int64_t n)
{
	struct live *l = live_get(db, (uint64_t)n);

	if (l == NULL || live_dead(db, l) > db->boot)
		return;
	if (live_is_orphan(db, l))
		session_end(db, l, "transport close", '1', true);
	else if ((l->flags & LIVE_CLOSING) != 0)
		session_end(db, l, "transport close", '1', false);
	else if ((l->flags & LIVE_WAS_CONNECTED) == 0)
		session_end(db, l, "transport close", '1', true);
	else
		session_end(db, l, "ping timeout", '1', true);
}

/* true: there are more to look at. */
static bool
sessions_sweep(struct sqlite *db, size_t *left)
{
	struct live l;
	int64_t dead[STRETCH];
	size_t n = 0, seen = 0;
	sqlite3_stmt *s;

	if (db->sweep_at == 0 && db->state.sessions > STRETCH &&
	    db->boot < db->state.swept + SWEEP_MS && db->boot >= db->state.swept)
		return false;
	live_flush(db);
	s = sql_open(db, SQL_LIVE_WALK, "ii", db->sweep_at, (int64_t)STRETCH);
	while (n < *left && sql_row(db, s)) {
		live_read(s, &l);
		if (live_dead(db, &l) <= db->boot)
			dead[n++] = (int64_t)l.session;
		db->sweep_at = (int64_t)l.session;
		seen++;
	}
	if (s != NULL)
		sql_end(s);
	for (size_t i = 0; i < n; i++)
		session_due(db, dead[i]);
	*left -= n;
	if (seen == STRETCH || *left == 0)
		return true;
	db->sweep_at = 0;
	if (db->state.sessions > STRETCH)
		db->state.swept = db->boot;
	return false;
}

static void
socket_due(struct sqlite *db, int64_t n)
{
	struct socket_row k;

	if (socket_load(db, (uint64_t)n, &db->scratch, &k))
		socket_forget(db, &k);
}

static const struct {
	enum sql due;
	void (*end)(struct sqlite *db, int64_t n);
	bool is_window;                 /* due + recovery window */
} duties[] = {
	{ SQL_SOCKET_OVER, socket_due, true },
	{ SQL_TIMER_DUE, timer_fire, false },
	{ SQL_QUESTION_DUE, question_time_out, false },
};

/* Returns how much of the limit is left. */
static size_t
duty_do(struct sqlite *db, size_t which, size_t left)
{
	int64_t numbers[CHUNK];
	int64_t when = db->wall - (duties[which].is_window ? db->recovery : 0);
	size_t n, chunk;

	do {
		chunk = left < CHUNK ? left : CHUNK;
		n = chunk == 0 ? 0 : due_numbers(db, duties[which].due, when, chunk,
		    numbers);
		for (size_t i = 0; i < n; i++)
			duties[which].end(db, numbers[i]);
		left -= n;
	} while (n == CHUNK && db->failed == RC_OK);
	return left;
}

/* Rows that only need to be deleted. */
static size_t
rows_over(struct sqlite *db, enum sql id, size_t left)
{
	int n;

	if (left == 0 || db->failed != RC_OK)
		return left;
	sql_do(db, id, "ii", db->wall, (int64_t)left);
	n = sqlite3_changes(db->db);
	return left - ((size_t)n < left ? (size_t)n : left);
}

/* A file that has become too big shrinks, a little at a time. */
static void
file_shrink(struct sqlite *db)
{
	sqlite3_stmt *s;

	if (sql_int(db, 0, SQL_FREE_PAGES, "") <= FREE_PAGES)
		return;
	s = sql_open(db, SQL_VACUUM_STEP, "");
	while (sql_row(db, s))
		continue;
}

void
op_janitor(struct sqlite *db, struct store_op *op)
{
	size_t left = op->u.janitor.limit;
	int64_t kept;
	bool more;

	if (turnlock_was_there(db->lock, db->boot, EVERY_MS)) {
		op->rc = RC_NONE;
		return;
	}
	more = sessions_sweep(db, &left);
	for (size_t i = 0; i < sizeof(duties) / sizeof(*duties); i++)
		left = duty_do(db, i, left);
	left = rows_over(db, SQL_VALUE_OVER, left);
	left = rows_over(db, SQL_ONCE_OVER, left);
	left = rows_over(db, SQL_PRESENCE_OVER, left);
	if (left > 0 && (kept = kept_over(db, (int64_t)left)) > 0)
		left -= (size_t)kept < left ? (size_t)kept : left;
	if (left > 0) {
		kept = db->state.floor;
		log_trim(db, (int64_t)(left + 1) / 2);
		kept = db->state.floor - kept;
		left -= (size_t)kept < left ? (size_t)kept : left;
	}
	file_shrink(db);
	op->u.janitor.next_due_r = sql_int(db, 0, SQL_NEXT_DUE, "");
	if (more || left == 0)
		op->rc = RC_AGAIN;
}
