/*
 * store_contract_look.c - queries: selectors, rooms, members, channel keys
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"
#include "tests/t.h"

/* alice and bob in "/", both in the kitchen, bob in the cellar; eve in "/b". */
static struct {
	uint64_t alice, bob, eve;               /* sockets */
	uint64_t alice_s, bob_s, eve_s;         /* sessions */
} who;

static void
party(void)
{
	who.alice_s = t_join_in("alice", &who.alice);
	who.bob_s = t_join_in("bob", &who.bob);
	who.eve_s = t_open("eve");
	who.eve = t_connect(who.eve_s, "/b", "eve");
	t_join(who.alice, "kitchen");
	t_join(who.bob, "kitchen");
	t_join(who.bob, "cellar");
	t_join(who.eve, "kitchen");
	t_user(who.alice, "u1");
}

static void
a_selector_without_rooms_means_the_namespace(void)
{
	party();
	T_STR(t_select("/", NULL, NULL, NULL, false), "alice bob");
	T_STR(t_select("/b", NULL, NULL, NULL, false), "eve");
	T_STR(t_select("/c", NULL, NULL, NULL, false), "");
}

static void
rooms_and_users_unite(void)
{
	party();
	T_STR(t_select("/", "kitchen", NULL, NULL, false), "alice bob");
	T_STR(t_select("/", "cellar", NULL, NULL, false), "bob");
	T_STR(t_select("/", "cellar kitchen", NULL, NULL, false), "alice bob");
	T_STR(t_select("/", NULL, "u1", NULL, false), "alice");
	T_STR(t_select("/", "cellar", "u1 u2", NULL, false), "alice bob");
	T_STR(t_select("/", "alice", NULL, NULL, false), "alice");
	T_STR(t_select("/", "attic", NULL, NULL, false), "");
}

static void
somebody_enters_the_attic(void)
{
	uint64_t socket;

	t_join_in("zoe", &socket);
	t_join(socket, "attic");
}

static void
a_room_that_was_missed_is_there_when_others_have_entered_it(void)
{
	party();
	store_look(scene.store);
	T_STR(t_select("/", "attic", NULL, NULL, false), "");
	t_elsewhere(somebody_enters_the_attic);
	T_STR(t_select("/", "attic", NULL, NULL, false), "zoe");
}

static void
except_takes_away(void)
{
	struct selector selector = { .nsp = SLICE("/") };
	int64_t n;

	party();
	T_STR(t_select("/", NULL, NULL, "cellar", false), "alice");
	T_STR(t_select("/", "kitchen", NULL, "alice", false), "bob");
	selector.except_users = t_names("u1");
	T_EQ(store_count(scene.store, &selector, &n), RC_OK);
	T_EQ(n, 1);
}

static void
gone_sockets_are_seen_only_on_demand(void)
{
	struct selector selector = { .nsp = SLICE("/") };
	int64_t n;

	party();
	T_EQ(t_close(who.alice_s, "transport close", true), RC_OK);
	T_STR(t_select("/", "kitchen", NULL, NULL, false), "bob");
	T_STR(t_select("/", "kitchen", NULL, NULL, true), "alice bob");
	T_STR(t_select("/", NULL, NULL, NULL, true), "alice bob");
	T_EQ(store_count(scene.store, &selector, &n), RC_OK);
	T_EQ(n, 1);
	T_EQ(t_stats().gone, 1);
	T_EQ(t_stats().sockets, 2);
}

struct page {
	uint64_t last;
	int n;
};

static void
count_socket(void *arg, const struct socket_row *row)
{
	struct page *page = arg;

	T_OK(row->n > page->last);
	page->last = row->n;
	page->n++;
}

static void
a_selection_is_read_page_by_page(void)
{
	struct selector selector = { .nsp = SLICE("/") };
	struct page page = { 0 };
	uint64_t socket;
	int i;

	for (i = 0; i < 5; i++)
		t_join_in(t_text("s%d", i), &socket);
	for (i = 2; i <= 5; i += 2) {
		T_EQ(store_select(scene.store, &selector, page.last, 2, false,
		    &scene.arena, count_socket, &page), RC_OK);
		T_EQ(page.n, i);
	}
	store_select(scene.store, &selector, page.last, 2, false, &scene.arena,
	    count_socket, &page);
	T_EQ(page.n, 5);
	T_EQ(page.last, socket);
}

