/*
 * version.h - versions of the WebSocket protocol, behind one small interface
 *
 * A version is how a WebSocket begins and how messages lie on its stream.  RFC 6455
 * is the one of all browsers since 2012 (upgrade.c, frame.c); what stood in browsers
 * before it is in hixie.c.  version_of() finds the one that a request asks for.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_VERSION_H
#define WS_VERSION_H

#include <stdbool.h>

#include "base/rc.h"
#include "base/slice.h"

struct buf;
struct extension;
struct extension_conf;
struct frame_events;
struct frame_reader;
struct request;

/* A request for a WebSocket. */
struct handshake {
	const struct request *request;
	struct slice behind;            /* version->behind bytes */
	bool is_secure;                 /* TLS, here or at a trusted proxy */
	const struct extension_conf *extensions;
};

struct version {
	const char *name;               /* as in the option ws_versions */
	size_t behind;                  /* bytes of the handshake behind the head, which
	                                 * no header announces */
	bool has_binary;
	bool answers_close;             /* the peer says a close frame, too */

	/* Whether a request is meant for it, well asked or not. */
	bool (*is_asked)(const struct request *request);

	/* Appends the 101.  0: it asks as it must.  Otherwise a status (400, 405, 426,
	 * 500) and one sentence, and out is as it was. */
	int (*answer)(const struct handshake *handshake, struct buf *out,
	    struct extension *extension_r, const char **fault_r);

	/* Reads a piece, as frame_read() does. */
	enum rc (*read)(struct frame_reader *reader, char *p, size_t n, size_t limit,
	    const struct frame_events *events, void *arg);

	/* Appends messages that frame_head() wrote, as this version says them.  NULL:
	 * so. */
	void (*rewrite)(struct buf *out, struct slice frames);

	/* Appends a close frame, if there is such a thing. */
	void (*close_write)(struct buf *out, unsigned code, struct slice reason);
};

/* The version of a request that would like a WebSocket, out of those in names;
 * NULL: it is none of them. */
const struct version *version_of(const struct request *request,
    const char *names);

extern const struct version version_rfc6455;
extern const struct version version_hixie76;
extern const struct version version_hixie75;

#endif
