/*
 * store_crowd.c - how long a turn waits when many processes write
 *
 *     store_crowd [--dir DIR] [--writers N] [--pause US] [--seconds N]
 *
 * Each process commits small turns (a value and a record) one after the other,
 * with a pause between them; the time from the first try to the commit counts,
 * tries that ended with RC_AGAIN included.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/store.h"

enum { WRITERS_MAX = 64, SAMPLES = 200000 };

struct member {
	size_t n, again;
	float wait[SAMPLES];
};

static double
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct store *
open_store(const char *dir)
{
	struct store_conf conf = { .driver = "sqlite", .path = dir,
		.journal = "wal", .synchronous = "normal",
		.retention_ms = 60000, .recovery_ms = 60000, .lock_wait_ms = 50,
		.connect_timeout_ms = 45000, .ping_interval_ms = 25000,
		.ping_timeout_ms = 20000 };
	struct store *store;
	char *error;

	if (store_open(&conf, &clock_system, &store, &error) != RC_OK) {
		fprintf(stderr, "store_crowd: %s\n", error);
		exit(1);
	}
	return store;
}

static void
turn_fill(struct turn *turn, struct arena *arena)
{
	struct buf packed = BUF_INIT;
	struct store_op *op;

	arena_reset(arena);
	turn_init(turn, arena);
	op = turn_add(turn, OP_VALUE_SET, NULL);
	op->u.value_set.key = arena_printf(arena, "k%d", (int)getpid());
	op->u.value_set.value = SLICE("1");
	op = turn_add(turn, OP_APPEND, NULL);
	pack_add(&packed, channel_key(arena, CHANNEL_ROOM, SLICE("/"),
	    SLICE("crowd")));
	op->u.append.record.kind = RECORD_EVENT;
	op->u.append.record.nsp = SLICE("/");
	op->u.append.record.channels = arena_dup(arena, buf_slice(&packed));
	op->u.append.record.data = SLICE("[\"hello\"]");
	buf_free(&packed);
}

static void
member(struct member *m, const char *dir, double seconds, long pause_us)
{
	struct arena arena = ARENA_INIT;
	struct store *store = open_store(dir);
	double begin = now_s(), before = begin;
	struct timespec rest = { 0, pause_us * 1000 };
	struct turn turn;
	enum rc rc;

	while (now_s() - begin < seconds && m->n < SAMPLES) {
		turn_fill(&turn, &arena);
		before = now_s();
		while ((rc = store_commit(store, &turn)) == RC_AGAIN)
			m->again++;
		if (rc != RC_OK)
			_exit(1);
		m->wait[m->n++] = (float)(now_s() - before);
		if (pause_us > 0)
			nanosleep(&rest, NULL);
	}
	store_close(&store);
	_exit(0);
}

static int
by_size(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
report(struct member *members, size_t writers, double seconds)
{
	float *all = malloc(writers * SAMPLES * sizeof(*all));
	size_t n = 0, again = 0, least = SAMPLES, most = 0;
	struct rusage ru;

	for (size_t i = 0; all != NULL && i < writers; i++) {
		memcpy(all + n, members[i].wait, members[i].n * sizeof(*all));
		n += members[i].n;
		again += members[i].again;
		least = members[i].n < least ? members[i].n : least;
		most = members[i].n > most ? members[i].n : most;
	}
	if (n == 0)
		return;
	qsort(all, n, sizeof(*all), by_size);
	getrusage(RUSAGE_CHILDREN, &ru);
	printf("crowd writers=%zu turns=%zu per_s=%.0f cpu_us=%.1f p50_ms=%.2f "
	    "p99_ms=%.2f p999_ms=%.2f max_ms=%.2f again=%zu least=%zu most=%zu\n",
	    writers, n, (double)n / seconds, ((double)(ru.ru_utime.tv_sec +
	    ru.ru_stime.tv_sec) * 1e6 + (double)(ru.ru_utime.tv_usec +
	    ru.ru_stime.tv_usec)) / (double)n, (double)all[n / 2] * 1e3,
	    (double)all[n - n / 100 - 1] * 1e3, (double)all[n - n / 1000 - 1] * 1e3,
	    (double)all[n - 1] * 1e3, again, least, most);
	free(all);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", 1, NULL, 'D' }, { "writers", 1, NULL, 'w' },
		{ "pause", 1, NULL, 'p' }, { "seconds", 1, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	const char *dir = "store-crowd.tmp";
	size_t writers = 16;
	double seconds = 3;
	long pause_us = 0;
	struct member *members;
	struct store *store;
	int c, status, failed = 0;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'D': dir = optarg; break;
		case 'w': writers = strtoul(optarg, NULL, 10); break;
		case 'p': pause_us = strtol(optarg, NULL, 10); break;
		case 's': seconds = strtod(optarg, NULL); break;
		default: return 2;
		}
	if (writers == 0 || writers > WRITERS_MAX)
		return 2;
	store = open_store(dir);
	store_close(&store);
	members = mmap(NULL, writers * sizeof(*members), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (members == MAP_FAILED)
		return 1;
	for (size_t i = 0; i < writers; i++)
		if (fork() == 0)
			member(&members[i], dir, seconds, pause_us);
	while (wait(&status) > 0)
		failed |= status != 0;
	report(members, writers, seconds);
	return failed;
}
