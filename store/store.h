/*
 * store.h - what survives a request
 *
 * The store is a log with claims on it.  One row per emit, whatever the
 * audience; membership is an interval on the log; a session is a cursor.  Any
 * process may serve any request, because all that it needs is here.
 *
 * One verb writes: store_commit(turn).  A turn is an ordered list of conditional
 * operations, applied in one transaction.  Each gets its result; a refused one
 * undoes nothing but itself, except that operations behind a gate fall with it.
 * Operations see those before them.
 *
 * Must stay true, for every driver (tests/store_contract.c):
 *   - seq only grows and never repeats; its order is commit order
 *   - what store_commit() reported as RC_OK survives any kill of any process
 *   - a socket sees exactly the records whose seq lies in one of its intervals
 *   - a claim of a dead worker is void
 *   - time, liveness of workers and wake-ups belong to the driver
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/json_merge.h"
#include "base/rc.h"
#include "base/slice.h"
#include "store/record.h"
#include "store/tally.h"

struct arena;
struct buf;
struct clock;
struct store;
struct turn;

/* ---- opening --------------------------------------------------------- */

struct store_conf {
	const char *driver;             /* "sqlite", "memory" */
	const char *path;               /* directory; created 0700 if missing */
	const char *journal;            /* "wal", "truncate" */
	const char *synchronous;        /* "normal", "full" */
	int64_t max_size;               /* bytes of the log; 0: no limit */
	int64_t retention_ms;           /* how long an ordinary record stays */
	int64_t recovery_ms;            /* how long a gone socket may come back */
	int64_t lock_wait_ms;           /* a turn waits so long for the lock: RC_AGAIN */
	int64_t connect_timeout_ms;     /* a session without a namespace ends */
	int64_t ping_interval_ms, ping_timeout_ms;
	bool read_only;                 /* for looking: no schema is made */
};

/* RC_IO, RC_BAD_STATE (newer schema, foreign owner, no locking here):
 * error_r is one sentence that says what to do (yours, to free). */
enum rc store_open(const struct store_conf *conf, const struct clock *clock,
    struct store **store_r, char **error_r);
void    store_close(struct store **store);

/* 16 secret bytes of this store (MAC of recovery offsets), and its public id. */
const unsigned char *store_key(const struct store *store);
const char *store_id(const struct store *store);

/* One sentence about the last RC_IO or RC_BAD_STATE; "" if none. */
const char *store_error(const struct store *store);

/* ---- waking ---------------------------------------------------------- */

/* This process as a worker: a locked byte, and a descriptor that becomes
 * readable when there may be something for a parked poll.  Made on the first
 * call.  -1: it could not (store_error()). */
int      store_wake_fd(struct store *store);
/* Takes all wake-ups that wait. */
void     store_wake_take(struct store *store);

/* This worker takes sessions over: clients may be told so, as long as it lives. */
void store_offer_sockets(struct store *store);
/* Whether a living worker does (about 1 us). */
bool store_has_sockets(struct store *store);

/* Whether somebody else has committed since the last call (cheap). */
bool store_moved(struct store *store);

/*
 * Whom the end of a socket in the namespace concerns (user absent: it had none).
 * False: nobody, and no TASK_DISCONNECT is left, nor a TASK_RETURN.  Asked inside commits, and may not
 * look.  NULL, as it is at first: always somebody.
 */
typedef bool store_bye_fn(void *arg, struct slice nsp, struct slice user);
void store_byes(struct store *store, store_bye_fn *concerns, void *arg);

/* ---- looking --------------------------------------------------------- */

/*
 * A round of looks begins: from here to the next commit store_session() and
 * store_socket() may be answered as of now, from memory.  A loop calls it once a
 * turn, when all requests of the turn have been read, and looks several times
 * cheaper.  Without it every look is as of its own moment.
 */
void store_look(struct store *store);

/*
 * Looks between these two are of one moment, and several times cheaper together
 * than each for itself.  Nothing is committed and nothing is waited for in
 * between; they are not nested.
 */
void store_looks_begin(struct store *store);
void store_looks_end(struct store *store);

/* Nothing happens for a while: gives back memory that can be filled again. */
void store_rest(struct store *store);

