/*
 * session_crowd_test.c - messages to more connections than a turn reaches
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/mem.h"
#include "store/driver.h"
#include "tests/session_wire.h"

enum { CROWD = 12, PIECE = 5 };

static struct wire crowd[CROWD];

/* All in the root namespace of the first process, which hands a message to PIECE of
 * them in a turn. */
static void
crowd_connect(int n)
{
	int i;

	kit_init(&kit);
	kit.conf.fan_out = PIECE;
	kit_configure(&kit);
	for (i = 0; i < n; i++)
		wire_connect(&crowd[i], 0, NULL);
}

static int
crowd_has(const char *event)
{
	int i, n = 0;

	for (i = 0; i < CROWD; i++)
		n += strstr(crowd[i].got, event) != NULL;
	return n;
}

/* Turns the first process only; whether it wants another one at once. */
static bool
crowd_turn(bool woken)
{
	engine_turn(kit.engines[0], woken);
	return engine_deadline(kit.engines[0]) <= clock_boot(&kit.clock.clock);
}

static void
posted(struct exchange *x)
{
	(void)x;
}

static void
crowd_settle(void)
{
	while (crowd_turn(false))
		;
}

/* Another process says it, and this one has not looked yet. */
static void
crowd_is_told(const char *event)
{
	struct exchange post = { .codec = kit.codec, .done = posted };
	static char sid[24], t[16];
	static unsigned n;

	if (event == NULL) {
		kit_connect(&kit, 1, sid);
		return;
	}
	snprintf(t, sizeof(t), "c%u", n++);
	post.sid = slice_str(sid);
	post.t = slice_str(t);
	post.body = slice_str(event);
	engine_post(kit.engines[1], &post);
	while (engine_has_work(kit.engines[1]))
		engine_turn(kit.engines[1], false);
	T_EQ(post.answer, ANSWER_OK);
	buf_free(&post.body_r);
}

static void
a_message_to_many_goes_out_in_pieces_of_a_turn(void)
{
	bool goes_on;

	crowd_connect(CROWD);
	crowd_is_told(NULL);
	crowd_is_told("42[\"broadcast\",1]");
	goes_on = crowd_turn(true);
	T_OK(goes_on);
	T_EQ(crowd_has("\"broadcast\",1"), PIECE);
	goes_on = crowd_turn(false);
	T_OK(goes_on);
	T_EQ(crowd_has("\"broadcast\",1"), 2 * PIECE);
	crowd_turn(false);
	T_EQ(crowd_has("\"broadcast\",1"), CROWD);
	kit_fini(&kit);
}

/* Each message of those that are said stands once in got, in their order. */
static bool
has_in_order(const struct wire *wire, int from, int to)
{
	const char *p = wire->got;
	char want[32];
	int n;

	for (n = from; n <= to; n++) {
		snprintf(want, sizeof(want), "42[\"broadcast\",%d,", n);
		if ((p = strstr(p, want)) == NULL || strstr(p + 1, want) != NULL)
			return false;
	}
	snprintf(want, sizeof(want), "\"broadcast\",%d,", from - 1);
	return strstr(wire->got, want) == NULL;
}

static void
who_comes_and_goes_between_the_pieces_changes_nothing_for_the_others(void)
{
	char text[64];
	int i, n;

	crowd_connect(CROWD - 2);
	crowd_is_told(NULL);
	for (n = 1; n <= 3; n++) {
		snprintf(text, sizeof(text), "42[\"broadcast\",%d]", n);
		crowd_is_told(text);
	}
	T_OK(crowd_turn(true));
	/* The first has it or not, the last of the others too: both leave their places. */
	engine_live_end(kit.engines[0], &crowd[0].live);
	engine_live_end(kit.engines[0], &crowd[CROWD - 3].live);
	wire_say(&crowd[1], "42[\"leave\",\"blue\"]");
	wire_say(&crowd[2], "42[\"join\",\"blue\"]");
	T_OK(crowd_turn(false));
	wire_connect(&crowd[CROWD - 2], 0, NULL);       /* settles, all have the three */
	wire_say(&crowd[1], "42[\"join\",\"red\"]");
	wire_say(&crowd[5], "42[\"join\",\"red\"]");
	kit_settle(&kit);
	crowd_is_told("42[\"broadcast\",4]");
	crowd_is_told("42[\"room\",\"in red\"]");
	crowd_is_told("42[\"broadcast\",5]");
	T_OK(crowd_turn(true));
	wire_say(&crowd[1], "42[\"leave\",\"red\"]");     /* what is in red was said before */
	wire_connect(&crowd[CROWD - 1], 0, NULL);
	kit_settle(&kit);
	for (i = 1; i < CROWD - 3; i++)
		T_OK(has_in_order(&crowd[i], 1, 5));
	T_OK(has_in_order(&crowd[CROWD - 2], 4, 5));
	T_OK(has_in_order(&crowd[CROWD - 1], 6, 5));
	T_EQ(crowd_has("in red"), 2);
	T_OK(strstr(crowd[1].got, "in red") != NULL);
	T_OK(strstr(crowd[5].got, "in red") != NULL);
	kit_fini(&kit);
}

