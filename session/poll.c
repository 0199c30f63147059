/*
 * poll.c - the polls that wait, and what ends their waiting
 *
 * A held poll is data: an entry here and a claim in the store with the same
 * ticket.  The claim decides; the entry is only how this process finds the
 * client.  A new poll is entered before its turn commits, so that what the same
 * turn says reaches it.
 *
 * Must stay true:
 *   - an entry is answered only after a committed op released its claim, or
 *     after the store said that the claim is not its own any more
 *   - the lot holds one entry for a session; a second one that takes over is
 *     entered when the first is answered
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "session/live_private.h"

/* What one response may carry; more is asked for by the next poll. */
enum { BATCH_RECORDS = 500, BATCH_BYTES = 1 << 20 };

/* ---- the lot ---------------------------------------------------------------- */

struct parked *
parked_find(struct engine *e, uint64_t session)
{
	struct parked *p;

	HASH_FIND(hh, e->parked, &session, sizeof(session), p);
	return p;
}

void
parked_touch(struct engine *e, struct parked *p)
{
	if (p->is_touched)
		return;
	p->is_touched = true;
	p->next_touched = e->touched;
	e->touched = p;
}

/* Out of the lot, and freed; the exchange (if any) is the caller's again. */
static struct exchange *
parked_remove(struct engine *e, struct parked *p)
{
	struct exchange *x = p->x;

	if (parked_find(e, p->session) == p)
		HASH_DEL(e->parked, p);
	if (x != NULL)
		x->parked = NULL;
	if (x != NULL && p->deliver != NULL)
		x->cursor_r = p->deliver->u.deliver.upto;
	else if (x != NULL && p->ask != NULL)
		x->cursor_r = p->ask->u.poll.cursor_r;
	free(p);
	return x;
}

static void
parked_refuse(struct engine *e, struct parked *p, enum answer answer)
{
	struct exchange *x = parked_remove(e, p);

	if (x != NULL)
		exchange_answer(x, answer);
}

static void
parked_answer(struct engine *e, struct parked *p, enum frame_type frame)
{
	struct exchange *x = parked_remove(e, p);

	if (x == NULL)
		return;
	x->codec->frame_write(&x->body_r, frame, SLICE_NONE);
	exchange_answer(x, ANSWER_PAYLOAD);
}

/* Another poll has taken its place. */
static void
parked_replace(struct engine *e, struct parked *p)
{
	if (p->x != NULL)
		p->x->is_replaced_r = true;
	parked_answer(e, p, FRAME_NOOP);
}

static void
due_at(struct engine *e, int64_t boot_ms)
{
	if (boot_ms != 0 && boot_ms < e->next_parked)
		e->next_parked = boot_ms;
}

/* ---- asking -------------------------------------------------------------------- */

static void
parked_ask(struct engine *e, struct parked *p, bool again)
{
	struct store_op *op = turn_add(&e->turn, OP_POLL, NULL);

	op->u.poll.session = p->session;
	op->u.poll.ticket = p->ticket;
	op->u.poll.t = arena_dup(&e->arena, p->x->t);
	op->u.poll.again = again;
	op->u.poll.takeover = p->polls_on;
	op->u.poll.max_records = BATCH_RECORDS;
	op->u.poll.max_bytes = BATCH_BYTES;
	p->ask = op;
	parked_touch(e, p);
}

void
poll_ask_again(struct engine *e)
{
	struct parked *p, *next;

	HASH_ITER(hh, e->parked, p, next)
		if (p->ask == NULL && p->deliver == NULL)
			parked_ask(e, p, true);
}

void
parked_ask_again(struct engine *e, struct parked *p)
{
	parked_ask(e, p, true);
}

void
poll_collect(struct engine *e, struct exchange *x)
{
	struct session_row row;
	struct parked *p, *old;

	if (!exchange_session(e, x, &row))
		return;
	if (row.transport != (int)x->transport) {
		exchange_answer(x, ANSWER_BAD_REQUEST);
		return;
	}
	old = parked_find(e, row.n);
	if (old != NULL && old->is_new) {
		exchange_again(e, x);   /* two at once: one after the other */
		return;
	}
	p = mem_alloc(sizeof(*p));
	p->session = row.n;
	p->ticket = e->next_ticket++;
	p->x = x;
	p->takes_octets = x->codec->octets != NULL && !x->wants_text &&
	    (row.traits & SESSION_TEXT_ONLY) == 0;
	p->polls_on = x->codec->traits.polls_on;
	p->plain_close = x->codec->traits.plain_close;
	p->is_new = true;
	x->parked = p;
	if (old == NULL)
		HASH_ADD(hh, e->parked, session, sizeof(p->session), p);
	else
		e->resync = true;       /* the lot cannot hold both: ask afterwards */
	parked_ask(e, p, false);
}

