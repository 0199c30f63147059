/*
 * json_alike.h - whether two JSON texts say the same
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_JSON_ALIKE_H
#define TESTS_JSON_ALIKE_H

#include "base/buf.h"
#include "base/json.h"

/* Strings may be escaped in another way; what they say is the same. */
static inline bool
json_alike(struct slice a, struct slice b)
{
	struct slice ka, kb, x, y;
	struct buf s = BUF_INIT;
	bool more, same;

	if (json_kind(a) != json_kind(b))
		return false;
	switch (json_kind(a)) {
	case JSON_STRING:
		json_unquote(&s, a);
		same = json_string_is(b, buf_slice(&s));
		buf_free(&s);
		return same;
	case JSON_ARRAY:
		json_open(&a);
		json_open(&b);
		while ((more = json_next(&a, &x)))
			if (!json_next(&b, &y) || !json_alike(x, y))
				return false;
		return !json_next(&b, &y);
	case JSON_OBJECT:
		json_open(&a);
		json_open(&b);
		while ((more = json_next_member(&a, &ka, &x)))
			if (!json_next_member(&b, &kb, &y) || !json_alike(ka, kb) ||
			    !json_alike(x, y))
				return false;
		return !json_next_member(&b, &kb, &y);
	default:
		return slice_eq(a, b);
	}
}

#endif
