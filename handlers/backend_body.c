/*
 * backend_body.c - what a backend is told (doc/backend.md)
 *
 * Must stay true:
 *   - the same batch has the same key, whoever sends it and how often
 *   - cookies and credentials of a visitor leave only from requests that come from
 *     the site itself; those of the handshake never do
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/json.h"
#include "handlers/backend_private.h"
#include "handlers/effect_json.h"
#include "handlers/pattern.h"
#include "handlers/session_json.h"
#include "store/store.h"
#include "wire/codec.h"

enum { VALUES_MAX = 1000 };

char *
backend_key(const struct later *later)
{
	return mem_printf("%s-%" PRIu64 "-%" PRIu64, later->store_id, later->lane,
	    later->events[0].n);
}

/* ---- who speaks -------------------------------------------------------------- */

const char *
backend_speaker(struct slice says)
{
	struct slice verdict;

	if (says.n == 0 || !pack_next(&says, &verdict))
		return "none";
	return slice_is(verdict, "s") ? "same-site" : "anonymous";
}

static void
cookies_write(struct buf *out, const char *patterns, struct slice cookies)
{
	struct slice each, rest, name;

	while (slice_cut(&cookies, ';', &each)) {
		rest = each = slice_trim(each);
		if (each.n == 0 || !slice_cut(&rest, '=', &name) ||
		    !pattern_list_matches(patterns, slice_trim(name)))
			continue;
		buf_str(out, out->n == 0 ? "" : "; ");
		buf_add(out, each);
	}
}

static bool
is_wanted(const char *names, struct slice name)
{
	struct slice rest = slice_str(names), word;

	while (slice_cut(&rest, ' ', &word))
		if (word.n > 0 && slice_eq_nocase(word, name))
			return true;
	return false;
}

static void
line_visit(struct slice name, struct slice value, backend_header_fn *visit,
    void *arg)
{
	char *line;
	size_t i;

	for (i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < 0x20 && value.p[i] != '\t')
			return;         /* nobody may add lines of his own */
	line = mem_printf("%.*s: %.*s", SLICE_ARGS(name), SLICE_ARGS(value));
	visit(arg, line);
	free(line);
}

void
backend_said_headers(const struct backend *b, struct slice says,
    backend_header_fn *visit, void *arg)
{
	struct slice verdict, name, value;
	struct buf cookies = BUF_INIT;

	if (!pack_next(&says, &verdict) || !slice_is(verdict, "s"))
		return;
	while (pack_next(&says, &name) && pack_next(&says, &value)) {
		if (slice_eq_nocase(name, SLICE("cookie")))
			cookies_write(&cookies, b->cookies, value);
		else if (is_wanted(b->headers, name))
			line_visit(name, value, visit, arg);
	}
	if (cookies.n > 0)
		line_visit(SLICE("Cookie"), buf_slice(&cookies), visit, arg);
	buf_free(&cookies);
}

/* ---- the socket ------------------------------------------------------------------ */

static void
json_or_null(struct buf *out, struct slice json)
{
	buf_add(out, json.n == 0 ? SLICE("null") : json);
}

static void
text_or_null(struct buf *out, struct slice text)
{
	if (text.n == 0)
		buf_str(out, "null");
	else
		json_quote(out, text);
}

static void
packed_names(struct buf *out, struct slice packed, struct slice but)
{
	const char *between = "";
	struct slice name;

	buf_char(out, '[');
	while (pack_next(&packed, &name)) {
		if (slice_eq(name, but))
			continue;
		buf_str(out, between);
		json_quote(out, name);
		between = ",";
	}
	buf_char(out, ']');
}

static void
rooms_write(struct buf *out, const struct later *later)
{
	const struct app_call *call = &later->events[0].call;
	struct buf packed = BUF_INIT;

	if (later->rooms.p == NULL && call->socket != 0)
		store_rooms_of(later->store, call->socket, &packed);
	else
		buf_add(&packed, later->rooms);
	packed_names(out, buf_slice(&packed), call->id);
	buf_free(&packed);
}

