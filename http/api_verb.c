/*
 * api_verb.c - what can be said from outside
 *
 * Verbs that change something are effects, written as the body says them and read
 * by the same reader as a backend's answers; so there is one set of rules.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/conf.h"
#include "base/json.h"
#include "handlers/effect_json.h"
#include "handlers/history.h"
#include "handlers/pattern.h"
#include "handlers/selector.h"
#include "handlers/session_json.h"
#include "http/api_private.h"
#include "store/store.h"

enum { LIMIT = 1000, LIMIT_MAX = 10000, CALL_MS = 10000 };

/* ---- reading ------------------------------------------------------------------- */

struct slice
api_text(struct api_call *call, const char *name)
{
	return json_text(&call->arena, json_member(call->body, name));
}

int64_t
api_number(const struct api_call *call, const char *name, int64_t dflt)
{
	int64_t n;

	return json_int(json_member(call->body, name), &n) && n >= 0 ? n : dflt;
}

size_t
api_limit(const struct api_call *call)
{
	int64_t n = api_number(call, "limit", LIMIT);

	return (size_t)(n < 1 ? 1 : n > LIMIT_MAX ? LIMIT_MAX : n);
}

/* False: it was refused. */
static bool
selector_of(struct api_call *call, const char *name, struct selector *who_r)
{
	struct slice text = api_text(call, name);
	char *error = NULL;
	enum rc rc;

	*who_r = (struct selector){ .nsp = call->nsp };
	if (text.p == NULL)
		return true;
	rc = selector_parse(&call->arena, text, SLICE_NONE, who_r, &error);
	if (rc != RC_OK)
		api_refuse(call, 400, "selector", "%s: %s", name, error != NULL ? error :
		    "nobody is meant; '*' is everybody");
	free(error);
	if (rc != RC_OK)
		return false;   /* the call is gone */
	if (who_r->nsp.n == 0)
		who_r->nsp = call->nsp;
	if (!pattern_list_matches(call->token->nsp, who_r->nsp)) {
		api_refuse(call, 403, "rights", "token %s is not for namespace %.*s",
		    call->token->name, SLICE_ARGS(who_r->nsp));
		return false;
	}
	return true;
}

/* The body again, as an effect: one member renamed, some left out. */
struct slice
api_body(struct api_call *call, const char *from, const char *to, const char *without)
{
	struct slice rest = call->body, key, value, json;
	struct buf out = BUF_INIT, name = BUF_INIT;
	const char *between = "[{";

	json_open(&rest);
	while (json_next_member(&rest, &key, &value)) {
		buf_reset(&name);
		json_unquote(&name, key);
		buf_char(&name, '\0');
		if (strcmp(name.p, "nsp") == 0 || word_has(without, name.p))
			continue;
		buf_str(&out, between);
		if (strcmp(name.p, from) == 0)
			buf_printf(&out, "\"%s\"", to);
		else
			buf_add(&out, key);
		buf_char(&out, ':');
		buf_add(&out, value);
		between = ",";
	}
	buf_str(&out, between[0] == '[' ? "[{}]" : "}]");
	json = arena_dup(&call->arena, buf_slice(&out));
	buf_free(&out);
	buf_free(&name);
	return json;
}

/* ---- doing --------------------------------------------------------------------- */

static void
on_done(struct outside *outside)
{
	struct api_call *call = outside->door;
	struct buf body = BUF_INIT;

	call->is_out = false;
	switch (outside->rc) {
	case RC_OK:
	case RC_NONE:
		call->verb->answer(call, &body);
		api_send(call, &body);
		break;
	case RC_BAD_STATE:
		api_refuse(call, 403, "replay", "this request was made before");
		break;
	case RC_TOO_BIG:
		api_refuse(call, 413, "limit", "a limit is reached: max_event, max_rooms, "
		    "or store_max_size");
		break;
	case RC_BAD_INPUT:
		api_refuse(call, 400, "value", "the stored value is of another kind");
		break;
	case RC_GONE:
		api_refuse(call, 404, "gone", "who was meant has gone");
		break;
	default:
		api_refuse(call, 503, "store", "the store cannot be written now");
		break;
	}
}

