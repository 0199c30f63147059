/*
 * sqlite_timer.c - appointments
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/sqlite_private.h"

void
op_timer(struct sqlite *db, struct store_op *op)
{
	uint64_t socket = op->u.timer.socket == NULL ? 0 : *op->u.timer.socket;
	struct slice nsp = op->u.timer.nsp, name = op->u.timer.name;
	struct socket_row k;

	if (socket != 0 && !socket_load(db, socket, &db->scratch, &k))
		op->rc = RC_GONE;
	else if (op->u.timer.after_ms < 0)
		sql_do(db, SQL_TIMER_DROP, "itt", (int64_t)socket, nsp, name);
	else if (op->u.timer.max > 0 && sql_int(db, 0, SQL_TIMER_COUNT, "itt",
	    (int64_t)socket, nsp, name) >= op->u.timer.max)
		op->rc = RC_TOO_BIG;
	else {
		sql_do(db, SQL_TIMER_ADD, "itttii", (int64_t)socket, nsp, name,
		    op->u.timer.context, db->wall + op->u.timer.after_ms,
		    op->u.timer.every_ms);
		db->timers = USE_SOME;
	}
}

/* A socket ends.  In most stores there is no timer at all. */
void
timer_forget(struct sqlite *db, uint64_t socket)
{
	if (db->timers == USE_UNKNOWN)
		db->timers = sql_int(db, 0, SQL_TIMER_ANY, "") != 0 ? USE_SOME :
		    USE_NONE;
	if (db->timers == USE_SOME)
		sql_do(db, SQL_TIMER_OF_SOCKET, "i", (int64_t)socket);
}

/* Those that were missed fire once. */
void
timer_fire(struct sqlite *db, int64_t timer)
{
	sqlite3_stmt *s = sql_open(db, SQL_TIMER_GET, "i", timer);
	struct arena *a = &db->scratch;
	struct slice nsp, name, context;
	struct socket_row k;
	int64_t socket, due, every;

	if (!sql_row(db, s))
		return;
	socket = col_int(s, 0);
	nsp = col_dup(s, 1, a);
	name = col_dup(s, 2, a);
	context = col_dup(s, 3, a);
	due = col_int(s, 4);
	every = col_int(s, 5);
	sql_end(s);
	if (socket == 0 || socket_load(db, (uint64_t)socket, a, &k))
		task_add(db, TASK_TIMER, name, nsp, context, socket == 0 ? NULL : &k,
		    SLICE_NONE, SLICE_NONE);
	else
		every = 0;
	if (every > 0)
		sql_do(db, SQL_TIMER_NEXT, "ii", timer, due +
		    ((db->wall - due) / every + 1) * every);
	else
		sql_do(db, SQL_TIMER_END, "i", timer);
}
