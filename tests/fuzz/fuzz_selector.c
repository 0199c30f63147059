/*
 * fuzz_selector.c - a selector from anywhere means somebody, nobody, or an error
 *
 * What must hold: what names nobody and has no '*' is not taken, an error
 * comes with a sentence; any name can be quoted and comes back as it was.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "handlers/selector.h"
#include "store/store.h"
#include "tests/fuzz/fuzz.h"

const struct slice fuzz_seeds[] = {
	SLICE("*"), SLICE("me room:a user:b id:c"), SLICE("* -me -room:a -user:b -id:c"),
	SLICE("nsp:/news room:tea%20time"), SLICE("-room:a"), SLICE(""), SLICE_NONE
};
const struct slice fuzz_words[] = {
	SLICE("*"), SLICE("me"), SLICE("-"), SLICE("room:"), SLICE("user:"), SLICE("id:"),
	SLICE("nsp:/"), SLICE("%"), SLICE("%00"), SLICE("%2a"), SLICE(" "), SLICE("\t"),
	SLICE("\n"), SLICE("\0"), SLICE_NONE
};

static void
names_are_whole(struct slice packed)
{
	struct slice name;

	while (pack_next(&packed, &name))
		FUZZ_MUST(name.n > 0);
	FUZZ_MUST(packed.n == 0);
}

static void
parse(struct arena *arena, struct slice text)
{
	struct selector who;
	char *error;
	enum rc rc = selector_parse(arena, text, SLICE("own"), &who, &error);

	FUZZ_MUST(rc == RC_OK || rc == RC_NONE || rc == RC_BAD_INPUT);
	FUZZ_MUST((rc == RC_BAD_INPUT) == (error != NULL));
	if (rc == RC_OK) {
		FUZZ_MUST(who.rooms.n > 0 || who.users.n > 0 ||
		    memchr(text.p, '*', text.n) != NULL);
		names_are_whole(who.rooms);
		names_are_whole(who.users);
		names_are_whole(who.except);
		names_are_whole(who.except_users);
		FUZZ_MUST(who.nsp.n == 0 || (who.nsp.p[0] == '/' &&
		    memchr(who.nsp.p, '\0', who.nsp.n) == NULL));
	}
	free(error);
}

static void
quote(struct arena *arena, struct slice name)
{
	struct buf text = BUF_INIT;
	struct selector who;
	struct slice rest, back;

	if (name.n == 0 || memchr(name.p, '\0', name.n) != NULL)
		return;
	buf_str(&text, "room:");
	selector_quote(&text, name);
	FUZZ_MUST(selector_parse(arena, buf_slice(&text), SLICE_NONE, &who, NULL) ==
	    RC_OK);
	rest = who.rooms;
	FUZZ_MUST(pack_next(&rest, &back) && slice_eq(back, name) && rest.n == 0);
	buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);
	struct arena arena = ARENA_INIT;

	if (size > 0) {
		parse(&arena, text);
		quote(&arena, text);
	}
	arena_free(&arena);
	return 0;
}
