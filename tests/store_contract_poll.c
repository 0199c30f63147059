/*
 * store_contract_poll.c - claims and drains: parked, overlapping, sent again
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

static void
a_poll_with_nothing_to_say_is_parked(void)
{
	uint64_t s = t_open("alice");

	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_stats().claims, 1);
	T_STR(t_again(s), "parked");
}

static void
a_poll_of_an_unknown_session_is_refused(void)
{
	T_STR(t_poll(4711, "1"), "gone");
}

static void
a_parked_poll_is_told_when_something_is_due(void)
{
	uint64_t s = t_open("alice");
	struct store_op *op = t_op_poll(s, "1");

	t_commit();
	T_EQ(op->u.poll.ping_due_r, scene.clock.boot + 25000);
	T_EQ(op->u.poll.dead_r, scene.clock.boot + 45000);      /* no CONNECT yet */
	T_EQ(op->u.poll.cursor_r, t_last_seq());
}

static void
all_that_waits_leaves_in_one_batch_in_order(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_emit("/", NULL, "a");
	t_emit("/", NULL, "b");
	t_emit("/", NULL, "c");
	T_STR(t_poll(s, "1"), "a b c");
	T_EQ(t_stats().claims, 0);
	T_STR(t_poll(s, "2"), "parked");
}

static void
a_record_comes_out_as_it_went_in(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	struct store_op *op = t_op_emit("/", NULL, "x"), *poll;
	struct record *r;

	op->u.append.record.data = SLICE("[\"x\",12345678901234567890,\"\\u0000\"]");
	op->u.append.record.attachments = t_names("one two");
	T_EQ(t_do(op), RC_OK);
	poll = t_op_poll(s, "1");
	t_commit();
	T_EQ(poll->u.poll.batch_r.n, 1);
	r = poll->u.poll.batch_r.records;
	T_EQ(r->seq, op->u.append.record.seq);
	T_EQ(r->kind, RECORD_EVENT);
	T_EQ(r->id, -1);
	T_EQ(r->flags, 0);
	T_SLICE(r->nsp, "/");
	T_SLICE(r->data, "[\"x\",12345678901234567890,\"\\u0000\"]");
	T_OK(slice_eq(r->attachments, op->u.append.record.attachments));
}

static void
a_session_hears_what_is_said_to_it_alone(void)
{
	uint64_t s = t_open("alice"), other = t_open("bob");
	struct store_op *op = t_op(OP_APPEND);
	struct slice key = channel_of_session(&scene.arena, s);
	struct buf b = BUF_INIT;

	pack_add(&b, key);
	op->u.append.record.kind = RECORD_ACK;
	op->u.append.record.id = -1;
	op->u.append.record.id_text = SLICE("12");
	op->u.append.record.nsp = SLICE("/");
	op->u.append.record.channels = arena_dup(&scene.arena, buf_slice(&b));
	op->u.append.record.data = SLICE("[1]");
	buf_free(&b);
	T_EQ(t_do(op), RC_OK);
	T_STR(t_hears(other), "");
	T_STR(t_hears(s), "ack:12");
}

static void
pages_are_as_large_as_asked_and_nothing_is_skipped(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int i;

	for (i = 0; i < 5; i++)
		t_emit("/", NULL, t_text("e%d", i));
	T_STR(t_poll_page(s, "1", 2), "e0 e1");
	T_STR(t_poll_page(s, "2", 2), "e2 e3");
	t_emit("/", NULL, "e5");
	T_STR(t_poll_page(s, "3", 2), "e4 e5");
	T_STR(t_poll_page(s, "4", 2), "parked");
}

static void
a_batch_is_bounded_in_bytes_but_never_empty(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	struct store_op *op;

	t_emit("/", NULL, "first-that-is-larger-than-the-limit");
	t_emit("/", NULL, "second");
	op = t_op_poll(s, "1");
	op->u.poll.max_bytes = 10;
	t_commit();
	T_STR(t_poll_text(op), "first-that-is-larger-than-the-limit");
	T_STR(t_poll(s, "2"), "second");
}

static void
a_parked_poll_asks_again_and_gets_what_was_said(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_STR(t_poll(s, "1"), "parked");
	t_emit("/", NULL, "a");
	T_STR(t_again(s), "a");
	T_STR(t_again(s), "clash");     /* its claim went with the batch */
	T_STR(t_poll(s, "2"), "parked");
}

