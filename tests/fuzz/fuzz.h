/*
 * fuzz.h - what a fuzz target is made of
 *
 * A target (tests/fuzz/fuzz_NOUN.c) defines the three things below and nothing
 * else; run_corpus.c says how they are used.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"

/* One try.  Returns 0; what is wrong ends the process (FUZZ_MUST). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Good and nearly good input to start from; the last row is SLICE_NONE. */
extern const struct slice fuzz_seeds[];

/* Bytes that matter in this language, put in anywhere; ends with SLICE_NONE. */
extern const struct slice fuzz_words[];

/* As assert(), but never compiled out. */
#define FUZZ_MUST(cond)                                                 \
	do {                                                            \
		if (!(cond)) {                                          \
			fprintf(stderr, "%s:%d: not true: %s\n",        \
			    __FILE__, __LINE__, #cond);                 \
			abort();                                        \
		}                                                       \
	} while (0)

#endif