/* What a session is, from its opening on; the store itself minds the first. */
enum {
	SESSION_PINGS_US = 1,   /* its client pings: no ping is ever due, and nobody
	                         * waits for its CONNECT */
	SESSION_TEXT_ONLY = 2,  /* its client takes no octet-stream (EIO3, b64) */
	SESSION_QUIET_POLLS = 4,        /* no ping is due while its transport is
	                         * polling; it lives as long as it polls */
	SESSION_POLLS_ON = 8,   /* its client polls again in the same session when an
	                         * answer was lost, which therefore is said again:
	                         * OP_LOST, or its worker was killed */
	SESSION_ROOT_IS_ALL = 16        /* a DISCONNECT of "/" by the server closes the
	                         * session in order */
};

struct session_row {
	uint64_t n;
	char sid[24];
	int generation, transport;      /* of wire/packet.h; transport is session/'s,
	                                 * 0 is polling */
	unsigned traits;
	int64_t version;                /* grows with every change that a handler sees:
	                                 * RECEIVE changed, SOCKET_SET, a DISCONNECT
	                                 * by the server, an orderly CLOSE */
	bool closing;                   /* an orderly close is under way */
	int64_t opened_wall;
	int64_t heard_boot;             /* last GET; of a client that pings: or POST */
	int64_t ping_boot;              /* last ping sent, or opening */
	bool ping_open;                 /* its pong is missing */
	unsigned namespaces;            /* how many are connected */
	struct slice info;              /* JSON about the handshake request */
	struct slice partial;           /* assembler state; absent: none */
	char last_post[24];             /* `t` of the last POST */
	uint64_t last_post_hash;
};

/* RC_GONE: unknown or ended.  Slices lie in the arena. */
enum rc store_session(struct store *store, struct slice sid, struct arena *arena,
    struct session_row *row_r);

struct socket_row {
	uint64_t n;
	uint64_t session;               /* 0: gone, but may come back */
	char id[24];                    /* the public id, also its room */
	char pid[24];                   /* "" when it cannot be recovered */
	struct slice nsp, user, data;   /* data: JSON; absent: none */
	struct slice sid;               /* its session's sid; absent when gone */
	struct slice info;              /* its session's info */
	int64_t connected_wall, gone_wall;
	int generation, transport;
};

/* The socket of a session in a namespace; RC_NONE. */
enum rc store_socket(struct store *store, uint64_t session, struct slice nsp,
    struct arena *arena, struct socket_row *row_r);
/* By public id; by number; RC_NONE. */
enum rc store_socket_id(struct store *store, struct slice nsp, struct slice id,
    struct arena *arena, struct socket_row *row_r);
enum rc store_socket_n(struct store *store, uint64_t n, struct arena *arena,
    struct socket_row *row_r);

/*
 * Whether a returning client can be recovered: pid known, its window open, the
 * log still reaching back to offset, at most max_replay records missed, not
 * disconnected on purpose.  RC_NONE: no.  The row is the old socket's.  Offset 0
 * stands for its CONNECT: a client that shows none has received nothing.  What
 * a poll of its old session has proved received is not replayed, whatever the
 * offset says.
 */
enum rc store_recoverable(struct store *store, struct slice nsp,
    struct slice pid, int64_t offset, int64_t max_replay, struct arena *arena,
    struct socket_row *row_r);

/* Who is meant: the union of rooms (none: the whole namespace), and users,
 * minus except.  Packed names, not keys. */
struct selector {
	struct slice nsp;
	struct slice rooms, users;      /* packed; absent: none */
	struct slice except;            /* packed rooms; absent: none */
	struct slice except_users;
};

/* Visits the sockets meant, each once, in the order of their numbers, starting
 * behind `after`; stops at limit.  Gone ones only with with_gone. */
typedef void store_socket_fn(void *arg, const struct socket_row *row);
enum rc store_select(struct store *store, const struct selector *selector,
    uint64_t after, size_t limit, bool with_gone, struct arena *arena,
    store_socket_fn *visit, void *arg);
enum rc store_count(struct store *store, const struct selector *selector,
    int64_t *count_r);

/* Rooms of a socket (packed names, its own included), and the rooms of a
 * namespace with their present members (those that sockets have by their ids
 * are left out). */
enum rc store_rooms_of(struct store *store, uint64_t socket, struct buf *packed);
typedef void store_room_fn(void *arg, struct slice nsp, struct slice room,
    int64_t members);
enum rc store_rooms(struct store *store, struct slice nsp, struct slice after,
    size_t limit, store_room_fn *visit, void *arg);

/* Live sessions in the order of their numbers. */
typedef void store_session_fn(void *arg, const struct session_row *row);
enum rc store_sessions(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_session_fn *visit, void *arg);

/* History: the last `limit` kept records of a channel with seq < before (0: of
 * all), or with after > 0 the first `limit` of those with seq > after; oldest
 * first either way. */
