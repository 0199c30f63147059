/*
 * sqlite_task.c - what must be done once, and in which order
 *
 * A task is run by whoever finds it: tried (leased, its attempt counted before
 * it runs), and done in the transaction that applies its effects.  A process
 * that dies over it three times is not given a fourth.
 *
 * Must stay true:
 *   - in a lane, and for a socket, only the oldest task is offered
 *   - what a try gives out together stays together: the same call can be made
 *     again
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/log.h"
#include "store/sqlite_private.h"

enum { COUNT_MS = 1000 };

static void task_read(sqlite3_stmt *s, struct arena *arena, struct task *t);

/* Tasks of this session go one after the other; of none: 0. */
static int64_t
lane_of(struct sqlite *db, uint64_t session)
{
	return session == 0 ? 0 : sql_int(db, 0, SQL_SESSION_LANE, "i",
	    (int64_t)session);
}

static int64_t
lane_of_socket(struct sqlite *db, const struct socket_row *k)
{
	if (k->session != 0)
		return lane_of(db, k->session);
	return k->n == 0 ? 0 : sql_int(db, 0, SQL_SOCKET_LANE, "i", (int64_t)k->n);
}

static void
task_insert(struct sqlite *db, const struct task *t)
{
	db->has_tasks = true;
	db->tasks++;
	sql_do(db, SQL_TASK_ADD, "iitttittttiiiibtbtbiii", (int64_t)t->n,
	    (int64_t)t->kind, t->nsp, t->name, t->context, (int64_t)t->socket,
	    t->socket_id, t->user, t->data, t->info, (int64_t)t->lane,
	    (int64_t)t->session, db->wall, task_bytes(t), t->attachments, t->ack,
	    t->says, t->pid, t->rooms, (int64_t)t->generation,
	    (int64_t)t->transport, t->connected_wall);
}

void
task_add(struct sqlite *db, enum task_kind kind, struct slice name,
    struct slice nsp, struct slice context, const struct socket_row *socket,
    struct slice data, struct slice attachments)
{
	static const struct socket_row nobody;
	const struct socket_row *k = socket == NULL ? &nobody : socket;
	struct buf rooms = BUF_INIT;
	struct task t = { .n = (uint64_t)++db->state.task_n, .kind = kind,
		.nsp = nsp, .name = name, .context = context, .socket = k->n,
		.socket_id = slice_str(k->id), .user = k->user,
		.data = data.p != NULL ? data : k->data, .info = k->info,
		.attachments = attachments, .session = k->session, .generation = k->generation,
		.transport = k->transport, .connected_wall = k->connected_wall };

	t.lane = (uint64_t)lane_of_socket(db, k);
	if (kind == TASK_DISCONNECT) {
		rooms_of(db, k, &rooms);
		t.rooms = buf_slice(&rooms);
	}
	task_insert(db, &t);
	buf_free(&rooms);
}

void
task_add_return(struct sqlite *db, const struct store_op *op)
{
	struct task t = { .kind = TASK_RETURN, .nsp = op->u.recover.nsp,
		.socket = op->u.recover.socket_r, .session = op->u.recover.session,
		.name = SLICE(""), .context = op->u.recover.auth,
		.says = op->u.recover.says };

	t.n = (uint64_t)++db->state.task_n;
	t.lane = (uint64_t)lane_of(db, t.session);
	task_insert(db, &t);
}

void
op_task_add(struct sqlite *db, struct store_op *op)
{
	struct task t = task_of_op(op);

	t.n = op->u.task_add.n_r = (uint64_t)++db->state.task_n;
	t.lane = (uint64_t)lane_of(db, t.session);
	task_insert(db, &t);
	op->u.task_add.is_head_r = sql_int(db, 0, SQL_TASK_BEFORE, "iii",
	    (int64_t)t.lane, (int64_t)t.socket, (int64_t)t.n) == 0;
}

/* Counted once a second, and before anybody is refused: others add and end some
 * meanwhile, and to count on is a walk. */
