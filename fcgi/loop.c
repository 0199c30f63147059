/*
 * loop.c - one turn: all that is there is heard, decided together, answered
 *
 * libuv runs the loop (timers, signals, and whatever the handlers floor hangs
 * into it); the connections are in one epoll set of ours that libuv watches.
 * A parked poll then costs one system call instead of libuv's five, and its
 * close none.
 *
 * A turn: wait; take every event there is, accept until there is no more; then
 * engine_turn() once, which commits and answers; then watch what still waits.
 *
 * SIGTERM: what is in the queue is still taken, every parked poll is answered
 * now, and the process leaves with 0 when all is written, or after five seconds.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "fcgi/door_private.h"
#include "handlers/backend.h"
#include "handlers/handlers.h"
#include "session/engine.h"
#include "store/store.h"

enum {
	EVENTS = 256,
	ACCEPTS = 256,          /* of one go: others want to be heard, too */
	ROUNDS = 4,
	HEAL_MS = 2000,         /* a broken house is tried again */
	SWEEP_MS = 30000,
	LEAVE_MS = 5000,        /* what is not written till then never will be */
	REST_MS = 1000,         /* after so long without a request memory goes back */
	NO_DESCRIPTOR_MS = 100,
	STACK_TRIM = 256 * 1024,
	CREW_MS = 20            /* how often a kept one is looked after */
};

struct loop {
	uv_loop_t uv;
	uv_poll_t events;
	uv_timer_t deadline, sweep, heal, leave, crew;
	uv_signal_t terminate, interrupt;
	struct door *door;
	int64_t rest_at, sleep_at;      /* boot ms; 0: at rest, asleep */
	uint64_t served;                /* requests, at the last turn */
	bool is_over;
};

static void
set_add(struct door *door, int fd, void *mark)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = mark };

	if (epoll_ctl(door->set, EPOLL_CTL_ADD, fd, &e) == -1)
		log_error("fcgi", "epoll_ctl: %s", strerror(errno));
}

/* ---- accepting -------------------------------------------------------------- */

static void
listener_rest(struct door *door)
{
	log_error("fcgi", "accept: %s; connections=%zu", strerror(errno),
	    door->n_connections);
	epoll_ctl(door->set, EPOLL_CTL_DEL, door->listener, NULL);
	door->accept_after = clock_boot(&clock_system) + NO_DESCRIPTOR_MS;
}

/* True: there may be more. */
static bool
listener_event(struct door *door)
{
	int fd, i;

	for (i = 0; i < ACCEPTS && door->listener != -1; i++) {
		fd = accept4(door->listener, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd != -1) {
			connection_take(door, fd);
		} else if (errno == EMFILE || errno == ENFILE ||
		    errno == ENOBUFS || errno == ENOMEM) {
			listener_rest(door);
			return false;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return false;
		}
	}
	return true;
}

static void
listener_resume(struct door *door)
{
	if (door->accept_after == 0 || door->listener == -1 ||
	    clock_boot(&clock_system) < door->accept_after)
		return;
	door->accept_after = 0;
	set_add(door, door->listener, &door->listener);
}

/* ---- events ------------------------------------------------------------------ */

static void
event_hear(struct door *door, const struct epoll_event *event)
{
	if (event->data.ptr == &door->listener) {
		listener_event(door);
	} else if (event->data.ptr == &door->woken) {
		/* Its first request may have closed the store. */
		if (door->house.store != NULL)
			store_wake_take(door->house.store);
		door->woken = true;
	} else if (event->data.ptr == &door->calls) {
		door->calls_ready = true;
	} else {
		connection_event(event->data.ptr, event->events);
	}
}

static void
house_watch(struct loop *loop)
{
	set_add(loop->door, store_wake_fd(loop->door->house.store),
	    &loop->door->woken);
}

/* Perhaps for nothing: a backend's connection may end while nobody asks. */
static void
house_rouse(struct loop *loop)
{
	struct house *house = &loop->door->house;

	if (!house->is_asleep)
		return;
	loop->sleep_at = clock_boot(&clock_system) + house->conf->sleep_time;
	if (house_wake(house))
		house_watch(loop);
}

/*
 * More than once: while connections were accepted a client may have hung up and
 * come back with its next poll; its hang-up must be in the same turn, or the two
 * polls look like an overlap.
 */
static void
on_events(uv_poll_t *handle, int status, int events)
{
	struct loop *loop = handle->data;
	struct epoll_event found[EVENTS];
	int round, n, i;

	(void)status;
	(void)events;
	house_rouse(loop);
	for (round = 0; round < ROUNDS; round++) {
		n = epoll_wait(loop->door->set, found, EVENTS, 0);
		for (i = 0; i < n; i++)
			event_hear(loop->door, &found[i]);
		if (n <= 0)
			break;
	}
}

