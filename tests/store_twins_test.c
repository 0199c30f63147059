/*
 * store_twins_test.c - the same random life on two drivers, side by side
 *
 * Every turn is made up once and committed to both; what each operation says,
 * what every session hears and what the queries see must be the same words.
 * Each driver is open three times, as if by three processes: turns go through
 * any of them, and now and then one dies and is started again.
 * A seed that fails prints its last turns.  TWINS_SEEDS=N runs more seeds (10),
 * TWINS_SEED=N one alone.
 *
 * The clients of this life are honest: they come back with the offset that they
 * really have, and the janitor comes whenever the clock was turned.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <ftw.h>

#include "tests/store_contract.h"
#include "tests/t.h"

enum {
	PROCESSES = 3, SESSIONS = 6, SOCKETS = 12, ROOMS = 4, QUESTIONS = 8, TURNS = 250,
	OPS_MAX = 4, TASKS = 200
};
static const char *const nsps[] = { "/", "/b" };

/* One operation, in numbers that mean the same to both. */
struct step {
	enum store_op_kind kind;
	int gate;                       /* an earlier step of the turn, or -1 */
	bool is_again;
	unsigned session, socket, nsp, room, other, pick, flags;
	uint64_t ticket;
	int64_t offset, upto;
	char sid[24], id[24], t[24], name[24];
};

/* What the two have in common, as the clients know it. */
static struct {
	uint64_t seed;
	char sid[SESSIONS][24], t[SESSIONS][24], id[SOCKETS][24];
	uint64_t ticket[SESSIONS];
	unsigned session_of[SOCKETS], nsp_of[SOCKETS];
	int64_t known[SOCKETS], before[SOCKETS];        /* offsets of the client */
	unsigned count;
	char log[40][200];
	unsigned logged;
} life;

/* One of the two. */
static struct twin {
	const char *driver;
	char dir[128];
	struct store *stores[PROCESSES], *store;        /* store: whose turn it is */
	uint64_t session[SESSIONS], socket[SOCKETS];
	int64_t question[QUESTIONS];
	struct task tasks[TASKS];
	size_t n_tasks;
	struct store_op *ops[OPS_MAX];
	const char *said;
} twins[2] = { { .driver = "memory" }, { .driver = "sqlite" } };

static unsigned
roll(unsigned n)
{
	life.seed ^= life.seed << 13;
	life.seed ^= life.seed >> 7;
	life.seed ^= life.seed << 17;
	return (unsigned)(life.seed >> 20) % n;
}

/* ---- making up ------------------------------------------------------------ */

static const struct {
	enum store_op_kind kind;
	unsigned weight;
} weights[] = {
	{ OP_OPEN, 1 }, { OP_POLL, 30 }, { OP_DELIVER, 4 }, { OP_RELEASE, 2 },
	{ OP_RECEIVE, 12 }, { OP_CLOSE, 3 }, { OP_CONNECT, 10 }, { OP_RECOVER, 8 },
	{ OP_APPEND, 30 }, { OP_JOIN, 12 }, { OP_LEAVE, 8 }, { OP_DISCONNECT, 3 },
	{ OP_SOCKET_SET, 5 }, { OP_VALUE_SET, 3 }, { OP_TIMER, 4 }, { OP_ONCE, 3 },
	{ OP_ANSWER, 6 }, { OP_TASK_TRY, 3 }, { OP_TASK_DONE, 3 },
};

static enum store_op_kind
some_kind(void)
{
	size_t i;
	unsigned sum = 0, at;

	for (i = 0; i < sizeof weights / sizeof *weights; i++)
		sum += weights[i].weight;
	at = roll(sum);
	for (i = 0; at >= weights[i].weight; i++)
		at -= weights[i].weight;
	return weights[i].kind;
}

/* The world as the first twin has it. */
static struct {
	bool is_open[SESSIONS], is_closing[SESSIONS], is_there[SOCKETS];
	unsigned n_open;
} now;

