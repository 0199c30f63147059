/*
 * store_twins_step.c - steps of a random life: made up once, filled in twice
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdio.h>

#include "tests/store_twins.h"

const char *const nsps[2] = { "/", "/b" };
struct life life;

unsigned
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
	{ OP_LOST, 4 },
	{ OP_RECEIVE, 12 }, { OP_CLOSE, 3 }, { OP_CONNECT, 10 }, { OP_RECOVER, 8 },
	{ OP_APPEND, 30 }, { OP_JOIN, 12 }, { OP_LEAVE, 8 }, { OP_DISCONNECT, 3 },
	{ OP_SOCKET_SET, 5 }, { OP_VALUE_SET, 3 }, { OP_ACL, 4 }, { OP_PRESENCE, 6 },
	{ OP_MAIL, 4 }, { OP_TIMER, 4 }, { OP_ONCE, 3 },
	{ OP_ANSWER, 6 }, { OP_TASK_TRY, 3 }, { OP_TASK_DONE, 3 },
	{ OP_TASK_ADD, 6 }, { OP_TASK_AGAIN, 2 },
	{ OP_PROBE, 6 }, { OP_UPGRADE, 4 }, { OP_FOLLOW, 12 }, { OP_PROVE, 3 },
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

void
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

void
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
	if ((st->kind == OP_PROBE || st->kind == OP_UPGRADE) && roll(8) != 0)
		st->ticket = life.probe[st->session];
	if (st->ticket == 0)
		st->ticket = life.count;
	st->offset = roll(2) ? life.known[st->socket] : life.before[st->socket];
	st->upto = roll(4) == 0 || now.is_closing[st->session] ? 0 : t_last_seq();
}

const char *const kind_names[OP__COUNT] = {
	[OP_OPEN] = "open", [OP_POLL] = "poll", [OP_DELIVER] = "deliver",
	[OP_RELEASE] = "release", [OP_LOST] = "lost", [OP_RECEIVE] = "receive",
	[OP_CLOSE] = "close", [OP_CONNECT] = "connect", [OP_RECOVER] = "recover",
	[OP_APPEND] = "append", [OP_JOIN] = "join", [OP_LEAVE] = "leave",
	[OP_DISCONNECT] = "disconnect", [OP_SOCKET_SET] = "socket_set",
	[OP_VALUE_SET] = "value_set", [OP_ACL] = "acl", [OP_PRESENCE] = "presence",
	[OP_MAIL] = "mail", [OP_TIMER] = "timer",
	[OP_ONCE] = "once", [OP_ANSWER] = "answer", [OP_TASK_TRY] = "task_try",
	[OP_TASK_DONE] = "task_done",
	[OP_TASK_ADD] = "task_add", [OP_TASK_AGAIN] = "task_again", [OP_JANITOR] = "janitor",
	[OP_PROBE] = "probe", [OP_UPGRADE] = "upgrade", [OP_FOLLOW] = "follow",
	[OP_PROVE] = "prove",
};

void
note(const char *text)
{
	snprintf(life.log[life.logged++ % LOGGED], sizeof life.log[0], "%s", text);
}

void
note_step(const struct step *st)
{
	note(t_text("%s%s s%u k%u %s r%u o%u pick=%u flags=%x t=%s ticket=%d offset=%d "
	    "name=%s gate=%d", kind_names[st->kind],
	    st->is_again ? " again" : "", st->session, st->socket,
	    nsps[st->nsp], st->room, st->other, st->pick, st->flags, st->t,
	    (int)st->ticket, (int)st->offset, st->name, st->gate));
}

/* ---- filling in -------------------------------------------------------------- */

