/*
 * sqlite_room.c - who listens where, and since when
 *
 * A membership is an interval [from_seq, to_seq) on the log; to_seq 0 is open.
 * Bounds are the seq that the next record will get, so a join never sees the
 * past and a leave never loses what was said before it.
 *
 * Must stay true:
 *   - an interval in which nothing can have been said is not kept
 *   - a socket is in a channel by one open interval at most
 *   - channels nobody listens to, and without history, have no row
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/sqlite_private.h"

/* ---- channels --------------------------------------------------------------- */

static int64_t
channel_find_own(struct sqlite *db, struct slice key)
{
	enum channel_kind kind;
	struct slice nsp, name;
	int64_t socket;

	if (!channel_split(key, &kind, &nsp, &name) || kind != CHANNEL_ROOM)
		return 0;
	socket = sql_int(db, 0, SQL_SOCKET_NUMBER, "tt", name, nsp);
	return socket == 0 ? 0 : channel_own((uint64_t)socket);
}

/* In a turn, where nobody else writes, the last one that was found, mostly a namespace,
 * is found again without asking, and so is the last that was not: many speak in a room
 * where nobody is.  A look outside asks: a round of looks (sqlite_look()) goes on until
 * the next commit, which may be long after others have made the channel. */
static void
channel_know(struct sqlite *db, struct slice key, int64_t id)
{
	if (!db->in_turn)
		return;
	buf_reset(&db->channel_key);
	buf_add(&db->channel_key, key);
	db->channel_id = id;
}

static void
channel_miss(struct sqlite *db, struct slice key)
{
	if (!db->in_turn || db->failed != RC_OK)
		return;
	buf_reset(&db->no_channel);
	buf_add(&db->no_channel, key);
}

void
channel_may_be(struct sqlite *db)
{
	buf_reset(&db->no_channel);
}

int64_t
channel_find(struct sqlite *db, struct slice key, bool make)
{
	int64_t id;

	if (db->in_turn && db->channel_id != 0 && slice_eq(key, buf_slice(&db->channel_key)))
		return db->channel_id;
	if (db->in_turn && !make && slice_eq(key, buf_slice(&db->no_channel)))
		return 0;
	if ((id = sql_int(db, 0, SQL_CHANNEL_FIND, "b", key)) != 0)
		channel_know(db, key, id);
	if (id == 0)
		id = channel_find_own(db, key);
	if (id == 0 && make && db->failed == RC_OK) {
		id = 2 * ++db->state.channel_n;
		sql_do(db, SQL_CHANNEL_ADD, "ib", id, key);
		channel_may_be(db);
	}
	if (id == 0)
		channel_miss(db, key);
	return id;
}

void
channel_tidy(struct sqlite *db, int64_t channel)
{
	if (channel % 2 != 0 && db->state.adopted == 0)
		return;
	sql_do(db, SQL_CHANNEL_TIDY, "i", channel);
	if (channel == db->channel_id && sqlite3_changes(db->db) != 0)
		db->channel_id = 0;
}

/* Its client polls, and has not had all that was said to this socket alone: who
 * hands that out asks for the room by its name. */
static bool
is_awaited(struct sqlite *db, int64_t own, uint64_t session)
{
	const struct live *l = session == 0 ? NULL : live_get(db, session);
	int64_t last = db->state.seq;

	if (l == NULL || l->transport != 0 || l->cursor >= last)
		return false;
	return sql_int(db, 0, SQL_RECORD_OF_CHANNEL, "iiii", own, l->cursor, last,
	    INT64_C(1)) != 0 || (db->state.also > l->cursor && sql_int(db, 0,
	    SQL_RECORD_OF_ALSO, "iiii", own, l->cursor, last, INT64_C(1)) != 0);
}

