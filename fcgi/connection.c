/*
 * connection.c - one connection of the web server, request after request
 *
 * A connection is read as soon as it is accepted: its request is nearly always
 * there.  It is given to epoll only when it has to wait for something, so that
 * a request that is answered in its turn costs accept, recv, send, close.
 *
 * Must stay true: nothing here waits.  Reading takes what is there (arrival.c);
 * what a front does not want to read now is kept and written later.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fastcgi.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "fcgi/door_private.h"
#include "fcgi/environment.h"
#include "fcgi/records.h"

#define BIT(n) (1u << (n))

static const unsigned may_become[] = {
	[CONNECTION_READING] = BIT(CONNECTION_SERVING),
	[CONNECTION_SERVING] = BIT(CONNECTION_WRITING) | BIT(CONNECTION_READING) |
	                       BIT(CONNECTION_STREAMING) | BIT(CONNECTION_KEPT),
	[CONNECTION_STREAMING] = BIT(CONNECTION_WRITING) | BIT(CONNECTION_READING),
	[CONNECTION_KEPT] = BIT(CONNECTION_WRITING),
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

static void
connection_cancel(struct connection *c)
{
	http_cancel(c->door->house.gateway, &c->x);
	http_finish(c->door->house.gateway, &c->x);
	buf_free(&c->body);
}

static bool
is_in_hand(const struct connection *c)
{
	return c->state == CONNECTION_SERVING || c->state == CONNECTION_STREAMING;
}

void
connection_close(struct connection *c)
{
	struct door *door = c->door;

	if (is_in_hand(c))
		connection_cancel(c);
	if (c->state == CONNECTION_WRITING)
		http_lost(door->house.gateway, &c->x);
	if (c->state != CONNECTION_READING)
		door->n_busy--;
	crew_forget(c);
	door->n_connections--;
	LIST_REMOVE(c, link);
	close(c->fd);                   /* leaves the epoll set, too */
	arrival_fini(&c->arrival);
	buf_free(&c->body);
	buf_free(&c->out);
	shelf_put(&door->spare, c);
}

static void
connection_move(struct connection *c, struct connection_list *to)
{
	LIST_REMOVE(c, link);
	LIST_INSERT_HEAD(to, c, link);
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
	connection_move(c, &c->door->seated);
}

/* It is READING: its next request, or the end. */
static void
connection_next(struct connection *c)
{
	c->is_old = false;
	if (!c->keep || c->door->leaving)
		connection_close(c);
	else if (c->arrival.bytes.n != 0)
		connection_move(c, &c->door->ready);
	else
		connection_watch(c, EPOLLIN | EPOLLRDHUP);
}

/* ---- writing --------------------------------------------------------------- */

