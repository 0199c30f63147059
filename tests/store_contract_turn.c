/*
 * store_contract_turn.c - a turn: gates, order, clashes, its hook; opening
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

static void
a_new_store_is_empty(void)
{
	struct store_stats stats = t_stats();

	T_EQ(t_last_seq(), 0);
	T_EQ(stats.sessions, 0);
	T_EQ(stats.records, 0);
	T_STR(t_tasks(), "");
}

static void
a_session_is_found_by_its_sid(void)
{
	uint64_t n = t_open("alice");
	struct session_row row = t_session("alice");

	T_EQ(row.n, n);
	T_STR(row.sid, "alice");
	T_EQ(row.generation, 3);
	T_EQ(row.transport, 0);
	T_EQ(row.namespaces, 0);
	T_EQ(row.opened_wall, scene.clock.wall);
	T_EQ(row.heard_boot, scene.clock.boot);
	T_EQ(row.ping_boot, scene.clock.boot);
	T_OK(!row.ping_open && !row.closing && row.partial.p == NULL);
	T_SLICE(row.info, "{\"headers\":{}}");
	T_OK(!t_is_open("bob"));
}

static void
more_sessions_than_allowed_are_refused(void)
{
	struct store_op *op;
	int i;

	for (i = 0; i < 3; i++) {
		op = t_op_open(t_text("s%d", i));
		op->u.open.max_sessions = 2;
		T_EQ(t_do(op), i < 2 ? RC_OK : RC_TOO_BIG);
	}
	T_EQ(t_stats().sessions, 2);
}

static void
slots_are_held_by_sessions_that_poll_or_were_just_heard(void)
{
	uint64_t sitting = t_open("sitting");
	struct store_op *op;

	t_open("leaving");
	T_STR(t_poll(sitting, "1"), "parked");
	op = t_op_open("early");
	op->u.open.slots = 2;
	T_EQ(t_do(op), RC_TOO_BIG);

	t_wait(5001);
	op = t_op_open("third");
	op->u.open.slots = 2;
	T_EQ(t_do(op), RC_OK);
	op = t_op_open("fourth");
	op->u.open.slots = 2;
	T_EQ(t_do(op), RC_TOO_BIG);
}

static void
what_stands_behind_a_fallen_gate_does_not_happen(void)
{
	struct store_op *gate, *behind, *further, *free_one;
	uint64_t socket;

	t_join_in("alice", &socket);
	gate = t_op_receive("alice", "1");
	gate->u.receive.version += 7;
	behind = t_op_emit("/", NULL, "never");
	behind->gate = gate;
	further = t_op_emit("/", NULL, "neither");
	further->gate = behind;
	free_one = t_op_emit("/", NULL, "said");
	t_commit();
	T_EQ(gate->rc, RC_CLASH);
	T_EQ(behind->rc, RC_BAD_STATE);
	T_EQ(further->rc, RC_BAD_STATE);
	T_EQ(free_one->rc, RC_OK);
	T_STR(t_tail(0, 100), "connect:/ said");
}

static void
a_refused_operation_undoes_only_itself(void)
{
	struct store_op *first, *refused, *last;

	first = t_op_emit("/", NULL, "first");
	refused = t_op_connect(4711, "/", "nobody");
	last = t_op_emit("/", NULL, "last");
	t_commit();
	T_EQ(first->rc, RC_OK);
	T_EQ(refused->rc, RC_GONE);
	T_EQ(last->rc, RC_OK);
	T_STR(t_tail(0, 100), "first last");
}

static void
operations_see_those_before_them(void)
{
	uint64_t session = t_open("alice");
	struct store_op *connect, *join, *before, *after, *poll;

	before = t_op_emit("/", "kitchen", "before");
	connect = t_op_connect(session, "/", "a");
	join = t_op(OP_JOIN);
	join->u.member.sockets = &connect->u.connect.socket_r;
	join->u.member.n = 1;
	join->u.member.room = SLICE("kitchen");
	after = t_op_emit("/", "kitchen", "after");
	poll = t_op_poll(session, "1");
	t_commit();
	T_EQ(join->rc, RC_OK);
	T_OK(before->u.append.record.seq < connect->u.connect.seq_r);
	T_OK(connect->u.connect.seq_r < after->u.append.record.seq);
	T_EQ(scene.turn.first_seq_r, before->u.append.record.seq);
	T_EQ(scene.turn.last_seq_r, after->u.append.record.seq);
	T_STR(t_poll_text(poll), "connect:/ after");
}

static void
a_turn_without_records_has_no_seq(void)
{
	t_open("alice");
	T_EQ(scene.turn.first_seq_r, 0);
	T_EQ(scene.turn.last_seq_r, 0);
}

static void
seq_grows_by_one_record_at_a_time(void)
{
	int64_t a = t_emit("/", NULL, "a"), b = t_emit("/other", "x", "b");

	T_OK(a >= 1);
	T_EQ(b, a + 1);
	T_EQ(t_last_seq(), b);
	T_EQ(scene.turn.last_seq_r, b);
}

static void
a_record_carries_the_wall_time_of_its_commit(void)
{
	struct store_op *op;

	t_wait(1234);
	op = t_op_emit("/", NULL, "now");
	T_EQ(t_do(op), RC_OK);
	T_EQ(op->u.append.record.wall_ms, scene.clock.wall);
}

static void
a_post_is_remembered_but_keeps_nobody_alive(void)
{
	struct store_op *op;
	struct session_row row;

	t_open("alice");
	t_wait(100);
	op = t_op_receive("alice", "p1");
	op->u.receive.partial = SLICE("half a packet");
	T_EQ(t_do(op), RC_OK);
	row = t_session("alice");
	T_EQ(row.heard_boot, scene.clock.boot - 100);
	T_STR(row.last_post, "p1");
	T_EQ(row.last_post_hash, 77);
	T_SLICE(row.partial, "half a packet");

	T_EQ(t_post("alice", "p2", false), RC_OK);
	T_OK(t_session("alice").partial.p == NULL);
}

static void
a_stale_version_clashes(void)
{
	struct store_op *first, *second;

	t_open("alice");
	first = t_op_receive("alice", "1");
	second = t_op_receive("alice", "2");
	t_commit();
	T_EQ(first->rc, RC_OK);
	T_EQ(second->rc, RC_CLASH);
	T_STR(t_session("alice").last_post, "1");
}

static void
a_post_that_changed_nothing_leaves_the_version(void)
{
	struct store_op *op;
	int64_t version;

	t_open("alice");
	version = t_session("alice").version;
	op = t_op_receive("alice", "1");
	op->u.receive.changed = false;
	T_EQ(t_do(op), RC_OK);
	T_EQ(t_session("alice").version, version);
	T_EQ(t_post("alice", "2", false), RC_OK);
	T_OK(t_session("alice").version > version);
}

static void
a_post_decided_on_old_data_clashes(void)
{
	struct store_op *op;
	uint64_t socket;

	t_join_in("alice", &socket);
	op = t_op(OP_SOCKET_SET);
	op->u.socket_set.socket = &socket;
	op->u.socket_set.data = SLICE("{\"nick\":\"al\"}");
	op = t_op_receive("alice", "1");        /* its version was read before */
	T_EQ(t_do(op), RC_CLASH);
}

