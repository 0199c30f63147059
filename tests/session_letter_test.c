/*
 * session_letter_test.c - what is said to many is made once for each generation
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/slice.h"
#include "session/live.h"
#include "tests/session_kit.h"
#include "wire/codec.h"

enum { AUDIENCE = 3 };                  /* of each form of each generation */

/* The codecs that are built in, but for how often each is asked for a packet. */
static struct codec counting[GENERATION__COUNT];
static unsigned written[GENERATION__COUNT];

#define COUNTED(NAME, GENERATION) \
static void \
NAME(struct buf *out, const struct packet *packet, struct slice offset) \
{ \
	written[GENERATION]++; \
	codec_of(GENERATION)->packet_write(out, packet, offset); \
}
COUNTED(v0_write, GENERATION_V0)
COUNTED(v1_write, GENERATION_V1)
COUNTED(eio3_write, GENERATION_EIO3)
COUNTED(eio4_write, GENERATION_EIO4)

static const struct {
	enum generation generation;
	void (*write)(struct buf *, const struct packet *, struct slice);
} generations[] = {
	{ GENERATION_V0, v0_write },
	{ GENERATION_V1, v1_write },
	{ GENERATION_EIO3, eio3_write },
	{ GENERATION_EIO4, eio4_write },
};

struct listener {
	struct live live;
	bool is_open;
	unsigned heard;
	char last[64];                  /* what it heard */
};

static struct kit kit;
static struct listener listeners[N_ELEMENTS(generations)][AUDIENCE];
static struct kit_request polls[N_ELEMENTS(generations)][AUDIENCE];

static void
listener_opened(struct live *live, enum answer answer)
{
	((struct listener *)live->door)->is_open = answer == ANSWER_PAYLOAD;
}

static bool
listener_send(struct live *live, struct parcel *parcel)
{
	struct listener *listener = live->door;
	struct slice text;
	size_t i;

	for (i = 0; i < parcel->n; i++) {
		text = parcel->messages[i].data;
		listener->heard += memmem(text.p, text.n, "hello", 5) != NULL;
		snprintf(listener->last, sizeof(listener->last), "%.*s", SLICE_ARGS(text));
	}
	return true;
}

static void
listener_close(struct live *live)
{
	(void)live;
}

static const struct live_door door = { listener_opened, listener_send, listener_close };

/* A connection to the first process, in "/". */
static void
listener_open(struct listener *listener, const struct codec *codec)
{
	struct live *live = &listener->live;

	memset(listener, 0, sizeof(*listener));
	kit.codec = live->codec = codec;
	live->info = SLICE("{}");
	live->ops = &door;
	live->door = listener;
	if (codec->generation == GENERATION_V1)
		kit_open(&kit, 0, live->sid);
	engine_live_open(kit.engines[0], live);
	kit_settle(&kit);
	T_OK(listener->is_open);
	if (!codec->traits.joins_root)
		engine_live_message(kit.engines[0], live, false, SLICE("40"));
	kit_settle(&kit);
}

/* A poll that waits at the first process. */
static void
poll_open(struct kit_request *poll, const struct codec *codec)
{
	char sid[24];

	kit.codec = codec;
	if (codec->generation == GENERATION_EIO4)
		kit_connect(&kit, 0, sid);
	else
		kit_open(&kit, 0, sid);
	if (codec->traits.greets_in_poll)
		(void)kit_read(&kit, 0, sid);
	kit_poll(&kit, 0, sid, "waits", poll);
	T_OK(!poll->is_done);
}

