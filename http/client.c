/*
 * client.c - the client's script, from a folder
 *
 * The stock bundle of socket.io-client is not ours to ship inside a program; it
 * lies in the folder `client_dir`.  The bare address `socket.io.js` is the file
 * that `client` names; any other bundle has its own name; an address with a
 * version is a sub-folder of that name, or a file with the version in its name.
 *
 * Names come from route.c: letters, digits, dots and dashes, never a dot in
 * front, so that nothing outside the folder can be named.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/mem.h"
#include "http/gateway_private.h"

enum { FILE_MAX = 16 << 20 };

static int
file_open(char *path, struct stat *st_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	free(path);
	if (fd >= 0 && fstat(fd, st_r) == 0 && S_ISREG(st_r->st_mode) &&
	    st_r->st_size <= FILE_MAX)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* DIR/4.8.4/socket.io.min.js or DIR/socket.io-4.8.4.min.js */
static int
versioned_open(const char *dir, struct slice version, struct slice file,
    struct stat *st_r)
{
	static const struct slice stem = { "socket.io", 9 };
	int fd;

	fd = file_open(mem_printf("%s/%.*s/%.*s", dir, SLICE_ARGS(version),
	    SLICE_ARGS(file)), st_r);
	if (fd >= 0)
		return fd;
	return file_open(mem_printf("%s/%.*s-%.*s%.*s", dir, SLICE_ARGS(stem),
	    SLICE_ARGS(version), SLICE_ARGS(slice_skip(file, stem.n))), st_r);
}

static int
client_open(const struct conf *conf, const struct route_found *found,
    struct stat *st_r)
{
	const char *dir = conf->client_dir;

	if (dir == NULL || dir[0] == '\0')
		return -1;
	if (found->version.p != NULL)
		return versioned_open(dir, found->version, found->file, st_r);
	if (slice_is(found->file, "socket.io.js") && conf->client != NULL &&
	    conf->client[0] != '\0')
		return file_open(mem_printf("%s/%s", dir, conf->client), st_r);
	return file_open(mem_printf("%s/%.*s", dir, SLICE_ARGS(found->file)), st_r);
}

static bool
file_read(int fd, size_t size, struct buf *body)
{
	ssize_t got;

	buf_reserve(body, size);
	while (body->n < size) {
		got = read(fd, body->p + body->n, size - body->n);
		if (got <= 0)
			return false;
		body->n += (size_t)got;
	}
	return true;
}

/* If-None-Match: a list of tags, or "*". */
static bool
is_known(struct slice known, const char *tag)
{
	struct slice each;

	while (slice_cut(&known, ',', &each)) {
		each = slice_trim(each);
		if (slice_is(each, "*") || slice_is(each, tag) ||
		    slice_is(each, tag + 2))    /* without W/ */
			return true;
	}
	return false;
}

static void
missing_send(struct http_private *own)
{
	dress_text(own, 404, "text/plain; charset=UTF-8",
	    "This client script is not installed.  Put the files of the folder "
	    "dist/ of\nthe npm package socket.io-client (socket.io.js, "
	    "socket.io.min.js ...) into the\nfolder that the option `client_dir` "
	    "of siogate.conf names.\n");
}

static void
file_send(struct http_private *own, const struct route_found *found, int fd,
    const struct stat *st)
{
	const char *type = slice_ends(found->file, SLICE(".map")) ?
	    "application/json" : "application/javascript; charset=utf-8";
	struct buf body = BUF_INIT;
	char tag[64];

	snprintf(tag, sizeof(tag), "W/\"%" PRIx64 "-%" PRIx64 "-%lx\"",
	    (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
	    st->st_mtim.tv_nsec);
	own->cache = found->version.p != NULL ? "public, max-age=86400" :
	    "public, max-age=0";
	buf_printf(&own->extra, "ETag: %s\r\n", tag);
	if (is_known(http_header_get(&own->x->request, "If-None-Match"), tag))
		dress_text(own, 304, NULL, "");
	else if (file_read(fd, (size_t)st->st_size, &body))
		dress_send(own, 200, type, &body);
	else
		dress_text(own, 500, NULL, "");
	buf_free(&body);
}

void
client_serve(struct http_private *own, const struct route_found *found)
{
	struct slice method = own->x->request.method;
	struct stat st;
	int fd;

	gateway_origin(own);    /* for its CORS lines: scripts are for everybody */
	if (!slice_is(method, "GET") && !own->is_head) {
		buf_str(&own->extra, "Allow: GET, HEAD\r\n");
		dress_text(own, 405, NULL, "");
		return;
	}
	if ((fd = client_open(own->gateway->conf, found, &st)) < 0) {
		missing_send(own);
		return;
	}
	file_send(own, found, fd, &st);
	close(fd);
}