/* As it was at the handshake, without what would let somebody in. */
static void
handshake_headers(struct buf *out, struct slice headers)
{
	static const char *const secret[] = { "cookie", "authorization",
	    "proxy-authorization" };
	const char *between = "";
	struct slice key, value;
	size_t i;

	buf_char(out, '{');
	json_open(&headers);
	while (json_next_member(&headers, &key, &value)) {
		for (i = 0; i < N_ELEMENTS(secret); i++)
			if (json_string_is(key, slice_str(secret[i])))
				break;
		if (i < N_ELEMENTS(secret))
			continue;
		buf_str(out, between);
		buf_add(out, key);
		buf_char(out, ':');
		buf_add(out, value);
		between = ",";
	}
	buf_char(out, '}');
}

static void
handshake_write(struct buf *out, struct slice info)
{
	const char *between = "";
	struct slice key, value;

	if (info.n == 0 || json_kind(info) != JSON_OBJECT) {
		buf_str(out, "null");
		return;
	}
	buf_char(out, '{');
	json_open(&info);
	while (json_next_member(&info, &key, &value)) {
		buf_str(out, between);
		buf_add(out, key);
		buf_char(out, ':');
		if (json_string_is(key, SLICE("headers")) &&
		    json_kind(value) == JSON_OBJECT)
			handshake_headers(out, value);
		else
			buf_add(out, value);
		between = ",";
	}
	buf_char(out, '}');
}

static const char *
generation_name(int generation)
{
	const struct codec *codec = generation >= 0 && generation < GENERATION__COUNT ?
	    codec_of((enum generation)generation) : NULL;

	return codec == NULL ? "?" : codec->name;
}

/* A task of answers has these in the place of the socket's data. */
static struct slice
data_of(const struct later *later, struct arena *arena)
{
	const struct app_call *call = &later->events[0].call;
	struct socket_row row;

	if (call->kind == APP_CONNECT && !call->is_return)
		return SLICE_NONE;
	if (call->kind != APP_ACK)
		return call->data;
	return store_socket_n(later->store, call->socket, arena, &row) == RC_OK ?
	    row.data : SLICE_NONE;
}

static void
socket_write(struct buf *out, const struct later *later)
{
	const struct app_call *call = &later->events[0].call;
	struct arena arena = ARENA_INIT;

	buf_str(out, ",\"socket\":{\"id\":");
	json_quote(out, call->id);
	buf_str(out, ",\"user\":");
	text_or_null(out, call->user);
	buf_str(out, ",\"data\":");
	json_or_null(out, data_of(later, &arena));
	arena_free(&arena);
	buf_str(out, ",\"rooms\":");
	rooms_write(out, later);
	buf_printf(out, ",\"generation\":\"%s\",\"transport\":\"%s\",\"connected\":%"
	    PRId64 ",\"handshake\":", generation_name(later->generation),
	    later->transport == 0 ? "polling" : "websocket", later->connected_wall);
	handshake_write(out, call->info);
	buf_char(out, '}');
}

/* ---- stored values ------------------------------------------------------------------ */

struct values {
	struct buf *out;
	const char *patterns, *between;
	size_t prefix;
};

static void
value_add(void *arg, struct slice key, struct slice value)
{
	struct values *v = arg;
	struct slice name = slice_skip(key, v->prefix);

	if (!pattern_list_matches(v->patterns, name))
		return;
	buf_str(v->out, v->between);
	json_quote(v->out, name);
	buf_char(v->out, ':');
	buf_add(v->out, value);
	v->between = ",";
}

static void
values_write(struct buf *out, const struct backend *b, const struct later *later)
{
	struct arena arena = ARENA_INIT;
	struct slice prefix = effect_value_key(&arena, later->events[0].call.nsp,
	    SLICE(""));
	struct values v = { out, b->values, "", prefix.n };

	buf_str(out, ",\"values\":{");
	if (b->values[0] != '\0')
		store_values(later->store, prefix, VALUES_MAX, &arena, value_add, &v);
	buf_char(out, '}');
	arena_free(&arena);
}