static void
a_room_of_four_generations_has_each_message_encoded_four_times(void)
{
	uint64_t before;
	char sid[24];
	size_t g, i;

	kit_init(&kit);
	for (g = 0; g < N_ELEMENTS(generations); g++) {
		enum generation generation = generations[g].generation;

		counting[generation] = *codec_of(generation);
		counting[generation].packet_write = generations[g].write;
		for (i = 0; i < AUDIENCE; i++) {
			listener_open(&listeners[g][i], &counting[generation]);
			poll_open(&polls[g][i], &counting[generation]);
		}
	}
	kit.codec = codec_of(GENERATION_EIO4);
	kit_connect(&kit, 1, sid);
	memset(written, 0, sizeof(written));
	before = engine_encoded(kit.engines[0]);
	T_EQ(kit_post(&kit, 1, sid, "42[\"broadcast\",\"hello\"]"), ANSWER_OK);
	T_EQ(engine_encoded(kit.engines[0]) - before, N_ELEMENTS(generations));
	for (g = 0; g < N_ELEMENTS(generations); g++) {
		T_EQ(written[generations[g].generation], 1);
		for (i = 0; i < AUDIENCE; i++) {
			T_EQ(listeners[g][i].heard, 1);
			T_OK(polls[g][i].is_done);
			T_OK(strstr(polls[g][i].body, "hello") != NULL);
		}
	}
	kit_fini(&kit);
}

/* Nobody polls here, so nobody needs it in ASCII. */
static void
connections_of_eio3_alone_hear_json_as_it_is(void)
{
	struct listener listener;
	char sid[24];

	kit_init(&kit);
	listener_open(&listener, codec_of(GENERATION_EIO3));
	kit.codec = codec_of(GENERATION_EIO4);
	kit_connect(&kit, 1, sid);
	T_EQ(kit_post(&kit, 1, sid, "42[\"broadcast\",\"\xc3\xa9\"]"), ANSWER_OK);
	T_STR(listener.last, "42[\"broadcast\",\"\xc3\xa9\"]");
	kit_fini(&kit);
}

/* The poll asks the store because the lot is small, and the log is read for the
 * connection: it is answered once. */
static void
a_poll_beside_a_connection_hears_what_another_process_says(void)
{
	struct listener listener;
	struct kit_request poll;
	char sid[24];

	kit_init(&kit);
	listener_open(&listener, codec_of(GENERATION_EIO4));
	poll_open(&poll, codec_of(GENERATION_EIO4));
	kit_connect(&kit, 1, sid);
	T_EQ(kit_post(&kit, 1, sid, "42[\"broadcast\",\"hello\"]"), ANSWER_OK);
	T_OK(poll.is_done);
	T_OK(strstr(poll.body, "42[\"broadcast\",\"hello\"") == poll.body);
	T_EQ(listener.heard, 1);
	kit_fini(&kit);
}

/* To polls it must be ASCII; a connection has it as it is, unless it was made for
 * polls anyway. */
static void
connections_of_eio3_share_what_was_made_for_polls(void)
{
	const struct codec *eio3 = codec_of(GENERATION_EIO3);
	struct listener listener;
	struct kit_request poll;
	char sid[24];

	kit_init(&kit);
	listener_open(&listener, eio3);
	poll_open(&poll, eio3);
	kit.codec = codec_of(GENERATION_EIO4);
	kit_connect(&kit, 1, sid);
	T_EQ(kit_post(&kit, 1, sid, "42[\"broadcast\",\"\xc3\xa9\"]"), ANSWER_OK);
	T_OK(poll.is_done);
	T_STR(poll.body, "24:42[\"broadcast\",\"\\u00e9\"]");
	T_STR(listener.last, "42[\"broadcast\",\"\\u00e9\"]");
	T_EQ(kit_post(&kit, 1, sid, "42[\"broadcast\",\"\xc3\xa9\"]"), ANSWER_OK);
	T_STR(listener.last, "42[\"broadcast\",\"\xc3\xa9\"]");
	kit_fini(&kit);
}

int
main(void)
{
	T_RUN(a_room_of_four_generations_has_each_message_encoded_four_times);
	T_RUN(a_poll_beside_a_connection_hears_what_another_process_says);
	T_RUN(connections_of_eio3_share_what_was_made_for_polls);
	T_RUN(connections_of_eio3_alone_hear_json_as_it_is);
	return t_end();
}
