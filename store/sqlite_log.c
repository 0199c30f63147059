/*
 * sqlite_log.c - everything that was said, in the order it was said
 *
 * One row per record, whatever the audience.  A record to a session itself has
 * channel -session and hangs in that session's chain (live.head, record.prior); it
 * is in no index, because acks are what is written most.  A record to channels is
 * in the index of its first one, further ones are beside it in `also`.
 *
 * Must stay true:
 *   - seq only grows and is never reused, not even after a trim to nothing
 *   - a record is never changed after COMMIT
 *   - state.floor is the first seq from which nothing is missing
 *   - state.log_bytes is the sum of record_bytes() over record and kept
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/log.h"
#include "store/sqlite_private.h"

/* What a record counts against max_size; sqlite_sql.c says the same in SQL. */
static int64_t
record_bytes(const struct record *r)
{
	return (int64_t)(64 + r->data.n + r->attachments.n + r->channels.n +
	    r->except.n);
}

/* ---- writing ------------------------------------------------------------------ */

static int64_t
seq_next(struct sqlite *db, int64_t bytes)
{
	if (db->state.floor > db->state.seq)    /* the log is empty */
		db->state.oldest_wall = db->wall;
	db->state.log_bytes += bytes;
	return ++db->state.seq;
}

/* ---- what was said of late ------------------------------------------------------ */

/*
 * A ring of the last records that this process wrote without anybody else
 * writing in between.  A drain finds here what of it concerns the session,
 * mostly nothing, without asking the log channel by channel.
 */
static void
recent_add(struct sqlite *db, int64_t seq, int64_t channel, int64_t prior)
{
	if (db->recent == NULL)
		db->recent = mem_alloc(RECENT * sizeof(*db->recent));
	if (db->recent_to != seq) {
		db->recent_from = seq;
		db->recent_spoken = 0;
	} else if (seq - db->recent_from == RECENT) {
		db->recent_from++;
	}
	db->recent_to = seq + 1;
	db->recent[seq % RECENT] = (struct recent){ channel, prior,
	    db->recent_spoken };
	if (channel > 0 || channel == RECENT_MANY)
		db->recent_spoken = seq;
}

bool
recent_covers(const struct sqlite *db, int64_t after)
{
	return db->recent_to != 0 && db->recent_from <= after + 1;
}

const struct recent *
recent_get(const struct sqlite *db, int64_t seq)
{
	return &db->recent[seq % RECENT];
}

void
recent_forget(struct sqlite *db)
{
	db->recent_to = 0;
}

void
recent_free(struct sqlite *db)
{
	recent_forget(db);
	free(db->recent);
	db->recent = NULL;
}

/* The settle hook and the polls of this turn read what was just said: it need not
 * come from the table. */
static void
said_add(struct sqlite *db, const struct record *r, int64_t seq,
    uint64_t session, struct slice unless_ids)
{
	struct said *said;

	if (db->arena == NULL)
		return;
	said = arena_alloc(&db->scratch, sizeof(*said));
	said->drained.record = *r;
	said->drained.record.seq = seq;
	said->drained.record.wall_ms = db->wall;
	said->drained.unless_ids = unless_ids;
	if (session != 0)
		said->drained.record.channels = channels_of_session(db->arena, session);
	*db->said_end = said;
	db->said_end = &said->next;
	db->drained[seq % DRAINED] = &said->drained;
}

/* ---- writing records --------------------------------------------------------------- */

/* r->channels is empty for a record to a session. */
static int64_t
record_write(struct sqlite *db, const struct record *r, int64_t channel,
    int64_t prior, struct slice unless_ids)
{
	int64_t seq = seq_next(db, record_bytes(r));

	if (channel < 0 && r->attachments.p == NULL)    /* as most are */
		sql_do(db, SQL_RECORD_TELL, "iiiiiiittt", seq, channel, prior,
		    db->wall, (int64_t)r->kind, (int64_t)r->flags, r->id,
		    r->id_text, r->nsp, r->data);
	else
		sql_do(db, SQL_RECORD_ADD, "iiiiiiittbbbtb", seq, channel, prior,
		    db->wall, (int64_t)r->kind, (int64_t)r->flags, r->id,
		    r->id_text, r->nsp, r->channels, r->except, unless_ids,
		    r->data, r->attachments);
	said_add(db, r, seq, channel < 0 ? (uint64_t)-channel : 0, unless_ids);
	recent_add(db, seq, pack_count(r->channels) > 1 ? RECENT_MANY : channel, prior);
	return seq;
}

