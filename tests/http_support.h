/*
 * http_support.h - a gateway on a fake engine, and requests for it
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_HTTP_SUPPORT_H
#define TESTS_HTTP_SUPPORT_H

#include "base/conf.h"
#include "http/http.h"
#include "session/live.h"
#include "tests/fake_engine.h"

#define SID "AAAAAAAAAAAAAAAAAAAB"

static struct conf conf;
static struct engine engine;
static struct gateway *gateway;

/* The request that ask() sends; reset by world(). */
static struct http_header headers[32];
static struct http_request request;
/* What came back. */
static struct http_exchange exchange;
static bool has_answer;

static inline void
on_respond(struct http_exchange *x)
{
	(void)x;
	has_answer = true;
}

static inline void
header(const char *name, const char *value)
{
	headers[request.n_headers++] = (struct http_header){
		slice_str(name), slice_str(value) };
}

static inline void
world_end(void)
{
	http_finish(gateway, &exchange);
	exchange = (struct http_exchange){ .own = NULL };
	gateway_free(&gateway);
	fake_engine_fini(&engine);
}

/* A fresh world with defaults; set options in conf, then gate(). */
static inline void
world(void)
{
	world_end();
	conf = (struct conf){
		.resource = "socket.io", .transports = "polling jsonp websocket",
		.generations = "eio4", .origins = "self", .cookie = "",
		.compression = true, .compression_threshold = 1024,
		.max_payload = 1000000, .trusted_proxies = "", .status_key = "",
		.client_dir = "", .client = "socket.io.js",
	};
	fake_engine_init(&engine, SID);
	request = (struct http_request){ .headers = headers,
	    .method = SLICE("GET"), .remote_addr = SLICE("192.0.2.1"),
	    .port = SLICE("80") };
	gateway = gateway_new(&conf, &engine, NULL);
}

/* The options were changed. */
static inline void
gate(void)
{
	gateway_free(&gateway);
	gateway = gateway_new(&conf, &engine, NULL);
}

static inline void
fresh_request(const char *method)
{
	request.method = slice_str(method);
	request.n_headers = 0;
	request.body = SLICE_NONE;
}

/* Sends request to target; the answer is in exchange.response. */
static inline int
ask(const char *target)
{
	http_finish(gateway, &exchange);
	request.target = slice_str(target);
	exchange = (struct http_exchange){ .request = request,
	    .respond = on_respond };
	has_answer = false;
	http_serve(gateway, &exchange);
	if (!has_answer)
		engine_turn(&engine, false);
	return has_answer ? exchange.response.status : 0;
}

/* ask() for a door that speaks WebSocket; 0: it may begin. */
static inline int
upgrade(const char *target, struct live *live_r)
{
	http_finish(gateway, &exchange);
	request.target = slice_str(target);
	exchange = (struct http_exchange){ .request = request,
	    .respond = on_respond };
	has_answer = false;
	if (http_upgrade(gateway, &exchange, live_r) == RC_OK)
		return has_answer ? -1 : 0;
	if (!has_answer)
		engine_turn(&engine, false);
	return has_answer ? exchange.response.status : -1;
}

static inline struct slice
answer_body(void)
{
	return buf_slice(&exchange.response.body);
}

/* The value of an answer's header; absent if there is none. */
static inline struct slice
answer_header(const char *name)
{
	struct slice rest = buf_slice(&exchange.response.headers), line, key;

	while (slice_cut(&rest, '\n', &line)) {
		if (!slice_ends(line, SLICE("\r")))
			continue;
		line = slice_head(line, line.n - 1);
		if (slice_cut(&line, ':', &key) &&
		    slice_eq_nocase(key, slice_str(name)))
			return slice_trim(line);
	}
	return SLICE_NONE;
}

#define T_ERROR(target, status, text)                                   \
	do {                                                            \
		T_EQ(ask(target), status);                              \
		T_SLICE(answer_body(), text);                           \
	} while (0)

#define POLLING "/socket.io/?EIO=4&transport=polling"
#define SESSION POLLING "&t=T1&sid=" SID
#define CODE0 "{\"code\":0,\"message\":\"Transport unknown\"}"
#define CODE1 "{\"code\":1,\"message\":\"Session ID unknown\"}"
#define CODE2 "{\"code\":2,\"message\":\"Bad handshake method\"}"
#define CODE3 "{\"code\":3,\"message\":\"Bad request\"}"
#define CODE5 "{\"code\":5,\"message\":\"Unsupported protocol version\"}"

#endif
