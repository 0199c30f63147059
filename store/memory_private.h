/*
 * memory_private.h - what the files of the memory driver share
 *
 * A town is what a store directory is to the other driver: all handles that
 * open the same path in this process live in the same town, and the town ends
 * with the last of them.  A handle plays a process: it has a worker's number
 * for life, and with store_close() it is dead.
 *
 * Plain lists and a few hash tables, no index: a test has ten sessions, and
 * code that is read in a minute shows what the other driver must do.  Nothing
 * can fail half way here, so an operation checks all first, then changes.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STORE_MEMORY_PRIVATE_H
#define STORE_MEMORY_PRIVATE_H

#include <uthash.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/driver.h"

enum {
	CLOSE_WAIT_MS = 30000,          /* how long a RECORD_CLOSE waits to be read */
	SLOT_HEARD_MS = 5000,
	LANE_KEEP_MS = 86400 * 1000,    /* how long its value stays behind a lane */
	ANSWERS_WAIT_MS = 60000         /* how long answers wait to be looked at */
};

/* A socket in a channel: seq in [from, to); to is INT64_MAX while it lasts. */
struct interval {
	struct slice key;
	int64_t from, to;
};

struct mem_socket {
	uint64_t n;
	uint64_t session;               /* where it is present; 0: gone or ended */
	uint64_t reader;                /* who still reads what it heard; 0: nobody */
	bool has_ended;                 /* kept for its reader only */
	char id[24], pid[24];
	struct slice nsp, user, data, info;     /* info, once it is gone */
	int64_t connected_wall, gone_wall;
	int64_t live_from;              /* up to here its replay has it */
	int64_t proved;                 /* gone: up to here its client had it */
	int generation, transport;
	uint64_t lane;                  /* gone: that of its last session */
	struct interval *intervals;
	size_t n_intervals;
	UT_hash_handle hh;              /* by n; the order of numbers */
};

/* A range of the log that a recovered socket reads first: (pos, upto], where
 * upto is its CONNECT answer.  back: pos before the last answer. */
struct replay {
	uint64_t socket;
	int64_t pos, back, upto;
};

struct mem_session {
	uint64_t n;
	struct session_row row;         /* its slices are ours */
	int64_t cursor, prev;
	char t[24];                     /* of the parked or the last answered poll */
	unsigned holder;                /* worker of the claim, or owner; 0: none */
	uint64_t ticket;
	unsigned prober;                /* worker that probes it; 0: none */
	uint64_t probe_ticket;
	int64_t claim_seq;              /* the newest record when it was claimed */
	unsigned teller;                /* who gave the last batch, ... */
	uint64_t told;                  /* ... with which ticket; 0: nobody */
	int64_t opened_boot, closing_boot;
	uint64_t lane;                  /* of its tasks; its own number, or inherited */
	bool was_connected;             /* to a namespace, once */
	bool said_ping;                 /* the last answer was a ping */
	struct replay *replays;
	size_t n_replays;
	UT_hash_handle hh;              /* by n; the order of numbers */
};

struct kept {
	struct slice key;
	struct record record;
	int64_t until;
	struct kept *prev, *next;
};

struct mem_task {
	struct task task;               /* its slices are ours */
	unsigned holder;
	int64_t lease_boot, due;
	uint64_t upto;                  /* what goes with it; 0: not tried yet */
	struct mem_task *prev, *next;
};

struct mem_timer {
	struct slice nsp, name, context;
	uint64_t socket;
	int64_t due, every_ms;
	struct mem_timer *prev, *next;
};

struct asked {                          /* also those who were gone */
	uint64_t socket;
	bool has_answered;
};

struct question {
	int64_t n;
	struct slice nsp, name, context;
	struct asked *asked;
	size_t n_asked;
	int64_t expected, answered, due;        /* expected: those present */
	bool wait, is_done;             /* done: kept only to be looked at */
	unsigned asker;                 /* worker that waits */
	struct buf answers;             /* "[1],[2]" */
	struct buf attachments;         /* packed, of each answer */
	bool has_attachments;
	struct question *prev, *next;
};

/* A value, or a key that was used. */
struct entry {
	struct slice key, value;
	int64_t until;                  /* wall ms; 0: stays */
	UT_hash_handle hh;
};

struct mem_presence {
	struct slice nsp, room;
	struct presence_row row;        /* user is ours */
	int64_t until;                  /* wall: how long one who is away is known */
	struct mem_presence *prev, *next;
};

struct mem_acl {
	struct acl_row row;             /* its slices are ours */
	uint64_t socket;                /* it ends with this one; 0: with none */
	struct mem_acl *prev, *next;
};

