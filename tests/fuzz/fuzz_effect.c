/*
 * fuzz_effect.c - an answer from anywhere is effects, or an error with a sentence
 *
 * What must hold: a refused list leaves no effect; what was taken lies within the
 * limits, and what must be JSON is.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "handlers/effect_json.h"
#include "session/app.h"
#include "tests/fuzz/fuzz.h"

const struct slice fuzz_seeds[] = {
	SLICE("[{\"ack\":[1,\"a\"]},{\"emit\":\"e\",\"args\":[{}],\"to\":\"room:a -me\"}]"),
	SLICE("[{\"emit\":\"e\",\"volatile\":true,\"attachments\":[\"AAEC\"],"
	    "\"keep\":{\"ms\":5,\"count\":2},\"ask\":{\"name\":\"h\",\"timeout\":5}}]"),
	SLICE("[{\"join\":\"r\"},{\"leave\":\"r\",\"who\":\"*\"},{\"close_room\":\"r\"}]"),
	SLICE("[{\"disconnect\":\"me\",\"hard\":true},{\"user\":null},{\"log\":\"x\"}]"),
	SLICE("[{\"data\":{\"a\":1}},{\"session\":[]},{\"once\":\"k\",\"ttl\":5}]"),
	SLICE("[{\"after\":5,\"name\":\"t\",\"context\":{},\"of\":\"nsp\"},{\"cancel\":\"t\"}]"),
	SLICE("[{\"value\":\"k\",\"put\":{\"a\":1}},{\"value\":\"k\",\"set\":null,\"ttl\":1}]"),
	SLICE("[{\"refuse\":\"no\",\"data\":[1]}]"), SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("{"), SLICE("}"), SLICE("["), SLICE("]"), SLICE(","), SLICE(":"), SLICE("\""),
	SLICE("\"emit\""), SLICE("\"to\""), SLICE("\"ack\""), SLICE("null"), SLICE("-1"),
	SLICE("1e99"), SLICE("\\u0000"), SLICE("\"value\""), SLICE("\"add\""), SLICE_NONE
};

static void
effect_is_sound(const struct effect_rules *rules, const struct effect *f)
{
	FUZZ_MUST((int64_t)f->data.n <= rules->max_event);
	FUZZ_MUST(f->data.p == NULL || json_check(f->data, rules->max_depth) == RC_OK);
	FUZZ_MUST(f->context.p == NULL || json_check(f->context, rules->max_depth) == RC_OK);
	FUZZ_MUST((int64_t)f->question.n <= rules->max_name);
	if (f->kind == EFFECT_EMIT || f->kind == EFFECT_JOIN)
		FUZZ_MUST(f->name.n > 0 && (int64_t)f->name.n <= rules->max_name);
	if (f->kind == EFFECT_EMIT || f->kind == EFFECT_ACK)
		FUZZ_MUST(json_kind(f->data) == JSON_ARRAY);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct effect_rules rules = { .nsp = SLICE("/"), .max_event = 1000,
		.max_name = 50, .max_depth = 8 };
	struct arena arena = ARENA_INIT;
	struct effects effects;
	const struct effect *f;
	char *error;
	int i;

	for (i = 0; i < 4; i++) {
		effects = (struct effects){ NULL, NULL, 0 };
		rules.own_id = (i & 1) != 0 ? SLICE("own") : SLICE_NONE;
		rules.is_connect = rules.is_outside = (i & 2) != 0;
		if (effects_read(&rules, input, &arena, &effects, &error) != RC_OK)
			FUZZ_MUST(error != NULL && effects.first == NULL);
		for (f = effects.first; f != NULL; f = f->next)
			effect_is_sound(&rules, f);
		free(error);
	}
	arena_free(&arena);
	return 0;
}