const char *
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
	} else if ((st->flags & 0xe0) == 0x40 || (st->flags & 0xe0) == 0x60) {
		op->u.append.mail_ms = 20000;
		op->u.append.mail_count = 3;
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
		if ((st->flags & 1) != 0)
			op->u.answer.attachments = SLICE("\1\0\0\0x");
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
		if ((st->flags & 16) != 0)
			op->u.open.traits = SESSION_QUIET_POLLS |
			    SESSION_POLLS_ON | SESSION_ROOT_IS_ALL;
		op->u.open.transport = (st->flags & 0x30) == 0;
		op->u.open.ticket = st->ticket;
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
	case OP_LOST:
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

/* Of the namespace, a user, or a socket's own room. */
static void
fill_acl(struct twin *w, const struct step *st, struct store_op *op)
{
	static const enum channel_kind kinds[] = { CHANNEL_NSP, CHANNEL_USER, CHANNEL_ROOM };
	enum channel_kind kind = kinds[st->pick % 3];
	const char *nsp = nsps[kind == CHANNEL_ROOM ? life.nsp_of[st->socket] : st->nsp];

	op->u.acl.key = channel_key(&scene.arena, kind, slice_str(nsp),
	    kind == CHANNEL_NSP ? SLICE("") : kind == CHANNEL_USER ?
	    slice_str(room_name(st->room)) : slice_str(life.id[st->socket]));
	if (kind == CHANNEL_ROOM)
		op->u.acl.socket = &w->socket[st->socket];
	op->u.acl.verb = st->flags % 3;
	if ((st->flags & 4) == 0 || op->u.acl.verb != ACL_SET)
		op->u.acl.names = t_names(t_text("%s %s", st->name, room_name(st->other % ROOMS)));
	op->u.acl.by = SLICE("twin");
}

/* A few fit what is there, most do not. */
static void
fill_merge(const struct step *st, struct store_op *op)
{
	static const struct { enum json_merge how; const char *arg; } merges[] = {
		{ MERGE_APPEND, "1" }, { MERGE_REMOVE, "1" }, { MERGE_PUT, "{\"a\":1}" },
		{ MERGE_DROP, "[\"a\"]" }, { MERGE_ADD, "2" },
	};
	size_t i = st->pick % N_ELEMENTS(merges);

	op->u.value_set.how = merges[i].how;
	op->u.value_set.value = slice_str(merges[i].arg);
	op->u.value_set.max = 20;
}

static void
fill_follow_op(struct twin *w, const struct step *st, struct store_op *op)
{
	uint64_t session = w->session[st->session];

	switch (st->kind) {
	case OP_PROBE:
		op->u.probe.session = session;
		op->u.probe.ticket = st->ticket;
		op->u.probe.step = st->pick < 500 ? PROBE_BEGIN :
		    st->pick < 900 ? PROBE_NOOP : PROBE_END;
		break;
	case OP_UPGRADE:
		op->u.upgrade.session = session;
		op->u.upgrade.ticket = st->ticket;
		op->u.upgrade.transport = 1;
		break;
	case OP_FOLLOW:
		op->u.follow.session = session;
		op->u.follow.ticket = st->ticket;
		op->u.follow.from = (st->flags & 3) == 0 ? st->offset : 0;
		op->u.follow.proved = (st->flags & 12) == 0 ? st->offset : 0;
		op->u.follow.max_records = 1 + st->pick % 5;
		op->u.follow.max_bytes = 1 << 20;
		break;
	default:
		op->u.prove.session = session;
		op->u.prove.ticket = st->ticket;
		op->u.prove.proved = st->offset;
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
		if ((st->flags & 48) == 0)
			fill_merge(st, op);
		break;
	case OP_PRESENCE:
		op->u.presence.nsp = slice_str(nsps[st->nsp]);
		op->u.presence.room = (st->flags & 3) == 0 ? SLICE("") :
		    slice_str(room_name(st->room));
		op->u.presence.user = slice_str(room_name(st->other % ROOMS));
		op->u.presence.here = SLICE("[\"here\"]");
		if ((st->flags & 4) != 0)
			op->u.presence.away = SLICE("[\"away\"]");
		op->u.presence.is_final = (st->flags & 8) != 0;
		op->u.presence.seen_ms = (st->flags & 16) != 0 ? 5000 : 0;
		break;
	case OP_MAIL:
		op->u.mail.socket = &w->socket[st->socket];
		op->u.mail.limit = 1 + (st->flags & 3);
		op->u.mail.replayed = (st->flags & 12) == 0 ? st->offset : 0;
		break;
	case OP_ACL:
		fill_acl(w, st, op);
		break;
	case OP_ONCE:
		op->u.once.key = slice_str(room_name(st->room));
		op->u.once.ttl_ms = 4000;
		break;
	case OP_TASK_ADD:
		op->u.task_add.kind = (st->flags & 1) != 0 ? TASK_EVENT :
		    (st->flags & 4) != 0 ? TASK_SAID : TASK_CONNECT;
		op->u.task_add.session = w->session[st->session];
		op->u.task_add.nsp = slice_str(nsps[life.nsp_of[st->socket]]);
		op->u.task_add.name = slice_str(st->name);
		op->u.task_add.context = SLICE("[]");
		if ((st->flags & 1) != 0)
			op->u.task_add.socket = &w->socket[st->socket];
		op->u.task_add.says = slice_str((st->flags & 2) != 0 ? "a" : "s");
		break;
	case OP_TASK_AGAIN:
		op->u.task_again.task = w->n_tasks == 0 ? 0 :
		    w->tasks[st->pick % w->n_tasks].n;
		op->u.task_again.delay_ms = (st->flags & 3) * 1000;
		op->u.task_again.aside = (st->flags & 28) == 0;
		op->u.task_again.afresh = (st->flags & 32) == 0;
		if ((st->flags & 192) == 192)
			op->u.task_again.event_of = w->socket[st->socket];
		break;
	case OP_TASK_TRY:
	case OP_TASK_DONE:
		op->u.task.task = w->n_tasks == 0 ? 0 :
		    w->tasks[st->pick % w->n_tasks].n;
		op->u.task.lease_ms = 2000;
		op->u.task.batch = st->flags & 3;
		op->u.task.max_attempts = (st->flags & 4) == 0 ? 0 : 2;
		break;
	default:
		op->u.janitor.limit = 10000;
		break;
	}
}

struct store_op *
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
	case OP_LOST:
	case OP_RECEIVE:
	case OP_CLOSE:
	case OP_CONNECT:
		fill_session_op(w, st, op);
		break;
	case OP_PROBE:
	case OP_UPGRADE:
	case OP_FOLLOW:
	case OP_PROVE:
		fill_follow_op(w, st, op);
		break;
	default:
		fill_rest(w, st, op);
		break;
	}
	return op;
}
