/*
 * ws_deflate_test.c - compressed messages, both ways, and shared
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tests/t.h"
#include "ws/deflate.h"
#include "ws/extension.h"
#include "ws/frame.h"
#include "ws/packed.h"

enum { LIMIT = 100000 };

static const struct extension forgetful = { 13, 15, false, false, true };
static const struct extension mindful = { 13, 15, true, true, true };
static struct deflate *all;
static struct deflate_own *own;
static struct buf packed;
static struct slice plain;

static enum rc
unpack(const struct extension *e, struct slice data, size_t limit)
{
	return deflate_unpack(all, e, &own, data, limit, &plain);
}

static bool
pack(const struct extension *e, struct slice data)
{
	buf_reset(&packed);
	return deflate_pack(all, e, &own, data, &packed);
}

#define UNPACKED(literal, text)                                                 \
	do {                                                                    \
		T_EQ(unpack(&forgetful, SLICE(literal), LIMIT), RC_OK);         \
		T_SLICE(plain, text);                                           \
	} while (0)

/* The examples of RFC 7692, 7.2.3. */
static void
the_samples_of_the_rfc_are_read(void)
{
	UNPACKED("\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello");
	UNPACKED("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello");
	UNPACKED("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello");
	UNPACKED("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello");
	UNPACKED("\x00", "");
}