static void
look_around(void)
{
	struct session_row session;
	struct socket_row socket;
	unsigned i;

	scene.store = twins[0].store;
	now.n_open = 0;
	for (i = 0; i < SESSIONS; i++) {
		now.is_open[i] = store_session(scene.store, slice_str(life.sid[i]),
		    &scene.arena, &session) == RC_OK;
		now.is_closing[i] = now.is_open[i] && session.closing;
		now.n_open += now.is_open[i];
	}
	for (i = 0; i < SOCKETS; i++)
		now.is_there[i] = life.id[i][0] != '\0' && store_socket_id(scene.store,
		    slice_str(nsps[life.nsp_of[i]]), slice_str(life.id[i]),
		    &scene.arena, &socket) == RC_OK;
}

/* Mostly one that is (not) there; now and then any. */
static unsigned
some_place(const bool *is_there, unsigned n, bool wanted)
{
	unsigned tries, i = roll(n);

	for (tries = 0; tries < 20 && is_there[i] != wanted; tries++)
		i = roll(n);
	return i;
}

static void
make_names(struct step *st)
{
	life.count++;
	snprintf(st->name, sizeof st->name, "n%u", life.count);
	snprintf(st->id, sizeof st->id, "k%u", life.count);
	snprintf(st->sid, sizeof st->sid, "s%u", life.count);
	snprintf(st->t, sizeof st->t, "t%u", life.count);
	if (roll(8) == 0)
		memcpy(st->t, life.t[st->session], sizeof st->t);
}

static void
make_step(struct step *st, int place)
{
	memset(st, 0, sizeof *st);
	st->kind = roll(SESSIONS) < SESSIONS - now.n_open ? OP_OPEN : some_kind();
	if (st->kind == OP_OPEN && now.n_open == SESSIONS && roll(8) != 0)
		st->kind = OP_POLL;
	st->gate = place > 0 && roll(8) == 0 ? (int)roll((unsigned)place) : -1;
	st->session = some_place(now.is_open, SESSIONS, st->kind != OP_OPEN);
	st->socket = some_place(now.is_there, SOCKETS, st->kind != OP_CONNECT);
	st->nsp = roll(2);
	st->room = roll(ROOMS);
	st->other = roll(ROOMS);
	st->pick = roll(1000);
	st->flags = roll(1 << 16);
	make_names(st);
	st->is_again = st->kind == OP_POLL && roll(3) == 0;
	st->ticket = st->is_again || (st->kind != OP_POLL && roll(4) != 0) ?
	    life.ticket[st->session] : life.count;
	if (st->ticket == 0)
		st->ticket = life.count;
	st->offset = roll(2) ? life.known[st->socket] : life.before[st->socket];
	st->upto = roll(4) == 0 || now.is_closing[st->session] ? 0 : t_last_seq();
}

static const char *const kind_names[] = {
	"open", "poll", "deliver", "release", "receive", "close", "connect",
	"recover", "append", "join", "leave", "disconnect", "socket_set",
	"value_set", "timer", "once", "answer", "task_try", "task_done", "janitor",
};

static void
note(const char *text)
{
	snprintf(life.log[life.logged++ % 40], sizeof life.log[0], "%s", text);
}

static void
note_step(const struct step *st)
{
	note(t_text("%s%s s%u k%u %s r%u o%u pick=%u flags=%x t=%s ticket=%d offset=%d "
	    "name=%s gate=%d", kind_names[st->kind],
	    st->is_again ? " again" : "", st->session, st->socket,
	    nsps[st->nsp], st->room, st->other, st->pick, st->flags, st->t,
	    (int)st->ticket, (int)st->offset, st->name, st->gate));
}

/* ---- filling in -------------------------------------------------------------- */

static const char *
room_name(unsigned room)
{
	return t_text("r%u", room);
}

/* Now and then the room of a socket's id, also of one that has ended. */
static const char *
some_room(const struct step *st)
{
	const char *id = life.id[st->pick % SOCKETS];

	return (st->flags & 0xf000) == 0 && id[0] != '\0' ? t_text("%s", id) :
	    room_name(st->room);
}

static void
fill_poll(struct twin *w, const struct step *st, struct store_op *op)
{
	op->u.poll.session = w->session[st->session];
	op->u.poll.ticket = st->ticket;
	op->u.poll.t = slice_str(t_text("%s", st->t));
	op->u.poll.again = st->is_again;
	op->u.poll.takeover = (st->flags & 0xf0) != 0;
	op->u.poll.max_records = 1 + st->pick % 5;
	op->u.poll.max_bytes = 1 << 20;
}

