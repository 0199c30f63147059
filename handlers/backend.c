/*
 * backend.c - applications that are asked by HTTP: which, when, and how often
 *
 * The breaker is two values of the store, so that all processes know: how many
 * calls have failed in a row, and until when nobody calls.  After the pause one
 * process tries (a key that works once); its success closes the breaker.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "handlers/backend_private.h"
#include "handlers/pattern.h"
#include "handlers/section.h"
#include "store/store.h"

enum {
	LEASE_MS = 300000,              /* its process dies sooner, as a rule */
	LOOK_MS = 200,                  /* so old may be what we know of the breaker */
	FAILURES_TTL = 600000
};

/* ---- which -------------------------------------------------------------------- */

static bool
serves(const struct backend *b, struct slice nsp)
{
	return pattern_matches(slice_str(b->name), nsp);
}

bool
backends_serve(const struct backends *all, struct slice nsp)
{
	const struct backend *b;

	for (b = all->first; b != NULL; b = b->next)
		if (serves(b, nsp))
			return true;
	return false;
}

struct backend *
backends_find(const struct backends *all, const struct app_call *call)
{
	struct backend *b;

	for (b = all->first; b != NULL; b = b->next)
		if (serves(b, call->nsp) && (call->kind != APP_EVENT ||
		    pattern_list_matches(b->events, call->name)))
			return b;
	return NULL;
}

int64_t
backends_concurrency(const struct backends *all)
{
	const struct backend *b;
	int64_t n = 0;

	for (b = all->first; b != NULL; b = b->next)
		n += b->concurrency;
	return n;
}

/* ---- when ---------------------------------------------------------------------- */

static struct slice
key_of(const struct backend *b, struct arena *arena, const char *what)
{
	return arena_printf(arena, "breaker %s %s", b->name, what);
}

/* A number of the breaker's; 0: none. */
static int64_t
breaker_get(const struct backend *b, struct store *store, struct arena *arena,
    const char *what)
{
	struct slice value;
	int64_t n = 0;

	if (store_value(store, key_of(b, arena, what), arena, &value) == RC_OK)
		json_int(value, &n);
	return n;
}

static void
breaker_look(struct backend *b, struct store *store, struct arena *arena)
{
	int64_t now = clock_boot(b->all->clock);

	if (b->until_seen != 0 && now - b->until_seen < LOOK_MS)
		return;
	b->until = breaker_get(b, store, arena, "until");
	b->until_seen = now;
}

enum rc
backend_terms(struct backend *b, struct store *store, struct arena *arena,
    struct later_terms *terms)
{
	int64_t wall = clock_wall(b->all->clock);

	terms->batch = (size_t)b->batch;
	terms->attempts = (unsigned)b->attempts;
	terms->lease_ms = LEASE_MS + 2 * b->timeout;
	breaker_look(b, store, arena);
	if (b->until > wall) {
		terms->not_before = clock_boot(b->all->clock) +
		    (b->until - wall < b->breaker_ms ? b->until - wall : b->breaker_ms);
		return RC_AGAIN;
	}
	if ((int64_t)b->n_out >= b->concurrency)
		return RC_AGAIN;
	if (b->until != 0) {
		terms->once = arena_printf(arena, "breaker %s %" PRId64, b->name, b->until);
		terms->once_ms = b->timeout + 5000;
	}
	return RC_OK;
}

static struct effect *
value_effect(const struct backend *b, struct arena *arena, struct effects *effects,
    const char *what)
{
	struct effect *f = effects_add(effects, arena, EFFECT_VALUE);

	f->name = key_of(b, arena, what);
	return f;
}

static void
learn_success(struct backend *b, struct later *later, struct arena *arena,
    struct effects *effects)
{
	if (breaker_get(b, later->store, arena, "failures") == 0)
		return;
	value_effect(b, arena, effects, "failures");
	value_effect(b, arena, effects, "until");
	if (b->until != 0)
		log_warn("backend", "backend=%s answers again", b->name);
	b->until = 0;
}

static void
learn_failure(struct backend *b, struct later *later, struct arena *arena,
    struct effects *effects)
{
	int64_t failures = breaker_get(b, later->store, arena, "failures") + 1;
	struct effect *f = value_effect(b, arena, effects, "failures");

