/*
 * base_text_test.c - UTF-8 and base64
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "tests/t.h"

static void
well_formed_text_is_valid(void)
{
	T_OK(utf8_valid(SLICE_NONE));
	T_OK(utf8_valid(SLICE("plain ascii that is longer than eight bytes")));
	T_OK(utf8_valid(SLICE("a\0b")));
	T_OK(utf8_valid(SLICE("\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xef\xbf\xbf")));
	T_OK(utf8_valid(SLICE("\xed\x9f\xbf \xee\x80\x80")));
	T_OK(utf8_valid(SLICE("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf")));
}

static void
ill_formed_text_is_refused_wherever_it_stands(void)
{
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xff", "\xc2", "\xe2\x82", "\xf0\x9f\x98",
		"\xc2" "a", "\xe2\x82" "a", "\xf0\x9f\x98" "a", "\xe2" "a\x82",
	};
	char text[64];
	size_t i, before, after;

	for (i = 0; i < N_ELEMENTS(bad); i++)
		for (before = 0; before < 17; before++)
			for (after = 0; after < 17; after += 4) {
				memset(text, 'a', sizeof(text));
				memcpy(text + before, bad[i], strlen(bad[i]));
				T_OK(!utf8_valid(slice_of(text,
				    before + strlen(bad[i]) + after)));
			}
}

/* 0: refused, 1: complete, 2: a piece of something. */
static int
fed(struct slice text, size_t piece)
{
	uint32_t state = 0;

	for (; text.n > 0; text = slice_skip(text, piece))
		if (!utf8_feed(&state, slice_head(text, piece)))
			return 0;
	return state == 0 ? 1 : 2;
}

/* Every string of one to three bytes, and those of four that begin with F0..F4. */
static void
text_in_pieces_is_judged_as_the_whole(void)
{
	static const unsigned char last[] = { 0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff };
	char text[4];
	uint32_t i;
	size_t n, k;

	for (i = 0; i < 1u << 24; i += (i & 0xff) == 0xc1 ? 0x3f : 1) {
		text[0] = (char)(i >> 16);
		text[1] = (char)(i >> 8);
		text[2] = (char)i;
		T_EQ(fed(slice_of(text, 3), 1) == 1, utf8_valid(slice_of(text, 3)));
		T_EQ(fed(slice_of(text, 3), 2), fed(slice_of(text, 3), 1));
		if ((unsigned char)text[0] < 0xf0)
			continue;
		for (k = 0; k < sizeof(last); k++) {
			text[3] = (char)last[k];
			for (n = 1; n <= 3; n++)
				T_EQ(fed(slice_of(text, 4), n) == 1,
				    utf8_valid(slice_of(text, 4)));
		}
	}
}

static void
a_piece_is_refused_at_its_first_wrong_byte(void)
{
	T_EQ(fed(SLICE("\xce\xba\xe1\xbd"), 1), 2);
	T_EQ(fed(SLICE("\xf4\x8f"), 1), 2);
	T_EQ(fed(SLICE("\xf4\x90"), 1), 0);
	T_EQ(fed(SLICE("\xed\xa0"), 5), 0);
	T_EQ(fed(SLICE("\xe0\x9f"), 5), 0);
	T_EQ(fed(SLICE("\xf0\x8f"), 5), 0);
	T_EQ(fed(SLICE("long enough for the quick way \xc3"), 64), 2);
	T_EQ(fed(SLICE("long enough for the quick way \xc3" "a"), 64), 0);
}

static void
length_is_what_javascript_says(void)
{
	T_EQ(utf8_units(SLICE("")), 0);
	T_EQ(utf8_units(SLICE("hello")), 5);
	T_EQ(utf8_units(SLICE("h\xc3\xa9llo")), 5);
	T_EQ(utf8_units(SLICE("\xe2\x82\xac")), 1);
	T_EQ(utf8_units(SLICE("\xf0\x9f\x98\x80")), 2);
	T_EQ(utf8_units(SLICE("12345678\xf0\x9f\x98\x80\xe2\x82\xac" "9\xc3\xa9"
	    "abcdefgh\xf0\x9f\x98\x80")), 8 + 2 + 1 + 1 + 1 + 8 + 2);
}

