/*
 * store_contract_close.c - how sessions and sockets end
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

static void
a_closed_session_is_gone(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_EQ(t_close(s, "transport close", false), RC_OK);
	T_OK(!t_is_open("alice"));
	T_STR(t_poll(s, "1"), "gone");
	T_EQ(t_close(s, "transport close", false), RC_GONE);
	T_EQ(t_stats().sessions, 0);
	T_EQ(t_stats().sockets, 0);
	T_EQ(t_stats().gone, 0);
	T_STR(t_select("/", NULL, NULL, NULL, true), "");
}

static void
a_claimed_poll_is_told_that_its_session_ended(void)
{
	uint64_t s = t_open("alice");
	struct store_op *op;
	int64_t seq = t_last_seq();

	T_STR(t_poll(s, "1"), "parked");
	op = t_op(OP_CLOSE);
	op->u.close.session = s;
	op->u.close.reason = "client namespace disconnect";
	op->u.close.answer = '6';
	T_EQ(t_do(op), RC_OK);
	T_STR(t_tail(seq, 10), "end:6");
	T_STR(t_again(s), "gone");
}

static void
nobody_is_told_when_no_poll_waits(void)
{
	uint64_t s = t_open("alice");

	T_EQ(t_close(s, "transport close", false), RC_OK);
	T_STR(t_tail(0, 10), "");
}

static uint64_t end_of;

static void
find_end(void *arg, const struct record *record)
{
	struct slice rest = record->channels, key;

	(void)arg;
	if (record->kind == RECORD_END && pack_next(&rest, &key))
		end_of = channel_session(key);
}

static void
the_record_of_an_end_names_its_session(void)
{
	uint64_t s = t_open("alice");
	int64_t floor;

	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_close(s, "transport close", false), RC_OK);
	end_of = 0;
	T_EQ(store_tail(scene.store, 0, 10, &scene.arena, find_end, NULL, &floor), RC_OK);
	T_EQ(end_of, s);
}

static void
an_orderly_close_takes_two_polls(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	struct store_op *op = t_op(OP_DISCONNECT);

	op->u.disconnect.socket = &socket;
	op->u.disconnect.reason = "server namespace disconnect";
	op->u.disconnect.engine = true;
	T_EQ(t_do(op), RC_OK);
	T_OK(t_session("alice").closing);
	T_STR(t_poll(s, "1"), "disconnect:/");
	T_OK(t_is_open("alice"));
	T_STR(t_poll(s, "2"), "end");
	T_OK(!t_is_open("alice"));
	T_STR(t_poll(s, "3"), "gone");
}

static void
what_was_said_before_an_orderly_close_arrives(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_emit("/", NULL, "a");
	T_EQ(t_close_orderly(s), RC_OK);
	t_emit("/", NULL, "too late");
	T_OK(slice_starts(slice_str(t_poll(s, "1")), SLICE("a")));
	T_STR(t_poll(s, "2"), "end");
}

static void
a_parked_poll_ends_when_only_the_close_is_next(void)
{
	uint64_t s = t_open("alice");

	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_close_orderly(s), RC_OK);
	T_STR(t_again(s), "end");
	T_OK(!t_is_open("alice"));
}

static void
delivering_the_end_ends_the_session(void)
{
	uint64_t s = t_open("alice");
	struct store_op *op;

	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_close_orderly(s), RC_OK);
	op = t_op(OP_DELIVER);
	op->u.deliver.session = s;
	op->u.deliver.ticket = scene.tickets[s % 64];
	op->u.deliver.upto = t_last_seq();
	op->u.deliver.end = true;
	T_EQ(t_do(op), RC_OK);
	T_OK(!t_is_open("alice"));
}

static void
an_orderly_close_waits_half_a_minute(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_EQ(t_close_orderly(s), RC_OK);
	t_wait(29999);
	t_janitor();
	T_OK(t_is_open("alice"));
	t_wait(2);
	t_janitor();
	T_OK(!t_is_open("alice"));
	T_STR(t_poll(s, "1"), "gone");
}

static void
a_ping_does_not_prolong_an_orderly_close(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_close_orderly(s), RC_OK);
	t_wait(25000);
	T_EQ(t_deliver_ping(s), RC_OK);
	t_wait(5001);
	t_janitor();
	T_OK(!t_is_open("alice"));
}

static void
an_orderly_close_lets_the_sockets_go_at_once(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_EQ(t_close_orderly(s), RC_OK);
	T_STR(t_select("/", NULL, NULL, NULL, false), "");
	T_STR(t_tasks(), "disconnect:server shutting down");
}

/* ---- sockets ------------------------------------------------------------------ */

