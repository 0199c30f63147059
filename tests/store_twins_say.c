/*
 * store_twins_say.c - what came of a step, and what is to be seen, in words
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_twins.h"
#include "tests/t.h"

/* ---- what came of it ------------------------------------------------------------ */

void
say_op(struct twin *w, const struct step *st, const struct store_op *op, struct buf *b)
{
	buf_printf(b, "%s=%s", kind_names[st->kind],
	    st->kind == OP_POLL ? t_poll_text(op) : rc_name(op->rc));
	if (op->rc != RC_OK)
		return;
	switch (st->kind) {
	case OP_OPEN:
		w->session[st->session] = op->u.open.n_r;
		break;
	case OP_CONNECT:
		w->socket[st->socket] = op->u.connect.socket_r;
		buf_printf(b, "@%lld", (long long)op->u.connect.seq_r);
		break;
	case OP_APPEND:
		buf_printf(b, "@%lld", (long long)op->u.append.record.seq);
		if (op->u.append.question_r != 0)
			w->question[st->pick % QUESTIONS] = op->u.append.question_r;
		break;
	case OP_POLL:
		if (op->u.poll.outcome_r == POLL_PARKED)
			buf_printf(b, " ping=%lld dead=%lld",
			    (long long)op->u.poll.ping_due_r,
			    (long long)op->u.poll.dead_r);
		break;
	case OP_UPGRADE:
		buf_printf(b, "@%lld pinged=%lld", (long long)op->u.upgrade.cursor_r,
		    (long long)op->u.upgrade.pinged_r);
		break;
	case OP_FOLLOW:
		buf_printf(b, "@%lld %s", (long long)op->u.follow.cursor_r,
		    t_batch_text(op->u.follow.outcome_r, &op->u.follow.batch_r));
		break;
	case OP_JANITOR:
		buf_printf(b, " next=%lld", (long long)op->u.janitor.next_due_r);
		break;
	default:
		break;
	}
}

/* The clients remember, seen through the first twin: a new poll proves that the
 * last answer arrived, the answer to this one may still be lost. */
static void
remember_batch(const struct step *st, const struct batch *batch, bool is_resend)
{
	unsigned k;
	size_t i;

	for (k = 0; k < SOCKETS; k++) {
		if (life.session_of[k] != st->session)
			continue;
		if (!is_resend)
			life.before[k] = life.known[k];
		for (i = 0; i < batch->n; i++)
			if (batch->records[i].kind == RECORD_EVENT &&
			    slice_is(batch->records[i].nsp, nsps[life.nsp_of[k]]) &&
			    batch->records[i].seq > life.known[k])
				life.known[k] = batch->records[i].seq;
	}
}

void
remember(const struct step *st, const struct store_op *op)
{
	unsigned k;

	if (op->rc != RC_OK)
		return;
	switch (st->kind) {
	case OP_OPEN:
		memcpy(life.sid[st->session], st->sid, sizeof st->sid);
		life.ticket[st->session] = st->ticket;
		for (k = 0; k < SOCKETS; k++)
			if (life.session_of[k] == st->session)
				life.session_of[k] = SESSIONS;
		break;
	case OP_CONNECT:
		memcpy(life.id[st->socket], st->id, sizeof st->id);
		life.session_of[st->socket] = st->session;
		life.nsp_of[st->socket] = st->nsp;
		life.known[st->socket] = life.before[st->socket] = op->u.connect.seq_r;
		break;
	case OP_RECOVER:
		life.session_of[st->socket] = st->session;
		break;
	case OP_POLL:
		memcpy(life.t[st->session], st->t, sizeof st->t);
		life.ticket[st->session] = st->ticket;
		remember_batch(st, &op->u.poll.batch_r, op->u.poll.is_resend_r);
		break;
	case OP_PROBE:
		life.probe[st->session] = st->ticket;
		break;
	case OP_UPGRADE:
		life.ticket[st->session] = st->ticket;
		break;
	case OP_FOLLOW:
		remember_batch(st, &op->u.follow.batch_r, false);
		break;
	case OP_DELIVER:
		for (k = 0; k < SOCKETS; k++)
			if (life.session_of[k] == st->session && st->upto > life.known[k])
				life.known[k] = life.before[k] = st->upto;
		break;
	default:
		break;
	}
}

/* ---- what is to be seen ------------------------------------------------------------ */

static const char *
task_text(const struct task *t)
{
	return t_text("%d:%.*s:%.*s:%.*s:%.*s:%.*s:%u", (int)t->kind,
	    SLICE_ARGS(t->name), SLICE_ARGS(t->context), SLICE_ARGS(t->socket_id),
	    SLICE_ARGS(t->user), SLICE_ARGS(t->data), t->attempts);
}

static int
task_order(const void *a, const void *b)
{
	return strcmp(task_text(a), task_text(b));
}

static void
take_task(void *arg, const struct task *task)
{
	struct twin *w = arg;

	if (w->n_tasks < TASKS)
		w->tasks[w->n_tasks++] = *task;
}

void
load_tasks(struct twin *w)
{
	w->n_tasks = 0;
	store_tasks(w->store, 0, TASKS, &scene.arena, take_task, w);
	qsort(w->tasks, w->n_tasks, sizeof *w->tasks, task_order);
}

