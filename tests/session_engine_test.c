/*
 * session_engine_test.c - the virtual socket over several processes
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/session_kit.h"

static struct kit kit;

/* Whether text begins with head: events carry an offset at their end. */
static bool
begins(const char *text, const char *head)
{
	return strncmp(text, head, strlen(head)) == 0;
}

static void
a_session_opened_by_one_process_is_served_by_the_others(void)
{
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	T_EQ(kit_post(&kit, 1, sid, "420[\"echo\",1,{\"a\":\"b\"}]"), ANSWER_OK);
	T_STR(kit_read(&kit, 2, sid), "430[1,{\"a\":\"b\"}]");
	kit_fini(&kit);
}

static void
an_unknown_sid_is_refused_for_poll_and_post(void)
{
	kit_init(&kit);
	T_STR(kit_read(&kit, 0, "nosuchsession1234567"), "unknown");
	T_EQ(kit_post(&kit, 0, "nosuchsession1234567", "40"), ANSWER_UNKNOWN_SID);
	kit_fini(&kit);
}

static void
a_parked_poll_is_answered_by_a_post_to_another_process(void)
{
	struct kit_request poll;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "a", &poll);
	T_OK(!poll.is_done);
	T_EQ(kit_post(&kit, 1, sid, "427[\"echo\",\"x\"]"), ANSWER_OK);
	T_OK(poll.is_done);
	T_STR(poll.body, "437[\"x\"]");
	kit_fini(&kit);
}

static void
a_broadcast_reaches_every_session_once_in_the_order_of_the_log(void)
{
	struct kit_request polls[8];
	char sids[8][24];
	int i;

	kit_init(&kit);
	for (i = 0; i < 8; i++)
		kit_connect(&kit, i % 3, sids[i]);
	for (i = 0; i < 8; i++)
		kit_poll(&kit, 0, sids[i], "a", &polls[i]);
	T_EQ(kit_post(&kit, 1, sids[0], "42[\"broadcast\",1]\x1e" "42[\"broadcast\",2]"),
	    ANSWER_OK);
	for (i = 0; i < 8; i++) {
		T_OK(polls[i].is_done);
		T_OK(begins(polls[i].body, "42[\"broadcast\",1,\""));
		T_OK(strstr(polls[i].body, "\x1e" "42[\"broadcast\",2,\"") != NULL);
		T_STR(kit_read(&kit, 2, sids[i]), "");
	}
	kit_fini(&kit);
}

static void
a_poll_and_the_post_that_answers_it_may_come_in_one_turn(void)
{
	struct kit_request poll, post = { .is_done = false };
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	memset(&poll, 0, sizeof(poll));
	kit_poll(&kit, 0, sid, "a", &poll);
	T_EQ(kit_post(&kit, 0, sid, "421[\"echo\"]"), ANSWER_OK);
	T_STR(poll.body, "431[]");
	post.x = poll.x;
	poll.is_done = false;
	poll.x.t = SLICE("b");
	post.x.t = SLICE("c");
	post.x.body = SLICE("422[\"echo\"]");
	post.x.door = &post;
	engine_poll(kit.engines[0], &poll.x);
	engine_post(kit.engines[0], &post.x);
	engine_turn(kit.engines[0], false);
	T_OK(poll.is_done && post.is_done);
	T_STR(poll.body, "432[]");
	kit_fini(&kit);
}

/* Something waits for it already: it need not come again for what is said now. */
static void
a_poll_takes_along_what_is_said_in_its_turn(void)
{
	struct kit_request poll, post;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "a", &poll);
	T_EQ(kit_post(&kit, 0, sid, "421[\"echo\"]"), ANSWER_OK);
	T_EQ(kit_post(&kit, 0, sid, "422[\"echo\"]"), ANSWER_OK);
	post = poll;
	poll.is_done = post.is_done = false;
	poll.x.t = SLICE("b");
	post.x.t = SLICE("c");
	post.x.body = SLICE("423[\"echo\"]");
	poll.x.door = &poll;
	post.x.door = &post;
	engine_poll(kit.engines[0], &poll.x);
	engine_post(kit.engines[0], &post.x);
	engine_turn(kit.engines[0], false);
	T_OK(poll.is_done && post.is_done);
	T_STR(poll.body, "432[]\x1e" "433[]");
	kit_fini(&kit);
}

