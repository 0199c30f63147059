/*
 * codec_bench.c - what a generation's bytes cost a message
 *
 *     codec_bench GENERATION read|write|say MESSAGE TIMES
 *
 * Reads a payload of one event as clients send it, writes the event for a poll as
 * the log has it, or says it on a WebSocket, so many times; bench/codecs counts the
 * instructions of that.  The events are the same in each generation.  What is read is
 * compared once, so that nothing is measured that does not work.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wire/codec.h"

#define LINE "the quick brown fox jumps over the lazy dog and on "
#define LINES LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE
#define WORDS "Gr\xc3\xbc\xc3\x9f" "e, \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x8e\x89 "
#define ALL_WORDS WORDS WORDS WORDS WORDS WORDS WORDS WORDS WORDS WORDS WORDS

/* Events as the log has them. */
static const struct message {
	const char *name, *data, *id;
} messages[] = {
	{ "short", "[\"say\",\"lobby\",\"hi\"]", NULL },
	{ "acked", "[\"echo\",1,{\"a\":[true,null,\"b\"]}]", "17" },
	{ "words", "[\"say\",\"lobby\",\"" ALL_WORDS "\"]", NULL },
	{ "long", "[\"say\",\"lobby\",\"" LINES LINES "\"]", NULL },
	{ "text", "[\"message\",\"" LINE LINE "\"]", NULL },
};

static const struct wire_limits limits = { 256, 10, 64, 1000000, 256 };

static void __attribute__((noreturn))
die(const char *what)
{
	fprintf(stderr, "codec_bench: %s\n", what);
	exit(1);
}

static struct packet
packet_of(const struct message *message)
{
	return (struct packet){ .type = PACKET_EVENT, .nsp = SLICE("/"),
	    .id = slice_str(message->id), .data = slice_str(message->data) };
}

static struct packet
payload_read(const struct codec *codec, struct slice payload, struct arena *arena)
{
	struct assembler assembler = ASSEMBLER_INIT;
	struct packet packet;
	struct frame frame;

	if (codec->frame_next(&payload, arena, &frame) != RC_OK ||
	    frame.type != FRAME_MESSAGE || codec->packet_next(&assembler, &frame,
	    &limits, arena, &packet) != RC_OK)
		die("cannot be read");
	return packet;
}

/* What a client says: what is said to it, but for EIO3, whose clients of 2.x say
 * UTF-8 where they hear ASCII. */
static void
payload_make(const struct codec *codec, const struct packet *packet,
    struct buf *payload, struct arena *arena)
{
	struct slice rest, text;
	struct buf said = BUF_INIT;
	bool is_binary;

	if (codec->messages == NULL) {
		codec->packet_write(payload, packet, SLICE_NONE);
		return;
	}
	codec->messages->packet_write(&said, packet, SLICE_NONE);
	rest = buf_slice(&said);
	if (!codec->messages->message_next(&rest, arena, &is_binary, &text))
		die("is no message");
	buf_printf(payload, "%zu:", utf8_units(text));
	buf_add(payload, text);
	buf_free(&said);
}

static void
check(const struct codec *codec, const struct packet *packet, struct slice payload,
    struct arena *arena)
{
	struct packet again = payload_read(codec, payload, arena);

	if (!slice_eq(again.data, packet->data) || !slice_eq(again.id, packet->id))
		die("is read as something else");
}

/* As for a connection: the messages of a payload. */
static void
messages_make(const struct codec *codec, const struct packet *packet,
    struct buf *payload, struct arena *arena)
{
	const struct codec *form = codec->messages != NULL ? codec->messages : codec;
	struct slice rest, text;
	bool is_binary;

	buf_reset(payload);
	form->packet_write(payload, packet, SLICE_NONE);
	for (rest = buf_slice(payload); form->message_next(&rest, arena, &is_binary, &text); )
		continue;
}

static const struct message *
message_find(const char *name)
{
	size_t i;

	for (i = 0; i < N_ELEMENTS(messages); i++)
		if (strcmp(messages[i].name, name) == 0)
			return &messages[i];
	die("no such message: short, acked, words, long, text");
}

int
main(int argc, char **argv)
{
	const struct codec *codec = argc == 5 ? codec_named(slice_str(argv[1])) : NULL;
	const struct message *message;
	struct buf payload = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct packet packet;
	long times;

	if (codec == NULL)
		die("usage: codec_bench eio4|eio3|v1|v0 read|write|say MESSAGE TIMES");
	message = message_find(argv[3]);
	packet = packet_of(message);
	payload_make(codec, &packet, &payload, &arena);
	check(codec, &packet, buf_slice(&payload), &arena);
	for (times = atol(argv[4]); times > 0; times--) {
		if (strcmp(argv[2], "write") == 0) {
			buf_reset(&payload);
			codec->packet_write(&payload, &packet, SLICE_NONE);
		} else if (strcmp(argv[2], "say") == 0) {
			messages_make(codec, &packet, &payload, &arena);
		} else {
			arena_reset(&arena);
			payload_read(codec, buf_slice(&payload), &arena);
		}
	}
	buf_free(&payload);
	arena_free(&arena);
	return 0;
}
