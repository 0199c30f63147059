/*
 * store.c - finds the driver and passes the calls on
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/driver.h"

static const struct store_driver *const store_drivers[] = {
	&store_sqlite,
	&store_memory,
};

enum rc
store_open(const struct store_conf *conf, const struct clock *clock,
    struct store **store_r, char **error_r)
{
	const char *name = conf->driver == NULL ? "sqlite" : conf->driver;

	*store_r = NULL;
	*error_r = NULL;
	for (size_t i = 0; i < sizeof(store_drivers) / sizeof(*store_drivers); i++)
		if (strcmp(store_drivers[i]->name, name) == 0)
			return store_drivers[i]->open(conf, clock, store_r, error_r);
	*error_r = mem_printf("there is no store driver \"%s\"; use sqlite", name);
	return RC_BAD_STATE;
}

void
store_close(struct store **store)
{
	if (*store != NULL)
		(*store)->driver->close(*store);
	*store = NULL;
}

const unsigned char *
store_key(const struct store *store)
{
	return store->key;
}

const char *
store_id(const struct store *store)
{
	return store->id;
}

const char *
store_error(const struct store *store)
{
	return store->error;
}

void
store_fail(struct store *store, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(store->error, sizeof(store->error), fmt, ap);
	va_end(ap);
	log_error("store", "err=\"%s\"", store->error);
}

/* ---- goodbyes --------------------------------------------------------- */

void
store_byes(struct store *store, store_bye_fn *concerns, void *arg)
{
	store->concerns = concerns;
	store->concerns_arg = arg;
}

bool
store_leaves_bye(const struct store *store, struct slice nsp, struct slice user)
{
	return store->concerns == NULL ||
	    store->concerns(store->concerns_arg, nsp, user);
}

/* ---- turns ------------------------------------------------------------ */

enum rc
op_entry(const struct store_op *op)
{
	if (op->gate != NULL && op->gate->rc != RC_OK)
		return RC_BAD_STATE;
	return op->unless != NULL && op->unless->rc == RC_OK ? RC_NONE : RC_OK;
}

void
turn_init(struct turn *turn, struct arena *arena)
{
	memset(turn, 0, sizeof(*turn));
	turn->arena = arena;
}

struct store_op *
turn_add(struct turn *turn, enum store_op_kind kind, struct store_op *gate)
{
	struct store_op *op = arena_alloc(turn->arena, sizeof(*op));

	op->kind = kind;
	op->rc = RC_BAD_STATE;
	op->gate = gate;
	if (turn->last == NULL)
		turn->first = op;
	else
		turn->last->next = op;
	turn->last = op;
	turn->n++;
	return op;
}

/* ---- whose memberships changed ------------------------------------------ */

size_t
changed_count(const struct changed *changed)
{
	return changed->numbers.n / sizeof(uint64_t);
}

uint64_t
changed_get(const struct changed *changed, size_t i)
{
	uint64_t session;

	memcpy(&session, changed->numbers.p + i * sizeof(session), sizeof(session));
	return session;
}

void
changed_add(struct changed *changed, uint64_t session)
{
	size_t i = changed_count(changed);
	uint64_t *numbers;

	while (i > 0 && changed_get(changed, i - 1) > session)
		i--;
	if (session == 0 || (i > 0 && changed_get(changed, i - 1) == session))
		return;
	buf_add(&changed->numbers, slice_of((const char *)&session, sizeof(session)));
	numbers = (uint64_t *)(void *)changed->numbers.p;
	memmove(numbers + i + 1, numbers + i,
	    (changed_count(changed) - 1 - i) * sizeof(*numbers));
	numbers[i] = session;
}

/* ---- the verbs -------------------------------------------------------- */

int
store_wake_fd(struct store *store)
{
	return store->driver->wake_fd(store);
}

void
store_wake_take(struct store *store)
{
	store->driver->wake_take(store);
}

void
store_offer_sockets(struct store *store)
{
	store->driver->offer_sockets(store);
}

bool
store_has_sockets(struct store *store)
{
	return store->driver->has_sockets(store);
}

bool
store_moved(struct store *store)
{
	return store->driver->moved(store);
}

void
store_look(struct store *store)
{
	if (store->driver->look != NULL)
		store->driver->look(store);
}

void
store_looks_begin(struct store *store)
{
	if (store->driver->looks != NULL)
		store->driver->looks(store, true);
}

void
store_looks_end(struct store *store)
{
	if (store->driver->looks != NULL)
		store->driver->looks(store, false);
}

void
store_rest(struct store *store)
{
	if (store->driver->rest != NULL)
		store->driver->rest(store);
}