static void
two_polls_of_one_turn_are_decided_one_after_the_other(void)
{
	struct kit_request first, second;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "a", &first);
	T_EQ(kit_post(&kit, 0, sid, "421[\"echo\"]"), ANSWER_OK);
	T_OK(first.is_done);
	second = first;
	first.is_done = second.is_done = false;
	first.x.t = SLICE("b");
	second.x.t = SLICE("c");
	first.x.door = &first;
	second.x.door = &second;
	engine_poll(kit.engines[0], &first.x);
	engine_poll(kit.engines[0], &second.x);
	kit_settle(&kit);
	T_OK(second.is_done);
	T_EQ(second.x.answer, ANSWER_OVERLAP);
	kit_fini(&kit);
}

static void
all_but_me_leaves_out_the_sender_alone(void)
{
	char a[24], b[24];

	kit_init(&kit);
	kit_connect(&kit, 0, a);
	kit_connect(&kit, 1, b);
	kit_post(&kit, 2, a, "42[\"others\",1]");
	T_STR(kit_read(&kit, 0, a), "");
	T_OK(begins(kit_read(&kit, 0, b), "42[\"others\",1,"));
	kit_fini(&kit);
}

static void
a_room_is_heard_between_join_and_leave_only(void)
{
	char a[24], b[24];

	kit_init(&kit);
	kit_connect(&kit, 0, a);
	kit_connect(&kit, 1, b);
	kit_post(&kit, 0, a, "42[\"room\",0]");
	kit_post(&kit, 1, b, "42[\"join\",\"red\"]");
	kit_post(&kit, 0, a, "42[\"room\",1]");
	kit_post(&kit, 1, b, "42[\"leave\",\"red\"]");
	kit_post(&kit, 0, a, "42[\"room\",2]");
	T_OK(begins(kit_read(&kit, 2, b), "42[\"room\",1,"));
	T_STR(kit_read(&kit, 2, b), "");
	T_STR(kit_read(&kit, 2, a), "");
	kit_fini(&kit);
}

static void
a_volatile_event_reaches_only_a_poll_that_waits(void)
{
	struct kit_request poll;
	char a[24], b[24];

	kit_init(&kit);
	kit_connect(&kit, 0, a);
	kit_connect(&kit, 0, b);
	kit_poll(&kit, 1, b, "a", &poll);
	kit_post(&kit, 0, a, "42[\"volatile\",1]");
	T_OK(begins(poll.body, "42[\"volatile\",1,"));
	T_STR(kit_read(&kit, 0, a), "");
	kit_fini(&kit);
}

static void
events_of_one_post_see_what_those_before_them_changed(void)
{
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_post(&kit, 0, sid, "420[\"count\"]\x1e" "421[\"count\"]");
	T_STR(kit_read(&kit, 0, sid), "430[1]\x1e" "431[2]");
	kit_post(&kit, 1, sid, "422[\"count\"]");
	T_STR(kit_read(&kit, 0, sid), "432[3]");
	kit_fini(&kit);
}

static void
an_event_may_stand_behind_its_connect_in_one_payload(void)
{
	const char *got;
	char sid[24];

	kit_init(&kit);
	kit_open(&kit, 0, sid);
	kit_post(&kit, 0, sid, "40/a,\x1e" "42/a,0[\"count\"]");
	got = kit_read(&kit, 1, sid);
	T_OK(begins(got, "40/a,{\"sid\":\""));
	T_OK(strstr(got, "\x1e" "43/a,0[1]") != NULL);
	kit_fini(&kit);
}

static void
a_namespace_is_refused_with_message_and_data(void)
{
	char sid[24];

	kit_init(&kit);
	kit_open(&kit, 0, sid);
	kit_post(&kit, 0, sid, "40/nosuch,\x1e" "40/locked,{\"token\":1}");
	T_STR(kit_read(&kit, 0, sid), "44/nosuch,{\"message\":\"Invalid namespace\"}\x1e"
	    "44/locked,{\"message\":\"not allowed\",\"data\":{\"code\":7}}");
	T_EQ(kit_post(&kit, 0, sid, "40"), ANSWER_OK);
	T_OK(begins(kit_read(&kit, 0, sid), "40{"));
	kit_fini(&kit);
}

