/*
 * memory_log.c - the log of the memory driver: saying, trimming, reading
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "store/memory_private.h"

/* What counts for max_size: as the other driver counts. */
static int64_t
record_bytes(const struct record *r)
{
	return (int64_t)(64 + r->data.n + r->attachments.n + r->channels.n +
	    r->except.n);
}

static void
record_own(struct record *r, const struct record *from)
{
	*r = *from;
	r->id_text = memory_own(from->id_text);
	r->nsp = memory_own(from->nsp);
	r->channels = memory_own(from->channels);
	r->except = memory_own(from->except);
	r->data = memory_own(from->data);
	r->attachments = memory_own(from->attachments);
}

static void
record_disown(struct record *r)
{
	memory_disown(&r->id_text);
	memory_disown(&r->nsp);
	memory_disown(&r->channels);
	memory_disown(&r->except);
	memory_disown(&r->data);
	memory_disown(&r->attachments);
}

void
memory_record_copy(struct arena *arena, const struct record *from,
    struct record *to_r)
{
	*to_r = *from;
	to_r->id_text = arena_dup(arena, from->id_text);
	to_r->nsp = arena_dup(arena, from->nsp);
	to_r->channels = arena_dup(arena, from->channels);
	to_r->except = arena_dup(arena, from->except);
	to_r->data = arena_dup(arena, from->data);
	to_r->attachments = arena_dup(arena, from->attachments);
}

const struct record *
memory_record(const struct town *town, int64_t seq)
{
	if (seq < town->floor || seq > town->seq)
		return NULL;
	return &town->log[seq - town->floor];
}

/* ---- saying ------------------------------------------------------------------- */

/* Gives it its seq and keeps a copy. */
static void
log_add(struct memory *m, struct record *r)
{
	struct town *town = m->town;

	if (town->log_n == town->log_cap) {
		town->log_cap = town->log_cap == 0 ? 64 : town->log_cap * 2;
		town->log = mem_resize(town->log, town->log_cap * sizeof(*town->log));
	}
	r->seq = ++town->seq;
	r->wall_ms = m->wall;
	record_own(&town->log[town->log_n++], r);
	town->log_bytes += record_bytes(r);
}

int64_t
memory_tell(struct memory *m, uint64_t session, enum record_kind kind,
    struct slice nsp, struct slice data)
{
	struct record r = { .kind = kind, .id = -1, .nsp = nsp, .data = data,
	    .channels = channels_of_session(m->arena, session) };

	log_add(m, &r);
	return r.seq;
}

void
memory_tell_poll(struct memory *m, struct mem_session *s, char answer)
{
	struct record r = { .kind = RECORD_END, .id = (int64_t)s->ticket,
	    .data = slice_of(&answer, 1),
	    .channels = channels_of_session(m->arena, s->n) };

	log_add(m, &r);
	memory_wake(m, s->holder);
	memory_drop_claim(s);
}

void
memory_tell_members(struct memory *m, struct slice data)
{
	struct record r = { .kind = RECORD_MEMBERS, .id = -1, .data = data };

	log_add(m, &r);
}

static void
kept_free(struct town *town, struct kept *k)
{
	DL_DELETE(town->kept, k);
	town->log_bytes -= record_bytes(&k->record);
	memory_disown(&k->key);
	record_disown(&k->record);
	free(k);
}

/* At most count stay of a channel: the newest. */
static void
keep_at_most(struct town *town, struct slice key, int64_t count)
{
	struct kept *k, *next;
	int64_t n = 0;

	DL_FOREACH(town->kept, k)
		n += slice_eq(k->key, key);
	DL_FOREACH_SAFE(town->kept, k, next)
		if (n > count && slice_eq(k->key, key)) {
			kept_free(town, k);
			n--;
		}
}

static bool
is_kept(const struct town *town, struct slice key, int64_t seq)
{
	const struct kept *k;

	DL_FOREACH(town->kept, k)
		if (k->record.seq == seq && slice_eq(k->key, key))
			return true;
	return false;
}

