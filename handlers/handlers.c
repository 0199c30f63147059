/*
 * handlers.c - relay rules and modules behind one struct app
 *
 * A namespace is served by every rule and module that matches it.  An event goes
 * to the first that has a function of its name, else to the first with a
 * catch-all; a connect and a disconnect go to all of them, in order, and one
 * refusal is enough.  "/" is always there, as clients expect it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "handlers/acl.h"
#include "handlers/backend.h"
#include "handlers/call.h"
#include "handlers/handlers.h"
#include "handlers/modules.h"
#include "handlers/offered.h"
#include "handlers/pattern.h"
#include "handlers/relay.h"
#include "handlers/rooms.h"
#include "handlers/section.h"
#include "handlers/token.h"
#include "session/app.h"

struct handlers {
	struct app app;
	struct call_conf call_conf;
	struct acl *acl;
	struct rooms *rooms;
	struct tokens *tokens;
	struct relay *relay;
	struct modules *modules;
	struct backends *backends;
	const struct offered *offered;  /* referred to, so that it is linked */
	bool is_loaded;
};

/* ---- asking ------------------------------------------------------------------- */

/* The next module that serves the namespace. */
static const struct sio_module *
next_serving(const struct handlers *h, struct slice nsp, size_t *i,
    const struct sio_module *at)
{
	while ((at = modules_next(h->modules, i, at)) != NULL)
		if (pattern_matches(slice_str(at->nsp), nsp))
			break;
	return at;
}

static bool
is_served(const struct handlers *h, struct slice nsp)
{
	size_t i = 0;

	return slice_is(nsp, "/") || relay_serves(h->relay, nsp) ||
	    backends_serve(h->backends, nsp) ||
	    next_serving(h, nsp, &i, NULL) != NULL;
}

static enum rc
ask_all(struct handlers *h, const struct app_call *call, struct effects *effects)
{
	const struct sio_module *module = NULL;
	enum rc rc = RC_NONE;
	size_t i = 0;

	while (rc != RC_BAD_INPUT && !call_is_refused(effects) &&
	    (module = next_serving(h, call->nsp, &i, module)) != NULL)
		rc = call_module(&h->call_conf, module, call, effects);
	return rc == RC_BAD_INPUT ? rc : RC_OK;
}

/* The first with a function of that name; with catch_all: with a "*". */
static const struct sio_module *
find_hearing(const struct handlers *h, const struct app_call *call, bool catch_all)
{
	const struct sio_module *module = NULL;
	size_t i = 0;

	while ((module = next_serving(h, call->nsp, &i, module)) != NULL)
		if (call_find(module, call, catch_all) != NULL)
			break;
	return module;
}

static enum rc
ask_first(struct handlers *h, const struct app_call *call, struct effects *effects)
{
	const struct sio_module *module = find_hearing(h, call, false);

	if (module == NULL && call->kind == APP_EVENT)
		module = find_hearing(h, call, true);
	if (module == NULL)
		return RC_NONE;
	return call_module(&h->call_conf, module, call, effects);
}

/* Who it is comes before whether it may. */
static enum rc
ask_connect(struct handlers *h, const struct app_call *call, struct effects *effects)
{
	struct app_call named = *call;
	struct slice user;
	enum rc rc;

	if (tokens_admit(h->tokens, call, effects, &user) != RC_OK)
		return RC_OK;
	if (user.p != NULL)
		named.user = user;
	rc = ask_all(h, &named, effects);
	if (call_is_refused(effects))
		store_tally(call->store, TALLY_CONNECT);
	return rc;
}

/* Who is refused here is refused at once; a backend has the last word. */
static enum rc
ask_connect_now(struct handlers *h, const struct app_call *call,
    struct effects *effects)
{
	struct slice user;

	if (backends_find(h->backends, call) == NULL)
		return ask_connect(h, call, effects);
	return tokens_admit(h->tokens, call, effects, &user) != RC_OK ? RC_OK : RC_AGAIN;
}

