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

/* A record to a session itself. */
static struct store_op *
tell(struct engine *e, struct store_op *gate, uint64_t session,
    enum record_kind kind, struct slice nsp)
{
	struct store_op *op = turn_add(&e->turn, OP_APPEND, gate);
	struct record *record = &op->u.append.record;

	record->kind = kind;
	record->id = -1;
	record->nsp = nsp;
	record->channels = channels_of_session(&e->arena, session);
	return op;
}

struct record *
post_tell(struct post *post, enum record_kind kind, struct slice nsp)
{
	return &tell(post->e, post->gate, post->row.n, kind, nsp)->u.append.record;
}

/* A handshake's answer carries what has no session yet to be told to. */
static void
greet(struct post *post, enum packet_type type, struct slice nsp, struct slice data)
{
	struct packet packet = { .type = type, .nsp = nsp, .data = data };

	post->x->codec->packet_write(&post->greeting, &packet, SLICE_NONE);
}

static struct slice
refusal_json(struct engine *e, struct slice message, struct slice data)
{
	struct buf json = BUF_INIT;
	struct slice text;

	buf_str(&json, "{\"message\":");
	json_quote(&json, message);
	if (data.p != NULL) {
		buf_str(&json, ",\"data\":");
		buf_add(&json, data);
	}
	buf_char(&json, '}');
	text = arena_dup(&e->arena, buf_slice(&json));
	buf_free(&json);
	return text;
}

static void
connect_refuse(struct post *post, struct slice nsp, struct slice message,
    struct slice data)
{
	struct slice json = refusal_json(post->e, message, data);

	if (post->opened != NULL)
		greet(post, PACKET_CONNECT_ERROR, nsp, json);
	else
		post_tell(post, RECORD_CONNECT_ERROR, nsp)->data = json;
}

static struct slice
connect_answer(struct engine *e, struct slice id, struct slice pid)
{
	if (pid.n == 0)
		return arena_printf(&e->arena, "{\"sid\":\"%.*s\"}", SLICE_ARGS(id));
	return arena_printf(&e->arena, "{\"sid\":\"%.*s\",\"pid\":\"%.*s\"}",
	    SLICE_ARGS(id), SLICE_ARGS(pid));
}

/* Up to where a client that comes back has everything; 0: it has received nothing
 * that bears an offset, and shows none.  False: what it shows is not ours. */
static bool
connect_offset(struct post *post, struct slice auth, int64_t *seq_r)
{
	struct slice value = json_member(auth, "offset"), offset;

	*seq_r = 0;
	if (value.p == NULL)
		return true;
	offset = json_text(&post->e->arena, value);
	return offset.p != NULL && (*seq_r = offset_read(post->e, offset)) != 0;
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
	    packet->data.p == NULL)
		return false;
	pid = json_text(&e->arena, json_member(packet->data, "pid"));
	if (pid.p == NULL || !connect_offset(post, packet->data, &seq))
		return false;
	if (store_recoverable(e->store, view->nsp, pid, seq, e->conf.max_replay,
	    &e->arena, &row) != RC_OK)
		return false;
	view->id = arena_dup(&e->arena, slice_str(row.id));
	op = turn_add(&e->turn, OP_RECOVER, post->gate);
	op->u.recover.session = post->row.n;
	op->u.recover.nsp = view->nsp;
	op->u.recover.pid = pid;
	op->u.recover.answer = connect_answer(post->e, view->id, pid);
	op->u.recover.auth = arena_dup(&e->arena, packet->data);
	op->u.recover.says = arena_dup(&e->arena, post->x->says);
	op->u.recover.offset = seq;
	op->u.recover.max_replay = e->conf.max_replay;
	view->socket = &op->u.recover.socket_r;
	view->n = row.n;
	view->data = row.data;
	view->user = row.user;
	view->is_connected = true;
	presence_look_socket(e, view->nsp, view->n, view->user, op);
	if (view->user.n > 0)
		mail_take(e, view->nsp, view->socket, seq > 0 ? seq : 1, op);
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