static void
keep_in(struct memory *m, const struct record *r, struct slice key, int64_t ms,
    int64_t count)
{
	struct kept *k;

	if (is_kept(m->town, key, r->seq))
		return;                 /* the room was named twice */
	k = mem_alloc(sizeof(*k));
	k->key = memory_own(key);
	k->until = ms < INT64_MAX - m->wall ? m->wall + ms : INT64_MAX;
	record_own(&k->record, r);
	memory_disown(&k->record.except);
	m->town->log_bytes += record_bytes(&k->record);
	DL_APPEND(m->town->kept, k);
	if (count > 0)
		keep_at_most(m->town, key, count);
}

static bool
is_present(const struct town *town, struct slice key)
{
	const struct mem_socket *k;

	for (k = town->sockets; k != NULL; k = k->hh.next)
		if (k->session != 0 && memory_is_in(k, key))
			return true;
	return false;
}

/* For the users among the channels of whom nobody is there. */
static void
mail_keep(struct memory *m, const struct store_op *op)
{
	struct record copy = op->u.append.record;
	struct slice rest = copy.channels, key, nsp, name;
	struct buf channels = BUF_INIT;
	enum channel_kind kind;

	copy.flags = (copy.flags & ~(unsigned)RECORD_ASKS_ACK) | RECORD_MAIL;
	while (pack_next(&rest, &key)) {
		if (!channel_split(key, &kind, &nsp, &name) || kind != CHANNEL_USER ||
		    is_present(m->town, key))
			continue;
		buf_reset(&channels);
		pack_add(&channels, key);
		copy.channels = buf_slice(&channels);
		keep_in(m, &copy, key, op->u.append.mail_ms, op->u.append.mail_count);
	}
	buf_free(&channels);
}

static void
keep(struct memory *m, const struct store_op *op)
{
	const struct record *r = &op->u.append.record;
	struct slice rest = r->channels, key;

	while (pack_next(&rest, &key))
		keep_in(m, r, key, op->u.append.keep_ms, op->u.append.keep_count);
}

/* Answers may go a quarter beyond the budget; what sessions need to live is
 * never refused. */
static bool
log_is_full(const struct memory *m, const struct record *r)
{
	int64_t max = m->conf.max_size;

	if (max <= 0 || (r->kind != RECORD_EVENT && r->kind != RECORD_ACK))
		return false;
	return m->town->log_bytes + record_bytes(r) >
	    (r->kind == RECORD_ACK ? max / 4 * 5 : max);
}

static enum rc
append_check(struct memory *m, const struct record *r)
{
	size_t n = pack_count(r->channels);
	struct slice rest = r->channels, key;

	if (n == 0)
		return RC_BAD_INPUT;
	if (n > CHANNELS_MAX || pack_count(r->except) > CHANNELS_MAX ||
	    log_is_full(m, r))
		return RC_TOO_BIG;
	if (pack_next(&rest, &key) && channel_session(key) != 0 &&
	    memory_session_get(m->town, channel_session(key)) == NULL)
		return RC_GONE;
	return RC_OK;
}

void
memory_op_append(struct memory *m, struct store_op *op)
{
	struct record *r = &op->u.append.record;
	bool asks = op->u.append.question.p != NULL || op->u.append.wait;

	if ((op->rc = append_check(m, r)) != RC_OK)
		return;
	if (asks) {
		r->flags |= RECORD_ASKS_ACK;
		r->id = m->town->question_n + 1;
	}
	log_add(m, r);
	if (asks)
		op->u.append.question_r = memory_ask(m, op);
	if (op->u.append.mail_ms > 0)
		mail_keep(m, op);
	if (op->u.append.keep_ms > 0)
		keep(m, op);
}

void
memory_say(struct memory *m, struct record *r)
{
	log_add(m, r);
}

/* ---- mail ------------------------------------------------------------------------ */

static void
letter_say(struct memory *m, const struct mem_socket *k, const struct record *letter)
{
	struct record r = { .kind = RECORD_EVENT, .id = -1, .nsp = k->nsp,
	    .data = letter->data, .attachments = letter->attachments };
	struct buf channels = BUF_INIT;

	pack_add(&channels, channel_key(m->arena, CHANNEL_ROOM, k->nsp, slice_str(k->id)));
	r.channels = buf_slice(&channels);
	log_add(m, &r);
	buf_free(&channels);
}

