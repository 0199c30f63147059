/*
 * clock.c - what time it is, and a clock that tests can turn
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static int64_t
read_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t
system_boot(const struct clock *clock)
{
	(void)clock;
	return read_ms(CLOCK_BOOTTIME);
}

static int64_t
system_wall(const struct clock *clock)
{
	(void)clock;
	return read_ms(CLOCK_REALTIME);
}

const struct clock clock_system = { system_boot, system_wall };

static int64_t
fake_boot(const struct clock *clock)
{
	return ((const struct clock_fake *)clock)->boot;
}

static int64_t
fake_wall(const struct clock *clock)
{
	return ((const struct clock_fake *)clock)->wall;
}

void
clock_fake_init(struct clock_fake *fake)
{
	fake->clock = (struct clock){ fake_boot, fake_wall };
	fake->boot = 1000000;
	fake->wall = 1600000000000;
}

void
clock_fake_turn(struct clock_fake *fake, int64_t ms)
{
	fake->boot += ms;
	fake->wall += ms;
}

void
clock_boot_id(char id_r[37])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, id_r, 36);

	if (fd != -1)
		close(fd);
	if (n == 36)
		id_r[36] = '\0';
	else
		strcpy(id_r, "unknown");
}
