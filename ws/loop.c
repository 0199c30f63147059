/*
 * loop.c - one turn: all that is there is heard, decided together, answered
 *
 * A turn: libuv waits and hands over all that came on all sockets;
 * engine_turn() once, which commits and answers; requests and messages that
 * waited for their turn are taken; then everything that was queued leaves, one write a socket.
 * What a turn leaves undone (a message to ten thousand, a long queue of writes, requests
 * taken late) makes the next one start without waiting: no turn takes 10 ms.
 *
 * SIGTERM: who is in the accept queue is still taken; WebSockets are closed (1001),
 * so many a second that those who take them over are not flooded; then every parked
 * poll is answered, and the process leaves when all is written, or five seconds
 * after the last should have gone.
 *
 * SIGUSR2 (handover.c): once a newer process has our listening sockets only those who are
 * here are served, until they leave or ws_handover_time is over; then as with SIGTERM.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "handlers/backend.h"
#include "handlers/handlers.h"
#include "session/engine.h"
#include "store/store.h"
#include "ws/app.h"
#include "ws/door_private.h"
#include "ws/policy.h"
#include "ws/tls.h"

enum {
	BACKLOG = 4096,
	FIRST_MS = 500,         /* for who came just before we left */
	LINGER_MS = 5000,       /* for the peer to see our end */
	CROWD_MS = 10,          /* between two steps of sending away */
	LEAVE_MS = 5000         /* what is not written till then never will be */
};

struct loop {
	uv_loop_t uv;
	uv_poll_t wake, calls;
	uv_timer_t deadline;
	uv_signal_t terminate, interrupt, reload, renew;
	struct handover handover;
	struct door *door;
	bool woken, is_unfinished;
	bool must_leave;
	bool is_crowded;        /* leaving: some WebSockets are not sent away yet */
	int64_t retire_at;      /* boot ms; 0: nobody has taken over */
	int64_t leave_at;       /* boot ms; 0: not leaving */
};

static void
on_connection(uv_stream_t *listener, int status)
{
	struct listener *l = listener->data;

	if (status != 0)
		log_error("ws", "accept: %s; connections=%zu", uv_strerror(status),
		    l->door->streams.count);
	else if (l->is_policy)
		policy_accept(l);
	else
		http1_accept(l);
}

static void
on_wake(uv_poll_t *handle, int status, int events)
{
	struct loop *loop = handle->data;

	(void)status;
	(void)events;
	store_wake_take(loop->door->store);
	loop->woken = true;
}

static void
on_calls(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	backends_work(handlers_backends(((struct loop *)handle->data)->door->house.handlers));
}

/* Backend calls: what is due, and their descriptor, which is there from the first
 * one on. */
static void
calls_work(struct loop *loop)
{
	struct backends *all = handlers_backends(loop->door->house.handlers);

	if (backends_deadline(all) <= clock_boot(&clock_system))
		backends_work(all);
}

static void
calls_watch(struct loop *loop)
{
	int fd = backends_fd(handlers_backends(loop->door->house.handlers));

	if (fd == -1 || loop->door->calls != -1)
		return;
	loop->door->calls = fd;
	uv_poll_init(&loop->uv, &loop->calls, fd);
	loop->calls.data = loop;
	uv_poll_start(&loop->calls, UV_READABLE, on_calls);
}

static void
on_deadline(uv_timer_t *timer)
{
	(void)timer;            /* it only ends the wait */
}

/* Nobody comes any more, and every answer is the last on its connection. */
static void
door_shut(struct door *door)
{
	size_t i;

	for (i = 0; i < door->n_listeners; i++)
		uv_close((uv_handle_t *)&door->listeners[i].uv, NULL);
	door->n_listeners = 0;
	door->leaving = true;
}