enum rc
store_session(struct store *store, struct slice sid, struct arena *arena,
    struct session_row *row_r)
{
	return store->driver->session(store, sid, arena, row_r);
}

enum rc
store_socket(struct store *store, uint64_t session, struct slice nsp,
    struct arena *arena, struct socket_row *row_r)
{
	return store->driver->socket(store, session, nsp, arena, row_r);
}

enum rc
store_socket_id(struct store *store, struct slice nsp, struct slice id,
    struct arena *arena, struct socket_row *row_r)
{
	return store->driver->socket_id(store, nsp, id, arena, row_r);
}

enum rc
store_socket_n(struct store *store, uint64_t n, struct arena *arena,
    struct socket_row *row_r)
{
	return store->driver->socket_n(store, n, arena, row_r);
}

enum rc
store_recoverable(struct store *store, struct slice nsp, struct slice pid,
    int64_t offset, int64_t max_replay, struct arena *arena,
    struct socket_row *row_r)
{
	return store->driver->recoverable(store, nsp, pid, offset, max_replay,
	    arena, row_r);
}

enum rc
store_select(struct store *store, const struct selector *selector,
    uint64_t after, size_t limit, bool with_gone, struct arena *arena,
    store_socket_fn *visit, void *arg)
{
	return store->driver->select(store, selector, after, limit, with_gone,
	    arena, visit, arg);
}

enum rc
store_count(struct store *store, const struct selector *selector,
    int64_t *count_r)
{
	return store->driver->count(store, selector, count_r);
}

enum rc
store_rooms_of(struct store *store, uint64_t socket, struct buf *packed)
{
	return store->driver->rooms_of(store, socket, packed);
}

enum rc
store_rooms(struct store *store, struct slice nsp, struct slice after,
    size_t limit, store_room_fn *visit, void *arg)
{
	return store->driver->rooms(store, nsp, after, limit, visit, arg);
}

enum rc
store_sessions(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_session_fn *visit, void *arg)
{
	return store->driver->sessions(store, after, limit, arena, visit, arg);
}

enum rc
store_history(struct store *store, struct slice channel, int64_t before,
    int64_t after, size_t limit, struct arena *arena, store_record_fn *visit,
    void *arg)
{
	return store->driver->history(store, channel, before, after, limit, arena,
	    visit, arg);
}

enum rc
store_present(struct store *store, struct slice nsp, struct slice room,
    struct slice after, size_t limit, bool with_away, struct arena *arena,
    store_presence_fn *visit, void *arg)
{
	return store->driver->present(store, nsp, room, after, limit, with_away,
	    arena, visit, arg);
}

enum rc
store_presence(struct store *store, struct slice nsp, struct slice room,
    struct slice user, struct arena *arena, struct presence_row *row_r)
{
	return store->driver->presence(store, nsp, room, user, arena, row_r);
}

enum rc
store_tail(struct store *store, int64_t after, size_t limit,
    struct arena *arena, store_record_fn *visit, void *arg, int64_t *floor_r)
{
	return store->driver->tail(store, after, limit, arena, visit, arg,
	    floor_r);
}

enum rc
store_members(struct store *store, struct slice channel, int64_t seq,
    store_member_fn *visit, void *arg)
{
	return store->driver->members(store, channel, seq, visit, arg);
}

enum rc
store_heard(struct store *store, uint64_t session, store_heard_fn *visit,
    void *arg)
{
	return store->driver->heard(store, session, visit, arg);
}

enum rc
store_last_seq(struct store *store, int64_t *seq_r)
{
	return store->driver->last_seq(store, seq_r);
}

enum rc
store_value(struct store *store, struct slice key, struct arena *arena,
    struct slice *value_r)
{
	return store->driver->value(store, key, arena, value_r);
}

int64_t
store_acl_version(struct store *store)
{
	return store->driver->acl_version(store);
}

enum rc
store_acl(struct store *store, struct slice key, struct arena *arena,
    struct acl_row *row_r)
{
	return store->driver->acl(store, key, arena, row_r);
}

enum rc
store_acls(struct store *store, struct slice after, size_t limit,
    struct arena *arena, store_acl_fn *visit, void *arg)
{
	return store->driver->acls(store, after, limit, arena, visit, arg);
}

enum rc
store_values(struct store *store, struct slice prefix, size_t limit,
    struct arena *arena, store_value_fn *visit, void *arg)
{
	return store->driver->values(store, prefix, limit, arena, visit, arg);
}

enum rc
store_stats(struct store *store, struct store_stats *stats_r)
{
	memset(stats_r, 0, sizeof(*stats_r));
	return store->driver->stats(store, stats_r);
}

enum rc
store_tasks(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_task_fn *visit, void *arg)
{
	return store->driver->tasks(store, after, limit, arena, visit, arg);
}

