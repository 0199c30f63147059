/*
 * json.c - JSON that stays bytes: the check and the walkers
 *
 * json_check() is the gate: what passed it is well formed, so everything else
 * here may look for the next interesting byte instead of parsing again.  Plain
 * characters of strings are skipped eight at a time.
 *
 * Must stay true:
 *   - the walkers never leave the slice and always advance, also on text that
 *     was never checked
 *   - of two members with one name the last counts, as in JavaScript
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/json_private.h"
#include "base/utf8.h"

/* The check recurses, so whatever depth a caller allows, this is the end. */
enum { DEPTH_END = 1024 };

struct scan {
	const char *p, *end;
	unsigned depth_left;
	enum rc rc;             /* why it failed */
};

static inline void
skip_blanks(struct scan *s)
{
	while (s->p < s->end &&
	    (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r'))
		s->p++;
}

static inline bool
take(struct scan *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static bool
take_digits(struct scan *s)
{
	const char *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > from;
}

static bool
check_number(struct scan *s)
{
	take(s, '-');
	if (!take(s, '0') && !take_digits(s))
		return false;
	if (take(s, '.') && !take_digits(s))
		return false;
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '+'))
			take(s, '-');
		return take_digits(s);
	}
	return true;
}

static bool
check_word(struct scan *s, struct slice word)
{
	if (!slice_starts(slice_of(s->p, (size_t)(s->end - s->p)), word))
		return false;
	s->p += word.n;
	return true;
}

/* s->p stands behind the backslash. */
static bool
check_escape(struct scan *s)
{
	if (s->p == s->end)
		return false;
	if (*s->p == 'u') {
		if (json_hex4(s->p + 1, s->end) < 0)
			return false;
		s->p += 5;
		return true;
	}
	if (*s->p == '\0' || strchr("\"\\/bfnrt", *s->p) == NULL)
		return false;
	s->p++;
	return true;
}

static bool
check_string(struct scan *s)
{
	size_t n;

	if (!take(s, '"'))
		return false;
	for (;;) {
		s->p = json_plain_end(s->p, s->end);
		if (s->p == s->end)
			return false;
		if (*s->p == '"') {
			s->p++;
			return true;
		}
		if (*s->p == '\\') {
			s->p++;
			if (!check_escape(s))
				return false;
		} else {
			if ((unsigned char)*s->p < 0x20)
				return false;
			n = utf8_head(slice_of(s->p, (size_t)(s->end - s->p)));
			if (n == 0)
				return false;
			s->p += n;
		}
	}
}

static bool check_value(struct scan *s);

static bool
check_member(struct scan *s)
{
	skip_blanks(s);
	if (!check_string(s))
		return false;
	skip_blanks(s);
	return take(s, ':') && check_value(s);
}

/* The inside and the end of an array or object; s->p stands behind its start. */
static bool
check_inside(struct scan *s, char close, bool (*check_item)(struct scan *s))
{
	if (s->depth_left == 0) {
		s->rc = RC_TOO_BIG;
		return false;
	}
	s->depth_left--;
	skip_blanks(s);
	if (!take(s, close)) {
		do {
			if (!check_item(s))
				return false;
			skip_blanks(s);
		} while (take(s, ','));
		if (!take(s, close))
			return false;
	}
	s->depth_left++;
	return true;
}

static bool
check_value(struct scan *s)
{
	skip_blanks(s);
	if (s->p == s->end)
		return false;
	switch (*s->p) {
	case '"':
		return check_string(s);
	case '[':
		s->p++;
		return check_inside(s, ']', check_value);
	case '{':
		s->p++;
		return check_inside(s, '}', check_member);
	case 't':
		return check_word(s, SLICE("true"));
	case 'f':
		return check_word(s, SLICE("false"));
	case 'n':
		return check_word(s, SLICE("null"));
	default:
		return check_number(s);
	}
}

enum rc
json_check(struct slice text, unsigned max_depth)
{
	struct scan s = {
		text.p, text.n == 0 ? text.p : text.p + text.n,
		max_depth < DEPTH_END ? max_depth : DEPTH_END, RC_BAD_INPUT
	};

	if (!check_value(&s))
		return s.rc;
	skip_blanks(&s);
	return s.p == s.end ? RC_OK : RC_BAD_INPUT;
}

