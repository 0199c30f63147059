/*
 * session_lock_test.c - turns for which nobody may write for a while
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/driver.h"
#include "tests/session_kit.h"

static struct kit kit;

static const struct store_driver *real;
static struct store_driver stalling;

static enum rc
commit_stalls(struct store *store, struct turn *turn)
{
	(void)store;
	(void)turn;
	return RC_AGAIN;
}

static void
stall(bool on)
{
	if (real == NULL) {
		real = kit.store->driver;
		stalling = *real;
		stalling.commit = commit_stalls;
	}
	kit.store->driver = on ? &stalling : real;
}

static void
no_request_waits_for_two_turns_that_find_no_lock(void)
{
	struct kit_request first, second, third;
	char a[24], b[24], c[24];

	kit_init(&kit);
	kit_connect(&kit, 0, a);
	kit_connect(&kit, 0, b);
	kit_connect(&kit, 0, c);
	stall(true);
	kit_poll(&kit, 0, a, "a", &first);
	kit_pass(&kit, 3000);
	kit_poll(&kit, 0, b, "b", &second);
	kit_pass(&kit, 2000);           /* 5000 for the first, 2000 for the second */
	T_OK(first.is_done && !second.is_done);
	T_EQ(first.x.answer, ANSWER_BUSY);
	T_STR(engine_reason(kit.engines[0]), "lock");
	kit_pass(&kit, 1500);
	kit_poll(&kit, 0, c, "c", &third);
	kit_pass(&kit, 1500);
	T_OK(second.is_done && !third.is_done);
	T_EQ(second.x.answer, ANSWER_BUSY);
	stall(false);
	kit_settle(&kit);
	T_OK(!third.is_done);
	T_EQ(engine_parked(kit.engines[0]), 1);
	T_EQ(kit_post(&kit, 1, c, "420[\"echo\"]"), ANSWER_OK);
	T_STR(third.body, "430[]");
	kit_fini(&kit);
}

/* Who came while another's turn waited is not refused together with it. */
static void
who_has_not_waited_long_is_decided_anew(void)
{
	struct kit_request first, second, third;
	char a[24], b[24], c[24];

	kit_init(&kit);
	kit_connect(&kit, 0, a);
	kit_connect(&kit, 0, b);
	kit_connect(&kit, 0, c);
	stall(true);
	kit_poll(&kit, 0, a, "a", &first);
	kit_pass(&kit, 1000);
	kit_poll(&kit, 0, b, "b", &second);
	kit_pass(&kit, 3900);
	kit_poll(&kit, 0, c, "c", &third);
	kit_pass(&kit, 1100);           /* the second turn: b has waited 5000 */
	T_OK(first.is_done && second.is_done && !third.is_done);
	stall(false);
	kit_settle(&kit);
	T_EQ(kit_post(&kit, 1, c, "420[\"echo\"]"), ANSWER_OK);
	T_STR(third.body, "430[]");
	kit_fini(&kit);
}

int
main(void)
{
	T_RUN(no_request_waits_for_two_turns_that_find_no_lock);
	T_RUN(who_has_not_waited_long_is_decided_anew);
	return t_end();
}
