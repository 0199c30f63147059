/*
 * http_eio3_test.c - EIO3 over HTTP: who speaks it, its forms and statuses
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/http_support.h"
#include "tests/t.h"

#define EIO3     "/socket.io/?EIO=3&transport=polling"
#define EIO3_SID EIO3 "&t=T1&sid=" SID

/* The engine's session is of that generation. */
static void
old_world(void)
{
	world();
	conf.generations = "eio4 eio3";
	engine.generation = GENERATION_EIO3;
	gate();
}

static void
whatever_is_not_4_is_3(void)
{
	static const char *const targets[] = { EIO3,
	    "/socket.io/?EIO=2&transport=polling", "/socket.io/?transport=polling",
	    "/socket.io/?EIO=&transport=polling", "/socket.io/?EIO=5&transport=polling" };
	size_t i;

	old_world();
	engine.payload = SLICE("2:40");
	for (i = 0; i < N_ELEMENTS(targets); i++) {
		T_EQ(ask(targets[i]), 200);
		T_SLICE(answer_body(), "2:40");
		T_SLICE(answer_header("content-type"), "text/plain; charset=UTF-8");
	}
	T_EQ(engine.opens, N_ELEMENTS(targets));
	T_EQ(ask(EIO3_SID), 200);
}

static void
a_session_is_spoken_to_in_its_own_generation(void)
{
	old_world();
	T_ERROR(SESSION, 400, CODE3);
	engine.generation = GENERATION_EIO4;
	T_ERROR(EIO3_SID, 400, CODE3);
	T_EQ(ask(SESSION), 200);
}

static void
either_generation_may_be_off(void)
{
	old_world();
	conf.generations = "eio3";
	gate();
	T_ERROR(POLLING, 400, CODE5);
	T_EQ(ask(EIO3), 200);
	conf.generations = "eio4";
	gate();
	T_ERROR(EIO3, 400, CODE5);
	T_ERROR(EIO3_SID, 400, CODE3);
	T_EQ(ask(POLLING), 200);
}

static void
errors_come_in_the_order_of_the_reference(void)
{
	old_world();
	T_ERROR("/socket.io/?EIO=3&transport=foo&sid=nope", 400, CODE0);
	T_ERROR(EIO3 "&sid=nope", 400, CODE1);
	T_ERROR("/socket.io/?EIO=3&transport=websocket", 400, CODE3);
	T_ERROR("/socket.io/?EIO=3&transport=websocket&sid=" SID, 400, CODE3);
	fresh_request("OPTIONS");
	T_ERROR(EIO3, 400, CODE2);
	fresh_request("POST");
	T_ERROR(EIO3, 400, CODE2);
}

static void
options_of_a_session_are_200(void)
{
	old_world();
	fresh_request("OPTIONS");
	T_ERROR(EIO3_SID, 200, "");
	T_SLICE(answer_header("access-control-allow-headers"), "Content-Type");
	T_ERROR(EIO3 "&sid=nope", 400, CODE1);
	fresh_request("PUT");
	T_ERROR(EIO3_SID, 500, "");
}

static void
an_overlap_is_500(void)
{
	old_world();
	engine.answer = ANSWER_OVERLAP;
	T_ERROR(EIO3_SID, 500, "");
}

static void
an_octet_stream_is_taken_and_given(void)
{
	old_world();
	fresh_request("POST");
	header("content-type", "application/octet-stream");
	request.body = SLICE("\0\1\xff" "2");
	T_ERROR(EIO3_SID, 200, "ok");
	T_OK(engine.is_octets);
	T_OK(slice_eq(buf_slice(&engine.body), SLICE("\0\1\xff" "2")));
	fresh_request("GET");
	engine.gives_octets = true;
	engine.payload = SLICE("\1\1\xff\4");
	T_EQ(ask(EIO3_SID), 200);
	T_SLICE(answer_header("content-type"), "application/octet-stream");
	T_OK(slice_eq(answer_body(), SLICE("\1\1\xff\4")));
}

