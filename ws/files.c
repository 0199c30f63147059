/*
 * files.c - a folder of static files, for a demo without a web server
 *
 * Not a web server: a file is read whole, and no file is larger than 16 MB.  A
 * path is walked segment by segment below the folder's descriptor: no segment
 * may begin with a dot (so neither ".." nor a hidden file is ever named), and
 * none may be a symbolic link.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/file.h"
#include "http/http.h"
#include "ws/files.h"
#include "ws/request.h"

#define FILE_MAX ((off_t)16 << 20)

struct files {
	int folder;
};

static const struct {
	const char *ending, *type;
} types[] = {
	{ ".html",  "text/html; charset=utf-8" },
	{ ".js",    "text/javascript; charset=utf-8" },
	{ ".mjs",   "text/javascript; charset=utf-8" },
	{ ".css",   "text/css; charset=utf-8" },
	{ ".json",  "application/json" },
	{ ".map",   "application/json" },
	{ ".txt",   "text/plain; charset=utf-8" },
	{ ".svg",   "image/svg+xml" },
	{ ".png",   "image/png" },
	{ ".jpg",   "image/jpeg" },
	{ ".gif",   "image/gif" },
	{ ".webp",  "image/webp" },
	{ ".ico",   "image/vnd.microsoft.icon" },
	{ ".woff2", "font/woff2" },
	{ ".wasm",  "application/wasm" },
};

enum rc
files_open(const char *folder, struct files **files_r, char **error_r)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*files_r = NULL;
	if (fd == -1) {
		*error_r = mem_printf("%s: %s", folder, strerror(errno));
		return RC_IO;
	}
	*files_r = mem_alloc(sizeof(**files_r));
	(*files_r)->folder = fd;
	return RC_OK;
}

void
files_close(struct files **files)
{
	if (*files == NULL)
		return;
	close((*files)->folder);
	free(*files);
	*files = NULL;
}

/* ---- from a target to a file ---------------------------------------------------- */

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes a segment once; false: it cannot be a file's name here. */
static bool
segment_read(struct slice raw, char *name, size_t size)
{
	size_t n = 0, i;

	for (i = 0; i < raw.n; i++) {
		char c = raw.p[i];

		if (c == '%') {
			if (i + 2 >= raw.n || hex(raw.p[i + 1]) < 0 ||
			    hex(raw.p[i + 2]) < 0)
				return false;
			c = (char)(hex(raw.p[i + 1]) << 4 | hex(raw.p[i + 2]));
			i += 2;
		}
		if (c == '\0' || c == '/' || n + 1 >= size)
			return false;
		name[n++] = c;
	}
	name[n] = '\0';
	return n > 0 && name[0] != '.';
}

/* The path of a target, without scheme, host, query and fragment. */
static struct slice
path_of(struct slice target)
{
	struct slice path;
	size_t i;

	if (slice_starts(target, SLICE("http://")) ||
	    slice_starts(target, SLICE("https://"))) {
		target = slice_skip(target, slice_find(target, ':') + 3);
		target = slice_skip(target, slice_find(target, '/'));
	}
	for (i = 0; i < target.n && target.p[i] != '?' && target.p[i] != '#'; i++)
		;
	path = slice_head(target, i);
	return path.n == 0 ? SLICE("/") : path;
}

static int
step_into(int at, const char *name, bool is_last, int folder)
{
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK |
	    (is_last ? 0 : O_DIRECTORY));

	if (at != folder)
		close(at);
	return fd;
}

/* -1: there is nothing.  name_r: of the last segment that was opened. */
static int
path_open(int folder, struct slice path, char name_r[256])
{
	struct slice rest = slice_skip(path, 1), segment;
	int at = folder;

	name_r[0] = '\0';
	if (path.n == 0 || path.p[0] != '/')
		return -1;
	while (at != -1 && slice_cut(&rest, '/', &segment)) {
		if (rest.p == NULL && segment.n == 0)
			segment = SLICE("index.html");
		if (!segment_read(segment, name_r, 256)) {
			if (at != folder)
				close(at);
			return -1;
		}
		at = step_into(at, name_r, rest.p == NULL, folder);
	}
	return at == folder ? -1 : at;
}

/* ---- answers ------------------------------------------------------------------------ */

static void
text_send(struct http_response *response, int status, const char *text)
{
	response->status = status;
	buf_str(&response->body, text);
	buf_printf(&response->headers, "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: %zu\r\n", response->body.n);
}

/* A folder is served under its name with a slash, so that what its page names
 * is found. */
static void
slash_send(struct http_response *response, struct slice path)
{
	/* One slash: with two it would be the name of another host. */
	while (path.n > 1 && path.p[1] == '/')
		path = slice_skip(path, 1);
	buf_str(&response->headers, "Location: ");
	buf_add(&response->headers, path);
	buf_str(&response->headers, "/\r\n");
	text_send(response, 301, "This is a folder.\n");
}

static const char *
type_of(const char *name)
{
	size_t i;

	for (i = 0; i < N_ELEMENTS(types); i++)
		if (slice_ends(slice_str(name), slice_str(types[i].ending)))
			return types[i].type;
	return "application/octet-stream";
}

static void
file_send(struct http_response *response, const struct request *request, int fd,
    const struct stat *st, const char *name)
{
	char tag[FILE_TAG_SIZE];

	if (st->st_size > FILE_MAX) {
		log_warn("ws", "static_dir: %s is larger than 16 MB: not served", name);
		text_send(response, 404, "This file is too large to be served.\n");
		return;
	}
	file_tag(st, tag);
	buf_printf(&response->headers, "ETag: %s\r\nCache-Control: no-cache\r\n"
	    "X-Content-Type-Options: nosniff\r\n", tag);
	if (file_tag_is_known(request_header(request, "If-None-Match"), tag)) {
		response->status = 304;
		response->has_body = false;
		return;
	}
	if (!file_read(fd, (size_t)st->st_size, &response->body)) {
		buf_reset(&response->body);
		text_send(response, 500, "This file cannot be read.\n");
		return;
	}
	response->status = 200;
	buf_printf(&response->headers, "Content-Type: %s\r\nContent-Length: %zu\r\n",
	    type_of(name), response->body.n);
}

void
files_serve(struct files *files, const struct request *request,
    struct http_response *response_r)
{
	bool is_head = slice_is(request->method, "HEAD");
	struct slice path = path_of(request->target);
	char name[256];
	struct stat st;
	int fd;

	*response_r = (struct http_response){ .has_body = !is_head };
	if (!is_head && !slice_is(request->method, "GET")) {
		buf_str(&response_r->headers, "Allow: GET, HEAD\r\n");
		text_send(response_r, 405, "Files are read with GET or HEAD.\n");
		return;
	}
	fd = path_open(files->folder, path, name);
	if (fd == -1 || fstat(fd, &st) == -1 ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		text_send(response_r, 404, "There is no such file.\n");
	else if (S_ISDIR(st.st_mode))
		slash_send(response_r, path);
	else
		file_send(response_r, request, fd, &st, name);
	if (fd != -1)
		close(fd);
}
