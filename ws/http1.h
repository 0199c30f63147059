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

struct door;
struct http1;
TAILQ_HEAD(http1_list, http1);

/* A connection that the listener has for us. */
void http1_accept(struct door *door, uv_stream_t *listener);

/* Requests that were sent before their turn; call it once per loop turn, true:
 * some were taken. */
bool http1_resume(struct door *door);

/* The process is leaving: closes what is between two requests. */
void http1_leave(struct door *door);

#endif
