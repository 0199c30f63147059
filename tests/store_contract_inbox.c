/*
 * store_contract_inbox.c - lanes: what concerns a client waits in its order
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

static struct store_op *
op_event(uint64_t session, uint64_t *socket, const char *name, const char *says)
{
	struct store_op *op = t_op(OP_TASK_ADD);

	op->u.task_add.kind = TASK_EVENT;
	op->u.task_add.session = session;
	op->u.task_add.socket = socket;
	op->u.task_add.nsp = SLICE("/");
	op->u.task_add.name = slice_str(name);
	op->u.task_add.context = SLICE("[1]");
	op->u.task_add.says = slice_str(says);
	return op;
}

/* An event into the session's lane; its number. */
static uint64_t
add_event(uint64_t session, uint64_t *socket, const char *name, const char *says)
{
	struct store_op *op = op_event(session, socket, name, says);

	T_EQ(t_do(op), RC_OK);
	return op->u.task_add.n_r;
}

/* Tries with a batch of at most so many; the last that goes with it, 0: refused. */
static uint64_t
try_batch(uint64_t task, size_t batch)
{
	struct store_op *op = t_op(OP_TASK_TRY);

	op->u.task.task = task;
	op->u.task.lease_ms = 1000;
	op->u.task.batch = batch;
	return t_do(op) == RC_OK ? op->u.task.upto_r : 0;
}

static enum rc
done_batch(uint64_t task, uint64_t upto)
{
	struct store_op *op = t_op(OP_TASK_DONE);

	op->u.task.task = task;
	op->u.task.upto = upto;
	return t_do(op);
}

static enum rc
again(uint64_t task, int64_t delay_ms, bool aside, bool afresh)
{
	struct store_op *op = t_op(OP_TASK_AGAIN);

	op->u.task_again.task = task;
	op->u.task_again.delay_ms = delay_ms;
	op->u.task_again.aside = aside;
	op->u.task_again.afresh = afresh;
	return t_do(op);
}

static void
name_add(void *arg, const struct task *task)
{
	struct buf *b = arg;

	if (b->n > 0)
		buf_char(b, ' ');
	buf_add(b, task->name);
}

static const char *
batch_names(uint64_t n, uint64_t upto)
{
	struct buf b = BUF_INIT;
	const char *text;

	store_batch(scene.store, n, upto, &scene.arena, name_add, &b);
	text = t_text("%.*s", SLICE_ARGS(buf_slice(&b)));
	buf_free(&b);
	return text;
}

static void
only_the_oldest_of_a_lane_is_offered(void)
{
	uint64_t a, b, s = t_join_in("alice", &a), r = t_join_in("bob", &b), n;

	n = add_event(s, &a, "one", "s");
	add_event(s, &a, "two", "s");
	add_event(r, &b, "bobs", "s");
	T_STR(t_tasks(), "event:one event:bobs");
	T_EQ(try_batch(n, 1), n);
	T_STR(t_tasks(), "event:bobs");
	T_EQ(done_batch(n, 0), RC_OK);
	T_STR(t_tasks(), "event:two event:bobs");
}

static void
whoever_adds_the_first_is_told(void)
{
	uint64_t a, s = t_join_in("alice", &a);
	struct store_op *first = op_event(s, &a, "one", "s");
	struct store_op *second = op_event(s, &a, "two", "s");

	t_commit();
	T_OK(first->u.task_add.is_head_r);
	T_OK(!second->u.task_add.is_head_r);
}

static void
an_event_sees_its_socket_as_it_is_when_it_is_offered(void)
{
	uint64_t a, s = t_join_in("alice", &a);
	struct task task;

	add_event(s, &a, "one", "s");
	t_data(a, "{\"nick\":\"al\"}");
	t_user(a, "anna");
	task = t_task("one");
	T_EQ(task.kind, TASK_EVENT);
	T_EQ(task.session, s);
	T_EQ(task.socket, a);
	T_SLICE(task.socket_id, "alice");
	T_SLICE(task.data, "{\"nick\":\"al\"}");
	T_SLICE(task.user, "anna");
	T_SLICE(task.context, "[1]");
	T_SLICE(task.says, "s");
	T_EQ(task.at_wall, scene.clock.wall);
}