typedef void store_record_fn(void *arg, const struct record *record);
enum rc store_history(struct store *store, struct slice channel, int64_t before,
    int64_t after, size_t limit, struct arena *arena, store_record_fn *visit,
    void *arg);

/*
 * The tail: records with seq > after, in order, at most limit.  *floor_r is the
 * log's floor, known before the first visit: when after < floor - 1, records are
 * missing and the reader must start afresh.  Also inside a turn's settle hook.
 */
enum rc store_tail(struct store *store, int64_t after, size_t limit,
    struct arena *arena, store_record_fn *visit, void *arg, int64_t *floor_r);

/* The sockets (and their sessions) that were in the channel at seq. */
typedef void store_member_fn(void *arg, uint64_t session, uint64_t socket);
enum rc store_members(struct store *store, struct slice channel, int64_t seq,
    store_member_fn *visit, void *arg);

/*
 * Where the sockets of a session listen, and since when: the intervals [from, to)
 * that are kept, to 0 for open ones.  channel tells intervals of one channel from
 * those of others; key is absent when it was the room of a socket that has ended.
 */
typedef void store_heard_fn(void *arg, uint64_t channel, struct slice key,
    int64_t from, int64_t to);
enum rc store_heard(struct store *store, uint64_t session,
    store_heard_fn *visit, void *arg);

/* The newest seq; 0 in an empty store. */
enum rc store_last_seq(struct store *store, int64_t *seq_r);

/* Free-standing values of handlers and relay rules (JSON text). RC_NONE. */
enum rc store_value(struct store *store, struct slice key, struct arena *arena,
    struct slice *value_r);

/*
 * Access lists: who may send which events.  A list belongs to the key of a
 * namespace, of a user, or of a socket's own room, and holds packed patterns.  The
 * version grows with every change of any list and is 0 in a store that never had
 * one: whoever remembers lists asks it first (cheap within a round of looks).  -1:
 * it cannot be read now, and so nobody knows what is allowed.
 */
int64_t store_acl_version(struct store *store);
struct acl_row {
	struct slice key, names, by;    /* by: who changed it last, for people */
	int64_t wall;                   /* when */
};
/* RC_NONE: there is no list for that key. */
enum rc store_acl(struct store *store, struct slice key, struct arena *arena,
    struct acl_row *row_r);
/* All lists, in the order of their keys. */
typedef void store_acl_fn(void *arg, const struct acl_row *row);
enum rc store_acls(struct store *store, struct slice after, size_t limit,
    struct arena *arena, store_acl_fn *visit, void *arg);

/*
 * Presence: who is in a room (empty: in the namespace), by users, as OP_PRESENCE
 * has told it.  away_wall 0: here.  Else since then not there; is_away: that has
 * been told (before that it is the grace of those who may come right back).
 */
struct presence_row {
	struct slice user;
	int64_t since_wall, away_wall;
	bool is_away;
};
/* In the order of names, behind `after`; those who are away only with with_away. */
typedef void store_presence_fn(void *arg, const struct presence_row *row);
enum rc store_present(struct store *store, struct slice nsp, struct slice room,
    struct slice after, size_t limit, bool with_away, struct arena *arena,
    store_presence_fn *visit, void *arg);
/* RC_NONE: never seen, or too long ago. */
enum rc store_presence(struct store *store, struct slice nsp, struct slice room,
    struct slice user, struct arena *arena, struct presence_row *row_r);

/*
 * Acks that were asked for and have not all come, in a namespace, in the order of
 * their numbers.  answers: JSON array of arrays, those that came so far.
 */
struct question_row {
	int64_t n;
	struct slice name, context;     /* who hears them; empty: whoever waits */
	int64_t due_wall, expected, answered;
	struct slice answers;
};
typedef void store_question_fn(void *arg, const struct question_row *row);
enum rc store_questions(struct store *store, struct slice nsp, int64_t after,
    size_t limit, struct arena *arena, store_question_fn *visit, void *arg);

/* Those whose keys begin with prefix, in the order of their keys. */
typedef void store_value_fn(void *arg, struct slice key, struct slice value);
enum rc store_values(struct store *store, struct slice prefix, size_t limit,
    struct arena *arena, store_value_fn *visit, void *arg);

struct store_stats {
	int64_t sessions, sockets, gone, claims, records, kept, rooms, timers,
	    tasks, inbox, set_aside, questions, log_bytes, file_bytes, last_seq, floor,
	    schema;
};
enum rc store_stats(struct store *store, struct store_stats *stats_r);