struct memory;
struct town {
	char *path;
	struct memory *handles;
	unsigned char key[16];
	char id[24];
	struct record *log;             /* log[i].seq is floor + i */
	size_t log_n, log_cap;
	int64_t floor, seq, log_bytes;
	uint64_t session_n, socket_n, task_n;
	int64_t question_n;
	unsigned worker_n;
	struct mem_session *sessions;
	struct mem_socket *sockets;
	struct kept *kept;
	struct mem_task *tasks;
	struct mem_timer *timers;
	struct question *questions;
	struct entry *values, *onces;
	struct mem_presence *presences; /* in the order of users */
	struct mem_acl *acls;           /* in the order of keys */
	int64_t acl_version;
	uint64_t tallies[TALLY__COUNT];
	struct town *next;
};

struct memory {
	struct store store;             /* first */
	struct town *town;
	struct store_conf conf;         /* its numbers only */
	unsigned worker;
	int wake_fd;
	bool has_moved;                 /* somebody else committed */
	bool has_sockets;               /* it takes sessions over */
	struct memory *next;            /* in the town */
	/* while a turn runs */
	int64_t boot, wall;
	struct arena *arena;
	struct changed changed, own_changed;    /* by the op in hand; by all, ours */
	bool has_tasks;
};

static inline struct memory *
memory_of(struct store *store)
{
	return (struct memory *)store;
}

/* ---- memory.c ----------------------------------------------------------- */

/* A copy that is ours; absent stays absent.  disown() gives it back. */
struct slice memory_own(struct slice s);
void memory_disown(struct slice *s);
void memory_own_text(char out_r[24], struct slice s);
bool memory_worker_lives(const struct town *town, unsigned worker);
void memory_wake(struct memory *m, unsigned worker);

/* ---- memory_log.c ------------------------------------------------------- */

void memory_op_append(struct memory *m, struct store_op *op);
/* To the session itself; data may be absent. */
int64_t memory_tell(struct memory *m, uint64_t session, enum record_kind kind,
    struct slice nsp, struct slice data);
/* A parked poll gets this answer and loses its claim. */
void memory_tell_poll(struct memory *m, struct mem_session *s, char answer);
/* RECORD_MEMBERS; data is a JSON array. */
void memory_tell_members(struct memory *m, struct slice data);
/* NULL: not there (any more). */
const struct record *memory_record(const struct town *town, int64_t seq);
void memory_record_copy(struct arena *arena, const struct record *from,
    struct record *to_r);
/* Up to limit of those whose time is over; how many. */
size_t memory_trim(struct memory *m, size_t limit);
size_t memory_trim_kept(struct memory *m, size_t limit);
void memory_log_free(struct town *town);
enum rc memory_tail(struct store *store, int64_t after, size_t limit,
    struct arena *arena, store_record_fn *visit, void *arg, int64_t *floor_r);
enum rc memory_history(struct store *store, struct slice channel, int64_t before,
    int64_t after, size_t limit, struct arena *arena, store_record_fn *visit,
    void *arg);
/* Says it to its channels; r->seq and wall_ms are results. */
void memory_say(struct memory *m, struct record *r);
void memory_op_mail(struct memory *m, struct store_op *op);
enum rc memory_last_seq(struct store *store, int64_t *seq_r);

/* ---- memory_poll.c ------------------------------------------------------ */

void memory_op_poll(struct memory *m, struct store_op *op);
void memory_op_deliver(struct memory *m, struct store_op *op);
void memory_op_release(struct memory *m, struct store_op *op);
void memory_op_lost(struct memory *m, struct store_op *op);
void memory_drop_claim(struct mem_session *s);

/* The claim is this worker's, with this ticket. */
bool memory_claim_is_own(const struct memory *m, const struct mem_session *s,
    uint64_t ticket);
/* The last answer has arrived: replays that are over go. */
void memory_receipt(struct mem_session *s);

/* What a session has not seen, from its cursor on; the cursor moves. */
struct mem_drain {
	size_t max_records, max_bytes;
	int64_t volatile_after;         /* INT64_MAX: none is taken */
	struct batch batch;
	size_t bytes;
	bool is_full, is_close;
};
void memory_drain(struct memory *m, struct mem_session *s, struct mem_drain *d);
bool memory_is_below_floor(const struct town *town, const struct mem_session *s);

/* ---- memory_follow.c ---------------------------------------------------- */

