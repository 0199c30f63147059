/*
 * handlers_effect_test.c - effects as JSON: what is taken, and why the rest is not
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "handlers/effect_json.h"
#include "session/app.h"
#include "tests/t.h"

static struct arena arena;
static struct effects effects;
static struct effect_rules rules = { .max_event = 200, .max_name = 20, .max_depth = 10 };

/* "" when they were taken, else why not. */
static const char *
take(const char *json)
{
	static char text[400];
	char *error;

	rules.nsp = SLICE("/chat");
	effects = (struct effects){ NULL, NULL, 0 };
	text[0] = '\0';
	if (effects_read(&rules, slice_str(json), &arena, &effects, &error) != RC_OK) {
		snprintf(text, sizeof(text), "%s", error == NULL ? "?" : error);
		T_OK(effects.first == NULL);
	}
	free(error);
	return text;
}

static void
each_effect_has_its_place(void)
{
	static const struct { const char *json; enum effect_kind kind; } taken[] = {
		{ "[{\"ack\":[1]}]", EFFECT_ACK },
		{ "[{\"emit\":\"e\",\"args\":[1],\"to\":\"room:a -me\"}]", EFFECT_EMIT },
		{ "[{\"join\":\"r\"}]", EFFECT_JOIN },
		{ "[{\"leave\":\"r\",\"who\":\"*\"}]", EFFECT_LEAVE },
		{ "[{\"close_room\":\"r\"}]", EFFECT_CLOSE_ROOM },
		{ "[{\"disconnect\":\"me\",\"hard\":true}]", EFFECT_DISCONNECT },
		{ "[{\"data\":{\"a\":1}}]", EFFECT_DATA },
		{ "[{\"session\":null}]", EFFECT_SESSION },
		{ "[{\"user\":\"anna\"}]", EFFECT_USER },
		{ "[{\"user\":null}]", EFFECT_USER },
		{ "[{\"after\":5,\"name\":\"t\",\"context\":{}}]", EFFECT_TIMER },
		{ "[{\"every\":100,\"name\":\"t\",\"of\":\"nsp\"}]", EFFECT_TIMER },
		{ "[{\"cancel\":\"t\"}]", EFFECT_TIMER },
		{ "[{\"value\":\"k\",\"append\":1}]", EFFECT_VALUE },
		{ "[{\"once\":\"k\",\"ttl\":5}]", EFFECT_ONCE },
		{ "[{\"log\":\"line\"}]", EFFECT_LOG },
	};
	size_t i;

	rules.own_id = SLICE("me0");
	for (i = 0; i < N_ELEMENTS(taken); i++) {
		T_STR(take(taken[i].json), "");
		if (effects.n != 1 || effects.first->kind != taken[i].kind)
			T_FAIL("%s", taken[i].json);
	}
}

static void
options_arrive(void)
{
	const struct effect *f;

	rules.own_id = SLICE("me0");
	T_STR(take("[{\"emit\":\"e\",\"volatile\":true,\"attachments\":[\"AAEC\"],"
	    "\"keep\":{\"ms\":5,\"count\":2}}]"), "");
	f = effects.first;
	T_OK(f->is_volatile);
	T_SLICE(f->data, "[]");
	T_EQ(f->keep_ms, 5);
	T_EQ(f->keep_count, 2);
	T_EQ(f->attachments.n, 7);
	T_OK(slice_ends(f->who.rooms, SLICE("me0")));
	T_STR(take("[{\"emit\":\"e\",\"to\":\"*\",\"ask\":{\"name\":\"h\",\"context\":"
	    "{\"a\":1},\"timeout\":50}}]"), "");
	T_SLICE(effects.first->question, "h");
	T_SLICE(effects.first->context, "{\"a\":1}");
	T_EQ(effects.first->timeout_ms, 50);
	T_EQ(effects.first->who.rooms.n, 0);
	T_STR(take("[{\"join\":\"r\",\"who\":\"user:anna\"},{\"leave\":\"r\"}]"), "");
	T_OK(!effects.first->self);
	T_OK(effects.last->self);
	T_STR(take("[{\"value\":\"k\",\"set\":null}]"), "");
	T_OK(effects.first->data.p == NULL);
	T_STR(take("[{\"emit\":\"e\",\"to\":\"\"}]"), "");
	T_EQ(effects.n, 0);             /* nobody is never everybody */
}

