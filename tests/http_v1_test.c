/*
 * http_v1_test.c - Socket.IO 0.7 to 0.9 over HTTP: addresses, words, statuses
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/http_support.h"
#include "tests/t.h"

#define V1      "/socket.io/1/"
#define XHR     V1 "xhr-polling/" SID "?t=1400000000001"
#define JSONP   V1 "jsonp-polling/" SID "?t=1400000000001&i=3"
#define UNKNOWN V1 "xhr-polling/BBBBBBBBBBBBBBBBBBBB?t=1"

/* The engine's session is of that generation. */
static void
old_world(void)
{
	world();
	conf.generations = "eio4 eio3 v1";
	engine.generation = GENERATION_V1;
	engine.payload = SLICE("1::");
	gate();
}

static void
a_handshake_is_taken_with_any_method(void)
{
	static const char *const methods[] = { "GET", "POST", "PUT" };
	size_t i;

	old_world();
	for (i = 0; i < N_ELEMENTS(methods); i++) {
		fresh_request(methods[i]);
		T_ERROR(V1 "?t=1", 200, "1::");
		T_ERROR("/socket.io/1?t=1&app=x", 200, "1::");
	}
	T_EQ(engine.opens, 6);
	T_SLICE(answer_header("content-type"), "text/plain; charset=UTF-8");
	T_SLICE(answer_header("cache-control"), "no-store");
	T_OK(memmem(engine.info.p, engine.info.n, "app=x", 5) != NULL);
}

static void
a_handshake_by_script_has_the_index_of_its_request(void)
{
	old_world();
	engine.payload = SLICE("sid:60:60:xhr-polling");
	T_ERROR(V1 "?jsonp=2", 200, "io.j[2](\"sid:60:60:xhr-polling\");");
	T_SLICE(answer_header("content-type"), "text/javascript; charset=UTF-8");
	T_ERROR(V1 "?jsonp=x", 200, "sid:60:60:xhr-polling");
}

static void
polls_and_posts_name_their_transport(void)
{
	old_world();
	T_ERROR(XHR, 200, "1::");
	T_EQ(engine.t.n, 0);            /* its t is a time */
	T_ERROR(JSONP, 200, "io.j[3](\"1::\");");
	T_ERROR(V1 "jsonp-polling/" SID "?i=x", 200, "io.j[0](\"1::\");");
	fresh_request("POST");
	request.body = SLICE("3:::a");
	T_ERROR(XHR, 200, "1");
	T_SLICE(buf_slice(&engine.body), "3:::a");
	T_SLICE(answer_header("content-type"), "text/plain; charset=UTF-8");
	request.body = SLICE("d=%223:::a+b%22");
	T_ERROR(JSONP, 200, "1");
	T_SLICE(buf_slice(&engine.body), "3:::a b");
	T_EQ(engine.posts, 2);
	request.body = SLICE("nothing");
	T_ERROR(JSONP, 200, "1");
	T_EQ(engine.posts, 2);
}

static void
an_unknown_session_is_told_to_shake_hands_again(void)
{
	old_world();
	T_ERROR(UNKNOWN, 200, "7:::1+0");
	T_ERROR(V1 "xhr-polling/bad:sid?t=1", 200, "7:::1+0");
	T_ERROR(V1 "jsonp-polling/BBBB?i=1", 200, "io.j[1](\"7:::1+0\");");
	fresh_request("POST");
	request.body = SLICE("3:::a");
	T_ERROR(UNKNOWN, 200, "1");
	T_ERROR(V1 "xhr-polling/bad:sid", 200, "1");
	engine.generation = GENERATION_EIO4;
	fresh_request("GET");
	T_ERROR(XHR, 200, "7:::1+0");
}

static void
a_page_that_is_left_says_goodbye_with_a_request(void)
{
	old_world();
	T_ERROR(V1 "/" SID "/?disconnect=1", 200, "");
	T_SLICE(buf_slice(&engine.body), "0::");
	T_EQ(engine.posts, 1);
	T_ERROR(V1 "xhr-polling/BBBB?disconnect=1", 200, "");
}

static void
refusals_are_in_its_words(void)
{
	old_world();
	T_ERROR("/socket.io/2/", 500, "Protocol version not supported.");
	T_ERROR(V1 "carrier-pigeon/" SID, 400, "Transport unknown");
	T_ERROR(V1 "htmlfile2/" SID, 400, "Transport unknown");
	fresh_request("DELETE");
	T_ERROR(XHR, 400, "Bad method");
	fresh_request("GET");
	header("Origin", "http://elsewhere.example");
	header("Host", "here.example");
	T_ERROR(V1, 403, "handshake bad origin");
	T_EQ(engine.opens, 0);
}

