/*
 * sqlite_socket.c - a client in a namespace: comes, goes, comes back
 *
 * A socket is present (session > 0) or gone (session 0, gone_wall set): gone ones
 * keep their intervals, so that nothing is lost while they are away, but are in
 * no count and wake nobody.  A socket that was let go on purpose has no row any
 * more; intervals that its session has not read to the end stay with the session.
 *
 * Must stay true:
 *   - a session has one present socket in a namespace at most
 *   - every end of a socket leaves one TASK_DISCONNECT, if it concerns anybody, and
 *     voids its pid unless it may come back
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/log.h"
#include "store/sqlite_private.h"

/* ---- reading ------------------------------------------------------------------ */

void
socket_read(sqlite3_stmt *s, struct arena *arena, struct socket_row *row_r)
{
	memset(row_r, 0, sizeof(*row_r));
	row_r->n = (uint64_t)col_int(s, 0);
	row_r->session = (uint64_t)col_int(s, 1);
	col_text(s, 2, row_r->id, sizeof(row_r->id));
	col_text(s, 3, row_r->pid, sizeof(row_r->pid));
	row_r->nsp = col_dup(s, 4, arena);
	row_r->user = col_dup(s, 5, arena);
	row_r->data = col_dup(s, 6, arena);
	row_r->connected_wall = col_int(s, 7);
	row_r->gone_wall = col_int(s, 8);
	row_r->sid = col_dup(s, 9, arena);
	row_r->info = col_dup(s, 10, arena);
	row_r->generation = (int)col_int(s, 11);
	row_r->transport = (int)col_int(s, 12);
}

static bool
socket_one(struct sqlite *db, sqlite3_stmt *s, struct arena *arena,
    struct socket_row *row_r)
{
	if (!sql_row(db, s))
		return false;
	socket_read(s, arena, row_r);
	sql_end(s);
	return true;
}

bool
socket_load(struct sqlite *db, uint64_t n, struct arena *arena,
    struct socket_row *row_r)
{
	if (live_seen_socket_n(db, n, arena, row_r))
		return true;
	return socket_one(db, sql_open(db, SQL_SOCKET_BY_N, "i", (int64_t)n),
	    arena, row_r);
}

/* The sockets that a session's intervals name, present or left. */
struct number {
	uint64_t n;
	struct number *next;
};

static struct number *
socket_numbers(struct sqlite *db, uint64_t session, struct arena *arena)
{
	struct number *first = NULL, **end = &first;
	sqlite3_stmt *s = sql_open(db, SQL_SOCKET_OF_SESSION, "i",
	    (int64_t)session);

	while (sql_row(db, s)) {
		*end = arena_alloc(arena, sizeof(**end));
		(*end)->n = (uint64_t)col_int(s, 0);
		end = &(*end)->next;
	}
	return first;
}

bool
socket_load_nsp(struct sqlite *db, uint64_t session, struct slice nsp,
    struct arena *arena, struct socket_row *row_r)
{
	struct number *k = socket_numbers(db, session, arena);

	for (; k != NULL; k = k->next)
		if (socket_load(db, k->n, arena, row_r) &&
		    row_r->session == session && slice_eq(row_r->nsp, nsp))
			return true;
	return false;
}

enum rc
sqlite_socket(struct store *store, uint64_t session, struct slice nsp,
    struct arena *arena, struct socket_row *row_r)
{
	struct sqlite *db = sqlite_of(store);
	struct live *l;

	if (live_seen_socket(db, session, nsp, arena, row_r))
		return RC_OK;
	if (live_has_no_socket(db, session))
		return RC_NONE;
	look_begin(db);
	if (!socket_load_nsp(db, session, nsp, arena, row_r))
		return look_end(db, RC_NONE);
	if ((l = live_get(db, session)) != NULL)
		live_see_socket(db, l, row_r);
	return look_end(db, RC_OK);
}

enum rc
sqlite_socket_id(struct store *store, struct slice nsp, struct slice id,
    struct arena *arena, struct socket_row *row_r)
{
	struct sqlite *db = sqlite_of(store);

	look_begin(db);
	return look_end(db, socket_one(db, sql_open(db, SQL_SOCKET_BY_ID, "tt", id,
	    nsp), arena, row_r) ? RC_OK : RC_NONE);
}

enum rc
sqlite_socket_n(struct store *store, uint64_t n, struct arena *arena,
    struct socket_row *row_r)
{
	struct sqlite *db = sqlite_of(store);

	look_begin(db);
	return look_end(db, socket_load(db, n, arena, row_r) ? RC_OK : RC_NONE);
}

