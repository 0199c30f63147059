/*
 * check.c - what is configured, where it came from, and what is wrong with it
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "ctl/check.h"
#include "handlers/backend.h"
#include "handlers/curl.h"
#include "handlers/handlers.h"
#include "http/api.h"
#include "session/setup.h"
#include "store/store.h"

void
found(struct findings *f, bool is_good, const char *what, const char *detail)
{
	f->bad += !is_good;
	if (!f->ctl->json) {
		printf("  %s  %s%s%s\n", is_good ? "ok  " : "FAIL", what,
		    detail[0] == '\0' ? "" : ": ", detail);
		return;
	}
	if (f->json.n > 1)
		buf_char(&f->json, ',');
	buf_printf(&f->json, "{\"ok\":%s,\"check\":", is_good ? "true" : "false");
	json_quote(&f->json, slice_str(what));
	buf_str(&f->json, ",\"detail\":");
	json_quote(&f->json, slice_str(detail));
	buf_char(&f->json, '}');
}

static void
show_options(struct ctl *ctl)
{
	struct buf value = BUF_INIT;
	size_t i;

	printf("configuration: %s\n", ctl->conf->path != NULL ? ctl->conf->path :
	    "none found, defaults rule");
	for (i = 0; i < conf_options_count; i++) {
		buf_reset(&value);
		conf_show(ctl->conf, &conf_options[i], &value);
		printf("  %-22s %-28.*s %s\n", conf_options[i].name,
		    SLICE_ARGS(buf_slice(&value)), conf_origin(ctl->conf, conf_options[i].name));
	}
	buf_free(&value);
}

static void
check_store(struct findings *f)
{
	struct store *store = NULL;
	struct store_stats stats;
	char *error = NULL;
	char detail[128];

	if (setup_store(f->ctl->conf, &clock_system, &store, &error) != RC_OK) {
		found(f, false, "the store opens", error != NULL ? error : "");
		free(error);
		return;
	}
	found(f, true, "the store opens and takes writes", f->ctl->conf->store);
	if (store_stats(store, &stats) == RC_OK) {
		snprintf(detail, sizeof(detail), "%" PRId64 " sessions, %" PRId64
		    " records, %" PRId64 " bytes of %" PRId64, stats.sessions,
		    stats.records, stats.log_bytes, f->ctl->conf->store_max_size);
		found(f, f->ctl->conf->store_max_size == 0 ||
		    stats.log_bytes < f->ctl->conf->store_max_size,
		    "the log is within store_max_size", detail);
		snprintf(detail, sizeof(detail), "%" PRId64, stats.set_aside);
		found(f, stats.set_aside == 0, "no task was set aside", detail);
	}
	store_close(&store);
}

static void
check_handlers(struct findings *f)
{
	struct handlers *handlers = NULL;
	char *error = NULL;

	if (handlers_new(f->ctl->conf, &handlers, &error) != RC_OK ||
	    handlers_load(handlers, &error) != RC_OK)
		found(f, false, "handlers load", error != NULL ? error : "");
	else
		found(f, true, "handlers load", f->ctl->conf->modules);
	free(error);
	handlers_free(&handlers);
}

static void
ping_found(void *arg, const char *name, bool ok, const char *detail)
{
	char *what = mem_printf("backend %s answers and knows the secret", name);

	found(arg, ok, what, detail);
	free(what);
}

/* Where each held poll occupies a process, three kinds share them. */
static void
check_arithmetic(struct findings *f)
{
	const int64_t slots = f->ctl->conf->slots;
	char *detail;

	if (slots == 0)
		return;
	detail = mem_printf("polls (slots, %" PRId64 ") + sends + backend calls <= the host's "
	    "entry processes, and <= MaxRequestWorkers where the application is on the same "
	    "Apache: with one send and one call at a time that is %" PRId64 " at least", slots,
	    slots + 2);
	found(f, true, "processes", detail);
	free(detail);
}

static void
check_backends(struct findings *f)
{
	struct backends *backends = NULL;
	char *error = NULL;

	if (backends_new(f->ctl->conf, &clock_system, &backends, &error) != RC_OK) {
		/* the handlers have said it */
	} else if (backends_concurrency(backends) > 0) {
		check_arithmetic(f);
		backends_ping(backends, "check", ping_found, f);
	} else if (curl_missing() != NULL) {
		found(f, true, "no backend", curl_missing());
	}
	free(error);
	error = NULL;
	backends_free(&backends);
	if (api_check(f->ctl->conf, &error) != RC_OK)
		found(f, false, "the API's tokens", error);
	free(error);
}

static void
check_client(struct findings *f)
{
	char *path = mem_printf("%s/%s", f->ctl->conf->client_dir, f->ctl->conf->client);

	found(f, access(path, R_OK) == 0, "the client bundle is there", path);
	free(path);
}

static void
check_limits(struct findings *f)
{
	struct rlimit limit;
	char detail[96];

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	snprintf(detail, sizeof(detail), "%llu, so that many polls less 64 can be held by one process",
	    (unsigned long long)limit.rlim_max);
	found(f, limit.rlim_max >= 256, "file descriptors", detail);
	snprintf(detail, sizeof(detail), "%" PRId64, f->ctl->conf->slots);
	found(f, true, f->ctl->conf->slots == 0 ?
	    "slots: no limit (right for lighttpd, nginx, mod_proxy_fcgi)" :
	    "slots (polling clients at once, for mod_fcgid and CGI)", detail);
}

int
command_check(struct ctl *ctl)
{
	struct findings f = { .ctl = ctl };
	int failed;

	buf_char(&f.json, '[');
	if (!ctl->json)
		show_options(ctl);
	check_store(&f);
	check_handlers(&f);
	check_backends(&f);
	check_client(&f);
	check_limits(&f);
	check_log(&f);
	check_listen(&f);
	check_proxies(&f);
	buf_char(&f.json, ']');
	if (ctl->json)
		ctl_print(&f.json);
	buf_free(&f.json);
	if (ctl->url != NULL) {
		if ((failed = probe_url(ctl, ctl->url)) < 0)
			return ctl_fail(EXIT_FAILED, "--url needs libcurl: install libcurl4");
		f.bad += failed;
	}
	return f.bad == 0 ? EXIT_DONE : EXIT_FAILED;
}
