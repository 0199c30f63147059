/*
 * cgi.c - a process that is one request
 *
 * Nothing is shared with anybody but the store, and a poll is held right here
 * until it is answered: the same engine with a lot for one.  It listens to the
 * store's wake-ups, to SIGTERM (lighttpd sends it when the client hung up,
 * Apache when it stops), and to the end of its output.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "fcgi/door_private.h"
#include "fcgi/environment.h"
#include "handlers/backend.h"
#include "handlers/handlers.h"
#include "session/engine.h"
#include "store/store.h"

extern char **environ;

struct cgi {
	struct house *house;
	struct http_exchange x;
	struct buf body, out;
	bool is_done;
};

/* Without a length: to the end.  What is too much is read, but not kept. */
static bool
body_read(struct buf *body, int64_t length, size_t max)
{
	char piece[16384];
	size_t want, fits;
	bool too_big = false;
	ssize_t n;

	while (length != 0) {
		want = length > 0 && (size_t)length < sizeof(piece) ?
		    (size_t)length : sizeof(piece);
		n = read(STDIN_FILENO, piece, want);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		fits = max - body->n;
		too_big |= (size_t)n > fits;
		buf_add(body, slice_head(slice_of(piece, (size_t)n), fits));
		if (length > 0)
			length -= n;
	}
	return too_big;
}

static void
cgi_respond(struct http_exchange *x)
{
	struct cgi *cgi = x->door;

	response_write(&cgi->out, &x->response);
	http_finish(cgi->house->gateway, x);
	cgi->is_done = true;
}

static bool
cgi_write(const struct cgi *cgi)
{
	struct slice left = buf_slice(&cgi->out);
	ssize_t n;

	while (left.n > 0) {
		n = write(STDOUT_FILENO, left.p, left.n);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		left = slice_skip(left, (size_t)n);
	}
	return true;
}

static int
wait_ms(const struct engine *engine, int64_t calls)
{
	int64_t at = engine_deadline(engine), now = clock_boot(&clock_system);

	if (calls < at)
		at = calls;
	if (at == INT64_MAX)
		return -1;
	return at <= now ? 0 : at - now > 60000 ? 60000 : (int)(at - now);
}

/* Until the answer is there, or the client is not. */
static void
cgi_wait(struct cgi *cgi, int signals)
{
	struct engine *engine = cgi->house->engine;
	struct store *store = cgi->house->store;
	struct backends *backends = handlers_backends(cgi->house->handlers);
	struct pollfd fds[] = {
		{ .fd = store_wake_fd(store), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = 0 },   /* POLLERR: nobody reads */
		{ .fd = -1, .events = POLLIN },         /* backend calls */
	};
	bool woken = false;

	while (!cgi->is_done) {
		engine_turn(engine, woken);
		if (cgi->is_done)
			break;
		fds[3].fd = backends_fd(backends);
		if (poll(fds, N_ELEMENTS(fds), wait_ms(engine,
		    backends_deadline(backends))) == -1)
			continue;
		backends_work(backends);
		if ((woken = (fds[0].revents & POLLIN) != 0))
			store_wake_take(store);
		if ((fds[1].revents & POLLIN) != 0) {
			engine_drain(engine);
			fds[1].fd = -1;         /* once is enough */
		}
		if ((fds[2].revents & (POLLERR | POLLHUP)) != 0) {
			http_cancel(cgi->house->gateway, &cgi->x);
			http_finish(cgi->house->gateway, &cgi->x);
			engine_turn(engine, false);     /* its claim goes */
			return;
		}
	}
}

/*
 * A task that this process has made (a disconnect, an ack, an event for a backend)
 * would wait for another one's tick, a second; one that it has leased would count
 * as a failed attempt if it left now.  Nobody waits for it any more, but a web
 * server may kill what stays too long: after TIDY_MS nothing new is begun, after
 * LEAVE_MS the rest is left to the next process.
 */
static void
cgi_tidy(struct house *house)
{
	enum { TIDY_MS = 1000, LEAVE_MS = 30000 };
	struct engine *engine = house->engine;
	int64_t begin = clock_boot(&clock_system), spent = 0;

	while (engine != NULL && spent < LEAVE_MS && (engine_has_work(engine) ||
	    engine_is_asking(engine) || (spent < TIDY_MS &&
	    engine_deadline(engine) <= clock_boot(&clock_system) + 1))) {
		engine_turn(engine, false);
		if (engine_is_asking(engine))
			backends_wait(handlers_backends(house->handlers), 100);
		spent = clock_boot(&clock_system) - begin;
		if (spent > TIDY_MS)
			engine_drain(engine);
	}
}

int
cgi_run(struct house *house)
{
	struct cgi cgi = { .house = house };
	bool wrote;
	sigset_t set;
	int signals;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

	environment_read(environ, &cgi.x.request);
	if (slice_is(cgi.x.request.method, "POST") ||
	    environment_length(environ) > 0)
		cgi.x.request.body_too_big = body_read(&cgi.body,
		    environment_length(environ),
		    (size_t)house->conf->max_payload);
	cgi.x.request.body = buf_slice(&cgi.body);
	cgi.x.respond = cgi_respond;
	cgi.x.door = &cgi;
	http_serve(house->gateway, &cgi.x);
	if (!cgi.is_done)
		cgi_wait(&cgi, signals);
	wrote = cgi_write(&cgi);
	if (!wrote)
		http_lost(house->gateway, &cgi.x);
	close(STDOUT_FILENO);           /* the client does not wait for the rest */
	cgi_tidy(house);
	buf_free(&cgi.body);
	buf_free(&cgi.out);
	close(signals);
	return wrote ? 0 : 1;
}
