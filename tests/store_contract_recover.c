/*
 * store_contract_recover.c - clients that come back: replay, refusal
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

/* alice in "/", who has heard "known" at *offset_r and lost her connection. */
uint64_t
t_alice_lost(int64_t *offset_r)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	*offset_r = t_emit("/", NULL, "known");
	T_STR(t_hears(s), "known");
	T_EQ(t_close(s, "transport close", true), RC_OK);
	return socket;
}

static void
a_returning_client_finds_all_that_it_missed(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	t_emit("/", NULL, "a");
	t_emit("/", "alice", "b");
	s = t_open("again");
	T_EQ(t_recoverable("/", "p-alice", offset), RC_OK);
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	t_emit("/", NULL, "live");
	T_STR(t_hears(s), "a b connect:/ live");
	T_STR(t_select("/", NULL, NULL, NULL, false), "alice");
}

static void
the_socket_is_the_old_one(void)
{
	struct socket_row row;
	struct store_op *op;
	int64_t offset;
	uint64_t socket = t_alice_lost(&offset), s = t_open("again");

	T_EQ(store_socket_n(scene.store, socket, &scene.arena, &row), RC_OK);
	T_EQ(row.session, 0);
	T_EQ(row.gone_wall, scene.clock.wall);
	op = t_op(OP_RECOVER);
	op->u.recover.session = s;
	op->u.recover.nsp = SLICE("/");
	op->u.recover.pid = SLICE("p-alice");
	op->u.recover.answer = SLICE("{}");
	op->u.recover.offset = offset;
	op->u.recover.max_replay = 10;
	T_EQ(t_do(op), RC_OK);
	T_EQ(op->u.recover.socket_r, socket);
	T_EQ(store_socket(scene.store, s, SLICE("/"), &scene.arena, &row), RC_OK);
	T_EQ(row.n, socket);
	T_STR(row.id, "alice");
	T_STR(row.pid, "p-alice");
	T_SLICE(row.sid, "again");
	T_EQ(t_session("again").namespaces, 1);
}

static void
rooms_data_and_user_come_back(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	struct socket_row row;
	int64_t offset = t_last_seq();

	t_join(socket, "kitchen");
	t_user(socket, "u1");
	t_data(socket, "{\"nick\":\"al\"}");
	T_EQ(t_close(s, "ping timeout", true), RC_OK);
	t_emit("/", "kitchen", "in the kitchen");
	t_emit_user("/", "u1", "to the user");
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	t_emit("/", "kitchen", "live");
	T_STR(t_hears(s), "in the kitchen to the user connect:/ live");
	T_EQ(store_socket_n(scene.store, socket, &scene.arena, &row), RC_OK);
	T_SLICE(row.user, "u1");
	T_SLICE(row.data, "{\"nick\":\"al\"}");
}

static void
what_was_delivered_after_the_offset_is_replayed_too(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t offset = t_emit("/", NULL, "known");

	t_emit("/", NULL, "written, but never read");
	T_STR(t_poll(s, "1"), "known written, but never read");
	T_EQ(t_close(s, "transport close", true), RC_OK);
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_hears(s), "written, but never read connect:/");
}

static void
what_a_poll_proved_received_is_not_replayed(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t offset = t_last_seq();

	t_emit("/", NULL, "a");
	T_STR(t_poll(s, "1"), "a");
	t_emit("/", NULL, "b");
	T_STR(t_poll(s, "2"), "b");     /* so "a" has arrived */
	T_EQ(t_close(s, "transport close", true), RC_OK);
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_hears(s), "b connect:/");
}

static void
who_was_left_out_stays_left_out(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t offset = t_emit("/", NULL, "known");

	t_join(socket, "quiet");
	t_emit_except("/", NULL, "quiet", "not for her");
	t_leave(socket, "quiet");
	T_STR(t_hears(s), "known");
	T_STR(t_hears(s), "");
	T_EQ(t_close(s, "transport close", true), RC_OK);
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_hears(s), "connect:/");
}