static bool
tasks_are_full(struct sqlite *db, const struct store_op *op)
{
	int64_t max = op->u.receive.max_tasks, n = op->u.receive.inbox_n;

	if (max == 0)
		return false;
	if (db->tasks + n > max || db->tasks_at == 0 ||
	    db->boot - db->tasks_at >= COUNT_MS) {
		db->tasks = sql_int(db, 0, SQL_TASK_COUNT, "");
		db->tasks_at = db->boot;
	}
	return db->tasks + n > max;
}

bool
task_has_room(struct sqlite *db, struct store_op *op)
{
	sqlite3_stmt *s;
	int64_t n, bytes;

	if (op->u.receive.inbox_n == 0)
		return true;
	if ((op->u.receive.is_full_r = tasks_are_full(db, op)))
		return false;
	s = sql_open(db, SQL_INBOX_SIZE, "i", lane_of(db, op->u.receive.session));
	if (!sql_row(db, s))
		return true;
	n = col_int(s, 0);
	bytes = col_int(s, 1);
	sql_end(s);
	return inbox_has_room(op, n, bytes);
}

bool
task_refresh_bye(struct sqlite *db, uint64_t socket, struct slice data,
    struct slice user)
{
	sql_do(db, SQL_TASK_REFRESH, "itt", (int64_t)socket, data, user);
	return db->failed == RC_OK && sqlite3_changes(db->db) > 0;
}

/* ---- trying and finishing ---------------------------------------------------------- */

struct claim {
	int64_t attempts, holder, lease, lane, upto;
	bool is_aside;
};

static bool
claim_load(struct sqlite *db, uint64_t task, struct claim *c)
{
	sqlite3_stmt *s = sql_open(db, SQL_TASK_GET, "i", (int64_t)task);

	if (!sql_row(db, s))
		return false;
	*c = (struct claim){ .attempts = col_int(s, 0), .is_aside =
	    col_int(s, 1) != 0, .holder = col_int(s, 2), .lease = col_int(s, 3),
	    .lane = col_int(s, 4), .upto = col_int(s, 5) };
	sql_end(s);
	return true;
}

static bool
claim_holds(struct sqlite *db, int64_t holder_, int64_t lease, int64_t boot)
{
	return holder_ != 0 && lease > boot && (db->workers == NULL ||
	    worker_is_alive(db->workers, holder_));
}

/* Somebody else works at it. */
static bool
claim_is_foreign(struct sqlite *db, const struct claim *c)
{
	return c->holder != worker_self(db->workers) &&
	    claim_holds(db, c->holder, c->lease, db->boot);
}

/* The last event that goes with it: the same socket, the same speaker. */
static int64_t
batch_end(struct sqlite *db, uint64_t task, int64_t lane, size_t limit)
{
	struct task first, t;
	int64_t upto = (int64_t)task;
	sqlite3_stmt *s;

	if (limit < 2 || lane == 0)
		return upto;
	s = sql_open(db, SQL_TASK_BATCH, "iiii", lane, (int64_t)task, INT64_MAX,
	    sql_limit(limit));
	for (bool is_first = true; sql_row(db, s); is_first = false) {
		task_read(s, &db->scratch, &t);
		if (is_first)
			first = t;
		if (t.kind != TASK_EVENT || t.socket != first.socket ||
		    !slice_eq(t.says, first.says)) {
			sql_end(s);
			break;
		}
		upto = (int64_t)t.n;
	}
	return upto;
}

static void
task_aside(struct sqlite *db, uint64_t task, const struct claim *c)
{
	if (c->upto > (int64_t)task)
		sql_do(db, SQL_TASK_ASIDE_LANE, "iii", c->lane, (int64_t)task, c->upto);
	else
		sql_do(db, SQL_TASK_ASIDE, "i", (int64_t)task);
}

static void
task_lease(struct sqlite *db, struct store_op *op, struct claim *c)
{
	uint64_t task = op->u.task.task;
	holder me = worker_here(db);

	if (me == 0)
		return;
	if (c->upto == 0)
		c->upto = batch_end(db, task, c->lane, op->u.task.batch);
	sql_do(db, SQL_TASK_LEASE, "iiii", (int64_t)task, me,
	    db->boot + op->u.task.lease_ms, c->upto);
	op->u.task.upto_r = (uint64_t)c->upto;
	op->u.task.attempts_r = (unsigned)c->attempts + 1;
}

