/*
 * sqlite_live.c - what changes with every request of a session, and what of it
 * need not be read again
 *
 * A turn often touches a session more than once (POST, ack, delivery, the next
 * poll).  Its row is read once and written once; between them it lives here.
 *
 * It also stays here between turns, but only as a copy that is known to be true:
 * when nobody else has written since our last COMMIT (sqlite_moved.c), everything
 * that was read or written before still holds.  Else all of it is thrown away.  A
 * process alone with its store so reads nearly nothing; processes that take turns
 * lose nothing but this.
 *
 * Must stay true:
 *   - nothing is believed past a foreign commit, a roll-back, or a close
 *   - whoever reads the table itself inside a turn calls live_flush() first
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/sqlite_private.h"

/* What may be remembered: about what 5,000 browsers need. */
enum { KEEP_SESSIONS = 8192, KEEP_BYTES = 4 << 20 };

/* ---- remembering ------------------------------------------------------------- */

static void
seen_free(struct sqlite *db, struct live *l)
{
	live_forget_sockets(db, l);
	if (l->seen != NULL) {
		HASH_DELETE(hh_sid, db->by_sid, l);
		db->kept_bytes -= l->seen_bytes;
		free(l->seen);
		l->seen = NULL;
	}
}

static void
live_free(struct sqlite *db, struct live *l)
{
	seen_free(db, l);
	db->kept_bytes -= l->hears_room * sizeof(*l->hears);
	free(l->hears);
	HASH_DELETE(hh, db->lives, l);
	free(l);
}

void
live_forget_all(struct sqlite *db)
{
	struct live *l, *next;

	HASH_ITER(hh, db->lives, l, next)
		live_free(db, l);
	db->dirty = NULL;
	db->state_known = false;
	db->lanes = db->timers = USE_UNKNOWN;
	db->channel_id = 0;
	channel_may_be(db);
	recent_forget(db);
}

/* The oldest go when there are too many. */
static void
live_trim(struct sqlite *db)
{
	struct live *l, *next;

	HASH_ITER(hh, db->lives, l, next) {
		if (HASH_CNT(hh, db->lives) <= KEEP_SESSIONS &&
		    db->kept_bytes <= KEEP_BYTES)
			break;
		live_free(db, l);
	}
}

void
live_committed(struct sqlite *db)
{
	struct live *l, *next;

	for (l = db->dirty; l != NULL; l = next) {
		next = l->next_dirty;
		l->is_listed = false;
		if (l->has_ended)
			live_free(db, l);
	}
	db->dirty = NULL;
	live_trim(db);
}

/* ---- rows ------------------------------------------------------------------------ */

static struct live *
live_insert(struct sqlite *db, uint64_t session)
{
	struct live *l = mem_alloc(sizeof(*l));

	l->session = session;
	l->db = db;
	HASH_ADD(hh, db->lives, session, sizeof(l->session), l);
	return l;
}

/*
 * A row is a JSON array of 14 numbers and two strings; what stands in the
 * strings needs no escape (live_t()).
 */
enum { NUMBERS = 14, ROW_MAX = NUMBERS * 21 + 2 * 26 + 4 };

static char *
text_write(char *p, const char *text)
{
	size_t n = strlen(text);

	*p++ = ',';
	*p++ = '"';
	memcpy(p, text, n);
	p += n;
	*p++ = '"';
	return p;
}

static size_t
row_write(const struct live *l, char *row)
{
	const int64_t v[NUMBERS] = { l->cursor, l->prev, l->head, l->holder,
	    l->ticket, l->claim_seq, l->heard, l->ping, l->opened, l->version,
	    l->namespaces, l->transport, l->flags, (int64_t)l->post_hash };
	char *p = row_numbers(row, v, NUMBERS);

	p = text_write(p, l->t);
	p = text_write(p, l->post_t);
	*p++ = ']';
	return (size_t)(p - row);
}

static const char *
text_read(const char *p, const char *end, char out[24])
{
	size_t n = 0;

	for (p += 2; p < end && *p != '"'; p++)
		if (n < 23)
			out[n++] = *p;
	out[n] = '\0';
	return p + 1;
}

void
live_read(sqlite3_stmt *s, struct live *l)
{
	struct slice row = col_slice(s, 1);
	const char *p, *end = row.p + row.n;
	int64_t v[NUMBERS];

	p = row_read(row.p, end, v, NUMBERS);
	l->session = (uint64_t)col_int(s, 0);
	l->cursor = v[0];
	l->prev = v[1];
	l->head = v[2];
	l->holder = v[3];
	l->ticket = v[4];
	l->claim_seq = v[5];
	l->heard = v[6];
	l->ping = v[7];
	l->opened = v[8];
	l->version = v[9];
	l->namespaces = v[10];
	l->transport = (int)v[11];
	l->flags = (unsigned)v[12];
	l->post_hash = (uint64_t)v[13];
	p = text_read(p, end, l->t);
	text_read(p, end, l->post_t);
}

