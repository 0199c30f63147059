/*
 * sqlite_turn.c - one transaction per loop turn
 *
 * lock, BEGIN IMMEDIATE, operations, settle hook and its operations, trimming,
 * COMMIT, unlock, wake-ups, checkpoint.
 *
 * Must stay true:
 *   - an operation checks before it writes, so a refused one leaves nothing
 *   - an error of SQLite undoes the whole turn
 *   - nobody is woken before COMMIT
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <stdio.h>

#include "base/log.h"
#include "store/sqlite_private.h"

typedef void op_fn(struct sqlite *db, struct store_op *op);

static op_fn *const op_fns[] = {
	[OP_OPEN] = op_open,
	[OP_POLL] = op_poll,
	[OP_DELIVER] = op_deliver,
	[OP_RELEASE] = op_release,
	[OP_LOST] = op_lost,
	[OP_RECEIVE] = op_receive,
	[OP_CLOSE] = op_close,
	[OP_CONNECT] = op_connect,
	[OP_RECOVER] = op_recover,
	[OP_APPEND] = op_append,
	[OP_JOIN] = op_member,
	[OP_LEAVE] = op_member,
	[OP_DISCONNECT] = op_disconnect,
	[OP_SOCKET_SET] = op_socket_set,
	[OP_VALUE_SET] = op_value_set,
	[OP_ACL] = op_acl,
	[OP_PRESENCE] = op_presence,
	[OP_MAIL] = op_mail,
	[OP_TIMER] = op_timer,
	[OP_ONCE] = op_once,
	[OP_ANSWER] = op_answer,
	[OP_TASK_ADD] = op_task_add,
	[OP_TASK_TRY] = op_task_try,
	[OP_TASK_DONE] = op_task_done,
	[OP_TASK_AGAIN] = op_task_again,
	[OP_JANITOR] = op_janitor,
	[OP_PROBE] = op_probe,
	[OP_UPGRADE] = op_upgrade,
	[OP_FOLLOW] = op_follow,
	[OP_PROVE] = op_prove,
};
static_assert(sizeof(op_fns) / sizeof(*op_fns) == OP__COUNT,
    "an operation is missing");

enum { STATES = sizeof(struct state) / sizeof(int64_t) };

/* ---- the state row ---------------------------------------------------------- */

void
state_read(struct sqlite *db)
{
	sqlite3_stmt *s = sql_open(db, SQL_STATE_GET, "");
	struct slice row;

	if (!sql_row(db, s)) {
		sql_fail(db, "reading the state row");
		return;
	}
	row = col_slice(s, 0);
	row_read(row.p, row.p + row.n, (int64_t *)&db->state, STATES);
	sql_end(s);
}

static void
state_write(struct sqlite *db)
{
	char row[STATES * 21 + 2], *end;

	if (memcmp(&db->state, &db->before, sizeof(db->state)) == 0)
		return;
	end = row_numbers(row, (const int64_t *)&db->state, STATES);
	*end++ = ']';
	sql_do(db, SQL_STATE_SET, "t", slice_of(row, (size_t)(end - row)));
}

/* ---- begin and end ------------------------------------------------------------ */

static enum rc
transaction_begin(struct sqlite *db)
{
	sqlite3_stmt *s;
	int got;

	if ((s = sql_open(db, SQL_BEGIN, "")) == NULL)
		return db->failed;
	got = sqlite3_step(s);
	if (got != SQLITE_DONE && (got & 0xff) != SQLITE_BUSY)
		sql_fail(db, "BEGIN");
	sqlite3_reset(s);
	return got == SQLITE_DONE ? RC_OK :
	    (got & 0xff) == SQLITE_BUSY ? RC_AGAIN : RC_IO;
}

static void
turn_clear(struct sqlite *db)
{
	db->in_turn = db->is_fresh = false;
	db->spoken.n = 0;
	buf_reset(&db->changed.numbers);
	live_forget_all(db);
	arena_reset(&db->scratch);
	wake_forget(db);
	turnlock_drop(db->lock);
}

static void
roll_back(struct sqlite *db)
{
	enum rc failed = db->failed;

	db->failed = RC_OK;
	if (!sqlite3_get_autocommit(db->db))
		sql_do(db, SQL_ROLLBACK, "");
	db->failed = failed;
	turn_clear(db);
}

/* For whoever gives up; until then it is nothing to talk about. */
static void
busy_note(struct sqlite *db)
{
	log_debug("store", "lock=busy pid=%ld", turnlock_holder(db->lock));
	snprintf(db->store.error, sizeof(db->store.error),
	    "%s/write.lock is held by process %ld", db->path,
	    turnlock_holder(db->lock));
}

