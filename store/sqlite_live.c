/*
 * sqlite_live.c - what changes with every request of a session, and what of it
 * need not be read again
 *
 * A turn often touches a session more than once (POST, ack, delivery, the next
 * poll).  Its row is read once and written once; between them it lives here.
 *
 * It also stays here between turns, but only as a copy that is known to be true:
 * SQLite counts the changes of the file (SQLITE_FCNTL_DATA_VERSION); when the
 * count at the start of a turn is the one after our last COMMIT, nobody else has
 * written, and everything that was read or written before still holds.  Else all
 * of it is thrown away.  A process alone with its store so reads nearly nothing;
 * processes that take turns lose nothing but this.
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
	db->n_recent = 0;
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

static unsigned
file_version(struct sqlite *db)
{
	unsigned version = 0;

	sqlite3_file_control(db->db, "main", SQLITE_FCNTL_DATA_VERSION, &version);
	return version;
}

void
live_check(struct sqlite *db)
{
	unsigned version = file_version(db);

	if (version != db->file_version)
		live_forget_all(db);
	db->file_version = version;
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
	db->file_version = file_version(db);
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

void
live_read(sqlite3_stmt *s, struct live *l)
{
	l->cursor = col_int(s, 1);
	l->prev = col_int(s, 2);
	l->head = col_int(s, 3);
	l->holder = col_int(s, 4);
	l->ticket = col_int(s, 5);
	l->claim_seq = col_int(s, 6);
	l->heard = col_int(s, 7);
	l->ping = col_int(s, 8);
	l->opened = col_int(s, 9);
	l->version = col_int(s, 10);
	l->namespaces = col_int(s, 11);
	l->transport = (int)col_int(s, 12);
	l->flags = (unsigned)col_int(s, 13);
	col_text(s, 14, l->t, sizeof(l->t));
	col_text(s, 15, l->post_t, sizeof(l->post_t));
	l->post_hash = (uint64_t)col_int(s, 16);
}

struct live *
live_get(struct sqlite *db, uint64_t session)
{
	struct live *l;
	sqlite3_stmt *s;

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
	l->is_new = true;
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
	sql_do(db, id, "iiiiiiiiiiiiiitti", (int64_t)l->session, l->cursor,
	    l->prev, l->head, l->holder, l->ticket, l->claim_seq, l->heard,
	    l->ping, l->opened, l->version, l->namespaces,
	    (int64_t)l->transport, (int64_t)l->flags, slice_str(l->t),
	    slice_str(l->post_t), (int64_t)l->post_hash);
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
	size_t bytes = sizeof(struct live_socket) + socket_bytes(row);
	struct live_socket *k = mem_alloc(bytes);

	k->bytes = bytes;
	k->row = *row;
	socket_into(k->memory, &k->row);
	k->next = l->sockets;
	l->sockets = k;
	db->kept_bytes += bytes;
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
			*row_r = k->row;
			socket_into(arena_alloc(arena, socket_bytes(row_r) + 1),
			    row_r);
			return true;
		}
	return false;
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

int64_t
live_ping_due(const struct sqlite *db, const struct live *l)
{
	return (l->flags & LIVE_PING_OPEN) != 0 ? 0 : l->ping + db->interval;
}

int64_t
live_dead(const struct sqlite *db, const struct live *l)
{
	int64_t dead = l->heard + db->interval + db->timeout;

	if ((l->flags & LIVE_PING_OPEN) != 0 && l->ping + db->timeout < dead)
		dead = l->ping + db->timeout;
	if (l->namespaces == 0 && (l->flags & (LIVE_CLOSING | LIVE_WAS_CONNECTED))
	    == 0 && db->connect_timeout > 0 &&
	    l->opened + db->connect_timeout < dead)
		dead = l->opened + db->connect_timeout;
	return dead;
}

void
live_t(struct sqlite *db, struct slice t, char out_r[24])
{
	memset(out_r, 0, 24);
	if (t.n < 24) {
		if (t.n > 0)
			memcpy(out_r, t.p, t.n);
	} else
		snprintf(out_r, 24, "#%016" PRIx64, siphash(db->store.key, t));
}