static void
what_breaks_a_rule_is_named(void)
{
	static const struct { const char *json, *why; } wrong[] = {
		{ "{}", "effect 0: effects are an array" },
		{ "[", "effect 0: no JSON, or nested too deep (max_depth)" },
		{ "[{\"log\":\"a\"},1]", "effect 1: an effect is an object" },
		{ "[{\"nonsense\":1}]", "effect 0: no effect is known in {\"nonsense\":1}" },
		{ "[{\"emit\":\"e\",\"voltile\":true}]", "effect 0: emit has no member \"voltile\"" },
		{ "[{\"emit\":1}]", "effect 0: the event's name must be text" },
		{ "[{\"emit\":\"connect\"}]",
		    "effect 0: 'connect' is a name that clients keep for themselves" },
		{ "[{\"emit\":\"e\",\"args\":{}}]", "effect 0: the arguments must be an array" },
		{ "[{\"join\":\"a name that is too long\"}]",
		    "effect 0: the room's name must have 1 to 20 bytes (max_name)" },
		{ "[{\"emit\":\"e\",\"attachments\":[\"?\"]}]",
		    "effect 0: attachment 0 is no base64 text" },
		{ "[{\"value\":\"k\"}]",
		    "effect 0: a value needs one of set, append, remove, put, drop and add" },
		{ "[{\"value\":\"k\",\"add\":\"1\"}]",
		    "effect 0: put needs an object, drop a list, add a number" },
		{ "[{\"refuse\":\"no\"}]", "effect 0: only a connect can be refused" },
		{ "[{\"after\":-1,\"name\":\"t\"}]", "effect 0: after must be a number of ms" },
		{ "[{\"every\":1,\"name\":\"t\"}]",
		    "effect 0: every must be a number of ms, 100 or more" },
		{ "[{\"emit\":\"e\",\"volatile\":1}]", "effect 0: volatile must be true or false" },
	};
	size_t i;

	rules.own_id = SLICE("me0");
	for (i = 0; i < N_ELEMENTS(wrong); i++)
		T_STR(take(wrong[i].json), wrong[i].why);
	T_OK(strstr(take("[{\"emit\":\"e\",\"to\":\"rom:a\"}]"), "to: ") != NULL);
}

static void
what_is_too_large_is_refused(void)
{
	struct buf json = BUF_INIT;
	int i;

	buf_str(&json, "[{\"emit\":\"e\",\"args\":[\"");
	for (i = 0; i < 300; i++)
		buf_char(&json, 'x');
	buf_str(&json, "\"]}]");
	buf_char(&json, '\0');
	T_STR(take(json.p), "effect 0: the event has 304 bytes, max_event is 200");
	buf_reset(&json);
	for (i = 0; i < 1001; i++)
		buf_str(&json, i == 0 ? "[{\"log\":\"\"}" : ",{\"log\":\"\"}");
	buf_str(&json, "]");
	buf_char(&json, '\0');
	T_STR(take(json.p), "effect 1000: more than 1000 effects");
	buf_free(&json);
}

static void
from_outside_there_is_no_own_socket(void)
{
	rules.own_id = SLICE_NONE;
	rules.is_outside = true;
	T_STR(take("[{\"ack\":[]}]"), "effect 0: ack is for answers to a client only");
	T_STR(take("[{\"join\":\"r\"}]"), "effect 0: there is no own socket here: say who");
	T_STR(take("[{\"emit\":\"e\"}]"), "");
	T_EQ(effects.first->who.rooms.n, 0);
	rules.is_outside = false;
}

int
main(void)
{
	T_RUN(each_effect_has_its_place);
	T_RUN(options_arrive);
	T_RUN(what_breaks_a_rule_is_named);
	T_RUN(what_is_too_large_is_refused);
	T_RUN(from_outside_there_is_no_own_socket);
	arena_free(&arena);
	return t_end();
}
