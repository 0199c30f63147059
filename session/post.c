/*
 * post.c - what a client sends: frames, packets, calls, operations
 *
 * A POST becomes one gate (OP_RECEIVE) and everything that it causes behind it.
 * The application is asked outside of any transaction, on what the store said a
 * moment ago; the gate carries the version of that moment, and when it is stale
 * the POST is decided again.
 *
 * Must stay true:
 *   - nothing of a POST happens when its gate falls
 *   - a packet sees what the packets before it in the same POST have changed
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "base/utf8.h"
#include "session/post_private.h"

void
post_close(struct post *post, const char *reason, char answer)
{
	if (post->closing != NULL)
		return;
	post->closing = reason;
	post->answer = answer;
}

void
post_garbled(struct post *post)
{
	store_tally(post->e->store, TALLY_PARSE);
	post_close(post, "parse error", '1');
}

struct view *
view_get(struct post *post, struct slice nsp)
{
	struct arena *arena = &post->e->arena;
	struct socket_row row;
	struct view *view;

	for (view = post->views; view != NULL; view = view->next)
		if (slice_eq(view->nsp, nsp))
			return view;
	view = arena_alloc(arena, sizeof(*view));
	view->nsp = arena_dup(arena, nsp);
	view->next = post->views;
	post->views = view;
	if (store_socket(post->e->store, post->row.n, nsp, arena, &row) == RC_OK) {
		view->is_connected = true;
		view->n = row.n;
		view->socket = &view->n;
		view->id = arena_dup(arena, slice_str(row.id));
		view->data = row.data;
		view->user = row.user;
	}
	return view;
}

struct app_call
view_call(struct post *post, struct view *view, enum app_call_kind kind)
{
	return (struct app_call){
		.kind = kind,
		.store = post->e->store,
		.arena = &post->e->arena,
		.nsp = view->nsp,
		.socket = view->n,
		.id = view->id,
		.data = view->data,
		.user = view->user,
		.info = post->row.info,
	};
}

void
view_apply(struct post *post, struct view *view, struct slice ack_id,
    struct store_op *gate, const struct effects *effects)
{
	struct author author = {
		.nsp = view->nsp,
		.id = view->id,
		.socket = view->socket,
		.session = post->row.n,
		.ack_id = ack_id,
		.gate = gate,
		.data = view->data,
		.user = view->user,
	};

	if (effects_answer(post->e, effects, &author, post->x->live))
		return;
	effects_apply(post->e, effects, &author);
	view->data = author.data;
	view->user = author.user;
	post->changed |= author.changes_self;
}

/* ---- the other packets ----------------------------------------------------------- */

/* ["name",arg,...] into name and [arg,...]. */
static void
event_split(struct post *post, struct slice data, struct slice *name_r,
    struct slice *args_r)
{
	struct arena *arena = &post->e->arena;
	struct slice rest = data, first, arg;
	char *args = arena_alloc(arena, data.n + 3);    /* it is never longer */
	size_t n = 0;

	json_open(&rest);
	if (!json_next(&rest, &first))
		first = SLICE("\"\"");
	*name_r = json_text(arena, first);
	if (name_r->p == NULL)
		*name_r = arena_dup(arena, first);      /* a number is a name, too */
	args[n++] = '[';
	while (json_next(&rest, &arg)) {
		if (n > 1)
			args[n++] = ',';
		memcpy(args + n, arg.p, arg.n);
		n += arg.n;
	}
	args[n++] = ']';
	*args_r = slice_of(args, n);
}

/* What a library of old says by itself, before its application hears anything. */
static void
ack_now(struct post *post, const struct packet *packet)
{
	struct record *record = post_tell(post, RECORD_ACK, packet->nsp);

	record->id_text = packet->id;
	record->data = SLICE("[]");
}

/* The application answers later (EVENT), or the client's CONNECT is not answered yet
 * (SAID): it waits in its client's lane. */
