/*
 * session_eio3_test.c - sessions of 1.x and 2.x over several processes, and
 * among newer ones
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/mem.h"
#include "tests/session_kit.h"

#define P0 "{\"_placeholder\":true,\"num\":0}"

static struct kit kit;

static void
begin(void)
{
	kit_init(&kit);
	kit.codec = codec_of(GENERATION_EIO3);
}

/* The packets, each behind its length in units (all are below U+10000). */
static const char *
payload(const char *const *packets)
{
	static char text[1024];
	size_t n = 0, i, units;

	for (; *packets != NULL; packets++) {
		for (i = units = 0; (*packets)[i] != '\0'; i++)
			units += ((*packets)[i] & 0xc0) != 0x80;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%zu:%s", units,
		    *packets);
	}
	return text;
}

#define PAYLOAD(...) payload((const char *const[]){ __VA_ARGS__, NULL })
#define SAYS(i, sid, ...) \
	T_EQ(kit_post(&kit, i, sid, PAYLOAD(__VA_ARGS__)), ANSWER_OK)
#define HEARS(i, sid, ...) \
	T_STR(kit_read(&kit, i, sid), PAYLOAD(__VA_ARGS__))
#define HEARS_NOTHING(i, sid) T_STR(kit_read(&kit, i, sid), "")
#define IS_GONE(i, sid)       T_STR(kit_read(&kit, i, sid), "unknown")

static bool
begins(const char *text, const char *head)
{
	return strncmp(text, head, strlen(head)) == 0;
}

static bool
ends(const char *text, const char *tail)
{
	return slice_ends(slice_str(text), slice_str(tail));
}

static void
the_handshake_connects_the_root_namespace(void)
{
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	T_OK(begins(strchr(kit.greeting, ':'), ":0{\"sid\":\""));
	T_OK(ends(kit.greeting, "}2:40"));
	HEARS_NOTHING(1, sid);
	SAYS(1, sid, "420[\"echo\",1,{\"a\":\"b\"}]");
	HEARS(2, sid, "430[1,{\"a\":\"b\"}]");
	kit_fini(&kit);
}

static void
the_socket_in_the_root_has_the_id_of_its_session(void)
{
	struct socket_row row;
	struct arena arena = ARENA_INIT;
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	T_EQ(store_socket_id(kit.store, SLICE("/"), slice_str(sid), &arena, &row), RC_OK);
	T_STR(row.id, sid);
	T_STR(row.pid, "");
	T_EQ(kit_post(&kit, 0, sid, "5:40/ab"), ANSWER_OK);
	T_EQ(store_socket_id(kit.store, SLICE("/ab"), slice_str(sid), &arena, &row), RC_NONE);
	arena_free(&arena);
	kit_fini(&kit);
}

static void
a_refusal_at_the_root_comes_with_the_handshake(void)
{
	char sid[24];

	begin();
	kit.refuses_root = true;
	kit_open(&kit, 0, sid);
	T_OK(ends(kit.greeting, "}" "12:44{\"code\":7}"));
	SAYS(1, sid, "420[\"echo\"]", "40/other");
	HEARS_NOTHING(2, sid);
	kit_pass(&kit, 44900);
	HEARS_NOTHING(2, sid);          /* nobody waits for a CONNECT */
	kit_fini(&kit);
}

static void
namespaces_are_named_refused_and_left_in_its_own_words(void)
{
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	SAYS(0, sid, "40/a", "40/nosuch", "40/locked,");
	HEARS(1, sid, "40/a,", "44/nosuch,\"Invalid namespace\"",
	    "44/locked,{\"code\":7}");
	SAYS(0, sid, "42/a,0[\"echo\"]");
	HEARS(1, sid, "43/a,0[]");
	SAYS(0, sid, "42/a,[\"kick\"]");
	HEARS(1, sid, "41/a,");
	SAYS(0, sid, "420[\"echo\"]");
	HEARS(1, sid, "430[]");
	kit_fini(&kit);
}

static void
the_query_of_a_connect_is_its_auth(void)
{
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	T_STR(kit.last_auth, "");
	SAYS(0, sid, "40/a?token=%31&b,");
	T_STR(kit.last_auth, "{\"token\":\"1\",\"b\":\"\"}");
	HEARS(1, sid, "40/a,");
	kit_fini(&kit);
}

static void
strangers_are_ignored_and_a_second_connect_is_answered_again(void)
{
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	SAYS(0, sid, "42/other,[\"echo\"]", "40");
	HEARS_NOTHING(0, sid);
	SAYS(0, sid, "40/a");
	HEARS(1, sid, "40/a,");
	SAYS(0, sid, "40/a");
	HEARS(1, sid, "40/a,");
	SAYS(0, sid, "41/a");
	T_STR(kit.last_reason, "client namespace disconnect");
	SAYS(0, sid, "42/a,0[\"echo\"]");
	HEARS_NOTHING(1, sid);
	SAYS(0, sid, "41", "40/a");             /* waits for "/" */
	HEARS_NOTHING(1, sid);
	SAYS(0, sid, "40", "40/a");
	HEARS(1, sid, "40", "40/a,");
	kit_fini(&kit);
}

