/*
 * relay_rate.c - how often a socket may publish
 *
 * The bucket of a socket is one number in the store: the instant at which it will
 * be full again.  A message moves it by one interval; it may be one period ahead
 * at most (the generic cell rate algorithm).  The value vanishes when the bucket
 * is full.
 *
 * Many messages of one POST are decided before any is committed, so what was
 * granted here is remembered in a small table, too.  The instant of a bucket only
 * grows: the greater of both is right, whichever process granted what, and an
 * entry that was overwritten or is old does no harm.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/random.h"
#include "handlers/relay_private.h"
#include "session/app.h"

static int64_t
stored(struct store *store, struct arena *arena, struct slice key)
{
	struct slice value;
	int64_t v;

	if (store_value(store, key, arena, &value) == RC_OK && json_int(value, &v))
		return v;
	return 0;
}

/* An instant further ahead than any bucket can be is from before the clock was
 * set back: it counts as full, or its socket would be silent for that long. */
static int64_t
believed(int64_t full, int64_t now, const struct relay_rule *rule)
{
	return full < now || full > now + rule->rate_us ? now : full;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

enum rc
relay_rate_take(struct relay_rates *rates, const struct relay_rule *rule,
    struct store *store, struct arena *arena, const struct clock *clock,
    struct slice key, struct effects *effects, int64_t *retry_ms_r)
{
	static const unsigned char hash_key[16];
	int64_t now = clock_wall(clock) * 1000, full = stored(store, arena, key);
	int64_t interval = rule->rate_us / rule->rate;
	uint64_t hash = siphash(hash_key, key);
	struct effect *e;

	*retry_ms_r = 0;
	full = believed(full, now, rule);
	if (rates->open[hash % RATES_OPEN].hash == hash)
		full = later(full,
		    believed(rates->open[hash % RATES_OPEN].full_us, now, rule));
	if (full - now > rule->rate_us - interval) {
		*retry_ms_r = (full - now - rule->rate_us + interval + 999) / 1000;
		return RC_AGAIN;
	}
	full += interval;
	rates->open[hash % RATES_OPEN].hash = hash;
	rates->open[hash % RATES_OPEN].full_us = full;
	e = effects_add(effects, arena, EFFECT_VALUE);
	e->name = key;
	e->data = arena_printf(arena, "%lld", (long long)full);
	e->ttl_ms = (full - now) / 1000 + 1000;
	return RC_OK;
}