void
op_task_try(struct sqlite *db, struct store_op *op)
{
	int64_t max = op->u.task.max_attempts == 0 ? TASK_ATTEMPTS :
	    op->u.task.max_attempts;
	uint64_t task = op->u.task.task;
	struct claim c;

	if (!claim_load(db, task, &c))
		op->rc = RC_GONE;
	else if (c.is_aside)
		op->rc = RC_TOO_BIG;
	else if (claim_holds(db, c.holder, c.lease, db->boot))
		op->rc = RC_CLASH;
	else if (c.attempts >= max) {
		task_aside(db, task, &c);
		log_error("store", "task=%llu set aside after %lld attempts",
		    (unsigned long long)task, (long long)c.attempts);
		op->rc = RC_TOO_BIG;
	} else
		task_lease(db, op, &c);
}

void
op_task_done(struct sqlite *db, struct store_op *op)
{
	uint64_t task = op->u.task.task;
	struct claim c;

	if (!claim_load(db, task, &c))
		op->rc = RC_GONE;
	else if (claim_is_foreign(db, &c))
		op->rc = RC_CLASH;
	else if (op->u.task.upto > task)
		sql_do(db, SQL_TASK_DROP_LANE, "iii", c.lane, (int64_t)task,
		    (int64_t)op->u.task.upto);
	else
		sql_do(db, SQL_TASK_DROP, "i", (int64_t)task);
}

void
op_task_again(struct sqlite *db, struct store_op *op)
{
	uint64_t task = op->u.task_again.task;
	struct claim c;

	if (!claim_load(db, task, &c))
		op->rc = RC_GONE;
	else if (claim_is_foreign(db, &c))
		op->rc = RC_CLASH;
	else if (op->u.task_again.aside)
		task_aside(db, task, &c);
	else if (op->u.task_again.event_of != 0)
		sql_do(db, SQL_TASK_EVENT, "ii", (int64_t)task,
		    (int64_t)op->u.task_again.event_of);
	else if (op->u.task_again.afresh)
		sql_do(db, SQL_TASK_AFRESH, "ii", (int64_t)task, ++db->state.task_n);
	else
		sql_do(db, SQL_TASK_DELAY, "ii", (int64_t)task,
		    db->wall + op->u.task_again.delay_ms);
}

/* ---- looking ------------------------------------------------------------------------ */

static void
task_read(sqlite3_stmt *s, struct arena *arena, struct task *t)
{
	*t = (struct task){
		.n = (uint64_t)col_int(s, 0),
		.kind = (enum task_kind)col_int(s, 1),
		.attempts = (unsigned)col_int(s, 2),
		.nsp = col_dup(s, 3, arena), .name = col_dup(s, 4, arena),
		.context = col_dup(s, 5, arena),
		.socket = (uint64_t)col_int(s, 6),
		.socket_id = col_dup(s, 7, arena), .user = col_dup(s, 8, arena),
		.data = col_dup(s, 9, arena), .info = col_dup(s, 10, arena),
		.lane = (uint64_t)col_int(s, 13),
		.session = (uint64_t)col_int(s, 14), .at_wall = col_int(s, 16),
		.attachments = col_dup(s, 17, arena), .ack = col_dup(s, 18, arena),
		.says = col_dup(s, 19, arena), .pid = col_dup(s, 20, arena),
		.rooms = col_dup(s, 21, arena), .generation = (int)col_int(s, 22),
		.transport = (int)col_int(s, 23), .connected_wall = col_int(s, 24),
		.is_aside = col_int(s, 25) != 0,
	};
}

