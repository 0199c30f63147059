/*
 * assembler_private.h - collecting attachments, for the codecs that have them
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_ASSEMBLER_PRIVATE_H
#define WIRE_ASSEMBLER_PRIVATE_H

#include "wire/codec.h"

/* Whether a packet waits for attachments: only binary may come now. */
static inline bool
assembler_is_open(const struct assembler *a)
{
	return a->header.p != NULL;
}

/* Begins a packet; header is borrowed, due is at least one. */
void assembler_open(struct assembler *a, struct slice header, unsigned due);

/*
 * Takes the next attachment.  RC_OK: that was the last one, header and
 * attachments are complete (assembler_close() next); RC_AGAIN: more are due;
 * RC_BAD_INPUT: nothing is open, or together (packed) they pass max_payload.
 */
enum rc assembler_take(struct assembler *a, struct slice data,
    const struct wire_limits *limits, struct arena *arena);

/* Nothing is open any more.  What the slices pointed at stays where it is. */
void assembler_close(struct assembler *a);

#endif
