/*
 * json_string.c - the inside of JSON strings, both ways
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/json_private.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { REPLACEMENT = 0xfffd };

/* What stands between the quotes, or false. */
static bool
string_inside(struct slice value, struct slice *inside_r)
{
	while (value.n > 0 && is_blank(value.p[0]))
		value = slice_skip(value, 1);
	while (value.n > 0 && is_blank(value.p[value.n - 1]))
		value.n--;
	*inside_r = SLICE_NONE;
	if (value.n < 2 || value.p[0] != '"' || value.p[value.n - 1] != '"')
		return false;
	*inside_r = slice_of(value.p + 1, value.n - 2);
	return true;
}

/* The character of `uXXXX`, which *rest starts with, and of a second half. */
static uint32_t
unescape_unit(struct slice *rest)
{
	const char *end = rest->p + rest->n;
	int32_t first = json_hex4(rest->p + 1, end), second;

	*rest = slice_skip(*rest, 5);
	if (first < 0 || (first >= 0xdc00 && first <= 0xdfff))
		return REPLACEMENT;
	if (first < 0xd800 || first > 0xdfff)
		return (uint32_t)first;
	if (!slice_starts(*rest, SLICE("\\u")))
		return REPLACEMENT;
	second = json_hex4(rest->p + 2, end);
	if (second < 0xdc00 || second > 0xdfff)
		return REPLACEMENT;
	*rest = slice_skip(*rest, 6);
	return 0x10000 + (((uint32_t)first - 0xd800) << 10 | ((uint32_t)second - 0xdc00));
}

/* The character of the escape that *rest starts with, behind the backslash. */
static uint32_t
unescape(struct slice *rest)
{
	char c;

	if (rest->n == 0)
		return REPLACEMENT;
	c = rest->p[0];
	if (c == 'u')
		return unescape_unit(rest);
	*rest = slice_skip(*rest, 1);
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return (unsigned char)c;
	}
}

/* Cuts the next piece of the content: plain bytes of the text itself, or an
 * escape, whose character is put into space. */
static bool
content_next(struct slice *rest, char space[4], struct slice *piece_r)
{
	size_t n;

	if (rest->n == 0)
		return false;
	if ((n = slice_find(*rest, '\\')) > 0) {
		*piece_r = slice_head(*rest, n);
		*rest = slice_skip(*rest, n);
		return true;
	}
	*rest = slice_skip(*rest, 1);
	*piece_r = slice_of(space, utf8_put(space, unescape(rest)));
	return true;
}

enum rc
json_unquote(struct buf *out, struct slice value)
{
	struct slice rest, piece;
	char space[4];

	if (!string_inside(value, &rest))
		return RC_BAD_INPUT;
	buf_reserve(out, rest.n);
	while (content_next(&rest, space, &piece))
		buf_add(out, piece);
	return RC_OK;
}

struct slice
json_text(struct arena *arena, struct slice value)
{
	struct slice text = SLICE_NONE, inside;
	struct buf out = BUF_INIT;

	if (string_inside(value, &inside) && slice_find(inside, '\\') == inside.n)
		return arena_dup(arena, inside);        /* it is the text already */
	if (json_unquote(&out, value) == RC_OK)
		text = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return text;
}

bool
json_string_is(struct slice value, struct slice content)
{
	struct slice rest, piece;
	char space[4];

	/* Most are told apart by their first byte. */
	if (value.n > 1 && value.p[0] == '"' && value.p[1] != '\\' &&
	    content.n > 0 && value.p[1] != content.p[0])
		return false;
	if (!string_inside(value, &rest))
		return false;
	while (content_next(&rest, space, &piece)) {
		if (!slice_starts(content, piece))
			return false;
		content = slice_skip(content, piece.n);
	}
	return content.n == 0;
}

enum { UNIT_LEN = 6 };

