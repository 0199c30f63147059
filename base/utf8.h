/*
 * utf8.h - is it text, and how long is it for JavaScript
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/slice.h"

struct buf;

/* Well formed as RFC 3629 says: no overlong form, no surrogate, nothing past
 * U+10FFFF. */
bool utf8_valid(struct slice s);

/* Length in UTF-16 code units, what JavaScript's .length says.  s is valid. */
size_t utf8_units(struct slice s);

/* The bytes of so many UTF-16 units at its start; *units: how many of them are
 * missing (one, if it would be half a character).  Of what is not well formed it
 * is some length or other. */
size_t utf8_cut(struct slice s, size_t *units);

/* How many bytes at its start are ASCII. */
size_t utf8_ascii(struct slice s);

/* The bytes (1..4) of the first character; 0 when it is not well formed or
 * there is none. */
size_t utf8_head(struct slice s);

/* The bytes at its start up to the next ASCII; 0 when one of these characters is
 * not well formed, or there is none. */
size_t utf8_wide(struct slice s);

/* Takes the first character of *rest; -1 (and one byte taken) when it is not
 * well formed, -2 at the end. */
int32_t utf8_next(struct slice *rest);

/*
 * Text that comes in pieces, cut anywhere.  *state is 0 at first.  False as soon
 * as nothing that could still follow would make it well formed; *state is then
 * of no more use.  Text that is complete leaves *state at 0.
 */
bool utf8_feed(uint32_t *state, struct slice piece);

/* Appends s with U+FFFD for each sequence that is not well formed: as much of a
 * character as there is counts as one, as WHATWG's decoders (and Node's) do. */
void utf8_mend(struct buf *out, struct slice s);

/* Writes a character (up to U+10FFFF) and returns its 1..4 bytes. */
size_t utf8_put(char out[4], uint32_t c);

#endif
