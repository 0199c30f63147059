/*
 * v0.h - how payloads of Socket.IO 0.6 come in forms
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_V0_H
#define WIRE_V0_H

#include <stdbool.h>

#include "base/rc.h"
#include "base/slice.h"

struct buf;

/*
 * Appends the payload out of a form body `data=...`.  from_page: a page's form
 * sent it, not XMLHttpRequest, so that line ends may be others than the lengths
 * in it say.  RC_NONE: there is no such field.
 */
enum rc v0_form_read(struct buf *payload, struct slice form, bool from_page);

#endif