static void
a_batch_has_one_socket_and_one_speaker(void)
{
	uint64_t a, b, s = t_join_in("alice", &a), n[6];

	b = t_connect(s, "/b", "ab");
	n[0] = add_event(s, &a, "one", "s");
	n[1] = add_event(s, &a, "two", "s");
	n[2] = add_event(s, &a, "three", "a");
	n[3] = add_event(s, &b, "four", "a");
	n[4] = add_event(s, &b, "five", "a");
	T_EQ(try_batch(n[0], 10), n[1]);
	T_STR(batch_names(n[0], n[1]), "one two");
	T_EQ(done_batch(n[0], n[1]), RC_OK);
	T_EQ(try_batch(n[2], 10), n[2]);
	T_EQ(done_batch(n[2], n[2]), RC_OK);
	T_EQ(try_batch(n[3], 1), n[3]);
	T_EQ(done_batch(n[3], n[3]), RC_OK);
	T_STR(t_tasks(), "event:five");
}

static void
a_batch_stays_what_it_was(void)
{
	uint64_t a, s = t_join_in("alice", &a), n = add_event(s, &a, "one", "s");

	T_EQ(try_batch(n, 10), n);
	add_event(s, &a, "two", "s");
	t_wait(1001);                   /* its process has died */
	T_EQ(t_task("one").attempts, 1);
	T_EQ(try_batch(n, 10), n);
	T_STR(batch_names(n, n), "one");
	T_EQ(done_batch(n, n), RC_OK);
	T_STR(t_tasks(), "event:two");
}

static void
a_failed_attempt_waits_and_holds_up_its_lane(void)
{
	uint64_t a, s = t_join_in("alice", &a), n = add_event(s, &a, "one", "s");

	add_event(s, &a, "two", "s");
	T_EQ(try_batch(n, 1), n);
	T_EQ(again(n, 2000, false, false), RC_OK);
	T_STR(t_tasks(), "");
	t_wait(2000);
	T_STR(t_tasks(), "event:one");
	T_EQ(t_task("one").attempts, 1);
	T_EQ(again(n + 77, 0, false, false), RC_GONE);
}

static void
what_was_set_aside_is_tried_again_behind_the_others(void)
{
	uint64_t a, s = t_join_in("alice", &a), n = add_event(s, &a, "one", "s");

	add_event(s, &a, "two", "s");
	add_event(s, &a, "three", "x");
	T_EQ(try_batch(n, 5), n + 1);
	T_EQ(again(n, 0, true, false), RC_OK);
	T_EQ(t_stats().set_aside, 2);
	T_STR(t_tasks(), "event:three");
	T_EQ(again(n, 0, false, true), RC_OK);
	T_STR(t_tasks(), "event:three");
	T_EQ(done_batch(t_task("three").n, 0), RC_OK);
	T_STR(t_tasks(), "event:one");
	T_EQ(t_task("one").attempts, 0);
	T_EQ(t_task("one").says.n, 0);  /* a cookie is not kept for a person's decision */
	T_EQ(t_stats().set_aside, 1);
}

static void
so_many_attempts_as_are_asked_for(void)
{
	uint64_t a, s = t_join_in("alice", &a), n = add_event(s, &a, "one", "s");
	struct store_op *op;
	int i;

	for (i = 0; i < 6; i++) {
		op = t_op(OP_TASK_TRY);
		op->u.task.task = n;
		op->u.task.lease_ms = 1000;
		op->u.task.max_attempts = 5;
		T_EQ(t_do(op), i < 5 ? RC_OK : RC_TOO_BIG);
		t_wait(1001);
	}
	T_EQ(t_stats().set_aside, 1);
}

