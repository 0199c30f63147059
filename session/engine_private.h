/*
 * engine_private.h - what the files of session/ share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SESSION_ENGINE_PRIVATE_H
#define SESSION_ENGINE_PRIVATE_H

#include <uthash.h>

#include "base/mem.h"
#include "session/app.h"
#include "session/engine.h"
#include "session/live.h"
#include "session/queue.h"
#include "store/store.h"

TAILQ_HEAD(live_list, live);

enum exchange_kind {
	EXCHANGE_OPEN, EXCHANGE_POLL, EXCHANGE_POST,
	EXCHANGE_PROBE, EXCHANGE_UPGRADE, EXCHANGE_LEAVE        /* of connections */
};

/* So many polls ask for themselves, by channel; so many disconnects that wait are
 * remembered, as many as one search of task.c looks at. */
enum { SMALL_LOT = 4, LOOKED = 1024 };

/* A record on its way out in this turn, with its bytes for each generation,
 * made on first use and shared by all recipients. */
struct letter {
	int64_t seq;
	const struct record *record;
	struct slice bytes[GENERATION__COUNT][FORM__COUNT];
	struct posted *posted;                          /* as messages of connections */
	UT_hash_handle hh;
};

/* A poll that waits.  Its claim in the store has the same ticket. */
struct parked {
	uint64_t session, ticket;
	struct exchange *x;             /* NULL: the client hung up during its turn */
	int64_t cursor;                 /* the log was asked up to here */
	int64_t ping_due, dead, hold_until;     /* boot ms, 0: never */
	bool dead_asked;                /* the store said so, too */
	bool is_new;                    /* its first poll is not committed yet */
	bool takes_octets;              /* where something binary is in the answer */
	bool polls_on, plain_close;     /* traits of its generation */

	/* what the turn in hand does with it */
	bool is_touched;
	struct parked *next_touched;
	struct store_op *ask;           /* OP_POLL: its first, or again */
	struct store_op *deliver;       /* OP_DELIVER */
	struct letter **letters;        /* in the turn's arena */
	size_t n_letters, letters_room;
	int64_t seen, excepted;         /* seq of the last record taken, or not */
	bool must_ask;                  /* something may be for it */
	char end;                       /* digit of a RECORD_END; 0: none */
	bool leave;                     /* RECORD_CLOSE: noop and close */
	UT_hash_handle hh;
};

/* What becomes of a handshake or a POST in this turn: its op decides. */
struct step {
	struct exchange *x;             /* NULL: cancelled meanwhile */
	struct store_op *op;
	uint64_t session;
	bool pong;
	struct slice greeting;          /* handshake: what follows the open packet */
	struct step *next;
};

/* A client that hung up: its claim must go; or its answer did not get out. */
struct hangup {
	uint64_t session, ticket;
	bool was_answered;
	struct hangup *next;
};

enum job_state {
	JOB_FOUND,              /* to be leased */
	JOB_LEASED,             /* to be run */
	JOB_OUT,                /* the application answers later */
	JOB_BACK,               /* it has */
	JOB_OVER                /* it was tried too often: somebody must be told */
};
/* A task that this process has leased, or is about to. */
struct job {
	struct arena arena;             /* its own: jobs outlive a turn */
	struct engine *engine;
	struct task task;
	enum job_state state;
	struct store_op *op;            /* in the running turn: what decides about it */
	bool is_later, is_started;
	struct later_terms terms;
	uint64_t upto;                  /* the last that goes with it */
	unsigned attempts;
	struct later later;
	struct task *batch;             /* later.n of them */
	struct job *next;
};

struct engine {
	struct engine_conf conf;
	struct store *store;
	struct app app;
	const struct clock *clock;
	uint64_t next_ticket;

	/* what came: handshakes and POSTs; polls; and what is decided once more */
	struct queue said, asked, again;
	struct hangup *hangups;
	struct live_post *live_posts;   /* of connections, also gone ones */
	struct live_ask *live_asks;
	struct live *lives;             /* those that own a session, by session */
	struct live_list waits[WAIT__COUNT], unconnected;       /* by what is due */
	struct live_list behind;        /* that do not follow the tail */
	size_t n_behind;
	struct live *touched_lives;     /* by the turn in hand */
	struct owed *owed;              /* live_answer.c: acknowledgements that wait */
	const struct store_op *said_last;       /* the turn's last OP_APPEND of effects */
	struct audience *audiences;     /* mirror.c, by channel */
	int64_t follow_at;              /* boot ms: not before */
	int64_t proved_to;              /* see live_keep_proved() */
	struct parked *parked;          /* the lot, by session */
	struct parked *touched;         /* by the turn in hand */
	struct job *jobs;               /* with work for the next turn */
	struct job *out;                /* whose answers are awaited */
	struct queue held;              /* POSTs that find no room in their lane */
	struct outside *outsides;       /* from outside, and its waiting ones */

