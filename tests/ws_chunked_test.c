/*
 * ws_chunked_test.c - a body that comes in chunks
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "tests/t.h"
#include "ws/chunked.h"

enum { LIMIT = 40 };

/* Reads wire in pieces of every size; what follows the body must be "rest". */
static void
expect(struct slice wire, enum rc want, const char *content)
{
	struct chunked c;
	struct buf out = BUF_INIT;
	struct slice data, rest;
	enum rc rc = RC_AGAIN;
	size_t piece;

	for (piece = 1; piece <= wire.n; piece++) {
		c = (struct chunked)CHUNKED_INIT;
		buf_reset(&out);
		rest = wire;
		do {
			data = slice_head(rest, piece);
			rest = slice_skip(rest, piece);
			rc = chunked_read(&c, &data, LIMIT, &out);
		} while (rc == RC_AGAIN && rest.n > 0);
		T_EQ(rc, want);
		if (rc == RC_AGAIN)
			T_EQ(data.n, 0);
		if (rc == RC_OK)
			T_SLICE(slice_of(data.p, data.n + rest.n), "rest");
		if (content != NULL)
			T_SLICE(buf_slice(&out), content);
	}
	buf_free(&out);
}

static void
chunks_become_one_body(void)
{
	expect(SLICE("5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\nrest"), RC_OK,
	    "hello world");
	expect(SLICE("0\r\n\r\nrest"), RC_OK, "");
	expect(SLICE("000000000000000000a\r\n0123456789\r\n00\r\n\r\nrest"), RC_OK,
	    "0123456789");
	expect(SLICE("A\r\n0123456789\r\nb\r\n\r\n012345678\r\n0\r\n\r\nrest"), RC_OK,
	    "0123456789\r\n012345678");
}

static void
extensions_and_trailers_are_read_over(void)
{
	expect(SLICE("2;a=b;c=\"d\"\r\nhi\r\n0 ;x\r\nA: b\r\nC: d\r\n\r\nrest"), RC_OK,
	    "hi");
}

static void
half_a_body_waits(void)
{
	expect(SLICE("5\r\nhel"), RC_AGAIN, "hel");
	expect(SLICE("5\r\nhello\r\n0\r\n"), RC_AGAIN, "hello");
	expect(SLICE("5\r\nhello\r\n0\r\nA: b\r\n"), RC_AGAIN, "hello");
}

static void
what_is_no_chunk_is_refused(void)
{
	static const struct slice bad[] = {
		SLICE("\r\n"), SLICE("x\r\n"), SLICE("-1\r\n"), SLICE(" 5\r\nhello"),
		SLICE("5\nhello"), SLICE("5\r\rhello"), SLICE("5\r\nhello5"),
		SLICE("5\r\nhello\n"), SLICE("5\r\nhello\rx"), SLICE("0\r\n\n"),
		SLICE("0\r\nA: b\n\n"), SLICE("0\r\n\rx"), SLICE("5;a\nhello"),
		SLICE("0x5\r\nhello"), SLICE("1;\0\r\n"),
	};
	size_t i;

	for (i = 0; i < N_ELEMENTS(bad); i++)
		expect(bad[i], RC_BAD_INPUT, NULL);
}

static void
a_body_over_the_limit_is_refused_with_its_length(void)
{
	expect(SLICE("28\r\n0123456789012345678901234567890123456789\r\n0\r\n\r\nrest"),
	    RC_OK, NULL);
	expect(SLICE("29\r\n"), RC_TOO_BIG, "");
	expect(SLICE("5\r\nhello\r\n24\r\n"), RC_TOO_BIG, "hello");
	expect(SLICE("ffffffffffffffff\r\n"), RC_TOO_BIG, "");
	expect(SLICE("10000000000000000\r\n"), RC_TOO_BIG, "");
}

static void
endless_lines_are_refused(void)
{
	struct chunked c = CHUNKED_INIT;
	struct buf out = BUF_INIT, wire = BUF_INIT;
	struct slice data;
	int i;

	buf_str(&wire, "5;");
	for (i = 0; i < 2000; i++)
		buf_char(&wire, 'x');
	data = buf_slice(&wire);
	T_EQ(chunked_read(&c, &data, LIMIT, &out), RC_BAD_INPUT);
	c = (struct chunked)CHUNKED_INIT;
	buf_reset(&wire);
	buf_str(&wire, "0\r\n");
	for (i = 0; i < 2000; i++)
		buf_str(&wire, "A: b\r\n");
	data = buf_slice(&wire);
	T_EQ(chunked_read(&c, &data, LIMIT, &out), RC_BAD_INPUT);
	buf_free(&out);
	buf_free(&wire);
}

int
main(void)
{
	T_RUN(chunks_become_one_body);
	T_RUN(extensions_and_trailers_are_read_over);
	T_RUN(half_a_body_waits);
	T_RUN(what_is_no_chunk_is_refused);
	T_RUN(a_body_over_the_limit_is_refused_with_its_length);
	T_RUN(endless_lines_are_refused);
	return t_end();
}
