/*
 * sqlite_private.h - what the files of the SQLite driver share
 *
 * Errors of SQLite are sticky: the first one is logged and kept in db->failed;
 * whatever runs after it does nothing.  So an operation reads like its
 * description, and the turn looks once, before COMMIT.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STORE_SQLITE_PRIVATE_H
#define STORE_SQLITE_PRIVATE_H

#include <sqlite3.h>
#include <sys/types.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/driver.h"
#include "store/sqlite_sql.h"
#include "store/tally_file.h"
#include "store/turnlock.h"
#include "store/worker.h"

enum {
	SCHEMA = 7,                     /* what this program reads and writes */
	CLOSE_WAIT_MS = 30000,          /* how long a RECORD_CLOSE waits to be read */
	SLOT_HEARD_MS = 5000,
	LANE_KEEP_MS = 86400 * 1000     /* how long its value stays behind a lane */
};

/* A session number may jump, a seq too, but neither ever goes back. */
#define SEQ_JUMP ((int64_t)1 << 24)

/*
 * The state of the store: read at the start of a turn, written at its end, in the
 * row of table live that has no session: a commit then often writes one page less.
 */
struct state {
	int64_t schema, seq, floor, oldest_wall, log_bytes, sessions, also,
	    session_n, socket_n, channel_n, question_n, task_n,
	    swept,              /* boot ms of the last look at all sessions */
	    adopted,            /* own rooms that outlived their sockets */
	    acls;               /* grows with every change of an access list */
};

enum {
	LIVE_PING_OPEN = 1,     /* a pong is missing */
	LIVE_CLOSING = 2,       /* an orderly close is under way */
	LIVE_SAID_PING = 4,     /* the last answer was a ping */
	LIVE_PARTIAL = 8,       /* session.partial is not NULL */
	LIVE_REPLAY = 16,       /* rows in replay */
	LIVE_TIDY = 32,         /* intervals of it have ended and may be dropped */
	LIVE_WAS_CONNECTED = 64,        /* to a namespace, once */
	LIVE_PROBED = 128,      /* a row in probe */
	LIVE_TRAITS = 8         /* the session's traits stand above so many bits */
};

/* What never changes in a session, for store_session(). */
struct live_seen {
	int64_t opened_wall;
	int generation;
	char sid[24];
	bool has_info;
	size_t n_info;
	char info[];
};

/* A socket of it, for store_socket(). */
struct live_socket {
	struct socket_row row;
	size_t bytes;
	struct live_socket *next;
	UT_hash_handle hh;
	char memory[];
};

/* A row of table member. */
struct hearing {
	int64_t socket, channel, from, to;      /* to 0: open */
};

/* What changes with every request of a session; a row of table live. */
struct live {
	uint64_t session;
	int64_t cursor, prev;
	int64_t head;                   /* newest record to the session itself */
	int64_t holder, ticket, claim_seq;      /* of a poll, or the owner; no
	                                         * holder: see answer_note() */
	int64_t heard, ping, opened;
	int64_t version, namespaces;
	int transport;
	unsigned flags;
	char t[24];                     /* of the parked or the last answered poll */
	char post_t[24];
	uint64_t post_hash;
	/* in memory only */
	struct sqlite *db;
	struct live *next_dirty;
	struct live_seen *seen;
	struct live_socket *sockets;
	struct hearing *hears;          /* its intervals, when hears_known */
	size_t n_hears, hears_room;
	bool hears_known;
	size_t seen_bytes;
	bool is_new, is_dirty, is_listed, has_ended;
	UT_hash_handle hh, hh_sid;
};

/*
 * A record that was just said: what nobody has to look up.  Those to one session
 * hang in its chain (prior), as in the table; those to channels in one of all
 * (spoken), so that nobody walks over what others were told.
 */
struct recent {
	int64_t channel;                /* RECENT_MANY: several */
	int64_t prior, spoken;          /* seq of the one before; 0: none */
};
#define RECENT_MANY INT64_MIN
enum { RECENT = 8192, INDEX_WORDS = 12 };

/* What was said or read in this turn: sqlite_log.c, sqlite_drain.c. */
struct drained {
	struct record record;           /* its slices live as long as the turn's arena */
	struct slice unless_ids;
};
enum { DRAINED = 512 };

struct said {
	struct drained drained;
	struct said *next;
};

struct roster {
	bool may_keep;                  /* nobody joins or leaves just now */
	int64_t channel, after;         /* all that were in it after that seq; 0: none */
	struct buf rows;
};