static void
a_poll_is_heard(void)
{
	uint64_t s = t_open("alice");

	t_wait(700);
	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_session("alice").heard_boot, scene.clock.boot);
}

/* ---- answers of parked polls -------------------------------------------- */

static void
delivering_moves_the_cursor_and_frees_the_claim(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t a;

	T_STR(t_poll(s, "1"), "parked");
	a = t_emit("/", NULL, "a");
	t_emit("/", NULL, "b");
	T_EQ(t_deliver(s, a), RC_OK);
	T_EQ(t_stats().claims, 0);
	T_STR(t_poll(s, "2"), "b");
}

static void
delivering_nothing_leaves_the_cursor(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_STR(t_poll(s, "1"), "parked");
	t_emit("/", NULL, "a");
	T_EQ(t_deliver(s, 0), RC_OK);
	T_STR(t_poll(s, "2"), "a");
}

static void
only_the_right_ticket_delivers(void)
{
	uint64_t s = t_open("alice");

	T_STR(t_poll(s, "1"), "parked");
	scene.tickets[s % 64]++;
	T_EQ(t_deliver(s, 0), RC_CLASH);
	T_OK(t_release(s) != RC_OK);
	scene.tickets[s % 64]--;
	T_EQ(t_deliver(s, 0), RC_OK);
	T_EQ(t_deliver(s, 0), RC_CLASH);
	T_EQ(t_deliver(4711, 0), RC_GONE);
}

static void
a_released_claim_is_free(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_release(s), RC_OK);
	T_EQ(t_stats().claims, 0);
	t_emit("/", NULL, "a");
	T_STR(t_again(s), "clash");
	T_STR(t_poll(s, "2"), "a");
}

/* ---- pings --------------------------------------------------------------- */

static void
a_ping_is_due_after_the_interval(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_wait(24999);
	T_STR(t_poll(s, "1"), "parked");
	t_wait(1);
	T_STR(t_again(s), "ping");
	T_OK(t_session("alice").ping_open);
	T_EQ(t_session("alice").ping_boot, scene.clock.boot);
	T_STR(t_poll(s, "2"), "parked");        /* one is open, no second */
	T_EQ(t_post("alice", "p", true), RC_OK);
	T_OK(!t_session("alice").ping_open);
	t_wait(25000);
	T_STR(t_again(s), "ping");
}

/* And nobody waits for its CONNECT: it lives while it is heard. */
static void
a_session_that_pings_us_is_never_pinged(void)
{
	struct store_op *op = t_op_open("alice");
	uint64_t s;

	op->u.open.traits = SESSION_PINGS_US | SESSION_TEXT_ONLY;
	T_EQ(t_do(op), RC_OK);
	s = op->u.open.n_r;
	T_EQ(t_session("alice").traits, SESSION_PINGS_US | SESSION_TEXT_ONLY);
	t_wait(44000);
	op = t_op_poll(s, "1");
	t_commit();
	T_EQ(op->u.poll.outcome_r, POLL_PARKED);
	T_EQ(op->u.poll.ping_due_r, 0);
	T_EQ(op->u.poll.dead_r, scene.clock.boot + 45000);
	T_STR(t_poll(s, "1"), "parked");
	t_wait(44000);
	T_EQ(t_post("alice", "p", false), RC_OK);
	T_STR(t_again(s), "parked");
	t_wait(44000);
	t_janitor();
	T_OK(t_is_open("alice"));
	T_EQ(t_session("alice").traits, SESSION_PINGS_US | SESSION_TEXT_ONLY);
	t_wait(1000);
	t_janitor();
	T_OK(!t_is_open("alice"));
}

/* What is told to it in the answer of its handshake is no record. */
static void
a_session_may_be_connected_in_the_turn_that_opens_it(void)
{
	struct store_op *open = t_op_open("alice"), *op = t_op_connect(0, "/", "alice");
	struct store_op *said = t_op_emit("/", NULL, "hello");
	int64_t seq = t_last_seq();

	op->u.connect.opened = &open->u.open.n_r;
	op->u.connect.answer = SLICE_NONE;
	op->gate = open;
	said->gate = op;
	t_commit();
	T_EQ(op->rc, RC_OK);
	T_EQ(op->u.connect.seq_r, seq);
	T_EQ(said->rc, RC_OK);
	T_EQ(t_session("alice").namespaces, 1);
	T_STR(t_poll(open->u.open.n_r, "1"), "hello");
	T_STR(t_poll(open->u.open.n_r, "2"), "parked");
}

