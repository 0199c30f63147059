/*
 * store_contract_log.c - the log itself: tail, history, trimming, the budget
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

static void
the_tail_reads_all_that_came_after(void)
{
	int64_t a = t_emit("/", NULL, "a");

	t_emit("/b", "kitchen", "b");
	t_emit_volatile("/", NULL, "v");
	T_STR(t_tail(0, 10), "a /b:b v");
	T_STR(t_tail(a, 10), "/b:b v");
	T_STR(t_tail(a, 1), "/b:b");
	T_STR(t_tail(t_last_seq(), 10), "");
	T_EQ(t_floor(), a);
}

struct kept {
	struct record record;
};

static void
keep_record(void *arg, const struct record *record)
{
	((struct kept *)arg)->record = *record;
}

static void
the_tail_knows_all_of_a_record(void)
{
	struct store_op *op = t_op_emit("/", "kitchen cellar", "a");
	struct record *said = &op->u.append.record;
	struct kept kept;
	int64_t floor;

	said->except = t_keys(CHANNEL_ROOM, "/", "attic");
	said->attachments = t_names("one");
	said->flags = RECORD_VOLATILE;
	T_EQ(t_do(op), RC_OK);
	T_EQ(store_tail(scene.store, 0, 10, &scene.arena, keep_record, &kept, &floor),
	    RC_OK);
	T_EQ(kept.record.seq, said->seq);
	T_EQ(kept.record.wall_ms, said->wall_ms);
	T_EQ(kept.record.flags, RECORD_VOLATILE);
	T_EQ(kept.record.id, -1);
	T_SLICE(kept.record.nsp, "/");
	T_OK(slice_eq(kept.record.channels, said->channels));
	T_OK(slice_eq(kept.record.except, said->except));
	T_OK(slice_eq(kept.record.attachments, said->attachments));
	T_SLICE(kept.record.data, "[\"a\"]");
}

/* ---- history ------------------------------------------------------------- */

static void
history_is_what_was_kept_oldest_first(void)
{
	t_emit_kept("kitchen", "a", 60000, 0);
	t_emit("/", "kitchen", "not kept");
	t_emit_kept("kitchen", "b", 60000, 0);
	t_emit_kept("cellar", "elsewhere", 60000, 0);
	t_emit_kept("kitchen", "c", 60000, 0);
	T_STR(t_history("kitchen", 0, 10), "a b c");
	T_STR(t_history("kitchen", 0, 2), "b c");
	T_STR(t_history("attic", 0, 10), "");
}

static void
history_is_read_backwards_page_by_page(void)
{
	int64_t seq[5];
	int i;

	for (i = 0; i < 5; i++)
		seq[i] = t_emit_kept("kitchen", t_text("m%d", i), 60000, 0);
	T_STR(t_history("kitchen", 0, 2), "m3 m4");
	T_STR(t_history("kitchen", seq[3], 2), "m1 m2");
	T_STR(t_history("kitchen", seq[1], 2), "m0");
	T_STR(t_history("kitchen", seq[0], 2), "");
}

static void
history_ends_with_its_time(void)
{
	t_emit_kept("kitchen", "short", 1000, 0);
	t_emit_kept("kitchen", "long", 60000, 0);
	t_wait(1001);
	t_janitor();
	T_STR(t_history("kitchen", 0, 10), "long");
}

static void
history_is_bounded_by_its_count(void)
{
	int i;

	for (i = 0; i < 5; i++)
		t_emit_kept("kitchen", t_text("m%d", i), 60000, 3);
	t_emit_kept("cellar", "other", 60000, 3);
	t_janitor();
	T_STR(t_history("kitchen", 0, 10), "m2 m3 m4");
	T_STR(t_history("cellar", 0, 10), "other");
}

static void
history_outlives_the_retention(void)
{
	scene.conf.retention_ms = 1000;
	t_reopen();
	t_emit_kept("kitchen", "kept", 60000, 0);
	t_emit("/", "kitchen", "ordinary");
	t_wait(2000);
	t_janitor();
	T_STR(t_history("kitchen", 0, 10), "kept");
	t_wait(60000);
	t_janitor();
	T_STR(t_history("kitchen", 0, 10), "");
	T_EQ(t_stats().records, 0);
}

static void
a_record_in_several_rooms_is_history_of_each(void)
{
	t_emit_kept("kitchen cellar", "both", 60000, 0);
	T_STR(t_history("kitchen", 0, 10), "both");
	T_STR(t_history("cellar", 0, 10), "both");
}

static void
a_room_named_twice_is_one_room(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_join(socket, "kitchen");
	t_emit_kept("kitchen kitchen", "a", 60000, 0);
	T_STR(t_hears(s), "a");
	T_STR(t_history("kitchen", 0, 10), "a");
}

/* ---- trimming --------------------------------------------------------------- */

static void
old_records_are_trimmed_and_the_floor_rises(void)
{
	int64_t last;

	scene.conf.retention_ms = 1000;
	t_reopen();
	t_emit("/", NULL, "a");
	last = t_emit("/", NULL, "b");
	t_wait(1001);
	t_janitor();
	T_STR(t_tail(last, 10), "");
	T_EQ(t_floor(), last + 1);
	T_EQ(t_stats().records, 0);
	T_EQ(t_emit("/", NULL, "c"), last + 1);
	T_EQ(t_floor(), last + 1);
	T_EQ(t_last_seq(), last + 1);
}

