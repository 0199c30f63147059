/*
 * store_contract.h - what every driver of the store must do, and the words to
 * say it with
 *
 * The cases are scenarios: sessions open, sockets connect, something is said,
 * somebody polls.  What a poll brings is one line of text, so a case reads like
 * a transcript:
 *
 *     T_STR(t_poll(s, "t1"), "parked");
 *     t_emit("/", "kitchen", "hello");
 *     T_STR(t_again(s), "hello");
 *
 * Each case has a fresh store and a clock that stands still.  Words that return
 * nothing or a number fail the case when the store refuses; where a refusal is
 * the point, the word returns its enum rc.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_STORE_CONTRACT_H
#define TESTS_STORE_CONTRACT_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/slice.h"
#include "store/record.h"
#include "store/store.h"

/* What a driver does not promise, its cases skip. */
struct contract {
	const char *driver;
	bool keeps;             /* the store outlives the last process */
	bool has_processes;     /* several processes share it (memory: handles) */
};

/* Runs all cases against a driver; what main() returns. */
int contract_main(const struct contract *contract);

/* One file of cases each. */
void contract_turn(void);
void contract_poll(void);
void contract_close(void);
void contract_room(void);
void contract_recover(void);
void contract_refuse(void);
void contract_log(void);
void contract_task(void);
void contract_inbox(void);
void contract_look(void);
void contract_worker(void);
void contract_lost(void);
void contract_acl(void);
void contract_user(void);
void contract_follow(void);

/* The stage of the running case. */
struct scene {
	const struct contract *contract;
	struct clock_fake clock;
	struct store_conf conf;
	char dir[128];
	struct store *store;
	struct arena arena;             /* all results of the case */
	struct turn turn;
	bool turn_open;
	uint64_t ticket;                /* the last one given out */
	uint64_t tickets[64];           /* of a session's poll, by number % 64 */
	unsigned t;                     /* for t_hears() */
	uint64_t *shared;               /* 64 numbers seen by every process */
};
extern struct scene scene;

void scene_run(const char *name, void (*test)(void));
#define CASE(test) scene_run(#test, test)

/* Close and open the store again, after scene.conf was changed. */
void t_reopen(void);
/* Turns the clock. */
void t_wait(int64_t ms);

/* A text that lives as long as the case. */
const char *t_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- turns ------------------------------------------------------------ */

/* An op of the turn under construction; t_commit() applies them all. */
struct store_op *t_op(enum store_op_kind kind);
struct store_op *t_op_behind(enum store_op_kind kind, struct store_op *gate);
void t_commit(void);
/* Commits, and returns the result of op. */
enum rc t_do(struct store_op *op);

/* ---- sessions and sockets --------------------------------------------- */

/* Ops that are only filled in, for turns of several. */
struct store_op *t_op_open(const char *sid);
struct store_op *t_op_connect(uint64_t session, const char *nsp, const char *id);
struct store_op *t_op_emit(const char *nsp, const char *room, const char *name);
struct store_op *t_op_receive(const char *sid, const char *t);

/* A session of this sid; its number. */
uint64_t t_open(const char *sid);
/* A socket with this id and the pid "p-ID"; its number. */
uint64_t t_connect(uint64_t session, const char *nsp, const char *id);
/* As t_open(), of these traits. */
uint64_t t_open_as(const char *sid, unsigned traits);
/* open and connect to "/", and take the CONNECT answer; the session. */
uint64_t t_join_in(const char *sid, uint64_t *socket_r);
enum rc t_recover(uint64_t session, const char *nsp, const char *pid,
    int64_t offset, int64_t max_replay);
/* alice was in "/", heard "known" at *offset_r, and lost her connection; the socket. */
uint64_t t_alice_lost(int64_t *offset_r);
enum rc t_recoverable(const char *nsp, const char *pid, int64_t offset);
/* Ends at once, or in order; its sockets may come back with keep. */
enum rc t_close(uint64_t session, const char *reason, bool keep);
enum rc t_close_orderly(uint64_t session);
enum rc t_disconnect(uint64_t socket);
enum rc t_disconnect_silent(uint64_t socket);
struct session_row t_session(const char *sid);
bool t_is_open(const char *sid);

