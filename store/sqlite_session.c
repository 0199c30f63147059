/*
 * sqlite_session.c - a session begins, is heard, and ends
 *
 * Must stay true:
 *   - a session's rows end in one place, session_end()
 *   - a parked poll of a session that ends hears RECORD_END
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/log.h"
#include "store/sqlite_private.h"

/* ---- opening ------------------------------------------------------------ */

/* Whether so many polling sessions hold a poll or were heard just now; only when
 * there are so many sessions at all are they looked at. */
static bool
slots_are_taken(struct sqlite *db, int64_t slots)
{
	sqlite3_stmt *s;
	struct live l;
	int64_t n = 0;

	if (db->state.sessions < slots)
		return false;
	live_flush(db);
	s = sql_open(db, SQL_LIVE_WALK, "ii", INT64_C(0), INT64_MAX);
	while (n < slots && sql_row(db, s)) {
		live_read(s, &l);
		n += l.transport == 0 && (l.heard > db->boot - SLOT_HEARD_MS ||
		    live_is_claimed(db, &l));
	}
	if (s != NULL)
		sql_end(s);
	return n >= slots;
}

/* It will be looked for right away. */
static void
opened_see(struct sqlite *db, const struct store_op *op, struct live *l)
{
	struct session_row row = { .opened_wall = db->wall,
	    .generation = op->u.open.generation, .info = op->u.open.info };

	if (op->u.open.sid.n >= sizeof(row.sid))
		return;
	memcpy(row.sid, op->u.open.sid.p, op->u.open.sid.n);
	live_see(db, &row, l);
}

void
op_open(struct sqlite *db, struct store_op *op)
{
	struct live *l;
	uint64_t n;

	if ((op->u.open.max_sessions > 0 &&
	    db->state.sessions >= op->u.open.max_sessions) ||
	    (op->u.open.slots > 0 && op->u.open.transport == 0 &&
	    slots_are_taken(db, op->u.open.slots))) {
		op->rc = RC_TOO_BIG;
		return;
	}
	n = (uint64_t)++db->state.session_n;
	db->state.sessions++;
	l = live_new(db, n);
	l->transport = op->u.open.transport;
	l->flags = op->u.open.traits << LIVE_TRAITS;
	if (l->transport != 0)
		live_own(db, l, op->u.open.ticket);
	sql_do(db, SQL_SESSION_ADD, "itiiit", (int64_t)n, op->u.open.sid,
	    (int64_t)op->u.open.generation, (int64_t)l->transport, db->wall,
	    op->u.open.info);
	opened_see(db, op, l);
	op->u.open.n_r = n;
	op->u.open.cursor_r = l->cursor;
}

/* ---- hearing ------------------------------------------------------------ */

static void
partial_set(struct sqlite *db, struct live *l, struct slice partial)
{
	if (partial.p == NULL && (l->flags & LIVE_PARTIAL) == 0)
		return;
	sql_do(db, SQL_SESSION_PARTIAL, "ib", (int64_t)l->session, partial);
	if (partial.p == NULL)
		l->flags &= ~(unsigned)LIVE_PARTIAL;
	else
		l->flags |= LIVE_PARTIAL;
}

void
op_receive(struct sqlite *db, struct store_op *op)
{
	struct live *l = live_get(db, op->u.receive.session);
	char t[24];

	if (l == NULL) {
		op->rc = RC_GONE;
		return;
	}
	live_t(db, op->u.receive.t, t);
	if (t[0] != '\0' && strcmp(t, l->post_t) == 0 &&
	    op->u.receive.hash == l->post_hash) {
		op->rc = RC_NONE;
		return;
	}
	if (op->u.receive.version != l->version) {
		op->rc = RC_CLASH;
		return;
	}
	if (!task_has_room(db, op)) {
		op->rc = RC_TOO_BIG;
		return;
	}
	if (l->transport != 0 && !op->u.receive.changed &&
	    op->u.receive.partial.p == NULL && (l->flags & LIVE_PARTIAL) == 0)
		return;                 /* nothing of it stays */
	if (live_has(l, SESSION_PINGS_US))
		l->heard = db->boot;    /* its ping is a POST */
	memcpy(l->post_t, t, sizeof(t));
	l->post_hash = op->u.receive.hash;
	if (op->u.receive.pong)
		l->flags &= ~(unsigned)LIVE_PING_OPEN;
	if (op->u.receive.changed)
		l->version++;
	partial_set(db, l, op->u.receive.partial);
	live_touch(l);
}

/* ---- ending ------------------------------------------------------------- */

