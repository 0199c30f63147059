/*
 * socket.h - a WebSocket: messages over a stream, and its end
 *
 * It begins where the 101 was queued.  Text that is handed on is UTF-8; pings
 * are answered here.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_SOCKET_H
#define WS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "ws/out.h"

struct extension;
struct packed;
struct socket;
struct stream;
struct streams;
struct version;

/* Called from the loop; none of them may free anything of the socket's. */
struct socket_user {
	/* data is borrowed for the call. */
	void (*message)(struct socket *socket, bool is_binary, struct slice data);
	/* Its stream is closed.  Once, the last call, also after socket_close();
	 * the socket is gone when it returns.  code: of the first close frame, the
	 * peer's or ours; CLOSE_NONE: it broke, or none was said. */
	void (*ended)(struct socket *socket, unsigned code);
	/* We close it, and why: CLOSE_TOO_BIG, CLOSE_AGAIN_LATER (it reads too
	 * slowly) or another code.  May be NULL. */
	void (*refused)(struct socket *socket, unsigned code);
};

struct socket_limits {
	size_t message;                 /* bytes of one that comes */
	size_t out;                     /* bytes that may wait for a slow reader */
	struct packed *packed;          /* for connections that compress */
};

/* Takes a stream over from whoever had it; its arg becomes the socket.  limits
 * and version are borrowed.  What was read behind the request goes to socket_feed(). */
struct socket *socket_start(struct stream *stream,
    const struct socket_limits *limits, const struct version *version,
    const struct extension *extension, const struct socket_user *user, void *arg);
void  socket_feed(struct socket *socket, char *p, size_t n);
void *socket_arg(const struct socket *socket);

/* Writes a message's frame once, into the turn's memory; the span may be added to
 * any number of sockets until the turn ends.  Adjacent spans may be merged by
 * the caller (same chunk, at + n == at). */
struct span socket_encode(struct streams *streams, bool is_binary,
    struct slice data);

/*
 * Queues encoded messages, compressed if the peer takes that (then each, and at
 * once for all); it leaves at the turn's end.  A socket whose queue
 * is over the limit already is closed (1013) instead; so a single large message
 * reaches whoever keeps up.  false: it takes nothing more, and ended() will come
 * (perhaps much later: a slow reader has ws_write_time).
 */
bool socket_add(struct socket *socket, struct span span);

/* What is queued leaves, then a close frame; code CLOSE_NONE: without a code.
 * The peer has a while to answer. */
void socket_close(struct socket *socket, unsigned code, struct slice reason);

/* Bytes that wait to be taken by the peer. */
size_t socket_backlog(const struct socket *socket);

/* Stops reading, and goes on.  A paused socket notices no end. */
void socket_pause(struct socket *socket, bool is_paused);

#endif
