/*
 * store_contract_words.c - the words of the contract that do something
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

/* ---- turns ------------------------------------------------------------- */

struct store_op *
t_op_behind(enum store_op_kind kind, struct store_op *gate)
{
	if (!scene.turn_open)
		turn_init(&scene.turn, &scene.arena);
	scene.turn_open = true;
	return turn_add(&scene.turn, kind, gate);
}

struct store_op *
t_op(enum store_op_kind kind)
{
	return t_op_behind(kind, NULL);
}

void
t_commit(void)
{
	enum rc rc;
	int tries = 0;

	scene.turn_open = false;
	while ((rc = store_commit(scene.store, &scene.turn)) == RC_AGAIN && tries < 100)
		tries++;
	if (rc != RC_OK)
		T_FAIL("store_commit: %s: %s", rc_name(rc), store_error(scene.store));
}

enum rc
t_do(struct store_op *op)
{
	t_commit();
	return op->rc;
}

/* ---- sessions and sockets ---------------------------------------------- */

struct store_op *
t_op_open(const char *sid)
{
	struct store_op *op = t_op(OP_OPEN);

	op->u.open.sid = slice_str(sid);
	op->u.open.info = SLICE("{\"headers\":{}}");
	op->u.open.generation = 3;
	return op;
}

uint64_t
t_open(const char *sid)
{
	struct store_op *op = t_op_open(sid);

	T_EQ(t_do(op), RC_OK);
	T_OK(op->u.open.n_r != 0);
	return op->u.open.n_r;
}

uint64_t
t_open_as(const char *sid, unsigned traits)
{
	struct store_op *op = t_op_open(sid);

	op->u.open.traits = traits;
	T_EQ(t_do(op), RC_OK);
	return op->u.open.n_r;
}

struct store_op *
t_op_connect(uint64_t session, const char *nsp, const char *id)
{
	struct store_op *op = t_op(OP_CONNECT);

	op->u.connect.session = session;
	op->u.connect.nsp = slice_str(nsp);
	op->u.connect.id = slice_str(id);
	op->u.connect.pid = arena_printf(&scene.arena, "p-%s", id);
	op->u.connect.answer = arena_printf(&scene.arena, "{\"sid\":\"%s\"}", id);
	return op;
}

uint64_t
t_connect(uint64_t session, const char *nsp, const char *id)
{
	struct store_op *op = t_op_connect(session, nsp, id);

	T_EQ(t_do(op), RC_OK);
	T_OK(op->u.connect.socket_r != 0);
	return op->u.connect.socket_r;
}

uint64_t
t_join_in(const char *sid, uint64_t *socket_r)
{
	uint64_t session = t_open(sid);

	*socket_r = t_connect(session, "/", sid);
	T_STR(t_hears(session), "connect:/");
	return session;
}

enum rc
t_recover(uint64_t session, const char *nsp, const char *pid, int64_t offset,
    int64_t max_replay)
{
	struct store_op *op = t_op(OP_RECOVER);

	op->u.recover.session = session;
	op->u.recover.nsp = slice_str(nsp);
	op->u.recover.pid = slice_str(pid);
	op->u.recover.answer = SLICE("{\"sid\":\"old\"}");
	op->u.recover.offset = offset;
	op->u.recover.max_replay = max_replay;
	return t_do(op);
}

enum rc
t_recoverable(const char *nsp, const char *pid, int64_t offset)
{
	struct socket_row row;

	return store_recoverable(scene.store, slice_str(nsp), slice_str(pid), offset,
	    1000, &scene.arena, &row);
}

static enum rc
close_session(uint64_t session, const char *reason, bool keep, bool orderly)
{
	struct store_op *op = t_op(OP_CLOSE);

	op->u.close.session = session;
	op->u.close.reason = reason;
	op->u.close.answer = '1';
	op->u.close.keep = keep;
	op->u.close.orderly = orderly;
	return t_do(op);
}

enum rc
t_close(uint64_t session, const char *reason, bool keep)
{
	return close_session(session, reason, keep, false);
}

enum rc
t_close_orderly(uint64_t session)
{
	return close_session(session, "server shutting down", false, true);
}

static enum rc
disconnect(uint64_t socket, const char *reason, bool silent)
{
	struct store_op *op = t_op(OP_DISCONNECT);

	op->u.disconnect.socket = &socket;
	op->u.disconnect.reason = reason;
	op->u.disconnect.silent = silent;
	return t_do(op);
}

enum rc
t_disconnect(uint64_t socket)
{
	return disconnect(socket, "server namespace disconnect", false);
}

enum rc
t_disconnect_silent(uint64_t socket)
{
	return disconnect(socket, "client namespace disconnect", true);
}

struct session_row
t_session(const char *sid)
{
	struct session_row row;

	T_EQ(store_session(scene.store, slice_str(sid), &scene.arena, &row), RC_OK);
	return row;
}

bool
t_is_open(const char *sid)
{
	struct session_row row;
	enum rc rc = store_session(scene.store, slice_str(sid), &scene.arena, &row);

	T_OK(rc == RC_OK || rc == RC_GONE);
	return rc == RC_OK;
}

