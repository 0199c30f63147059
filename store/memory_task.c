/*
 * memory_task.c - what must be done once, and in which order
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "store/memory_private.h"

/* ---- tasks ------------------------------------------------------------------------ */

static uint64_t
lane_of(struct town *town, uint64_t session)
{
	const struct mem_session *s = memory_session_get(town, session);

	return s == NULL ? 0 : s->lane;
}

/* The slices become the task's own. */
static struct mem_task *
task_append(struct memory *m, const struct task *task)
{
	struct mem_task *t = mem_alloc(sizeof(*t));
	struct slice *slice;
	size_t i;

	t->task = *task;
	for (i = 0; (slice = task_slice(&t->task, i)) != NULL; i++)
		*slice = memory_own(*slice);
	t->task.n = ++m->town->task_n;
	t->task.at_wall = m->wall;
	DL_APPEND(m->town->tasks, t);
	m->has_tasks = true;
	return t;
}

void
memory_task_add(struct memory *m, enum task_kind kind, struct slice nsp,
    struct slice name, struct slice context, const struct mem_socket *k,
    struct slice data, struct slice attachments)
{
	struct task task = { .kind = kind, .nsp = nsp, .name = name,
		.context = context, .data = data, .attachments = attachments };
	struct buf rooms = BUF_INIT;
	const struct mem_session *s;

	if (k != NULL) {
		s = memory_session_get(m->town, k->session);
		task.socket = k->n;
		task.socket_id = slice_str(k->id);
		task.user = k->user;
		task.info = s == NULL ? k->info : s->row.info;
		task.session = k->session;
		task.lane = s == NULL ? k->lane : s->lane;
		task.generation = k->generation;
		task.transport = k->transport;
		task.connected_wall = k->connected_wall;
		if (kind != TASK_ACK)
			task.data = k->data;
	}
	if (kind == TASK_DISCONNECT && k != NULL) {
		memory_rooms_of(&m->store, k->n, &rooms);
		task.rooms = buf_slice(&rooms);
	}
	task_append(m, &task);
	buf_free(&rooms);
}

/* An older task of its lane or socket. */
static bool
is_behind(const struct town *town, const struct mem_task *t)
{
	const struct mem_task *e;

	DL_FOREACH(town->tasks, e)
		if (e->task.n < t->task.n && !e->task.is_aside &&
		    ((t->task.lane != 0 && e->task.lane == t->task.lane) ||
		    (t->task.socket != 0 && e->task.socket == t->task.socket)))
			return true;
	return false;
}

void
memory_op_task_add(struct memory *m, struct store_op *op)
{
	struct task task = task_of_op(op);
	struct mem_task *t;

	task.lane = lane_of(m->town, task.session);
	t = task_append(m, &task);
	op->u.task_add.n_r = t->task.n;
	op->u.task_add.is_head_r = !is_behind(m->town, t);
}

bool
memory_has_room(struct memory *m, struct store_op *op)
{
	uint64_t lane = lane_of(m->town, op->u.receive.session);
	int64_t n = 0, bytes = 0, all = 0;
	const struct mem_task *t;

	if (op->u.receive.inbox_n == 0)
		return true;
	DL_FOREACH(m->town->tasks, t) {
		all++;
		if (t->task.lane == lane && !t->task.is_aside) {
			n++;
			bytes += task_bytes(&t->task);
		}
	}
	op->u.receive.is_full_r = op->u.receive.max_tasks != 0 &&
	    all + op->u.receive.inbox_n > op->u.receive.max_tasks;
	return !op->u.receive.is_full_r && inbox_has_room(op, n, bytes);
}

static struct mem_task *
bye_of(struct town *town, uint64_t socket)
{
	struct mem_task *t;

	DL_FOREACH(town->tasks, t)
		if (t->task.kind == TASK_DISCONNECT && !t->task.is_aside &&
		    t->task.socket == socket)
			return t;
	return NULL;
}

bool
memory_refresh_bye(struct memory *m, uint64_t socket, struct slice data,
    struct slice user)
{
	bool some = false;
	struct mem_task *t;

	DL_FOREACH(m->town->tasks, t) {
		if (t->task.kind != TASK_DISCONNECT || t->task.is_aside ||
		    t->task.socket != socket)
			continue;
		some = true;
		if (data.p != NULL) {
			memory_disown(&t->task.data);
			memory_disown(&t->task.context);
			t->task.data = memory_own(data);
			t->task.context = memory_own(data);
		}
		if (user.p != NULL) {
			memory_disown(&t->task.user);
			t->task.user = user.n > 0 ? memory_own(user) : SLICE_NONE;
		}
	}
	return some;
}

