/*
 * store_contract_lost.c - the old clients, who poll on whatever was lost
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

enum { OLD = SESSION_QUIET_POLLS | SESSION_POLLS_ON | SESSION_ROOT_IS_ALL };
enum { SESSION };       /* in scene.shared */

/* An old client in "/", who has taken her CONNECT answer. */
static uint64_t
alice_is_old(void)
{
	uint64_t s = t_open_as("alice", OLD);

	t_connect(s, "/", "alice");
	T_STR(t_hears(s), "connect:/");
	scene.shared[SESSION] = s;
	return s;
}

static void
a_client_of_quiet_polls_is_not_pinged_and_lives_while_it_polls(void)
{
	uint64_t s = alice_is_old();
	struct store_op *op;

	t_wait(44000);
	op = t_op_poll(s, "1");
	t_commit();
	T_EQ(op->u.poll.outcome_r, POLL_PARKED);
	T_EQ(op->u.poll.ping_due_r, 0);
	T_EQ(op->u.poll.dead_r, scene.clock.boot + 45000);
	t_wait(44000);
	t_janitor();
	T_OK(t_is_open("alice"));
	t_wait(1000);
	t_janitor();
	T_OK(!t_is_open("alice"));
}

static void
what_could_not_be_written_is_said_again(void)
{
	uint64_t s = alice_is_old();

	t_emit("/", NULL, "a");
	T_STR(t_poll(s, "1"), "a");
	T_EQ(t_lost(s), RC_OK);
	T_EQ(t_lost(s), RC_CLASH);              /* once is enough */
	t_emit("/", NULL, "b");
	T_STR(t_poll(s, "2"), "a b");
	T_STR(t_poll(s, "3"), "parked");
}

static void
what_was_delivered_to_a_parked_poll_and_lost_is_said_again(void)
{
	uint64_t s = alice_is_old();

	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_deliver(s, t_emit("/", NULL, "a")), RC_OK);
	T_EQ(t_lost(s), RC_OK);
	T_STR(t_poll(s, "2"), "a");
}

static void
who_has_polled_since_has_lost_nothing(void)
{
	uint64_t s = alice_is_old();

	t_emit("/", NULL, "a");
	T_STR(t_poll(s, "1"), "a");
	T_STR(t_poll(s, "2"), "parked");
	T_EQ(t_lost(s), RC_CLASH);
	t_emit("/", NULL, "b");
	T_STR(t_again(s), "b");
}

static void
an_answer_with_nothing_in_it_is_not_lost(void)
{
	uint64_t s = alice_is_old();

	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_deliver(s, 0), RC_OK);
	T_EQ(t_lost(s), RC_CLASH);
	T_EQ(t_close(s, "transport close", false), RC_OK);
	T_EQ(t_lost(s), RC_GONE);
}

static void
newer_clients_have_no_lost_answers(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_emit("/", NULL, "a");
	T_STR(t_poll(s, "1"), "a");
	T_EQ(t_lost(s), RC_CLASH);
	T_STR(t_poll(s, "2"), "parked");
}

static void
alice_hears_it_there(void)
{
	T_STR(t_poll(scene.shared[SESSION], "there"), "a");
}

static void
what_a_killed_process_took_is_said_again(void)
{
	uint64_t s = alice_is_old();

	t_emit("/", NULL, "a");
	t_elsewhere(alice_hears_it_there);
	t_elsewhere_dies();
	t_emit("/", NULL, "b");
	T_STR(t_poll(s, "2"), "resend: a b");
	T_STR(t_poll(s, "3"), "parked");
}

static void
what_a_process_took_that_lives_has_arrived(void)
{
	uint64_t s = alice_is_old();

	t_emit("/", NULL, "a");
	t_elsewhere(alice_hears_it_there);
	T_STR(t_poll(s, "2"), "parked");
	t_elsewhere_dies();
}

static void
what_a_process_took_that_left_in_order_has_arrived(void)
{
	uint64_t s = alice_is_old();

	t_emit("/", NULL, "a");
	t_elsewhere(alice_hears_it_there);
	t_elsewhere_leaves();
	T_STR(t_poll(s, "2"), "parked");
}

/* Or nobody could tell any more how the first one ended. */
static void
the_number_of_a_killed_process_is_not_taken_at_once(void)
{
	uint64_t s = alice_is_old();

	t_emit("/", NULL, "a");
	t_elsewhere(alice_hears_it_there);
	t_elsewhere_dies();
	T_OK(store_wake_fd(scene.store) >= 0);  /* takes a number */
	T_STR(t_poll(s, "2"), "resend: a");
}

static void
the_root_of_an_old_client_is_its_session(void)
{
	uint64_t s = t_open_as("alice", OLD), socket = t_connect(s, "/", "alice"), b;

	b = t_connect(s, "/b", "alice-b");
	T_STR(t_hears(s), "connect:/ connect:/b");
	T_EQ(t_disconnect(b), RC_OK);
	T_STR(t_poll(s, "1"), "disconnect:/b");
	T_OK(!t_session("alice").closing);
	T_EQ(t_disconnect(socket), RC_OK);
	T_OK(t_session("alice").closing);
	T_STR(t_poll(s, "2"), "disconnect:/");
	T_STR(t_poll(s, "3"), "end");
	T_OK(!t_is_open("alice"));
}

void
contract_lost(void)
{
	CASE(a_client_of_quiet_polls_is_not_pinged_and_lives_while_it_polls);
	CASE(what_could_not_be_written_is_said_again);
	CASE(what_was_delivered_to_a_parked_poll_and_lost_is_said_again);
	CASE(who_has_polled_since_has_lost_nothing);
	CASE(an_answer_with_nothing_in_it_is_not_lost);
	CASE(newer_clients_have_no_lost_answers);
	CASE(the_root_of_an_old_client_is_its_session);
	if (!scene.contract->has_processes)
		return;         /* a handle leaves, it cannot be killed */
	CASE(what_a_killed_process_took_is_said_again);
	CASE(what_a_process_took_that_lives_has_arrived);
	CASE(what_a_process_took_that_left_in_order_has_arrived);
	CASE(the_number_of_a_killed_process_is_not_taken_at_once);
}
