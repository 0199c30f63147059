/*
 * store_contract_user.c - presence, mail, and history from a point on
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/store.h"
#include "tests/store_contract.h"
#include "tests/t.h"

enum { SEEN_MS = 60000 };

/* ---- presence ------------------------------------------------------------------- */

static enum rc
look_at(const char *room, const char *user, bool is_final)
{
	struct store_op *op = t_op(OP_PRESENCE);

	op->u.presence.nsp = SLICE("/");
	op->u.presence.room = slice_str(room);
	op->u.presence.user = slice_str(user);
	op->u.presence.here = slice_str(t_text("[\"+%s\"]", user));
	op->u.presence.away = slice_str(t_text("[\"-%s\"]", user));
	op->u.presence.seen_ms = SEEN_MS;
	op->u.presence.is_final = is_final;
	return t_do(op);
}

static void
add_row(void *arg, const struct presence_row *row)
{
	buf_printf(arg, "%.*s%s ", SLICE_ARGS(row->user), row->is_away ? "(away)" :
	    row->away_wall != 0 ? "(leaving)" : "");
}

static const char *
who(const char *room, bool with_away)
{
	struct buf text = BUF_INIT;
	const char *words;

	T_EQ(store_present(scene.store, SLICE("/"), slice_str(room), SLICE_NONE, 100,
	    with_away, &scene.arena, add_row, &text), RC_OK);
	words = t_text("%.*s", SLICE_ARGS(buf_slice(&text)));
	buf_free(&text);
	return words;
}

/* A socket of anna; its session. */
static uint64_t
anna(const char *sid, uint64_t *socket_r)
{
	uint64_t session = t_join_in(sid, socket_r);

	t_user(*socket_r, "anna");
	return session;
}

static void
who_comes_is_told_once(void)
{
	uint64_t ben, phone, desk, session;

	session = t_join_in("ben", &ben);
	t_join(ben, "lobby");
	anna("phone", &phone);
	T_EQ(look_at("lobby", "anna", false), RC_NONE);
	T_STR(who("lobby", false), "");
	t_join(phone, "lobby");
	T_EQ(look_at("lobby", "anna", false), RC_NONE);
	T_STR(who("lobby", false), "anna ");
	T_STR(t_hears(session), "+anna");
	anna("desk", &desk);
	t_join(desk, "lobby");
	T_EQ(look_at("lobby", "anna", false), RC_NONE);
	T_STR(t_hears(session), "");
}

static void
who_leaves_has_a_grace_and_is_told_when_it_is_over(void)
{
	uint64_t ben, phone, session;
	struct presence_row row;

	session = t_join_in("ben", &ben);
	t_join(ben, "lobby");
	anna("phone", &phone);
	t_join(phone, "lobby");
	look_at("lobby", "anna", false);
	T_STR(t_hears(session), "+anna");
	t_leave(phone, "lobby");
	T_EQ(look_at("lobby", "anna", false), RC_OK);
	T_STR(who("lobby", false), "anna(leaving) ");
	T_STR(t_hears(session), "");
	T_EQ(look_at("lobby", "anna", false), RC_NONE); /* it has begun already */
	t_wait(3000);
	T_EQ(look_at("lobby", "anna", true), RC_NONE);
	T_STR(t_hears(session), "-anna");
	T_STR(who("lobby", false), "");
	T_STR(who("lobby", true), "anna(away) ");
	T_EQ(store_presence(scene.store, SLICE("/"), SLICE("lobby"), SLICE("anna"),
	    &scene.arena, &row), RC_OK);
	T_EQ(row.away_wall, clock_wall(&scene.clock.clock) - 3000);
	T_EQ(look_at("lobby", "anna", true), RC_NONE);
	T_STR(t_hears(session), "");
	t_wait(SEEN_MS + 1);
	t_janitor();
	T_STR(who("lobby", true), "");
	T_EQ(store_presence(scene.store, SLICE("/"), SLICE("lobby"), SLICE("anna"),
	    &scene.arena, &row), RC_NONE);
}

