/*
 * store_contract_follow.c - connections: probed, taken over, owned, followed
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

enum { SESSION, SOCKET, SEQ };          /* in scene.shared */
enum { TICKET = 77 };

/* ---- words ---------------------------------------------------------------- */

static enum rc
probe(uint64_t session, uint64_t ticket, enum probe_step step)
{
	struct store_op *op = t_op(OP_PROBE);

	op->u.probe.session = session;
	op->u.probe.ticket = ticket;
	op->u.probe.step = step;
	return t_do(op);
}

static struct store_op *
op_upgrade(uint64_t session, uint64_t ticket)
{
	struct store_op *op = t_op(OP_UPGRADE);

	op->u.upgrade.session = session;
	op->u.upgrade.ticket = ticket;
	op->u.upgrade.transport = 1;
	return op;
}

static enum rc
upgrade(uint64_t session, uint64_t ticket)
{
	return t_do(op_upgrade(session, ticket));
}

static struct store_op *
op_follow(uint64_t session, int64_t from)
{
	struct store_op *op = t_op(OP_FOLLOW);

	op->u.follow.session = session;
	op->u.follow.ticket = TICKET;
	op->u.follow.from = from;
	op->u.follow.max_records = 100;
	op->u.follow.max_bytes = 100000;
	return op;
}

/* What it brings; where it stands then. */
static const char *
follow(uint64_t session, int64_t *cursor)
{
	struct store_op *op = op_follow(session, *cursor);
	enum rc rc = t_do(op);

	*cursor = op->u.follow.cursor_r;
	return rc != RC_OK ? rc_name(rc) :
	    t_batch_text(op->u.follow.outcome_r, &op->u.follow.batch_r);
}

static uint64_t
open_live(const char *sid)
{
	struct store_op *op = t_op_open(sid);

	op->u.open.transport = 1;
	op->u.open.ticket = TICKET;
	T_EQ(t_do(op), RC_OK);
	return op->u.open.n_r;
}

/* alice, on a connection of this worker. */
static uint64_t
live_in(const char *sid, uint64_t *socket_r, int64_t *cursor_r)
{
	uint64_t session = open_live(sid);

	*socket_r = t_connect(session, "/", sid);
	*cursor_r = 0;
	T_STR(follow(session, cursor_r), "connect:/");
	T_STR(follow(session, cursor_r), "parked");
	return session;
}

static void
heard_add(void *arg, uint64_t channel, struct slice key, int64_t from, int64_t to)
{
	enum channel_kind kind;
	struct slice nsp, name;

	(void)channel;
	(void)from;
	if (!channel_split(key, &kind, &nsp, &name) || name.n == 0)
		return;
	buf_printf(arg, "%c:%.*s%s ", (int)kind, SLICE_ARGS(name), to == 0 ? "" : "!");
}

static const char *
heard(uint64_t session)
{
	struct buf b = BUF_INIT;
	const char *text;

	T_EQ(store_heard(scene.store, session, heard_add, &b), RC_OK);
	text = t_text("%.*s", SLICE_ARGS(buf_slice(&b)));
	buf_free(&b);
	return text;
}

/* ---- here ------------------------------------------------------------------- */

static void
a_probe_leaves_polling_as_it_is(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);

	T_STR(t_poll(s, "1"), "parked");
	T_EQ(probe(s, TICKET, PROBE_BEGIN), RC_OK);
	t_emit("/", NULL, "a");
	T_STR(t_again(s), "a");
	T_STR(t_poll(s, "2"), "parked");
	T_EQ(probe(s, TICKET, PROBE_END), RC_OK);
	T_STR(t_again(s), "parked");
	T_EQ(t_session("alice").transport, 0);
}

static void
a_second_probe_is_refused(void)
{
	uint64_t s = t_open("alice");

	T_EQ(probe(s, TICKET, PROBE_BEGIN), RC_OK);
	T_EQ(probe(s, TICKET + 1, PROBE_BEGIN), RC_CLASH);
	T_EQ(probe(s, TICKET + 1, PROBE_END), RC_CLASH);
	T_EQ(upgrade(s, TICKET + 1), RC_CLASH);
	T_EQ(probe(s, TICKET, PROBE_END), RC_OK);
	T_EQ(probe(s, TICKET + 1, PROBE_BEGIN), RC_OK);
}

static void
who_does_not_probe_does_not_take_over(void)
{
	uint64_t s = t_open("alice");

	T_EQ(upgrade(s, TICKET), RC_CLASH);
	T_EQ(upgrade(4711, TICKET), RC_GONE);
	T_EQ(probe(4711, TICKET, PROBE_BEGIN), RC_GONE);
	T_EQ(probe(s, TICKET, PROBE_NOOP), RC_CLASH);
	T_EQ(t_session("alice").transport, 0);
}

