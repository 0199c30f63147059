/*
 * ws_frame_test.c - RFC 6455 frames: bytes in, messages out, and the other way
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "tests/t.h"
#include "ws/frame.h"

enum { LIMIT = 100000, FIN = 0x80 };

/* What was seen, as text: "T(hello) P(x) C(1000,bye) ". */
struct seen {
	struct buf text;
	const char *stop_at;            /* the event that says stop */
};

static void
seen_add(struct seen *seen, char what, struct slice data)
{
	buf_char(&seen->text, what);
	buf_char(&seen->text, '(');
	buf_add(&seen->text, data);
	buf_str(&seen->text, ") ");
}

static bool
on_message(void *arg, enum frame_op op, struct slice data)
{
	struct seen *seen = arg;

	seen_add(seen, op == FRAME_OP_TEXT ? 'T' : 'B', data);
	return seen->stop_at == NULL || !slice_is(data, seen->stop_at);
}

static bool
on_ping(void *arg, struct slice data)
{
	seen_add(arg, 'P', data);
	return true;
}

static bool
on_pong(void *arg, struct slice data)
{
	seen_add(arg, 'O', data);
	return true;
}

static void
on_close(void *arg, unsigned code, struct slice reason)
{
	struct seen *seen = arg;

	buf_printf(&seen->text, "C(%u,%.*s) ", code, SLICE_ARGS(reason));
}

static const struct frame_events events = {
	on_message, on_ping, on_pong, on_close, NULL
};

static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

/* A client's frame; size: 0, 2 or 8 bytes of length, -1 as it must be. */
static void
put_sized(struct buf *out, unsigned first, struct slice data, uint64_t length,
    int size)
{
	size_t i;
	int k;

	if (size < 0)
		size = length < 126 ? 0 : length <= 0xffff ? 2 : 8;
	buf_char(out, (char)first);
	buf_char(out, (char)(0x80 | (size == 0 ? length : size == 2 ? 126 : 127)));
	for (k = size - 1; k >= 0; k--)
		buf_char(out, (char)(length >> 8 * k));
	buf_add(out, slice_of((const char *)mask, sizeof(mask)));
	for (i = 0; i < data.n; i++)
		buf_char(out, (char)(data.p[i] ^ mask[i & 3]));
}

static void
put(struct buf *out, unsigned first, struct slice data)
{
	put_sized(out, first, data, data.n, -1);
}

#define PUT(out, first, literal) put(out, first, SLICE(literal))

/* Reads wire in pieces of the given size; a copy, since it is changed. */
static enum rc
read_in(struct slice wire, size_t piece, struct seen *seen, unsigned *code_r)
{
	struct frame_reader r;
	enum rc rc = RC_OK;
	char *copy;
	size_t n;

	buf_reset(&seen->text);
	frame_reader_init(&r);
	for (; rc == RC_OK && wire.n > 0; wire = slice_skip(wire, n)) {
		n = wire.n < piece ? wire.n : piece;
		copy = mem_alloc(n);
		memcpy(copy, wire.p, n);
		rc = frame_read(&r, copy, n, LIMIT, &events, seen);
		free(copy);
	}
	*code_r = r.close_code;
	if (rc == RC_BAD_INPUT || rc == RC_TOO_BIG)
		T_OK(frame_fault(&r)[0] != '\0');
	frame_reader_fini(&r);
	return rc;
}

/* Whatever the pieces: these events, then this verdict. */
static void
expect(struct buf *wire, const char *text, enum rc rc, unsigned code)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 7, 13, 64, 4096, SIZE_MAX };
	struct seen seen = { BUF_INIT, NULL };
	unsigned got;
	size_t i;

	for (i = 0; i < N_ELEMENTS(pieces); i++) {
		T_EQ(read_in(buf_slice(wire), pieces[i], &seen, &got), rc);
		T_EQ(got, code);
		T_SLICE(buf_slice(&seen.text), text);
	}
	buf_free(&seen.text);
	buf_free(wire);
}

