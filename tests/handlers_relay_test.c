/*
 * handlers_relay_test.c - rules in the configuration
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "handlers/relay.h"
#include "handlers/rooms.h"
#include "tests/handlers_fake.h"
#include "tests/t.h"

static struct arena arena = ARENA_INIT;
static struct clock_fake clock_fake;
static struct conf *conf;
static struct relay *relay;
static struct rooms *rooms;
static struct effects effects;
static struct app_call call;
static char *error;

static enum rc
load(const char *text)
{
	char path[] = "/tmp/siogate-relay-XXXXXX";
	int fd = mkstemp(path);
	enum rc rc;

	T_OK(fd != -1 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	relay_free(&relay);
	rooms_free(&rooms);
	conf_free(&conf);
	free(error);
	error = NULL;
	rc = conf_load(path, &conf, &error);
	unlink(path);
	if (rc != RC_OK)
		T_FAIL("the configuration cannot be read: %s", error);
	if ((rc = rooms_new(conf, &rooms, &error)) != RC_OK)
		return rc;
	return relay_new(conf, &clock_fake.clock, rooms, &relay, &error);
}

static void
begin(const char *text)
{
	enum rc rc;

	fake_reset();
	arena_reset(&arena);
	clock_fake_init(&clock_fake);
	if ((rc = load(text)) != RC_OK)
		T_FAIL("%s", error);
	call = (struct app_call){ .kind = APP_EVENT, .store = &fake.store,
	    .arena = &arena, .nsp = SLICE("/chat"), .socket = 7, .id = SLICE("own"),
	    .wants_ack = true };
}

static enum rc
ask(const char *event, const char *args)
{
	effects = (struct effects){ NULL, NULL, 0 };
	call.name = slice_str(event);
	call.args = slice_str(args);
	return relay_call(relay, &call, &effects);
}

/* What the last effect, an ack, says. */
static struct slice
said(const char *member)
{
	struct slice rest, object;

	T_OK(effects.last != NULL && effects.last->kind == EFFECT_ACK);
	T_EQ(json_check(effects.last->data, 20), RC_OK);
	rest = effects.last->data;
	json_open(&rest);
	T_OK(json_next(&rest, &object));
	return json_member(object, member);
}

#define RULE "[relay /chat]\nsubscribe = room-* news\npublish = room-*\n"

static void
a_room_that_is_allowed_can_be_joined_and_left(void)
{
	begin(RULE);
	T_EQ(ask("subscribe", "[\"room-1\"]"), RC_OK);
	T_EQ(effects.n, 2);
	T_OK(effects.first->kind == EFFECT_JOIN && effects.first->self);
	T_SLICE(effects.first->name, "room-1");
	T_SLICE(said("ok"), "true");
	T_SLICE(said("room"), "\"room-1\"");
	T_EQ(ask("subscribe", "[\"news\"]"), RC_OK);
	T_SLICE(said("ok"), "true");
	T_EQ(ask("unsubscribe", "[\"room-1\"]"), RC_OK);
	T_EQ(effects.first->kind, EFFECT_LEAVE);
}

static void
any_other_room_is_refused(void)
{
	begin(RULE);
	T_EQ(ask("subscribe", "[\"secret\"]"), RC_OK);
	T_EQ(effects.n, 1);
	T_SLICE(said("ok"), "false");
	T_SLICE(said("error"), "\"refused\"");
	T_EQ(ask("publish", "[\"news\",\"x\"]"), RC_OK);
	T_EQ(effects.n, 1);
	T_SLICE(said("error"), "\"refused\"");
}

static void
a_refusal_without_an_ack_is_silent(void)
{
	begin(RULE);
	call.wants_ack = false;
	T_EQ(ask("subscribe", "[\"secret\"]"), RC_OK);
	T_EQ(effects.n, 0);
}