static void
a_post_that_is_sent_again_changes_nothing(void)
{
	struct store_op *gate, *emit;

	t_open("alice");
	gate = t_op_receive("alice", "p1");
	emit = t_op_emit("/", NULL, "once");
	emit->gate = gate;
	T_EQ(t_do(emit), RC_OK);

	gate = t_op_receive("alice", "p1");
	gate->u.receive.version = 1;
	emit = t_op_emit("/", NULL, "twice");
	emit->gate = gate;
	t_commit();
	T_EQ(gate->rc, RC_NONE);
	T_EQ(emit->rc, RC_BAD_STATE);
	T_STR(t_tail(0, 10), "once");
}

static void
a_post_with_the_same_t_and_another_body_is_a_new_one(void)
{
	struct store_op *op;

	t_open("alice");
	T_EQ(t_post("alice", "p1", false), RC_OK);
	op = t_op_receive("alice", "p1");
	op->u.receive.hash = 78;
	T_EQ(t_do(op), RC_OK);
}

static void
a_post_without_t_is_never_a_resend(void)
{
	t_open("alice");
	T_EQ(t_post("alice", NULL, false), RC_OK);
	T_EQ(t_post("alice", NULL, false), RC_OK);
}

static void
a_post_to_a_session_that_ended_is_refused(void)
{
	struct store_op *op;
	uint64_t n = t_open("alice");

	op = t_op_receive("alice", "1");
	T_EQ(t_do(op), RC_OK);
	T_EQ(t_close(n, "transport close", false), RC_OK);
	op = t_op(OP_RECEIVE);
	op->u.receive.session = n;
	T_EQ(t_do(op), RC_GONE);
}

