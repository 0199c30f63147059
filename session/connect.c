/*
 * connect.c - a client asks for a namespace, comes back to one, or is refused
 *
 * A client that shows the pid of an old socket is recovered if the store still
 * has what it missed; everybody else is a new socket, if the application lets
 * it in.
 *
 * Must stay true:
 *   - the socket's id is known to the application before it is connected, and
 *     its first effects stand behind the CONNECT
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "session/post_private.h"

/* A record to the session itself. */
struct record *
post_tell(struct post *post, enum record_kind kind, struct slice nsp)
{
	struct store_op *op = turn_add(&post->e->turn, OP_APPEND, post->gate);
	struct record *record = &op->u.append.record;
	struct buf channels = BUF_INIT;

	pack_add(&channels, channel_of_session(&post->e->arena, post->row.n));
	record->kind = kind;
	record->id = -1;
	record->nsp = nsp;
	record->channels = arena_dup(&post->e->arena, buf_slice(&channels));
	buf_free(&channels);
	return record;
}

/* A handshake's answer carries what has no session yet to be told to. */
static void
greet(struct post *post, enum packet_type type, struct slice nsp, struct slice data)
{
	struct packet packet = { .type = type, .nsp = nsp, .data = data };

	post->x->codec->packet_write(&post->greeting, &packet, SLICE_NONE);
}

static void
connect_refuse(struct post *post, struct slice nsp, struct slice message,
    struct slice data)
{
	struct buf json = BUF_INIT;

	buf_str(&json, "{\"message\":");
	json_quote(&json, message);
	if (data.p != NULL) {
		buf_str(&json, ",\"data\":");
		buf_add(&json, data);
	}
	buf_char(&json, '}');
	if (post->opened != NULL)
		greet(post, PACKET_CONNECT_ERROR, nsp, buf_slice(&json));
	else
		post_tell(post, RECORD_CONNECT_ERROR, nsp)->data =
		    arena_dup(&post->e->arena, buf_slice(&json));
	buf_free(&json);
}

static struct slice
connect_answer(struct post *post, struct slice id, struct slice pid)
{
	if (pid.n == 0)
		return arena_printf(&post->e->arena, "{\"sid\":\"%.*s\"}", SLICE_ARGS(id));
	return arena_printf(&post->e->arena, "{\"sid\":\"%.*s\",\"pid\":\"%.*s\"}",
	    SLICE_ARGS(id), SLICE_ARGS(pid));
}

static bool
auth_string(struct post *post, struct slice auth, const char *name,
    struct slice *text_r)
{
	struct slice value = json_member(auth, name);
	struct buf text = BUF_INIT;
	bool is_string;

	is_string = value.p != NULL && json_unquote(&text, value) == RC_OK;
	*text_r = arena_dup(&post->e->arena, buf_slice(&text));
	buf_free(&text);
	return is_string;
}

/* Up to where a client that comes back has everything; 0: it has received nothing
 * that bears an offset, and shows none.  False: what it shows is not ours. */
static bool
connect_offset(struct post *post, struct slice auth, int64_t *seq_r)
{
	struct slice offset;

	*seq_r = 0;
	if (json_member(auth, "offset").p == NULL)
		return true;
	return auth_string(post, auth, "offset", &offset) &&
	    (*seq_r = offset_read(post->e, offset)) != 0;
}

/* A client that comes back (4.6 and later): its old socket in this session. */
static bool
connect_recover(struct post *post, struct view *view, const struct packet *packet)
{
	struct engine *e = post->e;
	struct socket_row row;
	struct store_op *op;
	struct slice pid;
	int64_t seq;

	if (e->conf.recovery_ms == 0 || !post->x->codec->traits.has_recovery ||
	    packet->data.p == NULL ||
	    !auth_string(post, packet->data, "pid", &pid) ||
	    !connect_offset(post, packet->data, &seq))
		return false;
	if (store_recoverable(e->store, view->nsp, pid, seq, e->conf.max_replay,
	    &e->arena, &row) != RC_OK)
		return false;
	view->id = arena_dup(&e->arena, slice_str(row.id));
	op = turn_add(&e->turn, OP_RECOVER, post->gate);
	op->u.recover.session = post->row.n;
	op->u.recover.nsp = view->nsp;
	op->u.recover.pid = pid;
	op->u.recover.answer = connect_answer(post, view->id, pid);
	op->u.recover.offset = seq;
	op->u.recover.max_replay = e->conf.max_replay;
	view->socket = &op->u.recover.socket_r;
	view->n = row.n;
	view->data = row.data;
	view->user = row.user;
	view->is_connected = true;
	log_info("session", "recover sid=%s nsp=%.*s socket=%.*s", post->row.sid,
	    SLICE_ARGS(view->nsp), SLICE_ARGS(view->id));
	return true;
}

