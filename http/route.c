/*
 * route.c - the way from a request target to the one who serves it
 *
 * Only the raw target is believed: fronts merge slashes and decode in PATH_INFO,
 * and `/socket.io/xhr-polling//1300000000001` loses its empty segment there.
 *
 * The path is cut at its slashes first and each segment decoded by itself, once.
 * So "%2F" is a character of a name, never a separator, and a name that holds a
 * slash fits no route.
 *
 * The mount is the first run of segments that reads like a configured resource,
 * wherever it stands: a gateway in a sub-directory needs no configuration.  If
 * there is none, the program's own address may be used (`/cgi-bin/siogate.cgi/`).
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/slice.h"
#include "http/query.h"
#include "http/route.h"

enum { SEGMENTS_MAX = 32 };

struct path {
	struct slice segments[SEGMENTS_MAX];    /* decoded, empty ones too */
	size_t n;
};

/* Drops "scheme://authority" of an absolute-form target. */
static struct slice
path_of(struct slice target)
{
	size_t colon, i;

	if (target.n > 0 && target.p[0] == '/')
		return target;
	colon = slice_find(target, ':');
	if (target.n - colon < 3 || target.p[colon + 1] != '/' ||
	    target.p[colon + 2] != '/')
		return SLICE_NONE;
	for (i = colon + 3; i < target.n && target.p[i] != '/'; i++)
		;
	return slice_skip(target, i);
}

/* False: no path of ours has so many segments. */
static bool
path_split(struct slice raw, struct buf *scratch, struct path *path_r)
{
	struct slice segment;
	size_t from;

	path_r->n = 0;
	raw = slice_skip(raw, 1);       /* its first slash */
	while (slice_cut(&raw, '/', &segment)) {
		if (path_r->n == SEGMENTS_MAX)
			return false;
		from = scratch->n;
		if (slice_find(segment, '%') != segment.n) {
			percent_decode(scratch, segment, false);
			segment = slice_of(scratch->p + from, scratch->n - from);
		}
		path_r->segments[path_r->n++] = segment;
	}
	return true;
}

/* How many segments the resource takes at `at`; 0: it does not stand there. */
static size_t
resource_at(struct slice resource, const struct path *path, size_t at)
{
	struct slice name;
	size_t n = 0;

	while (slice_cut(&resource, '/', &name)) {
		if (name.n == 0)
			continue;
		if (at + n >= path->n || !slice_eq(path->segments[at + n], name))
			return 0;
		n++;
	}
	return n;
}

/* The program addressed itself: SCRIPT_NAME ends in a program's name. */
static size_t
script_at_start(struct slice script_name, const struct path *path)
{
	if (!slice_ends(script_name, SLICE(".fcgi")) &&
	    !slice_ends(script_name, SLICE(".cgi")))
		return 0;
	return resource_at(script_name, path, 0);
}

/* Index of the first segment behind the mount; 0: there is no mount. */
static size_t
mount_find(const struct slice *resources, size_t n_resources,
    struct slice script_name, const struct path *path)
{
	size_t at, i, n;

	for (at = 0; at < path->n; at++)
		for (i = 0; i < n_resources; i++)
			if ((n = resource_at(resources[i], path, at)) > 0)
				return at + n;
	return script_at_start(script_name, path);
}

static bool
is_bare(const struct slice *rest, size_t n)
{
	return n == 0 || (n == 1 && rest[0].n == 0);
}

static bool
is_digits(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/* Letters, digits, dots, dashes, '+'; no dot in front: never a way out. */
static bool
is_plain_name(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "0123456789._+-", s.p[i]) == NULL || s.p[i] == '\0')
			return false;
	return s.n > 0 && s.n <= 64 && s.p[0] != '.';
}

static bool
is_client(const struct slice *rest, size_t n)
{
	struct slice file = rest[n - 1];

	if (n == 2 && is_plain_name(rest[0]) && slice_is(file, "LICENSE"))
		return true;
	return n <= 2 && (n == 1 || is_plain_name(rest[0])) &&
	    is_plain_name(file) && slice_starts(file, SLICE("socket.io")) &&
	    (slice_ends(file, SLICE(".js")) || slice_ends(file, SLICE(".map")));
}

static bool
is_old(const struct slice *rest, size_t n)
{
	static const char *const transports[] = { "websocket", "flashsocket",
	    "htmlfile", "xhr-multipart", "xhr-polling", "jsonp-polling" };
	size_t i;

	(void)n;
	for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		if (slice_is(rest[0], transports[i]))
			return true;
	return is_digits(rest[0]);
}

/* In this order; every test but the first may look at rest[0]. */
static const struct {
	bool (*fits)(const struct slice *rest, size_t n);
	enum route route;
} rules[] = {
	{ is_bare,   ROUTE_ENGINE },
	{ is_client, ROUTE_CLIENT },
	{ is_old,    ROUTE_OLD },
};

void
route_find(const struct slice *resources, size_t n_resources,
    struct slice target, struct slice script_name, struct buf *scratch,
    struct route_found *found_r)
{
	struct slice raw, *rest;
	struct path path;
	size_t behind, n, i;

	*found_r = (struct route_found){ .route = ROUTE_NONE };
	found_r->query = target;
	if (!slice_cut(&found_r->query, '?', &raw))
		return;
	if ((raw = path_of(raw)).n == 0)
		return;
	buf_reserve(scratch, raw.n + 1);        /* decoded slices do not move */
	if (!path_split(raw, scratch, &path) || (behind =
	    mount_find(resources, n_resources, script_name, &path)) == 0)
		return;
	rest = path.segments + behind;
	n = path.n - behind;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!rules[i].fits(rest, n))
			continue;
		found_r->route = rules[i].route;
		if (found_r->route == ROUTE_OLD) {
			found_r->n_segments = n < OLD_SEGMENTS ? n : OLD_SEGMENTS;
			memcpy(found_r->segments, rest,
			    found_r->n_segments * sizeof(*rest));
		}
		if (found_r->route == ROUTE_CLIENT) {
			found_r->file = rest[n - 1];
			found_r->version = n == 2 ? rest[0] : SLICE_NONE;
		}
		return;
	}
}