void
channel_adopt(struct sqlite *db, const struct socket_row *k)
{
	int64_t own = channel_own(k->n);
	struct slice key;

	if (sql_int(db, 0, SQL_MEMBER_ANY, "i", own) == 0 &&
	    !is_awaited(db, own, k->session))
		return;
	key = channel_key(&db->scratch, CHANNEL_ROOM, k->nsp, slice_str(k->id));
	if (sql_int(db, 0, SQL_CHANNEL_FIND, "b", key) != 0)
		return;
	sql_do(db, SQL_CHANNEL_ADD, "ib", own, key);
	channel_may_be(db);
	db->state.adopted++;
}

/* Is it a socket's room, and not its namespace or user? */
static bool
key_is_room(struct slice key, struct slice *name_r)
{
	enum channel_kind kind;
	struct slice nsp;

	return channel_split(key, &kind, &nsp, name_r) && kind == CHANNEL_ROOM;
}

/* ---- what is remembered of a session's intervals ------------------------------- */

enum { HEARS_MAX = 64 };                /* more are not remembered */

static struct live *
live_known(struct sqlite *db, uint64_t session)
{
	struct live *l;

	HASH_FIND(hh, db->lives, &session, sizeof(session), l);
	return l;
}

void
hears_forget(struct sqlite *db, uint64_t session)
{
	struct live *l = live_known(db, session);

	if (l != NULL)
		l->hears_known = false;
}

static void
hears_push(struct sqlite *db, struct live *l, struct hearing hearing)
{
	size_t room = l->hears_room == 0 ? 4 : 2 * l->hears_room;

	if (l->n_hears == l->hears_room) {
		l->hears = mem_resize(l->hears, room * sizeof(*l->hears));
		db->kept_bytes += (room - l->hears_room) * sizeof(*l->hears);
		l->hears_room = room;
	}
	l->hears[l->n_hears++] = hearing;
}

const struct hearing *
hears_get(struct sqlite *db, struct live *l)
{
	sqlite3_stmt *s;

	if (l->hears_known)
		return l->hears;
	l->n_hears = 0;
	s = sql_open(db, SQL_MEMBER_OF_SESSION, "i", (int64_t)l->session);
	while (sql_row(db, s))
		hears_push(db, l, (struct hearing){ col_int(s, 0), col_int(s, 1),
		    col_int(s, 2), col_int(s, 3) });
	l->hears_known = l->n_hears <= HEARS_MAX && db->failed == RC_OK;
	return l->hears;
}

static void
hears_add(struct sqlite *db, uint64_t session, struct hearing hearing)
{
	struct live *l = live_known(db, session);

	if (l != NULL && l->hears_known && l->n_hears < HEARS_MAX)
		hears_push(db, l, hearing);
	else if (l != NULL)
		l->hears_known = false;
}

static void
hears_drop(struct sqlite *db, uint64_t session, uint64_t socket)
{
	struct live *l = live_known(db, session);
	size_t n = 0;

	if (l == NULL || !l->hears_known)
		return;
	for (size_t i = 0; i < l->n_hears; i++)
		if (l->hears[i].socket != (int64_t)socket)
			l->hears[n++] = l->hears[i];
	l->n_hears = n;
}

/* ---- intervals --------------------------------------------------------------- */

/* The newest interval of the socket in the channel; false: there is none. */
static bool
member_last(struct sqlite *db, int64_t channel, uint64_t socket,
    int64_t *from_r, int64_t *to_r)
{
	sqlite3_stmt *s = sql_open(db, SQL_MEMBER_LAST, "ii", channel,
	    (int64_t)socket);

	if (!sql_row(db, s))
		return false;
	*from_r = col_int(s, 0);
	*to_r = col_int(s, 1);
	sql_end(s);
	return true;
}

bool
member_is_in(struct sqlite *db, int64_t channel, uint64_t socket)
{
	int64_t from, to;

	return member_last(db, channel, socket, &from, &to) && to == 0;
}