static void
a_published_event_goes_to_the_others_of_the_room(void)
{
	const struct effect *e;

	begin(RULE);
	call.attachments = SLICE("\1\0\0\0x");
	T_EQ(ask("publish", "[\"room-1\",\"mess\\u0061ge\",{\"a\": 1}, 2]"), RC_OK);
	e = effects.first;
	T_EQ(e->kind, EFFECT_EMIT);
	T_SLICE(e->name, "message");
	T_SLICE(e->data, "[{\"a\": 1}, 2]");
	T_SLICE(packed_at(e->who.rooms, 0), "room-1");
	T_OK(e->not_self);
	T_EQ(e->keep_ms, 0);
	T_EQ(pack_count(e->attachments), 1);
	T_SLICE(said("ok"), "true");
	T_EQ(ask("publish", "[\"room-1\",\"bare\"]"), RC_OK);
	T_SLICE(effects.first->data, "[]");
}

static void
echo_reaches_the_sender_too(void)
{
	begin(RULE "echo = yes\n");
	T_EQ(ask("publish", "[\"room-1\",\"x\"]"), RC_OK);
	T_OK(!effects.first->not_self);
}

static void
only_listed_events_can_be_published(void)
{
	begin(RULE "events = message typing-*\n");
	T_EQ(ask("publish", "[\"room-1\",\"message\"]"), RC_OK);
	T_SLICE(said("ok"), "true");
	T_EQ(ask("publish", "[\"room-1\",\"typing-on\"]"), RC_OK);
	T_SLICE(said("ok"), "true");
	T_EQ(ask("publish", "[\"room-1\",\"other\"]"), RC_OK);
	T_SLICE(said("error"), "\"refused\"");
}

static void
names_that_clients_keep_for_themselves_cannot_be_published(void)
{
	begin(RULE);
	T_EQ(ask("publish", "[\"room-1\",\"disconnect\"]"), RC_OK);
	T_SLICE(said("error"), "\"refused\"");
}

static void
bad_arguments_are_told(void)
{
	static const char *const bad[] = { "[]", "[5]", "[\"\"]", "[null]", "[\"room-1\"]",
	    "[\"room-1\",5]", "[\"room-1\",\"\"]", "[{\"a\":1},\"x\"]" };
	size_t i;

	begin(RULE);
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		T_EQ(ask("publish", bad[i]), RC_OK);
		T_EQ(effects.n, 1);
		T_SLICE(said("error"), "\"bad-arguments\"");
	}
}

static void
a_room_name_has_a_limit(void)
{
	struct buf args = BUF_INIT;
	int i;

	begin(RULE);
	buf_str(&args, "[\"room-");
	for (i = 0; i < 5000; i++)
		buf_char(&args, 'a');
	buf_str(&args, "\"]");
	buf_char(&args, '\0');
	T_EQ(ask("subscribe", args.p), RC_OK);
	buf_free(&args);
	T_SLICE(said("error"), "\"bad-arguments\"");
}

static void
nobody_gets_into_a_room_of_another_socket(void)
{
	begin("[relay /chat]\nsubscribe = *\npublish = *\n");
	fake_socket(8, "victim", NULL, NULL, NULL);
	T_EQ(ask("subscribe", "[\"victim\"]"), RC_OK);
	T_EQ(effects.n, 1);
	T_SLICE(said("error"), "\"refused\"");
	T_EQ(ask("publish", "[\"victim\",\"x\"]"), RC_OK);
	T_EQ(effects.n, 1);
	T_EQ(ask("subscribe", "[\"own\"]"), RC_OK);
	T_SLICE(said("error"), "\"refused\"");
}

static void
nobody_gets_into_more_rooms_than_there_may_be(void)
{
	begin("max_rooms = 3\n[relay /chat]\nsubscribe = *\n");
	fake_socket(7, "own", NULL, NULL, "one")->rooms[1] = NULL;
	T_EQ(ask("subscribe", "[\"two\"]"), RC_OK);
	T_SLICE(said("ok"), "true");
	fake.sockets[0].rooms[1] = "two";
	T_EQ(ask("subscribe", "[\"three\"]"), RC_OK);
	T_SLICE(said("error"), "\"too-many\"");
	T_EQ(effects.n, 1);
	T_EQ(ask("subscribe", "[\"two\"]"), RC_OK);        /* it is there; its own room is one of the three */
	T_SLICE(said("ok"), "true");
	T_EQ(ask("unsubscribe", "[\"two\"]"), RC_OK);
	T_SLICE(said("ok"), "true");
}