static void
loop_leave(struct loop *loop)
{
	struct door *door = loop->door;

	if (loop->leave_at != 0)
		return;
	handover_cancel(&loop->handover);
	log_info("ws", "leaving connections=%zu busy=%zu", door->streams.count,
	    door->n_busy);
	/* Who is in the queue is not to see an error. */
	uv_run(&loop->uv, UV_RUN_NOWAIT);
	door_shut(door);
	http1_leave(door);
	if (door->app != NULL)
		app_leave(door->app);
	door->leave_from = clock_boot(&clock_system);
	loop->leave_at = door->leave_from + LEAVE_MS;
	if (door->conf->ws_leave_rate > 0)
		loop->leave_at += 1000 * (int64_t)door->streams.count /
		    door->conf->ws_leave_rate;
}

/* Somebody else takes who comes: those who are here may stay for a while. */
static void
loop_retire(struct loop *loop)
{
	struct door *door = loop->door;
	int64_t now = clock_boot(&clock_system);

	if (loop->handover.is_done && loop->retire_at == 0) {
		door_shut(door);
		loop->retire_at = now + door->conf->ws_handover_time;
		log_info("ws", "handover: serving on connections=%zu",
		    door->streams.count);
	}
	if (loop->retire_at != 0 &&
	    (door->streams.count == 0 || now >= loop->retire_at))
		loop->must_leave = true;
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct loop *loop = handle->data;

	(void)number;
	loop->must_leave = true;
}

static void
on_renew(uv_signal_t *handle, int number)
{
	struct loop *loop = handle->data;

	(void)number;
	if (loop->must_leave)
		log_warn("ws", "handover: not while this process ends");
	else
		handover_begin(&loop->handover, loop->door, &loop->uv);
}

/* A certificate is new.  A bad one changes nothing. */
static void
on_reload(uv_signal_t *handle, int number)
{
	struct loop *loop = handle->data;
	char *error = NULL;

	(void)number;
	if (loop->door->tls == NULL)
		return;
	if (tls_reload(loop->door->tls, &error) == RC_OK)
		log_info("ws", "certificate read again");
	else
		log_error("ws", "the certificate stays as it is: %s", error);
	free(error);
}

static void
loop_turn(struct loop *loop)
{
	struct door *door = loop->door;
	bool woken = loop->woken;

	loop->woken = false;
	loop_retire(loop);
	if (loop->must_leave) {
		loop_leave(loop);
		loop->is_crowded = live_leave(door, clock_boot(&clock_system));
		/* It would end the WebSockets that are still here, too. */
		if (!loop->is_crowded && !engine_is_draining(door->engine))
			engine_drain(door->engine);
	}
	streams_late(&door->streams);
	calls_work(loop);
	engine_turn(door->engine, woken);
	calls_watch(loop);
	loop->is_unfinished = http1_resume(door);
	if (live_resume(door))
		loop->is_unfinished = true;
	if (streams_flush(&door->streams))
		loop->is_unfinished = true;
	packed_turn(&door->packed);
	/* A newer program has changed the store: make room for it.  Or its files
	 * are others now: whoever starts us again opens those. */
	if (slice_is(slice_str(engine_reason(door->engine)), "newer") ||
	    slice_is(slice_str(engine_reason(door->engine)), "removed"))
		loop->must_leave = true;
}

static void
loop_wait(struct loop *loop)
{
	struct door *door = loop->door;
	int64_t now = clock_boot(&clock_system), wait = INT64_MAX, at;

	uv_update_time(&loop->uv);
	if ((at = engine_deadline(door->engine)) != INT64_MAX)
		wait = at - now;
	if ((at = backends_deadline(handlers_backends(door->house.handlers))) != INT64_MAX &&
	    at - now < wait)
		wait = at - now;
	if (loop->leave_at != 0 && loop->leave_at - now < wait)
		wait = loop->leave_at - now;
	if (loop->retire_at != 0 && loop->retire_at - now < wait &&
	    !loop->must_leave)
		wait = loop->retire_at - now;
	if (loop->is_crowded && wait > CROWD_MS)
		wait = CROWD_MS;
	if ((at = streams_wait(&door->streams)) < wait)
		wait = at;
	if (loop->is_unfinished || wait <= 0 ||
	    (loop->must_leave && loop->leave_at == 0)) {
		uv_run(&loop->uv, UV_RUN_NOWAIT);
		return;
	}
	uv_timer_stop(&loop->deadline);
	if (wait != INT64_MAX)
		uv_timer_start(&loop->deadline, on_deadline, (uint64_t)wait, 0);
	uv_run(&loop->uv, UV_RUN_ONCE);
}

