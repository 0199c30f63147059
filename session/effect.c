/*
 * effect.c - what an application asked for, as operations of the turn
 *
 * Effects stand behind the gate of their call.  An EFFECT_ONCE becomes the gate
 * of those behind it.  Bulk effects are resolved here, by their sender, into
 * operations of at most SOCKETS_PER_OP sockets each.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "session/live_private.h"

struct effect *
effects_add(struct effects *effects, struct arena *arena, enum effect_kind kind)
{
	struct effect *f = arena_alloc(arena, sizeof(*f));

	f->kind = kind;
	if (effects->last == NULL)
		effects->first = f;
	else
		effects->last->next = f;
	effects->last = f;
	effects->n++;
	return f;
}

void
effects_join(struct effects *effects, const struct effects *more)
{
	if (more->first == NULL)
		return;
	if (effects->last == NULL)
		effects->first = more->first;
	else
		effects->last->next = more->first;
	effects->last = more->last;
	effects->n += more->n;
}

static struct slice
nsp_of(const struct effect *f, const struct author *author)
{
	return f->who.nsp.n != 0 ? f->who.nsp : author->nsp;
}

/* ---- emit and ack -------------------------------------------------------------- */

static void
pack_channels(struct engine *e, struct buf *out, enum channel_kind kind,
    struct slice nsp, struct slice names)
{
	struct slice name;

	while (pack_next(&names, &name))
		pack_add(out, channel_key(&e->arena, kind, nsp, name));
}

static struct slice
emit_channels(struct engine *e, const struct effect *f, struct slice nsp)
{
	struct buf packed = BUF_INIT;
	struct slice channels;

	pack_channels(e, &packed, CHANNEL_ROOM, nsp, f->who.rooms);
	pack_channels(e, &packed, CHANNEL_USER, nsp, f->who.users);
	if (packed.n == 0)
		pack_add(&packed, channel_key(&e->arena, CHANNEL_NSP, nsp, SLICE("")));
	channels = arena_dup(&e->arena, buf_slice(&packed));
	buf_free(&packed);
	return channels;
}

static struct slice
emit_except(struct engine *e, const struct effect *f, const struct author *author,
    struct slice nsp)
{
	struct buf packed = BUF_INIT;
	struct slice except = SLICE_NONE;

	pack_channels(e, &packed, CHANNEL_ROOM, nsp, f->who.except);
	pack_channels(e, &packed, CHANNEL_USER, nsp, f->who.except_users);
	if (f->not_self && author->id.n != 0)
		pack_add(&packed, channel_key(&e->arena, CHANNEL_ROOM, nsp, author->id));
	if (packed.n != 0)
		except = arena_dup(&e->arena, buf_slice(&packed));
	buf_free(&packed);
	return except;
}

/* [arg,...] into ["name",arg,...]. */
static struct slice
event_join(struct engine *e, struct slice name, struct slice args)
{
	struct buf out = BUF_INIT;
	struct slice data, rest = args, first;

	buf_reserve(&out, name.n + args.n + 8);
	buf_char(&out, '[');
	json_quote(&out, name);
	json_open(&rest);
	if (json_next(&rest, &first)) {
		buf_char(&out, ',');
		buf_add(&out, slice_skip(args, (size_t)(first.p - args.p)));
	} else {
		buf_char(&out, ']');
	}
	data = arena_dup(&e->arena, buf_slice(&out));
	buf_free(&out);
	return data;
}

/* How long it is kept: as the emit says, else as its rooms are configured. */
static void
emit_keep(struct engine *e, const struct effect *f, struct slice nsp,
    struct store_op *op)
{
	struct slice rooms = f->who.rooms, room;
	struct room_rule rule;

	op->u.append.keep_ms = f->keep_ms;
	op->u.append.keep_count = f->keep_count;
	op->u.append.mail_ms = f->mail_ms;
	op->u.append.mail_count = f->mail_count;
	if (e->app.room == NULL || f->is_volatile)
		return;
	while (op->u.append.keep_ms == 0 && pack_next(&rooms, &room))
		if (room_rule_of(e, nsp, room, &rule)) {
			op->u.append.keep_ms = rule.keep_ms;
			op->u.append.keep_count = rule.keep_count;
		}
	if (op->u.append.mail_ms == 0 && f->who.users.n != 0 &&
	    room_rule_of(e, nsp, SLICE(""), &rule)) {
		op->u.append.mail_ms = rule.mail_ms;
		op->u.append.mail_count = rule.mail_count;
	}
}

