/*
 * turnlock.h - one turn at a time, and a fair chance for everybody
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STORE_TURNLOCK_H
#define STORE_TURNLOCK_H

#include <sys/types.h>

#include "base/rc.h"
#include "base/slice.h"

struct turnlock;

/* RC_IO: error_r (yours). */
enum rc turnlock_open(int dir, const char *path, uid_t owner,
    struct turnlock **l_r, char **error_r);
void turnlock_close(struct turnlock **l);

/* RC_AGAIN: not to be had in wait_ms. */
enum rc turnlock_take(struct turnlock *l, int64_t wait_ms);
void turnlock_drop(struct turnlock *l);

/* A number that all processes share, without meaning here: a hint (the size of
 * the WAL), as it was when the lock was taken.  Setting it to what it is costs
 * nothing. */
int64_t turnlock_note_get(const struct turnlock *l);
void turnlock_note_set(struct turnlock *l, int64_t note);

/* Whether another process came by with this at most every_ms ago; if not, it was
 * us, now.  Also a hint. */
bool turnlock_was_there(struct turnlock *l, int64_t now, int64_t every_ms);

/* The process that holds it or held it last, 0: unknown. */
long turnlock_holder(const struct turnlock *l);

#endif
