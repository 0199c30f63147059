/*
 * session_v1_test.c - sessions of 0.7 to 0.9 over several processes, and among
 * newer ones
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/mem.h"
#include "tests/session_kit.h"

#define MARK "\xef\xbf\xbd"
#define EVENT(name, args) "5:::{\"name\":\"" name "\",\"args\":" args "}"

static struct kit kit;
static char sid[24], other[24];

static void
begin(void)
{
	kit_init(&kit);
	kit.codec = codec_of(GENERATION_V1);
	kit_open(&kit, 0, sid);
}

#define SAYS(i, who, text)    T_EQ(kit_post(&kit, i, who, text), ANSWER_OK)
#define HEARS(i, who, text)   T_STR(kit_read(&kit, i, who), text)
#define HEARS_NOTHING(i, who) HEARS(i, who, "")

static void
the_first_poll_is_told_that_it_is_connected(void)
{
	char want[64];

	begin();
	snprintf(want, sizeof(want), "%s:45:45:", sid);
	T_STR(kit.greeting, want);
	T_EQ(kit.calls, 1);
	HEARS(1, sid, "1::");
	HEARS_NOTHING(2, sid);
	kit_fini(&kit);
}

static void
who_is_refused_has_no_session(void)
{
	struct store_stats stats;
	struct exchange x = { .codec = codec_of(GENERATION_V1), .info = SLICE("{}") };
	struct kit_request request;

	begin();
	kit.refuses_root = true;
	memset(&request, 0, sizeof(request));
	kit_poll(&kit, 0, sid, "1", &request);          /* its done() */
	x.done = request.x.done;
	x.door = &request;
	engine_open(kit.engines[0], &x);
	kit_settle(&kit);
	T_EQ(x.answer, ANSWER_REFUSED);
	T_EQ(store_stats(kit.store, &stats), RC_OK);
	T_EQ(stats.sessions, 1);
	kit_fini(&kit);
}

static void
what_is_said_together_is_heard_together(void)
{
	begin();
	HEARS(0, sid, "1::");
	SAYS(1, sid, MARK "35" MARK EVENT("broadcast", "[1]") MARK "35" MARK EVENT("broadcast", "[2]"));
	HEARS(2, sid, MARK "35" MARK EVENT("broadcast", "[1]") MARK "35" MARK EVENT("broadcast", "[2]"));
	kit_fini(&kit);
}

static void
events_are_acknowledged_by_the_application(void)
{
	begin();
	HEARS(0, sid, "1::");
	SAYS(0, sid, "5:3+::{\"name\":\"echo\",\"args\":[1,\"a\"]}");
	HEARS(0, sid, "6:::3+[1,\"a\"]");
	kit_fini(&kit);
}

static void
messages_are_acknowledged_by_the_library(void)
{
	begin();
	HEARS(0, sid, "1::");
	SAYS(0, sid, "3:4::hello");
	HEARS(0, sid, "6:::4");
	kit_fini(&kit);
}

static void
a_question_is_answered(void)
{
	const char *heard;
	char answer[64];
	int id;

	begin();
	HEARS(0, sid, "1::");
	SAYS(0, sid, EVENT("ask", "[\"why\"]"));
	heard = kit_read(&kit, 1, sid);
	T_EQ(sscanf(heard, "5:%d+::", &id), 1);
	T_OK(strstr(heard, "+::{\"name\":\"question\",\"args\":[\"why\"]}") != NULL);
	snprintf(answer, sizeof(answer), "6:::%d+[\"because\"]", id);
	SAYS(2, sid, answer);
	kit_pass(&kit, 1000);
	T_STR(kit.last_answers, "done [[\"because\"]]");
	kit_fini(&kit);
}

static void
namespaces_are_joined_refused_and_left(void)
{
	begin();
	HEARS(0, sid, "1::");
	SAYS(0, sid, "1::/admin:?token=1");
	T_STR(kit.last_auth, "{\"token\":\"1\"}");
	HEARS(1, sid, "1::/admin");
	SAYS(0, sid, "1::/admin");
	HEARS(1, sid, "1::/admin");             /* asked again, answered again */
	SAYS(0, sid, "5:1+:/admin:{\"name\":\"echo\",\"args\":[1]}");
	HEARS(1, sid, "6::/admin:1+[1]");
	SAYS(0, sid, "1::/locked");
	HEARS(1, sid, "7::/locked:2");
	SAYS(0, sid, "0::/admin");
	HEARS_NOTHING(1, sid);
	SAYS(0, sid, "5:2+:/admin:{\"name\":\"echo\"}");        /* not joined: ignored */
	HEARS_NOTHING(1, sid);
	SAYS(0, sid, EVENT("echo", "[]"));
	T_STR(kit.last_reason, "client namespace disconnect");
	kit_fini(&kit);
}