static void
apply_emit(struct engine *e, const struct effect *f, struct author *author)
{
	struct slice nsp = nsp_of(f, author);
	struct store_op *op;
	struct record *record;

	if ((int64_t)(f->data.n + f->attachments.n) > e->conf.max_event) {
		log_warn("session", "emit refused nsp=%.*s size=%zu max_event=%" PRId64,
		    SLICE_ARGS(nsp), f->data.n + f->attachments.n, e->conf.max_event);
		store_tally(e->store, TALLY_EVENT_SIZE);
		return;
	}
	op = turn_add(&e->turn, OP_APPEND, author->gate);
	record = &op->u.append.record;
	record->kind = RECORD_EVENT;
	record->id = -1;
	record->nsp = nsp;
	record->channels = emit_channels(e, f, nsp);
	record->except = emit_except(e, f, author, nsp);
	record->data = event_join(e, f->name, f->data);
	record->attachments = f->attachments;
	if (f->is_volatile)
		record->flags |= RECORD_VOLATILE;
	if (f->question.n != 0 || author->wait) {
		record->flags |= RECORD_ASKS_ACK;
		op->u.append.question = f->question.n != 0 ? f->question : SLICE("");
		op->u.append.context = f->context;
		op->u.append.timeout_ms = f->timeout_ms;
		op->u.append.wait = author->wait;
	}
	emit_keep(e, f, nsp, op);
	author->last_emit = op;
	e->said_last = op;
}

static void
ack_write(const struct effect *f, const struct author *author,
    struct record *record_r)
{
	record_r->kind = RECORD_ACK;
	record_r->id = -1;
	record_r->id_text = author->ack_id;
	record_r->nsp = author->nsp;
	record_r->data = f->data;
	record_r->attachments = f->attachments;
}

/* Behind nothing but records: its place is behind the last of them. */
static void
ack_send(struct engine *e, const struct effect *f, const struct author *author,
    const struct store_op *after)
{
	struct record *record = arena_alloc(&e->arena, sizeof(*record));

	ack_write(f, author, record);
	live_answer(author->live, record, author->gate, after);
}

static void
apply_ack(struct engine *e, const struct effect *f, struct author *author)
{
	struct store_op *op;
	struct record *record;

	if (author->ack_id.p == NULL)
		return;
	if (author->live != NULL && (e->turn.last == author->gate ||
	    e->turn.last == e->said_last)) {
		ack_send(e, f, author, e->said_last);
		author->ack_id = SLICE_NONE;
		return;
	}
	op = turn_add(&e->turn, OP_APPEND, author->gate);
	record = &op->u.append.record;
	ack_write(f, author, record);
	record->channels = channels_of_session(&e->arena, author->session);
	author->ack_id = SLICE_NONE;            /* at most once (edge case G5) */
	e->said_last = op;
}

bool
effects_answer(struct engine *e, const struct effects *effects,
    struct author *author, struct live *live)
{
	if (live == NULL)
		return false;
	/* What it has said before may still be on its way back to it. */
	author->live = live->is_behind || live->said_until > e->n_rounds ? NULL : live;
	if (author->live != NULL && effects->n == 1 && author->ack_id.p != NULL &&
	    effects->first->kind == EFFECT_ACK && e->turn.last == author->gate) {
		ack_send(e, effects->first, author, NULL);
		return true;
	}
	if (effects->n > 0)
		live->said_until = e->n_rounds + 1;
	return false;
}

/* ---- join, leave, disconnect ------------------------------------------------------ */

struct chunk {
	struct arena *arena;
	uint64_t *sockets;
	struct slice *users;            /* of each; absent: none */
	size_t n;
};

static void
chunk_take(void *arg, const struct socket_row *row)
{
	struct chunk *chunk = arg;

	chunk->users[chunk->n] = arena_dup(chunk->arena, row->user);
	chunk->sockets[chunk->n++] = row->n;
}

typedef void apply_sockets(struct engine *e, const struct effect *f,
    struct author *author, const uint64_t *sockets, const struct slice *users,
    size_t n);

/* Calls apply for all that are meant, chunk by chunk.  Leaves and kicks reach
 * sockets that are gone but may come back, too. */
static void
for_each_chunk(struct engine *e, const struct effect *f, struct author *author,
    bool with_gone, apply_sockets *apply)
{
	struct selector who = f->who;
	struct chunk chunk;
	uint64_t after = 0;

	who.nsp = nsp_of(f, author);
	do {
		chunk.sockets = arena_alloc(&e->arena,
		    SOCKETS_PER_OP * sizeof(*chunk.sockets));
		chunk.users = arena_alloc(&e->arena,
		    SOCKETS_PER_OP * sizeof(*chunk.users));
		chunk.arena = &e->arena;
		chunk.n = 0;
		if (store_select(e->store, &who, after, SOCKETS_PER_OP, with_gone,
		    &e->arena, chunk_take, &chunk) != RC_OK || chunk.n == 0)
			return;
		after = chunk.sockets[chunk.n - 1];
		apply(e, f, author, chunk.sockets, chunk.users, chunk.n);
	} while (chunk.n == SOCKETS_PER_OP);
}

