/*
 * handover.c - a newer process takes the listening sockets over
 *
 * SIGUSR2: the program is started once more, by its name, with its arguments and its
 * environment.  It finds the listening sockets from descriptor 4 on, how many in
 * SIO_HANDOVER, takes those that its own configuration names and opens what is new.
 * When it serves it says one byte on descriptor 3; if it ends without, nothing has
 * happened.
 *
 * The sockets themselves are handed over, though SO_REUSEPORT would let both processes
 * have one: a queue of connections belongs to a socket, and who closes his own resets
 * those that nobody has taken yet.
 *
 * A supervisor that follows one process (systemd, with NotifyAccess=main) is told
 * which one that is from then on.
 *
 * Must stay true:
 *   - until that byte came this process listens as before
 *   - the new process gets these descriptors and standard ones, no others
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/slice.h"
#include "ws/door_private.h"

#define VARIABLE "SIO_HANDOVER"

enum {
	READY_FD = 3, FIRST_FD = 4,
	PATIENCE_MS = 60000     /* a store may have to be recovered first */
};

/* ---- the new process ---------------------------------------------------------------- */

static bool
is_listening(int fd)
{
	int on = 0;
	socklen_t n = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &n) == 0 && on;
}

void
inherited_read(struct inherited *in)
{
	const char *text = getenv(VARIABLE);
	int64_t count = 0;
	int fd;

	*in = (struct inherited){ .ready = -1 };
	if (text == NULL)
		return;
	if (slice_int64(slice_str(text), &count) && count > 0 &&
	    count <= LISTENERS_MAX && fcntl(READY_FD, F_SETFD, FD_CLOEXEC) == 0)
		in->ready = READY_FD;
	/* Not for whom we start. */
	unsetenv(VARIABLE);
	for (fd = FIRST_FD; in->ready != -1 && fd < FIRST_FD + count; fd++)
		if (is_listening(fd) && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
			in->fds[in->n++] = fd;
}

static bool
is_at(int fd, const struct sockaddr_storage *wanted)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
	const struct sockaddr_in *w4 = (const struct sockaddr_in *)wanted;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
	const struct sockaddr_in6 *w6 = (const struct sockaddr_in6 *)wanted;
	socklen_t n = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &n) == -1 ||
	    address.ss_family != wanted->ss_family)
		return false;
	if (address.ss_family == AF_INET6)
		return memcmp(&v6->sin6_addr, &w6->sin6_addr,
		    sizeof(v6->sin6_addr)) == 0 &&
		    (w6->sin6_port == 0 || w6->sin6_port == v6->sin6_port);
	return v4->sin_addr.s_addr == w4->sin_addr.s_addr &&
	    (w4->sin_port == 0 || w4->sin_port == v4->sin_port);
}

int
inherited_take(struct inherited *in, const struct sockaddr_storage *at)
{
	size_t i;
	int fd;

	for (i = 0; i < in->n; i++) {
		if (!is_at(in->fds[i], at))
			continue;
		fd = in->fds[i];
		/* In their order: several may have been opened at port 0. */
		memmove(&in->fds[i], &in->fds[i + 1],
		    (--in->n - i) * sizeof(in->fds[0]));
		return fd;
	}
	return -1;
}

void
inherited_ready(struct inherited *in)
{
	while (in->n > 0)
		close(in->fds[--in->n]);
	if (in->ready == -1)
		return;
	if (write(in->ready, "", 1) != 1)
		log_warn("ws", "who started this process is gone already");
	close(in->ready);
	in->ready = -1;
}

/* ---- the old one -------------------------------------------------------------------- */

