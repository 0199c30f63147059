/*
 * house.c - opened from the ground up, and broken politely
 *
 * A responder that exits because of a typing error leaves the site with "500
 * Internal Server Error" and a spawner that starts it again and again.  So
 * whatever cannot be opened makes a gateway that answers 503 with a short code;
 * the whole reason is logged once, and every attempt begins from nothing.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "handlers/handlers.h"
#include "http/api.h"
#include "http/house.h"
#include "http/http.h"
#include "session/engine.h"
#include "session/setup.h"
#include "store/store.h"

enum { DESCRIPTORS_OTHER = 64 };

size_t
house_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return 0;
	return limit.rlim_cur > 2 * DESCRIPTORS_OTHER ?
	    limit.rlim_cur - DESCRIPTORS_OTHER : limit.rlim_cur / 2;
}

static enum rc
open_conf(struct house *h, char **error)
{
	enum log_level level = LOG_LEVEL_INFO;
	enum rc rc = conf_load(h->path, &h->conf, error);

	log_level_parse(h->conf->log_level, &level);
	log_open(level, h->conf->log[0] == '\0' ? NULL : h->conf->log,
	    h->conf->log_max_size);
	if (rc == RC_OK && h->adjust != NULL)
		rc = h->adjust(h->conf, h->arg, error);
	if (rc != RC_OK || h->document_root == NULL)
		return rc;
	return conf_check_place(h->conf, h->document_root, error);
}

static enum rc
open_store(struct house *h, char **error)
{
	enum rc rc = setup_store(h->conf, &clock_system, &h->store, error);

	if (rc == RC_OK && store_wake_fd(h->store) == -1) {
		*error = mem_strdup(store_error(h->store));
		return RC_IO;
	}
	return rc;
}

/* Modules are loaded with the first request, not for a process that waits. */
static enum rc
open_handlers(struct house *h, char **error)
{
	enum rc rc = handlers_new(h->conf, &h->handlers, error);

	if (rc == RC_OK)
		rc = api_check(h->conf, error);
	if (rc == RC_OK && (h->document_root != NULL || h->loads_at_once))
		rc = handlers_load(h->handlers, error);
	return rc;
}

/* The option, but never more than there are descriptors for. */
static size_t
house_limit(const struct house *h)
{
	size_t wanted = (size_t)h->conf->max_parked;

	if (wanted == 0 || (h->max_parked != 0 && h->max_parked < wanted))
		return h->max_parked;
	return wanted;
}

static enum rc
open_engine(struct house *h, char **error)
{
	(void)error;
	h->engine = setup_engine(h->conf, h->store, handlers_app(h->handlers),
	    &clock_system, house_limit(h));
	return RC_OK;
}

/* The code is what a visitor sees: no paths, no names. */
static const struct {
	const char *code;
	enum rc (*open)(struct house *h, char **error);
} steps[] = {
	{ "configuration", open_conf },
	{ "handlers",      open_handlers },
	{ "store",         open_store },
	{ "engine",        open_engine },
};
enum { STEP_STORE = 2 };        /* the first that one who wakes takes */

static void
house_say(struct house *h, const char *code, const char *error)
{
	if (h->said != NULL && strcmp(h->said, error) == 0)
		return;
	free(h->said);
	h->said = mem_strdup(error);
	log_error(h->door, "cannot serve (%s): %s", code, error);
}

static void
store_shut(struct house *h)
{
	gateway_free(&h->gateway);
	if (h->engine != NULL)
		engine_free(&h->engine);
	if (h->store != NULL)
		store_close(&h->store);
}

static void
house_shut(struct house *h)
{
	store_shut(h);
	if (h->handlers != NULL)
		handlers_free(&h->handlers);
	h->is_asleep = false;
}

/* Nothing but a gateway that says why.  Takes error. */
static void
house_break(struct house *h, const char *code, char *error)
{
	if (error == NULL)
		error = mem_strdup("no reason is known");
	house_say(h, code, error);
	house_shut(h);
	h->gateway = gateway_new(h->conf, NULL, code);
	gateway_detail(h->gateway, error);
	free(error);
}

static bool
open_from(struct house *h, size_t step)
{
	char *error = NULL;

	for (; step < N_ELEMENTS(steps); step++) {
		if (steps[step].open(h, &error) != RC_OK) {
			house_break(h, steps[step].code, error);
			return false;
		}
	}
	if (h->said != NULL)
		log_info(h->door, "serving again");
	free(h->said);
	h->said = NULL;
	h->gateway = gateway_new(h->conf, h->engine, NULL);
	if (api_open(h->gateway, h->conf, h->store, &error) != RC_OK)
		free(error);            /* not possible: open_handlers() has looked */
	gateway_limit(h->gateway, house_limit(h));
	return true;
}

bool
house_open(struct house *h)
{
	house_shut(h);
	conf_free(&h->conf);
	return open_from(h, 0);
}

void
house_sleep(struct house *h)
{
	store_shut(h);
	h->is_asleep = true;
}

bool
house_wake(struct house *h)
{
	h->is_asleep = false;
	return open_from(h, STEP_STORE);
}

void
house_place(struct house *h, const char *document_root)
{
	char *error = NULL;

	if (h->document_root != NULL)
		return;
	h->document_root = mem_strdup(document_root);
	if (h->engine != NULL &&
	    conf_check_place(h->conf, document_root, &error) != RC_OK)
		house_break(h, "configuration", error);
	else if (h->engine != NULL && handlers_load(h->handlers, &error) != RC_OK)
		house_break(h, "handlers", error);
}

void
house_close(struct house *h)
{
	house_shut(h);
	conf_free(&h->conf);
	free(h->said);
	free(h->document_root);
	h->said = h->document_root = NULL;
}
