/*
 * clock.h - what time it is, and a clock that tests can turn
 *
 * Liveness is kept in boot time (it runs on during suspend, never jumps, and
 * means nothing after a reboot); appointments in wall time.  All in
 * milliseconds.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
	int64_t (*boot_ms)(const struct clock *clock);
	int64_t (*wall_ms)(const struct clock *clock);
};

/* The machine's own. */
extern const struct clock clock_system;

/* A clock that stands still until it is turned. */
struct clock_fake {
	struct clock clock;     /* hand out &fake.clock */
	int64_t boot, wall;
};
void clock_fake_init(struct clock_fake *fake);  /* boot 1000000, wall 1600000000000 */
void clock_fake_turn(struct clock_fake *fake, int64_t ms);

/* The identity of this boot (36 characters and a zero); "unknown" where /proc
 * has none. */
void clock_boot_id(char id_r[37]);

static inline int64_t
clock_boot(const struct clock *c)
{
	return c->boot_ms(c);
}

static inline int64_t
clock_wall(const struct clock *c)
{
	return c->wall_ms(c);
}

#endif