void
session_end(struct sqlite *db, struct live *l, const char *reason, char answer,
    bool keep)
{
	int64_t n = (int64_t)l->session;

	log_debug("store", "session=%lld ends reason=\"%s\"", (long long)n, reason);
	socket_end_all(db, l, reason, keep, false);
	member_drop_session(db, l->session);
	if ((l->flags & LIVE_REPLAY) != 0)
		sql_do(db, SQL_REPLAY_DROP, "i", n);
	if ((l->flags & LIVE_PROBED) != 0)
		sql_do(db, SQL_PROBE_DROP, "i", n);
	if (live_is_claimed(db, l)) {
		log_tell(db, NULL, l->session, RECORD_END, SLICE(""),
		    slice_of(&answer, 1));
		wake_holder(db, l->holder);
	}
	live_drop_claim(db, l);
	lane_value_keep(db, l->session, db->wall + LANE_KEEP_MS);
	sql_do(db, SQL_SESSION_DROP, "i", n);
	l->has_ended = true;
	if (l->is_new)
		l->is_dirty = false;
	db->state.sessions--;
}

void
session_end_orderly(struct sqlite *db, struct live *l, const char *reason,
    bool keep)
{
	if ((l->flags & LIVE_CLOSING) != 0)
		return;
	socket_end_all(db, l, reason, keep, true);
	l->flags |= LIVE_CLOSING;
	l->version++;
	log_tell(db, l, l->session, RECORD_CLOSE, SLICE(""), SLICE_NONE);
	l->ping = db->boot;             /* from here its leave is counted */
	live_touch(l);
}

void
op_close(struct sqlite *db, struct store_op *op)
{
	struct live *l = live_get(db, op->u.close.session);

	if (l != NULL && op->u.close.proved > 0)
		live_prove(db, l, op->u.close.proved);
	if (l != NULL && op->u.close.is_own)
		live_drop_claim(db, l);         /* nobody waits to be told */
	if (l == NULL)
		op->rc = RC_GONE;
	else if (op->u.close.orderly)
		session_end_orderly(db, l, op->u.close.reason, op->u.close.keep);
	else
		session_end(db, l, op->u.close.reason, op->u.close.answer == 0 ?
		    '1' : op->u.close.answer, op->u.close.keep);
}

/* ---- looking ------------------------------------------------------------- */

static void
row_of_live(const struct live *l, struct session_row *row_r)
{
	memset(row_r, 0, sizeof(*row_r));
	row_r->n = l->session;
	row_r->transport = l->transport;
	row_r->traits = l->flags >> LIVE_TRAITS;
	row_r->version = l->version;
	row_r->closing = (l->flags & LIVE_CLOSING) != 0;
	row_r->ping_open = (l->flags & LIVE_PING_OPEN) != 0;
	row_r->heard_boot = l->heard;
	row_r->ping_boot = l->ping;
	row_r->namespaces = (unsigned)l->namespaces;
	memcpy(row_r->last_post, l->post_t, sizeof(row_r->last_post));
	row_r->last_post_hash = l->post_hash;
}

static void
session_read(sqlite3_stmt *s, struct arena *arena, struct session_row *row_r)
{
	struct live l;

	live_read(s, &l);
	row_of_live(&l, row_r);
	col_text(s, 2, row_r->sid, sizeof(row_r->sid));
	row_r->generation = (int)col_int(s, 3);
	row_r->opened_wall = col_int(s, 4);
	row_r->info = col_dup(s, 5, arena);
	row_r->partial = col_dup(s, 6, arena);
}

static void
row_of_seen(const struct live *l, struct arena *arena,
    struct session_row *row_r)
{
	const struct live_seen *seen = l->seen;

	row_of_live(l, row_r);
	memcpy(row_r->sid, seen->sid, sizeof(row_r->sid));
	row_r->generation = seen->generation;
	row_r->opened_wall = seen->opened_wall;
	if (seen->has_info)
		row_r->info = arena_dup(arena, slice_of(seen->info, seen->n_info));
}

enum rc
sqlite_session(struct store *store, struct slice sid, struct arena *arena,
    struct session_row *row_r)
{
	struct sqlite *db = sqlite_of(store);
	struct live *l = live_seen(db, sid);
	sqlite3_stmt *s;

	if (l != NULL && (l->flags & LIVE_PARTIAL) == 0) {
		row_of_seen(l, arena, row_r);
		return RC_OK;
	}
	look_begin(db);
	s = sql_open(db, SQL_SESSION_BY_SID, "t", sid);
	if (!sql_row(db, s))
		return look_end(db, RC_GONE);
	session_read(s, arena, row_r);
	live_see(db, row_r, live_keep(db, row_r->n, s));
	sql_end(s);
	return look_end(db, RC_OK);
}

enum rc
sqlite_sessions(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_session_fn *visit, void *arg)
{
	struct sqlite *db = sqlite_of(store);
	struct seen {
		struct session_row row;
		struct seen *next;
	} *first = NULL, **end = &first;
	sqlite3_stmt *s;

	look_begin(db);
	s = sql_open(db, SQL_SESSION_WALK, "ii", (int64_t)after,
	    sql_limit(limit));
	while (sql_row(db, s)) {
		*end = arena_alloc(arena, sizeof(**end));
		session_read(s, arena, &(*end)->row);
		end = &(*end)->next;
	}
	for (; first != NULL && db->failed == RC_OK; first = first->next)
		visit(arg, &first->row);
	return look_end(db, RC_OK);
}
