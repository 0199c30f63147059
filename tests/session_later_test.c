/*
 * session_later_test.c - an application that answers later, with a fake one
 *
 * Several processes share a store; each has the same application, which keeps what
 * it is asked until the test says how it is answered.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/json.h"
#include "base/mem.h"
#include "tests/session_kit.h"

enum { OUT_MAX = 256 };

static struct {
	struct later *out[OUT_MAX];     /* asked, not answered */
	int n_out, n_started;
	const char *refusal;            /* of a connect */
	const char *user;               /* that an event binds */
	bool has_root;                  /* it decides about "/", too */
	bool answers_at_once;           /* events */
	bool bad, closed;               /* its effects break a rule; not now */
	int learnt_good, learnt_bad;
	int64_t retry_ms;
} fake;
static struct kit kit;
static struct app app;

static bool
is_served(struct slice nsp)
{
	return slice_starts(nsp, SLICE("/later")) ||
	    (fake.has_root && slice_is(nsp, "/"));
}

static enum rc
later_terms(void *arg, const struct app_call *call, struct arena *arena,
    struct later_terms *terms_r)
{
	(void)arg, (void)arena;
	if (!is_served(call->nsp))
		return RC_NONE;
	*terms_r = (struct later_terms){ .batch = 3, .attempts = 2, .lease_ms = 60000 };
	if (!fake.closed)
		return RC_OK;
	terms_r->not_before = clock_boot(&kit.clock.clock) + 5000;
	return RC_AGAIN;
}

static void
later_start(void *arg, struct later *later)
{
	(void)arg;
	fake.out[fake.n_out++] = later;
	fake.n_started++;
}

static enum rc
later_effects(void *arg, struct later *later, size_t i, struct arena *arena,
    struct effects *effects_r)
{
	const struct app_call *call = &later->events[i].call;
	struct effect *f;

	(void)arg;
	*effects_r = (struct effects){ NULL, NULL, 0 };
	if (fake.bad)
		return RC_BAD_INPUT;
	if (call->kind == APP_CONNECT && fake.refusal != NULL) {
		f = effects_add(effects_r, arena, EFFECT_REFUSE);
		f->name = slice_str(fake.refusal);
	} else if (call->kind == APP_EVENT && slice_is(call->name, "bind")) {
		effects_add(effects_r, arena, EFFECT_USER)->name = slice_str(fake.user);
	} else if (call->kind == APP_EVENT && slice_is(call->name, "join")) {
		f = effects_add(effects_r, arena, EFFECT_JOIN);
		f->name = SLICE("red");
		f->self = true;
	} else if (call->kind == APP_EVENT) {
		f = effects_add(effects_r, arena, EFFECT_ACK);
		f->data = call->args;
		f = effects_add(effects_r, arena, EFFECT_EMIT);
		f->name = call->name;
		f->data = call->args;
	} else if (call->kind == APP_DISCONNECT) {
		snprintf(kit.last_reason, sizeof(kit.last_reason), "%.*s",
		    SLICE_ARGS(call->reason));
	}
	return RC_OK;
}

static void
later_learn(void *arg, struct later *later, bool was_good, struct arena *arena,
    struct effects *effects_r)
{
	(void)arg, (void)later, (void)arena, (void)effects_r;
	*(was_good ? &fake.learnt_good : &fake.learnt_bad) += 1;
}

static void
later_end(void *arg, struct later *later)
{
	int i;

	(void)arg;
	for (i = 0; i < fake.n_out; i++)
		if (fake.out[i] == later)
			fake.out[i--] = fake.out[--fake.n_out];
}

static const struct app_later later_ops = { later_terms, later_start, later_effects,
	later_learn, later_end };

