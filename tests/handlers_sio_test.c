/*
 * handlers_sio_test.c - what a module sees, and what its wishes become
 *
 * Each test writes a function of a module, calls it and reads the effects.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "handlers/call.h"
#include "tests/handlers_fake.h"
#include "tests/t.h"

static const struct call_conf conf = { 20, 0 };
static struct arena arena = ARENA_INIT;
static struct app_call call;
static struct effects effects;
static sio_fn *body, *error_body;

static int
on_any(struct sio *sio)
{
	return body(sio);
}

static int
on_error(struct sio *sio)
{
	return error_body == NULL ? 1 : error_body(sio);
}

static const struct sio_event events[] = { { "*", on_any }, { NULL, NULL } };
static const struct sio_event named[] = {
	{ "tick", on_any }, { "gone", on_any }, { NULL, NULL }
};
static const struct sio_module module =
    SIOGATE_NAMESPACE("test", "/chat", events, named, on_any, on_any, on_error, NULL);

static enum rc
run_kind(enum app_call_kind kind, sio_fn *fn)
{
	call.kind = kind;
	body = fn;
	effects = (struct effects){ NULL, NULL, 0 };
	return call_module(&conf, &module, &call, &effects);
}

static enum rc
run(sio_fn *fn)
{
	return run_kind(APP_EVENT, fn);
}

static void
begin(void)
{
	fake_reset();
	arena_reset(&arena);
	error_body = NULL;
	call = (struct app_call){ .store = &fake.store, .arena = &arena,
	    .nsp = SLICE("/chat"), .name = SLICE("say"), .args = SLICE("[]"),
	    .socket = 7, .id = SLICE("own"), .wants_ack = true };
}

#define BEGIN(sio_name_) static int sio_name_(struct sio *sio)

/* What a function saw, for the test to compare; lies in the arena. */
static const char *seen[12];

/* ---- what happened ---------------------------------------------------------- */

BEGIN(look_at_all)
{
	seen[0] = sio_nsp(sio);
	seen[1] = sio_id(sio);
	seen[2] = sio_name(sio);
	seen[3] = sio_args(sio);
	seen[4] = sio_auth(sio);
	seen[5] = sio_reason(sio);
	seen[6] = sio_context(sio);
	seen[7] = sio_data(sio);
	seen[8] = sio_user(sio);
	return 0;
}

static void
the_getters_tell_what_happened(void)
{
	begin();
	call.auth = SLICE("{\"a\":1}");
	call.reason = SLICE("transport close");
	call.context = SLICE("ctx");
	call.data = SLICE("{\"n\":2}");
	call.user = SLICE("anna");
	T_EQ(run(look_at_all), RC_OK);
	T_STR(seen[0], "/chat");
	T_STR(seen[1], "own");
	T_STR(seen[2], "say");
	T_STR(seen[3], "[]");
	T_STR(seen[4], "{\"a\":1}");
	T_STR(seen[5], "transport close");
	T_STR(seen[6], "ctx");
	T_STR(seen[7], "{\"n\":2}");
	T_STR(seen[8], "anna");
}

static void
absent_things_read_as_null_or_empty(void)
{
	begin();
	call.args = call.id = call.name = SLICE_NONE;
	T_EQ(run(look_at_all), RC_OK);
	T_STR(seen[1], "");
	T_STR(seen[3], "[]");
	T_STR(seen[4], "null");
	T_STR(seen[5], "");
	T_STR(seen[7], "null");
	T_STR(seen[8], "");
}

BEGIN(look_at_args)
{
	seen[0] = sio_arg(sio, 1);
	seen[1] = sio_arg_string(sio, 0);
	seen[2] = sio_arg_string(sio, 1);
	seen[3] = sio_arg(sio, 9);
	seen[4] = sio_arg_string(sio, 9);
	seen[5] = sio_args_from(sio, 1);
	seen[6] = sio_args_from(sio, 9);
	seen[7] = sio_arg_string(sio, 3);
	seen[8] = sio_json(sio, "[%d,%lld,%lld,%u]", (int)sio_arg_int(sio, 2, -1),
	    (long long)sio_arg_int(sio, 0, -1), (long long)sio_arg_int(sio, 9, 5),
	    sio_arg_count(sio));
	return 0;
}