static struct slice
without_blanks(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = slice_skip(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

enum json_kind
json_kind(struct slice value)
{
	value = without_blanks(value);
	if (value.n == 0)
		return JSON_NONE;
	switch (value.p[0]) {
	case 'n':
		return JSON_NULL;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	case '"':
		return JSON_STRING;
	case '[':
		return JSON_ARRAY;
	case '{':
		return JSON_OBJECT;
	case '-':
	case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return JSON_NUMBER;
	default:
		return JSON_NONE;
	}
}

/* Past the string that starts at p. */
static const char *
string_end(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		p = json_plain_end(p, end);
		if (p == end)
			return end;
		if (*p == '"')
			return p + 1;
		if (*p == '\\' && p + 1 < end)
			p++;
	}
	return end;
}

/* Past the array or object that starts at p; braces need not be told apart,
 * since the text was checked. */
static const char *
nest_end(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		switch (*p) {
		case '"':
			p = string_end(p, end);
			continue;
		case '[':
		case '{':
			depth++;
			break;
		case ']':
		case '}':
			if (--depth == 0)
				return p + 1;
			break;
		}
		p++;
	}
	return end;
}

static const char *
word_end(const char *p, const char *end)
{
	for (p++; p < end; p++)
		if (*p == ',' || *p == ']' || *p == '}' || *p == ':' || is_blank(*p))
			break;
	return p;
}

/* Cuts the value (one byte at least) that *rest starts with. */
static struct slice
value_cut(struct slice *rest)
{
	const char *p = rest->p, *end = p + rest->n, *to;

	switch (*p) {
	case '"':
		to = string_end(p, end);
		break;
	case '[':
	case '{':
		to = nest_end(p, end);
		break;
	default:
		to = word_end(p, end);
		break;
	}
	*rest = slice_of(to, (size_t)(end - to));
	return slice_of(p, (size_t)(to - p));
}

static void
skip_between(struct slice *rest, char sep)
{
	while (rest->n > 0 && (rest->p[0] == sep || is_blank(rest->p[0]))) {
		rest->p++;
		rest->n--;
	}
}

void
json_open(struct slice *rest)
{
	skip_between(rest, ' ');
	*rest = slice_skip(*rest, 1);
}

bool
json_next(struct slice *rest, struct slice *item_r)
{
	*item_r = SLICE_NONE;
	skip_between(rest, ',');
	if (rest->n == 0 || rest->p[0] == ']' || rest->p[0] == '}')
		return false;
	*item_r = value_cut(rest);
	return true;
}

bool
json_next_member(struct slice *rest, struct slice *key_r, struct slice *value_r)
{
	*value_r = SLICE_NONE;
	if (!json_next(rest, key_r))
		return false;
	skip_between(rest, ':');
	if (rest->n == 0)
		return false;
	*value_r = value_cut(rest);
	return true;
}

struct slice
json_member(struct slice object, const char *name)
{
	struct slice rest = object, key, value, found = SLICE_NONE;

	if (json_kind(object) != JSON_OBJECT)
		return found;
	json_open(&rest);
	while (json_next_member(&rest, &key, &value))
		if (json_string_is(key, slice_str(name)))
			found = value;
	return found;
}

/* 1.0 and 1e3 are whole numbers too, since JavaScript cannot tell them apart. */
bool
json_int(struct slice value, int64_t *v_r)
{
	const int64_t most = INT64_C(1) << 53;
	char text[64], *end;
	double d;

	*v_r = 0;
	value = without_blanks(value);
	if (json_kind(value) != JSON_NUMBER)
		return false;
	if (slice_int64(value, v_r)) {
		if (*v_r >= -most && *v_r <= most)
			return true;
		*v_r = 0;
		return false;
	}
	if (value.n >= sizeof(text))
		return false;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	d = strtod(text, &end);
	if (*end != '\0' || !(d >= -(double)most && d <= (double)most) ||
	    d != (double)(int64_t)d)
		return false;
	*v_r = (int64_t)d;
	return true;
}