struct sqlite {
	struct store store;             /* first */
	sqlite3 *db;
	sqlite3_stmt *stmts[SQL__COUNT];
	struct workers *workers;
	struct turnlock *lock;
	int dir;
	char *path, *file;
	uid_t owner;
	bool is_wal;
	struct tallies tallies;
	int64_t retention, recovery, lock_wait, connect_timeout, interval,
	    timeout, max_size;
	int64_t data_version;
	dev_t device;                   /* of the file that is open */
	ino_t inode;
	int64_t looked_at;              /* boot ms; see moved_away() */

	enum rc failed;                 /* sticky; RC_OK */

	/* what is remembered, see sqlite_live.c */
	struct live *lives, *by_sid, *dirty;
	struct live_socket *sockets;
	size_t kept_bytes;
	unsigned file_version;
	volatile const uint32_t *index; /* the WAL index's header; NULL: no WAL */
	uint32_t index_seen[INDEX_WORDS];
	bool has_moved;                 /* for store_moved() */
	bool is_fresh;                  /* a round of looks, see store_look() */
	bool state_known;
	enum use { USE_UNKNOWN, USE_NONE, USE_SOME } lanes, timers;    /* in the tables */
	struct buf channel_key;         /* the channel that was found last */
	int64_t channel_id;             /* 0: none */
	struct buf no_channel;          /* and the one that was missed last; empty: none */
	struct recent *recent;          /* a ring by seq; NULL: not yet */
	int64_t recent_from, recent_to; /* what is in it: [from, to), to 0: nothing */
	int64_t recent_spoken;          /* the newest of them to channels; 0: none */

	/* while a turn runs */
	bool in_turn, log_full_said, has_tasks;
	int64_t boot, wall;
	struct state state, before;     /* as it is, as it was read */
	struct arena *arena;            /* the turn's: results lie there */
	struct arena scratch;
	struct drained *drained[DRAINED];       /* by seq, in the arena */
	struct roster roster;
	struct said *said, **said_end;  /* this turn's records, in order */
	struct buf spoken;              /* channel ids of this turn's records */
	struct changed changed, own_changed;    /* by the op in hand; by all, ours */
	unsigned char wake[(WORKERS_MAX + 8) / 8];
	bool must_wake;
	int64_t claims;                 /* about how many are ours */
	int64_t tasks, tasks_at;        /* how many there were then, and ours since */

	int64_t sweep_at;               /* the session that the janitor saw last */
	int64_t checkpoint_at;          /* try when it has grown to this */
	int64_t sent_at;                /* its size when it was last sent to the disk */
};

static inline struct sqlite *
sqlite_of(struct store *store)
{
	return (struct sqlite *)store;
}

/* ---- sqlite_open.c ------------------------------------------------------ */

enum rc sqlite_open(const struct store_conf *conf, const struct clock *clock,
    struct store **store_r, char **error_r);
void sqlite_close(struct store *store);

enum { OPEN_WAIT_MS = 5000 };
/* The words that a PRAGMA answers with. */
void pragma(struct sqlite *db, const char *sql, char *answer, size_t size);

/* ---- sqlite_schema.c ---------------------------------------------------- */

/* The first process makes the tables; others wait for it. */
enum rc schema_ensure(struct sqlite *db, char **error_r);
/* Is it ours to read, of this boot and this file?  Loads key and id. */
enum rc schema_open(struct sqlite *db, const struct store_conf *conf,
    char **error_r);

/* ---- sqlite_turn.c ------------------------------------------------------ */

enum rc sqlite_commit(struct store *store, struct turn *turn);
/* Around what is no turn: opening.  lock, BEGIN, state; and the end of it. */
enum rc turn_begin(struct sqlite *db, int64_t wait_ms);
enum rc turn_end(struct sqlite *db);
/* The state row into db->state (outside a turn: for looking). */
void state_read(struct sqlite *db);
/* Before looking: outside a turn it forgets an old error; inside it writes what
 * is only in memory, so that everybody sees the same. */
void look_begin(struct sqlite *db);
void sqlite_looks(struct store *store, bool begin);
enum rc look_end(struct sqlite *db, enum rc rc);

/* ---- sqlite_moved.c, sqlite_row.c ------------------------------------------ */

