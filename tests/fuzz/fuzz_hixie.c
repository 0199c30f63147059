/*
 * fuzz_hixie.c - whatever comes on a WebSocket of 2010, and however it is cut
 *
 * The input is a head, an empty line, and what comes behind it.  What must hold: a
 * handshake is refused with a status and a sentence, or answered with a 101; pieces
 * of any size give the same messages and the same verdict as the whole; no message
 * passes the limit; text that was handed on is UTF-8.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "ws/extension.h"
#include "ws/frame.h"
#include "ws/request.h"
#include "ws/version.h"

enum { LIMIT = 1000 };

#define HEAD "GET /demo HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n" \
	"Upgrade: WebSocket\r\nOrigin: http://h\r\n"
#define KEYS "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n" \
	"Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n"

const struct slice fuzz_seeds[] = {
	SLICE(HEAD KEYS "\r\n^n:ds[4U" "\0hello\xff\xff\0"),
	SLICE(HEAD "\r\n" "\0one\xff\0two\xff"),
	SLICE(HEAD "Sec-WebSocket-Version: 13\r\n\r\n" "\0\xc3\xa9\xff"),
	SLICE(HEAD "\r\n" "\0stop\xff\0more\xff"),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("\0"), SLICE("\xff"), SLICE("\xff\0"), SLICE("\x80"), SLICE("\x81\x85"),
	SLICE("\xc3\xa9"), SLICE("\xed\xa0\x80"), SLICE("\xf0\x9f\x98\x80"),
	SLICE("\r\n"), SLICE("\r\n\r\n"), SLICE(" "), SLICE("4294967296"),
	SLICE(KEYS), SLICE("Sec-WebSocket-Key1: 0 0\r\n"), SLICE("stop"), SLICE_NONE
};

static bool
on_message(void *arg, enum frame_op op, struct slice data)
{
	FUZZ_MUST(op == FRAME_OP_TEXT && data.n <= LIMIT && utf8_valid(data));
	pack_add(arg, data);
	return !slice_is(data, "stop");
}

static bool
on_control(void *arg, struct slice data)
{
	(void)arg;
	(void)data;
	FUZZ_MUST(false);
	return false;
}

static void
on_close(void *arg, unsigned code, struct slice reason)
{
	FUZZ_MUST(code == CLOSE_NONE && reason.n == 0);
	buf_char(arg, 'C');
}

static const struct frame_events events = {
	on_message, on_control, on_control, on_close, NULL
};

static void
handshake_try(struct slice head, struct slice behind)
{
	const struct extension_conf extensions = { .is_on = false };
	struct request request;
	struct extension extension;
	struct handshake handshake = { &request, behind, false, &extensions };
	struct buf out = BUF_INIT;
	const struct version *version;
	const char *fault;
	int status;

	if (request_parse(head, &request, &fault) != 0 || (version =
	    version_of(&request, "rfc6455 hixie-76 hixie-75")) == NULL)
		return;
	handshake.behind = slice_head(behind, version->behind);
	status = version->answer(&handshake, &out, &extension, &fault);
	FUZZ_MUST(status == 0 ? fault == NULL &&
	    slice_starts(buf_slice(&out), SLICE("HTTP/1.1 101 ")) :
	    fault != NULL && status >= 400 && out.n == 0);
	buf_free(&out);
}

/* The verdict stands at the end of what was seen. */
static void
read_in(struct slice wire, uint32_t cuts, struct buf *seen)
{
	struct frame_reader r;
	enum rc rc = RC_OK;
	size_t n;
	char *copy;

	frame_reader_init(&r);
	for (; rc == RC_OK && wire.n > 0; wire = slice_skip(wire, n)) {
		n = cuts == 0 ? wire.n : 1 + (cuts >> 16) % 9;
		n = n < wire.n ? n : wire.n;
		cuts = cuts == 0 ? 0 : (cuts * 1103515245 + 12345) | 1;
		copy = mem_alloc(n);
		memcpy(copy, wire.p, n);
		rc = version_hixie76.read(&r, copy, n, LIMIT, &events, seen);
		free(copy);
		FUZZ_MUST(r.message.n <= LIMIT);
	}
	FUZZ_MUST((rc == RC_BAD_INPUT || rc == RC_TOO_BIG) == (r.close_code != 0));
	FUZZ_MUST((r.close_code != 0) == (frame_fault(&r)[0] != '\0'));
	/* After a stop it depends on the cuts whether somebody asks again; and which
	 * of two faults of one message is seen first. */
	buf_printf(seen, "%d", rc == RC_GONE || rc == RC_OK ? 0 : 1);
	frame_reader_fini(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size), wire;
	struct buf whole = BUF_INIT, cut = BUF_INIT;
	size_t looked = 0, end = request_head_end(input, &looked);
	uint32_t seed;

	wire = slice_skip(input, end);
	if (end > 0)
		handshake_try(slice_head(input, end), wire);
	read_in(wire, 0, &whole);
	for (seed = 1; seed < 4; seed++) {
		buf_reset(&cut);
		read_in(wire, seed * 0x10001, &cut);
		FUZZ_MUST(slice_eq(buf_slice(&whole), buf_slice(&cut)));
	}
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