static void
arguments_can_be_taken_one_by_one(void)
{
	begin();
	call.args = SLICE("[\"a\\u00e9\\n\", {\"x\":[1, 2]} ,42,\"a\\u0000b\"]");
	T_EQ(run(look_at_args), RC_OK);
	T_STR(seen[0], "{\"x\":[1, 2]}");
	T_STR(seen[1], "a\xc3\xa9\n");
	T_OK(seen[2] == NULL);
	T_STR(seen[3], "null");
	T_OK(seen[4] == NULL);
	T_STR(seen[5], "[{\"x\":[1, 2]} ,42,\"a\\u0000b\"]");
	T_STR(seen[6], "[]");
	T_OK(seen[7] == NULL);          /* a zero byte cannot stand in a C string */
	T_STR(seen[8], "[42,-1,5,4]");
}

BEGIN(look_into_json)
{
	const char *json = "{\"list\":[1,\"two\",null],\"n\":5}", *list, *item;
	size_t at;
	int i = 3;

	seen[0] = list = sio_member(sio, json, "list");
	seen[1] = sio_member(sio, json, "none");
	seen[2] = sio_text(sio, sio_item(sio, list, 1));
	for (at = 0; (item = sio_each(sio, list, &at)) != NULL; )
		seen[i++] = item;
	seen[i] = sio_member(sio, "[]", "x");
	seen[i + 1] = sio_item(sio, "5", 0);
	at = 0;
	seen[i + 2] = sio_each(sio, "{}", &at);
	return i == 6 ? 0 : -1;
}

static void
json_can_be_walked_without_a_library(void)
{
	begin();
	T_EQ(run(look_into_json), RC_OK);
	T_STR(seen[0], "[1,\"two\",null]");
	T_STR(seen[1], "null");
	T_STR(seen[2], "two");
	T_STR(seen[3], "1");
	T_STR(seen[4], "\"two\"");
	T_STR(seen[5], "null");
	T_STR(seen[6], "null");
	T_STR(seen[7], "null");
	T_OK(seen[8] == NULL);
}

BEGIN(look_at_the_client)
{
	seen[0] = sio_info(sio, "address");
	seen[1] = sio_info(sio, "query");
	seen[2] = sio_info(sio, "user-agent");
	seen[3] = sio_info(sio, "cookie");
	return 0;
}

static void
the_client_is_known_by_address_query_and_headers(void)
{
	begin();
	call.info = SLICE("{\"headers\":{\"user-agent\":\"x/1\"},"
	    "\"address\":\"192.0.2.1\",\"query\":\"a=b\"}");
	T_EQ(run(look_at_the_client), RC_OK);
	T_STR(seen[0], "192.0.2.1");
	T_STR(seen[1], "a=b");
	T_STR(seen[2], "x/1");
	T_OK(seen[3] == NULL);
	call.info = SLICE_NONE;
	T_EQ(run(look_at_the_client), RC_OK);
	T_OK(seen[0] == NULL && seen[2] == NULL);
}

BEGIN(look_at_attachments)
{
	size_t n;
	const char *p = sio_attachment(sio, 1, &n);

	seen[0] = sio_json(sio, "[%zu,%b]", n, p != NULL && memcmp(p, "yy", 2) == 0);
	seen[1] = sio_attachment(sio, 2, &n);
	return 0;
}

static void
attachments_are_found_by_number(void)
{
	struct buf packed = BUF_INIT;

	begin();
	pack_add(&packed, SLICE("x"));
	pack_add(&packed, SLICE("yy"));
	call.attachments = arena_dup(&arena, buf_slice(&packed));
	buf_free(&packed);
	T_EQ(run(look_at_attachments), RC_OK);
	T_STR(seen[0], "[2,true]");
	T_OK(seen[1] == NULL);
}

/* ---- the printf ---------------------------------------------------------------- */

