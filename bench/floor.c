/*
 * floor.c - a FastCGI responder that does nothing, to compare with
 *
 * What a web server and the kernel cost for a request cannot be less than what
 * they cost with this behind them: one thread, one epoll set, no allocation for
 * a request that is answered at once.  The query decides:
 *
 *   ?sub   waits for what is published after the number in If-None-Match (from
 *          now on without it), gets it with the number as ETag
 *   ?pub   its body goes to everybody who waits
 *   else   is answered "ok"
 *
 *     floor [SOCKET]     without SOCKET it listens on descriptor 0
 *
 * Must stay true: it keeps the last KEPT messages, all of at most BODY bytes, and
 * believes every byte that the web server says.  It is no server for anybody.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { EVENTS = 128, INPUT = 32 * 1024, BODY = 16 * 1024, KEPT = 1024 };
enum { FCGI_BEGIN = 1, FCGI_END = 3, FCGI_PARAMS = 4, FCGI_STDIN = 5, FCGI_STDOUT = 6 };

struct conn {
	int fd;
	unsigned id;
	bool keep, waits;
	size_t n;               /* of early, when a request came in pieces */
	char *early;
	LIST_ENTRY(conn) link;
};

struct request {
	const char *params, *body;
	size_t n_params, n_body;
};

static struct {
	char body[BODY];
	size_t n;
} kept[KEPT];
static unsigned newest;         /* 0: nothing was published */
static LIST_HEAD(, conn) waiting = LIST_HEAD_INITIALIZER(waiting);
static int set;

static void
conn_close(struct conn *c)
{
	if (c->waits)
		LIST_REMOVE(c, link);
	close(c->fd);
	free(c->early);
	free(c);
}

static size_t
record_head(char *out, unsigned type, unsigned id, size_t n)
{
	const unsigned char head[8] = { 1, (unsigned char)type, (unsigned char)(id >> 8),
	    (unsigned char)id, (unsigned char)(n >> 8), (unsigned char)n, 0, 0 };

	memcpy(out, head, sizeof(head));
	return sizeof(head);
}

/* c may be gone afterwards. */
static void
conn_answer(struct conn *c, unsigned number, const char *body, size_t n)
{
	char out[BODY + 512], tag[32] = "";
	int head;
	size_t at;

	if (number != 0)
		snprintf(tag, sizeof(tag), "ETag: %u\r\n", number);
	head = snprintf(out + 8, 256, "Content-Type: text/plain\r\n"
	    "Content-Length: %zu\r\n%s\r\n", n, tag);
	memcpy(out + 8 + head, body, n);
	record_head(out, FCGI_STDOUT, c->id, (size_t)head + n);
	at = 8 + (size_t)head + n;
	at += record_head(out + at, FCGI_END, c->id, 8);
	memset(out + at, 0, 8);
	if (c->waits)
		LIST_REMOVE(c, link);
	c->waits = false;
	if (send(c->fd, out, at + 8, MSG_NOSIGNAL) != (ssize_t)at + 8 || !c->keep)
		conn_close(c);
}

static void
publish(const struct request *r)
{
	struct conn *c, *next;
	size_t n = r->n_body < BODY ? r->n_body : BODY;
	unsigned place = ++newest % KEPT;

	memcpy(kept[place].body, r->body, n);
	kept[place].n = n;
	for (c = LIST_FIRST(&waiting); c != NULL; c = next) {
		next = LIST_NEXT(c, link);
		conn_answer(c, newest, kept[place].body, n);
	}
}

static bool
request_says(const struct request *r, const char *what)
{
	return memmem(r->params, r->n_params, what, strlen(what)) != NULL;
}

static void
subscribe(struct conn *c, const struct request *r)
{
	static const char name[] = "HTTP_IF_NONE_MATCH";
	const char *at = memmem(r->params, r->n_params, name, sizeof(name) - 1);
	unsigned had = at == NULL ? newest :
	    (unsigned)strtoul(at + sizeof(name) - 1, NULL, 10);

	if (had < newest) {
		had++;
		conn_answer(c, had, kept[had % KEPT].body, kept[had % KEPT].n);
		return;
	}
	c->waits = true;
	LIST_INSERT_HEAD(&waiting, c, link);
}

static void
request_serve(struct conn *c, const struct request *r)
{
	if (request_says(r, "?pub")) {
		publish(r);
		conn_answer(c, 0, "ok", 2);
	} else if (request_says(r, "?sub")) {
		subscribe(c, r);
	} else {
		conn_answer(c, 0, "ok", 2);
	}
}

/* True: whole.  Parameters and body of the fronts measured are one record each. */
static bool
request_read(struct conn *c, char *in, size_t n, struct request *r)
{
	const unsigned char *u;
	size_t at = 0, length;

	for (*r = (struct request){ .params = "", .body = "" }; at + 8 <= n; ) {
		u = (const unsigned char *)in + at;
		length = (size_t)u[4] << 8 | u[5];
		if (at + 8 + length + u[6] > n)
			return false;
		if (u[1] == FCGI_BEGIN) {
			c->id = (unsigned)u[2] << 8 | u[3];
			c->keep = (u[10] & 1) != 0;
		} else if (u[1] == FCGI_PARAMS && length > 0) {
			r->params = in + at + 8;
			r->n_params = length;
		} else if (u[1] == FCGI_STDIN && length > 0) {
			r->body = in + at + 8;
			r->n_body = length;
		} else if (u[1] == FCGI_STDIN) {
			return true;
		}
		at += 8 + length + u[6];
	}
	return false;
}

static void
conn_read(struct conn *c)
{
	char in[INPUT];
	struct request r;
	ssize_t got;

	if (c->n > 0)
		memcpy(in, c->early, c->n);
	got = recv(c->fd, in + c->n, sizeof(in) - c->n, MSG_DONTWAIT);
	if (got == -1 && errno == EAGAIN)
		return;
	if (got <= 0) {
		conn_close(c);
		return;
	}
	if (request_read(c, in, c->n + (size_t)got, &r)) {
		c->n = 0;
		request_serve(c, &r);
		return;
	}
	if (c->early == NULL && (c->early = malloc(INPUT)) == NULL)
		err(1, "malloc");
	c->n += (size_t)got;
	memcpy(c->early, in, c->n);
}

static void
conn_accept(int listener)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct conn *c;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) != -1) {
		if ((c = calloc(1, sizeof(*c))) == NULL)
			err(1, "calloc");
		c->fd = fd;
		e.data.ptr = c;
		epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
	}
}

static int
listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		errx(2, "%s: too long", path);
	strcpy(address.sun_path, path);
	unlink(path);
	if (fd == -1 || bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    listen(fd, 4096) == -1)
		err(1, "%s", path);
	return fd;
}

int
main(int argc, char **argv)
{
	int listener = argc > 1 ? listen_at(argv[1]) : 0, n, i;
	struct epoll_event e = { .events = EPOLLIN }, found[EVENTS];
	struct rlimit files;

	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	/* accept4() until there is no more needs a listener that does not wait */
	if (fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK) == -1 ||
	    (set = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    epoll_ctl(set, EPOLL_CTL_ADD, listener, &e) == -1)
		err(1, "listening");
	for (;;) {
		n = epoll_wait(set, found, EVENTS, -1);
		for (i = 0; i < n; i++) {
			if (found[i].data.ptr == NULL)
				conn_accept(listener);
			else
				conn_read(found[i].data.ptr);
		}
	}
}