static enum rc
app_call(void *arg, const struct app_call *call, struct effects *effects_r)
{
	struct effect *f;

	(void)arg;
	*effects_r = (struct effects){ NULL, NULL, 0 };
	if (is_served(call->nsp) && fake.answers_at_once && call->kind == APP_EVENT) {
		f = effects_add(effects_r, call->arena, EFFECT_EMIT);
		f->name = SLICE("at once");
		f->data = call->args;
		return RC_OK;
	}
	if (is_served(call->nsp))
		return RC_AGAIN;
	return slice_is(call->nsp, "/") ? RC_OK : RC_GONE;
}

/* Presence is kept of every room. */
static bool
app_room(void *arg, struct slice nsp, struct slice room, struct room_rule *rule_r)
{
	(void)arg, (void)nsp, (void)room;
	rule_r->has_presence = true;
	rule_r->grace_ms = 1000;
	return true;
}

/* The oldest that is out is answered. */
static void
answer(enum rc rc)
{
	struct later *later = fake.out[0];

	T_OK(fake.n_out > 0);
	later->rc = rc;
	later->retry_ms = fake.retry_ms;
	later->done(later);
	kit_settle(&kit);
}

static void
begin(void)
{
	int i;

	memset(&fake, 0, sizeof(fake));
	kit_init(&kit);
	app = (struct app){ .call = app_call, .later = &later_ops, .room = app_room };
	for (i = 0; i < KIT_PROCESSES; i++) {
		engine_free(&kit.engines[i]);
		kit.conf.max_inbox = 4;
		kit.conf.give_up_ms = 1000;
		kit.engines[i] = engine_new(&kit.conf, kit.store, &app, &kit.clock.clock);
	}
}

static void
join_later(char sid[24])
{
	kit_open(&kit, 0, sid);
	T_EQ(kit_post(&kit, 0, sid, "40/later,"), ANSWER_OK);
	answer(RC_OK);
	T_OK(strncmp(kit_read(&kit, 0, sid), "40/later,{", 10) == 0);
}

static void
a_client_waits_for_the_answer_to_its_connect(void)
{
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	T_EQ(kit_post(&kit, 0, sid, "40/later,"), ANSWER_OK);
	T_EQ(fake.n_out, 1);
	T_STR(kit_read(&kit, 0, sid), "");
	T_EQ(kit_post(&kit, 0, sid, "40/later,"), ANSWER_OK);   /* asked once is enough */
	T_EQ(fake.n_started, 1);
	answer(RC_OK);
	T_OK(strncmp(kit_read(&kit, 0, sid), "40/later,{\"sid\":", 16) == 0);
	kit_fini(&kit);
}

static void
a_refusal_reaches_the_client(void)
{
	char sid[24];

	begin();
	fake.refusal = "members only";
	kit_open(&kit, 0, sid);
	kit_post(&kit, 0, sid, "40/later,");
	answer(RC_OK);
	T_STR(kit_read(&kit, 0, sid), "44/later,{\"message\":\"members only\"}");
	kit_fini(&kit);
}

static void
events_go_out_in_order_and_one_call_at_a_time(void)
{
	char sid[24];

	begin();
	join_later(sid);
	kit_post(&kit, 0, sid, "42/later,1[\"a\"]");
	kit_post(&kit, 1, sid, "42/later,2[\"b\"]");
	kit_post(&kit, 2, sid, "42/later,3[\"c\"]");
	T_EQ(fake.n_out, 1);
	T_EQ(fake.out[0]->n, 1);
	answer(RC_OK);
	T_EQ(fake.n_out, 1);
	T_EQ(fake.out[0]->n, 2);
	T_SLICE(fake.out[0]->events[1].call.name, "c");
	answer(RC_OK);
	T_OK(strstr(kit_read(&kit, 0, sid), "43/later,1[]") != NULL);
	T_EQ(fake.learnt_good, 3);
	kit_fini(&kit);
}

