/*
 * packed.h - frames that are to be sent, compressed once for all who want them so
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_PACKED_H
#define WS_PACKED_H

#include "ws/out.h"

struct deflate;
struct deflate_own;
struct extension;

/* What was made in this turn of the loop; all zero but for the first two. */
struct packed {
	struct deflate *deflate;        /* borrowed */
	size_t threshold;               /* shorter messages are left as they are */
	struct packed_span {
		struct span plain, span;
		uint8_t window;
	} made[8];
	unsigned n, next;
};

/*
 * The frames of a span, each of which may become a compressed one, in the spool of
 * the turn.  The span itself if there is nothing to win.  own: as for deflate_pack().
 */
struct span packed_get(struct packed *packed, struct spool *spool,
    const struct extension *extension, struct deflate_own **own,
    struct span span);

/* The turn is over: the spans are no longer good. */
void packed_turn(struct packed *packed);

#endif