void
member_start(struct sqlite *db, int64_t channel, uint64_t socket,
    uint64_t session)
{
	sql_do(db, SQL_MEMBER_ADD, "iiii", channel, (int64_t)socket,
	    db->state.seq + 1, (int64_t)session);
	hears_add(db, session, (struct hearing){ (int64_t)socket, channel,
	    db->state.seq + 1, 0 });
}

bool
member_join(struct sqlite *db, int64_t channel, uint64_t socket,
    uint64_t session)
{
	int64_t next = db->state.seq + 1, from, to;
	bool was = member_last(db, channel, socket, &from, &to);

	if (was && to == 0)
		return false;
	if (was && to == next) {
		sql_do(db, SQL_MEMBER_REOPEN, "iii", channel, (int64_t)socket, from);
		hears_forget(db, session);
	} else
		member_start(db, channel, socket, session);
	return true;
}

/* Ends an interval; true: something of it stays. */
static bool
member_end(struct sqlite *db, int64_t channel, uint64_t socket, int64_t from)
{
	int64_t next = db->state.seq + 1;

	if (from >= next) {
		sql_do(db, SQL_MEMBER_DROP, "iii", channel, (int64_t)socket, from);
		channel_tidy(db, channel);
		return false;
	}
	sql_do(db, SQL_MEMBER_END, "iiii", channel, (int64_t)socket, from, next);
	return true;
}

bool
member_leave(struct sqlite *db, int64_t channel, uint64_t socket,
    uint64_t session)
{
	int64_t from, to;
	struct live *l;

	if (!member_last(db, channel, socket, &from, &to) || to != 0)
		return false;
	hears_forget(db, session);
	if (member_end(db, channel, socket, from) && session != 0 &&
	    (l = live_get(db, session)) != NULL) {
		l->flags |= LIVE_TIDY;
		live_touch(l);
	}
	return true;
}

/* The channels of a socket, so that they can be changed while walking. */
struct place {
	int64_t channel, from;
	uint64_t socket;
	struct place *next;
};

static struct place *
place_add(struct sqlite *db, struct place *next, int64_t channel, int64_t from)
{
	struct place *p = arena_alloc(&db->scratch, sizeof(*p));

	p->channel = channel;
	p->from = from;
	p->next = next;
	return p;
}

static struct place *
places_of(struct sqlite *db, uint64_t session, uint64_t socket, bool open_only)
{
	struct place *first = NULL;
	struct live *l = live_known(db, session);
	sqlite3_stmt *s;

	if (l != NULL && l->hears_known) {
		for (size_t i = 0; i < l->n_hears; i++)
			if (l->hears[i].socket == (int64_t)socket &&
			    (!open_only || l->hears[i].to == 0))
				first = place_add(db, first, l->hears[i].channel,
				    l->hears[i].from);
		return first;
	}
	s = sql_open(db, open_only ? SQL_MEMBER_OPEN_OF : SQL_MEMBER_OF_SOCKET, "ii",
	    (int64_t)session, (int64_t)socket);
	while (sql_row(db, s))
		first = place_add(db, first, col_int(s, open_only ? 0 : 1),
		    col_int(s, open_only ? 1 : 2));
	return first;
}

void
member_leave_all(struct sqlite *db, uint64_t session, uint64_t socket,
    bool forget)
{
	struct place *p = places_of(db, session, socket, !forget);
	struct live *l = session == 0 || forget ? NULL : live_get(db, session);

	if (forget) {
		sql_do(db, SQL_MEMBER_DROP_SOCKET, "ii", (int64_t)session,
		    (int64_t)socket);
		hears_drop(db, session, socket);
	} else if (p != NULL)
		hears_forget(db, session);
	for (; p != NULL; p = p->next)
		if (forget)
			channel_tidy(db, p->channel);
		else if (member_end(db, p->channel, socket, p->from) && l != NULL) {
			l->flags |= LIVE_TIDY;
			live_touch(l);
		}
}

