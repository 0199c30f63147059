/*
 * out.h - what waits to be written to a connection: places in shared memory
 *
 * Bytes that leave are written once into a chunk and queued as places in it, by
 * as many connections as shall have them.  Places that follow each other become
 * one, so fifty records of a turn leave as one piece.  No I/O here.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_OUT_H
#define WS_OUT_H

#include "base/slice.h"

struct chunk {
	struct chunk *next;             /* of a spool's full ones */
	uint32_t refs;
	uint32_t n, cap;
	char bytes[];
};

/* A place; holds no reference of its own. */
struct span {
	struct chunk *chunk;
	uint32_t at, n;
};

/* Where the bytes of a turn go.  All zero at first. */
struct spool {
	struct chunk *chunk;            /* that is being filled */
	struct chunk *full;
};

/* Copies bytes in, one behind the other.  The span is good until spool_turn(),
 * longer only for who queues it. */
struct span spool_add(struct spool *spool, struct slice head, struct slice body);
/* The turn is over: what nobody waits for is used again. */
void spool_turn(struct spool *spool);
void spool_fini(struct spool *spool);

/* A connection's queue.  All zero at first; an empty one owns nothing. */
struct out {
	struct span first;              /* chunk NULL: empty */
	struct span *more;
	uint32_t at, n, cap;            /* of more: taken, used, room */
	size_t bytes;
};

void out_add(struct out *out, struct span span);
size_t out_count(const struct out *out);
struct slice out_get(const struct out *out, size_t i);
void out_sent(struct out *out, size_t n);
void out_fini(struct out *out);

/* Bytes of memory that this queue keeps from being freed, at most. */
size_t out_held(const struct out *out);

/* For a queue that is not taken at once: moves it to memory of its own where it
 * holds much more than it has to say. */
void out_settle(struct out *out);

#endif