static void
an_event_for_a_namespace_not_joined_ends_the_session(void)
{
	struct kit_request poll;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_poll(&kit, 2, sid, "a", &poll);
	T_EQ(kit_post(&kit, 0, sid, "42/other,[\"x\"]"), ANSWER_OK);
	T_STR(poll.body, "1");
	T_STR(kit_read(&kit, 0, sid), "unknown");
	T_STR(kit.last_reason, "parse error");
	kit_fini(&kit);
}

static void
a_client_that_closes_gets_a_noop_on_its_poll(void)
{
	struct kit_request poll;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_poll(&kit, 2, sid, "a", &poll);
	T_EQ(kit_post(&kit, 0, sid, "41\x1e" "1"), ANSWER_OK);
	T_STR(poll.body, "6");
	T_STR(kit_read(&kit, 1, sid), "unknown");
	T_STR(kit.last_reason, "client namespace disconnect");
	kit_fini(&kit);
}

static void
a_hard_disconnect_takes_two_polls(void)
{
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_post(&kit, 0, sid, "42[\"kick hard\"]");
	T_STR(kit_read(&kit, 1, sid), "41");
	T_EQ(kit_post(&kit, 0, sid, "42[\"echo\"]"), ANSWER_OK);
	T_STR(kit_read(&kit, 2, sid), "6\x1e" "1");
	T_STR(kit_read(&kit, 0, sid), "unknown");
	T_STR(kit.last_reason, "server namespace disconnect");
	kit_fini(&kit);
}

/* Of each generation: its goodbye waits as long as a client may be silent. */
static void
a_close_that_nobody_collects_is_over_in_time(void)
{
	static const char *const kicks[] = {
		[GENERATION_EIO4] = "42[\"kick hard\"]",
		[GENERATION_EIO3] = "15:42[\"kick hard\"]",
		[GENERATION_V1] = "5:::{\"name\":\"kick hard\"}",
		[GENERATION_V0] = "~m~36~m~~j~{\"name\":\"kick hard\",\"args\":[]}",
	};
	struct store_stats stats;
	char sid[24];
	int g;

	for (g = 0; g < GENERATION__COUNT; g++) {
		kit_init(&kit);
		kit.codec = codec_of((enum generation)g);
		if (g == GENERATION_EIO4)
			kit_connect(&kit, 0, sid);
		else
			kit_open(&kit, 0, sid);
		T_EQ(kit_post(&kit, 1, sid, kicks[g]), ANSWER_OK);
		T_EQ(store_stats(kit.store, &stats), RC_OK);
		T_EQ(stats.sessions, 1);
		kit_pass(&kit, 46000);
		kit_pass(&kit, 1000);
		T_STR(kit_read(&kit, 2, sid), "unknown");
		T_EQ(store_stats(kit.store, &stats), RC_OK);
		T_EQ(stats.sessions, 0);
		kit_fini(&kit);
	}
}

static void
two_polls_at_once_end_the_session_also_over_processes(void)
{
	struct kit_request first, second;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "a", &first);
	kit_poll(&kit, 1, sid, "b", &second);
	T_OK(first.is_done && second.is_done);
	T_EQ(second.x.answer, ANSWER_OVERLAP);
	T_STR(first.body, "1");
	T_STR(kit_read(&kit, 2, sid), "unknown");
	kit_fini(&kit);
}

static void
a_resent_poll_takes_the_place_of_the_first(void)
{
	struct kit_request first, second;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "same", &first);
	kit_poll(&kit, 1, sid, "same", &second);
	T_OK(first.is_done && !second.is_done);
	T_STR(first.body, "6");
	kit_post(&kit, 2, sid, "420[\"echo\"]");
	T_STR(second.body, "430[]");
	kit_fini(&kit);
}

static void
a_resent_poll_takes_over_within_one_process_too(void)
{
	struct kit_request first, second;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "same", &first);
	kit_poll(&kit, 0, sid, "same", &second);
	T_OK(first.is_done && !second.is_done);
	kit_post(&kit, 0, sid, "420[\"echo\"]");
	T_STR(second.body, "430[]");
	kit_fini(&kit);
}

