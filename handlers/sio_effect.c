/*
 * sio_effect.c - what a module asks for: effects, in the order of the calls
 *
 * Nothing happens here.  Each function checks its arguments and adds an effect
 * to the call's list; the session floor applies the list when the function has
 * returned.  A wrong argument makes the whole call fail: half of what somebody
 * meant is worse than nothing.
 *
 * Must stay true:
 *   - whatever lies in an effect lies in the call's arena
 *   - nobody is never everybody: an empty selector adds no effect
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/log.h"
#include "handlers/pattern.h"
#include "handlers/selector.h"
#include "handlers/sio_private.h"

static struct effect *
add(struct sio *sio, enum effect_kind kind)
{
	sio->state->open = NULL;
	sio->state->emit_is_void = false;
	return effects_add(sio->effects, sio->arena, kind);
}

enum rc
sio_select(const struct sio *sio, const char *who, struct selector *selector_r)
{
	char *error;
	enum rc rc;

	rc = selector_parse(sio->arena, slice_str(who), sio->call->id, selector_r,
	    &error);
	if (rc == RC_BAD_INPUT)
		sio_fail(sio, "%s", error);
	free(error);
	return rc;
}

struct slice
sio_key(const struct sio *sio, const char *kind, const char *name)
{
	struct slice key, nsp = sio->call->nsp;
	struct buf b = BUF_INIT;

	buf_str(&b, kind);
	buf_char(&b, ' ');
	buf_add(&b, nsp);
	buf_char(&b, '\0');
	buf_str(&b, name);
	key = arena_dup(sio->arena, buf_slice(&b));
	buf_free(&b);
	return key;
}

const char *
sio_to(struct sio *sio, const char *fmt, ...)
{
	struct buf out = BUF_INIT;
	const char *p, *name, *text;
	va_list ap;

	va_start(ap, fmt);
	for (p = fmt; *p != '\0'; p++) {
		if (*p != '%') {
			buf_char(&out, *p);
		} else if (p[1] == 's') {
			name = va_arg(ap, const char *);
			selector_quote(&out, slice_str(name == NULL ? "" : name));
			p++;
		} else {
			sio_fail(sio, "sio_to: '%s' has a conversion that is not %%s",
			    fmt);
			break;
		}
	}
	va_end(ap);
	text = arena_str(sio->arena, buf_slice(&out));
	buf_free(&out);
	return text;
}

/* ---- emit ----------------------------------------------------------------- */

static bool
event_may(struct sio *sio, const char *event)
{
	if (event != NULL && !event_is_reserved(slice_str(event)))
		return true;
	if (event == NULL)
		sio_fail(sio, "sio_emit: no event name");
	else
		sio_fail(sio, "sio_emit: '%s' is a name that clients keep for "
		    "themselves", event);
	return false;
}

static void
emit(struct sio *sio, const char *to, const char *event, struct slice args)
{
	struct selector who;
	struct effect *e;
	enum rc rc;

	sio->state->open = NULL;
	sio->state->emit_is_void = true;
	if (args.p == NULL || !event_may(sio, event))
		return;
	if ((rc = sio_select(sio, to, &who)) != RC_OK)
		return;
	e = add(sio, EFFECT_EMIT);
	e->who = who;
	e->name = arena_dup(sio->arena, slice_str(event));
	e->data = args;
	sio->state->open = e;
}

void
sio_emit(struct sio *sio, const char *to, const char *event, const char *args)
{
	emit(sio, to, event, sio_take_array(sio, "sio_emit", args));
}

void
sio_emitf(struct sio *sio, const char *to, const char *event, const char *fmt, ...)
{
	struct slice args;
	va_list ap;

	va_start(ap, fmt);
	args = sio_format(sio, fmt, ap);
	va_end(ap);
	if (args.p != NULL)
		args = sio_take_array(sio, "sio_emitf", args.p);
	emit(sio, to, event, args);
}

/* The emit that takes an option; NULL when it was to nobody. */
static struct effect *
open_emit(struct sio *sio, const char *caller, bool ack_too)
{
	struct effect *e = sio->state->open;

	if (e != NULL && (e->kind == EFFECT_EMIT || ack_too))
		return e;
	if (!sio->state->emit_is_void)
		sio_fail(sio, "%s: not right behind an emit", caller);
	return NULL;
}

void
sio_emit_volatile(struct sio *sio)
{
	struct effect *e = open_emit(sio, "sio_emit_volatile", false);

	if (e != NULL)
		e->is_volatile = true;
}