static void
a_client_that_heard_nothing_yet_is_recovered_from_its_connect(void)
{
	uint64_t s = t_open("alice");
	struct store_op *op = t_op_connect(s, "/", "a");

	T_EQ(t_do(op), RC_OK);
	t_emit("/", NULL, "missed");
	T_EQ(t_close(s, "transport close", true), RC_OK);
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-a", op->u.connect.seq_r, 100), RC_OK);
	T_STR(t_hears(s), "missed connect:/");
}

static void
a_client_that_shows_no_offset_is_recovered_from_its_connect(void)
{
	uint64_t s = t_open("alice");

	t_emit("/", NULL, "before");
	T_EQ(t_do(t_op_connect(s, "/", "a")), RC_OK);
	t_emit("/", NULL, "missed");
	T_EQ(t_close(s, "transport close", true), RC_OK);
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-a", 0, 100), RC_OK);
	T_STR(t_hears(s), "missed connect:/");
}

static void
the_replay_comes_page_by_page_before_the_live_part(void)
{
	int64_t offset;
	uint64_t s;
	int i;

	t_alice_lost(&offset);
	for (i = 0; i < 5; i++)
		t_emit("/", NULL, t_text("m%d", i));
	s = t_open("again");
	t_emit("/", NULL, "between");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	t_emit("/", NULL, "live");
	T_STR(t_poll_page(s, "1", 2), "m0 m1");
	T_STR(t_poll_page(s, "2", 2), "m2 m3");
	t_emit("/", NULL, "more");
	T_STR(t_hears(s), "m4 between connect:/ live more");
}

static void
a_resend_during_a_replay_is_served_again(void)
{
	int64_t offset;
	uint64_t s;
	int i;

	t_alice_lost(&offset);
	for (i = 0; i < 4; i++)
		t_emit("/", NULL, t_text("m%d", i));
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_poll_page(s, "1", 2), "m0 m1");
	T_STR(t_poll_page(s, "1", 2), "resend: m0 m1");
	T_STR(t_poll_page(s, "2", 2), "m2 m3");
	T_STR(t_poll_page(s, "2", 2), "resend: m2 m3");
	T_STR(t_poll_page(s, "3", 1), "connect:/");
	T_STR(t_poll_page(s, "3", 1), "resend: connect:/");
	t_emit("/", NULL, "live");
	T_STR(t_poll_page(s, "4", 2), "live");
	T_STR(t_poll_page(s, "4", 2), "resend: live");
	T_STR(t_poll_page(s, "5", 2), "parked");
}

static void
a_resend_where_replay_and_live_part_meet_is_served_again(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	t_emit("/", NULL, "m0");
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	t_emit("/", NULL, "live");
	T_STR(t_poll(s, "1"), "m0 connect:/ live");
	T_STR(t_poll(s, "1"), "resend: m0 connect:/ live");
	T_STR(t_poll(s, "2"), "parked");
}

static void
a_parked_poll_hears_of_its_recovery(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	t_emit("/", NULL, "m0");
	s = t_open("again");
	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_again(s), "m0 connect:/");
	T_STR(t_poll(s, "2"), "parked");
}

static void
a_delivery_waits_for_the_replay(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	t_emit("/", NULL, "m0");
	s = t_open("again");
	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_EQ(t_deliver(s, t_last_seq()), RC_AGAIN);
	T_STR(t_again(s), "m0 connect:/");
}

static void
two_namespaces_come_back_at_two_offsets(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t first, second;

	t_connect(s, "/b", "ab");
	first = t_emit("/", NULL, "r1");
	t_emit("/b", NULL, "b1");
	t_emit("/", NULL, "r2");
	second = t_emit("/b", NULL, "b2");
	T_EQ(t_close(s, "transport close", true), RC_OK);
	t_emit("/b", NULL, "b3");
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", first, 100), RC_OK);
	t_emit("/", NULL, "r3");
	T_EQ(t_recover(s, "/b", "p-ab", second, 100), RC_OK);
	t_emit("/", NULL, "r4");
	t_emit("/b", NULL, "b4");
	T_STR(t_hears(s), "r2 connect:/ /b:b3 connect:/b r3 r4 /b:b4");
}