static void
who_bears_a_time_and_a_count_hears_octets_only(void)
{
	old_world();
	engine.payload = SLICE("6:42[\"x\"1:6");
	T_EQ(ask(EIO3 "&sid=" SID "&t=1416500000000-3"), 200);
	T_SLICE(answer_header("content-type"), "application/octet-stream");
	T_OK(slice_eq(answer_body(), SLICE("\0\6\xff" "42[\"x\"\0\1\xff" "6")));
	T_EQ(ask(EIO3 "&sid=" SID "&t=1416500000000-3&b64=1"), 200);
	T_OK(slice_eq(answer_body(), engine.payload));
	T_EQ(ask(EIO3 "&sid=" SID "&t=1416500000000"), 200);
	T_OK(slice_eq(answer_body(), engine.payload));
	T_EQ(ask(EIO3 "&sid=" SID "&t=LZ03xfq-3"), 200);
	T_OK(slice_eq(answer_body(), engine.payload));
}

static void
b64_and_jsonp_ask_for_text(void)
{
	old_world();
	ask(EIO3);
	T_OK(!engine.wants_text);
	ask(EIO3 "&b64=");
	T_OK(!engine.wants_text);
	ask(EIO3 "&b64=1");
	T_OK(engine.wants_text);
	ask(EIO3 "&j=0");
	T_OK(engine.wants_text);
	ask(EIO3_SID "&j=0");
	T_OK(engine.wants_text);
}

static void
jsonp_wraps_polls_and_unwraps_posts(void)
{
	old_world();
	engine.payload = SLICE("17:42[\"</script>\"]");
	T_EQ(ask(EIO3 "&j=7"), 200);
	T_SLICE(answer_body(), "___eio[7](\"17:42[\\\"<\\/script>\\\"]\");");
	fresh_request("POST");
	header("Content-Type", "application/x-www-form-urlencoded");
	request.body = SLICE("d=7%3A42%5B%22a%22%5D");
	T_ERROR(EIO3_SID "&j=0", 200, "ok");
	T_SLICE(buf_slice(&engine.body), "7:42[\"a\"]");
	request.body = SLICE("x=1");
	T_ERROR(EIO3_SID "&j=0", 200, "ok");
	T_EQ(engine.posts, 1);
}

/* XMLHttpRequest of these clients always asks with credentials. */
static void
cors_stands_on_errors_too(void)
{
	old_world();
	conf.origins = "http://other.example";
	conf.cors_credentials = true;
	gate();
	header("Host", "example.com");
	header("Origin", "http://other.example");
	T_ERROR(EIO3 "&sid=nope", 400, CODE1);
	T_SLICE(answer_header("access-control-allow-origin"), "http://other.example");
	T_SLICE(answer_header("access-control-allow-credentials"), "true");
	T_EQ(ask(EIO3), 200);
	T_SLICE(answer_header("access-control-allow-origin"), "http://other.example");
	request.method = SLICE("OPTIONS");
	header("Access-Control-Request-Headers", "content-type");
	T_EQ(ask(EIO3_SID), 204);
	T_SLICE(answer_header("access-control-allow-headers"), "content-type");
}

int
main(void)
{
	T_RUN(whatever_is_not_4_is_3);
	T_RUN(a_session_is_spoken_to_in_its_own_generation);
	T_RUN(either_generation_may_be_off);
	T_RUN(errors_come_in_the_order_of_the_reference);
	T_RUN(options_of_a_session_are_200);
	T_RUN(an_overlap_is_500);
	T_RUN(an_octet_stream_is_taken_and_given);
	T_RUN(who_bears_a_time_and_a_count_hears_octets_only);
	T_RUN(b64_and_jsonp_ask_for_text);
	T_RUN(jsonp_wraps_polls_and_unwraps_posts);
	T_RUN(cors_stands_on_errors_too);
	world_end();
	return t_end();
}