struct live *
live_get(struct sqlite *db, uint64_t session)
{
	struct live *l;
	sqlite3_stmt *s;

	if (session == 0)               /* that row is the state of the store */
		return NULL;
	HASH_FIND(hh, db->lives, &session, sizeof(session), l);
	if (l != NULL)
		return l->has_ended ? NULL : l;
	s = sql_open(db, SQL_LIVE_GET, "i", (int64_t)session);
	if (!sql_row(db, s))
		return NULL;
	l = live_insert(db, session);
	live_read(s, l);
	sql_end(s);
	return l;
}

struct live *
live_keep(struct sqlite *db, uint64_t session, sqlite3_stmt *s)
{
	struct live *l;

	HASH_FIND(hh, db->lives, &session, sizeof(session), l);
	if (l == NULL) {
		l = live_insert(db, session);
		live_read(s, l);
	}
	return l;
}

struct live *
live_new(struct sqlite *db, uint64_t session)
{
	struct live *l = live_insert(db, session);

	l->cursor = l->prev = db->state.seq;
	l->heard = l->ping = l->opened = db->boot;
	l->version = 1;
	l->is_new = l->hears_known = true;
	live_touch(l);
	return l;
}

void
live_touch(struct live *l)
{
	l->is_dirty = true;
	if (l->is_listed)
		return;
	l->is_listed = true;
	l->next_dirty = l->db->dirty;
	l->db->dirty = l;
}

static void
live_write(struct sqlite *db, enum sql id, const struct live *l)
{
	char row[ROW_MAX];
	size_t n = row_write(l, row);

	sql_do(db, id, "it", (int64_t)l->session, slice_of(row, n));
}

void
live_flush(struct sqlite *db)
{
	for (struct live *l = db->dirty; l != NULL; l = l->next_dirty) {
		if (!l->is_dirty)
			continue;
		l->is_dirty = false;
		if (!l->has_ended)
			live_write(db, l->is_new ? SQL_LIVE_ADD : SQL_LIVE_SET, l);
		else if (!l->is_new)
			sql_do(db, SQL_LIVE_DROP, "i", (int64_t)l->session);
		l->is_new = false;
	}
}

/* ---- what is fixed, and its sockets ------------------------------------------------- */

struct live *
live_seen(struct sqlite *db, struct slice sid)
{
	struct live *l = NULL;
	size_t n = sid.n;

	if (db->is_fresh && n > 0)
		HASH_FIND(hh_sid, db->by_sid, sid.p, n, l);
	return l == NULL || l->has_ended ? NULL : l;
}

void
live_see(struct sqlite *db, const struct session_row *row, struct live *l)
{
	size_t n = strlen(row->sid);

	if (l->seen != NULL || n == 0)
		return;
	l->seen_bytes = sizeof(*l->seen) + row->info.n;
	l->seen = mem_alloc(l->seen_bytes);
	l->seen->opened_wall = row->opened_wall;
	l->seen->generation = row->generation;
	memcpy(l->seen->sid, row->sid, sizeof(l->seen->sid));
	l->seen->has_info = row->info.p != NULL;
	l->seen->n_info = row->info.n;
	if (row->info.n > 0)
		memcpy(l->seen->info, row->info.p, row->info.n);
	db->kept_bytes += l->seen_bytes;
	HASH_ADD_KEYPTR(hh_sid, db->by_sid, l->seen->sid, n, l);
}

void
live_forget_sockets(struct sqlite *db, struct live *l)
{
	struct live_socket *k;

	while ((k = l->sockets) != NULL) {
		l->sockets = k->next;
		HASH_DELETE(hh, db->sockets, k);
		db->kept_bytes -= k->bytes;
		free(k);
	}
}

/* Into memory that is there already; returns behind it. */
static char *
slice_into(char *p, struct slice *slice)
{
	if (slice->n > 0)
		memcpy(p, slice->p, slice->n);
	if (slice->p != NULL)
		slice->p = p;
	return p + slice->n;
}

static size_t
socket_bytes(const struct socket_row *row)
{
	return row->nsp.n + row->user.n + row->data.n + row->sid.n + row->info.n;
}

static void
socket_into(char *p, struct socket_row *row)
{
	p = slice_into(p, &row->nsp);
	p = slice_into(p, &row->user);
	p = slice_into(p, &row->data);
	p = slice_into(p, &row->sid);
	slice_into(p, &row->info);
}