static void
task_free(struct town *town, struct mem_task *t)
{
	struct slice *slice;
	size_t i;

	DL_DELETE(town->tasks, t);
	for (i = 0; (slice = task_slice(&t->task, i)) != NULL; i++)
		memory_disown(slice);
	free(t);
}

bool
memory_task_unbye(struct memory *m, uint64_t socket)
{
	struct mem_task *t, *next;
	bool some = false;

	DL_FOREACH_SAFE(m->town->tasks, t, next) {
		if (t->task.kind != TASK_DISCONNECT || t->task.is_aside ||
		    t->task.socket != socket || t->task.attempts != 0)
			continue;
		task_free(m->town, t);
		some = true;
	}
	return some;
}

void
memory_task_add_return(struct memory *m, const struct store_op *op)
{
	struct task task = { .kind = TASK_RETURN, .nsp = op->u.recover.nsp,
		.socket = op->u.recover.socket_r, .session = op->u.recover.session,
		.name = SLICE(""), .context = op->u.recover.auth,
		.says = op->u.recover.says };

	task.lane = lane_of(m->town, task.session);
	task_append(m, &task);
}

static struct mem_task *
task_get(struct town *town, uint64_t n)
{
	struct mem_task *t;

	DL_FOREACH(town->tasks, t)
		if (t->task.n == n)
			return t;
	return NULL;
}

static bool
is_worked_at(const struct memory *m, const struct mem_task *t)
{
	return t->holder != 0 && t->lease_boot > clock_boot(m->store.clock) &&
	    memory_worker_lives(m->town, t->holder);
}

/* From a task to the last that goes with it. */
static bool
is_in_batch(const struct mem_task *first, uint64_t upto, const struct mem_task *t)
{
	return t == first || (upto > first->task.n && first->task.lane != 0 &&
	    t->task.lane == first->task.lane && !t->task.is_aside &&
	    t->task.n > first->task.n && t->task.n <= upto);
}

static uint64_t
batch_end(const struct town *town, const struct mem_task *first, size_t limit)
{
	uint64_t upto = first->task.n;
	const struct mem_task *t;
	size_t n = 0;

	if (limit < 2 || first->task.lane == 0)
		return upto;
	DL_FOREACH(town->tasks, t) {
		if (t->task.n < first->task.n || t->task.lane != first->task.lane ||
		    t->task.is_aside)
			continue;
		if (n++ == limit || t->task.kind != TASK_EVENT ||
		    t->task.socket != first->task.socket ||
		    !slice_eq(t->task.says, first->task.says))
			break;
		upto = t->task.n;
	}
	return upto;
}

/* Cookies are not for keeping. */
static void
task_put_aside(struct mem_task *t)
{
	t->task.is_aside = true;
	t->holder = 0;
	memory_disown(&t->task.says);
}

static void
task_aside(struct town *town, struct mem_task *first)
{
	uint64_t upto = first->upto;
	struct mem_task *t;

	DL_FOREACH(town->tasks, t)
		if (t != first && is_in_batch(first, upto, t))
			task_put_aside(t);
	task_put_aside(first);
}

void
memory_op_task_try(struct memory *m, struct store_op *op)
{
	struct mem_task *t = task_get(m->town, op->u.task.task);
	unsigned max = op->u.task.max_attempts == 0 ? TASK_ATTEMPTS :
	    op->u.task.max_attempts;

	if (t == NULL) {
		op->rc = RC_GONE;
	} else if (t->task.is_aside) {
		op->rc = RC_TOO_BIG;
	} else if (is_worked_at(m, t)) {
		op->rc = RC_CLASH;
	} else if (t->task.attempts >= max) {
		task_aside(m->town, t);
		op->rc = RC_TOO_BIG;
	} else {
		if (t->upto == 0)
			t->upto = batch_end(m->town, t, op->u.task.batch);
		op->u.task.upto_r = t->upto;
		op->u.task.attempts_r = ++t->task.attempts;
		t->holder = m->worker;
		t->lease_boot = m->boot + op->u.task.lease_ms;
	}
}

void
memory_op_task_done(struct memory *m, struct store_op *op)
{
	struct mem_task *first = task_get(m->town, op->u.task.task), *t, *next;

	if (first == NULL) {
		op->rc = RC_GONE;
	} else if (first->holder != m->worker && is_worked_at(m, first)) {
		op->rc = RC_CLASH;
	} else {
		DL_FOREACH_SAFE(m->town->tasks, t, next)
			if (t != first && is_in_batch(first, op->u.task.upto, t))
				task_free(m->town, t);
		task_free(m->town, first);
	}
}

