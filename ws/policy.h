/*
 * policy.h - what a Flash film asks before it opens a WebSocket
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_POLICY_H
#define WS_POLICY_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct listener;

/* Whether these are the first bytes of a connection that asks for the policy.
 * *taken_r: bytes of the whole question; 0: some are still to come. */
bool policy_is_asked(struct slice data, size_t *taken_r);

/* The policy: flash_policy, as XML with a NUL behind it. */
void policy_write(struct buf *out, const char *flash_policy);

/* A connection to a port where nothing else is answered. */
void policy_accept(struct listener *listener);

#endif
