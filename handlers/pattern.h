/*
 * pattern.h - names with '*' in them ("/room-*", "news-*"), and names not to be had
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_PATTERN_H
#define HANDLERS_PATTERN_H

#include "base/slice.h"

/* '*' stands for any run of characters, also none; all else for itself. */
bool pattern_matches(struct slice pattern, struct slice name);

/* Whether one of the patterns (blanks between) does. */
bool pattern_list_matches(const char *patterns, struct slice name);

/* Whether clients keep the event's name for themselves (their emit would throw). */
bool event_is_reserved(struct slice name);

#endif
