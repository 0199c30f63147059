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
	if (rates->open[hash % RATES_OPEN].hash == hash &&
	    rates->open[hash % RATES_OPEN].full_us > full)
		full = rates->open[hash % RATES_OPEN].full_us;
	if (full < now)
		full = now;
	if (full > now + rule->rate_us)         /* the clock was set back */
		full = now + rule->rate_us;
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
