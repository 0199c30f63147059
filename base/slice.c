/*
 * slice.c - looking at borrowed bytes
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/slice.h"

bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_eq(slice_head(s, prefix.n), prefix);
}

bool
slice_ends(struct slice s, struct slice suffix)
{
	return s.n >= suffix.n &&
	    slice_eq(slice_skip(s, s.n - suffix.n), suffix);
}

static unsigned char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : (unsigned char)c;
}

bool
slice_eq_nocase(struct slice a, struct slice b)
{
	size_t i;

	if (a.n != b.n)
		return false;
	for (i = 0; i < a.n; i++)
		if (a.p[i] != b.p[i] && lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

size_t
slice_find(struct slice s, char c)
{
	const char *at = s.n == 0 ? NULL : memchr(s.p, c, s.n);

	return at == NULL ? s.n : (size_t)(at - s.p);
}

bool
slice_cut(struct slice *rest, char sep, struct slice *head_r)
{
	size_t at;

	*head_r = SLICE_NONE;
	if (rest->p == NULL)
		return false;
	at = slice_find(*rest, sep);
	*head_r = slice_head(*rest, at);
	*rest = at == rest->n ? SLICE_NONE : slice_skip(*rest, at + 1);
	return true;
}

struct slice
slice_trim(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_skip(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

bool
slice_int64(struct slice s, int64_t *v_r)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX, v = 0;
	size_t i;

	*v_r = 0;
	if (s.n == (size_t)negative)
		return false;
	for (i = negative; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - '0';

		if (digit > 9 || v > (limit - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*v_r = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return d != 0 ? d : (a.n > b.n) - (a.n < b.n);
}
