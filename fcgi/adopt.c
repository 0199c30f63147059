/*
 * adopt.c - the one file that knows libfcgi's request from inside
 *
 * We own the accept and the descriptor, libfcgi parses.  Three fields below its
 * "don't use" line are set for that (unchanged from 2.4.1 to 2.4.7): ipcFd, so
 * that FCGX_Accept_r() does not accept; listen_sock = -1, so that it does not
 * fall into accept() after a broken connection; keepConnection, so that its
 * implicit finish does not close what was just adopted.  FCGX_Detach() keeps it
 * from lingering two seconds when it does close.
 *
 * libfcgi reads until it has what it wants, however long that takes.  So it gets
 * a descriptor only when intake.c has seen the whole request: the connection
 * itself when all of it waits there (nearly always), else a memory file with
 * the pieces that came one by one.
 *
 * Its writers are not used: they block on a front that does not read, and would
 * cost 8.7 KB for each parked poll.  The three records of an answer come from
 * intake.c, and so a request is over for libfcgi before it is parked.
 *
 * Must stay true: libfcgi never owns a connection's descriptor after these
 * functions return.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "fcgi/adopt.h"

/* Requests are read one after the other: one is enough. */
static FCGX_Request request;

/* As far as it is never used it takes no memory. */
static char peeked[64 * 1024];

void
adopt_init(void)
{
	FCGX_Init();
}

void
adopt_fini(struct adopt *a)
{
	buf_free(&a->bytes);
	a->intake = (struct intake){ .at = 0 };
}

/* Lets libfcgi read one whole request from *fd.  It leaves it open, unless it
 * cannot read: then *fd is closed, and -1. */
static enum rc
parse(int *fd, size_t n_body, struct buf *body)
{
	int copy, got;

	FCGX_InitRequest(&request, -1, 0);
	request.ipcFd = *fd;
	request.keepConnection = 1;
	FCGX_Detach(&request);
	if (FCGX_Accept_r(&request) != 0) {
		*fd = -1;
		return RC_BAD_INPUT;
	}
	buf_reserve(body, n_body + 1);
	copy = n_body > INT32_MAX / 2 ? INT32_MAX / 2 : (int)n_body;
	/* One more than there is: its end is read, too. */
	got = FCGX_GetStr(body->p + body->n, copy + 1, request.in);
	if (got != copy || FCGX_GetError(request.in) != 0) {
		adopt_release();
		return RC_BAD_INPUT;
	}
	body->n += (size_t)got;
	return RC_OK;
}

void
adopt_release(void)
{
	request.ipcFd = -1;     /* the connection's, not libfcgi's */
	FCGX_Free(&request, 0);
}

static void
adopted_fill(const struct intake *in, struct adopted *adopted_r)
{
	adopted_r->envp = request.envp;
	adopted_r->id = in->id;
	adopted_r->keep = request.keepConnection != 0;
	adopted_r->too_big = in->too_big;
}

/* The pieces as a file: libfcgi reads it to its end and never waits. */
static enum rc
pieces_parse(struct adopt *a, struct buf *body, struct adopted *adopted_r)
{
	struct slice left = slice_head(buf_slice(&a->bytes), a->intake.at);
	int fd = memfd_create("siogate-request", MFD_CLOEXEC);
	enum rc rc = RC_BAD_INPUT;
	ssize_t n;

	if (fd == -1) {
		log_error("fcgi", "memfd_create: %s", strerror(errno));
		return RC_BAD_INPUT;
	}
	while (left.n > 0 && (n = write(fd, left.p, left.n)) > 0)
		left = slice_skip(left, (size_t)n);
	if (left.n == 0 && lseek(fd, 0, SEEK_SET) == 0)
		rc = parse(&fd, a->intake.body, body);
	if (rc == RC_OK)
		adopted_fill(&a->intake, adopted_r);
	if (fd != -1)
		close(fd);
	adopt_fini(a);
	return rc;
}

/* What waits, without taking it.  RC_AGAIN: nothing. */
static enum rc
peek(int fd, size_t *n_r)
{
	ssize_t n = recv(fd, peeked, sizeof(peeked), MSG_PEEK);

	*n_r = n < 0 ? 0 : (size_t)n;
	if (n > 0)
		return RC_OK;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? RC_AGAIN : RC_GONE;
}

/* A piece is here: take it, but nothing of a request behind this one. */
static enum rc
piece_take(struct adopt *a, int fd, size_t max_body)
{
	size_t n;
	enum rc rc;

	if ((rc = peek(fd, &n)) != RC_OK)
		return rc;
	buf_add(&a->bytes, slice_of(peeked, n));
	rc = intake_walk(&a->intake, &a->bytes, max_body);
	if (rc == RC_OK)
		n -= a->bytes.n - a->intake.at;
	return recv(fd, peeked, n, 0) == (ssize_t)n ? rc : RC_GONE;
}

enum rc
adopt_read(struct adopt *a, int *fd, size_t max_body, struct buf *body,
    struct adopted *adopted_r)
{
	struct buf all = { peeked, 0, sizeof(peeked) };
	struct intake in = { .at = 0 };
	size_t n;
	enum rc rc;

	if (a->bytes.n == 0) {
		if ((rc = peek(*fd, &n)) != RC_OK)
			return rc;
		all.n = n;
		rc = intake_walk(&in, &all, max_body);
		if (rc == RC_GONE || rc == RC_BAD_INPUT)
			return rc;
		if (rc == RC_OK && in.at == n && !in.too_big) {
			if ((rc = parse(fd, in.body, body)) == RC_OK)
				adopted_fill(&in, adopted_r);
			return rc;
		}
	}
	rc = piece_take(a, *fd, max_body);
	return rc == RC_OK ? pieces_parse(a, body, adopted_r) : rc;
}