/* Closed intervals only: the sockets themselves are gone already. */
void
member_drop_session(struct sqlite *db, uint64_t session)
{
	struct live *l = live_get(db, session);

	if (l == NULL || (l->flags & LIVE_TIDY) == 0)
		return;
	member_tidy(db, l, INT64_MAX - 1);
}

void
member_tidy(struct sqlite *db, struct live *l, int64_t known)
{
	struct place *first = NULL, *p;
	bool left = false;
	int64_t oldest = question_oldest(db);
	sqlite3_stmt *s;

	/* who may answer a question is read from the intervals */
	if (known >= oldest && known < INT64_MAX - 1)
		known = oldest - 1;
	s = sql_open(db, SQL_MEMBER_OF_SESSION, "i", (int64_t)l->session);
	while (sql_row(db, s)) {
		if (col_int(s, 3) == 0)
			continue;
		if (col_int(s, 3) > known + 1) {
			left = true;
			continue;
		}
		p = arena_alloc(&db->scratch, sizeof(*p));
		p->channel = col_int(s, 1);
		p->from = col_int(s, 2);
		p->socket = (uint64_t)col_int(s, 0);
		p->next = first;
		first = p;
	}
	if (first != NULL)
		l->hears_known = false;
	for (p = first; p != NULL; p = p->next) {
		sql_do(db, SQL_MEMBER_DROP, "iii", p->channel, (int64_t)p->socket,
		    p->from);
		channel_tidy(db, p->channel);
	}
	if (!left) {
		l->flags &= ~(unsigned)LIVE_TIDY;
		live_touch(l);
	}
}

/* ---- join and leave -------------------------------------------------------------- */

static bool
room_is_full(struct sqlite *db, struct store_op *op, const struct socket_row *k,
    int64_t channel)
{
	int64_t rooms;

	if (op->u.member.max_rooms <= 0 || (channel != 0 && sql_int(db, 0,
	    SQL_MEMBER_IS, "ii", channel, (int64_t)k->n) != 0))
		return false;
	rooms = sql_int(db, 0, SQL_MEMBER_ROOM_COUNT, "ii", (int64_t)k->session,
	    (int64_t)k->n);
	return rooms >= op->u.member.max_rooms;
}

void
op_member(struct sqlite *db, struct store_op *op)
{
	struct socket_row *k;
	struct slice key;
	int64_t channel = 0;
	bool join = op->kind == OP_JOIN, has_changed;
	size_t n = op->u.member.n, known = 0;

	op->u.member.refused_r = 0;
	if (n > SOCKETS_PER_OP) {
		op->rc = RC_TOO_BIG;
		return;
	}
	k = arena_alloc(&db->scratch, (n + 1) * sizeof(*k));
	for (size_t i = 0; i < n; i++)
		if (socket_load(db, op->u.member.sockets[i], &db->scratch, &k[known]))
			known++;
	if (known == 0)
		return;
	key = channel_key(&db->scratch, CHANNEL_ROOM, k[0].nsp, op->u.member.room);
	channel = channel_find(db, key, false);
	for (size_t i = 0; i < known; i++) {
		has_changed = false;
		if (join && room_is_full(db, op, &k[i], channel))
			op->u.member.refused_r++;
		else if (join && (channel != 0 ||
		    (channel = channel_find(db, key, true)) != 0))
			has_changed = member_join(db, channel, k[i].n, k[i].session);
		else if (channel != 0)
			has_changed = member_leave(db, channel, k[i].n, k[i].session);
		if (has_changed)
			changed_add(&db->changed, k[i].session);
	}
	if (op->u.member.refused_r != 0)
		op->rc = RC_TOO_BIG;
}

void
changed_tell(struct sqlite *db)
{
	struct buf others = BUF_INIT;
	uint64_t session;
	struct live *l;

	for (size_t i = 0; i < changed_count(&db->changed); i++) {
		session = changed_get(&db->changed, i);
		if ((l = live_get(db, session)) == NULL || l->transport == 0 ||
		    !live_is_claimed(db, l))
			continue;
		if (l->holder == worker_self(db->workers))
			changed_add(&db->own_changed, session);
		else
			buf_printf(&others, "%c%llu", others.n == 0 ? '[' : ',',
			    (unsigned long long)session);
	}
	buf_reset(&db->changed.numbers);
	if (others.n != 0) {
		buf_char(&others, ']');
		log_tell_members(db, arena_dup(db->arena, buf_slice(&others)));
	}
	buf_free(&others);
}

