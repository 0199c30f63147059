/*
 * form.c - text as forms and queries carry it
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "wire/form_private.h"

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char
form_char(struct slice *text)
{
	char c = text->p[0];

	if (c == '%' && text->n >= 3 && hex_value(text->p[1]) >= 0 &&
	    hex_value(text->p[2]) >= 0) {
		c = (char)(hex_value(text->p[1]) << 4 | hex_value(text->p[2]));
		*text = slice_skip(*text, 3);
		return c;
	}
	*text = slice_skip(*text, 1);
	return c == '+' ? ' ' : c;
}

void
form_decode(struct buf *out, struct slice text)
{
	const char *p = text.p, *end;
	struct slice rest;
	char *q;

	if (text.n == 0)
		return;
	buf_reserve(out, text.n);
	end = p + text.n;
	for (q = out->p + out->n; p < end; ) {
		if (*p != '%' && *p != '+') {
			*q++ = *p++;
			continue;
		}
		rest = slice_of(p, (size_t)(end - p));
		*q++ = form_char(&rest);
		p = rest.p;
	}
	out->n = (size_t)(q - out->p);
}

/* Writes the text, decoded, as a JSON string. */
static void
string_write(struct buf *out, struct buf *scratch, struct slice text)
{
	buf_reset(scratch);
	form_decode(scratch, text);
	json_quote(out, buf_slice(scratch));
}

static bool
is_first(struct slice query, const char *end, struct slice name)
{
	struct slice field;

	while (slice_cut(&query, '&', &field) && field.p < end)
		if (slice_eq(slice_head(field, slice_find(field, '=')), name))
			return false;
	return true;
}

struct slice
form_object(struct slice query, struct arena *arena)
{
	struct slice rest = query, field, name, object;
	struct buf out = BUF_INIT, scratch = BUF_INIT;

	buf_char(&out, '{');
	while (slice_cut(&rest, '&', &field)) {
		name = slice_head(field, slice_find(field, '='));
		if (name.n == 0 || !is_first(query, field.p, name))
			continue;
		if (out.n > 1)
			buf_char(&out, ',');
		string_write(&out, &scratch, name);
		buf_char(&out, ':');
		string_write(&out, &scratch, slice_skip(field, name.n + 1));
	}
	buf_char(&out, '}');
	object = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	buf_free(&scratch);
	return object;
}
