/*
 * store_contract_task.c - what must be done once: tasks, timers, questions
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

/* One disconnect task; its number. */
static uint64_t
one_task(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_EQ(t_close(s, "transport close", false), RC_OK);
	return t_task("transport close").n;
}

static void
a_task_waits_until_it_is_done(void)
{
	uint64_t task = one_task();

	T_EQ(t_task_try(task, 1000), RC_OK);
	T_STR(t_tasks(), "");
	T_EQ(t_task_done(task), RC_OK);
	T_STR(t_tasks(), "");
	T_EQ(t_stats().tasks, 0);
	T_EQ(t_task_try(task, 1000), RC_GONE);
	T_EQ(t_task_done(task), RC_GONE);
}

static void
done_is_a_gate_that_opens_once(void)
{
	uint64_t task = one_task();
	struct store_op *gate, *emit;
	int i;

	T_EQ(t_task_try(task, 1000), RC_OK);
	for (i = 0; i < 2; i++) {
		gate = t_op(OP_TASK_DONE);
		gate->u.task.task = task;
		emit = t_op_emit("/", NULL, "effect");
		emit->gate = gate;
		t_commit();
		T_EQ(emit->rc, i == 0 ? RC_OK : RC_BAD_STATE);
	}
}

static void
a_task_whose_lease_is_over_is_tried_again(void)
{
	uint64_t task = one_task();

	T_EQ(t_task_try(task, 1000), RC_OK);
	t_wait(1001);
	T_STR(t_tasks(), "disconnect:transport close");
	T_EQ(t_task("transport close").attempts, 1);
	T_EQ(t_task_try(task, 1000), RC_OK);
	t_wait(1001);
	T_EQ(t_task("transport close").attempts, 2);
}

static void
after_three_attempts_a_task_is_set_aside(void)
{
	uint64_t task = one_task();
	int i;

	for (i = 0; i < 3; i++) {
		T_EQ(t_task_try(task, 1000), RC_OK);
		t_wait(1001);
	}
	T_EQ(t_stats().set_aside, 0);
	T_EQ(t_task_try(task, 1000), RC_TOO_BIG);
	T_STR(t_tasks(), "");
	T_EQ(t_stats().set_aside, 1);
}

static void
the_third_attempt_may_still_succeed(void)
{
	uint64_t task = one_task();
	int i;

	for (i = 0; i < 3; i++) {
		t_wait(1001);
		T_EQ(t_task_try(task, 1000), RC_OK);
	}
	T_EQ(t_task_done(task), RC_OK);
	T_EQ(t_stats().set_aside, 0);
}

static void
tasks_come_oldest_first_and_at_most_as_many_as_asked(void)
{
	int i;

	for (i = 0; i < 3; i++)
		T_EQ(t_timer(t_text("t%d", i), NULL, 1000 * (3 - i), 0), RC_OK);
	for (i = 0; i < 3; i++) {
		t_wait(1000);
		t_janitor();
	}
	T_STR(t_tasks(), "timer:t2 timer:t1 timer:t0");
}

/* ---- timers ---------------------------------------------------------------- */

static void
a_timer_fires_once(void)
{
	int64_t due = scene.clock.wall + 1000;
	struct task task;

	T_EQ(t_timer("tea", NULL, 1000, 0), RC_OK);
	T_EQ(t_stats().timers, 1);
	T_EQ(t_janitor(), due);
	T_STR(t_tasks(), "");
	t_wait(1000);
	T_EQ(t_janitor(), 0);
	task = t_task("tea");
	T_EQ(task.kind, TASK_TIMER);
	T_EQ(task.socket, 0);
	T_SLICE(task.nsp, "/");
	T_SLICE(task.context, "{\"n\":1}");
	T_EQ(t_stats().timers, 0);
	t_wait(60000);
	t_janitor();
	T_STR(t_tasks(), "timer:tea");
}

static void
a_timer_of_a_socket_knows_it(void)
{
	uint64_t socket;
	struct task task;

	t_join_in("alice", &socket);
	t_user(socket, "u1");
	T_EQ(t_timer("tea", &socket, 1000, 0), RC_OK);
	t_wait(1000);
	t_janitor();
	task = t_task("tea");
	T_EQ(task.socket, socket);
	T_SLICE(task.socket_id, "alice");
	T_SLICE(task.user, "u1");
}

