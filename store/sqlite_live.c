/*
 * sqlite_live.c - what changes with every request of a session
 *
 * A turn often touches a session more than once (POST, ack, delivery, the next
 * poll).  Its row is read once and written once, between them it lives here.
 *
 * Must stay true:
 *   - nothing of it survives the turn: the store is the truth
 *   - whoever reads the table itself inside a turn calls live_flush() first
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/sqlite_private.h"

static struct live *
live_insert(struct sqlite *db, uint64_t session)
{
	struct live *l = arena_alloc(&db->scratch, sizeof(*l));
	struct live **bucket = &db->lives[session % LIVE_BUCKETS];

	l->session = session;
	l->next = *bucket;
	*bucket = l;
	return l;
}

static void
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
	struct live *l = db->lives[session % LIVE_BUCKETS];
	sqlite3_stmt *s;

	while (l != NULL && l->session != session)
		l = l->next;
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
live_new(struct sqlite *db, uint64_t session)
{
	struct live *l = live_insert(db, session);

	l->cursor = l->prev = db->state.seq;
	l->heard = l->ping = l->opened = db->boot;
	l->version = 1;
	l->is_new = l->is_dirty = true;
	return l;
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
	for (size_t i = 0; i < LIVE_BUCKETS; i++)
		for (struct live *l = db->lives[i]; l != NULL; l = l->next) {
			if (!l->is_dirty)
				continue;
			l->is_dirty = false;
			if (l->has_ended)
				sql_do(db, SQL_LIVE_DROP, "i", (int64_t)l->session);
			else
				live_write(db, l->is_new ? SQL_LIVE_ADD : SQL_LIVE_SET, l);
			l->is_new = false;
		}
}

void
live_forget(struct sqlite *db)
{
	memset(db->lives, 0, sizeof(db->lives));
	arena_reset(&db->scratch);
}

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
	if (l->namespaces == 0 && (l->flags & LIVE_CLOSING) == 0 &&
	    db->connect_timeout > 0 && l->opened + db->connect_timeout < dead &&
	    (l->flags & LIVE_WAS_CONNECTED) == 0)
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