/* ---- coming ------------------------------------------------------------------------ */

static void
socket_start(struct sqlite *db, enum channel_kind kind, struct slice nsp,
    struct slice name, uint64_t socket, uint64_t session)
{
	struct slice key = channel_key(&db->scratch, kind, nsp, name);

	member_start(db, channel_find(db, key, true), socket, session);
}

/* Its own room has no row in channel, unless others are in one of that name. */
static void
socket_start_own(struct sqlite *db, struct slice nsp, struct slice id, uint64_t socket,
    uint64_t session)
{
	int64_t channel = sql_int(db, 0, SQL_CHANNEL_FIND, "b",
	    channel_key(&db->scratch, CHANNEL_ROOM, nsp, id));

	member_start(db, channel == 0 ? channel_own(socket) : channel, socket, session);
}

static void
socket_join(struct sqlite *db, enum channel_kind kind, struct slice nsp,
    struct slice name, uint64_t socket, uint64_t session)
{
	struct slice key = channel_key(&db->scratch, kind, nsp, name);

	member_join(db, channel_find(db, key, true), socket, session);
}

static void
socket_leave(struct sqlite *db, enum channel_kind kind, struct slice nsp,
    struct slice name, uint64_t socket, uint64_t session)
{
	int64_t channel = channel_find(db, channel_key(&db->scratch, kind, nsp,
	    name), false);

	if (channel != 0)
		member_leave(db, channel, socket, session);
}

static void
live_connected(struct sqlite *db, struct live *l)
{
	live_forget_sockets(db, l);
	l->namespaces++;
	l->flags |= LIVE_WAS_CONNECTED;
	live_touch(l);
}

/* It will be looked for with its first event. */
static void
connected_see(struct sqlite *db, const struct store_op *op, struct live *l, uint64_t n)
{
	const struct live_seen *seen = l->seen;
	struct socket_row row = { .n = n, .session = l->session,
	    .nsp = op->u.connect.nsp, .data = op->u.connect.data,
	    .connected_wall = db->wall, .transport = l->transport };
	struct slice id = op->u.connect.id, pid = op->u.connect.pid;

	if (seen == NULL || id.n >= sizeof(row.id) || pid.n >= sizeof(row.pid))
		return;
	memcpy(row.id, id.p, id.n);
	if (pid.n > 0)
		memcpy(row.pid, pid.p, pid.n);
	if (op->u.connect.user.n > 0)
		row.user = op->u.connect.user;
	row.sid = slice_str(seen->sid);
	if (seen->has_info)
		row.info = slice_of(seen->info, seen->n_info);
	row.generation = seen->generation;
	live_see_socket(db, l, &row);
}

void
op_connect(struct sqlite *db, struct store_op *op)
{
	uint64_t n, session = op->u.connect.opened != NULL ?
	    *op->u.connect.opened : op->u.connect.session;
	struct live *l = live_get(db, session);
	struct slice nsp = op->u.connect.nsp, id = op->u.connect.id;
	struct slice user = op->u.connect.user;
	struct socket_row old;

	if (l == NULL || (l->flags & LIVE_CLOSING) != 0)
		op->rc = RC_GONE;
	else if (l->namespaces > 0 &&
	    socket_load_nsp(db, session, nsp, &db->scratch, &old))
		op->rc = RC_CLASH;
	else if (op->u.connect.max_namespaces > 0 &&
	    l->namespaces >= op->u.connect.max_namespaces)
		op->rc = RC_TOO_BIG;
	if (op->rc != RC_OK)
		return;
	if (user.n == 0)
		user = SLICE_NONE;
	n = (uint64_t)++db->state.socket_n;
	sql_do(db, SQL_SOCKET_ADD, "iittttti", (int64_t)n, (int64_t)session, nsp,
	    id, op->u.connect.pid.p == NULL ? SLICE("") : op->u.connect.pid, user,
	    op->u.connect.data, db->wall);
	channel_may_be(db);             /* its own room */
	op->u.connect.seq_r = op->u.connect.answer.p == NULL ? db->state.seq :
	    log_tell(db, l, session, RECORD_CONNECT, nsp, op->u.connect.answer);
	socket_start(db, CHANNEL_NSP, nsp, SLICE(""), n, session);
	socket_start_own(db, nsp, id, n, session);
	if (user.p != NULL)
		socket_start(db, CHANNEL_USER, nsp, user, n, session);
	live_connected(db, l);
	connected_see(db, op, l, n);
	changed_add(&db->changed, session);
	op->u.connect.socket_r = n;
}

/* ---- going ------------------------------------------------------------------------- */