void
memory_op_mail(struct memory *m, struct store_op *op)
{
	const struct mem_socket *k = memory_socket_get(m->town, *op->u.mail.socket);
	struct kept *letter, *next;
	struct slice key;
	size_t n = 0;

	op->rc = RC_NONE;
	if (k == NULL || k->session == 0 || k->user.n == 0 || !memory_is_in(k,
	    channel_key(m->arena, CHANNEL_ROOM, k->nsp, slice_str(k->id))))
		return;
	key = channel_key(m->arena, CHANNEL_USER, k->nsp, k->user);
	DL_FOREACH_SAFE(m->town->kept, letter, next) {
		if ((letter->record.flags & RECORD_MAIL) == 0 || letter->until <= m->wall ||
		    !slice_eq(letter->key, key))
			continue;
		if (n++ == op->u.mail.limit) {
			op->rc = RC_OK;
			break;
		}
		if (op->u.mail.replayed == 0 || letter->record.seq <= op->u.mail.replayed)
			letter_say(m, k, &letter->record);
		kept_free(m->town, letter);
	}
}

/* ---- trimming ------------------------------------------------------------------ */

size_t
memory_trim(struct memory *m, size_t limit)
{
	struct town *town = m->town;
	size_t n = 0;

	while (n < limit && n < town->log_n &&
	    town->log[n].wall_ms + m->conf.retention_ms <= m->wall) {
		town->log_bytes -= record_bytes(&town->log[n]);
		record_disown(&town->log[n++]);
	}
	town->log_n -= n;
	town->floor += (int64_t)n;
	if (n > 0)
		memmove(town->log, town->log + n, town->log_n * sizeof(*town->log));
	return n;
}

size_t
memory_trim_kept(struct memory *m, size_t limit)
{
	struct kept *k, *next;
	size_t n = 0;

	DL_FOREACH_SAFE(m->town->kept, k, next)
		if (n < limit && k->until <= m->wall) {
			kept_free(m->town, k);
			n++;
		}
	return n;
}

void
memory_log_free(struct town *town)
{
	size_t i;

	while (town->kept != NULL)
		kept_free(town, town->kept);
	for (i = 0; i < town->log_n; i++)
		record_disown(&town->log[i]);
	free(town->log);
}

/* ---- reading ------------------------------------------------------------------- */

enum rc
memory_tail(struct store *store, int64_t after, size_t limit, struct arena *arena,
    store_record_fn *visit, void *arg, int64_t *floor_r)
{
	struct town *town = memory_of(store)->town;
	int64_t seq = after < town->floor ? town->floor : after + 1;
	struct record r;

	*floor_r = town->floor;
	for (; seq <= town->seq && limit > 0; seq++, limit--) {
		memory_record_copy(arena, memory_record(town, seq), &r);
		visit(arg, &r);
	}
	return RC_OK;
}

static bool
is_meant(const struct kept *k, struct slice channel, int64_t before, int64_t after,
    int64_t wall)
{
	return slice_eq(k->key, channel) && k->until > wall &&
	    (after > 0 ? k->record.seq > after : before <= 0 || k->record.seq < before);
}

enum rc
memory_history(struct store *store, struct slice channel, int64_t before,
    int64_t after, size_t limit, struct arena *arena, store_record_fn *visit,
    void *arg)
{
	struct memory *m = memory_of(store);
	int64_t wall = clock_wall(store->clock);
	size_t skip = 0, n = 0;
	struct record r;
	struct kept *k;

	DL_FOREACH(m->town->kept, k)
		skip += is_meant(k, channel, before, after, wall);
	skip = after > 0 || skip <= limit ? 0 : skip - limit;
	DL_FOREACH(m->town->kept, k) {
		if (!is_meant(k, channel, before, after, wall) ||
		    (skip > 0 && skip-- > 0) || n++ >= limit)
			continue;
		memory_record_copy(arena, &k->record, &r);
		visit(arg, &r);
	}
	return RC_OK;
}

enum rc
memory_last_seq(struct store *store, int64_t *seq_r)
{
	*seq_r = memory_of(store)->town->seq;
	return RC_OK;
}