static void
a_socket_is_found_in_three_ways(void)
{
	struct socket_row row;

	party();
	T_EQ(store_socket(scene.store, who.alice_s, SLICE("/"), &scene.arena, &row), RC_OK);
	T_EQ(row.n, who.alice);
	T_EQ(row.session, who.alice_s);
	T_STR(row.id, "alice");
	T_STR(row.pid, "p-alice");
	T_SLICE(row.nsp, "/");
	T_SLICE(row.user, "u1");
	T_OK(row.data.p == NULL);
	T_SLICE(row.sid, "alice");
	T_SLICE(row.info, "{\"headers\":{}}");
	T_EQ(row.connected_wall, scene.clock.wall);
	T_EQ(row.generation, 3);
	T_EQ(store_socket_id(scene.store, SLICE("/b"), SLICE("eve"), &scene.arena, &row),
	    RC_OK);
	T_EQ(row.n, who.eve);
	T_EQ(store_socket_n(scene.store, who.bob, &scene.arena, &row), RC_OK);
	T_STR(row.id, "bob");

	T_EQ(store_socket(scene.store, who.alice_s, SLICE("/b"), &scene.arena, &row),
	    RC_NONE);
	T_EQ(store_socket_id(scene.store, SLICE("/"), SLICE("eve"), &scene.arena, &row),
	    RC_NONE);
	T_EQ(store_socket_n(scene.store, 4711, &scene.arena, &row), RC_NONE);
}

static void
data_and_user_of_a_socket_are_set_apart(void)
{
	struct socket_row row;

	party();
	t_data(who.alice, "{\"a\":1}");
	T_EQ(store_socket_n(scene.store, who.alice, &scene.arena, &row), RC_OK);
	T_SLICE(row.data, "{\"a\":1}");
	T_SLICE(row.user, "u1");
	t_user(who.alice, "");
	T_EQ(store_socket_n(scene.store, who.alice, &scene.arena, &row), RC_OK);
	T_SLICE(row.data, "{\"a\":1}");
	T_EQ(row.user.n, 0);
	T_STR(t_select("/", NULL, "u1", NULL, false), "");
}

static bool
has_name(struct slice packed, const char *name)
{
	struct slice element;

	while (pack_next(&packed, &element))
		if (slice_is(element, name))
			return true;
	return false;
}

static void
a_socket_knows_its_rooms(void)
{
	struct buf b = BUF_INIT;

	party();
	t_join(who.bob, "attic");
	t_leave(who.bob, "kitchen");
	T_EQ(store_rooms_of(scene.store, who.bob, &b), RC_OK);
	T_EQ(pack_count(buf_slice(&b)), 3);
	T_OK(has_name(buf_slice(&b), "bob"));
	T_OK(has_name(buf_slice(&b), "cellar"));
	T_OK(has_name(buf_slice(&b), "attic"));
	buf_free(&b);
}

static void
add_room(void *arg, struct slice nsp, struct slice room, int64_t members)
{
	struct buf *b = arg;

	(void)nsp;
	buf_printf(b, "%.*s=%d ", SLICE_ARGS(room), (int)members);
}

static const char *
rooms(const char *nsp, const char *after, size_t limit)
{
	struct buf b = BUF_INIT;
	const char *s;
	enum rc rc = store_rooms(scene.store, slice_str(nsp), slice_str(after), limit,
	    add_room, &b);

	T_OK(rc == RC_OK || rc == RC_NONE);
	s = arena_str(&scene.arena, buf_slice(&b));
	buf_free(&b);
	return s;
}

static void
a_namespace_knows_its_rooms_and_their_members(void)
{
	party();
	T_STR(rooms("/", NULL, 100), "cellar=1 kitchen=2 ");
	T_STR(rooms("/", "cellar", 100), "kitchen=2 ");
	T_STR(rooms("/c", NULL, 100), "");
	T_EQ(t_close(who.bob_s, "transport close", true), RC_OK);
	T_OK(strstr(rooms("/", NULL, 100), "kitchen=1 ") != NULL);
}

static void
add_session(void *arg, const struct session_row *row)
{
	struct buf *b = arg;

	buf_printf(b, "%s ", row->sid);
}

