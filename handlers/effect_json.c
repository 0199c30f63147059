/*
 * effect_json.c - effects as an application outside writes them (doc/backend.md)
 *
 * An effect is an object; the member that names it is one of kinds[], all others
 * are its options.  Unknown members are mistakes, too: a misspelt `volatile`
 * that does nothing is found by nobody.
 *
 * Must stay true:
 *   - whatever lies in an effect lies in the arena
 *   - nobody is never everybody: an empty selector makes no effect
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "handlers/acl.h"
#include "handlers/effect_json.h"
#include "handlers/pattern.h"
#include "handlers/selector.h"
#include "session/app.h"

enum { EFFECTS_MAX = 1000, ATTACHMENTS_MAX = 64 };
#define MS_MAX (INT64_C(366) * 86400 * 1000)

struct reader {
	const struct effect_rules *rules;
	struct arena *arena;
	struct effects *effects;
	struct slice json;              /* the effect in hand */
	size_t index;
	char *error;
};

/* The first reason stays. */
static enum rc __attribute__((format(printf, 2, 3)))
wrong(struct reader *r, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->error == NULL)
		r->error = mem_printf("effect %zu: %s", r->index, text);
	return RC_BAD_INPUT;
}

/* ---- values ----------------------------------------------------------------------- */

static struct effect *
add(struct reader *r, enum effect_kind kind)
{
	return effects_add(r->effects, r->arena, kind);
}

static enum rc
read_text(struct reader *r, struct slice value, const char *what, struct slice *text_r)
{
	struct slice text = json_text(r->arena, value);

	*text_r = text;
	if (text.p == NULL)
		return wrong(r, "%s must be text", what);
	if (text.n == 0 || (int64_t)text.n > r->rules->max_name)
		return wrong(r, "%s must have 1 to %lld bytes (max_name)", what,
		    (long long)r->rules->max_name);
	return RC_OK;
}

static enum rc
read_size(struct reader *r, struct slice value, const char *what)
{
	if ((int64_t)value.n <= r->rules->max_event)
		return RC_OK;
	return wrong(r, "%s has %zu bytes, max_event is %lld", what, value.n,
	    (long long)r->rules->max_event);
}

static enum rc
read_json(struct reader *r, struct slice value, const char *what, struct slice *json_r)
{
	*json_r = arena_dup(r->arena, slice_trim(value));
	return read_size(r, value, what);
}

static enum rc
read_args(struct reader *r, struct slice value, struct slice *args_r)
{
	if (json_kind(value) != JSON_ARRAY)
		return wrong(r, "the arguments must be an array");
	return read_json(r, value, "the event", args_r);
}

/* A whole number; absent: stays. */
static enum rc
read_ms(struct reader *r, const char *name, int64_t min, int64_t *ms)
{
	struct slice value = json_member(r->json, name);

	if (value.p == NULL)
		return RC_OK;
	if (!json_int(value, ms) || *ms < min || *ms > MS_MAX)
		return wrong(r, "%s must be a number of at least %lld", name,
		    (long long)min);
	return RC_OK;
}

static enum rc
read_flag(struct reader *r, const char *name, bool *flag)
{
	struct slice value = json_member(r->json, name);

	if (value.p == NULL)
		return RC_OK;
	*flag = json_kind(value) == JSON_TRUE;
	if (*flag || json_kind(value) == JSON_FALSE)
		return RC_OK;
	return wrong(r, "%s must be true or false", name);
}

/* RC_NONE: nobody is meant. */
static enum rc
read_selector(struct reader *r, struct slice value, const char *what,
    struct selector *who_r)
{
	struct slice text = json_text(r->arena, value);
	char *error = NULL;
	enum rc rc;

	if (text.p == NULL)
		return wrong(r, "%s must be a selector, as \"room:lobby -me\"", what);
	rc = selector_parse(r->arena, text, r->rules->own_id, who_r, &error);
	if (rc == RC_BAD_INPUT)
		wrong(r, "%s: %s", what, error == NULL ? "no selector" : error);
	free(error);
	return rc;
}

