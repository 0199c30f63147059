/*
 * store_contract_room.c - who hears what: rooms, users, except, leave and join
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

static void
a_join_never_sees_the_past(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_emit("/", "kitchen", "before");
	t_join(socket, "kitchen");
	t_emit("/", "kitchen", "after");
	T_STR(t_hears(s), "after");
}

static void
a_room_where_nobody_was_is_found_when_somebody_comes(void)
{
	uint64_t socket, s;

	t_join_in("bob", &socket);
	t_emit("/", "alice", "missed");
	t_emit("/", "alice", "missed again");
	s = t_join_in("alice", &socket);
	t_emit("/", "alice", "own room");
	t_emit("/", "kitchen", "missed");
	t_emit("/", "kitchen", "missed again");
	t_join(socket, "kitchen");
	t_emit("/", "kitchen", "in it");
	T_STR(t_hears(s), "own room in it");
}

static void
a_leave_never_loses_what_was_said_before(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_join(socket, "kitchen");
	t_emit("/", "kitchen", "before");
	t_leave(socket, "kitchen");
	t_emit("/", "kitchen", "after");
	T_STR(t_hears(s), "before");
}

static void
who_leaves_and_joins_again_misses_what_was_between(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_join(socket, "kitchen");
	t_emit("/", "kitchen", "a");
	t_leave(socket, "kitchen");
	t_emit("/", "kitchen", "b");
	t_join(socket, "kitchen");
	t_emit("/", "kitchen", "c");
	t_leave(socket, "kitchen");
	t_emit("/", "kitchen", "d");
	T_STR(t_hears(s), "a c");
}

static void
leaving_and_joining_at_once_changes_nothing(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_join(socket, "kitchen");
	t_emit("/", "kitchen", "a");
	t_leave(socket, "kitchen");
	t_join(socket, "kitchen");
	t_emit("/", "kitchen", "b");
	T_STR(t_hears(s), "a b");
	t_leave(socket, "kitchen");
	t_emit("/", "kitchen", "c");
	T_STR(t_hears(s), "");
}

static void
joining_and_leaving_at_once_changes_nothing(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_join(socket, "kitchen");
	t_leave(socket, "kitchen");
	t_emit("/", "kitchen", "a");
	T_STR(t_hears(s), "");
	T_STR(t_select("/", "kitchen", NULL, NULL, true), "");
}

static void
joining_twice_and_leaving_what_one_is_not_in_are_fine(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_join(socket, "kitchen");
	t_join(socket, "kitchen");
	t_leave(socket, "cellar");
	t_emit("/", "kitchen", "a");
	T_STR(t_hears(s), "a");
	t_leave(socket, "kitchen");
	t_emit("/", "kitchen", "b");
	T_STR(t_hears(s), "");
}

static void
a_long_life_of_joins_and_leaves_hears_the_right_half(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int i;

	for (i = 0; i < 200; i++) {
		t_join(socket, "kitchen");
		t_emit("/", "kitchen", "in");
		if (i % 10 == 0)
			T_STR(t_hears(s), i == 0 ? "in" : "in in in in in in in in in in");
		t_leave(socket, "kitchen");
		t_emit("/", "kitchen", "out");
	}
}

static void
a_namespace_hears_its_own_broadcasts_only(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_connect(s, "/b", "ab");
	T_STR(t_hears(s), "connect:/b");
	t_emit("/", NULL, "root");
	t_emit("/b", NULL, "b");
	t_emit("/c", NULL, "c");
	T_STR(t_hears(s), "root /b:b");
}

static void
equal_rooms_of_two_namespaces_are_two_rooms(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_join(socket, "kitchen");
	t_connect(s, "/b", "ab");
	T_STR(t_hears(s), "connect:/b");
	t_emit("/b", "kitchen", "b");
	t_emit("/", "kitchen", "root");
	T_STR(t_hears(s), "root");
}

static void
a_socket_is_in_the_room_of_its_own_id(void)
{
	uint64_t a, b, alice = t_join_in("alice", &a), bob = t_join_in("bob", &b);

	t_emit("/", "bob", "psst");
	T_STR(t_hears(alice), "");
	T_STR(t_hears(bob), "psst");
}

static void
the_room_of_a_socket_s_id_is_a_room_like_others(void)
{
	uint64_t a, b, alice = t_join_in("alice", &a), bob = t_join_in("bob", &b);

	t_join(b, "alice");
	t_emit("/", "alice", "both");
	T_STR(t_select("/", "alice", NULL, NULL, false), "alice bob");
	t_leave(a, "alice");
	t_emit("/", "alice", "bob only");
	T_STR(t_hears(alice), "both");
	T_EQ(t_close(alice, "transport close", false), RC_OK);
	t_emit("/", "alice", "still bob");
	T_STR(t_hears(bob), "both bob only still bob");
	T_STR(t_select("/", "alice", NULL, NULL, false), "bob");
	t_leave(b, "alice");
	t_emit("/", "alice", "nobody");
	T_STR(t_hears(bob), "");
}

static void
a_record_to_several_rooms_is_seen_once(void)
{
	uint64_t a, b, alice = t_join_in("alice", &a), bob = t_join_in("bob", &b);

	t_join(a, "kitchen");
	t_join(a, "cellar");
	t_join(b, "cellar");
	t_emit("/", "kitchen cellar attic", "dinner");
	T_STR(t_hears(alice), "dinner");
	T_STR(t_hears(bob), "dinner");
}

static void
sixty_four_channels_are_enough(void)
{
	struct store_op *op;
	struct buf words = BUF_INIT;
	uint64_t socket, s = t_join_in("alice", &socket);
	int i;

	t_join(socket, "room63");
	for (i = 0; i < 64; i++)
		buf_printf(&words, "%sroom%d", i == 0 ? "" : " ", i);
	t_emit("/", arena_str(&scene.arena, buf_slice(&words)), "all");
	T_STR(t_hears(s), "all");
	buf_str(&words, " room64");
	op = t_op_emit("/", arena_str(&scene.arena, buf_slice(&words)), "more");
	buf_free(&words);
	T_EQ(t_do(op), RC_TOO_BIG);
	T_STR(t_hears(s), "");
}

static void
except_is_asked_at_the_time_of_the_record(void)
{
	uint64_t a, b, alice = t_join_in("alice", &a), bob = t_join_in("bob", &b);

	T_STR(t_hears(alice), "");
	t_join(a, "quiet");
	t_emit_except("/", NULL, "quiet", "one");
	t_leave(a, "quiet");
	t_emit_except("/", NULL, "quiet", "two");
	t_join(b, "quiet");
	T_STR(t_hears(alice), "two");
	T_STR(t_hears(bob), "one two");
}

static void
all_but_me_is_except_the_own_room(void)
{
	uint64_t a, b, alice = t_join_in("alice", &a), bob = t_join_in("bob", &b);

	t_emit_except("/", NULL, "alice", "hello");
	T_STR(t_hears(alice), "");
	T_STR(t_hears(bob), "hello");
}

static void
a_user_is_reached_on_all_devices(void)
{
	uint64_t a, b, phone = t_join_in("phone", &a), desk = t_join_in("desk", &b);

	t_emit_user("/", "u1", "before");
	t_user(a, "u1");
	t_user(b, "u1");
	t_emit_user("/", "u1", "both");
	t_user(a, "u2");
	t_emit_user("/", "u1", "desk only");
	t_emit_user("/", "u2", "phone only");
	t_user(b, "");
	t_emit_user("/", "u1", "nobody");
	T_STR(t_hears(phone), "both phone only");
	T_STR(t_hears(desk), "both desk only");
}

static void
a_user_given_at_connect_is_reached(void)
{
	uint64_t s = t_open("alice");
	struct store_op *op = t_op_connect(s, "/", "a");

	op->u.connect.user = SLICE("u1");
	op->u.connect.data = SLICE("{\"x\":1}");
	T_EQ(t_do(op), RC_OK);
	t_emit_user("/", "u1", "hi");
	T_STR(t_hears(s), "connect:/ hi");
}

static void
a_room_and_a_user_of_one_name_are_two(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	t_join(socket, "x");
	t_emit_user("/", "x", "user");
	t_emit("/", "x", "room");
	T_STR(t_hears(s), "room");
}

static void
many_sockets_join_and_leave_in_one_operation(void)
{
	uint64_t sockets[3], s[3];
	struct store_op *op;
	int i;

	for (i = 0; i < 3; i++)
		s[i] = t_join_in(t_text("s%d", i), &sockets[i]);
	op = t_op(OP_JOIN);
	op->u.member.sockets = sockets;
	op->u.member.n = 3;
	op->u.member.room = SLICE("kitchen");
	T_EQ(t_do(op), RC_OK);
	t_emit("/", "kitchen", "a");
	op = t_op(OP_LEAVE);
	op->u.member.sockets = sockets;
	op->u.member.n = 2;
	op->u.member.room = SLICE("kitchen");
	T_EQ(t_do(op), RC_OK);
	t_emit("/", "kitchen", "b");
	T_STR(t_hears(s[0]), "a");
	T_STR(t_hears(s[1]), "a");
	T_STR(t_hears(s[2]), "a b");
}

static void
too_many_sockets_in_one_operation_are_refused(void)
{
	static uint64_t sockets[SOCKETS_PER_OP + 1];
	struct store_op *op = t_op(OP_JOIN);

	op->u.member.sockets = sockets;
	op->u.member.n = SOCKETS_PER_OP + 1;
	op->u.member.room = SLICE("kitchen");
	T_EQ(t_do(op), RC_TOO_BIG);
}

static void
sockets_that_have_ended_are_passed_over(void)
{
	uint64_t sockets[2], alice = t_join_in("alice", &sockets[0]), bob;
	struct store_op *op;

	bob = t_join_in("bob", &sockets[1]);
	T_EQ(t_close(alice, "transport close", false), RC_OK);
	op = t_op(OP_JOIN);
	op->u.member.sockets = sockets;
	op->u.member.n = 2;
	op->u.member.room = SLICE("kitchen");
	T_EQ(t_do(op), RC_OK);
	t_emit("/", "kitchen", "a");
	T_STR(t_hears(bob), "a");
	T_STR(t_select("/", "kitchen", NULL, NULL, true), "bob");
}

static void
a_join_past_the_limit_leaves_only_those_outside_who_are_at_it(void)
{
	uint64_t sockets[2], alice, bob;
	struct store_op *op;
	int i;

	alice = t_join_in("alice", &sockets[0]);
	bob = t_join_in("bob", &sockets[1]);
	for (i = 0; i < 5; i++)
		t_join(sockets[1], t_text("room%d", i));
	op = t_op(OP_JOIN);
	op->u.member.sockets = sockets;
	op->u.member.n = 2;
	op->u.member.room = SLICE("kitchen");
	op->u.member.max_rooms = 5;
	T_EQ(t_do(op), RC_TOO_BIG);
	T_EQ(op->u.member.refused_r, 1);
	t_emit("/", "kitchen", "a");
	T_STR(t_hears(alice), "a");
	T_STR(t_hears(bob), "");
}

static void
rooms_of_a_socket_are_limited(void)
{
	uint64_t socket;
	struct store_op *op;
	enum rc rc = RC_OK;
	int i;

	t_join_in("alice", &socket);
	for (i = 0; i < 10 && rc == RC_OK; i++) {
		op = t_op(OP_JOIN);
		op->u.member.sockets = &socket;
		op->u.member.n = 1;
		op->u.member.room = slice_str(t_text("room%d", i));
		op->u.member.max_rooms = 5;
		rc = t_do(op);
	}
	T_EQ(rc, RC_TOO_BIG);
	T_OK(i == 5 || i == 6);         /* with or without its own */
	op = t_op(OP_JOIN);
	op->u.member.sockets = &socket;
	op->u.member.n = 1;
	op->u.member.room = SLICE("room0");
	op->u.member.max_rooms = 5;
	T_EQ(t_do(op), RC_OK);          /* it is in there already */
}

