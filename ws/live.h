/*
 * live.h - WebSockets as live sessions of the engine
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_LIVE_H
#define WS_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct buf;
struct door;
struct extension;
struct http1;
struct live;
struct live_socket;
struct version;
TAILQ_HEAD(live_list, live_socket);

/* Asks the engine for a session.  asked: what http_upgrade() filled in; head (taken),
 * extension: what version->answer() made.  h is told by http1_yield() or http1_upgrade_refuse() in a
 * later turn, unless it says live_cancel() before. */
struct live_socket *live_open(struct door *door, struct http1 *h,
    const struct live *asked, const struct version *version, struct buf *head,
    const struct extension *extension);
void live_cancel(struct live_socket *l);

/* Takes what was read too early or too fast; call it after each engine_turn(),
 * true: something was taken. */
bool live_resume(struct door *door);

/* The process is leaving: ends sessions, as many as ws_leave_rate allows by now, and
 * says so to their clients; call it before each engine_turn() from then on.  true:
 * some are left. */
bool live_leave(struct door *door, int64_t now);

#endif