static enum rc
read_attachments(struct reader *r, struct effect *f)
{
	struct slice list = json_member(r->json, "attachments"), item;
	struct buf text = BUF_INIT, bytes = BUF_INIT, packed = BUF_INIT;
	enum rc rc = RC_OK;
	size_t n = 0;

	if (list.p == NULL)
		return RC_OK;
	if (json_kind(list) != JSON_ARRAY)
		return wrong(r, "attachments must be an array of base64 texts");
	for (json_open(&list); rc == RC_OK && json_next(&list, &item); n++) {
		buf_reset(&text);
		buf_reset(&bytes);
		if (n == ATTACHMENTS_MAX)
			rc = wrong(r, "more than %d attachments", ATTACHMENTS_MAX);
		else if (json_unquote(&text, item) != RC_OK ||
		    base64_decode(&bytes, buf_slice(&text)) != RC_OK)
			rc = wrong(r, "attachment %zu is no base64 text", n);
		else
			pack_add(&packed, buf_slice(&bytes));
	}
	if (rc == RC_OK)
		rc = read_size(r, buf_slice(&packed), "the attachments");
	f->attachments = arena_dup(r->arena, buf_slice(&packed));
	buf_free(&text);
	buf_free(&bytes);
	buf_free(&packed);
	return rc;
}

/* ---- the effects -------------------------------------------------------------------- */

/* {"ms": TIME, "count": NUMBER}, as keep and mail have it. */
static enum rc
read_kept(struct reader *r, const char *name, int64_t *ms, int64_t *count)
{
	struct slice kept = json_member(r->json, name), value;

	if (kept.p == NULL)
		return RC_OK;
	value = json_member(kept, "ms");
	if (json_kind(kept) != JSON_OBJECT || !json_int(value, ms) || *ms < 1 ||
	    *ms > MS_MAX)
		return wrong(r, "%s must be {\"ms\": TIME, \"count\": NUMBER}", name);
	value = json_member(kept, "count");
	if (value.p != NULL && (!json_int(value, count) || *count < 0))
		return wrong(r, "%s.count must be a number", name);
	return RC_OK;
}

static enum rc
read_ask(struct reader *r, struct effect *f)
{
	struct slice ask = json_member(r->json, "ask"), value;

	if (ask.p == NULL)
		return RC_OK;
	if (json_kind(ask) != JSON_OBJECT)
		return wrong(r, "ask must be {\"name\", \"context\", \"timeout\"}");
	if (f->is_volatile)
		return wrong(r, "a volatile event cannot ask");
	f->timeout_ms = 10000;
	value = json_member(ask, "timeout");
	if (value.p != NULL && (!json_int(value, &f->timeout_ms) ||
	    f->timeout_ms < 1 || f->timeout_ms > MS_MAX))
		return wrong(r, "ask.timeout must be a number of ms");
	if ((value = json_member(ask, "context")).p != NULL &&
	    read_json(r, value, "ask.context", &f->context) != RC_OK)
		return RC_BAD_INPUT;
	return read_text(r, json_member(ask, "name"), "ask.name", &f->question);
}

static enum rc
read_emit(struct reader *r, struct slice value)
{
	struct slice to = json_member(r->json, "to"), name;
	struct slice args = json_member(r->json, "args");
	struct selector who = { 0 };
	struct effect *f;
	enum rc rc;

	if (read_text(r, value, "the event's name", &name) != RC_OK)
		return RC_BAD_INPUT;
	if (event_is_reserved(name))
		return wrong(r, "'%.*s' is a name that clients keep for themselves",
		    SLICE_ARGS(name));
	if (to.p == NULL)
		to = r->rules->own_id.p != NULL ? SLICE("\"me\"") : SLICE("\"*\"");
	if ((rc = read_selector(r, to, "to", &who)) == RC_BAD_INPUT)
		return rc;
	if (rc == RC_NONE)
		return RC_OK;
	f = add(r, EFFECT_EMIT);
	f->name = name;
	f->who = who;
	if (read_args(r, args.p == NULL ? SLICE("[]") : args, &f->data) != RC_OK ||
	    read_flag(r, "volatile", &f->is_volatile) != RC_OK ||
	    read_attachments(r, f) != RC_OK ||
	    read_kept(r, "keep", &f->keep_ms, &f->keep_count) != RC_OK ||
	    read_kept(r, "mail", &f->mail_ms, &f->mail_count) != RC_OK)
		return RC_BAD_INPUT;
	if ((int64_t)(f->data.n + f->attachments.n) > r->rules->max_event)
		return wrong(r, "the event has %zu bytes with its attachments, max_event is %lld",
		    f->data.n + f->attachments.n, (long long)r->rules->max_event);
	return read_ask(r, f);
}

static enum rc
read_ack(struct reader *r, struct slice value)
{
	struct effect *f = add(r, EFFECT_ACK);

	if (read_args(r, value, &f->data) != RC_OK)
		return RC_BAD_INPUT;
	return read_attachments(r, f);
}

