/*
 * memory_value.c - free-standing values, keys that count once, and figures
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "store/memory_private.h"

static struct entry *
entry_get(struct entry *table, struct slice key, int64_t wall)
{
	struct entry *e;

	HASH_FIND(hh, table, key.p, key.n, e);
	return e == NULL || (e->until != 0 && e->until <= wall) ? NULL : e;
}

static void
entry_free(struct entry **table, struct entry *e)
{
	HASH_DEL(*table, e);
	memory_disown(&e->key);
	memory_disown(&e->value);
	free(e);
}

static void
entry_remove(struct entry **table, struct slice key)
{
	struct entry *e;

	HASH_FIND(hh, *table, key.p, key.n, e);
	if (e != NULL)
		entry_free(table, e);
}

static void
entry_set(struct entry **table, struct slice key, struct slice value, int64_t until)
{
	struct entry *e = mem_alloc(sizeof(*e));

	entry_remove(table, key);
	e->key = memory_own(key);
	e->value = memory_own(value);
	e->until = until;
	HASH_ADD_KEYPTR(hh, *table, e->key.p, e->key.n, e);
}

static void
value_merge(struct memory *m, struct store_op *op)
{
	struct entry *e = entry_get(m->town->values, op->u.value_set.key, m->wall);
	int64_t ttl = op->u.value_set.ttl_ms, max = op->u.value_set.max;
	int64_t until = ttl > 0 ? m->wall + ttl : e == NULL ? 0 : e->until;
	struct buf merged = BUF_INIT;

	op->rc = json_merge(&merged, e == NULL ? SLICE_NONE : e->value,
	    op->u.value_set.how, op->u.value_set.value);
	if (op->rc == RC_OK && max > 0 && (int64_t)merged.n > max)
		op->rc = RC_TOO_BIG;
	if (op->rc == RC_OK) {
		op->u.value_set.value_r = arena_dup(m->arena, buf_slice(&merged));
		entry_set(&m->town->values, op->u.value_set.key,
		    op->u.value_set.value_r, until);
	}
	buf_free(&merged);
}

void
memory_lane_until(struct memory *m, uint64_t lane, int64_t until)
{
	struct slice key = store_lane_key(m->arena, lane);
	struct entry *e;

	HASH_FIND(hh, m->town->values, key.p, key.n, e);
	if (e != NULL)
		e->until = until;
}

void
memory_op_value_set(struct memory *m, struct store_op *op)
{
	int64_t ttl = op->u.value_set.ttl_ms;

	if (op->u.value_set.how != MERGE_SET)
		value_merge(m, op);
	else if (op->u.value_set.value.p == NULL)
		entry_remove(&m->town->values, op->u.value_set.key);
	else
		entry_set(&m->town->values, op->u.value_set.key, op->u.value_set.value,
		    ttl > 0 ? m->wall + ttl : 0);
}

void
memory_op_once(struct memory *m, struct store_op *op)
{
	if (entry_get(m->town->onces, op->u.once.key, m->wall) != NULL)
		op->rc = RC_NONE;
	else
		entry_set(&m->town->onces, op->u.once.key, SLICE_NONE,
		    m->wall + op->u.once.ttl_ms);
}

static size_t
entries_end(struct memory *m, struct entry **table, size_t limit)
{
	struct entry *e, *next;
	size_t n = 0;

	HASH_ITER(hh, *table, e, next)
		if (n < limit && e->until != 0 && e->until <= m->wall) {
			entry_free(table, e);
			n++;
		}
	return n;
}

size_t
memory_values_end(struct memory *m, size_t limit)
{
	size_t n = entries_end(m, &m->town->values, limit);

	return n + entries_end(m, &m->town->onces, limit - n);
}

void
memory_values_free(struct town *town)
{
	while (town->values != NULL)
		entry_free(&town->values, town->values);
	while (town->onces != NULL)
		entry_free(&town->onces, town->onces);
}

enum rc
memory_value(struct store *store, struct slice key, struct arena *arena,
    struct slice *value_r)
{
	struct entry *e = entry_get(memory_of(store)->town->values, key,
	    clock_wall(store->clock));

	if (e == NULL)
		return RC_NONE;
	*value_r = arena_dup(arena, e->value);
	return RC_OK;
}

static int
by_key(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;

	return slice_cmp((*x)->key, (*y)->key);
}

enum rc
memory_values(struct store *store, struct slice prefix, size_t limit,
    struct arena *arena, store_value_fn *visit, void *arg)
{
	struct town *town = memory_of(store)->town;
	struct entry **all = arena_alloc(arena,
	    (HASH_COUNT(town->values) + 1) * sizeof(*all)), *e, *next;
	size_t i, n = 0;

	HASH_ITER(hh, town->values, e, next)
		if (slice_starts(e->key, prefix) && entry_get(town->values, e->key,
		    clock_wall(store->clock)) != NULL)
			all[n++] = e;
	qsort(all, n, sizeof(*all), by_key);
	for (i = 0; i < n && i < limit; i++)
		visit(arg, arena_dup(arena, all[i]->key), arena_dup(arena, all[i]->value));
	return RC_OK;
}

/* ---- figures ------------------------------------------------------------------------- */

static void
count_rooms(struct town *town, struct store_stats *stats)
{
	struct mem_socket *k, *before;
	size_t i;

	/* A room counts with the first of its present members; a socket's own
	 * does not. */
	for (k = town->sockets; k != NULL; k = k->hh.next)
		for (i = 0; k->session != 0 && i < k->n_intervals; i++) {
			if (!memory_is_room(k, &k->intervals[i]))
				continue;
			for (before = town->sockets; before != k; before = before->hh.next)
				if (before->session != 0 &&
				    memory_is_in(before, k->intervals[i].key))
					break;
			stats->rooms += before == k;
		}
}

enum rc
memory_stats(struct store *store, struct store_stats *stats_r)
{
	struct town *town = memory_of(store)->town;
	const struct mem_session *s;
	const struct mem_socket *k;
	const struct mem_timer *timer;
	const struct mem_task *t;
	const struct question *q;
	const struct kept *kept;

	stats_r->sessions = HASH_COUNT(town->sessions);
	for (s = town->sessions; s != NULL; s = s->hh.next)
		stats_r->claims += memory_is_claimed(town, s);
	for (k = town->sockets; k != NULL; k = k->hh.next) {
		stats_r->sockets += k->session != 0;
		stats_r->gone += k->session == 0 && !k->has_ended;
	}
	DL_FOREACH(town->kept, kept)
		stats_r->kept++;
	DL_FOREACH(town->timers, timer)
		stats_r->timers++;
	DL_FOREACH(town->tasks, t) {
		*(t->task.is_aside ? &stats_r->set_aside : &stats_r->tasks) += 1;
		stats_r->inbox += !t->task.is_aside && t->task.kind >= TASK_CONNECT;
	}
	DL_FOREACH(town->questions, q)
		stats_r->questions += !q->is_done;
	count_rooms(town, stats_r);
	stats_r->records = (int64_t)town->log_n;
	stats_r->log_bytes = town->log_bytes;
	stats_r->last_seq = town->seq;
	stats_r->floor = town->floor;
	return RC_OK;
}