static void
a_probe_ends_a_waiting_poll_with_a_noop(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t seq;

	T_STR(t_poll(s, "1"), "parked");
	T_EQ(probe(s, TICKET, PROBE_BEGIN), RC_OK);
	seq = t_last_seq();
	T_EQ(probe(s, TICKET, PROBE_NOOP), RC_OK);
	T_STR(t_tail(seq, 10), "end:6");
	T_STR(t_again(s), "clash");
	T_EQ(probe(s, TICKET, PROBE_NOOP), RC_OK);      /* nobody waits */
	T_STR(t_tail(seq, 10), "end:6");
	T_STR(t_poll(s, "2"), "parked");
}

static void
an_upgraded_session_goes_on_where_its_polls_ended(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t cursor = 0;

	t_emit("/", NULL, "polled");
	T_STR(t_poll(s, "1"), "polled");
	t_emit("/", NULL, "a");
	T_EQ(probe(s, TICKET, PROBE_BEGIN), RC_OK);
	T_EQ(upgrade(s, TICKET), RC_OK);
	T_EQ(t_session("alice").transport, 1);
	T_STR(follow(s, &cursor), "a");
	t_emit("/", NULL, "b");
	T_STR(follow(s, &cursor), "b");
	T_STR(follow(s, &cursor), "parked");
	T_EQ(cursor, t_last_seq());
}

static void
a_poll_that_waits_at_the_upgrade_is_closed(void)
{
	uint64_t socket, s = t_join_in("alice", &socket);
	int64_t seq, cursor = 0;

	T_STR(t_poll(s, "1"), "parked");
	T_EQ(probe(s, TICKET, PROBE_BEGIN), RC_OK);
	seq = t_last_seq();
	T_EQ(upgrade(s, TICKET), RC_OK);
	T_STR(t_tail(seq, 10), "end:1");
	T_STR(follow(s, &cursor), "parked");
}

static void
a_late_poll_finds_another_transport(void)
{
	uint64_t s = t_open("alice");

	T_EQ(probe(s, TICKET, PROBE_BEGIN), RC_OK);
	T_EQ(upgrade(s, TICKET), RC_OK);
	T_STR(t_poll(s, "9"), "none");
	T_EQ(probe(s, TICKET + 1, PROBE_BEGIN), RC_CLASH);
	T_OK(t_is_open("alice"));
}

static void
a_post_decided_before_the_upgrade_is_decided_again(void)
{
	uint64_t s = t_open("alice");
	struct store_op *op;

	T_EQ(probe(s, TICKET, PROBE_BEGIN), RC_OK);
	op = t_op_receive("alice", "p1");
	op->u.receive.version = t_session("alice").version;
	scene.turn_open = false;        /* another turn comes first */
	T_EQ(upgrade(s, TICKET), RC_OK);
	T_EQ(t_post("alice", "p0", false), RC_OK);
	op = t_op_receive("alice", "p1");
	op->u.receive.version = 1;
	T_EQ(t_do(op), RC_CLASH);
}

static void
a_connection_is_not_ended_by_time(void)
{
	uint64_t socket;
	int64_t cursor;

	live_in("alice", &socket, &cursor);
	t_wait(300 * 1000);
	t_janitor();
	T_OK(t_is_open("alice"));
}

static void
only_the_owner_follows(void)
{
	uint64_t socket, s, polls = t_open("bob");
	int64_t cursor;
	struct store_op *op;

	s = live_in("alice", &socket, &cursor);
	op = op_follow(s, 0);
	op->u.follow.ticket = TICKET + 1;
	T_EQ(t_do(op), RC_CLASH);
	T_EQ(t_do(op_follow(polls, 0)), RC_CLASH);
	T_EQ(t_do(op_follow(4711, 0)), RC_GONE);
}

static void
an_orderly_close_comes_alone(void)
{
	uint64_t socket, s;
	int64_t cursor;

	s = live_in("alice", &socket, &cursor);
	t_emit("/", NULL, "a");
	T_EQ(t_close_orderly(s), RC_OK);
	T_STR(follow(s, &cursor), "a");
	T_STR(follow(s, &cursor), "end");
	T_OK(!t_is_open("alice"));
}

