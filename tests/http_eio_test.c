/*
 * http_eio_test.c - errors, their order, and what the engine is told
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/json.h"
#include "session/live.h"
#include "tests/http_support.h"
#include "tests/t.h"

static void
a_handshake_is_answered_as_the_reference_does(void)
{
	world();
	engine.payload = SLICE("0{\"sid\":\"x\"}");
	T_EQ(ask(POLLING "&t=1"), 200);
	T_SLICE(answer_body(), "0{\"sid\":\"x\"}");
	T_SLICE(answer_header("content-type"), "text/plain; charset=UTF-8");
	T_SLICE(answer_header("content-length"), "12");
	T_SLICE(answer_header("cache-control"), "no-store");
	T_SLICE(answer_header("x-accel-buffering"), "no");
	T_OK(answer_header("set-cookie").p == NULL);
	T_OK(answer_header("access-control-allow-origin").p == NULL);
	T_EQ(engine.opens, 1);
}

static void
errors_come_in_the_order_of_the_reference(void)
{
	world();
	T_ERROR("/socket.io/", 400, CODE0);
	T_SLICE(answer_header("content-type"), "application/json");
	T_ERROR("/socket.io/?EIO=4", 400, CODE0);
	T_ERROR("/socket.io/?EIO=3&transport=foo&sid=nope", 400, CODE0);
	T_ERROR(POLLING "&sid=nope", 400, CODE1);
	T_ERROR("/socket.io/?EIO=3&transport=polling&sid=nope", 400, CODE1);
	T_ERROR("/socket.io/?EIO=4&transport=websocket&sid=nope", 400, CODE1);
	T_ERROR("/socket.io/?EIO=4&transport=websocket&sid=" SID, 400, CODE3);
	T_ERROR("/socket.io/?EIO=3&transport=polling&sid=" SID, 400, CODE3);
	T_ERROR("/socket.io/?EIO=4&transport=websocket", 400, CODE3);
	T_ERROR("/socket.io/?EIO=3&transport=websocket", 400, CODE3);
	T_ERROR("/socket.io/?transport=polling", 400, CODE5);
	T_ERROR("/socket.io/?EIO=3&transport=polling", 400, CODE5);
	T_ERROR("/socket.io/?EIO=44&transport=polling", 400, CODE5);
	T_ERROR("/socket.io/1/", 400, CODE5);
	T_EQ(engine.opens + engine.posts, 0);
}

static void
methods_without_a_session_are_code_2(void)
{
	static const char *const methods[] = { "POST", "PUT", "OPTIONS", "DELETE",
	    "HEAD", "get" };
	size_t i;

	world();
	for (i = 0; i < N_ELEMENTS(methods); i++) {
		fresh_request(methods[i]);
		T_ERROR(POLLING, 400, CODE2);
		T_EQ(exchange.response.has_body, strcmp(methods[i], "HEAD") != 0);
	}
}

static void
odd_methods_of_a_session_are_500_and_of_none_code_1(void)
{
	static const char *const methods[] = { "PUT", "OPTIONS", "DELETE", "HEAD" };
	size_t i;

	world();
	for (i = 0; i < N_ELEMENTS(methods); i++) {
		fresh_request(methods[i]);
		T_ERROR(SESSION, 500, "");
		T_ERROR(POLLING "&sid=nope", 400, CODE1);
	}
	T_EQ(engine.posts, 0);
}

static void
an_impossible_sid_is_unknown_without_asking(void)
{
	world();
	T_ERROR(POLLING "&sid=a%00b", 400, CODE1);
	T_ERROR(POLLING "&sid=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 400,
	    CODE1);
	T_ERROR(POLLING "&sid=%C3%A9", 400, CODE1);
	T_EQ(engine.polls, 0);
	T_EQ(ask(POLLING "&sid="), 200);        /* none: a handshake */
	T_EQ(engine.opens, 1);
}

static void
a_poll_waits_for_the_engine(void)
{
	world();
	engine.holds = true;
	T_EQ(ask(SESSION), 0);
	/* The door's request may be gone by now. */
	exchange.request = (struct http_request){ .method = SLICE_NONE };
	engine.holds = false;
	engine.payload = SLICE("2");
	engine_turn(&engine, true);
	T_EQ(exchange.response.status, 200);
	T_SLICE(answer_body(), "2");
}