/* ---- inside the transaction ------------------------------------------------------ */

bool
poll_take_cursors(struct engine *e)
{
	struct parked *p;
	size_t n_answered = 0, n_following = HASH_COUNT(e->lives) - e->n_behind;
	int64_t least = live_take_cursors(e);
	bool lost = false;

	for (p = e->touched; p != NULL; p = p->next_touched) {
		if (p->ask == NULL)
			continue;
		lost |= (p->ask->rc == RC_GONE || p->ask->rc == RC_CLASH ||
		    p->ask->rc == RC_NONE) && !p->is_new;
		if (p->ask->rc == RC_OK && p->ask->u.poll.outcome_r == POLL_PARKED) {
			p->cursor = p->ask->u.poll.cursor_r;
			if (p->cursor < least)
				least = p->cursor;
		} else if (p->is_new) {
			p->cursor = INT64_MAX;  /* answered: the tail is not for it */
			n_answered++;
		}
	}
	/* When all have asked, the tail begins behind what they have; but the
	 * RECORD_END of a session that is gone lies before that. */
	if (least != INT64_MAX && (e->tail == 0 || (e->asked_all && !lost &&
	    n_following == 0 && least > e->tail)))
		e->tail = least;
	/* 0 is also where an empty log begins, for those who follow it. */
	return e->tail != 0 || n_answered < HASH_COUNT(e->parked) ||
	    HASH_COUNT(e->lives) > e->n_behind;
}

/* ---- after the commit ------------------------------------------------------------- */

static void
closing_write(struct exchange *x)
{
	if (!x->codec->traits.plain_close)
		x->codec->frame_write(&x->body_r, FRAME_NOOP, SLICE_NONE);
	x->codec->frame_write(&x->body_r, FRAME_CLOSE, SLICE_NONE);
}

/* Answers with these letters, in octets if there is something binary in them
 * and the client takes that. */
static void
letters_answer(struct engine *e, struct exchange *x, bool takes_octets,
    struct letter *const *letters, size_t n)
{
	const struct codec *codec = x->codec;
	size_t i;

	for (i = 0; takes_octets && i < n; i++) {
		if (letters[i]->record->attachments.n == 0)
			continue;
		codec = codec->octets;
		x->is_octets_r = true;
		break;
	}
	for (i = 0; i < n; i++) {
		letter_write(e, letters[i], codec, &x->body_r);
		x->is_alive_r |= letters[i]->record->kind == RECORD_PONG;
	}
	if (x->body_r.n == 0)   /* nothing of it is for this generation */
		codec->frame_write(&x->body_r, FRAME_NOOP, SLICE_NONE);
}

/* Its client hung up just now, or will be written to in vain, perhaps. */
static struct exchange *
parked_remove_batch(struct engine *e, struct parked *p)
{
	struct receipt receipt = { p->polls_on ? p->session : 0, p->ticket };
	struct exchange *x = parked_remove(e, p);

	if (x == NULL)
		engine_lost(e, &receipt);
	else
		x->receipt_r = receipt;
	return x;
}

/* How long a poll is held when nothing happens; 0: until it is pinged. */
static int64_t
hold_ms(const struct engine *e, const struct exchange *x)
{
	const struct traits *traits = &x->codec->traits;
	int64_t hold = e->conf.poll_hold_ms;

	if (x->hold_ms != 0)
		return x->hold_ms;
	if (traits->poll_ms != 0 && (hold == 0 || traits->poll_ms < hold))
		hold = traits->poll_ms;
	if (traits->quiet_polls && e->conf.ping_interval_ms < hold)
		hold = e->conf.ping_interval_ms;        /* it must hear something */
	return hold;
}