static void
event_defer(struct post *post, struct view *view, const struct packet *packet,
    const struct app_call *call, enum task_kind kind)
{
	struct arena *arena = &post->e->arena;
	struct store_op *op = turn_add(&post->e->turn, OP_TASK_ADD, post->gate);

	op->u.task_add.kind = kind;
	op->u.task_add.session = post->row.n;
	op->u.task_add.socket = kind == TASK_SAID ? NULL : view->socket;
	op->u.task_add.nsp = view->nsp;
	op->u.task_add.name = call->name;
	op->u.task_add.context = call->args;
	op->u.task_add.attachments = packet->attachments;
	op->u.task_add.ack = call->wants_ack ? packet->id : SLICE_NONE;
	op->u.task_add.says = arena_dup(arena, post->x->says);
	post->inbox_n++;
	post->inbox_bytes += (int64_t)(call->name.n + call->args.n +
	    packet->attachments.n + post->x->says.n);
}

static struct app_call
event_call(struct post *post, struct view *view, const struct packet *packet)
{
	struct app_call call = view_call(post, view, APP_EVENT);

	event_split(post, packet->data, &call.name, &call.args);
	call.attachments = packet->attachments;
	call.wants_ack = packet->id.p != NULL && !packet->ack_now;
	if (packet->ack_now)
		ack_now(post, packet);
	return call;
}

static void
on_event(struct post *post, struct view *view, const struct packet *packet)
{
	struct engine *e = post->e;
	struct effects effects = { NULL, NULL, 0 };
	struct app_call call = event_call(post, view, packet);
	enum rc rc;

	rc = e->app.call(e->app.arg, &call, &effects);
	if (rc == RC_OK)
		view_apply(post, view, call.wants_ack ? packet->id : SLICE_NONE,
		    post->gate, &effects);
	else if (rc == RC_AGAIN)
		event_defer(post, view, packet, &call, TASK_EVENT);
	else
		log_debug("session", "event unheard sid=%s nsp=%.*s rc=%s",
		    post->row.sid, SLICE_ARGS(view->nsp), rc_name(rc));
}

static void
on_ack(struct post *post, struct view *view, const struct packet *packet)
{
	struct store_op *op;
	int64_t question;

	if (!slice_int64(packet->id, &question))
		return;
	op = turn_add(&post->e->turn, OP_ANSWER, post->gate);
	op->u.answer.socket = view->socket;
	op->u.answer.question = question;
	op->u.answer.data = packet->data;
	op->u.answer.attachments = packet->attachments;
}

static void
on_disconnect(struct post *post, struct view *view)
{
	struct store_op *op = turn_add(&post->e->turn, OP_DISCONNECT, post->gate);

	op->u.disconnect.socket = view->socket;
	op->u.disconnect.reason = "client namespace disconnect";
	op->u.disconnect.silent = true;
	view->is_connected = false;
	post->changed = true;
}

/* Of a namespace that it has not joined. */
static void
on_stranger(struct post *post, struct view *view, const struct packet *packet)
{
	struct app_call call;

	if (!post->x->codec->traits.ignores_strangers) {
		post_garbled(post);
	} else if (post->x->codec->traits.speaks_early && packet->type == PACKET_EVENT &&
	    view_is_asking(post, view)) {
		call = event_call(post, view, packet);
		event_defer(post, view, packet, &call, TASK_SAID);
	}
}

static void
on_packet(struct post *post, const struct packet *packet)
{
	struct view *view;

	if (packet->type == PACKET_CONNECT) {
		on_connect(post, packet);
		return;
	}
	view = view_get(post, packet->nsp);
	if (!view->is_connected) {
		on_stranger(post, view, packet);
		return;
	}
	switch (packet->type) {
	case PACKET_EVENT:
		on_event(post, view, packet);
		break;
	case PACKET_ACK:
		on_ack(post, view, packet);
		break;
	case PACKET_DISCONNECT:
		on_disconnect(post, view);
		break;
	default:
		post_garbled(post);
		break;
	}
}

/* ---- frames -------------------------------------------------------------------------- */