static void
supervisor_tell(int pid)
{
	const char *at = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char text[32];
	size_t n = at == NULL ? 0 : strlen(at);
	int fd, text_n = snprintf(text, sizeof(text), "MAINPID=%d", pid);

	if (n == 0 || n >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, at, n);
	if (at[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || sendto(fd, text, (size_t)text_n, MSG_NOSIGNAL,
	    (struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == -1)
		log_warn("ws", "cannot tell the supervisor at %s that pid=%d goes on",
		    at, pid);
	if (fd != -1)
		close(fd);
}

static void
on_closed(uv_handle_t *handle)
{
	((struct handover *)handle->data)->n_handles--;
}

static void
handle_end(void *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

static void
on_exit_status(uv_process_t *process, int64_t status, int number)
{
	struct handover *h = process->data;

	if (h->is_done)
		log_info("ws", "the newer process has ended pid=%d", process->pid);
	else if (number != 0)
		log_error("ws", "handover: the new process was ended by signal %d "
		    "before it served: this one goes on", number);
	else
		log_error("ws", "handover: the new process ended with status %d before "
		    "it served, and has said why: this one goes on", (int)status);
	handle_end(&h->ready);
	handle_end(&h->patience);
	handle_end(&h->process);
}

static void
on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf_r)
{
	static char room[16];

	(void)handle;
	(void)wanted;
	*buf_r = uv_buf_init(room, sizeof(room));
}

static void
on_ready(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct handover *h = stream->data;

	(void)buf;
	if (n == 0)
		return;
	if (n > 0 && !h->is_done) {
		h->is_done = true;
		supervisor_tell(h->process.pid);
		log_info("ws", "handover: pid=%d serves and takes new connections",
		    h->process.pid);
	}
	handle_end(&h->ready);
	handle_end(&h->patience);
}

/* on_exit_status() says so. */
static void
on_late(uv_timer_t *timer)
{
	struct handover *h = timer->data;

	log_error("ws", "handover: the new process does not serve within %d s",
	    PATIENCE_MS / 1000);
	uv_process_kill(&h->process, SIGKILL);
}

static uv_stdio_container_t
standard(int fd)
{
	return (uv_stdio_container_t){
		.flags = fcntl(fd, F_GETFD) == -1 ? UV_IGNORE : UV_INHERIT_FD,
		.data.fd = fd,
	};
}

static int
process_start(struct handover *h, uv_loop_t *loop)
{
	struct door *door = h->door;
	uv_stdio_container_t stdio[FIRST_FD + LISTENERS_MAX];
	uv_process_options_t options = {
		.exit_cb = on_exit_status,
		.file = door->argv[0],
		.args = door->argv,
		.stdio_count = FIRST_FD + (int)door->n_listeners,
		.stdio = stdio,
	};
	char count[8];
	size_t i;
	int error;

	for (i = 0; i < READY_FD; i++)
		stdio[i] = standard((int)i);
	stdio[READY_FD] = (uv_stdio_container_t){
		.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		.data.stream = (uv_stream_t *)&h->ready };
	for (i = 0; i < door->n_listeners; i++)
		stdio[FIRST_FD + i] = (uv_stdio_container_t){
			.flags = UV_INHERIT_FD, .data.fd = door->listeners[i].fd };
	/* Also what libraries and modules have opened without. */
	close_range(READY_FD, ~0U, CLOSE_RANGE_CLOEXEC);
	snprintf(count, sizeof(count), "%zu", door->n_listeners);
	setenv(VARIABLE, count, 1);
	error = uv_spawn(loop, &h->process, &options);
	unsetenv(VARIABLE);
	return error;
}

void
handover_begin(struct handover *h, struct door *door, uv_loop_t *loop)
{
	int error;

	if (h->n_handles > 0) {
		log_warn("ws", h->is_done ? "handover: pid=%d has taken over already" :
		    "handover: pid=%d is being started already", h->process.pid);
		return;
	}
	h->door = door;
	h->n_handles = 3;
	h->process.data = h->ready.data = h->patience.data = h;
	uv_pipe_init(loop, &h->ready, 0);
	uv_timer_init(loop, &h->patience);
	if ((error = process_start(h, loop)) != 0) {
		log_error("ws", "handover: cannot start %s: %s: this process goes on",
		    door->argv[0], uv_strerror(error));
		handle_end(&h->ready);
		handle_end(&h->patience);
		handle_end(&h->process);
		return;
	}
	log_info("ws", "handover: started pid=%d", h->process.pid);
	uv_read_start((uv_stream_t *)&h->ready, on_alloc, on_ready);
	uv_timer_start(&h->patience, on_late, PATIENCE_MS, 0);
}

void
handover_hear(bool hears)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(hears ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

void
handover_cancel(struct handover *h)
{
	if (h->n_handles > 0 && !h->is_done && uv_is_active((uv_handle_t *)&h->process))
		uv_process_kill(&h->process, SIGTERM);
}