static void
saying_something_trims_what_is_due(void)
{
	int i;

	scene.conf.retention_ms = 1000;
	t_reopen();
	for (i = 0; i < 10; i++)
		t_emit("/", NULL, "old");
	t_wait(1001);
	for (i = 0; i < 10; i++)
		t_emit("/", NULL, "new");
	T_EQ(t_stats().records, 10);
}

static void
a_session_that_polls_does_not_fall_below_the_floor(void)
{
	uint64_t socket, s;
	int i;

	scene.conf.retention_ms = 60000;
	scene.conf.ping_interval_ms = 3600 * 1000;
	t_reopen();
	s = t_join_in("alice", &socket);
	for (i = 0; i < 20; i++) {
		t_emit("/", "elsewhere", "not hers");
		T_STR(t_poll(s, t_text("%d", i)), "parked");
		t_wait(10000);
		T_EQ(t_deliver(s, 0), RC_OK);
		T_EQ(t_post("alice", t_text("p%d", i), true), RC_OK);
		t_janitor();
	}
	T_OK(t_floor() > 5);
	t_emit("/", NULL, "hers");
	T_STR(t_hears(s), "hers");
}

static void
a_session_below_the_floor_ends(void)
{
	uint64_t socket, s;

	scene.conf.retention_ms = 1000;
	t_reopen();
	s = t_join_in("alice", &socket);
	t_emit("/", NULL, "missed");
	t_emit("/", NULL, "missed, too");
	t_wait(1001);
	t_janitor();
	t_emit("/", NULL, "kept");
	T_STR(t_poll(s, "1"), "gone");
	T_OK(!t_is_open("alice"));
}

static void
a_replay_below_the_floor_ends_its_session(void)
{
	uint64_t socket, s;
	int64_t offset;

	scene.conf.retention_ms = 10000;
	t_reopen();
	s = t_join_in("alice", &socket);
	offset = t_last_seq();
	T_EQ(t_close(s, "transport close", true), RC_OK);
	t_emit("/", NULL, "a");
	t_emit("/", NULL, "b");
	s = t_open("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_poll_page(s, "1", 1), "a");
	t_wait(10001);
	t_janitor();
	T_STR(t_poll_page(s, "2", 1), "gone");
	T_OK(!t_is_open("again"));
}

static void
an_empty_log_has_no_bytes(void)
{
	scene.conf.retention_ms = 1000;
	t_reopen();
	t_emit_except("/", "kitchen cellar", "attic", "a");
	t_emit_kept("kitchen kitchen cellar", "b", 5000, 0);
	t_emit_kept("kitchen", "c", 5000, 1);
	t_connect(t_open("alice"), "/", "alice");
	T_OK(t_stats().log_bytes > 0);
	t_wait(6000);
	t_janitor();
	T_EQ(t_stats().records, 0);
	T_EQ(t_stats().kept, 0);
	T_EQ(t_stats().log_bytes, 0);
}

/* ---- the budget --------------------------------------------------------------- */

static void
past_its_budget_the_log_takes_no_emits_but_sessions_live(void)
{
	uint64_t socket, s;
	struct store_op *op;
	static char big[4000];
	enum rc rc = RC_OK;
	int i;

	scene.conf.max_size = 64 * 1024;
	scene.conf.retention_ms = 60000;
	t_reopen();
	s = t_join_in("alice", &socket);
	memset(big, 'x', sizeof big - 1);
	for (i = 0; i < 100 && rc == RC_OK; i++) {
		op = t_op_emit("/", "elsewhere", big);
		rc = t_do(op);
	}
	T_EQ(rc, RC_TOO_BIG);
	T_OK(i >= 5 && i < 30);
	T_STR(t_poll(s, "1"), "parked");
	T_EQ(t_post("alice", "p1", true), RC_OK);
	T_EQ(t_release(s), RC_OK);
	t_connect(t_open("bob"), "/", "bob");

	t_wait(40000);
	T_STR(t_poll(s, "2"), "ping");
	T_EQ(t_post("alice", "p2", true), RC_OK);
	t_wait(20001);
	T_STR(t_poll(s, "3"), "parked");
	t_janitor();
	t_emit("/", NULL, "again");
	T_STR(t_again(s), "again");
}

void
contract_log(void)
{
	CASE(the_tail_reads_all_that_came_after);
	CASE(the_tail_knows_all_of_a_record);
	CASE(history_is_what_was_kept_oldest_first);
	CASE(history_is_read_backwards_page_by_page);
	CASE(history_ends_with_its_time);
	CASE(history_is_bounded_by_its_count);
	CASE(history_outlives_the_retention);
	CASE(a_record_in_several_rooms_is_history_of_each);
	CASE(a_room_named_twice_is_one_room);
	CASE(old_records_are_trimmed_and_the_floor_rises);
	CASE(saying_something_trims_what_is_due);
	CASE(a_session_that_polls_does_not_fall_below_the_floor);
	CASE(a_session_below_the_floor_ends);
	CASE(a_replay_below_the_floor_ends_its_session);
	CASE(an_empty_log_has_no_bytes);
	CASE(past_its_budget_the_log_takes_no_emits_but_sessions_live);
}
