/*
 * store_contract_hear.c - the words of the contract that listen and look
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdarg.h>
#include <unistd.h>

#include "tests/store_contract.h"
#include "tests/t.h"

/* ---- polling ----------------------------------------------------------- */

static void
word_of(struct buf *b, const struct record *r)
{
	struct slice name = r->data;

	if (b->n > 0)
		buf_char(b, ' ');
	switch (r->kind) {
	case RECORD_EVENT:
		if (!slice_is(r->nsp, "/")) {
			buf_add(b, r->nsp);
			buf_char(b, ':');
		}
		if (name.n > 4)         /* ["name"] */
			name = slice_of(name.p + 2, name.n - 4);
		buf_add(b, name);
		break;
	case RECORD_ACK:
		buf_printf(b, "ack:%.*s", SLICE_ARGS(r->id_text));
		break;
	case RECORD_CONNECT:
		buf_printf(b, "connect:%.*s", SLICE_ARGS(r->nsp));
		break;
	case RECORD_CONNECT_ERROR:
		buf_printf(b, "error:%.*s", SLICE_ARGS(r->nsp));
		break;
	case RECORD_DISCONNECT:
		buf_printf(b, "disconnect:%.*s", SLICE_ARGS(r->nsp));
		break;
	case RECORD_CLOSE:
		buf_str(b, "close");
		break;
	case RECORD_END:
		buf_printf(b, "end:%.*s", SLICE_ARGS(r->data));
		break;
	case RECORD_PONG:
		buf_str(b, "pong");
		break;
	case RECORD_MEMBERS:
		buf_printf(b, "members:%.*s", SLICE_ARGS(r->data));
		break;
	}
}

/* The text of a buffer, in the arena. */
static const char *
keep_text(struct buf *b)
{
	const char *s = arena_str(&scene.arena, buf_slice(b));

	buf_free(b);
	return s;
}

const char *
t_text(const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return arena_str(&scene.arena, slice_str(text));
}

struct store_op *
t_op_poll(uint64_t session, const char *t)
{
	struct store_op *op = t_op(OP_POLL);

	op->u.poll.session = session;
	op->u.poll.ticket = ++scene.ticket + ((uint64_t)getpid() << 32);
	op->u.poll.t = slice_str(t);
	op->u.poll.max_records = 100;
	op->u.poll.max_bytes = 100000;
	return op;
}

const char *
t_batch_text(enum poll_outcome outcome, const struct batch *batch)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < batch->n; i++)
		word_of(&b, &batch->records[i]);
	return outcome == POLL_PARKED ? "parked" : outcome == POLL_END ? "end" :
	    keep_text(&b);
}

const char *
t_poll_text(const struct store_op *op)
{
	const char *words;

	if (op->rc == RC_OK)
		scene.tickets[op->u.poll.session % 64] = op->u.poll.ticket;
	if (op->rc != RC_OK)
		return rc_name(op->rc);
	switch (op->u.poll.outcome_r) {
	case POLL_PARKED:
		return op->u.poll.is_resend_r ? "resend: parked" : "parked";
	case POLL_PING:
		return op->u.poll.is_resend_r ? "resend: ping" : "ping";
	case POLL_END:
		return "end";
	case POLL_BATCH:
		break;
	}
	words = t_batch_text(POLL_BATCH, &op->u.poll.batch_r);
	return op->u.poll.is_resend_r ? t_text("resend: %s", words) : words;
}

const char *
t_poll(uint64_t session, const char *t)
{
	struct store_op *op = t_op_poll(session, t);

	t_commit();
	return t_poll_text(op);
}

const char *
t_poll_takeover(uint64_t session, const char *t)
{
	struct store_op *op = t_op_poll(session, t);

	op->u.poll.takeover = true;
	t_commit();
	return t_poll_text(op);
}

const char *
t_poll_page(uint64_t session, const char *t, size_t max_records)
{
	struct store_op *op = t_op_poll(session, t);

	op->u.poll.max_records = max_records;
	t_commit();
	return t_poll_text(op);
}

const char *
t_again(uint64_t session)
{
	struct store_op *op = t_op_poll(session, NULL);

	op->u.poll.again = true;
	op->u.poll.ticket = scene.tickets[session % 64];
	t_commit();
	return t_poll_text(op);
}

static enum rc
deliver(uint64_t session, int64_t upto, bool ping)
{
	struct store_op *op = t_op(OP_DELIVER);

	op->u.deliver.session = session;
	op->u.deliver.ticket = scene.tickets[session % 64];
	op->u.deliver.upto = upto;
	op->u.deliver.ping = ping;
	return t_do(op);
}

enum rc
t_deliver(uint64_t session, int64_t upto)
{
	return deliver(session, upto, false);
}

enum rc
t_deliver_ping(uint64_t session)
{
	return deliver(session, 0, true);
}

enum rc
t_release(uint64_t session)
{
	struct store_op *op = t_op(OP_RELEASE);

	op->u.release.session = session;
	op->u.release.ticket = scene.tickets[session % 64];
	return t_do(op);
}

enum rc
t_lost(uint64_t session)
{
	struct store_op *op = t_op(OP_LOST);

	op->u.release.session = session;
	op->u.release.ticket = scene.tickets[session % 64];
	return t_do(op);
}

const char *
t_hears(uint64_t session)
{
	struct buf b = BUF_INIT;
	const char *words = "";

	for (;;) {
		words = t_poll(session, t_text("h%u", ++scene.t));
		if (strcmp(words, "parked") == 0)
			break;
		if (b.n > 0)
			buf_char(&b, ' ');
		buf_str(&b, words);
		if (scene.t > 10000 || strcmp(words, "gone") == 0 ||
		    strcmp(words, "clash") == 0 || strcmp(words, "end") == 0)
			return keep_text(&b);
	}
	T_EQ(t_release(session), RC_OK);
	return keep_text(&b);
}

