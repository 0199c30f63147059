/*
 * json_merge.c - a change to a JSON value that others may change, too
 *
 * What is not touched stays the bytes that it was.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_merge.h"

/* ---- equality ---------------------------------------------------------------- */

static bool
strings_equal(struct slice a, struct slice b)
{
	struct buf text = BUF_INIT;
	bool equal;

	equal = json_unquote(&text, a) == RC_OK &&
	    json_string_is(b, buf_slice(&text));
	buf_free(&text);
	return equal;
}

static double
number_of(struct slice value)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(slice_head(value, 63)));
	return strtod(text, NULL);
}

static bool
numbers_equal(struct slice a, struct slice b)
{
	int64_t x, y;

	if (json_int(a, &x) && json_int(b, &y))
		return x == y;
	return slice_eq(slice_trim(a), slice_trim(b)) ||
	    (a.n < 18 && b.n < 18 && number_of(a) == number_of(b));
}

static bool
arrays_equal(struct slice a, struct slice b)
{
	struct slice x, y;
	bool more;

	json_open(&a);
	json_open(&b);
	while ((more = json_next(&a, &x)) == json_next(&b, &y))
		if (!more)
			return true;
		else if (!json_equal(x, y))
			return false;
	return false;
}

/* The member of that raw key; absent if there is none. */
static struct slice
member_of(struct slice object, struct slice key)
{
	struct slice name, value;

	json_open(&object);
	while (json_next_member(&object, &name, &value))
		if (strings_equal(name, key))
			return value;
	return SLICE_NONE;
}

static bool
objects_equal(struct slice a, struct slice b)
{
	struct slice rest = a, key, value, other;
	size_t n = 0;

	json_open(&rest);
	for (; json_next_member(&rest, &key, &value); n++)
		if ((other = member_of(b, key)).p == NULL ||
		    !json_equal(value, other))
			return false;
	rest = b;
	json_open(&rest);
	while (json_next_member(&rest, &key, &value))
		n--;
	return n == 0;
}

bool
json_equal(struct slice a, struct slice b)
{
	enum json_kind kind = json_kind(a);

	if (kind != json_kind(b))
		return false;
	switch (kind) {
	case JSON_STRING:
		return strings_equal(a, b);
	case JSON_NUMBER:
		return numbers_equal(a, b);
	case JSON_ARRAY:
		return arrays_equal(a, b);
	case JSON_OBJECT:
		return objects_equal(a, b);
	default:
		return true;
	}
}

/* ---- changes ------------------------------------------------------------------- */

static void
item_add(struct buf *out, size_t start, struct slice item)
{
	if (out->n > start + 1)
		buf_char(out, ',');
	buf_add(out, item);
}

static void
member_add(struct buf *out, size_t start, struct slice key, struct slice value)
{
	item_add(out, start, key);
	buf_char(out, ':');
	buf_add(out, value);
}

static void
append(struct buf *out, struct slice old, struct slice arg)
{
	size_t start = out->n;
	struct slice item;

	buf_char(out, '[');
	json_open(&old);
	while (json_next(&old, &item))
		item_add(out, start, item);
	item_add(out, start, slice_trim(arg));
	buf_char(out, ']');
}

static void
remove_first(struct buf *out, struct slice old, struct slice arg)
{
	size_t start = out->n;
	struct slice item;
	bool done = false;

	buf_char(out, '[');
	json_open(&old);
	while (json_next(&old, &item))
		if (!done && json_equal(item, arg))
			done = true;
		else
			item_add(out, start, item);
	buf_char(out, ']');
}

static void
put(struct buf *out, struct slice old, struct slice arg)
{
	struct slice rest = old, key, value, newer;
	size_t start = out->n;

	buf_char(out, '{');
	json_open(&rest);
	while (json_next_member(&rest, &key, &value)) {
		newer = member_of(arg, key);
		member_add(out, start, key, newer.p != NULL ? newer : value);
	}
	json_open(&arg);
	while (json_next_member(&arg, &key, &value))
		if (member_of(old, key).p == NULL)
			member_add(out, start, key, value);
	buf_char(out, '}');
}

static bool
is_named(struct slice names, struct slice key)
{
	struct slice name;

	json_open(&names);
	while (json_next(&names, &name))
		if (json_equal(name, key))
			return true;
	return false;
}

static void
drop(struct buf *out, struct slice old, struct slice arg)
{
	size_t start = out->n;
	struct slice key, value;

	buf_char(out, '{');
	json_open(&old);
	while (json_next_member(&old, &key, &value))
		if (!is_named(arg, key))
			member_add(out, start, key, value);
	buf_char(out, '}');
}

static enum rc
add(struct buf *out, struct slice old, struct slice arg)
{
	int64_t a, b;
	double sum;

	if (json_int(old, &a) && json_int(arg, &b)) {
		buf_int(out, a + b);
		return RC_OK;
	}
	sum = number_of(old) + number_of(arg);
	if (!isfinite(sum))
		return RC_BAD_INPUT;
	buf_printf(out, "%.17g", sum);
	return RC_OK;
}

static const struct {
	enum json_kind old, arg;        /* JSON_NONE: any */
	const char *empty;
} kinds[] = {
	[MERGE_SET] = { JSON_NONE, JSON_NONE, "null" },
	[MERGE_APPEND] = { JSON_ARRAY, JSON_NONE, "[]" },
	[MERGE_REMOVE] = { JSON_ARRAY, JSON_NONE, "[]" },
	[MERGE_PUT] = { JSON_OBJECT, JSON_OBJECT, "{}" },
	[MERGE_DROP] = { JSON_OBJECT, JSON_ARRAY, "{}" },
	[MERGE_ADD] = { JSON_NUMBER, JSON_NUMBER, "0" },
};

enum rc
json_merge(struct buf *out, struct slice old, enum json_merge how,
    struct slice arg)
{
	if (old.p == NULL || json_kind(old) == JSON_NULL)
		old = slice_str(kinds[how].empty);
	if ((kinds[how].old != JSON_NONE && json_kind(old) != kinds[how].old) ||
	    (kinds[how].arg != JSON_NONE && json_kind(arg) != kinds[how].arg))
		return RC_BAD_INPUT;
	switch (how) {
	case MERGE_SET:
		buf_add(out, slice_trim(arg));
		break;
	case MERGE_APPEND:
		append(out, old, arg);
		break;
	case MERGE_REMOVE:
		remove_first(out, old, arg);
		break;
	case MERGE_PUT:
		put(out, old, arg);
		break;
	case MERGE_DROP:
		drop(out, old, arg);
		break;
	case MERGE_ADD:
		return add(out, old, arg);
	}
	return RC_OK;
}