static void
what_waits_goes_before_a_ping(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_emit("/", NULL, "a");
	t_wait(25000);
	T_STR(t_poll(s, "1"), "a");
	T_STR(t_poll(s, "2"), "ping");
}

static void
delivering_a_ping_opens_it(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	struct store_op *op;

	T_STR(t_poll(s, "1"), "parked");
	t_wait(25000);
	T_EQ(t_deliver_ping(s), RC_OK);
	T_OK(t_session("alice").ping_open);
	T_EQ(t_session("alice").ping_boot, scene.clock.boot);
	op = t_op_poll(s, "2");
	t_commit();
	T_STR(t_poll_text(op), "parked");
	T_EQ(op->u.poll.dead_r, scene.clock.boot + 20000);
}

static void
a_post_without_pong_leaves_the_ping_open(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_wait(25000);
	T_STR(t_poll(s, "1"), "ping");
	T_EQ(t_post("alice", "p", false), RC_OK);
	T_OK(t_session("alice").ping_open);
}

/* ---- sent again ----------------------------------------------------------- */

static void
a_resend_of_the_parked_poll_takes_it_over(void)
{
	uint64_t socket, s = t_join_in("alice", &socket), old;

	T_STR(t_poll(s, "1"), "parked");
	old = scene.tickets[s % 64];
	T_STR(t_poll(s, "1"), "parked");
	T_OK(scene.tickets[s % 64] != old);
	T_EQ(t_stats().claims, 1);
	t_emit("/", NULL, "a");
	T_STR(t_again(s), "a");
}

static void
the_poll_that_was_taken_over_has_lost_its_claim(void)
{
	uint64_t s = t_open("alice"), old;

	T_STR(t_poll(s, "1"), "parked");
	old = scene.tickets[s % 64];
	T_STR(t_poll(s, "1"), "parked");
	scene.tickets[s % 64] = old;
	T_STR(t_again(s), "clash");
	T_EQ(t_deliver(s, 0), RC_CLASH);
}

static void
a_resend_of_the_last_answer_is_served_again(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_emit("/", NULL, "a");
	t_emit("/", NULL, "b");
	T_STR(t_poll_page(s, "1", 1), "a");
	T_STR(t_poll_page(s, "1", 1), "resend: a");
	T_STR(t_poll_page(s, "1", 1), "resend: a");
	T_STR(t_poll_page(s, "2", 1), "b");
	T_STR(t_poll(s, "3"), "parked");
}

static void
a_resend_of_an_answer_to_a_parked_poll_is_served_again(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t a;

	T_STR(t_poll(s, "1"), "parked");
	t_emit("/", NULL, "a");
	T_STR(t_again(s), "a");
	T_STR(t_poll(s, "1"), "resend: a");

	T_STR(t_poll(s, "2"), "parked");
	a = t_emit("/", NULL, "b");
	T_EQ(t_deliver(s, a), RC_OK);
	T_STR(t_poll(s, "2"), "resend: b");
	T_STR(t_poll(s, "3"), "parked");
}

static void
a_lost_ping_is_sent_again(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t sent;

	t_wait(25000);
	T_STR(t_poll(s, "1"), "ping");
	sent = scene.clock.boot;
	t_wait(100);
	T_STR(t_poll(s, "1"), "resend: ping");
	T_EQ(t_session("alice").ping_boot, sent);       /* no second time-out */
	T_STR(t_poll(s, "2"), "parked");
}

static void
a_lost_ping_is_sent_again_before_what_was_said_meanwhile(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_wait(25000);
	T_STR(t_poll(s, "1"), "ping");
	t_emit("/", NULL, "a");
	T_STR(t_poll(s, "1"), "resend: ping");
	T_STR(t_poll(s, "2"), "a");
}

static void
a_poll_that_was_never_answered_is_no_resend(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_emit("/", NULL, "a");
	T_STR(t_poll(s, "1"), "a");
	T_STR(t_poll(s, "2"), "parked");
	T_EQ(t_release(s), RC_OK);
	T_STR(t_poll(s, "2"), "parked");        /* and not "a" again */
}

