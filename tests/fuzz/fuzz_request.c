/*
 * fuzz_request.c - targets, queries, headers and forms from anywhere
 *
 * The input is lines: target, Origin, Host, Accept-Encoding, X-Forwarded-For,
 * If-None-Match; what is left is the body.  What must hold: there is an answer,
 * its headers are whole lines, and nobody but the house's own words or checked
 * bytes stand in them.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"
#include "tests/http_support.h"

#define POLLS "/socket.io/?EIO=4&transport=polling"

const struct slice fuzz_seeds[] = {
	SLICE(POLLS "&t=abc\nhttp://example.com\nexample.com\ngzip;q=0.5, *\n"
	    "203.0.113.9, 192.0.2.1\n\"x\"\n"),
	SLICE(POLLS "&sid=" SID "&t=T2&j=0\nnull\n[::1]:8080\ndeflate\n::1\n\n"
	    "d=42%5B%22a%22%2C%22li%5C%5Cne%22%5D&x=%zz"),
	SLICE("/socket.io/?EIO=3&transport=polling&sid=" SID "&t=T3&b64=1\n\n\n\n\n\n"
	    "4:2hey"),
	SLICE("http://host:80/a//socket.io/1/xhr-polling/abc?t=1\n\n\n\n\n\n5:::{}"),
	SLICE("/socket.io/4.8.4/socket.io.min.js\n\n\n\n\nW/\"1-2-3\", *\n"),
	SLICE("/socket%2eio/%2e%2e/socket.io.js%00\nhttps://a.example:443\n"),
	SLICE("/socket.io/xhr-polling//1300000000001?key=%6b\n"),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("socket.io"), SLICE("/socket.io/"), SLICE("%2F"), SLICE("%2e"),
	SLICE("%00"), SLICE("%"), SLICE("?"), SLICE("&"), SLICE("="), SLICE("+"),
	SLICE("//"), SLICE("://"), SLICE(".."), SLICE("EIO=4"), SLICE("EIO=3"),
	SLICE("transport=polling"), SLICE("transport=websocket"),
	SLICE("sid=" SID), SLICE("&j="), SLICE("&b64="), SLICE("&key=k"), SLICE("\n"), SLICE("\r"),
	SLICE("d="), SLICE("\\n"), SLICE("gzip"), SLICE(";q="), SLICE("*"),
	SLICE("null"), SLICE("::ffff:"), SLICE("/128"), SLICE(":"), SLICE("\""),
	SLICE("/1/"), SLICE(".js"), SLICE_NONE
};

static const char *const methods[] = { "GET", "POST", "OPTIONS", "HEAD", "PUT" };
static const char *const names[] = { "Origin", "Host", "Accept-Encoding",
	"X-Forwarded-For", "If-None-Match", "Access-Control-Request-Headers" };

/* "Name: value\r\n" again and again, and no other control character. */
static void
headers_are_whole(struct slice text)
{
	struct slice line;
	size_t i;

	while (text.n > 0) {
		FUZZ_MUST(slice_cut(&text, '\n', &line) && text.p != NULL);
		FUZZ_MUST(line.n > 3 && line.p[line.n - 1] == '\r');
		FUZZ_MUST(slice_find(line, ':') < line.n);
		for (i = 0; i + 1 < line.n; i++)
			FUZZ_MUST((unsigned char)line.p[i] >= 0x20 ||
			    line.p[i] == '\t');
	}
}

static void
serve(struct slice input, const char *method)
{
	struct slice value;
	size_t i;

	request.n_headers = 0;
	request.method = slice_str(method);
	slice_cut(&input, '\n', &request.target);
	for (i = 0; i < N_ELEMENTS(names) && slice_cut(&input, '\n', &value); i++)
		headers[request.n_headers++] = (struct http_header){
			slice_str(names[i]), value };
	request.body = input;
	exchange = (struct http_exchange){ .request = request,
	    .respond = on_respond };
	has_answer = false;
	http_serve(gateway, &exchange);
	engine_turn(&engine, false);
	FUZZ_MUST(has_answer && exchange.response.status >= 200);
	FUZZ_MUST(strcmp(http_status_text(exchange.response.status),
	    "Unknown") != 0);
	headers_are_whole(buf_slice(&exchange.response.headers));
	http_finish(gateway, &exchange);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const origins[] = { "self", "*", "https://a.example" };
	size_t i;

	for (i = 0; i < N_ELEMENTS(methods); i++) {
		world();
		conf.origins = (char *)origins[(size + i) % N_ELEMENTS(origins)];
		conf.generations = "eio4 eio3";
		engine.generation = size % 2 ? GENERATION_EIO3 : GENERATION_EIO4;
		conf.trusted_proxies = "192.0.2.0/24 ::/0";
		conf.compression_threshold = 8;
		conf.status_key = "k";
		gate();
		serve(slice_of((const char *)data, size), methods[i]);
	}
	world_end();
	return 0;
}