/* A script is taken with status 200 only, so there is no other. */
static void
refusals_of_a_script_are_errors_in_it(void)
{
	old_world();
	engine.refusal = ANSWER_REFUSED;
	T_ERROR(V1 "?t=1&jsonp=2", 200,
	    "io.j[2](new Error(\"handshake unauthorized\"));");
	T_SLICE(answer_header("content-type"), "text/javascript; charset=UTF-8");
	T_ERROR(V1 "?t=1", 403, "handshake unauthorized");
	engine.refusal = ANSWER_FAILED;
	T_ERROR(V1 "?t=1&jsonp=2", 200,
	    "io.j[2](new Error(\"handshake error\"));");
	T_ERROR(V1 "?t=1", 500, "handshake error");
}

static void
pages_elsewhere_are_told_what_they_may(void)
{
	old_world();
	conf.origins = "http://elsewhere.example";
	conf.cors_credentials = true;
	gate();
	header("Origin", "http://elsewhere.example");
	T_ERROR(V1, 200, "1::");
	T_SLICE(answer_header("access-control-allow-origin"),
	    "http://elsewhere.example");
	T_SLICE(answer_header("access-control-allow-credentials"), "true");
	request.method = SLICE("OPTIONS");
	T_EQ(ask(XHR), 204);
	T_EQ(engine.opens, 1);
}

static void
only_what_is_offered_is_served(void)
{
	old_world();
	conf.transports = "polling";
	gate();
	T_ERROR(JSONP, 400, "Transport unknown");
	T_ERROR(XHR, 200, "1::");
	conf.generations = "eio4";
	gate();
	T_ERROR(XHR, 400, CODE5);
	T_ERROR(V1, 400, CODE5);
}

/* Both take the session over, each under the word that offers it. */
static void
websocket_and_flashsocket_are_offered_each_by_its_word(void)
{
	static const struct {
		const char *transports;
		int websocket, flashsocket;     /* 0: it may begin */
		const char *offered;
	} rows[] = {
		{ "polling", 400, 400, "[\"xhr-polling\"]" },
		{ "polling websocket", 0, 400, "[\"websocket\",\"xhr-polling\"]" },
		{ "polling flashsocket", 400, 0, "[\"flashsocket\",\"xhr-polling\"]" },
		{ "polling websocket flashsocket", 0, 0,
		    "[\"websocket\",\"flashsocket\",\"xhr-polling\"]" },
	};
	struct live live;
	size_t i;

	old_world();
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		conf.transports = (char *)rows[i].transports;
		gate();
		T_EQ(ask(V1), 200);
		T_SLICE(buf_slice(&engine.upgrades), rows[i].offered);
		T_SLICE(buf_slice(&engine.without), "[\"xhr-polling\"]");
		T_EQ(upgrade(V1 "websocket/" SID, &live), rows[i].websocket);
		T_EQ(upgrade(V1 "flashsocket/" SID, &live), rows[i].flashsocket);
	}
	T_EQ(live.codec->generation, GENERATION_V1);
	T_STR(live.sid, SID);
	T_ERROR(V1 "flashsocket/" SID, 400, "Transport unknown");
}

static void
what_is_too_big_is_413(void)
{
	old_world();
	conf.max_payload = 4;
	fresh_request("POST");
	request.body = SLICE("3:::a");
	T_ERROR(XHR, 413, "");
	T_EQ(engine.posts, 0);
}

static void
another_mount_serves_as_well(void)
{
	old_world();
	conf.resource = "socket.io chat/live";
	gate();
	T_ERROR("/app/chat/live/1/xhr-polling/" SID, 200, "1::");
}

int
main(void)
{
	T_RUN(a_handshake_is_taken_with_any_method);
	T_RUN(a_handshake_by_script_has_the_index_of_its_request);
	T_RUN(polls_and_posts_name_their_transport);
	T_RUN(an_unknown_session_is_told_to_shake_hands_again);
	T_RUN(a_page_that_is_left_says_goodbye_with_a_request);
	T_RUN(refusals_are_in_its_words);
	T_RUN(refusals_of_a_script_are_errors_in_it);
	T_RUN(pages_elsewhere_are_told_what_they_may);
	T_RUN(only_what_is_offered_is_served);
	T_RUN(websocket_and_flashsocket_are_offered_each_by_its_word);
	T_RUN(what_is_too_big_is_413);
	T_RUN(another_mount_serves_as_well);
	world_end();
	return t_end();
}