void memory_op_probe(struct memory *m, struct store_op *op);
void memory_op_upgrade(struct memory *m, struct store_op *op);
void memory_op_follow(struct memory *m, struct store_op *op);
void memory_op_prove(struct memory *m, struct store_op *op);
void memory_own_session(struct memory *m, struct mem_session *s, uint64_t ticket);
void memory_prove(struct mem_session *s, int64_t proved);
/* After an op: those whose sockets it changed (m->changed) are told. */
void memory_changed_tell(struct memory *m);

/* ---- memory_session.c --------------------------------------------------- */

void memory_op_open(struct memory *m, struct store_op *op);
void memory_op_receive(struct memory *m, struct store_op *op);
void memory_op_close(struct memory *m, struct store_op *op);
struct mem_session *memory_session_get(struct town *town, uint64_t n);
bool memory_is_claimed(const struct town *town, const struct mem_session *s);
/* A connection whose worker is dead. */
bool memory_is_orphan(const struct town *town, const struct mem_session *s);
/* Boot ms: when it is dead.  (One that closes has its own time.) */
int64_t memory_session_dead(const struct memory *m, const struct mem_session *s);
/* Its sockets go, a parked poll is told; s is freed. */
void memory_session_end(struct memory *m, struct mem_session *s,
    const char *reason, char answer, bool keep);
void memory_session_end_orderly(struct memory *m, struct mem_session *s,
    const char *reason, bool keep);
void memory_session_free(struct town *town, struct mem_session *s);
/* A `t` as it is kept: long ones by their hash. */
void memory_t(const struct town *town, struct slice t, char out_r[24]);
enum rc memory_session(struct store *store, struct slice sid, struct arena *arena,
    struct session_row *row_r);
enum rc memory_sessions(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_session_fn *visit, void *arg);

/* ---- memory_socket.c ---------------------------------------------------- */

void memory_op_connect(struct memory *m, struct store_op *op);
void memory_op_recover(struct memory *m, struct store_op *op);
void memory_op_disconnect(struct memory *m, struct store_op *op);
void memory_op_socket_set(struct memory *m, struct store_op *op);
/* Not those that have ended. */
struct mem_socket *memory_socket_get(struct town *town, uint64_t n);
struct mem_socket *memory_socket_in(struct town *town, uint64_t session,
    struct slice nsp);
/* All of a session; has_reader: the session lives on to read what they heard. */
void memory_sockets_go(struct memory *m, struct mem_session *s,
    const char *reason, bool keep, bool has_reader);
/* For good: its timers, too. */
void memory_socket_forget(struct town *town, struct mem_socket *k);
void memory_socket_free(struct town *town, struct mem_socket *k);
void memory_socket_row(const struct town *town, const struct mem_socket *k,
    struct arena *arena, struct socket_row *row_r);
enum rc memory_socket(struct store *store, uint64_t session, struct slice nsp,
    struct arena *arena, struct socket_row *row_r);
enum rc memory_socket_id(struct store *store, struct slice nsp, struct slice id,
    struct arena *arena, struct socket_row *row_r);
enum rc memory_socket_n(struct store *store, uint64_t n, struct arena *arena,
    struct socket_row *row_r);
enum rc memory_recoverable(struct store *store, struct slice nsp, struct slice pid,
    int64_t offset, int64_t max_replay, struct arena *arena,
    struct socket_row *row_r);

/* ---- memory_room.c ------------------------------------------------------ */

void memory_op_member(struct memory *m, struct store_op *op);
/* False: it was so already. */
bool memory_join(struct town *town, struct mem_socket *k, struct slice key);
bool memory_leave(struct town *town, struct mem_socket *k, struct slice key);
void memory_leave_all(struct town *town, struct mem_socket *k);
bool memory_was_in(const struct mem_socket *k, struct slice key, int64_t seq);
bool memory_is_in(const struct mem_socket *k, struct slice key);
/* It is in this room now, and the room is not the one of its own id. */
bool memory_is_room(const struct mem_socket *k, const struct interval *i);
/* Whether this socket hears that record. */
bool memory_hears(const struct mem_socket *k, const struct record *r);
enum rc memory_members(struct store *store, struct slice channel, int64_t seq,
    store_member_fn *visit, void *arg);
enum rc memory_select(struct store *store, const struct selector *selector,
    uint64_t after, size_t limit, bool with_gone, struct arena *arena,
    store_socket_fn *visit, void *arg);
enum rc memory_count(struct store *store, const struct selector *selector,
    int64_t *count_r);
enum rc memory_heard(struct store *store, uint64_t session,
    store_heard_fn *visit, void *arg);
enum rc memory_rooms_of(struct store *store, uint64_t socket, struct buf *packed);
enum rc memory_rooms(struct store *store, struct slice nsp, struct slice after,
    size_t limit, store_room_fn *visit, void *arg);

