/*
 * pattern.c - matching with '*', in linear memory and without recursion
 *
 * When the rest of the name does not fit, the last '*' takes one character more
 * and matching starts behind it: names and patterns are short, and no pattern
 * can make it exponential.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "handlers/pattern.h"

bool
pattern_matches(struct slice pattern, struct slice name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, taken = 0;

	while (n < name.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			taken = n;
		} else if (p < pattern.n && pattern.p[p] == name.p[n]) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++taken;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

bool
pattern_list_matches(const char *patterns, struct slice name)
{
	struct slice rest = slice_str(patterns), pattern;

	while (slice_cut(&rest, ' ', &pattern)) {
		pattern = slice_trim(pattern);
		if (pattern.n > 0 && pattern_matches(pattern, name))
			return true;
	}
	return false;
}

bool
event_is_reserved(struct slice name)
{
	static const char *const names[] = { "connect", "connect_error", "disconnect",
	    "disconnecting", "newListener", "removeListener" };
	size_t i;

	for (i = 0; i < N_ELEMENTS(names); i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}
