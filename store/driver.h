/*
 * driver.h - what a store driver has to do: one table of verbs
 *
 * store.c finds the driver by its name and passes every call of store.h on.  A
 * driver's own struct begins with a struct store.
 *
 * Must stay true:
 *   - a verb has the meaning that store.h gives to the call of the same name
 *   - the rules of a protocol stand in session/, never in a driver
 *   - tests/store_contract.c passes for every row of store_drivers[]
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H

#include "base/buf.h"
#include "store/store.h"

struct store_driver {
	const char *name;
	/* conf and its strings are borrowed for the call. */
	enum rc (*open)(const struct store_conf *conf, const struct clock *clock,
	    struct store **store_r, char **error_r);
	void (*close)(struct store *store);
	int (*wake_fd)(struct store *store);
	void (*wake_take)(struct store *store);
	void (*offer_sockets)(struct store *store);
	bool (*has_sockets)(struct store *store);
	bool (*moved)(struct store *store);
	void (*look)(struct store *store);      /* may be NULL */
	void (*looks)(struct store *store, bool begin); /* may be NULL */
	void (*rest)(struct store *store);      /* may be NULL */
	enum rc (*session)(struct store *store, struct slice sid,
	    struct arena *arena, struct session_row *row_r);
	enum rc (*socket)(struct store *store, uint64_t session, struct slice nsp,
	    struct arena *arena, struct socket_row *row_r);
	enum rc (*socket_id)(struct store *store, struct slice nsp,
	    struct slice id, struct arena *arena, struct socket_row *row_r);
	enum rc (*socket_n)(struct store *store, uint64_t n, struct arena *arena,
	    struct socket_row *row_r);
	enum rc (*recoverable)(struct store *store, struct slice nsp,
	    struct slice pid, int64_t offset, int64_t max_replay,
	    struct arena *arena, struct socket_row *row_r);
	enum rc (*select)(struct store *store, const struct selector *selector,
	    uint64_t after, size_t limit, bool with_gone, struct arena *arena,
	    store_socket_fn *visit, void *arg);
	enum rc (*count)(struct store *store, const struct selector *selector,
	    int64_t *count_r);
	enum rc (*rooms_of)(struct store *store, uint64_t socket,
	    struct buf *packed);
	enum rc (*rooms)(struct store *store, struct slice nsp,
	    struct slice after, size_t limit, store_room_fn *visit, void *arg);
	enum rc (*sessions)(struct store *store, uint64_t after, size_t limit,
	    struct arena *arena, store_session_fn *visit, void *arg);
	enum rc (*history)(struct store *store, struct slice channel,
	    int64_t before, int64_t after, size_t limit, struct arena *arena,
	    store_record_fn *visit, void *arg);
	enum rc (*present)(struct store *store, struct slice nsp, struct slice room,
	    struct slice after, size_t limit, bool with_away, struct arena *arena,
	    store_presence_fn *visit, void *arg);
	enum rc (*presence)(struct store *store, struct slice nsp, struct slice room,
	    struct slice user, struct arena *arena, struct presence_row *row_r);
	enum rc (*tail)(struct store *store, int64_t after, size_t limit,
	    struct arena *arena, store_record_fn *visit, void *arg,
	    int64_t *floor_r);
	enum rc (*members)(struct store *store, struct slice channel, int64_t seq,
	    store_member_fn *visit, void *arg);
	enum rc (*heard)(struct store *store, uint64_t session,
	    store_heard_fn *visit, void *arg);
	enum rc (*last_seq)(struct store *store, int64_t *seq_r);
	enum rc (*value)(struct store *store, struct slice key,
	    struct arena *arena, struct slice *value_r);
	int64_t (*acl_version)(struct store *store);
	enum rc (*acl)(struct store *store, struct slice key, struct arena *arena,
	    struct acl_row *row_r);
	enum rc (*acls)(struct store *store, struct slice after, size_t limit,
	    struct arena *arena, store_acl_fn *visit, void *arg);
	enum rc (*values)(struct store *store, struct slice prefix, size_t limit,
	    struct arena *arena, store_value_fn *visit, void *arg);
	enum rc (*stats)(struct store *store, struct store_stats *stats_r);
	/* TALLY__COUNT counters; NULL: there are none now.  May be NULL. */
	uint64_t *(*tallies)(struct store *store);
	enum rc (*tasks)(struct store *store, uint64_t after, size_t limit,
	    struct arena *arena, store_task_fn *visit, void *arg);
	enum rc (*batch)(struct store *store, uint64_t n, uint64_t upto,
	    struct arena *arena, store_task_fn *visit, void *arg);
	enum rc (*tasks_all)(struct store *store, uint64_t after, size_t limit,
	    struct arena *arena, store_task_fn *visit, void *arg);
	enum rc (*is_asking)(struct store *store, uint64_t session,
	    struct slice nsp, bool *asking_r);
	enum rc (*lane)(struct store *store, uint64_t session, uint64_t *lane_r);
	enum rc (*commit)(struct store *store, struct turn *turn);
	enum rc (*answers)(struct store *store, int64_t question,
	    struct arena *arena, struct slice *answers_r,
	    struct slice *attachments_r, int64_t *expected_r, bool *done_r);
	enum rc (*questions)(struct store *store, struct slice nsp, int64_t after,
	    size_t limit, struct arena *arena, store_question_fn *visit, void *arg);
	enum rc (*backup)(struct store *store, const char *to);
};

#define LANE_KEY "lane "                /* store_lane_key() begins so */

/* First member of a driver's own struct; open() fills it in. */
struct store {
	const struct store_driver *driver;
	const struct clock *clock;
	unsigned char key[16];
	char id[24];
	char error[400];                /* of store_error() */
	store_bye_fn *concerns;         /* of store_byes() */
	void *concerns_arg;
};

/* Whether the end of this socket leaves a task. */
bool store_leaves_bye(const struct store *store, struct slice nsp, struct slice user);

/* By what came of its gate and of its unless: RC_OK to apply it, else its end. */
enum rc op_entry(const struct store_op *op);

/* Appends the list that comes out.  old absent: there was none.  RC_TOO_BIG. */
enum rc acl_merge(struct buf *out, enum acl_verb verb, struct slice old,
    struct slice names);

/* A try that says nothing else has so many. */
enum { TASK_ATTEMPTS = 3 };

/* It sees its socket as it is when it is looked at, not as it was when it came. */
bool task_is_live(const struct task *task);
/* What a task takes of its lane's room. */
int64_t task_bytes(const struct task *task);
/* As an OP_TASK_ADD says it; no number and no lane yet. */
struct task task_of_op(const struct store_op *op);
/* Whether what an OP_RECEIVE brings goes into a lane of n tasks and so many bytes. */
bool inbox_has_room(const struct store_op *op, int64_t n, int64_t bytes);

extern const struct store_driver store_sqlite;
extern const struct store_driver store_memory;

/* What the ops of a turn have changed, by session, each once, in the order of
 * their numbers: whom the driver tells (turn.changed_r, RECORD_MEMBERS). */
struct changed {
	struct buf numbers;             /* uint64_t */
};
void   changed_add(struct changed *changed, uint64_t session);
size_t changed_count(const struct changed *changed);
uint64_t changed_get(const struct changed *changed, size_t i);

/* One sentence for store_error(); logs it once as an error. */
void store_fail(struct store *store, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
