/*
 * session_v0_test.c - sessions of 0.6 over several processes, and among newer ones
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/session_kit.h"

static struct kit kit;
static char sid[24], other[24];

static void
begin(void)
{
	kit_init(&kit);
	kit.codec = codec_of(GENERATION_V0);
	kit_open(&kit, 0, sid);
}

/* A message behind its length in units. */
static const char *
framed(const char *message)
{
	static char frames[2][256];
	static unsigned n;
	const unsigned char *p;
	unsigned units = 0;

	for (p = (const unsigned char *)message; *p != '\0'; p++)
		units += ((*p & 0xc0) != 0x80) + (*p >= 0xf0);
	n ^= 1;
	snprintf(frames[n], sizeof(frames[n]), "~m~%u~m~%s", units, message);
	return frames[n];
}

#define SAYING(name, args) \
	framed("~j~{\"name\":\"" name "\",\"args\":" args "}")
#define SAYS(i, who, text)    T_EQ(kit_post(&kit, i, who, text), ANSWER_OK)
#define HEARS(i, who, text)   T_STR(kit_read(&kit, i, who), text)
#define HEARS_NOTHING(i, who) HEARS(i, who, "")

/* One of 4.x, who says and hears what stands here. */
static void
other_connects(int i)
{
	kit.codec = codec_of(GENERATION_EIO4);
	kit_connect(&kit, i, other);
	kit.codec = codec_of(GENERATION_V0);
}

static void
other_says(int i, const char *text)
{
	kit.codec = codec_of(GENERATION_EIO4);
	SAYS(i, other, text);
	kit.codec = codec_of(GENERATION_V0);
}

static void
the_handshake_is_the_first_poll_and_all_there_is_to_say(void)
{
	char want[64];

	begin();
	snprintf(want, sizeof(want), "~m~20~m~%s", sid);
	T_STR(kit.greeting, want);
	T_EQ(kit.calls, 1);                     /* it is in "/" */
	HEARS_NOTHING(1, sid);
	SAYS(1, sid, SAYING("broadcast", "[1,\"a\"]"));
	HEARS(2, sid, SAYING("broadcast", "[1,\"a\"]"));
	kit_fini(&kit);
}

