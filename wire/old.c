/*
 * old.c - what the codecs before 1.0 share
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wire/old_private.h"
#include "wire/scan_private.h"

/* What the clients say to themselves. */
static const char *const reserved[] = {
	"connect", "connect_error", "disconnect", "disconnecting", "error",
	"newListener", "removeListener",
};

size_t
old_units(struct slice s, size_t units)
{
	size_t n = utf8_cut(s, &units), bytes;

	if (units == 0 || n == s.n)
		return n;
	bytes = utf8_head(slice_skip(s, n));    /* half of it is wanted */
	return n + (bytes == 0 ? 1 : bytes);
}

struct slice
old_event(struct arena *arena, struct slice name, struct slice values)
{
	char *p = arena_alloc(arena, name.n + values.n + 3), *q = p;

	*q++ = '[';
	memcpy(q, name.p, name.n);
	q += name.n;
	if (values.n > 0) {
		*q++ = ',';
		memcpy(q, values.p, values.n);
		q += values.n;
	}
	*q++ = ']';
	return slice_of(p, (size_t)(q - p));
}

struct slice
old_text_event(struct arena *arena, struct slice name, struct slice text)
{
	struct buf quoted = BUF_INIT;
	struct slice data;

	json_quote(&quoted, text);
	data = old_event(arena, name, buf_slice(&quoted));
	buf_free(&quoted);
	return data;
}

struct slice
old_trim(struct slice text)
{
	while (text.n > 0 && memchr(" \n\r\t", text.p[0], 4) != NULL)
		text = slice_skip(text, 1);
	return scan_trim(text);
}

struct slice
old_inside(struct slice array)
{
	struct slice s = slice_skip(scan_trim(array), 1);

	return old_trim(slice_head(s, s.n - 1));
}

struct slice
old_behind(struct slice array, struct slice first)
{
	struct slice s = slice_skip(array, (size_t)(first.p + first.n - array.p));

	while (s.n > 0 && s.p[0] != ',' && s.p[0] != ']')
		s = slice_skip(s, 1);
	return s.n > 0 && s.p[0] == ',' ? scan_trim(slice_skip(s, 1)) : SLICE("");
}

/* The digits of the `,"id":7` that text ends with, which are cut off it; absent: it
 * ends otherwise. */
static struct slice
id_cut(struct slice *text)
{
	const struct slice before = SLICE(",\"id\":");
	struct slice rest = *text, id;
	size_t n = 0;

	while (n < rest.n && rest.p[rest.n - 1 - n] >= '0' &&
	    rest.p[rest.n - 1 - n] <= '9')
		n++;
	id = slice_skip(rest, rest.n - n);
	rest = slice_head(rest, rest.n - n);
	if (n == 0 || !slice_ends(rest, before))
		return SLICE_NONE;
	*text = slice_head(rest, rest.n - before.n);
	return id;
}

/* A name with an escape may end at another quote than the first: not taken. */
bool
old_event_cut(struct slice text, unsigned max_depth, struct slice *name_r,
    struct slice *args_r, struct slice *id_r)
{
	const struct slice before = SLICE("{\"name\":"), between = SLICE(",\"args\":");
	struct slice name, args, id = SLICE_NONE;
	struct scan scan;

	if (max_depth == 0 || !slice_starts(text, before) || !slice_ends(text, SLICE("}")))
		return false;
	text = slice_head(slice_skip(text, before.n), text.n - before.n - 1);
	if (id_r != NULL)
		id = id_cut(&text);
	if (!slice_ends(text, SLICE("]")))
		return false;
	if (text.p[0] != '"')
		return false;
	name = slice_head(text, slice_find(slice_skip(text, 1), '"') + 2);
	args = slice_skip(text, name.n);
	if (!slice_starts(args, between))
		return false;
	args = slice_skip(args, between.n);
	/* An array up to the last bracket, so nothing stands behind it. */
	if (!scan_json(name, 0, 0, &scan) ||
	    !scan_json(args, max_depth - 1, 0, &scan) || scan.kind != JSON_ARRAY)
		return false;
	*name_r = name;
	*args_r = args;
	if (id_r != NULL)
		*id_r = id;
	return true;
}

bool
old_is_reserved(struct slice name)
{
	char first = name.n > 1 ? name.p[1] : '\0';
	size_t i;

	for (i = 0; i < N_ELEMENTS(reserved); i++)
		if ((reserved[i][0] == first || first == '\\') && json_string_is(name, slice_str(reserved[i])))
			return true;
	return false;
}