void moved_open(struct sqlite *db);
void moved_begin(struct sqlite *db);    /* in a transaction that has begun */
void moved_committed(struct sqlite *db);
/* True, about a second late: the open file is not the one of that name. */
bool moved_away(struct sqlite *db);
bool sqlite_moved(struct store *store);
void sqlite_look(struct store *store);

/* "[1,2,..." without the end; returns behind it.  21 bytes a number. */
char *row_numbers(char *p, const int64_t *v, size_t n);
/* The first n numbers of a row; returns behind them. */
const char *row_read(const char *p, const char *end, int64_t *v_r, size_t n);

/* ---- sqlite_live.c ------------------------------------------------------ */

/* NULL: no such session, or it has ended in this turn. */
struct live *live_get(struct sqlite *db, uint64_t session);
struct live *live_new(struct sqlite *db, uint64_t session);
/* From a statement whose columns begin with session and row. */
void live_read(sqlite3_stmt *s, struct live *l);
struct live *live_keep(struct sqlite *db, uint64_t session, sqlite3_stmt *s);
void live_touch(struct live *l);        /* it will be written */
void live_flush(struct sqlite *db);     /* writes what is dirty */
void live_committed(struct sqlite *db);
void live_forget_all(struct sqlite *db);
/* For looks: NULL or false when it must be read. */
struct live *live_seen(struct sqlite *db, struct slice sid);
void live_see(struct sqlite *db, const struct session_row *row, struct live *l);
bool live_seen_socket(struct sqlite *db, uint64_t session, struct slice nsp,
    struct arena *arena, struct socket_row *row_r);
bool live_seen_socket_n(struct sqlite *db, uint64_t n, struct arena *arena,
    struct socket_row *row_r);
/* It is known that the session has none. */
bool live_has_no_socket(struct sqlite *db, uint64_t session);
void live_see_socket(struct sqlite *db, struct live *l,
    const struct socket_row *row);
/* One of its sockets changes. */
void live_forget_sockets(struct sqlite *db, struct live *l);
/* The claim is there and its worker lives. */
bool live_is_claimed(struct sqlite *db, const struct live *l);
void live_drop_claim(struct sqlite *db, struct live *l);
/* Whether the session has this trait (SESSION_...). */
bool live_has(const struct live *l, unsigned trait);
/* A connection whose worker is dead. */
bool live_is_orphan(struct sqlite *db, const struct live *l);
/* Boot ms: when a ping is due (0: one is open), when the session is dead. */
int64_t live_ping_due(const struct sqlite *db, const struct live *l);
int64_t live_dead(struct sqlite *db, const struct live *l);
/* A `t` as it is kept: long ones by their hash. */
void live_t(struct sqlite *db, struct slice t, char out_r[24]);

/* ---- sqlite_session.c --------------------------------------------------- */

void op_open(struct sqlite *db, struct store_op *op);
void op_receive(struct sqlite *db, struct store_op *op);
void op_close(struct sqlite *db, struct store_op *op);
/* Its rows go, a parked poll is told; keep: its sockets may come back. */
void session_end(struct sqlite *db, struct live *l, const char *reason,
    char answer, bool keep);
void session_end_orderly(struct sqlite *db, struct live *l, const char *reason,
    bool keep);
enum rc sqlite_session(struct store *store, struct slice sid,
    struct arena *arena, struct session_row *row_r);
enum rc sqlite_sessions(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_session_fn *visit, void *arg);

/* ---- sqlite_poll.c, sqlite_drain.c -------------------------------------- */

void op_poll(struct sqlite *db, struct store_op *op);
void op_deliver(struct sqlite *db, struct store_op *op);
void op_release(struct sqlite *db, struct store_op *op);
void op_lost(struct sqlite *db, struct store_op *op);
/* The claim is this worker's, with this ticket. */
bool claim_is_own(const struct sqlite *db, const struct live *l, uint64_t ticket);
/* The log still reaches back to what it has not seen. */
bool live_is_within_log(struct sqlite *db, const struct live *l);
/* The last answer has arrived: what it carried is not needed any more. */
void live_receipt(struct sqlite *db, struct live *l);

struct drain {
	size_t max_records, max_bytes;
	int64_t volatile_after;         /* INT64_MAX: none */
	/* results */
	struct batch batch;
	size_t cap, bytes;
	int64_t upto;                   /* everything up to here was asked for */
	bool is_full, is_close;         /* no more fits; a CLOSE record is next */
};
/* What the session has not seen: replays first, then what is past its cursor. */
void drain_session(struct sqlite *db, struct live *l, struct drain *d);
/* How many events a socket missed in (after, upto], at most limit + 1. */
int64_t drain_count(struct sqlite *db, uint64_t session, uint64_t socket,
    int64_t after, int64_t upto, int64_t limit);

