/*
 * sqlite_drain.c - what a session has not seen yet
 *
 * Three sources, put in the order of the log: records to the session itself (a
 * chain through record.prior, from live.head back to the cursor), records of the
 * channels of its sockets inside their intervals, and, before both, the replay
 * of sockets that came back.
 *
 * Channels are asked one by one, a page each.  A channel that had more than a
 * page limits the horizon: nothing behind the last record seen of it is served
 * in this round, or the order would break.
 *
 * The last record of a replay is the CONNECT answer of its socket; what lies
 * past it belongs to the live part.
 *
 * Must stay true:
 *   - everything in (from, upto] that is meant for the session is in the batch
 *   - a record is in it once, whatever number of channels it was said in
 *   - `unless` is judged by the intervals at the record's seq
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "store/sqlite_private.h"

enum {
	PAGE = 128,
	REPLAYS = 256           /* of one session at once: sockets that came back */
};

struct interval {
	int64_t socket, channel, from, to;      /* to 0: open */
	int64_t after;                          /* replayed up to here already */
};

struct finding {
	int64_t seq, socket;                    /* socket 0: to the session */
};

struct search {
	struct interval *intervals;
	size_t n_intervals;
	struct finding *found;
	size_t n, cap;
	bool is_replay;
	int64_t answers[REPLAYS];               /* CONNECTs that replays serve */
	size_t n_answers;
};

static void
finding_add(struct sqlite *db, struct search *f, int64_t seq, int64_t socket)
{
	struct finding *more;

	if (f->n == f->cap) {
		more = arena_alloc(&db->scratch, (f->cap * 2 + 32) * sizeof(*more));
		if (f->n > 0)
			memcpy(more, f->found, f->n * sizeof(*more));
		f->found = more;
		f->cap = f->cap * 2 + 32;
	}
	f->found[f->n++] = (struct finding){ seq, socket };
}

/* ---- where to look --------------------------------------------------------- */

static void
intervals_load(struct sqlite *db, struct search *f, uint64_t session,
    uint64_t socket)
{
	sqlite3_stmt *s = sql_open(db, SQL_MEMBER_OF_SOCKET, "ii", (int64_t)session,
	    (int64_t)socket);
	struct interval *more;
	size_t cap = 0;

	while (sql_row(db, s)) {
		if (f->n_intervals == cap) {
			cap = cap * 2 + 8;
			more = arena_alloc(&db->scratch, cap * sizeof(*more));
			if (f->n_intervals > 0)
				memcpy(more, f->intervals, f->n_intervals *
				    sizeof(*more));
			f->intervals = more;
		}
		f->intervals[f->n_intervals++] = (struct interval){
		    col_int(s, 0), col_int(s, 1), col_int(s, 2), col_int(s, 3), 0 };
	}
}

/* Of all its sockets. */
static void
intervals_of(struct sqlite *db, struct search *f, struct live *l)
{
	const struct hearing *h = hears_get(db, l);

	f->n_intervals = l->n_hears;
	f->intervals = arena_alloc(&db->scratch,
	    (l->n_hears + 1) * sizeof(*f->intervals));
	for (size_t i = 0; i < l->n_hears; i++)
		f->intervals[i] = (struct interval){ h[i].socket, h[i].channel,
		    h[i].from, h[i].to, 0 };
}

/* What a replay serves is not served again past the cursor. */
static void
intervals_clip(struct sqlite *db, struct search *f, uint64_t session)
{
	sqlite3_stmt *s = sql_open(db, SQL_REPLAY_WALK, "i", (int64_t)session);

	while (sql_row(db, s)) {
		for (size_t i = 0; i < f->n_intervals; i++)
			if (f->intervals[i].socket == col_int(s, 0))
				f->intervals[i].after = col_int(s, 2);
		if (f->n_answers < REPLAYS)
			f->answers[f->n_answers++] = col_int(s, 2);
	}
}

/* ---- what is there ----------------------------------------------------------- */

/* Returns the horizon: the last seq up to which all was seen. */
static int64_t
find_in(struct sqlite *db, struct search *f, enum sql id,
    const struct interval *v, int64_t after, int64_t upto)
{
	int64_t n = 0, seq = upto;
	sqlite3_stmt *s;

	if (v->from - 1 > after)
		after = v->from - 1;
	if (v->after > after)
		after = v->after;
	if (v->to != 0 && v->to - 1 < upto)
		upto = v->to - 1;
	if (after >= upto)
		return INT64_MAX;
	s = sql_open(db, id, "iiii", v->channel, after, upto, (int64_t)PAGE);
	while (sql_row(db, s)) {
		finding_add(db, f, seq = col_int(s, 0), v->socket);
		n++;
	}
	return n < PAGE ? INT64_MAX : seq;
}

static int64_t
find_in_channels(struct sqlite *db, struct search *f, int64_t after, int64_t upto)
{
	int64_t horizon = upto, h;

	for (size_t i = 0; i < f->n_intervals; i++) {
		h = find_in(db, f, SQL_RECORD_OF_CHANNEL, &f->intervals[i], after,
		    upto);
		if (h < horizon)
			horizon = h;
		if (db->state.also <= after)
			continue;
		h = find_in(db, f, SQL_RECORD_OF_ALSO, &f->intervals[i], after, upto);
		if (h < horizon)
			horizon = h;
	}
	return horizon;
}