static void
a_replay_beside_a_fresh_namespace_loses_and_repeats_nothing(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	t_emit("/", NULL, "m0");
	s = t_open("again");
	t_connect(s, "/b", "fresh");
	t_emit("/b", NULL, "b0");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	t_emit("/b", NULL, "b1");
	t_emit("/", NULL, "live");
	T_STR(t_hears(s), "m0 connect:/ connect:/b /b:b0 /b:b1 live");
}

static void
volatile_records_are_not_replayed(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	t_emit_volatile("/", NULL, "v");
	t_emit("/", NULL, "a");
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_hears(s), "a connect:/");
}

static void
except_holds_in_a_replay(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	t_emit_except("/", NULL, "alice", "not for her");
	t_emit("/", NULL, "a");
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_hears(s), "a connect:/");
}

static void
a_room_left_while_gone_is_heard_up_to_there(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t offset = t_last_seq();

	t_join(socket, "kitchen");
	T_EQ(t_close(s, "transport close", true), RC_OK);
	t_emit("/", "kitchen", "in");
	t_leave(socket, "kitchen");
	t_emit("/", "kitchen", "out");
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_hears(s), "in connect:/");
}

static void
a_client_may_be_lost_again_during_its_replay(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	t_emit("/", NULL, "m0");
	t_emit("/", NULL, "m1");
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_poll_page(s, "1", 1), "m0");
	T_EQ(t_close(s, "transport close", true), RC_OK);
	t_emit("/", NULL, "m2");
	s = t_open("third");
	T_EQ(t_recover(s, "/", "p-alice", offset + 1, 100), RC_OK);
	T_STR(t_hears(s), "m1 m2 connect:/");
}

/* ---- sessions that still look alive ------------------------------------------ */

static void
a_session_that_still_looks_alive_ends(void)
{
	uint64_t socket, old = t_join_in("alice", &socket), s;
	int64_t offset = t_last_seq();

	T_STR(t_poll(old, "1"), "parked");
	t_emit("/", NULL, "a");
	s = t_open("again");
	T_EQ(t_recoverable("/", "p-alice", offset), RC_OK);
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_OK(!t_is_open("alice"));
	T_STR(t_again(old), "gone");
	T_OK(strstr(t_tail(0, 10), "end:1") != NULL);
	T_STR(t_hears(s), "a connect:/");
	T_STR(t_select("/", NULL, NULL, NULL, true), "alice");
}

static void
the_other_namespaces_of_that_session_may_come_back_too(void)
{
	uint64_t socket, old = t_join_in("alice", &socket), s;
	int64_t offset;

	t_connect(old, "/b", "ab");
	offset = t_last_seq();
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	t_emit("/b", NULL, "missed");
	T_EQ(t_recover(s, "/b", "p-ab", offset, 100), RC_OK);
	T_STR(t_hears(s), "connect:/ /b:missed connect:/b");
}

static void
a_restart_between_loss_and_return_changes_nothing(void)
{
	int64_t offset;
	uint64_t s;

	if (!scene.contract->keeps)
		T_SKIP("this driver keeps nothing");
	t_alice_lost(&offset);
	t_emit("/", NULL, "a");
	t_reopen();
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	t_reopen();
	T_STR(t_hears(s), "a connect:/");
}

