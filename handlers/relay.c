/*
 * relay.c - rules in the configuration for sites without a handler
 *
 * Must stay true:
 *   - what no pattern allows is refused; a namespace without rules is not ours
 *   - nobody gets into another socket's own room, whatever the patterns say: who
 *     sits there reads what is said to that socket alone
 *   - nothing is remembered here that must last (see relay_rate.c)
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "handlers/history.h"
#include "handlers/pattern.h"
#include "handlers/relay.h"
#include "handlers/relay_private.h"
#include "handlers/rooms.h"
#include "session/app.h"

enum { HISTORY_DEFAULT = 50, HISTORY_LIMIT = 500, PRESENCE_LIMIT = 500, ARGS_NEEDED = 3 };

struct relay {
	struct relay_rule *rules;
	const struct rooms *rooms;      /* lent to us: where presence is kept */
	struct relay_rates rates;
	const struct clock *clock;
	int64_t max_name, max_rooms;
};

/* One event of a client, half way. */
struct ask {
	struct relay *relay;
	const struct app_call *call;
	struct effects *effects;
	const struct relay_rule *rule;
	struct slice room;              /* unquoted, in the call's arena */
	struct slice args[ARGS_NEEDED]; /* the first ones, raw; absent: fewer */
};

/* ---- answers --------------------------------------------------------------------- */

static void
answer(struct ask *ask, struct slice json)
{
	if (!ask->call->wants_ack)
		return;
	effects_add(ask->effects, ask->call->arena, EFFECT_ACK)->data =
	    arena_printf(ask->call->arena, "[%.*s]", SLICE_ARGS(json));
}

/* A list, and what it is called, or none. */
static void
grant(struct ask *ask, const char *name, struct slice list)
{
	struct buf json = BUF_INIT;

	buf_str(&json, "{\"ok\":true,\"room\":");
	json_quote(&json, ask->room);
	if (list.p != NULL) {
		buf_printf(&json, ",\"%s\":", name);
		buf_add(&json, list);
	}
	buf_char(&json, '}');
	answer(ask, buf_slice(&json));
	buf_free(&json);
}

static void
refuse(struct ask *ask, const char *error, const char *text)
{
	store_tally(ask->call->store, TALLY_RELAY);
	log_debug("handlers", "relay nsp=%.*s event=%.*s socket=%.*s refused=%s",
	    SLICE_ARGS(ask->call->nsp), SLICE_ARGS(ask->call->name),
	    SLICE_ARGS(ask->call->id), error);
	answer(ask, arena_printf(ask->call->arena,
	    "{\"ok\":false,\"error\":\"%s\",\"text\":\"%s\"}", error, text));
}

/* ---- the verbs ------------------------------------------------------------------------ */

/* The store lets nobody into more rooms than max_rooms; what it refuses after we
 * have said yes, nobody would hear of. */
static bool
is_full(const struct ask *ask)
{
	struct buf packed = BUF_INIT;
	struct slice rest, room;
	bool is_there = false;
	int64_t n = 0;

	store_rooms_of(ask->call->store, ask->call->socket, &packed);
	for (rest = buf_slice(&packed); pack_next(&rest, &room); n++)
		is_there |= slice_eq(room, ask->room);
	buf_free(&packed);
	return !is_there && n >= ask->relay->max_rooms;
}

static void
subscribe(struct ask *ask)
{
	struct effect *e;

	if (is_full(ask)) {
		store_tally(ask->call->store, TALLY_ROOMS);
		refuse(ask, "too-many", "this client is in as many rooms as it may be");
		return;
	}
	e = effects_add(ask->effects, ask->call->arena, EFFECT_JOIN);
	e->self = true;
	e->name = ask->room;
	grant(ask, NULL, SLICE_NONE);
}

static void
unsubscribe(struct ask *ask)
{
	struct effect *e = effects_add(ask->effects, ask->call->arena, EFFECT_LEAVE);

	e->self = true;
	e->name = ask->room;
	grant(ask, NULL, SLICE_NONE);
}

static bool
rate_allows(struct ask *ask)
{
	const struct app_call *call = ask->call;
	struct slice key;
	int64_t retry_ms;

	if (ask->rule->rate == 0)
		return true;
	key = arena_printf(call->arena, "rate %.*s %u %.*s", SLICE_ARGS(call->nsp),
	    ask->rule->line, SLICE_ARGS(call->id));
	if (relay_rate_take(&ask->relay->rates, ask->rule, call->store, call->arena,
	    ask->relay->clock, key, ask->effects, &retry_ms) == RC_OK)
		return true;
	store_tally(call->store, TALLY_RATE);
	answer(ask, arena_printf(call->arena, "{\"ok\":false,\"error\":\"rate\","
	    "\"text\":\"too many events\",\"retry_ms\":%lld}", (long long)retry_ms));
	return false;
}

