/*
 * backend_answer.c - what a backend answered, and whether it is to be believed
 *
 * Every refusal is one line that names the backend, the rule that was broken, and
 * what to do.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "handlers/backend_private.h"
#include "handlers/effect_json.h"

static void __attribute__((format(printf, 3, 4)))
refuse(struct backend_call *call, const char *rule, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	free(call->why);
	call->why = mem_printf("rule=%s status=%ld: %s", rule, call->status, text);
	if (call->later == NULL)
		return;
	log_warn("backend", "backend=%s key=%s event=%" PRIu64 " attempt=%u %s",
	    call->backend->name, call->key, call->later->events[0].n,
	    call->later->events[0].attempt, call->why);
}

static bool
is_json(const struct backend_call *call)
{
	struct slice type = slice_str(call->content_type), essence;

	return slice_cut(&type, ';', &essence) &&
	    slice_eq_nocase(slice_trim(essence), SLICE("application/json"));
}

/* Status 200: it must be an answer of ours. */
static void
judge_body(struct backend_call *call)
{
	struct slice body = buf_slice(&call->answer), rest, item;
	int64_t version = 0;

	if (!is_json(call)) {
		refuse(call, "content-type", "answered '%s', application/json is "
		    "wanted: is this address really the application's?",
		    call->content_type);
		return;
	}
	if (json_check(body, call->backend->all->max_depth) != RC_OK ||
	    json_kind(body) != JSON_OBJECT ||
	    !json_int(json_member(body, "siogate"), &version) || version != 1) {
		refuse(call, "answer", "no JSON object with \"siogate\": 1");
		return;
	}
	rest = json_member(body, "events");
	if (rest.p == NULL)
		return;
	if (json_kind(rest) != JSON_ARRAY) {
		refuse(call, "answer", "events is no array");
		return;
	}
	call->events = rest;
	json_open(&rest);
	while (json_next(&rest, &item))
		if (json_kind(item) != JSON_OBJECT ||
		    !json_int(json_member(item, "n"), &version)) {
			refuse(call, "answer", "an event without its n");
			return;
		}
}

void
backend_answer_judge(struct backend_call *call, CURLcode code)
{
	const struct backend *b = call->backend;
	const struct curl *curl = b->all->curl;

	if (call->is_too_big)
		refuse(call, "answer_max", "the answer is larger than %" PRId64
		    " bytes", b->answer_max);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		refuse(call, "timeout", "no answer in %" PRId64 " ms", b->timeout);
	else if (code != CURLE_OK)
		refuse(call, "connection", "%s", curl->easy_strerror(code));
	else if (call->status == 401 || call->status == 403)
		refuse(call, "signature", "it does not believe us: compare the secrets, "
		    "and the clocks of both machines");
	else if (call->status >= 300 && call->status < 400)
		refuse(call, "redirect", "redirects are not followed: write the "
		    "address that answers into url");
	else if (call->status == 200)
		judge_body(call);
	else if (call->status != 204)
		refuse(call, "status", "200 or 204 is wanted");
}

/* ---- effects ----------------------------------------------------------------------- */

static struct slice
event_of(const struct backend_call *call, uint64_t n)
{
	struct slice rest = call->events, item;
	int64_t each;

	json_open(&rest);
	while (json_next(&rest, &item))
		if (json_int(json_member(item, "n"), &each) && (uint64_t)each == n)
			return item;
	return SLICE_NONE;
}

/* The application failed at this one, and says so. */
static void
read_error(struct backend_call *call, const struct later_event *event,
    struct slice error, struct arena *arena, struct effects *effects)
{
	struct buf text = BUF_INIT;
	struct effect *f;

	json_unquote(&text, error);
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < 0x20)
			text.p[i] = ' ';
	log_error("backend", "backend=%s event=%" PRIu64 " name=%.*s error=\"%.*s\"",
	    call->backend->name, event->n, SLICE_ARGS(event->call.name),
	    SLICE_ARGS(slice_head(buf_slice(&text), 500)));
	buf_free(&text);
	if (event->call.kind != APP_CONNECT || event->call.is_return)
		return;
	f = effects_add(effects, arena, EFFECT_REFUSE);
	f->name = SLICE("Internal error");
}

enum rc
backend_effects(struct later *later, size_t i, struct arena *arena,
    struct effects *effects)
{
	struct backend_call *call = later->app;
	const struct later_event *event = &later->events[i];
	const struct backends *all = call->backend->all;
	struct effect_rules rules = { .nsp = event->call.nsp,
		.own_id = event->call.id.n > 0 ? event->call.id : SLICE_NONE,
		.is_connect = event->call.kind == APP_CONNECT,
		.max_event = all->max_event, .max_name = all->max_name,
		.max_depth = all->max_depth };
	struct slice item = event_of(call, event->n), error, list;
	char *why;
	enum rc rc;

	*effects = (struct effects){ NULL, NULL, 0 };
	if (item.p == NULL)
		return RC_OK;
	if ((error = json_member(item, "error")).p != NULL) {
		read_error(call, event, error, arena, effects);
		return RC_OK;
	}
	if ((list = json_member(item, "effects")).p == NULL)
		return RC_OK;
	rc = effects_read(&rules, list, arena, effects, &why);
	if (rc != RC_OK)
		refuse(call, "effects", "event %" PRIu64 ", %s", event->n, why);
	free(why);
	return rc;
}
