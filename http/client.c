/*
 * client.c - the client's script, from a folder
 *
 * The stock bundles of socket.io-client are not ours to ship inside a program;
 * they lie in the folder `client_dir`.  The bare address `socket.io.js` is the file
 * that `client` names; any other bundle beside it has its own name.  Pages that
 * shall keep their generation name a version, in one of these ways:
 *
 *     4.8.4/socket.io.min.js          as the network of socket.io has it
 *     socket.io-1.7.4.min.js          as it had it for 1.x
 *     socket.io.v0.9.17.js            as servers of 0.9 had it
 *     socket.io+websocket.js          theirs with some transports: it has them all
 *
 * A version is the sub-folder of that name (or a file with it in its name), or
 * else the newest sub-folder of its generation.
 *
 * Names come from route.c: letters, digits, dots, dashes and '+', never a dot in
 * front, so that nothing outside the folder can be named.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/mem.h"
#include "http/file.h"
#include "http/gateway_private.h"

enum { FILE_MAX = 16 << 20 };

static const struct slice stem = { "socket.io", 9 };

/* What an address means. */
struct wanted {
	struct slice version;           /* absent: none */
	struct slice name;              /* as it was asked for */
	struct slice tail;              /* of it, behind "socket.io" and a version */
	bool is_bundle;                 /* "+websocket": of 0.7 to 0.9 */
	bool is_exact;                  /* out: no other version was taken for it */
};

struct version {
	int64_t part[3];
};

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

/* ---- versions ---------------------------------------------------------------- */

static bool
version_read(struct slice text, struct version *v_r)
{
	struct slice part;
	size_t i;

	*v_r = (struct version){ { 0 } };
	for (i = 0; slice_cut(&text, '.', &part); i++)
		if (i == 3 || !slice_int64(part, &v_r->part[i]) || v_r->part[i] < 0)
			return false;
	return i == 3;
}

/* Whose clients say the same on the wire, and to the page. */
static int
version_generation(const struct version *v)
{
	if (v->part[0] == 0)
		return v->part[1] <= 6 ? 0 : 1;
	return v->part[0] == 3 ? 4 : v->part[0] < 3 ? (int)v->part[0] + 1 :
	    v->part[0] < 9 ? (int)v->part[0] : 9;
}

static bool
version_is_newer(const struct version *a, const struct version *b)
{
	size_t i;

	for (i = 0; i < 3; i++)
		if (a->part[i] != b->part[i])
			return a->part[i] > b->part[i];
	return false;
}

/* The newest sub-folder of this generation has the file, perhaps. */
static int
generation_open(const char *dir, int generation, struct slice tail,
    struct stat *st_r)
{
	struct version best = { { -1, 0, 0 } }, v;
	struct dirent *entry;
	DIR *folder;

	if ((folder = opendir(dir)) == NULL)
		return -1;
	while ((entry = readdir(folder)) != NULL)
		if (version_read(slice_str(entry->d_name), &v) &&
		    version_generation(&v) == generation &&
		    version_is_newer(&v, &best))
			best = v;
	closedir(folder);
	if (best.part[0] < 0)
		return -1;
	return file_open(mem_printf("%s/%d.%d.%d/socket.io%.*s", dir,
	    (int)best.part[0], (int)best.part[1], (int)best.part[2],
	    SLICE_ARGS(tail)), st_r);
}

/* ---- from an address to a file ------------------------------------------------- */

/* Where "X.Y.Z" ends that s begins with. */
static size_t
version_end(struct slice s)
{
	size_t n = 0, dots = 0;

	while (n < s.n && ((s.p[n] >= '0' && s.p[n] <= '9') ||
	    (s.p[n] == '.' && dots < 2)))
		dots += s.p[n++] == '.';
	return n;
}

static void
wanted_read(const struct route_found *found, struct wanted *w)
{
	struct slice version;

	*w = (struct wanted){ .version = found->version, .name = found->file,
	    .tail = slice_skip(found->file, stem.n), .is_exact = true };
	if (slice_starts(w->tail, SLICE("+"))) {
		w->is_bundle = true;
		w->tail = slice_skip(w->tail, slice_find(w->tail, '.'));
	}
	if (slice_starts(w->tail, SLICE(".v")))
		version = slice_skip(w->tail, 2);
	else if (slice_starts(w->tail, SLICE("-")))
		version = slice_skip(w->tail, 1);
	else
		return;
	version = slice_head(version, version_end(version));
	if (version.n > 0) {
		w->version = version;
		w->tail = slice_skip(found->file,
		    (size_t)(version.p + version.n - found->file.p));
	}
}