static void
task_again(struct memory *m, struct mem_task *t, const struct store_op *op)
{
	t->holder = 0;
	if (!op->u.task_again.afresh && op->u.task_again.event_of == 0) {
		t->due = m->wall + op->u.task_again.delay_ms;
		return;
	}
	t->task.attempts = 0;
	t->due = 0;
	t->upto = 0;
	if (op->u.task_again.event_of != 0) {
		t->task.kind = TASK_EVENT;
		t->task.socket = op->u.task_again.event_of;
		return;
	}
	t->task.n = ++m->town->task_n;
	t->task.is_aside = false;
	DL_DELETE(m->town->tasks, t);
	DL_APPEND(m->town->tasks, t);
}

void
memory_op_task_again(struct memory *m, struct store_op *op)
{
	struct mem_task *t = task_get(m->town, op->u.task_again.task);

	if (t == NULL)
		op->rc = RC_GONE;
	else if (t->holder != m->worker && is_worked_at(m, t))
		op->rc = RC_CLASH;
	else if (op->u.task_again.aside)
		task_aside(m->town, t);
	else
		task_again(m, t, op);
}

/* ---- looking ------------------------------------------------------------------------- */

static void
refresh_from_bye(struct memory *m, struct task *task)
{
	const struct mem_task *bye = bye_of(m->town, task->socket);

	if (bye == NULL)
		return;
	task->user = bye->task.user;
	task->data = bye->task.data;
	task->info = bye->task.info;
	task->rooms = bye->task.rooms;
	task->generation = bye->task.generation;
	task->transport = bye->task.transport;
	task->connected_wall = bye->task.connected_wall;
}

static void
refresh(struct memory *m, struct task *task)
{
	const struct mem_socket *k = task->kind == TASK_SAID ?
	    memory_socket_in(m->town, task->session, task->nsp) :
	    memory_socket_get(m->town, task->socket);
	const struct mem_session *s;

	if (task->kind == TASK_SAID)
		task->socket = k == NULL ? 0 : k->n;
	if (!task_is_live(task))
		return;
	if (k == NULL) {
		refresh_from_bye(m, task);
		return;
	}
	s = memory_session_get(m->town, k->session);
	task->socket_id = slice_str(k->id);
	task->user = k->user;
	task->data = k->data;
	task->info = s == NULL ? k->info : s->row.info;
	task->generation = k->generation;
	task->transport = k->transport;
	task->connected_wall = k->connected_wall;
}

static void
task_show(struct memory *m, const struct mem_task *t, struct arena *arena,
    store_task_fn *visit, void *arg)
{
	struct task copy = t->task;
	struct slice *slice;
	size_t i;

	refresh(m, &copy);
	for (i = 0; (slice = task_slice(&copy, i)) != NULL; i++)
		*slice = arena_dup(arena, *slice);
	visit(arg, &copy);
}

enum rc
memory_tasks(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_task_fn *visit, void *arg)
{
	struct memory *m = memory_of(store);
	int64_t wall = clock_wall(store->clock);
	enum rc rc = RC_NONE;
	struct mem_task *t;

	DL_FOREACH(m->town->tasks, t) {
		if (t->task.n <= after || t->task.is_aside || t->due > wall || limit == 0 ||
		    is_worked_at(m, t) || is_behind(m->town, t))
			continue;
		task_show(m, t, arena, visit, arg);
		limit--;
		rc = RC_OK;
	}
	return rc;
}

enum rc
memory_batch(struct store *store, uint64_t n, uint64_t upto, struct arena *arena,
    store_task_fn *visit, void *arg)
{
	struct memory *m = memory_of(store);
	struct mem_task *first = task_get(m->town, n), *t;

	if (first == NULL)
		return RC_NONE;
	DL_FOREACH(m->town->tasks, t)
		if (is_in_batch(first, upto, t))
			task_show(m, t, arena, visit, arg);
	return RC_OK;
}

enum rc
memory_tasks_all(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_task_fn *visit, void *arg)
{
	struct memory *m = memory_of(store);
	enum rc rc = RC_NONE;
	struct mem_task *t;

	DL_FOREACH(m->town->tasks, t)
		if (t->task.n > after && limit > 0) {
			task_show(m, t, arena, visit, arg);
			limit--;
			rc = RC_OK;
		}
	return rc;
}

enum rc
memory_is_asking(struct store *store, uint64_t session, struct slice nsp,
    bool *asking_r)
{
	const struct mem_task *t;

	*asking_r = false;
	DL_FOREACH(memory_of(store)->town->tasks, t)
		if (t->task.kind == TASK_CONNECT && t->task.session == session &&
		    !t->task.is_aside && slice_eq(t->task.nsp, nsp))
			*asking_r = true;
	return RC_OK;
}

enum rc
memory_lane(struct store *store, uint64_t session, uint64_t *lane_r)
{
	*lane_r = lane_of(memory_of(store)->town, session);
	return *lane_r == 0 ? RC_NONE : RC_OK;
}

void
memory_tasks_free(struct town *town)
{
	while (town->tasks != NULL)
		task_free(town, town->tasks);
}
