/*
 * connection.c - one connection of the web server, request after request
 *
 * A connection is read as soon as it is accepted: its request is nearly always
 * there.  It is given to epoll only when it has to wait for something, so that
 * a request that is answered in its turn costs accept, peek, read, send, close.
 *
 * Must stay true: nothing here waits.  Reading takes what is there (adopt.c);
 * what a front does not want to read now is kept and written later.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "fcgi/door_private.h"
#include "fcgi/environment.h"

#define BIT(n) (1u << (n))

static const unsigned may_become[] = {
	[CONNECTION_READING] = BIT(CONNECTION_SERVING),
	[CONNECTION_SERVING] = BIT(CONNECTION_WRITING) | BIT(CONNECTION_READING) |
	                       BIT(CONNECTION_STREAMING),
	[CONNECTION_STREAMING] = BIT(CONNECTION_WRITING),
	[CONNECTION_WRITING] = BIT(CONNECTION_READING),
};
static_assert(N_ELEMENTS(may_become) == CONNECTION__COUNT, "a state is missing");

void
connection_enter(struct connection *c, enum connection_state next)
{
	assert((may_become[c->state] & BIT(next)) != 0);
	if (c->state == CONNECTION_READING)
		c->door->n_busy++;
	else if (next == CONNECTION_READING)
		c->door->n_busy--;
	c->state = next;
}

void
connection_close(struct connection *c)
{
	struct door *door = c->door;

	if (c->state == CONNECTION_SERVING || c->state == CONNECTION_STREAMING) {
		http_cancel(door->house.gateway, &c->x);
		http_finish(door->house.gateway, &c->x);
	}
	if (c->state == CONNECTION_WRITING)
		http_lost(door->house.gateway, &c->x);
	if (c->state != CONNECTION_READING)
		door->n_busy--;
	door->n_connections--;
	LIST_REMOVE(c, link);
	if (c->fd != -1)
		close(c->fd);           /* leaves the epoll set, too */
	adopt_fini(&c->adopt);
	buf_free(&c->body);
	buf_free(&c->out);
	free(c);
}

void
connection_watch(struct connection *c, unsigned events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };
	int how = c->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (c->watched == events)
		return;
	if (epoll_ctl(c->door->set, how, c->fd, &e) == -1)
		log_error("fcgi", "epoll_ctl: %s", strerror(errno));
	c->watched = events;
	LIST_REMOVE(c, link);
	LIST_INSERT_HEAD(&c->door->seated, c, link);
}

/* ---- writing --------------------------------------------------------------- */

/* All of it went out: the next request, or the end.  c may be gone. */
void
connection_done(struct connection *c)
{
	buf_free(&c->out);
	connection_enter(c, CONNECTION_READING);
	c->is_old = false;
	if (!c->keep || c->door->leaving)
		connection_close(c);
	else
		connection_watch(c, EPOLLIN | EPOLLRDHUP);
}

ssize_t
connection_send(const struct connection *c, struct slice s)
{
	ssize_t n = send(c->fd, s.p, s.n, MSG_NOSIGNAL);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n;
}

static void
connection_flush(struct connection *c)
{
	ssize_t n = connection_send(c, buf_slice(&c->out));

	if (n == -1) {
		connection_close(c);
		return;
	}
	memmove(c->out.p, c->out.p + n, c->out.n - (size_t)n);
	c->out.n -= (size_t)n;
	if (c->out.n > 0)
		return;
	if (c->state == CONNECTION_STREAMING)
		connection_watch(c, EPOLLIN | EPOLLRDHUP);
	else
		connection_done(c);
}

/* The http floor has an answer; perhaps before http_serve() returned. */
static void
connection_respond(struct http_exchange *x)
{
	struct connection *c = x->door;
	struct door *door = c->door;
	struct slice all;
	ssize_t n;

	buf_reset(&door->content);
	buf_reset(&door->answer);
	response_write(&door->content, &x->response);
	intake_answer(&door->answer, c->id, buf_slice(&door->content));
	http_finish(door->house.gateway, x);
	buf_free(&c->body);

	all = buf_slice(&door->answer);
	if ((n = connection_send(c, all)) == (ssize_t)all.n) {
		connection_done(c);
		return;
	}
	connection_enter(c, CONNECTION_WRITING);
	if (n == -1) {
		connection_close(c);
		return;
	}
	buf_add(&c->out, slice_skip(all, (size_t)n));
	connection_watch(c, EPOLLOUT);
}