void
sio_emit_keep(struct sio *sio, int64_t ms, int64_t count)
{
	struct effect *e = open_emit(sio, "sio_emit_keep", false);

	if (e != NULL) {
		e->keep_ms = ms;
		e->keep_count = count;
	}
}

void
sio_emit_mail(struct sio *sio, int64_t ms, int64_t count)
{
	struct effect *e = open_emit(sio, "sio_emit_mail", false);

	if (e != NULL) {
		e->mail_ms = ms;
		e->mail_count = count;
	}
}

void
sio_emit_ask(struct sio *sio, const char *name, const char *context,
    int64_t timeout_ms)
{
	struct effect *e = open_emit(sio, "sio_emit_ask", false);

	if (sio_named(sio->module, slice_str(name)) == NULL)
		sio_fail(sio, "sio_emit_ask: '%s' is not among the module's named "
		    "functions", name == NULL ? "" : name);
	if (e != NULL) {
		e->question = arena_dup(sio->arena, slice_str(name));
		e->context = arena_dup(sio->arena, slice_str(context));
		e->timeout_ms = timeout_ms;
	}
}

void
sio_emit_attach(struct sio *sio, const void *data, size_t size)
{
	struct effect *e = open_emit(sio, "sio_emit_attach", true);
	struct buf packed = BUF_INIT;

	if (e == NULL)
		return;
	buf_add(&packed, e->attachments);
	pack_add(&packed, slice_of(size == 0 ? "" : data, size));
	e->attachments = arena_dup(sio->arena, buf_slice(&packed));
	buf_free(&packed);
}

void
sio_emit_attachments(struct sio *sio)
{
	struct effect *e = open_emit(sio, "sio_emit_attachments", true);
	struct slice attachments = sio_attachments(sio, 0);

	if (e != NULL && attachments.n > 0)
		e->attachments = attachments;
}

/* ---- acks ------------------------------------------------------------------- */

static void
ack(struct sio *sio, struct slice args)
{
	struct effect *e;

	sio->state->open = NULL;
	sio->state->emit_is_void = true;
	if (args.p == NULL || !sio->call->wants_ack)
		return;
	if (sio->state->has_acked) {
		log_warn("handlers", "module=%s event=%s err=\"a second ack is "
		    "ignored\"", sio->module->name, sio_name(sio));
		return;
	}
	e = add(sio, EFFECT_ACK);
	e->data = args;
	sio->state->open = e;
	sio->state->has_acked = true;
}

void
sio_ack(struct sio *sio, const char *args)
{
	ack(sio, sio_take_array(sio, "sio_ack", args));
}

void
sio_ackf(struct sio *sio, const char *fmt, ...)
{
	struct slice args;
	va_list ap;

	va_start(ap, fmt);
	args = sio_format(sio, fmt, ap);
	va_end(ap);
	if (args.p != NULL)
		args = sio_take_array(sio, "sio_ackf", args.p);
	ack(sio, args);
}

/* ---- rooms, and the end ------------------------------------------------------ */

/* One effect for the own socket, which may not be in the store yet (connect),
 * and one for everybody else who is meant. */
static void
add_for(struct sio *sio, enum effect_kind kind, const char *who,
    struct slice room, bool hard)
{
	struct selector others;
	struct effect *e;
	bool only_me;

	if (sio_select(sio, who, &others) != RC_OK)
		return;
	if (selector_names_me(slice_str(who), &only_me)) {
		e = add(sio, kind);
		e->self = true;
		e->name = room;
		e->engine = hard;
	}
	if (!only_me) {
		e = add(sio, kind);
		e->who = others;
		e->name = room;
		e->engine = hard;
	}
}

static void
member(struct sio *sio, enum effect_kind kind, const char *who, const char *room)
{
	if (room == NULL || *room == '\0')
		sio_fail(sio, "%s: no room", kind == EFFECT_JOIN ? "sio_join" :
		    "sio_leave");
	else
		add_for(sio, kind, who, arena_dup(sio->arena, slice_str(room)), false);
}

void
sio_join(struct sio *sio, const char *who, const char *room)
{
	member(sio, EFFECT_JOIN, who, room);
}

void
sio_leave(struct sio *sio, const char *who, const char *room)
{
	member(sio, EFFECT_LEAVE, who, room);
}

void
sio_disconnect(struct sio *sio, const char *who, bool hard)
{
	add_for(sio, EFFECT_DISCONNECT, who, SLICE_NONE, hard);
}