static void
a_resent_poll_is_answered_again_with_what_was_lost(void)
{
	struct kit_request poll;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_post(&kit, 0, sid, "420[\"echo\"]");
	kit_poll(&kit, 0, sid, "z", &poll);
	T_STR(poll.body, "430[]");
	kit_poll(&kit, 1, sid, "z", &poll);
	T_STR(poll.body, "430[]");
	T_STR(kit_read(&kit, 2, sid), "");
	kit_fini(&kit);
}

static void
a_resent_post_is_taken_once(void)
{
	struct kit_request post = { .is_done = false };
	char a[24];
	int i;

	kit_init(&kit);
	kit_connect(&kit, 0, a);
	for (i = 0; i < 2; i++) {
		kit_poll(&kit, i, "nosuch", "x", &post);        /* a blank request */
		post.x.sid = slice_str(a);
		post.x.t = SLICE("once");
		post.x.body = SLICE("42[\"count\"]");
		post.is_done = false;
		engine_post(kit.engines[i], &post.x);
		kit_settle(&kit);
		T_EQ(post.x.answer, ANSWER_OK);
	}
	kit_post(&kit, 0, a, "420[\"count\"]");
	T_STR(kit_read(&kit, 0, a), "430[2]");
	kit_fini(&kit);
}

static void
a_ping_goes_out_when_it_is_due_and_a_pong_keeps_the_session(void)
{
	struct kit_request poll;
	char sid[24];
	int i;

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	for (i = 0; i < 4; i++) {
		kit_poll(&kit, 0, sid, i % 2 ? "a" : "b", &poll);
		T_OK(!poll.is_done);
		kit_pass(&kit, 25000);
		T_STR(poll.body, "2");
		T_EQ(kit_post(&kit, 1, sid, "3"), ANSWER_OK);
	}
	kit_fini(&kit);
}

static void
a_missing_pong_ends_the_session(void)
{
	struct kit_request poll;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_pass(&kit, 25000);
	T_STR(kit_read(&kit, 0, sid), "2");
	kit_poll(&kit, 0, sid, "a", &poll);
	kit_pass(&kit, 19900);
	T_OK(!poll.is_done);
	kit_pass(&kit, 200);
	kit_pass(&kit, 1000);
	T_STR(poll.body, "1");
	T_STR(kit_read(&kit, 0, sid), "unknown");
	T_STR(kit.last_reason, "ping timeout");
	kit_fini(&kit);
}

