/*
 * scan_private.h - one look at a packet's JSON tells all that a codec must know
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_SCAN_PRIVATE_H
#define WIRE_SCAN_PRIVATE_H

#include "base/json.h"
#include "base/slice.h"

struct scan {
	enum json_kind kind;    /* of the whole text */
	struct slice first;     /* first element of an array, raw; else absent */
};

/*
 * Reads text as one JSON value in valid UTF-8 with nothing around it, nested at
 * most max_depth deep (and never deeper than SCAN_DEPTH).  With attachments,
 * every placeholder in it must name one of them.  False: it is not so.
 */
#define SCAN_DEPTH 512
bool scan_json(struct slice text, unsigned max_depth, unsigned attachments,
    struct scan *scan_r);

/* Text without the JSON blanks at its end. */
struct slice scan_trim(struct slice text);

static inline bool
scan_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many digits stand at its start. */
static inline size_t
scan_digits(struct slice s)
{
	size_t n = 0;

	while (n < s.n && scan_is_digit(s.p[n]))
		n++;
	return n;
}

#endif
