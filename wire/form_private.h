/*
 * form_private.h - text as forms and queries carry it
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_FORM_PRIVATE_H
#define WIRE_FORM_PRIVATE_H

#include "base/slice.h"

struct arena;
struct buf;

/* Takes the character at *text (not empty); a '%' without two hex digits is
 * just that, a '+' is a blank. */
char form_char(struct slice *text);
/* Appends all of it, decoded. */
void form_decode(struct buf *out, struct slice text);

/* "a=1&b=x%20y" as {"a":"1","b":"x y"}; of equal names the first counts. */
struct slice form_object(struct slice query, struct arena *arena);

#endif