/* ---- tallies: what was refused ----------------------------------------- */

/* One more.  Never fails: what cannot be counted is not. */
void store_tally(struct store *store, enum tally what);
/* How many since the store was made, over all processes. */
void store_tallies(struct store *store, int64_t counts_r[TALLY__COUNT]);

/* ---- tasks: what must be done once ------------------------------------ */

/*
 * What concerns one client is done one after the other: its tasks lie in a lane,
 * and only the head of a lane is offered.  A session that takes over sockets of
 * an older one (recovery) takes over its lane, too.  So what a client said before
 * it lost its connection comes before what it says after, and the disconnect
 * stands between.
 */
enum task_kind {
	TASK_DISCONNECT = 1,    /* name: reason; context: socket's data; rooms */
	TASK_TIMER,             /* name, context */
	TASK_ACK,               /* name, context; data: answers, see below */
	TASK_CONNECT,           /* a client asks for nsp; context: auth; pid, socket_id:
	                         * those that it will have */
	TASK_EVENT,             /* name; context: arguments; ack, attachments */
	TASK_RETURN,            /* it came back (OP_RECOVER) when its disconnect had been
	                         * told, or was just being told; context: auth */
	TASK_SAID               /* as EVENT, of a client whose CONNECT to nsp waits to be
	                         * answered: nobody was asked yet.  Its socket is the one
	                         * that is there when it is looked at, 0: none */
};
#define TASK_KINDS (TASK_SAID + 1)
struct task {
	uint64_t n;
	enum task_kind kind;
	unsigned attempts;
	bool is_aside;
	int64_t at_wall;                /* when it came */
	uint64_t lane;                  /* 0: none, nobody waits for it */
	uint64_t session;               /* that lives, or lived then; 0: none */
	struct slice nsp, name, context;
	uint64_t socket;                /* 0: none */
	struct slice socket_id, user, data, info;
	struct slice ack;               /* the ack id that the client wrote */
	struct slice says;              /* EVENT, CONNECT, RETURN: about the request (session/) */
	struct slice pid, rooms;        /* rooms: packed */
	int generation, transport;
	int64_t connected_wall;
	/* TASK_ACK: data is {"timeout":bool,"expected":N,"answers":[[...],...]};
	 * for one recipient, too.  Placeholders count within each answer. */
	struct slice attachments;       /* EVENT: packed.  ACK: packed, of each answer a packed
	                                 * list (empty: none); absent: none at all */
};
/* All slices of a task, one after the other; NULL behind the last. */
struct slice *task_slice(struct task *task, size_t i);

/* The heads behind `after` that nobody works at and that are due, oldest first,
 * at most limit.  RC_NONE. */
typedef void store_task_fn(void *arg, const struct task *task);
enum rc store_tasks(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_task_fn *visit, void *arg);
/* What OP_TASK_TRY has given out together: the tasks of a lane from n to upto. */
enum rc store_batch(struct store *store, uint64_t n, uint64_t upto,
    struct arena *arena, store_task_fn *visit, void *arg);
/* All tasks behind `after`, for people. */
enum rc store_tasks_all(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_task_fn *visit, void *arg);
/* Whether a client that asked for nsp still waits for the answer. */
enum rc store_is_asking(struct store *store, uint64_t session, struct slice nsp,
    bool *asking_r);

/* The lane of a session; RC_NONE. */
enum rc store_lane(struct store *store, uint64_t session, uint64_t *lane_r);
/* The key of the value that all sockets of a lane share.  It stays for a day
 * behind the lane's last session. */
struct slice store_lane_key(struct arena *arena, uint64_t lane);

/* ---- changing: operations --------------------------------------------- */

enum store_op_kind {
	OP_OPEN, OP_POLL, OP_DELIVER, OP_RELEASE, OP_LOST, OP_RECEIVE, OP_CLOSE,
	OP_CONNECT, OP_RECOVER, OP_APPEND, OP_JOIN, OP_LEAVE, OP_DISCONNECT,
	OP_SOCKET_SET, OP_VALUE_SET, OP_ACL, OP_PRESENCE, OP_MAIL, OP_TIMER, OP_ONCE, OP_ANSWER, OP_TASK_ADD,
	OP_TASK_TRY, OP_TASK_DONE, OP_TASK_AGAIN, OP_JANITOR, OP_PROBE, OP_UPGRADE,
	OP_FOLLOW, OP_PROVE, OP__COUNT
};