static struct store_op *
op_fill(int64_t n, int64_t bytes)
{
	struct store_op *op = t_op_receive("alice", "");

	op->u.receive.inbox_n = n;
	op->u.receive.inbox_bytes = bytes;
	op->u.receive.max_inbox = 3;
	op->u.receive.max_inbox_bytes = 1000;
	return op;
}

static void
a_full_lane_refuses_the_request_that_would_add_to_it(void)
{
	uint64_t a, s = t_join_in("alice", &a), n;

	T_EQ(t_do(op_fill(100, 100000)), RC_OK);        /* it is empty */
	n = add_event(s, &a, "one", "s");
	T_EQ(t_do(op_fill(2, 10)), RC_OK);
	T_EQ(t_do(op_fill(3, 10)), RC_TOO_BIG);
	T_EQ(t_do(op_fill(1, 990)), RC_TOO_BIG);
	T_EQ(t_do(op_fill(0, 0)), RC_OK);
	T_EQ(done_batch(n, 0), RC_OK);
	T_EQ(t_do(op_fill(3, 10)), RC_OK);
}

static void
all_lanes_together_have_a_limit_too(void)
{
	uint64_t a, s = t_join_in("alice", &a), n = add_event(s, &a, "one", "s");
	struct store_op *op;

	add_event(0, NULL, "of nobody", "");
	op = t_op_receive("alice", "");
	op->u.receive.inbox_n = 2;
	op->u.receive.max_tasks = 4;
	T_EQ(t_do(op), RC_OK);
	op = t_op_receive("alice", "");
	op->u.receive.inbox_n = 3;
	op->u.receive.max_tasks = 4;
	T_EQ(t_do(op), RC_TOO_BIG);
	T_OK(op->u.receive.is_full_r);
	op = t_op_receive("alice", "");         /* what brings no task is taken */
	op->u.receive.max_tasks = 1;
	T_EQ(t_do(op), RC_OK);
	T_EQ(done_batch(n, 0), RC_OK);
	op = t_op_receive("alice", "");
	op->u.receive.inbox_n = 3;
	op->u.receive.max_tasks = 4;
	T_EQ(t_do(op), RC_OK);
}

static void
the_disconnect_comes_last_and_knows_what_the_events_changed(void)
{
	uint64_t a, s = t_join_in("alice", &a), n;
	struct store_op *op;
	struct task task;

	t_join(a, "red");
	t_data(a, "1");
	n = add_event(s, &a, "one", "s");
	T_EQ(t_close(s, "transport close", false), RC_OK);
	T_STR(t_tasks(), "event:one");
	task = t_task("one");
	T_SLICE(task.data, "1");
	T_OK(slice_eq(task.rooms, t_names("alice red")));
	op = t_op(OP_SOCKET_SET);
	op->u.socket_set.socket = &a;
	op->u.socket_set.data = SLICE("2");
	op->u.socket_set.user = SLICE("anna");
	T_EQ(t_do(op), RC_OK);
	T_EQ(done_batch(n, 0), RC_OK);
	task = t_task("transport close");
	T_SLICE(task.data, "2");
	T_SLICE(task.user, "anna");
	T_OK(slice_eq(task.rooms, t_names("alice red")));
	T_EQ(task.connected_wall, scene.clock.wall);
}

static void
a_client_that_comes_back_goes_on_in_its_lane(void)
{
	uint64_t a, s = t_join_in("alice", &a), r, n, lane;

	n = add_event(s, &a, "before", "s");
	T_EQ(t_close(s, "transport close", true), RC_OK);
	r = t_open("again");
	T_EQ(t_recover(r, "/", "p-alice", 0, 100), RC_OK);
	add_event(r, &a, "after", "s");
	T_STR(t_tasks(), "event:before");
	T_EQ(done_batch(n, 0), RC_OK);
	/* nobody had begun to tell that it was gone */
	T_STR(t_tasks(), "event:after");
	T_EQ(t_task("after").lane, s);
	T_EQ(store_lane(scene.store, r, &lane), RC_OK);
	T_EQ(lane, s);
	T_EQ(store_lane(scene.store, s, &lane), RC_NONE);
}

