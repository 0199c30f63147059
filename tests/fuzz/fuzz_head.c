/*
 * fuzz_head.c - whatever is sent to the HTTP port
 *
 * What must hold: no bytes harm the parser; a head ends at the same place
 * however it is cut; every slice lies in the head; a value holds no line end; a
 * body that comes in pieces is the body that comes whole.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"
#include "ws/chunked.h"
#include "ws/request.h"
#include "ws/upgrade.h"

enum { LIMIT = 1000 };

const struct slice fuzz_seeds[] = {
	SLICE("GET /socket.io/?EIO=4&transport=polling&t=x HTTP/1.1\r\n"
	    "Host: 127.0.0.1:8081\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n"),
	SLICE("POST /socket.io/?EIO=4&sid=abc HTTP/1.1\r\nHost: h\r\n"
	    "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n40"),
	SLICE("POST / HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\nGET"),
	SLICE("GET / HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
	    "Sec-WebSocket-Version: 13\n\n"),
	SLICE("GET http://h/x HTTP/1.0\r\nX: \t a \r\nEmpty:\r\n\r\n"),
	SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: x\r\n\r\nhello"),
	SLICE("HTTP/1.0 404 \r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	SLICE("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("\r\n"), SLICE("\n"), SLICE("\r\n\r\n"), SLICE(":"), SLICE(" "),
	SLICE("\t"), SLICE("HTTP/1.1"), SLICE("HTTP/1.0"), SLICE("GET "),
	SLICE("CONNECT h:1"), SLICE("Content-Length: 5\r\n"),
	SLICE("Transfer-Encoding: chunked\r\n"), SLICE("Connection: close\r\n"),
	SLICE("Host: h\r\n"), SLICE("0\r\n\r\n"), SLICE("5\r\nhello\r\n"),
	SLICE(";"), SLICE("ffffffff"), SLICE("\0"), SLICE("\xff"), SLICE_NONE
};

static void
lies_in(struct slice s, struct slice head)
{
	FUZZ_MUST(s.p >= head.p && s.p + s.n <= head.p + head.n);
}

static void
head_is_sound(struct slice head)
{
	struct request request;
	static const struct extension_conf conf = { true, 15, true };
	struct upgrade upgrade;
	const char *fault = NULL;
	size_t i, k;

	if (request_parse(head, &request, &fault) != 0) {
		FUZZ_MUST(fault != NULL);
		return;
	}
	FUZZ_MUST(fault == NULL && request.method.n > 0 && request.target.n > 0);
	lies_in(request.target, head);
	FUZZ_MUST(!request.is_chunked || request.length == 0);
	FUZZ_MUST(request.n_headers <= REQUEST_HEADERS_MAX);
	for (i = 0; i < request.n_headers; i++) {
		lies_in(request.headers[i].name, head);
		lies_in(request.headers[i].value, head);
		FUZZ_MUST(request.headers[i].name.n > 0);
		for (k = 0; k < request.headers[i].value.n; k++)
			FUZZ_MUST(strchr("\r\n", request.headers[i].value.p[k]) == NULL);
	}
	upgrade_check(&request, &conf, &upgrade, &fault);
}

static void
answer_is_sound(struct slice head)
{
	struct reply reply;
	size_t i;

	if (!reply_parse(head, &reply))
		return;
	FUZZ_MUST(reply.status >= 100 && reply.status <= 999);
	FUZZ_MUST(!reply.head.is_chunked || !reply.has_length);
	for (i = 0; i < reply.head.n_headers; i++) {
		lies_in(reply.head.headers[i].name, head);
		lies_in(reply.head.headers[i].value, head);
	}
}

static void
body_read(struct slice data, size_t piece, struct buf *seen)
{
	struct chunked c = CHUNKED_INIT;
	enum rc rc = RC_AGAIN;
	struct slice now;
	size_t used = 0;

	while (rc == RC_AGAIN && used < data.n) {
		now = slice_head(slice_skip(data, used), piece);
		used += now.n;
		rc = chunked_read(&c, &now, LIMIT, seen);
		used -= now.n;
		FUZZ_MUST(seen->n <= LIMIT && (rc != RC_AGAIN || now.n == 0));
	}
	buf_printf(seen, "%d %zu", rc, used);
}

static void
body_is_sound(struct slice data)
{
	struct buf whole = BUF_INIT, cut = BUF_INIT;
	size_t piece;

	body_read(data, SIZE_MAX, &whole);
	for (piece = 1; piece < 8; piece += 2) {
		buf_reset(&cut);
		body_read(data, piece, &cut);
		FUZZ_MUST(slice_eq(buf_slice(&whole), buf_slice(&cut)));
	}
	buf_free(&whole);
	buf_free(&cut);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	size_t looked = 0, end = request_head_end(input, &looked), n;

	for (n = 0, looked = 0; n < size && n < end; n += 3)
		FUZZ_MUST(request_head_end(slice_head(input, n), &looked) == 0);
	FUZZ_MUST(request_head_end(input, &looked) == end);
	if (end > 0)
		head_is_sound(slice_head(input, end));
	head_is_sound(input);
	answer_is_sound(input);
	body_is_sound(slice_skip(input, end));
	body_is_sound(input);
	return 0;
}