enum rc
turn_begin(struct sqlite *db, int64_t wait_ms)
{
	enum rc rc;

	db->failed = RC_OK;
	if (db->lock == NULL) {
		store_fail(&db->store, "%s is open for reading only", db->file);
		return RC_IO;
	}
	if (moved_away(db)) {
		store_fail(&db->store, "%s was removed or replaced while it was open",
		    db->file);
		return RC_GONE;
	}
	if ((rc = turnlock_take(db->lock, wait_ms)) != RC_OK) {
		if (rc == RC_IO)
			store_fail(&db->store, "%s/write.lock cannot be locked",
			    db->path);
		else
			busy_note(db);
		return rc;
	}
	checkpoint_before(db);
	if ((rc = transaction_begin(db)) != RC_OK) {
		turnlock_drop(db->lock);
		return rc;
	}
	db->in_turn = db->is_fresh = true;
	db->boot = clock_boot(db->store.clock);
	db->wall = clock_wall(db->store.clock);
	moved_begin(db);
	if (!db->state_known)
		state_read(db);
	db->before = db->state;
	db->said = NULL;
	db->said_end = &db->said;
	if (db->failed == RC_OK && db->state.schema > SCHEMA) {
		store_fail(&db->store, "%s: a newer program has taken the store over "
		    "(schema %lld, this one knows %d)", db->file,
		    (long long)db->state.schema, SCHEMA);
		db->failed = RC_BAD_STATE;
	}
	if (db->failed != RC_OK) {
		rc = db->failed;
		roll_back(db);
		return rc;
	}
	return RC_OK;
}

enum rc
turn_end(struct sqlite *db)
{
	enum rc rc;

	log_trim(db, db->state.seq - db->before.seq);
	live_flush(db);
	wake_find(db);
	state_write(db);
	sql_do(db, SQL_COMMIT, "");
	if ((rc = db->failed) != RC_OK) {
		roll_back(db);
		return rc;
	}
	db->state_known = true;
	live_committed(db);
	moved_committed(db);
	db->in_turn = db->is_fresh = false;
	turnlock_drop(db->lock);
	wake_send(db);
	db->spoken.n = 0;
	arena_reset(&db->scratch);
	return RC_OK;
}

/* ---- a turn --------------------------------------------------------------------- */

static void
ops_apply(struct sqlite *db, struct store_op *op)
{
	for (; op != NULL && db->failed == RC_OK; op = op->next) {
		op->rc = op_entry(op);
		if (op->rc != RC_OK)
			continue;
		op_fns[op->kind](db, op);
		if (db->changed.numbers.n != 0)
			changed_tell(db);
	}
}

enum rc
sqlite_commit(struct store *store, struct turn *turn)
{
	struct sqlite *db = sqlite_of(store);
	struct store_op *last;
	int64_t before, claims = db->claims;
	enum rc rc;

	if ((rc = turn_begin(db, db->lock_wait)) != RC_OK)
		return rc;
	before = db->state.seq;
	db->arena = turn->arena;
	db->has_tasks = false;
	memset(db->drained, 0, sizeof(db->drained));
	buf_reset(&db->own_changed.numbers);
	ops_apply(db, turn->first);
	if (turn->settle != NULL && db->failed == RC_OK) {
		last = turn->last;
		turn->changed_r = (const uint64_t *)(const void *)
		    db->own_changed.numbers.p;
		turn->n_changed_r = changed_count(&db->own_changed);
		roster_begin(db);
		turn->settle(turn->arg, store, turn);
		roster_end(db);
		ops_apply(db, last == NULL ? turn->first : last->next);
	}
	db->arena = NULL;
	if (db->state.seq > before) {
		turn->first_seq_r = before + 1;
		turn->last_seq_r = db->state.seq;
	}
	if ((rc = turn_end(db)) != RC_OK) {
		db->claims = claims;
		turn->first_seq_r = turn->last_seq_r = 0;
		return rc;
	}
	turn->has_tasks_r = db->has_tasks;
	if (db->workers != NULL)
		worker_say_busy(db->workers, db->claims > 0);
	checkpoint_after(db);
	return RC_OK;
}

/* ---- looking ----------------------------------------------------------------------- */

/* One read transaction: without it each SELECT locks and unlocks for itself. */
void
sqlite_looks(struct store *store, bool begin)
{
	struct sqlite *db = sqlite_of(store);

	assert(!db->in_turn);
	db->failed = RC_OK;
	if (begin)
		sql_do(db, SQL_BEGIN_READ, "");
	else if (!sqlite3_get_autocommit(db->db))
		sql_do(db, SQL_COMMIT, "");
}

void
look_begin(struct sqlite *db)
{
	if (db->in_turn)
		live_flush(db);
	else
		db->failed = RC_OK;
}

enum rc
look_end(struct sqlite *db, enum rc rc)
{
	return db->failed != RC_OK ? db->failed : rc;
}
