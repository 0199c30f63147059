/*
 * fuzz_v1.c - any body of a 0.7 to 0.9 client is read, as far as it is packets
 *
 * What must hold: no body harms a reader or is a mistake; a packet that was read
 * is written so that it is read as the same, alone and among others; what a form or
 * a WebSocket brings is read like any body.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "tests/json_alike.h"
#include "wire/codec.h"

#define MARK "\xef\xbf\xbd"

enum { DEPTH = 16 };

static const struct wire_limits limits = { 256, 10, DEPTH, 20000, 40 };

const struct slice fuzz_seeds[] = {
	SLICE("5:1+::{\"name\":\"x\",\"args\":[1,\"a\"]}"),
	SLICE(MARK "8" MARK "3:::\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" MARK "3" MARK "2::"),
	SLICE("5::/admin:{\"name\":\"message\",\"args\":[{\"a\":null}]}"),
	SLICE("4:2::{\"a\":[true,1e3]}"), SLICE("6::/a:4+[\"A\",1]"), SLICE("6:::4"),
	SLICE("1::/admin:?a=b%20c&d"), SLICE("0::/admin"), SLICE("0::"),
	SLICE("7:::1+0"), SLICE("8::"), SLICE("d=%223%3A%3A%3Aa%5Cn%22&i=0"),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE(MARK), SLICE(MARK "3" MARK), SLICE("1::"), SLICE("3:::"),
	SLICE("5:::{\"name\":\""), SLICE("\",\"args\":["), SLICE("]}"), SLICE("6:::"),
	SLICE("7+::"), SLICE("+["), SLICE("/admin"), SLICE("?a=b"), SLICE("d=%22"),
	SLICE("%22"), SLICE("&"), SLICE("\\ufffd"), SLICE("\"message\""), SLICE("\n"),
	SLICE("\xf0\x9f\x98\x80"), SLICE("\xff"), SLICE("0"), SLICE(":"),
	SLICE_NONE
};

/* The n-th packet of a payload. */
static void
packet_get(struct slice payload, unsigned n, struct arena *arena,
    struct packet *packet_r)
{
	struct assembler a = ASSEMBLER_INIT;
	struct frame frame;

	do
		FUZZ_MUST(codec_v1.frame_next(&payload, arena, &frame) == RC_OK);
	while (n-- > 0);
	FUZZ_MUST(frame.type == FRAME_MESSAGE);
	FUZZ_MUST(codec_v1.packet_next(&a, &frame, &limits, arena, packet_r) ==
	    RC_OK);
}

static void
is_same(const struct packet *p, const struct packet *again)
{
	FUZZ_MUST(p->type == again->type && slice_eq(p->nsp, again->nsp));
	FUZZ_MUST(slice_eq(p->id, again->id));
	if (p->type == PACKET_EVENT || p->type == PACKET_ACK)
		FUZZ_MUST(json_alike(p->data, again->data));
}

static void
write_and_read(const struct packet *p)
{
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT, alone = BUF_INIT;
	struct packet again;

	codec_v1.packet_write(&alone, p, SLICE_NONE);
	FUZZ_MUST(utf8_valid(buf_slice(&alone)));
	packet_get(buf_slice(&alone), 0, &arena, &again);
	is_same(p, &again);
	codec_v1.frame_write(&out, FRAME_NOOP, SLICE_NONE);
	codec_join(&codec_v1, &out, buf_slice(&alone));
	codec_v1.packet_write(&out, p, SLICE_NONE);
	packet_get(buf_slice(&out), 1, &arena, &again);
	is_same(p, &again);
	packet_get(buf_slice(&out), 2, &arena, &again);
	is_same(p, &again);
	buf_free(&alone);
	buf_free(&out);
	arena_free(&arena);
}

static void
packet_is_sound(const struct packet *p)
{
	FUZZ_MUST(p->type != PACKET_CONNECT_ERROR && p->attachments.n == 0);
	FUZZ_MUST(p->nsp.n > 0 && p->nsp.n <= limits.max_name && p->nsp.p[0] == '/');
	FUZZ_MUST(p->data.p == NULL || json_check(p->data, DEPTH + 2) == RC_OK);
	FUZZ_MUST(p->type != PACKET_ACK || p->id.n > 0);
	/* a wrapped value is one level deeper than it was */
	if (slice_is(p->nsp, "/") && p->type != PACKET_EVENT && p->type != PACKET_ACK)
		return;         /* goodbye, or a CONNECT that nobody says */
	if (p->data.p == NULL || json_check(p->data, DEPTH - 2) == RC_OK)
		write_and_read(p);
}

static void
read_frame(const struct frame *frame, struct arena *arena)
{
	struct assembler a = ASSEMBLER_INIT;    /* never open: nothing is binary */
	struct packet p;
	enum rc rc;

	if (frame->type != FRAME_MESSAGE)
		return;
	rc = codec_v1.packet_next(&a, frame, &limits, arena, &p);
	FUZZ_MUST(rc == RC_OK || rc == RC_AGAIN);
	if (rc == RC_OK)
		packet_is_sound(&p);
}

static void
read_body(struct slice rest, struct arena *arena)
{
	struct slice before = rest;
	struct frame frame;
	enum rc rc;

	while ((rc = codec_v1.frame_next(&rest, arena, &frame)) == RC_OK) {
		FUZZ_MUST(rest.p == NULL || rest.n < before.n);
		before = rest;
		read_frame(&frame, arena);
	}
	FUZZ_MUST(rc == RC_NONE && rest.p == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct frame frame;

	read_body(input, &arena);
	if (codec_v1.manners->form_read(&out, input, true) == RC_OK)
		read_body(buf_slice(&out), &arena);
	buf_reset(&out);
	if (utf8_valid(input)) {        /* as every text of a WebSocket */
		FUZZ_MUST(codec_v1.message_read(false, input, &arena, &frame) == RC_OK);
		read_frame(&frame, &arena);
	}
	buf_free(&out);
	arena_free(&arena);
	return 0;
}