static void
fill_append(struct twin *w, const struct step *st, struct store_op *op)
{
	struct record *r = &op->u.append.record;
	const char *nsp = nsps[st->nsp];
	struct buf b = BUF_INIT;

	r->kind = RECORD_EVENT;
	r->id = -1;
	r->nsp = slice_str(nsp);
	r->data = slice_str(t_text("[\"%s\"]", st->name));
	if (st->pick < 300)
		r->channels = t_keys(CHANNEL_NSP, nsp, "");
	else if (st->pick < 400)
		r->channels = t_keys(CHANNEL_USER, nsp, room_name(st->room));
	else if (st->pick < 500)
		r->channels = t_keys(CHANNEL_ROOM, nsp, life.id[st->socket]);
	else if (st->pick < 550) {
		r->kind = RECORD_ACK;
		r->id_text = SLICE("7");
		pack_add(&b, channel_of_session(&scene.arena, w->session[st->session]));
		r->channels = arena_dup(&scene.arena, buf_slice(&b));
	} else {
		pack_add(&b, channel_key(&scene.arena, CHANNEL_ROOM, r->nsp,
		    slice_str(some_room(st))));
		pack_add(&b, channel_key(&scene.arena, CHANNEL_ROOM, r->nsp,
		    slice_str(room_name(st->other))));
		r->channels = arena_dup(&scene.arena, buf_slice(&b));
	}
	buf_free(&b);
	if (r->kind != RECORD_EVENT)
		return;
	if ((st->flags & 3) == 0)
		r->except = t_keys(CHANNEL_ROOM, nsp, room_name(st->flags >> 8 & 3));
	if ((st->flags & 0x1c) == 0)
		r->flags = RECORD_VOLATILE;
	else if ((st->flags & 0xe0) == 0) {
		op->u.append.question = slice_str("replied");
		op->u.append.context = r->data;
		op->u.append.timeout_ms = 5000;
		op->u.append.wait = (st->flags & 0x100) != 0;
	} else if ((st->flags & 0xe0) == 0x20) {
		op->u.append.keep_ms = 20000;
		op->u.append.keep_count = 3;
	}
}

static void
fill_member(struct twin *w, const struct step *st, struct store_op *op)
{
	uint64_t *sockets = arena_alloc(&scene.arena, SOCKETS * sizeof *sockets);
	unsigned k;

	for (k = 0; k < SOCKETS; k++)           /* all of one namespace */
		if (k == st->socket || (life.nsp_of[k] == life.nsp_of[st->socket] &&
		    (st->pick >> k & 3) == 0))
			sockets[op->u.member.n++] = w->socket[k];
	op->u.member.sockets = sockets;
	op->u.member.room = slice_str(some_room(st));
	op->u.member.max_rooms = (st->flags & 3) == 0 ? 3 : 0;
}

static void
fill_socket_op(struct twin *w, const struct step *st, struct store_op *op)
{
	uint64_t *socket = &w->socket[st->socket];

	switch (st->kind) {
	case OP_DISCONNECT:
		op->u.disconnect.socket = socket;
		op->u.disconnect.reason = "kicked";
		op->u.disconnect.silent = (st->flags & 1) != 0;
		op->u.disconnect.engine = (st->flags & 6) == 0;
		break;
	case OP_SOCKET_SET:
		op->u.socket_set.socket = socket;
		if ((st->flags & 3) != 0)
			op->u.socket_set.user = (st->flags & 12) == 0 ? SLICE("") :
			    slice_str(room_name(st->room));
		if ((st->flags & 3) != 1)
			op->u.socket_set.data = slice_str(t_text("\"%s\"", st->name));
		break;
	case OP_TIMER:
		op->u.timer.nsp = SLICE("/");
		op->u.timer.name = slice_str(room_name(st->room));
		op->u.timer.context = slice_str(t_text("\"%s\"", st->name));
		op->u.timer.socket = (st->flags & 1) != 0 ? socket : NULL;
		op->u.timer.after_ms = (st->flags & 6) == 0 ? -1 : (int)st->pick * 10;
		op->u.timer.every_ms = (st->flags & 24) == 0 ? 3000 : 0;
		op->u.timer.max = 2;
		break;
	default:
		op->u.answer.socket = socket;
		op->u.answer.question = w->question[st->pick % QUESTIONS];
		op->u.answer.data = slice_str(t_text("[\"%s\"]", st->name));
		break;
	}
}