static bool
loop_is_over(const struct loop *loop)
{
	return loop->leave_at != 0 && ((loop->door->streams.count == 0 &&
	    !engine_is_asking(loop->door->engine)) ||
	    clock_boot(&clock_system) >= loop->leave_at);
}

static void
loop_init(struct loop *loop, struct door *door)
{
	const uint64_t lane_ms[LANE__COUNT] = {
		[LANE_HEAD] = (uint64_t)door->conf->ws_head_time,
		[LANE_BODY] = (uint64_t)door->conf->ws_body_time,
		[LANE_IDLE] = (uint64_t)door->conf->ws_idle_time,
		[LANE_FIRST] = FIRST_MS,
		[LANE_POLICY] = (uint64_t)door->conf->flash_time,
		[LANE_CLOSE] = (uint64_t)door->conf->ws_head_time,
		[LANE_APP] = (uint64_t)door->conf->app_time,
		[LANE_WRITE] = (uint64_t)door->conf->ws_write_time,
		[LANE_LINGER] = LINGER_MS,
	};
	struct listener *l;

	*loop = (struct loop){ .door = door };
	door->calls = -1;
	uv_loop_init(&loop->uv);
	uv_poll_init(&loop->uv, &loop->wake, store_wake_fd(door->store));
	uv_timer_init(&loop->uv, &loop->deadline);
	uv_signal_init(&loop->uv, &loop->terminate);
	uv_signal_init(&loop->uv, &loop->interrupt);
	uv_signal_init(&loop->uv, &loop->reload);
	uv_signal_init(&loop->uv, &loop->renew);
	loop->wake.data = loop->terminate.data = loop->interrupt.data =
	    loop->reload.data = loop->renew.data = loop;
	for (l = door->listeners; l < door->listeners + door->n_listeners; l++) {
		uv_tcp_init(&loop->uv, &l->uv);
		uv_tcp_open(&l->uv, l->fd);
		l->uv.data = l;
		uv_listen((uv_stream_t *)&l->uv, BACKLOG, on_connection);
	}
	uv_poll_start(&loop->wake, UV_READABLE, on_wake);
	uv_signal_start(&loop->terminate, on_signal, SIGTERM);
	uv_signal_start(&loop->interrupt, on_signal, SIGINT);
	uv_signal_start(&loop->reload, on_reload, SIGHUP);
	uv_signal_start(&loop->renew, on_renew, SIGUSR2);
	handover_hear(true);
	streams_init(&door->streams, &loop->uv, lane_ms,
	    (size_t)door->conf->ws_turn_sockets);
	TAILQ_INIT(&door->waiting);
	TAILQ_INIT(&door->lives);
	TAILQ_INIT(&door->halted);
}

static void
handle_close(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void
loop_fini(struct loop *loop)
{
	struct streams *streams = &loop->door->streams;
	struct stream *s;

	while ((s = TAILQ_FIRST(&streams->all)) != NULL)
		stream_close(s);
	uv_walk(&loop->uv, handle_close, NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	uv_loop_close(&loop->uv);
	streams_fini(streams);
	buf_free(&loop->door->answer);
}

int
loop_run(struct door *door)
{
	struct loop loop;

	loop_init(&loop, door);
	inherited_ready(&door->inherited);
	while (!loop_is_over(&loop)) {
		loop_wait(&loop);
		loop_turn(&loop);
	}
	loop_fini(&loop);
	return 0;
}
