/*
 * handlers_fake.h - a store that answers what a test has put into it
 *
 * Only the verbs for looking that modules and relay rules use.  Effects are read
 * off the list; nothing applies them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_HANDLERS_FAKE_H
#define TESTS_HANDLERS_FAKE_H

#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "session/app.h"
#include "store/driver.h"

enum { FAKE_SOCKETS = 600, FAKE_ROOMS = 4, FAKE_RECORDS = 8, FAKE_VALUES = 8 };

struct fake_socket {
	struct socket_row row;
	const char *rooms[FAKE_ROOMS];
};

static struct fake {
	struct store store;
	struct fake_socket sockets[FAKE_SOCKETS];
	size_t n_sockets;
	struct record records[FAKE_RECORDS];
	size_t n_records;
	struct slice asked_channel;     /* of the last history */
	int64_t asked_before, asked_after;
	size_t asked_limit;
	struct { struct slice key, value; } values[FAKE_VALUES];
	size_t n_values;
	struct acl_row acls[FAKE_VALUES];
	size_t n_acls;
	int64_t acl_version;
	unsigned acl_asked;             /* lists that were read */
	struct presence_row present[FAKE_VALUES];
	size_t n_present;
	struct arena arena;             /* of values */
	enum rc rc;                     /* what every verb returns, unless RC_OK */
} fake;

static inline struct fake_socket *
fake_socket(uint64_t n, const char *id, const char *user, const char *data,
    const char *room)
{
	struct fake_socket *s = &fake.sockets[fake.n_sockets++];

	*s = (struct fake_socket){ .row = { .n = n, .session = n, .nsp = SLICE("/chat"),
	    .user = slice_str(user), .data = slice_str(data) }, .rooms = { room } };
	snprintf(s->row.id, sizeof(s->row.id), "%s", id);
	return s;
}

static bool
fake_in(const struct fake_socket *s, struct slice packed)
{
	struct slice name;
	int i;

	while (pack_next(&packed, &name)) {
		if (slice_is(name, s->row.id))
			return true;
		for (i = 0; i < FAKE_ROOMS && s->rooms[i] != NULL; i++)
			if (slice_is(name, s->rooms[i]))
				return true;
	}
	return false;
}

static bool
fake_is(const struct fake_socket *s, struct slice packed)
{
	struct slice name;

	while (pack_next(&packed, &name))
		if (slice_eq(name, s->row.user))
			return true;
	return false;
}

static bool
fake_meant(const struct fake_socket *s, const struct selector *who)
{
	bool all = who->rooms.n == 0 && who->users.n == 0;

	return slice_eq(who->nsp, s->row.nsp) &&
	    (all || fake_in(s, who->rooms) || fake_is(s, who->users)) &&
	    !fake_in(s, who->except) && !fake_is(s, who->except_users);
}

static enum rc
fake_select(struct store *store, const struct selector *who, uint64_t after,
    size_t limit, bool with_gone, struct arena *arena, store_socket_fn *visit,
    void *arg)
{
	size_t i;

	(void)store, (void)with_gone, (void)arena;
	for (i = 0; fake.rc == RC_OK && i < fake.n_sockets && limit > 0; i++)
		if (fake.sockets[i].row.n > after && fake_meant(&fake.sockets[i], who)) {
			visit(arg, &fake.sockets[i].row);
			limit--;
		}
	return fake.rc;
}

static enum rc
fake_count(struct store *store, const struct selector *who, int64_t *count_r)
{
	size_t i;

	(void)store;
	*count_r = 0;
	for (i = 0; i < fake.n_sockets; i++)
		*count_r += fake_meant(&fake.sockets[i], who);
	return fake.rc;
}

static enum rc
fake_rooms_of(struct store *store, uint64_t n, struct buf *packed)
{
	size_t i, j;

	(void)store;
	for (i = 0; i < fake.n_sockets; i++) {
		if (fake.sockets[i].row.n != n)
			continue;
		pack_add(packed, slice_str(fake.sockets[i].row.id));
		for (j = 0; j < FAKE_ROOMS && fake.sockets[i].rooms[j] != NULL; j++)
			pack_add(packed, slice_str(fake.sockets[i].rooms[j]));
		return RC_OK;
	}
	return RC_NONE;
}

static enum rc
fake_rooms(struct store *store, struct slice nsp, struct slice after, size_t limit,
    store_room_fn *visit, void *arg)
{
	static const char *const names[] = { "!a", "#lobby", "#tea", "~z" };
	size_t i;

	(void)store;
	for (i = 0; i < N_ELEMENTS(names) && limit > 0; i++)
		if (slice_cmp(slice_str(names[i]), after) > 0) {
			visit(arg, nsp, slice_str(names[i]), (int64_t)i + 1);
			limit--;
		}
	return fake.rc;
}