/* As many bytes as the characters before have that have so many units, and what is
 * missing, at each place of a text in which all kinds meet all places of a word. */
static void
text_is_cut_where_javascript_cuts_it(void)
{
	static const struct slice kinds[] = { { "a", 1 }, { "\xc3\xa9", 2 },
	    { "\xe2\x82\xac", 3 }, { "\xf0\x9f\x98\x80", 4 } };
	struct buf text = BUF_INIT;
	size_t i, units = 0, left;

	for (i = 0; i < 40; i++)
		buf_add(&text, SLICE("ascii"));
	for (i = 0; i < 100; i++)
		buf_add(&text, kinds[(i * i + i / 7) % 4]);
	for (i = 0; i < text.n; i += utf8_head(slice_of(text.p + i, text.n - i))) {
		left = units;
		T_EQ(utf8_cut(buf_slice(&text), &left), i);
		T_EQ(left, 0);
		T_EQ(utf8_units(slice_of(text.p, i)), units);
		if (utf8_head(slice_of(text.p + i, text.n - i)) == 4) {
			left = units + 1;
			T_EQ(utf8_cut(buf_slice(&text), &left), i);
			T_EQ(left, 1);
			units++;
		}
		units++;
	}
	left = units + 3;
	T_EQ(utf8_cut(buf_slice(&text), &left), text.n);
	T_EQ(left, 3);
	buf_free(&text);
}

static void
what_is_beyond_ascii_is_counted_if_it_is_well_formed(void)
{
	T_EQ(utf8_wide(SLICE("")), 0);
	T_EQ(utf8_wide(SLICE("a\xc3\xa9")), 0);
	T_EQ(utf8_wide(SLICE("\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac" "a\xff")), 9);
	T_EQ(utf8_wide(SLICE("\xc3\xa9\xe2\x82" "a")), 0);
	T_EQ(utf8_wide(SLICE("\xc3\xa9\xe2\x82")), 0);
}

static void
a_character_is_read_as_it_was_written(void)
{
	char text[4];
	struct slice rest;
	uint32_t c;
	size_t n;

	for (c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 37) {
		n = utf8_put(text, c);
		rest = slice_of(text, n);
		if (c >= 0xd800 && c <= 0xdfff) {
			T_EQ(utf8_next(&rest), -1);
			T_EQ(rest.n, n - 1);
			continue;
		}
		T_EQ(utf8_head(rest), n);
		T_EQ(utf8_next(&rest), c);
		T_EQ(rest.n, 0);
		T_EQ(utf8_next(&rest), -2);
	}
}

/* The vectors of RFC 4648 section 10. */
static void
base64_writes_and_reads_the_vectors_of_its_rfc(void)
{
	static const char *const pairs[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < N_ELEMENTS(pairs); i++) {
		buf_reset(&b);
		base64_encode(&b, slice_str(pairs[i][0]));
		T_SLICE(buf_slice(&b), pairs[i][1]);
		buf_reset(&b);
		T_EQ(base64_decode(&b, slice_str(pairs[i][1])), RC_OK);
		T_SLICE(buf_slice(&b), pairs[i][0]);
	}
	buf_free(&b);
}

static void
base64_gives_back_every_byte(void)
{
	unsigned char bytes[256];
	struct buf text = BUF_INIT, back = BUF_INIT;
	size_t i, n;

	for (i = 0; i < 256; i++)
		bytes[i] = (unsigned char)(i * 7 + 3);
	for (n = 0; n <= 256; n++) {
		buf_reset(&text);
		buf_reset(&back);
		base64_encode(&text, slice_of((char *)bytes, n));
		T_EQ(text.n, (n + 2) / 3 * 4);
		T_EQ(base64_decode(&back, buf_slice(&text)), RC_OK);
		T_OK(slice_eq(buf_slice(&back), slice_of((char *)bytes, n)));
	}
	buf_free(&text);
	buf_free(&back);
}

