/*
 * fuzz_eio3.c - any body, as text and as octets, is refused or read
 *
 * What must hold: no body harms a reader; a packet that was read is written in
 * each form so that each is read as the same, the text in ASCII but for the
 * names; a packet half read survives its way through the store.
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
	SLICE("2:4020:42[\"echo\",1,\"x\",{}]1:21:1"),
	SLICE("22:40/admin?token=1&x=%41,18:42/admin,17[\"who\"]9:41/admin,"),
	SLICE("69:452-[\"x\"," P0 "," P1 "]6:b4aGk=2:b4"),
	SLICE("\0\6\x09\xff" "452-[\"x\"," P0 "," P1 "]" "\1\3\xff\4hi" "\1\1\xff\4"),
	SLICE("9:42[\"\xc3\xa9\xf0\x9f\x98\x80\"]8:42[\"\xc3\x83\xc2\xa9\"]"),
	SLICE("10:42[\"\xc3\xad\xc2\xa0\xc2\x80x\"]\0\1\0\xff" "42[\"\xed\xb0\x80x\"]"),
	SLICE("12:430-17[\"x\"]14:450-/a,[\"x\",1]"),
	SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("0:"), SLICE("2:40"), SLICE(":"), SLICE("6:b4aGk="), SLICE("b4"),
	SLICE("\0\1\xff"), SLICE("\1\1\xff\4"), SLICE("\xff"), SLICE("42"),
	SLICE("451-"), SLICE("3"), SLICE("/"), SLICE("?a=b&c"), SLICE("%2"),
	SLICE(","), SLICE("[\"x\"]"), SLICE(P0), SLICE("\xc3\x83\xc2\xa9"),
	SLICE("\xed\xa0\x80"), SLICE("\xf0\x9f\x98\x80"), SLICE("\xc3\xbf"),
	SLICE_NONE
};

static void
must_be_same(const struct packet *a, const struct packet *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;

	FUZZ_MUST(a->type == b->type);
	FUZZ_MUST(slice_eq(a->nsp, b->nsp) && slice_eq(a->query, b->query));
	FUZZ_MUST(slice_eq(a->id, b->id) && (a->id.p == NULL) == (b->id.p == NULL));
	FUZZ_MUST(slice_eq(a->attachments, b->attachments));
	json_ascii(&x, a->data);
	json_ascii(&y, b->data);
	FUZZ_MUST(slice_eq(buf_slice(&x), buf_slice(&y)));
	buf_free(&x);
	buf_free(&y);
}

/* False: the name reads as one that was encoded twice, which it was not. */
static bool
is_name_sure(const struct packet *p)
{
	size_t i;

	for (i = 0; i < p->nsp.n; i++)
		if ((unsigned char)p->nsp.p[i] >= 0x80)
			return false;
	for (i = 0; i < p->query.n; i++)
		if ((unsigned char)p->query.p[i] >= 0x80)
			return false;
	return true;
}

static void
write_and_read(const struct codec *codec, const struct packet *p)
{
	struct assembler a = ASSEMBLER_INIT;
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct packet again;
	struct frame frame;
	struct slice rest;
	enum rc rc = RC_AGAIN;

	codec->packet_write(&out, p, SLICE_NONE);
	rest = buf_slice(&out);
	while (codec->frame_next(&rest, &arena, &frame) == RC_OK) {
		FUZZ_MUST(rc == RC_AGAIN);
		rc = codec->packet_next(&a, &frame, &limits, &arena, &again);
	}
	FUZZ_MUST(rc == RC_OK);
	must_be_same(p, &again);
	buf_free(&out);
	arena_free(&arena);
}

static void
say_and_hear(const struct packet *p)
{
	struct assembler a = ASSEMBLER_INIT;
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct slice rest, data;
	struct packet again;
	struct frame frame;
	enum rc rc = RC_AGAIN;
	bool is_binary;

	codec_eio3.messages->packet_write(&out, p, SLICE_NONE);
	rest = buf_slice(&out);
	while (codec_eio3.messages->message_next(&rest, &arena, &is_binary, &data)) {
		FUZZ_MUST(rc == RC_AGAIN && (is_binary || utf8_valid(data)));
		FUZZ_MUST(codec_eio3.message_read(is_binary, data, &arena, &frame) == RC_OK);
		rc = codec_eio3.packet_next(&a, &frame, &limits, &arena, &again);
	}
	FUZZ_MUST(rc == RC_OK);
	must_be_same(p, &again);
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
	FUZZ_MUST(p->type != PACKET_CONNECT || p->data.p == NULL ||
	    json_kind(p->data) == JSON_OBJECT);
	FUZZ_MUST(p->type != PACKET_ACK || p->id.n > 0);
	FUZZ_MUST(pack_count(p->attachments) <= limits.max_attachments);
}

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
read_frame(const struct codec *codec, struct assembler *a, const struct frame *frame,
    struct arena *arena, enum rc *rc_r)
{
	struct packet p;

	if (frame->type != FRAME_MESSAGE) {
		FUZZ_MUST(utf8_valid(frame->data));
		return;
	}
	*rc_r = codec->packet_next(a, frame, &limits, arena, &p);
	FUZZ_MUST(*rc_r == RC_BAD_INPUT || frame->is_binary || utf8_valid(frame->data));
	if (*rc_r == RC_OK) {
		packet_is_sound(&p);
		write_and_read(codec_eio3.octets, &p);
		say_and_hear(&p);
		if (is_name_sure(&p))
			write_and_read(&codec_eio3, &p);
	} else if (*rc_r == RC_AGAIN) {
		through_the_store(a, arena);
	} else {
		FUZZ_MUST(*rc_r == RC_BAD_INPUT);
	}
}

static void
read_body(const struct codec *codec, struct slice rest, struct arena *arena)
{
	struct assembler a = ASSEMBLER_INIT;
	struct frame frame;
	enum rc rc = RC_OK;

	while (rc != RC_BAD_INPUT && codec->frame_next(&rest, arena, &frame) == RC_OK)
		read_frame(codec, &a, &frame, arena, &rc);
}

/* As a message, from who says EIO=3 and from who says EIO=2. */
static void
read_message(const struct codec *codec, struct slice text, struct arena *arena)
{
	struct assembler a = ASSEMBLER_INIT;
	struct frame frame;
	enum rc rc;

	if (codec->message_read(false, text, arena, &frame) == RC_OK)
		read_frame(codec, &a, &frame, arena, &rc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct arena arena = ARENA_INIT;

	read_body(&codec_eio3, input, &arena);
	read_body(codec_eio3.octets, input, &arena);
	if (utf8_valid(input)) {        /* as every text of a WebSocket */
		read_message(&codec_eio3, input, &arena);
		read_message(codec_eio3.eio2, input, &arena);
	}
	arena_free(&arena);
	return 0;
}