static void
a_reader_that_remembers_knows_what_was_said_before(void)
{
	T_EQ(unpack(&mindful, SLICE("\xf2\x48\xcd\xc9\xc9\x07\x00"), LIMIT), RC_OK);
	T_EQ(unpack(&mindful, SLICE("\xf2\x00\x11\x00\x00"), LIMIT), RC_OK);
	T_SLICE(plain, "Hello");
	/* Also across a final block, which ends zlib's stream. */
	T_EQ(unpack(&mindful, SLICE("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), LIMIT),
	    RC_OK);
	T_EQ(unpack(&mindful, SLICE("\xf2\x00\x11\x00\x00"), LIMIT), RC_OK);
	T_SLICE(plain, "Hello");
	deflate_own_free(&own);
	T_EQ(unpack(&forgetful, SLICE("\xf2\x00\x11\x00\x00"), LIMIT), RC_BAD_INPUT);
	T_OK(own == NULL);
}

/* Each end costs us more than its two bytes cost whoever sends them. */
static void
a_message_of_nothing_but_ends_is_refused(void)
{
	struct buf ends = BUF_INIT, text = BUF_INIT;
	size_t i;

	for (i = 0; i < 500000; i++)
		buf_add(&ends, SLICE("\x03\x00"));
	buf_char(&ends, '\0');
	for (i = 0; i < 8000; i++)
		buf_printf(&text, "%zu,", i * i % 1000);
	T_OK(pack(&mindful, buf_slice(&text)));
	T_EQ(unpack(&mindful, buf_slice(&packed), LIMIT), RC_OK);
	T_EQ(unpack(&mindful, buf_slice(&ends), LIMIT), RC_BAD_INPUT);
	deflate_own_free(&own);
	buf_free(&ends);
	buf_free(&text);
}

static void
text_comes_back_as_it_was(void)
{
	const struct extension *const both[] = { &forgetful, &mindful };
	struct buf text = BUF_INIT;
	size_t i, k;

	for (i = 0; i < 4000; i++)
		buf_printf(&text, "%zu,", i * i % 1000);
	for (i = 0; i < 2; i++) {
		for (k = 0; k < 3; k++) {
			T_OK(pack(both[i], buf_slice(&text)));
			T_OK(packed.n < text.n);
			T_EQ(unpack(both[i], buf_slice(&packed), LIMIT), RC_OK);
			T_OK(slice_eq(plain, buf_slice(&text)));
		}
	}
	T_OK(pack(&mindful, SLICE("")));
	T_EQ(unpack(&mindful, buf_slice(&packed), LIMIT), RC_OK);
	T_EQ(plain.n, 0);
	deflate_own_free(&own);
	buf_free(&text);
}

static void
what_does_not_get_smaller_stays(void)
{
	T_OK(!pack(&forgetful, SLICE("abc")));
	T_EQ(packed.n, 0);
	T_OK(own == NULL);
}

static void
a_bomb_is_stopped_at_the_limit(void)
{
	struct slice zeros = slice_of(mem_alloc(10 << 20), 10 << 20);

	T_OK(pack(&forgetful, zeros));
	T_OK(packed.n < LIMIT);
	T_EQ(unpack(&forgetful, buf_slice(&packed), LIMIT), RC_TOO_BIG);
	T_EQ(plain.n, 0);
	T_OK(pack(&forgetful, slice_head(zeros, LIMIT)));
	T_EQ(unpack(&forgetful, buf_slice(&packed), LIMIT), RC_OK);
	T_EQ(plain.n, LIMIT);
	T_EQ(unpack(&forgetful, buf_slice(&packed), LIMIT - 1), RC_TOO_BIG);
	free((char *)zeros.p);
}

static void
what_no_client_writes_is_refused(void)
{
	T_EQ(unpack(&forgetful, SLICE("\xff\xff\xff"), LIMIT), RC_BAD_INPUT);
	T_EQ(unpack(&forgetful, SLICE("\x00\x05\x00\x00\x00Hello"), LIMIT),
	    RC_BAD_INPUT);
	/* It ends in the middle of a block. */
	T_EQ(unpack(&forgetful, SLICE("\xf2\x48\xcd"), LIMIT), RC_BAD_INPUT);
	T_EQ(unpack(&forgetful, SLICE("\x00\x07\x00\xf8\xff\x48"), LIMIT),
	    RC_BAD_INPUT);
	UNPACKED("\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello");
}

/* ---- frames ----------------------------------------------------------------------- */

static bool
on_message(void *arg, enum frame_op op, struct slice data)
{
	buf_printf(arg, "%c%zu ", op == FRAME_OP_TEXT ? 't' : 'b', data.n);
	return true;
}

static enum rc
on_unpack(void *arg, struct slice data, size_t limit, struct slice *plain_r)
{
	(void)arg;
	return deflate_unpack(all, &forgetful, &own, data, limit, plain_r);
}

/* What a reader makes of frames as a client would send them. */
static enum rc
read_in(const char *bytes, size_t n, struct buf *seen, unsigned *code_r)
{
	static const struct frame_events events = {
		.message = on_message, .unpack = on_unpack
	};
	struct frame_reader r;
	char *copy = mem_alloc(n);
	enum rc rc;

	memcpy(copy, bytes, n);
	buf_reset(seen);
	frame_reader_init(&r);
	r.takes_packed = true;
	rc = frame_read(&r, copy, n, 100, &events, seen);
	*code_r = r.close_code;
	frame_reader_fini(&r);
	free(copy);
	return rc;
}

#define M "\0\0\0\0"
#define HELLO "\xf2\x48\xcd\xc9\xc9\x07\x00"

static void
the_first_frame_says_that_a_message_is_compressed(void)
{
	struct buf seen = BUF_INIT;
	unsigned code;

#define READ(literal, events, c)                                                \
	do {                                                                    \
		read_in("" literal, sizeof(literal) - 1, &seen, &code);         \
		T_SLICE(buf_slice(&seen), events);                              \
		T_EQ(code, c);                                                  \
	} while (0)
	READ("\xc1\x87" M HELLO "\x81\x81" M "x" "\xc2\x87" M HELLO, "t5 t1 b5 ", 0);
	READ("\x41\x83" M "\xf2\x48\xcd" "\x80\x84" M "\xc9\xc9\x07\x00", "t5 ", 0);
	READ("\x41\x83" M "\xf2\x48\xcd" "\xc0\x84" M "\xc9\xc9\x07\x00", "", 1002);
	READ("\xc9\x80" M, "", 1002);
	READ("\xe1\x80" M, "", 1002);
	READ("\xc1\x81" M "\xff", "", 1007);
	/* FF in text. */
	READ("\xc1\x88" M "\x00\x02\x00\xfd\xff\xffx\x00", "", 1007);
	READ("\xc2\x88" M "\x00\x02\x00\xfd\xff\xffx\x00", "b2 ", 0);
	/* 1000 times a. */
	READ("\xc1\x8d" M "\x4a\x4c\x1c\x05\xa3\x21\x30\x1a\x02\xc3\x3d\x04\x00", "", 1009);
	buf_free(&seen);
}

static struct span
frame_add(struct spool *spool, enum frame_op op, struct slice data)
{
	char head[FRAME_HEAD_MAX];

	return spool_add(spool, slice_of(head, frame_head(head, op, data.n)), data);
}

static void
frames_are_compressed_once_for_all(void)
{
	struct packed p = { .deflate = all, .threshold = 100 };
	struct extension small = forgetful;
	struct spool spool = { NULL, NULL };
	struct buf text = BUF_INIT;
	struct span both, one, other;
	struct slice frames, payload;
	int i;

	for (i = 0; i < 50; i++)
		buf_str(&text, "{\"a\":1}");
	small.our_window = 9;
	both = frame_add(&spool, FRAME_OP_TEXT, SLICE("short"));
	both.n += frame_add(&spool, FRAME_OP_BINARY, buf_slice(&text)).n;

	one = packed_get(&p, &spool, &forgetful, &own, both);
	T_OK(one.n < both.n);
	other = packed_get(&p, &spool, &forgetful, &own, both);
	T_OK(other.chunk == one.chunk && other.at == one.at);
	other = packed_get(&p, &spool, &small, &own, both);
	T_OK(other.chunk != one.chunk || other.at != one.at);
	T_OK(own == NULL);

	frames = slice_of(one.chunk->bytes + one.at, one.n);
	T_EQ((unsigned char)frames.p[0], 0x81);
	frames = slice_skip(frames, frame_whole(frames, &payload));
	T_SLICE(payload, "short");
	T_EQ((unsigned char)frames.p[0], 0xc2);
	T_EQ(frame_whole(frames, &payload), frames.n);
	T_EQ(unpack(&forgetful, payload, LIMIT), RC_OK);
	T_OK(slice_eq(plain, buf_slice(&text)));

	/* Neither what is short nor a pong; and never a span of an earlier turn. */
	one = frame_add(&spool, FRAME_OP_TEXT, SLICE("short"));
	other = packed_get(&p, &spool, &forgetful, &own, one);
	T_OK(other.chunk == one.chunk && other.at == one.at);
	one = frame_add(&spool, FRAME_OP_PONG, slice_head(buf_slice(&text), 125));
	other = packed_get(&p, &spool, &forgetful, &own, one);
	T_EQ((unsigned char)other.chunk->bytes[other.at], 0x8a);
	packed_turn(&p);
	T_EQ(p.n, 0);
	spool_fini(&spool);
	buf_free(&text);
}

static void
who_remembers_does_not_share(void)
{
	struct packed p = { .deflate = all, .threshold = 0 };
	struct spool spool = { NULL, NULL };
	struct span span, first, second;

	span = frame_add(&spool, FRAME_OP_TEXT, SLICE("Hello, hello, hello"));
	first = packed_get(&p, &spool, &mindful, &own, span);
	second = packed_get(&p, &spool, &mindful, &own, span);
	T_OK(own != NULL);
	T_OK(second.n < first.n);
	deflate_own_free(&own);
	spool_fini(&spool);
}

int
main(void)
{
	all = deflate_new(8);
	T_RUN(the_samples_of_the_rfc_are_read);
	T_RUN(a_reader_that_remembers_knows_what_was_said_before);
	T_RUN(a_message_of_nothing_but_ends_is_refused);
	T_RUN(text_comes_back_as_it_was);
	T_RUN(what_does_not_get_smaller_stays);
	T_RUN(a_bomb_is_stopped_at_the_limit);
	T_RUN(what_no_client_writes_is_refused);
	T_RUN(the_first_frame_says_that_a_message_is_compressed);
	T_RUN(frames_are_compressed_once_for_all);
	T_RUN(who_remembers_does_not_share);
	deflate_free(&all);
	buf_free(&packed);
	return t_end();
}