/* Sockets that join, leave or go: absent means me. */
static enum rc
read_who(struct reader *r, struct slice who, enum effect_kind kind, struct slice name)
{
	struct selector selector = { 0 };
	struct slice text = json_text(r->arena, who);
	struct effect *f;
	bool only_me = who.p == NULL;
	enum rc rc = RC_OK;

	if (text.p != NULL)
		selector_names_me(text, &only_me);
	if (only_me && r->rules->own_id.p == NULL)
		return wrong(r, "there is no own socket here: say who");
	if (!only_me)
		rc = read_selector(r, who, "who", &selector);
	if (rc != RC_OK)
		return rc == RC_NONE ? RC_OK : rc;
	f = add(r, kind);
	f->self = only_me;
	f->who = selector;
	f->name = name;
	return kind == EFFECT_DISCONNECT ? read_flag(r, "hard", &f->engine) : RC_OK;
}

static enum rc
read_join(struct reader *r, struct slice value)
{
	struct slice room;

	if (read_text(r, value, "the room's name", &room) != RC_OK)
		return RC_BAD_INPUT;
	return read_who(r, json_member(r->json, "who"), EFFECT_JOIN, room);
}

static enum rc
read_leave(struct reader *r, struct slice value)
{
	struct slice room;

	if (read_text(r, value, "the room's name", &room) != RC_OK)
		return RC_BAD_INPUT;
	return read_who(r, json_member(r->json, "who"), EFFECT_LEAVE, room);
}

static enum rc
read_close_room(struct reader *r, struct slice value)
{
	struct slice room;

	if (read_text(r, value, "the room's name", &room) != RC_OK)
		return RC_BAD_INPUT;
	add(r, EFFECT_CLOSE_ROOM)->name = room;
	return RC_OK;
}

static enum rc
read_disconnect(struct reader *r, struct slice value)
{
	return read_who(r, value, EFFECT_DISCONNECT, SLICE_NONE);
}

static enum rc
read_data(struct reader *r, struct slice value)
{
	return read_json(r, value, "data", &add(r, EFFECT_DATA)->data);
}

static enum rc
read_session(struct reader *r, struct slice value)
{
	return read_json(r, value, "session", &add(r, EFFECT_SESSION)->data);
}

static enum rc
read_user(struct reader *r, struct slice value)
{
	struct slice name = SLICE("");

	if (json_kind(value) != JSON_NULL &&
	    read_text(r, value, "user", &name) != RC_OK)
		return RC_BAD_INPUT;
	add(r, EFFECT_USER)->name = name;
	return RC_OK;
}

static enum rc
read_timer(struct reader *r, struct slice name, int64_t after_ms, int64_t every_ms)
{
	struct slice context = json_member(r->json, "context");
	struct slice of = json_member(r->json, "of");
	struct effect *f = add(r, EFFECT_TIMER);

	f->after_ms = after_ms;
	f->every_ms = every_ms;
	f->self = of.p == NULL && r->rules->own_id.p != NULL;
	if (of.p != NULL && !json_string_is(of, SLICE("nsp")))
		return wrong(r, "of must be \"nsp\"");
	if (context.p != NULL &&
	    read_json(r, context, "context", &f->context) != RC_OK)
		return RC_BAD_INPUT;
	return read_text(r, name, "the timer's name", &f->name);
}

static enum rc
read_after(struct reader *r, struct slice value)
{
	int64_t ms;

	if (!json_int(value, &ms) || ms < 0 || ms > MS_MAX)
		return wrong(r, "after must be a number of ms");
	return read_timer(r, json_member(r->json, "name"), ms, 0);
}

static enum rc
read_every(struct reader *r, struct slice value)
{
	int64_t ms;

	if (!json_int(value, &ms) || ms < 100 || ms > MS_MAX)
		return wrong(r, "every must be a number of ms, 100 or more");
	return read_timer(r, json_member(r->json, "name"), ms, ms);
}

static enum rc
read_cancel(struct reader *r, struct slice value)
{
	return read_timer(r, value, -1, 0);
}