static void
a_ping_is_answered_by_whoever_holds_the_poll(void)
{
	struct kit_request poll;
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "a", &poll);
	SAYS(1, sid, "2");
	T_OK(poll.is_done);
	T_STR(poll.body, "1:3");
	SAYS(1, sid, "2hello", "2");
	HEARS(2, sid, "3");
	SAYS(1, sid, "3");
	HEARS_NOTHING(2, sid);
	kit_fini(&kit);
}

static void
the_server_never_pings_and_lives_on_pings(void)
{
	struct kit_request poll;
	char sid[24];
	int i;

	begin();
	kit_open(&kit, 0, sid);
	for (i = 0; i < 6; i++) {
		kit_poll(&kit, 0, sid, i % 2 ? "a" : "b", &poll);
		kit_pass(&kit, 25000);
		T_OK(!poll.is_done);
		SAYS(1, sid, "3", "2");
		T_OK(poll.is_done);
		T_STR(poll.body, "1:3");
	}
	kit_fini(&kit);
}

static void
a_silent_client_is_let_go_after_both_times(void)
{
	struct kit_request poll;
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "a", &poll);
	kit_pass(&kit, 44000);
	T_OK(!poll.is_done);
	kit_pass(&kit, 1100);
	T_OK(poll.is_done);
	T_STR(poll.body, "1:1");
	T_STR(kit_read(&kit, 1, sid), "unknown");
	T_STR(kit.last_reason, "ping timeout");
	kit_fini(&kit);
}

static void
closing_has_the_forms_of_the_reference(void)
{
	struct kit_request poll, second;
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "a", &poll);
	SAYS(1, sid, "41", "1");
	T_STR(poll.body, "1:6");
	IS_GONE(1, sid);

	kit_open(&kit, 0, sid);
	SAYS(0, sid, "42[\"kick hard\"]");
	HEARS(1, sid, "41");
	SAYS(0, sid, "42[\"echo\"]");
	T_STR(kit_read(&kit, 2, sid), "1:61:1");
	IS_GONE(0, sid);

	kit_open(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "a", &poll);
	kit_poll(&kit, 1, sid, "b", &second);
	T_EQ(second.x.answer, ANSWER_OVERLAP);
	T_STR(poll.body, "1:1");

	kit_open(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "a", &poll);
	T_EQ(kit_post(&kit, 1, sid, "not a payload"), ANSWER_OK);
	T_STR(poll.body, "1:1");
	kit_fini(&kit);
}

static void
octets_are_taken_and_given_where_something_is_binary(void)
{
	struct kit_request poll;
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	T_EQ(kit_post_octets(&kit, 0, sid,
	    SLICE("\0\4\x08\xff" "451-0[\"broadcast\"," P0 "]")), ANSWER_OK);
	T_EQ(kit_post_octets(&kit, 1, sid, SLICE("\1\3\xff\4hi")), ANSWER_OK);
	kit_poll(&kit, 2, sid, "a", &poll);
	T_OK(poll.is_done && poll.x.is_octets_r);
	T_EQ(poll.body[0], 0);
	T_OK(memmem(poll.body, poll.body_n, "\1\3\xff\4hi", 6) != NULL);
	SAYS(1, sid, "421[\"echo\"]");
	kit_poll(&kit, 2, sid, "b", &poll);
	T_OK(poll.is_done && !poll.x.is_octets_r);
	T_STR(poll.body, "5:431[]");
	kit_fini(&kit);
}

static void
a_client_that_wants_text_gets_base64_for_life(void)
{
	char sid[24];

	begin();
	kit.wants_text = true;
	kit_open(&kit, 0, sid);
	kit.wants_text = false;
	SAYS(0, sid, "451-[\"broadcast\"," P0 "]", "b4aGk=");
	HEARS(1, sid, "451-[\"broadcast\"," P0 "]", "b4aGk=");
	kit_fini(&kit);
}

