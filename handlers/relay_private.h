/*
 * relay_private.h - one rule
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_RELAY_PRIVATE_H
#define HANDLERS_RELAY_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"
#include "base/slice.h"

struct arena;
struct clock;
struct conf;
struct conf_section;
struct effects;
struct store;

struct relay_rule {
	const char *nsp;                /* this and the lists: borrowed from struct conf */
	const char *subscribe, *publish, *events;       /* NULL: not said */
	int64_t rate, rate_us;          /* so many in so long; 0: no limit */
	int64_t keep_count, keep_ms;
	bool echo, only_users;
	unsigned line;
	struct relay_rule *next;
};

/* RC_BAD_INPUT: error_r is "FILE:LINE: reason". */
enum rc relay_rule_read(const struct conf *conf, const struct conf_section *section,
    struct relay_rule *rule_r, char **error_r);

/* ---- how fast -------------------------------------------------------------- */

enum { RATES_OPEN = 256 };

/* What this process has granted and may not have committed yet, by hash. */
struct relay_rates {
	struct {
		uint64_t hash;
		int64_t full_us;
	} open[RATES_OPEN];
};

/* RC_OK: granted, and an effect remembers it.  RC_AGAIN: not before *retry_ms_r.
 * key names the bucket. */
enum rc relay_rate_take(struct relay_rates *rates, const struct relay_rule *rule,
    struct store *store, struct arena *arena, const struct clock *clock,
    struct slice key, struct effects *effects, int64_t *retry_ms_r);

#endif
