/*
 * http_stream_test.c - answers that go on: what is in them, and what ends them
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/http_support.h"
#include "tests/t.h"

#define HTMLFILE  "/socket.io/htmlfile/"
#define MULTIPART "/socket.io/xhr-multipart/"
#define SCRIPT(text) "<script>parent.s._(\"" text "\", document);</script>"

/* The door, as a client sees it. */
static struct buf said;
static bool is_begun, is_closed, takes;
static unsigned pieces;

static bool
stream_begin(struct http_exchange *x)
{
	is_begun = true;
	buf_add(&said, buf_slice(&x->response.body));
	pieces++;
	return takes;
}

static bool
stream_extend(struct http_exchange *x, struct slice piece)
{
	(void)x;
	buf_add(&said, piece);
	pieces++;
	return takes;
}

static void
stream_close(struct http_exchange *x)
{
	is_closed = true;
	http_finish(gateway, x);
}

static const struct http_stream_ops ops = {
	stream_begin, stream_extend, stream_close
};

static void
stream_world(void)
{
	world();
	conf.generations = "v0";
	conf.ping_interval = 25000;
	conf.ping_timeout = 20000;
	engine.generation = GENERATION_V0;
	engine.holds = true;
	gate();
	buf_reset(&said);
	is_begun = is_closed = has_answer = false;
	takes = true;
	pieces = 0;
}

/* Asks, and the engine has one turn. */
static void
open_at(const char *target)
{
	http_finish(gateway, &exchange);
	request.target = slice_str(target);
	exchange = (struct http_exchange){ .request = request,
	    .respond = on_respond, .stream = &ops };
	http_serve(gateway, &exchange);
	engine_turn(&engine, false);
}

static void
open_stream(void)
{
	engine.payload = SLICE("~m~20~m~" SID);
	open_at(HTMLFILE "/1300000000001");
	T_OK(is_begun && !has_answer);
	buf_reset(&said);
}

/* The engine answers the poll. */
static void
say(const char *payload)
{
	engine.payload = slice_str(payload);
	engine.holds = false;
	engine_turn(&engine, false);
	engine.holds = true;
}

static void
an_htmlfile_begins_with_blanks_and_the_sid(void)
{
	struct slice rest;

	stream_world();
	engine.payload = SLICE("~m~20~m~" SID);
	open_at(HTMLFILE "/1300000000001");
	T_OK(is_begun);
	T_EQ(exchange.response.status, 200);
	T_SLICE(answer_header("content-type"), "text/html; charset=UTF-8");
	T_SLICE(answer_header("cache-control"), "no-store");
	T_SLICE(answer_header("x-accel-buffering"), "no");
	T_OK(answer_header("content-length").p == NULL);
	T_OK(slice_starts(buf_slice(&said), SLICE("<html><body>")));
	rest = slice_skip(buf_slice(&said), 12 + 244);
	T_SLICE(rest, SCRIPT("~m~20~m~" SID));
	T_EQ(engine.opens, 1);
	T_EQ(engine.polls, 1);
	T_EQ(engine.hold_ms, 10000);
}

/* What every answer has by configuration; what would hold it back it has not. */
static void
it_has_a_cookie_and_is_not_compressed(void)
{
	stream_world();
	conf.cookie = "io";
	conf.compression_threshold = 1;
	header("Accept-Encoding", "gzip, deflate");
	engine.payload = SLICE("~m~20~m~" SID);
	open_at(HTMLFILE "/1300000000001");
	T_SLICE(answer_header("set-cookie"),
	    "io=" SID "; Path=/; HttpOnly; SameSite=Lax");
	T_OK(answer_header("content-encoding").p == NULL);
	T_OK(slice_starts(buf_slice(&said), SLICE("<html>")));
}

static void
each_answer_is_a_script_that_nothing_ends(void)
{
	stream_world();
	open_stream();
	say("~m~9~m~</script>");
	T_SLICE(buf_slice(&said), SCRIPT("~m~9~m~<\\/script>"));
	buf_reset(&said);
	say("~m~3~m~\"\xe2\x80\xa8\n");
	T_SLICE(buf_slice(&said), SCRIPT("~m~3~m~\\\"\\u2028\\n"));
	T_EQ(engine.polls, 3);
}

static void
a_multipart_answer_has_a_part_for_each(void)
{
	stream_world();
	engine.payload = SLICE("~m~20~m~" SID);
	open_at(MULTIPART);
	T_SLICE(answer_header("content-type"),
	    "multipart/x-mixed-replace;boundary=\"socketio\"");
	T_SLICE(buf_slice(&said), "--socketio\nContent-Type: text/plain\n\n"
	    "~m~20~m~" SID "\n--socketio\n");
	buf_reset(&said);
	say("~m~2~m~hi");
	T_SLICE(buf_slice(&said), "Content-Type: text/plain\n\n~m~2~m~hi\n--socketio\n");
}