/* The arguments behind room and event, again as an array. */
static struct slice
published_args(const struct ask *ask)
{
	struct slice args = ask->call->args, third = ask->args[2];

	if (third.p == NULL)
		return SLICE("[]");
	return arena_printf(ask->call->arena, "[%.*s",
	    (int)(args.p + args.n - third.p), third.p);
}

static void
publish(struct ask *ask)
{
	const struct relay_rule *rule = ask->rule;
	struct arena *arena = ask->call->arena;
	struct slice event = json_text(arena, ask->args[1]);
	struct buf rooms = BUF_INIT;
	struct effect *e;

	if (event.n == 0 || (int64_t)event.n > ask->relay->max_name) {
		refuse(ask, "bad-arguments", "publish needs a room and an event name");
		return;
	}
	if (event_is_reserved(event) ||
	    (rule->events != NULL && !pattern_list_matches(rule->events, event))) {
		refuse(ask, "refused", "this event may not be published here");
		return;
	}
	if (!rate_allows(ask))
		return;
	pack_add(&rooms, ask->room);
	e = effects_add(ask->effects, arena, EFFECT_EMIT);
	e->who.rooms = arena_dup(arena, buf_slice(&rooms));
	e->not_self = !rule->echo;
	e->name = event;
	e->data = published_args(ask);
	e->attachments = ask->call->attachments;
	e->keep_ms = rule->keep_ms;
	e->keep_count = rule->keep_count;
	buf_free(&rooms);
	grant(ask, NULL, SLICE_NONE);
}

static void
history(struct ask *ask)
{
	int64_t count = HISTORY_DEFAULT, before = 0, after = 0;
	struct buf events = BUF_INIT;

	if (ask->args[1].p != NULL)
		json_int(ask->args[1], &count);
	if (ask->args[2].p != NULL && json_kind(ask->args[2]) == JSON_OBJECT)
		json_int(json_member(ask->args[2], "after"), &after);
	else if (ask->args[2].p != NULL)
		json_int(ask->args[2], &before);
	if (count < 1 || count > HISTORY_LIMIT)
		count = HISTORY_LIMIT;
	if (history_write(ask->call->store, ask->call->arena, ask->call->nsp,
	    ask->room, before < 0 ? 0 : before, after, (size_t)count, &events) == RC_OK)
		grant(ask, "events", buf_slice(&events));
	else
		refuse(ask, "refused", "the history cannot be read now");
	buf_free(&events);
}

/* Those who are there; a second argument is the last name that the page has. */
static void
presence(struct ask *ask)
{
	struct arena *arena = ask->call->arena;
	struct buf users = BUF_INIT;
	struct room_rule rule;

	if (!rooms_rule(ask->relay->rooms, ask->call->nsp, ask->room, &rule) ||
	    !rule.has_presence) {
		refuse(ask, "refused", "nobody keeps who is in this room");
		return;
	}
	if (presence_write(ask->call->store, arena, ask->call->nsp, ask->room,
	    json_text(arena, ask->args[1]), PRESENCE_LIMIT, &users) == RC_OK)
		grant(ask, "users", buf_slice(&users));
	else
		refuse(ask, "refused", "it cannot be read now");
	buf_free(&users);
}

/* ---- who may ------------------------------------------------------------------------------ */

enum list { LIST_SUBSCRIBE, LIST_PUBLISH, LIST_KEPT, LIST_PRESENT };

static const struct verb {
	const char *event;
	enum list list;         /* the rooms that it is allowed for */
	void (*serve)(struct ask *ask);
} verbs[] = {
	{ "subscribe",   LIST_SUBSCRIBE, subscribe },
	{ "unsubscribe", LIST_SUBSCRIBE, unsubscribe },
	{ "publish",     LIST_PUBLISH,   publish },
	{ "history",     LIST_KEPT,      history },
	{ "presence",    LIST_PRESENT,   presence },
};

/* The patterns of a rule for a verb; NULL: it says nothing about it.  A history
 * is for those who may subscribe, of rooms whose events are kept; who is there as
 * well, where some room of the namespace has presence. */
static const char *
rule_list(const struct relay *relay, const struct relay_rule *rule, struct slice nsp,
    enum list list)
{
	switch (list) {
	case LIST_PRESENT:
		return rooms_presence(relay->rooms, nsp) ? rule->subscribe : NULL;
	case LIST_SUBSCRIBE:
		return rule->subscribe;
	case LIST_PUBLISH:
		return rule->publish;
	case LIST_KEPT:
		return rule->keep_count > 0 ? rule->publish : NULL;
	}
	return NULL;
}