static void
a_cancelled_poll_is_taken_from_the_engine(void)
{
	world();
	engine.holds = true;
	T_EQ(ask(SESSION), 0);
	http_cancel(gateway, &exchange);
	T_EQ(engine.cancels, 1);
	T_OK(engine.first == NULL);
	http_cancel(gateway, &exchange);
	T_EQ(engine.cancels, 1);
}

static void
t_goes_to_the_engine_unless_it_is_too_long(void)
{
	world();
	ask(SESSION);
	T_SLICE(buf_slice(&engine.t), "T1");
	ask(POLLING "&sid=" SID "&t=123456789012345678901234");
	T_SLICE(buf_slice(&engine.t), "");
}

static void
a_post_says_ok(void)
{
	world();
	fresh_request("POST");
	header("Content-Type", "text/plain;charset=UTF-8");
	request.body = SLICE("42[\"a\"]");
	T_ERROR(SESSION, 200, "ok");
	T_SLICE(answer_header("content-type"), "text/html");
	T_SLICE(buf_slice(&engine.body), "42[\"a\"]");
	T_OK(!engine.is_octets);
	T_ERROR(POLLING "&sid=nope", 400, CODE1);
}

static void
an_octet_stream_is_400_and_the_engine_knows(void)
{
	world();
	fresh_request("POST");
	header("content-type", "application/octet-stream");
	request.body = SLICE("\1\2");
	T_ERROR(SESSION, 400, "");
	T_OK(engine.is_octets);
	T_ERROR(POLLING "&sid=nope", 400, CODE1);
}

static void
a_body_past_the_limit_is_413_and_the_session_lives(void)
{
	world();
	conf.max_payload = 10;
	fresh_request("POST");
	request.body = SLICE("12345678901");
	T_ERROR(SESSION, 413, "");
	request.body = SLICE("1234567890");
	T_ERROR(SESSION, 200, "ok");
	request.body_too_big = true;
	T_ERROR(SESSION, 413, "");
	T_ERROR(POLLING "&sid=nope", 400, CODE1);
	T_EQ(engine.posts, 1);
}

static void
overlap_full_and_busy_have_their_status(void)
{
	world();
	engine.answer = ANSWER_OVERLAP;
	T_ERROR(SESSION, 400, "");
	engine.answer = ANSWER_FULL;
	T_EQ(ask(SESSION), 503);
	T_SLICE(answer_header("retry-after"), "5");
	engine.answer = ANSWER_BUSY;
	T_EQ(ask(SESSION), 503);
	T_SLICE(answer_body(), "siogate cannot take this now: lock\n");
}

static void
a_full_lot_refuses_polls_and_takes_posts(void)
{
	struct http_exchange sitting;

	world();
	gateway_limit(gateway, 1);
	engine.holds = true;
	T_EQ(ask(SESSION), 0);
	sitting = exchange;
	exchange = (struct http_exchange){ .own = NULL };
	T_EQ(ask(SESSION), 503);
	T_SLICE(answer_body(), "siogate cannot take this now: full\n");
	T_EQ(ask(POLLING), 503);
	fresh_request("POST");
	T_EQ(ask(SESSION), 200);
	T_EQ(engine.polls, 1);
	http_cancel(gateway, &sitting);
	http_finish(gateway, &sitting);
	fresh_request("GET");
	T_EQ(ask(POLLING), 200);
}

static void
jsonp_wraps_polls_and_unwraps_posts(void)
{
	world();
	engine.payload = SLICE("bAA==\x1e" "42[\"</script>\"]");
	T_EQ(ask(POLLING "&j=abc%3Balert(7)"), 200);
	T_OK(slice_starts(answer_body(), SLICE("___eio[7](\"bAA==\\u001e42")));
	T_SLICE(answer_header("content-type"), "text/plain; charset=UTF-8");
	fresh_request("POST");
	header("Content-Type", "application/x-www-form-urlencoded");
	request.body = SLICE("d=42%5B%22a%22%5D");
	T_ERROR(SESSION "&j=0", 200, "ok");
	T_SLICE(buf_slice(&engine.body), "42[\"a\"]");
}

static void
a_form_without_d_is_ok_and_ignored(void)
{
	world();
	fresh_request("POST");
	request.body = SLICE("x=1");
	T_ERROR(SESSION "&j=0", 200, "ok");
	T_EQ(engine.posts, 0);
	T_ERROR(POLLING "&sid=nope&j=0", 400, CODE1);
}