/* What a poll brought. */
enum poll_outcome {
	POLL_PARKED,            /* nothing waits; the claim is yours */
	POLL_BATCH,             /* records wait in batch; the cursor has moved */
	POLL_PING,              /* a ping is due: answer it (now marked as sent) */
	POLL_END                /* RECORD_CLOSE was next: noop + close; it has ended */
};

struct batch {                  /* in the turn's arena */
	struct record *records;
	size_t n;
};

/* More packed names or many sockets than this are refused: RC_TOO_BIG. */
enum { CHANNELS_MAX = 64, SOCKETS_PER_OP = 500, ACL_NAMES_MAX = 256 };

/* What becomes of an access list. */
enum acl_verb {
	ACL_SET,                /* to the names; absent: forgotten */
	ACL_ADD,                /* where there is none, it begins with these names */
	ACL_REMOVE              /* RC_NONE: there is no list */
};

struct store_op {
	enum store_op_kind kind;
	enum rc rc;             /* the result; RC_BAD_STATE: not reached, its gate fell */
	struct store_op *gate;  /* NULL, or an earlier op of this turn that must be RC_OK */
	const struct store_op *unless;  /* NULL, or an earlier op: RC_NONE if that is RC_OK */
	struct store_op *next;
	union {
		/* A new session.  The cursor stands at the newest record.
		 * RC_TOO_BIG: max_sessions or slots are full (slots count the
		 * polling sessions that hold a poll or were heard within 5 s).
		 * transport not 0: a connection of this worker, which owns the
		 * session with this ticket until one of them ends. */
		struct {
			struct slice sid, info;
			uint64_t ticket;
			int generation, transport;
			unsigned traits;
			int64_t max_sessions, slots;    /* 0: no limit */
			uint64_t n_r;
			int64_t cursor_r;
		} open;

		/*
		 * A GET: claim and drain in one.
		 * The log is asked past the cursor; replays of recovered sockets
		 * come first, page by page.  A CLOSE record comes alone.  When
		 * nothing waits and a ping is due (ping_boot + interval is past
		 * and ping_open is false): POLL_PING.  Else the claim is written.
		 * `t` equal to that of the parked poll: a resend, the claim is
		 * taken over (its worker is woken and finds that it lost it).
		 * `t` equal to that of the last answered poll: served again from
		 * prev (is_resend_r), and so is one of SESSION_POLLS_ON whose last
		 * answer was given by a worker that was killed since.
		 * Another live claim: the session ends (EIO: RC_CLASH, reason
		 * "transport error" as in the reference, the other poll is
		 * answered "1") or, with takeover, is taken over.
		 * again: the process asks for its own parked poll (same ticket):
		 * RC_CLASH when the claim is not its own any more.
		 * RC_GONE: no such session.  RC_NONE: it is on a connection now.
		 */
		struct {
			uint64_t session;
			uint64_t ticket;                /* of this process, not 0 */
			struct slice t;
			bool takeover, again;
			size_t max_records, max_bytes;  /* of one response */
			enum poll_outcome outcome_r;
			struct batch batch_r;
			int64_t cursor_r;               /* seq up to which it was asked */
			int64_t ping_due_r, dead_r;     /* boot ms: next ping; session's end
			                                 * (pong or CONNECT missing), 0: none */
			bool is_resend_r;
		} poll;

		/* The answer of a parked poll is decided: the claim is released,
		 * prev is the cursor, the cursor is upto (0: stays).  ping: a
		 * ping goes out.  end: the CLOSE record was served, session ends.
		 * RC_CLASH: the claim is not that ticket's; RC_GONE.  RC_AGAIN: a
		 * socket came back meanwhile and its replay goes first: nothing
		 * has changed, ask with OP_POLL and again. */
		struct {
			uint64_t session, ticket;
			int64_t upto;
			bool ping, end;
		} deliver;

		/* The client hung up: the claim is void, nothing was answered;
		 * the same t then is a new poll.  RC_CLASH, RC_GONE.
		 * OP_LOST: this process answered that ticket (SESSION_POLLS_ON),
		 * but the answer could not be written: the cursor is prev again.
		 * RC_CLASH: the client has polled since, or nothing was in it. */
		struct {
			uint64_t session, ticket;
		} release;      /* OP_RELEASE and OP_LOST */