/* ---- the events ------------------------------------------------------------------------ */

static void
base64_list(struct buf *out, struct slice packed)
{
	const char *between = "\"";
	struct slice each;

	buf_char(out, '[');
	for (; pack_next(&packed, &each); between = ",\"") {
		buf_str(out, between);
		base64_encode(out, each);
		buf_char(out, '"');
	}
	buf_char(out, ']');
}

static void
event_write(struct buf *out, const struct app_call *call)
{
	buf_str(out, ",\"name\":");
	json_quote(out, call->name);
	buf_str(out, ",\"args\":");
	buf_add(out, call->args);
	buf_printf(out, ",\"ack\":%s", call->wants_ack ? "true" : "false");
	if (call->attachments.n > 0) {
		buf_str(out, ",\"attachments\":");
		base64_list(out, call->attachments);
	}
}

static void
ack_write(struct buf *out, const struct app_call *call)
{
	const char *between = "";
	struct slice rest = call->attachments, each;

	buf_str(out, ",\"name\":");
	json_quote(out, call->name);
	buf_str(out, ",\"context\":");
	json_or_null(out, call->context);
	buf_str(out, ",\"answers\":");
	buf_add(out, call->args.n == 0 ? SLICE("[]") : call->args);
	buf_printf(out, ",\"expected\":%" PRId64 ",\"timeout\":%s", call->expected,
	    call->timeout ? "true" : "false");
	if (rest.n == 0)
		return;
	buf_str(out, ",\"attachments\":[");
	for (; pack_next(&rest, &each); between = ",") {
		buf_str(out, between);
		base64_list(out, each);
	}
	buf_char(out, ']');
}

static void
call_write(struct buf *out, const struct later *later, const struct app_call *call)
{
	switch (call->kind) {
	case APP_CONNECT:
		buf_str(out, ",\"auth\":");
		json_or_null(out, call->auth);
		if (call->is_return)
			buf_str(out, ",\"recovered\":true");
		break;
	case APP_EVENT:
		event_write(out, call);
		break;
	case APP_DISCONNECT:
		buf_str(out, ",\"reason\":");
		json_quote(out, call->reason);
		buf_str(out, ",\"rooms\":");
		rooms_write(out, later);
		break;
	case APP_TIMER:
		buf_str(out, ",\"name\":");
		json_quote(out, call->name);
		buf_str(out, ",\"context\":");
		json_or_null(out, call->context);
		break;
	case APP_ACK:
		ack_write(out, call);
		break;
	}
}

static const char *const types[] = {
	[APP_CONNECT] = "connect", [APP_EVENT] = "event",
	[APP_DISCONNECT] = "disconnect", [APP_TIMER] = "timer", [APP_ACK] = "ack",
};

void
backend_body_write(const struct backend *b, const struct later *later,
    const char *key, int64_t wall, struct buf *out)
{
	const struct app_call *call = &later->events[0].call;
	size_t i;

	buf_printf(out, "{\"siogate\":1,\"store\":\"%s\",\"key\":\"%s\",\"sent\":%"
	    PRId64 ",\"nsp\":", later->store_id, key, wall);
	json_quote(out, call->nsp);
	buf_printf(out, ",\"speaker\":\"%s\"", backend_speaker(later->says));
	if (call->id.n > 0)
		socket_write(out, later);
	if (later->lane != 0) {
		buf_str(out, ",\"session\":");
		session_json(out, later->store, later->lane);
	}
	values_write(out, b, later);
	buf_str(out, ",\"events\":[");
	for (i = 0; i < later->n; i++) {
		call = &later->events[i].call;
		buf_printf(out, "%s{\"n\":%" PRIu64 ",\"type\":\"%s\",\"at\":%" PRId64
		    ",\"attempt\":%u", i == 0 ? "" : ",", later->events[i].n,
		    types[call->kind], later->events[i].at_wall,
		    later->events[i].attempt);
		call_write(out, later, call);
		buf_char(out, '}');
	}
	buf_str(out, "]}");
}
