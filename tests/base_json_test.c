/*
 * base_json_test.c - JSON is checked, walked, quoted and unquoted
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "tests/t.h"

static void
json_of_every_kind_passes(void)
{
	static const char *const good[] = {
		"null", "true", "false", "0", "-0", "12", "-1.5", "1e9", "1E+9",
		"0.5e-7", "\"\"", "\"a\"", "[]", "{}", "[1,2]", " [ 1 , 2 ] ",
		"{\"a\":1}", "\t{ \"a\" : [ ] , \"b\" : { } }\r\n",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\"",
		"\"\\ud800\"", "\"\xf0\x9f\x98\x80 and a long plain run\"",
		"12345678901234567890", "\"\x7f\"", "{\"a\":1,\"a\":2}",
	};
	size_t i;

	for (i = 0; i < N_ELEMENTS(good); i++)
		if (json_check(slice_str(good[i]), 4) != RC_OK)
			T_FAIL("refused: %s", good[i]);
}

static void
what_is_not_json_is_refused(void)
{
	static const char *const bad[] = {
		"", " ", "nul", "nulll", "True", "01", "-", "-a", "1.", ".5", "1e",
		"1e+", "+1", "0x1", "NaN", "Infinity", "\"", "\"a", "'a'",
		"\"\\x\"", "\"\\u12g4\"", "\"\\u123\"", "\"\\\"", "\"\n\"",
		"\"abcdefgh\x01\"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "]",
		"{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}",
		"{1:1}", "{\"a\" 1}", "[}", "{]", "[1}", "{\"a\":1]", "1 2",
		"[] []", "\"a\"b", "/**/1", "\"\xc3\"", "\"\xed\xa0\x80\"",
		"\"abcdefghij\xff\"", "\xef\xbb\xbf[]", "\"\\u 123\"",
	};
	size_t i;

	for (i = 0; i < N_ELEMENTS(bad); i++)
		if (json_check(slice_str(bad[i]), 64) != RC_BAD_INPUT)
			T_FAIL("taken: %s", bad[i]);
	T_EQ(json_check(SLICE("\"a\0b\""), 64), RC_BAD_INPUT);
	T_EQ(json_check(SLICE("1\0"), 64), RC_BAD_INPUT);
	T_EQ(json_check(SLICE_NONE, 64), RC_BAD_INPUT);
}

static void
every_cut_of_a_text_is_refused(void)
{
	struct slice whole = SLICE("[\"ev\\u00e9nt\",{\"a\":[true,null,-1.5e3],"
	    "\"\xf0\x9f\x98\x80\":\"long enough for words\"}]");
	size_t n;
	char *cut;

	T_EQ(json_check(whole, 3), RC_OK);
	for (n = 0; n < whole.n; n++) {
		cut = mem_slicedup(slice_head(whole, n));
		T_EQ(json_check(slice_of(cut, n), 3), RC_BAD_INPUT);
		free(cut);
	}
}

static void
depth_has_its_limit(void)
{
	struct buf b = BUF_INIT;
	int i;

	T_EQ(json_check(SLICE("1"), 0), RC_OK);
	T_EQ(json_check(SLICE("[]"), 0), RC_TOO_BIG);
	T_EQ(json_check(SLICE("[{\"a\":[]},[[]]]"), 3), RC_OK);
	T_EQ(json_check(SLICE("[{\"a\":[]},[[]]]"), 2), RC_TOO_BIG);
	T_EQ(json_check(SLICE("[[],[],[],[]]"), 2), RC_OK);
	for (i = 0; i < 1000000; i++)
		buf_char(&b, '[');
	T_EQ(json_check(buf_slice(&b), 64), RC_TOO_BIG);
	T_EQ(json_check(buf_slice(&b), UINT32_MAX), RC_TOO_BIG);
	buf_free(&b);
}