static void
a_once_key_lets_one_pass_until_its_time_is_over(void)
{
	struct store_op *once, *emit;
	int i;

	for (i = 0; i < 3; i++) {
		once = t_op(OP_ONCE);
		once->u.once.key = SLICE("order 12");
		once->u.once.ttl_ms = 1000;
		emit = t_op_emit("/", NULL, t_text("try%d", i));
		emit->gate = once;
		t_commit();
		T_EQ(once->rc, i == 1 ? RC_NONE : RC_OK);
		T_EQ(emit->rc, i == 1 ? RC_BAD_STATE : RC_OK);
		if (i == 1)
			t_wait(1001);
	}
	T_STR(t_tail(0, 10), "try0 try2");
}

static void
a_record_to_nowhere_is_refused(void)
{
	struct store_op *op = t_op_emit("/", NULL, "a");

	op->u.append.record.channels = SLICE("");
	T_EQ(t_do(op), RC_BAD_INPUT);
}

static void
a_record_to_a_session_that_ended_is_refused(void)
{
	struct store_op *op = t_op_emit("/", NULL, "a");
	struct buf b = BUF_INIT;

	pack_add(&b, channel_of_session(&scene.arena, 4711));
	op->u.append.record.channels = arena_dup(&scene.arena, buf_slice(&b));
	buf_free(&b);
	T_EQ(t_do(op), RC_GONE);
	T_EQ(t_last_seq(), 0);
}

static void
two_once_keys_do_not_meet(void)
{
	struct store_op *a = t_op(OP_ONCE), *b = t_op(OP_ONCE), *again = t_op(OP_ONCE);

	a->u.once.key = again->u.once.key = SLICE("a");
	b->u.once.key = SLICE("b");
	a->u.once.ttl_ms = b->u.once.ttl_ms = again->u.once.ttl_ms = 1000;
	t_commit();
	T_EQ(a->rc, RC_OK);
	T_EQ(b->rc, RC_OK);
	T_EQ(again->rc, RC_NONE);
}

/* ---- the hook ----------------------------------------------------------- */

struct settled {
	const char *tail;
	uint64_t session;
	struct store_op *poll;
	int calls;
};

static void
add_name(void *arg, const struct record *record)
{
	struct buf *b = arg;

	buf_add(b, record->data);
}

static void
settle(void *arg, struct store *store, struct turn *turn)
{
	struct settled *s = arg;
	struct buf b = BUF_INIT;
	int64_t floor;

	s->calls++;
	T_EQ(store_tail(store, 0, 10, turn->arena, add_name, &b, &floor), RC_OK);
	s->tail = arena_str(turn->arena, buf_slice(&b));
	buf_free(&b);
	s->poll = turn_add(turn, OP_POLL, NULL);
	s->poll->u.poll.session = s->session;
	s->poll->u.poll.ticket = 99;
	s->poll->u.poll.t = SLICE("1");
	s->poll->u.poll.max_records = 10;
	s->poll->u.poll.max_bytes = 1000;
}

