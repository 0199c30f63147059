/*
 * memory.c - the memory driver: towns, handles, turns and waking
 *
 * For tests: a store without files, with the semantics of the other driver.
 * Several handles on one path play several processes.
 *
 * Must stay true:
 *   - a turn is applied as a whole; nobody looks in between (one thread)
 *   - a worker's number is never given out twice, so a closed handle stays dead
 *   - the town ends with its last handle: nothing is kept
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/memory_private.h"

static struct town *towns;

/* ---- what is ours --------------------------------------------------------- */

struct slice
memory_own(struct slice s)
{
	return s.p == NULL ? SLICE_NONE : slice_of(mem_slicedup(s), s.n);
}

void
memory_disown(struct slice *s)
{
	free((char *)s->p);
	*s = SLICE_NONE;
}

void
memory_own_text(char out_r[24], struct slice s)
{
	memset(out_r, 0, 24);
	if (s.n > 0)
		memcpy(out_r, s.p, s.n < 23 ? s.n : 23);
}

/* ---- towns and handles ----------------------------------------------------- */

static struct town *
town_get(const char *path)
{
	struct town *town;

	for (town = towns; town != NULL; town = town->next)
		if (path != NULL && town->path != NULL && strcmp(town->path, path) == 0)
			return town;
	town = mem_alloc(sizeof(*town));
	town->path = path == NULL ? NULL : mem_strdup(path);
	town->floor = 1;
	random_bytes(town->key, sizeof(town->key));
	random_id(town->id);
	town->next = towns;
	towns = town;
	return town;
}

static void
town_free(struct town *town)
{
	while (town->sessions != NULL)
		memory_session_free(town, town->sessions);
	while (town->sockets != NULL)
		memory_socket_free(town, town->sockets);
	memory_log_free(town);
	memory_tasks_free(town);
	memory_timers_free(town);
	memory_questions_free(town);
	memory_values_free(town);
	memory_acls_free(town);
	memory_presences_free(town);
	LL_DELETE(towns, town);
	free(town->path);
	free(town);
}

static enum rc
memory_open(const struct store_conf *conf, const struct clock *clock,
    struct store **store_r, char **error_r)
{
	struct memory *m = mem_alloc(sizeof(*m));

	(void)error_r;
	m->store.driver = &store_memory;
	m->store.clock = clock;
	m->town = town_get(conf->path);
	memcpy(m->store.key, m->town->key, sizeof(m->store.key));
	memcpy(m->store.id, m->town->id, sizeof(m->store.id));
	m->conf = *conf;
	m->conf.driver = m->conf.path = m->conf.journal = m->conf.synchronous = NULL;
	m->worker = ++m->town->worker_n;
	m->wake_fd = -1;
	LL_PREPEND(m->town->handles, m);
	*store_r = &m->store;
	return RC_OK;
}

static void
memory_close(struct store *store)
{
	struct memory *m = memory_of(store);

	LL_DELETE(m->town->handles, m);
	if (m->town->handles == NULL)
		town_free(m->town);
	if (m->wake_fd >= 0)
		close(m->wake_fd);
	buf_free(&m->changed.numbers);
	buf_free(&m->own_changed.numbers);
	free(m);
}

bool
memory_worker_lives(const struct town *town, unsigned worker)
{
	const struct memory *m;

	LL_FOREACH(town->handles, m)
		if (m->worker == worker)
			return true;
	return false;
}

/* ---- waking ------------------------------------------------------------------ */