	/* the turn in hand; it survives an RC_AGAIN */
	struct arena arena;
	struct turn turn;
	struct step *steps, **steps_end;
	struct letter *letters;         /* by seq */
	uint64_t n_encoded;
	bool is_pending;                /* built, not committed yet */
	bool has_given_up;              /* no turn found the lock since one did */
	int64_t oldest;                 /* since when its oldest request waits */

	int64_t tail;                   /* the log was read up to here for the parked */
	int64_t tail_before;            /* as the turn began */
	int64_t cut;                    /* the last record that was handed out in pieces */
	uint64_t n_rounds;              /* so often the log was handed out to its end */
	bool has_more;                  /* of the log: a page was full */
	bool has_sockets, has_sockets_known;    /* store_has_sockets(), of this turn */
	bool resync;                    /* ask by channel again for all parked */
	bool asked_all;                 /* that was done in this turn */
	uint64_t looked[LOOKED];        /* disconnects that were looked at for presence */
	uint64_t tasks_from;            /* here the last search stopped; 0: at the end */
	bool look_for_tasks, drain;
	int64_t next_tick, next_janitor, next_parked;
	int64_t next_task, next_held, next_outside;     /* boot ms; INT64_MAX: never */
	const char *reason;
};

/* ---- poll.c: parking and answering -------------------------------------- */

void poll_collect(struct engine *e, struct exchange *x);
/* Pings, holds and deadlines of the parked that are due now. */
void poll_due(struct engine *e, int64_t now);
/* All that are parked ask by channel, with their own claims. */
void poll_ask_again(struct engine *e);
/* Inside the transaction: the results of this turn's polls give their cursors,
 * and the place where the tail is to be read from.  False: all that are in the
 * lot are answered by this turn, and nobody needs the tail. */
bool poll_take_cursors(struct engine *e);
/* After the commit: answers all that were touched, or lets them sit. */
void poll_settle(struct engine *e);
/* The turn failed: exchange_fail() for new polls, who sat before sits on. */
void poll_forget_turn(struct engine *e, int64_t until);
/* The client is gone. */
void poll_cancel(struct engine *e, struct exchange *x);
/* A pong came in for this session. */
void poll_pong(struct engine *e, uint64_t session);
void poll_drain(struct engine *e);
/* Refuses all that wait: their claims lie in a store that is gone. */
void poll_abandon(struct engine *e);
void poll_free(struct engine *e);

struct parked *parked_find(struct engine *e, uint64_t session);
/* Puts it on the list that poll_settle() walks. */
void parked_touch(struct engine *e, struct parked *p);
/* Asks for it by channel again. */
void parked_ask_again(struct engine *e, struct parked *p);

/* ---- open.c --------------------------------------------------------------- */

void open_collect(struct engine *e, struct exchange *x);
void open_settle(struct engine *e, const struct step *step);

/* ---- post.c --------------------------------------------------------------- */

void post_collect(struct engine *e, struct exchange *x);
void post_settle(struct engine *e, const struct step *step);

/* ---- effect.c -------------------------------------------------------------- */

/* Whose effects they are. */
struct author {
	struct slice nsp;
	struct slice id;                /* public id; absent: none */
	const uint64_t *socket;         /* NULL: none */
	uint64_t session;               /* 0: none */
	uint64_t lane;                  /* of an answer that came later; 0: none */
	struct slice ack_id;            /* digits; absent: no ack is wanted */
	struct store_op *gate;
	bool wait;                      /* questions stay for store_answers() */
	struct live *live;              /* takes acks that are no records; or NULL */
	bool is_return;                 /* APP_CONNECT of who is there already */
	/* out */
	bool changes_self;              /* something that the session's version covers */
	struct slice data, user;        /* as they will be, if changed; else as they were */
	struct store_op *last_emit, *last_value;
};
void effects_apply(struct engine *e, const struct effects *effects,
    struct author *author);

/* An event of a connection that comes to its own ack and nothing else, before
 * anything else of its post: nothing is to be written.  False: it is not so, and
 * author->live says whether its ack may go without a record. */
bool effects_answer(struct engine *e, const struct effects *effects,
    struct author *author, struct live *live);

/* ---- presence.c -------------------------------------------------------------- */

/* What is configured about a room; false: nothing. */
bool room_rule_of(struct engine *e, struct slice nsp, struct slice room,
    struct room_rule *rule_r);