static void
a_failed_call_is_made_again_with_the_same_events(void)
{
	uint64_t n;
	char sid[24];

	begin();
	join_later(sid);
	kit_post(&kit, 0, sid, "42/later,1[\"a\"]");
	n = fake.out[0]->events[0].n;
	answer(RC_IO);
	T_EQ(fake.n_out, 0);
	kit_post(&kit, 0, sid, "42/later,2[\"b\"]");
	T_EQ(fake.n_out, 0);            /* it waits behind the first */
	kit_pass(&kit, 1000);
	T_EQ(fake.n_out, 1);
	T_EQ(fake.out[0]->n, 1);
	T_EQ(fake.out[0]->events[0].n, n);
	T_EQ(fake.out[0]->events[0].attempt, 2);
	answer(RC_OK);
	T_EQ(fake.n_out, 1);
	T_EQ(fake.learnt_bad, 1);
	kit_fini(&kit);
}

static void
after_its_attempts_it_is_set_aside_and_the_next_goes(void)
{
	struct store_stats stats;
	char sid[24];

	begin();
	join_later(sid);
	kit_post(&kit, 0, sid, "42/later,1[\"a\"]");
	fake.bad = true;
	answer(RC_OK);
	kit_post(&kit, 0, sid, "42/later,2[\"b\"]");
	kit_pass(&kit, 1000);
	answer(RC_OK);
	fake.bad = false;
	store_stats(kit.store, &stats);
	T_EQ(stats.set_aside, 1);
	T_EQ(fake.n_out, 1);
	T_SLICE(fake.out[0]->events[0].call.name, "b");
	kit_fini(&kit);
}

static void
a_connect_that_is_set_aside_is_refused(void)
{
	struct store_stats stats;
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	kit_post(&kit, 0, sid, "40/later,");
	answer(RC_IO);
	kit_pass(&kit, 1000);
	answer(RC_IO);
	T_STR(kit_read(&kit, 0, sid), "44/later,{\"message\":\"backend\"}");
	store_stats(kit.store, &stats);
	T_EQ(stats.tasks + stats.set_aside, 0);
	kit_fini(&kit);
}

static enum answer said;

static void
post_done(struct exchange *x)
{
	said = x->answer;
}

/* A POST that may have to wait. */
static void
post_begin(struct exchange *x, const char *sid)
{
	said = ANSWER_NONE;
	memset(x, 0, sizeof(*x));
	x->codec = kit.codec;
	x->sid = slice_str(sid);
	x->t = SLICE("held");
	x->body = SLICE("42/later,[\"full\"]");
	x->done = post_done;
	engine_post(kit.engines[0], x);
	kit_settle(&kit);
}

static void
fill_inbox(char sid[24])
{
	int i;

	begin();
	join_later(sid);
	for (i = 0; i < 4; i++)
		T_EQ(kit_post(&kit, 0, sid, "42/later,[\"a\"]"), ANSWER_OK);
}

static void
a_full_inbox_holds_the_post_until_there_is_room(void)
{
	struct exchange x;
	char sid[24];

	fill_inbox(sid);
	post_begin(&x, sid);
	T_EQ(said, ANSWER_NONE);
	answer(RC_OK);                  /* the first went alone */
	kit_pass(&kit, 100);
	T_EQ(said, ANSWER_OK);
	T_EQ(fake.out[0]->n, 3);
	kit_fini(&kit);
}

static void
a_post_that_finds_no_room_is_given_up(void)
{
	struct exchange x;
	char sid[24];
	int i;

	fill_inbox(sid);
	post_begin(&x, sid);
	for (i = 0; i < 12; i++)
		kit_pass(&kit, 100);
	T_EQ(said, ANSWER_BUSY);
	T_STR(engine_reason(kit.engines[0]), "inbox");
	post_begin(&x, sid);
	engine_cancel(kit.engines[0], &x);
	kit_fini(&kit);
}