static void
a_client_that_asks_for_a_namespace_is_known(void)
{
	uint64_t s = t_open("alice");
	struct store_op *op = t_op(OP_TASK_ADD);
	bool asking;

	op->u.task_add.kind = TASK_CONNECT;
	op->u.task_add.session = s;
	op->u.task_add.nsp = SLICE("/chat");
	op->u.task_add.socket_id = SLICE("soon");
	op->u.task_add.pid = SLICE("p");
	op->u.task_add.info = SLICE("{}");
	T_EQ(t_do(op), RC_OK);
	store_is_asking(scene.store, s, SLICE("/chat"), &asking);
	T_OK(asking);
	store_is_asking(scene.store, s, SLICE("/"), &asking);
	T_OK(!asking);
	T_SLICE(t_task("").socket_id, "soon");
	T_SLICE(t_task("").pid, "p");
	T_SLICE(t_task("").info, "{}");
	T_EQ(t_stats().inbox, 1);
	T_EQ(done_batch(op->u.task_add.n_r, 0), RC_OK);
	store_is_asking(scene.store, s, SLICE("/chat"), &asking);
	T_OK(!asking);
}

static void
what_is_said_early_has_the_socket_that_is_there(void)
{
	uint64_t a, s = t_open("alice"), n;
	struct store_op *op = op_event(s, NULL, "early", "s");

	op->u.task_add.kind = TASK_SAID;
	T_EQ(t_do(op), RC_OK);
	n = op->u.task_add.n_r;
	T_EQ(t_task("early").socket, 0);
	a = t_connect(s, "/", "a");
	T_EQ(t_task("early").socket, a);
	T_SLICE(t_task("early").socket_id, "a");
	T_EQ(try_batch(n, 3), n);
	op = t_op(OP_TASK_AGAIN);
	op->u.task_again.task = n;
	op->u.task_again.event_of = a;
	T_EQ(t_do(op), RC_OK);
	T_STR(t_tasks(), "event:early");
	T_EQ(t_task("early").attempts, 0);
	T_EQ(t_task("early").socket, a);
}

static void
a_task_may_stand_in_for_an_operation_that_fails(void)
{
	uint64_t a, s = t_join_in("alice", &a);
	struct store_op *connect, *op;
	int i;

	for (i = 0; i < 2; i++) {
		connect = t_op_connect(s, i == 0 ? "/" : "/b", "x");
		op = op_event(s, NULL, "instead", "s");
		op->unless = connect;
		t_commit();
		T_EQ(connect->rc, i == 0 ? RC_CLASH : RC_OK);
		T_EQ(op->rc, i == 0 ? RC_OK : RC_NONE);
	}
}

/* ---- values ------------------------------------------------------------------- */

static enum rc
merge(const char *key, enum json_merge how, const char *arg, struct slice *now_r)
{
	struct store_op *op = t_op(OP_VALUE_SET);
	enum rc rc;

	op->u.value_set.key = slice_str(key);
	op->u.value_set.how = how;
	op->u.value_set.value = slice_str(arg);
	op->u.value_set.max = 20;
	rc = t_do(op);
	*now_r = op->u.value_set.value_r;
	return rc;
}

static void
a_value_is_changed_where_it_is(void)
{
	struct slice value;

	T_EQ(merge("names", MERGE_APPEND, "\"anna\"", &value), RC_OK);
	T_EQ(merge("names", MERGE_APPEND, "\"ben\"", &value), RC_OK);
	T_SLICE(value, "[\"anna\",\"ben\"]");
	T_EQ(merge("names", MERGE_PUT, "{}", &value), RC_BAD_INPUT);
	T_EQ(merge("names", MERGE_APPEND, "\"somebody long\"", &value), RC_TOO_BIG);
	T_EQ(store_value(scene.store, SLICE("names"), &scene.arena, &value), RC_OK);
	T_SLICE(value, "[\"anna\",\"ben\"]");
}

