/*
 * watchdog.c - a module that loops or crashes takes down one process, by name
 *
 * A timer of the kernel ticks while calls are made and looks how old the call in
 * hand is.  Beginning a call costs reading a clock and no system call: the timer
 * runs on between calls, and a tick that finds no call stops it, so that an idle
 * process sleeps.  Nothing is unwound: what the process had not committed was
 * never told to anybody, and its locks are the kernel's to free.
 *
 * Time alone accuses nobody: a process that was stopped, or got no processor, is
 * late without having done anything.  However many ticks it missed meanwhile, one
 * is delivered, so a call is ended that is past its time and was seen at several.
 *
 * Must stay true:
 *   - the signal functions call only what is async-signal-safe, and format by hand
 *   - `running` is set last and cleared first: a tick never reads half a call
 *   - a child of fork(2) makes a timer of its own: they are not inherited
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "handlers/watchdog.h"

enum { TICKS_PER_LIMIT = 8, TICKS_TO_ACCUSE = 4, TICK_MIN_MS = 5, EXIT_SOFTWARE = 70 };

static const int crashes[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };

static struct {
	atomic_bool running, ticking;
	const char *module;
	struct slice event;
	int64_t began_ms, limit_ms;
	volatile sig_atomic_t ticks;    /* that the call in hand has seen */
	timer_t timer;
	int64_t timer_limit;            /* what the timer's period was made for */
	bool has_timer, has_crash_handlers;
	struct sigaction before[N_ELEMENTS(crashes)];
} dog;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- in a signal ------------------------------------------------------------ */

struct line {
	char text[400];
	size_t n;
};

static void
line_add(struct line *l, const char *p, size_t n)
{
	for (; n > 0 && l->n < sizeof(l->text) - 2; p++, n--)
		l->text[l->n++] = (unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p;
}

static void
line_str(struct line *l, const char *s)
{
	line_add(l, s, strlen(s));
}

static void
line_int(struct line *l, int64_t v)
{
	char digits[24];
	size_t i = sizeof(digits);

	do
		digits[--i] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	line_add(l, digits + i, sizeof(digits) - i);
}

static void
say(const char *what, int64_t number)
{
	struct line l = { .n = 0 };
	ssize_t done;

	line_str(&l, "error handlers pid=");
	line_int(&l, getpid());
	line_str(&l, " module=");
	line_str(&l, dog.module);
	line_str(&l, " event=");
	line_add(&l, dog.event.p, dog.event.n < 64 ? dog.event.n : 64);
	line_str(&l, what);
	line_int(&l, number);
	l.text[l.n++] = '\n';
	done = write(log_fd(), l.text, l.n);
	(void)done;
}

static void
tick_stop(void)
{
	struct itimerspec never = { { 0, 0 }, { 0, 0 } };

	atomic_store(&dog.ticking, false);
	timer_settime(dog.timer, 0, &never, NULL);
}

static void
on_tick(int sig)
{
	int saved = errno;

	(void)sig;
	if (!atomic_load(&dog.running)) {
		tick_stop();
	} else if (dog.limit_ms > 0 && ++dog.ticks >= TICKS_TO_ACCUSE &&
	    now_ms() - dog.began_ms > dog.limit_ms) {
		say(" err=\"ran past handler_time, the process ends\" handler_time_ms=",
		    dog.limit_ms);
		_exit(EXIT_SOFTWARE);
	}
	errno = saved;
}

/* Says whose fault it was, then lets the signal do what it did before. */
static void
on_crash(int sig)
{
	size_t i;

	if (atomic_load(&dog.running))
		say(" err=\"crashed, the process ends\" signal=", sig);
	for (i = 0; i < N_ELEMENTS(crashes); i++)
		if (crashes[i] == sig)
			sigaction(sig, &dog.before[i], NULL);
	raise(sig);
}

/* ---- outside ------------------------------------------------------------------- */

static void
crash_handlers_set(void)
{
	struct sigaction action = { .sa_handler = on_crash };
	size_t i;

	dog.has_crash_handlers = true;
	sigemptyset(&action.sa_mask);
	for (i = 0; i < N_ELEMENTS(crashes); i++)
		sigaction(crashes[i], &action, &dog.before[i]);
}

static void
after_fork(void)
{
	dog.has_timer = false;
	atomic_store(&dog.ticking, false);
}

static void
timer_make(void)
{
	static bool follows_forks;
	struct sigaction action = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL };

	if (!follows_forks)
		follows_forks = pthread_atfork(NULL, NULL, after_fork) == 0;
	sigemptyset(&action.sa_mask);
	sigaction(SIGRTMIN, &action, NULL);
	event.sigev_signo = SIGRTMIN;
	if (timer_create(CLOCK_MONOTONIC, &event, &dog.timer) == 0)
		dog.has_timer = true;
	else
		log_warn("handlers", "err=\"no timer for handler_time\" errno=%d", errno);
}

static void
tick_start(int64_t limit_ms)
{
	int64_t period = limit_ms / TICKS_PER_LIMIT;
	struct itimerspec every;

	if (period < TICK_MIN_MS)
		period = TICK_MIN_MS;
	every.it_interval.tv_sec = (time_t)(period / 1000);
	every.it_interval.tv_nsec = (long)(period % 1000) * 1000000;
	every.it_value = every.it_interval;
	atomic_store(&dog.ticking, true);
	dog.timer_limit = limit_ms;
	timer_settime(dog.timer, 0, &every, NULL);
}

void
watchdog_begin(const char *module, struct slice event, int64_t limit_ms)
{
	if (!dog.has_crash_handlers)
		crash_handlers_set();
	dog.module = module;
	dog.event = event;
	dog.limit_ms = limit_ms;
	dog.ticks = 0;
	if (limit_ms > 0)
		dog.began_ms = now_ms();
	atomic_store(&dog.running, true);
	if (limit_ms <= 0)
		return;
	if (!dog.has_timer)
		timer_make();
	if (dog.has_timer && (!atomic_load(&dog.ticking) ||
	    dog.timer_limit != limit_ms))
		tick_start(limit_ms);
}

void
watchdog_end(void)
{
	atomic_store(&dog.running, false);
}