static void
transports_that_are_off_are_unknown(void)
{
	world();
	conf.transports = "polling";
	gate();
	T_ERROR(POLLING "&j=0", 400, CODE0);
	T_ERROR("/socket.io/?EIO=4&transport=websocket", 400, CODE0);
	T_EQ(ask(POLLING), 200);
	conf.transports = "jsonp,websocket";
	gate();
	T_ERROR(POLLING, 400, CODE0);
	T_EQ(ask(POLLING "&j=0"), 200);
}

static void
a_generation_that_is_off_is_code_5(void)
{
	world();
	conf.generations = "";
	gate();
	T_ERROR(POLLING, 400, CODE5);
}

static void
a_websocket_upgrade_is_refused_in_plain_text(void)
{
	world();
	header("Upgrade", "websocket");
	T_ERROR("/socket.io/?EIO=4&transport=foo", 400, "Transport unknown");
	T_SLICE(answer_header("content-type"), "text/html");
	T_ERROR("/socket.io/?EIO=4&transport=websocket", 400,
	    "WebSocket is not served at this address");
	T_ERROR("/socket.io/?EIO=4&transport=websocket&sid=nope", 400,
	    "Session ID unknown");
}

#define WEBSOCKET "/socket.io/?EIO=4&transport=websocket"

static void
an_upgrade_gives_the_door_what_the_engine_needs(void)
{
	struct live live;

	world();
	header("Host", "h.example");
	header("Upgrade", "websocket");
	header("Origin", "http://h.example");
	T_EQ(upgrade(WEBSOCKET "&token=a", &live), 0);
	T_EQ(live.codec->generation, GENERATION_EIO4);
	T_SLICE(json_member(live.info, "host"), "\"h.example\"");
	T_SLICE(json_member(live.info, "query"), "\"EIO=4&transport=websocket&token=a\"");
	T_EQ(engine.opens + engine.polls, 0);
	http_upgrade_answer(gateway, &exchange, ANSWER_FULL);
	T_OK(has_answer);
	T_EQ(exchange.response.status, 503);
}

static void
a_polling_session_may_be_taken_over(void)
{
	static const struct {
		enum answer answer;
		const char *text;
	} rows[] = {
		{ ANSWER_UNKNOWN_SID, "Session ID unknown" },
		{ ANSWER_BAD_REQUEST, "Bad request" },
	};
	struct live live;
	size_t i;

	world();
	header("Host", "h.example");
	header("Upgrade", "WebSocket");
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		T_EQ(upgrade(WEBSOCKET "&b64=1&sid=" SID, &live), 0);
		T_STR(live.sid, SID);
		T_OK(live.wants_text);
		http_upgrade_answer(gateway, &exchange, rows[i].answer);
		T_EQ(exchange.response.status, 400);
		T_SLICE(answer_body(), rows[i].text);
	}
	T_EQ(engine.opens + engine.polls, 0);
}

static void
an_upgrade_is_refused_before_it_begins(void)
{
	static const struct {
		const char *target, *text;
	} rows[] = {
		{ "/socket.io/?EIO=4&transport=foo", "Transport unknown" },
		{ "/socket.io/?EIO=4", "Transport unknown" },
		{ WEBSOCKET "&sid=no/pe", "Session ID unknown" },
	};
	struct live live;
	size_t i;

	world();
	header("Host", "h.example");
	header("Upgrade", "WebSocket");
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		T_EQ(upgrade(rows[i].target, &live), 400);
		T_SLICE(answer_body(), rows[i].text);
		T_SLICE(answer_header("content-type"), "text/html");
	}
	header("Origin", "http://elsewhere.example");
	T_EQ(upgrade(WEBSOCKET, &live), 400);
	T_OK(slice_starts(answer_body(), SLICE("Origin not allowed")));
	request.n_headers--;
	conf.generations = "eio4";
	gate();
	T_EQ(upgrade("/socket.io/?EIO=3&transport=websocket", &live), 400);
	T_SLICE(answer_body(), "Unsupported protocol version");
	conf.transports = "polling";
	gate();
	T_EQ(upgrade(WEBSOCKET, &live), 400);
	T_SLICE(answer_body(), "Transport unknown");
	T_EQ(upgrade("/other?EIO=4&transport=websocket", &live), 404);
}

static void
a_poll_that_carries_an_upgrade_along_is_a_poll(void)
{
	struct live live;

	world();
	header("Upgrade", "websocket");
	T_EQ(upgrade(SESSION, &live), 200);
	T_EQ(engine.polls, 1);
}