static void
who_is_not_meant_stays_so_in_every_piece(void)
{
	int i;

	crowd_connect(CROWD);
	wire_say(&crowd[CROWD - 1], "42[\"others\",7]");
	T_OK(crowd_turn(false));
	wire_say(&crowd[CROWD - 1], "421[\"echo\"]"); /* it is touched in between */
	crowd_settle();
	for (i = 0; i < CROWD - 1; i++)
		T_OK(strstr(crowd[i].got, "\"others\",7") != NULL);
	T_STR(crowd[CROWD - 1].got, "431[]");
	kit_fini(&kit);
}

static void
an_ack_does_not_overtake_what_its_client_said_before(void)
{
	const struct wire *last = &crowd[CROWD - 1];
	int i;

	crowd_connect(CROWD);
	for (i = 0; i < CROWD; i++)
		wire_say(&crowd[i], "42[\"broadcast\",1]");
	T_OK(crowd_turn(false));
	for (i = 0; i < CROWD; i++)
		wire_say(&crowd[i], "421[\"echo\",2]");
	crowd_settle();
	for (i = 0; i < CROWD; i++)
		T_STR(strstr(crowd[i].got, "|431"), "|431[2]");
	T_OK(last->got[0] != '|');
	kit_fini(&kit);
}

static void
an_ack_without_a_record_waits_for_what_its_event_says(void)
{
	const char *own, *ack;
	int64_t before, after;
	char text[48];
	int i;

	crowd_connect(CROWD);
	T_EQ(store_last_seq(kit.store, &before), RC_OK);
	for (i = 0; i < CROWD; i++) {
		snprintf(text, sizeof(text), "427[\"broadcast\",%d]", i);
		wire_say(&crowd[i], text);
	}
	T_OK(crowd_turn(false));
	T_EQ(crowd_has("|437["), 0);
	T_EQ(store_last_seq(kit.store, &after), RC_OK);
	T_EQ(after, before + CROWD);
	engine_live_end(kit.engines[0], &crowd[CROWD - 1].live);        /* it owes it one */
	for (i = 0; i < CROWD - 1; i++)
		wire_say(&crowd[i], "428[\"echo\"]");
	crowd_settle();
	for (i = 0; i < CROWD - 1; i++) {
		T_OK(has_in_order(&crowd[i], 0, CROWD - 1));
		snprintf(text, sizeof(text), "42[\"broadcast\",%d,", i);
		T_OK((own = strstr(crowd[i].got, text)) != NULL);
		snprintf(text, sizeof(text), "|437[%d]", i);
		T_OK((ack = strstr(crowd[i].got, text)) != NULL);
		T_OK(own < ack);
		T_OK(strstr(ack, "|438[]") != NULL);
	}
	kit_fini(&kit);
}

static enum rc
commit_breaks(struct store *store, struct turn *turn)
{
	(void)store;
	(void)turn;
	return RC_IO;
}

static void
a_turn_that_fails_between_the_pieces_doubles_nothing(void)
{
	struct store_driver broken;
	const struct store_driver *driver;
	int i;

	crowd_connect(CROWD);
	crowd_is_told(NULL);
	crowd_is_told("42[\"broadcast\",1]");
	T_OK(crowd_turn(true));
	driver = kit.stores[0]->driver;
	broken = *driver;
	broken.commit = commit_breaks;
	kit.stores[0]->driver = &broken;
	wire_say(&crowd[0], "42[\"broadcast\",2]");
	crowd_turn(false);
	kit.stores[0]->driver = driver;
	kit_pass(&kit, 1100);
	for (i = 1; i < CROWD; i++)
		T_OK(has_in_order(&crowd[i], 1, 1));
	kit_fini(&kit);
}

/* Its hook has seen a record behind the last one, and nothing of it is true. */
static struct record undone;

static enum rc
tail_of_undone(struct store *store, int64_t after, size_t limit, struct arena *arena,
    store_record_fn *visit, void *arg, int64_t *floor_r)
{
	(void)store;
	(void)after;
	(void)limit;
	(void)arena;
	*floor_r = 1;
	visit(arg, &undone);
	return RC_OK;
}

static enum rc
commit_breaks_late(struct store *store, struct turn *turn)
{
	struct store_op *op;

	for (op = turn->first; op != NULL; op = op->next) {
		op->rc = RC_OK;
		if (op->kind != OP_FOLLOW)
			continue;
		op->u.follow.outcome_r = POLL_PARKED;
		op->u.follow.cursor_r = undone.seq;
	}
	turn->settle(turn->arg, store, turn);
	return RC_IO;
}