static bool
is_answer(const struct search *f, int64_t seq)
{
	for (size_t i = 0; i < f->n_answers; i++)
		if (f->answers[i] == seq)
			return true;
	return false;
}

static void
find_in_chain(struct sqlite *db, struct search *f, int64_t head, int64_t after,
    int64_t upto)
{
	for (int64_t seq = head; seq > after && seq >= db->state.floor;
	    seq = sql_int(db, 0, SQL_RECORD_PRIOR, "i", seq))
		if (seq <= upto && !is_answer(f, seq))
			finding_add(db, f, seq, 0);
}

static int
finding_order(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return x->socket < y->socket ? -1 : x->socket > y->socket;
}

/* ---- what of it is meant ------------------------------------------------------- */

static bool
is_excepted(const struct search *f, struct finding at, struct slice unless_ids)
{
	int64_t id;
	const struct interval *v;

	for (size_t k = 0; k + sizeof(id) <= unless_ids.n; k += sizeof(id)) {
		memcpy(&id, unless_ids.p + k, sizeof(id));
		for (size_t i = 0; i < f->n_intervals; i++) {
			v = &f->intervals[i];
			if (v->channel == id && v->socket == at.socket &&
			    v->from <= at.seq && (v->to == 0 || at.seq < v->to))
				return true;
		}
	}
	return false;
}

static void
batch_add(struct sqlite *db, struct drain *d, const struct record *r)
{
	struct record *more;

	if (d->batch.n == d->cap) {
		more = arena_alloc(db->arena, (d->cap * 2 + 4) * sizeof(*more));
		if (d->batch.n > 0)
			memcpy(more, d->batch.records, d->batch.n * sizeof(*more));
		d->batch.records = more;
		d->cap = d->cap * 2 + 4;
	}
	d->batch.records[d->batch.n++] = *r;
	d->bytes += r->data.n + r->attachments.n;
}

static bool
drain_has_room(const struct drain *d, const struct record *r)
{
	if (d->batch.n == 0)
		return true;
	return d->batch.n < d->max_records &&
	    d->bytes + r->data.n + r->attachments.n <= d->max_bytes;
}

/*
 * A record of the log, NULL: it is gone.  What the turn says itself is not read at
 * all; and a hundred sessions that come back in one turn have missed the same few,
 * so each is read once.
 */
static const struct drained *
drained_get(struct sqlite *db, int64_t seq)
{
	struct drained **place = &db->drained[seq % DRAINED], *d;
	sqlite3_stmt *s;

	if (*place != NULL && (*place)->record.seq == seq)
		return *place;
	s = sql_open(db, SQL_RECORD_GET, "i", seq);
	if (!sql_row(db, s))
		return NULL;
	d = arena_alloc(db->arena, sizeof(*d));
	record_read(s, db->arena, &d->record);
	d->unless_ids = col_dup(s, 12, db->arena);
	sql_end(s);
	return *place = d;
}

/* One record; false: it does not fit, or must come alone. */
static bool
drain_one(struct sqlite *db, const struct search *f, struct drain *d,
    struct finding at)
{
	const struct drained *found = drained_get(db, at.seq);
	const struct record *r;

	if (found == NULL)
		return true;
	r = &found->record;
	if (r->kind == RECORD_END)
		return true;            /* was for one poll that waited */
	if (at.socket != 0 && is_excepted(f, at, found->unless_ids))
		return true;
	if ((r->flags & RECORD_VOLATILE) != 0 &&
	    (f->is_replay || at.seq <= d->volatile_after))
		return true;
	if (f->is_replay && at.socket != 0 && r->kind != RECORD_EVENT)
		return true;
	if (r->kind == RECORD_CLOSE) {
		d->is_close = d->batch.n == 0;
		return false;
	}
	if (!drain_has_room(d, r))
		return false;
	batch_add(db, d, r);
	return true;
}

/* Serves (after, upto] of what f found; returns up to where it came. */
static int64_t
drain_found(struct sqlite *db, struct search *f, struct drain *d, int64_t after,
    int64_t upto)
{
	size_t taken;

	if (f->n > 1)
		qsort(f->found, f->n, sizeof(*f->found), finding_order);
	for (size_t i = 0; i < f->n && f->found[i].seq <= upto; i++) {
		taken = d->batch.n;
		if (!drain_one(db, f, d, f->found[i])) {
			d->is_full = true;
			return f->found[i].seq - 1;     /* none before it is left */
		}
		after = f->found[i].seq;
		if (taken != d->batch.n)        /* once, whatever its channels */
			while (i + 1 < f->n && f->found[i + 1].seq == after)
				i++;
	}
	return upto;
}