void t_join(uint64_t socket, const char *room);
void t_leave(uint64_t socket, const char *room);
void t_user(uint64_t socket, const char *user);
void t_data(uint64_t socket, const char *json);

/* ---- saying ----------------------------------------------------------- */

/* The event [name], to a room or (NULL) to the whole namespace; its seq. */
int64_t t_emit(const char *nsp, const char *room, const char *name);
int64_t t_emit_volatile(const char *nsp, const char *room, const char *name);
int64_t t_emit_except(const char *nsp, const char *room, const char *except,
    const char *name);
int64_t t_emit_user(const char *nsp, const char *user, const char *name);
/* Kept as history. */
int64_t t_emit_kept(const char *room, const char *name, int64_t keep_ms,
    int64_t keep_count);
/* Asks for acks; the question's number. */
int64_t t_ask(const char *nsp, const char *room, const char *handler,
    int64_t timeout_ms, bool wait);
enum rc t_answer(uint64_t socket, int64_t question, const char *json);
enum rc t_answer_with(uint64_t socket, int64_t question, const char *json,
    struct slice attachments);

/* Packed keys, packed names. */
struct slice t_keys(enum channel_kind kind, const char *nsp, const char *name);
struct slice t_names(const char *words);

/* ---- polling ---------------------------------------------------------- */

/*
 * What a poll brings: "parked", "ping", "end", "gone", "clash", another rc's
 * name, or what it heard, a word a record: events by name ("hello"; outside "/"
 * with the namespace before it, "/b:hello"), "connect:/", "disconnect:/",
 * "error:/", "ack:ID", "close".  A resend begins with "resend: ".
 */
const char *t_poll(uint64_t session, const char *t);
const char *t_poll_takeover(uint64_t session, const char *t);
const char *t_poll_page(uint64_t session, const char *t, size_t max_records);
const char *t_again(uint64_t session);
struct store_op *t_op_poll(uint64_t session, const char *t);
const char *t_poll_text(const struct store_op *op);
const char *t_batch_text(enum poll_outcome outcome, const struct batch *batch);
/* The parked poll is answered with what stands up to seq (0: nothing). */
enum rc t_deliver(uint64_t session, int64_t upto);
enum rc t_deliver_ping(uint64_t session);
enum rc t_release(uint64_t session);
/* What its last poll was answered with never left. */
enum rc t_lost(uint64_t session);
/* All that waits, over as many polls as it takes; nothing stays parked. */
const char *t_hears(uint64_t session);

/* A POST with this t, decided on the session as it is now. */
enum rc t_post(const char *sid, const char *t, bool pong);

/* ---- what is due, what must be done ------------------------------------ */

/* The janitor, until nothing is due any more; when the next thing is. */
int64_t t_janitor(void);
/* The tasks that wait, each "kind:name", blanks between, oldest first. */
const char *t_tasks(void);
/* The task of that name; fails when there is none. */
struct task t_task(const char *name);
enum rc t_task_try(uint64_t task, int64_t lease_ms);
enum rc t_task_done(uint64_t task);
enum rc t_timer(const char *name, uint64_t *socket, int64_t after_ms,
    int64_t every_ms);

/* ---- looking ---------------------------------------------------------- */

struct store_stats t_stats(void);
int64_t t_last_seq(void);
/* Names of the records of a channel's history; of the tail. */
const char *t_history(const char *room, int64_t before, size_t limit);
const char *t_tail(int64_t after, size_t limit);
int64_t t_floor(void);
/* Ids of the sockets meant, blanks between; rooms, users and except are words. */
const char *t_select(const char *nsp, const char *rooms, const char *users,
    const char *except, bool with_gone);

/* ---- elsewhere --------------------------------------------------------- */

/*
 * Runs something in another process with its own store (scene.store; with the
 * memory driver: with another handle), which then waits to be killed.  A failed
 * check there fails the case here.  Results come back in scene.shared.
 */
void t_elsewhere(void (*what)(void));
void t_elsewhere_dies(void);
/* It ends by itself, in order.  Not with handles. */
void t_elsewhere_leaves(void);

/* Whether the wake descriptor becomes readable; takes the wake-ups. */
bool t_woken(void);

#endif