/* DIR/4.8.4/socket.io.min.js or DIR/socket.io-4.8.4.min.js, or as it was asked. */
static int
versioned_open(const char *dir, struct wanted *w, struct stat *st_r)
{
	bool is_licence = slice_is(w->name, "LICENSE");
	struct version version;
	int fd;

	fd = file_open(mem_printf("%s/%.*s/%s%.*s", dir, SLICE_ARGS(w->version),
	    is_licence ? "LICENSE" : "socket.io", SLICE_ARGS(w->tail)), st_r);
	if (fd >= 0 || is_licence)
		return fd;
	fd = file_open(mem_printf("%s/socket.io-%.*s%.*s", dir,
	    SLICE_ARGS(w->version), SLICE_ARGS(w->tail)), st_r);
	if (fd < 0 && w->name.n != stem.n + w->tail.n)
		fd = file_open(mem_printf("%s/%.*s", dir, SLICE_ARGS(w->name)), st_r);
	if (fd >= 0 || !version_read(w->version, &version))
		return fd;
	w->is_exact = false;
	return generation_open(dir, version_generation(&version), w->tail, st_r);
}

/* Beside the file that `client` names, or in the folder itself. */
static int
bare_open(const char *dir, const char *client, const struct wanted *w,
    struct stat *st_r)
{
	const char *slash = strchr(client, '/');
	int fd = -1;

	if (slice_is(w->name, "socket.io.js") && client[0] != '\0')
		return file_open(mem_printf("%s/%s", dir, client), st_r);
	if (slash != NULL)
		fd = file_open(mem_printf("%s/%.*s/%.*s", dir, (int)(slash - client),
		    client, SLICE_ARGS(w->name)), st_r);
	return fd >= 0 ? fd :
	    file_open(mem_printf("%s/%.*s", dir, SLICE_ARGS(w->name)), st_r);
}

static int
client_open(const struct conf *conf, struct wanted *w, struct stat *st_r)
{
	static const struct version some_bundle = { { 0, 9, 0 } };
	const char *dir = conf->client_dir;

	if (dir == NULL || dir[0] == '\0')
		return -1;
	if (w->version.n > 0)
		return versioned_open(dir, w, st_r);
	if (w->is_bundle)
		return generation_open(dir, version_generation(&some_bundle),
		    w->tail, st_r);
	return bare_open(dir, conf->client == NULL ? "" : conf->client, w, st_r);
}

static void
missing_send(struct http_private *own)
{
	dress_text(own, 404, "text/plain; charset=UTF-8",
	    "This client script is not installed.  Put the files of the folder "
	    "dist/ of\nthe npm package socket.io-client (socket.io.js, "
	    "socket.io.min.js ...) into the\nfolder that the option `client_dir` "
	    "of siogate.conf names, those of other\nversions into folders in it "
	    "that are called as the version, as 0.9.17.\n");
}

static void
file_send(struct http_private *own, const struct wanted *w, int fd,
    const struct stat *st)
{
	const char *type = slice_is(w->name, "LICENSE") ?
	    "text/plain; charset=utf-8" : slice_ends(w->name, SLICE(".map")) ?
	    "application/json" : "application/javascript; charset=utf-8";
	struct buf body = BUF_INIT;
	char tag[FILE_TAG_SIZE];

	file_tag(st, tag);
	own->cache = w->version.n > 0 && w->is_exact ? "public, max-age=86400" :
	    "public, max-age=0";
	buf_printf(&own->extra, "ETag: %s\r\n", tag);
	if (file_tag_is_known(http_header_get(&own->x->request, "If-None-Match"), tag))
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
	struct wanted wanted;
	struct stat st;
	int fd;

	gateway_origin(own);    /* for its CORS lines: scripts are for everybody */
	if (!slice_is(method, "GET") && !own->is_head) {
		buf_str(&own->extra, "Allow: GET, HEAD\r\n");
		dress_text(own, 405, NULL, "");
		return;
	}
	wanted_read(found, &wanted);
	if ((fd = client_open(own->gateway->conf, &wanted, &st)) < 0) {
		missing_send(own);
		return;
	}
	file_send(own, &wanted, fd, &st);
	close(fd);
}