/* ---- reading --------------------------------------------------------------- */

static void
connection_serve(struct connection *c, const struct adopted *adopted)
{
	struct house *house = &c->door->house;
	const char *root;

	if (house->document_root == NULL) {
		root = environment_get(adopted->envp, "DOCUMENT_ROOT");
		house_place(house, root == NULL ? "" : root);
	}
	c->id = adopted->id;
	c->keep = adopted->keep;
	environment_read(adopted->envp, &c->x.request);
	c->x.request.body = buf_slice(&c->body);
	c->x.request.body_too_big = adopted->too_big;
	c->x.respond = connection_respond;
	c->x.stream = strcmp(house->conf->streams, "on") == 0 ?
	    &connection_stream : NULL;
	c->x.door = c;
	connection_enter(c, CONNECTION_SERVING);
	c->door->n_served++;
	http_serve(house->gateway, &c->x);     /* c may be gone */
	adopt_release();
}

static void
connection_read(struct connection *c)
{
	size_t limit = (size_t)c->door->house.conf->max_payload;
	struct adopted adopted;

	c->is_old = false;
	switch (adopt_read(&c->adopt, &c->fd, limit, &c->body, &adopted)) {
	case RC_OK:
		connection_serve(c, &adopted);
		return;
	case RC_AGAIN:
		connection_watch(c, EPOLLIN | EPOLLRDHUP);
		return;
	case RC_BAD_INPUT:
		log_warn("fcgi", "a connection did not speak FastCGI, or too much");
		/* fallthrough */
	default:
		connection_close(c);
	}
}

void
connection_take(struct door *door, int fd)
{
	struct connection *c = mem_alloc(sizeof(*c));

	c->door = door;
	c->fd = fd;
	door->n_connections++;
	LIST_INSERT_HEAD(&door->fresh, c, link);
	connection_read(c);
}

/* Something is sent while its request waits: an abort, or the next request,
 * which has to wait, too. */
static void
connection_overhear(struct connection *c)
{
	char head[16];
	ssize_t n = recv(c->fd, head, sizeof(head), MSG_PEEK);

	if (n == 0 || (n == -1 && errno != EAGAIN) || (n > 0 &&
	    intake_is_abort(slice_of(head, (size_t)n), c->id)))
		connection_close(c);
	else if (n > 0)
		connection_watch(c, EPOLLRDHUP);
}

void
connection_event(struct connection *c, unsigned events)
{
	bool is_gone = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;

	switch (c->state) {
	case CONNECTION_READING:
		connection_read(c);
		break;
	case CONNECTION_SERVING:
		if (is_gone)
			connection_close(c);
		else
			connection_overhear(c);
		break;
	case CONNECTION_STREAMING:
		if (is_gone)
			connection_close(c);
		else if ((events & EPOLLOUT) != 0)
			connection_flush(c);
		else
			connection_overhear(c);
		break;
	case CONNECTION_WRITING:
		connection_flush(c);
		break;
	case CONNECTION__COUNT:
		break;
	}
}

void
connections_seat(struct door *door)
{
	struct connection *c;

	while ((c = LIST_FIRST(&door->fresh)) != NULL)
		connection_watch(c, EPOLLIN | EPOLLRDHUP);
}

void
connections_sweep(struct door *door)
{
	struct connection *c, *next;

	for (c = LIST_FIRST(&door->seated); c != NULL; c = next) {
		next = LIST_NEXT(c, link);
		if (c->state != CONNECTION_READING || c->adopt.bytes.n == 0)
			continue;
		if (c->is_old)
			connection_close(c);
		else
			c->is_old = true;
	}
}

void
connections_close(struct door *door)
{
	while (!LIST_EMPTY(&door->fresh))
		connection_close(LIST_FIRST(&door->fresh));
	while (!LIST_EMPTY(&door->seated))
		connection_close(LIST_FIRST(&door->seated));
}