static void
an_array_is_walked_without_touching_its_bytes(void)
{
	struct slice rest = SLICE(" [ \"a]\\\"[\" , {\"k\":[1,2]} ,[], "
	    "12345678901234567890,null ] "), item;

	json_open(&rest);
	T_OK(json_next(&rest, &item));
	T_SLICE(item, "\"a]\\\"[\"");
	T_OK(json_next(&rest, &item));
	T_SLICE(item, "{\"k\":[1,2]}");
	T_OK(json_next(&rest, &item));
	T_SLICE(item, "[]");
	T_OK(json_next(&rest, &item));
	T_SLICE(item, "12345678901234567890");
	T_OK(json_next(&rest, &item));
	T_SLICE(item, "null");
	T_OK(!json_next(&rest, &item));
	T_OK(!json_next(&rest, &item));
}

static void
an_object_is_walked_member_by_member(void)
{
	struct slice rest = SLICE("{\"a\":1, \"b c\" : {\"d\":[2]},\"\":\"\"}");
	struct slice key, value;

	json_open(&rest);
	T_OK(json_next_member(&rest, &key, &value));
	T_SLICE(key, "\"a\"");
	T_SLICE(value, "1");
	T_OK(json_next_member(&rest, &key, &value));
	T_SLICE(key, "\"b c\"");
	T_SLICE(value, "{\"d\":[2]}");
	T_OK(json_next_member(&rest, &key, &value));
	T_SLICE(key, "\"\"");
	T_SLICE(value, "\"\"");
	T_OK(!json_next_member(&rest, &key, &value));
}

static void
walkers_stay_inside_text_that_was_never_checked(void)
{
	static const char *const bad[] = {
		"[", "[\"", "[\"\\", "{\"a", "{\"a\"", "{\"a\":", "[[[[", "{:::", "",
		"[1}{,2", "]]]]", "[\"a\\\"", "{\"a\":\"b", "[:", "{\"a\":}",
	};
	struct slice rest, key, value;
	size_t i;
	int steps;
	char *copy;

	for (i = 0; i < N_ELEMENTS(bad); i++) {
		copy = malloc(strlen(bad[i]) + 1);
		memcpy(copy, bad[i], strlen(bad[i]));
		rest = slice_of(copy, strlen(bad[i]));
		json_open(&rest);
		for (steps = 0; json_next(&rest, &value); steps++)
			T_OK(steps < 20 && value.n > 0);
		rest = slice_of(copy, strlen(bad[i]));
		json_open(&rest);
		for (steps = 0; json_next_member(&rest, &key, &value); steps++)
			T_OK(steps < 20);
		json_member(slice_of(copy, strlen(bad[i])), "a");
		free(copy);
	}
}

static void
kinds_are_told_by_the_first_character(void)
{
	T_EQ(json_kind(SLICE(" {}")), JSON_OBJECT);
	T_EQ(json_kind(SLICE("[]")), JSON_ARRAY);
	T_EQ(json_kind(SLICE("\"\"")), JSON_STRING);
	T_EQ(json_kind(SLICE("-1")), JSON_NUMBER);
	T_EQ(json_kind(SLICE("true")), JSON_TRUE);
	T_EQ(json_kind(SLICE("false")), JSON_FALSE);
	T_EQ(json_kind(SLICE("null")), JSON_NULL);
	T_EQ(json_kind(SLICE("")), JSON_NONE);
	T_EQ(json_kind(SLICE_NONE), JSON_NONE);
	T_EQ(json_kind(SLICE("x")), JSON_NONE);
}

static void
a_member_is_found_by_name_and_the_last_one_counts(void)
{
	struct slice o = SLICE("{\"pid\":\"x\",\"p\\u0069n\":1,\"a\":{\"pin\":9},"
	    "\"pid\":\"y\"}");

	T_SLICE(json_member(o, "pid"), "\"y\"");
	T_SLICE(json_member(o, "pin"), "1");
	T_OK(json_member(o, "pi").p == NULL);
	T_OK(json_member(SLICE("[\"pid\",1]"), "pid").p == NULL);
	T_OK(json_member(SLICE_NONE, "pid").p == NULL);
}

