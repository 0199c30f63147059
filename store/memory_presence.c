/*
 * memory_presence.c - who is in a room, as it was told
 *
 * One list for all rooms, walked from its head: this driver is for tests.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "store/memory_private.h"

static struct mem_presence *
presence_find(struct town *town, struct slice nsp, struct slice room, struct slice user)
{
	struct mem_presence *p;

	DL_FOREACH(town->presences, p)
		if (slice_eq(p->nsp, nsp) && slice_eq(p->room, room) &&
		    slice_eq(p->row.user, user))
			return p;
	return NULL;
}

static void
presence_drop(struct town *town, struct mem_presence *p)
{
	DL_DELETE(town->presences, p);
	memory_disown(&p->nsp);
	memory_disown(&p->room);
	memory_disown(&p->row.user);
	free(p);
}

static int
presence_order(const struct mem_presence *a, const struct mem_presence *b)
{
	return slice_cmp(a->row.user, b->row.user);
}

static bool
is_there(struct memory *m, const struct store_op *op)
{
	struct slice room = op->u.presence.room;
	struct slice key = channel_key(m->arena, CHANNEL_ROOM, op->u.presence.nsp, room);
	const struct mem_socket *k;

	for (k = m->town->sockets; k != NULL; k = k->hh.next)
		if (k->session != 0 && slice_eq(k->nsp, op->u.presence.nsp) &&
		    slice_eq(k->user, op->u.presence.user) &&
		    (room.n == 0 || memory_is_in(k, key)))
			return true;
	return false;
}

static void
tell(struct memory *m, const struct store_op *op, struct slice data)
{
	struct record r = { .kind = RECORD_EVENT, .id = -1, .nsp = op->u.presence.nsp,
	    .data = data };
	struct slice room = op->u.presence.room;
	struct buf channels = BUF_INIT;

	if (data.p == NULL)
		return;
	pack_add(&channels, channel_key(m->arena, room.n == 0 ? CHANNEL_NSP : CHANNEL_ROOM,
	    r.nsp, room));
	r.channels = buf_slice(&channels);
	memory_say(m, &r);
	buf_free(&channels);
}

static void
came(struct memory *m, const struct store_op *op, struct mem_presence *p)
{
	if (p == NULL) {
		p = mem_alloc(sizeof(*p));
		p->nsp = memory_own(op->u.presence.nsp);
		p->room = memory_own(op->u.presence.room);
		p->row.user = memory_own(op->u.presence.user);
		p->row.is_away = true;
		DL_INSERT_INORDER(m->town->presences, p, presence_order);
	}
	if (p->row.is_away) {
		p->row.since_wall = m->wall;
		tell(m, op, op->u.presence.here);
	}
	p->row.is_away = false;
	p->row.away_wall = p->until = 0;
}

/* Of one who is known to be here. */
static void
left(struct memory *m, struct store_op *op, struct mem_presence *p)
{
	if (!op->u.presence.is_final) {
		if (p->row.away_wall == 0)
			p->row.away_wall = m->wall;
		else
			op->rc = RC_NONE;       /* the grace has begun already */
		return;
	}
	op->rc = RC_NONE;
	if (p->row.away_wall == 0)
		p->row.away_wall = m->wall;
	p->row.is_away = true;
	p->until = m->wall + op->u.presence.seen_ms;
	tell(m, op, op->u.presence.away);
	if (op->u.presence.seen_ms <= 0)
		presence_drop(m->town, p);
}

void
memory_op_presence(struct memory *m, struct store_op *op)
{
	struct mem_presence *p = presence_find(m->town, op->u.presence.nsp,
	    op->u.presence.room, op->u.presence.user);

	if (is_there(m, op)) {
		op->rc = RC_NONE;
		came(m, op, p);
	} else if (p == NULL || p->row.is_away) {
		op->rc = RC_NONE;
	} else {
		left(m, op, p);
	}
}

size_t
memory_presences_end(struct memory *m, size_t limit)
{
	struct mem_presence *p, *next;
	size_t n = 0;

	DL_FOREACH_SAFE(m->town->presences, p, next)
		if (n < limit && p->until != 0 && p->until <= m->wall) {
			presence_drop(m->town, p);
			n++;
		}
	return n;
}

void
memory_presences_free(struct town *town)
{
	while (town->presences != NULL)
		presence_drop(town, town->presences);
}

static void
row_copy(struct arena *arena, const struct mem_presence *p, struct presence_row *row_r)
{
	*row_r = p->row;
	row_r->user = arena_dup(arena, p->row.user);
}

enum rc
memory_present(struct store *store, struct slice nsp, struct slice room,
    struct slice after, size_t limit, bool with_away, struct arena *arena,
    store_presence_fn *visit, void *arg)
{
	const struct mem_presence *p;
	struct presence_row row;
	size_t n = 0;

	DL_FOREACH(memory_of(store)->town->presences, p) {
		if (!slice_eq(p->nsp, nsp) || !slice_eq(p->room, room) ||
		    slice_cmp(p->row.user, after) <= 0 || (p->row.is_away && !with_away) ||
		    n++ >= limit)
			continue;
		row_copy(arena, p, &row);
		visit(arg, &row);
	}
	return RC_OK;
}

enum rc
memory_presence(struct store *store, struct slice nsp, struct slice room,
    struct slice user, struct arena *arena, struct presence_row *row_r)
{
	const struct mem_presence *p = presence_find(memory_of(store)->town, nsp, room, user);

	*row_r = (struct presence_row){ .is_away = true };
	if (p == NULL)
		return RC_NONE;
	row_copy(arena, p, row_r);
	return RC_OK;
}