/* As it was before the turn; stale now and then. */
static int64_t
version_of(struct twin *w, const struct step *st)
{
	struct session_row row;

	if (store_session(w->store, slice_str(life.sid[st->session]), &scene.arena,
	    &row) != RC_OK)
		return 0;
	return row.version - (st->pick % 10 == 0);
}

static void
fill_session_op(struct twin *w, const struct step *st, struct store_op *op)
{
	uint64_t session = w->session[st->session];

	switch (st->kind) {
	case OP_OPEN:
		op->u.open.sid = slice_str(t_text("%s", st->sid));
		op->u.open.info = SLICE("{}");
		op->u.open.generation = 3;
		op->u.open.max_sessions = 8;
		op->u.open.slots = (st->flags & 3) == 0 ? 4 : 0;
		break;
	case OP_DELIVER:
		op->u.deliver.session = session;
		op->u.deliver.ticket = st->ticket;
		op->u.deliver.upto = st->upto;
		op->u.deliver.ping = (st->flags & 12) == 0;
		break;
	case OP_RELEASE:
		op->u.release.session = session;
		op->u.release.ticket = st->ticket;
		break;
	case OP_RECEIVE:
		op->u.receive.session = session;
		op->u.receive.version = version_of(w, st);
		op->u.receive.t = slice_str(t_text("p%s", st->t));
		op->u.receive.pong = (st->flags & 1) != 0;
		op->u.receive.changed = (st->flags & 2) != 0;
		break;
	case OP_CLOSE:
		op->u.close.session = session;
		op->u.close.reason = "closed";
		op->u.close.answer = '6';
		op->u.close.keep = (st->flags & 3) != 0;
		op->u.close.orderly = (st->flags & 12) == 0;
		break;
	default:
		op->u.connect.session = session;
		op->u.connect.nsp = slice_str(nsps[st->nsp]);
		op->u.connect.id = slice_str(t_text("%s", st->id));
		op->u.connect.pid = slice_str(t_text("p-%s", st->id));
		op->u.connect.answer = SLICE("{}");
		break;
	}
}

static void
fill_rest(struct twin *w, const struct step *st, struct store_op *op)
{
	switch (st->kind) {
	case OP_RECOVER:
		op->u.recover.session = w->session[st->session];
		op->u.recover.nsp = slice_str(nsps[life.nsp_of[st->socket]]);
		op->u.recover.pid = slice_str(t_text("p-%s", life.id[st->socket]));
		op->u.recover.answer = SLICE("{}");
		op->u.recover.offset = st->offset;
		op->u.recover.max_replay = (st->flags & 7) == 0 ? 2 : 100;
		break;
	case OP_VALUE_SET:
		op->u.value_set.key = slice_str(room_name(st->room));
		if ((st->flags & 3) != 0)
			op->u.value_set.value = slice_str(t_text("\"%s\"", st->name));
		op->u.value_set.ttl_ms = (st->flags & 12) == 0 ? 5000 : 0;
		break;
	case OP_ONCE:
		op->u.once.key = slice_str(room_name(st->room));
		op->u.once.ttl_ms = 4000;
		break;
	case OP_TASK_TRY:
	case OP_TASK_DONE:
		op->u.task.task = w->n_tasks == 0 ? 0 :
		    w->tasks[st->pick % w->n_tasks].n;
		op->u.task.lease_ms = 2000;
		break;
	default:
		op->u.janitor.limit = 10000;
		break;
	}
}

