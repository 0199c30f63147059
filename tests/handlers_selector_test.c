/*
 * handlers_selector_test.c - one grammar for who is meant
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "handlers/pattern.h"
#include "handlers/selector.h"
#include "store/store.h"
#include "tests/t.h"

static struct arena arena = ARENA_INIT;
static struct selector who;
static char *error;

static enum rc
parse_as(const char *text, struct slice own_id)
{
	free(error);
	error = NULL;
	return selector_parse(&arena, slice_str(text), own_id, &who, &error);
}

static enum rc
parse(const char *text)
{
	return parse_as(text, SLICE("own"));
}

static struct slice
nth(struct slice packed, unsigned i)
{
	struct slice name;

	do
		if (!pack_next(&packed, &name))
			return SLICE_NONE;
	while (i-- > 0);
	return name;
}

static void
a_star_is_everybody(void)
{
	T_EQ(parse("*"), RC_OK);
	T_OK(who.rooms.p == NULL && who.users.p == NULL && who.except.p == NULL &&
	    who.nsp.p == NULL);
}

static void
rooms_users_and_ids_are_a_union(void)
{
	T_EQ(parse(" room:a  room:b\tid:x1 user:anna "), RC_OK);
	T_EQ(pack_count(who.rooms), 3);
	T_SLICE(nth(who.rooms, 0), "a");
	T_SLICE(nth(who.rooms, 2), "x1");
	T_SLICE(nth(who.users, 0), "anna");
}

static void
everybody_and_a_room_is_everybody(void)
{
	T_EQ(parse("room:a *"), RC_OK);
	T_OK(who.rooms.p == NULL);
}

static void
a_minus_excludes(void)
{
	T_EQ(parse("* -me -room:a -id:x -user:bob"), RC_OK);
	T_SLICE(nth(who.except, 0), "own");
	T_SLICE(nth(who.except, 1), "a");
	T_SLICE(nth(who.except, 2), "x");
	T_SLICE(nth(who.except_users, 0), "bob");
}

static void
me_is_the_room_of_the_own_socket(void)
{
	bool only;

	T_EQ(parse("me"), RC_OK);
	T_SLICE(nth(who.rooms, 0), "own");
	T_OK(selector_names_me(SLICE(" me "), &only) && only);
	T_OK(selector_names_me(SLICE("me room:a"), &only) && !only);
	T_OK(!selector_names_me(SLICE("room:me"), &only) && !only);
	T_OK(!selector_names_me(SLICE("* -me"), &only) && !only);
}

static void
without_an_own_socket_me_is_an_error_and_minus_me_nobody(void)
{
	T_EQ(parse_as("me", SLICE_NONE), RC_BAD_INPUT);
	T_OK(strstr(error, "no own socket") != NULL);
	T_EQ(parse_as("* -me", SLICE_NONE), RC_OK);
	T_OK(who.except.p == NULL);
}

static void
nothing_is_nobody(void)
{
	T_EQ(parse(""), RC_NONE);
	T_EQ(parse("  \n"), RC_NONE);
	T_EQ(parse(NULL), RC_NONE);
}

static void
only_exclusions_are_an_error(void)
{
	T_EQ(parse("-room:a"), RC_BAD_INPUT);
	T_OK(strstr(error, "nobody whom") != NULL);
	T_EQ(parse("nsp:/x"), RC_BAD_INPUT);
}

static void
another_namespace_is_named_once(void)
{
	T_EQ(parse("nsp:/news *"), RC_OK);
	T_SLICE(who.nsp, "/news");
	T_EQ(parse("nsp:/news nsp:/x *"), RC_BAD_INPUT);
	T_EQ(parse("nsp:news *"), RC_BAD_INPUT);
}

static void
names_are_percent_encoded(void)
{
	struct buf text = BUF_INIT;

	buf_str(&text, "room:");
	selector_quote(&text, SLICE("tea & cake: 100%\n-me"));
	T_EQ(selector_parse(&arena, buf_slice(&text), SLICE_NONE, &who, NULL), RC_OK);
	T_EQ(pack_count(who.rooms), 1);
	T_SLICE(nth(who.rooms, 0), "tea & cake: 100%\n-me");
	buf_free(&text);
}

static void
what_cannot_be_read_is_refused(void)
{
	static const char *const bad[] = { "room:", "room:%", "room:%4", "room:%zz",
	    "room:a%00b", "everybody", "-*", "room", "-me:x", "user:a lala", "-", "--me" };
	size_t i;

	for (i = 0; i < N_ELEMENTS(bad); i++) {
		if (parse(bad[i]) != RC_BAD_INPUT)
			T_FAIL("'%s' was taken", bad[i]);
		T_OK(error != NULL);
	}
}

static void
a_pattern_matches_whole_names(void)
{
	T_OK(pattern_matches(SLICE("/room-*"), SLICE("/room-")));
	T_OK(pattern_matches(SLICE("/room-*"), SLICE("/room-1-2")));
	T_OK(!pattern_matches(SLICE("/room-*"), SLICE("/room")));
	T_OK(!pattern_matches(SLICE("/room"), SLICE("/room-1")));
	T_OK(pattern_matches(SLICE("*a*b"), SLICE("xxaxbab")));
	T_OK(!pattern_matches(SLICE("*a*b"), SLICE("xxaxbabc")));
	T_OK(pattern_matches(SLICE("*"), SLICE("")));
	T_OK(!pattern_matches(SLICE(""), SLICE("a")));
}

static void
a_list_of_patterns_matches_by_any(void)
{
	T_OK(pattern_list_matches("a*  b", SLICE("b")));
	T_OK(pattern_list_matches("a*  b", SLICE("abc")));
	T_OK(!pattern_list_matches("a*  b", SLICE("bc")));
	T_OK(!pattern_list_matches("", SLICE("")));
	T_OK(!pattern_list_matches(NULL, SLICE("x")));
}

int
main(void)
{
	T_RUN(a_star_is_everybody);
	T_RUN(rooms_users_and_ids_are_a_union);
	T_RUN(everybody_and_a_room_is_everybody);
	T_RUN(a_minus_excludes);
	T_RUN(me_is_the_room_of_the_own_socket);
	T_RUN(without_an_own_socket_me_is_an_error_and_minus_me_nobody);
	T_RUN(nothing_is_nobody);
	T_RUN(only_exclusions_are_an_error);
	T_RUN(another_namespace_is_named_once);
	T_RUN(names_are_percent_encoded);
	T_RUN(what_cannot_be_read_is_refused);
	T_RUN(a_pattern_matches_whole_names);
	T_RUN(a_list_of_patterns_matches_by_any);
	free(error);
	arena_free(&arena);
	return t_end();
}