static void
a_repeated_timer_that_was_missed_fires_once(void)
{
	int64_t next;

	T_EQ(t_timer("tick", NULL, 1000, 1000), RC_OK);
	t_wait(10500);
	next = t_janitor();
	T_STR(t_tasks(), "timer:tick");
	T_OK(next > scene.clock.wall && next <= scene.clock.wall + 1000);
	T_EQ(t_task_done(t_task("tick").n), RC_OK);
	t_wait(next - scene.clock.wall);
	t_janitor();
	T_STR(t_tasks(), "timer:tick");
	T_EQ(t_stats().timers, 1);
}

static void
a_timer_is_replaced_by_one_of_its_name(void)
{
	uint64_t socket;

	t_join_in("alice", &socket);
	T_EQ(t_timer("tea", NULL, 1000, 0), RC_OK);
	T_EQ(t_timer("tea", NULL, 5000, 0), RC_OK);
	T_EQ(t_timer("tea", &socket, 2000, 0), RC_OK);  /* another: it has a socket */
	T_EQ(t_stats().timers, 2);
	t_wait(1000);
	t_janitor();
	T_STR(t_tasks(), "");
	t_wait(4000);
	t_janitor();
	T_STR(t_tasks(), "timer:tea timer:tea");
}

static void
a_cancelled_timer_does_not_fire(void)
{
	T_EQ(t_timer("tea", NULL, 1000, 1000), RC_OK);
	T_EQ(t_timer("tea", NULL, -1, 0), RC_OK);
	T_EQ(t_stats().timers, 0);
	t_wait(1000);
	T_EQ(t_janitor(), 0);
	T_STR(t_tasks(), "");
}

static void
timers_are_limited(void)
{
	uint64_t socket;

	t_join_in("alice", &socket);
	T_EQ(t_timer("a", &socket, 1000, 0), RC_OK);
	T_EQ(t_timer("b", &socket, 1000, 0), RC_OK);
	T_EQ(t_timer("c", &socket, 1000, 0), RC_OK);
	T_EQ(t_timer("d", &socket, 1000, 0), RC_TOO_BIG);
	T_EQ(t_timer("c", &socket, 2000, 0), RC_OK);
	T_EQ(t_stats().timers, 3);
}

static void
a_timer_ends_with_its_socket(void)
{
	uint64_t socket;

	t_join_in("alice", &socket);
	T_EQ(t_timer("tea", &socket, 1000, 0), RC_OK);
	T_EQ(t_disconnect(socket), RC_OK);
	T_EQ(t_stats().timers, 0);
	t_wait(1000);
	t_janitor();
	T_STR(t_tasks(), "disconnect:server namespace disconnect");
}

static void
a_timer_of_no_socket_is_refused(void)
{
	uint64_t nobody = 4711;

	T_EQ(t_timer("tea", &nobody, 1000, 0), RC_GONE);
}

/* ---- questions --------------------------------------------------------------- */

static void
an_answer_to_a_question_is_a_task(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t question = t_ask("/", "alice", "replied", 5000, false);
	struct store_op *op;
	struct task task;

	op = t_op_poll(s, "1");
	t_commit();
	T_STR(t_poll_text(op), "question");
	T_EQ(op->u.poll.batch_r.records[0].id, question);
	T_OK(op->u.poll.batch_r.records[0].flags & RECORD_ASKS_ACK);

	T_EQ(t_answer(socket, question, "[\"yes\"]"), RC_OK);
	task = t_task("replied");
	T_EQ(task.kind, TASK_ACK);
	T_SLICE(task.nsp, "/");
	T_SLICE(task.context, "\"why\"");
	T_SLICE(task.data, "{\"timeout\":false,\"expected\":1,\"answers\":[[\"yes\"]]}");
	T_EQ(t_stats().questions, 0);
}

static void
an_answer_counts_once(void)
{
	uint64_t a, b;
	int64_t question;

	t_join_in("alice", &a);
	t_join_in("bob", &b);
	question = t_ask("/", NULL, "replied", 5000, false);
	T_EQ(t_answer(a, question, "[1]"), RC_OK);
	T_EQ(t_answer(a, question, "[2]"), RC_NONE);
	T_STR(t_tasks(), "");
	T_EQ(t_answer(b, question, "[3]"), RC_OK);
	T_EQ(t_answer(b, question, "[4]"), RC_NONE);
	T_SLICE(t_task("replied").data,
	    "{\"timeout\":false,\"expected\":2,\"answers\":[[1],[3]]}");
}

