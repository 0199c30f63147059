/*
 * http_v0_test.c - Socket.IO 0.6 over HTTP: addresses, forms and statuses
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/http_support.h"
#include "tests/t.h"

#define XHR   "/socket.io/xhr-polling/"
#define JSONP "/socket.io/jsonp-polling/"
#define NOW   "1300000000001"

static void
old_world(void)
{
	world();
	conf.generations = "eio4 v0";
	engine.generation = GENERATION_V0;
	engine.payload = SLICE("~m~2~m~hi");
	gate();
}

static void
a_handshake_has_no_sid(void)
{
	old_world();
	T_ERROR(XHR "/" NOW, 200, "~m~2~m~hi");
	T_SLICE(answer_header("content-type"), "text/plain; charset=UTF-8");
	T_SLICE(answer_header("cache-control"), "no-store");
	T_EQ(ask(XHR NOW), 200);        /* slashes merged */
	T_EQ(ask(XHR), 200);
	T_EQ(ask("/socket.io/xhr-polling"), 200);
	T_EQ(engine.opens, 4);
	T_EQ(engine.polls, 0);
}

static void
a_poll_has_one_and_its_time_means_nothing(void)
{
	old_world();
	T_ERROR(XHR SID "/" NOW, 200, "~m~2~m~hi");
	T_EQ(engine.polls, 1);
	T_EQ(engine.t.n, 0);
	engine.payload = SLICE("");
	T_ERROR(XHR SID "/" NOW, 200, "");
	T_SLICE(answer_header("content-length"), "0");
}

static void
jsonp_is_a_script_with_the_index_of_its_request(void)
{
	old_world();
	engine.payload = SLICE("~m~9~m~</script>\xe2\x80\xa8\"");
	T_ERROR(JSONP "/" NOW "/3", 200,
	    "io.JSONP[3]._(\"~m~9~m~<\\/script>\\u2028\\\"\");");
	T_SLICE(answer_header("content-type"), "text/javascript; charset=UTF-8");
	T_EQ(engine.opens, 1);
	engine.payload = SLICE("");
	T_ERROR(JSONP SID "/" NOW "/12", 200, "io.JSONP[12]._(\"\");");
	T_ERROR(JSONP SID "/" NOW "/alert(1)", 200, "io.JSONP[0]._(\"\");");
	T_ERROR(JSONP NOW "/2", 200, "io.JSONP[2]._(\"\");");
	T_EQ(engine.opens, 2);
}

static void
every_post_is_a_form(void)
{
	old_world();
	fresh_request("POST");
	request.body = SLICE("data=~m~3~m~a%0Ab");
	T_ERROR(XHR SID "/send", 200, "ok");
	T_SLICE(answer_header("content-type"), "text/plain; charset=UTF-8");
	T_SLICE(buf_slice(&engine.body), "~m~3~m~a\nb");
	request.body = SLICE("data=%7Em%7E3%7Em%7Ea%0D%0Ab");
	T_ERROR(JSONP SID "/" NOW "/0", 200, "ok");
	T_SLICE(buf_slice(&engine.body), "~m~3~m~a\nb");
	T_EQ(engine.posts, 2);
	request.body = SLICE("x=1");
	T_ERROR(XHR SID "/send", 200, "ok");
	T_EQ(engine.posts, 2);
}

static void
a_session_that_is_unknown_is_404_to_all(void)
{
	old_world();
	T_EQ(ask(XHR "BBBBBBBBBBBBBBBBBBBB/" NOW), 404);
	T_EQ(ask(XHR "no%20sid/" NOW), 404);
	T_EQ(ask(JSONP "BBBBBBBBBBBBBBBBBBBB/" NOW "/0"), 404);
	fresh_request("POST");
	request.body = SLICE("data=~m~1~m~a");
	T_EQ(ask(XHR "BBBBBBBBBBBBBBBBBBBB/send"), 404);
	T_EQ(ask(XHR "/send"), 404);
	T_EQ(ask(JSONP "BBBBBBBBBBBBBBBBBBBB/" NOW "/0"), 404);
	request.body = SLICE("x=1");
	T_EQ(ask(XHR "BBBBBBBBBBBBBBBBBBBB/send"), 404);
}

