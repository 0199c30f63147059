/*
 * route.h - which of our doors a request target means
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "base/slice.h"

struct buf;

enum route {
	ROUTE_NONE,             /* not ours: 404 */
	ROUTE_ENGINE,           /* the mount itself: Engine.IO, or a curious visitor */
	ROUTE_CLIENT,           /* the client's script */
	ROUTE_OLD               /* a path of the 0.6 to 0.9 clients */
};

enum { OLD_SEGMENTS = 5 };

struct route_found {
	enum route route;
	struct slice query;             /* raw; absent: none */
	struct slice version, file;     /* CLIENT: decoded; version may be absent */
	/* OLD: what stands behind the mount, decoded, empty ones too; further ones
	 * are left out, those that are not there are empty. */
	struct slice segments[OLD_SEGMENTS];
	size_t n_segments;
};

/*
 * Finds the mount in a raw request target.  resources: names, possibly of
 * several segments.  Slices lie in target or in scratch.
 */
void route_find(const struct slice *resources, size_t n_resources,
    struct slice target, struct slice script_name, struct buf *scratch,
    struct route_found *found_r);

#endif
