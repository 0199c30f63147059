/*
 * sqlite_presence.c - who is in a room, as it was told
 *
 * A row for each user who is or was there.  until 0: here, or (away set) just gone
 * and given a grace; until set: told to be away, and remembered so long.  The
 * truth stands in `member`; a row says what others were told of it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/sqlite_private.h"

static int64_t
number_of(struct sqlite *db, enum channel_kind kind, struct slice nsp, struct slice name)
{
	return channel_find(db, channel_key(&db->scratch, kind, nsp, name), false);
}

/* A present socket of the user is a member now. */
static bool
is_there(struct sqlite *db, const struct store_op *op)
{
	struct slice nsp = op->u.presence.nsp, room = op->u.presence.room;
	int64_t user = number_of(db, CHANNEL_USER, nsp, op->u.presence.user), channel;

	if (user == 0)
		return false;
	if (room.n == 0)
		return sql_int(db, 0, SQL_MEMBER_PRESENT, "i", user) != 0;
	channel = number_of(db, CHANNEL_ROOM, nsp, room);
	return channel != 0 && sql_int(db, 0, SQL_PRESENCE_IS, "ii", user, channel) != 0;
}

static void
row_take(sqlite3_stmt *s, struct arena *arena, struct presence_row *row_r)
{
	row_r->user = col_dup(s, 0, arena);
	row_r->since_wall = col_int(s, 1);
	row_r->away_wall = col_int(s, 2);
	row_r->is_away = col_int(s, 3) > 0;
}

static bool
row_get(struct sqlite *db, struct slice nsp, struct slice room, struct slice user,
    struct arena *arena, struct presence_row *row_r)
{
	sqlite3_stmt *s = sql_open(db, SQL_PRESENCE_GET, "ttt", nsp, room, user);

	*row_r = (struct presence_row){ .is_away = true };
	if (!sql_row(db, s))
		return false;
	row_take(s, arena, row_r);
	sql_end(s);
	return true;
}

static void
tell(struct sqlite *db, const struct store_op *op, struct slice data)
{
	struct slice nsp = op->u.presence.nsp, room = op->u.presence.room;
	struct record r = { .kind = RECORD_EVENT, .id = -1, .nsp = nsp, .data = data };
	struct buf channels = BUF_INIT;

	if (data.p == NULL)
		return;
	pack_add(&channels, channel_key(&db->scratch, room.n == 0 ? CHANNEL_NSP :
	    CHANNEL_ROOM, nsp, room));
	r.channels = arena_dup(db->arena, buf_slice(&channels));
	buf_free(&channels);
	log_say(db, &r);
}

static void
row_away(struct sqlite *db, const struct store_op *op, int64_t away, int64_t until)
{
	sql_do(db, SQL_PRESENCE_AWAY, "tttii", op->u.presence.nsp, op->u.presence.room,
	    op->u.presence.user, away, until);
}

static void
here(struct sqlite *db, struct store_op *op, const struct presence_row *row)
{
	op->rc = RC_NONE;
	if (row->is_away) {
		sql_do(db, SQL_PRESENCE_CAME, "ttti", op->u.presence.nsp,
		    op->u.presence.room, op->u.presence.user, db->wall);
		tell(db, op, op->u.presence.here);
	} else if (row->away_wall != 0) {
		row_away(db, op, 0, 0);
	}
}

static void
gone(struct sqlite *db, struct store_op *op, const struct presence_row *row)
{
	if (row->is_away) {
		op->rc = RC_NONE;
	} else if (!op->u.presence.is_final) {
		if (row->away_wall == 0)
			row_away(db, op, db->wall, 0);
		else
			op->rc = RC_NONE;       /* the grace has begun already */
	} else {
		op->rc = RC_NONE;
		if (op->u.presence.seen_ms > 0)
			row_away(db, op, row->away_wall != 0 ? row->away_wall : db->wall,
			    db->wall + op->u.presence.seen_ms);
		else
			sql_do(db, SQL_PRESENCE_DROP, "ttt", op->u.presence.nsp,
			    op->u.presence.room, op->u.presence.user);
		tell(db, op, op->u.presence.away);
	}
}

void
op_presence(struct sqlite *db, struct store_op *op)
{
	struct presence_row row;

	row_get(db, op->u.presence.nsp, op->u.presence.room, op->u.presence.user,
	    &db->scratch, &row);
	if (is_there(db, op))
		here(db, op, &row);
	else
		gone(db, op, &row);
}

enum rc
sqlite_present(struct store *store, struct slice nsp, struct slice room,
    struct slice after, size_t limit, bool with_away, struct arena *arena,
    store_presence_fn *visit, void *arg)
{
	struct sqlite *db = sqlite_of(store);
	struct presence_row row;
	sqlite3_stmt *s;

	look_begin(db);
	s = sql_open(db, with_away ? SQL_PRESENCE_WALK : SQL_PRESENCE_HERE, "ttti", nsp,
	    room.p == NULL ? SLICE("") : room, after.p == NULL ? SLICE("") : after,
	    sql_limit(limit));
	while (sql_row(db, s)) {
		row_take(s, arena, &row);
		visit(arg, &row);
	}
	return look_end(db, RC_OK);
}

enum rc
sqlite_presence(struct store *store, struct slice nsp, struct slice room,
    struct slice user, struct arena *arena, struct presence_row *row_r)
{
	struct sqlite *db = sqlite_of(store);

	look_begin(db);
	return look_end(db, row_get(db, nsp, room.p == NULL ? SLICE("") : room, user, arena,
	    row_r) ? RC_OK : RC_NONE);
}