static void
refusals_are_statuses(void)
{
	old_world();
	T_EQ(ask("/socket.io/telepathy//" NOW), 404);
	T_EQ(ask("/socket.io/websocket"), 400);
	fresh_request("PUT");
	T_EQ(ask(XHR SID "/" NOW), 405);
	fresh_request("GET");
	header("Origin", "http://elsewhere.example");
	T_ERROR(XHR "/" NOW, 401, "unauthorized");
	fresh_request("GET");
	engine.answer = ANSWER_FULL;
	T_EQ(ask(XHR SID "/" NOW), 503);
	engine.answer = ANSWER_REFUSED;
	T_EQ(ask(XHR SID "/" NOW), 403);
	engine.answer = ANSWER_FAILED;
	T_EQ(ask(XHR SID "/" NOW), 500);
	engine.answer = ANSWER_PAYLOAD;
	engine.generation = GENERATION_EIO4;
	T_EQ(ask(XHR SID "/" NOW), 400);
	conf.generations = "eio4";
	gate();
	T_EQ(ask(XHR "/" NOW), 400);
}

static void
transports_may_be_off(void)
{
	old_world();
	conf.transports = "polling";
	gate();
	T_EQ(ask(XHR "/" NOW), 200);
	T_EQ(ask(JSONP "/" NOW "/0"), 404);
	conf.transports = "jsonp";
	gate();
	T_EQ(ask(XHR "/" NOW), 404);
	T_EQ(ask(JSONP "/" NOW "/0"), 200);
}

/* Both are a WebSocket, each under the word that offers it. */
static void
websocket_and_flashsocket_are_offered_each_by_its_word(void)
{
	static const struct {
		const char *transports;
		int websocket, flashsocket;     /* 0: it may begin */
	} rows[] = {
		{ "polling", 404, 404 },
		{ "polling websocket", 0, 404 },
		{ "polling flashsocket", 404, 0 },
		{ "polling websocket flashsocket", 0, 0 },
	};
	struct live live;
	size_t i;

	old_world();
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		conf.transports = (char *)rows[i].transports;
		gate();
		T_EQ(upgrade("/socket.io/websocket", &live), rows[i].websocket);
		T_EQ(upgrade("/socket.io/flashsocket", &live), rows[i].flashsocket);
	}
	T_EQ(live.codec->generation, GENERATION_V0);
	T_STR(live.sid, "");
	T_EQ(ask("/socket.io/flashsocket"), 400);       /* no WebSocket */
}

static void
a_body_that_is_too_big_is_413(void)
{
	old_world();
	conf.max_payload = 10;
	gate();
	fresh_request("POST");
	request.body = SLICE("data=~m~1~m~a");
	T_EQ(ask(XHR SID "/send"), 413);
	T_EQ(ask(XHR "BBBBBBBBBBBBBBBBBBBB/send"), 404);
}

static void
pages_of_other_origins_may_be_let_in(void)
{
	old_world();
	conf.origins = "http://elsewhere.example";
	gate();
	header("Origin", "http://elsewhere.example");
	T_EQ(ask(XHR "/" NOW), 200);
	T_SLICE(answer_header("access-control-allow-origin"),
	    "http://elsewhere.example");
	request.method = SLICE("OPTIONS");
	header("Access-Control-Request-Method", "POST");
	T_EQ(ask(XHR SID "/send"), 204);
	T_SLICE(answer_header("access-control-allow-methods"), "GET,POST");
}

int
main(void)
{
	T_RUN(a_handshake_has_no_sid);
	T_RUN(a_poll_has_one_and_its_time_means_nothing);
	T_RUN(jsonp_is_a_script_with_the_index_of_its_request);
	T_RUN(every_post_is_a_form);
	T_RUN(a_session_that_is_unknown_is_404_to_all);
	T_RUN(refusals_are_statuses);
	T_RUN(transports_may_be_off);
	T_RUN(websocket_and_flashsocket_are_offered_each_by_its_word);
	T_RUN(a_body_that_is_too_big_is_413);
	T_RUN(pages_of_other_origins_may_be_let_in);
	world_end();
	return t_end();
}
