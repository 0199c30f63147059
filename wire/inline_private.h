/*
 * inline_private.h - binary values for generations that have none
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_INLINE_PRIVATE_H
#define WIRE_INLINE_PRIVATE_H

#include "base/slice.h"

struct buf;

/* Writes data (JSON) with {"_base64":"..."} for each placeholder of an
 * attachment; without attachments just data. */
void inline_write(struct buf *out, struct slice data, struct slice attachments);

#endif
