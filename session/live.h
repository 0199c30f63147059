/*
 * live.h - a session whose transport is a connection of this process
 *
 * The engine owns the interface, the WebSocket door fills it in.  A live session
 * is on the log like any other: what is for it comes past its cursor, what it
 * says is a turn's operations.  To the store it is a poll that asks again by
 * itself, so that claims, wake-ups and the death of a worker need no second rule.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SESSION_LIVE_H
#define SESSION_LIVE_H

#include "session/engine.h"

struct live;

/* One WebSocket message. */
struct live_message {
	bool is_binary;
	struct slice data;
};

/* What is sent, to many alike in one engine_turn().  door: the door's own, zero
 * at first, good until the turn is over (frames that are made once). */
struct parcel {
	const struct live_message *messages;
	size_t n;
	void *door[2];
};

/* Calls come from inside engine_turn(), never from another call of the door. */
struct live_door {
	/* Once after engine_live_open().  ANSWER_PAYLOAD: write the 101, what is
	 * to be sent follows.  Anything else: refuse; live is the door's again. */
	void (*opened)(struct live *live, enum answer answer);
	/* Queues.  false: it takes no more (a slow reader, or it is ending). */
	bool (*send)(struct live *live, struct parcel *parcel);
	/* What is queued leaves, then a close frame without a code.  live is the
	 * door's again. */
	void (*close)(struct live *live);
};

/* The door's memory, valid from engine_live_open() until opened() refuses,
 * close(), or engine_live_end(). */
struct live {
	/* in */
	const struct codec *codec;
	struct slice info;              /* JSON about the request */
	struct slice says;              /* as an exchange has it; the engine keeps a copy */
	const struct live_door *ops;
	void *door;
	/* the engine's own */
	char *said;                     /* the copy of says */
	struct engine *engine;
	enum { LIVE_OPENING, LIVE_OPEN, LIVE_OVER } state;
	struct exchange x;              /* its handshake, then its poll again and again */
	struct live_post *first, *last; /* what it said; the first is being decided */
	size_t waiting;                 /* bytes in them */
	int64_t pinged;                 /* seq up to which it had all when pinged */
	unsigned asked;
	struct live *retry;             /* next of those that ask again with the tick */
};

/* A direct session.  The transport is checked by the http floor before. */
void engine_live_open(struct engine *engine, struct live *live);

/* A message came; data is borrowed for the call. */
void engine_live_message(struct engine *engine, struct live *live, bool is_binary,
    struct slice data);

/* Bytes that were said and are not decided yet: a door that reads on without
 * looking lets one client fill the memory. */
static inline size_t
engine_live_waiting(const struct live *live)
{
	return live->waiting;
}

/* The connection has gone.  No call of ops follows. */
void engine_live_end(struct engine *engine, struct live *live);

#endif