static void
a_session_that_is_not_heard_of_ends_by_the_janitor(void)
{
	char sid[24], other[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_pass(&kit, 46000);
	kit_pass(&kit, 1000);
	kit_open(&kit, 0, other);
	T_STR(kit_read(&kit, 0, sid), "unknown");
	T_STR(kit.last_reason, "ping timeout");
	kit_fini(&kit);
}

static void
a_session_without_a_namespace_ends_after_the_connect_timeout(void)
{
	struct kit_request poll;
	char sid[24];

	kit_init(&kit);
	kit_open(&kit, 0, sid);
	kit_pass(&kit, 25000);
	T_STR(kit_read(&kit, 0, sid), "2");
	kit_post(&kit, 0, sid, "3");
	kit_poll(&kit, 0, sid, "a", &poll);
	kit_pass(&kit, 20100);
	kit_pass(&kit, 1000);
	T_STR(poll.body, "1");
	kit_fini(&kit);
}

static void
acks_to_the_server_reach_the_named_handler(void)
{
	const char *got;
	char sid[24], other[24], answer[64];
	int id;

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_connect(&kit, 1, other);
	kit_post(&kit, 0, sid, "42[\"ask\",\"q\"]");
	got = kit_read(&kit, 1, sid);
	T_EQ(sscanf(got, "42%d[\"question\",\"q\"]", &id), 1);
	T_OK(begins(kit_read(&kit, 2, other), "42"));
	snprintf(answer, sizeof(answer), "43%d[\"yes\"]", id);
	kit_post(&kit, 2, sid, answer);
	T_STR(kit.last_answers, "");
	kit_post(&kit, 2, sid, answer);
	kit_pass(&kit, 6000);
	kit_pass(&kit, 1000);
	T_STR(kit.last_answers, "timeout [[\"yes\"]]");
	kit_fini(&kit);
}

static void
bytes_in_an_ack_reach_the_named_handler(void)
{
	char sid[24], answer[80];
	int id;

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_post(&kit, 0, sid, "42[\"ask\",\"q\"]");
	T_EQ(sscanf(kit_read(&kit, 1, sid), "42%d[\"question\",\"q\"]", &id), 1);
	snprintf(answer, sizeof(answer),
	    "461-%d[{\"_placeholder\":true,\"num\":0}]\x1e" "bAAEC", id);
	kit_post(&kit, 2, sid, answer);
	kit_pass(&kit, 10);
	T_STR(kit.last_answers,
	    "done [[{\"_placeholder\":true,\"num\":0}]] with attachments");
	kit_fini(&kit);
}

static void
a_timer_fires_in_whichever_process_is_awake(void)
{
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_post(&kit, 0, sid, "42[\"after\"]");
	kit_pass(&kit, 2000);
	T_STR(kit.last_timer, "");
	kit_pass(&kit, 1500);
	kit_pass(&kit, 1000);
	T_STR(kit.last_timer, "alarm");
	kit_fini(&kit);
}

static void
a_key_lets_a_repeated_event_happen_once(void)
{
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_post(&kit, 0, sid, "42[\"once\",\"k1\"]");
	kit_post(&kit, 0, sid, "42[\"once\",\"k1\"]");
	T_OK(begins(kit_read(&kit, 0, sid), "42[\"once\",\"k1\","));
	T_STR(kit_read(&kit, 0, sid), "");
	kit_fini(&kit);
}

static void
binary_attachments_may_come_with_the_next_post(void)
{
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_post(&kit, 0, sid, "451-0[\"echo\",{\"_placeholder\":true,\"num\":0}]");
	T_STR(kit_read(&kit, 1, sid), "");
	kit_post(&kit, 1, sid, "bAAEC");
	T_OK(begins(kit_read(&kit, 2, sid), "4"));
	kit_fini(&kit);
}

/* The string argument at the end of the last event of a payload. */
static void
offset_of(const char *payload, char *offset_r)
{
	const char *end = payload + strlen(payload) - 2, *p = end;

	while (p[-1] != '"')
		p--;
	memcpy(offset_r, p, (size_t)(end - p));
	offset_r[end - p] = '\0';
}

static void
recovered_clients_get_what_they_missed_and_then_their_connect(void)
{
	char a[24], b[24], again[24], offset[64], pid[24], auth[128];
	const char *got, *p;

	kit_init(&kit);
	kit_open(&kit, 0, a);
	kit_post(&kit, 0, a, "40");
	got = kit_read(&kit, 0, a);
	T_EQ(sscanf(strstr(got, "pid"), "pid\":\"%20s", pid), 1);
	kit_connect(&kit, 1, b);
	kit_post(&kit, 1, b, "42[\"broadcast\",1]");
	offset_of(kit_read(&kit, 0, a), offset);
	kit_pass(&kit, 50000);
	kit_connect(&kit, 1, b);
	kit_post(&kit, 1, b, "42[\"broadcast\",2]");
	kit_post(&kit, 1, b, "42[\"broadcast\",3]");
	kit_open(&kit, 2, again);
	snprintf(auth, sizeof(auth), "40{\"pid\":\"%.20s\",\"offset\":\"%s\"}", pid, offset);
	kit_post(&kit, 2, again, auth);
	got = kit_read(&kit, 0, again);
	T_OK((p = strstr(got, "42[\"broadcast\",2,")) != NULL);
	T_OK((p = strstr(p, "42[\"broadcast\",3,")) != NULL);
	T_OK((p = strstr(p, "40{\"sid\":\"")) != NULL);
	T_OK(strstr(p, pid) != NULL);
	kit_post(&kit, 1, b, "42[\"broadcast\",4]");
	got = kit_read(&kit, 1, again);
	T_OK(begins(got, "42[\"broadcast\",4,"));
	T_OK(strchr(got, '\x1e') == NULL);
	kit_fini(&kit);
}

static void
an_offset_that_does_not_verify_is_not_recovered(void)
{
	char a[24], pid[24], auth[128], id[24], now[24];

	kit_init(&kit);
	kit_open(&kit, 0, a);
	kit_post(&kit, 0, a, "40");
	T_EQ(sscanf(kit_read(&kit, 0, a), "40{\"sid\":\"%20[^\"]\",\"pid\":\"%20s", id, pid), 2);
	kit_open(&kit, 0, a);
	snprintf(auth, sizeof(auth), "40{\"pid\":\"%.20s\",\"offset\":\"hello\"}", pid);
	kit_post(&kit, 0, a, auth);
	T_EQ(sscanf(kit_read(&kit, 0, a), "40{\"sid\":\"%20[^\"]", now), 1);
	T_OK(strcmp(id, now) != 0);
	kit_fini(&kit);
}

static void
draining_answers_every_parked_poll_and_loses_no_session(void)
{
	struct kit_request poll;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "a", &poll);
	engine_drain(kit.engines[0]);
	engine_turn(kit.engines[0], false);
	T_STR(poll.body, "6");
	T_STR(kit_read(&kit, 1, sid), "");
	kit_fini(&kit);
}