/* ---- sqlite_follow.c ---------------------------------------------------- */

void op_probe(struct sqlite *db, struct store_op *op);
void op_upgrade(struct sqlite *db, struct store_op *op);
void op_follow(struct sqlite *db, struct store_op *op);
void op_prove(struct sqlite *db, struct store_op *op);
/* A connection of this worker begins to own it. */
void live_own(struct sqlite *db, struct live *l, uint64_t ticket);
/* Up to here its client has what was said to it. */
void live_prove(struct sqlite *db, struct live *l, int64_t proved);

/* ---- sqlite_socket.c ---------------------------------------------------- */

void op_connect(struct sqlite *db, struct store_op *op);
void op_recover(struct sqlite *db, struct store_op *op);
void op_disconnect(struct sqlite *db, struct store_op *op);
void op_socket_set(struct sqlite *db, struct store_op *op);
/* All sockets of a session: kept for recovery or ended; each leaves a task. */
void socket_end_all(struct sqlite *db, struct live *l, const char *reason,
    bool keep, bool leaves_log);
/* A gone socket's window is over. */
void socket_forget(struct sqlite *db, const struct socket_row *socket);
enum rc sqlite_socket(struct store *store, uint64_t session, struct slice nsp,
    struct arena *arena, struct socket_row *row_r);
enum rc sqlite_socket_id(struct store *store, struct slice nsp, struct slice id,
    struct arena *arena, struct socket_row *row_r);
enum rc sqlite_socket_n(struct store *store, uint64_t n, struct arena *arena,
    struct socket_row *row_r);
enum rc sqlite_recoverable(struct store *store, struct slice nsp,
    struct slice pid, int64_t offset, int64_t max_replay, struct arena *arena,
    struct socket_row *row_r);
/* By number, inside a call; false: there is none. */
bool socket_load(struct sqlite *db, uint64_t n, struct arena *arena,
    struct socket_row *row_r);
/* That of a session in a namespace. */
bool socket_load_nsp(struct sqlite *db, uint64_t session, struct slice nsp,
    struct arena *arena, struct socket_row *row_r);
/* One statement's row in the order of SOCKET_COLUMNS. */
void socket_read(sqlite3_stmt *s, struct arena *arena, struct socket_row *row_r);

/* ---- sqlite_room.c ------------------------------------------------------ */

void op_member(struct sqlite *db, struct store_op *op);
/* Between them nobody joins or leaves: sqlite_members() may remember. */
void roster_begin(struct sqlite *db);
void roster_end(struct sqlite *db);
/* The room of a socket's own name. */
static inline int64_t
channel_own(uint64_t socket)
{
	return 2 * (int64_t)socket + 1;
}
/* Its socket ends: whoever else is in it stays in a room of that name. */
void channel_adopt(struct sqlite *db, const struct socket_row *socket);
/* The number of a channel, 0 if there is none and make is false. */
int64_t channel_find(struct sqlite *db, struct slice key, bool make);
/* One has come to be: what was missed may be there. */
void channel_may_be(struct sqlite *db);
/* Its row goes when nobody needs it. */
void channel_tidy(struct sqlite *db, int64_t channel);
/* From the next seq on, of a socket that was never there. */
bool member_is_in(struct sqlite *db, int64_t channel, uint64_t socket);
void member_start(struct sqlite *db, int64_t channel, uint64_t socket,
    uint64_t session);
/* From the next seq on; joining twice is fine.  False: it was so already. */
bool member_join(struct sqlite *db, int64_t channel, uint64_t socket,
    uint64_t session);
bool member_leave(struct sqlite *db, int64_t channel, uint64_t socket,
    uint64_t session);
/* After an op: those whose sockets it changed (db->changed) are told. */
void changed_tell(struct sqlite *db);
/* All that is open ends at this seq; forget: nothing is left behind. */
void member_leave_all(struct sqlite *db, uint64_t session, uint64_t socket,
    bool forget);