static void
who_is_refused_has_no_session(void)
{
	struct exchange x = { .codec = codec_of(GENERATION_V0), .info = SLICE("{}") };
	struct kit_request request;
	struct store_stats stats;

	begin();
	kit.refuses_root = true;
	memset(&request, 0, sizeof(request));
	kit_poll(&kit, 0, sid, NULL, &request);         /* its done() */
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
of_two_polls_the_newer_one_stays_in_whichever_process(void)
{
	struct kit_request first, second, third;

	begin();
	kit_poll(&kit, 0, sid, NULL, &first);
	T_OK(!first.is_done);
	kit_poll(&kit, 1, sid, NULL, &second);
	T_OK(first.is_done && !second.is_done);
	T_STR(first.body, "");
	kit_poll(&kit, 1, sid, NULL, &third);
	T_OK(second.is_done && !third.is_done);
	T_STR(second.body, "");
	SAYS(2, sid, SAYING("broadcast", "[1]"));
	T_OK(third.is_done);
	T_STR(third.body, SAYING("broadcast", "[1]"));
	HEARS_NOTHING(0, sid);
	kit_fini(&kit);
}

/* What comes in one turn is decided one after the other. */
static void
of_many_polls_of_one_turn_the_last_one_stays(void)
{
	enum { POLLS = 5 };
	struct kit_request polls[POLLS];
	struct exchange x;
	int i;

	begin();
	kit_poll(&kit, 0, sid, NULL, &polls[0]);
	x = polls[0].x;
	x.parked = NULL;
	for (i = 1; i < POLLS; i++) {
		memset(&polls[i], 0, sizeof(polls[i]));
		polls[i].x = (struct exchange){ .codec = x.codec,
		    .transport = x.transport, .sid = x.sid, .done = x.done,
		    .door = &polls[i] };
		engine_poll(kit.engines[0], &polls[i].x);
	}
	kit_settle(&kit);
	for (i = 0; i < POLLS - 1; i++) {
		T_OK(polls[i].is_done);
		T_STR(polls[i].body, "");
	}
	T_OK(!polls[POLLS - 1].is_done);
	SAYS(2, sid, "~m~2~m~hi");
	SAYS(2, sid, SAYING("broadcast", "[1]"));
	T_STR(polls[POLLS - 1].body, SAYING("broadcast", "[1]"));
	kit_fini(&kit);
}

static void
an_idle_poll_ends_after_twenty_seconds_and_silence_the_session(void)
{
	struct kit_request request;

	begin();
	kit_poll(&kit, 0, sid, NULL, &request);
	kit_pass(&kit, 19999);
	T_OK(!request.is_done);
	kit_pass(&kit, 1);
	T_OK(request.is_done);
	T_STR(request.body, "");
	T_EQ(request.x.answer, ANSWER_PAYLOAD);
	kit_pass(&kit, 24000);                  /* 45 s since it polled */
	HEARS_NOTHING(1, sid);
	kit_pass(&kit, 46000);
	HEARS(1, sid, "unknown");
	T_STR(kit.last_reason, "ping timeout");
	kit_fini(&kit);
}

static void
what_could_not_be_written_is_said_again(void)
{
	struct kit_request request;

	begin();
	kit_poll(&kit, 0, sid, NULL, &request);
	SAYS(1, sid, SAYING("broadcast", "[1]"));
	T_OK(request.is_done && request.x.receipt_r.session != 0);
	engine_lost(kit.engines[0], &request.x.receipt_r);
	kit_settle(&kit);
	HEARS(2, sid, SAYING("broadcast", "[1]"));
	HEARS_NOTHING(1, sid);
	kit_fini(&kit);
}

static void
who_is_sent_away_has_lost_the_session(void)
{
	struct kit_request request;

	begin();
	kit_poll(&kit, 0, sid, NULL, &request);
	SAYS(1, sid, SAYING("kick", "[]"));
	T_OK(request.is_done);
	T_STR(request.body, "");                /* it has no word for this */
	kit_poll(&kit, 2, sid, NULL, &request);
	T_OK(request.is_done);
	T_STR(request.body, "");
	HEARS(0, sid, "unknown");
	T_EQ(kit_post(&kit, 0, sid, "~m~1~m~x"), ANSWER_UNKNOWN_SID);
	kit_fini(&kit);
}

static void
what_a_page_does_not_answer_is_not_waited_for(void)
{
	const char *heard;
	char answer[64];
	int id;

	begin();
	SAYS(0, sid, SAYING("ask", "[\"why\"]"));
	heard = strstr(kit_read(&kit, 1, sid), "\"id\":");
	T_OK(heard != NULL && sscanf(heard, "\"id\":%d}", &id) == 1);
	snprintf(answer, sizeof(answer), "~j~{\"ack\":%d,\"args\":[2]}", id);
	SAYS(2, sid, framed(answer));
	kit_pass(&kit, 1000);
	T_STR(kit.last_answers, "done [[2]]");

	SAYS(0, sid, SAYING("ask", "[\"why\"]"));
	HEARS(1, sid, kit_read(&kit, 1, sid));  /* heard, and nothing said */
	kit_pass(&kit, 5100);
	T_OK(strncmp(kit.last_answers, "timeout", 7) == 0);
	HEARS_NOTHING(1, sid);
	kit_fini(&kit);
}

static void
a_channel_may_be_named_by_the_next_request_to_another_process(void)
{
	begin();
	SAYS(0, sid, "~m~13~m~__subscribe__");
	SAYS(1, sid, "~m~3~m~red");
	T_EQ(kit.calls, 2);
	SAYS(2, sid, "~m~3~m~red");             /* a message now */
	T_EQ(kit.calls, 3);
	kit_fini(&kit);
}

static void
newer_clients_hear_a_page_and_are_heard(void)
{
	begin();
	other_connects(1);
	other_says(2, "42[\"broadcast\",\"\xf0\x9f\x98\x80 </script>\"]");
	HEARS(0, sid, SAYING("broadcast", "[\"\xf0\x9f\x98\x80 </script>\"]"));
	other_says(2, "42[\"broadcast\",\"\\ud800\"]");
	HEARS(0, sid, SAYING("broadcast", "[\"\\ud800\"]"));
	SAYS(0, sid, SAYING("broadcast", "[\"back\"]"));
	HEARS(0, sid, SAYING("broadcast", "[\"back\"]"));
	kit_fini(&kit);
}

static void
binary_values_are_heard_as_base64_or_not_at_all(void)
{
	static const char *const bytes =
	    "451-[\"broadcast\",{\"_placeholder\":true,\"num\":0}]\x1e" "bAAEC";

	begin();
	other_connects(1);
	other_says(1, bytes);
	HEARS(0, sid, SAYING("broadcast", "[{\"_base64\":\"AAEC\"}]"));
	kit_fini(&kit);

	kit_init(&kit);
	kit.conf.refuses_old_binary = true;
	kit_configure(&kit);
	kit.codec = codec_of(GENERATION_V0);
	kit_open(&kit, 0, sid);
	other_connects(1);
	other_says(1, bytes);
	other_says(1, "42[\"broadcast\",2]");
	HEARS(0, sid, SAYING("broadcast", "[2]"));
	kit_fini(&kit);
}

int
main(void)
{
	T_RUN(the_handshake_is_the_first_poll_and_all_there_is_to_say);
	T_RUN(who_is_refused_has_no_session);
	T_RUN(of_two_polls_the_newer_one_stays_in_whichever_process);
	T_RUN(of_many_polls_of_one_turn_the_last_one_stays);
	T_RUN(an_idle_poll_ends_after_twenty_seconds_and_silence_the_session);
	T_RUN(what_could_not_be_written_is_said_again);
	T_RUN(who_is_sent_away_has_lost_the_session);
	T_RUN(what_a_page_does_not_answer_is_not_waited_for);
	T_RUN(a_channel_may_be_named_by_the_next_request_to_another_process);
	T_RUN(newer_clients_hear_a_page_and_are_heard);
	T_RUN(binary_values_are_heard_as_base64_or_not_at_all);
	return t_end();
}
