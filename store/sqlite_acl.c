/*
 * sqlite_acl.c - access lists, and the number that tells that one has changed
 *
 * A list is read rarely, for whoever uses it remembers it; what is asked with
 * every event is only the number in the state row.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/sqlite_private.h"

static void
row_take(sqlite3_stmt *s, struct arena *arena, struct acl_row *row_r)
{
	row_r->key = col_dup(s, 0, arena);
	row_r->names = col_dup(s, 1, arena);
	row_r->by = col_dup(s, 2, arena);
	row_r->wall = col_int(s, 3);
}

static bool
acl_get(struct sqlite *db, struct slice key, struct arena *arena, struct acl_row *row_r)
{
	sqlite3_stmt *s = sql_open(db, SQL_ACL_GET, "b", key);

	*row_r = (struct acl_row){ .wall = 0 };
	if (!sql_row(db, s))
		return false;
	row_take(s, arena, row_r);
	sql_end(s);
	return true;
}

void
op_acl(struct sqlite *db, struct store_op *op)
{
	const uint64_t *socket = op->u.acl.socket;
	struct buf names = BUF_INIT;
	struct acl_row row;
	bool some;

	if (socket != NULL && sql_int(db, 0, SQL_SOCKET_IS, "i", (int64_t)*socket) == 0) {
		op->rc = RC_GONE;
		return;
	}
	some = acl_get(db, op->u.acl.key, &db->scratch, &row);
	if (op->u.acl.verb == ACL_SET && op->u.acl.names.p == NULL) {
		sql_do(db, SQL_ACL_DROP, "b", op->u.acl.key);
	} else if (op->u.acl.verb == ACL_REMOVE && !some) {
		op->rc = RC_NONE;
	} else {
		op->rc = acl_merge(&names, op->u.acl.verb, row.names, op->u.acl.names);
		if (op->rc == RC_OK)
			sql_do(db, SQL_ACL_SET, "bibti", op->u.acl.key,
			    (int64_t)(socket == NULL ? 0 : *socket),
			    names.n == 0 ? SLICE("") : buf_slice(&names),
			    op->u.acl.by, db->wall);
	}
	if (op->rc == RC_OK)
		db->state.acls++;
	buf_free(&names);
}

void
acl_forget(struct sqlite *db, uint64_t socket)
{
	if (db->state.acls > 0)
		sql_do(db, SQL_ACL_OF_SOCKET, "i", (int64_t)socket);
}

int64_t
sqlite_acl_version(struct store *store)
{
	struct sqlite *db = sqlite_of(store);

	if (db->in_turn || (db->is_fresh && db->state_known))
		return db->state.acls;
	look_begin(db);
	state_read(db);
	db->state_known = db->is_fresh && db->failed == RC_OK;
	return db->failed == RC_OK ? db->state.acls : -1;
}

enum rc
sqlite_acl(struct store *store, struct slice key, struct arena *arena,
    struct acl_row *row_r)
{
	struct sqlite *db = sqlite_of(store);

	look_begin(db);
	return look_end(db, acl_get(db, key, arena, row_r) ? RC_OK : RC_NONE);
}

enum rc
sqlite_acls(struct store *store, struct slice after, size_t limit,
    struct arena *arena, store_acl_fn *visit, void *arg)
{
	struct sqlite *db = sqlite_of(store);
	struct acl_row row;
	sqlite3_stmt *s;

	look_begin(db);
	s = sql_open(db, SQL_ACL_WALK, "bi", after.p == NULL ? SLICE("") : after,
	    sql_limit(limit));
	while (sql_row(db, s)) {
		row_take(s, arena, &row);
		visit(arg, &row);
	}
	return look_end(db, RC_OK);
}