static void
connect_judge(struct admission *a, enum rc rc)
{
	const struct effect *refusal = effects_find(&a->effects, EFFECT_REFUSE);

	a->verdict = ANSWER_OK;
	if (rc == RC_AGAIN)
		a->is_later = true;
	else if (rc == RC_GONE || rc == RC_NONE)
		refuse(a, ANSWER_REFUSED, SLICE("Invalid namespace"), SLICE_NONE);
	else if (rc == RC_IO)
		refuse(a, ANSWER_FAILED, SLICE("backend"), SLICE_NONE);
	else if (rc != RC_OK)
		refuse(a, ANSWER_FAILED, SLICE("Internal error"), SLICE_NONE);
	else if (refusal != NULL)
		refuse(a, ANSWER_REFUSED, refusal->name, refusal->data);
}

void
connect_ask(struct post *post, struct view *view, struct slice auth,
    struct admission *a)
{
	struct engine *e = post->e;
	struct app_call call;
	enum rc rc;

	memset(a, 0, sizeof(*a));
	view->id = connect_id(post, view);
	call = view_call(post, view, APP_CONNECT);
	call.auth = auth;
	rc = e->app.call(e->app.arg, &call, &a->effects);
	a->auth = auth;
	connect_judge(a, rc);
}

/* It is answered as a task, in its turn. */
static void
connect_defer(struct post *post, struct view *view, struct slice auth)
{
	const struct traits *traits = &post->x->codec->traits;
	struct store_op *op = turn_add(&post->e->turn, OP_TASK_ADD, post->gate);
	char pid[ID_LEN + 1] = "";

	if (post->e->conf.recovery_ms != 0 && traits->has_recovery)
		random_id(pid);
	op->u.task_add.kind = TASK_CONNECT;
	op->u.task_add.session = post->row.n;
	op->u.task_add.opened = post->opened;
	op->u.task_add.nsp = view->nsp;
	op->u.task_add.context = auth;
	op->u.task_add.socket_id = view->id;
	op->u.task_add.pid = arena_dup(&post->e->arena, slice_str(pid));
	op->u.task_add.info = post->row.info;
	op->u.task_add.says = arena_dup(&post->e->arena, post->x->says);
	op->u.task_add.generation = (int)post->x->codec->generation;
	op->u.task_add.transport = (int)post->x->transport;
	post->inbox_n++;
	post->inbox_bytes += (int64_t)(auth.n + post->x->says.n);
	view->is_asking = true;
}