	f->merge = MERGE_ADD;
	f->data = SLICE("1");
	f->ttl_ms = FAILURES_TTL + b->breaker_ms;
	if (failures < b->breaker)
		return;
	b->until = clock_wall(b->all->clock) + b->breaker_ms;
	b->until_seen = clock_boot(b->all->clock);
	f = value_effect(b, arena, effects, "until");
	f->data = arena_printf(arena, "%" PRId64, b->until);
	f->ttl_ms = FAILURES_TTL + b->breaker_ms;
	log_error("backend", "backend=%s rule=breaker failures=%" PRId64 ": no calls for %"
	    PRId64 " ms", b->name, failures, b->breaker_ms);
}

void
backend_learn(struct later *later, bool was_good, struct arena *arena,
    struct effects *effects)
{
	struct backend *b = ((struct backend_call *)later->app)->backend;

	if (was_good)
		learn_success(b, later, arena, effects);
	else
		learn_failure(b, later, arena, effects);
}

/* ---- calls --------------------------------------------------------------------------- */

void
backend_start(struct backend *b, struct later *later)
{
	struct backend_call *call = backend_call_new(b, later, backend_key(later));

	later->app = call;
	backend_body_write(b, later, call->key, clock_wall(b->all->clock), &call->body);
	log_debug("backend", "backend=%s key=%s events=%zu attempt=%u", b->name,
	    call->key, later->n, later->events[0].attempt);
	backend_call_start(call);
}

void
backend_end(struct later *later)
{
	backend_call_free(later->app);
	later->app = NULL;
}

static void
ping(struct backend *b, const char *store_id, backend_ping_fn *visit, void *arg)
{
	struct backend_call *call = backend_call_new(b, NULL,
	    mem_printf("%s-0-%" PRIu64, store_id, random_u64() >> 20));
	int64_t wall = clock_wall(b->all->clock);

	buf_printf(&call->body, "{\"siogate\":1,\"store\":\"%s\",\"key\":\"%s\",\"sent\":%"
	    PRId64 ",\"nsp\":null,\"speaker\":\"none\",\"values\":{},\"events\":[]}",
	    store_id, call->key, wall);
	backend_call_start(call);
	while (!call->is_over)
		backends_wait(b->all, 100);
	visit(arg, b->name, call->why == NULL, call->why == NULL ? b->url : call->why);
	backend_call_free(call);
}

void
backends_ping(struct backends *all, const char *store_id, backend_ping_fn *visit,
    void *arg)
{
	struct backend *b;

	for (b = all->first; b != NULL; b = b->next)
		ping(b, store_id, visit, arg);
}

/* ---- making ------------------------------------------------------------------------------ */

enum rc
backends_new(const struct conf *conf, const struct clock *clock,
    struct backends **backends_r, char **error_r)
{
	struct backends *all = mem_alloc(sizeof(*all));
	struct backend **end = &all->first;
	const struct conf_section *section;
	enum rc rc = RC_OK;

	all->clock = clock;
	all->set = -1;
	all->timer_at = INT64_MAX;
	all->max_depth = (unsigned)conf->max_depth;
	all->max_event = conf->max_event;
	all->max_name = conf->max_name;
	*backends_r = NULL;
	for (section = conf->sections; rc == RC_OK && section != NULL;
	    section = section->next) {
		if (strcmp(section->kind, "backend") != 0)
			continue;
		*end = mem_alloc(sizeof(**end));
		(*end)->all = all;
		rc = curl_missing() != NULL ?
		    section_fault(conf, section->line, error_r, "%s", curl_missing()) :
		    backend_rule_read(conf, section, *end, error_r);
		end = &(*end)->next;
	}
	if (rc == RC_OK) {
		*backends_r = all;
		all = NULL;
	}
	backends_free(&all);
	return rc;
}

void
backends_free(struct backends **backends)
{
	struct backends *all = *backends;
	struct backend *b;

	if (all == NULL)
		return;
	for (b = all->first; b != NULL; b = b->next)
		backend_call_forget(b);
	if (all->multi != NULL)
		all->curl->multi_cleanup(all->multi);
	if (all->set != -1)
		close(all->set);
	while ((b = all->first) != NULL) {
		all->first = b->next;
		backend_rule_free(b);
		free(b);
	}
	free(all);
	*backends = NULL;
}