static struct store_op *
fill(struct twin *w, const struct step *st)
{
	struct store_op *op = t_op_behind(st->kind,
	    st->gate < 0 ? NULL : w->ops[st->gate]);

	switch (st->kind) {
	case OP_POLL:
		fill_poll(w, st, op);
		break;
	case OP_APPEND:
		fill_append(w, st, op);
		break;
	case OP_JOIN:
	case OP_LEAVE:
		fill_member(w, st, op);
		break;
	case OP_DISCONNECT:
	case OP_SOCKET_SET:
	case OP_TIMER:
	case OP_ANSWER:
		fill_socket_op(w, st, op);
		break;
	case OP_OPEN:
	case OP_DELIVER:
	case OP_RELEASE:
	case OP_RECEIVE:
	case OP_CLOSE:
	case OP_CONNECT:
		fill_session_op(w, st, op);
		break;
	default:
		fill_rest(w, st, op);
		break;
	}
	return op;
}

/* ---- what came of it ------------------------------------------------------------ */

static void
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
remember_poll(const struct step *st, const struct store_op *op)
{
	const struct batch *batch = &op->u.poll.batch_r;
	unsigned k;
	size_t i;

	for (k = 0; k < SOCKETS; k++) {
		if (life.session_of[k] != st->session)
			continue;
		if (!op->u.poll.is_resend_r)
			life.before[k] = life.known[k];
		for (i = 0; i < batch->n; i++)
			if (batch->records[i].kind == RECORD_EVENT &&
			    slice_is(batch->records[i].nsp, nsps[life.nsp_of[k]]) &&
			    batch->records[i].seq > life.known[k])
				life.known[k] = batch->records[i].seq;
	}
}