#define REFUSED(wire, before, code) \
	expect(wire, before, (code) == 1009 ? RC_TOO_BIG : RC_BAD_INPUT, code)

static void
the_state_of_a_connection_is_small(void)
{
	T_OK(sizeof(struct frame_reader) <= 100);
}

static void
messages_come_out_as_they_went_in(void)
{
	struct buf wire = BUF_INIT;

	PUT(&wire, FIN | 1, "hello");
	PUT(&wire, FIN | 2, "\x01\xff\x02");
	PUT(&wire, FIN | 1, "");
	PUT(&wire, FIN | 2, "");
	PUT(&wire, FIN | 1, "h\xc3\xa9llo w\xf0\x9f\x98\x80rld, more than eight bytes");
	expect(&wire, "T(hello) B(\x01\xff\x02) T() B() "
	    "T(h\xc3\xa9llo w\xf0\x9f\x98\x80rld, more than eight bytes) ", RC_OK, 0);
}

static void
fragments_are_joined(void)
{
	struct buf wire = BUF_INIT;

	PUT(&wire, 1, "one ");
	PUT(&wire, 0, "two ");
	PUT(&wire, 0, "");
	PUT(&wire, FIN | 0, "three");
	PUT(&wire, 2, "");
	PUT(&wire, FIN | 0, "\xff");
	PUT(&wire, 1, "");
	PUT(&wire, FIN | 0, "");
	expect(&wire, "T(one two three) B(\xff) T() ", RC_OK, 0);
}

static void
control_frames_come_between_fragments(void)
{
	struct buf wire = BUF_INIT;

	PUT(&wire, 1, "on");
	PUT(&wire, FIN | 9, "are you there");
	PUT(&wire, 0, "");
	PUT(&wire, FIN | 10, "");
	PUT(&wire, FIN | 0, "e");
	PUT(&wire, FIN | 9, "");
	expect(&wire, "P(are you there) O() T(one) P() ", RC_OK, 0);
}

static void
a_control_frame_of_125_bytes_is_the_largest(void)
{
	struct buf wire = BUF_INIT, want = BUF_INIT;
	char data[126];

	memset(data, 'x', sizeof(data));
	put(&wire, FIN | 9, slice_of(data, 125));
	buf_printf(&want, "P(%.125s) ", data);
	buf_char(&want, '\0');
	expect(&wire, want.p, RC_OK, 0);
	put(&wire, FIN | 9, slice_of(data, 126));
	REFUSED(&wire, "", 1002);
	buf_free(&want);
}

static void
lengths_of_all_three_sizes_are_read(void)
{
	static const size_t lengths[] = {
		1, 125, 126, 127, 128, 65535, 65536, LIMIT
	};
	struct buf wire = BUF_INIT, want = BUF_INIT;
	char *data = mem_alloc(LIMIT);
	size_t i;

	for (i = 0; i < LIMIT; i++)
		data[i] = (char)('a' + i % 23);
	for (i = 0; i < N_ELEMENTS(lengths); i++) {
		put(&wire, FIN | 1, slice_of(data, lengths[i]));
		buf_reset(&want);
		buf_printf(&want, "T(%.*s) ", (int)lengths[i], data);
		buf_char(&want, '\0');
		expect(&wire, want.p, RC_OK, 0);
	}
	buf_free(&want);
	free(data);
}

static void
a_length_in_more_bytes_than_needed_is_refused(void)
{
	struct buf wire = BUF_INIT;

	put_sized(&wire, FIN | 1, SLICE("hello"), 5, 2);
	REFUSED(&wire, "", 1002);
	put_sized(&wire, FIN | 1, SLICE("hello"), 5, 8);
	REFUSED(&wire, "", 1002);
	put_sized(&wire, FIN | 1, SLICE(""), 65535, 8);
	REFUSED(&wire, "", 1002);
	put_sized(&wire, FIN | 1, SLICE(""), UINT64_C(1) << 63, 8);
	REFUSED(&wire, "", 1002);
}