static void
named_users_only_means_bound_sockets_only(void)
{
	begin(RULE "users = named\n");
	T_EQ(ask("subscribe", "[\"room-1\"]"), RC_OK);
	T_SLICE(said("error"), "\"not-a-user\"");
	call.user = SLICE("anna");
	T_EQ(ask("subscribe", "[\"room-1\"]"), RC_OK);
	T_SLICE(said("ok"), "true");
}

/* ---- rate ------------------------------------------------------------------------ */

static void
commit_values(void)
{
	const struct effect *e;

	for (e = effects.first; e != NULL; e = e->next)
		if (e->kind == EFFECT_VALUE) {
			fake.n_values = 0;
			fake_set_value(e->name, e->data);
		}
}

static bool
publish_passes(void)
{
	T_EQ(ask("publish", "[\"room-1\",\"x\"]"), RC_OK);
	commit_values();
	return slice_is(said("ok"), "true");
}

static void
a_rate_allows_a_burst_and_then_its_pace(void)
{
	int i;

	begin(RULE "rate = 5/s\n");
	for (i = 0; i < 5; i++)
		T_OK(publish_passes());
	T_OK(!publish_passes());
	T_SLICE(said("error"), "\"rate\"");
	T_SLICE(said("retry_ms"), "200");
	T_EQ(effects.n, 1);
	clock_fake_turn(&clock_fake, 200);
	T_OK(publish_passes());
	T_OK(!publish_passes());
	clock_fake_turn(&clock_fake, 10000);
	for (i = 0; i < 5; i++)
		T_OK(publish_passes());
	T_OK(!publish_passes());
}

static void
a_rate_is_known_to_a_process_that_has_just_been_started(void)
{
	int i;

	begin(RULE "rate = 3/m\n");
	for (i = 0; i < 3; i++)
		T_OK(publish_passes());
	relay_free(&relay);
	T_EQ(relay_new(conf, &clock_fake.clock, rooms, &relay, &error), RC_OK);
	T_OK(!publish_passes());
}

static void
a_rate_holds_within_a_turn_that_is_not_committed_yet(void)
{
	int i, passed = 0;

	begin(RULE "rate = 5/s\n");
	for (i = 0; i < 20; i++) {
		T_EQ(ask("publish", "[\"room-1\",\"x\"]"), RC_OK);
		passed += slice_is(said("ok"), "true");
	}
	T_EQ(passed, 5);
}

static void
a_rate_is_of_one_socket(void)
{
	begin(RULE "rate = 1/h\n");
	T_OK(publish_passes());
	T_OK(!publish_passes());
	call.id = SLICE("other");
	T_OK(publish_passes());
}

static void
a_clock_that_is_set_back_silences_nobody(void)
{
	begin(RULE "rate = 1/s\n");
	T_OK(publish_passes());
	clock_fake.wall -= 3600 * 1000;
	T_EQ(ask("publish", "[\"room-1\",\"x\"]"), RC_OK);
	T_SLICE(said("ok"), "true");
	T_EQ(ask("publish", "[\"room-1\",\"x\"]"), RC_OK);
	T_SLICE(said("ok"), "false");
}

/* ---- history ------------------------------------------------------------------------ */

