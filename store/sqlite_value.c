/*
 * sqlite_value.c - values, keys that work once, and numbers for people
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <sys/stat.h>

#include "store/sqlite_private.h"

/* To what is there, within the transaction. */
static void
value_merge(struct sqlite *db, struct store_op *op)
{
	struct slice key = op->u.value_set.key, old = SLICE_NONE;
	int64_t ttl = op->u.value_set.ttl_ms, max = op->u.value_set.max;
	struct buf merged = BUF_INIT;
	sqlite3_stmt *s = sql_open(db, SQL_VALUE_GET, "ti", key, db->wall);

	if (sql_row(db, s)) {
		old = col_dup(s, 0, &db->scratch);
		sql_end(s);
	}
	op->rc = json_merge(&merged, old, op->u.value_set.how,
	    op->u.value_set.value);
	if (op->rc == RC_OK && max > 0 && (int64_t)merged.n > max)
		op->rc = RC_TOO_BIG;
	if (op->rc == RC_OK)
		op->u.value_set.value_r = arena_dup(db->arena, buf_slice(&merged));
	if (op->rc == RC_OK && (old.p == NULL || ttl > 0))
		sql_do(db, SQL_VALUE_SET, "tti", key, op->u.value_set.value_r,
		    ttl > 0 ? db->wall + ttl : INT64_C(0));
	else if (op->rc == RC_OK)
		sql_do(db, SQL_VALUE_KEEP, "tt", key, op->u.value_set.value_r);
	buf_free(&merged);
}

void
lane_value_keep(struct sqlite *db, uint64_t session, int64_t until)
{
	int64_t n = (int64_t)session;

	if (db->lanes == USE_UNKNOWN)
		db->lanes = sql_int(db, 0, SQL_VALUE_LANE, "") != 0 ? USE_SOME :
		    USE_NONE;
	if (db->lanes == USE_SOME)
		sql_do(db, SQL_VALUE_UNTIL, "ti", store_lane_key(&db->scratch,
		    (uint64_t)sql_int(db, n, SQL_SESSION_LANE, "i", n)), until);
}

void
op_value_set(struct sqlite *db, struct store_op *op)
{
	struct slice value = op->u.value_set.value;
	int64_t ttl = op->u.value_set.ttl_ms;

	if (db->lanes == USE_NONE && slice_starts(op->u.value_set.key, SLICE(LANE_KEY)))
		db->lanes = USE_UNKNOWN;
	if (op->u.value_set.how != MERGE_SET)
		value_merge(db, op);
	else if (value.p == NULL)
		sql_do(db, SQL_VALUE_DROP, "t", op->u.value_set.key);
	else
		sql_do(db, SQL_VALUE_SET, "tti", op->u.value_set.key, value,
		    ttl > 0 ? db->wall + ttl : INT64_C(0));
}

void
op_once(struct sqlite *db, struct store_op *op)
{
	if (sql_int(db, 0, SQL_ONCE_GET, "t", op->u.once.key) > db->wall)
		op->rc = RC_NONE;
	else
		sql_do(db, SQL_ONCE_SET, "ti", op->u.once.key,
		    db->wall + op->u.once.ttl_ms);
}

enum rc
sqlite_value(struct store *store, struct slice key, struct arena *arena,
    struct slice *value_r)
{
	struct sqlite *db = sqlite_of(store);
	sqlite3_stmt *s;

	look_begin(db);
	*value_r = SLICE_NONE;
	s = sql_open(db, SQL_VALUE_GET, "ti", key, clock_wall(store->clock));
	if (!sql_row(db, s))
		return look_end(db, RC_NONE);
	*value_r = col_dup(s, 0, arena);
	sql_end(s);
	return look_end(db, RC_OK);
}

enum rc
sqlite_values(struct store *store, struct slice prefix, size_t limit,
    struct arena *arena, store_value_fn *visit, void *arg)
{
	struct sqlite *db = sqlite_of(store);
	struct seen {
		struct slice key, value;
		struct seen *next;
	} *first = NULL, **end = &first;
	sqlite3_stmt *s;

	look_begin(db);
	s = sql_open(db, SQL_VALUE_WALK, "tii", prefix, clock_wall(store->clock),
	    sql_limit(limit));
	while (sql_row(db, s)) {
		if (!slice_starts(col_slice(s, 0), prefix)) {
			sql_end(s);
			break;
		}
		*end = arena_alloc(arena, sizeof(**end));
		(*end)->key = col_dup(s, 0, arena);
		(*end)->value = col_dup(s, 1, arena);
		end = &(*end)->next;
	}
	for (; first != NULL && db->failed == RC_OK; first = first->next)
		visit(arg, first->key, first->value);
	return look_end(db, RC_OK);
}

/* Claims whose worker lives. */
static int64_t
claims_count(struct sqlite *db)
{
	sqlite3_stmt *s = sql_open(db, SQL_LIVE_WALK, "ii", INT64_C(0),
	    INT64_MAX);
	struct live l;
	int64_t n = 0;

	while (sql_row(db, s)) {
		live_read(s, &l);
		n += l.holder != 0 && (db->workers == NULL ||
		    live_is_claimed(db, &l));
	}
	return n;
}

enum rc
sqlite_stats(struct store *store, struct store_stats *stats_r)
{
	struct sqlite *db = sqlite_of(store);
	struct stat st;
	sqlite3_stmt *s;

	look_begin(db);
	if (!db->in_turn)
		state_read(db);
	s = sql_open(db, SQL_STATS, "");
	if (sql_row(db, s)) {
		stats_r->sockets = col_int(s, 0);
		stats_r->gone = col_int(s, 1);
		stats_r->records = col_int(s, 2);
		stats_r->kept = col_int(s, 3);
		stats_r->rooms = col_int(s, 4);
		stats_r->timers = col_int(s, 5);
		stats_r->tasks = col_int(s, 6);
		stats_r->set_aside = col_int(s, 7);
		stats_r->inbox = col_int(s, 8);
		stats_r->questions = col_int(s, 9);
		sql_end(s);
	}
	stats_r->claims = claims_count(db);
	stats_r->sessions = db->state.sessions;
	stats_r->log_bytes = db->state.log_bytes;
	stats_r->last_seq = db->state.seq;
	stats_r->floor = db->state.floor;
	stats_r->schema = db->state.schema;
	stats_r->file_bytes = stat(db->file, &st) == 0 ? (int64_t)st.st_size : 0;
	return look_end(db, RC_OK);
}