		/*
		 * A POST: the gate of all that it causes.  RC_CLASH: version is
		 * not the session's any more, decide again.  RC_NONE: a resend
		 * (t and hash are those of the last POST).  RC_GONE.  A
		 * client that only sends is not alive (nobody knows whether
		 * it hears): only one that pings is heard by it.  pong closes
		 * an open ping.  changed: the version grows.  partial absent: none is open any more.
		 */
		struct {
			uint64_t session;
			int64_t version;
			struct slice t;
			uint64_t hash;
			bool pong, changed;
			struct slice partial;
			/* How much of it goes into the session's lane.  RC_TOO_BIG:
			 * no room, nothing happened; an empty lane takes anything,
			 * unless the tasks of all lanes would be more than max_tasks
			 * (0: no limit): is_full_r.  That is known exactly when it
			 * refuses, and to a second when it does not. */
			int64_t inbox_n, inbox_bytes, max_inbox, max_inbox_bytes;
			int64_t max_tasks;
			bool is_full_r;
		} receive;

		/*
		 * The session ends: RECORD_END for a claimed poll (answer "1" or
		 * "6"), its sockets go (a TASK_DISCONNECT each, with reason) and
		 * may come back within the recovery window when keep is set.
		 * orderly: sockets go now, but the session takes its leave with a
		 * RECORD_CLOSE (30 s at most).
		 */
		struct {
			uint64_t session;
			const char *reason;             /* "transport close" ... */
			char answer;
			bool keep, orderly;
			bool is_own;                    /* whoever holds it does this */
			int64_t proved;                 /* as in OP_PROVE; 0: none */
		} close;

		/* A socket in a namespace: RECORD_CONNECT (data) to the session,
		 * membership of the namespace and of room `id` from that seq.
		 * RC_CLASH: it is connected there.  RC_TOO_BIG: max_namespaces.
		 * answer absent: it has been told in another way, no record. */
		struct {
			uint64_t session;
			const uint64_t *opened;         /* n_r of an OP_OPEN of this turn,
			                                 * instead of session; or NULL */
			struct slice nsp, id, pid, answer;
			struct slice data, user;        /* absent: none */
			int64_t max_namespaces;
			uint64_t socket_r;
			int64_t seq_r;
		} connect;

		/* An old socket comes back to this session, see store_recoverable().
		 * The replay is (offset, seq of the CONNECT answer].  A session
		 * that still looks alive for it ends ("transport close").  A
		 * TASK_DISCONNECT of the socket that nobody has begun is taken back:
		 * the application never hears that it was gone.  Else it is a
		 * TASK_RETURN.
		 * RC_NONE: not recoverable (any more). */
		struct {
			uint64_t session;
			struct slice nsp, pid, answer;
			struct slice auth, says;        /* of a TASK_RETURN */
			int64_t offset, max_replay;
			uint64_t socket_r;
		} recover;

		/*
		 * Something is said.  channels: packed keys.  keep_ms: it is also
		 * history of its channels for so long (0: no), of each at most
		 * keep_count (0: no limit).
		 * question.name: the emit asks for acks; a row waits for them
		 * until the time-out and becomes a TASK_ACK; with wait it stays
		 * for store_answers().  record.id_r is the ack id on the wire.
		 * RC_TOO_BIG: log budget, or more than 64 channels.  Past the
		 * budget events are refused; acks may go a quarter beyond it, and
		 * what sessions live on (CONNECT, DISCONNECT ...) always passes.
		 * RC_GONE: to a session that has ended.
		 */
		struct {
			struct record record;           /* seq and wall_ms are results */
			int64_t keep_ms, keep_count;
			/* For each user among the channels of whom nobody is
			 * present: it waits so long (0: no), of each user at most
			 * so much (0: no limit), for the next one who comes. */
			int64_t mail_ms, mail_count;
			struct slice question, context; /* absent: none */
			int64_t timeout_ms;
			bool wait;
			int64_t question_r;
		} append;

		/*
		 * Here and below a socket is named by a pointer to its number, read
		 * when the op is applied: it may point at socket_r of an earlier
		 * OP_CONNECT or OP_RECOVER of this turn.
		 */
		/* Sockets by number into or out of a room, from the next seq on.
		 * Joining twice is fine, leaving what one is not in is fine.
		 * RC_TOO_BIG: refused_r of them have max_rooms already and stay
		 * out; the others are in (0: more than SOCKETS_PER_OP). */
		struct {
			const uint64_t *sockets;
			size_t n;
			struct slice room;
			int64_t max_rooms;
			size_t refused_r;
		} member;

		/* The server lets a socket go: RECORD_DISCONNECT, its memberships
		 * end, its pid is void, TASK_DISCONNECT.  silent: the client said
		 * it (no record).  engine: the session too, in order. */
		struct {
			const uint64_t *socket;
			const char *reason;
			bool silent, engine;
		} disconnect;

