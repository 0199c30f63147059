/*
 * fake_engine.c - see fake_engine.h
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/fake_engine.h"

enum { OPEN = 1, POLL, POST };

void
fake_engine_init(struct engine *e, const char *sid)
{
	*e = (struct engine){ .answer = ANSWER_PAYLOAD, .payload = SLICE("6"),
	    .generation = GENERATION_EIO4 };
	strncpy(e->sid, sid, sizeof(e->sid) - 1);
}

void
fake_engine_fini(struct engine *e)
{
	buf_free(&e->body);
	buf_free(&e->info);
	buf_free(&e->upgrades);
	buf_free(&e->without);
	buf_free(&e->t);
}

static void
collect(struct engine *e, struct exchange *x, int kind)
{
	struct exchange **at = &e->first;

	while (*at != NULL)
		at = &(*at)->next;
	*at = x;
	x->next = NULL;
	x->kind = kind;
	x->answer = ANSWER_NONE;
	e->wants_text = x->wants_text;
	buf_reset(&e->t);
	buf_add(&e->t, x->t);
}

void
engine_open(struct engine *e, struct exchange *x)
{
	e->opens++;
	buf_reset(&e->info);
	buf_add(&e->info, x->info);
	buf_reset(&e->upgrades);
	buf_add(&e->upgrades, x->upgrades);
	buf_reset(&e->without);
	buf_add(&e->without, x->without);
	collect(e, x, OPEN);
}

void
engine_poll(struct engine *e, struct exchange *x)
{
	e->polls++;
	e->hold_ms = x->hold_ms;
	collect(e, x, POLL);
}

void
engine_post(struct engine *e, struct exchange *x)
{
	e->posts++;
	e->leaves += x->leaves;
	e->echoes += x->is_stream;
	buf_reset(&e->body);
	buf_add(&e->body, x->body);
	e->is_octets = x->is_octets;
	collect(e, x, POST);
}

void
engine_cancel(struct engine *e, struct exchange *x)
{
	struct exchange **at = &e->first;

	e->cancels++;
	while (*at != NULL && *at != x)
		at = &(*at)->next;
	if (*at != NULL)
		*at = x->next;
}

void
engine_lost(struct engine *e, const struct receipt *receipt)
{
	e->lost += receipt->session != 0;
}

static void
decide(struct engine *e, struct exchange *x)
{
	if (x->kind == OPEN && e->refusal != ANSWER_NONE)
		x->answer = e->refusal;
	else if (x->kind == OPEN)
		memcpy(x->sid_r, e->sid, sizeof(x->sid_r));
	else if (!slice_is(x->sid, e->sid))
		x->answer = ANSWER_UNKNOWN_SID;
	else if (x->codec->generation != e->generation ||
	    x->transport != TRANSPORT_POLLING)
		x->answer = ANSWER_BAD_REQUEST;
	else if (x->kind == POST && x->is_octets && x->codec->octets == NULL)
		x->answer = ANSWER_OVERLAP;
	else if (e->answer != ANSWER_PAYLOAD)
		x->answer = e->answer;
	else if (x->kind == POST)
		x->answer = ANSWER_OK;
	if (x->answer == ANSWER_NONE && !(x->kind == POLL && e->holds)) {
		x->answer = ANSWER_PAYLOAD;
		x->is_octets_r = e->gives_octets;
		x->is_replaced_r = e->replaces;
		x->is_alive_r = e->is_alive;
		buf_add(&x->body_r, e->payload);
	}
}

void
engine_turn(struct engine *e, bool woken)
{
	struct exchange *x, *now = e->first, **at = &now;

	(void)woken;
	e->first = NULL;                /* what is asked from done() waits */
	while ((x = *at) != NULL) {
		decide(e, x);
		if (x->answer == ANSWER_NONE) {
			at = &x->next;
			continue;
		}
		*at = x->next;
		x->done(x);             /* x is gone */
	}
	*at = e->first;
	e->first = now;
}

bool
engine_is_draining(const struct engine *e)
{
	return e->drains;
}

size_t
engine_parked(const struct engine *e)
{
	return e->first != NULL;
}

uint64_t
engine_encoded(const struct engine *e)
{
	(void)e;
	return 4;
}

const char *
engine_reason(const struct engine *e)
{
	(void)e;
	return "lock";
}

void
engine_tally(struct engine *e, enum tally what)
{
	if (e != NULL)
		e->tallies[what]++;
}

void
engine_tallies(struct engine *e, int64_t counts_r[TALLY__COUNT])
{
	size_t i;

	for (i = 0; i < TALLY__COUNT; i++)
		counts_r[i] = e->tallies[i];
}