/* A turn of the first process, of which nothing stays. */
static void
crowd_turn_undone(void)
{
	const struct store_driver *driver = kit.stores[0]->driver;
	struct store_driver broken = *driver;
	struct arena arena = ARENA_INIT;
	struct buf channels = BUF_INIT;
	int64_t last;

	T_EQ(store_last_seq(kit.store, &last), RC_OK);
	pack_add(&channels, channel_key(&arena, CHANNEL_NSP, SLICE("/"), SLICE("")));
	undone = (struct record){ .seq = last + 1, .kind = RECORD_EVENT, .id = -1,
		.nsp = SLICE("/"), .channels = buf_slice(&channels),
		.data = SLICE("[\"undone\"]") };
	broken.commit = commit_breaks_late;
	broken.tail = tail_of_undone;
	kit.stores[0]->driver = &broken;
	clock_fake_turn(&kit.clock, 1100);
	crowd_turn(true);
	kit.stores[0]->driver = driver;
	buf_free(&channels);
	arena_free(&arena);
}

static void
a_piece_that_was_undone_says_nothing_about_who_is_meant_later(void)
{
	int i;

	crowd_connect(CROWD);
	crowd_turn_undone();
	T_EQ(crowd_has("undone"), 0);
	kit_pass(&kit, 1100);
	wire_say(&crowd[CROWD - 1], "42[\"others\",7]");        /* with the same seq */
	kit_settle(&kit);
	for (i = 0; i < CROWD - 1; i++)
		T_OK(strstr(crowd[i].got, "\"others\",7") != NULL);
	T_STR(crowd[CROWD - 1].got, "");
	kit_fini(&kit);
}

static void
what_takes_the_place_of_something_undone_is_heard(void)
{
	crowd_connect(CROWD);
	crowd_is_told(NULL);
	crowd_turn_undone();            /* they follow no more */
	crowd_turn_undone();            /* they ask, and have it, but it is undone */
	crowd_is_told("42[\"broadcast\",1]");
	kit_pass(&kit, 1100);
	T_EQ(crowd_has("undone"), 0);
	T_EQ(crowd_has("\"broadcast\",1"), CROWD);
	kit_fini(&kit);
}

/* All of a room get it in the first turn, so the second has nobody to hand it to. */
static void
an_ack_that_waits_leaves_with_the_last_piece_although_that_is_empty(void)
{
	int i;

	crowd_connect(PIECE + 1);
	for (i = 1; i <= PIECE; i++)
		wire_say(&crowd[i], "42[\"join\",\"red\"]");
	kit_settle(&kit);
	wire_say(&crowd[0], "427[\"room\",1]");
	crowd_settle();
	T_STR(crowd[0].got, "437[1]");
	kit_fini(&kit);
}

static void
an_ack_does_not_overtake_the_answer_to_a_connect(void)
{
	const char *answer, *ack;

	crowd_connect(CROWD);
	crowd_is_told(NULL);
	crowd_is_told("42[\"broadcast\",1]");
	T_OK(crowd_turn(true));
	wire_say(&crowd[0], "40/b,");
	T_OK(crowd_turn(false));
	wire_say(&crowd[0], "42/b,7[\"echo\",1]");
	crowd_settle();
	T_OK((answer = strstr(crowd[0].got, "40/b,{")) != NULL);
	T_OK((ack = strstr(crowd[0].got, "43/b,7[1]")) != NULL);
	T_OK(answer < ack);
	kit_fini(&kit);
}

static void
who_has_nobody_left_to_hand_a_message_to_rests(void)
{
	int i;

	crowd_connect(CROWD);
	crowd_is_told(NULL);
	crowd_is_told("42[\"broadcast\",1]");
	T_OK(crowd_turn(true));
	for (i = 0; i < CROWD; i++)
		engine_live_end(kit.engines[0], &crowd[i].live);
	for (i = 0; i < CROWD && crowd_turn(false); i++)
		;
	T_OK(i < CROWD);
	T_OK(!engine_has_work(kit.engines[0]));
	kit_fini(&kit);
}

static void
pings_to_many_are_spread_over_turns(void)
{
	int i, n = 0;

	crowd_connect(CROWD);
	clock_fake_turn(&kit.clock, 25000);
	T_OK(crowd_turn(false));
	T_EQ(crowd_has("2"), PIECE);
	while (crowd_turn(false) && n < CROWD)
		n++;
	for (i = 0; i < CROWD; i++)
		T_STR(crowd[i].got, "2");
	kit_fini(&kit);
}

int
main(void)
{
	T_RUN(a_message_to_many_goes_out_in_pieces_of_a_turn);
	T_RUN(who_comes_and_goes_between_the_pieces_changes_nothing_for_the_others);
	T_RUN(who_is_not_meant_stays_so_in_every_piece);
	T_RUN(an_ack_does_not_overtake_what_its_client_said_before);
	T_RUN(an_ack_without_a_record_waits_for_what_its_event_says);
	T_RUN(a_turn_that_fails_between_the_pieces_doubles_nothing);
	T_RUN(a_piece_that_was_undone_says_nothing_about_who_is_meant_later);
	T_RUN(what_takes_the_place_of_something_undone_is_heard);
	T_RUN(an_ack_that_waits_leaves_with_the_last_piece_although_that_is_empty);
	T_RUN(an_ack_does_not_overtake_the_answer_to_a_connect);
	T_RUN(who_has_nobody_left_to_hand_a_message_to_rests);
	T_RUN(pings_to_many_are_spread_over_turns);
	return t_end();
}
