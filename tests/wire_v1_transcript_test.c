/*
 * wire_v1_transcript_test.c - traffic of a 0.9.19 server, read and said anew
 *
 * tests/vectors/v1-*.json is traffic between the reference and client 0.9.17, and
 * hand-made ones, by polling, JSONP, htmlfile and WebSocket.  What clients sent is
 * read; what either side said and we understand is written by the codec byte for
 * byte as it was.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/json.h"
#include "tests/transcript.h"
#include "wire/codec.h"

static const struct wire_limits limits = { 256, 10, 64, 1000000, 256 };
static struct arena arena;
static unsigned packets, several, closes, beats, forms;

/* False: it says what only the reference does (an error, a heartbeat of another
 * form), or what we say in another way (an id without '+', a query). */
static bool
packet_is_written(struct buf *out, const struct frame *frame)
{
	struct assembler a = ASSEMBLER_INIT;
	struct packet packet;

	if (frame->type == FRAME_CLOSE || frame->type == FRAME_PONG) {
		closes += frame->type == FRAME_CLOSE;
		beats += frame->type == FRAME_PONG;
		codec_v1.frame_write(out, frame->type == FRAME_CLOSE ? FRAME_CLOSE :
		    FRAME_PING, SLICE_NONE);
		return slice_is(frame->data, "0::") || slice_is(frame->data, "2::");
	}
	if (frame->type != FRAME_MESSAGE || codec_v1.packet_next(&a, frame, &limits,
	    &arena, &packet) != RC_OK || packet.query.p != NULL || packet.ack_now)
		return false;
	codec_v1.packet_write(out, &packet, SLICE("offset"));
	packets++;
	return true;
}

/* Broken JSON is handed on as false, and says so again; of an empty text a hand-made
 * client has one colon more. */
static bool
was_odd(struct slice payload)
{
	return slice_starts(payload, SLICE("4:::{bad")) || slice_is(payload, "3:::");
}

static void
payload_is_said_again(struct slice payload)
{
	struct slice rest = payload;
	struct buf out = BUF_INIT;
	struct frame frame;
	unsigned n = 0;
	bool is_same = !was_odd(payload);

	while (codec_v1.frame_next(&rest, &arena, &frame) == RC_OK) {
		is_same &= packet_is_written(&out, &frame);
		n++;
	}
	several += n > 1;
	if (is_same && !slice_eq(buf_slice(&out), payload))
		T_FAIL("'%.*s' becomes '%.*s'", SLICE_ARGS(payload),
		    SLICE_ARGS(buf_slice(&out)));
	buf_free(&out);
}

static void
request_is_read(const cJSON *step, struct slice body)
{
	struct buf payload = BUF_INIT;

	if (!slice_starts(text_of(step, "target"),
	    SLICE("/socket.io/1/jsonp-polling/"))) {
		payload_is_said_again(body);
	} else if (codec_v1.manners->form_read(&payload, body, true) == RC_OK) {
		forms++;
		payload_is_said_again(arena_dup(&arena, buf_slice(&payload)));
	}
	buf_free(&payload);
}

static void
on_step(const cJSON *step)
{
	struct slice kind = text_of(step, "kind"), body = text_of(step, "body_utf8");

	if (body.n == 0)
		return;
	if (slice_is(kind, "http-request"))
		request_is_read(step, body);
	else if (slice_is(kind, "ws-frame"))
		payload_is_said_again(body);
	else if (slice_starts(body, SLICE("io.j[")) &&
	    slice_find(body, '"') == slice_find(body, '(') + 1)
		payload_is_said_again(jsonp_payload(body, &arena));
	else if (slice_is(kind, "http-response") && number_of(step, "status") == 200)
		payload_is_said_again(body);
}

static void
replay(void)
{
	cJSON *transcript = transcript_read(transcript_path);
	const cJSON *step;

	arena_reset(&arena);
	cJSON_ArrayForEach(step, cJSON_GetObjectItem(transcript, "steps"))
		on_step(step);
	cJSON_Delete(transcript);
}

static void
the_transcripts_held_enough_to_mean_something(void)
{
	T_OK(packets > 100);
	T_OK(several > 5);
	T_OK(closes > 5);
	T_OK(beats > 5);
	T_OK(forms > 5);
}

int
main(void)
{
	transcripts_run(VECTORS, "v1-", "is_read_and_written_as_by_the_reference",
	    replay);
	T_RUN(the_transcripts_held_enough_to_mean_something);
	arena_free(&arena);
	return t_end();
}
