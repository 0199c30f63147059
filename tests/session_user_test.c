/*
 * session_user_test.c - users who come and go, and what waits for them
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/mem.h"
#include "tests/session_kit.h"

#define HERE(room, user) "42[\"presence\",{\"room\":" room ",\"user\":\"" user "\",\"here\":true}]"
#define AWAY(room, user) "42[\"presence\",{\"room\":" room ",\"user\":\"" user "\",\"here\":false}]"
#define AND "\x1e"

static struct kit kit;

/* "letter [...]" without its offset. */
static void
expect_letters(const char *got, const char *const *texts, size_t n)
{
	char want[60];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(want, sizeof(want), "42[\"letter\",\"%s\"", texts[i]);
		if ((got = strstr(got, want)) == NULL)
			T_FAIL("%s does not follow", want);
	}
}

/* What came, without the offsets of recovery: ,"7.85560fd3"] */
static const char *
read_plain(const char *sid)
{
	static char out[4096];
	const char *p = kit_read(&kit, 0, sid);
	size_t n = 0;

	while (*p != '\0' && n < sizeof(out) - 1) {
		if (p[0] == ',' && p[1] == '"' && p[2 + strspn(p + 2, "0123456789")] == '.')
			p = strchr(p, ']');
		out[n++] = *p++;
	}
	out[n] = '\0';
	return out;
}

static void
an_application_cannot_name_its_timer_like_ours(void)
{
	struct store_stats stats;
	char sid[24];

	kit_init(&kit);
	kit_connect(&kit, 0, sid);
	T_EQ(kit_post(&kit, 0, sid, "42[\"after\",\"\\u0001presence\"]"), ANSWER_OK);
	T_EQ(store_stats(kit.store, &stats), RC_OK);
	T_EQ(stats.timers, 0);
	T_EQ(kit_post(&kit, 0, sid, "42[\"after\",\"presence\"]"), ANSWER_OK);
	T_EQ(store_stats(kit.store, &stats), RC_OK);
	T_EQ(stats.timers, 1);
	kit_fini(&kit);
}

static void
members_are_told_who_comes_and_who_has_left(void)
{
	char anna[24], ben[24], again[24];
	const char *told;

	kit_init(&kit);
	kit.has_rules = true;
	kit_connect(&kit, 0, ben);
	T_EQ(kit_post(&kit, 1, ben, "42[\"iam\",\"ben\"]"), ANSWER_OK);
	T_EQ(kit_post(&kit, 1, ben, "42[\"join\",\"red\"]"), ANSWER_OK);
	kit_read(&kit, 0, ben);
	kit_connect(&kit, 0, anna);
	T_EQ(kit_post(&kit, 1, anna, "42[\"iam\",\"anna\"]"), ANSWER_OK);
	T_STR(read_plain(ben), HERE("null", "anna"));
	T_EQ(kit_post(&kit, 1, anna, "42[\"join\",\"red\"]"), ANSWER_OK);
	T_STR(read_plain(ben), HERE("\"red\"", "anna"));
	T_EQ(kit_post(&kit, 2, anna, "1"), ANSWER_OK);           /* the page was closed */
	kit_settle(&kit);
	T_STR(read_plain(ben), "42[\"left\"]");        /* the application's own word */
	kit_pass(&kit, 4000);
	T_STR(read_plain(ben), "");
	kit_connect(&kit, 0, again);
	T_EQ(kit_post(&kit, 1, again, "42[\"iam\",\"anna\"]"), ANSWER_OK);
	kit_pass(&kit, 2000);
	told = read_plain(ben);
	T_STR(told, AWAY("\"red\"", "anna"));           /* she is here, but not in red */
	kit_fini(&kit);
}

/* Nobody needs a grace here: its timer stands behind a gate that falls. */
static void
a_join_from_outside_is_done_also_where_presence_is_kept(void)
{
	struct effects effects = { NULL, NULL, 0 };
	int64_t emitted, question;
	struct arena arena = { 0 };
	struct effect *f;
	char anna[24];

	kit_init(&kit);
	kit.has_rules = true;
	kit_connect(&kit, 0, anna);
	T_EQ(kit_post(&kit, 0, anna, "42[\"iam\",\"anna\"]"), ANSWER_OK);
	kit_read(&kit, 0, anna);
	f = effects_add(&effects, &arena, EFFECT_JOIN);
	f->name = SLICE("red");
	T_EQ(engine_apply(kit.engines[1], SLICE("/"), &effects, false, &emitted, &question),
	    RC_OK);
	kit_settle(&kit);
	T_STR(read_plain(anna), HERE("\"red\"", "anna"));
	arena_free(&arena);
	kit_fini(&kit);
}