static void
socket_task(struct sqlite *db, const struct socket_row *k, const char *reason)
{
	if (!store_leaves_bye(&db->store, k->nsp, k->user))
		return;
	task_add(db, TASK_DISCONNECT, slice_str(reason), k->nsp, k->data, k,
	    SLICE_NONE, SLICE_NONE);
}

/* The row goes, and what hangs on it. */
static void
socket_drop(struct sqlite *db, const struct socket_row *k)
{
	channel_adopt(db, k);
	sql_do(db, SQL_SOCKET_DROP, "i", (int64_t)k->n);
	timer_forget(db, k->n);
	acl_forget(db, k->n);
}

void
socket_forget(struct sqlite *db, const struct socket_row *k)
{
	member_leave_all(db, k->session, k->n, true);
	socket_drop(db, k);
}

/* Up to here the socket's client is known to have what was said to it. */
static int64_t
socket_proved(struct sqlite *db, const struct live *l, uint64_t socket)
{
	int64_t back = (l->flags & LIVE_REPLAY) == 0 ? -1 : sql_int(db, -1,
	    SQL_REPLAY_PROVED, "ii", (int64_t)socket, (int64_t)l->session);

	return back >= 0 ? back : l->prev;
}

void
socket_end_all(struct sqlite *db, struct live *l, const char *reason, bool keep,
    bool leaves_log)
{
	struct number *number = NULL;
	struct socket_row k;

	if (l->namespaces > 0)
		number = socket_numbers(db, l->session, &db->scratch);
	for (; number != NULL; number = number->next) {
		if (!socket_load(db, number->n, &db->scratch, &k) ||
		    k.session != l->session)
			continue;
		socket_task(db, &k, reason);
		if (keep && k.pid[0] != '\0' && db->recovery > 0) {
			sql_do(db, SQL_SOCKET_GONE, "iii", (int64_t)k.n, db->wall,
			    socket_proved(db, l, k.n));
			sql_do(db, SQL_MEMBER_MOVE, "iii", (int64_t)l->session,
			    (int64_t)k.n, INT64_C(0));
			hears_forget(db, l->session);
		} else if (leaves_log) {
			member_leave_all(db, l->session, k.n, false);
			socket_drop(db, &k);
		} else
			socket_forget(db, &k);
	}
	live_forget_sockets(db, l);
	l->namespaces = 0;
	live_touch(l);
}

void
op_disconnect(struct sqlite *db, struct store_op *op)
{
	struct socket_row k;
	struct live *l;
	const char *reason = op->u.disconnect.reason;

	if (!socket_load(db, *op->u.disconnect.socket, &db->scratch, &k)) {
		op->rc = RC_GONE;
		return;
	}
	if (k.session == 0 || (l = live_get(db, k.session)) == NULL) {
		socket_forget(db, &k);          /* gone already: it stays so */
		return;
	}
	if (!op->u.disconnect.silent)
		log_tell(db, l, k.session, RECORD_DISCONNECT, k.nsp, SLICE_NONE);
	socket_task(db, &k, reason);
	member_leave_all(db, k.session, k.n, op->u.disconnect.silent);
	socket_drop(db, &k);
	live_forget_sockets(db, l);
	l->namespaces--;
	l->version++;
	live_touch(l);
	changed_add(&db->changed, k.session);
	if (op->u.disconnect.engine || (!op->u.disconnect.silent &&
	    live_has(l, SESSION_ROOT_IS_ALL) && slice_is(k.nsp, "/")))
		session_end_orderly(db, l, reason, false);
}

/* ---- coming back --------------------------------------------------------------------- */

/* RC_NONE: it cannot.  Its window, the log's reach, the number missed.  An
 * offset of 0 becomes the seq of its CONNECT: its first interval begins there. */
static enum rc
recover_check(struct sqlite *db, struct slice nsp, struct slice pid,
    int64_t *offset, int64_t max_replay, struct arena *arena,
    struct socket_row *k, int64_t *missed_r)
{
	int64_t floor = db->state.floor, last = db->state.seq, has;
	struct live *l;

	if (db->recovery <= 0 || pid.n == 0 || !socket_one(db, sql_open(db,
	    SQL_SOCKET_BY_PID, "tt", pid, nsp), arena, k))
		return RC_NONE;
	if (k->session == 0 && k->gone_wall + db->recovery <= db->wall)
		return RC_NONE;
	if (*offset == 0)
		*offset = sql_int(db, 0, SQL_MEMBER_FIRST, "ii",
		    (int64_t)k->session, (int64_t)k->n) - 1;
	if (k->session == 0)
		has = sql_int(db, 0, SQL_SOCKET_PROVED, "i", (int64_t)k->n);
	else if ((l = live_get(db, k->session)) != NULL)
		has = socket_proved(db, l, k->n);
	else
		has = 0;
	if (*offset >= 0 && *offset < has)
		*offset = has;
	if (*offset < floor - 1 || *offset > last)
		return RC_NONE;
	*missed_r = drain_count(db, k->session, k->n, *offset, last, max_replay);
	return *missed_r > max_replay ? RC_NONE : RC_OK;
}