static enum rc
read_value(struct reader *r, struct slice value)
{
	static const struct { const char *name; enum json_merge how; } verbs[] = {
		{ "set", MERGE_SET }, { "append", MERGE_APPEND },
		{ "remove", MERGE_REMOVE }, { "put", MERGE_PUT },
		{ "drop", MERGE_DROP }, { "add", MERGE_ADD },
	};
	struct effect *f = add(r, EFFECT_VALUE);
	struct slice key, arg = SLICE_NONE;
	size_t i, n = 0;

	if (read_text(r, value, "the value's key", &key) != RC_OK)
		return RC_BAD_INPUT;
	f->name = effect_value_key(r->arena, r->rules->nsp, key);
	for (i = 0; i < N_ELEMENTS(verbs); i++) {
		if (json_member(r->json, verbs[i].name).p == NULL)
			continue;
		arg = json_member(r->json, verbs[i].name);
		f->merge = verbs[i].how;
		n++;
	}
	if (n != 1)
		return wrong(r, "a value needs one of set, append, remove, put, drop "
		    "and add");
	if ((f->merge == MERGE_PUT && json_kind(arg) != JSON_OBJECT) ||
	    (f->merge == MERGE_DROP && json_kind(arg) != JSON_ARRAY) ||
	    (f->merge == MERGE_ADD && json_kind(arg) != JSON_NUMBER))
		return wrong(r, "put needs an object, drop a list, add a number");
	if (f->merge != MERGE_SET || json_kind(arg) != JSON_NULL)
		if (read_json(r, arg, "the value", &f->data) != RC_OK)
			return RC_BAD_INPUT;
	return read_ms(r, "ttl", 1, &f->ttl_ms);
}

static enum rc
read_once(struct reader *r, struct slice value)
{
	struct effect *f = add(r, EFFECT_ONCE);
	struct slice key;

	f->ttl_ms = 86400 * 1000;
	if (read_text(r, value, "the key", &key) != RC_OK)
		return RC_BAD_INPUT;
	f->name = arena_printf(r->arena, "once %.*s %.*s", SLICE_ARGS(r->rules->nsp),
	    SLICE_ARGS(key));
	return read_ms(r, "ttl", 1, &f->ttl_ms);
}

static enum rc
read_refuse(struct reader *r, struct slice value)
{
	struct slice data = json_member(r->json, "data");
	struct effect *f = add(r, EFFECT_REFUSE);

	if (data.p != NULL && read_json(r, data, "data", &f->data) != RC_OK)
		return RC_BAD_INPUT;
	return read_text(r, value, "refuse", &f->name);
}