static void
sessions_are_listed_in_order(void)
{
	struct buf b = BUF_INIT;

	party();
	T_EQ(t_close(who.bob_s, "transport close", true), RC_OK);
	T_EQ(store_sessions(scene.store, 0, 10, &scene.arena, add_session, &b), RC_OK);
	T_SLICE(buf_slice(&b), "alice eve ");
	buf_reset(&b);
	T_EQ(store_sessions(scene.store, who.alice_s, 10, &scene.arena, add_session, &b),
	    RC_OK);
	T_SLICE(buf_slice(&b), "eve ");
	buf_reset(&b);
	T_EQ(store_sessions(scene.store, 0, 1, &scene.arena, add_session, &b), RC_OK);
	T_SLICE(buf_slice(&b), "alice ");
	buf_free(&b);
}

struct members {
	uint64_t sessions[8], sockets[8];
	int n;
};

static void
add_member(void *arg, uint64_t session, uint64_t socket)
{
	struct members *m = arg;

	if (session == 0)               /* gone: nobody to wake */
		return;
	T_OK(m->n < 8);
	m->sessions[m->n] = session;
	m->sockets[m->n++] = socket;
}

static struct members
members_at(enum channel_kind kind, const char *name, int64_t seq)
{
	struct members m = { 0 };
	struct slice key = channel_key(&scene.arena, kind, SLICE("/"), slice_str(name));
	enum rc rc = store_members(scene.store, key, seq, add_member, &m);

	T_OK(rc == RC_OK || (rc == RC_NONE && m.n == 0));
	return m;
}

static void
members_are_those_at_that_time(void)
{
	struct members m;
	int64_t both, one, none;

	party();
	both = t_emit("/", "kitchen", "both");
	t_leave(who.alice, "kitchen");
	one = t_emit("/", "kitchen", "one");
	t_leave(who.bob, "kitchen");
	none = t_emit("/", "kitchen", "none");
	T_EQ(members_at(CHANNEL_ROOM, "kitchen", both).n, 2);
	m = members_at(CHANNEL_ROOM, "kitchen", one);
	T_EQ(m.n, 1);
	T_EQ(m.sockets[0], who.bob);
	T_EQ(m.sessions[0], who.bob_s);
	T_EQ(members_at(CHANNEL_ROOM, "kitchen", none).n, 0);
	T_EQ(members_at(CHANNEL_NSP, "", none).n, 2);
	T_EQ(members_at(CHANNEL_USER, "u1", none).n, 1);
}

static void
speaks_in_the_attic(void)
{
	somebody_enters_the_attic();
	scene.shared[0] = (uint64_t)t_emit("/", "attic", "hello");
}

static void
members_are_found_who_were_not_there_a_moment_ago(void)
{
	party();
	store_look(scene.store);
	T_EQ(members_at(CHANNEL_ROOM, "attic", 1).n, 0);
	t_elsewhere(speaks_in_the_attic);
	T_EQ(members_at(CHANNEL_ROOM, "attic", (int64_t)scene.shared[0]).n, 1);
}

static void
makes_the_attic_anew(void)
{
	t_leave(who.bob, "attic");      /* its last one: it is no more */
	somebody_enters_the_attic();
}

static void
a_room_that_others_made_anew_is_found(void)
{
	party();
	t_join(who.bob, "attic");
	store_look(scene.store);
	T_STR(t_select("/", "attic", NULL, NULL, false), "bob");
	t_elsewhere(makes_the_attic_anew);
	T_STR(t_select("/", "attic", NULL, NULL, false), "zoe");
}

static void
who_has_gone_was_in_its_own_room(void)
{
	int64_t alone, both;

	party();
	alone = t_emit("/", "alice", "alone");
	both = t_emit("/", "kitchen", "both");
	T_EQ(t_disconnect(who.alice), RC_OK);
	T_EQ(members_at(CHANNEL_ROOM, "alice", alone).n, 1);
	T_EQ(members_at(CHANNEL_ROOM, "alice", alone).sessions[0], who.alice_s);
	T_EQ(members_at(CHANNEL_ROOM, "kitchen", both).n, 2);
	T_STR(t_hears(who.alice_s), "alone both disconnect:/");
	T_EQ(members_at(CHANNEL_ROOM, "alice", t_emit("/", "alice", "late")).n, 0);
	T_EQ(t_disconnect(who.bob), RC_OK);
}