static void
a_message_over_the_limit_is_refused_when_its_length_is_known(void)
{
	struct buf wire = BUF_INIT;

	put_sized(&wire, FIN | 1, SLICE_NONE, LIMIT + 1, 8);
	wire.n -= 4;            /* not even the mask has come */
	REFUSED(&wire, "", 1009);
	put_sized(&wire, FIN | 2, SLICE_NONE, UINT64_MAX >> 1, 8);
	REFUSED(&wire, "", 1009);
	PUT(&wire, 1, "12345");
	put_sized(&wire, 0, SLICE_NONE, LIMIT - 4, 8);
	REFUSED(&wire, "", 1009);
}

static void
a_frame_without_a_mask_is_refused(void)
{
	struct buf wire = BUF_INIT;

	buf_str(&wire, "\x81\x05hello");
	REFUSED(&wire, "", 1002);
	buf_add(&wire, SLICE("\x88\x00"));
	REFUSED(&wire, "", 1002);
}

static void
reserved_bits_and_opcodes_are_refused(void)
{
	struct buf wire = BUF_INIT;
	unsigned first;

	for (first = 0; first < 256; first++) {
		unsigned op = first & 0x0f;

		if ((first & 0x70) == 0 && op <= 2)
			continue;
		if ((first & 0x70) == 0 && op >= 8 && op <= 10 && (first & FIN))
			continue;
		PUT(&wire, FIN | 1, "before");
		buf_char(&wire, (char)first);
		REFUSED(&wire, "T(before) ", 1002);
	}
}

static void
fragments_out_of_order_are_refused(void)
{
	struct buf wire = BUF_INIT;

	PUT(&wire, FIN | 0, "continues nothing");
	REFUSED(&wire, "", 1002);
	PUT(&wire, 0, "");
	REFUSED(&wire, "", 1002);
	PUT(&wire, 1, "one");
	PUT(&wire, FIN | 1, "two");
	REFUSED(&wire, "", 1002);
	PUT(&wire, 1, "");
	PUT(&wire, 2, "two");
	REFUSED(&wire, "", 1002);
	PUT(&wire, FIN | 1, "over");
	PUT(&wire, FIN | 0, "continues nothing");
	REFUSED(&wire, "T(over) ", 1002);
}

static void
text_is_refused_at_its_first_wrong_byte(void)
{
	struct buf wire = BUF_INIT;

	PUT(&wire, FIN | 1, "\xed\xa0\x80");
	REFUSED(&wire, "", 1007);
	PUT(&wire, FIN | 1, "ends inside \xe2\x82");
	REFUSED(&wire, "", 1007);
	PUT(&wire, 1, "ends inside \xe2");
	PUT(&wire, FIN | 0, "");
	REFUSED(&wire, "", 1007);
	/* The rest of this frame never comes. */
	put_sized(&wire, FIN | 1, SLICE("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce"
	    "\xb5\xf4\x90"), 40, 0);
	REFUSED(&wire, "", 1007);
}

static void
a_character_may_lie_across_fragments(void)
{
	struct buf wire = BUF_INIT;

	PUT(&wire, 1, "\xf0");
	PUT(&wire, 0, "\x9f");
	PUT(&wire, FIN | 9, "\xff");
	PUT(&wire, 0, "\x98");
	PUT(&wire, FIN | 0, "\x80");
	PUT(&wire, 2, "\xf0");
	PUT(&wire, FIN | 0, "\x9f");
	expect(&wire, "P(\xff) T(\xf0\x9f\x98\x80) B(\xf0\x9f) ", RC_OK, 0);
}

static void
a_close_frame_ends_it(void)
{
	struct buf wire = BUF_INIT;

	PUT(&wire, FIN | 8, "");
	PUT(&wire, FIN | 1, "too late");
	expect(&wire, "C(1005,) ", RC_GONE, 0);
	PUT(&wire, 1, "half a mess");
	PUT(&wire, FIN | 8, "\x03\xe8" "bye");
	expect(&wire, "C(1000,bye) ", RC_GONE, 0);
}

