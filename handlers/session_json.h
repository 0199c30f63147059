/*
 * session_json.h - what the sockets of one client connection share, for applications
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_SESSION_JSON_H
#define HANDLERS_SESSION_JSON_H

#include <stdint.h>

struct buf;
struct store;

/* {"id":"...","data":JSON or null}; the id is no secret and not the sid. */
void session_json(struct buf *out, struct store *store, uint64_t lane);

#endif
