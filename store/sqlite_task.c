/*
 * sqlite_task.c - what must be done once, and appointments that become so
 *
 * A task is run by whoever finds it: tried (leased, its attempt counted before
 * it runs), and done in the transaction that applies its effects.  A process
 * that dies over it three times is not given a fourth.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/log.h"
#include "store/sqlite_private.h"

void
task_add(struct sqlite *db, enum task_kind kind, struct slice name,
    struct slice nsp, struct slice context, const struct socket_row *socket,
    struct slice data, struct slice attachments)
{
	static const struct socket_row nobody;
	const struct socket_row *k = socket == NULL ? &nobody : socket;

	sql_do(db, SQL_TASK_ADD, "iitttittttb", ++db->state.task_n, (int64_t)kind,
	    nsp, name, context, (int64_t)k->n, slice_str(k->id), k->user,
	    data.p != NULL ? data : k->data, k->info, attachments);
}

/* ---- trying and finishing ---------------------------------------------------------- */

struct claim {
	int64_t attempts, holder, lease;
	bool is_aside;
};

static bool
claim_load(struct sqlite *db, uint64_t task, struct claim *c)
{
	sqlite3_stmt *s = sql_open(db, SQL_TASK_GET, "i", (int64_t)task);

	if (!sql_row(db, s))
		return false;
	*c = (struct claim){ col_int(s, 0), col_int(s, 2), col_int(s, 3),
	    col_int(s, 1) != 0 };
	sql_end(s);
	return true;
}

static bool
claim_holds(struct sqlite *db, int64_t holder_, int64_t lease, int64_t boot)
{
	return holder_ != 0 && lease > boot && (db->workers == NULL ||
	    worker_is_alive(db->workers, holder_));
}

void
op_task_try(struct sqlite *db, struct store_op *op)
{
	uint64_t task = op->u.task.task;
	struct claim c;
	holder me;

	if (!claim_load(db, task, &c))
		op->rc = RC_GONE;
	else if (c.is_aside)
		op->rc = RC_TOO_BIG;
	else if (claim_holds(db, c.holder, c.lease, db->boot))
		op->rc = RC_CLASH;
	else if (c.attempts >= TASK_ATTEMPTS) {
		sql_do(db, SQL_TASK_ASIDE, "i", (int64_t)task);
		log_error("store", "task=%llu set aside after %d attempts",
		    (unsigned long long)task, TASK_ATTEMPTS);
		op->rc = RC_TOO_BIG;
	} else if ((me = worker_here(db)) != 0)
		sql_do(db, SQL_TASK_LEASE, "iii", (int64_t)task, me,
		    db->boot + op->u.task.lease_ms);
}

void
op_task_done(struct sqlite *db, struct store_op *op)
{
	uint64_t task = op->u.task.task;
	struct claim c;

	if (!claim_load(db, task, &c))
		op->rc = RC_GONE;
	else if (c.holder != worker_self(db->workers) &&
	    claim_holds(db, c.holder, c.lease, db->boot))
		op->rc = RC_CLASH;
	else
		sql_do(db, SQL_TASK_DROP, "i", (int64_t)task);
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
		.attachments = col_dup(s, 13, arena),
	};
}

/* A timer sees its socket as it is, not as it was when the timer was due. */
static void
task_refresh(struct sqlite *db, struct arena *arena, struct task *t)
{
	struct socket_row k;

	if (t->kind != TASK_TIMER || t->socket == 0 ||
	    !socket_load(db, t->socket, arena, &k))
		return;
	t->user = k.user;
	t->data = k.data;
	t->info = k.info;
}

enum rc
sqlite_tasks(struct store *store, size_t limit, struct arena *arena,
    store_task_fn *visit, void *arg)
{
	struct sqlite *db = sqlite_of(store);
	struct seen {
		struct task task;
		struct seen *next;
	} *first = NULL, **end = &first;
	int64_t boot = clock_boot(store->clock);
	size_t n = 0;
	sqlite3_stmt *s;

	look_begin(db);
	s = sql_open(db, SQL_TASK_WALK, "ii", INT64_C(0), INT64_MAX);
	while (n < limit && sql_row(db, s)) {
		if (claim_holds(db, col_int(s, 11), col_int(s, 12), boot))
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

/* ---- timers --------------------------------------------------------------------------- */

void
op_timer(struct sqlite *db, struct store_op *op)
{
	uint64_t socket = op->u.timer.socket == NULL ? 0 : *op->u.timer.socket;
	struct slice nsp = op->u.timer.nsp, name = op->u.timer.name;
	struct socket_row k;

	if (socket != 0 && !socket_load(db, socket, &db->scratch, &k))
		op->rc = RC_GONE;
	else if (op->u.timer.after_ms < 0)
		sql_do(db, SQL_TIMER_DROP, "itt", (int64_t)socket, nsp, name);
	else if (op->u.timer.max > 0 && sql_int(db, 0, SQL_TIMER_COUNT, "itt",
	    (int64_t)socket, nsp, name) >= op->u.timer.max)
		op->rc = RC_TOO_BIG;
	else
		sql_do(db, SQL_TIMER_ADD, "itttii", (int64_t)socket, nsp, name,
		    op->u.timer.context, db->wall + op->u.timer.after_ms,
		    op->u.timer.every_ms);
}

/* Those that were missed fire once. */
void
timer_fire(struct sqlite *db, int64_t timer)
{
	sqlite3_stmt *s = sql_open(db, SQL_TIMER_GET, "i", timer);
	struct arena *a = &db->scratch;
	struct slice nsp, name, context;
	struct socket_row k;
	int64_t socket, due, every;

	if (!sql_row(db, s))
		return;
	socket = col_int(s, 0);
	nsp = col_dup(s, 1, a);
	name = col_dup(s, 2, a);
	context = col_dup(s, 3, a);
	due = col_int(s, 4);
	every = col_int(s, 5);
	sql_end(s);
	if (socket == 0 || socket_load(db, (uint64_t)socket, a, &k))
		task_add(db, TASK_TIMER, name, nsp, context, socket == 0 ? NULL : &k,
		    SLICE_NONE, SLICE_NONE);
	else
		every = 0;
	if (every > 0)
		sql_do(db, SQL_TIMER_NEXT, "ii", timer, due +
		    ((db->wall - due) / every + 1) * every);
	else
		sql_do(db, SQL_TIMER_END, "i", timer);
}
