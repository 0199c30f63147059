/*
 * app.h - what the application is asked, and what it may answer
 *
 * The session floor owns this interface; handlers/ fills it in.  An application
 * is asked with a call and answers only with effects: it changes nothing by
 * itself, so a call can be repeated when its answer came too late, and a crash
 * half way leaves nothing half done.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SESSION_APP_H
#define SESSION_APP_H

#include "base/rc.h"
#include "base/slice.h"
#include "store/store.h"

struct arena;

enum app_call_kind {
	APP_CONNECT,            /* may refuse */
	APP_EVENT,
	APP_DISCONNECT,         /* reason; the socket is gone already */
	APP_TIMER,              /* name, context; with or without a socket */
	APP_ACK                 /* name, context, answers of an emit that asked */
};

/* Everything borrowed until the call returns. */
struct app_call {
	enum app_call_kind kind;
	struct store *store;            /* for looking only */
	struct arena *arena;            /* for what must live as long as the effects */
	struct slice nsp;
	struct slice name;              /* event, timer or ack handler; as text */
	struct slice args;              /* JSON array, the event's name not in it */
	struct slice attachments;       /* packed; placeholders in args count from 0.
	                                 * ACK: of each answer a packed list; there
	                                 * they count within each answer */
	bool wants_ack;
	struct slice auth;              /* CONNECT: JSON object; absent: none */
	struct slice reason;            /* DISCONNECT: "transport close" ... */
	struct slice context;           /* TIMER, ACK: as it was given */
	bool timeout;                   /* ACK: not all answered in time */
	int64_t expected;               /* ACK: how many were asked */
	uint64_t socket;                /* 0: none (timers) or not yet (CONNECT) */
	struct slice id;                /* public id; also of a CONNECT, already */
	struct slice data, user;        /* of the socket; absent: none */
	struct slice info;              /* handshake: {"headers":{..},"address":..,"query":".."} */
};

enum effect_kind {
	EFFECT_EMIT, EFFECT_ACK, EFFECT_JOIN, EFFECT_LEAVE, EFFECT_DISCONNECT,
	EFFECT_DATA, EFFECT_USER, EFFECT_TIMER, EFFECT_VALUE, EFFECT_ONCE,
	EFFECT_REFUSE, EFFECT_ACL
};

/*
 * Slices lie in the call's arena.  An EFFECT_ONCE whose key was used before
 * makes void the effects behind it.
 */
struct effect {
	enum effect_kind kind;
	struct effect *next;
	struct selector who;            /* EMIT, JOIN, LEAVE, DISCONNECT; an empty
	                                 * nsp means the call's */
	bool self;                      /* JOIN, LEAVE, DISCONNECT: the call's socket */
	bool not_self;                  /* EMIT: all but me */
	bool is_volatile;               /* EMIT */
	bool engine;                    /* DISCONNECT: close the connection, too */
	struct slice name;              /* EMIT: event; room; timer; key; message */
	struct slice data;              /* EMIT, ACK: JSON array; DATA, VALUE, REFUSE: JSON */
	struct slice attachments;       /* packed */
	struct slice question, context; /* EMIT: who hears the acks; TIMER: context */
	int64_t timeout_ms;
	int64_t after_ms, every_ms;     /* TIMER */
	int64_t keep_ms, keep_count;    /* EMIT: history */
	int64_t ttl_ms;                 /* VALUE, ONCE */
	/* ACL: whose list: of the namespace (CHANNEL_NSP), of the user `name`, or of the
	 * socket whose id is `name` (CHANNEL_ROOM; self: the call's); data: packed
	 * names, absent with ACL_SET: forgotten; context: who says so, for people. */
	enum channel_kind of;
	enum acl_verb verb;
};

struct effects {
	struct effect *first, *last;
	size_t n;
};

/* A new effect at the end, zeroed. */
struct effect *effects_add(struct effects *effects, struct arena *arena,
    enum effect_kind kind);

struct app {
	/* RC_OK; RC_NONE: nobody minds this (an event without a handler);
	 * RC_GONE: there is no such namespace; RC_BAD_INPUT: the handler failed
	 * (already logged): none of its effects happens. */
	enum rc (*call)(void *arg, const struct app_call *call,
	    struct effects *effects_r);
	void *arg;
};

#endif