/* l NULL: only its parked poll may still hear of it. */
static int64_t
record_to_session(struct sqlite *db, struct live *l, uint64_t session,
    const struct record *r)
{
	struct record own = *r;
	int64_t seq;

	own.channels = own.except = SLICE_NONE;
	seq = record_write(db, &own, -(int64_t)session, l == NULL ? 0 : l->head,
	    SLICE_NONE);
	if (l != NULL) {
		l->head = seq;
		live_touch(l);
		if (l->holder != 0)
			wake_holder(db, l->holder);
	}
	return seq;
}

int64_t
log_tell(struct sqlite *db, struct live *l, uint64_t session,
    enum record_kind kind, struct slice nsp, struct slice data)
{
	struct record r = { .kind = kind, .id = -1, .nsp = nsp, .data = data };

	if (db->arena != NULL) {        /* the caller's may go before the turn ends */
		r.nsp = arena_dup(db->arena, nsp);
		r.data = arena_dup(db->arena, data);
	}
	return record_to_session(db, l, session, &r);
}

void
log_tell_poll(struct sqlite *db, struct live *l, char answer)
{
	struct record r = { .kind = RECORD_END, .id = l->ticket,
	    .data = arena_dup(db->arena, slice_of(&answer, 1)) };

	record_to_session(db, NULL, l->session, &r);
	wake_holder(db, l->holder);
	live_drop_claim(db, l);
}

void
log_tell_members(struct sqlite *db, struct slice data)
{
	struct record r = { .kind = RECORD_MEMBERS, .id = -1, .data = data };

	record_write(db, &r, 0, 0, SLICE_NONE);
}

/* The numbers of the channels whose members are left out. */
static struct slice
unless_numbers(struct sqlite *db, struct slice except)
{
	size_t n = pack_count(except), found = 0;
	int64_t *ids, id;
	struct slice key;

	if (n == 0)
		return SLICE_NONE;
	ids = arena_alloc(&db->scratch, n * sizeof(*ids));
	while (pack_next(&except, &key))
		if ((id = channel_find(db, key, false)) != 0)
			ids[found++] = id;
	return slice_of((const char *)ids, found * sizeof(*ids));
}

int64_t
log_say(struct sqlite *db, const struct record *r)
{
	struct slice rest = r->channels, key, unless = unless_numbers(db, r->except);
	int64_t first, id, seq;

	pack_next(&rest, &key);
	first = channel_find(db, key, false);   /* 0: nobody was ever there */
	seq = record_write(db, r, first, 0, unless);
	if (first != 0)
		wake_channel(db, first);
	while (pack_next(&rest, &key)) {
		if ((id = channel_find(db, key, false)) == 0 || id == first)
			continue;
		sql_do(db, SQL_RECORD_ALSO, "ii", id, seq);
		db->state.also = seq;
		wake_channel(db, id);
	}
	return seq;
}

/* ---- history -------------------------------------------------------------------- */

static void
kept_drop(struct sqlite *db, enum sql which, int64_t key, int64_t limit)
{
	struct old {
		int64_t n, channel;
		struct old *next;
	} *first = NULL, *o;
	sqlite3_stmt *s = sql_open(db, which, "ii", key, limit);

	while (sql_row(db, s)) {
		o = arena_alloc(&db->scratch, sizeof(*o));
		o->n = col_int(s, 0);
		o->channel = col_int(s, 2);
		o->next = first;
		first = o;
		db->state.log_bytes -= col_int(s, 1);
	}
	for (o = first; o != NULL; o = o->next) {
		sql_do(db, SQL_KEPT_DROP, "i", o->n);
		channel_tidy(db, o->channel);
	}
}

int64_t
kept_over(struct sqlite *db, int64_t limit)
{
	int64_t before = db->state.log_bytes;

	kept_drop(db, SQL_KEPT_OVER, db->wall, limit);
	return before != db->state.log_bytes;
}

void
record_keep(struct sqlite *db, const struct record *r, int64_t seq,
    int64_t keep_ms, int64_t keep_count)
{
	struct slice rest = r->channels, key;
	int64_t id, until = keep_ms < INT64_MAX - db->wall ? db->wall + keep_ms :
	    INT64_MAX;

	while (pack_next(&rest, &key)) {
		id = channel_find(db, key, true);
		sql_do(db, SQL_KEPT_ADD, "iiiiiitbtb", id, seq, until, db->wall,
		    (int64_t)r->kind, (int64_t)r->flags, r->nsp, r->channels,
		    r->data, r->attachments);
		if (sqlite3_changes(db->db) == 0)
			continue;       /* the channel was named twice */
		db->state.log_bytes += record_bytes(r) - (int64_t)r->except.n;
		if (keep_count > 0)
			kept_drop(db, SQL_KEPT_CUT, id, keep_count);
	}
}

