/*
 * engine.h - the virtual socket: sessions that no process owns
 *
 * One engine per process.  A door hands it exchanges (one HTTP request each, on
 * whatever transport), the engine decides all that came in one turn of the
 * door's loop in one transaction, and answers through done() when it is
 * committed, not before.  A poll with nothing to say stays parked: data, not a
 * thread, until a record, a ping, a hang-up or the end of the session.
 *
 * The way of a turn: engine_open/poll/post() collect; engine_turn() runs the
 * application, commits, delivers to parked polls in the same transaction, and
 * calls done() for everything that is decided.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SESSION_ENGINE_H
#define SESSION_ENGINE_H

#include "base/buf.h"
#include "base/rc.h"
#include "base/slice.h"
#include "store/tally.h"
#include "wire/codec.h"

struct app;
struct clock;
struct engine;
struct live;
struct store;

struct engine_conf {
	int64_t ping_interval_ms, ping_timeout_ms, connect_timeout_ms;
	int64_t upgrade_ms;             /* how long a probe may take */
	int64_t poll_hold_ms;           /* a poll is answered (noop) after so long; 0: never */
	int64_t recovery_ms, max_replay;
	int64_t max_payload, max_sessions, max_namespaces, max_rooms, slots;
	int64_t max_event, max_timers, max_questions;
	int64_t give_up_ms;             /* a request for which no lock is found: 503 */
	int64_t max_inbox, max_inbox_bytes;     /* of one client; 0: no limit */
	int64_t max_tasks;              /* of all; 0: no limit */
	size_t max_parked;              /* polls held by this process; 0: no limit */
	size_t fan_out;                 /* connections that get something in one turn; 0: all */
	bool refuses_old_binary;        /* generations without binary do not hear it */
	bool can_park;                  /* false: answer a poll at once (noop) */
	struct wire_limits wire;
};

enum transport { TRANSPORT_POLLING, TRANSPORT_WEBSOCKET };

/* What an exchange is answered with; the http floor turns it into a status. */
enum answer {
	ANSWER_NONE,            /* not yet */
	ANSWER_PAYLOAD,         /* body: the payload of a handshake or a poll */
	ANSWER_OK,              /* a POST was taken */
	ANSWER_UNKNOWN_SID,     /* 400 code 1 */
	ANSWER_BAD_REQUEST,     /* 400 code 3: another transport or generation */
	ANSWER_REFUSED,         /* the application does not let it in */
	ANSWER_FAILED,          /* the application failed when it was asked that */
	ANSWER_OVERLAP,         /* empty: two polls at once, or octets where there
	                         * are none; status: the generation's traits */
	ANSWER_FULL,            /* 503: no slots, sessions or parking places left */
	ANSWER_BUSY             /* 503: the store cannot be written (engine_reason()) */
};

/* Which answer to a poll this was, of a client that polls on; session 0: of
 * another one, or nothing was in it. */
struct receipt {
	uint64_t session, ticket;
};

/*
 * One request.  The door's memory; it stays valid until done() or
 * engine_cancel().  In: what the http floor read.  Out: answer and body.
 */
struct exchange {
	/* in */
	const struct codec *codec;
	enum transport transport;
	struct slice sid;               /* absent: handshake */
	struct slice t;                 /* cache buster: the same in a resend */
	struct slice body;              /* POST: the payload */
	bool is_octets;                 /* POST: the body is an octet-stream */
	bool wants_text;                /* b64 or JSONP; of a handshake: for life */
	struct slice info;              /* handshake: JSON about the request */
	struct slice says;              /* who speaks, for an application that answers
	                                 * later: packed, first "s" (same site) or "a",
	                                 * then names and values of headers */
	bool is_stream;                 /* POST: an echo in it is told to the poll */
	bool leaves;                    /* POST: the client has gone, body is nothing */
	int64_t hold_ms;                /* poll: as long, when nothing happens; 0: as
	                                 * its generation does */
	struct slice upgrades;          /* handshake: JSON array, e.g. ["websocket"] */
	struct slice without;           /* the same while nobody serves WebSockets;
	                                 * absent: [] */
	/* out */
	enum answer answer;
	struct buf body_r;              /* yours to free */
	bool is_octets_r;               /* body_r is an octet-stream */
	char sid_r[24];                 /* handshake: the new sid (cookie) */
	int64_t cursor_r;               /* the log was answered up to here */
	bool is_replaced_r;             /* poll: another one took over */
	bool is_alive_r;                /* poll: its client has echoed a heartbeat */
	struct receipt receipt_r;       /* poll: for engine_lost() */
	void (*done)(struct exchange *x);
	void *door;                     /* the door's own */
	/* the engine's own */
	struct parked *parked;
	struct exchange *next;
	int kind;
	struct live *live;              /* a connection's; NULL: it has gone, or none */
	uint64_t ticket, session_r;
	int64_t pinged_r;
	bool is_connected_r;
	unsigned tries;
	int64_t since;                  /* boot ms: when it was handed in */
};