/* ---- memory_task.c ------------------------------------------------------ */

/* The socket may be NULL. */
void memory_task_add(struct memory *m, enum task_kind kind, struct slice nsp,
    struct slice name, struct slice context, const struct mem_socket *k,
    struct slice data, struct slice attachments);
void memory_op_task_add(struct memory *m, struct store_op *op);
void memory_op_task_try(struct memory *m, struct store_op *op);
void memory_op_task_done(struct memory *m, struct store_op *op);
void memory_op_task_again(struct memory *m, struct store_op *op);
/* Whether an OP_RECEIVE finds room in its session's lane. */
bool memory_has_room(struct memory *m, struct store_op *op);
/* The socket is back: the disconnect that nobody has begun to tell is taken back. */
/* What nobody has begun to tell is taken back; false: there is no such thing. */
bool memory_task_unbye(struct memory *m, uint64_t socket);
/* Behind its OP_RECOVER. */
void memory_task_add_return(struct memory *m, const struct store_op *op);
/* Data or user of a socket that has gone change: its disconnect tells them. */
bool memory_refresh_bye(struct memory *m, uint64_t socket, struct slice data,
    struct slice user);
void memory_tasks_free(struct town *town);
enum rc memory_tasks(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_task_fn *visit, void *arg);
enum rc memory_batch(struct store *store, uint64_t n, uint64_t upto,
    struct arena *arena, store_task_fn *visit, void *arg);
enum rc memory_tasks_all(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_task_fn *visit, void *arg);
enum rc memory_is_asking(struct store *store, uint64_t session,
    struct slice nsp, bool *asking_r);
enum rc memory_lane(struct store *store, uint64_t session, uint64_t *lane_r);

/* ---- memory_timer.c ----------------------------------------------------- */

void memory_op_timer(struct memory *m, struct store_op *op);
size_t memory_timers_fire(struct memory *m, size_t limit);
void memory_timers_end(struct town *town, uint64_t socket);
void memory_timers_free(struct town *town);

/* ---- memory_question.c -------------------------------------------------- */

/* Opens one about this record; its number. */
int64_t memory_ask(struct memory *m, const struct store_op *op);
void memory_op_answer(struct memory *m, struct store_op *op);
size_t memory_questions_time_out(struct memory *m, size_t limit);
void memory_questions_free(struct town *town);
enum rc memory_answers(struct store *store, int64_t question, struct arena *arena,
    struct slice *answers_r, struct slice *attachments_r, int64_t *expected_r,
    bool *done_r);
enum rc memory_questions(struct store *store, struct slice nsp, int64_t after,
    size_t limit, struct arena *arena, store_question_fn *visit, void *arg);

/* ---- memory_value.c ----------------------------------------------------- */

void memory_op_value_set(struct memory *m, struct store_op *op);
void memory_op_once(struct memory *m, struct store_op *op);
size_t memory_values_end(struct memory *m, size_t limit);
/* The value of a lane; until: wall ms, 0: it stays. */
void memory_lane_until(struct memory *m, uint64_t lane, int64_t until);
void memory_values_free(struct town *town);
enum rc memory_value(struct store *store, struct slice key, struct arena *arena,
    struct slice *value_r);
enum rc memory_values(struct store *store, struct slice prefix, size_t limit,
    struct arena *arena, store_value_fn *visit, void *arg);
enum rc memory_stats(struct store *store, struct store_stats *stats_r);

/* ---- memory_presence.c -------------------------------------------------- */

void memory_op_presence(struct memory *m, struct store_op *op);
size_t memory_presences_end(struct memory *m, size_t limit);
void memory_presences_free(struct town *town);
enum rc memory_present(struct store *store, struct slice nsp, struct slice room,
    struct slice after, size_t limit, bool with_away, struct arena *arena,
    store_presence_fn *visit, void *arg);
enum rc memory_presence(struct store *store, struct slice nsp, struct slice room,
    struct slice user, struct arena *arena, struct presence_row *row_r);

/* ---- memory_acl.c ------------------------------------------------------- */

void memory_op_acl(struct memory *m, struct store_op *op);
void memory_acls_end(struct town *town, uint64_t socket);
void memory_acls_free(struct town *town);
int64_t memory_acl_version(struct store *store);
enum rc memory_acl(struct store *store, struct slice key, struct arena *arena,
    struct acl_row *row_r);
enum rc memory_acls(struct store *store, struct slice after, size_t limit,
    struct arena *arena, store_acl_fn *visit, void *arg);

/* ---- memory_janitor.c --------------------------------------------------- */

void memory_op_janitor(struct memory *m, struct store_op *op);

#endif