static char *
unit_write(char *p, uint32_t unit)
{
	static const char hex[] = "0123456789abcdef";

	p[0] = '\\';
	p[1] = 'u';
	p[2] = hex[unit >> 12 & 15];
	p[3] = hex[unit >> 8 & 15];
	p[4] = hex[unit >> 4 & 15];
	p[5] = hex[unit & 15];
	return p + UNIT_LEN;
}

static void
put_unit(struct buf *out, uint32_t unit)
{
	char text[UNIT_LEN];

	unit_write(text, unit);
	buf_add(out, slice_of(text, sizeof(text)));
}

/* One character of ASCII that must not stand in a string as it is. */
static void
put_escape(struct buf *out, char c)
{
	static const char short_of[0x20] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
	};

	if ((unsigned char)c >= 0x20) {
		buf_char(out, '\\');
		buf_char(out, c);
	} else if (short_of[(unsigned char)c] != 0) {
		buf_char(out, '\\');
		buf_char(out, short_of[(unsigned char)c]);
	} else {
		put_unit(out, (unsigned char)c);
	}
}

/* Cuts a character beyond ASCII off *rest and writes it. */
static void
put_wide(struct buf *out, struct slice *rest, bool for_script)
{
	struct slice before = *rest;
	int32_t c = utf8_next(rest);

	if (c < 0)
		buf_add(out, SLICE("\xef\xbf\xbd"));
	else if (for_script && (c == 0x2028 || c == 0x2029))
		put_unit(out, (uint32_t)c);
	else
		buf_add(out, slice_head(before, before.n - rest->n));
}

/* Up to the first byte that is not plain (for scripts: nor a slash). */
static size_t
plain_length(struct slice s, bool for_script)
{
	size_t n = s.n == 0 ? 0 : (size_t)(json_plain_end(s.p, s.p + s.n) - s.p);

	return for_script ? slice_find(slice_head(s, n), '/') : n;
}

static void
quote(struct buf *out, struct slice rest, bool for_script)
{
	size_t n;

	buf_reserve(out, rest.n + 2);
	buf_char(out, '"');
	for (;;) {
		n = plain_length(rest, for_script);
		buf_add(out, slice_head(rest, n));
		rest = slice_skip(rest, n);
		if (rest.n == 0)
			break;
		if ((unsigned char)rest.p[0] >= 0x80) {
			put_wide(out, &rest, for_script);
		} else {
			put_escape(out, rest.p[0]);
			rest = slice_skip(rest, 1);
		}
	}
	buf_char(out, '"');
}

void
json_quote(struct buf *out, struct slice content)
{
	quote(out, content, false);
}

void
json_quote_script(struct buf *out, struct slice content)
{
	quote(out, content, true);
}

/* ASCII goes in runs; behind it a piece at a time, in which a byte becomes six at
 * most (what is no text, a unit for each). */
void
json_ascii(struct buf *out, struct slice text)
{
	enum { PIECE = 64, LAST = 4 };  /* a character may begin in its last byte */
	size_t n, stop;
	char *p;
	int32_t c;

	while (text.n > 0) {
		n = utf8_ascii(text);
		buf_add(out, slice_head(text, n));
		text = slice_skip(text, n);
		stop = text.n > PIECE ? text.n - PIECE : 0;
		buf_reserve(out, (PIECE + LAST) * UNIT_LEN);
		for (p = out->p + out->n; text.n > stop; ) {
			if ((unsigned char)text.p[0] < 0x80) {
				*p++ = text.p[0];
				text = slice_skip(text, 1);
				continue;
			}
			if ((c = utf8_next(&text)) < 0)
				c = REPLACEMENT;
			if (c >= 0x10000) {
				p = unit_write(p, 0xd800 + ((uint32_t)(c - 0x10000) >> 10));
				c = 0xdc00 + ((c - 0x10000) & 0x3ff);
			}
			p = unit_write(p, (uint32_t)c);
		}
		out->n = (size_t)(p - out->p);
	}
}