static void
on_message(struct post *post, const struct frame *frame)
{
	struct packet packet;

	switch (post->x->codec->packet_next(&post->assembler, frame, &post->e->conf.wire,
	    &post->e->arena, &packet)) {
	case RC_OK:
		on_packet(post, &packet);
		break;
	case RC_AGAIN:
		break;
	default:
		post_garbled(post);
		break;
	}
}

static void
on_ping(struct post *post)
{
	struct live *live = post->x->live;

	if (!post->x->codec->traits.client_pings)
		post_close(post, "transport error", '1');
	else if (post->x->transport == TRANSPORT_POLLING)
		post->pinged = true;
	else if (live != NULL) {
		live_heard(live);
		live->owes_pong = true;
		live_mark(live);
	}
}

static void
on_pong(struct post *post)
{
	if (post->x->codec->traits.client_pings)
		return;
	if (post->x->transport == TRANSPORT_POLLING)
		post->pong = true;
	else if (post->x->live != NULL)
		live_heard(post->x->live);
}

/* The reference ignores it on a WebSocket, which has an end of its own (C11). */
static void
on_close(struct post *post)
{
	if (post->x->transport == TRANSPORT_POLLING || post->x->codec->traits.plain_close)
		post_close(post, "transport close", '6');
}

static void
on_frame(struct post *post, const struct frame *frame)
{
	switch (frame->type) {
	case FRAME_MESSAGE:
		on_message(post, frame);
		break;
	case FRAME_PONG:
		on_pong(post);
		break;
	case FRAME_CLOSE:
		on_close(post);
		break;
	case FRAME_PING:
		on_ping(post);
		break;
	case FRAME_OPEN:
	case FRAME_UPGRADE:
	case FRAME_NOOP:
		break;                  /* ignored by the reference as well */
	}
}

/* A copy: the door may forget the request while the turn waits. */
static struct slice
body_copy(const struct post *post)
{
	const struct exchange *x = post->x;
	struct buf mended = BUF_INIT;
	struct slice copy;

	if (x->is_octets || x->transport != TRANSPORT_POLLING ||
	    !x->codec->traits.mends_text || utf8_valid(x->body))
		return arena_dup(&post->e->arena, x->body);
	utf8_mend(&mended, x->body);
	copy = arena_dup(&post->e->arena, buf_slice(&mended));
	buf_free(&mended);
	return copy;
}

/* False: enough. */
static bool
frame_take(void *arg, const struct frame *frame)
{
	struct post *post = arg;

	if (++post->n_frames > post->e->conf.wire.max_packets) {
		log_warn("session", "too many packets sid=%s max_packets=%u",
		    post->row.sid, post->e->conf.wire.max_packets);
		store_tally(post->e->store, TALLY_PACKETS);
		post_close(post, "parse error", '1');
	} else {
		on_frame(post, frame);
	}
	return post->closing == NULL;
}

static enum rc
payload_read(struct post *post)
{
	struct slice rest = body_copy(post);
	const struct codec *codec = post->x->is_octets ? post->x->codec->octets :
	    post->x->codec;
	struct frame frame;
	enum rc rc;

	while ((rc = codec->frame_next(&rest, &post->e->arena, &frame)) == RC_OK &&
	    frame_take(post, &frame))
		continue;
	return rc;
}

static void
read_frames(struct post *post)
{
	enum rc rc = post->x->transport == TRANSPORT_POLLING ? payload_read(post) :
	    live_frames(post->e, post->x, frame_take, post);

	if (post->closing == NULL && rc != RC_NONE)
		post_garbled(post);
}

static void
save_partial(struct post *post)
{
	struct buf state = BUF_INIT;

	assembler_save(&post->assembler, &state);
	if (state.n != 0)
		post->gate->u.receive.partial = arena_dup(&post->e->arena,
		    buf_slice(&state));
	if (state.n != 0 || post->row.partial.n != 0)
		post->changed = true;
	buf_free(&state);
}