static void
what_comes_after_the_end_is_not_read(void)
{
	struct seen seen = { BUF_INIT, NULL };
	struct buf wire = BUF_INIT;
	struct frame_reader r;

	frame_reader_init(&r);
	PUT(&wire, FIN | 8, "");
	T_EQ(frame_read(&r, wire.p, wire.n, LIMIT, &events, &seen), RC_GONE);
	buf_reset(&wire);
	PUT(&wire, FIN | 1, "too late");
	T_EQ(frame_read(&r, wire.p, wire.n, LIMIT, &events, &seen), RC_GONE);
	T_SLICE(buf_slice(&seen.text), "C(1005,) ");
	frame_reader_fini(&r);
	buf_free(&wire);
	buf_free(&seen.text);
}

static void
an_event_can_stop_the_reading(void)
{
	struct seen seen = { BUF_INIT, "stop" };
	struct buf wire = BUF_INIT;
	unsigned code;
	size_t piece;

	PUT(&wire, FIN | 1, "one");
	PUT(&wire, FIN | 1, "stop");
	PUT(&wire, FIN | 1, "three");
	for (piece = 1; piece < wire.n; piece++) {
		read_in(buf_slice(&wire), piece, &seen, &code);
		T_SLICE(buf_slice(&seen.text), "T(one) T(stop) ");
		T_EQ(code, 0);
	}
	buf_free(&wire);
	buf_free(&seen.text);
}

static void
close_payloads_follow_the_rules(void)
{
	static const struct {
		unsigned code;
		bool ok;
	} codes[] = {
		{ 0, false }, { 999, false }, { 1000, true }, { 1001, true },
		{ 1002, true }, { 1003, true }, { 1004, false }, { 1005, false },
		{ 1006, false }, { 1007, true }, { 1011, true }, { 1013, true },
		{ 1014, true }, { 1015, false }, { 1016, false }, { 1100, false },
		{ 2000, false }, { 2999, false }, { 3000, true }, { 3999, true },
		{ 4000, true }, { 4999, true }, { 5000, false }, { 65535, false },
	};
	struct buf wire = BUF_INIT;
	char data[2], want[32];
	size_t i;

	for (i = 0; i < N_ELEMENTS(codes); i++) {
		data[0] = (char)(codes[i].code >> 8);
		data[1] = (char)codes[i].code;
		put(&wire, FIN | 8, slice_of(data, 2));
		snprintf(want, sizeof(want), "C(%u,) ", codes[i].code);
		T_EQ(frame_close_code_ok(codes[i].code), codes[i].ok);
		if (codes[i].ok)
			expect(&wire, want, RC_GONE, 0);
		else
			REFUSED(&wire, "", 1002);
	}
	PUT(&wire, FIN | 8, "\x03");
	REFUSED(&wire, "", 1002);
	PUT(&wire, FIN | 8, "\x03\xe8\xff");
	REFUSED(&wire, "", 1007);
	PUT(&wire, FIN | 8, "\x03\xe8\xe2\x82");
	REFUSED(&wire, "", 1007);
}

static void
pieces_of_any_size_give_the_same_events(void)
{
	static const char letters[] = "abc\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80xyz";
	struct seen whole = { BUF_INIT, NULL }, cut = { BUF_INIT, NULL };
	struct buf wire = BUF_INIT;
	unsigned code_whole, code_cut, seed = 1;
	enum rc rc;
	int round, i;

	for (round = 0; round < 400; round++) {
		for (i = 0; i < 12; i++) {
			size_t n = (size_t)rand_r(&seed) % sizeof(letters);
			unsigned first = (unsigned)rand_r(&seed) % 11;

			if (first > 2 && first < 8)
				first = 0;
			if (first > 7 || rand_r(&seed) % 3 > 0)
				first |= FIN;
			put(&wire, first, slice_of(letters, n));
		}
		rc = read_in(buf_slice(&wire), SIZE_MAX, &whole, &code_whole);
		for (i = 1; i < 40; i++) {
			T_EQ(read_in(buf_slice(&wire), (size_t)i, &cut, &code_cut), rc);
			T_EQ(code_cut, code_whole);
			T_OK(slice_eq(buf_slice(&whole.text), buf_slice(&cut.text)));
		}
		buf_reset(&wire);
	}
	buf_free(&wire);
	buf_free(&whole.text);
	buf_free(&cut.text);
}