/* The poll has its place: when must somebody look at it again? */
static void
parked_sit(struct engine *e, struct parked *p)
{
	int64_t now = clock_boot(e->clock);
	const struct store_op *op = p->ask;
	struct parked *old;
	int64_t hold;

	if (p->x == NULL) {
		hangup_add(e, p->session, p->ticket);
		parked_remove(e, p);
		return;
	}
	old = parked_find(e, p->session);
	if (old != NULL && old->ticket > p->ticket) {
		parked_replace(e, p);   /* by a later one of this turn */
		return;
	}
	if (old != p) {
		if (old != NULL && !old->is_touched)
			parked_replace(e, old);
		else if (old != NULL)
			HASH_DEL(e->parked, old);       /* its own settling frees it */
		HASH_ADD(hh, e->parked, session, sizeof(p->session), p);
	}
	p->is_new = false;
	p->ping_due = op->u.poll.ping_due_r;
	p->dead = op->u.poll.dead_r;
	hold = hold_ms(e, p->x);
	if (p->hold_until == 0 && hold != 0)
		p->hold_until = now + hold;
	if (e->drain || !e->conf.can_park ||
	    (e->conf.max_parked != 0 && HASH_COUNT(e->parked) > e->conf.max_parked))
		p->hold_until = now;
	due_at(e, p->ping_due);
	due_at(e, p->dead);
	due_at(e, p->hold_until);
	p->ask = NULL;
}

static void
settle_asked(struct engine *e, struct parked *p)
{
	const struct store_op *op = p->ask;
	bool takes_octets = p->takes_octets;
	struct letter **letters;
	struct exchange *x;
	size_t i, n;

	if (op->u.poll.outcome_r == POLL_PING) {
		parked_answer(e, p, FRAME_PING);
		return;
	}
	x = op->u.poll.outcome_r == POLL_BATCH ? parked_remove_batch(e, p) :
	    parked_remove(e, p);
	if (x == NULL)
		return;
	if (op->u.poll.outcome_r == POLL_END)
		closing_write(x);
	if (op->u.poll.outcome_r == POLL_BATCH) {
		n = op->u.poll.batch_r.n;
		letters = arena_alloc(&e->arena, n * sizeof(struct letter *));
		for (i = 0; i < n; i++)
			letters[i] = letter_of(e, &op->u.poll.batch_r.records[i]);
		letters_answer(e, x, takes_octets, letters, n);
	}
	exchange_answer(x, ANSWER_PAYLOAD);
}

static void
settle_refused(struct engine *e, struct parked *p)
{
	enum rc rc = p->ask->rc;

	if (!p->is_new) {
		/* Another poll has the claim, or the session ended: if nobody
		 * said how (the record is past the floor), then by itself. */
		if (rc == RC_GONE)
			parked_answer(e, p, FRAME_CLOSE);
		else
			parked_replace(e, p);
		return;
	}
	parked_refuse(e, p, rc == RC_GONE ? ANSWER_UNKNOWN_SID :
	    rc == RC_NONE ? ANSWER_BAD_REQUEST : rc == RC_CLASH ? ANSWER_OVERLAP : ANSWER_BUSY);
}

/* A socket came back in this turn and its replay goes first.  The claim is still
 * ours: the next turn asks for it. */
static void
settle_replay(struct engine *e, struct parked *p)
{
	p->deliver = NULL;
	p->letters = NULL;
	p->n_letters = p->letters_room = 0;
	p->seen = p->excepted = 0;
	p->leave = false;
	e->resync = true;
	if (p->ask != NULL) {
		parked_sit(e, p);
	} else if (p->x == NULL) {
		hangup_add(e, p->session, p->ticket);
		parked_remove(e, p);
	}
}

static void
settle_delivered(struct engine *e, struct parked *p)
{
	struct letter **letters = p->letters;
	size_t n = p->n_letters;
	bool takes_octets = p->takes_octets;
	bool leave = p->leave, ping = p->deliver->u.deliver.ping;
	struct exchange *x;

	if (p->deliver->rc == RC_AGAIN) {
		settle_replay(e, p);
		return;
	}
	if (p->deliver->rc != RC_OK) {
		/* Not its own claim any more: another poll brings it. */
		parked_replace(e, p);
		return;
	}
	if (n == 0 && !leave) {
		parked_answer(e, p, ping ? FRAME_PING : FRAME_NOOP);
		return;
	}
	x = n != 0 ? parked_remove_batch(e, p) : parked_remove(e, p);
	if (x == NULL)
		return;
	if (n != 0)
		letters_answer(e, x, takes_octets, letters, n);
	if (leave)
		closing_write(x);       /* alone: see offer() */
	exchange_answer(x, ANSWER_PAYLOAD);
}

