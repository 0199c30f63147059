/*
 * slice.h - a borrowed run of bytes
 *
 * A slice owns nothing and ends where its length says: it may hold zero bytes
 * and has none behind it.  An absent slice has p == NULL; an empty one has not.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
#define SLICE_NONE     ((struct slice){ NULL, 0 })

/* How many elements a real array has (not a pointer). */
#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* For printf: printf("%.*s", SLICE_ARGS(s)). */
#define SLICE_ARGS(s) (int)(s).n, (s).p

static inline struct slice
slice_of(const char *p, size_t n)
{
	return (struct slice){ p, n };
}

/* The bytes of a C string; NULL gives an absent slice. */
static inline struct slice
slice_str(const char *s)
{
	return (struct slice){ s, s == NULL ? 0 : strlen(s) };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	/* Names mostly differ in their length or their first byte. */
	return a.n == b.n && (a.n == 0 ||
	    (a.p[0] == b.p[0] && memcmp(a.p, b.p, a.n) == 0));
}

static inline bool
slice_is(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

static inline struct slice
slice_skip(struct slice s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return n == 0 ? s : (struct slice){ s.p + n, s.n - n };
}

static inline struct slice
slice_head(struct slice s, size_t n)
{
	return (struct slice){ s.p, n < s.n ? n : s.n };
}

bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);

/* As slice_eq, without regard to the case of ASCII letters (HTTP names). */
bool slice_eq_nocase(struct slice a, struct slice b);

/* Index of the first c, or s.n. */
size_t slice_find(struct slice s, char c);

/* Cuts the head off *rest up to sep and takes sep away too.  The last piece
 * leaves *rest absent (p == NULL); false when *rest was absent already. */
bool slice_cut(struct slice *rest, char sep, struct slice *head_r);

/* Without blanks and tabs at either end. */
struct slice slice_trim(struct slice s);

/* A decimal number that fills the whole slice.  RC is bool: false when it is
 * empty, has another character, or does not fit. */
bool slice_int64(struct slice s, int64_t *v_r);

/* The order of memcmp, the shorter first. */
int slice_cmp(struct slice a, struct slice b);

#endif
