/*
 * turnlock.c - the file lock that a turn takes before BEGIN IMMEDIATE
 *
 * SQLite's own waiting is a lottery with growing naps: under 16 writers one of
 * them waited two seconds.  A blocking file lock is woken by the kernel when the
 * holder lets go, and costs no CPU meanwhile.
 *
 * The wait must end after lock_wait_ms, and fcntl() has no time-out.  It is
 * bounded by a timer of this thread's own (timer_create) that interrupts the
 * call; the timer repeats, so a signal that arrives just before the call is
 * followed by another.  Nothing of this happens unless the lock is contended:
 * the first try does not block, and the timer is made at the first collision.
 * A file lock is not handed over: who has just let go takes it again before the
 * one that was woken is on a CPU.  So waiters leave word in the file that they
 * wait, and the last holder gives them a moment before it tries again.
 *
 * The file is read and written, not mapped: whoever cuts it short from outside
 * would kill all that have it mapped.  One read at each turn; a write only when
 * something is new.  What it says are hints: a file that cannot be read says
 * zeros.
 *
 * Rejected: naps (unfair, and either late or busy), a second thread (memory), a
 * robust mutex in shared memory (its layout differs between C libraries, and
 * the static bundle shares the store with dynamic programs).
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/turnlock.h"
#include "store/worker.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* Away from the first real-time signals, which others like to take. */
#define LOCK_SIGNAL (SIGRTMAX - 3)

enum {
	TICK_MS = 10,
	YIELD_US = 50
};

struct page {
	int64_t pid;                    /* who holds it or held it last */
	int64_t note;
	int64_t visitor, visited;       /* see turnlock_was_there() */
	int64_t wanted;                 /* monotonic ms until which somebody waits */
};

struct turnlock {
	int fd;
	bool has_timer;
	timer_t timer;
	struct page page;               /* as it was when we looked */
	int64_t self;                   /* our process */
};

static void
page_read(struct turnlock *l)
{
	struct page page = { 0 };

	/* shorter where nobody had anything to say about the rest yet */
	if (pread(l->fd, &page, sizeof(page), 0) < 0)
		memset(&page, 0, sizeof(page));
	l->page = page;
}

/* One number of the page; a full disk keeps us from hinting, nothing else. */
static void
page_write(struct turnlock *l, int64_t *number, int64_t value)
{
	if (*number == value)
		return;
	*number = value;
	if (pwrite(l->fd, number, sizeof(*number),
	    (char *)number - (char *)&l->page) != sizeof(*number))
		log_debug("store", "write.lock: %s", strerror(errno));
}

static void
on_tick(int sig)
{
	(void)sig;
}

enum rc
turnlock_open(int dir, const char *path, uid_t owner, struct turnlock **l_r,
    char **error_r)
{
	struct turnlock *l = mem_alloc(sizeof(*l));

	if ((l->fd = store_file_open(dir, "write.lock", owner)) < 0) {
		*error_r = mem_printf("%s/write.lock: %s", path, strerror(errno));
		free(l);
		return RC_IO;
	}
	l->self = getpid();
	page_read(l);
	*l_r = l;
	return RC_OK;
}

void
turnlock_close(struct turnlock **lp)
{
	struct turnlock *l = *lp;

	*lp = NULL;
	if (l == NULL)
		return;
	if (l->has_timer)
		timer_delete(l->timer);
	close(l->fd);
	free(l);
}

static void
timer_make(struct turnlock *l)
{
	struct sigaction sa = { .sa_handler = on_tick };
	struct sigevent ev;
	sigset_t set;

	sigaction(LOCK_SIGNAL, &sa, NULL);      /* no SA_RESTART: that is the point */
	sigemptyset(&set);
	sigaddset(&set, LOCK_SIGNAL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_THREAD_ID;
	ev.sigev_signo = LOCK_SIGNAL;
	ev.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	l->has_timer = timer_create(CLOCK_MONOTONIC, &ev, &l->timer) == 0;
}

static void
timer_set(struct turnlock *l, long first_ms)
{
	struct itimerspec its = {
		.it_value = { first_ms / 1000, first_ms % 1000 * 1000000 },
		.it_interval = { 0, first_ms == 0 ? 0 : TICK_MS * 1000000 },
	};

	timer_settime(l->timer, 0, &its, NULL);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The wait is real time: the clock of a test may stand still. */
static enum rc
wait_for(struct turnlock *l, int64_t wait_ms)
{
	int64_t end = now_ms() + wait_ms, left;
	int got = -1;

	if (!l->has_timer)
		timer_make(l);
	if (!l->has_timer)
		return RC_AGAIN;
	timer_set(l, (long)wait_ms);
	while ((left = end - now_ms()) > 0) {
		page_write(l, &l->page.wanted, end - left + TICK_MS + 2);
		if ((got = lock_byte(l->fd, 0, true)) == 0 || errno != EINTR)
			break;
	}
	timer_set(l, 0);
	return got == 0 ? RC_OK : RC_AGAIN;
}

static void
give_way(struct turnlock *l)
{
	const struct timespec moment = { 0, YIELD_US * 1000 };

	if (l->page.pid == l->self && l->page.wanted > now_ms())
		nanosleep(&moment, NULL);
}

enum rc
turnlock_take(struct turnlock *l, int64_t wait_ms)
{
	enum rc rc;

	page_read(l);
	give_way(l);
	if (lock_byte(l->fd, 0, false) != 0) {
		if (errno != EAGAIN && errno != EACCES)
			return RC_IO;
		rc = wait_ms <= 0 ? RC_AGAIN : wait_for(l, wait_ms);
		page_read(l);           /* others wrote it meanwhile */
		if (rc != RC_OK)
			return rc;
	}
	page_write(l, &l->page.pid, l->self);
	return RC_OK;
}

void
turnlock_drop(struct turnlock *l)
{
	unlock_byte(l->fd, 0);
}

long
turnlock_holder(const struct turnlock *l)
{
	return (long)l->page.pid;
}

int64_t
turnlock_note_get(const struct turnlock *l)
{
	return l->page.note;
}

bool
turnlock_was_there(struct turnlock *l, int64_t now, int64_t every_ms)
{
	int64_t ago = now - l->page.visited;

	if (l->page.visitor != l->self && ago >= 0 && ago < every_ms)
		return true;
	page_write(l, &l->page.visitor, l->self);
	page_write(l, &l->page.visited, now);
	return false;
}

void
turnlock_note_set(struct turnlock *l, int64_t note)
{
	page_write(l, &l->page.note, note);
}
