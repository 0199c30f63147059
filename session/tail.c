/*
 * tail.c - the log's news, handed to the polls that wait here
 *
 * A process with a thousand parked polls must not ask the store a thousand
 * times what is new: it reads the tail once, and for each record who was in its
 * channels at that moment.  Runs inside the turn's transaction, so it sees what
 * the turn itself has said, and the cursors move in the same commit.
 *
 * Must stay true:
 *   - e->tail is a seq up to which every parked poll has been considered
 *   - a poll takes a record once, however many of its channels it is in, and
 *     never one at or below its own cursor
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/log.h"
#include "session/engine_private.h"

enum { TAIL_PAGE = 256 };

struct scan {
	struct engine *e;
	struct letter *letter;
	size_t n;
	int64_t last;
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
		p->end = record->data.n == 0 ? '1' : record->data.p[0];
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

static void
scan_record(void *arg, const struct record *record)
{
	struct scan *scan = arg;
	struct engine *e = scan->e;
	struct slice rest, key;
	struct parked *p;
	uint64_t session;

	scan->n++;
	scan->last = record->seq;
	scan->letter = letter_of(e, record);
	for (rest = record->except; pack_next(&rest, &key); )
		if (store_members(e->store, key, record->seq, except_member,
		    scan) != RC_OK)
			scan->rc = RC_IO;
	for (rest = record->channels; pack_next(&rest, &key); ) {
		if ((session = channel_session(key)) != 0) {
			if ((p = parked_find(e, session)) != NULL)
				offer(e, p, scan->letter);
		} else if (store_members(e->store, key, record->seq,
		    offer_member, scan) != RC_OK) {
			scan->rc = RC_IO;
		}
	}
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
	struct scan scan = { .e = e, .rc = RC_OK };
	int64_t floor = 0;
	enum rc rc;

	*more_r = false;
	rc = store_tail(e->store, e->tail, TAIL_PAGE, &e->arena, scan_record,
	    &scan, &floor);
	if (rc != RC_OK && rc != RC_NONE)
		return rc;
	if (e->tail < floor - 1) {
		log_warn("session", "tail=%lld is below floor=%lld, asking afresh",
		    (long long)e->tail, (long long)floor);
		e->resync = true;
	}
	if (scan.last > e->tail)
		e->tail = scan.last;
	move_cursors(e);
	*more_r = scan.n == TAIL_PAGE;
	return scan.rc;
}
