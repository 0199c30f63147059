/*
 * word.c - the words of an option that is a list
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "http/gateway_private.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

bool
word_next(struct slice *rest, struct slice *word_r)
{
	size_t n;

	while (rest->n > 0 && is_blank(rest->p[0]))
		*rest = slice_skip(*rest, 1);
	for (n = 0; n < rest->n && !is_blank(rest->p[n]); n++)
		;
	*word_r = slice_head(*rest, n);
	*rest = slice_skip(*rest, n);
	return n > 0;
}

bool
word_has(const char *words, const char *word)
{
	struct slice rest = slice_str(words), each;

	while (word_next(&rest, &each))
		if (slice_is(each, word))
			return true;
	return false;
}
