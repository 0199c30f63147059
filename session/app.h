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
	bool is_return;                 /* CONNECT: of a socket whose disconnect was told,
	                                 * and that is back (recovery); a refusal
	                                 * disconnects it */
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
	EFFECT_EMIT, EFFECT_ACK, EFFECT_JOIN, EFFECT_LEAVE, EFFECT_CLOSE_ROOM,
	EFFECT_DISCONNECT, EFFECT_DATA, EFFECT_SESSION, EFFECT_USER, EFFECT_TIMER,
	EFFECT_VALUE, EFFECT_ONCE, EFFECT_LOG, EFFECT_REFUSE, EFFECT_ACL,
	EFFECT__COUNT
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
	struct slice name;              /* EMIT: event; room; timer; key; message; line */
	struct slice data;              /* EMIT, ACK: JSON array; DATA, SESSION, VALUE,
	                                 * REFUSE: JSON */
	enum json_merge merge;          /* VALUE */
	struct slice attachments;       /* packed */
	struct slice question, context; /* EMIT: who hears the acks; TIMER: context */
	int64_t timeout_ms;
	int64_t after_ms, every_ms;     /* TIMER */
	int64_t keep_ms, keep_count;    /* EMIT: history */
	int64_t mail_ms, mail_count;    /* EMIT: waits for users who are away */
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
/* Those of `more` behind them; `more` is not to be used any further. */
void effects_join(struct effects *effects, const struct effects *more);

/*
 * An application that answers later (an HTTP backend).  What it is asked waits as
 * a task; a process leases some that belong together, and makes a struct later of
 * them.  The application begins, and says done() when it knows; it may do so only
 * while its door lets it work, never from inside these calls.  Its effects are asked for when they
 * are applied.
 */
struct later_event {
	uint64_t n;
	unsigned attempt;
	int64_t at_wall;
	struct app_call call;
};
struct later {
	/* in; all of it lives until end() */
	struct store *store;
	const char *store_id;
	const struct later_event *events;       /* of one socket and speaker */
	size_t n;
	uint64_t lane;                  /* 0: of no client */
	struct slice says;              /* as the exchange had it; absent: nobody speaks */
	struct slice rooms;             /* packed; absent: ask the store */
	int generation, transport;
	int64_t connected_wall;
	void (*done)(struct later *later);
	/* out */
	enum rc rc;                     /* RC_OK: there is an answer */
	int64_t retry_ms;               /* else: not again before that, 0: as usual */
	/* the owners' */
	void *app, *job;
};

struct later_terms {
	size_t batch;                   /* events that may go together */
	unsigned attempts;
	int64_t lease_ms;
	int64_t not_before;             /* RC_AGAIN: boot ms; 0: when a call has ended */
	struct slice once;              /* absent, or a key: one process only */
	int64_t once_ms;
};

struct app_later {
	/* RC_OK: it would be asked later, and now is a good time.  RC_AGAIN: it would,
	 * but not now.  RC_NONE: call() answers at once.  The arena is for terms. */
	enum rc (*terms)(void *arg, const struct app_call *call,
	    struct arena *arena, struct later_terms *terms_r);
	void (*start)(void *arg, struct later *later);
	/* Effects of event i, in the arena.  RC_BAD_INPUT: the answer is not to be used
	 * (logged). */
	enum rc (*effects)(void *arg, struct later *later, size_t i,
	    struct arena *arena, struct effects *effects_r);
	/* It was used or not: what shall be kept in mind about it. */
	void (*learn)(void *arg, struct later *later, bool was_good,
	    struct arena *arena, struct effects *effects_r);
	/* No done() comes any more. */
	void (*end)(void *arg, struct later *later);
};

/* What is configured about a room; an empty name means the namespace itself. */
struct room_rule {
	bool has_presence;
	int64_t grace_ms;               /* who returns in this time was never away */
	int64_t seen_ms;                /* how long it is known when somebody left */
	struct slice event;             /* that tells it; absent: nobody is told */
	int64_t keep_ms, keep_count;    /* history of what is said there; 0: none */
	int64_t mail_ms, mail_count;    /* namespace: how long what is said to a user
	                                 * who is away waits; 0: not */
};

struct app {
	/* RC_OK; RC_NONE: nobody minds this (an event without a handler);
	 * RC_GONE: there is no such namespace; RC_BAD_INPUT: the handler failed
	 * (already logged): none of its effects happens; RC_AGAIN: see later. */
	enum rc (*call)(void *arg, const struct app_call *call,
	    struct effects *effects_r);
	/* False: nothing is.  NULL: about none. */
	bool (*room)(void *arg, struct slice nsp, struct slice room,
	    struct room_rule *rule_r);
	/* Whether anybody would hear APP_DISCONNECT of a socket there.  False: it is not
	 * called, and nothing is kept for that.  NULL: always. */
	bool (*hears_bye)(void *arg, struct slice nsp);
	void *arg;
	const struct app_later *later;  /* NULL: all answers come at once */
};

#endif