static bool
rule_serves(const struct relay_rule *rule, struct slice nsp)
{
	return pattern_matches(slice_str(rule->nsp), nsp);
}

/* The first rule that has the room.  *owned_r: some rule of the namespace knows
 * the verb, so that it is ours to refuse. */
static const struct relay_rule *
rule_find(const struct relay *relay, enum list list, struct slice nsp,
    struct slice room, bool *owned_r)
{
	const struct relay_rule *rule;
	const char *patterns;

	*owned_r = false;
	for (rule = relay->rules; rule != NULL; rule = rule->next) {
		if (!rule_serves(rule, nsp) ||
		    (patterns = rule_list(relay, rule, nsp, list)) == NULL)
			continue;
		*owned_r = true;
		if (room.n > 0 && pattern_list_matches(patterns, room))
			return rule;
	}
	return NULL;
}

static void
args_take(struct ask *ask)
{
	struct slice rest = ask->call->args, room;
	int i;

	if (rest.n == 0)
		return;
	json_open(&rest);
	for (i = 0; i < ARGS_NEEDED && json_next(&rest, &ask->args[i]); i++)
		;
	room = json_text(ask->call->arena, ask->args[0]);
	if (room.n > 0 && (int64_t)room.n <= ask->relay->max_name)
		ask->room = room;
}

static bool
is_somebodys_own(const struct app_call *call, struct slice room)
{
	struct socket_row row;

	return slice_eq(room, call->id) || store_socket_id(call->store, call->nsp,
	    room, call->arena, &row) != RC_NONE;
}

static bool
may(struct ask *ask, enum list list)
{
	const struct app_call *call = ask->call;
	bool owned;

	if (ask->room.n == 0)
		refuse(ask, "bad-arguments", "the first argument must be a room");
	else if (ask->rule == NULL || is_somebodys_own(call, ask->room) ||
	    (list == LIST_KEPT && rule_find(ask->relay, LIST_SUBSCRIBE, call->nsp,
	    ask->room, &owned) == NULL))
		refuse(ask, "refused", "not allowed for this room");
	else if (ask->rule->only_users && call->user.n == 0)
		refuse(ask, "not-a-user", "only for those who are logged in");
	else
		return true;
	return false;
}

enum rc
relay_call(struct relay *relay, const struct app_call *call,
    struct effects *effects)
{
	struct ask ask = { .relay = relay, .call = call, .effects = effects };
	bool owned;
	size_t i;

	if (call->kind != APP_EVENT || relay->rules == NULL)
		return RC_NONE;
	for (i = 0; !slice_is(call->name, verbs[i].event); )
		if (++i == N_ELEMENTS(verbs))
			return RC_NONE;
	args_take(&ask);
	ask.rule = rule_find(relay, verbs[i].list, call->nsp, ask.room, &owned);
	if (!owned)
		return RC_NONE;
	if (may(&ask, verbs[i].list))
		verbs[i].serve(&ask);
	return RC_OK;
}

/* ---- the rules ------------------------------------------------------------------------------ */

bool
relay_serves(const struct relay *relay, struct slice nsp)
{
	const struct relay_rule *rule;

	for (rule = relay->rules; rule != NULL; rule = rule->next)
		if (rule_serves(rule, nsp))
			return true;
	return false;
}

enum rc
relay_new(const struct conf *conf, const struct clock *clock,
    const struct rooms *rooms, struct relay **relay_r, char **error_r)
{
	struct relay *relay = mem_alloc(sizeof(*relay));
	struct relay_rule **end = &relay->rules;
	const struct conf_section *section;
	enum rc rc = RC_OK;

	*relay_r = NULL;
	*error_r = NULL;
	relay->rooms = rooms;
	relay->clock = clock;
	relay->max_name = conf->max_name;
	relay->max_rooms = conf->max_rooms;
	for (section = conf->sections; rc == RC_OK && section != NULL;
	    section = section->next) {
		if (strcmp(section->kind, "relay") != 0)
			continue;
		*end = mem_alloc(sizeof(**end));
		rc = relay_rule_read(conf, section, *end, error_r);
		end = &(*end)->next;
	}
	if (rc == RC_OK) {
		*relay_r = relay;
		relay = NULL;
	}
	relay_free(&relay);
	return rc;
}

void
relay_free(struct relay **relay)
{
	struct relay_rule *rule;

	if (*relay == NULL)
		return;
	while ((rule = (*relay)->rules) != NULL) {
		(*relay)->rules = rule->next;
		free(rule);
	}
	free(*relay);
	*relay = NULL;
}