static void
base64_takes_what_node_takes(void)
{
	struct buf b = BUF_INIT;

	T_EQ(base64_decode(&b, SLICE("Zm8")), RC_OK);
	T_EQ(base64_decode(&b, SLICE("-_8")), RC_OK);
	T_EQ(base64_decode(&b, SLICE("+/8=")), RC_OK);
	T_OK(slice_eq(buf_slice(&b), SLICE("fo\xfb\xff\xfb\xff")));
	buf_free(&b);
}

static void
bad_base64_is_refused_and_leaves_nothing(void)
{
	static const char *const bad[] = {
		"Z", "Zm9vZ", "=", "==", "Zm9v=", "Zm8==", "Zg===", "Zg====",
		"Zm=v", "Zm 9", "Zm9v\n", "Zm9\x80", "*",
	};
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < N_ELEMENTS(bad); i++)
		T_EQ(base64_decode(&b, slice_str(bad[i])), RC_BAD_INPUT);
	T_EQ(b.n, 0);
	buf_free(&b);
}

static void
the_ascii_at_the_start_is_counted(void)
{
	T_EQ(utf8_ascii(SLICE("")), 0);
	T_EQ(utf8_ascii(SLICE("\xc3\xa9")), 0);
	T_EQ(utf8_ascii(SLICE("abc\xc3")), 3);
	T_EQ(utf8_ascii(SLICE("12345678")), 8);
	T_EQ(utf8_ascii(SLICE("1234567890\x7f\x80 and on")), 11);
	T_EQ(utf8_ascii(SLICE("12345678\xff" "12345678")), 8);
}

static void
what_is_not_well_formed_is_mended(void)
{
	static const struct { struct slice in; const char *out; } cases[] = {
		{ SLICE("plain \xc3\xa4"), "plain \xc3\xa4" },
		{ SLICE("\xff" "a"), "?a" },
		{ SLICE("a\x80\x80"), "a??" },
		{ SLICE("\xe2\x82"), "?" },             /* two of three bytes */
		{ SLICE("\xe2\x82" "a"), "?a" },
		{ SLICE("\xf0\x9f\x98" "\xe2\x82\xac"), "?\xe2\x82\xac" },
		{ SLICE("\xed\xa0\x80"), "???" },       /* a surrogate */
		{ SLICE("\xc0\xaf"), "??" },            /* overlong */
		{ SLICE("\xf5"), "?" },
	};
	struct buf out = BUF_INIT, wanted = BUF_INIT;
	const char *p;
	size_t i;

	for (i = 0; i < N_ELEMENTS(cases); i++) {
		buf_reset(&out);
		buf_reset(&wanted);
		for (p = cases[i].out; *p != '\0'; p++)
			if (*p == '?')
				buf_str(&wanted, "\xef\xbf\xbd");
			else
				buf_char(&wanted, *p);
		utf8_mend(&out, cases[i].in);
		T_OK(slice_eq(buf_slice(&out), buf_slice(&wanted)));
		T_OK(utf8_valid(buf_slice(&out)));
	}
	buf_free(&out);
	buf_free(&wanted);
}

int
main(void)
{
	T_RUN(the_ascii_at_the_start_is_counted);
	T_RUN(well_formed_text_is_valid);
	T_RUN(ill_formed_text_is_refused_wherever_it_stands);
	T_RUN(text_in_pieces_is_judged_as_the_whole);
	T_RUN(a_piece_is_refused_at_its_first_wrong_byte);
	T_RUN(length_is_what_javascript_says);
	T_RUN(text_is_cut_where_javascript_cuts_it);
	T_RUN(what_is_beyond_ascii_is_counted_if_it_is_well_formed);
	T_RUN(a_character_is_read_as_it_was_written);
	T_RUN(base64_writes_and_reads_the_vectors_of_its_rfc);
	T_RUN(base64_gives_back_every_byte);
	T_RUN(base64_takes_what_node_takes);
	T_RUN(bad_base64_is_refused_and_leaves_nothing);
	T_RUN(what_is_not_well_formed_is_mended);
	return t_end();
}