static void
a_second_connect_in_a_namespace_clashes(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_EQ(t_do(t_op_connect(s, "/", "alice2")), RC_CLASH);
	T_STR(t_hears(s), "");
}

static void
namespaces_of_a_session_are_limited(void)
{
	uint64_t s = t_open("alice");
	struct store_op *op;
	int i;

	for (i = 0; i < 3; i++) {
		op = t_op_connect(s, t_text("/n%d", i), t_text("a%d", i));
		op->u.connect.max_namespaces = 2;
		T_EQ(t_do(op), i < 2 ? RC_OK : RC_TOO_BIG);
	}
	T_EQ(t_session("alice").namespaces, 2);
}

static void
nobody_hears_what_was_said_before_it_came(void)
{
	uint64_t s;

	t_emit("/", NULL, "before");
	s = t_open("alice");
	t_emit("/", NULL, "between");
	t_connect(s, "/", "a");
	T_STR(t_hears(s), "connect:/");
}

void
contract_room(void)
{
	CASE(a_join_never_sees_the_past);
	CASE(a_room_where_nobody_was_is_found_when_somebody_comes);
	CASE(a_leave_never_loses_what_was_said_before);
	CASE(who_leaves_and_joins_again_misses_what_was_between);
	CASE(leaving_and_joining_at_once_changes_nothing);
	CASE(joining_and_leaving_at_once_changes_nothing);
	CASE(joining_twice_and_leaving_what_one_is_not_in_are_fine);
	CASE(a_long_life_of_joins_and_leaves_hears_the_right_half);
	CASE(a_namespace_hears_its_own_broadcasts_only);
	CASE(equal_rooms_of_two_namespaces_are_two_rooms);
	CASE(a_socket_is_in_the_room_of_its_own_id);
	CASE(the_room_of_a_socket_s_id_is_a_room_like_others);
	CASE(a_record_to_several_rooms_is_seen_once);
	CASE(sixty_four_channels_are_enough);
	CASE(except_is_asked_at_the_time_of_the_record);
	CASE(all_but_me_is_except_the_own_room);
	CASE(a_user_is_reached_on_all_devices);
	CASE(a_user_given_at_connect_is_reached);
	CASE(a_room_and_a_user_of_one_name_are_two);
	CASE(many_sockets_join_and_leave_in_one_operation);
	CASE(too_many_sockets_in_one_operation_are_refused);
	CASE(sockets_that_have_ended_are_passed_over);
	CASE(a_join_past_the_limit_leaves_only_those_outside_who_are_at_it);
	CASE(rooms_of_a_socket_are_limited);
	CASE(a_second_connect_in_a_namespace_clashes);
	CASE(namespaces_of_a_session_are_limited);
	CASE(nobody_hears_what_was_said_before_it_came);
}
