/*
 * extension.h - permessage-deflate: what is offered, and what we answer
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_EXTENSION_H
#define WS_EXTENSION_H

#include "base/slice.h"

struct buf;
struct request;

/* What both sides agreed on.  All zero: nothing is compressed. */
struct extension {
	uint8_t our_window, their_window;       /* bits of each sender's window */
	bool we_remember, they_remember;        /* across messages */
	bool is_window_untold;                  /* it did not ask for ours */
};

/* What we are ready for. */
struct extension_conf {
	bool is_on;
	uint8_t window;                 /* 9 to 15, of each side where it can be chosen */
	bool may_remember;              /* false: nobody has a context of its own */
};

/* Takes the first offer of Sec-WebSocket-Extensions that we can keep.  What is not
 * written as it must be is no offer (RFC 7692, 5.1). */
void extension_choose(const struct request *request,
    const struct extension_conf *conf, struct extension *extension_r);

/* The header line that says so; nothing if nothing was agreed on. */
void extension_write(struct buf *out, const struct extension *extension);

#endif
