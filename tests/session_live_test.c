/*
 * session_live_test.c - sessions on a connection, beside polling ones
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/driver.h"
#include "tests/session_wire.h"

static void
an_event_on_a_connection_is_acknowledged_there(void)
{
	struct wire a;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_say(&a, "421[\"echo\",1]");
	wire_say(&a, "422[\"echo\",2]");
	kit_settle(&kit);
	T_STR(a.got, "431[1]|432[2]");
	engine_live_end(kit.engines[0], &a.live);
	kit_settle(&kit);
	T_STR(kit.last_reason, "transport close");
	kit_fini(&kit);
}

static void
what_is_said_in_one_turn_keeps_its_order_beyond_one_post(void)
{
	struct wire a;
	char text[32];
	int i;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	for (i = 1; i <= 300; i++) {
		snprintf(text, sizeof(text), "42%s[\"count\"]", i == 300 ? "0" : "");
		wire_say(&a, text);
	}
	kit_settle(&kit);
	T_STR(a.got, "430[300]");
	T_EQ(engine_live_waiting(&a.live), 0);
	kit_fini(&kit);
}

static void
connections_and_polls_hear_the_same_room(void)
{
	struct wire a, b;
	char sid[24];

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_connect(&b, 1, NULL);
	kit_connect(&kit, 2, sid);
	kit_post(&kit, 2, sid, "42[\"broadcast\",\"x\"]");
	T_OK(strncmp(a.got, "42[\"broadcast\",\"x\",", 19) == 0);
	T_STR(b.got, a.got);
	T_STR(kit_read(&kit, 0, sid), a.got);
	kit_fini(&kit);
}

static void
binary_travels_in_messages_of_its_own(void)
{
	struct wire a;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_say(&a, "451-[\"broadcast\",{\"_placeholder\":true,\"num\":0}]");
	engine_live_message(kit.engines[0], &a.live, true, SLICE("raw"));
	kit_settle(&kit);
	T_OK(strncmp(a.got, "451-[\"broadcast\",{\"_placeholder\":true,\"num\":0},", 46) == 0);
	T_OK(strstr(a.got, "|binary:raw") != NULL);
	kit_fini(&kit);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* For a sanitizer, on the driver that copies nothing: the task is over when its
 * bytes go out. */