static void
a_socket_that_was_let_go_is_told_after_what_was_said_to_it(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_emit("/", NULL, "a");
	T_EQ(t_disconnect(socket), RC_OK);
	t_emit("/", NULL, "b");
	T_STR(t_hears(s), "a disconnect:/");
	T_OK(t_is_open("alice"));
	T_EQ(t_session("alice").namespaces, 0);
}

static void
a_client_that_left_by_itself_is_told_nothing(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_EQ(t_disconnect_silent(socket), RC_OK);
	t_emit("/", NULL, "b");
	T_STR(t_hears(s), "");
	T_STR(t_tasks(), "disconnect:client namespace disconnect");
}

static void
what_names_nobody_is_refused(void)
{
	uint64_t nobody = 4711;
	struct store_op *op;

	T_EQ(t_disconnect(nobody), RC_GONE);
	T_EQ(t_close(nobody, "transport close", false), RC_GONE);
	T_EQ(t_release(nobody), RC_GONE);
	op = t_op(OP_SOCKET_SET);
	op->u.socket_set.socket = &nobody;
	op->u.socket_set.user = SLICE("u1");
	T_EQ(t_do(op), RC_GONE);
	T_EQ(t_answer(nobody, 1, "[]"), RC_NONE);
	T_EQ(t_do(t_op_connect(nobody, "/", "a")), RC_GONE);
	T_EQ(t_last_seq(), 0);
}

static void
a_socket_goes_only_once(void)
{
	uint64_t socket;

	t_join_in("alice", &socket);
	T_EQ(t_disconnect(socket), RC_OK);
	T_EQ(t_disconnect(socket), RC_GONE);
	T_STR(t_tasks(), "disconnect:server namespace disconnect");
}

static void
a_session_may_connect_again_after_it_left(void)
{
	uint64_t socket, s = t_join_in("alice", &socket), second;

	T_EQ(t_disconnect_silent(socket), RC_OK);
	second = t_connect(s, "/", "alice2");
	T_OK(second != socket);
	t_emit("/", NULL, "a");
	T_STR(t_hears(s), "connect:/ a");
}

static void
a_disconnect_is_a_task_with_all_that_a_handler_asks_for(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	struct task task;

	t_user(socket, "u1");
	t_data(socket, "{\"nick\":\"al\"}");
	T_EQ(t_close(s, "transport close", true), RC_OK);
	task = t_task("transport close");
	T_EQ(task.kind, TASK_DISCONNECT);
	T_EQ(task.socket, socket);
	T_EQ(task.attempts, 0);
	T_SLICE(task.nsp, "/");
	T_SLICE(task.socket_id, "alice");
	T_SLICE(task.user, "u1");
	T_SLICE(task.data, "{\"nick\":\"al\"}");
	T_SLICE(task.context, "{\"nick\":\"al\"}");
	T_SLICE(task.info, "{\"headers\":{}}");
}

static bool
only_users_concern(void *arg, struct slice nsp, struct slice user)
{
	(void)arg;
	return slice_is(nsp, "/") && user.n > 0;
}

static void
an_end_that_concerns_nobody_leaves_no_task(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	store_byes(scene.store, only_users_concern, NULL);
	t_connect(s, "/b", "ab");
	T_EQ(t_close(s, "transport close", true), RC_OK);
	T_EQ(t_stats().tasks, 0);
	t_join_in("bob", &socket);
	T_EQ(t_disconnect_silent(socket), RC_OK);
	T_EQ(t_stats().tasks, 0);
	s = t_join_in("carol", &socket);
	t_user(socket, "u1");
	T_EQ(t_close(s, "transport close", true), RC_OK);
	T_STR(t_tasks(), "disconnect:transport close");
	store_byes(scene.store, NULL, NULL);
}

static void
each_socket_of_a_session_has_its_own_disconnect(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_connect(s, "/b", "ab");
	T_EQ(t_close(s, "ping timeout", false), RC_OK);
	T_EQ(t_stats().tasks, 2);
	T_STR(t_tasks(), "disconnect:ping timeout");    /* one after the other */
	T_EQ(t_task_done(t_task("ping timeout").n), RC_OK);
	T_STR(t_tasks(), "disconnect:ping timeout");
}

