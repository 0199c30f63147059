/*
 * http_generations_test.c - every option of the HTTP floor, for every generation
 *
 * A row for each generation, and each test goes through all of them: where one is
 * forgotten by an option, it fails here.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>

#include "tests/http_support.h"
#include "tests/t.h"

#define EIO "?transport=polling&t=T1"

/* Targets behind the mount. */
static const struct way {
	enum generation generation;
	const char *name;
	const char *greet, *poll, *post, *socket;
	const char *script;             /* a poll by JSONP */
	const char *says;               /* a body of eight bytes or more */
	int unknown_transport;          /* status */
	int forbidden, garbled;         /* by its Origin */
} ways[] = {
	{ GENERATION_EIO4, "eio4", EIO "&EIO=4", EIO "&EIO=4&sid=" SID,
	    EIO "&EIO=4&sid=" SID, "?EIO=4&transport=websocket",
	    EIO "&EIO=4&j=0&sid=" SID, "42[\"message\"]", 400, 403, 400 },
	{ GENERATION_EIO3, "eio3", EIO "&EIO=3", EIO "&EIO=3&sid=" SID,
	    EIO "&EIO=3&sid=" SID, "?EIO=3&transport=websocket",
	    EIO "&EIO=3&j=0&sid=" SID, "13:42[\"message\"]", 400, 403, 400 },
	{ GENERATION_V1, "v1", "1/?t=1", "1/xhr-polling/" SID, "1/xhr-polling/" SID,
	    "1/websocket/" SID, "1/jsonp-polling/" SID, "3:::hello", 400, 403, 403 },
	{ GENERATION_V0, "v0", "xhr-polling//1300000000001",
	    "xhr-polling/" SID "/1300000000001", "xhr-polling/" SID "/send",
	    "websocket", "jsonp-polling/" SID "/1300000000001/0",
	    "data=~m~5~m~hello", 404, 401, 401 },
};
static_assert(N_ELEMENTS(ways) == GENERATION__COUNT, "a generation is missing");

static void
every_world(const struct way *way)
{
	world();
	conf.generations = "eio4 eio3 v1 v0";
	engine.generation = way->generation;
	gate();
}

static int
ask_at(const char *mount, const char *target)
{
	char all[256];

	snprintf(all, sizeof(all), "%s%s", mount, target);
	return ask(all);
}

static int
ask_post(const struct way *way)
{
	fresh_request("POST");
	request.body = slice_str(way->says);
	return ask_at("/socket.io/", way->post);
}

static int
ask_socket(const char *mount, const struct way *way)
{
	struct live live;
	char all[256];

	snprintf(all, sizeof(all), "%s%s", mount, way->socket);
	return upgrade(all, &live);
}

