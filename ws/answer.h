/*
 * answer.h - the first bytes of an HTTP answer
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_ANSWER_H
#define WS_ANSWER_H

#include "base/slice.h"

struct buf;

/* Status line, Date, headers ("Name: value\r\n" lines) and the empty line.
 * minor: of the request's HTTP/1.minor.  wall_ms: now. */
void answer_head(struct buf *out, int status, struct slice headers, bool keep,
    unsigned minor, int64_t wall_ms);

#endif
