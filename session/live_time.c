/*
 * live_time.c - pings, pongs, probes: what a connection waits for
 *
 * All of a kind wait equally long, so each kind is a queue, and only its head is
 * looked at.  Nothing of this is written to the store but, now and then, what a
 * pong has proved: a session that dies with its process is recovered from there.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/clock.h"
#include "session/live_private.h"

enum {
	NOOP_MS = 100,          /* between two answers to polls, as the reference has it */
	PROVE_MS = 60000        /* not more often is written what was proved */
};

void
live_wait(struct live *live, enum live_wait wait, int64_t due)
{
	struct engine *e = live->engine;
	struct live *before;

	if (live->wait != WAIT_NOTHING)
		TAILQ_REMOVE(&e->waits[live->wait], live, wait_link);
	live->wait = (uint8_t)wait;
	live->due = due;
	if (wait == WAIT_NOTHING)
		return;
	/* Mostly the last; a session that was taken over may be due before. */
	TAILQ_FOREACH_REVERSE(before, &e->waits[wait], live_list, wait_link)
		if (before->due <= due)
			break;
	if (before == NULL)
		TAILQ_INSERT_HEAD(&e->waits[wait], live, wait_link);
	else
		TAILQ_INSERT_AFTER(&e->waits[wait], before, live, wait_link);
}

void
live_wait_ping(struct live *live, int64_t from)
{
	int64_t interval = live->engine->conf.ping_interval_ms;
	int beat = live->codec->traits.stream_beat_ms;

	if (beat != 0 && beat < interval)
		live_wait(live, WAIT_BEAT, from + beat);
	else
		live_wait(live, WAIT_PING, from + interval);
}

void
live_wait_connect(struct live *live, int64_t due)
{
	live->is_unconnected = true;
	live->connect_due = due;
	TAILQ_INSERT_TAIL(&live->engine->unconnected, live, unconnected_link);
}

void
live_is_connected(struct live *live)
{
	if (live->is_unconnected)
		TAILQ_REMOVE(&live->engine->unconnected, live, unconnected_link);
	live->is_unconnected = false;
}

void
live_heard(struct live *live)
{
	const struct engine_conf *conf = &live->engine->conf;
	int64_t now = clock_boot(live->engine->clock);

	if (live->wait == WAIT_HEARD) {
		live_wait(live, WAIT_HEARD,
		    now + conf->ping_interval_ms + conf->ping_timeout_ms);
	} else if (live->wait == WAIT_PONG) {
		if (live->pinged > live->proved)
			live->proved = live->pinged;
		live_wait_ping(live, now);
	}
}

/* ---- what is due --------------------------------------------------------------- */

static void
ping(struct live *live, int64_t now)
{
	struct engine *e = live->engine;

	live->pinged = live->is_behind ? 0 :
	    e->tail > live->cursor ? e->tail : live->cursor;
	live_wait(live, WAIT_PONG, now + e->conf.ping_timeout_ms);
	if (!live_send_frame(live, FRAME_PING, SLICE_NONE))
		live_depart(live, "transport close");
}

static void
silent(struct live *live, int64_t now)
{
	(void)now;
	live_close(live, "ping timeout");
}

/* The probe takes too long: polling goes on. */
static void
probe_over(struct live *live, int64_t now)
{
	(void)now;
	live_close(live, "");
}

static void
noop(struct live *live, int64_t now)
{
	struct store_op *op;

	if (live->limit <= now) {
		probe_over(live, now);
		return;
	}
	live_wait(live, WAIT_NOOP, now + NOOP_MS);
	if (live->state != LIVE_PROBING)
		return;
	op = turn_add(&live->engine->turn, OP_PROBE, NULL);
	op->u.probe.session = live->session;
	op->u.probe.ticket = live->ticket;
	op->u.probe.step = PROBE_NOOP;
}

static void (*const due_fns[])(struct live *live, int64_t now) = {
	[WAIT_PING] = ping,
	[WAIT_BEAT] = ping,
	[WAIT_PONG] = silent,
	[WAIT_HEARD] = silent,
	[WAIT_PROBE] = probe_over,
	[WAIT_NOOP] = noop,
};

void
live_due(struct engine *e, int64_t now)
{
	size_t most = e->conf.fan_out == 0 ? SIZE_MAX : e->conf.fan_out, n = 0;
	struct live *live;
	int wait;

	/* Who came together is due together: what is left is due in the next turn. */
	for (wait = WAIT_NOTHING + 1; wait < WAIT__COUNT; wait++)
		while ((live = TAILQ_FIRST(&e->waits[wait])) != NULL &&
		    live->due <= now && n++ < most)
			due_fns[wait](live, now);
	while ((live = TAILQ_FIRST(&e->unconnected)) != NULL &&
	    live->connect_due <= now)
		live_close(live, "transport close");
}

int64_t
live_deadline(const struct engine *e)
{
	const struct live *live;
	int64_t at = INT64_MAX;
	int wait;

	for (wait = WAIT_NOTHING + 1; wait < WAIT__COUNT; wait++)
		if ((live = TAILQ_FIRST(&e->waits[wait])) != NULL && live->due < at)
			at = live->due;
	if ((live = TAILQ_FIRST(&e->unconnected)) != NULL && live->connect_due < at)
		at = live->connect_due;
	return at;
}

/* ---- what is worth writing --------------------------------------------------------- */

/* Those whose pong came last stand at the end of the queue. */
void
live_keep_proved(struct engine *e, int64_t now)
{
	struct store_op *op;
	struct live *live;

	TAILQ_FOREACH_REVERSE(live, &e->waits[WAIT_PING], live_list, wait_link) {
		if (live->due < e->proved_to)
			break;
		if (live->proved <= live->proved_kept || live->is_behind ||
		    now - live->kept_at < PROVE_MS)
			continue;
		live->proved_kept = live->proved;
		live->kept_at = now;
		op = turn_add(&e->turn, OP_PROVE, NULL);
		op->u.prove.session = live->session;
		op->u.prove.ticket = live->ticket;
		op->u.prove.proved = live->proved;
	}
	e->proved_to = now + e->conf.ping_interval_ms;
}