static void
a_string_is_unescaped(void)
{
	struct buf b = BUF_INIT;

	T_EQ(json_unquote(&b, SLICE(" \"plain\" ")), RC_OK);
	T_SLICE(buf_slice(&b), "plain");
	buf_reset(&b);
	T_EQ(json_unquote(&b, SLICE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"
	    "\\uD83D\\uDE00\"")), RC_OK);
	T_SLICE(buf_slice(&b), "\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80");
	buf_reset(&b);
	T_EQ(json_unquote(&b, SLICE("\"\\ud83dx\\ude00\\ud800\\u0041\\ud800\\ud800\"")),
	    RC_OK);
	T_SLICE(buf_slice(&b), "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd" "A"
	    "\xef\xbf\xbd\xef\xbf\xbd");
	buf_reset(&b);
	T_EQ(json_unquote(&b, SLICE("\"a\\u0000b\"")), RC_OK);
	T_OK(slice_eq(buf_slice(&b), SLICE("a\0b")));
	T_EQ(json_unquote(&b, SLICE("12")), RC_BAD_INPUT);
	T_EQ(json_unquote(&b, SLICE("\"")), RC_BAD_INPUT);
	T_EQ(json_unquote(&b, SLICE_NONE), RC_BAD_INPUT);
	buf_free(&b);
}

static void
what_is_no_string_has_no_text(void)
{
	struct arena arena = ARENA_INIT;
	struct slice text = json_text(&arena, SLICE("\"\\u00e9\""));

	T_SLICE(text, "\xc3\xa9");
	T_EQ(text.p[text.n], '\0');
	text = json_text(&arena, SLICE("\"\""));
	T_OK(text.p != NULL && text.n == 0);
	T_OK(json_text(&arena, SLICE("12")).p == NULL);
	T_OK(json_text(&arena, SLICE_NONE).p == NULL);
	arena_free(&arena);
}

static void
a_string_is_compared_by_its_content(void)
{
	T_OK(json_string_is(SLICE("\"echo\""), SLICE("echo")));
	T_OK(json_string_is(SLICE("\"e\\u0063ho\""), SLICE("echo")));
	T_OK(json_string_is(SLICE("\"\""), SLICE("")));
	T_OK(!json_string_is(SLICE("\"echo\""), SLICE("ech")));
	T_OK(!json_string_is(SLICE("\"ech\""), SLICE("echo")));
	T_OK(!json_string_is(SLICE("1"), SLICE("1")));
}

static void
whole_numbers_are_read_within_53_bits(void)
{
	int64_t v;

	T_OK(json_int(SLICE("12"), &v));
	T_EQ(v, 12);
	T_OK(json_int(SLICE("-9007199254740992"), &v));
	T_EQ(v, -9007199254740992LL);
	T_OK(json_int(SLICE(" 1.0 "), &v));
	T_EQ(v, 1);
	T_OK(json_int(SLICE("25e2"), &v));
	T_EQ(v, 2500);
	T_OK(json_int(SLICE("-0"), &v));
	T_EQ(v, 0);
	T_OK(!json_int(SLICE("9007199254740993"), &v));
	T_OK(!json_int(SLICE("1.5"), &v));
	T_OK(!json_int(SLICE("1e400"), &v));
	T_OK(!json_int(SLICE("1e18"), &v));
	T_OK(!json_int(SLICE("\"1\""), &v));
	T_OK(!json_int(SLICE("null"), &v));
	T_OK(!json_int(SLICE_NONE, &v));
	T_EQ(v, 0);
}

