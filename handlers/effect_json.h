/*
 * effect_json.h - effects as an application outside writes them (doc/backend.md)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_EFFECT_JSON_H
#define HANDLERS_EFFECT_JSON_H

#include "base/rc.h"
#include "base/slice.h"

struct arena;
struct effects;

/* Who may say what. */
struct effect_rules {
	struct slice nsp;               /* of the values */
	struct slice own_id;            /* absent: there is no own socket */
	bool is_connect;                /* may refuse */
	bool is_outside;                /* HTTP API: nothing about an own socket */
	int64_t max_event, max_name;
	unsigned max_depth;
};

/*
 * Adds the effects of a JSON array.  It need not be checked.  RC_BAD_INPUT: one of
 * them breaks a rule; none counts then, and *error_r is one sentence that says which
 * and why (yours, to free).
 */
enum rc effects_read(const struct effect_rules *rules, struct slice json,
    struct arena *arena, struct effects *effects, char **error_r);

/* The key in the store of a value of a namespace, the same for all who keep some. */
struct slice effect_value_key(struct arena *arena, struct slice nsp, struct slice name);

#endif