#define EACH(way) (way) = ways; (way) < ways + N_ELEMENTS(ways); (way)++
/* So that a failure says whose it is. */
#define IS(way, got, want)                                              \
	do {                                                            \
		int got_ = (got);                                       \
		if (got_ != (want))                                     \
			T_FAIL("%s: %s is %d, not %d", (way)->name, #got, got_, want); \
	} while (0)

static void
each_may_be_off_alone(void)
{
	static const char *const rest[] = {
		[GENERATION_EIO4] = "eio3 v1 v0", [GENERATION_EIO3] = "eio4 v1 v0",
		[GENERATION_V1] = "eio4 eio3 v0", [GENERATION_V0] = "eio4 eio3 v1",
	};
	const struct way *way, *other;

	for (EACH(way)) {
		every_world(way);
		conf.generations = (char *)rest[way->generation];
		gate();
		IS(way, ask_at("/socket.io/", way->greet), 400);
		T_SLICE(answer_body(), CODE5);
		IS(way, ask_at("/socket.io/", way->poll), 400);
		IS(way, ask_socket("/socket.io/", way), 400);
		IS(way, ask_post(way), 400);
		for (EACH(other)) {
			if (other == way)
				continue;
			fresh_request("GET");
			engine.generation = other->generation;
			IS(other, ask_at("/socket.io/", other->greet), 200);
			IS(other, ask_at("/socket.io/", other->poll), 200);
			IS(other, ask_socket("/socket.io/", other), 0);
		}
		conf.generations = (char *)way->name;
		gate();
		fresh_request("GET");
		engine.generation = way->generation;
		IS(way, ask_at("/socket.io/", way->greet), 200);
	}
}

static void
each_is_at_every_resource(void)
{
	const struct way *way;

	for (EACH(way)) {
		every_world(way);
		conf.resource = "socket.io chat/live";
		gate();
		IS(way, ask_at("/app/chat/live/", way->greet), 200);
		IS(way, ask_at("/chat/live/", way->poll), 200);
		IS(way, ask_socket("/chat/live/", way), 0);
		IS(way, ask_at("/live/", way->greet), 404);
	}
}

static void
each_has_its_cookie_by_the_handshake(void)
{
	const struct way *way;

	for (EACH(way)) {
		every_world(way);
		conf.cookie = "io";
		IS(way, ask_at("/socket.io/", way->greet), 200);
		T_SLICE(answer_header("set-cookie"),
		    "io=" SID "; Path=/; HttpOnly; SameSite=Lax");
		IS(way, ask_at("/socket.io/", way->poll), 200);
		T_OK(answer_header("set-cookie").p == NULL);
	}
}

static void
each_is_compressed(void)
{
	const struct way *way;

	for (EACH(way)) {
		every_world(way);
		conf.compression_threshold = 4;
		header("Accept-Encoding", "gzip");
		engine.payload = SLICE("42[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]");
		IS(way, ask_at("/socket.io/", way->poll), 200);
		T_SLICE(answer_header("content-encoding"), "gzip");
		IS(way, ask_at("/socket.io/", way->script), 200);
		T_SLICE(answer_header("content-encoding"), "gzip");
		conf.compression = false;
		IS(way, ask_at("/socket.io/", way->poll), 200);
		T_OK(answer_header("content-encoding").p == NULL);
	}
}

static void
each_has_the_limit_of_a_body(void)
{
	const struct way *way;

	for (EACH(way)) {
		every_world(way);
		IS(way, ask_post(way), 200);
		conf.max_payload = 8;
		gate();
		IS(way, ask_post(way), 413);
		T_EQ(engine.posts, 1);
	}
}

static void
each_has_the_transports_that_are_named(void)
{
	const struct way *way;

	for (EACH(way)) {
		every_world(way);
		conf.transports = "jsonp";
		gate();
		IS(way, ask_at("/socket.io/", way->greet),
		    way->generation == GENERATION_V1 ? 200 : way->unknown_transport);
		IS(way, ask_at("/socket.io/", way->poll), way->unknown_transport);
		IS(way, ask_socket("/socket.io/", way), way->unknown_transport);
		IS(way, ask_at("/socket.io/", way->script), 200);
		conf.transports = "polling";
		gate();
		IS(way, ask_at("/socket.io/", way->poll), 200);
		IS(way, ask_at("/socket.io/", way->script), way->unknown_transport);
	}
}

static void
each_is_told_who_may_ask_from_elsewhere(void)
{
	const struct way *way;

	for (EACH(way)) {
		every_world(way);
		header("Host", "here.example");
		header("Origin", "http://elsewhere.example");
		IS(way, ask_at("/socket.io/", way->greet), way->forbidden);
		T_OK(answer_header("access-control-allow-origin").p == NULL);
		fresh_request("GET");
		header("Origin", "http://here\x01.example");
		IS(way, ask_at("/socket.io/", way->greet), way->garbled);
		T_EQ(engine.opens, 0);
		fresh_request("GET");
		header("Host", "here.example");
		header("Origin", "http://elsewhere.example");
		conf.origins = "http://elsewhere.example";
		conf.cors_credentials = true;
		gate();
		IS(way, ask_at("/socket.io/", way->greet), 200);
		T_SLICE(answer_header("access-control-allow-origin"),
		    "http://elsewhere.example");
		T_SLICE(answer_header("access-control-allow-credentials"), "true");
		request.method = SLICE("OPTIONS");
		header("Access-Control-Request-Method", "POST");
		IS(way, ask_at("/socket.io/", way->post), 204);
		T_SLICE(answer_header("access-control-allow-methods"), "GET,POST");
		T_EQ(engine.opens, 1);
	}
}

int
main(void)
{
	T_RUN(each_may_be_off_alone);
	T_RUN(each_is_at_every_resource);
	T_RUN(each_has_its_cookie_by_the_handshake);
	T_RUN(each_is_compressed);
	T_RUN(each_has_the_limit_of_a_body);
	T_RUN(each_has_the_transports_that_are_named);
	T_RUN(each_is_told_who_may_ask_from_elsewhere);
	world_end();
	return t_end();
}
