/*
 * jsonp.h - payloads inside scripts and forms
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_JSONP_H
#define WIRE_JSONP_H

#include "base/rc.h"
#include "base/slice.h"

struct buf;

/* Reads `j`: digits only are kept, as engine.io does; absent if none stays. */
struct slice jsonp_index(struct buf *scratch, struct slice j);

/* ___eio[INDEX]("...payload as a script-safe JSON string..."); */
void jsonp_write(struct buf *out, struct slice index, struct slice payload);

/* The same with another function: open INDEX middle "..."); */
void jsonp_call(struct buf *out, const char *open, struct slice index,
    const char *middle, struct slice payload);

/* The payload out of a form body `d=...` (percent-decoding, '+', and the
 * newline scheme of eio3.md section 5).  RC_NONE: there is no d. */
enum rc jsonp_read(struct buf *payload, struct slice form);

#endif