static void
many_clients_together_fill_the_table_and_lose_nothing(void)
{
	struct exchange x;
	char anna[24], ben[24], carl[24];
	int i;

	begin();
	kit.conf.max_tasks = 3;
	engine_free(&kit.engines[0]);
	kit.engines[0] = engine_new(&kit.conf, kit.store, &app, &kit.clock.clock);
	join_later(anna);
	join_later(ben);
	join_later(carl);
	for (i = 0; i < 3; i++)
		T_EQ(kit_post(&kit, 0, anna, "42/later,[\"a\"]"), ANSWER_OK);
	post_begin(&x, ben);            /* though his own inbox is empty */
	T_EQ(said, ANSWER_NONE);
	answer(RC_OK);
	kit_pass(&kit, 100);
	T_EQ(said, ANSWER_OK);
	post_begin(&x, carl);
	for (i = 0; i < 12; i++)
		kit_pass(&kit, 100);
	T_EQ(said, ANSWER_BUSY);
	T_STR(engine_reason(kit.engines[0]), "max_tasks");
	while (fake.n_out > 0)
		answer(RC_OK);
	T_EQ(fake.learnt_good, 3 + 1 + 2);      /* connects; one, then two at once and ben's */
	kit_fini(&kit);
}

static void
the_disconnect_comes_last(void)
{
	char sid[24];

	begin();
	join_later(sid);
	kit_post(&kit, 0, sid, "42/later,1[\"a\"]");
	kit_post(&kit, 0, sid, "41/later,");
	T_EQ(fake.n_out, 1);
	T_EQ(fake.out[0]->events[0].call.kind, APP_EVENT);
	answer(RC_OK);
	T_EQ(fake.n_out, 1);
	T_EQ(fake.out[0]->events[0].call.kind, APP_DISCONNECT);
	answer(RC_OK);
	T_STR(kit.last_reason, "client namespace disconnect");
	T_EQ(fake.n_out, 0);
	kit_fini(&kit);
}

static void
who_left_before_the_answer_is_let_go(void)
{
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	kit_post(&kit, 0, sid, "40/later,");
	kit_post(&kit, 0, sid, "1");    /* closes */
	answer(RC_OK);
	T_EQ(fake.n_out, 1);
	T_EQ(fake.out[0]->events[0].call.kind, APP_DISCONNECT);
	kit_fini(&kit);
}

static void
when_it_is_not_the_time_nothing_is_tried(void)
{
	char sid[24];

	begin();
	fake.closed = true;
	kit_open(&kit, 0, sid);
	kit_post(&kit, 0, sid, "40/later,");
	T_EQ(fake.n_started, 0);
	fake.closed = false;
	kit_pass(&kit, 5000);
	T_EQ(fake.n_started, 1);
	T_EQ(fake.out[0]->events[0].attempt, 1);
	kit_fini(&kit);
}

static void
tasks_add(const char *nsp, int n)
{
	struct arena arena = ARENA_INIT;
	struct store_op *op;
	struct turn turn;

	turn_init(&turn, &arena);
	while (n-- > 0) {
		op = turn_add(&turn, OP_TASK_ADD, NULL);
		op->u.task_add.kind = TASK_TIMER;
		op->u.task_add.nsp = slice_str(nsp);
		op->u.task_add.name = SLICE("alarm");
	}
	T_EQ(store_commit(kit.store, &turn), RC_OK);
	arena_free(&arena);
}

static void
what_waits_for_one_application_is_in_nobodys_way(void)
{
	struct store_stats stats;
	int i;

	begin();
	fake.closed = true;
	tasks_add("/later", 1100);
	tasks_add("/", 1);
	for (i = 0; i < 4; i++)
		kit_pass(&kit, 1000);
	T_EQ(store_stats(kit.store, &stats), RC_OK);
	T_EQ(stats.tasks, 1100);
	fake.closed = false;
	kit_pass(&kit, 5000);
	T_OK(fake.n_started > 0);
	kit_fini(&kit);
}