/* All of it went out.  c may be gone. */
void
connection_done(struct connection *c)
{
	buf_free(&c->out);
	connection_enter(c, CONNECTION_READING);
	connection_next(c);
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

/* What the front does not take now is written later. */
static void
connection_write(struct connection *c, struct slice all)
{
	ssize_t n = connection_send(c, all);

	if (n == (ssize_t)all.n) {
		connection_done(c);
		return;
	}
	if (c->state != CONNECTION_WRITING)
		connection_enter(c, CONNECTION_WRITING);
	if (n == -1) {
		connection_close(c);
		return;
	}
	buf_add(&c->out, slice_skip(all, (size_t)n));
	connection_watch(c, EPOLLOUT);
}

/* An answer without its end, if the front takes all of it at once. */
static bool
connection_keep(struct connection *c, struct buf *answer)
{
	ssize_t n = connection_send(c, buf_slice(answer));

	if (n == (ssize_t)answer->n) {
		connection_enter(c, CONNECTION_KEPT);
		crew_keep(c);
		connection_watch(c, EPOLLRDHUP);
		return true;
	}
	if (n > 0) {
		memmove(answer->p, answer->p + n, answer->n - (size_t)n);
		answer->n -= (size_t)n;
	}
	return false;
}

void
connection_release(struct connection *c)
{
	struct buf *answer = &c->door->answer;

	buf_reset(answer);
	fcgi_record_close(answer, c->id);
	connection_enter(c, CONNECTION_WRITING);
	connection_write(c, buf_slice(answer));
}

/* The http floor has an answer; perhaps before http_serve() returned. */
static void
connection_respond(struct http_exchange *x)
{
	struct connection *c = x->door;
	struct door *door = c->door;
	bool keep = crew_keeps(c);

	buf_reset(&door->content);
	buf_reset(&door->answer);
	if (keep)
		buf_str(&x->response.headers, "Connection: close\r\n");
	response_write(&door->content, &x->response);
	fcgi_record_part(&door->answer, c->id, buf_slice(&door->content));
	http_finish(door->house.gateway, x);
	buf_free(&c->body);
	if (keep && connection_keep(c, &door->answer))
		return;
	fcgi_record_close(&door->answer, c->id);
	connection_write(c, buf_slice(&door->answer));
}

/* Says to the front itself what is in door->reply.  False: it does not listen. */
static bool
connection_reply(struct connection *c)
{
	struct slice all = buf_slice(&c->door->reply);
	bool sent = all.n == 0 || connection_send(c, all) == (ssize_t)all.n;

	buf_reset(&c->door->reply);
	return sent;
}

/* The front does not want the request's answer any more.  It may want to hear
 * that it is over (lighttpd logs an error otherwise). */
static void
connection_end(struct connection *c)
{
	bool is_split = c->out.n > 0;   /* a record went out by half */

	if (is_in_hand(c)) {
		connection_cancel(c);
		connection_enter(c, CONNECTION_READING);
	}
	if (!is_split)
		fcgi_record_end(&c->door->reply, c->id, FCGI_REQUEST_COMPLETE);
	if (is_split || !connection_reply(c))
		connection_close(c);
	else
		connection_next(c);
}

/* ---- reading --------------------------------------------------------------- */

static void
connection_serve(struct connection *c, const struct arrived *arrived)
{
	struct house *house = &c->door->house;

	buf_add(&c->body, arrived->body);
	c->is_post = slice_is(c->x.request.method, "POST");
	crew_hear(c);
	c->x.request.body = buf_slice(&c->body);
	c->x.request.body_too_big = arrived->too_big;
	c->x.respond = connection_respond;
	c->x.stream = strcmp(house->conf->streams, "on") == 0 ?
	    &connection_stream : NULL;
	c->x.door = c;
	connection_enter(c, CONNECTION_SERVING);
	c->door->n_served++;
	http_serve(house->gateway, &c->x);      /* c may be gone */
}

/* The first request tells where the house stands. */
static void
place_learn(struct house *house, struct slice params)
{
	char *root;

	if (house->document_root != NULL)
		return;
	root = mem_slicedup(environment_find(params, "DOCUMENT_ROOT"));
	house_place(house, root);
	free(root);
}

static void
connection_refuse(struct connection *c)
{
	log_warn("fcgi", "a connection did not speak FastCGI, or too much");
	connection_close(c);
}

static void
connection_start(struct connection *c, const struct arrived *arrived)
{
	place_learn(&c->door->house, arrived->params);
	c->id = arrived->id;
	c->keep = arrived->keep;
	if (!environment_read_params(arrived->params, &c->x.request))
		connection_refuse(c);
	else if (intake_is_abort(buf_slice(&c->arrival.bytes), arrived->id))
		connection_end(c);
	else
		connection_serve(c, arrived);
	arrival_release();
}

static void
connection_read(struct connection *c)
{
	size_t limit = (size_t)c->door->house.conf->max_payload;
	struct arrived arrived;
	enum rc rc;

	c->is_old = false;
	if (c->arrival.bytes.n != 0)    /* it may be among the ready */
		connection_move(c, c->watched != 0 ? &c->door->seated :
		    &c->door->fresh);
	rc = arrival_read(&c->arrival, c->fd, limit, &c->door->reply, &arrived);
	if (!connection_reply(c))
		rc = RC_GONE;
	switch (rc) {
	case RC_OK:
		connection_start(c, &arrived);
		break;
	case RC_AGAIN:
		connection_watch(c, EPOLLIN | EPOLLRDHUP);
		break;
	case RC_BAD_INPUT:
		connection_refuse(c);
		break;
	default:
		arrival_release();
		connection_close(c);
	}
}

void
connection_take(struct door *door, int fd)
{
	struct connection *c = shelf_take(&door->spare, sizeof(*c));

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
	char head[FCGI_HEADER_LEN];
	ssize_t n = recv(c->fd, head, sizeof(head), MSG_PEEK);

	if (n == -1 && errno != EAGAIN && errno != EINTR)
		connection_close(c);
	else if (n > 0 && intake_is_abort(slice_of(head, (size_t)n), c->id))
		connection_end(c);
	else if (n > 0)
		connection_watch(c, EPOLLRDHUP);
}

/* It will send nothing more; perhaps it still reads. */
static void
connection_hangup(struct connection *c, bool is_closed)
{
	c->keep = false;
	if (is_closed)
		connection_close(c);
	else
		connection_end(c);
}

void
connection_event(struct connection *c, unsigned events)
{
	bool is_closed = (events & (EPOLLHUP | EPOLLERR)) != 0;
	bool is_gone = is_closed || (events & EPOLLRDHUP) != 0;

	switch (c->state) {
	case CONNECTION_READING:
		connection_read(c);
		break;
	case CONNECTION_SERVING:
		if (is_gone)
			connection_hangup(c, is_closed);
		else
			connection_overhear(c);
		break;
	case CONNECTION_STREAMING:
		if (is_gone)
			connection_hangup(c, is_closed);
		else if ((events & EPOLLOUT) != 0)
			connection_flush(c);
		else
			connection_overhear(c);
		break;
	case CONNECTION_KEPT:
		connection_close(c);    /* only its hang-up is watched */
		break;
	case CONNECTION_WRITING:
		connection_flush(c);
		break;
	case CONNECTION__COUNT:
		break;
	}
}

void
connections_catch_up(struct door *door)
{
	struct connection *c;

	while ((c = LIST_FIRST(&door->ready)) != NULL)
		connection_read(c);
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
		if (c->state != CONNECTION_READING || c->arrival.bytes.n == 0)
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
	while (!LIST_EMPTY(&door->ready))
		connection_close(LIST_FIRST(&door->ready));
	while (!LIST_EMPTY(&door->fresh))
		connection_close(LIST_FIRST(&door->fresh));
	while (!LIST_EMPTY(&door->seated))
		connection_close(LIST_FIRST(&door->seated));
}
