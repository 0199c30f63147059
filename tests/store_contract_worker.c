/*
 * store_contract_worker.c - several processes: claims, death, waking
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

enum { SESSION, SOCKET, TASK, SEQ };    /* in scene.shared */

static void
alice_polls(void)
{
	T_STR(t_poll(scene.shared[SESSION], "1"), "parked");
}

static void
somebody_speaks(void)
{
	scene.shared[SEQ] = (uint64_t)t_emit("/", NULL, "from elsewhere");
}

static void
any_process_may_serve_a_session(void)
{
	uint64_t socket;

	scene.shared[SESSION] = t_join_in("alice", &socket);
	t_elsewhere(somebody_speaks);
	T_STR(t_hears(scene.shared[SESSION]), "from elsewhere");
	T_EQ(t_last_seq(), scene.shared[SEQ]);
}

static void
a_worker_waits_at_one_descriptor(void)
{
	T_OK(store_wake_fd(scene.store) >= 0);
	T_EQ(store_wake_fd(scene.store), store_wake_fd(scene.store));
}

static void
two_polls_in_two_processes_overlap(void)
{
	uint64_t socket, s = scene.shared[SESSION] = t_join_in("alice", &socket);

	t_elsewhere(alice_polls);
	T_STR(t_poll(s, "2"), "clash");
	T_OK(!t_is_open("alice"));
}

static void
a_resend_to_another_process_takes_over(void)
{
	uint64_t socket, s = scene.shared[SESSION] = t_join_in("alice", &socket);

	t_elsewhere(alice_polls);
	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_stats().claims, 1);
	t_emit("/", NULL, "a");
	T_STR(t_again(s), "a");
}

static void
a_claim_of_a_dead_process_is_void(void)
{
	uint64_t socket, s = scene.shared[SESSION] = t_join_in("alice", &socket);

	t_elsewhere(alice_polls);
	t_elsewhere_dies();
	T_STR(t_poll(s, "2"), "parked");
	T_OK(t_is_open("alice"));
	t_emit("/", NULL, "a");
	T_STR(t_again(s), "a");
}

static void
the_janitor_clears_claims_of_dead_processes(void)
{
	uint64_t socket;

	scene.shared[SESSION] = t_join_in("alice", &socket);
	t_elsewhere(alice_polls);
	T_EQ(t_stats().claims, 1);
	t_elsewhere_dies();
	t_janitor();
	T_EQ(t_stats().claims, 0);
	T_OK(t_is_open("alice"));
}

static void
a_void_claim_takes_nobody_s_slot(void)
{
	struct store_op *op;
	uint64_t socket;

	scene.shared[SESSION] = t_join_in("alice", &socket);
	t_elsewhere(alice_polls);
	t_elsewhere_dies();
	t_wait(5001);
	op = t_op_open("bob");
	op->u.open.slots = 1;
	T_EQ(t_do(op), RC_OK);
}

static void
alice_claims_and_waits(void)
{
	T_OK(store_wake_fd(scene.store) >= 0);
	alice_polls();
}

static void
a_record_wakes_the_process_that_holds_the_poll(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_OK(store_wake_fd(scene.store) >= 0);
	T_STR(t_poll(s, "1"), "parked");
	store_wake_take(scene.store);
	t_elsewhere(somebody_speaks);
	T_OK(t_woken());
	T_STR(t_again(s), "from elsewhere");
}

static void
alice_ends(void)
{
	T_EQ(t_close(scene.shared[SESSION], "transport close", false), RC_OK);
}

static void
an_end_wakes_the_process_that_holds_the_poll(void)
{
	uint64_t s = scene.shared[SESSION] = t_open("alice");

	T_OK(store_wake_fd(scene.store) >= 0);
	T_STR(t_poll(s, "1"), "parked");
	store_wake_take(scene.store);
	t_elsewhere(alice_ends);
	T_OK(t_woken());
	T_STR(t_again(s), "gone");
}

static void
a_takeover_wakes_the_process_that_lost_the_poll(void)
{
	uint64_t s = scene.shared[SESSION] = t_open("alice");

	T_OK(store_wake_fd(scene.store) >= 0);
	T_STR(t_poll(s, "1"), "parked");
	store_wake_take(scene.store);
	t_elsewhere(alice_claims_and_waits);
	T_OK(t_woken());
	T_STR(t_again(s), "clash");
}

static void
others_commits_are_noticed_and_own_ones_are_not(void)
{
	store_moved(scene.store);
	T_OK(!store_moved(scene.store));
	t_emit("/", NULL, "own");
	T_OK(!store_moved(scene.store));
	t_elsewhere(somebody_speaks);
	T_OK(store_moved(scene.store));
	T_OK(!store_moved(scene.store));
}

static void
somebody_tries(void)
{
	T_OK(store_wake_fd(scene.store) >= 0);
	T_EQ(t_task_try(scene.shared[TASK], 60000), RC_OK);
}

static void
a_task_that_somebody_works_at_is_left_alone(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_EQ(t_close(s, "transport close", false), RC_OK);
	scene.shared[TASK] = t_task("transport close").n;
	t_elsewhere(somebody_tries);
	T_STR(t_tasks(), "");
	T_EQ(t_task_try(scene.shared[TASK], 1000), RC_CLASH);
	t_elsewhere_dies();
	T_STR(t_tasks(), "disconnect:transport close");
	T_EQ(t_task_try(scene.shared[TASK], 1000), RC_OK);
}

static void
a_task_is_finished_only_by_who_works_at_it(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_EQ(t_close(s, "transport close", false), RC_OK);
	scene.shared[TASK] = t_task("transport close").n;
	T_EQ(t_task_try(scene.shared[TASK], 1000), RC_OK);
	t_wait(1001);
	t_elsewhere(somebody_tries);
	T_EQ(t_task_done(scene.shared[TASK]), RC_CLASH);
	t_elsewhere_dies();
	T_EQ(t_task_done(scene.shared[TASK]), RC_OK);
}

static void
what_a_killed_process_committed_is_there(void)
{
	uint64_t socket, s = scene.shared[SESSION] = t_join_in("alice", &socket);

	t_elsewhere(somebody_speaks);
	t_elsewhere_dies();
	t_emit("/", NULL, "later");
	T_STR(t_hears(s), "from elsewhere later");
}

void
contract_worker(void)
{
	CASE(any_process_may_serve_a_session);
	CASE(a_worker_waits_at_one_descriptor);
	CASE(two_polls_in_two_processes_overlap);
	CASE(a_resend_to_another_process_takes_over);
	CASE(a_claim_of_a_dead_process_is_void);
	CASE(the_janitor_clears_claims_of_dead_processes);
	CASE(a_void_claim_takes_nobody_s_slot);
	CASE(a_record_wakes_the_process_that_holds_the_poll);
	CASE(an_end_wakes_the_process_that_holds_the_poll);
	CASE(a_takeover_wakes_the_process_that_lost_the_poll);
	CASE(others_commits_are_noticed_and_own_ones_are_not);
	CASE(a_task_that_somebody_works_at_is_left_alone);
	CASE(a_task_is_finished_only_by_who_works_at_it);
	CASE(what_a_killed_process_committed_is_there);
}