static void
member(enum store_op_kind kind, uint64_t socket, const char *room)
{
	struct store_op *op = t_op(kind);

	op->u.member.sockets = &socket;
	op->u.member.n = 1;
	op->u.member.room = slice_str(room);
	T_EQ(t_do(op), RC_OK);
}

void
t_join(uint64_t socket, const char *room)
{
	member(OP_JOIN, socket, room);
}

void
t_leave(uint64_t socket, const char *room)
{
	member(OP_LEAVE, socket, room);
}

void
t_user(uint64_t socket, const char *user)
{
	struct store_op *op = t_op(OP_SOCKET_SET);

	op->u.socket_set.socket = &socket;
	op->u.socket_set.user = slice_str(user);
	T_EQ(t_do(op), RC_OK);
}

void
t_data(uint64_t socket, const char *json)
{
	struct store_op *op = t_op(OP_SOCKET_SET);

	op->u.socket_set.socket = &socket;
	op->u.socket_set.data = slice_str(json);
	T_EQ(t_do(op), RC_OK);
}

/* ---- saying ------------------------------------------------------------ */

struct slice
t_keys(enum channel_kind kind, const char *nsp, const char *name)
{
	struct buf b = BUF_INIT;
	struct slice s;

	pack_add(&b, channel_key(&scene.arena, kind, slice_str(nsp), slice_str(name)));
	s = arena_dup(&scene.arena, buf_slice(&b));
	buf_free(&b);
	return s;
}

/* Adds each word of words; with a kind as a key, else as a name. */
static struct slice
pack_words(const char *words, const char *nsp)
{
	struct slice rest = slice_str(words), word, s;
	struct buf b = BUF_INIT;

	if (words == NULL)
		return SLICE_NONE;
	while (slice_cut(&rest, ' ', &word))
		pack_add(&b, nsp == NULL ? word :
		    channel_key(&scene.arena, CHANNEL_ROOM, slice_str(nsp), word));
	s = arena_dup(&scene.arena, buf_slice(&b));
	buf_free(&b);
	return s;
}

struct slice
t_names(const char *words)
{
	return pack_words(words, NULL);
}

struct store_op *
t_op_emit(const char *nsp, const char *room, const char *name)
{
	struct store_op *op = t_op(OP_APPEND);
	struct record *r = &op->u.append.record;

	r->kind = RECORD_EVENT;
	r->id = -1;
	r->nsp = slice_str(nsp);
	r->channels = room == NULL ? t_keys(CHANNEL_NSP, nsp, "") : pack_words(room, nsp);
	r->data = arena_printf(&scene.arena, "[\"%s\"]", name);
	return op;
}

static int64_t
say(struct store_op *op)
{
	T_EQ(t_do(op), RC_OK);
	T_OK(op->u.append.record.seq > 0);
	return op->u.append.record.seq;
}

int64_t
t_emit(const char *nsp, const char *room, const char *name)
{
	return say(t_op_emit(nsp, room, name));
}

int64_t
t_emit_volatile(const char *nsp, const char *room, const char *name)
{
	struct store_op *op = t_op_emit(nsp, room, name);

	op->u.append.record.flags = RECORD_VOLATILE;
	return say(op);
}

int64_t
t_emit_except(const char *nsp, const char *room, const char *except,
    const char *name)
{
	struct store_op *op = t_op_emit(nsp, room, name);

	op->u.append.record.except = pack_words(except, nsp);
	return say(op);
}

int64_t
t_emit_user(const char *nsp, const char *user, const char *name)
{
	struct store_op *op = t_op_emit(nsp, NULL, name);

	op->u.append.record.channels = t_keys(CHANNEL_USER, nsp, user);
	return say(op);
}

int64_t
t_emit_kept(const char *room, const char *name, int64_t keep_ms, int64_t keep_count)
{
	struct store_op *op = t_op_emit("/", room, name);

	op->u.append.keep_ms = keep_ms;
	op->u.append.keep_count = keep_count;
	return say(op);
}

int64_t
t_ask(const char *nsp, const char *room, const char *handler, int64_t timeout_ms,
    bool wait)
{
	struct store_op *op = t_op_emit(nsp, room, "question");

	op->u.append.question = slice_str(handler);
	op->u.append.context = SLICE("\"why\"");
	op->u.append.timeout_ms = timeout_ms;
	op->u.append.wait = wait;
	say(op);
	T_OK(op->u.append.question_r > 0);
	T_OK(op->u.append.question_r <= INT32_MAX);
	T_EQ(op->u.append.record.id, op->u.append.question_r);
	return op->u.append.question_r;
}

enum rc
t_answer(uint64_t socket, int64_t question, const char *json)
{
	return t_answer_with(socket, question, json, SLICE_NONE);
}

enum rc
t_answer_with(uint64_t socket, int64_t question, const char *json,
    struct slice attachments)
{
	struct store_op *op = t_op(OP_ANSWER);

	op->u.answer.socket = &socket;
	op->u.answer.question = question;
	op->u.answer.data = slice_str(json);
	op->u.answer.attachments = attachments;
	return t_do(op);
}