static void
kept_events_are_marked_and_can_be_asked_for(void)
{
	begin("[relay /chat]\nsubscribe = room-*\npublish = room-*\nkeep = 100 / 1h\n");
	T_EQ(ask("publish", "[\"room-1\",\"x\"]"), RC_OK);
	T_EQ(effects.first->keep_count, 100);
	T_EQ(effects.first->keep_ms, 3600 * 1000);
	fake_record(5, "[\"x\",1]");
	T_EQ(ask("history", "[\"room-1\",20,9]"), RC_OK);
	T_SLICE(said("events"), "[{\"seq\":5,\"at\":1005,\"event\":\"x\",\"args\":[1]}]");
	T_OK(slice_eq(fake.asked_channel, SLICE("r/chat\0room-1")));
	T_EQ(fake.asked_before, 9);
	T_EQ(fake.asked_limit, 20);
	T_EQ(ask("history", "[\"room-1\"]"), RC_OK);
	T_EQ(fake.asked_limit, 50);
	T_EQ(ask("history", "[\"room-1\",1000000,{\"after\":0}]"), RC_OK);
	T_EQ(fake.asked_limit, 500);
	T_EQ(fake.asked_before, 0);
}

static void
history_is_for_those_who_may_subscribe(void)
{
	begin("[relay /chat]\nsubscribe = room-*\npublish = *\nkeep = 100 / 1h\n");
	T_EQ(ask("history", "[\"other\"]"), RC_OK);
	T_SLICE(said("error"), "\"refused\"");
}

/* ---- presence ------------------------------------------------------------------------ */

#define PRESENCE "[rooms /chat]\nnames = room-*\npresence = 5s\n"

static void
who_may_subscribe_may_ask_who_is_there(void)
{
	begin("[relay /chat]\nsubscribe = room-* news\n" PRESENCE);
	fake_present("anna", 1000, 0);
	fake_present("ben", 2000, 3000);
	T_EQ(ask("presence", "[\"room-1\"]"), RC_OK);
	T_SLICE(said("users"), "[{\"user\":\"anna\",\"since\":1000},"
	    "{\"user\":\"ben\",\"since\":2000,\"left\":3000}]");
	T_EQ(ask("presence", "[\"room-1\",\"anna\"]"), RC_OK);
	T_SLICE(said("users"), "[{\"user\":\"ben\",\"since\":2000,\"left\":3000}]");
	T_EQ(ask("presence", "[\"other\"]"), RC_OK);
	T_SLICE(said("error"), "\"refused\"");
	T_EQ(ask("presence", "[\"news\"]"), RC_OK);       /* nobody counts there */
	T_SLICE(said("error"), "\"refused\"");
	T_EQ(ask("presence", "[]"), RC_OK);
	T_SLICE(said("error"), "\"bad-arguments\"");
}

static void
presence_is_the_modules_where_no_room_has_it(void)
{
	begin("[relay /chat]\nsubscribe = room-*\n[rooms /other]\nnames = *\npresence = 5s\n");
	T_EQ(ask("presence", "[\"room-1\"]"), RC_NONE);
	begin("[relay /chat]\npublish = room-*\n" PRESENCE);
	T_EQ(ask("presence", "[\"room-1\"]"), RC_NONE);
}

/* ---- which rule ------------------------------------------------------------------------ */

static void
what_no_rule_knows_is_left_to_the_modules(void)
{
	begin(RULE);
	T_EQ(ask("say", "[\"room-1\"]"), RC_NONE);
	T_EQ(ask("history", "[\"room-1\"]"), RC_NONE);
	call.nsp = SLICE("/other");
	T_EQ(ask("subscribe", "[\"room-1\"]"), RC_NONE);
	call.nsp = SLICE("/chat");
	call.kind = APP_TIMER;
	T_EQ(ask("subscribe", "[\"room-1\"]"), RC_NONE);
}

static void
the_first_rule_that_has_the_room_decides(void)
{
	begin("[relay /chat]\npublish = a-*\necho = yes\n"
	    "[relay /c*]\npublish = *\nusers = named\n");
	T_EQ(ask("publish", "[\"a-1\",\"x\"]"), RC_OK);
	T_SLICE(said("ok"), "true");
	T_OK(!effects.first->not_self);
	T_EQ(ask("publish", "[\"b-1\",\"x\"]"), RC_OK);
	T_SLICE(said("error"), "\"not-a-user\"");
}

