/*
 * history.h - kept events as JSON, for modules and relay rules
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_HISTORY_H
#define HANDLERS_HISTORY_H

#include "base/rc.h"
#include "base/slice.h"

struct arena;
struct buf;
struct store;

/* Appends a JSON array of {"seq","at","event","args"} of the room (empty: the
 * namespace), oldest first, the newest before `before` (0: of all), or with after > 0
 * the oldest after that, at most 1000.  Attachments are not in it. */
enum rc history_write(struct store *store, struct arena *arena, struct slice nsp,
    struct slice room, int64_t before, int64_t after, size_t count, struct buf *out);

#endif
