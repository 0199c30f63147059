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
	size_t ascii = utf8_ascii(slice_head(s, units)), n = ascii, bytes;

	for (units -= ascii; units > 0 && n < s.n; n += bytes) {
		bytes = utf8_head(slice_skip(s, n));
		if (bytes == 0)
			bytes = 1;
		units -= bytes == 4 && units > 1 ? 2 : 1;
	}
	return n;
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
old_inside(struct slice array)
{
	struct slice s = slice_skip(scan_trim(array), 1);
	size_t n = 0;

	s = scan_trim(slice_head(s, s.n - 1));
	while (n < s.n && strchr(" \n\r\t", s.p[n]) != NULL)
		n++;
	return slice_skip(s, n);
}

bool
old_is_reserved(struct slice name)
{
	size_t i;

	for (i = 0; i < N_ELEMENTS(reserved); i++)
		if (json_string_is(name, slice_str(reserved[i])))
			return true;
	return false;
}
