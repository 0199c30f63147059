/*
 * engine.c - one turn of a process: collect, decide, commit, answer
 *
 * All that came in one turn of the door's loop is decided together and committed
 * in one transaction; only then is anybody answered.  An answer therefore means
 * "committed", whatever is killed a microsecond later.
 *
 * Must stay true:
 *   - nothing is answered before its turn is committed, except that it failed
 *   - a turn that found no lock is kept as it is and tried again; what arrives
 *     meanwhile waits for the next one; no request waits longer than give_up_ms
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "session/live_private.h"

enum { TICK_MS = 1000 };                /* a lost wake-up costs so much */

/* Whom the end of a socket concerns: the application, or who is told who is there. */
static bool
bye_concerns(void *arg, struct slice nsp, struct slice user)
{
	const struct engine *e = arg;

	return e->app.hears_bye == NULL || (user.n > 0 && e->app.room != NULL) ||
	    e->app.hears_bye(e->app.arg, nsp);
}

struct engine *
engine_new(const struct engine_conf *conf, struct store *store,
    const struct app *app, const struct clock *clock)
{
	struct engine *e = mem_alloc(sizeof(*e));
	int wait;

	for (wait = 0; wait < WAIT__COUNT; wait++)
		TAILQ_INIT(&e->waits[wait]);
	TAILQ_INIT(&e->unconnected);
	TAILQ_INIT(&e->behind);
	e->conf = *conf;
	e->store = store;
	e->app = *app;
	e->clock = clock;
	e->next_ticket = random_u64() >> 1 | 1;
	queue_init(&e->said);
	queue_init(&e->asked);
	queue_init(&e->again);
	queue_init(&e->held);
	e->steps_end = &e->steps;
	e->next_parked = e->next_task = e->next_held = e->next_outside = INT64_MAX;
	e->next_janitor = clock_boot(clock) + TICK_MS / 2;
	e->reason = "";
	store_byes(store, bye_concerns, e);
	return e;
}

void
engine_free(struct engine **engine)
{
	struct engine *e = *engine;
	struct hangup *h;

	if (e == NULL)
		return;
	store_byes(e->store, NULL, NULL);
	letters_forget(e);
	task_free(e);
	poll_free(e);
	live_free(e);
	while ((h = e->hangups) != NULL) {
		e->hangups = h->next;
		free(h);
	}
	arena_free(&e->arena);
	free(e);
	*engine = NULL;
}

/* ---- claims that nobody waits behind ------------------------------------------ */

void
hangup_add(struct engine *e, uint64_t session, uint64_t ticket)
{
	struct hangup *h = mem_alloc(sizeof(*h));

	h->session = session;
	h->ticket = ticket;
	h->next = e->hangups;
	e->hangups = h;
}

void
engine_lost(struct engine *e, const struct receipt *receipt)
{
	if (receipt->session == 0)
		return;
	hangup_add(e, receipt->session, receipt->ticket);
	e->hangups->was_answered = true;
}

static void
collect_hangups(struct engine *e)
{
	struct hangup *h;
	struct store_op *op;

	while ((h = e->hangups) != NULL) {
		e->hangups = h->next;
		op = turn_add(&e->turn, h->was_answered ? OP_LOST : OP_RELEASE, NULL);
		op->u.release.session = h->session;
		op->u.release.ticket = h->ticket;
		free(h);
	}
}

/* ---- the turn ------------------------------------------------------------------ */

static bool
has_listeners(const struct engine *e)
{
	return e->parked != NULL || e->lives != NULL;
}

static void
settle_hook(void *arg, struct store *store, struct turn *turn)
{
	struct engine *e = arg;
	bool more = false;

	(void)store;
	(void)turn;
	task_lease_added(e);
	if (!has_listeners(e))
		return;
	if (!poll_take_cursors(e))
		return;         /* nobody will sit, and there is no place to read from */
	if (tail_scan(e, &more) != RC_OK)
		e->resync = true;
	e->has_more |= more;
}

static void
turn_begin(struct engine *e)
{
	letters_forget(e);
	arena_reset(&e->arena);
	turn_init(&e->turn, &e->arena);
	e->oldest = clock_boot(e->clock);
	e->turn.settle = settle_hook;
	e->turn.arg = e;
	e->steps = NULL;
	e->steps_end = &e->steps;
	e->asked_all = false;
	e->said_last = NULL;
	e->tail_before = e->tail;
	e->has_sockets_known = false;
}