static void
a_rule_serves_its_namespace(void)
{
	begin("[relay /team-*]\n");
	T_OK(relay_serves(relay, SLICE("/team-a")));
	T_OK(!relay_serves(relay, SLICE("/chat")));
	begin("ping_interval = 25s\n");
	T_OK(!relay_serves(relay, SLICE("/")));
	T_EQ(ask("subscribe", "[\"x\"]"), RC_NONE);
}

static void
a_fault_in_a_section_is_told_with_its_line(void)
{
	static const struct {
		const char *text, *want;
	} faults[] = {
		{ "[relay]\n", ":1: [relay] needs one namespace" },
		{ "[relay chat]\n", ":1: [relay] needs one namespace" },
		{ "[relay /a /b]\n", ":1: [relay] needs one namespace" },
		{ "[relay /a]\n\nsubscibe = x\n", ":3: [relay] has no 'subscibe'" },
		{ "[relay /a]\npublish = x\npublish = y\n", ":3: 'publish' a second time" },
		{ "[relay /a]\npublish = x\nrate = 10\n", ":3: rate = 10: must be" },
		{ "[relay /a]\npublish = x\nrate = 0/s\n", ":3: rate = 0/s: must be" },
		{ "[relay /a]\npublish = x\nrate = 5/d\n", ":3: rate = 5/d: must be" },
		{ "[relay /a]\npublish = x\nkeep = 100\n", ":3: keep = 100: must be" },
		{ "[relay /a]\npublish = x\nkeep = 0 / 1h\n", ":3: keep = 0 / 1h: must" },
		{ "[relay /a]\npublish = x\necho = maybe\n", ":3: echo = maybe: must be" },
		{ "[relay /a]\nusers = all\n", ":2: users = all: must be any or named" },
		{ "[relay /a]\nrate = 5/s\n", ":2: 'rate' means nothing without" },
	};
	size_t i;

	fake_reset();
	for (i = 0; i < N_ELEMENTS(faults); i++) {
		T_EQ(load(faults[i].text), RC_BAD_INPUT);
		if (strstr(error, faults[i].want) == NULL)
			T_FAIL("'%s' is not in '%s'", faults[i].want, error);
		T_OK(relay == NULL);
	}
}

int
main(void)
{
	T_RUN(a_room_that_is_allowed_can_be_joined_and_left);
	T_RUN(any_other_room_is_refused);
	T_RUN(a_refusal_without_an_ack_is_silent);
	T_RUN(a_published_event_goes_to_the_others_of_the_room);
	T_RUN(echo_reaches_the_sender_too);
	T_RUN(only_listed_events_can_be_published);
	T_RUN(names_that_clients_keep_for_themselves_cannot_be_published);
	T_RUN(bad_arguments_are_told);
	T_RUN(a_room_name_has_a_limit);
	T_RUN(nobody_gets_into_a_room_of_another_socket);
	T_RUN(nobody_gets_into_more_rooms_than_there_may_be);
	T_RUN(named_users_only_means_bound_sockets_only);
	T_RUN(a_rate_allows_a_burst_and_then_its_pace);
	T_RUN(a_rate_is_known_to_a_process_that_has_just_been_started);
	T_RUN(a_rate_holds_within_a_turn_that_is_not_committed_yet);
	T_RUN(a_rate_is_of_one_socket);
	T_RUN(a_clock_that_is_set_back_silences_nobody);
	T_RUN(kept_events_are_marked_and_can_be_asked_for);
	T_RUN(history_is_for_those_who_may_subscribe);
	T_RUN(who_may_subscribe_may_ask_who_is_there);
	T_RUN(presence_is_the_modules_where_no_room_has_it);
	T_RUN(what_no_rule_knows_is_left_to_the_modules);
	T_RUN(the_first_rule_that_has_the_room_decides);
	T_RUN(a_rule_serves_its_namespace);
	T_RUN(a_fault_in_a_section_is_told_with_its_line);
	relay_free(&relay);
	rooms_free(&rooms);
	conf_free(&conf);
	free(error);
	arena_free(&arena);
	arena_free(&fake.arena);
	return t_end();
}