/* In the words of gevent-socketio, which every generation can hear; no ack. */
static void
deny(const struct app_call *call, struct effects *effects)
{
	struct effect *e = effects_add(effects, call->arena, EFFECT_EMIT);
	struct buf args = BUF_INIT, rooms = BUF_INIT;

	buf_str(&args, "[\"method_access_denied\",");
	json_quote(&args, arena_printf(call->arena, "You may not send '%.*s'",
	    SLICE_ARGS(call->name)));
	buf_char(&args, ']');
	pack_add(&rooms, call->id);
	e->name = SLICE("error");
	e->data = arena_dup(call->arena, buf_slice(&args));
	e->who.rooms = arena_dup(call->arena, buf_slice(&rooms));
	buf_free(&args);
	buf_free(&rooms);
	store_tally(call->store, TALLY_ACL);
	log_info("handlers", "denied nsp=%.*s socket=%.*s user=%.*s event=%.*s",
	    SLICE_ARGS(call->nsp), SLICE_ARGS(call->id), SLICE_ARGS(call->user),
	    SLICE_ARGS(call->name));
}

static enum rc
handlers_call(void *arg, const struct app_call *call, struct effects *effects_r)
{
	struct handlers *h = arg;
	char *error;
	enum rc rc;

	*effects_r = (struct effects){ NULL, NULL, 0 };
	if (!h->is_loaded && (rc = handlers_load(h, &error)) != RC_OK) {
		log_error("handlers", "err=\"%s\"", error);
		free(error);
		return rc;
	}
	if (!is_served(h, call->nsp)) {
		if (call->kind == APP_CONNECT)
			store_tally(call->store, TALLY_STRANGER);
		return RC_GONE;
	}
	if (call->kind == APP_CONNECT && !call->is_return)
		return ask_connect_now(h, call, effects_r);
	if (call->kind == APP_CONNECT || call->kind == APP_DISCONNECT)
		return ask_all(h, call, effects_r);
	if (call->kind == APP_EVENT && !acl_allows(h->acl, call, call->name)) {
		deny(call, effects_r);
		return RC_OK;
	}
	if ((rc = relay_call(h->relay, call, effects_r)) != RC_NONE ||
	    (rc = ask_first(h, call, effects_r)) != RC_NONE)
		return rc;
	return backends_find(h->backends, call) == NULL ? RC_NONE : RC_AGAIN;
}

/* ---- later ------------------------------------------------------------------------- */

static enum rc
later_terms(void *arg, const struct app_call *call, struct arena *arena,
    struct later_terms *terms_r)
{
	struct handlers *h = arg;
	struct backend *backend = backends_find(h->backends, call);
	char *error = NULL;

	if (backend == NULL)
		return RC_NONE;
	if (!h->is_loaded && handlers_load(h, &error) != RC_OK) {
		free(error);
		return RC_NONE;         /* the call will say why */
	}
	if ((call->kind == APP_TIMER || call->kind == APP_ACK) &&
	    find_hearing(h, call, false) != NULL)
		return RC_NONE;
	return backend_terms(backend, call->store, arena, terms_r);
}

static void
later_start(void *arg, struct later *later)
{
	struct handlers *h = arg;

	backend_start(backends_find(h->backends, &later->events[0].call), later);
}

/* Modules of the namespace hear who comes and goes, too. */
static enum rc
later_effects(void *arg, struct later *later, size_t i, struct arena *arena,
    struct effects *effects_r)
{
	struct handlers *h = arg;
	struct app_call call = later->events[i].call;
	struct effects more;
	enum rc rc = RC_OK;

	*effects_r = (struct effects){ NULL, NULL, 0 };
	call.arena = arena;
	if (call.kind == APP_CONNECT && !call.is_return)
		rc = ask_connect(h, &call, effects_r);
	else if (call.kind == APP_CONNECT || call.kind == APP_DISCONNECT)
		rc = ask_all(h, &call, effects_r);
	if (rc == RC_OK && !call_is_refused(effects_r) &&
	    (rc = backend_effects(later, i, arena, &more)) == RC_OK) {
		if (call_is_refused(&more))
			store_tally(call.store, TALLY_CONNECT);
		effects_join(effects_r, &more);
	}
	return rc;
}