/* ---- the operation ---------------------------------------------------------------- */

/*
 * What an application says is refused past the budget; answers may go a quarter
 * beyond it, so that clients are not left waiting; what sessions need to live
 * (CONNECT, DISCONNECT, CLOSE, END) is never refused.
 */
static bool
log_is_full(struct sqlite *db, const struct record *r)
{
	int64_t after = db->state.log_bytes + record_bytes(r);

	if (db->max_size <= 0 || (r->kind != RECORD_EVENT && r->kind != RECORD_ACK))
		return false;
	if (after <= (r->kind == RECORD_ACK ? db->max_size / 4 * 5 : db->max_size)) {
		db->log_full_said = false;
		return false;
	}
	if (!db->log_full_said)
		log_warn("store", "file=%s the log is full bytes=%lld: what is said "
		    "is refused until older records are due", db->file,
		    (long long)db->state.log_bytes);
	db->log_full_said = true;
	return true;
}

static enum rc
append_check(struct sqlite *db, const struct record *r)
{
	size_t n = pack_count(r->channels);

	if (n == 0)
		return RC_BAD_INPUT;
	if (n > CHANNELS_MAX || pack_count(r->except) > CHANNELS_MAX ||
	    log_is_full(db, r))
		return RC_TOO_BIG;
	return RC_OK;
}

void
op_append(struct sqlite *db, struct store_op *op)
{
	struct record *r = &op->u.append.record;
	struct slice rest = r->channels, key = SLICE_NONE;
	bool asks = op->u.append.question.p != NULL || op->u.append.wait;
	uint64_t session;
	struct live *l = NULL;

	if ((op->rc = append_check(db, r)) != RC_OK)
		return;
	pack_next(&rest, &key);
	session = channel_session(key);
	if (session != 0 && (l = live_get(db, session)) == NULL) {
		op->rc = RC_GONE;
		return;
	}
	if (asks) {
		op->u.append.question_r = question_number(db);
		r->id = op->u.append.question_r;
		r->flags |= RECORD_ASKS_ACK;
	} else if (r->kind == RECORD_EVENT && (r->flags & RECORD_ASKS_ACK) == 0)
		r->id = -1;
	r->seq = session != 0 ? record_to_session(db, l, session, r) :
	    log_say(db, r);
	r->wall_ms = db->wall;
	if (asks)
		question_ask(db, op);
	if (op->u.append.mail_ms > 0)
		mail_keep(db, r, op->u.append.mail_ms, op->u.append.mail_count);
	if (op->u.append.keep_ms > 0)
		record_keep(db, r, r->seq, op->u.append.keep_ms,
		    op->u.append.keep_count);
}

/* ---- trimming --------------------------------------------------------------------- */

/*
 * Up to twice as much as was appended, so the log shrinks to what is due and no
 * commit pays for more than its own share.
 */
void
log_trim(struct sqlite *db, int64_t appended)
{
	int64_t due = db->wall - db->retention, last = 0, bytes = 0;
	sqlite3_stmt *s;

	if (appended > SEQ_JUMP / 2 || appended <= 0 ||
	    db->state.floor > db->state.seq || db->state.oldest_wall > due)
		return;
	s = sql_open(db, SQL_RECORD_OLD, "ii", db->state.floor, 2 * appended);
	while (sql_row(db, s)) {
		if (col_int(s, 1) > due) {
			sql_end(s);
			break;
		}
		last = col_int(s, 0);
		bytes += col_int(s, 2);
	}
	if (last == 0)
		return;
	sql_do(db, SQL_RECORD_TRIM, "ii", db->state.floor, last);
	if (db->state.also >= db->state.floor)
		sql_do(db, SQL_RECORD_TRIM_ALSO, "i", last);
	db->state.floor = last + 1;
	db->state.log_bytes -= bytes;
	db->state.oldest_wall = sql_int(db, db->wall, SQL_RECORD_OLDEST, "i",
	    last + 1);
}

/* ---- looking ----------------------------------------------------------------------- */

