/*
 * record.h - one thing that was said, and to whom
 *
 * A channel is a name in the log that sessions and sockets listen to.  Its key
 * is bytes: the kind, the namespace, a zero, the name.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "base/slice.h"

struct arena;

enum channel_kind {
	CHANNEL_NSP = 'n',      /* all sockets of a namespace; name is empty */
	CHANNEL_ROOM = 'r',     /* a room; a socket's own is named by its id */
	CHANNEL_USER = 'u',     /* all sockets bound to a user in a namespace */
	CHANNEL_SESSION = 's'   /* one session: nsp empty, name its number; no
	                         * membership row: a session is always in it */
};

/* The key, in the arena. */
struct slice channel_key(struct arena *arena, enum channel_kind kind,
    struct slice nsp, struct slice name);
struct slice channel_of_session(struct arena *arena, uint64_t session);
/* The packed list that holds only that. */
struct slice channels_of_session(struct arena *arena, uint64_t session);

/* Takes a key apart (slices into it). */
bool channel_split(struct slice key, enum channel_kind *kind_r,
    struct slice *nsp_r, struct slice *name_r);
/* The session of a CHANNEL_SESSION key, 0 for any other. */
uint64_t channel_session(struct slice key);

enum record_kind {
	RECORD_EVENT = 1,       /* data: JSON array */
	RECORD_ACK,             /* id, data: JSON array; to a session */
	RECORD_CONNECT,         /* data: JSON object; to a session */
	RECORD_CONNECT_ERROR,   /* data: JSON object; to a session */
	RECORD_DISCONNECT,      /* to a session: the socket in nsp was let go */
	RECORD_CLOSE,           /* to a session: noop and close alone in a response,
	                         * then the session ends (orderly close) */
	RECORD_END,             /* control: the session has ended just now; a poll
	                         * that is still parked is answered by data: the
	                         * engine packet's digit, "1" or "6".  With an id
	                         * only the poll of that ticket is meant */
	RECORD_PONG,            /* to a session: its client has pinged */
	RECORD_MEMBERS          /* control, to nobody: sockets of sessions that are
	                         * connections of other workers have come to other
	                         * rooms; data: JSON array of the sessions' numbers */
};

enum {
	RECORD_VOLATILE = 1,    /* only for a claim older than itself */
	RECORD_ASKS_ACK = 2,    /* id is the number of an open question */
	RECORD_MAIL = 4         /* kept: waits for a user */
};

struct record {
	int64_t seq;
	int64_t wall_ms;
	enum record_kind kind;
	unsigned flags;
	int64_t id;                     /* ack id of an EVENT that asks; else -1 */
	struct slice id_text;           /* ack id of an ACK, as the client wrote it */
	struct slice nsp;
	struct slice channels;          /* packed keys, 1..64, one namespace */
	struct slice except;            /* packed keys; absent: nobody */
	struct slice data;
	struct slice attachments;       /* packed; absent: none */
};

#endif
