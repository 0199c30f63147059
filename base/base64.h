/*
 * base64.h - RFC 4648 section 4, as Engine.IO readers and writers use it
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/rc.h"
#include "base/slice.h"

struct buf;

/* Standard alphabet, padded. */
void base64_encode(struct buf *out, struct slice data);

/* Padding may be missing, the URL alphabet is taken too (as node's Buffer
 * does); RC_BAD_INPUT for any other character or an impossible length. */
enum rc base64_decode(struct buf *out, struct slice text);

#endif