void
poll_settle(struct engine *e)
{
	struct parked *p;

	while ((p = e->touched) != NULL) {
		e->touched = p->next_touched;
		p->is_touched = false;
		if (p->ask != NULL && (p->ask->rc != RC_OK ||
		    p->ask->u.poll.outcome_r != POLL_PARKED) && p->end == 0) {
			if (p->ask->rc == RC_OK)
				settle_asked(e, p);
			else
				settle_refused(e, p);
		} else if (p->end != 0) {
			parked_answer(e, p, p->end == '8' || (p->end == '6' &&
			    !p->plain_close) ? FRAME_NOOP : FRAME_CLOSE);
		} else if (p->deliver != NULL) {
			settle_delivered(e, p);
		} else if (p->ask != NULL) {
			parked_sit(e, p);
		}
	}
}

void
poll_forget_turn(struct engine *e, int64_t until)
{
	struct exchange *x;
	struct parked *p;

	while ((p = e->touched) != NULL) {
		e->touched = p->next_touched;
		p->is_touched = false;
		if (p->is_new) {
			if ((x = parked_remove(e, p)) != NULL)
				exchange_fail(e, x, until);
			continue;
		}
		if (p->x == NULL) {
			hangup_add(e, p->session, p->ticket);
			parked_remove(e, p);
			continue;
		}
		p->ask = p->deliver = NULL;
		p->letters = NULL;
		p->n_letters = p->letters_room = 0;
		p->seen = p->excepted = 0;
		p->must_ask = false;
		p->end = 0;
		p->leave = false;
		due_at(e, clock_boot(e->clock) + 1000);
	}
}

/* ---- time --------------------------------------------------------------------- */

static void
parked_deliver(struct engine *e, struct parked *p, bool ping)
{
	p->deliver = turn_add(&e->turn, OP_DELIVER, NULL);
	p->deliver->u.deliver.session = p->session;
	p->deliver->u.deliver.ticket = p->ticket;
	p->deliver->u.deliver.upto = e->tail > p->cursor ? e->tail : p->cursor;
	p->deliver->u.deliver.ping = ping;
	parked_touch(e, p);
}

static void
parked_is_dead(struct engine *e, struct parked *p)
{
	struct store_op *op;

	if (!p->dead_asked) {
		p->dead_asked = true;   /* a pong may have come elsewhere */
		parked_ask(e, p, true);
		return;
	}
	op = turn_add(&e->turn, OP_CLOSE, NULL);
	op->u.close.session = p->session;
	op->u.close.reason = "ping timeout";
	op->u.close.answer = '1';
	op->u.close.keep = true;
	p->dead = 0;
}

void
poll_due(struct engine *e, int64_t now)
{
	struct parked *p, *next;

	e->next_parked = INT64_MAX;
	HASH_ITER(hh, e->parked, p, next) {
		if (p->ask != NULL || p->deliver != NULL)
			continue;
		if (p->dead != 0 && p->dead <= now)
			parked_is_dead(e, p);
		else if (p->ping_due != 0 && p->ping_due <= now)
			parked_deliver(e, p, true);
		else if (p->hold_until != 0 && p->hold_until <= now)
			parked_deliver(e, p, false);
		else {
			p->dead_asked = false;
			due_at(e, p->ping_due);
			due_at(e, p->dead);
			due_at(e, p->hold_until);
		}
	}
}

void
poll_pong(struct engine *e, uint64_t session)
{
	struct parked *p = parked_find(e, session);

	if (p == NULL || p->is_new)
		return;
	p->dead = 0;
	p->ping_due = clock_boot(e->clock) + e->conf.ping_interval_ms;
	due_at(e, p->ping_due);
}

void
poll_drain(struct engine *e)
{
	struct parked *p, *next;

	HASH_ITER(hh, e->parked, p, next)
		p->hold_until = 1;
	e->next_parked = 0;
}

void
poll_abandon(struct engine *e)
{
	struct parked *p, *next;

	HASH_ITER(hh, e->parked, p, next)
		parked_refuse(e, p, ANSWER_BUSY);
}

void
poll_cancel(struct engine *e, struct exchange *x)
{
	struct parked *p = x->parked;

	x->parked = NULL;
	p->x = NULL;
	if (p->is_touched)
		return;                 /* the turn's end cleans up */
	hangup_add(e, p->session, p->ticket);
	parked_remove(e, p);
}

void
poll_free(struct engine *e)
{
	struct parked *p, *next;

	while ((p = e->touched) != NULL) {
		e->touched = p->next_touched;
		if (parked_find(e, p->session) != p)
			free(p);
	}
	HASH_ITER(hh, e->parked, p, next)
		parked_remove(e, p);
}