static void
collect_janitor(struct engine *e, int64_t now)
{
	struct store_op *op;

	if (now < e->next_janitor)
		return;
	op = turn_add(&e->turn, OP_JANITOR, NULL);
	op->u.janitor.limit = 200;
	e->next_janitor = now + TICK_MS;
}

static void
settle_janitor(struct engine *e, const struct store_op *op)
{
	int64_t now = clock_boot(e->clock), due;

	if (op->rc == RC_AGAIN)
		e->next_janitor = now;
	if (op->rc == RC_OK || op->rc == RC_AGAIN)
		e->look_for_tasks = true;
	if (op->rc == RC_OK && op->u.janitor.next_due_r != 0) {
		due = op->u.janitor.next_due_r - clock_wall(e->clock);
		if (due < TICK_MS)
			e->next_janitor = now + (due > 1 ? due : 1);
	}
}

/* A refusal that only the store could know of. */
static void
settle_refused(struct engine *e, const struct store_op *op)
{
	if (op->kind == OP_JOIN) {
		/* Without the room, which a client may have named: a thousand of
		 * them are one line and a count. */
		log_warn("session", "join refused sockets=%zu max_rooms=%" PRId64,
		    op->u.member.refused_r, e->conf.max_rooms);
		log_debug("session", "join refused room=\"%.*s\"",
		    SLICE_ARGS(op->u.member.room));
		store_tally(e->store, TALLY_ROOMS);
	} else if (op->kind == OP_APPEND) {
		store_tally(e->store, TALLY_LOG_FULL);
	}
}

static void
turn_settle(struct engine *e)
{
	struct step *step;
	struct store_op *op;

	for (op = e->turn.first; op != NULL; op = op->next) {
		if (op->rc == RC_TOO_BIG)
			settle_refused(e, op);
		if (op->kind == OP_JANITOR)
			settle_janitor(e, op);
	}
	e->look_for_tasks |= e->turn.has_tasks_r;
	task_settle(e);
	outside_settle(e);
	poll_settle(e);
	live_settle(e);
	while ((step = e->steps) != NULL) {
		e->steps = step->next;
		if (step->x == NULL)
			continue;
		if (step->x->kind == EXCHANGE_OPEN)
			open_settle(e, step);
		else if (step->x->kind == EXCHANGE_POST)
			post_settle(e, step);
		else
			live_step(e, step);
	}
	e->steps_end = &e->steps;
	if (!has_listeners(e))
		e->tail = 0;
}

/* Nothing of the turn happened: what came in by `until` is refused, who sits
 * stays. */
static void
turn_fail(struct engine *e, const char *reason, int64_t until)
{
	struct step *step;

	e->reason = reason;
	e->is_pending = false;
	e->resync = true;
	poll_forget_turn(e, until);
	live_forget_turn(e);
	task_forget(e);
	outside_fail(e);
	while ((step = e->steps) != NULL) {
		e->steps = step->next;
		if (step->x != NULL)
			exchange_fail(e, step->x, until);
	}
	e->steps_end = &e->steps;
}

/* No lock for too long.  Who came later than the oldest is decided anew, before
 * those that came while the turn waited. */
static void
turn_give_up(struct engine *e, int64_t now)
{
	if (!e->has_given_up)           /* once, until there is one again */
		log_error("session", "no lock for %" PRId64 " ms: %s",
		    now - e->oldest, store_error(e->store));
	e->has_given_up = true;
	turn_fail(e, "lock", now - e->conf.give_up_ms);
}

/* The store is not there any more, nor is any session: nobody is kept waiting. */
static void
turn_abandon(struct engine *e)
{
	struct exchange *x;

	turn_fail(e, "removed", INT64_MAX);
	poll_abandon(e);
	live_abandon(e);
	while ((x = queue_take(&e->said)) != NULL ||
	    (x = queue_take(&e->asked)) != NULL ||
	    (x = queue_take(&e->again)) != NULL ||
	    (x = queue_take(&e->held)) != NULL)
		exchange_answer(x, ANSWER_BUSY);
}

static void
turn_commit(struct engine *e)
{
	int64_t now = clock_boot(e->clock);

	e->is_pending = true;
	switch (store_commit(e->store, &e->turn)) {
	case RC_OK:
		e->is_pending = e->has_given_up = false;
		turn_settle(e);
		break;
	case RC_AGAIN:
		if (now - e->oldest >= e->conf.give_up_ms)
			turn_give_up(e, now);
		break;
	case RC_BAD_STATE:
		turn_fail(e, "newer", INT64_MAX);
		break;
	case RC_GONE:
		turn_abandon(e);
		break;
	default:
		log_error("session", "commit failed: %s", store_error(e->store));
		turn_fail(e, "store", INT64_MAX);
		break;
	}
}