		/* data or user of a socket; absent: stays; user empty: unbound. */
		struct {
			const uint64_t *socket;
			struct slice data, user;
		} socket_set;

		/* A free-standing value; absent removes it.  ttl_ms 0: stays.  how:
		 * what is done with the value that is there (ttl_ms 0 then: its time
		 * stays as it is).  RC_BAD_INPUT: that is of another kind.
		 * RC_TOO_BIG: it would be longer than max (0: no limit). */
		struct {
			struct slice key, value;
			int64_t ttl_ms;
			enum json_merge how;
			int64_t max;
			struct slice value_r;   /* of a merge: what it is now */
		} value_set;

		/* An access list.  RC_TOO_BIG: more than ACL_NAMES_MAX names.
		 * RC_GONE: no such socket (any more). */
		struct {
			struct slice key;
			const uint64_t *socket;         /* NULL, or it ends with this one */
			enum acl_verb verb;
			struct slice names, by;
		} acl;

		/*
		 * Compares whether a user is in a room now (room empty: in the
		 * namespace) with what was told.  Who came is told at once (here).
		 * Who left has a grace: RC_OK says that it begins now, and that
		 * this op must be said again, with is_final, when it is over: then
		 * who is still not there is told (away) and remembered for seen_ms.
		 * RC_NONE: nothing has to be waited for, or somebody waits already.
		 */
		struct {
			struct slice nsp, room, user;
			struct slice here, away;        /* data of the EVENT to the room;
			                                 * absent: nobody is told */
			int64_t seen_ms;
			bool is_final;
		} presence;

		/* What waits for a socket's user is said to this socket, at most
		 * limit records; to one that left its own room nothing.
		 * replayed > 0: it came back with a replay from there, and what
		 * was said since stands in that.  RC_OK: there is more; RC_NONE:
		 * that was all. */
		struct {
			const uint64_t *socket;
			size_t limit;
			int64_t replayed;
		} mail;

		/* A named appointment.  Same nsp, socket and name: replaced.
		 * every_ms 0: once.  after_ms < 0: cancelled.  It ends with its
		 * socket.  RC_TOO_BIG: max. */
		struct {
			struct slice nsp, name, context;
			const uint64_t *socket;         /* NULL: of none */
			int64_t after_ms, every_ms, max;
		} timer;

		/* A gate: RC_OK the first time within ttl, then RC_NONE. */
		struct {
			struct slice key;
			int64_t ttl_ms;
		} once;

		/* A client's ack to a question.  RC_NONE: unknown, late or said. */
		struct {
			const uint64_t *socket;
			int64_t question;
			struct slice data, attachments;
		} answer;

		/*
		 * A task into a session's lane, or a lane of its own for none.  What
		 * is not said here (user, data) is read when it is offered.
		 */
		struct {
			enum task_kind kind;
			uint64_t session;
			const uint64_t *opened;         /* as in connect */
			const uint64_t *socket;         /* NULL: none */
			struct slice nsp, name, context, socket_id, attachments, ack,
			    says, pid, info;
			int generation, transport;
			uint64_t n_r;
			bool is_head_r;
		} task_add;

		/* A task is worked at for lease_ms: its attempt is counted before
		 * it runs; RC_CLASH: somebody else works at it, RC_GONE: done.
		 * After max_attempts (0: three) it is set aside, and all with it that
		 * was, without what they had in says: RC_TOO_BIG.  A
		 * lease that is not over stands for its own holder, too.
		 * batch: so many events of the same socket and `says` may go with
		 * it; which ones is decided by the first try and stays so. */
		struct {
			uint64_t task;
			int64_t lease_ms;
			unsigned max_attempts;
			size_t batch;
			uint64_t upto;          /* DONE: as TRY said; 0: alone */
			uint64_t upto_r;        /* TRY */
			unsigned attempts_r;    /* TRY */
		} task;         /* TASK_TRY and TASK_DONE (a gate) */

		/* An attempt failed (or a person decides): its lease is over, and it
		 * is tried again after delay_ms.  aside: it and all that went with it
		 * are set aside, without what they had in says.  afresh: it is as new, behind all that waits.
		 * event_of: a SAID is an EVENT of this socket from now on, untried; 0: no.
		 * RC_GONE; RC_CLASH: somebody else works at it. */
		struct {
			uint64_t task;
			int64_t delay_ms;
			bool aside, afresh;
			uint64_t event_of;
		} task_again;

