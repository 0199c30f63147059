/*
 * json.h - JSON that stays bytes
 *
 * Events pass through the gateway; their numbers must come out as they went in
 * (a parser with doubles would change 12345678901234567890).  So arguments are
 * walked as slices of the original text.  Whoever needs a tree uses cJSON.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/rc.h"
#include "base/slice.h"

struct arena;
struct buf;

enum json_kind {
	JSON_NONE,      /* not JSON */
	JSON_NULL, JSON_TRUE, JSON_FALSE, JSON_NUMBER, JSON_STRING, JSON_ARRAY,
	JSON_OBJECT
};

/* One whole value (RFC 8259) in valid UTF-8, nested at most max_depth deep,
 * with nothing but blanks around it.  RC_BAD_INPUT, RC_TOO_BIG (depth). */
enum rc json_check(struct slice text, unsigned max_depth);

/*
 * The walkers below take text that json_check() has passed; on other text they
 * stay inside the slice, but what they return means nothing.
 */
enum json_kind json_kind(struct slice value);

/* Walk an array or object: start with *rest = the value with its brackets.
 *   struct slice rest = value, item;
 *   json_open(&rest);
 *   while (json_next(&rest, &item)) ...
 *   while (json_next_member(&rest, &key, &item)) ...   key is raw, with quotes */
void json_open(struct slice *rest);
bool json_next(struct slice *rest, struct slice *item_r);
bool json_next_member(struct slice *rest, struct slice *key_r,
    struct slice *value_r);

/* The member of that name of an object, absent if there is none. */
struct slice json_member(struct slice object, const char *name);

/* A string's content, unescaped, as UTF-8; a lone surrogate becomes U+FFFD.
 * RC_BAD_INPUT when the value is not a string. */
enum rc json_unquote(struct buf *out, struct slice value);

/* The same in the arena: absent when the value is absent or not a string. */
struct slice json_text(struct arena *arena, struct slice value);

/* Whether a JSON string has just this content (escapes considered). */
bool json_string_is(struct slice value, struct slice content);

/* Integers only; false when it is no number or no whole one within +-2^53. */
bool json_int(struct slice value, int64_t *v_r);

/* Writes content as a JSON string.  Invalid UTF-8 becomes U+FFFD.  The control
 * characters, '"' and '\' are escaped. */
void json_quote(struct buf *out, struct slice content);

/* As json_quote, for a string that stands in a script: '/', U+2028 and U+2029
 * are escaped too (JSONP, edge case F4). */
void json_quote_script(struct buf *out, struct slice content);

/* The text again, every character beyond ASCII written as \uXXXX (EIO3). */
void json_ascii(struct buf *out, struct slice text);

#endif
