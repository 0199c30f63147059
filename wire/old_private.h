/*
 * old_private.h - what the codecs before 1.0 share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_OLD_PRIVATE_H
#define WIRE_OLD_PRIVATE_H

#include <stdbool.h>

#include "base/slice.h"

struct arena;

/* The bytes of so many UTF-16 units, or all there are.  Half a character is
 * taken as a whole one; what is no text has some length or other. */
size_t old_units(struct slice s, size_t units);

/* ["NAME",VALUES]: the name is quoted already, values are what stands in an array
 * (perhaps nothing). */
struct slice old_event(struct arena *arena, struct slice name,
    struct slice values);
/* The same with one text, which is not quoted. */
struct slice old_text_event(struct arena *arena, struct slice name,
    struct slice text);
/* Text without the JSON blanks at either end. */
struct slice old_trim(struct slice text);
/* What stands between the brackets of an array. */
struct slice old_inside(struct slice array);
/* What stands behind an array's first element, up to and with the bracket; nothing
 * if that was the only one. */
struct slice old_behind(struct slice array, struct slice first);

/* Whether a text is {"name":NAME,"args":ARRAY} to the letter, as JSON.stringify()
 * writes an event, and valid; then one look at it is enough.  id_r, if wanted: digits
 * of an "id" behind them, absent if there is none.  False: it may be anything. */
bool old_event_cut(struct slice text, unsigned max_depth, struct slice *name_r,
    struct slice *args_r, struct slice *id_r);

/* Names (JSON strings) that mean something to the libraries themselves. */
bool old_is_reserved(struct slice name);

#endif
