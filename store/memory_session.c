/*
 * memory_session.c - a session begins, is heard, and ends
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/memory_private.h"

struct mem_session *
memory_session_get(struct town *town, uint64_t n)
{
	struct mem_session *s;

	HASH_FIND(hh, town->sessions, &n, sizeof(n), s);
	return s;
}

bool
memory_is_claimed(const struct town *town, const struct mem_session *s)
{
	return s->holder != 0 && memory_worker_lives(town, s->holder);
}

bool
memory_is_orphan(const struct town *town, const struct mem_session *s)
{
	return s->row.transport != 0 && !memory_is_claimed(town, s);
}

void
memory_t(const struct town *town, struct slice t, char out_r[24])
{
	if (t.n < 24)
		memory_own_text(out_r, t);
	else
		snprintf(out_r, 24, "#%016" PRIx64, siphash(town->key, t));
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
memory_session_dead(const struct memory *m, const struct mem_session *s)
{
	const struct store_conf *conf = &m->conf;
	int64_t dead = s->row.heard_boot + conf->ping_interval_ms +
	    conf->ping_timeout_ms;

	if (s->row.transport != 0)      /* its worker knows what it hears */
		return memory_is_claimed(m->town, s) ? INT64_MAX : 0;
	if (s->row.ping_open)
		dead = earlier(dead, s->row.ping_boot + conf->ping_timeout_ms);
	if (!s->was_connected && !s->row.closing && conf->connect_timeout_ms > 0 &&
	    (s->row.traits & SESSION_PINGS_US) == 0)
		dead = earlier(dead, s->opened_boot + conf->connect_timeout_ms);
	return dead;
}

/* ---- opening --------------------------------------------------------------------- */

static int64_t
slots_taken(const struct memory *m)
{
	const struct mem_session *s;
	int64_t n = 0;

	for (s = m->town->sessions; s != NULL; s = s->hh.next)
		n += s->row.transport == 0 && (memory_is_claimed(m->town, s) ||
		    s->row.heard_boot > m->boot - SLOT_HEARD_MS);
	return n;
}

void
memory_op_open(struct memory *m, struct store_op *op)
{
	struct mem_session *s;

	if ((op->u.open.max_sessions > 0 &&
	    HASH_COUNT(m->town->sessions) >= op->u.open.max_sessions) ||
	    (op->u.open.slots > 0 && op->u.open.transport == 0 &&
	    slots_taken(m) >= op->u.open.slots)) {
		op->rc = RC_TOO_BIG;
		return;
	}
	s = mem_alloc(sizeof(*s));
	s->n = s->row.n = s->lane = op->u.open.n_r = ++m->town->session_n;
	memory_own_text(s->row.sid, op->u.open.sid);
	s->row.info = memory_own(op->u.open.info);
	s->row.generation = op->u.open.generation;
	s->row.transport = op->u.open.transport;
	s->row.traits = op->u.open.traits;
	s->row.version = 1;
	s->row.opened_wall = m->wall;
	s->row.heard_boot = s->row.ping_boot = s->opened_boot = m->boot;
	s->cursor = s->prev = op->u.open.cursor_r = m->town->seq;
	if (s->row.transport != 0)
		memory_own_session(m, s, op->u.open.ticket);
	HASH_ADD(hh, m->town->sessions, n, sizeof(s->n), s);
}

/* ---- hearing --------------------------------------------------------------------- */

