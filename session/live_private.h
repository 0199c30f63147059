/*
 * live_private.h - connections, as the files of session/ share them
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SESSION_LIVE_PRIVATE_H
#define SESSION_LIVE_PRIVATE_H

#include "session/engine_private.h"
#include "session/live.h"

/* An acknowledgement that no record is written for. */
struct local {
	struct letter *letter;
	const struct store_op *gate;    /* nothing of it happens when this falls; or NULL */
	const struct store_op *after;   /* OP_APPEND: what is heard before it; or NULL */
	int64_t seq;                    /* the same, once that is over */
	struct local *next;
};

/* ---- live.c: coming and going ------------------------------------------------ */

struct live *live_find(struct engine *e, uint64_t session);
/* The session ends as when a client closes; the door knows already. */
void live_depart(struct live *live, const char *reason);
/* The server ends it: live is the door's again. */
void live_close(struct live *live, const char *reason);
/* Its session has ended; nothing is left to be said. */
void live_over(struct live *live);
/* It stands on the log: from here on it asks for what is past its cursor. */
void live_enter(struct live *live);
/* The step of a turn that opens, probes, upgrades or leaves. */
void live_collect(struct engine *e, struct exchange *x);
void live_step(struct engine *e, const struct step *step);
/* With the tick: what the store refused is asked again. */
void live_retry(struct engine *e);
/* SIGTERM: all are closed, and may come back. */
void live_drain(struct engine *e);
/* The store is gone, and so are the sessions. */
void live_abandon(struct engine *e);
void live_free(struct engine *e);

/* ---- live_say.c: what it says -------------------------------------------------- */

/* Behind what it has said: it leaves. */
void live_say_leave(struct live *live, const char *reason);
void live_say_probe_end(struct live *live);
/* Of a probe; see live.c. */
void live_probe_message(struct live *live, bool is_binary, struct slice data);
/* What waited for the upgrade is decided now. */
void live_say_on(struct live *live);
/* Nobody waits for what its posts come to. */
void live_say_detach(struct live *live);
void live_say_retry(struct engine *e);
void live_say_free(struct engine *e);
void leave_collect(struct engine *e, struct exchange *x);
/* Hands the frames of a connection's post to visit() until it says false.
 * RC_NONE: all were good. */
typedef bool live_frame_fn(void *arg, const struct frame *frame);
enum rc live_frames(struct engine *e, const struct exchange *x,
    live_frame_fn *visit, void *arg);

/* ---- live_hear.c: what it is told ------------------------------------------------ */

void live_mark(struct live *live);
/* A record of the tail is for it. */
void live_offer(struct live *live, struct letter *letter);
/* A record as a message of its own.  False: it takes no more. */
bool live_send_letter(struct live *live, struct letter *letter);
/* The messages of a payload, to it alone.  False: it takes no more. */
bool live_send_payload(struct live *live, struct slice payload);
bool live_send_frame(struct live *live, enum frame_type type, struct slice data);
/* Reads the store instead of the tail, from the next turn on: past its cursor, or
 * past where it followed. */
void live_begin(struct live *live);
void live_fall_behind(struct live *live);
void live_caught_up(struct live *live);
void live_follow(struct engine *e);
/* Inside the transaction: whom the ops concern, and who reads the tail now; the
 * least cursor of those, or INT64_MAX. */
int64_t live_take_cursors(struct engine *e);
/* After the commit. */
void live_settle(struct engine *e);
/* The turn failed. */
void live_forget_turn(struct engine *e);

/* ---- live_answer.c: acknowledgements that are no records ------------------------- */

/* Its own acknowledgement, when gate holds; behind what it hears of `after`. */
void live_answer(struct live *live, const struct record *record,
    const struct store_op *gate, const struct store_op *after);
/* After the commit: sends those that come before the record of this seq. */
bool live_send_answers(struct live *live, int64_t before);
/* Those that are left wait for the rest of the log. */
void live_owe_answers(struct live *live);
/* Who waited long enough gets them in this turn. */
void live_take_owed(struct engine *e);
void live_forget_owed(struct engine *e, const struct live *live);       /* NULL: all */

/* ---- live_time.c ------------------------------------------------------------------ */

void live_wait(struct live *live, enum live_wait wait, int64_t due);
void live_wait_connect(struct live *live, int64_t due);
/* For its next ping, which its generation may want sooner than others. */
void live_wait_ping(struct live *live, int64_t from);
void live_is_connected(struct live *live);
/* Its client was heard: a pong, or a ping. */
void live_heard(struct live *live);
void live_due(struct engine *e, int64_t now);
int64_t live_deadline(const struct engine *e);
/* OP_PROVE for those whose pongs are worth it. */
void live_keep_proved(struct engine *e, int64_t now);

/* ---- mirror.c: who listens where, in memory ------------------------------------------ */

/* Reads where the session's sockets listen. */
void mirror_load(struct live *live);
void mirror_drop(struct live *live);
/* Those that were in the channel at seq. */
typedef void mirror_fn(void *arg, struct live *live);
void mirror_walk(struct engine *e, struct slice key, int64_t seq,
    mirror_fn *visit, void *arg);
/* The same for a record that is handed out: to each of them once, in as many calls as
 * it takes.  visit() says false when it is enough for now, and mirror_hand(), too. */
typedef bool mirror_hand_fn(void *arg, struct live *live);
bool mirror_hand(struct engine *e, struct slice key, int64_t seq,
    mirror_hand_fn *visit, void *arg);

#endif