static enum rc
read_log(struct reader *r, struct slice value)
{
	struct buf text = BUF_INIT;
	size_t i;

	if (json_unquote(&text, value) != RC_OK) {
		buf_free(&text);
		return wrong(r, "log must be text");
	}
	for (i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
			text.p[i] = ' ';
	add(r, EFFECT_LOG)->name = arena_dup(r->arena,
	    slice_head(buf_slice(&text), 500));
	buf_free(&text);
	return RC_OK;
}

/* A list of patterns of event names. */
static enum rc
read_names(struct reader *r, struct slice list, struct slice *packed_r)
{
	struct buf packed = BUF_INIT;
	struct slice item, name;
	enum rc rc = RC_OK;

	if (json_kind(list) != JSON_ARRAY)
		return wrong(r, "names must be a list of texts");
	for (json_open(&list); rc == RC_OK && json_next(&list, &item); )
		if ((rc = read_text(r, item, "a name", &name)) == RC_OK)
			pack_add(&packed, name);
	*packed_r = packed.n == 0 ? SLICE("") : arena_dup(r->arena, buf_slice(&packed));
	buf_free(&packed);
	return rc;
}

static enum rc
read_acl(struct reader *r, struct slice value)
{
	static const struct { const char *name; enum acl_verb verb; } verbs[] = {
		{ "set", ACL_SET }, { "add", ACL_ADD }, { "remove", ACL_REMOVE },
	};
	struct slice of, names, forget = json_member(r->json, "forget");
	struct effect target = { .kind = EFFECT_ACL }, *f;
	size_t i, n = forget.p != NULL;

	if (read_text(r, value, "acl", &of) != RC_OK)
		return RC_BAD_INPUT;
	if (acl_target(r->arena, of, &target) != RC_OK ||
	    (target.self && r->rules->own_id.p == NULL))
		return wrong(r, "acl must be nsp, user:NAME or id:ID%s",
		    r->rules->own_id.p == NULL ? "" : ", or me");
	f = add(r, EFFECT_ACL);
	f->of = target.of;
	f->self = target.self;
	f->name = target.name;
	f->context = SLICE("the backend");
	for (i = 0; i < N_ELEMENTS(verbs); i++) {
		if ((names = json_member(r->json, verbs[i].name)).p == NULL)
			continue;
		n++;
		f->verb = verbs[i].verb;
		if (read_names(r, names, &f->data) != RC_OK)
			return RC_BAD_INPUT;
	}
	return n == 1 ? RC_OK : wrong(r, "acl needs one of set, add, remove and forget");
}

enum { OF_SOCKET = 1, OF_CONNECT = 2 };

static const struct kind {
	const char *name, *options;
	enum rc (*read)(struct reader *r, struct slice value);
	unsigned needs;
} kinds[] = {
	{ "emit", "args to volatile attachments keep mail ask", read_emit, 0 },
	{ "ack", "attachments", read_ack, OF_SOCKET },
	{ "join", "who", read_join, 0 },
	{ "leave", "who", read_leave, 0 },
	{ "close_room", "", read_close_room, 0 },
	{ "disconnect", "hard", read_disconnect, 0 },
	{ "value", "set append remove put drop add ttl", read_value, 0 },
	{ "once", "ttl", read_once, 0 },
	{ "refuse", "data", read_refuse, OF_CONNECT },
	{ "data", "", read_data, OF_SOCKET },
	{ "session", "", read_session, OF_SOCKET },
	{ "user", "", read_user, OF_SOCKET },
	{ "after", "name context of", read_after, 0 },
	{ "every", "name context of", read_every, 0 },
	{ "cancel", "of", read_cancel, 0 },
	{ "acl", "set add remove forget", read_acl, 0 },
	{ "log", "", read_log, 0 },
};

/* ---- reading ------------------------------------------------------------------------- */

static bool
is_among(const char *words, struct slice key)
{
	struct slice rest = slice_str(words), word;

	while (slice_cut(&rest, ' ', &word))
		if (word.n > 0 && json_string_is(key, word))
			return true;
	return false;
}

static enum rc
members_check(struct reader *r, const struct kind *kind)
{
	struct slice rest = r->json, key, value;

	json_open(&rest);
	while (json_next_member(&rest, &key, &value))
		if (!is_among(kind->name, key) && !is_among(kind->options, key))
			return wrong(r, "%s has no member %.*s", kind->name,
			    SLICE_ARGS(slice_head(key, 60)));
	return RC_OK;
}

static enum rc
read_effect(struct reader *r)
{
	struct slice value;
	size_t i;

	if (json_kind(r->json) != JSON_OBJECT)
		return wrong(r, "an effect is an object");
	for (i = 0; i < N_ELEMENTS(kinds); i++)
		if ((value = json_member(r->json, kinds[i].name)).p != NULL)
			break;
	if (i == N_ELEMENTS(kinds))
		return wrong(r, "no effect is known in %.*s",
		    SLICE_ARGS(slice_head(r->json, 80)));
	if ((kinds[i].needs & OF_SOCKET) != 0 && r->rules->is_outside)
		return wrong(r, "%s is for answers to a client only", kinds[i].name);
	if ((kinds[i].needs & OF_CONNECT) != 0 && !r->rules->is_connect)
		return wrong(r, "only a connect can be refused");
	if (members_check(r, &kinds[i]) != RC_OK)
		return RC_BAD_INPUT;
	return kinds[i].read(r, value);
}

enum rc
effects_read(const struct effect_rules *rules, struct slice json,
    struct arena *arena, struct effects *effects, char **error_r)
{
	struct reader r = { .rules = rules, .arena = arena, .effects = effects };
	enum rc rc = RC_OK;

	*error_r = NULL;
	if (json_check(json, rules->max_depth) != RC_OK)
		rc = wrong(&r, "no JSON, or nested too deep (max_depth)");
	else if (json_kind(json) != JSON_ARRAY)
		rc = wrong(&r, "effects are an array");
	for (json_open(&json); rc == RC_OK && json_next(&json, &r.json); r.index++)
		rc = r.index == EFFECTS_MAX ? wrong(&r, "more than %d effects",
		    EFFECTS_MAX) : read_effect(&r);
	if (rc != RC_OK) {
		*error_r = r.error;
		effects->first = effects->last = NULL;
		effects->n = 0;
	}
	return rc;
}

struct slice
effect_value_key(struct arena *arena, struct slice nsp, struct slice name)
{
	struct buf b = BUF_INIT;
	struct slice key;

	buf_str(&b, "value ");
	buf_add(&b, nsp);
	buf_char(&b, '\0');
	buf_add(&b, name);
	key = arena_dup(arena, buf_slice(&b));
	buf_free(&b);
	return key;
}