/* ---- looking ----------------------------------------------------------------------- */

/*
 * While a turn hands out its records nobody joins or leaves, and most of them
 * were said in one channel: its members are read once.
 */
struct roster_row {
	int64_t session, socket, from, to;
};

void
roster_begin(struct sqlite *db)
{
	db->roster.may_keep = true;
	db->roster.channel = 0;
}

void
roster_end(struct sqlite *db)
{
	db->roster.may_keep = false;
	db->roster.channel = 0;
}

/* Whoever was in the channel at seq or later. */
static void
roster_load(struct sqlite *db, int64_t channel, int64_t seq)
{
	struct roster *roster = &db->roster;
	struct roster_row row;
	sqlite3_stmt *s;

	if (roster->may_keep && roster->channel == channel && roster->after <= seq)
		return;
	buf_reset(&roster->rows);
	s = sql_open(db, SQL_MEMBER_AT, "ii", channel, seq);
	while (sql_row(db, s)) {
		row = (struct roster_row){ col_int(s, 0), col_int(s, 1),
		    col_int(s, 2), col_int(s, 3) };
		buf_add(&roster->rows, slice_of((const char *)&row, sizeof(row)));
	}
	roster->channel = channel;
	roster->after = seq;
}

enum rc
sqlite_members(struct store *store, struct slice channel, int64_t seq,
    store_member_fn *visit, void *arg)
{
	struct sqlite *db = sqlite_of(store);
	uint64_t session = channel_session(channel);
	const struct roster_row *rows;
	size_t i, n;
	int64_t id;

	if (!db->in_turn)
		db->failed = RC_OK;
	if (session != 0) {
		visit(arg, session, 0);
		return RC_OK;
	}
	if ((id = channel_find(db, channel, false)) == 0)
		return db->failed;
	roster_load(db, id, seq);
	rows = (const struct roster_row *)(const void *)db->roster.rows.p;
	n = db->roster.rows.n / sizeof(*rows);
	for (i = 0; i < n && db->failed == RC_OK; i++)
		if (rows[i].from <= seq && (rows[i].to == 0 || rows[i].to > seq))
			visit(arg, (uint64_t)rows[i].session,
			    (uint64_t)rows[i].socket);
	return db->failed;
}

/* The key of a channel, when it is known without asking. */
static struct slice
key_known(struct sqlite *db, struct arena *arena, const struct hearing *h)
{
	struct socket_row k;

	if (h->channel == db->channel_id)
		return buf_slice(&db->channel_key);
	if (h->channel == channel_own((uint64_t)h->socket) && db->state.adopted == 0 &&
	    live_seen_socket_n(db, (uint64_t)h->socket, arena, &k))
		return channel_key(arena, CHANNEL_ROOM, k.nsp, slice_str(k.id));
	return SLICE_NONE;
}

/* False: the tables must be asked, nothing was visited.  As channel_find(). */
static bool
heard_known(struct sqlite *db, uint64_t session, struct arena *arena,
    store_heard_fn *visit, void *arg)
{
	enum { FEW = 4 };
	const struct live *l = db->in_turn ? live_known(db, session) : NULL;
	struct slice keys[FEW];

	if (l == NULL || !l->hears_known || l->n_hears > FEW)
		return false;
	for (size_t i = 0; i < l->n_hears; i++)
		if ((keys[i] = key_known(db, arena, &l->hears[i])).p == NULL)
			return false;
	for (size_t i = 0; i < l->n_hears; i++)
		visit(arg, (uint64_t)l->hears[i].channel, keys[i], l->hears[i].from,
		    l->hears[i].to);
	return true;
}