static void
what_is_not_below_the_mount_is_404(void)
{
	world();
	T_EQ(ask("/other"), 404);
	conf.resource = "/chat.io/ rt";
	gate();
	T_EQ(ask(POLLING), 404);
	T_EQ(ask("/sub/chat.io/?EIO=4&transport=polling"), 200);
	T_EQ(ask("/rt?EIO=4&transport=polling"), 200);
}

static void
the_cookie_is_set_on_the_handshake_only(void)
{
	world();
	conf.cookie = "io";
	T_EQ(ask(POLLING), 200);
	T_SLICE(answer_header("set-cookie"),
	    "io=" SID "; Path=/; HttpOnly; SameSite=Lax");
	T_EQ(ask(SESSION), 200);
	T_OK(answer_header("set-cookie").p == NULL);
}

static void
the_handshake_tells_about_its_request(void)
{
	world();
	conf.trusted_proxies = "192.0.2.0/24 ::1";
	gate();
	header("Host", "example.com");
	header("X-ODD", "a\"b\\\x01\xff");
	header("x-odd", "again");
	header("X-Forwarded-For", "203.0.113.9, 198.51.100.7, 192.0.2.55");
	header("X-Forwarded-Proto", "https");
	T_EQ(ask(POLLING "&token=a%20b"), 200);
	T_EQ(json_check(buf_slice(&engine.info), 4), RC_OK);
	T_SLICE(buf_slice(&engine.info), "{\"headers\":{\"host\":\"example.com\","
	    "\"x-odd\":\"a\\\"b\\\\\\u0001\xef\xbf\xbd\",\"x-forwarded-for\":"
	    "\"203.0.113.9, 198.51.100.7, 192.0.2.55\",\"x-forwarded-proto\":"
	    "\"https\"},\"address\":\"198.51.100.7\",\"query\":"
	    "\"EIO=4&transport=polling&token=a%20b\",\"secure\":true,"
	    "\"host\":\"example.com\"}");
}

static void
nobody_is_believed_who_is_not_trusted(void)
{
	world();
	header("Host", "example.com");
	header("X-Forwarded-For", "203.0.113.9");
	header("X-Forwarded-Proto", "https");
	header("X-Forwarded-Host", "evil.example");
	T_EQ(ask(POLLING), 200);
	T_SLICE(json_member(buf_slice(&engine.info), "address"), "\"192.0.2.1\"");
	T_SLICE(json_member(buf_slice(&engine.info), "secure"), "false");
	T_SLICE(json_member(buf_slice(&engine.info), "host"), "\"example.com\"");
}

int
main(void)
{
	T_RUN(a_handshake_is_answered_as_the_reference_does);
	T_RUN(errors_come_in_the_order_of_the_reference);
	T_RUN(methods_without_a_session_are_code_2);
	T_RUN(odd_methods_of_a_session_are_500_and_of_none_code_1);
	T_RUN(an_impossible_sid_is_unknown_without_asking);
	T_RUN(a_poll_waits_for_the_engine);
	T_RUN(a_cancelled_poll_is_taken_from_the_engine);
	T_RUN(t_goes_to_the_engine_unless_it_is_too_long);
	T_RUN(a_post_says_ok);
	T_RUN(an_octet_stream_is_400_and_the_engine_knows);
	T_RUN(a_body_past_the_limit_is_413_and_the_session_lives);
	T_RUN(overlap_full_and_busy_have_their_status);
	T_RUN(a_full_lot_refuses_polls_and_takes_posts);
	T_RUN(jsonp_wraps_polls_and_unwraps_posts);
	T_RUN(a_form_without_d_is_ok_and_ignored);
	T_RUN(transports_that_are_off_are_unknown);
	T_RUN(a_generation_that_is_off_is_code_5);
	T_RUN(a_websocket_upgrade_is_refused_in_plain_text);
	T_RUN(an_upgrade_gives_the_door_what_the_engine_needs);
	T_RUN(a_polling_session_may_be_taken_over);
	T_RUN(an_upgrade_is_refused_before_it_begins);
	T_RUN(a_poll_that_carries_an_upgrade_along_is_a_poll);
	T_RUN(what_is_not_below_the_mount_is_404);
	T_RUN(the_cookie_is_set_on_the_handshake_only);
	T_RUN(the_handshake_tells_about_its_request);
	T_RUN(nobody_is_believed_who_is_not_trusted);
	world_end();
	return t_end();
}