static void
an_engine_that_ends_takes_its_calls_back(void)
{
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	kit_post(&kit, 0, sid, "40/later,");
	T_EQ(fake.n_out, 1);
	T_OK(engine_is_asking(kit.engines[0]));
	kit_fini(&kit);
	T_EQ(fake.n_out, 0);
}

/* The pid in what was read. */
static void
pid_of(const char *got, char pid[24])
{
	T_EQ(sscanf(strstr(got, "pid"), "pid\":\"%20s", pid), 1);
}

/* Anna has lost her connection, and is back in a new session. */
static void
come_back(const char *pid, char sid[24])
{
	char auth[64];

	kit_open(&kit, 1, sid);
	snprintf(auth, sizeof(auth), "40/later,{\"pid\":\"%.20s\"}", pid);
	T_EQ(kit_post(&kit, 1, sid, auth), ANSWER_OK);
}

static void
join_and_lose(char pid[24])
{
	char sid[24];

	begin();
	kit_open(&kit, 0, sid);
	kit_post(&kit, 0, sid, "40/later,");
	answer(RC_OK);
	pid_of(kit_read(&kit, 0, sid), pid);
	fake.n_started = 0;
	fake.closed = true;
	kit_pass(&kit, 60000);          /* no poll: it has gone */
	fake.closed = false;
}

static void
who_comes_back_before_it_was_told_gone_is_not_told_of(void)
{
	char pid[24], sid[24];

	join_and_lose(pid);
	fake.closed = true;
	come_back(pid, sid);
	fake.closed = false;
	kit_pass(&kit, 6000);
	T_OK(strstr(kit_read(&kit, 1, sid), pid) != NULL);
	T_EQ(fake.n_started, 0);
	kit_fini(&kit);
}

static void
who_comes_back_after_it_was_told_gone_is_told_of(void)
{
	char pid[24], sid[24];

	join_and_lose(pid);
	kit_pass(&kit, 6000);
	T_EQ(fake.out[0]->events[0].call.kind, APP_DISCONNECT);
	answer(RC_OK);
	come_back(pid, sid);
	T_EQ(fake.n_out, 1);
	T_EQ(fake.out[0]->events[0].call.kind, APP_CONNECT);
	T_OK(fake.out[0]->events[0].call.is_return);
	T_OK(fake.out[0]->events[0].call.socket != 0);
	T_OK(strstr(kit_read(&kit, 1, sid), pid) != NULL);      /* it does not wait for that */
	kit_post(&kit, 1, sid, "42/later,[\"hello\"]");
	T_EQ(fake.n_out, 1);            /* what it says comes behind */
	answer(RC_OK);
	T_SLICE(fake.out[0]->events[0].call.name, "hello");
	kit_fini(&kit);
}

static void
who_is_back_and_refused_is_let_go(void)
{
	char pid[24], sid[24];

	join_and_lose(pid);
	kit_pass(&kit, 6000);
	answer(RC_OK);
	come_back(pid, sid);
	fake.refusal = "banned meanwhile";
	answer(RC_OK);
	T_OK(strstr(kit_read(&kit, 1, sid), "41/later,") != NULL);
	T_EQ(fake.out[0]->events[0].call.kind, APP_DISCONNECT);
	kit_fini(&kit);
}

/* ---- other generations, whose root joins unasked -------------------------------------- */

/* Its handshake is answered before anybody has decided. */
static void
open_root(enum generation generation, const char *refusal, char sid[24])
{
	begin();
	fake.has_root = true;
	fake.refusal = refusal;
	kit.codec = codec_of(generation);
	kit_open(&kit, 0, sid);
	T_EQ(fake.n_out, 1);
	T_EQ(fake.out[0]->events[0].call.kind, APP_CONNECT);
	T_OK(!slice_ends(slice_str(kit.greeting), SLICE("2:40")));
}

/* Nothing of the session is left, and nobody is told of a disconnect. */
static void
is_over(void)
{
	struct store_stats stats;

	kit_pass(&kit, 60000);
	T_EQ(store_stats(kit.store, &stats), RC_OK);
	T_EQ(stats.sessions, 0);
	T_EQ(fake.n_started, 1);
}

