/*
 * open.c - the handshake
 *
 * Where the server joins "/" by itself, the application is asked before anything
 * is entered into the turn: a generation that can say no to a handshake then has
 * no session at all.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/random.h"
#include "session/post_private.h"

static unsigned
open_traits(const struct exchange *x)
{
	const struct traits *traits = &x->codec->traits;

	return (traits->client_pings ? SESSION_PINGS_US : 0) |
	    (x->wants_text ? SESSION_TEXT_ONLY : 0) |
	    (traits->quiet_polls ? SESSION_QUIET_POLLS : 0) |
	    (traits->polls_on ? SESSION_POLLS_ON : 0) |
	    (traits->root_is_all ? SESSION_ROOT_IS_ALL : 0);
}

static struct store_op *
open_add(struct engine *e, struct exchange *x, const struct session_row *row)
{
	struct store_op *op = turn_add(&e->turn, OP_OPEN, NULL);

	op->u.open.sid = arena_dup(&e->arena, slice_str(row->sid));
	op->u.open.info = row->info;
	op->u.open.generation = (int)x->codec->generation;
	op->u.open.transport = (int)x->transport;
	op->u.open.ticket = x->ticket;
	op->u.open.traits = open_traits(x);
	op->u.open.max_sessions = e->conf.max_sessions;
	op->u.open.slots = e->conf.slots;
	return op;
}

void
open_collect(struct engine *e, struct exchange *x)
{
	const struct traits *traits = &x->codec->traits;
	struct post post = { .e = e, .x = x };
	struct view view = { .nsp = SLICE("/") };
	struct admission admission;
	struct store_op *op;
	struct step *step;

	random_id(post.row.sid);
	post.row.info = arena_dup(&e->arena, x->info);
	if (traits->joins_root) {
		connect_ask(&post, &view, SLICE_NONE, &admission);
		if (admission.verdict != ANSWER_OK &&
		    (traits->greets_in_poll || traits->refuses_handshake)) {
			exchange_answer(x, admission.verdict);
			return;
		}
	}
	op = open_add(e, x, &post.row);
	step = step_add(e, x, op);
	if (!traits->joins_root)
		return;
	post.gate = op;
	post.opened = &op->u.open.n_r;
	connect_enter(&post, &view, &admission);
	step->greeting = arena_dup(&e->arena, buf_slice(&post.greeting));
	buf_free(&post.greeting);
}

/* What the client may try: WebSocket as long as somebody is there to serve it. */
static struct slice
upgrades_now(struct engine *e, const struct exchange *x)
{
	struct slice without = x->without.p != NULL ? x->without : SLICE("[]");

	if (x->upgrades.n <= 2 || x->transport != TRANSPORT_POLLING)
		return SLICE("[]");
	if (!e->has_sockets_known)
		e->has_sockets = store_has_sockets(e->store);
	e->has_sockets_known = true;
	return e->has_sockets ? x->upgrades : without;
}

void
open_settle(struct engine *e, const struct step *step)
{
	struct exchange *x = step->x;
	struct slice sid = step->op->u.open.sid;
	struct buf json = BUF_INIT;

	if (step->op->rc != RC_OK) {
		log_warn("session", "open refused rc=%s slots=%" PRId64
		    " max_sessions=%" PRId64, rc_name(step->op->rc),
		    e->conf.slots, e->conf.max_sessions);
		exchange_answer(x, ANSWER_FULL);
		return;
	}
	memcpy(x->sid_r, sid.p, sid.n);
	x->session_r = step->op->u.open.n_r;
	x->cursor_r = step->op->u.open.cursor_r;
	buf_printf(&json, "{\"sid\":\"%.*s\",\"upgrades\":%.*s,\"pingInterval\":%" PRId64
	    ",\"pingTimeout\":%" PRId64 ",\"maxPayload\":%" PRId64 "}",
	    SLICE_ARGS(sid), SLICE_ARGS(upgrades_now(e, x)),
	    e->conf.ping_interval_ms, e->conf.ping_timeout_ms, e->conf.max_payload);
	x->codec->frame_write(&x->body_r, FRAME_OPEN, buf_slice(&json));
	buf_free(&json);
	codec_join(x->codec, &x->body_r, step->greeting);
	log_info("session", "open sid=%s n=%" PRIu64 " gen=%s", x->sid_r,
	    step->op->u.open.n_r, x->codec->name);
	exchange_answer(x, ANSWER_PAYLOAD);
}
