/*
 * presence.c - who came and who left, and what waited for them
 *
 * Whatever may have changed who is in a room (a join, a leave, a user bound, a
 * socket gone or back) asks the store to compare what is with what was told; how
 * often it is asked does not matter.  Who left has a grace: a timer of this house,
 * whose name begins with a byte that no application can use, asks once more.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "session/engine_private.h"

/* What is said to one socket at once of all that waited for its user. */
enum { MAIL_AT_ONCE = 100 };

#define OWN_TIMER      "\1"
#define PRESENCE_TIMER OWN_TIMER "presence"
#define MAIL_TIMER     OWN_TIMER "mail"

bool
room_rule_of(struct engine *e, struct slice nsp, struct slice room,
    struct room_rule *rule_r)
{
	memset(rule_r, 0, sizeof(*rule_r));
	return e->app.room != NULL && e->app.room(e->app.arg, nsp, room, rule_r);
}

/* {"room":"lobby","user":"anna", without its end. */
static void
add_names(struct buf *out, struct slice room, struct slice user)
{
	buf_str(out, "{\"room\":");
	if (room.n == 0)
		buf_str(out, "null");
	else
		json_quote(out, room);
	buf_str(out, ",\"user\":");
	json_quote(out, user);
}

/* ["presence",{"room":"lobby","user":"anna","here":true}] */
static struct slice
telling(struct engine *e, const struct room_rule *rule, struct slice room,
    struct slice user, bool is_here)
{
	struct buf out = BUF_INIT;
	struct slice data;

	if (rule->event.p == NULL)
		return SLICE_NONE;
	buf_char(&out, '[');
	json_quote(&out, rule->event);
	buf_char(&out, ',');
	add_names(&out, room, user);
	buf_str(&out, is_here ? ",\"here\":true}]" : ",\"here\":false}]");
	data = arena_dup(&e->arena, buf_slice(&out));
	buf_free(&out);
	return data;
}

/* Its name is the timer's kind and its context: each user has one for each room. */
static void
push_timer(struct engine *e, const struct store_op *op, int64_t after_ms,
    struct store_op *gate)
{
	struct store_op *timer = turn_add(&e->turn, OP_TIMER, gate);
	struct buf out = BUF_INIT;

	buf_str(&out, PRESENCE_TIMER);
	add_names(&out, op->u.presence.room, op->u.presence.user);
	buf_char(&out, '}');
	timer->u.timer.nsp = op->u.presence.nsp;
	timer->u.timer.name = arena_dup(&e->arena, buf_slice(&out));
	timer->u.timer.context = slice_skip(timer->u.timer.name,
	    sizeof(PRESENCE_TIMER) - 1);
	timer->u.timer.after_ms = after_ms;
	buf_free(&out);
}

static void
look(struct engine *e, struct slice nsp, struct slice room, struct slice user,
    struct store_op *gate, bool is_final)
{
	struct room_rule rule;
	struct store_op *op;

	if (user.n == 0 || !room_rule_of(e, nsp, room, &rule) || !rule.has_presence)
		return;
	op = turn_add(&e->turn, OP_PRESENCE, gate);
	op->u.presence.nsp = arena_dup(&e->arena, nsp);
	op->u.presence.room = room.n == 0 ? SLICE("") : arena_dup(&e->arena, room);
	op->u.presence.user = arena_dup(&e->arena, user);
	op->u.presence.here = telling(e, &rule, room, user, true);
	op->u.presence.away = telling(e, &rule, room, user, false);
	op->u.presence.seen_ms = rule.seen_ms;
	op->u.presence.is_final = is_final;
	push_timer(e, op, rule.grace_ms, op);
}

void
presence_look(struct engine *e, struct slice nsp, struct slice room, struct slice user,
    struct store_op *gate)
{
	look(e, nsp, room, user, gate, false);
}

void
presence_look_all(struct engine *e, struct slice nsp, struct slice packed,
    struct slice user, struct store_op *gate)
{
	struct slice room;

	if (user.n == 0 || e->app.room == NULL)
		return;
	while (pack_next(&packed, &room))
		presence_look(e, nsp, room, user, gate);
	presence_look(e, nsp, SLICE(""), user, gate);
}

void
presence_look_socket(struct engine *e, struct slice nsp, uint64_t socket,
    struct slice user, struct store_op *gate)
{
	struct buf rooms = BUF_INIT;

	if (user.n == 0 || e->app.room == NULL)
		return;
	if (socket != 0)
		store_rooms_of(e->store, socket, &rooms);
	presence_look_all(e, nsp, buf_slice(&rooms), user, gate);
	buf_free(&rooms);
}

void
mail_take(struct engine *e, struct slice nsp, const uint64_t *socket, int64_t replayed,
    struct store_op *gate)
{
	struct store_op *op = turn_add(&e->turn, OP_MAIL, gate), *timer;

	op->u.mail.socket = socket;
	op->u.mail.limit = MAIL_AT_ONCE;
	op->u.mail.replayed = replayed;
	timer = turn_add(&e->turn, OP_TIMER, op);       /* there is more */
	timer->u.timer.nsp = arena_dup(&e->arena, nsp);
	timer->u.timer.name = SLICE(MAIL_TIMER);
	timer->u.timer.socket = socket;
}

/* ---- timers of this house ------------------------------------------------------- */

bool
timer_name_is_ours(struct slice name)
{
	return slice_starts(name, SLICE(OWN_TIMER));
}

bool
timer_is_ours(const struct task *task)
{
	return task->kind == TASK_TIMER && timer_name_is_ours(task->name);
}

void
timer_run_ours(struct engine *e, const struct task *task, const struct author *author)
{
	if (slice_starts(task->name, SLICE(PRESENCE_TIMER)))
		look(e, author->nsp, json_text(&e->arena, json_member(task->context, "room")),
		    json_text(&e->arena, json_member(task->context, "user")), author->gate, true);
	else if (slice_is(task->name, MAIL_TIMER) && author->socket != NULL)
		mail_take(e, author->nsp, author->socket, 0, author->gate);
}