static void
push_close(struct post *post)
{
	struct store_op *op = turn_add(&post->e->turn, OP_CLOSE, post->gate);

	op->u.close.session = post->row.n;
	op->u.close.reason = post->closing;
	op->u.close.answer = post->answer;
	op->u.close.keep = true;
	log_info("session", "close sid=%s reason=\"%s\"", post->row.sid, post->closing);
}

/* Octets from a generation that has none. */
static bool
is_form_unknown(const struct exchange *x)
{
	return x->is_octets && x->codec->octets == NULL;
}

/* Nothing stands behind it and nothing of it would stay: the store need not be
 * asked whether it may be. */
static void
gate_drop(struct engine *e, struct store_op *gate, struct store_op *before)
{
	gate->rc = RC_OK;
	e->turn.last = before;
	if (before == NULL)
		e->turn.first = NULL;
	else
		before->next = NULL;
	e->turn.n--;
}

static void
post_decide(struct engine *e, struct exchange *x, const struct session_row *row)
{
	struct post post = { .e = e, .x = x, .row = *row };
	struct store_op *before = e->turn.last;
	struct step *step;

	post.gate = turn_add(&e->turn, OP_RECEIVE, NULL);
	post.gate->u.receive.session = row->n;
	post.gate->u.receive.version = row->version;
	post.gate->u.receive.t = arena_dup(&e->arena, x->t);
	if (x->transport == TRANSPORT_POLLING && x->t.n != 0)
		post.gate->u.receive.hash = siphash(store_key(e->store), x->body);
	step = step_add(e, x, post.gate);
	step->session = row->n;
	if (x->leaves) {
		post_close(&post, "transport close", '6');
	} else if (is_form_unknown(x) ||
	    assembler_load(&post.assembler, row->partial) != RC_OK) {
		post_garbled(&post);
	} else {
		read_frames(&post);
		save_partial(&post);
	}
	if (post.closing != NULL)
		push_close(&post);
	else if (post.pinged || (post.pong && x->is_stream))
		post_tell(&post, RECORD_PONG, SLICE(""));    /* one for all of a payload */
	post.gate->u.receive.pong = step->pong = post.pong;
	post.gate->u.receive.changed = post.changed;
	post.gate->u.receive.inbox_n = post.inbox_n;
	post.gate->u.receive.inbox_bytes = post.inbox_bytes;
	post.gate->u.receive.max_inbox = e->conf.max_inbox;
	post.gate->u.receive.max_inbox_bytes = e->conf.max_inbox_bytes;
	post.gate->u.receive.max_tasks = e->conf.max_tasks;
	if (x->live != NULL && e->turn.last != post.gate)       /* as effects_answer() */
		x->live->said_until = e->n_rounds + 1;
	if (x->transport != TRANSPORT_POLLING && e->turn.last == post.gate &&
	    !post.changed)
		gate_drop(e, post.gate, before);
}

void
post_collect(struct engine *e, struct exchange *x)
{
	struct session_row row;

	if (!exchange_session(e, x, &row))
		return;
	if (row.transport != (int)x->transport)
		exchange_answer(x, ANSWER_BAD_REQUEST);
	else if (row.closing)
		exchange_answer(x, ANSWER_OK);  /* taken and ignored (edge case C2) */
	else
		post_decide(e, x, &row);
}

void
post_settle(struct engine *e, const struct step *step)
{
	struct exchange *x = step->x;

	switch (step->op->rc) {
	case RC_OK:
		if (step->pong)
			poll_pong(e, step->session);
		exchange_answer(x, is_form_unknown(x) ? ANSWER_OVERLAP : ANSWER_OK);
		break;
	case RC_NONE:
		exchange_answer(x, ANSWER_OK);
		break;
	case RC_CLASH:
		exchange_again(e, x);
		break;
	case RC_TOO_BIG:
		exchange_hold(e, x, step->op->u.receive.is_full_r);
		break;
	case RC_GONE:
		exchange_answer(x, ANSWER_UNKNOWN_SID);
		break;
	default:
		e->reason = "store";
		exchange_answer(x, ANSWER_BUSY);
		break;
	}
}
