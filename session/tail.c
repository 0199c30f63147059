/*
 * tail.c - the log's news, handed to the polls that wait here, and to connections
 *
 * A process with a thousand parked polls must not ask the store a thousand
 * times what is new: it reads the tail once, and for each record who was in its
 * channels at that moment: for connections the mirror knows, for polls the store.
 * A process with connections and a few polls lets the polls ask for themselves.
 * Runs inside the turn's transaction, so it sees what the turn itself has said, and
 * the cursors of polls move in the same commit.
 *
 * A record for ten thousand connections is not handed to all of them in one turn: after
 * fan_out of them the process looks at its sockets first, and the next turn goes on with
 * those who are left (mirror_hand() knows them), however many came, left or moved
 * meanwhile.  Nothing is kept for that: it stays in the log, which is read again.
 *
 * Must stay true:
 *   - e->tail is a seq up to which every parked poll and every connection that follows
 *     has been considered; a connection may be further, its cursor says so
 *   - a poll takes a record once, however many of its channels it is in, and
 *     never one at or below its own cursor
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "session/live_private.h"

enum {
	TAIL_PAGE = 256,
	REST_PAGE = 16,                 /* while a record is handed out in pieces */
	OFFERS_MAX = 20000              /* to connections, in one turn */
};

struct scan {
	struct engine *e;
	struct letter *letter;
	size_t n, n_offers;
	size_t n_woken;                 /* connections to which it is the turn's first */
	int64_t last, floor;
	bool has_polls;                 /* whose members are to be looked up */
	bool asks;                      /* a few polls, which ask by channel instead */
	bool is_full;
	enum rc rc;
};

static void
parked_take(struct engine *e, struct parked *p, struct letter *letter)
{
	struct letter **more;

	if (p->n_letters == p->letters_room) {
		p->letters_room = p->letters_room == 0 ? 4 : 2 * p->letters_room;
		more = arena_alloc(&e->arena, p->letters_room * sizeof(*more));
		if (p->n_letters != 0)
			memcpy(more, p->letters, p->n_letters * sizeof(*more));
		p->letters = more;
	}
	p->letters[p->n_letters++] = letter;
}

static struct store_op *
parked_open_deliver(struct engine *e, struct parked *p)
{
	if (p->deliver == NULL) {
		p->deliver = turn_add(&e->turn, OP_DELIVER, NULL);
		p->deliver->u.deliver.session = p->session;
		p->deliver->u.deliver.ticket = p->ticket;
		parked_touch(e, p);
	}
	return p->deliver;
}

/* Whether this record is for p at all; seen marks that it was considered. */
static bool
is_news(struct parked *p, const struct record *record)
{
	if (p->seen == record->seq || p->excepted == record->seq)
		return false;
	if (record->seq <= p->cursor || p->end != 0 || p->leave)
		return false;
	/* A ping or a noop of this turn is applied already: next time. */
	return p->deliver == NULL || p->n_letters != 0;
}

static void
offer(struct engine *e, struct parked *p, struct letter *letter)
{
	const struct record *record = letter->record;

	if (!is_news(p, record))
		return;
	p->seen = record->seq;
	switch (record->kind) {
	case RECORD_END:
		if (record->id != -1 && record->id != (int64_t)p->ticket)
			break;
		p->end = record->data.n == 0 ? '1' : record->data.p[0];
		/* Only this poll ends, its session goes on: a client that polls on
		 * is to ask again, and hears then what to do. */
		if (record->id != -1 && p->polls_on)
			p->end = '8';
		parked_touch(e, p);
		break;
	case RECORD_CLOSE:
		if (p->n_letters != 0) {
			p->seen = 0;    /* it comes alone, in the next response */
			p->leave = false;
			p->cursor = INT64_MAX;
			p->deliver->u.deliver.upto = record->seq - 1;
			break;
		}
		parked_open_deliver(e, p)->u.deliver.end = true;
		p->leave = true;
		break;
	default:
		parked_open_deliver(e, p);
		parked_take(e, p, letter);
		break;
	}
}

static void
offer_member(void *arg, uint64_t session, uint64_t socket)
{
	struct scan *scan = arg;
	struct parked *p = parked_find(scan->e, session);

	(void)socket;
	if (p != NULL)
		offer(scan->e, p, scan->letter);
}

static void
except_member(void *arg, uint64_t session, uint64_t socket)
{
	struct scan *scan = arg;
	struct parked *p = parked_find(scan->e, session);

	(void)socket;
	if (p != NULL)
		p->excepted = scan->letter->seq;
}

static bool
offer_live(void *arg, struct live *live)
{
	struct scan *scan = arg;
	size_t most = scan->e->conf.fan_out;
	uint32_t before = live->n_letters;

	live_offer(live, scan->letter);
	scan->n_offers++;
	scan->n_woken += before == 0 && live->n_letters != 0;
	return scan->n_offers < OFFERS_MAX && (most == 0 || scan->n_woken < most);
}

static void
except_live(void *arg, struct live *live)
{
	live->excepted = ((struct scan *)arg)->letter->seq;
}

/* Some of a few polls may be meant: the store knows. */
static void
ask_polls(struct scan *scan, const struct record *record)
{
	struct engine *e = scan->e;
	struct parked *p, *next;

	HASH_ITER(hh, e->parked, p, next)
		if (record->seq > p->cursor && p->end == 0)
			p->must_ask = true;
}