BEGIN(format_all)
{
	seen[0] = sio_json(sio, "[%s,%j,%b,%b,%d,%u,%ld,%lu,%lld,%llu,%zu,\"%%\"]",
	    "q\"\\\n\x01", "{\"a\":1}", 1, 0, -5, 5u, -6L, 6UL, -7LL, 7ULL, (size_t)8);
	seen[1] = sio_json(sio, "[%s,%j]", NULL, NULL);
	seen[2] = sio_json(sio, "[%s]", "a\xff" "b");
	return 0;
}

static void
the_printf_writes_strings_escaped_and_json_as_it_is(void)
{
	begin();
	T_EQ(run(format_all), RC_OK);
	T_STR(seen[0], "[\"q\\\"\\\\\\n\\u0001\",{\"a\":1},true,false,-5,5,-6,6,-7,7,8,"
	    "\"%\"]");
	T_STR(seen[1], "[null,null]");
	T_STR(seen[2], "[\"a\xef\xbf\xbd" "b\"]");
}

BEGIN(format_badly)
{
	sio_json(sio, "[%x]", 5);
	return 0;
}

BEGIN(format_no_array)
{
	sio_emitf(sio, SIO_ALL, "e", "%s", "text");
	return 0;
}

BEGIN(format_no_json)
{
	sio_emitf(sio, SIO_ALL, "e", "[%j]", "{oops");
	return 0;
}

BEGIN(emit_too_deep)
{
	sio_emit(sio, SIO_ALL, "e",
	    "[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]");
	return 0;
}

static void
what_is_no_json_array_makes_the_call_fail(void)
{
	begin();
	T_EQ(run(format_badly), RC_BAD_INPUT);
	T_EQ(run(format_no_array), RC_BAD_INPUT);
	T_EQ(run(format_no_json), RC_BAD_INPUT);
	T_EQ(run(emit_too_deep), RC_BAD_INPUT);
	T_EQ(effects.n, 0);
}

/* ---- emit ------------------------------------------------------------------------ */

BEGIN(emit_with_options)
{
	sio_emit(sio, sio_to(sio, "room:%s -me", "tea time"), "said", " [1, \"x\"] ");
	sio_emit_volatile(sio);
	sio_emit_keep(sio, 5000, 10);
	sio_emit_ask(sio, "tick", "why", 700);
	sio_emit_attach(sio, "\0\1", 2);
	sio_emit_attach(sio, "z", 1);
	return 0;
}

static void
an_emit_takes_its_options(void)
{
	const struct effect *e;

	begin();
	T_EQ(run(emit_with_options), RC_OK);
	T_EQ(effects.n, 1);
	e = effects.first;
	T_EQ(e->kind, EFFECT_EMIT);
	T_SLICE(packed_at(e->who.rooms, 0), "tea time");
	T_SLICE(packed_at(e->who.except, 0), "own");
	T_SLICE(e->name, "said");
	T_SLICE(slice_trim(e->data), "[1, \"x\"]");
	T_OK(e->is_volatile);
	T_EQ(e->keep_ms, 5000);
	T_EQ(e->keep_count, 10);
	T_SLICE(e->question, "tick");
	T_SLICE(e->context, "why");
	T_EQ(e->timeout_ms, 700);
	T_EQ(pack_count(e->attachments), 2);
	T_EQ(packed_at(e->attachments, 0).n, 2);
}

BEGIN(emit_to_nobody)
{
	sio_emit(sio, "", "x", "[]");
	sio_emit_volatile(sio);
	sio_emit_attachments(sio);
	sio_emit(sio, NULL, "x", "[]");
	return 0;
}

static void
an_emit_to_nobody_is_no_effect(void)
{
	begin();
	T_EQ(run(emit_to_nobody), RC_OK);
	T_EQ(effects.n, 0);
}

BEGIN(emit_badly_addressed) { sio_emit(sio, "everyone", "x", "[]"); return 0; }
BEGIN(emit_reserved) { sio_emit(sio, "*", "disconnect", "[]"); return 0; }
BEGIN(emit_nameless) { sio_emit(sio, "*", NULL, "[]"); return 0; }
BEGIN(option_without_emit) { sio_emit_keep(sio, 1, 1); return 0; }
BEGIN(option_too_late)
{
	sio_emit(sio, "*", "x", "[]");
	sio_join(sio, "me", "r");
	sio_emit_volatile(sio);
	return 0;
}
BEGIN(ask_nobody_known)
{
	sio_emit(sio, "*", "x", "[]");
	sio_emit_ask(sio, "unknown", "", 1);
	return 0;
}

