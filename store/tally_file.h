/*
 * tally_file.h - the file `tallies` of a store, in memory
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STORE_TALLY_FILE_H
#define STORE_TALLY_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "store/tally.h"

enum { TALLY_FILE_BYTES = 4096 };

struct tallies {
	uint64_t *map;                  /* NULL: not needed yet */
	int fd;
	bool read_only;
};

/* TALLY__COUNT counters, for now; NULL: there is no file, no room for one, or one
 * that is not ours. */
uint64_t *tallies_counters(struct tallies *t, int dir, uid_t owner);
void tallies_fini(struct tallies *t);

#endif