/* One of each generation, each spoken to in its own words. */
static void
one_room_holds_both_generations(void)
{
	char old[24], new[24], texts[24];
	const char *heard;

	begin();
	kit_open(&kit, 0, old);
	kit_open(&kit, 1, texts);
	kit.codec = codec_of(GENERATION_EIO4);
	kit_connect(&kit, 1, new);
	kit_post(&kit, 2, new, "42[\"join\",\"red\"]");
	kit.codec = codec_of(GENERATION_EIO3);
	SAYS(2, old, "42[\"join\",\"red\"]");
	SAYS(2, texts, "42[\"join\",\"red\"]");
	SAYS(2, old, "42[\"room\",\"\xc3\xa9\"]");
	SAYS(0, texts, "42[\"room\",\"\xc3\x83\xc2\xa9!\"]");    /* 1.x */
	kit.codec = codec_of(GENERATION_EIO4);
	kit_post(&kit, 1, new, "42[\"room\",\"\xc3\xa9?\"]");
	heard = kit_read(&kit, 0, new);
	T_OK(begins(heard, "42[\"room\",\"\xc3\xa9\",\""));
	T_OK(strstr(heard, "\x1e" "42[\"room\",\"\xc3\xa9!\",\"") != NULL);
	T_OK(strstr(heard, "\x1e" "42[\"room\",\"\xc3\xa9?\",\"") != NULL);
	T_STR(kit_read(&kit, 2, new), "");
	kit.codec = codec_of(GENERATION_EIO3);
	HEARS(0, old, "42[\"room\",\"\\u00e9\"]", "42[\"room\",\"\\u00e9!\"]",
	    "42[\"room\",\"\\u00e9?\"]");
	HEARS(1, texts, "42[\"room\",\"\\u00e9\"]", "42[\"room\",\"\\u00e9!\"]",
	    "42[\"room\",\"\\u00e9?\"]");
	HEARS_NOTHING(0, old);
	kit_fini(&kit);
}

static void
one_binary_event_goes_out_in_three_forms(void)
{
	struct kit_request polls[3];
	char sids[3][24];
	int i;

	begin();
	kit_open(&kit, 0, sids[0]);
	kit.wants_text = true;
	kit_open(&kit, 1, sids[1]);
	kit.wants_text = false;
	kit.codec = codec_of(GENERATION_EIO4);
	kit_connect(&kit, 2, sids[2]);
	for (i = 0; i < 3; i++) {
		kit.codec = codec_of(i < 2 ? GENERATION_EIO3 : GENERATION_EIO4);
		kit_poll(&kit, 0, sids[i], "a", &polls[i]);
	}
	kit_post(&kit, 1, sids[2], "451-[\"broadcast\"," P0 "]\x1e" "baGk=");
	T_OK(polls[0].is_done && polls[1].is_done && polls[2].is_done);
	T_OK(polls[0].x.is_octets_r && !polls[1].x.is_octets_r);
	T_OK(memmem(polls[0].body, polls[0].body_n, "\1\3\xff\4hi", 6) != NULL);
	T_STR(polls[1].body, PAYLOAD("451-[\"broadcast\"," P0 "]", "b4aGk="));
	T_OK(begins(polls[2].body, "451-[\"broadcast\"," P0 ",\""));
	T_OK(ends(polls[2].body, "\x1e" "baGk="));
	kit_fini(&kit);
}

static void
a_session_of_the_other_generation_is_a_bad_request(void)
{
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	kit.codec = codec_of(GENERATION_EIO4);
	T_EQ(kit_post(&kit, 0, sid, "42[\"echo\"]"), ANSWER_BAD_REQUEST);
	T_STR(kit_read(&kit, 0, sid), "refused");
	kit_fini(&kit);
}

static void
an_event_that_asks_is_answered_by_an_old_client(void)
{
	const char *got;
	char sid[24], answer[64];

	begin();
	kit_open(&kit, 0, sid);
	SAYS(0, sid, "42[\"ask\",\"up\"]");
	got = strchr(kit_read(&kit, 1, sid), ':') + 1;
	T_OK(ends(got, "[\"question\",\"up\"]"));
	snprintf(answer, sizeof(answer), "43%.*s[1]", (int)strcspn(got + 2, "["),
	    got + 2);
	SAYS(2, sid, answer);
	kit_pass(&kit, 1000);
	T_STR(kit.last_answers, "done [[1]]");
	kit_fini(&kit);
}

int
main(void)
{
	T_RUN(the_handshake_connects_the_root_namespace);
	T_RUN(the_socket_in_the_root_has_the_id_of_its_session);
	T_RUN(a_refusal_at_the_root_comes_with_the_handshake);
	T_RUN(namespaces_are_named_refused_and_left_in_its_own_words);
	T_RUN(the_query_of_a_connect_is_its_auth);
	T_RUN(strangers_are_ignored_and_a_second_connect_is_answered_again);
	T_RUN(a_ping_is_answered_by_whoever_holds_the_poll);
	T_RUN(the_server_never_pings_and_lives_on_pings);
	T_RUN(a_silent_client_is_let_go_after_both_times);
	T_RUN(closing_has_the_forms_of_the_reference);
	T_RUN(octets_are_taken_and_given_where_something_is_binary);
	T_RUN(a_client_that_wants_text_gets_base64_for_life);
	T_RUN(one_room_holds_both_generations);
	T_RUN(one_binary_event_goes_out_in_three_forms);
	T_RUN(a_session_of_the_other_generation_is_a_bad_request);
	T_RUN(an_event_that_asks_is_answered_by_an_old_client);
	return t_end();
}