		/*
		 * Up to limit rows of what is due: dead sessions, gone sockets
		 * whose window is over, timers and questions into tasks, void
		 * claims, values, history, trimming.  RC_AGAIN: there is more.
		 * RC_NONE: another process has just been here.
		 */
		struct {
			size_t limit;
			int64_t next_due_r;     /* wall ms of the next timer or question, 0: none */
		} janitor;

		/*
		 * A connection wants to take a polling session over.  BEGIN: this
		 * worker probes it with this ticket; polling goes on.  RC_CLASH:
		 * another living worker or ticket does, or it is no polling session
		 * (any more).  NOOP: a poll that waits is answered with a noop.
		 * END: it will not.  RC_CLASH: it is not probed by us (any more).
		 * RC_GONE.  The probe of a dead worker is void.
		 */
		struct {
			uint64_t session, ticket;
			enum probe_step { PROBE_BEGIN, PROBE_NOOP, PROBE_END } step;
		} probe;

		/*
		 * The probe has come to its end: the session has this transport and
		 * is owned by this worker and ticket; its version grows, so a POST
		 * that was decided before is decided again.  A poll that waits
		 * is answered "1".  What the polls brought has arrived.
		 * pinged_r: boot ms of the last ping.  RC_CLASH: it is not probed by
		 * us (any more); RC_GONE.
		 */
		struct {
			uint64_t session, ticket;
			int transport;
			int64_t cursor_r, pinged_r;
		} upgrade;

		/*
		 * The owner of a session asks for what is past `from` (0: past the
		 * stored cursor, which is not written while it is owned): replays
		 * first.  POLL_PARKED: nothing is left, read the tail from cursor_r.
		 * POLL_END: it has ended.  proved as in OP_PROVE; 0: nothing new.
		 * RC_CLASH: not the owner; RC_GONE.
		 */
		struct {
			uint64_t session, ticket;
			int64_t from, proved;
			size_t max_records, max_bytes;
			enum poll_outcome outcome_r;
			struct batch batch_r;
			int64_t cursor_r;
		} follow;

		/* The owner knows that its client has what was said up to here.
		 * RC_CLASH: not the owner; RC_GONE. */
		struct {
			uint64_t session, ticket;
			int64_t proved;
		} prove;
	} u;
};

/*
 * A turn: ops, their memory, and a hook that runs inside the transaction when
 * all ops are applied: it may look (store_tail() sees the turn's own records)
 * and push more ops, which are then applied too.  The hook is called once.
 * store_tail(), store_members() and store_last_seq() cost nothing extra there;
 * other looks first write what the turn holds in memory.
 */
struct turn {
	struct arena *arena;    /* lent; results lie here */
	struct store_op *first, *last;
	size_t n;
	void (*settle)(void *arg, struct store *store, struct turn *turn);
	void *arg;
	int64_t first_seq_r, last_seq_r;        /* of the turn's records; 0: none */
	bool has_tasks_r;       /* it left tasks */
	/* Sessions owned by this worker whose sockets came, went, joined or left by
	 * the ops; for the settle hook.  Owners elsewhere are told in the log. */
	const uint64_t *changed_r;
	size_t n_changed_r;
};

void turn_init(struct turn *turn, struct arena *arena);
struct store_op *turn_add(struct turn *turn, enum store_op_kind kind,
    struct store_op *gate);

/*
 * Applies the turn in one transaction.  RC_OK: committed, look at each op's rc.
 * RC_AGAIN: the lock was not to be had in lock_wait_ms, nothing happened, try
 * the same turn again after your loop has turned.  RC_IO: nothing happened.
 * RC_BAD_STATE: a newer program has taken the store over: finish and leave.
 * RC_GONE: its files were removed or replaced: close it and open it again.
 * Wake-ups leave after the commit.
 */
enum rc store_commit(struct store *store, struct turn *turn);

/* Answers to a question that was asked with wait, so far: a JSON array of
 * arrays, and attachments as a task has them; *done_r when all have come or the
 * time is over.  The worker that asked is woken then.  RC_GONE. */
enum rc store_answers(struct store *store, int64_t question, struct arena *arena,
    struct slice *answers_r, struct slice *attachments_r, int64_t *expected_r,
    bool *done_r);

/* A copy of a live store, as one file. */
enum rc store_backup(struct store *store, const char *to);

/* ---- drivers ---------------------------------------------------------- */

struct store_driver;    /* store/driver.h: the verbs, one table per driver */

#endif
