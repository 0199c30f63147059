/*
 * call.c - one function of a module, called under watch
 *
 * The function gets a list of effects of its own.  Only when it has returned 0,
 * and no sio_ function has found a fault, is the list handed on.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/log.h"
#include "handlers/call.h"
#include "handlers/sio_private.h"
#include "handlers/watchdog.h"

static sio_fn *
event_find(const struct sio_event *row, struct slice name, bool catch_all)
{
	for (; row != NULL && row->name != NULL; row++)
		if (catch_all ? strcmp(row->name, "*") == 0 :
		    slice_is(name, row->name))
			return row->fn;
	return NULL;
}

sio_fn *
call_find(const struct sio_module *module, const struct app_call *call,
    bool catch_all)
{
	switch (call->kind) {
	case APP_CONNECT:
		/* who hears of no disconnect needs no return */
		return call->is_return && module->disconnect == NULL ? NULL :
		    module->connect;
	case APP_DISCONNECT:
		return module->disconnect;
	case APP_EVENT:
		return event_find(module->events, call->name, catch_all);
	case APP_TIMER:
	case APP_ACK:
		return sio_named(module, call->name);
	}
	return NULL;
}

static struct slice
what(const struct app_call *call)
{
	switch (call->kind) {
	case APP_CONNECT:
		return SLICE("connect");
	case APP_DISCONNECT:
		return SLICE("disconnect");
	default:
		return call->name;
	}
}

/* RC_OK or RC_BAD_INPUT; why in reason_r, in the call's arena. */
static enum rc
run(const struct call_conf *conf, const struct sio_module *module, sio_fn *fn,
    const struct app_call *call, const char *reason, struct effects *effects,
    const char **reason_r)
{
	struct sio_state state = { .failure = NULL };
	struct sio sio = {
		.call = call, .module = module, .arena = call->arena,
		.effects = effects, .state = &state,
		.max_depth = conf->max_depth, .reason = reason,
	};
	int result;

	watchdog_begin(module->name, what(call), conf->handler_time);
	result = fn(&sio);
	watchdog_end();

	*reason_r = state.failure;
	if (state.failure == NULL && result != 0)
		*reason_r = arena_str(call->arena, arena_printf(call->arena,
		    "returned %d", result));
	if (*reason_r == NULL)
		return RC_OK;
	log_error("handlers", "module=%s nsp=%.*s event=%.*s err=\"%s\"",
	    module->name, SLICE_ARGS(call->nsp), SLICE_ARGS(what(call)), *reason_r);
	return RC_BAD_INPUT;
}

bool
call_is_refused(const struct effects *effects)
{
	const struct effect *e;

	for (e = effects->first; e != NULL; e = e->next)
		if (e->kind == EFFECT_REFUSE)
			return true;
	return false;
}

static enum rc
ask_error_hook(const struct call_conf *conf, const struct sio_module *module,
    const struct app_call *call, const char *reason, struct effects *effects)
{
	const char *second;

	if (module->error == NULL ||
	    run(conf, module, module->error, call, reason, effects, &second) != RC_OK)
		return RC_BAD_INPUT;
	/* The hook may only have wanted to write a line: nobody gets in by that. */
	if (call->kind == APP_CONNECT && !call->is_return && !call_is_refused(effects))
		effects_add(effects, call->arena, EFFECT_REFUSE)->name =
		    SLICE("Internal error");
	return RC_OK;
}

enum rc
call_module(const struct call_conf *conf, const struct sio_module *module,
    const struct app_call *call, struct effects *effects)
{
	struct effects own = { NULL, NULL, 0 };
	sio_fn *fn = call_find(module, call, false);
	const char *reason;
	enum rc rc;

	if (fn == NULL && call->kind == APP_EVENT)
		fn = call_find(module, call, true);
	if (fn == NULL)
		return RC_NONE;
	rc = run(conf, module, fn, call, NULL, &own, &reason);
	if (rc == RC_BAD_INPUT) {
		own = (struct effects){ NULL, NULL, 0 };
		rc = ask_error_hook(conf, module, call, reason, &own);
	}
	if (rc == RC_OK)
		effects_join(effects, &own);
	return rc;
}
