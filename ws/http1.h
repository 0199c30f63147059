/*
 * http1.h - an HTTP/1.1 connection and its requests, one at a time
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_HTTP1_H
#define WS_HTTP1_H

#include <stdbool.h>
#include <sys/queue.h>
#include <uv.h>

#include "session/engine.h"

struct buf;
struct door;
struct http1;
struct listener;
struct stream;
TAILQ_HEAD(http1_list, http1);

/* A connection that the listener has for us. */
void http1_accept(struct listener *listener);

/* Requests that were sent before their turn; call it once per loop turn, true:
 * some were taken. */
bool http1_resume(struct door *door);

/*
 * What the engine said to an upgrade.  Taken: the stream is the caller's, with
 * what was read behind the request; h is no more.  Refused: h tells the client.
 */
struct stream *http1_yield(struct http1 *h, struct buf *in_r);
void http1_upgrade_refuse(struct http1 *h, enum answer answer);

/* The process is leaving: closes what is between two requests. */
void http1_leave(struct door *door);

#endif