static void
a_change_leaves_a_values_time_as_it_is(void)
{
	struct store_op *op = t_op(OP_VALUE_SET);
	struct slice value;

	op->u.value_set.key = SLICE("n");
	op->u.value_set.value = SLICE("1");
	op->u.value_set.ttl_ms = 5000;
	T_EQ(t_do(op), RC_OK);
	t_wait(4000);
	T_EQ(merge("n", MERGE_ADD, "1", &value), RC_OK);
	T_SLICE(value, "2");
	t_wait(1000);
	T_EQ(store_value(scene.store, SLICE("n"), &scene.arena, &value), RC_NONE);
	T_EQ(merge("n", MERGE_ADD, "1", &value), RC_OK);
	T_SLICE(value, "1");
}

static void
list_value(void *arg, struct slice key, struct slice value)
{
	buf_printf(arg, "%.*s=%.*s ", SLICE_ARGS(key), SLICE_ARGS(value));
}

static void
values_are_listed_by_how_their_keys_begin(void)
{
	static const char *const keys[] = { "b/2", "a/1", "b/1", "c", "b" };
	struct buf b = BUF_INIT;
	struct store_op *op;
	size_t i;

	for (i = 0; i < N_ELEMENTS(keys); i++) {
		op = t_op(OP_VALUE_SET);
		op->u.value_set.key = slice_str(keys[i]);
		op->u.value_set.value = SLICE("1");
		op->u.value_set.ttl_ms = i == 2 ? 1000 : 0;
		T_EQ(t_do(op), RC_OK);
	}
	store_values(scene.store, SLICE("b/"), 10, &scene.arena, list_value, &b);
	T_SLICE(buf_slice(&b), "b/1=1 b/2=1 ");
	t_wait(1000);
	buf_reset(&b);
	store_values(scene.store, SLICE("b"), 10, &scene.arena, list_value, &b);
	T_SLICE(buf_slice(&b), "b=1 b/2=1 ");
	buf_reset(&b);
	store_values(scene.store, SLICE(""), 1, &scene.arena, list_value, &b);
	T_SLICE(buf_slice(&b), "a/1=1 ");
	buf_free(&b);
}

static void
the_value_of_a_lane_ends_a_day_after_its_session(void)
{
	uint64_t a, s = t_join_in("alice", &a);
	struct store_op *op = t_op(OP_VALUE_SET);
	struct slice value, key = store_lane_key(&scene.arena, s);

	op->u.value_set.key = key;
	op->u.value_set.value = SLICE("1");
	T_EQ(t_do(op), RC_OK);
	T_EQ(t_close(s, "transport close", false), RC_OK);
	T_EQ(store_value(scene.store, key, &scene.arena, &value), RC_OK);
	t_wait(86400 * 1000);
	T_EQ(store_value(scene.store, key, &scene.arena, &value), RC_NONE);
}

void
contract_inbox(void)
{
	CASE(only_the_oldest_of_a_lane_is_offered);
	CASE(whoever_adds_the_first_is_told);
	CASE(an_event_sees_its_socket_as_it_is_when_it_is_offered);
	CASE(a_batch_has_one_socket_and_one_speaker);
	CASE(a_batch_stays_what_it_was);
	CASE(a_failed_attempt_waits_and_holds_up_its_lane);
	CASE(what_was_set_aside_is_tried_again_behind_the_others);
	CASE(so_many_attempts_as_are_asked_for);
	CASE(a_full_lane_refuses_the_request_that_would_add_to_it);
	CASE(all_lanes_together_have_a_limit_too);
	CASE(the_disconnect_comes_last_and_knows_what_the_events_changed);
	CASE(a_client_that_comes_back_goes_on_in_its_lane);
	CASE(a_client_that_asks_for_a_namespace_is_known);
	CASE(what_is_said_early_has_the_socket_that_is_there);
	CASE(a_task_may_stand_in_for_an_operation_that_fails);
	CASE(a_value_is_changed_where_it_is);
	CASE(a_change_leaves_a_values_time_as_it_is);
	CASE(values_are_listed_by_how_their_keys_begin);
	CASE(the_value_of_a_lane_ends_a_day_after_its_session);
}