static int
memory_wake_fd(struct store *store)
{
	struct memory *m = memory_of(store);

	if (m->wake_fd < 0 &&
	    (m->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0)
		store_fail(store, "no eventfd");
	return m->wake_fd;
}

static void
memory_wake_take(struct store *store)
{
	struct memory *m = memory_of(store);
	uint64_t count;

	/* Nothing to read is fine: it was a false alarm. */
	if (m->wake_fd >= 0 && read(m->wake_fd, &count, sizeof(count)) < 0)
		return;
}

void
memory_wake(struct memory *m, unsigned worker)
{
	uint64_t one = 1;
	struct memory *other;

	LL_FOREACH(m->town->handles, other)
		if (other != m && other->worker == worker && other->wake_fd >= 0 &&
		    write(other->wake_fd, &one, sizeof(one)) < 0)
			return;         /* it is full: somebody is awake */
}

static void
memory_offer_sockets(struct store *store)
{
	memory_of(store)->has_sockets = true;
}

static bool
memory_has_sockets(struct store *store)
{
	const struct memory *m;

	LL_FOREACH(memory_of(store)->town->handles, m)
		if (m->has_sockets)
			return true;
	return false;
}

static bool
memory_moved(struct store *store)
{
	struct memory *m = memory_of(store);
	bool has_moved = m->has_moved;

	m->has_moved = false;
	return has_moved;
}

/* Everybody else who holds a poll, when something was said. */
static void
tell_others(struct memory *m, bool has_spoken)
{
	struct mem_session *s;
	struct memory *other;

	LL_FOREACH(m->town->handles, other)
		if (other != m)
			other->has_moved = true;
	if (!has_spoken)
		return;
	for (s = m->town->sessions; s != NULL; s = s->hh.next)
		if (s->holder != 0)
			memory_wake(m, s->holder);
}

/* ---- turns ---------------------------------------------------------------------- */

static void (*const op_fns[])(struct memory *m, struct store_op *op) = {
	[OP_OPEN] = memory_op_open,
	[OP_POLL] = memory_op_poll,
	[OP_DELIVER] = memory_op_deliver,
	[OP_RELEASE] = memory_op_release,
	[OP_LOST] = memory_op_lost,
	[OP_RECEIVE] = memory_op_receive,
	[OP_CLOSE] = memory_op_close,
	[OP_CONNECT] = memory_op_connect,
	[OP_RECOVER] = memory_op_recover,
	[OP_APPEND] = memory_op_append,
	[OP_JOIN] = memory_op_member,
	[OP_LEAVE] = memory_op_member,
	[OP_DISCONNECT] = memory_op_disconnect,
	[OP_SOCKET_SET] = memory_op_socket_set,
	[OP_VALUE_SET] = memory_op_value_set,
	[OP_ACL] = memory_op_acl,
	[OP_PRESENCE] = memory_op_presence,
	[OP_MAIL] = memory_op_mail,
	[OP_TIMER] = memory_op_timer,
	[OP_ONCE] = memory_op_once,
	[OP_ANSWER] = memory_op_answer,
	[OP_TASK_ADD] = memory_op_task_add,
	[OP_TASK_TRY] = memory_op_task_try,
	[OP_TASK_DONE] = memory_op_task_done,
	[OP_TASK_AGAIN] = memory_op_task_again,
	[OP_JANITOR] = memory_op_janitor,
	[OP_PROBE] = memory_op_probe,
	[OP_UPGRADE] = memory_op_upgrade,
	[OP_FOLLOW] = memory_op_follow,
	[OP_PROVE] = memory_op_prove,
};
static_assert(sizeof(op_fns) / sizeof(*op_fns) == OP__COUNT,
    "an operation is missing");

static void
ops_apply(struct memory *m, struct store_op *op)
{
	for (; op != NULL; op = op->next) {
		op->rc = op_entry(op);
		if (op->rc != RC_OK)
			continue;
		op_fns[op->kind](m, op);
		if (m->changed.numbers.n != 0)
			memory_changed_tell(m);
	}
}

static enum rc
memory_commit(struct store *store, struct turn *turn)
{
	struct memory *m = memory_of(store);
	int64_t before = m->town->seq;
	struct store_op *last;

	m->boot = clock_boot(store->clock);
	m->wall = clock_wall(store->clock);
	m->arena = turn->arena;
	m->has_tasks = false;
	buf_reset(&m->own_changed.numbers);
	ops_apply(m, turn->first);
	if (turn->settle != NULL) {
		last = turn->last;
		turn->changed_r = (const uint64_t *)(const void *)
		    m->own_changed.numbers.p;
		turn->n_changed_r = changed_count(&m->own_changed);
		turn->settle(turn->arg, store, turn);
		ops_apply(m, last == NULL ? turn->first : last->next);
	}
	if (m->town->seq > before) {
		turn->first_seq_r = before + 1;
		turn->last_seq_r = m->town->seq;
		memory_trim(m, 2 * (size_t)(m->town->seq - before));
	}
	turn->has_tasks_r = m->has_tasks;
	tell_others(m, m->town->seq > before);
	return RC_OK;
}

static enum rc
memory_backup(struct store *store, const char *to)
{
	store_fail(store, "the memory driver has nothing to copy to %s", to);
	return RC_BAD_STATE;
}

static uint64_t *
memory_tallies(struct store *store)
{
	return memory_of(store)->town->tallies;
}

const struct store_driver store_memory = {
	.name = "memory",
	.open = memory_open,
	.close = memory_close,
	.wake_fd = memory_wake_fd,
	.wake_take = memory_wake_take,
	.offer_sockets = memory_offer_sockets,
	.has_sockets = memory_has_sockets,
	.moved = memory_moved,
	.session = memory_session,
	.socket = memory_socket,
	.socket_id = memory_socket_id,
	.socket_n = memory_socket_n,
	.recoverable = memory_recoverable,
	.select = memory_select,
	.count = memory_count,
	.rooms_of = memory_rooms_of,
	.rooms = memory_rooms,
	.sessions = memory_sessions,
	.history = memory_history,
	.tail = memory_tail,
	.members = memory_members,
	.heard = memory_heard,
	.last_seq = memory_last_seq,
	.value = memory_value,
	.acl_version = memory_acl_version,
	.acl = memory_acl,
	.acls = memory_acls,
	.present = memory_present,
	.presence = memory_presence,
	.values = memory_values,
	.stats = memory_stats,
	.tallies = memory_tallies,
	.tasks = memory_tasks,
	.batch = memory_batch,
	.tasks_all = memory_tasks_all,
	.is_asking = memory_is_asking,
	.lane = memory_lane,
	.commit = memory_commit,
	.answers = memory_answers,
	.questions = memory_questions,
	.backup = memory_backup,
};