static void
eio3_hears_of_its_root_when_it_was_let_in(void)
{
	char sid[24];

	open_root(GENERATION_EIO3, NULL, sid);
	T_STR(kit_read(&kit, 1, sid), "");
	T_EQ(kit_post(&kit, 0, sid, "11:42[\"early\"]"), ANSWER_OK);
	T_EQ(fake.n_out, 1);            /* as for any namespace not joined */
	answer(RC_OK);
	T_STR(kit_read(&kit, 1, sid), "2:40");
	T_EQ(kit_post(&kit, 0, sid, "13:420[\"echo\",1]"), ANSWER_OK);
	answer(RC_OK);
	T_OK(strstr(kit_read(&kit, 2, sid), "430[1]") != NULL);
	kit_fini(&kit);
}

static void
eio3_hears_a_refusal_of_its_root(void)
{
	char sid[24];

	open_root(GENERATION_EIO3, "members only", sid);
	answer(RC_OK);
	T_STR(kit_read(&kit, 1, sid), "16:44\"members only\"");
	T_EQ(kit_post(&kit, 0, sid, "11:42[\"after\"]"), ANSWER_OK);
	T_EQ(fake.n_started, 1);
	kit_fini(&kit);
}

static void
v1_hears_of_its_root_when_it_was_let_in(void)
{
	char sid[24];

	open_root(GENERATION_V1, NULL, sid);
	T_STR(kit_read(&kit, 1, sid), "");
	answer(RC_OK);
	T_STR(kit_read(&kit, 1, sid), "1::");
	T_EQ(kit_post(&kit, 0, sid, "5:3+::{\"name\":\"echo\",\"args\":[1]}"), ANSWER_OK);
	answer(RC_OK);
	T_OK(strstr(kit_read(&kit, 2, sid), "6:::3+[1]") != NULL);
	kit_fini(&kit);
}

static void
v1_hears_a_refusal_of_its_root_and_the_end(void)
{
	char sid[24];

	open_root(GENERATION_V1, "members only", sid);
	answer(RC_OK);
	T_STR(kit_read(&kit, 1, sid), "7:::2");
	T_STR(kit_read(&kit, 1, sid), "0::");
	is_over();
	kit_fini(&kit);
}

static void
v0_is_in_its_root_when_it_was_let_in(void)
{
	char sid[24];

	open_root(GENERATION_V0, NULL, sid);
	answer(RC_OK);
	T_STR(kit_read(&kit, 1, sid), "");      /* to have a sid is all there is */
	T_EQ(kit_post(&kit, 0, sid, "~m~5~m~hello"), ANSWER_OK);
	T_EQ(fake.n_out, 1);
	T_SLICE(fake.out[0]->events[0].call.name, "message");
	answer(RC_OK);
	T_STR(kit_read(&kit, 1, sid), "~m~5~m~hello");
	kit_fini(&kit);
}

static void
v0_whose_root_is_refused_has_ended(void)
{
	struct kit_request request;
	char sid[24];

	open_root(GENERATION_V0, "members only", sid);
	answer(RC_OK);
	kit_poll(&kit, 1, sid, "1", &request);
	T_OK(request.is_done);
	T_STR(request.body, "");
	is_over();
	kit_fini(&kit);
}

/* ---- what is said before the CONNECT is answered ------------------------------------- */