static void
who_comes_right_back_was_never_away(void)
{
	uint64_t ben, phone, desk, listener, session;

	listener = t_join_in("ben", &ben);
	t_join(ben, "lobby");
	session = anna("phone", &phone);
	t_join(phone, "lobby");
	look_at("lobby", "anna", false);
	T_STR(t_hears(listener), "+anna");
	T_EQ(t_close(session, "transport close", false), RC_OK);
	T_EQ(look_at("lobby", "anna", false), RC_OK);
	anna("desk", &desk);
	t_join(desk, "lobby");
	T_EQ(look_at("lobby", "anna", false), RC_NONE);
	T_EQ(look_at("lobby", "anna", true), RC_NONE);
	T_STR(t_hears(listener), "");
	T_STR(who("lobby", false), "anna ");
}

static void
the_namespace_has_presence_too(void)
{
	uint64_t phone, session = anna("phone", &phone);

	T_EQ(look_at("", "anna", false), RC_NONE);
	T_STR(who("", false), "anna ");
	T_STR(t_hears(session), "+anna");
	T_EQ(t_close(session, "transport close", true), RC_OK);
	T_EQ(look_at("", "anna", false), RC_OK);        /* gone, though it may return */
	T_STR(who("", false), "anna(leaving) ");
}

static void
the_present_are_walked_in_pages(void)
{
	struct buf text = BUF_INIT;
	uint64_t socket;
	int i;

	for (i = 0; i < 5; i++) {
		t_join_in(t_text("s%d", i), &socket);
		t_user(socket, t_text("u%d", i));
		look_at("", t_text("u%d", i), false);
	}
	T_EQ(store_present(scene.store, SLICE("/"), SLICE(""), SLICE("u1"), 2, false,
	    &scene.arena, add_row, &text), RC_OK);
	T_SLICE(buf_slice(&text), "u2 u3 ");
	buf_free(&text);
}

/* ---- mail ------------------------------------------------------------------------- */

static enum rc
write_to(const char *user, const char *name, int64_t ms, int64_t count)
{
	struct store_op *op = t_op_emit("/", NULL, name);

	op->u.append.record.channels = t_keys(CHANNEL_USER, "/", user);
	op->u.append.mail_ms = ms;
	op->u.append.mail_count = count;
	return t_do(op);
}

static enum rc
take_mail(uint64_t *socket, size_t limit, int64_t replayed)
{
	struct store_op *op = t_op(OP_MAIL);

	op->u.mail.socket = socket;
	op->u.mail.limit = limit;
	op->u.mail.replayed = replayed;
	return t_do(op);
}

static void
mail_waits_for_who_is_away_and_comes_once(void)
{
	uint64_t phone, desk, session;
	int64_t bytes = t_stats().log_bytes;

	T_EQ(write_to("anna", "one", 60000, 0), RC_OK);
	T_EQ(write_to("anna", "two", 60000, 0), RC_OK);
	T_EQ(write_to("ben", "other", 60000, 0), RC_OK);
	session = anna("phone", &phone);
	T_STR(t_hears(session), "");
	T_EQ(take_mail(&phone, 10, 0), RC_NONE);
	T_STR(t_hears(session), "one two");
	T_EQ(take_mail(&phone, 10, 0), RC_NONE);
	T_STR(t_hears(session), "");
	session = anna("desk", &desk);
	T_EQ(take_mail(&desk, 10, 0), RC_NONE);
	T_STR(t_hears(session), "");
	T_EQ(t_stats().kept, 1);
	t_wait(61000);
	t_janitor();
	T_EQ(t_stats().kept, 0);
	t_wait(scene.conf.retention_ms + 1000);
	t_janitor();
	T_OK(t_stats().log_bytes <= bytes);
}

static void
who_is_there_gets_it_at_once_and_nothing_waits(void)
{
	uint64_t phone, session = anna("phone", &phone);

	T_EQ(write_to("anna", "hello", 60000, 0), RC_OK);
	T_STR(t_hears(session), "hello");
	T_EQ(t_stats().kept, 0);
	T_EQ(take_mail(&phone, 10, 0), RC_NONE);
	T_STR(t_hears(session), "");
}