void
connect_enter(struct post *post, struct view *view, const struct admission *a)
{
	const struct traits *traits = &post->x->codec->traits;
	struct engine *e = post->e;
	struct store_op *op;
	char pid[ID_LEN + 1] = "";

	if (a->is_later) {
		connect_defer(post, view, a->auth);
		return;
	}
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
		op->u.connect.answer = connect_answer(post->e, view->id,
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
		post_garbled(post);
	else if (!slice_is(view->nsp, "/"))
		post_tell(post, RECORD_CONNECT, view->nsp)->data =
		    connect_answer(post->e, view->id, SLICE_NONE);
}

bool
view_is_asking(struct post *post, struct view *view)
{
	if (!view->is_asking && post->e->app.later != NULL)
		store_is_asking(post->e->store, post->row.n, view->nsp,
		    &view->is_asking);
	return view->is_asking;
}

void
on_connect(struct post *post, const struct packet *packet)
{
	const struct traits *traits = &post->x->codec->traits;
	struct view *view = view_get(post, packet->nsp);
	struct admission admission;

	if (!view->is_connected && view_is_asking(post, view))
		return;                 /* once is enough */
	if (traits->joins_root && !slice_is(view->nsp, "/") &&
	    !view_get(post, SLICE("/"))->is_connected) {
		/* If "/" was refused or left, it waits for ever. */
		if (view_is_asking(post, view_get(post, SLICE("/")))) {
			post->changed = true;
			view->id = connect_id(post, view);
			connect_defer(post, view, packet->data);
		}
		return;
	}
	if (view->is_connected) {
		connect_again(post, view);
		return;
	}
	post->changed = true;
	if (post->row.namespaces + post->n_joined >= post->e->conf.max_namespaces) {
		log_warn("session", "connect refused sid=%s max_namespaces=%" PRId64,
		    post->row.sid, post->e->conf.max_namespaces);
		store_tally(post->e->store, TALLY_NAMESPACES);
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

/* ---- as a task -------------------------------------------------------------------- */

static void
task_refuse(struct engine *e, const struct task *task, struct store_op *gate,
    const struct admission *a)
{
	const struct codec *codec = codec_of((enum generation)task->generation);
	struct store_op *op;

	tell(e, gate, task->session, RECORD_CONNECT_ERROR, task->nsp)->u.append.record.data =
	    refusal_json(e, a->message, a->data);
	if (codec == NULL || !codec->traits.root_is_all || !slice_is(task->nsp, "/"))
		return;
	op = turn_add(&e->turn, OP_CLOSE, gate);
	op->u.close.session = task->session;
	op->u.close.reason = "server namespace disconnect";
	op->u.close.orderly = true;
}

/* The application believes that it is there: it must hear that it is not. */
static void
task_let_go(struct engine *e, const struct task *task, struct store_op *gate,
    const struct store_op *connect)
{
	struct store_op *op = turn_add(&e->turn, OP_TASK_ADD, gate);

	op->unless = connect;
	op->u.task_add.kind = TASK_DISCONNECT;
	op->u.task_add.session = task->session;
	op->u.task_add.nsp = task->nsp;
	op->u.task_add.name = SLICE("transport close");
	op->u.task_add.socket_id = task->socket_id;
	op->u.task_add.info = task->info;
	op->u.task_add.generation = task->generation;
	op->u.task_add.transport = task->transport;
}

/* Other namespaces need "/" where the server joins it unasked. */
static bool
task_may_join(struct engine *e, const struct task *task)
{
	const struct codec *codec = codec_of((enum generation)task->generation);
	struct socket_row row;

	return codec == NULL || !codec->traits.joins_root ||
	    slice_is(task->nsp, "/") || store_socket(e->store, task->session,
	    SLICE("/"), &e->arena, &row) == RC_OK;
}

void
connect_answered(struct engine *e, const struct task *task, struct store_op *gate,
    enum rc rc, const struct effects *effects)
{
	struct author author = task_author(e, task, gate);
	struct admission a = { .effects = *effects };
	struct store_op *op, *error;

	connect_judge(&a, rc);
	if (!task_may_join(e, task))
		return;
	if (a.verdict != ANSWER_OK) {
		task_refuse(e, task, gate, &a);
		return;
	}
	op = turn_add(&e->turn, OP_CONNECT, gate);
	op->u.connect.session = task->session;
	op->u.connect.nsp = author.nsp;
	op->u.connect.id = author.id;
	op->u.connect.pid = arena_dup(&e->arena, task->pid);
	op->u.connect.answer = connect_answer(e, author.id, op->u.connect.pid);
	op->u.connect.max_namespaces = e->conf.max_namespaces;
	log_info("session", "connect n=%" PRIu64 " nsp=%.*s socket=%.*s", task->session,
	    SLICE_ARGS(author.nsp), SLICE_ARGS(author.id));
	author.gate = op;
	author.socket = &op->u.connect.socket_r;
	effects_apply(e, &a.effects, &author);
	task_let_go(e, task, gate, op);
	error = tell(e, gate, task->session, RECORD_CONNECT_ERROR, author.nsp);
	error->unless = op;
	error->u.append.record.data = refusal_json(e, SLICE("Too many namespaces"),
	    SLICE_NONE);
}