static void
what_v0_says_before_it_is_let_in_is_heard_then(void)
{
	char sid[24];

	open_root(GENERATION_V0, NULL, sid);
	T_EQ(kit_post(&kit, 0, sid, "~m~3~m~one"), ANSWER_OK);
	T_EQ(kit_post(&kit, 2, sid, "~m~3~m~two"), ANSWER_OK);
	T_EQ(fake.n_out, 1);
	answer(RC_OK);
	T_EQ(fake.n_out, 1);
	T_EQ(fake.out[0]->events[0].call.kind, APP_EVENT);
	T_OK(fake.out[0]->events[0].call.socket != 0);
	T_SLICE(fake.out[0]->events[0].call.args, "[\"one\"]");
	T_EQ(kit_post(&kit, 0, sid, "~m~5~m~three"), ANSWER_OK);
	answer(RC_OK);
	while (fake.n_out > 0)
		answer(RC_OK);
	T_STR(kit_read(&kit, 1, sid), "~m~3~m~one~m~3~m~two~m~5~m~three");
	kit_fini(&kit);
}

static void
open_v1(char sid[24])
{
	begin();
	kit.codec = codec_of(GENERATION_V1);
	kit_open(&kit, 0, sid);
	T_STR(kit_read(&kit, 0, sid), "1::");
	T_EQ(kit_post(&kit, 0, sid, "\xef\xbf\xbd" "9" "\xef\xbf\xbd" "1::/later"
	    "\xef\xbf\xbd" "37" "\xef\xbf\xbd" "5::/later:{\"name\":\"early\",\"args\":[1]}"),
	    ANSWER_OK);
	T_EQ(fake.n_out, 1);
}

static void
what_v1_says_with_its_connect_is_heard_behind_it(void)
{
	char sid[24];

	open_v1(sid);
	answer(RC_OK);
	T_EQ(fake.n_out, 1);
	T_SLICE(fake.out[0]->events[0].call.name, "early");
	answer(RC_OK);
	T_STR(kit_read(&kit, 1, sid), "\xef\xbf\xbd" "9" "\xef\xbf\xbd" "1::/later"
	    "\xef\xbf\xbd" "37" "\xef\xbf\xbd" "5::/later:{\"name\":\"early\",\"args\":[1]}");
	kit_fini(&kit);
}

static void
what_was_said_by_one_who_is_refused_is_dropped(void)
{
	struct store_stats stats;
	char sid[24];

	open_v1(sid);
	fake.refusal = "members only";
	answer(RC_OK);
	kit_pass(&kit, 1000);
	T_EQ(fake.n_started, 1);
	store_stats(kit.store, &stats);
	T_EQ(stats.tasks + stats.set_aside, 0);
	kit_fini(&kit);
}

/* As if it came now: whoever answers at once (an access list, a module) does. */
static void
what_was_said_early_is_asked_like_anything_else(void)
{
	struct store_stats stats;
	char sid[24];

	open_v1(sid);
	fake.answers_at_once = true;
	answer(RC_OK);
	kit_pass(&kit, 1000);
	T_EQ(fake.n_started, 1);
	T_OK(strstr(kit_read(&kit, 1, sid), "5::/later:{\"name\":\"at once\"") != NULL);
	store_stats(kit.store, &stats);
	T_EQ(stats.tasks + stats.set_aside, 0);
	kit_fini(&kit);
}

/* ---- presence ------------------------------------------------------------------------- */

static void
presence_add(void *arg, const struct presence_row *row)
{
	char *names = arg;

	snprintf(names + strlen(names), 64 - strlen(names), "%.*s ", SLICE_ARGS(row->user));
}

static const char *
present(const char *room)
{
	static char names[64];
	struct arena arena = ARENA_INIT;

	names[0] = '\0';
	store_present(kit.store, SLICE("/later"), slice_str(room), SLICE_NONE, 10, false,
	    &arena, presence_add, names);
	arena_free(&arena);
	return names;
}

static void
who_joins_by_an_answer_is_present_there(void)
{
	char sid[24];

	begin();
	fake.user = "anna";
	join_later(sid);
	kit_post(&kit, 0, sid, "42/later,[\"bind\"]");
	answer(RC_OK);
	T_STR(present("red"), "");
	kit_post(&kit, 0, sid, "42/later,[\"join\"]");
	answer(RC_OK);
	T_STR(present("red"), "anna ");
	kit_fini(&kit);
}