void
op_recover(struct sqlite *db, struct store_op *op)
{
	struct live *l = live_get(db, op->u.recover.session), *old;
	struct socket_row k, other;
	int64_t missed, seq, offset = op->u.recover.offset;
	uint64_t session = op->u.recover.session;
	bool was_told;

	if (l == NULL || (l->flags & LIVE_CLOSING) != 0) {
		op->rc = RC_GONE;
		return;
	}
	if (socket_load_nsp(db, session, op->u.recover.nsp, &db->scratch, &other)) {
		op->rc = RC_CLASH;
		return;
	}
	op->rc = recover_check(db, op->u.recover.nsp, op->u.recover.pid, &offset,
	    op->u.recover.max_replay, &db->scratch, &k, &missed);
	if (op->rc != RC_OK)
		return;
	if (k.session != 0 && (old = live_get(db, k.session)) != NULL)
		session_end(db, old, "transport close", '1', true);
	sql_do(db, SQL_TASK_UNBYE, "i", (int64_t)k.n);
	was_told = sqlite3_changes(db->db) == 0;
	sql_do(db, SQL_SOCKET_BACK, "ii", (int64_t)k.n, (int64_t)session);
	sql_do(db, SQL_MEMBER_MOVE, "iii", INT64_C(0), (int64_t)k.n,
	    (int64_t)session);
	sql_do(db, SQL_SESSION_INHERIT, "ii", (int64_t)session, (int64_t)k.n);
	hears_forget(db, session);
	lane_value_keep(db, session, 0);
	seq = log_tell(db, l, session, RECORD_CONNECT, k.nsp, op->u.recover.answer);
	sql_do(db, SQL_REPLAY_ADD, "iiii", (int64_t)k.n, (int64_t)session, offset,
	    seq);
	l->flags |= LIVE_REPLAY | LIVE_TIDY;
	live_connected(db, l);
	changed_add(&db->changed, session);
	op->u.recover.socket_r = k.n;
	if (was_told && store_leaves_bye(&db->store, k.nsp, k.user))
		task_add_return(db, op);
}

enum rc
sqlite_recoverable(struct store *store, struct slice nsp, struct slice pid,
    int64_t offset, int64_t max_replay, struct arena *arena,
    struct socket_row *row_r)
{
	struct sqlite *db = sqlite_of(store);
	int64_t missed;
	enum rc rc;

	look_begin(db);
	if (!db->in_turn) {
		state_read(db);
		db->wall = clock_wall(db->store.clock);
	}
	rc = db->failed != RC_OK ? db->failed : recover_check(db, nsp, pid,
	    &offset, max_replay, arena, row_r, &missed);
	if (!db->in_turn)
		arena_reset(&db->scratch);
	return look_end(db, rc);
}

/* ---- its own things ------------------------------------------------------------------- */

void
op_socket_set(struct sqlite *db, struct store_op *op)
{
	struct slice user = op->u.socket_set.user, data = op->u.socket_set.data;
	struct socket_row k;
	struct live *l;

	if (!socket_load(db, *op->u.socket_set.socket, &db->scratch, &k)) {
		if (!task_refresh_bye(db, *op->u.socket_set.socket, data, user))
			op->rc = RC_GONE;
		return;
	}
	if (k.session == 0)
		task_refresh_bye(db, k.n, data, user);
	if (user.p == NULL)
		user = k.user;
	else if (!slice_eq(user, k.user)) {
		if (k.user.n > 0)
			socket_leave(db, CHANNEL_USER, k.nsp, k.user, k.n, k.session);
		if (user.n > 0)
			socket_join(db, CHANNEL_USER, k.nsp, user, k.n, k.session);
		changed_add(&db->changed, k.session);
	}
	sql_do(db, SQL_SOCKET_SET, "itt", (int64_t)k.n, data.p == NULL ? k.data :
	    data, user.n == 0 ? SLICE_NONE : user);
	if (k.session != 0 && (l = live_get(db, k.session)) != NULL) {
		live_forget_sockets(db, l);
		l->version++;
		live_touch(l);
	}
}