static void
on_deadline(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void
on_sweep(uv_timer_t *timer)
{
	connections_sweep(((struct loop *)timer->data)->door);
}

/* ---- backend calls ------------------------------------------------------------- */

static int64_t
calls_deadline(const struct door *door)
{
	return door->house.handlers == NULL ? INT64_MAX :
	    backends_deadline(handlers_backends(door->house.handlers));
}

static void
calls_work(struct door *door)
{
	bool ready = door->calls_ready;

	door->calls_ready = false;
	if (door->house.handlers != NULL && (ready ||
	    calls_deadline(door) <= clock_boot(&clock_system)))
		backends_work(handlers_backends(door->house.handlers));
}

/* The descriptor is there from the first call on. */
static void
calls_watch(struct door *door)
{
	int fd = door->house.handlers == NULL ? -1 :
	    backends_fd(handlers_backends(door->house.handlers));

	if (fd != -1 && door->calls == -1)
		set_add(door, fd, &door->calls);
	door->calls = fd;
}

/* Everything is another one. */
static bool
house_renew(struct loop *loop)
{
	if (!house_open(&loop->door->house))
		return false;
	loop->door->calls = -1;
	house_watch(loop);
	return true;
}

static void
on_heal(uv_timer_t *timer)
{
	if (house_renew(timer->data))
		uv_timer_stop(timer);
}

/* It may be broken from the start, or since its first request. */
static void
house_nurse(struct loop *loop)
{
	if (loop->door->house.engine == NULL && !loop->door->house.is_asleep &&
	    !uv_is_active((uv_handle_t *)&loop->heal))
		uv_timer_start(&loop->heal, on_heal, HEAL_MS, HEAL_MS);
}

static void
on_crew(uv_timer_t *timer)
{
	struct door *door = ((struct loop *)timer->data)->door;
	struct connection *c = crew_release(door);

	if (c != NULL)
		connection_release(c);
	if (door->crew.kept == NULL)
		uv_timer_stop(timer);
}

static void
crew_watch(struct loop *loop)
{
	if (loop->door->crew.kept != NULL &&
	    !uv_is_active((uv_handle_t *)&loop->crew))
		uv_timer_start(&loop->crew, on_crew, CREW_MS, CREW_MS);
}

static void
on_leave(uv_timer_t *timer)
{
	((struct loop *)timer->data)->is_over = true;
	uv_stop(timer->loop);
}

static void
loop_leave(struct loop *loop)
{
	struct door *door = loop->door;
	int i;

	if (door->leaving)
		return;
	house_rouse(loop);
	/* Who is in the queue is not to see an error. */
	for (i = 0; i < 16 && listener_event(door); i++)
		;
	if (door->listener != -1)
		epoll_ctl(door->set, EPOLL_CTL_DEL, door->listener, NULL);
	door->leaving = true;
	log_info("fcgi", "leaving connections=%zu busy=%zu",
	    door->n_connections, door->n_busy);
	if (door->house.engine != NULL)
		engine_drain(door->house.engine);
	uv_timer_start(&loop->leave, on_leave, LEAVE_MS, 0);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	loop_leave(handle->data);
}

/* ---- turns -------------------------------------------------------------------- */

/* Loading and starting went deeper than any request will: what lies below us is
 * not needed.  Below a stack is a gap of a megabyte, so nothing else is hit. */
static void
stack_trim(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) & ~(page - 1)) -
	    2 * page;

	madvise((void *)(end - STACK_TRIM), STACK_TRIM, MADV_DONTNEED);
}

static void
loop_rest(struct loop *loop)
{
	struct door *door = loop->door;

	loop->rest_at = 0;
	buf_free(&door->content);
	buf_free(&door->answer);
	shelf_clear(&door->spare);
	http_rest();
	if (door->house.engine != NULL)
		engine_rest(door->house.engine);
	malloc_trim(0);
	stack_trim();
}

/* When nobody is here and nothing is waited for, the process could as well not be
 * there.  What is due first is done first: then it is tried again. */
static void
loop_sleep(struct loop *loop, int64_t now)
{
	struct door *door = loop->door;
	int64_t later = now + door->house.conf->sleep_time, due = later;

	if (door->n_connections == 0 && door->crew.kept == NULL && !door->leaving &&
	    door->house.engine != NULL && !engine_is_asking(door->house.engine))
		due = engine_deadline(door->house.engine);
	if (due == INT64_MAX && calls_deadline(door) == INT64_MAX) {
		loop->sleep_at = 0;
		house_sleep(&door->house);
		mem_give_back();
		stack_trim();
		log_debug("fcgi", "asleep until the next request");
	} else {
		loop->sleep_at = due < later ? due + 1 : later;
	}
}

