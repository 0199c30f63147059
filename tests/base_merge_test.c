/*
 * base_merge_test.c - JSON values are changed where they are
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/json_merge.h"
#include "base/mem.h"
#include "tests/t.h"

/* The result; "refused" for RC_BAD_INPUT.  old NULL: nothing was there. */
static const char *
merged(const char *old, enum json_merge how, const char *arg)
{
	static char text[256];
	struct buf out = BUF_INIT;

	if (json_merge(&out, slice_str(old), how, slice_str(arg)) == RC_OK) {
		snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(buf_slice(&out)));
		if (json_check(buf_slice(&out), 64) != RC_OK)
			T_FAIL("no JSON: %s", text);
	} else {
		snprintf(text, sizeof(text), "refused");
		T_EQ(out.n, 0);
	}
	buf_free(&out);
	return text;
}

static void
a_list_grows_at_its_end(void)
{
	T_STR(merged(NULL, MERGE_APPEND, "1"), "[1]");
	T_STR(merged("null", MERGE_APPEND, "1"), "[1]");
	T_STR(merged("[]", MERGE_APPEND, " \"a\" "), "[\"a\"]");
	T_STR(merged("[1, [2]]", MERGE_APPEND, "[3]"), "[1,[2],[3]]");
}

static void
the_first_equal_element_goes(void)
{
	T_STR(merged("[\"a\",\"b\",\"a\"]", MERGE_REMOVE, "\"a\""), "[\"b\",\"a\"]");
	T_STR(merged("[\"a\"]", MERGE_REMOVE, "\"b\""), "[\"a\"]");
	T_STR(merged(NULL, MERGE_REMOVE, "1"), "[]");
	T_STR(merged("[{\"a\":1,\"b\":[2.0]}]", MERGE_REMOVE,
	    "{ \"b\" : [2.00], \"a\":1}"), "[]");
}

static void
members_are_put_and_dropped(void)
{
	T_STR(merged(NULL, MERGE_PUT, "{\"a\":1}"), "{\"a\":1}");
	T_STR(merged("{\"a\":1,\"b\":2}", MERGE_PUT, "{\"b\":[3],\"c\":4}"),
	    "{\"a\":1,\"b\":[3],\"c\":4}");
	T_STR(merged("{\"a\":1,\"\\u0062\":2}", MERGE_DROP, "[\"b\",\"x\"]"),
	    "{\"a\":1}");
	T_STR(merged(NULL, MERGE_DROP, "[]"), "{}");
}

static void
numbers_add_up(void)
{
	T_STR(merged(NULL, MERGE_ADD, "1"), "1");
	T_STR(merged("41", MERGE_ADD, "1"), "42");
	T_STR(merged("41", MERGE_ADD, "-42"), "-1");
	T_STR(merged("0.5", MERGE_ADD, "0.25"), "0.75");
	T_STR(merged("1e308", MERGE_ADD, "1e308"), "refused");
}

static void
another_kind_of_value_is_refused(void)
{
	T_STR(merged("{}", MERGE_APPEND, "1"), "refused");
	T_STR(merged("1", MERGE_REMOVE, "1"), "refused");
	T_STR(merged("[]", MERGE_PUT, "{}"), "refused");
	T_STR(merged("{}", MERGE_PUT, "[]"), "refused");
	T_STR(merged("{}", MERGE_DROP, "\"a\""), "refused");
	T_STR(merged("\"1\"", MERGE_ADD, "1"), "refused");
	T_STR(merged("1", MERGE_ADD, "\"1\""), "refused");
	T_STR(merged("[]", MERGE_SET, "{\"a\":1}"), "{\"a\":1}");
}

static void
values_that_mean_the_same_are_equal(void)
{
	static const struct { const char *a, *b; bool equal; } pairs[] = {
		{ "1", "1.0", true }, { "1", "2", false }, { "true", "true", true },
		{ "true", "false", false }, { "null", "false", false },
		{ "\"\\u0061\"", "\"a\"", true }, { "\"a\"", "\"ab\"", false },
		{ "[1,2]", "[ 1, 2 ]", true }, { "[1,2]", "[1]", false },
		{ "[1]", "[1,2]", false }, { "[]", "{}", false },
		{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true },
		{ "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
		{ "{\"a\":1,\"b\":2}", "{\"a\":1}", false },
		{ "12345678901234567890", "12345678901234567891", false },
	};
	size_t i;

	for (i = 0; i < N_ELEMENTS(pairs); i++)
		if (json_equal(slice_str(pairs[i].a), slice_str(pairs[i].b)) !=
		    pairs[i].equal)
			T_FAIL("%s and %s", pairs[i].a, pairs[i].b);
}

int
main(void)
{
	T_RUN(a_list_grows_at_its_end);
	T_RUN(the_first_equal_element_goes);
	T_RUN(members_are_put_and_dropped);
	T_RUN(numbers_add_up);
	T_RUN(another_kind_of_value_is_refused);
	T_RUN(values_that_mean_the_same_are_equal);
	return t_end();
}
