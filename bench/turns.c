/*
 * turns.c - how long the turns of an event loop are
 *
 * Preloaded (LD_PRELOAD) into a program that waits by epoll.  The processor's time of
 * its main thread between two waits is a turn; each of over a millisecond is a line of
 * the file SIO_TURNS: when it ended (ms since the machine was booted), and how long it
 * was (us).  Not the clock's time: that has what others did meanwhile.
 *
 * SPDX-License-Identifier: ISC
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { LEAST_US = 1000 };

static int64_t
microseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static __thread int64_t began;

static void
turn_end(void)
{
	static int fd = -2;
	int64_t us = microseconds(CLOCK_THREAD_CPUTIME_ID) - began;
	char line[64];

	if (began == 0 || us < LEAST_US || gettid() != getpid())
		return;
	if (fd == -2)
		fd = open(getenv("SIO_TURNS"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (write(fd, line, (size_t)snprintf(line, sizeof(line), "%lld %lld\n",
	    (long long)microseconds(CLOCK_MONOTONIC) / 1000, (long long)us)) < 0)
		abort();        /* a figure that is not written is no figure */
}

int
epoll_pwait(int fd, struct epoll_event *events, int n, int timeout, const sigset_t *mask)
{
	static int (*wait)(int, struct epoll_event *, int, int, const sigset_t *);
	int got;

	if (wait == NULL)
		*(void **)&wait = dlsym(RTLD_NEXT, "epoll_pwait");
	turn_end();
	got = wait(fd, events, n, timeout, mask);
	began = microseconds(CLOCK_THREAD_CPUTIME_ID);
	return got;
}

int
epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
	return epoll_pwait(fd, events, n, timeout, NULL);
}