static void
chunk_member(struct engine *e, const struct effect *f, struct author *author,
    const uint64_t *sockets, const struct slice *users, size_t n)
{
	struct slice nsp = nsp_of(f, author), last = SLICE_NONE;
	struct store_op *op;
	size_t i;

	if (f->kind == EFFECT_JOIN && f->name.n > e->conf.wire.max_name) {
		log_warn("session", "join refused size=%zu max_name=%zu", f->name.n,
		    e->conf.wire.max_name);
		store_tally(e->store, TALLY_NAME_SIZE);
		return;
	}
	op = turn_add(&e->turn, f->kind == EFFECT_JOIN ? OP_JOIN : OP_LEAVE,
	    author->gate);
	op->u.member.sockets = sockets;
	op->u.member.n = n;
	op->u.member.room = f->name;
	op->u.member.max_rooms = e->conf.max_rooms;
	for (i = 0; e->app.room != NULL && i < n; i++) {
		if (!slice_eq(users[i], last))
			presence_look(e, nsp, f->name, users[i], author->gate);
		last = users[i];
	}
}

static void
chunk_disconnect(struct engine *e, const struct effect *f, struct author *author,
    const uint64_t *sockets, const struct slice *users, size_t n)
{
	struct store_op *op;
	size_t i;

	(void)users;
	for (i = 0; i < n; i++) {
		op = turn_add(&e->turn, OP_DISCONNECT, author->gate);
		op->u.disconnect.socket = &sockets[i];
		op->u.disconnect.reason = "server namespace disconnect";
		op->u.disconnect.engine = f->engine;
	}
}

static void
apply_to_sockets(struct engine *e, const struct effect *f, struct author *author,
    bool with_gone, apply_sockets *apply)
{
	if (!f->self) {
		for_each_chunk(e, f, author, with_gone, apply);
	} else if (author->socket != NULL) {
		apply(e, f, author, author->socket, &author->user, 1);
		author->changes_self = true;
	}
}

static void
apply_join(struct engine *e, const struct effect *f, struct author *author)
{
	apply_to_sockets(e, f, author, false, chunk_member);
}

static void
apply_leave(struct engine *e, const struct effect *f, struct author *author)
{
	apply_to_sockets(e, f, author, true, chunk_member);
}

static void
apply_disconnect(struct engine *e, const struct effect *f, struct author *author)
{
	apply_to_sockets(e, f, author, true, chunk_disconnect);
}

/* ---- the rest -------------------------------------------------------------------- */

static void
apply_socket_set(struct engine *e, const struct effect *f, struct author *author)
{
	struct store_op *op;

	if (author->socket == NULL)
		return;
	op = turn_add(&e->turn, OP_SOCKET_SET, author->gate);
	op->u.socket_set.socket = author->socket;
	if (f->kind == EFFECT_DATA)
		op->u.socket_set.data = author->data = f->data;
	else
		op->u.socket_set.user = f->name;
	author->changes_self = true;
}

/* The socket is another user's from here on, in all its rooms. */
static void
apply_user(struct engine *e, const struct effect *f, struct author *author)
{
	struct slice old = author->user;

	if (author->socket == NULL)
		return;
	if (f->name.n > e->conf.wire.max_name) {
		log_warn("session", "user refused size=%zu max_name=%zu", f->name.n,
		    e->conf.wire.max_name);
		store_tally(e->store, TALLY_NAME_SIZE);
		return;
	}
	apply_socket_set(e, f, author);
	author->user = f->name;
	presence_look_socket(e, author->nsp, *author->socket, old, author->gate);
	presence_look_socket(e, author->nsp, *author->socket, f->name, author->gate);
	if (f->name.n > 0)
		mail_take(e, author->nsp, author->socket, 0, author->gate);
}

static void
apply_timer(struct engine *e, const struct effect *f, struct author *author)
{
	struct store_op *op;

	if (timer_name_is_ours(f->name)) {
		log_warn("session", "timer refused nsp=%.*s: its name begins with a byte "
		    "that is kept for our own", SLICE_ARGS(nsp_of(f, author)));
		return;
	}
	op = turn_add(&e->turn, OP_TIMER, author->gate);
	op->u.timer.nsp = nsp_of(f, author);
	op->u.timer.name = f->name;
	op->u.timer.context = f->context;
	op->u.timer.socket = f->self ? author->socket : NULL;
	op->u.timer.after_ms = f->after_ms;
	op->u.timer.every_ms = f->every_ms;
	op->u.timer.max = f->self ? e->conf.max_timers : 0;     /* of a socket */
}

