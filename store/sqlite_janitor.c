/*
 * sqlite_janitor.c - what is due, by whoever comes by
 *
 * There is no daemon.  Each loop asks now and then; the byte sees to it that one
 * process at a time does the work while there is more of it.  Sessions are looked
 * at when their appointment (session.due) has come: most were heard meanwhile and
 * get a later one.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/sqlite_private.h"

enum {
	FREE_PAGES = 256,       /* so many may lie idle in the file */
	CHUNK = 64
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
	int64_t dead;

	if (l == NULL)
		return;
	if ((l->flags & LIVE_CLOSING) != 0) {
		session_end(db, l, "transport close", '1', false);
		return;
	}
	dead = live_dead(db, l);
	if (dead <= db->boot)
		session_end(db, l, l->namespaces == 0 && (l->flags &
		    LIVE_WAS_CONNECTED) == 0 ? "transport close" : "ping timeout",
		    '1', true);
	else
		sql_do(db, SQL_SESSION_DUE_SET, "ii", n, dead);
}

static void
socket_due(struct sqlite *db, int64_t n)
{
	socket_forget(db, (uint64_t)n, 0);
}

static const struct {
	enum sql due;
	void (*end)(struct sqlite *db, int64_t n);
	bool is_boot;                   /* time-outs of liveness; else wall time */
	bool is_window;                 /* due + recovery window */
} duties[] = {
	{ SQL_SESSION_DUE, session_due, true, false },
	{ SQL_SOCKET_OVER, socket_due, false, true },
	{ SQL_TIMER_DUE, timer_fire, false, false },
	{ SQL_QUESTION_DUE, question_time_out, false, false },
};

/* Returns how much of the limit is left. */
static size_t
duty_do(struct sqlite *db, size_t which, size_t left)
{
	int64_t numbers[CHUNK], when;
	size_t n, chunk;

	when = duties[which].is_boot ? db->boot : db->wall;
	if (duties[which].is_window)
		when -= db->recovery;
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

	if (!db->is_janitor &&
	    !(db->is_janitor = worker_duty_take(db->workers, DUTY_JANITOR))) {
		op->rc = RC_NONE;
		return;
	}
	for (size_t i = 0; i < sizeof(duties) / sizeof(*duties); i++)
		left = duty_do(db, i, left);
	left = rows_over(db, SQL_VALUE_OVER, left);
	left = rows_over(db, SQL_ONCE_OVER, left);
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
	if (left == 0)
		op->rc = RC_AGAIN;
	else {
		worker_duty_drop(db->workers, DUTY_JANITOR);
		db->is_janitor = false;
	}
}
