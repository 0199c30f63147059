/*
 * memory_room.c - intervals: who is, and was, in which channel
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "store/memory_private.h"

/* ---- joining and leaving --------------------------------------------------------- */

/* The last interval in this channel, or NULL. */
static struct interval *
interval_last(const struct mem_socket *k, struct slice key)
{
	size_t i;

	for (i = k->n_intervals; i > 0; i--)
		if (slice_eq(k->intervals[i - 1].key, key))
			return &k->intervals[i - 1];
	return NULL;
}

bool
memory_join(struct town *town, struct mem_socket *k, struct slice key)
{
	struct interval *last = interval_last(k, key);

	if (last != NULL && last->to == INT64_MAX)
		return false;
	if (last != NULL && last->to > town->seq) {     /* left just now */
		last->to = INT64_MAX;
		return true;
	}
	k->intervals = mem_resize(k->intervals,
	    (k->n_intervals + 1) * sizeof(*k->intervals));
	k->intervals[k->n_intervals++] = (struct interval){ .key = memory_own(key),
		.from = town->seq + 1, .to = INT64_MAX };
	return true;
}

static bool
interval_end(struct town *town, struct mem_socket *k, struct interval *last)
{
	if (last->to != INT64_MAX)
		return false;
	last->to = town->seq + 1;
	if (last->from < last->to)
		return true;
	memory_disown(&last->key);              /* it was empty */
	k->n_intervals--;                       /* the others keep their order */
	memmove(last, last + 1,
	    (size_t)(&k->intervals[k->n_intervals] - last) * sizeof(*last));
	return true;
}

bool
memory_leave(struct town *town, struct mem_socket *k, struct slice key)
{
	struct interval *last = interval_last(k, key);

	return last != NULL && interval_end(town, k, last);
}

void
memory_leave_all(struct town *town, struct mem_socket *k)
{
	size_t i;

	for (i = k->n_intervals; i > 0; i--)
		interval_end(town, k, &k->intervals[i - 1]);
}

bool
memory_was_in(const struct mem_socket *k, struct slice key, int64_t seq)
{
	size_t i;

	for (i = 0; i < k->n_intervals; i++)
		if (k->intervals[i].from <= seq && seq < k->intervals[i].to &&
		    slice_eq(k->intervals[i].key, key))
			return true;
	return false;
}

bool
memory_is_in(const struct mem_socket *k, struct slice key)
{
	return memory_was_in(k, key, INT64_MAX - 1);
}

static bool
was_in_any(const struct mem_socket *k, struct slice keys, int64_t seq)
{
	struct slice key;

	while (pack_next(&keys, &key))
		if (memory_was_in(k, key, seq))
			return true;
	return false;
}

bool
memory_hears(const struct mem_socket *k, const struct record *r)
{
	return was_in_any(k, r->channels, r->seq) &&
	    !was_in_any(k, r->except, r->seq);
}

static bool
is_room(const struct interval *i)
{
	return i->to == INT64_MAX && i->key.p[0] == CHANNEL_ROOM;
}

bool
memory_is_room(const struct mem_socket *k, const struct interval *i)
{
	return is_room(i) && !slice_is(slice_skip(i->key, k->nsp.n + 2), k->id);
}

static bool
is_full(const struct mem_socket *k, struct slice key, int64_t max_rooms)
{
	int64_t n = 0;
	size_t i;

	if (max_rooms <= 0 || memory_is_in(k, key))
		return false;
	for (i = 0; i < k->n_intervals; i++)
		n += is_room(&k->intervals[i]);
	return n >= max_rooms;
}

void
memory_op_member(struct memory *m, struct store_op *op)
{
	bool joins = op->kind == OP_JOIN;
	struct mem_socket *k;
	struct slice key;
	size_t i;

	op->u.member.refused_r = 0;
	if (op->u.member.n > SOCKETS_PER_OP) {
		op->rc = RC_TOO_BIG;
		return;
	}
	for (i = 0; i < op->u.member.n; i++) {
		k = memory_socket_get(m->town, op->u.member.sockets[i]);
		if (k == NULL)
			continue;
		key = channel_key(m->arena, CHANNEL_ROOM, k->nsp, op->u.member.room);
		if (joins && is_full(k, key, op->u.member.max_rooms))
			op->u.member.refused_r++;
		else if ((joins ? memory_join : memory_leave)(m->town, k, key))
			changed_add(&m->changed, k->session);
	}
	if (op->u.member.refused_r != 0)
		op->rc = RC_TOO_BIG;
}

/* ---- looking ------------------------------------------------------------------------ */