/* ---- dead sessions -------------------------------------------------------------- */

static void
a_session_that_never_polls_ends(void)
{
	uint64_t socket;

	t_join_in("alice", &socket);
	t_wait(44999);
	t_janitor();
	T_OK(t_is_open("alice"));
	t_wait(2);
	t_janitor();
	T_OK(!t_is_open("alice"));
	T_STR(t_tasks(), "disconnect:ping timeout");
}

static void
a_session_whose_pong_is_missing_ends(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_wait(25000);
	T_STR(t_poll(s, "1"), "ping");
	T_STR(t_poll(s, "2"), "parked");
	t_wait(19999);
	t_janitor();
	T_OK(t_is_open("alice"));
	t_wait(2);
	t_janitor();
	T_OK(!t_is_open("alice"));
	T_OK(strstr(t_tail(0, 10), "end:1") != NULL);
}

static void
a_session_that_answers_its_pings_lives(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int i;

	for (i = 0; i < 10; i++) {
		t_wait(25000);
		T_STR(t_poll(s, t_text("%d", i)), "ping");
		t_wait(1000);
		T_EQ(t_post("alice", t_text("p%d", i), true), RC_OK);
		t_janitor();
	}
	T_OK(t_is_open("alice"));
}

static void
a_session_without_a_namespace_ends(void)
{
	uint64_t s;

	scene.conf.connect_timeout_ms = 10000;
	t_reopen();
	s = t_open("alice");
	T_STR(t_poll(s, "1"), "parked");
	t_wait(9999);
	t_janitor();
	T_OK(t_is_open("alice"));
	t_wait(2);
	t_janitor();
	T_OK(!t_is_open("alice"));
}

static void
a_session_that_left_its_last_namespace_lives(void)
{
	uint64_t socket, s;

	scene.conf.connect_timeout_ms = 10000;
	t_reopen();
	s = t_join_in("alice", &socket);
	T_EQ(t_disconnect_silent(socket), RC_OK);
	T_STR(t_poll(s, "1"), "parked");
	t_wait(10001);
	t_janitor();
	T_OK(t_is_open("alice"));
}

static void
the_janitor_goes_in_small_steps(void)
{
	struct store_op *op;
	int i;

	for (i = 0; i < 5; i++)
		t_open(t_text("s%d", i));
	t_wait(60000);
	op = t_op(OP_JANITOR);
	op->u.janitor.limit = 2;
	T_EQ(t_do(op), RC_AGAIN);
	T_OK(t_stats().sessions >= 3);
	t_janitor();
	T_EQ(t_stats().sessions, 0);
}

void
contract_close(void)
{
	CASE(a_closed_session_is_gone);
	CASE(a_claimed_poll_is_told_that_its_session_ended);
	CASE(nobody_is_told_when_no_poll_waits);
	CASE(the_record_of_an_end_names_its_session);
	CASE(an_orderly_close_takes_two_polls);
	CASE(what_was_said_before_an_orderly_close_arrives);
	CASE(a_parked_poll_ends_when_only_the_close_is_next);
	CASE(delivering_the_end_ends_the_session);
	CASE(an_orderly_close_waits_half_a_minute);
	CASE(a_ping_does_not_prolong_an_orderly_close);
	CASE(an_orderly_close_lets_the_sockets_go_at_once);
	CASE(a_socket_that_was_let_go_is_told_after_what_was_said_to_it);
	CASE(a_client_that_left_by_itself_is_told_nothing);
	CASE(what_names_nobody_is_refused);
	CASE(a_socket_goes_only_once);
	CASE(a_session_may_connect_again_after_it_left);
	CASE(a_disconnect_is_a_task_with_all_that_a_handler_asks_for);
	CASE(an_end_that_concerns_nobody_leaves_no_task);
	CASE(each_socket_of_a_session_has_its_own_disconnect);
	CASE(a_session_that_never_polls_ends);
	CASE(a_session_whose_pong_is_missing_ends);
	CASE(a_session_that_answers_its_pings_lives);
	CASE(a_session_without_a_namespace_ends);
	CASE(a_session_that_left_its_last_namespace_lives);
	CASE(the_janitor_goes_in_small_steps);
}