static void
an_answer_that_nobody_asked_for_is_none(void)
{
	uint64_t a, b;
	int64_t question;

	t_join_in("alice", &a);
	t_join_in("bob", &b);
	question = t_ask("/", "alice", "replied", 5000, false);
	T_EQ(t_answer(b, question, "[1]"), RC_NONE);
	T_EQ(t_answer(a, question + 1, "[1]"), RC_NONE);
	T_STR(t_tasks(), "");
}

static void
question_add(void *arg, const struct question_row *row)
{
	buf_printf(arg, "%lld %.*s %.*s %lld/%lld %.*s;", (long long)row->n,
	    SLICE_ARGS(row->name), SLICE_ARGS(row->context), (long long)row->answered,
	    (long long)row->expected, SLICE_ARGS(row->answers));
}

static const char *
questions(const char *nsp, int64_t after, size_t limit)
{
	struct buf out = BUF_INIT;
	const char *text;

	T_EQ(store_questions(scene.store, slice_str(nsp), after, limit, &scene.arena,
	    question_add, &out), RC_OK);
	text = t_text("%.*s", SLICE_ARGS(buf_slice(&out)));
	buf_free(&out);
	return text;
}

static void
open_questions_can_be_looked_at(void)
{
	int64_t first, second;
	uint64_t a, b;

	t_join_in("alice", &a);
	t_join_in("bob", &b);
	T_STR(questions("/", 0, 10), "");
	first = t_ask("/", NULL, "replied", 5000, false);
	second = t_ask("/", NULL, "", 5000, true);
	T_EQ(t_answer(b, first, "[3]"), RC_OK);
	T_STR(questions("/", 0, 10), t_text("%lld replied \"why\" 1/2 [[3]];%lld  \"why\" 0/2 [];",
	    (long long)first, (long long)second));
	T_STR(questions("/", first, 10), t_text("%lld  \"why\" 0/2 [];", (long long)second));
	T_STR(questions("/", second, 10), "");
	T_STR(questions("/other", 0, 10), "");
	T_STR(questions("/", 0, 1), t_text("%lld replied \"why\" 1/2 [[3]];", (long long)first));
	T_EQ(t_answer(a, first, "[4]"), RC_OK);
	T_EQ(t_answer(a, second, "[5]"), RC_OK);
	T_EQ(t_answer(b, second, "[6]"), RC_OK);
	T_STR(questions("/", 0, 10), "");
}

static void
a_broadcast_with_a_time_out_has_partial_results(void)
{
	uint64_t a, b;
	int64_t question, due = scene.clock.wall + 5000;

	t_join_in("alice", &a);
	t_join_in("bob", &b);
	question = t_ask("/", NULL, "replied", 5000, false);
	T_EQ(t_answer(b, question, "[\"b\"]"), RC_OK);
	T_EQ(t_janitor(), due);
	t_wait(5000);
	t_janitor();
	T_SLICE(t_task("replied").data,
	    "{\"timeout\":true,\"expected\":2,\"answers\":[[\"b\"]]}");
	T_EQ(t_answer(a, question, "[\"late\"]"), RC_NONE);
	T_STR(t_tasks(), "ack:replied");
}

static void
a_question_to_nobody_is_answered_at_once(void)
{
	t_ask("/", "empty", "replied", 5000, false);
	T_SLICE(t_task("replied").data,
	    "{\"timeout\":false,\"expected\":0,\"answers\":[]}");
}

static void
those_who_are_gone_or_excepted_are_not_asked(void)
{
	uint64_t a, b, c, alice = t_join_in("alice", &a);
	struct store_op *op;

	t_join_in("bob", &b);
	t_join_in("carol", &c);
	T_EQ(t_close(alice, "transport close", true), RC_OK);
	op = t_op_emit("/", NULL, "question");
	op->u.append.record.except = t_keys(CHANNEL_ROOM, "/", "bob");
	op->u.append.question = SLICE("replied");
	op->u.append.timeout_ms = 5000;
	T_EQ(t_do(op), RC_OK);
	T_EQ(t_answer(c, op->u.append.question_r, "[]"), RC_OK);
	T_SLICE(t_task("replied").data,
	    "{\"timeout\":false,\"expected\":1,\"answers\":[[]]}");
}

static void
two_questions_have_two_numbers(void)
{
	uint64_t a;
	int64_t first, second;

	t_join_in("alice", &a);
	first = t_ask("/", NULL, "one", 5000, false);
	second = t_ask("/", NULL, "two", 5000, false);
	T_OK(first != second);
	T_EQ(t_answer(a, second, "[2]"), RC_OK);
	T_STR(t_tasks(), "ack:two");
	T_EQ(t_answer(a, first, "[1]"), RC_OK);
	T_EQ(t_task_done(t_task("two").n), RC_OK);
	T_STR(t_tasks(), "ack:one");
}

