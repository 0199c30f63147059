/*
 * chunked.h - a body that comes in chunks (RFC 9112, 7.1)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_CHUNKED_H
#define WS_CHUNKED_H

#include "base/rc.h"
#include "base/slice.h"

struct buf;

struct chunked {
	uint64_t left;          /* of the chunk in hand */
	uint16_t line;          /* bytes of the line in hand, or of all trailers */
	uint8_t state;
};
#define CHUNKED_INIT { 0, 0, 0 }

/*
 * Takes what belongs to the body off *data and adds the content to out.  RC_OK:
 * the body is whole, *data is what follows it.  RC_AGAIN: it is not, *data is
 * empty.  RC_TOO_BIG: out would grow past limit; known with the length of a
 * chunk, before its bytes.  RC_BAD_INPUT.
 */
enum rc chunked_read(struct chunked *chunked, struct slice *data, size_t limit,
    struct buf *out);

#endif