/* (after, upto] in rounds of pages; returns up to where it came. */
static int64_t
drain_range(struct sqlite *db, struct search *f, struct drain *d,
    int64_t head, int64_t after, int64_t upto)
{
	int64_t horizon;

	while (after < upto && !d->is_full && db->failed == RC_OK) {
		f->n = 0;
		horizon = find_in_channels(db, f, after, upto);
		find_in_chain(db, f, head, after, horizon);
		if (f->is_replay && horizon == upto)
			finding_add(db, f, upto, 0);    /* the CONNECT answer */
		after = drain_found(db, f, d, after, horizon);
	}
	return after;
}

/* ---- a session ----------------------------------------------------------------- */

struct replay {
	int64_t socket, pos, upto;
	struct replay *next;
};

/* Replays come first, page by page. */
static void
drain_replays(struct sqlite *db, struct live *l, struct drain *d)
{
	struct replay *first = NULL, **end = &first, *r;
	sqlite3_stmt *s = sql_open(db, SQL_REPLAY_WALK, "i", (int64_t)l->session);

	while (sql_row(db, s)) {
		if (col_int(s, 1) >= col_int(s, 2))
			continue;
		r = *end = arena_alloc(&db->scratch, sizeof(*r));
		*r = (struct replay){ col_int(s, 0), col_int(s, 1), col_int(s, 2),
		    NULL };
		end = &r->next;
	}
	for (r = first; r != NULL && !d->is_full; r = r->next) {
		struct search f = { .is_replay = true };

		intervals_load(db, &f, l->session, (uint64_t)r->socket);
		r->pos = drain_range(db, &f, d, 0, r->pos, r->upto);
		sql_do(db, SQL_REPLAY_SET, "iii", r->socket, r->pos,
		    (int64_t)l->session);
	}
}

/* Is one of its sockets in the channel of this record? */
static void
find_heard(struct sqlite *db, struct search *f, int64_t channel, int64_t seq)
{
	const struct interval *v;

	for (size_t i = 0; i < f->n_intervals; i++) {
		v = &f->intervals[i];
		if (v->channel == channel && v->from <= seq &&
		    (v->to == 0 || seq < v->to))
			finding_add(db, f, seq, v->socket);
	}
}

/* From what is remembered of what was said; false: only the log itself knows.
 * Intervals are only loaded when a channel was spoken to. */
static bool
find_recent(struct sqlite *db, struct search *f, struct live *l,
    bool *is_loaded_r)
{
	const struct recent *r;

	if (!recent_covers(db, l->cursor))
		return false;
	for (int64_t seq = l->head; seq > l->cursor; seq = recent_get(db, seq)->prior)
		finding_add(db, f, seq, 0);
	for (int64_t seq = db->recent_spoken; seq > l->cursor; seq = r->spoken) {
		if ((r = recent_get(db, seq))->channel == RECENT_MANY)
			return false;
		if (!*is_loaded_r)
			intervals_of(db, f, l);
		*is_loaded_r = true;
		find_heard(db, f, r->channel, seq);
	}
	return true;
}

void
drain_session(struct sqlite *db, struct live *l, struct drain *d)
{
	struct search f = { 0 };
	bool is_back = (l->flags & LIVE_REPLAY) != 0, is_known, is_loaded = false;

	d->upto = l->cursor;
	if (is_back)
		drain_replays(db, l, d);
	if (d->is_full || db->state.seq <= l->cursor)
		return;
	is_known = find_recent(db, &f, l, &is_loaded);
	if (is_known && (f.n == 0 || !is_back)) {
		d->upto = drain_found(db, &f, d, l->cursor, db->state.seq);
		return;
	}
	if (!is_loaded)
		intervals_of(db, &f, l);
	if (is_back)
		intervals_clip(db, &f, l->session);
	d->upto = drain_range(db, &f, d, l->head, l->cursor, db->state.seq);
}

/* A volatile record, or one that left it out, was not missed. */
static bool
is_replayed(struct sqlite *db, const struct search *f, struct finding at)
{
	sqlite3_stmt *s = sql_open(db, SQL_RECORD_GET, "i", at.seq);
	bool is;

	if (!sql_row(db, s))
		return false;
	is = col_int(s, 3) == RECORD_EVENT && (col_int(s, 4) & RECORD_VOLATILE) == 0 &&
	    !is_excepted(f, at, col_slice(s, 12));
	sql_end(s);
	return is;
}

int64_t
drain_count(struct sqlite *db, uint64_t session, uint64_t socket, int64_t after,
    int64_t upto, int64_t limit)
{
	struct search f = { .is_replay = true };
	int64_t n = 0, horizon;

	intervals_load(db, &f, session, socket);
	while (after < upto && n <= limit && db->failed == RC_OK) {
		f.n = 0;
		horizon = find_in_channels(db, &f, after, upto);
		if (f.n > 1)
			qsort(f.found, f.n, sizeof(*f.found), finding_order);
		for (size_t i = 0; i < f.n && f.found[i].seq <= horizon; i++)
			n += (i == 0 || f.found[i].seq != f.found[i - 1].seq) &&
			    is_replayed(db, &f, f.found[i]);
		after = horizon;
	}
	return n > limit ? limit + 1 : n;
}