enum rc
store_batch(struct store *store, uint64_t n, uint64_t upto, struct arena *arena,
    store_task_fn *visit, void *arg)
{
	return store->driver->batch(store, n, upto, arena, visit, arg);
}

enum rc
store_tasks_all(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_task_fn *visit, void *arg)
{
	return store->driver->tasks_all(store, after, limit, arena, visit, arg);
}

enum rc
store_is_asking(struct store *store, uint64_t session, struct slice nsp,
    bool *asking_r)
{
	return store->driver->is_asking(store, session, nsp, asking_r);
}

enum rc
store_lane(struct store *store, uint64_t session, uint64_t *lane_r)
{
	return store->driver->lane(store, session, lane_r);
}

/* A name as it is; quoted where it could be taken for more than one. */
static void
audit_name(struct buf *out, struct slice name)
{
	size_t i;

	for (i = 0; i < name.n; i++)
		if (name.p[i] == ' ' || name.p[i] == '"') {
			json_quote(out, name);
			return;
		}
	buf_add(out, name);
}

static void
audit_acl(const struct store_op *op)
{
	static const char *const verbs[] = {
		[ACL_SET] = "set", [ACL_ADD] = "add", [ACL_REMOVE] = "remove"
	};
	struct slice nsp, name, names = op->u.acl.names, item;
	struct buf line = BUF_INIT, words = BUF_INIT;
	enum channel_kind kind;

	if (!channel_split(op->u.acl.key, &kind, &nsp, &name))
		return;
	if (op->rc == RC_TOO_BIG)
		log_warn("store", "acl refused nsp=%.*s by=\"%.*s\": a list has %d "
		    "names at most", SLICE_ARGS(nsp), SLICE_ARGS(op->u.acl.by),
		    ACL_NAMES_MAX);
	if (op->rc != RC_OK)
		return;
	while (pack_next(&names, &item)) {
		buf_str(&words, words.n > 0 ? " " : "");
		buf_add(&words, item);
	}
	buf_str(&line, "acl nsp=");
	audit_name(&line, nsp);
	buf_str(&line, kind == CHANNEL_USER ? " user=" : kind == CHANNEL_ROOM ?
	    " socket=" : " all=");
	audit_name(&line, name);
	buf_printf(&line, " verb=%s names=", op->u.acl.names.p == NULL ? "forget" :
	    verbs[op->u.acl.verb]);
	json_quote(&line, buf_slice(&words));
	buf_str(&line, " by=");
	json_quote(&line, op->u.acl.by);
	log_audit("store", "%.*s", SLICE_ARGS(buf_slice(&line)));
	buf_free(&line);
	buf_free(&words);
}

/* Who may do what has changed: a line for each, now that it is true. */
static void
audit(const struct turn *turn)
{
	const struct store_op *op;

	for (op = turn->first; op != NULL; op = op->next)
		if (op->kind == OP_ACL)
			audit_acl(op);
}

enum rc
store_commit(struct store *store, struct turn *turn)
{
	enum rc rc;

	turn->first_seq_r = turn->last_seq_r = 0;
	turn->changed_r = NULL;
	turn->n_changed_r = 0;
	if ((rc = store->driver->commit(store, turn)) == RC_OK)
		audit(turn);
	return rc;
}

enum rc
store_answers(struct store *store, int64_t question, struct arena *arena,
    struct slice *answers_r, struct slice *attachments_r, int64_t *expected_r,
    bool *done_r)
{
	return store->driver->answers(store, question, arena, answers_r,
	    attachments_r, expected_r, done_r);
}

enum rc
store_backup(struct store *store, const char *to)
{
	return store->driver->backup(store, to);
}

enum rc
store_questions(struct store *store, struct slice nsp, int64_t after, size_t limit,
    struct arena *arena, store_question_fn *visit, void *arg)
{
	return store->driver->questions(store, nsp, after, limit, arena, visit, arg);
}

/* ---- tallies ------------------------------------------------------------- */

static uint64_t *
tallies_get(struct store *store)
{
	return store->driver->tallies == NULL ? NULL : store->driver->tallies(store);
}

void
store_tally(struct store *store, enum tally what)
{
	uint64_t *counters = tallies_get(store);

	if (counters != NULL)
		__atomic_fetch_add(&counters[what], 1, __ATOMIC_RELAXED);
}

void
store_tallies(struct store *store, int64_t counts_r[TALLY__COUNT])
{
	uint64_t *counters = tallies_get(store);
	size_t i;

	for (i = 0; i < TALLY__COUNT; i++)
		counts_r[i] = counters == NULL ? 0 :
		    (int64_t)__atomic_load_n(&counters[i], __ATOMIC_RELAXED);
}