static void
an_emit_with_a_fault_makes_the_call_fail(void)
{
	static sio_fn *const faults[] = { emit_badly_addressed, emit_reserved,
	    emit_nameless, option_without_emit, option_too_late, ask_nobody_known };
	size_t i;

	begin();
	for (i = 0; i < N_ELEMENTS(faults); i++) {
		T_EQ(run(faults[i]), RC_BAD_INPUT);
		T_EQ(effects.n, 0);
	}
}

BEGIN(hand_on)
{
	sio_ack(sio, sio_args(sio));
	sio_emit_attachments(sio);
	sio_emit(sio, SIO_OTHERS, "same", sio_args(sio));
	sio_emit_attachments(sio);
	return 0;
}

static void
arguments_are_handed_on_with_their_bytes(void)
{
	begin();
	call.args = SLICE("[12345678901234567890,{\"_placeholder\":true,\"num\":0}]");
	call.attachments = SLICE("\1\0\0\0x");
	T_EQ(run(hand_on), RC_OK);
	T_EQ(effects.n, 2);
	T_EQ(effects.first->kind, EFFECT_ACK);
	T_SLICE(effects.first->data,
	    "[12345678901234567890,{\"_placeholder\":true,\"num\":0}]");
	T_EQ(pack_count(effects.first->attachments), 1);
	T_EQ(pack_count(effects.last->attachments), 1);
}

BEGIN(hand_on_the_answers)
{
	size_t size;

	T_EQ(*(const char *)sio_answer_attachment(sio, 1, 1, &size), 'z');
	T_EQ(size, 1);
	T_EQ(*(const char *)sio_attachment(sio, 0, &size), 'x');
	T_OK(sio_answer_attachment(sio, 0, 1, &size) == NULL && size == 0);
	T_OK(sio_answer_attachment(sio, 2, 0, &size) == NULL);
	sio_emit(sio, SIO_ALL, "same", sio_arg(sio, 0));
	sio_emit_attachments(sio);
	return 0;
}

static void
each_answer_has_its_own_bytes(void)
{
	begin();
	call.args = SLICE("[[{\"_placeholder\":true,\"num\":0}],"
	    "[{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":0}]]");
	call.attachments = SLICE("\5\0\0\0" "\1\0\0\0x"
	    "\12\0\0\0" "\1\0\0\0y\1\0\0\0z");
	call.name = SLICE("gone");
	T_EQ(run_kind(APP_ACK, hand_on_the_answers), RC_OK);
	T_EQ(effects.n, 1);
	T_SLICE(effects.first->data, "[{\"_placeholder\":true,\"num\":0}]");
	T_OK(slice_eq(effects.first->attachments, SLICE("\1\0\0\0x")));
}

/* ---- the other effects -------------------------------------------------------------- */

BEGIN(ack_twice)
{
	sio_ackf(sio, "[%d]", 1);
	sio_ackf(sio, "[%d]", 2);
	sio_emit_attachments(sio);
	return 0;
}

static void
an_ack_is_said_once_and_only_if_it_is_wanted(void)
{
	begin();
	T_EQ(run(ack_twice), RC_OK);
	T_EQ(effects.n, 1);
	T_SLICE(effects.first->data, "[1]");
	call.wants_ack = false;
	T_EQ(run(ack_twice), RC_OK);
	T_EQ(effects.n, 0);
}

BEGIN(join_and_leave)
{
	sio_join(sio, "me", "a");
	sio_leave(sio, "user:anna", "b");
	sio_join(sio, "me room:c", "d");
	sio_join(sio, "", "nobody");
	sio_disconnect(sio, "me", true);
	return 0;
}