static void
garbage_is_taken_and_changes_nothing(void)
{
	begin();
	HEARS(0, sid, "1::");
	SAYS(0, sid, "nonsense");
	SAYS(0, sid, "");
	SAYS(0, sid, MARK "x" MARK "3:::a");
	SAYS(0, sid, "5:::{bad");
	HEARS_NOTHING(0, sid);
	kit_fini(&kit);
}

static void
an_idle_poll_ends_after_twenty_seconds(void)
{
	struct kit_request request;

	begin();
	HEARS(0, sid, "1::");
	kit_poll(&kit, 0, sid, "1", &request);
	kit_pass(&kit, 19999);
	T_OK(!request.is_done);
	kit_pass(&kit, 1);
	T_OK(request.is_done);
	T_STR(request.body, "8::");
	kit_pass(&kit, 24000);
	HEARS_NOTHING(0, sid);                  /* no ping: it lives by polling */
	kit_pass(&kit, 46000);
	HEARS(0, sid, "unknown");
	kit_fini(&kit);
}

static void
of_two_polls_the_newer_one_stays_in_whichever_process(void)
{
	struct kit_request first, second, third;

	begin();
	HEARS(0, sid, "1::");
	kit_poll(&kit, 0, sid, NULL, &first);
	kit_poll(&kit, 1, sid, NULL, &second);
	T_OK(first.is_done);
	T_STR(first.body, "8::");
	kit_poll(&kit, 1, sid, NULL, &third);
	T_STR(second.body, "8::");
	SAYS(2, sid, EVENT("broadcast", "[1]"));
	T_OK(third.is_done);
	T_STR(third.body, EVENT("broadcast", "[1]"));
	kit_fini(&kit);
}

static void
what_could_not_be_written_is_said_again(void)
{
	struct kit_request request;

	begin();
	HEARS(0, sid, "1::");
	kit_poll(&kit, 0, sid, NULL, &request);
	SAYS(1, sid, EVENT("broadcast", "[1]"));
	T_STR(request.body, EVENT("broadcast", "[1]"));
	T_OK(request.x.receipt_r.session != 0);
	engine_lost(kit.engines[0], &request.x.receipt_r);
	kit_settle(&kit);
	HEARS(2, sid, EVENT("broadcast", "[1]"));
	HEARS_NOTHING(1, sid);
	kit_fini(&kit);
}

static void
who_has_polled_since_has_had_it(void)
{
	struct kit_request request;

	begin();
	HEARS(0, sid, "1::");
	SAYS(1, sid, EVENT("broadcast", "[1]"));
	kit_poll(&kit, 0, sid, NULL, &request);
	T_STR(request.body, EVENT("broadcast", "[1]"));
	T_EQ(request.x.receipt_r.ticket != 0, true);
	kit_poll(&kit, 0, sid, NULL, &request);
	T_OK(!request.is_done);
	T_EQ(request.x.receipt_r.session, 0);
	kit_fini(&kit);
}

static void
what_is_volatile_is_for_who_waits(void)
{
	struct kit_request request;

	begin();
	HEARS(0, sid, "1::");
	kit_poll(&kit, 0, sid, NULL, &request);
	SAYS(1, sid, EVENT("volatile", "[1]"));
	T_STR(request.body, EVENT("volatile", "[1]"));
	SAYS(1, sid, EVENT("volatile", "[2]"));
	SAYS(1, sid, EVENT("broadcast", "[3]"));
	HEARS(2, sid, EVENT("broadcast", "[3]"));
	kit_fini(&kit);
}

static void
goodbye_is_answered_with_goodbye(void)
{
	struct kit_request request;

	begin();
	HEARS(0, sid, "1::");
	kit_poll(&kit, 0, sid, NULL, &request);
	SAYS(1, sid, "0::");
	T_OK(request.is_done);
	T_STR(request.body, "0::");
	HEARS(2, sid, "unknown");
	T_STR(kit.last_reason, "transport close");
	kit_fini(&kit);
}

static void
who_is_sent_away_from_the_root_has_lost_the_session(void)
{
	begin();
	HEARS(0, sid, "1::");
	SAYS(0, sid, "1::/admin");
	HEARS(0, sid, "1::/admin");
	SAYS(0, sid, "5::/admin:{\"name\":\"kick\"}");
	HEARS(1, sid, "0::/admin");
	SAYS(0, sid, "5:::{\"name\":\"kick\"}");
	HEARS(1, sid, "0::");
	HEARS(2, sid, "0::");
	HEARS(2, sid, "unknown");
	kit_fini(&kit);
}