static void
say_present(void *arg, const struct presence_row *row)
{
	buf_printf(arg, "present %.*s %lld %lld %d\n", SLICE_ARGS(row->user),
	    (long long)row->since_wall, (long long)row->away_wall, row->is_away);
}

static void
say_acl(void *arg, const struct acl_row *row)
{
	struct slice names = row->names, name;

	buf_printf(arg, "acl %c", row->key.p[0]);
	buf_add(arg, slice_skip(row->key, slice_find(row->key, '\0') + 1));
	while (pack_next(&names, &name))
		buf_printf(arg, " %.*s", SLICE_ARGS(name));
	buf_char(arg, '\n');
}

static void
say_room(void *arg, struct slice nsp, struct slice room, int64_t members)
{
	if (room.p[0] == 'r')
		buf_printf(arg, "%.*s%.*s=%d ", SLICE_ARGS(nsp), SLICE_ARGS(room),
		    (int)members);
}

static void
say_session(void *arg, const struct session_row *row)
{
	buf_printf(arg, "%s heard=%lld nsps=%u post=%s", row->sid,
	    (long long)row->heard_boot, row->namespaces, row->last_post);
	if (row->closing)
		buf_str(arg, " closing\n");     /* no ping any more */
	else
		buf_printf(arg, " ping=%lld%s\n", (long long)row->ping_boot,
		    row->ping_open ? "!" : "");
}

static void
say_socket(void *arg, const struct socket_row *row)
{
	struct buf packed = BUF_INIT, *b = arg;
	struct slice rest, room;
	unsigned long rooms = 0;

	buf_printf(b, "%s pid=%s sid=%.*s user=%.*s data=%.*s gone=%lld rooms=", row->id,
	    row->pid, SLICE_ARGS(row->sid), SLICE_ARGS(row->user),
	    SLICE_ARGS(row->data), (long long)row->gone_wall);
	T_EQ(store_rooms_of(scene.store, row->n, &packed), RC_OK);
	rest = buf_slice(&packed);
	while (pack_next(&rest, &room))         /* in any order */
		rooms += room.p[0] == 'r' ? 1ul << (8 * (room.p[1] - '0')) : 1ul << 40;
	buf_printf(b, "%lx of %d\n", rooms, (int)pack_count(buf_slice(&packed)));
	buf_free(&packed);
}

static void
say_stats(struct buf *b)
{
	struct store_stats s = t_stats();

	buf_printf(b, "sessions=%d sockets=%d gone=%d claims=%d records=%d kept=%d "
	    "timers=%d tasks=%d aside=%d questions=%d seq=%d floor=%d\n",
	    (int)s.sessions, (int)s.sockets, (int)s.gone, (int)s.claims,
	    (int)s.records, (int)s.kept, (int)s.timers, (int)s.tasks,
	    (int)s.set_aside, (int)s.questions, (int)s.last_seq, (int)s.floor);
}

static void
say_answers(struct twin *w, struct buf *b)
{
	struct slice answers, attachments;
	int64_t expected;
	bool done;
	size_t i;

	for (i = 0; i < QUESTIONS; i++)
		if (w->question[i] != 0 && store_answers(w->store, w->question[i],
		    &scene.arena, &answers, &attachments, &expected, &done) == RC_OK)
			buf_printf(b, "q%d=%.*s+%zu/%d%s ", (int)i,
			    SLICE_ARGS(answers), pack_count(attachments),
			    (int)expected, done ? "." : "");
}

void
say_world(struct twin *w, struct buf *b)
{
	struct selector selector = { 0 };
	struct slice value;
	unsigned i;

	say_stats(b);
	store_sessions(w->store, 0, 100, &scene.arena, say_session, b);
	for (i = 0; i < 2; i++) {
		selector.nsp = slice_str(nsps[i]);
		store_select(w->store, &selector, 0, 100, true, &scene.arena,
		    say_socket, b);
		store_rooms(w->store, selector.nsp, SLICE_NONE, 100, say_room, b);
		buf_printf(b, "\nr0+r1-r2: %s; u0: %s\n",
		    t_select(nsps[i], "r0 r1", NULL, "r2", false),
		    t_select(nsps[i], NULL, "r0 r3", NULL, true));
	}
	for (i = 0; i < ROOMS; i++) {
		buf_printf(b, "history %s\n", t_history(room_name(i), 0, 5));
		if (store_value(w->store, slice_str(room_name(i)), &scene.arena,
		    &value) == RC_OK)
			buf_printf(b, "value %.*s\n", SLICE_ARGS(value));
	}
	for (i = 0; i < 2 * (ROOMS + 1); i++)
		store_present(w->store, slice_str(nsps[i & 1]), i < 2 ? SLICE("") :
		    slice_str(room_name(i / 2 - 1)), SLICE_NONE, 100, true,
		    &scene.arena, say_present, b);
	store_acls(w->store, SLICE_NONE, 100, &scene.arena, say_acl, b);
	for (i = 0; i < w->n_tasks; i++)
		buf_printf(b, "task %s\n", task_text(&w->tasks[i]));
	say_answers(w, b);
	buf_printf(b, "\ntail %s\n", t_tail(t_floor() - 1, 1000));
}
