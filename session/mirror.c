/*
 * mirror.c - who of our connections listens where, in memory
 *
 * A broadcast to ten thousand must not ask the store ten thousand times who is
 * there.  Each connection's memberships are read once, when it begins to follow
 * the log, and again whenever the store says that they have changed: in our own
 * turns by turn.changed_r, from elsewhere by a RECORD_MEMBERS, which lies in the
 * log before the first record that it concerns.  What is read may be newer than the
 * place in the log where we are: it is intervals with bounds, so that does not matter.
 *
 * Must stay true:
 *   - a seat knows its place in its connection's list, and the list its seat
 *   - a room whose socket has ended keeps its name here until the interval is read
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "session/live_private.h"

struct seat {
	struct live *live;
	int64_t from, to;               /* to 0: open; from grows with what it was handed */
	uint32_t place;                 /* in live->stands */
};

struct audience {
	struct seat *seats;
	uint32_t n, room;
	uint32_t next;                  /* here mirror_hand() goes on */
	UT_hash_handle hh;
	size_t key_n;
	char key[];
};

struct stand {
	struct audience *audience;
	uint64_t channel;
	uint32_t seat;
};

/* ---- audiences ------------------------------------------------------------- */

static struct audience *
audience_find(struct engine *e, struct slice key)
{
	struct audience *a;

	HASH_FIND(hh, e->audiences, key.p, key.n, a);
	return a;
}

static struct audience *
audience_get(struct engine *e, struct slice key)
{
	struct audience *a = audience_find(e, key);

	if (a != NULL)
		return a;
	a = mem_alloc(sizeof(*a) + key.n);
	a->key_n = key.n;
	memcpy(a->key, key.p, key.n);
	HASH_ADD_KEYPTR(hh, e->audiences, a->key, a->key_n, a);
	return a;
}

static uint32_t
seat_add(struct audience *a, struct live *live, uint32_t place, int64_t from,
    int64_t to)
{
	if (a->n == a->room) {
		a->room = a->room == 0 ? 1 : 2 * a->room;
		a->seats = mem_resize(a->seats, a->room * sizeof(*a->seats));
	}
	a->seats[a->n] = (struct seat){ live, from, to, place };
	return a->n++;
}

static void
seat_drop(struct engine *e, struct audience *a, uint32_t at)
{
	const struct seat *last = &a->seats[--a->n];

	if (at != a->n) {
		a->seats[at] = *last;
		last->live->stands[last->place].seat = at;
	}
	if (a->n > 0)
		return;
	HASH_DEL(e->audiences, a);
	free(a->seats);
	free(a);
}

/* ---- a connection ------------------------------------------------------------ */

void
mirror_drop(struct live *live)
{
	const struct stand *s;

	while (live->n_stands > 0) {
		s = &live->stands[--live->n_stands];
		seat_drop(live->engine, s->audience, s->seat);
	}
	free(live->stands);
	live->stands = NULL;
	live->stands_room = 0;
}

/* What the store may not be able to name any more. */
struct name {
	uint64_t channel;
	struct slice key;
	struct name *next;
};

struct load {
	struct live *live;
	struct name *names;
	int64_t known;                  /* nothing up to here is asked for */
};

static struct slice
name_find(const struct load *load, uint64_t channel)
{
	const struct name *name;

	for (name = load->names; name != NULL; name = name->next)
		if (name->channel == channel)
			return name->key;
	return SLICE_NONE;
}

static void
load_one(void *arg, uint64_t channel, struct slice key, int64_t from, int64_t to)
{
	struct load *load = arg;
	struct live *live = load->live;
	struct stand *s;

	if (key.p == NULL)
		key = name_find(load, channel);
	if (key.p == NULL || (to != 0 && to <= load->known + 1))
		return;
	if (live->n_stands == live->stands_room) {
		live->stands_room = live->stands_room == 0 ? 2 :
		    2 * live->stands_room;
		live->stands = mem_resize(live->stands,
		    live->stands_room * sizeof(*live->stands));
	}
	s = &live->stands[live->n_stands];
	s->audience = audience_get(live->engine, key);
	s->channel = channel;
	s->seat = seat_add(s->audience, live, live->n_stands++, from, to);
}

static struct name *
names_of(struct live *live)
{
	struct engine *e = live->engine;
	struct name *first = NULL, *name;
	const struct stand *s;
	uint32_t i;

	for (i = 0; i < live->n_stands; i++) {
		s = &live->stands[i];
		name = arena_alloc(&e->arena, sizeof(*name));
		name->channel = s->channel;
		name->key = arena_dup(&e->arena,
		    slice_of(s->audience->key, s->audience->key_n));
		name->next = first;
		first = name;
	}
	return first;
}

void
mirror_load(struct live *live)
{
	struct engine *e = live->engine;
	struct load load = { .live = live, .names = names_of(live),
		.known = e->tail > live->cursor ? e->tail : live->cursor };

	mirror_drop(live);
	if (store_heard(e->store, live->session, load_one, &load) != RC_OK)
		live_fall_behind(live);         /* it asks, and is looked up again */
}

void
mirror_walk(struct engine *e, struct slice key, int64_t seq, mirror_fn *visit,
    void *arg)
{
	const struct audience *a = audience_find(e, key);
	const struct seat *seat;
	uint32_t i;

	for (i = 0; a != NULL && i < a->n; i++) {
		seat = &a->seats[i];
		if (seat->from <= seq && (seat->to == 0 || seq < seat->to))
			visit(arg, seat->live);
	}
}

/* Seats move when somebody leaves, so a piece that goes on walks all of them once; who
 * has it is passed over without a look at the connection. */
bool
mirror_hand(struct engine *e, struct slice key, int64_t seq, mirror_hand_fn *visit,
    void *arg)
{
	struct audience *a = audience_find(e, key);
	struct seat *seat;
	uint32_t i, at;

	for (i = 0; a != NULL && i < a->n; i++) {
		at = a->next < a->n ? a->next : 0;
		a->next = at + 1;
		seat = &a->seats[at];
		if (seat->from > seq || (seat->to != 0 && seq >= seat->to))
			continue;
		seat->from = seq + 1;
		if (!visit(arg, seat->live))
			return false;
	}
	return true;
}