static void
an_event_of_a_batch_sees_the_user_that_the_one_before_bound(void)
{
	char sid[24];

	begin();
	fake.user = "ben";
	join_later(sid);
	kit_post(&kit, 0, sid, "42/later,1[\"first\"]");
	kit_post(&kit, 0, sid, "42/later,[\"bind\"]\x1e" "42/later,[\"join\"]");
	answer(RC_OK);
	T_EQ(fake.out[0]->n, 2);
	answer(RC_OK);
	T_STR(present("red"), "ben ");
	kit_fini(&kit);
}

/* Which of two disconnects is the head of its lane first says nothing about which of
 * them came first. */
static void
who_left_behind_an_unanswered_event_has_left(void)
{
	char anna[24], ben[24];

	begin();
	kit_leave(&kit, 1);
	kit_leave(&kit, 2);
	fake.user = "anna";
	join_later(anna);
	kit_post(&kit, 0, anna, "42/later,[\"bind\"]");
	answer(RC_OK);
	kit_post(&kit, 0, anna, "42/later,[\"join\"]");
	answer(RC_OK);
	join_later(ben);
	kit_post(&kit, 0, anna, "42/later,[\"slow\"]");
	kit_post(&kit, 0, anna, "1");
	kit_post(&kit, 0, ben, "1");
	kit_settle(&kit);
	T_EQ(fake.n_out, 2);            /* what she said, and that he left */
	T_STR(present("red"), "anna ");
	answer(RC_OK);
	kit_pass(&kit, 2000);
	T_STR(present("red"), "");
	kit_fini(&kit);
}

int
main(void)
{
	T_RUN(a_client_waits_for_the_answer_to_its_connect);
	T_RUN(a_refusal_reaches_the_client);
	T_RUN(events_go_out_in_order_and_one_call_at_a_time);
	T_RUN(a_failed_call_is_made_again_with_the_same_events);
	T_RUN(after_its_attempts_it_is_set_aside_and_the_next_goes);
	T_RUN(a_connect_that_is_set_aside_is_refused);
	T_RUN(a_full_inbox_holds_the_post_until_there_is_room);
	T_RUN(a_post_that_finds_no_room_is_given_up);
	T_RUN(many_clients_together_fill_the_table_and_lose_nothing);
	T_RUN(the_disconnect_comes_last);
	T_RUN(who_left_before_the_answer_is_let_go);
	T_RUN(when_it_is_not_the_time_nothing_is_tried);
	T_RUN(what_waits_for_one_application_is_in_nobodys_way);
	T_RUN(an_engine_that_ends_takes_its_calls_back);
	T_RUN(who_comes_back_before_it_was_told_gone_is_not_told_of);
	T_RUN(who_comes_back_after_it_was_told_gone_is_told_of);
	T_RUN(who_is_back_and_refused_is_let_go);
	T_RUN(eio3_hears_of_its_root_when_it_was_let_in);
	T_RUN(eio3_hears_a_refusal_of_its_root);
	T_RUN(v1_hears_of_its_root_when_it_was_let_in);
	T_RUN(v1_hears_a_refusal_of_its_root_and_the_end);
	T_RUN(v0_is_in_its_root_when_it_was_let_in);
	T_RUN(v0_whose_root_is_refused_has_ended);
	T_RUN(what_v0_says_before_it_is_let_in_is_heard_then);
	T_RUN(what_v1_says_with_its_connect_is_heard_behind_it);
	T_RUN(what_was_said_by_one_who_is_refused_is_dropped);
	T_RUN(what_was_said_early_is_asked_like_anything_else);
	T_RUN(who_joins_by_an_answer_is_present_there);
	T_RUN(an_event_of_a_batch_sees_the_user_that_the_one_before_bound);
	T_RUN(who_left_behind_an_unanswered_event_has_left);
	return t_end();
}