static void
the_own_socket_is_meant_directly_and_others_by_selector(void)
{
	const struct effect *e;

	begin();
	T_EQ(run(join_and_leave), RC_OK);
	T_EQ(effects.n, 5);
	e = effect_at(&effects, 0);
	T_OK(e->kind == EFFECT_JOIN && e->self);
	T_SLICE(e->name, "a");
	e = effect_at(&effects, 1);
	T_OK(e->kind == EFFECT_LEAVE && !e->self);
	T_SLICE(packed_at(e->who.users, 0), "anna");
	T_OK(effect_at(&effects, 2)->self);
	e = effect_at(&effects, 3);
	T_OK(!e->self);
	T_SLICE(packed_at(e->who.rooms, 1), "c");
	e = effect_at(&effects, 4);
	T_OK(e->kind == EFFECT_DISCONNECT && e->self && e->engine);
}

BEGIN(join_nothing) { sio_join(sio, "me", ""); return 0; }
BEGIN(refuse) { sio_refuse(sio, "no", "{\"code\":3}"); return 0; }

static void
a_room_needs_a_name(void)
{
	begin();
	T_EQ(run(join_nothing), RC_BAD_INPUT);
}

static void
only_a_connect_can_be_refused(void)
{
	begin();
	T_EQ(run(refuse), RC_BAD_INPUT);
	T_EQ(run_kind(APP_CONNECT, refuse), RC_OK);
	T_EQ(effects.first->kind, EFFECT_REFUSE);
	T_SLICE(effects.first->name, "no");
	T_SLICE(effects.first->data, "{\"code\":3}");
	T_EQ(run_kind(APP_DISCONNECT, refuse), RC_BAD_INPUT);
}

BEGIN(set_all)
{
	sio_set_data(sio, "{\"a\":1}");
	sio_set_user(sio, "anna");
	sio_once(sio, "k", 1000);
	sio_set_value(sio, "v", "[1]", 2000);
	sio_set_value(sio, "w", NULL, 0);
	return 0;
}

static void
data_user_keys_and_values_become_effects(void)
{
	const struct effect *e;

	begin();
	T_EQ(run(set_all), RC_OK);
	T_EQ(effects.n, 5);
	T_SLICE(effect_at(&effects, 0)->data, "{\"a\":1}");
	T_EQ(effect_at(&effects, 1)->kind, EFFECT_USER);
	T_SLICE(effect_at(&effects, 1)->name, "anna");
	e = effect_at(&effects, 2);
	T_EQ(e->kind, EFFECT_ONCE);
	T_OK(slice_eq(e->name, SLICE("once /chat\0k")));
	T_EQ(e->ttl_ms, 1000);
	e = effect_at(&effects, 3);
	T_EQ(e->kind, EFFECT_VALUE);
	T_OK(slice_eq(e->name, SLICE("value /chat\0v")));
	T_SLICE(e->data, "[1]");
	T_EQ(e->ttl_ms, 2000);
	T_OK(effect_at(&effects, 4)->data.p == NULL);
}

BEGIN(appoint)
{
	sio_after(sio, 500, "tick", "c");
	sio_every(sio, 0, "tick", NULL);
	sio_nsp_after(sio, -1, "gone:anna", "x");
	sio_cancel(sio, "tick");
	sio_nsp_cancel(sio, "gone:anna");
	return 0;
}

static void
appointments_become_effects(void)
{
	const struct effect *e;

	begin();
	T_EQ(run(appoint), RC_OK);
	T_EQ(effects.n, 5);
	e = effect_at(&effects, 0);
	T_OK(e->self && e->after_ms == 500 && e->every_ms == 0);
	T_SLICE(e->context, "c");
	e = effect_at(&effects, 1);
	T_OK(e->self && e->after_ms == 100 && e->every_ms == 100);
	e = effect_at(&effects, 2);
	T_OK(!e->self && e->after_ms == 0);
	T_SLICE(e->name, "gone:anna");
	T_OK(effect_at(&effects, 3)->self && effect_at(&effects, 3)->after_ms < 0);
	T_OK(!effect_at(&effects, 4)->self && effect_at(&effects, 4)->after_ms < 0);
}

BEGIN(appoint_unknown) { sio_nsp_after(sio, 1, "nothing", NULL); return 0; }
BEGIN(appoint_own) { sio_after(sio, 1, "tick", NULL); return 0; }

