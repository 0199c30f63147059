/*
 * sqlite_select.c - who is meant by a selector
 *
 * The union of channels, minus other channels.  Every channel lists its sockets
 * in the order of their numbers, so the union is a merge of pages, whatever its
 * size, and a caller can go on behind the last socket it has seen.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/sqlite_private.h"

enum { PAGE = 64 };

struct source {
	int64_t channel;
	int64_t after;                  /* the page begins behind it */
	int64_t sockets[PAGE];
	size_t n, at;
	bool is_last;
};

struct merge {
	struct source *sources;
	size_t n;
	int64_t *unless;                /* channels */
	size_t n_unless;
	bool with_gone;
};

static void
source_fill(struct sqlite *db, const struct merge *m, struct source *src)
{
	sqlite3_stmt *s = sql_open(db, SQL_MEMBER_OPEN, "iiii", src->channel,
	    src->after, (int64_t)m->with_gone, (int64_t)PAGE);

	src->n = src->at = 0;
	while (sql_row(db, s))
		src->sockets[src->n++] = col_int(s, 0);
	src->is_last = src->n < PAGE;
	if (src->n > 0)
		src->after = src->sockets[src->n - 1];
}

static bool
is_excepted(struct sqlite *db, const struct merge *m, int64_t socket)
{
	for (size_t i = 0; i < m->n_unless; i++)
		if (sql_int(db, 0, SQL_MEMBER_IS, "ii", m->unless[i], socket) != 0)
			return true;
	return false;
}

/* The next socket behind the last one; 0 at the end. */
static int64_t
merge_next(struct sqlite *db, struct merge *m)
{
	struct source *src;
	int64_t next;

	do {
		next = INT64_MAX;
		for (size_t i = 0; i < m->n; i++) {
			src = &m->sources[i];
			if (src->at == src->n && !src->is_last)
				source_fill(db, m, src);
			if (src->at < src->n && src->sockets[src->at] < next)
				next = src->sockets[src->at];
		}
		for (size_t i = 0; i < m->n; i++) {
			src = &m->sources[i];
			if (src->at < src->n && src->sockets[src->at] == next)
				src->at++;
		}
	} while (next != INT64_MAX && is_excepted(db, m, next));
	return next == INT64_MAX || db->failed != RC_OK ? 0 : next;
}

/* ---- what is merged -------------------------------------------------------- */

static void
merge_alloc(struct sqlite *db, struct merge *m, size_t sources, size_t unless)
{
	m->sources = arena_alloc(&db->scratch, (sources + 1) *
	    sizeof(*m->sources));
	m->unless = arena_alloc(&db->scratch, (unless + 1) * sizeof(*m->unless));
}

static void
merge_source(struct sqlite *db, struct merge *m, struct slice key,
    uint64_t after)
{
	int64_t id = channel_find(db, key, false);

	if (id == 0)
		return;
	m->sources[m->n].channel = id;
	m->sources[m->n++].after = (int64_t)after;
}

static void
merge_unless(struct sqlite *db, struct merge *m, struct slice key)
{
	int64_t id = channel_find(db, key, false);

	if (id != 0)
		m->unless[m->n_unless++] = id;
}

static void
merge_selector(struct sqlite *db, struct merge *m,
    const struct selector *selector, uint64_t after)
{
	struct arena *a = &db->scratch;
	struct slice rest, name, nsp = selector->nsp;

	merge_alloc(db, m, pack_count(selector->rooms) +
	    pack_count(selector->users) + 1, pack_count(selector->except) +
	    pack_count(selector->except_users));
	if (selector->rooms.p == NULL && selector->users.p == NULL)
		merge_source(db, m, channel_key(a, CHANNEL_NSP, nsp, SLICE("")),
		    after);
	for (rest = selector->rooms; pack_next(&rest, &name); )
		merge_source(db, m, channel_key(a, CHANNEL_ROOM, nsp, name), after);
	for (rest = selector->users; pack_next(&rest, &name); )
		merge_source(db, m, channel_key(a, CHANNEL_USER, nsp, name), after);
	for (rest = selector->except; pack_next(&rest, &name); )
		merge_unless(db, m, channel_key(a, CHANNEL_ROOM, nsp, name));
	for (rest = selector->except_users; pack_next(&rest, &name); )
		merge_unless(db, m, channel_key(a, CHANNEL_USER, nsp, name));
}

static int64_t
merge_count(struct sqlite *db, struct merge *m)
{
	int64_t n = 0;

	if (m->n == 0)
		return 0;
	if (m->n == 1 && m->n_unless == 0)
		return sql_int(db, 0, SQL_MEMBER_COUNT, "i", m->sources[0].channel);
	while (merge_next(db, m) != 0)
		n++;
	return n;
}

int64_t
select_count(struct sqlite *db, struct slice channels, struct slice unless)
{
	struct merge m = { 0 };
	struct slice rest, key;

	merge_alloc(db, &m, pack_count(channels), pack_count(unless));
	for (rest = channels; pack_next(&rest, &key); )
		merge_source(db, &m, key, 0);
	for (rest = unless; pack_next(&rest, &key); )
		merge_unless(db, &m, key);
	return merge_count(db, &m);
}

/* ---- looking ------------------------------------------------------------------ */

/* Outside a turn the scratch arena is ours. */
static enum rc
look_done(struct sqlite *db, enum rc rc)
{
	if (!db->in_turn)
		arena_reset(&db->scratch);
	return look_end(db, rc);
}

enum rc
sqlite_select(struct store *store, const struct selector *selector,
    uint64_t after, size_t limit, bool with_gone, struct arena *arena,
    store_socket_fn *visit, void *arg)
{
	struct sqlite *db = sqlite_of(store);
	struct seen {
		struct socket_row row;
		struct seen *next;
	} *first = NULL, **end = &first, *one = NULL;
	struct merge m = { .with_gone = with_gone };
	int64_t socket;

	look_begin(db);
	merge_selector(db, &m, selector, after);
	for (size_t n = 0; n < limit && (socket = merge_next(db, &m)) != 0; ) {
		if (one == NULL)
			one = arena_alloc(arena, sizeof(*one));
		if (!socket_load(db, (uint64_t)socket, arena, &one->row))
			continue;
		*end = one;
		end = &one->next;
		one = NULL;
		n++;
	}
	for (; first != NULL && db->failed == RC_OK; first = first->next)
		visit(arg, &first->row);
	return look_done(db, RC_OK);
}

enum rc
sqlite_count(struct store *store, const struct selector *selector,
    int64_t *count_r)
{
	struct sqlite *db = sqlite_of(store);
	struct merge m = { 0 };

	look_begin(db);
	merge_selector(db, &m, selector, 0);
	*count_r = merge_count(db, &m);
	return look_done(db, RC_OK);
}