void
sio_refuse(struct sio *sio, const char *message, const char *data)
{
	struct slice json = SLICE_NONE;
	struct effect *e;

	if (sio->call->kind != APP_CONNECT) {
		sio_fail(sio, "sio_refuse: only a connect can be refused");
		return;
	}
	if (data != NULL && (json = sio_take_json(sio, "sio_refuse", data)).p == NULL)
		return;
	e = add(sio, EFFECT_REFUSE);
	e->name = arena_dup(sio->arena, slice_str(message == NULL ? "refused" :
	    message));
	e->data = json;
}

/* ---- what lasts --------------------------------------------------------------- */

void
sio_set_data(struct sio *sio, const char *json)
{
	struct slice data = sio_take_json(sio, "sio_set_data",
	    json == NULL ? "null" : json);

	if (data.p != NULL)
		add(sio, EFFECT_DATA)->data = data;
}

void
sio_set_user(struct sio *sio, const char *user)
{
	add(sio, EFFECT_USER)->name = arena_dup(sio->arena,
	    slice_str(user == NULL ? "" : user));
}

void
sio_once(struct sio *sio, const char *key, int64_t ttl_ms)
{
	struct effect *e;

	if (key == NULL || ttl_ms <= 0) {
		sio_fail(sio, "sio_once: needs a key and a time");
		return;
	}
	e = add(sio, EFFECT_ONCE);
	e->name = sio_key(sio, "once", key);
	e->ttl_ms = ttl_ms;
}

void
sio_set_value(struct sio *sio, const char *key, const char *json, int64_t ttl_ms)
{
	struct slice data = SLICE_NONE;
	struct effect *e;

	if (key == NULL) {
		sio_fail(sio, "sio_set_value: no key");
		return;
	}
	if (json != NULL &&
	    (data = sio_take_json(sio, "sio_set_value", json)).p == NULL)
		return;
	e = add(sio, EFFECT_VALUE);
	e->name = sio_key(sio, "value", key);
	e->data = data;
	e->ttl_ms = ttl_ms;
}

/* ---- appointments --------------------------------------------------------------- */

sio_fn *
sio_named(const struct sio_module *module, struct slice name)
{
	struct slice head = slice_head(name, slice_find(name, ':'));
	const struct sio_event *row;
	sio_fn *fn = NULL;

	for (row = module->named; row != NULL && row->name != NULL; row++) {
		if (slice_is(name, row->name))
			return row->fn;
		if (fn == NULL && slice_is(head, row->name))
			fn = row->fn;
	}
	return fn;
}

static void
timer(struct sio *sio, const char *name, const char *context, bool own,
    int64_t after_ms, int64_t every_ms)
{
	struct effect *e;

	if (own && sio->call->kind == APP_DISCONNECT) {
		sio_fail(sio, "timer '%s': this socket is gone, ask with sio_nsp_after",
		    name == NULL ? "" : name);
		return;
	}
	if (sio_named(sio->module, slice_str(name)) == NULL) {
		sio_fail(sio, "timer '%s' is not among the module's named functions",
		    name == NULL ? "" : name);
		return;
	}
	e = add(sio, EFFECT_TIMER);
	e->self = own && sio->call->id.n > 0;
	e->name = arena_dup(sio->arena, slice_str(name));
	e->context = arena_dup(sio->arena, slice_str(context));
	e->after_ms = after_ms;
	e->every_ms = every_ms;
}

static int64_t
not_negative(int64_t ms)
{
	return ms < 0 ? 0 : ms;
}

/* A period of nothing would keep a process busy for ever. */
static int64_t
period(int64_t ms)
{
	return ms < 100 ? 100 : ms;
}

void
sio_after(struct sio *sio, int64_t ms, const char *name, const char *context)
{
	timer(sio, name, context, true, not_negative(ms), 0);
}

void
sio_every(struct sio *sio, int64_t ms, const char *name, const char *context)
{
	timer(sio, name, context, true, period(ms), period(ms));
}

void
sio_nsp_after(struct sio *sio, int64_t ms, const char *name, const char *context)
{
	timer(sio, name, context, false, not_negative(ms), 0);
}

void
sio_nsp_every(struct sio *sio, int64_t ms, const char *name, const char *context)
{
	timer(sio, name, context, false, period(ms), period(ms));
}

void
sio_cancel(struct sio *sio, const char *name)
{
	timer(sio, name, NULL, true, -1, 0);
}

void
sio_nsp_cancel(struct sio *sio, const char *name)
{
	timer(sio, name, NULL, false, -1, 0);
}