struct store_op *
t_op_receive(const char *sid, const char *t)
{
	struct session_row row = t_session(sid);
	struct store_op *op = t_op(OP_RECEIVE);

	op->u.receive.session = row.n;
	op->u.receive.version = row.version;
	op->u.receive.t = slice_str(t);
	op->u.receive.hash = 77;
	op->u.receive.changed = true;
	return op;
}

enum rc
t_post(const char *sid, const char *t, bool pong)
{
	struct store_op *op = t_op_receive(sid, t);

	op->u.receive.pong = pong;
	return t_do(op);
}

/* ---- what is due, what must be done ------------------------------------ */

int64_t
t_janitor(void)
{
	struct store_op *op;
	int rounds = 0;

	do {
		op = t_op(OP_JANITOR);
		op->u.janitor.limit = 100;
		t_commit();
		T_OK(op->rc == RC_OK || op->rc == RC_AGAIN);
		T_OK(++rounds < 1000);
	} while (op->rc == RC_AGAIN);
	return op->u.janitor.next_due_r;
}

static void
add_task(void *arg, const struct task *task)
{
	static const char *const kinds[] = { "?", "disconnect", "timer", "ack",
	    "connect", "event", "return", "said" };
	struct buf *b = arg;

	if (b->n > 0)
		buf_char(b, ' ');
	buf_printf(b, "%s:%.*s", kinds[task->kind], SLICE_ARGS(task->name));
}

const char *
t_tasks(void)
{
	struct buf b = BUF_INIT;
	enum rc rc = store_tasks(scene.store, 0, 100, &scene.arena, add_task, &b);

	T_EQ(rc, b.n == 0 ? RC_NONE : RC_OK);
	return keep_text(&b);
}

struct task_wanted {
	const char *name;
	struct task task;
};

static void
find_task(void *arg, const struct task *task)
{
	struct task_wanted *w = arg;

	if (w->task.n == 0 && slice_is(task->name, w->name))
		w->task = *task;
}

struct task
t_task(const char *name)
{
	struct task_wanted w = { .name = name };

	store_tasks(scene.store, 0, 100, &scene.arena, find_task, &w);
	if (w.task.n == 0)
		T_FAIL("no task %s waits", name);
	return w.task;
}

static enum rc
task_op(enum store_op_kind kind, uint64_t task, int64_t lease_ms)
{
	struct store_op *op = t_op(kind);

	op->u.task.task = task;
	op->u.task.lease_ms = lease_ms;
	return t_do(op);
}

enum rc
t_task_try(uint64_t task, int64_t lease_ms)
{
	return task_op(OP_TASK_TRY, task, lease_ms);
}

enum rc
t_task_done(uint64_t task)
{
	return task_op(OP_TASK_DONE, task, 0);
}

enum rc
t_timer(const char *name, uint64_t *socket, int64_t after_ms, int64_t every_ms)
{
	struct store_op *op = t_op(OP_TIMER);

	op->u.timer.nsp = SLICE("/");
	op->u.timer.name = slice_str(name);
	op->u.timer.context = SLICE("{\"n\":1}");
	op->u.timer.socket = socket;
	op->u.timer.after_ms = after_ms;
	op->u.timer.every_ms = every_ms;
	op->u.timer.max = 3;
	return t_do(op);
}

/* ---- looking ----------------------------------------------------------- */

struct store_stats
t_stats(void)
{
	struct store_stats stats;

	T_EQ(store_stats(scene.store, &stats), RC_OK);
	return stats;
}

int64_t
t_last_seq(void)
{
	int64_t seq;

	T_EQ(store_last_seq(scene.store, &seq), RC_OK);
	return seq;
}

static void
add_record(void *arg, const struct record *record)
{
	word_of(arg, record);
}

const char *
t_history(const char *room, int64_t before, size_t limit)
{
	struct buf b = BUF_INIT;
	struct slice key = channel_key(&scene.arena, CHANNEL_ROOM, SLICE("/"),
	    slice_str(room));
	enum rc rc = store_history(scene.store, key, before, 0, limit, &scene.arena,
	    add_record, &b);

	T_OK(rc == RC_OK || (rc == RC_NONE && b.n == 0));
	return keep_text(&b);
}

const char *
t_tail(int64_t after, size_t limit)
{
	struct buf b = BUF_INIT;
	int64_t floor;

	T_EQ(store_tail(scene.store, after, limit, &scene.arena, add_record, &b,
	    &floor), RC_OK);
	return keep_text(&b);
}

int64_t
t_floor(void)
{
	struct buf b = BUF_INIT;
	int64_t floor;

	T_EQ(store_tail(scene.store, t_last_seq(), 1, &scene.arena, add_record, &b,
	    &floor), RC_OK);
	buf_free(&b);
	return floor;
}

static void
add_socket(void *arg, const struct socket_row *row)
{
	struct buf *b = arg;

	if (b->n > 0)
		buf_char(b, ' ');
	buf_str(b, row->id);
}

const char *
t_select(const char *nsp, const char *rooms, const char *users, const char *except,
    bool with_gone)
{
	struct selector selector = {
		.nsp = slice_str(nsp), .rooms = t_names(rooms),
		.users = t_names(users), .except = t_names(except),
	};
	struct buf b = BUF_INIT;
	enum rc rc = store_select(scene.store, &selector, 0, 1000, with_gone,
	    &scene.arena, add_socket, &b);

	T_OK(rc == RC_OK || (rc == RC_NONE && b.n == 0));
	return keep_text(&b);
}
