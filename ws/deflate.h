/*
 * deflate.h - the bytes of a message, compressed and back (RFC 7692, 7.2)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_DEFLATE_H
#define WS_DEFLATE_H

#include "base/rc.h"
#include "base/slice.h"

struct buf;
struct deflate;
struct deflate_own;
struct extension;

/* What all connections of a process share.  memory: zlib's memLevel, 1 to 9. */
struct deflate *deflate_new(int memory);
void deflate_free(struct deflate **deflate);

/*
 * Adds the compressed data to out.  own: the connection's, NULL at first and
 * always unless a side remembers.  false: it would not be smaller, nothing was
 * added; never if we remember.
 */
bool deflate_pack(struct deflate *deflate, const struct extension *extension,
    struct deflate_own **own, struct slice data, struct buf *out);

/*
 * The data of a message that came; plain_r is good until the next call.
 * RC_TOO_BIG: it would be more than limit, and no more than that was ever made.
 * RC_BAD_INPUT: no client writes that.
 */
enum rc deflate_unpack(struct deflate *deflate, const struct extension *extension,
    struct deflate_own **own, struct slice data, size_t limit,
    struct slice *plain_r);

void deflate_own_free(struct deflate_own **own);

#endif