/* News from elsewhere for the parked.  A small lot asks by channel; a large one
 * reads the tail once for all, in the settle hook or, when nothing else is to
 * be written, before the turn. */
static void
collect_news(struct engine *e)
{
	bool more = false;

	e->has_more = false;
	if (!has_listeners(e))
		return;
	if (e->parked != NULL &&
	    (e->resync || HASH_COUNT(e->parked) <= SMALL_LOT)) {
		e->asked_all = true;
		poll_ask_again(e);
	}
	e->resync = false;
	if (e->turn.n != 0)
		return;
	if (e->parked == NULL && HASH_COUNT(e->lives) == e->n_behind)
		return;         /* nobody follows yet */
	if (tail_scan(e, &more) != RC_OK)
		e->resync = true;
	e->has_more |= more;
	e->turn.settle = NULL;  /* the scan is done, its results are in the turn */
}

void
engine_turn(struct engine *e, bool woken)
{
	int64_t now = clock_boot(e->clock);

	if (e->is_pending) {
		turn_commit(e);
		if (e->is_pending)
			return;
	}
	turn_begin(e);
	if (e->drain)
		live_drain(e);
	outside_look(e, woken);
	if (woken && has_listeners(e))
		store_moved(e->store);
	if (now >= e->next_tick) {
		e->next_tick = now + TICK_MS;
		if (has_listeners(e) && store_moved(e->store))
			woken = true;
		e->look_for_tasks = true;
		live_retry(e);
		live_keep_proved(e, now);
	}
	collect_hangups(e);
	held_collect(e, now);
	task_collect(e);
	collect_janitor(e, now);
	exchanges_collect(e);
	outside_collect(e);
	if (now >= e->next_parked)
		poll_due(e, now);
	live_due(e, now);
	if (now >= e->follow_at)
		live_follow(e);
	if (woken || e->resync || e->has_more)
		collect_news(e);
	if (e->turn.n != 0)
		turn_commit(e);
	else if (e->steps != NULL || e->touched_lives != NULL || e->owed != NULL)
		turn_settle(e);         /* nothing of it needs to be written */
}

void
engine_rest(struct engine *e)
{
	if (engine_has_work(e))
		return;
	turn_begin(e);          /* nothing points into the arena any more */
	arena_free(&e->arena);
	store_rest(e->store);
}

bool
engine_has_work(const struct engine *e)
{
	return exchanges_wait(e) || e->is_pending || e->hangups != NULL ||
	    e->jobs != NULL || (e->outsides != NULL &&
	    e->outsides->state == OUTSIDE_NEW) || e->touched_lives != NULL ||
	    e->has_more ||
	    (e->n_behind > 0 && clock_boot(e->clock) >= e->follow_at);
}

bool
engine_is_asking(const struct engine *e)
{
	return e->out != NULL;
}

int64_t
engine_deadline(const struct engine *e)
{
	int64_t at = live_deadline(e);

	if (engine_has_work(e))
		return 0;
	if (e->look_for_tasks && !e->drain && clock_boot(e->clock) + 1 < at)
		at = clock_boot(e->clock) + 1;
	if (e->next_task < at)
		at = e->next_task;
	if (e->held.first != NULL && e->next_held < at)
		at = e->next_held;
	if (e->next_outside < at)
		at = e->next_outside;
	if (has_listeners(e) || e->live_posts != NULL) {
		if (e->next_tick < at)
			at = e->next_tick;
		if (e->next_parked < at)
			at = e->next_parked;
		if (e->next_janitor < at)
			at = e->next_janitor;
	}
	return at;
}

void
engine_drain(struct engine *e)
{
	e->drain = true;
	poll_drain(e);
}

bool
engine_is_draining(const struct engine *e)
{
	return e->drain;
}

void
engine_tally(struct engine *e, enum tally what)
{
	if (e != NULL)
		store_tally(e->store, what);
}

void
engine_tallies(struct engine *e, int64_t counts_r[TALLY__COUNT])
{
	store_tallies(e->store, counts_r);
}

size_t
engine_parked(const struct engine *e)
{
	return HASH_COUNT(e->parked);
}

uint64_t
engine_encoded(const struct engine *e)
{
	return e->n_encoded;
}

const char *
engine_reason(const struct engine *e)
{
	return e->reason;
}
