/*
 * fuzz_v0.c - any body of a 0.6 client is read, as far as it is frames
 *
 * What must hold: no body harms a reader or is a mistake; a packet that was read
 * is written so that it is read as the same; a half __subscribe__ survives its
 * way through the store; what a form or a WebSocket brings is whole frames.
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
#include "wire/v0.h"

enum { DEPTH = 16 };

static const struct wire_limits limits = { 256, 10, DEPTH, 20000, 40 };

const struct slice fuzz_seeds[] = {
	SLICE("~m~5~m~hello~m~10~m~~j~{\"a\":1}~m~4~m~~h~1~m~0~m~"),
	SLICE("~m~13~m~__subscribe__~m~4~m~room~m~15~m~__unsubscribe__~m~4~m~room"),
	SLICE("~m~32~m~~j~{\"name\":\"x\",\"args\":[1,\"a\"]}"),
	SLICE("~m~34~m~~j~{\"name\":\"x\",\"args\":[1],\"id\":7}"),
	SLICE("~m~24~m~~j~{\"ack\":3,\"args\":[1]}"),
	SLICE("~m~40~m~~j~{\"name\":\"message\",\"args\":[\"~j~{}\"]}"),
	SLICE("~m~54~m~~j~{\"name\":\"json\",\"args\":[{\"name\":\"x\",\"args\":[]}]}"),
	SLICE("data=~m~5~m~a%0D%0Ab%0D%0Ac~m~1~m~%F0%9F%98%80"),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("~m~"), SLICE("~j~"), SLICE("~h~"), SLICE("~m~1~m~"), SLICE("data="),
	SLICE("&"), SLICE("%0D%0A"), SLICE("\r\n"), SLICE("\n"),
	SLICE("__subscribe__"), SLICE("\"name\":"), SLICE("\"args\":"),
	SLICE("\"id\":"), SLICE("\"ack\":"), SLICE("[]"), SLICE("{}"), SLICE(","),
	SLICE("\"message\""), SLICE("\"json\""), SLICE("\\ud83d"),
	SLICE("\xf0\x9f\x98\x80"), SLICE("\xe2\x80\xa8"), SLICE("\xff"), SLICE("0"),
	SLICE_NONE
};

static void
write_and_read(const struct packet *p)
{
	struct assembler a = ASSEMBLER_INIT;
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct packet again;
	struct frame frame;
	struct slice rest;
	enum rc rc;

	codec_v0.packet_write(&out, p, SLICE_NONE);
	FUZZ_MUST(utf8_valid(buf_slice(&out)));
	rest = buf_slice(&out);
	FUZZ_MUST(codec_v0.frame_next(&rest, &arena, &frame) == RC_OK);
	FUZZ_MUST(frame.type == FRAME_MESSAGE);
	rc = codec_v0.packet_next(&a, &frame, &limits, &arena, &again);
	FUZZ_MUST(rc == RC_OK);
	FUZZ_MUST(p->type == again.type && slice_eq(p->id, again.id));
	FUZZ_MUST(json_alike(p->data, again.data));
	FUZZ_MUST(codec_v0.frame_next(&rest, &arena, &frame) == RC_NONE);
	buf_free(&out);
	arena_free(&arena);
}

static bool
is_channel(const struct packet *p)
{
	return slice_starts(p->data, SLICE("[\"__"));
}

static void
packet_is_sound(const struct packet *p)
{
	FUZZ_MUST(p->type == PACKET_EVENT || p->type == PACKET_ACK);
	FUZZ_MUST(slice_is(p->nsp, "/") && p->attachments.n == 0);
	FUZZ_MUST(json_check(p->data, DEPTH + 2) == RC_OK);
	FUZZ_MUST(json_kind(p->data) == JSON_ARRAY);
	FUZZ_MUST(p->type != PACKET_ACK || p->id.n > 0);
	/* a wrapped value is one level deeper than it was */
	if (!is_channel(p) && json_check(p->data, DEPTH - 2) == RC_OK)
		write_and_read(p);
}

static void
through_the_store(struct assembler *a, struct arena *arena)
{
	struct buf state = BUF_INIT;

	assembler_save(a, &state);
	FUZZ_MUST(assembler_load(a, arena_dup(arena, buf_slice(&state))) == RC_OK);
	buf_free(&state);
}

static void
read_body(struct slice rest, struct arena *arena)
{
	struct assembler a = ASSEMBLER_INIT;
	struct frame frame;
	struct packet p;
	enum rc rc;

	while ((rc = codec_v0.frame_next(&rest, arena, &frame)) == RC_OK) {
		if (frame.type != FRAME_MESSAGE)
			continue;
		rc = codec_v0.packet_next(&a, &frame, &limits, arena, &p);
		FUZZ_MUST(rc == RC_OK || rc == RC_AGAIN);
		if (rc == RC_OK)
			packet_is_sound(&p);
		else
			through_the_store(&a, arena);
	}
	FUZZ_MUST(rc == RC_NONE && rest.p == NULL);
}

static void
is_whole_frames(struct slice payload, struct arena *arena)
{
	struct slice rest = payload, before = payload;
	struct frame frame;

	while (before.n > 0) {
		FUZZ_MUST(codec_v0.frame_next(&rest, arena, &frame) == RC_OK);
		FUZZ_MUST(rest.p > before.p);
		before = rest;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;

	read_body(input, &arena);
	if (v0_form_read(&out, input, true) == RC_OK) {
		FUZZ_MUST(utf8_valid(buf_slice(&out)));
		is_whole_frames(buf_slice(&out), &arena);
		read_body(buf_slice(&out), &arena);
	}
	buf_reset(&out);
	if (v0_form_read(&out, input, false) == RC_OK)
		FUZZ_MUST(utf8_valid(buf_slice(&out)));
	buf_reset(&out);
	buf_free(&out);
	arena_free(&arena);
	return 0;
}