static void
heads_are_written_with_the_shortest_length(void)
{
	static const struct {
		size_t n;
		struct slice head;
	} rows[] = {
		{ 0, SLICE("\x81\x00") }, { 125, SLICE("\x81\x7d") },
		{ 126, SLICE("\x81\x7e\x00\x7e") },
		{ 65535, SLICE("\x81\x7e\xff\xff") },
		{ 65536, SLICE("\x81\x7f\0\0\0\0\0\x01\0\0") },
	};
	char head[FRAME_HEAD_MAX];
	size_t i, n;

	for (i = 0; i < N_ELEMENTS(rows); i++) {
		n = frame_head(head, FRAME_OP_TEXT, rows[i].n);
		T_OK(slice_eq(slice_of(head, n), rows[i].head));
	}
	T_EQ(frame_head(head, FRAME_OP_PONG, 3), 2);
	T_EQ((unsigned char)head[0], FIN | FRAME_OP_PONG);
}

static void
a_close_reason_is_cut_between_characters(void)
{
	struct buf out = BUF_INIT, reason = BUF_INIT;
	int i;

	frame_close_write(&out, CLOSE_TOO_BIG, SLICE("no"));
	T_OK(slice_eq(buf_slice(&out), SLICE("\x88\x04\x03\xf1no")));
	buf_reset(&out);
	frame_close_write(&out, CLOSE_NONE, SLICE("never said"));
	T_OK(slice_eq(buf_slice(&out), SLICE("\x88\x00")));
	buf_reset(&out);
	for (i = 0; i < 60; i++)
		buf_str(&reason, "\xe2\x82\xac");
	frame_close_write(&out, CLOSE_PROTOCOL, buf_slice(&reason));
	T_EQ(out.n, 2 + 2 + 123);
	T_EQ(out.p[1], 125);
	buf_reset(&out);
	frame_close_write(&out, CLOSE_PROTOCOL, slice_skip(buf_slice(&reason), 1));
	T_OK(slice_eq(buf_slice(&out), SLICE("\x88\x02\x03\xea")));
	buf_free(&out);
	buf_free(&reason);
}

int
main(void)
{
	T_RUN(the_state_of_a_connection_is_small);
	T_RUN(messages_come_out_as_they_went_in);
	T_RUN(fragments_are_joined);
	T_RUN(control_frames_come_between_fragments);
	T_RUN(a_control_frame_of_125_bytes_is_the_largest);
	T_RUN(lengths_of_all_three_sizes_are_read);
	T_RUN(a_length_in_more_bytes_than_needed_is_refused);
	T_RUN(a_message_over_the_limit_is_refused_when_its_length_is_known);
	T_RUN(a_frame_without_a_mask_is_refused);
	T_RUN(reserved_bits_and_opcodes_are_refused);
	T_RUN(fragments_out_of_order_are_refused);
	T_RUN(text_is_refused_at_its_first_wrong_byte);
	T_RUN(a_character_may_lie_across_fragments);
	T_RUN(a_close_frame_ends_it);
	T_RUN(what_comes_after_the_end_is_not_read);
	T_RUN(an_event_can_stop_the_reading);
	T_RUN(close_payloads_follow_the_rules);
	T_RUN(pieces_of_any_size_give_the_same_events);
	T_RUN(heads_are_written_with_the_shortest_length);
	T_RUN(a_close_reason_is_cut_between_characters);
	return t_end();
}