static void
who_comes_back_is_not_told_gone(void)
{
	uint64_t socket, s = t_join_in("alice", &socket), again = t_open("again");
	int64_t offset = t_emit("/", NULL, "known");

	T_STR(t_hears(s), "known");
	/* the session looks alive: its poll's process has died */
	T_EQ(t_recover(again, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_tasks(), "");
}

static void
a_disconnect_that_is_being_told_stays(void)
{
	int64_t offset;
	uint64_t s, task;

	t_alice_lost(&offset);
	task = t_task("transport close").n;
	T_EQ(t_task_try(task, 1000), RC_OK);
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_EQ(t_task_done(task), RC_OK);
	T_STR(t_tasks(), "return:");    /* behind it */
}

static void
who_comes_back_when_it_was_told_gone_is_told_back(void)
{
	uint64_t s, socket;
	struct store_op *op;
	struct task task;
	int64_t offset;

	socket = t_alice_lost(&offset);
	task = t_task("transport close");
	T_EQ(t_task_try(task.n, 1000), RC_OK);
	T_EQ(t_task_done(task.n), RC_OK);
	s = t_open("again");
	op = t_op(OP_RECOVER);
	op->u.recover.session = s;
	op->u.recover.nsp = SLICE("/");
	op->u.recover.pid = SLICE("p-alice");
	op->u.recover.answer = SLICE("{}");
	op->u.recover.auth = SLICE("{\"a\":1}");
	op->u.recover.says = SLICE("cookie");
	op->u.recover.offset = offset;
	op->u.recover.max_replay = 10;
	T_EQ(t_do(op), RC_OK);
	task = t_task("");
	T_EQ(task.kind, TASK_RETURN);
	T_EQ(task.socket, socket);
	T_EQ(task.session, s);
	T_SLICE(task.socket_id, "alice");
	T_SLICE(task.context, "{\"a\":1}");
	T_SLICE(task.says, "cookie");
}

static void
who_goes_again_before_it_was_told_back_is_told_both(void)
{
	uint64_t s, task;
	int64_t offset;

	t_alice_lost(&offset);
	task = t_task("transport close").n;
	T_EQ(t_task_try(task, 1000), RC_OK);
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_EQ(t_close(s, "ping timeout", true), RC_OK);
	s = t_open("third");            /* that it went again was not begun */
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_EQ(t_close(s, "ping timeout", true), RC_OK);
	T_EQ(t_task_done(task), RC_OK);
	task = t_task("").n;
	T_EQ(t_task_try(task, 1000), RC_OK);
	T_EQ(t_task_done(task), RC_OK);
	T_STR(t_tasks(), "disconnect:ping timeout");
}

void
contract_recover(void)
{
	CASE(who_comes_back_is_not_told_gone);
	CASE(a_disconnect_that_is_being_told_stays);
	CASE(who_comes_back_when_it_was_told_gone_is_told_back);
	CASE(who_goes_again_before_it_was_told_back_is_told_both);
	CASE(a_returning_client_finds_all_that_it_missed);
	CASE(the_socket_is_the_old_one);
	CASE(rooms_data_and_user_come_back);
	CASE(what_was_delivered_after_the_offset_is_replayed_too);
	CASE(what_a_poll_proved_received_is_not_replayed);
	CASE(who_was_left_out_stays_left_out);
	CASE(a_client_that_heard_nothing_yet_is_recovered_from_its_connect);
	CASE(a_client_that_shows_no_offset_is_recovered_from_its_connect);
	CASE(the_replay_comes_page_by_page_before_the_live_part);
	CASE(a_resend_during_a_replay_is_served_again);
	CASE(a_resend_where_replay_and_live_part_meet_is_served_again);
	CASE(a_parked_poll_hears_of_its_recovery);
	CASE(a_delivery_waits_for_the_replay);
	CASE(two_namespaces_come_back_at_two_offsets);
	CASE(a_replay_beside_a_fresh_namespace_loses_and_repeats_nothing);
	CASE(volatile_records_are_not_replayed);
	CASE(except_holds_in_a_replay);
	CASE(a_room_left_while_gone_is_heard_up_to_there);
	CASE(a_client_may_be_lost_again_during_its_replay);
	CASE(a_session_that_still_looks_alive_ends);
	CASE(the_other_namespaces_of_that_session_may_come_back_too);
	CASE(a_restart_between_loss_and_return_changes_nothing);
}
