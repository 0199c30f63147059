/*
 * origin.h - which pages may talk to us
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTTP_ORIGIN_H
#define HTTP_ORIGIN_H

#include "base/slice.h"

struct buf;

/* The option `origins`, read once.  Slices lie in the option's text. */
struct origin_rules {
	bool self;              /* the site itself */
	bool any;               /* "*" */
	struct slice *list;     /* "https://a.example", "b.example:8080" */
	size_t n;
	bool credentials;
};

enum origin_verdict {
	ORIGIN_OK,              /* allowed, or there is none */
	ORIGIN_REFUSED,
	ORIGIN_GARBLED          /* control characters: code 3 */
};

/* Which CORS headers an answer carries. */
enum cors {
	CORS_NONE,              /* `origins` names nobody else */
	CORS_STAR,
	CORS_LIST               /* the allowed origin is echoed; Vary */
};

void origin_init(struct origin_rules *rules, const char *origins,
    bool credentials);
void origin_fini(struct origin_rules *rules);

enum cors origin_cors(const struct origin_rules *rules);

/* host: of the Host header, perhaps with a port; port: the server's. */
enum origin_verdict origin_check(const struct origin_rules *rules,
    struct slice origin, struct slice host, struct slice port);

/* The lines that allow it, Vary not included.  origin: checked, or "*"; NULL:
 * nothing is allowed, no lines. */
void origin_headers(const struct origin_rules *rules, const char *origin,
    struct buf *headers);

#endif