static void
bytes_of_an_answer_are_heard_from_who_collected_it(void)
{
	char dir[] = "/tmp/siogate-live-XXXXXX", answer[64];
	struct wire a;
	int64_t id;

	T_OK(mkdtemp(dir) != NULL);
	kit_init_on(&kit, "sqlite", dir);
	wire_connect(&a, 0, NULL);
	wire_say(&a, "42[\"ask\",1]");
	kit_settle(&kit);
	T_EQ(sscanf(a.got, "42%" SCNd64 "[\"question\",1]", &id), 1);
	a.got[0] = '\0';
	snprintf(answer, sizeof(answer), "461-%" PRId64
	    "[{\"_placeholder\":true,\"num\":0}]", id);
	wire_say(&a, answer);
	engine_live_message(kit.engines[0], &a.live, true, SLICE("raw"));
	kit_settle(&kit);
	T_OK(strncmp(a.got, "451-[\"answers\",", 15) == 0);
	T_OK(strstr(a.got, "|binary:raw") != NULL);
	kit_fini(&kit);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
pings_are_answered_or_the_connection_ends(void)
{
	struct wire a;
	int i;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	for (i = 0; i < 3; i++) {
		kit_pass(&kit, 25000);
		T_STR(a.got, "2");
		a.got[0] = '\0';
		wire_say(&a, "3");
		kit_settle(&kit);
	}
	T_OK(!a.is_closed);
	kit_pass(&kit, 25000);
	kit_pass(&kit, 20100);
	kit_pass(&kit, 1000);
	T_OK(a.is_closed);
	T_STR(kit.last_reason, "ping timeout");
	kit_fini(&kit);
}

static void
who_joins_nothing_is_let_go_though_it_answers_pings(void)
{
	struct wire a;

	kit_init(&kit);
	wire_open(&a, 0);
	kit_pass(&kit, 25000);
	T_STR(a.got, "2");
	wire_say(&a, "3");
	kit_pass(&kit, 19900);
	T_OK(!a.is_closed);
	kit_pass(&kit, 200);
	T_OK(a.is_closed);
	kit_fini(&kit);
}

static void
a_hard_disconnect_says_so_and_closes(void)
{
	struct wire a;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_say(&a, "42[\"kick hard\"]");
	kit_settle(&kit);
	T_STR(a.got, "41");
	T_OK(a.is_closed);
	kit_fini(&kit);
}

static void
a_protocol_error_closes(void)
{
	struct wire a;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_say(&a, "42/other,[\"x\"]");
	kit_settle(&kit);
	T_OK(a.is_closed);
	kit_fini(&kit);
}

static void
a_slow_reader_is_let_go(void)
{
	struct wire a;
	char sid[24];

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	kit_connect(&kit, 1, sid);
	a.is_stuck = true;
	kit_post(&kit, 1, sid, "42[\"broadcast\"]");
	T_STR(kit.last_reason, "transport close");
	kit_fini(&kit);
}

static void
what_no_pong_proved_is_said_again_to_a_recovered_client(void)
{
	struct wire a, b;
	char got[256], id[24], pid[24], auth[128], sid[24];

	kit_init(&kit);
	wire_connect(&a, 0, got);
	T_EQ(sscanf(got, "40{\"sid\":\"%20[^\"]\",\"pid\":\"%20[^\"]", id, pid), 2);
	kit_connect(&kit, 1, sid);
	kit_post(&kit, 1, sid, "42[\"broadcast\",1]");
	T_OK(strstr(a.got, "broadcast") != NULL);
	engine_live_end(kit.engines[0], &a.live);       /* it never arrived */
	kit_settle(&kit);
	wire_open(&b, 2);
	snprintf(auth, sizeof(auth), "40{\"pid\":\"%s\"}", pid);
	wire_say(&b, auth);
	kit_settle(&kit);
	T_OK(strncmp(b.got, "42[\"broadcast\",1,", 17) == 0);
	T_OK(strstr(strstr(b.got, "|40{"), id) != NULL);
	kit_fini(&kit);
}

static void
an_ack_waits_for_its_event_although_a_socket_comes_back_beside_it(void)
{
	struct wire a, b;
	char got[256], id[24], pid[24], auth[128];
	const char *own, *ack;

	kit_init(&kit);
	wire_connect(&a, 0, got);
	T_EQ(sscanf(got, "40{\"sid\":\"%20[^\"]\",\"pid\":\"%20[^\"]", id, pid), 2);
	wire_open(&b, 0);
	wire_say(&b, "40/b,");
	kit_settle(&kit);
	engine_live_end(kit.engines[0], &a.live);
	kit_settle(&kit);
	b.got[0] = '\0';
	snprintf(auth, sizeof(auth), "40{\"pid\":\"%s\"}", pid);
	wire_say(&b, "42/b,[\"echo\"]");       /* while that is decided, */
	wire_say(&b, "42/b,7[\"broadcast\",1]"); /* both of these are the next post */
	wire_say(&b, auth);
	kit_settle(&kit);
	T_OK(strstr(b.got, id) != NULL);
	T_OK((own = strstr(b.got, "42/b,[\"broadcast\",1")) != NULL);
	T_OK((ack = strstr(b.got, "43/b,7[1]")) != NULL);
	T_OK(own < ack);
	kit_fini(&kit);
}

static void
who_slept_too_long_to_hear_it_all_hears_no_rest_of_it(void)
{
	struct wire a, b;
	char text[48];
	int i;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_connect(&b, 1, NULL);
	wire_say(&b, "42[\"broadcast\",0]");
	engine_turn(kit.engines[1], true);
	clock_fake_turn(&kit.clock, 310000);    /* what was said is kept for 300 s */
	for (i = 1; i < 5; i++) {
		snprintf(text, sizeof(text), "42[\"broadcast\",%d]", i);
		wire_say(&b, text);
		engine_turn(kit.engines[1], true);
	}
	kit_settle(&kit);
	T_OK(strstr(a.got, "broadcast") == NULL);
	T_OK(a.is_closed);
	kit_fini(&kit);
}

static enum rc
heard_breaks(struct store *store, uint64_t session, store_heard_fn *visit, void *arg)
{
	(void)store;
	(void)session;
	(void)visit;
	(void)arg;
	return RC_IO;
}

static void
who_cannot_be_looked_up_misses_nothing(void)
{
	const struct store_driver *driver;
	struct store_driver broken;
	struct wire a, b;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_connect(&b, 1, NULL);
	driver = kit.stores[0]->driver;
	broken = *driver;
	broken.heard = heard_breaks;
	kit.stores[0]->driver = &broken;
	wire_say(&a, "42[\"join\",\"red\"]");
	engine_turn(kit.engines[0], true);
	kit.stores[0]->driver = driver;
	wire_say(&b, "42[\"room\",1]");
	wire_say(&b, "42[\"broadcast\",2]");
	kit_settle(&kit);
	T_OK(strncmp(a.got, "42[\"room\",1,", 12) == 0);
	T_OK(strstr(a.got, "|42[\"broadcast\",2,") != NULL);
	kit_fini(&kit);
}

static void
draining_closes_connections_and_keeps_them_recoverable(void)
{
	struct store_stats stats;
	struct wire a;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	engine_drain(kit.engines[0]);
	kit_settle(&kit);
	T_OK(a.is_closed);
	T_EQ(store_stats(kit.store, &stats), RC_OK);
	T_EQ(stats.gone, 1);
	kit_fini(&kit);
}

static enum rc
commit_stalls(struct store *store, struct turn *turn)
{
	(void)store;
	(void)turn;
	return RC_AGAIN;
}

/* ---- taking over ------------------------------------------------------------------ */

/* Asks for the session of this sid; the answer. */
static enum answer
wire_take(struct wire *wire, int i, const char *sid)
{
	memset(wire, 0, sizeof(*wire));
	wire->live.codec = kit.codec;
	strcpy(wire->live.sid, sid);
	wire->live.ops = &door;
	wire->live.door = wire;
	engine_live_open(kit.engines[i], &wire->live);
	kit_settle(&kit);
	return wire->answer;
}

static void
a_polling_session_is_taken_over(void)
{
	struct kit_request poll;
	struct wire a;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_poll(&kit, 1, sid, "p1", &poll);
	T_EQ(wire_take(&a, 2, sid), ANSWER_PAYLOAD);
	wire_say(&a, "2probe");
	kit_settle(&kit);
	T_STR(a.got, "3probe");
	T_OK(!poll.is_done);
	kit_pass(&kit, 100);
	T_OK(poll.is_done);
	T_STR(poll.body, "6");
	/* Still polling, in order. */
	kit_post(&kit, 0, sid, "42[\"broadcast\",1]");
	T_OK(strncmp(kit_read(&kit, 1, sid), "42[\"broadcast\",1,", 17) == 0);
	kit_post(&kit, 0, sid, "42[\"broadcast\",2]");
	a.got[0] = '\0';
	wire_say(&a, "5");
	wire_say(&a, "421[\"echo\",3]");
	kit_settle(&kit);
	T_OK(strncmp(a.got, "42[\"broadcast\",2,", 17) == 0);
	T_OK(strstr(a.got, "|431[3]") != NULL);
	T_EQ(kit_post(&kit, 0, sid, "42[\"broadcast\"]"), ANSWER_BAD_REQUEST);
	T_STR(kit_read(&kit, 1, sid), "refused");
	a.got[0] = '\0';
	wire_say(&a, "42[\"broadcast\",4]");
	kit_settle(&kit);
	T_OK(strncmp(a.got, "42[\"broadcast\",4,", 17) == 0);
	T_OK(!a.is_closed);
	kit_fini(&kit);
}

static void
a_poll_that_waits_at_the_end_of_the_probe_is_closed(void)
{
	struct kit_request poll;
	struct wire a;
	char sid[24];
	int i;

	for (i = 0; i < KIT_PROCESSES; i++) {   /* also in the same process */
		kit_init(&kit);
		kit_connect(&kit, 0, sid);
		T_EQ(wire_take(&a, 2, sid), ANSWER_PAYLOAD);
		kit_poll(&kit, i, sid, "p1", &poll);
		wire_say(&a, "5");
		kit_settle(&kit);
		T_OK(poll.is_done);
		T_STR(poll.body, "1");
		T_OK(!a.is_closed);
		kit_fini(&kit);
	}
}

static void
a_second_connection_is_closed_at_once(void)
{
	struct wire a, b;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	T_EQ(wire_take(&a, 1, sid), ANSWER_PAYLOAD);
	T_EQ(wire_take(&b, 2, sid), ANSWER_PAYLOAD);
	T_OK(b.is_closed);
	wire_say(&a, "2probe");
	wire_say(&a, "5");
	kit_settle(&kit);
	T_EQ(wire_take(&b, 2, sid), ANSWER_PAYLOAD);
	T_OK(b.is_closed);
	T_OK(!a.is_closed);
	T_EQ(wire_take(&b, 2, "nobody"), ANSWER_UNKNOWN_SID);
	kit_fini(&kit);
}

static void
a_connection_that_was_refused_is_not_touched_again(void)
{
	struct wire wire;
	const unsigned char *bytes = (const unsigned char *)&wire.live;
	size_t i;

	kit_init(&kit);
	T_EQ(wire_take(&wire, 1, "nobody"), ANSWER_UNKNOWN_SID);
	for (i = 0; i < sizeof(wire.live); i++)
		T_EQ(bytes[i], WIPED);
	kit_fini(&kit);
}

/* What can go wrong with a probe. */
static void
say_too_early(struct wire *a)
{
	wire_say(a, "2probe");
	wire_say(a, "4hello");
	kit_settle(&kit);
}

static void
take_too_long(struct wire *a)
{
	wire_say(a, "2probe");
	kit_settle(&kit);
	kit_pass(&kit, 9000);
	T_OK(!a->is_closed);
	kit_pass(&kit, 1000);
	kit_pass(&kit, 100);
}

static void
say_nothing(struct wire *a)
{
	(void)a;
	kit_pass(&kit, 10000);
}

static void
hang_up(struct wire *a)
{
	engine_live_end(a->live.engine, &a->live);
	a->is_closed = true;
	kit_settle(&kit);
}

static void
a_probe_that_fails_leaves_polling_as_it_was(void)
{
	static void (*const fails[])(struct wire *a) = {
		say_too_early, take_too_long, say_nothing, hang_up
	};
	struct kit_request poll;
	struct wire a;
	char sid[24];
	size_t i;

	for (i = 0; i < sizeof(fails) / sizeof(*fails); i++) {
		kit_init(&kit);
		kit_connect(&kit, 0, sid);
		T_EQ(wire_take(&a, 1, sid), ANSWER_PAYLOAD);
		fails[i](&a);
		T_OK(a.is_closed);
		kit_poll(&kit, 0, sid, "p9", &poll);
		kit_pass(&kit, 500);
		T_OK(!poll.is_done);
		kit_post(&kit, 0, sid, "42[\"broadcast\",1]");
		T_OK(strncmp(poll.body, "42[\"broadcast\",1,", 17) == 0);
		T_EQ(wire_take(&a, 2, sid), ANSWER_PAYLOAD);
		T_OK(!a.is_closed);
		kit_fini(&kit);
	}
}

/* The store may say no, or nothing for too long, when nobody waits for it any more. */
static void
a_connection_that_goes_while_it_takes_over_probes_no_more(void)
{
	const struct store_driver *real;
	struct store_driver stalling;
	struct wire a, b;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	T_EQ(wire_take(&a, 1, sid), ANSWER_PAYLOAD);
	wire_say(&a, "2probe");
	kit_settle(&kit);
	real = kit.stores[1]->driver;
	stalling = *real;
	stalling.commit = commit_stalls;
	kit.stores[1]->driver = &stalling;
	wire_say(&a, "5");
	kit_settle(&kit);
	engine_live_end(a.live.engine, &a.live);
	kit_pass(&kit, 6000);
	kit.stores[1]->driver = real;
	kit_pass(&kit, 2000);
	T_EQ(wire_take(&b, 2, sid), ANSWER_PAYLOAD);
	T_OK(!b.is_closed);
	wire_say(&b, "2probe");
	wire_say(&b, "5");
	kit_settle(&kit);
	wire_say(&b, "42[\"broadcast\",1]");
	kit_settle(&kit);
	T_OK(strstr(b.got, "42[\"broadcast\",1") != NULL);
	kit_fini(&kit);
}

static void
polls_are_ended_again_and_again_while_it_probes(void)
{
	struct kit_request poll;
	struct wire a;
	char sid[24], t[16];
	int i;

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	T_EQ(wire_take(&a, 1, sid), ANSWER_PAYLOAD);
	wire_say(&a, "2probe");
	kit_settle(&kit);
	for (i = 0; i < 5; i++) {
		snprintf(t, sizeof(t), "q%d", i);
		kit_poll(&kit, i % KIT_PROCESSES, sid, t, &poll);
		T_OK(!poll.is_done);
		kit_pass(&kit, 100);
		T_STR(poll.body, "6");
	}
	kit_fini(&kit);
}

static void
an_older_client_is_taken_over_and_pings(void)
{
	struct wire a;
	char sid[24];

	kit_init(&kit);
	kit.codec = codec_of(GENERATION_EIO3);
	kit_open(&kit, 0, sid);
	T_EQ(wire_take(&a, 1, sid), ANSWER_PAYLOAD);
	wire_say(&a, "2probe");
	wire_say(&a, "5");
	kit_settle(&kit);
	wire_say(&a, "420[\"echo\",1]");
	wire_say(&a, "2");
	kit_settle(&kit);
	T_STR(a.got, "3probe|430[1]|3");
	a.got[0] = '\0';
	wire_say(&a, "451-[\"others\",{\"_placeholder\":true,\"num\":0}]");
	engine_live_message(a.live.engine, &a.live, true, SLICE("\4raw"));
	wire_say(&a, "451-[\"broadcast\",{\"_placeholder\":true,\"num\":0}]");
	engine_live_message(a.live.engine, &a.live, true, SLICE("\4raw"));
	kit_settle(&kit);
	T_STR(a.got, "451-[\"broadcast\",{\"_placeholder\":true,\"num\":0}]|binary:\4raw");
	kit_pass(&kit, 44000);
	T_OK(!a.is_closed);
	kit_pass(&kit, 1100);
	T_OK(a.is_closed);
	T_STR(kit.last_reason, "ping timeout");
	kit_fini(&kit);
}

static void
a_session_of_0_9_goes_over_to_the_websocket_at_its_address(void)
{
	struct wire a;
	char sid[24];

	kit_init(&kit);
	kit.codec = codec_of(GENERATION_V1);
	kit_open(&kit, 0, sid);
	T_EQ(wire_take(&a, 1, sid), ANSWER_PAYLOAD);
	T_STR(a.got, "1::");
	a.got[0] = '\0';
	wire_say(&a, "5:1+::{\"name\":\"echo\",\"args\":[1]}");
	kit_settle(&kit);
	T_STR(a.got, "6:::1+[1]");
	T_STR(kit_read(&kit, 2, sid), "refused");       /* no polls any more */
	T_OK(!a.is_closed);
	kit_fini(&kit);
}

static void
a_websocket_of_0_9_brings_what_polls_have_not_heard_and_ends_them(void)
{
	struct kit_request poll;
	struct wire a;
	char sid[24];
	int i;

	kit_init(&kit);
	kit.codec = codec_of(GENERATION_V1);
	kit_open(&kit, 0, sid);
	T_STR(kit_read(&kit, 0, sid), "1::");
	kit_post(&kit, 0, sid, "5:::{\"name\":\"broadcast\",\"args\":[1]}");
	T_EQ(wire_take(&a, 1, sid), ANSWER_PAYLOAD);
	T_STR(a.got, "5:::{\"name\":\"broadcast\",\"args\":[1]}");
	kit_fini(&kit);
	for (i = 0; i < KIT_PROCESSES; i++) {   /* also in the same process */
		kit_init(&kit);
		kit.codec = codec_of(GENERATION_V1);
		kit_open(&kit, 0, sid);
		T_STR(kit_read(&kit, 0, sid), "1::");
		kit_poll(&kit, i, sid, NULL, &poll);
		T_OK(!poll.is_done);
		T_EQ(wire_take(&a, 1, sid), ANSWER_PAYLOAD);
		T_OK(poll.is_done);
		T_STR(poll.body, "8::");        /* "0::" would end its client for good */
		T_OK(!a.is_closed);
		kit_fini(&kit);
	}
}

/* There is no status for it: the WebSocket opens, says so and ends. */
static void
a_websocket_of_0_9_that_cannot_have_its_session_is_told_aloud(void)
{
	struct wire a, b;
	char sid[24];

	kit_init(&kit);
	kit.codec = codec_of(GENERATION_V1);
	T_EQ(wire_take(&a, 0, "AAAAAAAAAAAAAAAAAAAB"), ANSWER_PAYLOAD);
	T_STR(a.got, "7:::1+0");
	T_OK(a.is_closed);
	kit_open(&kit, 0, sid);
	T_EQ(wire_take(&a, 0, sid), ANSWER_PAYLOAD);
	T_EQ(wire_take(&b, 1, sid), ANSWER_PAYLOAD);
	T_STR(b.got, "7:::1+0");
	T_OK(b.is_closed);
	T_OK(!a.is_closed);
	wire_say(&a, "5:::{\"name\":\"broadcast\",\"args\":[1]}");
	kit_settle(&kit);
	T_STR(a.got, "1::|5:::{\"name\":\"broadcast\",\"args\":[1]}");
	T_STR(b.got, "7:::1+0");
	kit.codec = codec_of(GENERATION_EIO3);          /* a session, but not theirs */
	kit_open(&kit, 0, sid);
	kit.codec = codec_of(GENERATION_V1);
	T_EQ(wire_take(&b, 1, sid), ANSWER_PAYLOAD);
	T_STR(b.got, "7:::1+0");
	kit_fini(&kit);
}

static void
wire_enter_0_6(struct wire *a)
{
	memset(a, 0, sizeof(*a));
	a->live.codec = kit.codec;
	a->live.info = SLICE("{}");
	a->live.ops = &door;
	a->live.door = a;
	engine_live_open(kit.engines[0], &a->live);
	kit_settle(&kit);
	T_EQ(a->answer, ANSWER_PAYLOAD);
	T_OK(strncmp(a->got, "~m~20~m~", 8) == 0);
	a->got[0] = '\0';
}

/* Its client hangs up when it has heard nothing for 15 s. */
static void
a_client_of_0_6_hears_heartbeats_sooner_and_needs_no_connect(void)
{
	struct wire a;
	int i;

	kit_init(&kit);
	kit.codec = codec_of(GENERATION_V0);
	wire_enter_0_6(&a);
	wire_say(&a, "~m~48~m~~j~{\"name\":\"echo\",\"args\":[1],\"id\":7}");
	kit_settle(&kit);
	T_STR(a.got, "~m~23~m~~j~{\"ack\":7,\"args\":[1]}");
	for (i = 0; i < 6; i++) {
		a.got[0] = '\0';
		kit_pass(&kit, 10000);
		T_STR(a.got, "~m~4~m~~h~1");
		wire_say(&a, a.got);
		kit_settle(&kit);
	}
	T_OK(!a.is_closed);
	kit_pass(&kit, 10000);
	kit_pass(&kit, 20100);
	kit_pass(&kit, 1000);
	T_OK(a.is_closed);
	T_STR(kit.last_reason, "ping timeout");
	kit_fini(&kit);
}

/* Several in a message; what is none hides no other, nor takes from the next. */
static void
each_message_of_0_6_is_read_for_itself(void)
{
	struct wire a;

	kit_init(&kit);
	kit.codec = codec_of(GENERATION_V0);
	wire_enter_0_6(&a);
	wire_say(&a, "garbage");
	engine_live_message(a.live.engine, &a.live, true, SLICE("~m~1~m~b"));
	wire_say(&a, "~m~99~m~~j~{\"name\":\"echo\",\"args\":[1],\"id\":1}");
	wire_say(&a, "~m~36~m~~j~{\"name\":\"echo\",\"args\":[2],\"id\":2}"
	    "~m~36~m~~j~{\"name\":\"echo\",\"args\":[3],\"id\":3}~m~");
	kit_settle(&kit);
	T_STR(a.got, "~m~23~m~~j~{\"ack\":1,\"args\":[1]}|"
	    "~m~23~m~~j~{\"ack\":2,\"args\":[2]}|~m~23~m~~j~{\"ack\":3,\"args\":[3]}");
	T_OK(!a.is_closed);
	kit_fini(&kit);
}

static void
an_older_client_is_greeted_in_messages(void)
{
	struct wire a;

	kit_init(&kit);
	memset(&a, 0, sizeof(a));
	a.live.codec = codec_of(GENERATION_EIO3);
	a.live.info = SLICE("{}");
	a.live.ops = &door;
	a.live.door = &a;
	engine_live_open(kit.engines[0], &a.live);
	kit_settle(&kit);
	T_OK(strstr(a.got, "\"upgrades\":[]") != NULL);
	T_STR(a.got + strlen(a.got) - 3, "|40");
	a.got[0] = '\0';
	wire_say(&a, "42[\"broadcast\",1]");
	kit_settle(&kit);
	T_STR(a.got, "42[\"broadcast\",1]");
	kit_fini(&kit);
}

static void
binary_becomes_text_for_clients_that_ask_for_it(void)
{
	struct wire a;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	a.live.wants_text = true;
	wire_say(&a, "451-[\"broadcast\",{\"_placeholder\":true,\"num\":0}]");
	wire_say(&a, "bcmF3");
	kit_settle(&kit);
	T_OK(strstr(a.got, "|bcmF3") != NULL);
	kit_fini(&kit);
}

/* ---- the mirror -------------------------------------------------------------------- */

static void
rooms_of_connections_are_known_in_memory(void)
{
	struct wire a, b;
	char sid[24];

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	wire_connect(&b, 0, NULL);
	kit_connect(&kit, 1, sid);
	wire_say(&a, "42[\"join\",\"red\"]");
	kit_settle(&kit);
	kit_post(&kit, 1, sid, "42[\"room\",1]");
	T_OK(strncmp(a.got, "42[\"room\",1,", 12) == 0);
	T_STR(b.got, "");
	a.got[0] = '\0';
	wire_say(&a, "42[\"room\",2]");
	wire_say(&a, "42[\"leave\",\"red\"]");
	wire_say(&a, "42[\"room\",3]");
	kit_settle(&kit);
	T_OK(strncmp(a.got, "42[\"room\",2,", 12) == 0);
	T_OK(strstr(a.got, "[\"room\",3") == NULL);
	a.got[0] = '\0';
	wire_say(&a, "42[\"others\",4]");
	kit_settle(&kit);
	T_STR(a.got, "");
	T_OK(strncmp(b.got, "42[\"others\",4,", 14) == 0);
	kit_fini(&kit);
}

static void
others_may_move_a_connection_to_a_room(void)
{
	struct effects effects = { NULL, NULL, 0 };
	struct arena arena = ARENA_INIT;
	int64_t emitted, question;
	struct effect *f;
	struct wire a;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	f = effects_add(&effects, &arena, EFFECT_JOIN);
	f->name = SLICE("red");
	f = effects_add(&effects, &arena, EFFECT_EMIT);
	f->name = SLICE("hello");
	f->data = SLICE("[]");
	f->who.rooms = SLICE("\3\0\0\0red");
	T_EQ(engine_apply(kit.engines[1], SLICE("/"), &effects, false,
	    &emitted, &question), RC_OK);
	kit_settle(&kit);
	T_OK(strncmp(a.got, "42[\"hello\",", 11) == 0);
	effects = (struct effects){ NULL, NULL, 0 };
	a.got[0] = '\0';
	effects_add(&effects, &arena, EFFECT_EMIT)->name = SLICE("last");
	effects.last->data = SLICE("[]");
	effects_add(&effects, &arena, EFFECT_DISCONNECT);
	T_EQ(engine_apply(kit.engines[1], SLICE("/"), &effects, false,
	    &emitted, &question), RC_OK);
	kit_settle(&kit);
	T_OK(strncmp(a.got, "42[\"last\",", 10) == 0);
	T_OK(strstr(a.got, "|41") != NULL);
	T_OK(!a.is_closed);
	arena_free(&arena);
	kit_fini(&kit);
}

static void
an_ack_alone_is_no_record(void)
{
	struct wire a;
	int64_t before, after;

	kit_init(&kit);
	wire_connect(&a, 0, NULL);
	T_EQ(store_last_seq(kit.store, &before), RC_OK);
	wire_say(&a, "421[\"echo\",1]");
	wire_say(&a, "422[\"echo\",2]");
	wire_say(&a, "423[\"broadcast\",3]");
	wire_say(&a, "424[\"echo\",4]");
	kit_settle(&kit);
	T_EQ(store_last_seq(kit.store, &after), RC_OK);
	T_EQ(after, before + 2);        /* the event, and the ack of who comes behind */
	T_OK(strncmp(a.got, "431[1]|432[2]|42[\"broadcast\",3,", 31) == 0);
	T_OK(strstr(a.got, "|433[3]|434[4]") != NULL);
	kit_fini(&kit);
}

static void
upgrades_are_announced_while_somebody_takes_sessions_over(void)
{
	char sid[24];

	kit_init(&kit);
	kit.upgrades = SLICE("[\"websocket\"]");
	kit_open(&kit, 0, sid);
	T_OK(strstr(kit.greeting, "\"upgrades\":[]") != NULL);
	store_offer_sockets(kit.stores[1]);
	kit_open(&kit, 0, sid);
	T_OK(strstr(kit.greeting, "\"upgrades\":[\"websocket\"]") != NULL);
	kit_fini(&kit);
}

int
main(void)
{
	T_RUN(an_event_on_a_connection_is_acknowledged_there);
	T_RUN(what_is_said_in_one_turn_keeps_its_order_beyond_one_post);
	T_RUN(connections_and_polls_hear_the_same_room);
	T_RUN(binary_travels_in_messages_of_its_own);
	T_RUN(bytes_of_an_answer_are_heard_from_who_collected_it);
	T_RUN(pings_are_answered_or_the_connection_ends);
	T_RUN(who_joins_nothing_is_let_go_though_it_answers_pings);
	T_RUN(a_hard_disconnect_says_so_and_closes);
	T_RUN(a_protocol_error_closes);
	T_RUN(a_slow_reader_is_let_go);
	T_RUN(what_no_pong_proved_is_said_again_to_a_recovered_client);
	T_RUN(an_ack_waits_for_its_event_although_a_socket_comes_back_beside_it);
	T_RUN(who_slept_too_long_to_hear_it_all_hears_no_rest_of_it);
	T_RUN(who_cannot_be_looked_up_misses_nothing);
	T_RUN(draining_closes_connections_and_keeps_them_recoverable);
	T_RUN(a_polling_session_is_taken_over);
	T_RUN(a_poll_that_waits_at_the_end_of_the_probe_is_closed);
	T_RUN(a_second_connection_is_closed_at_once);
	T_RUN(a_connection_that_was_refused_is_not_touched_again);
	T_RUN(a_probe_that_fails_leaves_polling_as_it_was);
	T_RUN(a_connection_that_goes_while_it_takes_over_probes_no_more);
	T_RUN(polls_are_ended_again_and_again_while_it_probes);
	T_RUN(an_older_client_is_taken_over_and_pings);
	T_RUN(an_older_client_is_greeted_in_messages);
	T_RUN(a_session_of_0_9_goes_over_to_the_websocket_at_its_address);
	T_RUN(a_websocket_of_0_9_brings_what_polls_have_not_heard_and_ends_them);
	T_RUN(a_websocket_of_0_9_that_cannot_have_its_session_is_told_aloud);
	T_RUN(a_client_of_0_6_hears_heartbeats_sooner_and_needs_no_connect);
	T_RUN(each_message_of_0_6_is_read_for_itself);
	T_RUN(binary_becomes_text_for_clients_that_ask_for_it);
	T_RUN(rooms_of_connections_are_known_in_memory);
	T_RUN(others_may_move_a_connection_to_a_room);
	T_RUN(an_ack_alone_is_no_record);
	T_RUN(upgrades_are_announced_while_somebody_takes_sessions_over);
	return t_end();
}
