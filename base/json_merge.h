/*
 * json_merge.h - a change to a JSON value that others may change, too
 *
 * Whoever reads a list, adds to it and writes it back loses what came between.
 * So the change is said, and made where the value is.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_JSON_MERGE_H
#define BASE_JSON_MERGE_H

#include <stdbool.h>

#include "base/rc.h"
#include "base/slice.h"

struct buf;

enum json_merge {
	MERGE_SET,              /* it is arg now */
	MERGE_APPEND,           /* arg at the end of a list */
	MERGE_REMOVE,           /* the first element that equals arg goes */
	MERGE_PUT,              /* the members of arg, an object, into an object */
	MERGE_DROP,             /* the members that arg, a list of names, names go */
	MERGE_ADD               /* arg to a number */
};

/*
 * Appends what becomes of old (absent: nothing was there, which counts as an
 * empty list, an empty object or 0).  Both are checked JSON.  RC_BAD_INPUT: old
 * or arg is of another kind; nothing was appended.
 */
enum rc json_merge(struct buf *out, struct slice old, enum json_merge how,
    struct slice arg);

/* Whether two checked values mean the same; the order of members is nothing. */
bool json_equal(struct slice a, struct slice b);

#endif
