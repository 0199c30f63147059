/*
 * history.h - kept events, who is there, and what is asked, as JSON
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

/* Appends a JSON array of {"user","since"} (and "left") of those who are in the
 * room (empty: in the namespace), behind the name `after`, by name. */
enum rc presence_write(struct store *store, struct arena *arena, struct slice nsp,
    struct slice room, struct slice after, size_t limit, struct buf *out);

/* Appends {"here","since"}, and "seen" of one who left; or null. */
enum rc seen_write(struct store *store, struct arena *arena, struct slice nsp,
    struct slice room, struct slice user, struct buf *out);

/* Appends a JSON array of {"n","name","context","until","expected","answered",
 * "answers"}: acks that were asked for and have not all come, behind the number
 * `after`; name null: somebody waits for them.  *last_r: the last number; 0: there
 * are no more than these. */
enum rc questions_write(struct store *store, struct arena *arena, struct slice nsp,
    int64_t after, size_t limit, int64_t *last_r, struct buf *out);

#endif