struct engine *engine_new(const struct engine_conf *conf, struct store *store,
    const struct app *app, const struct clock *clock);
void engine_free(struct engine **engine);

/* Collect.  done() is called from a later engine_turn(). */
void engine_open(struct engine *engine, struct exchange *x);
void engine_poll(struct engine *engine, struct exchange *x);
void engine_post(struct engine *engine, struct exchange *x);

/* The client is gone: done() will not be called; parked or still collected. */
void engine_cancel(struct engine *engine, struct exchange *x);

/* What done() brought could not be written: the client's next poll gets it. */
void engine_lost(struct engine *engine, const struct receipt *receipt);

/*
 * Decides everything that was collected, looks for news for the parked, does
 * what is due.  woken: the store's wake descriptor was readable.  Call once per
 * loop turn, after all that the loop found was handed in.
 */
void engine_turn(struct engine *engine, bool woken);

/* Boot ms when engine_turn() must be called again, whatever happens; never
 * more than one second ahead while something is parked (a wake-up is a hint).
 * INT64_MAX: never. */
int64_t engine_deadline(const struct engine *engine);

/* Nothing happens for a while: gives back memory that can be filled again, the
 * store's too. */
void engine_rest(struct engine *engine);

/* Whether something is collected or must be tried again at once. */
bool engine_has_work(const struct engine *engine);

/* Whether answers of the application are awaited: a process that leaves now
 * costs each an attempt. */
bool engine_is_asking(const struct engine *engine);

/* Answers every parked poll now with a noop (SIGTERM); then engine_turn(). */
void engine_drain(struct engine *engine);

bool engine_is_draining(const struct engine *engine);

size_t engine_parked(const struct engine *engine);

/* How often a record was written in a generation's bytes since the engine was made;
 * those who hear it in the same turn share them. */
uint64_t engine_encoded(const struct engine *engine);

/* Why the last ANSWER_BUSY: a short code ("lock", "store", "newer",
 * "removed": free the engine and the store, open both again). */
const char *engine_reason(const struct engine *engine);

/* Counts what a floor above has refused; NULL: there is no engine to count with. */
void engine_tally(struct engine *engine, enum tally what);
/* All that was counted, by whatever process. */
void engine_tallies(struct engine *engine, int64_t counts_r[TALLY__COUNT]);

/* The janitor's work and the tasks, for processes without a loop (`siogate
 * expire`).  RC_AGAIN: there is more. */
enum rc engine_expire(struct engine *engine);

/*
 * From outside (ctl, HTTP API): applies effects as if a handler had returned
 * them, with no socket of its own.  emitted_r: seq of the last emit (or 0);
 * question_r: number of the last question asked with wait.
 */
struct effects;
enum rc engine_apply(struct engine *engine, struct slice nsp,
    const struct effects *effects, bool wait, int64_t *emitted_r,
    int64_t *question_r);

/* As engine_apply(), for a process with a loop: decided with all else in the next
 * turn. */
struct outside {
	/* in; good until done() or engine_outside_cancel() */
	struct slice nsp;
	const struct effects *effects;
	struct arena *arena;            /* where they lie; a cancel may empty it */
	bool wait;                      /* for the answers to its last emit, which asks */
	void (*done)(struct outside *outside);
	void *door;
	/* out */
	enum rc rc;                     /* RC_NONE: there was nothing to do */
	int64_t emitted_r;
	struct slice value_r;           /* of the last value that was merged */
	struct slice answers_r, attachments_r;  /* as store_answers(); for the call */
	int64_t expected_r;
	bool is_late_r;                 /* some are missing */
	/* the engine's own */
	struct author *author;
	struct store_op *first, *last;
	int64_t question;
	enum { OUTSIDE_NEW, OUTSIDE_DECIDED, OUTSIDE_WAITS } state;
	struct outside *next;
};
void engine_outside(struct engine *engine, struct outside *outside);
void engine_outside_cancel(struct engine *engine, struct outside *outside);

#endif