static void
who_heard_nothing_for_long_hears_a_heartbeat(void)
{
	stream_world();
	open_stream();
	say("");
	T_SLICE(buf_slice(&said), SCRIPT("~m~4~m~~h~1"));
	buf_reset(&said);
	engine.is_alive = true;         /* its echo */
	say("");
	T_SLICE(buf_slice(&said), "");
	T_OK(!is_closed);
}

static void
who_does_not_echo_is_gone(void)
{
	stream_world();
	conf.ping_timeout = -1;         /* no time at all */
	open_stream();
	say("");
	T_OK(!is_closed);
	say("");
	T_OK(is_closed);
	engine_turn(&engine, false);
	T_EQ(engine.leaves, 1);
}

static void
a_client_that_hangs_up_ends_its_session(void)
{
	stream_world();
	open_stream();
	http_cancel(gateway, &exchange);
	http_finish(gateway, &exchange);
	T_EQ(engine.cancels, 1);
	engine_turn(&engine, false);
	T_EQ(engine.leaves, 1);
	T_OK(!is_closed);
}

static void
a_slow_client_is_cut_off_and_its_session_ends(void)
{
	stream_world();
	open_stream();
	takes = false;
	say("~m~2~m~hi");
	T_OK(is_closed);
	engine_turn(&engine, false);
	T_EQ(engine.leaves, 1);
	T_EQ(engine.polls, 1);
}

static void
a_newer_poll_takes_over_and_the_session_goes_on(void)
{
	stream_world();
	open_stream();
	engine.replaces = true;
	say("");
	T_OK(is_closed);
	engine_turn(&engine, false);
	T_EQ(engine.leaves, 0);
	T_EQ(said.n, 0);
}

static void
a_session_that_is_gone_ends_its_stream(void)
{
	stream_world();
	open_stream();
	engine.answer = ANSWER_UNKNOWN_SID;
	say("");
	T_OK(is_closed);
	engine_turn(&engine, false);
	T_EQ(engine.leaves, 0);
}

static void
a_process_that_leaves_ends_its_streams(void)
{
	stream_world();
	open_stream();
	engine.drains = true;
	say("~m~2~m~hi");
	T_SLICE(buf_slice(&said), SCRIPT("~m~2~m~hi"));
	T_OK(is_closed);
	engine_turn(&engine, false);
	T_EQ(engine.leaves, 1);
}

static void
what_is_refused_is_a_plain_answer(void)
{
	stream_world();
	engine.holds = false;
	open_at(HTMLFILE "BBBBBBBBBBBBBBBBBBBB/1300000000001");
	T_OK(has_answer && !is_begun);
	T_EQ(exchange.response.status, 404);
	fresh_request("PUT");
	open_at(HTMLFILE SID "/1300000000001");
	T_EQ(exchange.response.status, 405);
}

static void
a_door_that_cannot_does_not_offer_it(void)
{
	stream_world();
	T_EQ(ask(HTMLFILE "/1300000000001"), 404);
	T_EQ(ask(MULTIPART), 404);
}

static void
its_posts_tell_of_echoes(void)
{
	stream_world();
	fresh_request("POST");
	request.body = SLICE("data=~m~4~m~~h~1");
	open_at(HTMLFILE SID "/send");
	T_OK(has_answer);
	T_SLICE(answer_body(), "ok");
	T_EQ(engine.echoes, 1);
	has_answer = false;
	open_at(MULTIPART SID "/send");
	T_SLICE(answer_body(), "ok");
	T_EQ(engine.echoes, 2);
}

int
main(void)
{
	T_RUN(an_htmlfile_begins_with_blanks_and_the_sid);
	T_RUN(it_has_a_cookie_and_is_not_compressed);
	T_RUN(each_answer_is_a_script_that_nothing_ends);
	T_RUN(a_multipart_answer_has_a_part_for_each);
	T_RUN(who_heard_nothing_for_long_hears_a_heartbeat);
	T_RUN(who_does_not_echo_is_gone);
	T_RUN(a_client_that_hangs_up_ends_its_session);
	T_RUN(a_slow_client_is_cut_off_and_its_session_ends);
	T_RUN(a_newer_poll_takes_over_and_the_session_goes_on);
	T_RUN(a_session_that_is_gone_ends_its_stream);
	T_RUN(a_process_that_leaves_ends_its_streams);
	T_RUN(what_is_refused_is_a_plain_answer);
	T_RUN(a_door_that_cannot_does_not_offer_it);
	T_RUN(its_posts_tell_of_echoes);
	world_end();
	buf_free(&said);
	return t_end();
}
