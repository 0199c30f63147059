/*
 * store_contract_refuse.c - clients that do not come back
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

static void
an_unknown_pid_is_refused(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	s = t_open("again");
	T_EQ(t_recoverable("/", "p-bob", offset), RC_NONE);
	T_EQ(t_recover(s, "/", "p-bob", offset, 100), RC_NONE);
	T_EQ(t_recoverable("/other", "p-alice", offset), RC_NONE);
	T_EQ(t_recover(s, "/other", "p-alice", offset, 100), RC_NONE);
	T_EQ(t_recover(s, "/", "", offset, 100), RC_NONE);
	T_STR(t_hears(s), "");
}

static void
a_session_that_does_not_exist_recovers_nothing(void)
{
	int64_t offset;

	t_alice_lost(&offset);
	T_EQ(t_recover(4711, "/", "p-alice", offset, 100), RC_GONE);
	T_EQ(t_recoverable("/", "p-alice", offset), RC_OK);
}

static void
too_many_missed_records_are_not_replayed(void)
{
	struct socket_row row;
	int64_t offset;
	uint64_t s;
	int i;

	t_alice_lost(&offset);
	for (i = 0; i < 5; i++)
		t_emit("/", NULL, "m");
	for (i = 0; i < 5; i++)
		t_emit("/elsewhere", NULL, "not hers");
	s = t_open("again");
	T_EQ(store_recoverable(scene.store, SLICE("/"), SLICE("p-alice"), offset, 4,
	    &scene.arena, &row), RC_NONE);
	T_EQ(t_recover(s, "/", "p-alice", offset, 4), RC_NONE);
	T_EQ(store_recoverable(scene.store, SLICE("/"), SLICE("p-alice"), offset, 5,
	    &scene.arena, &row), RC_OK);
	T_EQ(t_recover(s, "/", "p-alice", offset, 5), RC_OK);
}

static void
what_is_not_replayed_does_not_count(void)
{
	int64_t offset;
	uint64_t s;
	int i;

	t_alice_lost(&offset);
	for (i = 0; i < 5; i++) {
		t_emit_volatile("/", NULL, "typing");
		t_emit_except("/", NULL, "alice", "not for her");
	}
	t_emit("/", "alice cellar", "once");
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 1), RC_OK);
	T_STR(t_hears(s), "once connect:/");
}

static void
a_parked_poll_cannot_be_answered_past_a_replay(void)
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
nobody_comes_into_a_session_that_closes(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	s = t_open("again");
	T_EQ(t_close_orderly(s), RC_OK);
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_GONE);
	T_EQ(t_do(t_op_connect(s, "/", "new")), RC_GONE);
}

static void
an_offset_below_the_floor_is_refused(void)
{
	int64_t offset;
	uint64_t s;

	scene.conf.retention_ms = 10000;
	t_reopen();
	t_alice_lost(&offset);
	t_emit("/", NULL, "a");
	t_emit("/", NULL, "b");
	t_wait(10001);
	t_emit("/", NULL, "c");
	t_janitor();
	T_OK(offset < t_floor() - 1);
	s = t_open("again");
	T_EQ(t_recoverable("/", "p-alice", offset), RC_NONE);
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_NONE);
}

static void
an_offset_that_was_never_given_out_is_refused(void)
{
	int64_t offset;

	t_alice_lost(&offset);
	T_EQ(t_recoverable("/", "p-alice", t_last_seq() + 100), RC_NONE);
	T_EQ(t_recoverable("/", "p-alice", -1), RC_NONE);
}

static void
who_was_kicked_stays_out(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t offset = t_last_seq();

	T_EQ(t_disconnect(socket), RC_OK);
	T_EQ(t_close(s, "transport close", true), RC_OK);
	T_EQ(t_recoverable("/", "p-alice", offset), RC_NONE);
}

static void
who_left_by_itself_stays_out(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t offset = t_last_seq();

	T_EQ(t_disconnect_silent(socket), RC_OK);
	T_EQ(t_close(s, "transport close", true), RC_OK);
	T_EQ(t_recoverable("/", "p-alice", offset), RC_NONE);
}

static void
a_kick_reaches_a_gone_socket(void)
{
	int64_t offset;
	uint64_t socket = t_alice_lost(&offset), s;

	T_EQ(t_disconnect(socket), RC_OK);
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_NONE);
	T_STR(t_tasks(), "disconnect:transport close");
	T_STR(t_select("/", NULL, NULL, NULL, true), "");
}

static void
a_session_closed_for_good_does_not_come_back(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t offset = t_last_seq();

	T_EQ(t_close(s, "client namespace disconnect", false), RC_OK);
	T_EQ(t_recoverable("/", "p-alice", offset), RC_NONE);
}

static void
the_window_closes(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	t_wait(119999);
	T_EQ(t_recoverable("/", "p-alice", offset), RC_OK);
	t_wait(2);
	T_EQ(t_recoverable("/", "p-alice", offset), RC_NONE);
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_NONE);
	T_EQ(t_stats().gone, 1);
	t_janitor();
	T_EQ(t_stats().gone, 0);
}

static void
the_window_opens_anew_with_each_loss(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	t_wait(100000);
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_EQ(t_close(s, "transport close", true), RC_OK);
	t_wait(100000);
	T_EQ(t_recoverable("/", "p-alice", offset), RC_OK);
}

static void
without_recovery_nobody_comes_back(void)
{
	uint64_t socket, s;

	scene.conf.recovery_ms = 0;
	t_reopen();
	s = t_join_in("alice", &socket);
	T_EQ(t_close(s, "transport close", true), RC_OK);
	T_EQ(t_recoverable("/", "p-alice", t_last_seq()), RC_NONE);
	T_EQ(t_stats().gone, 0);
}

static void
a_socket_without_a_pid_does_not_come_back(void)
{
	uint64_t s = t_open("alice");
	struct store_op *op = t_op_connect(s, "/", "a");

	op->u.connect.pid = SLICE("");
	T_EQ(t_do(op), RC_OK);
	T_EQ(t_close(s, "transport close", true), RC_OK);
	T_EQ(t_recoverable("/", "", op->u.connect.seq_r), RC_NONE);
	T_EQ(t_stats().gone, 0);
}

static void
a_namespace_that_is_connected_is_not_recovered_over(void)
{
	int64_t offset;
	uint64_t s;

	t_alice_lost(&offset);
	s = t_open("again");
	t_connect(s, "/", "new");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_CLASH);
}

void
contract_refuse(void)
{
	CASE(an_unknown_pid_is_refused);
	CASE(a_session_that_does_not_exist_recovers_nothing);
	CASE(too_many_missed_records_are_not_replayed);
	CASE(what_is_not_replayed_does_not_count);
	CASE(a_parked_poll_cannot_be_answered_past_a_replay);
	CASE(nobody_comes_into_a_session_that_closes);
	CASE(an_offset_below_the_floor_is_refused);
	CASE(an_offset_that_was_never_given_out_is_refused);
	CASE(who_was_kicked_stays_out);
	CASE(who_left_by_itself_stays_out);
	CASE(a_kick_reaches_a_gone_socket);
	CASE(a_session_closed_for_good_does_not_come_back);
	CASE(the_window_closes);
	CASE(the_window_opens_anew_with_each_loss);
	CASE(without_recovery_nobody_comes_back);
	CASE(a_socket_without_a_pid_does_not_come_back);
	CASE(a_namespace_that_is_connected_is_not_recovered_over);
}