static void
a_poll_without_t_is_never_a_resend(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_emit("/", NULL, "a");
	T_STR(t_poll(s, NULL), "a");
	T_STR(t_poll(s, NULL), "parked");
}

/* ---- overlaps -------------------------------------------------------------- */

static void
an_overlap_ends_the_session(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t seq = t_last_seq();

	T_STR(t_poll(s, "1"), "parked");
	T_STR(t_poll(s, "2"), "clash");
	T_OK(!t_is_open("alice"));
	T_STR(t_tail(seq, 10), "end:1");
	T_STR(t_again(s), "gone");
	T_STR(t_poll(s, "3"), "gone");
	T_EQ(t_stats().claims, 0);
	T_EQ(t_stats().sessions, 0);
}

static void
a_takeover_is_no_overlap(void)
{
	uint64_t socket, s = t_join_in("alice", &socket), old;

	T_STR(t_poll(s, "1"), "parked");
	old = scene.tickets[s % 64];
	T_STR(t_poll_takeover(s, "2"), "parked");
	T_EQ(t_stats().claims, 1);
	t_emit("/", NULL, "a");
	T_STR(t_again(s), "a");
	scene.tickets[s % 64] = old;
	T_STR(t_again(s), "clash");
}

/* ---- volatile ---------------------------------------------------------------- */

static void
a_volatile_record_reaches_a_poll_that_waited(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_STR(t_poll(s, "1"), "parked");
	t_emit_volatile("/", NULL, "v");
	t_emit("/", NULL, "a");
	T_STR(t_again(s), "v a");
}

static void
a_volatile_record_passes_a_session_that_does_not_wait(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_emit_volatile("/", NULL, "v");
	t_emit("/", NULL, "a");
	t_emit_volatile("/", NULL, "w");
	T_STR(t_poll(s, "1"), "a");
	T_STR(t_poll(s, "2"), "parked");
	T_STR(t_again(s), "parked");
}

static void
a_volatile_record_older_than_the_claim_stays_lost(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_emit_volatile("/", NULL, "before");
	T_STR(t_poll(s, "1"), "parked");
	t_emit_volatile("/", NULL, "after");
	T_STR(t_again(s), "after");
	T_STR(t_poll(s, "2"), "parked");
}

void
contract_poll(void)
{
	CASE(a_poll_with_nothing_to_say_is_parked);
	CASE(a_poll_of_an_unknown_session_is_refused);
	CASE(a_parked_poll_is_told_when_something_is_due);
	CASE(all_that_waits_leaves_in_one_batch_in_order);
	CASE(a_record_comes_out_as_it_went_in);
	CASE(a_session_hears_what_is_said_to_it_alone);
	CASE(pages_are_as_large_as_asked_and_nothing_is_skipped);
	CASE(a_batch_is_bounded_in_bytes_but_never_empty);
	CASE(a_parked_poll_asks_again_and_gets_what_was_said);
	CASE(a_poll_is_heard);
	CASE(delivering_moves_the_cursor_and_frees_the_claim);
	CASE(delivering_nothing_leaves_the_cursor);
	CASE(only_the_right_ticket_delivers);
	CASE(a_released_claim_is_free);
	CASE(a_ping_is_due_after_the_interval);
	CASE(a_session_that_pings_us_is_never_pinged);
	CASE(a_session_may_be_connected_in_the_turn_that_opens_it);
	CASE(what_waits_goes_before_a_ping);
	CASE(delivering_a_ping_opens_it);
	CASE(a_post_without_pong_leaves_the_ping_open);
	CASE(a_resend_of_the_parked_poll_takes_it_over);
	CASE(the_poll_that_was_taken_over_has_lost_its_claim);
	CASE(a_resend_of_the_last_answer_is_served_again);
	CASE(a_resend_of_an_answer_to_a_parked_poll_is_served_again);
	CASE(a_lost_ping_is_sent_again);
	CASE(a_lost_ping_is_sent_again_before_what_was_said_meanwhile);
	CASE(a_poll_that_was_never_answered_is_no_resend);
	CASE(a_poll_without_t_is_never_a_resend);
	CASE(an_overlap_ends_the_session);
	CASE(a_takeover_is_no_overlap);
	CASE(a_volatile_record_reaches_a_poll_that_waited);
	CASE(a_volatile_record_passes_a_session_that_does_not_wait);
	CASE(a_volatile_record_older_than_the_claim_stays_lost);
}