void
record_read(sqlite3_stmt *s, struct arena *arena, struct record *record_r)
{
	int64_t channel = col_int(s, 1);

	*record_r = (struct record){
		.seq = col_int(s, 0), .wall_ms = col_int(s, 2),
		.kind = (enum record_kind)col_int(s, 3),
		.flags = (unsigned)col_int(s, 4), .id = col_int(s, 5),
		.id_text = col_dup(s, 6, arena), .nsp = col_dup(s, 7, arena),
		.except = col_dup(s, 9, arena), .data = col_dup(s, 10, arena),
		.attachments = col_dup(s, 11, arena),
	};
	record_r->channels = channel >= 0 ? col_dup(s, 8, arena) :
	    channels_of_session(arena, (uint64_t)-channel);
}

struct record_seen {
	struct record record;
	struct record_seen *next;
};

static enum rc
tail_of_turn(struct sqlite *db, int64_t after, size_t limit,
    store_record_fn *visit, void *arg, int64_t *floor_r)
{
	*floor_r = db->state.floor;
	for (struct said *said = db->said; said != NULL && limit > 0;
	    said = said->next)
		if (said->drained.record.seq > after) {
			visit(arg, &said->drained.record);
			limit--;
		}
	return db->failed;
}

enum rc
sqlite_tail(struct store *store, int64_t after, size_t limit,
    struct arena *arena, store_record_fn *visit, void *arg, int64_t *floor_r)
{
	struct sqlite *db = sqlite_of(store);
	struct record_seen *first = NULL, **end = &first;
	sqlite3_stmt *s;

	if (!db->in_turn)
		db->failed = RC_OK;
	if (db->in_turn && db->arena != NULL && after >= db->before.seq)
		return tail_of_turn(db, after, limit, visit, arg, floor_r);
	s = sql_open(db, SQL_RECORD_TAIL, "ii", after, sql_limit(limit));
	while (sql_row(db, s)) {
		*end = arena_alloc(arena, sizeof(**end));
		record_read(s, arena, &(*end)->record);
		end = &(*end)->next;
	}
	/* after the records: a floor that rises in between is seen, not missed */
	if (!db->in_turn)
		state_read(db);
	*floor_r = db->state.floor;
	for (; first != NULL && db->failed == RC_OK; first = first->next)
		visit(arg, &first->record);
	return db->failed;
}

static struct record_seen *
history_after(struct sqlite *db, int64_t id, int64_t after, size_t limit,
    struct arena *arena)
{
	struct record_seen *first = NULL, **end = &first;
	sqlite3_stmt *s = sql_open(db, SQL_KEPT_AFTER, "iiii", id, after, sql_limit(limit),
	    clock_wall(db->store.clock));

	while (sql_row(db, s)) {
		*end = arena_alloc(arena, sizeof(**end));
		record_read(s, arena, &(*end)->record);
		end = &(*end)->next;
	}
	return first;
}

static struct record_seen *
history_before(struct sqlite *db, int64_t id, int64_t before, size_t limit,
    struct arena *arena)
{
	struct record_seen *first = NULL, *one;
	sqlite3_stmt *s = sql_open(db, SQL_KEPT_WALK, "iiii", id, before <= 0 ? INT64_MAX :
	    before, sql_limit(limit), clock_wall(db->store.clock));

	while (sql_row(db, s)) {                /* newest first */
		one = arena_alloc(arena, sizeof(*one));
		record_read(s, arena, &one->record);
		one->next = first;
		first = one;
	}
	return first;
}

enum rc
sqlite_history(struct store *store, struct slice channel, int64_t before,
    int64_t after, size_t limit, struct arena *arena, store_record_fn *visit,
    void *arg)
{
	struct sqlite *db = sqlite_of(store);
	struct record_seen *first;
	int64_t id;

	look_begin(db);
	if ((id = channel_find(db, channel, false)) == 0)
		return look_end(db, RC_OK);
	first = after > 0 ? history_after(db, id, after, limit, arena) :
	    history_before(db, id, before, limit, arena);
	for (; first != NULL && db->failed == RC_OK; first = first->next)
		visit(arg, &first->record);
	return look_end(db, RC_OK);
}

enum rc
sqlite_last_seq(struct store *store, int64_t *seq_r)
{
	struct sqlite *db = sqlite_of(store);

	if (!db->in_turn) {
		db->failed = RC_OK;
		state_read(db);
	}
	*seq_r = db->state.seq;
	return db->failed;
}