enum rc
memory_members(struct store *store, struct slice channel, int64_t seq,
    store_member_fn *visit, void *arg)
{
	struct mem_socket *k;

	for (k = memory_of(store)->town->sockets; k != NULL; k = k->hh.next)
		if (k->reader != 0 && memory_was_in(k, channel, seq))
			visit(arg, k->reader, k->n);
	return RC_OK;
}

static bool
is_in_any(const struct mem_socket *k, enum channel_kind kind, struct slice names,
    struct arena *arena)
{
	struct slice name;

	while (pack_next(&names, &name))
		if (memory_is_in(k, channel_key(arena, kind, k->nsp, name)))
			return true;
	return false;
}

static bool
is_meant(const struct mem_socket *k, const struct selector *who, struct arena *arena)
{
	if (k->has_ended || !slice_eq(k->nsp, who->nsp))
		return false;
	if ((who->rooms.n > 0 || who->users.n > 0) &&
	    !is_in_any(k, CHANNEL_ROOM, who->rooms, arena) &&
	    !is_in_any(k, CHANNEL_USER, who->users, arena))
		return false;
	return !is_in_any(k, CHANNEL_ROOM, who->except, arena) &&
	    !is_in_any(k, CHANNEL_USER, who->except_users, arena);
}

enum rc
memory_select(struct store *store, const struct selector *selector,
    uint64_t after, size_t limit, bool with_gone, struct arena *arena,
    store_socket_fn *visit, void *arg)
{
	struct town *town = memory_of(store)->town;
	struct mem_socket *k;
	struct socket_row row;

	for (k = town->sockets; k != NULL && limit > 0; k = k->hh.next) {
		if (k->n <= after || (k->session == 0 && !with_gone) ||
		    !is_meant(k, selector, arena))
			continue;
		memory_socket_row(town, k, arena, &row);
		visit(arg, &row);
		limit--;
	}
	return RC_OK;
}

enum rc
memory_count(struct store *store, const struct selector *selector, int64_t *count_r)
{
	struct arena arena = ARENA_INIT;
	struct mem_socket *k;

	*count_r = 0;
	for (k = memory_of(store)->town->sockets; k != NULL; k = k->hh.next)
		*count_r += k->session != 0 && is_meant(k, selector, &arena);
	arena_free(&arena);
	return RC_OK;
}

static struct slice
room_name(const struct interval *i, struct slice *nsp_r)
{
	enum channel_kind kind;
	struct slice name = SLICE_NONE;

	channel_split(i->key, &kind, nsp_r, &name);
	return name;
}

enum rc
memory_heard(struct store *store, uint64_t session, store_heard_fn *visit,
    void *arg)
{
	struct mem_socket *k;
	size_t i;

	for (k = memory_of(store)->town->sockets; k != NULL; k = k->hh.next)
		for (i = 0; k->reader == session && i < k->n_intervals; i++)
			visit(arg, 0, k->intervals[i].key, k->intervals[i].from,
			    k->intervals[i].to == INT64_MAX ? 0 :
			    k->intervals[i].to);
	return RC_OK;
}

enum rc
memory_rooms_of(struct store *store, uint64_t socket, struct buf *packed)
{
	struct mem_socket *k = memory_socket_get(memory_of(store)->town, socket);
	struct slice nsp;
	size_t i;

	if (k == NULL)
		return RC_NONE;
	for (i = 0; i < k->n_intervals; i++)
		if (is_room(&k->intervals[i]))
			pack_add(packed, room_name(&k->intervals[i], &nsp));
	return RC_OK;
}

struct next_room {
	struct slice nsp, name;
	int64_t members;
};

/* The first room behind `after` (absent: of all). */
static bool
room_next(struct town *town, struct slice nsp, struct slice after,
    struct next_room *next_r)
{
	struct mem_socket *k;
	struct slice name, of;
	size_t i;
	int order;

	next_r->members = 0;
	for (k = town->sockets; k != NULL; k = k->hh.next)
		for (i = 0; k->session != 0 && i < k->n_intervals; i++) {
			if (!memory_is_room(k, &k->intervals[i]))
				continue;
			name = room_name(&k->intervals[i], &of);
			if (!slice_eq(of, nsp) ||
			    (after.p != NULL && slice_cmp(name, after) <= 0))
				continue;
			order = next_r->members == 0 ? -1 : slice_cmp(name, next_r->name);
			if (order < 0)
				*next_r = (struct next_room){ of, name, 0 };
			if (order <= 0)
				next_r->members++;
		}
	return next_r->members > 0;
}

enum rc
memory_rooms(struct store *store, struct slice nsp, struct slice after,
    size_t limit, store_room_fn *visit, void *arg)
{
	struct town *town = memory_of(store)->town;
	struct next_room next;

	for (; limit > 0 && room_next(town, nsp, after, &next); limit--) {
		visit(arg, next.nsp, next.name, next.members);
		after = next.name;
	}
	return RC_OK;
}