static void
every_generation_hears_the_others(void)
{
	begin();
	HEARS(0, sid, "1::");
	kit.codec = codec_of(GENERATION_EIO4);
	kit_connect(&kit, 1, other);
	SAYS(1, other, "42[\"broadcast\",\"\xf0\x9f\x98\x80 </script>\"]");
	T_OK(slice_starts(slice_str(kit_read(&kit, 2, other)),
	    SLICE("42[\"broadcast\",\"\xf0\x9f\x98\x80 </script>\"")));
	kit.codec = codec_of(GENERATION_V1);
	HEARS(2, sid, EVENT("broadcast", "[\"\xf0\x9f\x98\x80 </script>\"]"));
	SAYS(0, sid, "5:::{\"name\":\"broadcast\",\"args\":[\"back\"]}");
	HEARS(0, sid, EVENT("broadcast", "[\"back\"]"));
	kit.codec = codec_of(GENERATION_EIO4);
	T_OK(slice_starts(slice_str(kit_read(&kit, 0, other)),
	    SLICE("42[\"broadcast\",\"back\"")));
	kit_fini(&kit);
}

static void
binary_values_are_heard_as_base64_or_not_at_all(void)
{
	begin();
	HEARS(0, sid, "1::");
	kit.codec = codec_of(GENERATION_EIO4);
	kit_connect(&kit, 1, other);
	SAYS(1, other, "451-[\"broadcast\",{\"_placeholder\":true,\"num\":0}]\x1e" "bAAEC");
	kit.codec = codec_of(GENERATION_V1);
	HEARS(0, sid, EVENT("broadcast", "[{\"_base64\":\"AAEC\"}]"));
	kit_fini(&kit);
	kit_init(&kit);
	kit.conf.refuses_old_binary = true;
	kit_configure(&kit);
	kit_connect(&kit, 1, other);
	kit.codec = codec_of(GENERATION_V1);
	kit_open(&kit, 0, sid);
	HEARS(0, sid, "1::");
	kit.codec = codec_of(GENERATION_EIO4);
	SAYS(1, other, "451-[\"broadcast\",{\"_placeholder\":true,\"num\":0}]\x1e" "bAAEC");
	SAYS(1, other, "42[\"broadcast\",2]");
	kit.codec = codec_of(GENERATION_V1);
	HEARS(0, sid, EVENT("broadcast", "[2]"));
	kit_fini(&kit);
}

static void
websocket_is_announced_while_somebody_takes_sessions_over(void)
{
	kit_init(&kit);
	kit.codec = codec_of(GENERATION_V1);
	kit.upgrades = SLICE("[\"websocket\",\"xhr-polling\"]");
	kit.without = SLICE("[\"xhr-polling\"]");
	kit_open(&kit, 0, sid);
	T_STR(kit.greeting + 20, ":45:45:xhr-polling");
	store_offer_sockets(kit.stores[1]);
	kit_open(&kit, 0, sid);
	T_STR(kit.greeting + 20, ":45:45:websocket,xhr-polling");
	kit_leave(&kit, 1);
	kit_open(&kit, 0, sid);
	T_STR(kit.greeting + 20, ":45:45:xhr-polling");
	kit_fini(&kit);
}

int
main(void)
{
	T_RUN(the_first_poll_is_told_that_it_is_connected);
	T_RUN(who_is_refused_has_no_session);
	T_RUN(what_is_said_together_is_heard_together);
	T_RUN(events_are_acknowledged_by_the_application);
	T_RUN(messages_are_acknowledged_by_the_library);
	T_RUN(a_question_is_answered);
	T_RUN(namespaces_are_joined_refused_and_left);
	T_RUN(garbage_is_taken_and_changes_nothing);
	T_RUN(an_idle_poll_ends_after_twenty_seconds);
	T_RUN(of_two_polls_the_newer_one_stays_in_whichever_process);
	T_RUN(what_could_not_be_written_is_said_again);
	T_RUN(who_has_polled_since_has_had_it);
	T_RUN(what_is_volatile_is_for_who_waits);
	T_RUN(goodbye_is_answered_with_goodbye);
	T_RUN(who_is_sent_away_from_the_root_has_lost_the_session);
	T_RUN(every_generation_hears_the_others);
	T_RUN(binary_values_are_heard_as_base64_or_not_at_all);
	T_RUN(websocket_is_announced_while_somebody_takes_sessions_over);
	return t_end();
}