void
live_see_socket(struct sqlite *db, struct live *l, const struct socket_row *row)
{
	struct socket_row own = *row;
	struct live_socket *k;
	size_t bytes;

	HASH_FIND(hh, db->sockets, &row->n, sizeof(row->n), k);
	if (k != NULL)
		return;
	if (l->seen != NULL)            /* it is there already, and stays as long */
		own.sid = own.info = SLICE_NONE;
	bytes = sizeof(struct live_socket) + socket_bytes(&own);
	k = mem_alloc(bytes);
	k->bytes = bytes;
	socket_into(k->memory, &own);
	if (l->seen != NULL) {
		own.sid = slice_str(l->seen->sid);
		if (l->seen->has_info)
			own.info = slice_of(l->seen->info, l->seen->n_info);
	}
	k->row = own;
	k->next = l->sockets;
	l->sockets = k;
	db->kept_bytes += bytes;
	HASH_ADD(hh, db->sockets, row.n, sizeof(k->row.n), k);
}

static void
socket_out(const struct live_socket *k, struct arena *arena, struct socket_row *row_r)
{
	*row_r = k->row;
	socket_into(arena_alloc(arena, socket_bytes(row_r) + 1), row_r);
}

bool
live_seen_socket(struct sqlite *db, uint64_t session, struct slice nsp,
    struct arena *arena, struct socket_row *row_r)
{
	struct live *l = NULL;

	if (db->is_fresh)
		HASH_FIND(hh, db->lives, &session, sizeof(session), l);
	for (struct live_socket *k = l == NULL ? NULL : l->sockets; k != NULL;
	    k = k->next)
		if (slice_eq(k->row.nsp, nsp)) {
			socket_out(k, arena, row_r);
			return true;
		}
	return false;
}

bool
live_seen_socket_n(struct sqlite *db, uint64_t n, struct arena *arena,
    struct socket_row *row_r)
{
	struct live_socket *k = NULL;

	if (db->is_fresh)
		HASH_FIND(hh, db->sockets, &n, sizeof(n), k);
	if (k != NULL)
		socket_out(k, arena, row_r);
	return k != NULL;
}

bool
live_has_no_socket(struct sqlite *db, uint64_t session)
{
	struct live *l = NULL;

	if (db->is_fresh)
		HASH_FIND(hh, db->lives, &session, sizeof(session), l);
	return l != NULL && l->namespaces == 0;
}

/* ---- claims and deadlines --------------------------------------------------------- */

bool
live_is_claimed(struct sqlite *db, const struct live *l)
{
	return l->holder != 0 && worker_is_alive(db->workers, l->holder);
}

void
live_drop_claim(struct sqlite *db, struct live *l)
{
	if (l->holder != 0 && l->holder == worker_self(db->workers))
		db->claims--;
	l->holder = l->ticket = l->claim_seq = 0;
	live_touch(l);
}

bool
live_is_orphan(struct sqlite *db, const struct live *l)
{
	return l->transport != 0 && !live_is_claimed(db, l);
}

bool
live_has(const struct live *l, unsigned trait)
{
	return (l->flags >> LIVE_TRAITS & trait) != 0;
}

int64_t
live_ping_due(const struct sqlite *db, const struct live *l)
{
	if ((l->flags & (LIVE_PING_OPEN | LIVE_CLOSING)) != 0 ||
	    live_has(l, SESSION_PINGS_US) || live_has(l, SESSION_QUIET_POLLS) ||
	    l->transport != 0)
		return 0;
	return l->ping + db->interval;
}

int64_t
live_dead(struct sqlite *db, const struct live *l)
{
	int64_t dead = l->heard + db->interval + db->timeout;

	if (l->transport != 0)          /* its worker knows what it hears */
		return live_is_claimed(db, l) ? INT64_MAX : 0;
	if ((l->flags & LIVE_CLOSING) != 0)
		return l->ping + CLOSE_WAIT_MS;
	if ((l->flags & LIVE_PING_OPEN) != 0 && l->ping + db->timeout < dead)
		dead = l->ping + db->timeout;
	if (l->namespaces == 0 && (l->flags & LIVE_WAS_CONNECTED) == 0 &&
	    !live_has(l, SESSION_PINGS_US) && db->connect_timeout > 0 &&
	    l->opened + db->connect_timeout < dead)
		dead = l->opened + db->connect_timeout;
	return dead;
}

void
live_t(struct sqlite *db, struct slice t, char out_r[24])
{
	size_t i = 0;

	memset(out_r, 0, 24);
	while (i < t.n && i < 23 && t.p[i] > ' ' && t.p[i] != '"' &&
	    t.p[i] != '\\' && t.p[i] != '#' && t.p[i] < 127)
		i++;
	if (i < t.n)
		snprintf(out_r, 24, "#%016" PRIx64, siphash(db->store.key, t));
	else if (t.n > 0)
		memcpy(out_r, t.p, t.n);
}
