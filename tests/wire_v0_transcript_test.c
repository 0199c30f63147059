/*
 * wire_v0_transcript_test.c - traffic of a 0.6.18 server, read and said anew
 *
 * tests/vectors/v0-*.json is traffic between the reference and its client, and
 * hand-made ones.  All that clients sent is read; what the server said in text is
 * written by the codec byte for byte as the reference wrote it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "tests/transcript.h"
#include "wire/codec.h"
#include "wire/v0.h"

static const struct wire_limits limits = { 256, 10, 64, 1000000, 256 };
static struct arena arena;
static unsigned forms, said, beats, heard;

/* What the client said in a form. */
static void
form_is_read(struct slice target, struct slice body)
{
	struct assembler a = ASSEMBLER_INIT;
	struct buf payload = BUF_INIT;
	struct packet packet;
	struct frame frame;
	struct slice rest;
	bool from_page = slice_starts(target, SLICE("/socket.io/jsonp-polling/"));

	if (v0_form_read(&payload, body, from_page) != RC_OK)
		return;
	forms++;
	rest = arena_dup(&arena, buf_slice(&payload));
	buf_free(&payload);
	while (codec_v0.frame_next(&rest, &arena, &frame) == RC_OK) {
		beats += frame.type == FRAME_PONG;
		if (frame.type != FRAME_MESSAGE)
			continue;
		T_EQ(codec_v0.packet_next(&a, &frame, &limits, &arena, &packet), RC_OK);
		T_EQ(packet.type, PACKET_EVENT);
		heard++;
	}
}

/* The frames of an answer are what we write for what they mean. */
static void
frames_are_ours(struct slice text)
{
	struct assembler a = ASSEMBLER_INIT;
	struct packet packet;
	struct buf out = BUF_INIT;
	struct frame frame;
	struct slice rest = text;

	while (codec_v0.frame_next(&rest, &arena, &frame) == RC_OK) {
		if (frame.type == FRAME_PONG) {
			codec_v0.frame_write(&out, FRAME_PING, SLICE_NONE);
			continue;
		}
		T_EQ(codec_v0.packet_next(&a, &frame, &limits, &arena, &packet), RC_OK);
		codec_v0.packet_write(&out, &packet, SLICE_NONE);
		said++;
	}
	T_OK(slice_eq(buf_slice(&out), text));
	buf_free(&out);
}

static void
step_is_understood(const cJSON *step)
{
	struct slice kind = text_of(step, "kind"), body = text_of(step, "body_utf8");

	if (slice_is(kind, "http-request") && body.n > 0)
		form_is_read(text_of(step, "target"), body);
	else if (slice_is(kind, "http-response") && slice_starts(body, SLICE("~m~")))
		frames_are_ours(body);
	else if (slice_is(kind, "http-response") &&
	    slice_starts(body, SLICE("io.JSONP[")))
		frames_are_ours(jsonp_payload(body, &arena));
}

static void
replay(void)
{
	cJSON *transcript = transcript_read(transcript_path);
	const cJSON *step;

	cJSON_ArrayForEach(step, cJSON_GetObjectItem(transcript, "steps"))
		step_is_understood(step);
	cJSON_Delete(transcript);
}

static void
the_transcripts_held_enough_to_mean_something(void)
{
	T_OK(forms > 20);
	T_OK(heard > 30);
	T_OK(said > 20);
	T_OK(beats > 0);
}

int
main(void)
{
	transcripts_run(VECTORS, "v0-", "is_read_and_written_as_by_the_reference",
	    replay);
	T_RUN(the_transcripts_held_enough_to_mean_something);
	arena_free(&arena);
	return t_end();
}