static void
apply_value(struct engine *e, const struct effect *f, struct author *author)
{
	struct store_op *op = turn_add(&e->turn, OP_VALUE_SET, author->gate);

	op->u.value_set.key = f->name;
	op->u.value_set.value = f->data;
	op->u.value_set.ttl_ms = f->ttl_ms;
	op->u.value_set.how = f->merge;
	op->u.value_set.max = e->conf.max_event;
	author->last_value = op;
}

/* Shared by all sockets of the client. */
static void
apply_session(struct engine *e, const struct effect *f, struct author *author)
{
	struct store_op *op;

	if (author->lane == 0)
		return;
	op = turn_add(&e->turn, OP_VALUE_SET, author->gate);
	op->u.value_set.key = store_lane_key(&e->arena, author->lane);
	op->u.value_set.value = f->data;
}

/* Everybody leaves. */
static void
apply_close_room(struct engine *e, const struct effect *f, struct author *author)
{
	struct effect leave = *f;
	struct buf packed = BUF_INIT;

	pack_add(&packed, f->name);
	leave.kind = EFFECT_LEAVE;
	leave.who.rooms = arena_dup(&e->arena, buf_slice(&packed));
	buf_free(&packed);
	for_each_chunk(e, &leave, author, true, chunk_member);
}

static void
apply_once(struct engine *e, const struct effect *f, struct author *author)
{
	struct store_op *op = turn_add(&e->turn, OP_ONCE, author->gate);

	op->u.once.key = f->name;
	op->u.once.ttl_ms = f->ttl_ms;
	author->gate = op;
}

static void
apply_acl(struct engine *e, const struct effect *f, struct author *author)
{
	const uint64_t *socket = NULL;
	struct slice name = f->self ? author->id : f->name;
	struct socket_row row;
	struct store_op *op;
	uint64_t *n;

	if (f->self) {
		socket = author->socket;
	} else if (f->of == CHANNEL_ROOM) {
		if (store_socket_id(e->store, nsp_of(f, author), name, &e->arena, &row) !=
		    RC_OK) {
			log_warn("session", "acl of no socket id=%.*s", SLICE_ARGS(name));
			return;
		}
		n = arena_alloc(&e->arena, sizeof(*n));
		*n = row.n;
		socket = n;
	}
	if (f->of == CHANNEL_ROOM && socket == NULL)
		return;
	op = turn_add(&e->turn, OP_ACL, author->gate);
	op->u.acl.key = channel_key(&e->arena, f->of, nsp_of(f, author),
	    f->of == CHANNEL_NSP ? SLICE("") : name);
	op->u.acl.socket = socket;
	op->u.acl.verb = f->verb;
	op->u.acl.names = f->data;
	op->u.acl.by = f->context;
}

static void
apply_log(struct engine *e, const struct effect *f, struct author *author)
{
	(void)e;
	log_info("session", "nsp=%.*s said=\"%.*s\"", SLICE_ARGS(author->nsp),
	    SLICE_ARGS(f->name));
}

/* Of who asks: connect.c; else of who is back. */
static void
apply_refuse(struct engine *e, const struct effect *f, struct author *author)
{
	if (author->is_return)
		chunk_disconnect(e, f, author, author->socket, NULL, 1);
}

static void (*const apply_fns[])(struct engine *e, const struct effect *f,
    struct author *author) = {
	[EFFECT_EMIT] = apply_emit,
	[EFFECT_ACK] = apply_ack,
	[EFFECT_JOIN] = apply_join,
	[EFFECT_LEAVE] = apply_leave,
	[EFFECT_CLOSE_ROOM] = apply_close_room,
	[EFFECT_DISCONNECT] = apply_disconnect,
	[EFFECT_DATA] = apply_socket_set,
	[EFFECT_SESSION] = apply_session,
	[EFFECT_USER] = apply_user,
	[EFFECT_TIMER] = apply_timer,
	[EFFECT_VALUE] = apply_value,
	[EFFECT_ONCE] = apply_once,
	[EFFECT_LOG] = apply_log,
	[EFFECT_REFUSE] = apply_refuse,
	[EFFECT_ACL] = apply_acl,
};
_Static_assert(N_ELEMENTS(apply_fns) == EFFECT__COUNT, "an effect is missing");

void
effects_apply(struct engine *e, const struct effects *effects, struct author *author)
{
	struct slice before = author->user;
	const struct effect *f;

	for (f = effects->first; f != NULL; f = f->next)
		apply_fns[f->kind](e, f, author);
	if (slice_eq(before, author->user))
		return;
	for (f = effects->first; f != NULL; f = f->next)        /* before it was bound */
		if (f->kind == EFFECT_JOIN && f->self)
			presence_look(e, author->nsp, f->name, author->user, author->gate);
}