static void
later_learn(void *arg, struct later *later, bool was_good, struct arena *arena,
    struct effects *effects_r)
{
	(void)arg;
	backend_learn(later, was_good, arena, effects_r);
}

static void
later_end(void *arg, struct later *later)
{
	(void)arg;
	backend_end(later);
}

static const struct app_later later_ops = { later_terms, later_start, later_effects,
	later_learn, later_end };

static bool
handlers_room(void *arg, struct slice nsp, struct slice room, struct room_rule *rule_r)
{
	return rooms_rule(((struct handlers *)arg)->rooms, nsp, room, rule_r);
}

/* Modules are loaded with the first call: until then nobody knows. */
static bool
handlers_hear_bye(void *arg, struct slice nsp)
{
	struct handlers *h = arg;
	struct app_call call = { .kind = APP_DISCONNECT, .nsp = nsp };

	return !h->is_loaded || backends_find(h->backends, &call) != NULL ||
	    find_hearing(h, &call, false) != NULL;
}

/* ---- making ------------------------------------------------------------------------ */

static enum rc
sections_check(const struct conf *conf, char **error_r)
{
	static const char *const kinds[] = {
		"acl", "api", "backend", "relay", "rooms", "token", "users"
	};
	const struct conf_section *s;
	size_t i;

	for (s = conf->sections; s != NULL; s = s->next) {
		for (i = 0; i < N_ELEMENTS(kinds); i++)
			if (strcmp(s->kind, kinds[i]) == 0)
				break;
		if (i == N_ELEMENTS(kinds))
			return section_fault(conf, s->line, error_r, "there is no section "
			    "[%s]; there are acl, backend, relay, rooms, token and users, "
			    "each with a namespace ([relay /chat]), and api, each with a "
			    "name", s->kind);
	}
	return RC_OK;
}

enum rc
handlers_new(const struct conf *conf, struct handlers **handlers_r, char **error_r)
{
	struct handlers *h = mem_alloc(sizeof(*h));
	enum rc rc;

	*handlers_r = NULL;
	*error_r = NULL;
	h->offered = offered;
	h->app = (struct app){ .call = handlers_call,
	    .hears_bye = handlers_hear_bye, .arg = h };
	h->call_conf = (struct call_conf){ (unsigned)conf->max_depth,
	    conf->handler_time };
	if ((rc = sections_check(conf, error_r)) == RC_OK &&
	    (rc = acl_new(conf, &h->acl, error_r)) == RC_OK &&
	    (rc = rooms_new(conf, &h->rooms, error_r)) == RC_OK &&
	    (rc = tokens_new(conf, &clock_system, &h->tokens, error_r)) == RC_OK &&
	    (rc = relay_new(conf, &clock_system, h->rooms, &h->relay, error_r)) == RC_OK)
		rc = modules_new(conf, &h->modules, error_r);
	if (rc == RC_OK)
		rc = backends_new(conf, &clock_system, &h->backends, error_r);
	if (rc == RC_OK) {
		if (backends_concurrency(h->backends) > 0)
			h->app.later = &later_ops;
		if (rooms_some(h->rooms))
			h->app.room = handlers_room;
		*handlers_r = h;
		h = NULL;
	}
	handlers_free(&h);
	return rc;
}

void
handlers_free(struct handlers **handlers)
{
	if (*handlers == NULL)
		return;
	acl_free(&(*handlers)->acl);
	rooms_free(&(*handlers)->rooms);
	tokens_free(&(*handlers)->tokens);
	relay_free(&(*handlers)->relay);
	modules_free(&(*handlers)->modules);
	backends_free(&(*handlers)->backends);
	free(*handlers);
	*handlers = NULL;
}

struct backends *
handlers_backends(struct handlers *handlers)
{
	return handlers->backends;
}

const struct app *
handlers_app(struct handlers *handlers)
{
	return &handlers->app;
}

enum rc
handlers_load(struct handlers *handlers, char **error_r)
{
	enum rc rc = modules_load(handlers->modules, error_r);

	handlers->is_loaded = rc == RC_OK;
	return rc;
}