static void
mail_comes_in_portions_and_the_oldest_goes_first(void)
{
	uint64_t phone, session;
	int i;

	for (i = 0; i < 5; i++)
		T_EQ(write_to("anna", t_text("m%d", i), 60000, 4), RC_OK);
	session = anna("phone", &phone);
	T_EQ(take_mail(&phone, 3, 0), RC_OK);
	T_STR(t_hears(session), "m1 m2 m3");
	T_EQ(take_mail(&phone, 3, 0), RC_NONE);
	T_STR(t_hears(session), "m4");
}

static void
who_left_its_own_room_takes_no_mail(void)
{
	uint64_t phone, desk, session;
	struct store_op *op;

	T_EQ(write_to("anna", "letter", 60000, 0), RC_OK);
	session = anna("phone", &phone);
	op = t_op(OP_LEAVE);
	op->u.member.sockets = &phone;
	op->u.member.n = 1;
	op->u.member.room = SLICE("phone");
	T_EQ(t_do(op), RC_OK);
	T_EQ(take_mail(&phone, 10, 0), RC_NONE);
	T_STR(t_hears(session), "");
	session = anna("desk", &desk);
	T_EQ(take_mail(&desk, 10, 0), RC_NONE);
	T_STR(t_hears(session), "letter");
}

static void
mail_has_a_time(void)
{
	uint64_t phone, session;

	T_EQ(write_to("anna", "old", 1000, 0), RC_OK);
	t_wait(1001);
	session = anna("phone", &phone);
	T_EQ(take_mail(&phone, 3, 0), RC_NONE);
	T_STR(t_hears(session), "");
}

static void
who_comes_back_hears_it_from_the_replay_only(void)
{
	uint64_t phone, session = anna("phone", &phone);
	int64_t offset;

	t_emit("/", NULL, "known");
	T_STR(t_hears(session), "known");
	offset = t_last_seq();
	T_EQ(t_close(session, "transport close", true), RC_OK);
	T_EQ(write_to("anna", "missed", 60000, 0), RC_OK);
	T_EQ(t_stats().kept, 1);
	session = t_open("again");
	T_EQ(t_recover(session, "/", "p-phone", offset, 100), RC_OK);
	T_EQ(take_mail(&phone, 10, offset), RC_NONE);
	T_EQ(t_stats().kept, 0);
	T_STR(t_hears(session), "missed connect:/");
}

/* ---- history ------------------------------------------------------------------------ */

static void
add_seq(void *arg, const struct record *record)
{
	buf_printf(arg, "%lld ", (long long)record->seq);
}

static void
history_from_a_point_on_comes_oldest_first(void)
{
	struct slice key = channel_key(&scene.arena, CHANNEL_ROOM, SLICE("/"), SLICE("lobby"));
	struct buf text = BUF_INIT;
	int64_t seqs[4];
	int i;

	for (i = 0; i < 4; i++)
		seqs[i] = t_emit_kept("lobby", "x", 60000, 0);
	T_EQ(store_history(scene.store, key, 0, seqs[0], 2, &scene.arena, add_seq, &text),
	    RC_OK);
	T_SLICE(buf_slice(&text), t_text("%lld %lld ", (long long)seqs[1],
	    (long long)seqs[2]));
	buf_reset(&text);
	T_EQ(store_history(scene.store, key, 0, seqs[3], 2, &scene.arena, add_seq, &text),
	    RC_OK);
	T_EQ(text.n, 0);
	buf_free(&text);
}

void
contract_user(void)
{
	CASE(who_comes_is_told_once);
	CASE(who_leaves_has_a_grace_and_is_told_when_it_is_over);
	CASE(who_comes_right_back_was_never_away);
	CASE(the_namespace_has_presence_too);
	CASE(the_present_are_walked_in_pages);
	CASE(mail_waits_for_who_is_away_and_comes_once);
	CASE(who_is_there_gets_it_at_once_and_nothing_waits);
	CASE(mail_comes_in_portions_and_the_oldest_goes_first);
	CASE(who_left_its_own_room_takes_no_mail);
	CASE(mail_has_a_time);
	CASE(who_comes_back_hears_it_from_the_replay_only);
	CASE(history_from_a_point_on_comes_oldest_first);
}