/* The intervals of a session's sockets: from memory when they are known there. */
const struct hearing *hears_get(struct sqlite *db, struct live *l);     /* l->n_hears */
/* They change in another way than by the calls here. */
void hears_forget(struct sqlite *db, uint64_t session);
/* Whatever intervals are left with a session that ends. */
void member_drop_session(struct sqlite *db, uint64_t session);
/* Of a session's closed intervals: those the client is known to have. */
void member_tidy(struct sqlite *db, struct live *l, int64_t known);
enum rc sqlite_members(struct store *store, struct slice channel, int64_t seq,
    store_member_fn *visit, void *arg);
/* Inside a call: the packed names of its rooms. */
void rooms_of(struct sqlite *db, const struct socket_row *k, struct buf *packed);
enum rc sqlite_heard(struct store *store, uint64_t session,
    store_heard_fn *visit, void *arg);
enum rc sqlite_rooms_of(struct store *store, uint64_t socket,
    struct buf *packed);
enum rc sqlite_rooms(struct store *store, struct slice nsp, struct slice after,
    size_t limit, store_room_fn *visit, void *arg);

/* ---- sqlite_select.c ---------------------------------------------------- */

enum rc sqlite_select(struct store *store, const struct selector *selector,
    uint64_t after, size_t limit, bool with_gone, struct arena *arena,
    store_socket_fn *visit, void *arg);
enum rc sqlite_count(struct store *store, const struct selector *selector,
    int64_t *count_r);
/* Present sockets in the union of channels, minus those in unless; packed keys. */
int64_t select_count(struct sqlite *db, struct slice channels,
    struct slice unless);

/* ---- sqlite_log.c ------------------------------------------------------- */

void op_append(struct sqlite *db, struct store_op *op);
/* To a session itself; l NULL: it has ended, its parked poll shall hear. */
/* To channels: writes the record, wakes; its seq. */
int64_t log_say(struct sqlite *db, const struct record *r);
/* A copy in the history of each of its channels. */
void record_keep(struct sqlite *db, const struct record *r, int64_t seq,
    int64_t keep_ms, int64_t keep_count);
int64_t log_tell(struct sqlite *db, struct live *l, uint64_t session,
    enum record_kind kind, struct slice nsp, struct slice data);
/* A parked poll gets this answer and loses its claim. */
void log_tell_poll(struct sqlite *db, struct live *l, char answer);
/* RECORD_MEMBERS; data is a JSON array. */
void log_tell_members(struct sqlite *db, struct slice data);
/* History whose time is over; 1 if there was any. */
int64_t kept_over(struct sqlite *db, int64_t limit);
/* Whether all that was said after this seq is remembered.  Then recent_get() tells
 * of each of them; the newest to channels is db->recent_spoken. */
bool recent_covers(const struct sqlite *db, int64_t after);
const struct recent *recent_get(const struct sqlite *db, int64_t seq);
void recent_forget(struct sqlite *db);
void recent_free(struct sqlite *db);
void log_trim(struct sqlite *db, int64_t appended);
void record_read(sqlite3_stmt *s, struct arena *arena, struct record *record_r);
enum rc sqlite_tail(struct store *store, int64_t after, size_t limit,
    struct arena *arena, store_record_fn *visit, void *arg, int64_t *floor_r);
enum rc sqlite_history(struct store *store, struct slice channel,
    int64_t before, int64_t after, size_t limit, struct arena *arena,
    store_record_fn *visit, void *arg);
enum rc sqlite_last_seq(struct store *store, int64_t *seq_r);

/* ---- sqlite_question.c -------------------------------------------------- */

/* A number for the ack id, then the row: the record carries the number. */
int64_t question_number(struct sqlite *db);
void question_ask(struct sqlite *db, const struct store_op *op);
void op_answer(struct sqlite *db, struct store_op *op);
void question_time_out(struct sqlite *db, int64_t question);
/* The seq of the oldest open question; INT64_MAX: none. */
int64_t question_oldest(struct sqlite *db);
enum rc sqlite_answers(struct store *store, int64_t question,
    struct arena *arena, struct slice *answers_r,
    struct slice *attachments_r, int64_t *expected_r,
    bool *done_r);
enum rc sqlite_questions(struct store *store, struct slice nsp, int64_t after,
    size_t limit, struct arena *arena, store_question_fn *visit, void *arg);

/* ---- sqlite_task.c ------------------------------------------------------ */

/* socket NULL: none; data absent: the socket's. */
void task_add(struct sqlite *db, enum task_kind kind, struct slice name,
    struct slice nsp, struct slice context, const struct socket_row *socket,
    struct slice data, struct slice attachments);