static void
a_second_tab_is_no_news(void)
{
	char ben[24], one[24], two[24];

	kit_init(&kit);
	kit_connect(&kit, 0, ben);
	T_EQ(kit_post(&kit, 1, ben, "42[\"join\",\"red\"]"), ANSWER_OK);
	kit.has_rules = true;
	kit_connect(&kit, 0, one);
	kit_connect(&kit, 0, two);
	T_EQ(kit_post(&kit, 1, one, "42[\"join\",\"red\"]"), ANSWER_OK);      /* before she is known */
	T_STR(read_plain(ben), "");
	T_EQ(kit_post(&kit, 1, one, "42[\"iam\",\"anna\"]"), ANSWER_OK);
	T_STR(read_plain(ben), HERE("\"red\"", "anna") AND HERE("null", "anna"));
	T_EQ(kit_post(&kit, 2, two, "42[\"iam\",\"anna\"]\x1e" "42[\"join\",\"red\"]"), ANSWER_OK);
	T_STR(read_plain(ben), "");
	T_EQ(kit_post(&kit, 2, one, "42[\"leave\",\"red\"]"), ANSWER_OK);
	kit_pass(&kit, 6000);
	T_STR(read_plain(ben), "");
	kit_fini(&kit);
}

static void
who_is_never_heard_of_again_has_left_in_the_end(void)
{
	char anna[24], ben[24];
	const char *told = "";
	int i;

	kit_init(&kit);
	kit.has_rules = true;
	kit_connect(&kit, 0, ben);
	kit_connect(&kit, 1, anna);
	T_EQ(kit_post(&kit, 1, ben, "42[\"iam\",\"ben\"]\x1e" "42[\"join\",\"red\"]"), ANSWER_OK);
	T_EQ(kit_post(&kit, 1, anna, "42[\"iam\",\"anna\"]\x1e" "42[\"join\",\"red\"]"), ANSWER_OK);
	read_plain(ben);
	for (i = 0; i < 20 && strstr(told, AWAY("\"red\"", "anna")) == NULL; i++) {
		kit_pass(&kit, 5000);
		T_OK(strstr(told, AWAY("\"red\"", "ben")) == NULL);
		told = read_plain(ben);         /* ben polls, anna does not */
		T_EQ(kit_post(&kit, 0, ben, "3"), ANSWER_OK);
	}
	T_OK(i > 8 && i < 20);                  /* 45 s, and the grace */
	kit_fini(&kit);
}

static void
letters_wait_for_who_is_away(void)
{
	static const char *const texts[] = { "one", "two" };
	char ben[24], anna[24], desk[24];

	kit_init(&kit);
	kit.has_rules = true;
	kit_connect(&kit, 0, ben);
	T_EQ(kit_post(&kit, 1, ben, "42[\"to anna\",\"one\"]"), ANSWER_OK);
	T_EQ(kit_post(&kit, 2, ben, "42[\"to anna\",\"two\"]"), ANSWER_OK);
	kit_connect(&kit, 0, anna);
	T_STR(kit_read(&kit, 0, anna), "");
	T_EQ(kit_post(&kit, 1, anna, "42[\"iam\",\"anna\"]"), ANSWER_OK);
	expect_letters(kit_read(&kit, 0, anna), texts, 2);
	kit_connect(&kit, 0, desk);
	T_EQ(kit_post(&kit, 1, desk, "42[\"iam\",\"anna\"]"), ANSWER_OK);
	T_STR(kit_read(&kit, 0, desk), "");
	kit_fini(&kit);
}

static void
a_hundred_letters_at_once_and_the_rest_right_after(void)
{
	char ben[24], anna[24], body[60];
	const char *got;
	int i, n = 0;

	kit_init(&kit);
	kit.has_rules = true;
	kit_connect(&kit, 0, ben);
	for (i = 0; i < 120; i++) {
		snprintf(body, sizeof(body), "42[\"to anna\",\"%d\"]", i);
		T_EQ(kit_post(&kit, 1, ben, body), ANSWER_OK);
	}
	kit_connect(&kit, 0, anna);
	T_EQ(kit_post(&kit, 1, anna, "42[\"iam\",\"anna\"]"), ANSWER_OK);
	for (got = kit_read(&kit, 0, anna); (got = strstr(got, "letter")) != NULL; got++)
		n++;
	kit_pass(&kit, 1000);
	for (got = kit_read(&kit, 0, anna); (got = strstr(got, "letter")) != NULL; got++)
		n++;
	T_EQ(n, 120);
	kit_fini(&kit);
}

static void
a_room_keeps_what_is_said_in_it(void)
{
	struct store_stats stats;
	char ben[24];

	kit_init(&kit);
	kit.has_rules = true;
	kit_connect(&kit, 0, ben);
	T_EQ(kit_post(&kit, 1, ben, "42[\"room\",1]"), ANSWER_OK);
	T_EQ(kit_post(&kit, 1, ben, "42[\"broadcast\",1]"), ANSWER_OK);
	T_EQ(store_stats(kit.store, &stats), RC_OK);
	T_EQ(stats.kept, 1);
	kit_fini(&kit);
}

int
main(void)
{
	T_RUN(an_application_cannot_name_its_timer_like_ours);
	T_RUN(members_are_told_who_comes_and_who_has_left);
	T_RUN(a_join_from_outside_is_done_also_where_presence_is_kept);
	T_RUN(a_second_tab_is_no_news);
	T_RUN(who_is_never_heard_of_again_has_left_in_the_end);
	T_RUN(letters_wait_for_who_is_away);
	T_RUN(a_hundred_letters_at_once_and_the_rest_right_after);
	T_RUN(a_room_keeps_what_is_said_in_it);
	return t_end();
}