/* Its socket has ended; what it was stands in its last task. */
static void
task_of_bye(struct sqlite *db, struct arena *arena, struct task *t)
{
	sqlite3_stmt *s = sql_open(db, SQL_TASK_BYE, "i", (int64_t)t->socket);

	if (!sql_row(db, s))
		return;
	t->user = col_dup(s, 0, arena);
	t->data = col_dup(s, 1, arena);
	t->info = col_dup(s, 2, arena);
	t->rooms = col_dup(s, 3, arena);
	t->generation = (int)col_int(s, 4);
	t->transport = (int)col_int(s, 5);
	t->connected_wall = col_int(s, 6);
	sql_end(s);
}

static void
task_refresh(struct sqlite *db, struct arena *arena, struct task *t)
{
	struct socket_row k;

	if (t->kind == TASK_SAID)
		t->socket = socket_load_nsp(db, t->session, t->nsp, arena, &k) ? k.n : 0;
	if (!task_is_live(t))
		return;
	if (!socket_load(db, t->socket, arena, &k)) {
		task_of_bye(db, arena, t);
		return;
	}
	t->socket_id = arena_dup(arena, slice_str(k.id));
	t->user = k.user;
	t->data = k.data;
	t->info = k.info;
	t->generation = k.generation;
	t->transport = k.transport;
	t->connected_wall = k.connected_wall;
}

struct seen {
	struct task task;
	struct seen *next;
};

/* The rows first: what is visited may look as well. */
static enum rc
tasks_visit(struct sqlite *db, sqlite3_stmt *s, size_t limit, int64_t boot,
    struct arena *arena, store_task_fn *visit, void *arg)
{
	struct seen *first = NULL, **end = &first;
	size_t n = 0;

	while (n < limit && sql_row(db, s)) {
		if (boot != 0 && claim_holds(db, col_int(s, 11), col_int(s, 12), boot))
			continue;
		*end = arena_alloc(arena, sizeof(**end));
		task_read(s, arena, &(*end)->task);
		end = &(*end)->next;
		n++;
	}
	if (s != NULL)
		sql_end(s);
	for (; first != NULL && db->failed == RC_OK; first = first->next) {
		task_refresh(db, arena, &first->task);
		visit(arg, &first->task);
	}
	return look_end(db, n == 0 ? RC_NONE : RC_OK);
}

enum rc
sqlite_tasks(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_task_fn *visit, void *arg)
{
	struct sqlite *db = sqlite_of(store);

	look_begin(db);
	return tasks_visit(db, sql_open(db, SQL_TASK_HEADS, "iii", (int64_t)after,
	    clock_wall(store->clock), INT64_MAX), limit, clock_boot(store->clock),
	    arena, visit, arg);
}

enum rc
sqlite_batch(struct store *store, uint64_t n, uint64_t upto, struct arena *arena,
    store_task_fn *visit, void *arg)
{
	struct sqlite *db = sqlite_of(store);
	struct claim c;

	look_begin(db);
	if (!claim_load(db, n, &c))
		return look_end(db, RC_NONE);
	return tasks_visit(db, sql_open(db, SQL_TASK_BATCH, "iiii", c.lane,
	    (int64_t)n, (int64_t)upto, INT64_MAX), SIZE_MAX, 0, arena, visit, arg);
}

enum rc
sqlite_tasks_all(struct store *store, uint64_t after, size_t limit,
    struct arena *arena, store_task_fn *visit, void *arg)
{
	struct sqlite *db = sqlite_of(store);

	look_begin(db);
	return tasks_visit(db, sql_open(db, SQL_TASK_WALK, "ii", (int64_t)after,
	    sql_limit(limit)), limit, 0, arena, visit, arg);
}

enum rc
sqlite_is_asking(struct store *store, uint64_t session, struct slice nsp,
    bool *asking_r)
{
	struct sqlite *db = sqlite_of(store);

	look_begin(db);
	*asking_r = sql_int(db, 0, SQL_TASK_ASKING, "iit", lane_of(db, session),
	    (int64_t)session, nsp) != 0;
	return look_end(db, RC_OK);
}

enum rc
sqlite_lane(struct store *store, uint64_t session, uint64_t *lane_r)
{
	struct sqlite *db = sqlite_of(store);

	look_begin(db);
	*lane_r = (uint64_t)lane_of(db, session);
	return look_end(db, *lane_r == 0 ? RC_NONE : RC_OK);
}