static void
an_appointment_needs_a_function_and_an_own_one_a_socket(void)
{
	begin();
	T_EQ(run(appoint_unknown), RC_BAD_INPUT);
	T_EQ(run_kind(APP_DISCONNECT, appoint_own), RC_BAD_INPUT);
	call.id = SLICE_NONE;
	T_EQ(run_kind(APP_TIMER, appoint_own), RC_NONE);        /* no timer "say" */
	call.name = SLICE("gone:anna");
	T_EQ(run_kind(APP_TIMER, appoint_own), RC_OK);
	T_OK(!effects.first->self);
}

/* ---- looking -------------------------------------------------------------------------- */

BEGIN(look_around)
{
	seen[0] = sio_rooms(sio);
	seen[1] = sio_query(sio, "room:#lobby");
	seen[2] = sio_json(sio, "%lld", (long long)sio_count(sio, "* -user:bob"));
	seen[3] = sio_room_list(sio, "#");
	seen[4] = sio_query(sio, "");
	seen[5] = sio_value(sio, "none");
	seen[6] = sio_value(sio, "some");
	return 0;
}

static void
a_function_can_look_around(void)
{
	begin();
	fake_socket(7, "own", "anna", "{\"x\":1}", "#lobby");
	fake_socket(8, "other", "bob", NULL, "#lobby");
	fake_socket(9, "third", NULL, NULL, NULL);
	fake_set_value(SLICE("value /chat\0some"), SLICE("[5]"));
	T_EQ(run(look_around), RC_OK);
	T_STR(seen[0], "[\"#lobby\"]");
	T_STR(seen[1], "[{\"id\":\"own\",\"user\":\"anna\",\"data\":{\"x\":1}},"
	    "{\"id\":\"other\",\"user\":\"bob\",\"data\":null}]");
	T_STR(seen[2], "2");
	T_STR(seen[3], "[{\"room\":\"#lobby\",\"members\":2},"
	    "{\"room\":\"#tea\",\"members\":3}]");
	T_STR(seen[4], "[]");
	T_STR(seen[5], "null");
	T_STR(seen[6], "[5]");
}

BEGIN(count_by_query)
{
	const char *all = sio_query(sio, "*");
	size_t at, n = 0;

	for (at = 0; sio_each(sio, all, &at) != NULL; )
		n++;
	seen[0] = sio_json(sio, "%zu", n);
	return 0;
}

static void
a_query_sees_more_than_one_page(void)
{
	char id[24];
	uint64_t n;

	begin();
	for (n = 1; n <= FAKE_SOCKETS; n++) {
		snprintf(id, sizeof(id), "id%llu", (unsigned long long)n);
		fake_socket(n, id, NULL, NULL, NULL);
	}
	T_EQ(run(count_by_query), RC_OK);
	T_STR(seen[0], "600");
}

BEGIN(look_back)
{
	seen[0] = sio_history(sio, "#tea", 77, 20);
	seen[1] = sio_history(sio, NULL, 0, 5);
	return 0;
}

static void
history_is_an_array_of_events(void)
{
	begin();
	fake_record(3, "[\"said\",1,{\"a\":[2]}]");
	fake_record(4, "[\"bare\"]");
	T_EQ(run(look_back), RC_OK);
	T_STR(seen[0], "[{\"seq\":3,\"at\":1003,\"event\":\"said\",\"args\":[1,{\"a\":[2]}]},"
	    "{\"seq\":4,\"at\":1004,\"event\":\"bare\",\"args\":[]}]");
	T_OK(slice_eq(fake.asked_channel, SLICE("n/chat\0")));
	fake.n_records = 0;
	T_EQ(run(look_back), RC_OK);
	T_STR(seen[0], "[]");
}

static void
a_store_that_cannot_be_read_makes_the_call_fail(void)
{
	begin();
	fake.rc = RC_IO;
	T_EQ(run(look_around), RC_BAD_INPUT);
}

/* ---- failing ---------------------------------------------------------------------------- */

BEGIN(emit_and_fail)
{
	sio_emit(sio, SIO_ALL, "x", "[]");
	return -1;
}

BEGIN(tell_the_error)
{
	sio_emitf(sio, SIO_ME, "failed", "[%s]", sio_reason(sio));
	return 0;
}