static void
quoting_escapes_what_must_be_and_nothing_else(void)
{
	struct buf b = BUF_INIT;

	json_quote(&b, SLICE("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9\0"));
	T_SLICE(buf_slice(&b), "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f"
	    "\xc3\xa9\\u0000\"");
	buf_reset(&b);
	json_quote(&b, SLICE_NONE);
	T_SLICE(buf_slice(&b), "\"\"");
	buf_reset(&b);
	json_quote(&b, SLICE("a\xff\xed\xa0\x80z"));
	T_SLICE(buf_slice(&b), "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"");
	T_EQ(json_check(buf_slice(&b), 0), RC_OK);
	buf_free(&b);
}

static void
quoting_for_a_script_leaves_no_end_of_it(void)
{
	struct buf b = BUF_INIT;

	json_quote_script(&b, SLICE("</script>\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"));
	T_SLICE(buf_slice(&b), "\"<\\/script>\\u2028\\u2029\xe2\x80\xaa\"");
	buf_reset(&b);
	json_quote(&b, SLICE("/\xe2\x80\xa8"));
	T_SLICE(buf_slice(&b), "\"/\xe2\x80\xa8\"");
	buf_free(&b);
}

static void
what_is_quoted_comes_back(void)
{
	struct buf q = BUF_INIT, back = BUF_INIT;
	char text[300];
	size_t i, n;

	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 31 % 128);
	for (n = 0; n <= sizeof(text); n++) {
		buf_reset(&q);
		buf_reset(&back);
		json_quote(&q, slice_of(text, n));
		T_EQ(json_check(buf_slice(&q), 0), RC_OK);
		T_EQ(json_unquote(&back, buf_slice(&q)), RC_OK);
		T_OK(slice_eq(buf_slice(&back), slice_of(text, n)));
		T_OK(json_string_is(buf_slice(&q), slice_of(text, n)));
	}
	buf_free(&q);
	buf_free(&back);
}

static void
text_can_be_written_in_ascii_alone(void)
{
	struct buf b = BUF_INIT;

	json_ascii(&b, SLICE("[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\xff\"]"));
	T_SLICE(buf_slice(&b), "[\"\\u00e9\\u20ac\\ud83d\\ude00z\\ufffd\"]");
	buf_free(&b);
}

/* It is written a piece at a time: wherever a character stands in its piece. */
static void
long_text_in_ascii_is_the_sum_of_its_characters(void)
{
	const struct slice emoji = SLICE("\xf0\x9f\x98\x80");
	struct buf text = BUF_INIT, want = BUF_INIT, b = BUF_INIT;
	size_t before, i;

	for (before = 0; before < 70; before++) {
		buf_reset(&text);
		buf_reset(&want);
		buf_reset(&b);
		buf_str(&text, "\xc3\xa9");
		buf_str(&want, "\\u00e9");
		for (i = 0; i < before; i++) {
			buf_char(&text, 'x');
			buf_char(&want, 'x');
		}
		for (i = 0; i < 40; i++) {
			buf_add(&text, emoji);
			buf_str(&want, "\\ud83d\\ude00");
		}
		json_ascii(&b, buf_slice(&text));
		T_OK(slice_eq(buf_slice(&b), buf_slice(&want)));
	}
	buf_free(&text);
	buf_free(&want);
	buf_free(&b);
}

int
main(void)
{
	T_RUN(json_of_every_kind_passes);
	T_RUN(what_is_not_json_is_refused);
	T_RUN(every_cut_of_a_text_is_refused);
	T_RUN(depth_has_its_limit);
	T_RUN(an_array_is_walked_without_touching_its_bytes);
	T_RUN(an_object_is_walked_member_by_member);
	T_RUN(walkers_stay_inside_text_that_was_never_checked);
	T_RUN(kinds_are_told_by_the_first_character);
	T_RUN(a_member_is_found_by_name_and_the_last_one_counts);
	T_RUN(a_string_is_unescaped);
	T_RUN(what_is_no_string_has_no_text);
	T_RUN(a_string_is_compared_by_its_content);
	T_RUN(whole_numbers_are_read_within_53_bits);
	T_RUN(quoting_escapes_what_must_be_and_nothing_else);
	T_RUN(quoting_for_a_script_leaves_no_end_of_it);
	T_RUN(what_is_quoted_comes_back);
	T_RUN(text_can_be_written_in_ascii_alone);
	T_RUN(long_text_in_ascii_is_the_sum_of_its_characters);
	return t_end();
}