/* The right that an effect needs. */
static const char *const rights[] = {
	[EFFECT_EMIT] = "emit",
	[EFFECT_JOIN] = "join",
	[EFFECT_LEAVE] = "leave",
	[EFFECT_CLOSE_ROOM] = "leave",
	[EFFECT_DISCONNECT] = "disconnect",
	[EFFECT_TIMER] = "emit",
	[EFFECT_VALUE] = "value",
	[EFFECT_ONCE] = "emit",
	[EFFECT_LOG] = "emit",
	[EFFECT_ACL] = "acl",
	/* without a socket of its own nobody can ask for these */
	[EFFECT_ACK] = "emit",
	[EFFECT_DATA] = "emit",
	[EFFECT_SESSION] = "emit",
	[EFFECT_USER] = "emit",
	[EFFECT_REFUSE] = "emit",
};
_Static_assert(N_ELEMENTS(rights) == EFFECT__COUNT, "an effect needs no right");

/* A verb has the effect that its right is for, whatever else the body names. */
static bool
effects_may(struct api_call *call, const struct effects *effects)
{
	bool is_batch = strcmp(call->verb->name, "batch") == 0;
	const struct effect *f;

	for (f = effects->first; f != NULL; f = f->next) {
		if (!is_batch && f->kind != call->verb->effect) {
			api_refuse(call, 400, "effect", "that is not what %s does: "
			    "other effects have their own verbs, or go into a batch",
			    call->verb->name);
			return false;
		}
		if (f->who.nsp.n > 0 &&
		    !pattern_list_matches(call->token->nsp, f->who.nsp)) {
			api_refuse(call, 403, "rights", "token %s is not for namespace "
			    "%.*s", call->token->name, SLICE_ARGS(f->who.nsp));
			return false;
		}
		if (is_batch && !api_token_may(call->token, rights[f->kind])) {
			api_refuse(call, 403, "rights", "token %s has no right '%s'",
			    call->token->name, rights[f->kind]);
			return false;
		}
	}
	return true;
}

/* The effects join those that are there (a signed request's key), and go. */
bool
api_effects(struct api_call *call, struct slice json)
{
	const struct conf *conf = call->api->conf;
	struct effect_rules rules = { .nsp = call->nsp, .is_outside = true,
		.max_event = conf->max_event, .max_name = conf->max_name,
		.max_depth = (unsigned)conf->max_depth };
	struct effects more = { NULL, NULL, 0 };
	char *error;

	if (effects_read(&rules, json, &call->arena, &more, &error) != RC_OK) {
		api_refuse(call, 400, "effect", "%s", error);
		free(error);
		return false;
	}
	if (!effects_may(call, &more))
		return false;
	effects_join(&call->effects, &more);
	return true;
}

void
api_go(struct api_call *call, bool wait)
{
	call->outside.nsp = call->nsp;
	call->outside.effects = &call->effects;
	call->outside.arena = &call->arena;
	call->outside.wait = wait;
	call->outside.done = on_done;
	call->outside.door = call;
	call->is_out = true;
	engine_outside(call->own->gateway->engine, &call->outside);
}

static bool
count_of(struct api_call *call, const char *name)
{
	struct selector who;

	if (!selector_of(call, name, &who))
		return false;
	store_count(call->api->store, &who, &call->sockets);
	return true;
}

static void
emit_serve(struct api_call *call)
{
	if (count_of(call, "to") &&
	    api_effects(call, api_body(call, "event", "emit", "")))
		api_go(call, false);
}

static void
emit_answer(struct api_call *call, struct buf *out)
{
	buf_printf(out, "{\"seq\":%" PRId64 ",\"sockets\":%" PRId64 "}",
	    call->outside.emitted_r, call->sockets);
}

static void
call_serve(struct api_call *call)
{
	int64_t ms = api_number(call, "timeout", CALL_MS);

	if (!count_of(call, "to") ||
	    !api_effects(call, api_body(call, "event", "emit", "timeout ask volatile")))
		return;
	if (call->effects.last != NULL)
		call->effects.last->timeout_ms = ms < 1 ? 1 : ms > 600000 ? 600000 : ms;
	api_go(call, true);
}

static void
attachments_write(struct buf *out, struct slice lists)
{
	const char *outer = "", *inner;
	struct slice list, each;

	buf_str(out, ",\"attachments\":[");
	for (; pack_next(&lists, &list); outer = ",") {
		buf_printf(out, "%s[", outer);
		for (inner = "\""; pack_next(&list, &each); inner = ",\"") {
			buf_str(out, inner);
			base64_encode(out, each);
			buf_char(out, '"');
		}
		buf_char(out, ']');
	}
	buf_char(out, ']');
}

