/*
 * mem.h - memory that is there, and arenas that end with a turn
 *
 * Out of memory ends the process.  That is a decision, not neglect: a process
 * owns nothing that the store does not hold, so its death costs the turn in
 * hand and nothing else, while a hundred untested error paths cost more.
 * Whatever a *client* can make large has a limit and is refused long before.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/slice.h"

/* Never NULL.  mem_alloc() gives zeroed memory; free() releases. */
void *mem_alloc(size_t n);
void *mem_resize(void *p, size_t n);
char *mem_strdup(const char *s);
char *mem_slicedup(struct slice s);             /* with a zero behind it */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * A shelf: pieces of one size of which each request takes one, dozens at a time.
 * malloc() keeps seven of a size at hand and takes five times as long for others.
 */
struct shelf {
	void *first;
	unsigned n;
};

void *shelf_take(struct shelf *shelf, size_t n);        /* zeroed; free() releases, too */
void shelf_put(struct shelf *shelf, void *p);           /* of the same size; not NULL */
void shelf_clear(struct shelf *shelf);

/* Gives the system back what is free, also what malloc() keeps for this thread's next
 * calls, and the pages of the programs' code, which come again from their files when
 * they are run.  It takes about 100 us: for a process that will stand about. */
void mem_give_back(void);

/*
 * An arena: many small things that are all freed together.  Growing never
 * moves what was given out.
 */
struct arena_block;
struct arena {
	struct arena_block *block;
};
#define ARENA_INIT { NULL }

void *arena_alloc(struct arena *a, size_t n);   /* zeroed, aligned for anything */
struct slice arena_dup(struct arena *a, struct slice s); /* absent stays absent */
char *arena_str(struct arena *a, struct slice s);        /* with a zero behind it */
struct slice arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* What was given out of `from` ends with `to` from now on; from is empty. */
void arena_move(struct arena *to, struct arena *from);
/* Forgets everything that was given out; keeps one block for the next use. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

#endif
