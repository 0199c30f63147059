/*
 * scan.c - one look at a packet's JSON tells all that a codec must know
 *
 * Arguments pass through the gateway as bytes, so the text is looked at once,
 * on the way in: grammar (RFC 8259), UTF-8, depth, the first element, and the
 * placeholders of attachments, all in the same pass, without a tree and without
 * a copy.  json_check() of the base floor would need a second pass for the rest.
 *
 * A placeholder is an object in which "_placeholder" is true; its "num" must
 * then be a whole number below the number of attachments.  As in JSON.parse the
 * last of two equal keys counts, and a key may be written with escapes: a
 * receiver in JavaScript would find those too and throw away its connection.
 *
 * Must stay true: what scan_json() lets pass, JSON.parse lets pass, and no
 * client of a binary packet finds a placeholder without an attachment.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/utf8.h"
#include "wire/scan_private.h"

#define ONES  0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

struct scanner {
	const char *p, *end;
	unsigned depth, max_depth;
	unsigned attachments;
	struct slice first;
};

/* What an object has said so far about being a placeholder. */
struct claim {
	bool is_placeholder, has_num;
};

static bool scan_value(struct scanner *s);

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool
is_hex(char c)
{
	return scan_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

struct slice
scan_trim(struct slice text)
{
	while (text.n > 0 && is_blank(text.p[text.n - 1]))
		text.n--;
	return text;
}

static void
skip_blanks(struct scanner *s)
{
	while (s->p < s->end && is_blank(*s->p))
		s->p++;
}

static bool
skip_char(struct scanner *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

/* At least one digit. */
static bool
skip_digits(struct scanner *s)
{
	const char *start = s->p;

	while (s->p < s->end && scan_is_digit(*s->p))
		s->p++;
	return s->p > start;
}

static bool
is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* ASCII that means itself, eight bytes at a time while that goes.  The lowest bit
 * of what is found is right; a borrow can only set those above it. */
static void
skip_plain(struct scanner *s)
{
	uint64_t x, quote, slash, found;

	while (s->end - s->p >= 8) {
		memcpy(&x, s->p, 8);
		quote = x ^ ONES * '"';
		slash = x ^ ONES * '\\';
		found = (((x - ONES * 0x20) & ~x) | ((quote - ONES) & ~quote) |
		    ((slash - ONES) & ~slash) | x) & HIGHS;
		if (found != 0) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			s->p += __builtin_ctzll(found) / 8;
			return;
#else
			break;
#endif
		}
		s->p += 8;
	}
	while (s->p < s->end && is_plain(*s->p))
		s->p++;
}

/* Behind the backslash. */
static bool
skip_escape(struct scanner *s)
{
	int i;

	if (s->p == s->end)
		return false;
	switch (*s->p++) {
	case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r':
	case 't':
		return true;
	case 'u':
		if (s->end - s->p < 4)
			return false;
		for (i = 0; i < 4; i++) {
			if (!is_hex(*s->p++))
				return false;
		}
		return true;            /* a lone surrogate is JSON, too */
	default:
		return false;
	}
}

static bool
skip_beyond_ascii(struct scanner *s)
{
	size_t n = utf8_wide(slice_of(s->p, (size_t)(s->end - s->p)));

	s->p += n;
	return n > 0;
}

static bool
scan_string(struct scanner *s)
{
	unsigned char c;

	s->p++;
	for (;;) {
		skip_plain(s);
		if (s->p == s->end)
			return false;
		c = (unsigned char)*s->p;
		if (c >= 0x80) {
			if (!skip_beyond_ascii(s))
				return false;
			continue;
		}
		if (c < 0x20)
			return false;
		s->p++;
		if (c == '"')
			return true;
		if (c == '\\' && !skip_escape(s))
			return false;
	}
}

static bool
scan_number(struct scanner *s)
{
	skip_char(s, '-');
	if (!skip_char(s, '0') && !skip_digits(s))
		return false;
	if (skip_char(s, '.') && !skip_digits(s))
		return false;
	if (skip_char(s, 'e') || skip_char(s, 'E')) {
		if (!skip_char(s, '+'))
			skip_char(s, '-');
		return skip_digits(s);
	}
	return true;
}

static bool
scan_word(struct scanner *s, struct slice word)
{
	if ((size_t)(s->end - s->p) < word.n || memcmp(s->p, word.p, word.n) != 0)
		return false;
	s->p += word.n;
	return true;
}

/* Behind a value: whether another follows.  *ok_r: comma or the closing one. */
static bool
scan_more(struct scanner *s, char closing, bool *ok_r)
{
	skip_blanks(s);
	if (skip_char(s, ',')) {
		skip_blanks(s);
		*ok_r = true;
		return true;
	}
	*ok_r = skip_char(s, closing);
	return false;
}

static bool
scan_array(struct scanner *s)
{
	const char *start;
	bool ok;

	s->p++;
	skip_blanks(s);
	if (skip_char(s, ']'))
		return true;
	do {
		start = s->p;
		if (!scan_value(s))
			return false;
		if (s->depth == 1 && s->first.p == NULL)
			s->first = slice_of(start, (size_t)(s->p - start));
	} while (scan_more(s, ']', &ok));
	return ok;
}

static bool
key_is(struct slice key, struct slice name)
{
	struct slice content = slice_of(key.p + 1, key.n - 2);

	if (memchr(key.p, '\\', key.n) != NULL)
		return json_string_is(key, name);
	return slice_eq(content, name);
}

/* Digits only: 0.0 and 1e0 are numbers, too, but nobody writes them here. */
static bool
num_is_below(struct slice value, unsigned attachments)
{
	int64_t num;

	return scan_is_digit(value.p[0]) && slice_int64(value, &num) &&
	    num < (int64_t)attachments;
}

static void
claim_note(struct claim *claim, struct slice key, struct slice value,
    unsigned attachments)
{
	if (key_is(key, SLICE("_placeholder")))
		claim->is_placeholder = slice_is(value, "true");
	else if (key_is(key, SLICE("num")))
		claim->has_num = num_is_below(value, attachments);
}

static bool
scan_member(struct scanner *s, struct claim *claim)
{
	const char *key = s->p, *value;
	size_t n;

	if (s->p == s->end || *s->p != '"' || !scan_string(s))
		return false;
	n = (size_t)(s->p - key);
	skip_blanks(s);
	if (!skip_char(s, ':'))
		return false;
	skip_blanks(s);
	value = s->p;
	if (!scan_value(s))
		return false;
	if (s->attachments > 0)
		claim_note(claim, slice_of(key, n),
		    slice_of(value, (size_t)(s->p - value)), s->attachments);
	return true;
}

static bool
scan_object(struct scanner *s)
{
	struct claim claim = { false, false };
	bool ok;

	s->p++;
	skip_blanks(s);
	if (skip_char(s, '}'))
		return true;
	do {
		if (!scan_member(s, &claim))
			return false;
	} while (scan_more(s, '}', &ok));
	return ok && (!claim.is_placeholder || claim.has_num);
}

static bool
scan_nested(struct scanner *s, bool (*scan)(struct scanner *))
{
	bool ok;

	if (s->depth == s->max_depth)
		return false;
	s->depth++;
	ok = scan(s);
	s->depth--;
	return ok;
}

static bool
scan_value(struct scanner *s)
{
	if (s->p == s->end)
		return false;
	switch (*s->p) {
	case '"':
		return scan_string(s);
	case '[':
		return scan_nested(s, scan_array);
	case '{':
		return scan_nested(s, scan_object);
	case 't':
		return scan_word(s, SLICE("true"));
	case 'f':
		return scan_word(s, SLICE("false"));
	case 'n':
		return scan_word(s, SLICE("null"));
	default:
		return scan_number(s);
	}
}

bool
scan_json(struct slice text, unsigned max_depth, unsigned attachments,
    struct scan *scan_r)
{
	struct scanner s;

	*scan_r = (struct scan){ JSON_NONE, SLICE_NONE };
	if (text.n == 0)                /* and perhaps nothing to point at */
		return false;
	s = (struct scanner){ text.p, text.p + text.n, 0,
	    max_depth < SCAN_DEPTH ? max_depth : SCAN_DEPTH, attachments,
	    SLICE_NONE };
	if (!scan_value(&s) || s.p != s.end)
		return false;
	scan_r->kind = json_kind(text);
	scan_r->first = s.first;
	return true;
}