/* Under mod_fcgid a hundred processes stand about most of the time. */
static void
loop_calm(struct loop *loop)
{
	int64_t now = clock_boot(&clock_system);
	int64_t sleep_time = loop->door->house.conf->sleep_time;

	if (loop->door->n_served != loop->served) {
		loop->served = loop->door->n_served;
		loop->rest_at = now + REST_MS;
		loop->sleep_at = sleep_time == 0 ? 0 : now + sleep_time;
	} else if (loop->rest_at != 0 && now >= loop->rest_at) {
		loop_rest(loop);
	} else if (loop->sleep_at != 0 && now >= loop->sleep_at) {
		loop_sleep(loop, now);
	}
}

static void
loop_turn(struct loop *loop)
{
	struct door *door = loop->door;
	struct engine *engine = door->house.engine;
	bool woken = door->woken;

	door->woken = false;
	listener_resume(door);
	calls_work(door);
	if (engine != NULL) {
		engine_turn(engine, woken);
		/* A newer program has changed the store: make room for it.  Or its
		 * files are others now: the engine has answered everybody. */
		if (slice_is(slice_str(engine_reason(engine)), "newer"))
			loop_leave(loop);
		else if (slice_is(slice_str(engine_reason(engine)), "removed"))
			house_renew(loop);
	}
	house_nurse(loop);
	crew_watch(loop);
	calls_watch(door);
	connections_seat(door);
	loop_calm(loop);
}

static void
loop_wait(struct loop *loop)
{
	struct door *door = loop->door;
	int64_t at = INT64_MAX, now = clock_boot(&clock_system);

	if (door->house.engine != NULL)
		at = engine_deadline(door->house.engine);
	if (calls_deadline(door) < at)
		at = calls_deadline(door);
	if (door->accept_after != 0 && door->accept_after < at)
		at = door->accept_after;
	if (loop->rest_at != 0 && loop->rest_at < at)
		at = loop->rest_at;
	if (loop->sleep_at != 0 && loop->sleep_at < at)
		at = loop->sleep_at;
	if (at <= now || !LIST_EMPTY(&door->ready)) {
		uv_run(&loop->uv, UV_RUN_NOWAIT);
		return;
	}
	uv_timer_stop(&loop->deadline);
	if (at != INT64_MAX)
		uv_timer_start(&loop->deadline, on_deadline,
		    (uint64_t)(at - now), 0);
	uv_run(&loop->uv, UV_RUN_ONCE);
}

/* A task that was leased and not run would count as a failed attempt. */
static bool
loop_has_work(const struct door *door)
{
	return door->n_busy > 0 || (door->house.engine != NULL &&
	    (engine_has_work(door->house.engine) ||
	    engine_is_asking(door->house.engine)));
}

static void
loop_init(struct loop *loop, struct door *door)
{
	*loop = (struct loop){ .door = door };
	door->calls = -1;
	uv_loop_init(&loop->uv);
	door->set = epoll_create1(EPOLL_CLOEXEC);
	uv_poll_init(&loop->uv, &loop->events, door->set);
	uv_timer_init(&loop->uv, &loop->deadline);
	uv_timer_init(&loop->uv, &loop->sweep);
	uv_timer_init(&loop->uv, &loop->heal);
	uv_timer_init(&loop->uv, &loop->leave);
	uv_timer_init(&loop->uv, &loop->crew);
	uv_signal_init(&loop->uv, &loop->terminate);
	uv_signal_init(&loop->uv, &loop->interrupt);
	loop->events.data = loop->sweep.data = loop->heal.data =
	    loop->leave.data = loop->crew.data = loop->terminate.data =
	    loop->interrupt.data = loop;
	uv_poll_start(&loop->events, UV_READABLE, on_events);
	uv_timer_start(&loop->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	uv_signal_start(&loop->terminate, on_signal, SIGTERM);
	uv_signal_start(&loop->interrupt, on_signal, SIGINT);
}

static void
handle_close(uv_handle_t *handle, void *arg)
{
	(void)arg;
	uv_close(handle, NULL);
}

static void
loop_fini(struct loop *loop)
{
	connections_close(loop->door);
	crew_fini(&loop->door->crew);
	if (loop->door->house.engine != NULL && engine_has_work(loop->door->house.engine))
		engine_turn(loop->door->house.engine, false);   /* what was lost */
	uv_walk(&loop->uv, handle_close, NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	uv_loop_close(&loop->uv);
	close(loop->door->set);
	shelf_clear(&loop->door->spare);
	http_rest();
	buf_free(&loop->door->content);
	buf_free(&loop->door->answer);
	buf_free(&loop->door->reply);
}

int
loop_run(struct door *door)
{
	struct loop loop;

	fcntl(door->listener, F_SETFL,
	    fcntl(door->listener, F_GETFL) | O_NONBLOCK);
	loop_init(&loop, door);
	set_add(door, door->listener, &door->listener);
	if (door->house.engine != NULL)
		house_watch(&loop);
	house_nurse(&loop);
	while (!loop.is_over && (!door->leaving || loop_has_work(door))) {
		loop_wait(&loop);
		connections_catch_up(door);
		loop_turn(&loop);
	}
	loop_fini(&loop);
	return 0;
}