static const struct effect *
effects_find(const struct effects *effects, enum effect_kind kind)
{
	const struct effect *f;

	for (f = effects->first; f != NULL; f = f->next)
		if (f->kind == kind)
			return f;
	return NULL;
}

/* A client that is not told its id takes its session's for it. */
static struct slice
connect_id(struct post *post, const struct view *view)
{
	char id[ID_LEN + 1];

	if (post->x->codec->traits.joins_root && slice_is(view->nsp, "/"))
		return arena_dup(&post->e->arena, slice_str(post->row.sid));
	random_id(id);
	return arena_dup(&post->e->arena, slice_str(id));
}

static void
refuse(struct admission *a, enum answer verdict, struct slice message,
    struct slice data)
{
	a->verdict = verdict;
	a->message = message;
	a->data = data;
}

void
connect_ask(struct post *post, struct view *view, struct slice auth,
    struct admission *a)
{
	struct engine *e = post->e;
	const struct effect *refusal;
	struct app_call call;
	enum rc rc;

	memset(a, 0, sizeof(*a));
	a->verdict = ANSWER_OK;
	view->id = connect_id(post, view);
	call = view_call(post, view, APP_CONNECT);
	call.auth = auth;
	rc = e->app.call(e->app.arg, &call, &a->effects);
	refusal = effects_find(&a->effects, EFFECT_REFUSE);
	if (rc == RC_GONE || rc == RC_NONE)
		refuse(a, ANSWER_REFUSED, SLICE("Invalid namespace"), SLICE_NONE);
	else if (rc != RC_OK)
		refuse(a, ANSWER_FAILED, SLICE("Internal error"), SLICE_NONE);
	else if (refusal != NULL)
		refuse(a, ANSWER_REFUSED, refusal->name, refusal->data);
}

void
connect_enter(struct post *post, struct view *view, const struct admission *a)
{
	const struct traits *traits = &post->x->codec->traits;
	struct engine *e = post->e;
	struct store_op *op;
	char pid[ID_LEN + 1] = "";

	if (a->verdict != ANSWER_OK) {
		connect_refuse(post, view->nsp, a->message, a->data);
		return;
	}
	if (e->conf.recovery_ms != 0 && traits->has_recovery)
		random_id(pid);
	op = turn_add(&e->turn, OP_CONNECT, post->gate);
	op->u.connect.session = post->row.n;
	op->u.connect.opened = post->opened;
	op->u.connect.nsp = view->nsp;
	op->u.connect.id = view->id;
	op->u.connect.pid = arena_dup(&e->arena, slice_str(pid));
	if (post->opened != NULL && !traits->greets_in_poll)
		greet(post, PACKET_CONNECT, view->nsp, SLICE_NONE);
	else
		op->u.connect.answer = connect_answer(post, view->id,
		    op->u.connect.pid);
	op->u.connect.max_namespaces = e->conf.max_namespaces;
	view->socket = &op->u.connect.socket_r;
	view->is_connected = true;
	log_info("session", "connect sid=%s nsp=%.*s socket=%.*s", post->row.sid,
	    SLICE_ARGS(view->nsp), SLICE_ARGS(view->id));
	view_apply(post, view, SLICE_NONE, op, &a->effects);
}

/* Answered once more where the reference does that: not for "/" (D10). */
static void
connect_again(struct post *post, struct view *view)
{
	if (!post->x->codec->traits.ignores_strangers)
		post_close(post, "parse error", '1');
	else if (!slice_is(view->nsp, "/"))
		post_tell(post, RECORD_CONNECT, view->nsp)->data =
		    connect_answer(post, view->id, SLICE_NONE);
}

void
on_connect(struct post *post, const struct packet *packet)
{
	const struct traits *traits = &post->x->codec->traits;
	struct view *view = view_get(post, packet->nsp);
	struct admission admission;

	if (traits->joins_root && !slice_is(view->nsp, "/") &&
	    !view_get(post, SLICE("/"))->is_connected)
		return;                 /* it waits, for ever: "/" was refused or left */
	if (view->is_connected) {
		connect_again(post, view);
		return;
	}
	post->changed = true;
	if (post->row.namespaces + post->n_joined >= post->e->conf.max_namespaces) {
		log_warn("session", "connect refused sid=%s max_namespaces=%" PRId64,
		    post->row.sid, post->e->conf.max_namespaces);
		connect_refuse(post, view->nsp, SLICE("Too many namespaces"), SLICE_NONE);
		return;
	}
	view->n = 0;
	view->data = view->user = SLICE_NONE;
	post->n_joined++;
	if (connect_recover(post, view, packet))
		return;
	connect_ask(post, view, packet->data, &admission);
	connect_enter(post, view, &admission);
}