static void
nothing_of_a_failed_function_happens(void)
{
	begin();
	T_EQ(run(emit_and_fail), RC_BAD_INPUT);
	T_EQ(effects.n, 0);
}

static void
what_the_error_hook_asks_for_happens_instead(void)
{
	begin();
	error_body = tell_the_error;
	T_EQ(run(emit_and_fail), RC_OK);
	T_EQ(effects.n, 1);
	T_SLICE(effects.first->data, "[\"returned -1\"]");
	T_EQ(run(emit_badly_addressed), RC_OK);
	T_OK(memmem(effects.first->data.p, effects.first->data.n, "everyone", 8) != NULL);
}

static void
a_connect_that_failed_is_refused_whatever_the_error_hook_does(void)
{
	begin();
	error_body = tell_the_error;
	T_EQ(run_kind(APP_CONNECT, emit_and_fail), RC_OK);
	T_OK(call_is_refused(&effects));
}

BEGIN(connect_quietly) { (void)sio; return 0; }

static void
a_connect_that_returns_is_let_in(void)
{
	begin();
	T_EQ(run_kind(APP_CONNECT, connect_quietly), RC_OK);
	T_OK(!call_is_refused(&effects));
}

static bool is_back;

static int
look_whether_it_is_back(struct sio *sio)
{
	is_back = sio_is_recovered(sio);
	return 0;
}

static void
who_is_back_is_known_to_the_connect_function(void)
{
	begin();
	T_EQ(run_kind(APP_CONNECT, look_whether_it_is_back), RC_OK);
	T_OK(!is_back);
	call.is_return = true;
	T_EQ(run_kind(APP_CONNECT, look_whether_it_is_back), RC_OK);
	T_OK(is_back);
}

static void
a_module_that_hears_of_no_disconnect_hears_of_no_return(void)
{
	static const struct sio_module deaf =
	    SIOGATE_NAMESPACE("deaf", "/chat", events, NULL, on_any, NULL, NULL, NULL);

	begin();
	call.kind = APP_CONNECT;
	T_OK(call_find(&deaf, &call, false) != NULL);
	call.is_return = true;
	T_OK(call_find(&deaf, &call, false) == NULL);
}

int
main(void)
{
	T_RUN(the_getters_tell_what_happened);
	T_RUN(absent_things_read_as_null_or_empty);
	T_RUN(arguments_can_be_taken_one_by_one);
	T_RUN(json_can_be_walked_without_a_library);
	T_RUN(the_client_is_known_by_address_query_and_headers);
	T_RUN(attachments_are_found_by_number);
	T_RUN(the_printf_writes_strings_escaped_and_json_as_it_is);
	T_RUN(what_is_no_json_array_makes_the_call_fail);
	T_RUN(an_emit_takes_its_options);
	T_RUN(an_emit_to_nobody_is_no_effect);
	T_RUN(an_emit_with_a_fault_makes_the_call_fail);
	T_RUN(arguments_are_handed_on_with_their_bytes);
	T_RUN(each_answer_has_its_own_bytes);
	T_RUN(an_ack_is_said_once_and_only_if_it_is_wanted);
	T_RUN(the_own_socket_is_meant_directly_and_others_by_selector);
	T_RUN(a_room_needs_a_name);
	T_RUN(only_a_connect_can_be_refused);
	T_RUN(data_user_keys_and_values_become_effects);
	T_RUN(appointments_become_effects);
	T_RUN(an_appointment_needs_a_function_and_an_own_one_a_socket);
	T_RUN(a_function_can_look_around);
	T_RUN(a_query_sees_more_than_one_page);
	T_RUN(history_is_an_array_of_events);
	T_RUN(a_store_that_cannot_be_read_makes_the_call_fail);
	T_RUN(nothing_of_a_failed_function_happens);
	T_RUN(what_the_error_hook_asks_for_happens_instead);
	T_RUN(a_connect_that_failed_is_refused_whatever_the_error_hook_does);
	T_RUN(a_connect_that_returns_is_let_in);
	arena_free(&arena);
	arena_free(&fake.arena);
	T_RUN(who_is_back_is_known_to_the_connect_function);
	T_RUN(a_module_that_hears_of_no_disconnect_hears_of_no_return);
	return t_end();
}