static void
what_was_proved_is_not_replayed(void)
{
	uint64_t socket, s, other;
	int64_t cursor, known, offset;
	struct store_op *op;

	s = live_in("alice", &socket, &cursor);
	offset = t_emit("/", NULL, "known");
	known = t_emit("/", NULL, "proved");
	t_emit("/", NULL, "not proved");
	op = t_op(OP_PROVE);
	op->u.prove.session = s;
	op->u.prove.ticket = TICKET;
	op->u.prove.proved = known;
	T_EQ(t_do(op), RC_OK);
	T_EQ(t_close(s, "transport close", true), RC_OK);
	other = t_open("again");
	T_EQ(t_recover(other, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_hears(other), "not proved connect:/");
}

static void
a_close_says_what_was_proved(void)
{
	uint64_t socket, s, other;
	int64_t cursor, offset, seq;
	struct store_op *op;

	s = live_in("alice", &socket, &cursor);
	offset = t_emit("/", NULL, "known");
	seq = t_emit("/", NULL, "proved");
	op = t_op(OP_CLOSE);
	op->u.close.session = s;
	op->u.close.reason = "transport close";
	op->u.close.keep = op->u.close.is_own = true;
	op->u.close.proved = seq;
	T_EQ(t_do(op), RC_OK);
	T_EQ(t_last_seq(), seq);        /* nobody was told */
	other = t_open("again");
	T_EQ(t_recover(other, "/", "p-alice", offset, 100), RC_OK);
	T_STR(t_hears(other), "connect:/");
}

static void
a_connection_brings_replays_first(void)
{
	uint64_t s;
	int64_t cursor = 0, offset;

	t_alice_lost(&offset);
	t_emit("/", NULL, "missed");
	s = open_live("again");
	T_EQ(t_recover(s, "/", "p-alice", offset, 100), RC_OK);
	t_emit("/", NULL, "new");
	T_STR(follow(s, &cursor), "missed connect:/ new");
	T_STR(follow(s, &cursor), "parked");
}

static void
rooms_are_heard_with_their_bounds(void)
{
	uint64_t socket, s;
	int64_t cursor;

	s = live_in("alice", &socket, &cursor);
	t_join(socket, "kitchen");
	t_emit("/", "kitchen", "a");
	t_leave(socket, "kitchen");
	T_OK(strstr(heard(s), "r:kitchen! ") != NULL);
	T_OK(strstr(heard(s), "r:alice ") != NULL);
	T_STR(heard(4711), "");
}

static void
enters_the_attic(void)
{
	t_join(scene.shared[SOCKET], "attic");
}

static void
a_room_into_which_others_brought_it_is_heard(void)
{
	struct socket_row row;
	uint64_t socket, s;
	int64_t cursor;

	t_join_in("bob", &socket);
	s = live_in("alice", &scene.shared[SOCKET], &cursor);
	store_look(scene.store);
	T_EQ(store_socket(scene.store, s, SLICE("/"), &scene.arena, &row), RC_OK);
	T_OK(strstr(heard(s), "r:attic") == NULL);
	t_elsewhere(enters_the_attic);
	T_OK(strstr(heard(s), "r:attic ") != NULL);
}

/* ---- whom it concerns ----------------------------------------------------------- */

static struct {
	uint64_t sessions[8];
	size_t n;
} seen;

static void
see(void *arg, struct store *store, struct turn *turn)
{
	(void)arg;
	(void)store;
	seen.n = turn->n_changed_r;
	memcpy(seen.sessions, turn->changed_r, seen.n * sizeof(*seen.sessions));
}

static void
commit_and_see(void)
{
	scene.turn.settle = see;
	t_commit();
}

static void
the_owner_sees_in_its_turn_who_joined(void)
{
	uint64_t a, b, c, s1, s2;
	int64_t cursor;
	struct store_op *op;
	uint64_t sockets[3];

	s1 = live_in("alice", &a, &cursor);
	t_join_in("bob", &b);
	s2 = live_in("carol", &c, &cursor);
	sockets[0] = c;
	sockets[1] = b;
	sockets[2] = a;
	op = t_op(OP_JOIN);
	op->u.member.sockets = sockets;
	op->u.member.n = 3;
	op->u.member.room = SLICE("kitchen");
	commit_and_see();
	T_EQ(seen.n, 2);
	T_EQ(seen.sessions[0], s1);
	T_EQ(seen.sessions[1], s2);
	op = t_op(OP_JOIN);
	op->u.member.sockets = sockets;
	op->u.member.n = 3;
	op->u.member.room = SLICE("kitchen");
	commit_and_see();
	T_EQ(seen.n, 0);                /* they were there */
	T_STR(t_tail(cursor, 10), "");
}

/* ---- elsewhere ------------------------------------------------------------------ */

static void
somebody_moves_alice(void)
{
	uint64_t socket = scene.shared[SOCKET];

	t_join(socket, "kitchen");
	t_user(socket, "al");
	t_leave(socket, "kitchen");
	T_EQ(t_disconnect(socket), RC_OK);
}

static void
an_owner_elsewhere_is_told_in_the_log(void)
{
	uint64_t socket, s;
	int64_t cursor;
	const char *n;

	s = live_in("alice", &socket, &cursor);
	scene.shared[SOCKET] = socket;
	t_elsewhere(somebody_moves_alice);
	n = t_text("members:[%d]", (int)s);
	T_STR(t_tail(cursor, 10), t_text("%s %s %s disconnect:/ %s", n, n, n, n));
}

static void
somebody_takes_alice_over(void)
{
	scene.shared[SESSION] = open_live("alice");
	t_connect(scene.shared[SESSION], "/", "alice");
}

static void
connections_of_a_dead_process_end_at_once(void)
{
	t_elsewhere(somebody_takes_alice_over);
	t_janitor();
	T_OK(t_is_open("alice"));
	t_elsewhere_dies();
	t_wait(1000);
	t_janitor();
	T_OK(!t_is_open("alice"));
	T_STR(t_tasks(), "disconnect:transport close");
}

static void
somebody_probes(void)
{
	T_EQ(probe(scene.shared[SESSION], TICKET, PROBE_BEGIN), RC_OK);
}

static void
a_dead_process_probes_nothing(void)
{
	uint64_t s = scene.shared[SESSION] = t_open("alice");

	t_elsewhere(somebody_probes);
	T_EQ(probe(s, TICKET + 1, PROBE_BEGIN), RC_CLASH);
	t_elsewhere_dies();
	T_STR(t_poll(s, "1"), "parked");
	T_EQ(probe(s, TICKET + 1, PROBE_BEGIN), RC_OK);
	T_EQ(upgrade(s, TICKET + 1), RC_OK);
}

static void
somebody_polls(void)
{
	T_STR(t_poll(scene.shared[SESSION], "1"), "parked");
}

static void
a_poll_parked_elsewhere_is_ended_by_the_probe(void)
{
	uint64_t socket, s = scene.shared[SESSION] = t_join_in("alice", &socket);
	int64_t seq;

	t_elsewhere(somebody_polls);
	T_EQ(probe(s, TICKET, PROBE_BEGIN), RC_OK);
	seq = t_last_seq();
	T_EQ(probe(s, TICKET, PROBE_NOOP), RC_OK);
	T_STR(t_tail(seq, 10), "end:6");
	T_EQ(t_stats().claims, 0);
}

static void
somebody_offers_sockets(void)
{
	T_OK(store_wake_fd(scene.store) >= 0);
	store_offer_sockets(scene.store);
	T_OK(store_has_sockets(scene.store));
}

static void
sockets_are_offered_as_long_as_a_process_lives(void)
{
	T_OK(!store_has_sockets(scene.store));
	t_elsewhere(somebody_offers_sockets);
	T_OK(store_has_sockets(scene.store));
	T_OK(store_has_sockets(scene.store));
	t_elsewhere_dies();
	T_OK(!store_has_sockets(scene.store));
}

void
contract_follow(void)
{
	CASE(a_probe_leaves_polling_as_it_is);
	CASE(a_second_probe_is_refused);
	CASE(who_does_not_probe_does_not_take_over);
	CASE(a_probe_ends_a_waiting_poll_with_a_noop);
	CASE(an_upgraded_session_goes_on_where_its_polls_ended);
	CASE(a_poll_that_waits_at_the_upgrade_is_closed);
	CASE(a_late_poll_finds_another_transport);
	CASE(a_post_decided_before_the_upgrade_is_decided_again);
	CASE(a_connection_is_not_ended_by_time);
	CASE(only_the_owner_follows);
	CASE(an_orderly_close_comes_alone);
	CASE(what_was_proved_is_not_replayed);
	CASE(a_close_says_what_was_proved);
	CASE(a_connection_brings_replays_first);
	CASE(rooms_are_heard_with_their_bounds);
	CASE(a_room_into_which_others_brought_it_is_heard);
	CASE(the_owner_sees_in_its_turn_who_joined);
	CASE(an_owner_elsewhere_is_told_in_the_log);
	CASE(connections_of_a_dead_process_end_at_once);
	CASE(a_dead_process_probes_nothing);
	CASE(a_poll_parked_elsewhere_is_ended_by_the_probe);
	CASE(sockets_are_offered_as_long_as_a_process_lives);
}
