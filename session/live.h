/*
 * live.h - a session whose transport is a connection of this process
 *
 * The engine owns the interface, the WebSocket door fills it in.  A live session
 * is on the log like any other: what is for it comes past its cursor, what it
 * says is a turn's operations.  But it has an owner, this process, and what only
 * an owner needs to know is not written: the cursor, pings and pongs.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SESSION_LIVE_H
#define SESSION_LIVE_H

#include <sys/queue.h>
#include <uthash.h>

#include "session/engine.h"

struct letter;
struct live;
struct live_ask;
struct live_post;
struct store_op;

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

/* What it waits for; each has its time. */
enum live_wait {
	WAIT_NOTHING,
	WAIT_PING,              /* until a ping is due */
	WAIT_BEAT,              /* the same, of a generation that wants it sooner */
	WAIT_PONG,
	WAIT_HEARD,             /* its client pings */
	WAIT_PROBE,             /* for the end of the probe */
	WAIT_NOOP,              /* the same, and polls are to be ended */
	WAIT__COUNT
};

/* The door's memory, valid from engine_live_open() until opened() refuses,
 * close(), or engine_live_end(). */
struct live {
	/* in */
	const struct codec *codec;
	char sid[24];                   /* the session to be taken over; "": a new one */
	struct slice info;              /* JSON about the request, of a new one; until
	                                 * engine_live_open() returns */
	struct slice says;              /* as an exchange has it; the engine keeps a copy */
	bool wants_text;                /* b64: binary travels in text messages */
	const struct live_door *ops;
	void *door;
	/* the engine's own */
	char *said;                     /* the copy of says */
	struct engine *engine;
	enum { LIVE_OPENING, LIVE_PROBING, LIVE_UPGRADING, LIVE_OPEN, LIVE_OVER } state;
	uint64_t session, ticket;
	struct live_ask *ask;           /* while the store is asked */
	struct live_post *first, *last; /* what it said; the first is being decided */
	size_t waiting;                 /* bytes in them */

	int64_t cursor;                 /* it has all up to here, perhaps more */
	int64_t pinged;                 /* what it had at the last ping */
	int64_t proved, proved_kept;    /* what a pong has proved; what the store knows */
	int64_t kept_at;                /* boot ms */
	uint64_t said_until;            /* the engine's n_rounds that brings back what it said */

	uint8_t wait;
	bool is_behind;                 /* asks the store, does not read the tail */
	bool is_unconnected;            /* never in a namespace */
	int64_t due, limit;             /* boot ms: of what it waits for; of a probe */
	int64_t connect_due;
	TAILQ_ENTRY(live) wait_link, behind_link, unconnected_link;

	struct stand *stands;           /* where it listens: mirror.c */
	uint32_t n_stands, stands_room;

	/* what the turn in hand does with it */
	bool is_touched;
	bool owes_pong, is_ended, is_leaving;
	struct live *next_touched;
	struct store_op *follow;
	struct letter **letters;        /* in the turn's arena */
	uint32_t n_letters, letters_room;
	struct local *locals, **locals_end;
	int64_t seen, excepted;         /* seq of the last record taken, or not */

	UT_hash_handle hh;              /* of the engine's, by session */
};

/* A new session, or a polling one that is to be taken over (sid).  The transport
 * is checked by the http floor before. */
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