static void
a_channel_key_comes_apart_again(void)
{
	struct slice key, nsp, name;
	enum channel_kind kind;

	key = channel_key(&scene.arena, CHANNEL_ROOM, SLICE("/b"), SLICE("a room"));
	T_OK(channel_split(key, &kind, &nsp, &name));
	T_EQ(kind, CHANNEL_ROOM);
	T_SLICE(nsp, "/b");
	T_SLICE(name, "a room");
	T_EQ(channel_session(key), 0);
	key = channel_of_session(&scene.arena, 1234567890123ull);
	T_EQ(channel_session(key), 1234567890123ll);
	T_OK(channel_split(key, &kind, &nsp, &name));
	T_EQ(kind, CHANNEL_SESSION);
	T_EQ(nsp.n, 0);
	T_OK(!channel_split(SLICE(""), &kind, &nsp, &name));
	T_OK(!channel_split(SLICE("rno zero"), &kind, &nsp, &name));
}

static void
the_figures_add_up(void)
{
	struct store_stats stats;

	party();
	T_STR(t_poll(who.alice_s, "1"), "parked");
	t_emit_kept("kitchen", "a", 60000, 0);
	T_EQ(t_timer("tea", NULL, 1000, 0), RC_OK);
	t_ask("/", "kitchen", "replied", 5000, false);
	stats = t_stats();
	T_EQ(stats.sessions, 3);
	T_EQ(stats.sockets, 3);
	T_EQ(stats.gone, 0);
	T_EQ(stats.claims, 1);
	T_EQ(stats.records, 5);
	T_EQ(stats.kept, 1);
	T_EQ(stats.timers, 1);
	T_EQ(stats.questions, 1);
	T_EQ(stats.tasks, 0);
	T_EQ(stats.last_seq, t_last_seq());
	T_EQ(stats.floor, t_floor());
	T_OK(stats.log_bytes > 0);
}

static void
what_is_refused_is_counted_for_all_processes(void)
{
	int64_t counts[TALLY__COUNT];
	struct store *other;
	char *error;
	size_t i;

	T_EQ(store_open(&scene.conf, &scene.clock.clock, &other, &error), RC_OK);
	store_tally(scene.store, TALLY_TOKEN_EXPIRED);
	store_tally(other, TALLY_TOKEN_EXPIRED);
	store_tally(other, TALLY__COUNT - 1);
	store_tallies(scene.store, counts);
	for (i = 0; i < TALLY__COUNT; i++)
		T_EQ(counts[i], i == TALLY_TOKEN_EXPIRED ? 2 : i == TALLY__COUNT - 1 ? 1 : 0);
	store_close(&other);
	if (scene.contract->keeps)
		t_reopen();
	store_tallies(scene.store, counts);
	T_EQ(counts[TALLY_TOKEN_EXPIRED], 2);
}

static void
every_tally_has_a_name_of_its_own(void)
{
	size_t i, k;

	for (i = 0; i < TALLY__COUNT; i++) {
		T_OK(tally_rows[i].name != NULL && tally_rows[i].help != NULL);
		for (k = 0; k < i; k++)
			T_OK(strcmp(tally_rows[i].name, tally_rows[k].name) != 0);
	}
}

void
contract_look(void)
{
	CASE(what_is_refused_is_counted_for_all_processes);
	CASE(every_tally_has_a_name_of_its_own);
	CASE(a_selector_without_rooms_means_the_namespace);
	CASE(rooms_and_users_unite);
	CASE(a_room_that_was_missed_is_there_when_others_have_entered_it);
	CASE(except_takes_away);
	CASE(gone_sockets_are_seen_only_on_demand);
	CASE(a_selection_is_read_page_by_page);
	CASE(a_socket_is_found_in_three_ways);
	CASE(data_and_user_of_a_socket_are_set_apart);
	CASE(a_socket_knows_its_rooms);
	CASE(a_namespace_knows_its_rooms_and_their_members);
	CASE(sessions_are_listed_in_order);
	CASE(members_are_those_at_that_time);
	CASE(members_are_found_who_were_not_there_a_moment_ago);
	CASE(a_room_that_others_made_anew_is_found);
	CASE(who_has_gone_was_in_its_own_room);
	CASE(a_channel_key_comes_apart_again);
	CASE(the_figures_add_up);
}