/* Behind its OP_RECOVER. */
void task_add_return(struct sqlite *db, const struct store_op *op);
void op_task_add(struct sqlite *db, struct store_op *op);
void op_task_try(struct sqlite *db, struct store_op *op);
void op_task_done(struct sqlite *db, struct store_op *op);
void op_task_again(struct sqlite *db, struct store_op *op);
/* Whether an OP_RECEIVE finds room in its session's lane. */
bool task_has_room(struct sqlite *db, struct store_op *op);
/* Data or user of a socket that has gone change: its disconnect tells them. */
bool task_refresh_bye(struct sqlite *db, uint64_t socket, struct slice data,
    struct slice user);
enum rc sqlite_tasks(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_task_fn *visit, void *arg);
enum rc sqlite_batch(struct store *store, uint64_t n, uint64_t upto,
    struct arena *arena, store_task_fn *visit, void *arg);
enum rc sqlite_tasks_all(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_task_fn *visit, void *arg);
enum rc sqlite_is_asking(struct store *store, uint64_t session,
    struct slice nsp, bool *asking_r);
enum rc sqlite_lane(struct store *store, uint64_t session, uint64_t *lane_r);

/* ---- sqlite_timer.c ----------------------------------------------------- */

void op_timer(struct sqlite *db, struct store_op *op);
void timer_fire(struct sqlite *db, int64_t timer);
void timer_forget(struct sqlite *db, uint64_t socket);

/* ---- sqlite_value.c ----------------------------------------------------- */

void op_value_set(struct sqlite *db, struct store_op *op);
/* The value that a session's lane shares stays until then (0: stays). */
void lane_value_keep(struct sqlite *db, uint64_t session, int64_t until);
void op_once(struct sqlite *db, struct store_op *op);
void op_presence(struct sqlite *db, struct store_op *op);       /* sqlite_presence.c */
enum rc sqlite_present(struct store *store, struct slice nsp, struct slice room,
    struct slice after, size_t limit, bool with_away, struct arena *arena,
    store_presence_fn *visit, void *arg);
enum rc sqlite_presence(struct store *store, struct slice nsp, struct slice room,
    struct slice user, struct arena *arena, struct presence_row *row_r);
void op_mail(struct sqlite *db, struct store_op *op);           /* sqlite_mail.c */
/* Copies for the users among the record's channels of whom nobody is there. */
void mail_keep(struct sqlite *db, const struct record *r, int64_t ms, int64_t count);
void op_acl(struct sqlite *db, struct store_op *op);    /* sqlite_acl.c */
void acl_forget(struct sqlite *db, uint64_t socket);
int64_t sqlite_acl_version(struct store *store);
enum rc sqlite_acl(struct store *store, struct slice key, struct arena *arena,
    struct acl_row *row_r);
enum rc sqlite_acls(struct store *store, struct slice after, size_t limit,
    struct arena *arena, store_acl_fn *visit, void *arg);
enum rc sqlite_value(struct store *store, struct slice key,
    struct arena *arena, struct slice *value_r);
enum rc sqlite_values(struct store *store, struct slice prefix, size_t limit,
    struct arena *arena, store_value_fn *visit, void *arg);
enum rc sqlite_stats(struct store *store, struct store_stats *stats_r);

/* ---- sqlite_janitor.c --------------------------------------------------- */

void op_janitor(struct sqlite *db, struct store_op *op);

/* ---- sqlite_wake.c ------------------------------------------------------ */

void wake_holder(struct sqlite *db, int64_t h); /* after this turn's commit */
void wake_channel(struct sqlite *db, int64_t channel);
void wake_find(struct sqlite *db);              /* before COMMIT */
void wake_send(struct sqlite *db);              /* after it */
void wake_forget(struct sqlite *db);
int  sqlite_wake_fd(struct store *store);
void sqlite_wake_take(struct store *store);
void sqlite_offer_sockets(struct store *store);
bool sqlite_has_sockets(struct store *store);
void sqlite_rest(struct store *store);
/* Claims need a holder.  RC_IO: sticky. */
holder worker_here(struct sqlite *db);

/* ---- sqlite_checkpoint.c ------------------------------------------------ */

void checkpoint_watch(struct sqlite *db);
void checkpoint_after(struct sqlite *db);       /* outside the turn */
void checkpoint_before(struct sqlite *db);
void checkpoint_last(struct sqlite *db);        /* before it is closed */
enum rc sqlite_backup(struct store *store, const char *to);

#endif