static enum rc
fake_history(struct store *store, struct slice channel, int64_t before,
    int64_t after, size_t limit, struct arena *arena, store_record_fn *visit, void *arg)
{
	size_t i;

	(void)store;
	fake.asked_channel = arena_dup(arena, channel);
	fake.asked_before = before;
	fake.asked_after = after;
	fake.asked_limit = limit;
	for (i = 0; i < fake.n_records; i++)
		visit(arg, &fake.records[i]);
	return fake.n_records == 0 ? RC_NONE : fake.rc;
}

static enum rc
fake_value(struct store *store, struct slice key, struct arena *arena,
    struct slice *value_r)
{
	size_t i;

	(void)store;
	for (i = fake.n_values; i-- > 0; )
		if (slice_eq(fake.values[i].key, key)) {
			*value_r = arena_dup(arena, fake.values[i].value);
			return RC_OK;
		}
	return RC_NONE;
}

static enum rc
fake_socket_id(struct store *store, struct slice nsp, struct slice id,
    struct arena *arena, struct socket_row *row_r)
{
	size_t i;

	(void)store, (void)nsp, (void)arena;
	for (i = 0; i < fake.n_sockets; i++)
		if (slice_is(id, fake.sockets[i].row.id)) {
			*row_r = fake.sockets[i].row;
			return RC_OK;
		}
	return RC_NONE;
}

static int64_t
fake_acl_version(struct store *store)
{
	(void)store;
	return fake.acl_version;
}

static enum rc
fake_acl(struct store *store, struct slice key, struct arena *arena,
    struct acl_row *row_r)
{
	size_t i;

	(void)store;
	fake.acl_asked++;
	for (i = 0; fake.rc == RC_OK && i < fake.n_acls; i++)
		if (slice_eq(fake.acls[i].key, key)) {
			*row_r = fake.acls[i];
			row_r->names = arena_dup(arena, row_r->names);
			return RC_OK;
		}
	return fake.rc == RC_OK ? RC_NONE : fake.rc;
}

static enum rc
fake_present_walk(struct store *store, struct slice nsp, struct slice room,
    struct slice after, size_t limit, bool with_away, struct arena *arena,
    store_presence_fn *visit, void *arg)
{
	size_t i;

	(void)store, (void)nsp, (void)room, (void)with_away, (void)arena;
	for (i = 0; fake.rc == RC_OK && i < fake.n_present && limit > 0; i++)
		if (slice_cmp(fake.present[i].user, after) > 0) {
			visit(arg, &fake.present[i]);
			limit--;
		}
	return fake.rc;
}

static const struct store_driver fake_driver = {
	.name = "fake", .select = fake_select, .count = fake_count,
	.rooms_of = fake_rooms_of, .rooms = fake_rooms, .history = fake_history,
	.value = fake_value, .socket_id = fake_socket_id,
	.acl_version = fake_acl_version, .acl = fake_acl, .present = fake_present_walk,
};

static void
fake_reset(void)
{
	arena_free(&fake.arena);
	memset(&fake, 0, sizeof(fake));
	fake.store.driver = &fake_driver;
}

static inline void
fake_set_value(struct slice key, struct slice value)
{
	fake.values[fake.n_values].key = arena_dup(&fake.arena, key);
	fake.values[fake.n_values++].value = arena_dup(&fake.arena, value);
}

static inline void
fake_present(const char *user, int64_t since, int64_t left)
{
	fake.present[fake.n_present++] = (struct presence_row){ .user = slice_str(user),
	    .since_wall = since, .away_wall = left };
}

static inline void
fake_record(int64_t seq, const char *data)
{
	fake.records[fake.n_records++] = (struct record){ .seq = seq,
	    .wall_ms = 1000 + seq, .kind = RECORD_EVENT, .data = slice_str(data) };
}

/* The i-th effect; NULL when there are fewer. */
static inline const struct effect *
effect_at(const struct effects *effects, size_t i)
{
	const struct effect *e = effects->first;

	while (e != NULL && i-- > 0)
		e = e->next;
	return e;
}

/* The i-th name of a packed list, absent if there is none. */
static inline struct slice
packed_at(struct slice packed, size_t i)
{
	struct slice name;

	do
		if (!pack_next(&packed, &name))
			return SLICE_NONE;
	while (i-- > 0);
	return name;
}

#endif