static void
scan_session(struct scan *scan, uint64_t session, const struct record *record)
{
	struct parked *p = parked_find(scan->e, session);

	if (p == NULL)
		return;
	if (scan->asks && record->kind != RECORD_END && record->seq > p->cursor)
		p->must_ask = true;
	else
		offer(scan->e, p, scan->letter);
}

static void
scan_channel(struct scan *scan, struct slice key, const struct record *record)
{
	if (scan->has_polls && store_members(scan->e->store, key, record->seq,
	    offer_member, scan) != RC_OK)
		scan->rc = RC_IO;
	if (scan->asks)
		ask_polls(scan, record);
}

static void
scan_polls(struct scan *scan, const struct record *record)
{
	struct slice rest, key;
	uint64_t session;

	for (rest = record->except; scan->has_polls && pack_next(&rest, &key); )
		if (store_members(scan->e->store, key, record->seq, except_member,
		    scan) != RC_OK)
			scan->rc = RC_IO;
	for (rest = record->channels; pack_next(&rest, &key); ) {
		if ((session = channel_session(key)) != 0)
			scan_session(scan, session, record);
		else
			scan_channel(scan, key, record);
	}
}

/* false: some are left for the next turn. */
static bool
scan_lives(struct scan *scan, const struct record *record)
{
	struct engine *e = scan->e;
	struct slice rest, key;
	struct live *live;
	uint64_t session;

	/* Who was meant then is known since the first piece. */
	for (rest = e->cut == record->seq ? SLICE_NONE : record->except;
	    pack_next(&rest, &key); )
		mirror_walk(e, key, record->seq, except_live, scan);
	for (rest = record->channels; pack_next(&rest, &key); ) {
		if ((session = channel_session(key)) == 0) {
			if (!mirror_hand(e, key, record->seq, offer_live, scan))
				return false;
		} else if ((live = live_find(e, session)) != NULL) {
			offer_live(scan, live);
		}
	}
	return true;
}

/* Connections of ours whose rooms others have changed. */
static void
scan_moved(struct engine *e, struct slice sessions)
{
	struct slice number;
	struct live *live;
	int64_t session;

	json_open(&sessions);
	while (json_next(&sessions, &number))
		if (slice_int64(number, &session) &&
		    (live = live_find(e, (uint64_t)session)) != NULL &&
		    !live->is_behind)
			mirror_load(live);
}

/* Something is missing: nobody is to be handed what lies behind it. */
static bool
is_below_floor(const struct scan *scan)
{
	return scan->e->tail < scan->floor - 1;
}

static void
scan_record(void *arg, const struct record *record)
{
	struct scan *scan = arg;

	if (scan->is_full || is_below_floor(scan))
		return;
	if (record->kind == RECORD_MEMBERS) {
		scan_moved(scan->e, record->data);
	} else {
		scan->letter = letter_of(scan->e, record);
		if (!scan_lives(scan, record)) {
			scan->e->cut = record->seq;
			scan->is_full = true;
			return;
		}
		scan_polls(scan, record);
	}
	scan->n++;
	scan->last = record->seq;
}

/* It has asked in this turn already, and what it got is not to be forgotten. */
static bool
is_answered(const struct parked *p)
{
	return p->ask != NULL && (p->ask->rc != RC_OK ||
	    p->ask->u.poll.outcome_r != POLL_PARKED);
}

static void
ask_again(struct engine *e)
{
	struct parked *p, *next;

	HASH_ITER(hh, e->parked, p, next) {
		if (p->must_ask && p->deliver == NULL && p->end == 0 &&
		    !is_answered(p))
			parked_ask_again(e, p);
		p->must_ask = false;
	}
}

/* Who follows is not to be left behind the floor in silence: all ask the store, which
 * ends those of whom the log has not everything. */
static void
below_floor(struct scan *scan)
{
	struct engine *e = scan->e;
	struct live *live, *next;

	log_warn("session", "tail=%lld is below floor=%lld, asking afresh",
	    (long long)e->tail, (long long)scan->floor);
	e->resync = true;
	HASH_ITER(hh, e->lives, live, next)
		live_fall_behind(live);
	e->tail = scan->floor - 1;
	scan->is_full = true;
}

/* Those that got something have had the log up to here. */
static void
move_cursors(struct engine *e)
{
	struct parked *p;

	for (p = e->touched; p != NULL; p = p->next_touched)
		if (p->deliver != NULL && (p->n_letters != 0 || p->leave) &&
		    p->deliver->u.deliver.upto == 0)
			p->deliver->u.deliver.upto = e->tail;
}

enum rc
tail_scan(struct engine *e, bool *more_r)
{
	size_t n_polls = HASH_COUNT(e->parked);
	size_t page = e->cut > e->tail ? REST_PAGE : TAIL_PAGE;
	struct scan scan = { .e = e, .rc = RC_OK };
	enum rc rc;

	scan.asks = n_polls > 0 && n_polls <= SMALL_LOT && e->lives != NULL;
	scan.has_polls = n_polls > 0 && !scan.asks;
	*more_r = false;
	rc = store_tail(e->store, e->tail, page, &e->arena, scan_record,
	    &scan, &scan.floor);
	if (rc != RC_OK && rc != RC_NONE)
		return rc;
	if (is_below_floor(&scan))
		below_floor(&scan);
	if (scan.last > e->tail)
		e->tail = scan.last;
	if (scan.asks)
		ask_again(e);
	move_cursors(e);
	*more_r = scan.n == page || scan.is_full;
	e->n_rounds += !*more_r;
	return scan.rc;
}