/* The user may have come into the room, or left it. */
void presence_look(struct engine *e, struct slice nsp, struct slice room,
    struct slice user, struct store_op *gate);
/* The same for packed rooms, and for the namespace. */
void presence_look_all(struct engine *e, struct slice nsp, struct slice packed,
    struct slice user, struct store_op *gate);
/* The same for all rooms that a socket is in, as the store knows; 0: none. */
void presence_look_socket(struct engine *e, struct slice nsp, uint64_t socket,
    struct slice user, struct store_op *gate);
/* What waits for its user; replayed: as in OP_MAIL. */
void mail_take(struct engine *e, struct slice nsp, const uint64_t *socket,
    int64_t replayed, struct store_op *gate);
/* Timers of this house are no business of the application. */
bool timer_name_is_ours(struct slice name);
bool timer_is_ours(const struct task *task);
void timer_run_ours(struct engine *e, const struct task *task,
    const struct author *author);

/* ---- tail.c ----------------------------------------------------------------- */

/* Hands the log's news to the parked and pushes their OP_DELIVERs.  *more_r:
 * a page was full. */
enum rc tail_scan(struct engine *e, bool *more_r);

/* ---- letter.c ---------------------------------------------------------------- */

/* The record's letter of this turn; the record is copied into the arena once. */
struct letter *letter_of(struct engine *e, const struct record *record);
/* One that is in no log; the record stays where it is. */
struct letter *letter_new(struct engine *e, const struct record *record);
/* Appends it as its generation has it. */
void letter_write(struct engine *e, struct letter *letter,
    const struct codec *codec, struct buf *out);
/* The form in which connections of that generation have it. */
const struct codec *letter_form(const struct letter *letter,
    const struct codec *codec);
void letters_forget(struct engine *e);
/* The offset of a seq, and back; 0: it does not verify. */
struct slice offset_make(struct engine *e, int64_t seq);
int64_t offset_read(struct engine *e, struct slice offset);

/* ---- task.c ------------------------------------------------------------------- */

void task_collect(struct engine *e);
/* Inside the transaction: heads that the turn itself has added are leased. */
void task_lease_added(struct engine *e);
void task_settle(struct engine *e);
/* The turn failed. */
void task_forget(struct engine *e);
void task_free(struct engine *e);
/* Whose sockets they are; gate is the task's end. */
struct author task_author(struct engine *e, const struct task *task,
    struct store_op *gate);
struct app_call task_call(struct engine *e, const struct task *task);

/* ---- later.c ------------------------------------------------------------------ */

/* Leased: the batch goes out. */
void later_start(struct engine *e, struct job *job);
/* Its answer, as operations; job->op decides whether it is over. */
void later_apply(struct engine *e);
void later_end(struct engine *e, struct job *job);

/* ---- connect.c ------------------------------------------------------------------- */

/* The application has answered a client that asked for a namespace, as a task. */
void connect_answered(struct engine *e, const struct task *task,
    struct store_op *gate, enum rc rc, const struct effects *effects);

/* ---- outside.c -------------------------------------------------------------------- */

void outside_collect(struct engine *e);
void outside_settle(struct engine *e);
/* Those that wait for answers. */
void outside_look(struct engine *e, bool woken);
void outside_fail(struct engine *e);

/* ---- engine.c ------------------------------------------------------------------ */

void hangup_add(struct engine *e, uint64_t session, uint64_t ticket);

/* ---- exchange.c ---------------------------------------------------------------- */

void engine_hand_in(struct engine *e, struct exchange *x, enum exchange_kind kind);
/* Whether the next turn has any to collect. */
bool exchanges_wait(const struct engine *e);
/* What is said goes before what is asked: a poll that came with it takes it
 * along, and need not come again for it.  But never so much is said that nobody
 * gets to ask. */
void exchanges_collect(struct engine *e);
/* Those that were held, when their time has come, in the order in which they came. */
void held_collect(struct engine *e, int64_t now);
/* The session that x names.  False: none that it may have, and x is answered. */
bool exchange_session(struct engine *e, struct exchange *x, struct session_row *row_r);
struct step *step_add(struct engine *e, struct exchange *x, struct store_op *op);
void exchange_answer(struct exchange *x, enum answer answer);
/* Once more in the next turn (somebody else was faster); BUSY when it has been
 * tried too often. */
void exchange_again(struct engine *e, struct exchange *x);
/* There is no room in its lane: once more a little later. */
void exchange_hold(struct engine *e, struct exchange *x, bool is_full);
/* Nothing of its turn happened.  BUSY when it was handed in at `until` or before;
 * else the next turn takes it. */
void exchange_fail(struct engine *e, struct exchange *x, int64_t until);

#endif
