/*
 * fuzz_eio4.c - any body is refused or read, and what was read can be written
 *
 * What must hold: no body harms the reader; a packet that was read is written
 * so that it is read as the same, with an offset too; a packet half read
 * survives its way through the store; a body of JSON is taken if and only if
 * json_check() takes the JSON; no bytes from the store harm the assembler.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "wire/codec.h"

#define P0 "{\"_placeholder\":true,\"num\":0}"
#define P1 "{\"_placeholder\":true,\"num\":1}"

enum { DEPTH = 16 };

static const struct wire_limits limits = { 256, 10, DEPTH, 20000, 4096 };

const struct slice fuzz_seeds[] = {
	SLICE("40{\"token\":\"t1\"}\x1e" "42[\"echo\",1,\"x\",{\"y\":null}]\x1e" "3"),
	SLICE("40/admin,{\"k\":\"v\"}\x1e" "42/admin,17[\"who\"]\x1e" "41/admin,"),
	SLICE("452-/c,3[\"e\",{\"b\":" P0 "}," P1 "]\x1e" "bAQID\x1e" "2\x1e" "bBA=="),
	SLICE("461-5[" P0 "]\x1e" "baGk=\x1e" "430[\"yes\"]\x1e" "1"),
	SLICE("42[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\"\\ud800\\n\\u2028\"]"),
	SLICE("429007199254740993[1,-2.5e3,[],{},\"plain text, some words long\"]"),
	SLICE("[true,{\"a\":[[[0]]]}] , 1.5E+10"),
	SLICE("\x02\0\0\0\x1c\0\0\0" "452-[\"e\",{\"a\":[1,2,3]},null]" "\x02\0\0\0hi"),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("\x1e"), SLICE("4"), SLICE("42"), SLICE("451-"), SLICE("462-"),
	SLICE("b"), SLICE("baGk="), SLICE("/"), SLICE("/chat,"), SLICE(","),
	SLICE("[\"x\"]"), SLICE("[\"connect\"]"), SLICE("\"_placeholder\":true"),
	SLICE("\"num\":1"), SLICE(P0), SLICE("\\u005f"), SLICE("\\"), SLICE("\""),
	SLICE("["), SLICE("]"), SLICE("{"), SLICE("}"), SLICE("\xed\xa0\x80"),
	SLICE("\xf0\x9f\x98\x80"), SLICE("123456789012345678901"), SLICE(" "),
	SLICE("[[[[[[[[[[[[[[[["), SLICE_NONE
};

static void
must_be_same(const struct packet *a, const struct packet *b)
{
	FUZZ_MUST(a->type == b->type);
	FUZZ_MUST(slice_eq(a->nsp, b->nsp));
	FUZZ_MUST(slice_eq(a->id, b->id) && (a->id.p == NULL) == (b->id.p == NULL));
	FUZZ_MUST((a->data.p == NULL) == (b->data.p == NULL));
	FUZZ_MUST(slice_eq(a->attachments, b->attachments));
}

/* Reads a payload of one packet with its attachments. */
static void
read_one(struct slice payload, struct arena *arena, struct packet *p)
{
	struct assembler a = ASSEMBLER_INIT;
	struct frame frame;
	enum rc rc = RC_AGAIN;

	while (codec_eio4.frame_next(&payload, arena, &frame) == RC_OK) {
		FUZZ_MUST(rc == RC_AGAIN);
		rc = codec_eio4.packet_next(&a, &frame, &limits, arena, p);
	}
	FUZZ_MUST(rc == RC_OK);
}

static void
write_and_read(const struct packet *p)
{
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct packet again;

	codec_eio4.packet_write(&out, p, SLICE_NONE);
	read_one(buf_slice(&out), &arena, &again);
	must_be_same(p, &again);
	FUZZ_MUST(slice_eq(p->data, again.data));
	if (p->type == PACKET_EVENT) {
		buf_reset(&out);
		codec_eio4.packet_write(&out, p, SLICE("\"o\xff"));
		read_one(buf_slice(&out), &arena, &again);
		must_be_same(p, &again);
		FUZZ_MUST(slice_ends(again.data, SLICE(",\"\\\"o\xef\xbf\xbd\"]")));
	}
	buf_free(&out);
	arena_free(&arena);
}

static void
packet_is_sound(const struct packet *p)
{
	FUZZ_MUST(p->type < PACKET__COUNT && p->type != PACKET_CONNECT_ERROR);
	FUZZ_MUST(p->nsp.n > 0 && p->nsp.p[0] == '/' && utf8_valid(p->nsp));
	FUZZ_MUST(p->data.p == NULL || json_check(p->data, DEPTH) == RC_OK);
	FUZZ_MUST(p->type != PACKET_EVENT || json_kind(p->data) == JSON_ARRAY);
	FUZZ_MUST(p->type != PACKET_ACK || p->id.n > 0);
	FUZZ_MUST(pack_count(p->attachments) <= limits.max_attachments);
}

/* As if the next frame came to another process. */
static void
through_the_store(struct assembler *a, struct arena *arena)
{
	struct buf state = BUF_INIT;

	assembler_save(a, &state);
	FUZZ_MUST((state.n > 0) == (a->header.p != NULL));
	FUZZ_MUST(assembler_load(a, arena_dup(arena, buf_slice(&state))) == RC_OK);
	buf_free(&state);
}

static void
read_body(struct slice body, struct arena *arena)
{
	struct assembler a = ASSEMBLER_INIT;
	struct slice rest = body;
	struct frame frame;
	struct packet p;
	enum rc rc = RC_OK;

	while (codec_eio4.frame_next(&rest, arena, &frame) == RC_OK) {
		if (frame.type != FRAME_MESSAGE)
			continue;
		rc = codec_eio4.packet_next(&a, &frame, &limits, arena, &p);
		if (rc == RC_OK) {
			packet_is_sound(&p);
			write_and_read(&p);
		} else if (rc == RC_AGAIN) {
			through_the_store(&a, arena);
		} else {
			FUZZ_MUST(rc == RC_BAD_INPUT);
			break;
		}
	}
}

static void
json_is_judged_as_by_json_check(struct slice text, struct arena *arena)
{
	struct assembler a = ASSEMBLER_INIT;
	struct buf event = BUF_INIT;
	struct frame frame = { FRAME_MESSAGE, false, SLICE_NONE };
	struct packet p;
	enum rc rc;

	buf_str(&event, "2[\"x\",");
	buf_add(&event, text);
	buf_char(&event, ']');
	frame.data = buf_slice(&event);
	rc = codec_eio4.packet_next(&a, &frame, &limits, arena, &p);
	FUZZ_MUST((rc == RC_OK) ==
	    (json_check(slice_skip(frame.data, 1), DEPTH) == RC_OK));
	buf_free(&event);
}

static void
state_from_anywhere(struct slice state, struct arena *arena)
{
	struct frame frame = { FRAME_MESSAGE, true, SLICE("attachment") };
	struct buf saved = BUF_INIT;
	struct assembler a;
	struct packet p;

	if (assembler_load(&a, state) != RC_OK)
		return;
	assembler_save(&a, &saved);
	FUZZ_MUST(slice_eq(buf_slice(&saved), state));
	codec_eio4.packet_next(&a, &frame, &limits, arena, &p);
	buf_free(&saved);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct arena arena = ARENA_INIT;

	read_body(input, &arena);
	json_is_judged_as_by_json_check(input, &arena);
	state_from_anywhere(input, &arena);
	arena_free(&arena);
	return 0;
}