static void
call_answer(struct api_call *call, struct buf *out)
{
	const struct outside *o = &call->outside;

	buf_printf(out, "{\"seq\":%" PRId64 ",\"sockets\":%" PRId64 ",\"answers\":",
	    o->emitted_r, call->sockets);
	buf_add(out, o->answers_r.n == 0 ? SLICE("[]") : o->answers_r);
	buf_printf(out, ",\"expected\":%" PRId64 ",\"timeout\":%s", o->expected_r,
	    o->is_late_r ? "true" : "false");
	if (o->attachments_r.n > 0)
		attachments_write(out, o->attachments_r);
	buf_char(out, '}');
}

static void
member_serve(struct api_call *call)
{
	if (json_member(call->body, "who").p == NULL)
		api_refuse(call, 400, "who", "say who: '*' is everybody");
	else if (count_of(call, "who") && api_effects(call,
	    api_body(call, "room", call->verb->name, "")))
		api_go(call, false);
}

static void
disconnect_serve(struct api_call *call)
{
	if (json_member(call->body, "who").p == NULL)
		api_refuse(call, 400, "who", "say who: '*' is everybody");
	else if (count_of(call, "who") && api_effects(call,
	    api_body(call, "who", "disconnect", "")))
		api_go(call, false);
}

static void
sockets_answer(struct api_call *call, struct buf *out)
{
	buf_printf(out, "{\"sockets\":%" PRId64 "}", call->sockets);
}

static void
batch_serve(struct api_call *call)
{
	struct slice effects = json_member(call->body, "effects");

	if (effects.p == NULL)
		api_refuse(call, 400, "effects", "effects is missing");
	else if (api_effects(call, effects))
		api_go(call, false);
}

static void
batch_answer(struct api_call *call, struct buf *out)
{
	buf_printf(out, "{\"seq\":%" PRId64 "}", call->outside.emitted_r);
}

/* ---- looking -------------------------------------------------------------------- */

struct list {
	struct api_call *call;
	struct buf out;
	size_t n;
	uint64_t last;
	struct slice room;              /* the last one */
	bool with_session;
};

static void
session_add(struct list *list, uint64_t session)
{
	struct store *store = list->call->api->store;
	uint64_t lane;

	if (store_lane(store, session, &lane) == RC_OK) {
		buf_str(&list->out, ",\"session\":");
		session_json(&list->out, store, lane);
	}
}

static void
socket_add(void *arg, const struct socket_row *row)
{
	struct list *list = arg;
	struct buf *out = &list->out, packed = BUF_INIT;
	const struct codec *codec = codec_of((enum generation)row->generation);
	const char *between = "";
	struct slice rest, room;

	buf_printf(out, "%s{\"id\":\"%s\",\"user\":", list->n++ == 0 ? "" : ",", row->id);
	if (row->user.n > 0)
		json_quote(out, row->user);
	else
		buf_str(out, "null");
	buf_str(out, ",\"data\":");
	buf_add(out, row->data.n > 0 ? row->data : SLICE("null"));
	buf_str(out, ",\"rooms\":[");
	store_rooms_of(list->call->api->store, row->n, &packed);
	for (rest = buf_slice(&packed); pack_next(&rest, &room); ) {
		if (slice_is(room, row->id))
			continue;
		buf_str(out, between);
		json_quote(out, room);
		between = ",";
	}
	buf_free(&packed);
	buf_printf(out, "],\"transport\":\"%s\",\"generation\":\"%s\",\"connected\":%"
	    PRId64, row->transport == 0 ? "polling" : "websocket",
	    codec == NULL ? "?" : codec->name, row->connected_wall);
	if (list->with_session)
		session_add(list, row->session);
	buf_char(out, '}');
	list->last = row->n;
}

static void
query_serve(struct api_call *call)
{
	struct list list = { .call = call,
	    .with_session = slice_is(json_member(call->body, "session"), "true") };
	size_t limit = api_limit(call);
	struct selector who;

	if (!selector_of(call, "who", &who))
		return;
	buf_str(&list.out, "{\"sockets\":[");
	store_select(call->api->store, &who, (uint64_t)api_number(call, "after", 0),
	    limit, false, &call->arena, socket_add, &list);
	buf_str(&list.out, "],\"next\":");
	if (list.n == limit)
		buf_printf(&list.out, "%" PRIu64 "}", list.last);
	else
		buf_str(&list.out, "null}");
	api_send(call, &list.out);
}

static void
count_serve(struct api_call *call)
{
	struct buf out = BUF_INIT;

	if (!count_of(call, "who"))
		return;
	sockets_answer(call, &out);
	api_send(call, &out);
}