static void
the_hook_sees_the_turn_and_may_add_to_it(void)
{
	struct settled s = { 0 };

	s.session = t_open("alice");
	t_op_connect(s.session, "/", "a");
	t_op_emit("/", NULL, "said");
	scene.turn.settle = settle;
	scene.turn.arg = &s;
	t_commit();
	T_EQ(s.calls, 1);
	T_STR(s.tail, "{\"sid\":\"a\"}[\"said\"]");
	T_STR(t_poll_text(s.poll), "connect:/ said");
}

/* ---- reopening ---------------------------------------------------------- */

static void
all_is_there_after_a_restart(void)
{
	uint64_t socket, session;
	int64_t seq;
	const unsigned char *key;
	unsigned char old_key[16];
	const char *old_id;

	if (!scene.contract->keeps)
		T_SKIP("this driver keeps nothing");
	session = t_join_in("alice", &socket);
	t_join(socket, "kitchen");
	seq = t_emit("/", "kitchen", "while nobody runs");
	memcpy(old_key, store_key(scene.store), 16);
	old_id = t_text("%s", store_id(scene.store));
	t_reopen();
	T_EQ(t_session("alice").n, session);
	T_OK(t_emit("/", "kitchen", "later") > seq);
	T_STR(t_hears(session), "while nobody runs later");
	key = store_key(scene.store);
	T_OK(memcmp(key, old_key, 16) == 0);
	T_STR(store_id(scene.store), old_id);
}

static void
seq_does_not_fall_back_when_all_records_are_gone(void)
{
	int64_t seq;

	if (!scene.contract->keeps)
		T_SKIP("this driver keeps nothing");
	scene.conf.retention_ms = 1000;
	t_reopen();
	t_emit("/", NULL, "a");
	seq = t_emit("/", NULL, "b");
	t_wait(2000);
	t_janitor();
	T_STR(t_tail(seq, 10), "");
	t_reopen();
	T_EQ(t_emit("/", NULL, "c"), seq + 1);
}

void
contract_turn(void)
{
	CASE(a_new_store_is_empty);
	CASE(a_session_is_found_by_its_sid);
	CASE(more_sessions_than_allowed_are_refused);
	CASE(slots_are_held_by_sessions_that_poll_or_were_just_heard);
	CASE(what_stands_behind_a_fallen_gate_does_not_happen);
	CASE(a_refused_operation_undoes_only_itself);
	CASE(operations_see_those_before_them);
	CASE(a_turn_without_records_has_no_seq);
	CASE(seq_grows_by_one_record_at_a_time);
	CASE(a_record_carries_the_wall_time_of_its_commit);
	CASE(a_post_is_remembered_but_keeps_nobody_alive);
	CASE(a_stale_version_clashes);
	CASE(a_post_that_changed_nothing_leaves_the_version);
	CASE(a_post_decided_on_old_data_clashes);
	CASE(a_post_that_is_sent_again_changes_nothing);
	CASE(a_post_with_the_same_t_and_another_body_is_a_new_one);
	CASE(a_post_without_t_is_never_a_resend);
	CASE(a_post_to_a_session_that_ended_is_refused);
	CASE(a_once_key_lets_one_pass_until_its_time_is_over);
	CASE(a_record_to_nowhere_is_refused);
	CASE(a_record_to_a_session_that_ended_is_refused);
	CASE(two_once_keys_do_not_meet);
	CASE(the_hook_sees_the_turn_and_may_add_to_it);
	CASE(all_is_there_after_a_restart);
	CASE(seq_does_not_fall_back_when_all_records_are_gone);
}