static void
room_count(void *arg, struct slice nsp, struct slice room, int64_t members)
{
	(void)nsp;
	(void)room;
	*(int *)arg += members > 0;
}

static int
rooms_joined(void)
{
	int n = 0;

	T_EQ(store_rooms(kit.store, SLICE("/"), SLICE_NONE, 100, room_count, &n), RC_OK);
	return n;
}

static void
a_room_with_a_name_too_long_is_not_joined(void)
{
	char sid[24], name[400], packet[500];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	memset(name, 'r', sizeof(name) - 1);
	name[kit.conf.wire.max_name + 1] = '\0';
	snprintf(packet, sizeof(packet), "42[\"join\",\"%s\"]", name);
	T_EQ(kit_post(&kit, 0, sid, packet), ANSWER_OK);
	T_EQ(rooms_joined(), 0);
	name[kit.conf.wire.max_name] = '\0';
	snprintf(packet, sizeof(packet), "42[\"join\",\"%s\"]", name);
	T_EQ(kit_post(&kit, 0, sid, packet), ANSWER_OK);
	T_EQ(rooms_joined(), 1);
	kit_fini(&kit);
}

static void
a_namespace_too_many_is_refused_and_not_passed_over(void)
{
	char sid[24], connect[32];
	int i;

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	for (i = 1; i < 32; i++) {
		snprintf(connect, sizeof(connect), "40/room-%d,", i);
		T_EQ(kit_post(&kit, 0, sid, connect), ANSWER_OK);
	}
	T_OK(strstr(kit_read(&kit, 0, sid), "40/room-31,{\"sid\"") != NULL);
	T_EQ(kit_post(&kit, 0, sid, "40/room-32,"), ANSWER_OK);
	T_STR(kit_read(&kit, 0, sid),
	    "44/room-32,{\"message\":\"Too many namespaces\"}");
	kit_fini(&kit);
}

/* A process that held nothing has no place in the log to read on from. */
static void
a_poll_that_is_answered_at_once_does_not_read_the_log_for_all(void)
{
	char path[] = "/tmp/session-log-XXXXXX", sid[24], line[512];
	struct kit_request poll = { .is_done = false };
	FILE *f;
	int i;

	kit_init(&kit);
	T_OK((i = mkstemp(path)) >= 0);
	close(i);
	log_open(LOG_LEVEL_WARN, path, 0);
	kit_connect(&kit, 0, sid);
	kit_post(&kit, 0, sid, "42[\"broadcast\",1]");
	kit_pass(&kit, 24 * 3600 * INT64_C(1000));
	kit_connect(&kit, 0, sid);
	for (i = 0; i < 20; i++)
		kit_post(&kit, 0, sid, "42[\"broadcast\",1]");
	kit_poll(&kit, 1, sid, "z", &poll);
	T_OK(poll.is_done);
	log_close();
	T_OK((f = fopen(path, "r")) != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, "below floor") != NULL)
			T_FAIL("%s", line);
	fclose(f);
	unlink(path);
	kit_fini(&kit);
}