void
memory_op_receive(struct memory *m, struct store_op *op)
{
	struct mem_session *s = memory_session_get(m->town, op->u.receive.session);
	char t[24];

	if (s == NULL) {
		op->rc = RC_GONE;
		return;
	}
	memory_t(m->town, op->u.receive.t, t);
	if (t[0] != '\0' && strcmp(t, s->row.last_post) == 0 &&
	    op->u.receive.hash == s->row.last_post_hash) {
		op->rc = RC_NONE;
		return;
	}
	if (op->u.receive.version != s->row.version) {
		op->rc = RC_CLASH;
		return;
	}
	if (!memory_has_room(m, op)) {
		op->rc = RC_TOO_BIG;
		return;
	}
	if (s->row.transport != 0 && !op->u.receive.changed &&
	    op->u.receive.partial.p == NULL && s->row.partial.p == NULL)
		return;                 /* nothing of it stays */
	if ((s->row.traits & SESSION_PINGS_US) != 0)
		s->row.heard_boot = m->boot;
	memcpy(s->row.last_post, t, sizeof(t));
	s->row.last_post_hash = op->u.receive.hash;
	if (op->u.receive.pong)
		s->row.ping_open = false;
	if (op->u.receive.changed)
		s->row.version++;
	memory_disown(&s->row.partial);
	s->row.partial = memory_own(op->u.receive.partial);
}

/* ---- ending ----------------------------------------------------------------------- */

void
memory_session_free(struct town *town, struct mem_session *s)
{
	HASH_DEL(town->sessions, s);
	memory_disown(&s->row.info);
	memory_disown(&s->row.partial);
	free(s->replays);
	free(s);
}

void
memory_session_end(struct memory *m, struct mem_session *s, const char *reason,
    char answer, bool keep)
{
	memory_sockets_go(m, s, reason, keep, false);
	if (memory_is_claimed(m->town, s)) {
		memory_tell(m, s->n, RECORD_END, SLICE(""), slice_of(&answer, 1));
		memory_wake(m, s->holder);
	}
	memory_lane_until(m, s->lane, m->wall + LANE_KEEP_MS);
	memory_session_free(m->town, s);
}

void
memory_session_end_orderly(struct memory *m, struct mem_session *s,
    const char *reason, bool keep)
{
	if (s->row.closing)
		return;
	memory_sockets_go(m, s, reason, keep, true);
	memory_tell(m, s->n, RECORD_CLOSE, SLICE(""), SLICE_NONE);
	s->row.closing = true;
	s->closing_boot = m->boot;
	s->row.version++;
}

void
memory_op_close(struct memory *m, struct store_op *op)
{
	struct mem_session *s = memory_session_get(m->town, op->u.close.session);

	if (s != NULL && op->u.close.proved > 0)
		memory_prove(s, op->u.close.proved);
	if (s != NULL && op->u.close.is_own)
		memory_drop_claim(s);           /* nobody waits to be told */
	if (s == NULL)
		op->rc = RC_GONE;
	else if (op->u.close.orderly)
		memory_session_end_orderly(m, s, op->u.close.reason, op->u.close.keep);
	else
		memory_session_end(m, s, op->u.close.reason, op->u.close.answer == 0 ?
		    '1' : op->u.close.answer, op->u.close.keep);
}

/* ---- looking ------------------------------------------------------------------------ */

static void
row_copy(const struct mem_session *s, struct arena *arena, struct session_row *row_r)
{
	*row_r = s->row;
	row_r->info = arena_dup(arena, s->row.info);
	row_r->partial = arena_dup(arena, s->row.partial);
}

enum rc
memory_session(struct store *store, struct slice sid, struct arena *arena,
    struct session_row *row_r)
{
	struct mem_session *s;

	for (s = memory_of(store)->town->sessions; s != NULL; s = s->hh.next)
		if (slice_is(sid, s->row.sid)) {
			row_copy(s, arena, row_r);
			return RC_OK;
		}
	return RC_GONE;
}

enum rc
memory_sessions(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_session_fn *visit, void *arg)
{
	struct mem_session *s;
	struct session_row row;

	for (s = memory_of(store)->town->sessions; s != NULL && limit > 0;
	    s = s->hh.next) {
		if (s->n <= after)
			continue;
		row_copy(s, arena, &row);
		visit(arg, &row);
		limit--;
	}
	return RC_OK;
}
