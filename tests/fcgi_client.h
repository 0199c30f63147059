/*
 * fcgi_client.h - a web server's side of FastCGI, by hand
 *
 * Records are built byte by byte, so that a test can send halves of them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TESTS_FCGI_CLIENT_H
#define TESTS_FCGI_CLIENT_H

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/slice.h"

enum { FCGI_ID = 7, PATIENCE_MS = 60000 };

static inline void
record_add(struct buf *out, int type, struct slice content)
{
	struct slice piece;

	do {
		piece = slice_head(content, 65535);
		buf_char(out, 1);
		buf_char(out, (char)type);
		buf_char(out, 0);
		buf_char(out, FCGI_ID);
		buf_char(out, (char)(piece.n >> 8));
		buf_char(out, (char)piece.n);
		buf_char(out, 0);
		buf_char(out, 0);
		buf_add(out, piece);
		content = slice_skip(content, piece.n);
	} while (content.n > 0);
}

static inline void
param_add(struct buf *out, const char *name, const char *value)
{
	size_t lengths[2] = { strlen(name), strlen(value) };
	int i;

	for (i = 0; i < 2; i++) {
		if (lengths[i] > 127) {
			buf_char(out, (char)(0x80 | lengths[i] >> 24));
			buf_char(out, (char)(lengths[i] >> 16));
			buf_char(out, (char)(lengths[i] >> 8));
		}
		buf_char(out, (char)lengths[i]);
	}
	buf_str(out, name);
	buf_str(out, value);
}

/* A whole request.  keep: the connection is to stay. */
static inline void
request_add(struct buf *out, const char *method, const char *target,
    struct slice body, bool keep)
{
	struct buf params = BUF_INIT;
	char length[24];

	record_add(out, 1, keep ? SLICE("\0\1\1\0\0\0\0\0") :
	    SLICE("\0\1\0\0\0\0\0\0"));
	snprintf(length, sizeof(length), "%zu", body.n);
	param_add(&params, "REQUEST_METHOD", method);
	param_add(&params, "REQUEST_URI", target);
	param_add(&params, "SCRIPT_NAME", "/socket.io");
	param_add(&params, "REMOTE_ADDR", "127.0.0.1");
	param_add(&params, "SERVER_NAME", "localhost");
	param_add(&params, "SERVER_PORT", "80");
	param_add(&params, "HTTP_HOST", "localhost");
	param_add(&params, "HTTP_USER_AGENT", "Mozilla/5.0 (X11; Linux x86_64; "
	    "rv:115.0) Gecko/20100101 Firefox/115.0 and a few words more, so "
	    "that it takes four bytes of length");
	if (body.n > 0) {
		param_add(&params, "CONTENT_TYPE", "text/plain;charset=UTF-8");
		param_add(&params, "CONTENT_LENGTH", length);
	}
	record_add(out, 4, buf_slice(&params));
	record_add(out, 4, SLICE(""));
	if (body.n > 0)
		record_add(out, 5, body);
	record_add(out, 5, SLICE(""));
	buf_free(&params);
}

static inline int
fcgi_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* False: the peer closed. */
static inline bool
fcgi_send(int fd, struct slice bytes)
{
	ssize_t n;

	while (bytes.n > 0) {
		if ((n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL)) <= 0)
			return false;
		bytes = slice_skip(bytes, (size_t)n);
	}
	return true;
}

/* What a response was; all zero at first. */
struct fcgi_answer {
	struct buf bytes;       /* as they came */
	struct buf content;     /* of its STDOUT records */
	bool is_whole;          /* END_REQUEST came */
	int status;
	struct slice body;
};

static inline void
answer_free(struct fcgi_answer *a)
{
	buf_free(&a->bytes);
	buf_free(&a->content);
	*a = (struct fcgi_answer){ .status = 0 };
}

static inline void
answer_parse(struct fcgi_answer *a)
{
	struct slice rest = buf_slice(&a->bytes);
	const unsigned char *u;
	const char *end;
	size_t n;

	for (; rest.n >= 8; rest = slice_skip(rest, n + 8 + u[6])) {
		u = (const unsigned char *)rest.p;
		n = (size_t)u[4] << 8 | u[5];
		if (rest.n < 8 + n + u[6])
			return;
		if (u[1] == 6)
			buf_add(&a->content, slice_of(rest.p + 8, n));
		if (u[1] != 3)
			continue;
		a->is_whole = u[3] == FCGI_ID;
		buf_char(&a->content, '\0');
		a->content.n--;
		if (slice_starts(buf_slice(&a->content), SLICE("Status: ")))
			a->status = atoi(a->content.p + 8);
		if ((end = strstr(a->content.p, "\r\n\r\n")) != NULL)
			a->body = slice_skip(buf_slice(&a->content),
			    (size_t)(end + 4 - a->content.p));
		return;
	}
}

/* Reads one response; false: the peer closed before its end, or said nothing
 * for a long time. */
static inline bool
fcgi_receive(int fd, struct fcgi_answer *a)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	answer_free(a);
	while (!a->is_whole) {
		if (poll(&p, 1, PATIENCE_MS) <= 0)
			return false;
		buf_reserve(&a->bytes, 65536);
		if ((n = recv(fd, a->bytes.p + a->bytes.n, 65536, 0)) <= 0)
			return false;
		a->bytes.n += (size_t)n;
		buf_reset(&a->content);
		answer_parse(a);
	}
	return true;
}

/* Whether the peer closes within our patience; takes what it says before. */
static inline bool
fcgi_is_closed(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char waste[4096];
	ssize_t n;

	do {
		if (poll(&p, 1, PATIENCE_MS) <= 0)
			return false;
		n = recv(fd, waste, sizeof(waste), 0);
	} while (n > 0);
	return true;
}

/* Whether something can be read, or the end, within ms. */
static inline bool
fcgi_is_readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

/* One request on one connection; the status, 0 if there was no answer. */
static inline int
fcgi_ask(const char *path, const char *method, const char *target,
    struct slice body, struct fcgi_answer *a)
{
	struct buf out = BUF_INIT;
	int fd = fcgi_connect(path);

	answer_free(a);
	if (fd == -1)
		return 0;
	request_add(&out, method, target, body, false);
	fcgi_send(fd, buf_slice(&out));
	fcgi_receive(fd, a);
	buf_free(&out);
	close(fd);
	return a->status;
}

#endif