static void
a_payload_of_too_many_packets_ends_the_session(void)
{
	struct buf body = BUF_INIT;
	char sid[24];
	int i;

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	for (i = 0; i < 257; i++)
		buf_str(&body, i == 0 ? "6" : "\x1e" "6");
	buf_char(&body, '\0');
	T_EQ(kit_post(&kit, 0, sid, body.p), ANSWER_OK);
	T_STR(kit_read(&kit, 0, sid), "unknown");
	buf_free(&body);
	kit_fini(&kit);
}

/* As Node reads a body: a whole one is text, whatever its bytes are. */
static void
what_is_no_text_in_a_post_is_heard_as_a_sign_for_it(void)
{
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	T_EQ(kit_post(&kit, 1, sid, "421[\"echo\",\"a\xff" "b\xe2\x82\"]"), ANSWER_OK);
	T_STR(kit_read(&kit, 0, sid), "431[\"a\xef\xbf\xbd" "b\xef\xbf\xbd\"]");
	T_EQ(kit_post(&kit, 1, sid, "422[\"echo\",\"\xe2\x1e" "423[\"echo\"]"), ANSWER_OK);
	T_STR(kit_read(&kit, 0, sid), "unknown");       /* half a string is none */
	kit_fini(&kit);
}

int
main(void)
{
	T_RUN(a_session_opened_by_one_process_is_served_by_the_others);
	T_RUN(an_unknown_sid_is_refused_for_poll_and_post);
	T_RUN(a_parked_poll_is_answered_by_a_post_to_another_process);
	T_RUN(a_broadcast_reaches_every_session_once_in_the_order_of_the_log);
	T_RUN(a_poll_and_the_post_that_answers_it_may_come_in_one_turn);
	T_RUN(a_poll_takes_along_what_is_said_in_its_turn);
	T_RUN(two_polls_of_one_turn_are_decided_one_after_the_other);
	T_RUN(all_but_me_leaves_out_the_sender_alone);
	T_RUN(a_room_is_heard_between_join_and_leave_only);
	T_RUN(a_volatile_event_reaches_only_a_poll_that_waits);
	T_RUN(events_of_one_post_see_what_those_before_them_changed);
	T_RUN(an_event_may_stand_behind_its_connect_in_one_payload);
	T_RUN(a_namespace_is_refused_with_message_and_data);
	T_RUN(an_event_for_a_namespace_not_joined_ends_the_session);
	T_RUN(a_client_that_closes_gets_a_noop_on_its_poll);
	T_RUN(a_hard_disconnect_takes_two_polls);
	T_RUN(a_close_that_nobody_collects_is_over_in_time);
	T_RUN(two_polls_at_once_end_the_session_also_over_processes);
	T_RUN(a_resent_poll_takes_the_place_of_the_first);
	T_RUN(a_resent_poll_takes_over_within_one_process_too);
	T_RUN(a_resent_poll_is_answered_again_with_what_was_lost);
	T_RUN(a_resent_post_is_taken_once);
	T_RUN(a_ping_goes_out_when_it_is_due_and_a_pong_keeps_the_session);
	T_RUN(a_missing_pong_ends_the_session);
	T_RUN(a_session_that_is_not_heard_of_ends_by_the_janitor);
	T_RUN(a_session_without_a_namespace_ends_after_the_connect_timeout);
	T_RUN(acks_to_the_server_reach_the_named_handler);
	T_RUN(bytes_in_an_ack_reach_the_named_handler);
	T_RUN(a_timer_fires_in_whichever_process_is_awake);
	T_RUN(a_key_lets_a_repeated_event_happen_once);
	T_RUN(binary_attachments_may_come_with_the_next_post);
	T_RUN(recovered_clients_get_what_they_missed_and_then_their_connect);
	T_RUN(an_offset_that_does_not_verify_is_not_recovered);
	T_RUN(draining_answers_every_parked_poll_and_loses_no_session);
	T_RUN(a_room_with_a_name_too_long_is_not_joined);
	T_RUN(a_namespace_too_many_is_refused_and_not_passed_over);
	T_RUN(a_poll_that_is_answered_at_once_does_not_read_the_log_for_all);
	T_RUN(a_payload_of_too_many_packets_ends_the_session);
	T_RUN(what_is_no_text_in_a_post_is_heard_as_a_sign_for_it);
	return t_end();
}