static void
remember(const struct step *st, const struct store_op *op)
{
	unsigned k;

	if (op->rc != RC_OK)
		return;
	switch (st->kind) {
	case OP_OPEN:
		memcpy(life.sid[st->session], st->sid, sizeof st->sid);
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
		remember_poll(st, op);
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

static void
load_tasks(struct twin *w)
{
	w->n_tasks = 0;
	store_tasks(w->store, TASKS, &scene.arena, take_task, w);
	qsort(w->tasks, w->n_tasks, sizeof *w->tasks, task_order);
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
	struct slice answers;
	int64_t expected;
	bool done;
	size_t i;

	for (i = 0; i < QUESTIONS; i++)
		if (w->question[i] != 0 && store_answers(w->store, w->question[i],
		    &scene.arena, &answers, &expected, &done) == RC_OK)
			buf_printf(b, "q%d=%.*s/%d%s ", (int)i, SLICE_ARGS(answers),
			    (int)expected, done ? "." : "");
}

static void
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
	for (i = 0; i < w->n_tasks; i++)
		buf_printf(b, "task %s\n", task_text(&w->tasks[i]));
	say_answers(w, b);
	buf_printf(b, "\ntail %s\n", t_tail(t_floor() - 1, 1000));
}

/* ---- living -------------------------------------------------------------------------- */

static void
twin_turn(struct twin *w, const struct step *steps, int n, bool looks)
{
	struct buf b = BUF_INIT;
	int i;

	scene.store = w->store;
	load_tasks(w);
	for (i = 0; i < n; i++)
		w->ops[i] = fill(w, &steps[i]);
	t_commit();
	for (i = 0; i < n; i++) {
		say_op(w, &steps[i], w->ops[i], &b);
		buf_char(&b, '\n');
	}
	if (looks) {
		load_tasks(w);
		say_world(w, &b);
	}
	w->said = arena_str(&scene.arena, buf_slice(&b));
	buf_free(&b);
}

static struct slice
line_at(const char *text, size_t i)
{
	while (i > 0 && text[i - 1] != '\n')
		i--;
	return slice_head(slice_str(text + i), strcspn(text + i, "\n"));
}

static void
compare(uint64_t seed, int turn)
{
	const char *a = twins[0].said, *b = twins[1].said;
	size_t i = 0;
	unsigned k;

	while (a[i] != '\0' && a[i] == b[i])
		i++;
	if (a[i] == b[i])
		return;
	for (k = life.logged < 40 ? 0 : life.logged - 40; k < life.logged; k++)
		printf("# %s\n", life.log[k % 40]);
	printf("# memory: %.*s\n", SLICE_ARGS(line_at(a, i)));
	printf("# sqlite: %.*s\n", SLICE_ARGS(line_at(b, i)));
	T_FAIL("seed %d, turn %d: the twins differ", (int)seed, turn);
}

static void
both(const struct step *steps, int n, bool looks, uint64_t seed, int turn)
{
	int i;

	for (i = 0; i < n; i++)
		note_step(&steps[i]);
	twin_turn(&twins[0], steps, n, looks);
	twin_turn(&twins[1], steps, n, looks);
	compare(seed, turn);
	for (i = 0; i < n; i++)
		remember(&steps[i], twins[0].ops[i]);
}

static void
start(struct twin *w, int process)
{
	char *error = NULL;

	scene.conf = (struct store_conf){
		.driver = w->driver, .path = w->dir, .journal = "wal",
		.synchronous = "normal", .retention_ms = 60000, .recovery_ms = 30000,
		.lock_wait_ms = 50, .connect_timeout_ms = 20000,
		.ping_interval_ms = 25000, .ping_timeout_ms = 20000,
	};
	T_EQ(store_open(&scene.conf, &scene.clock.clock, &w->stores[process], &error),
	    RC_OK);
}

static void
die_and_start(int process)
{
	int i;

	note(t_text("process %d dies", process));
	for (i = 0; i < 2; i++) {
		store_close(&twins[i].stores[process]);
		start(&twins[i], process);
	}
}

static void
take_process(int process)
{
	note(t_text("process %d", process));
	twins[0].store = twins[0].stores[process];
	twins[1].store = twins[1].stores[process];
}

static void
live(uint64_t seed)
{
	static const int64_t waits[] = { 1, 100, 1000, 1000, 3000, 3000, 9000, 26000 };
	struct step steps[OPS_MAX], janitor = { .kind = OP_JANITOR, .gate = -1 };
	int turn, n, i;

	for (turn = 0; turn < TURNS; turn++) {
		arena_reset(&scene.arena);
		if (roll(20) == 0)
			die_and_start((int)roll(PROCESSES));
		take_process((int)roll(PROCESSES));
		n = 1 + (int)roll(OPS_MAX);
		look_around();
		for (i = 0; i < n; i++)
			make_step(&steps[i], i);
		both(steps, n, turn % 5 == 0, seed, turn);
		if (roll(4) == 0) {
			t_wait(waits[roll(8)]);
			note(t_text("clock %lld", (long long)scene.clock.wall));
			both(&janitor, 1, true, seed, turn);
		}
	}
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
twin_begin(struct twin *w)
{
	const char *tmp = getenv("TMPDIR");
	int i;

	snprintf(w->dir, sizeof w->dir, "%s/store-twins-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	T_OK(mkdtemp(w->dir) != NULL);
	memset(w->session, 0, sizeof w->session);
	memset(w->socket, 0, sizeof w->socket);
	memset(w->question, 0, sizeof w->question);
	for (i = 0; i < PROCESSES; i++)
		start(w, i);
}

static void
twin_end(struct twin *w)
{
	int i;

	for (i = 0; i < PROCESSES; i++)
		store_close(&w->stores[i]);
	nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static uint64_t seed_now;

static void
the_twins_live_the_same_life(void)
{
	twin_begin(&twins[0]);
	twin_begin(&twins[1]);
	live(seed_now);
}

static void
run_seed(uint64_t seed)
{
	unsigned k;

	memset(&life, 0, sizeof life);
	for (k = 0; k < SOCKETS; k++)
		life.session_of[k] = SESSIONS;
	clock_fake_init(&scene.clock);
	scene.turn_open = false;
	life.seed = (seed + 1) * 0x9e3779b97f4a7c15ull;
	seed_now = seed;
	T_RUN(the_twins_live_the_same_life);
	twin_end(&twins[0]);
	twin_end(&twins[1]);
	arena_free(&scene.arena);
}

int
main(void)
{
	const char *one = getenv("TWINS_SEED"), *many = getenv("TWINS_SEEDS");
	int seeds = many == NULL ? 10 : atoi(many), i;

	if (one != NULL)
		run_seed((uint64_t)atoi(one));
	for (i = 1; one == NULL && i <= seeds; i++)
		run_seed((uint64_t)i);
	return t_end();
}