static void
expect_answers(int64_t question, const char *answers, int64_t expected, bool done)
{
	struct slice got, attachments;
	int64_t n;
	bool is_done;

	T_EQ(store_answers(scene.store, question, &scene.arena, &got, &attachments,
	    &n, &is_done), RC_OK);
	T_OK(attachments.p == NULL);
	T_SLICE(got, answers);
	T_EQ(n, expected);
	T_EQ(is_done, done);
}

static void
who_waits_for_answers_sees_them_come(void)
{
	uint64_t a, b;
	int64_t question, n;
	struct slice got, attachments;
	bool done;

	t_join_in("alice", &a);
	t_join_in("bob", &b);
	question = t_ask("/", NULL, NULL, 5000, true);
	expect_answers(question, "[]", 2, false);
	T_EQ(t_answer(a, question, "[\"a\",1]"), RC_OK);
	expect_answers(question, "[[\"a\",1]]", 2, false);
	T_EQ(t_answer(b, question, "[\"b\"]"), RC_OK);
	expect_answers(question, "[[\"a\",1],[\"b\"]]", 2, true);
	T_STR(t_tasks(), "");
	T_EQ(store_answers(scene.store, question + 1, &scene.arena, &got,
	    &attachments, &n, &done), RC_GONE);
}

static void
waiting_ends_with_the_time_out(void)
{
	uint64_t a, b;
	int64_t question;

	t_join_in("alice", &a);
	t_join_in("bob", &b);
	question = t_ask("/", NULL, NULL, 5000, true);
	T_EQ(t_answer(b, question, "[\"b\"]"), RC_OK);
	t_wait(5001);
	expect_answers(question, "[[\"b\"]]", 2, true);
	T_EQ(t_answer(a, question, "[\"late\"]"), RC_NONE);
}

static const struct slice two_files = { "\1\0\0\0x\2\0\0\0y\0", 11 };

static void
expect_two_files_from_the_second(struct slice attachments)
{
	struct slice one;

	T_EQ(pack_count(attachments), 3);
	T_OK(pack_next(&attachments, &one) && one.n == 0);
	T_OK(pack_next(&attachments, &one) && slice_eq(one, two_files));
	T_OK(pack_next(&attachments, &one) && one.n == 0);
}

static void
what_is_attached_to_answers_comes_with_them(void)
{
	uint64_t a, b, c;
	int64_t question;
	struct task task;

	t_join_in("alice", &a);
	t_join_in("bob", &b);
	t_join_in("carol", &c);
	question = t_ask("/", NULL, "replied", 5000, false);
	T_EQ(t_answer(a, question, "[1]"), RC_OK);
	T_EQ(t_answer_with(b, question, "[2]", two_files), RC_OK);
	T_EQ(t_answer(c, question, "[3]"), RC_OK);
	task = t_task("replied");
	T_SLICE(task.data,
	    "{\"timeout\":false,\"expected\":3,\"answers\":[[1],[2],[3]]}");
	expect_two_files_from_the_second(task.attachments);

	question = t_ask("/", NULL, "again", 5000, false);
	T_EQ(t_answer(a, question, "[1]"), RC_OK);
	t_wait(5001);
	t_janitor();
	T_OK(t_task("again").attachments.p == NULL);
}

static void
who_waits_for_answers_sees_what_is_attached(void)
{
	uint64_t a, b, c;
	int64_t question, n;
	struct slice got, attachments;
	bool done;

	t_join_in("alice", &a);
	t_join_in("bob", &b);
	t_join_in("carol", &c);
	question = t_ask("/", NULL, NULL, 5000, true);
	T_EQ(t_answer(c, question, "[3]"), RC_OK);
	expect_answers(question, "[[3]]", 3, false);
	T_EQ(t_answer_with(a, question, "[1]", two_files), RC_OK);
	T_EQ(t_answer(b, question, "[2]"), RC_OK);
	T_EQ(store_answers(scene.store, question, &scene.arena, &got, &attachments,
	    &n, &done), RC_OK);
	T_SLICE(got, "[[3],[1],[2]]");
	expect_two_files_from_the_second(attachments);
}

/* ---- values -------------------------------------------------------------------- */