static void
room_add(void *arg, struct slice nsp, struct slice room, int64_t members)
{
	struct list *list = arg;

	(void)nsp;
	buf_str(&list->out, list->n++ == 0 ? "{\"room\":" : ",{\"room\":");
	json_quote(&list->out, room);
	buf_printf(&list->out, ",\"members\":%" PRId64 "}", members);
	list->room = arena_dup(&list->call->arena, room);
}

static void
rooms_serve(struct api_call *call)
{
	struct list list = { .call = call };
	size_t limit = api_limit(call);

	buf_str(&list.out, "{\"rooms\":[");
	store_rooms(call->api->store, call->nsp, api_text(call, "after"), limit, room_add,
	    &list);
	buf_str(&list.out, "],\"next\":");
	if (list.n == limit)
		json_quote(&list.out, list.room);
	else
		buf_str(&list.out, "null");
	buf_char(&list.out, '}');
	api_send(call, &list.out);
}

static void
history_serve(struct api_call *call)
{
	struct slice room = api_text(call, "room");
	struct buf out = BUF_INIT;

	buf_str(&out, "{\"events\":");
	if (history_write(call->api->store, &call->arena, call->nsp, room.p == NULL ?
	    SLICE("") : room, api_number(call, "before", 0), api_number(call, "after", 0),
	    api_limit(call), &out) != RC_OK) {
		buf_free(&out);
		api_refuse(call, 503, "store", "the history cannot be read now");
		return;
	}
	buf_char(&out, '}');
	api_send(call, &out);
}

static bool
value_changes(const struct api_call *call)
{
	static const char *const verbs[] = { "set", "append", "remove", "put", "drop",
	    "add" };
	size_t i;

	for (i = 0; i < N_ELEMENTS(verbs); i++)
		if (json_member(call->body, verbs[i]).p != NULL)
			return true;
	return false;
}

static void
value_write(struct buf *out, struct slice value)
{
	buf_str(out, "{\"value\":");
	buf_add(out, value.n > 0 ? value : SLICE("null"));
	buf_char(out, '}');
}

static void
value_serve(struct api_call *call)
{
	struct slice key = api_text(call, "key"), value = SLICE_NONE;
	struct buf out = BUF_INIT;

	if (key.n == 0) {
		api_refuse(call, 400, "key", "key must be text");
	} else if (value_changes(call)) {
		if (api_effects(call, api_body(call, "key", "value", "")))
			api_go(call, false);
	} else {
		store_value(call->api->store, effect_value_key(&call->arena, call->nsp,
		    key), &call->arena, &value);
		value_write(&out, value);
		api_send(call, &out);
	}
}

static void
value_answer(struct api_call *call, struct buf *out)
{
	const struct effect *f = call->effects.last;

	value_write(out, f->merge == MERGE_SET ? f->data : call->outside.value_r);
}

/* ---- the verbs ---------------------------------------------------------------------- */

static const struct api_verb verbs[] = {
	{ "emit", "emit", emit_serve, emit_answer, EFFECT_EMIT },
	{ "call", "call", call_serve, call_answer, EFFECT_EMIT },
	{ "query", "query", query_serve, NULL, 0 },
	{ "count", "query", count_serve, NULL, 0 },
	{ "rooms", "query", rooms_serve, NULL, 0 },
	{ "history", "query", history_serve, NULL, 0 },
	{ "join", "join", member_serve, sockets_answer, EFFECT_JOIN },
	{ "leave", "leave", member_serve, sockets_answer, EFFECT_LEAVE },
	{ "disconnect", "disconnect", disconnect_serve, sockets_answer, EFFECT_DISCONNECT },
	{ "value", "value", value_serve, value_answer, EFFECT_VALUE },
	{ "batch", "emit", batch_serve, batch_answer, 0 },
	{ "acl", "acl", acl_serve, acl_answer, EFFECT_ACL },
	{ "presence", "query", presence_serve, NULL, 0 },
	{ "seen", "query", seen_serve, NULL, 0 },
	{ "cursor", "query", cursor_serve, NULL, 0 },
	{ "questions", "query", questions_serve, NULL, 0 },
};

const struct api_verb *
api_verb_find(struct slice name)
{
	size_t i;

	for (i = 0; i < N_ELEMENTS(verbs); i++)
		if (slice_is(name, verbs[i].name))
			return &verbs[i];
	return NULL;
}

const char *
api_verb_names(struct arena *arena)
{
	struct buf names = BUF_INIT;
	const char *text;
	size_t i;

	for (i = 0; i < N_ELEMENTS(verbs); i++)
		buf_printf(&names, "%s%s", i == 0 ? "" : ", ", verbs[i].name);
	text = arena_str(arena, buf_slice(&names));
	buf_free(&names);
	return text;
}