enum rc
sqlite_heard(struct store *store, uint64_t session, store_heard_fn *visit,
    void *arg)
{
	struct sqlite *db = sqlite_of(store);
	struct arena arena = ARENA_INIT;
	struct slice key;
	sqlite3_stmt *s;

	if (heard_known(db, session, &arena, visit, arg)) {
		arena_free(&arena);
		return db->failed;
	}
	look_begin(db);
	s = sql_open(db, SQL_MEMBER_HEARD, "i", (int64_t)session);
	while (sql_row(db, s)) {
		key = col_slice(s, 3);
		if (key.p == NULL && col_slice(s, 5).p != NULL)
			key = channel_key(&arena, CHANNEL_ROOM, col_slice(s, 4),
			    col_slice(s, 5));
		visit(arg, (uint64_t)col_int(s, 0), key, col_int(s, 1),
		    col_int(s, 2));
	}
	arena_free(&arena);
	return look_end(db, RC_OK);
}

/* A room that has its name from a socket. */
static void
room_add_own(struct sqlite *db, int64_t channel, struct buf *packed)
{
	sqlite3_stmt *s = sql_open(db, SQL_SOCKET_NAME, "i", channel / 2);

	if (!sql_row(db, s))
		return;
	pack_add(packed, col_slice(s, 0));
	sql_end(s);
}

void
rooms_of(struct sqlite *db, const struct socket_row *k, struct buf *packed)
{
	sqlite3_stmt *s = sql_open(db, SQL_MEMBER_ROOMS, "ii",
	    (int64_t)k->session, (int64_t)k->n);
	struct slice name;

	while (sql_row(db, s))
		if (sqlite3_column_type(s, 0) == SQLITE_NULL)
			room_add_own(db, col_int(s, 1), packed);
		else if (key_is_room(col_slice(s, 0), &name))
			pack_add(packed, name);
}

enum rc
sqlite_rooms_of(struct store *store, uint64_t socket, struct buf *packed)
{
	struct sqlite *db = sqlite_of(store);
	struct arena arena = ARENA_INIT;
	struct socket_row k;
	enum rc rc = RC_NONE;

	look_begin(db);
	if (socket_load(db, socket, &arena, &k)) {
		rc = RC_OK;
		rooms_of(db, &k, packed);
	}
	arena_free(&arena);
	return look_end(db, rc);
}

struct room_seen {
	struct slice nsp, name;
	int64_t members;
	struct room_seen *next;
};

enum rc
sqlite_rooms(struct store *store, struct slice nsp, struct slice after,
    size_t limit, store_room_fn *visit, void *arg)
{
	struct sqlite *db = sqlite_of(store);
	struct arena arena = ARENA_INIT;
	struct slice from = channel_key(&arena, CHANNEL_ROOM, nsp, after);
	struct slice to = channel_key(&arena, CHANNEL_ROOM, nsp, SLICE(""));
	struct room_seen *first = NULL, **end = &first;
	size_t n = 0;
	sqlite3_stmt *s;

	look_begin(db);
	((char *)(uintptr_t)to.p)[to.n - 1] = '\1';     /* behind all its names */
	s = sql_open(db, SQL_CHANNEL_RANGE, "bbi", from, to, INT64_MAX);
	while (n < limit && sql_row(db, s)) {
		if (col_int(s, 1) == 0)
			continue;
		*end = arena_alloc(&arena, sizeof(**end));
		key_is_room(col_dup(s, 0, &arena), &(*end)->name);
		(*end)->nsp = nsp;
		(*end)->members = col_int(s, 1);
		end = &(*end)->next;
		n++;
	}
	if (s != NULL)
		sql_end(s);
	for (; first != NULL && db->failed == RC_OK; first = first->next)
		visit(arg, first->nsp, first->name, first->members);
	arena_free(&arena);
	return look_end(db, RC_OK);
}
