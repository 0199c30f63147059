/*
 * fuzz_frame.c - whatever comes on a WebSocket, and however it is cut
 *
 * What must hold: no bytes harm the reader; pieces of any size give the same
 * events and the same verdict as the whole; no message passes the limit; text
 * that was handed on is UTF-8; what breaks a rule has a close code that may be
 * sent, and a reason.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "ws/frame.h"

enum { LIMIT = 1000 };

/* Masked with zeroes, so that mutations hit what they mean. */
#define M "\0\0\0\0"

const struct slice fuzz_seeds[] = {
	SLICE("\x81\x85" M "hello" "\x82\x83" M "\x01\x02\xff" "\x81\x80" M),
	SLICE("\x01\x83" M "one" "\x89\x82" M "hi" "\x00\x80" M "\x80\x83" M "two"),
	SLICE("\x01\x81" M "\xf0" "\x00\x82" M "\x9f\x98" "\x80\x81" M "\x80"),
	SLICE("\x81\xfe\x00\x7e" M
	    "0123456789012345678901234567890123456789012345678901234567890123456789"
	    "01234567890123456789012345678901234567890123456789012345"),
	SLICE("\x88\x80" M),
	SLICE("\x88\x85" M "\x03\xe8" "bye"),
	SLICE("\x8a\x84" M "pong" "\x88\x82" M "\x0b\xb8"),
	SLICE("\x82\xff\0\0\0\0\0\x01\0\0" M "x"),
	SLICE("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("\x81"), SLICE("\x82"), SLICE("\x01"), SLICE("\x02"), SLICE("\x00"),
	SLICE("\x80"), SLICE("\x88"), SLICE("\x89"), SLICE("\x8a"), SLICE("\xfe"),
	SLICE("\xff"), SLICE("\xc1"), SLICE(M), SLICE("\x81\x80" M),
	SLICE("\x00\x80" M), SLICE("\x89\x80" M), SLICE("\x88\x82" M "\x03\xe8"),
	SLICE("\xc3\xa9"), SLICE("\xed\xa0\x80"), SLICE("\x03\xee"), SLICE_NONE
};

static bool
on_message(void *arg, enum frame_op op, struct slice data)
{
	FUZZ_MUST(op == FRAME_OP_TEXT || op == FRAME_OP_BINARY);
	FUZZ_MUST(data.n <= LIMIT);
	FUZZ_MUST(op == FRAME_OP_BINARY || utf8_valid(data));
	buf_char(arg, (char)op);
	pack_add(arg, data);
	return !slice_is(data, "stop");
}

static bool
on_ping(void *arg, struct slice data)
{
	FUZZ_MUST(data.n <= 125);
	buf_char(arg, 'P');
	pack_add(arg, data);
	return true;
}

static bool
on_pong(void *arg, struct slice data)
{
	return on_ping(arg, data);
}

static void
on_close(void *arg, unsigned code, struct slice reason)
{
	FUZZ_MUST(code == CLOSE_NONE || frame_close_code_ok(code));
	FUZZ_MUST(utf8_valid(reason));
	buf_printf(arg, "C%u", code);
	pack_add(arg, reason);
}

static const struct frame_events events = {
	on_message, on_ping, on_pong, on_close, NULL
};

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
		rc = frame_read(&r, copy, n, LIMIT, &events, seen);
		free(copy);
		FUZZ_MUST(r.message.n <= LIMIT);
	}
	if (rc == RC_BAD_INPUT || rc == RC_TOO_BIG)
		FUZZ_MUST(frame_close_code_ok(r.close_code) &&
		    frame_fault(&r)[0] != '\0');
	else
		FUZZ_MUST(r.close_code == 0);
	/* After a stop it depends on the cuts whether somebody asks again. */
	buf_printf(seen, "%d %u", rc == RC_GONE ? RC_OK : (int)rc, r.close_code);
	frame_reader_fini(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct buf whole = BUF_INIT, cut = BUF_INIT;
	uint32_t seed;

	read_in(input, 0, &whole);
	for (seed = 1; seed < 4; seed++) {
		buf_reset(&cut);
		read_in(input, seed * 0x10001, &cut);
		FUZZ_MUST(slice_eq(buf_slice(&whole), buf_slice(&cut)));
	}
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