static enum rc
set_value(const char *key, const char *value, int64_t ttl_ms)
{
	struct store_op *op = t_op(OP_VALUE_SET);

	op->u.value_set.key = slice_str(key);
	op->u.value_set.value = slice_str(value);
	op->u.value_set.ttl_ms = ttl_ms;
	return t_do(op);
}

static const char *
value(const char *key)
{
	struct slice v;
	enum rc rc = store_value(scene.store, slice_str(key), &scene.arena, &v);

	return rc == RC_OK ? arena_str(&scene.arena, v) : rc_name(rc);
}

static void
a_value_is_set_replaced_and_removed(void)
{
	T_STR(value("topic"), "none");
	T_EQ(set_value("topic", "{\"a\":1}", 0), RC_OK);
	T_STR(value("topic"), "{\"a\":1}");
	T_EQ(set_value("topic", "2", 0), RC_OK);
	T_STR(value("topic"), "2");
	T_EQ(set_value("topic", NULL, 0), RC_OK);
	T_STR(value("topic"), "none");
}

static void
a_value_ends_with_its_time(void)
{
	T_EQ(set_value("typing", "true", 1000), RC_OK);
	T_EQ(set_value("topic", "1", 0), RC_OK);
	t_wait(999);
	T_STR(value("typing"), "true");
	t_wait(2);
	T_STR(value("typing"), "none");
	t_janitor();
	T_STR(value("topic"), "1");
	T_EQ(set_value("typing", "true", 1000), RC_OK);
	T_STR(value("typing"), "true");
}

static void
what_must_be_done_survives_a_restart(void)
{
	uint64_t a, b, bob;
	int64_t question;

	if (!scene.contract->keeps)
		T_SKIP("this driver keeps nothing");
	t_join_in("alice", &a);
	bob = t_join_in("bob", &b);
	T_EQ(t_timer("tea", &a, 1000, 0), RC_OK);
	question = t_ask("/", NULL, "replied", 5000, false);
	T_EQ(t_answer(b, question, "[1]"), RC_OK);
	T_EQ(set_value("topic", "1", 0), RC_OK);
	T_EQ(t_close(bob, "transport close", true), RC_OK);
	T_EQ(t_task_try(t_task("transport close").n, 60000), RC_OK);
	t_reopen();
	T_STR(t_tasks(), "disconnect:transport close");         /* its worker is dead */
	T_EQ(t_task("transport close").attempts, 1);
	T_EQ(t_answer(b, question, "[2]"), RC_NONE);
	T_EQ(t_answer(a, question, "[3]"), RC_OK);
	t_wait(1000);
	t_janitor();
	T_STR(t_tasks(), "disconnect:transport close ack:replied timer:tea");
	T_STR(value("topic"), "1");
}

void
contract_task(void)
{
	CASE(a_task_waits_until_it_is_done);
	CASE(done_is_a_gate_that_opens_once);
	CASE(a_task_whose_lease_is_over_is_tried_again);
	CASE(after_three_attempts_a_task_is_set_aside);
	CASE(the_third_attempt_may_still_succeed);
	CASE(tasks_come_oldest_first_and_at_most_as_many_as_asked);
	CASE(a_timer_fires_once);
	CASE(a_timer_of_a_socket_knows_it);
	CASE(a_repeated_timer_that_was_missed_fires_once);
	CASE(a_timer_is_replaced_by_one_of_its_name);
	CASE(a_cancelled_timer_does_not_fire);
	CASE(timers_are_limited);
	CASE(a_timer_ends_with_its_socket);
	CASE(a_timer_of_no_socket_is_refused);
	CASE(an_answer_to_a_question_is_a_task);
	CASE(an_answer_counts_once);
	CASE(open_questions_can_be_looked_at);
	CASE(an_answer_that_nobody_asked_for_is_none);
	CASE(a_broadcast_with_a_time_out_has_partial_results);
	CASE(a_question_to_nobody_is_answered_at_once);
	CASE(those_who_are_gone_or_excepted_are_not_asked);
	CASE(two_questions_have_two_numbers);
	CASE(who_waits_for_answers_sees_them_come);
	CASE(waiting_ends_with_the_time_out);
	CASE(what_is_attached_to_answers_comes_with_them);
	CASE(who_waits_for_answers_sees_what_is_attached);
	CASE(a_value_is_set_replaced_and_removed);
	CASE(a_value_ends_with_its_time);
	CASE(what_must_be_done_survives_a_restart);
}
