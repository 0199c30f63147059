/*
 * origin.c - same host and port, or on the list
 *
 * Browsers let any page send requests anywhere; only the answer is kept from a
 * foreign page, and for JSONP and WebSocket not even that.  So the server has to
 * look: by default a page must come from the host and port that it talks to.
 * The scheme is ignored, since a TLS proxy hides it.  A request without Origin
 * passes: same-origin GETs carry none, nor does a program.
 *
 * An Origin without a scheme ("example.com:8080") is no browser's; it is what `ws`
 * 0.4, the WebSocket of 0.9 in node, says of the server that it calls.  It names
 * the site itself as one with a scheme does, but for "null", which is what a
 * browser says of a page from nowhere, whatever the site is called.
 *
 * Ports.  A Host header without a port may mean the default port, a front that
 * strips it (then the server's own port tells), or a TLS proxy in front of
 * another port (then nobody knows): an Origin without a port fits it always, an
 * Origin with one must name the server's.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/gateway_private.h"
#include "http/origin.h"

struct site {
	struct slice scheme, host, port;        /* scheme, port: absent if not given */
};

/* "https://host:port", "host:port" or "[::1]:port". */
static struct site
site_parse(struct slice s)
{
	struct site site = { SLICE_NONE, s, SLICE_NONE };
	size_t i;

	for (i = 0; i + 2 < s.n; i++) {
		if (memcmp(s.p + i, "://", 3) != 0)
			continue;
		site.scheme = slice_head(s, i);
		site.host = s = slice_skip(s, i + 3);
		break;
	}
	for (i = s.n; i > 0 && s.p[i - 1] >= '0' && s.p[i - 1] <= '9'; i--)
		;
	if (i > 0 && s.p[i - 1] == ':' && i < s.n) {
		site.host = slice_head(s, i - 1);
		site.port = slice_skip(s, i);
	}
	return site;
}

static bool
is_default_port(struct slice port)
{
	return port.p == NULL || slice_is(port, "80") || slice_is(port, "443");
}

static bool
is_same_site(struct slice origin, struct slice host, struct slice port)
{
	struct site theirs = site_parse(origin), ours = site_parse(host);

	if (ours.host.n == 0 || slice_is(origin, "null") ||
	    !slice_eq_nocase(theirs.host, ours.host))
		return false;
	if (theirs.port.p != NULL && ours.port.p != NULL)
		return slice_eq(theirs.port, ours.port);
	if (ours.port.p != NULL)
		return is_default_port(ours.port);
	return is_default_port(theirs.port) || slice_eq(theirs.port, port);
}

/* An entry without a scheme allows every scheme. */
static bool
is_entry(struct slice entry, struct slice origin)
{
	struct site want = site_parse(entry), got = site_parse(origin);

	if (slice_eq_nocase(entry, origin))     /* "null", too */
		return true;
	if (got.scheme.p == NULL || (want.scheme.p != NULL &&
	    !slice_eq_nocase(want.scheme, got.scheme)))
		return false;
	if (!slice_eq_nocase(want.host, got.host))
		return false;
	return slice_eq(want.port, got.port) ||
	    (is_default_port(want.port) && is_default_port(got.port));
}

void
origin_init(struct origin_rules *rules, const char *origins, bool credentials)
{
	struct slice rest = slice_str(origins), word;

	*rules = (struct origin_rules){ .credentials = credentials };
	while (word_next(&rest, &word)) {
		if (slice_is(word, "self")) {
			rules->self = true;
		} else if (slice_is(word, "*")) {
			rules->any = true;
		} else {
			/* A slash behind an origin is a common slip. */
			if (slice_ends(word, SLICE("/")))
				word = slice_head(word, word.n - 1);
			rules->list = mem_resize(rules->list,
			    (rules->n + 1) * sizeof(*rules->list));
			rules->list[rules->n++] = word;
		}
	}
	if (!rules->any && rules->n == 0)
		rules->self = true;
}

void
origin_fini(struct origin_rules *rules)
{
	free(rules->list);
	*rules = (struct origin_rules){ .self = true };
}

enum cors
origin_cors(const struct origin_rules *rules)
{
	/* "*" with credentials is refused by browsers: echo instead. */
	if (rules->any && !rules->credentials)
		return CORS_STAR;
	return rules->any || rules->n > 0 ? CORS_LIST : CORS_NONE;
}

enum origin_verdict
origin_check(const struct origin_rules *rules, struct slice origin,
    struct slice host, struct slice port)
{
	size_t i;

	if (origin.n == 0)
		return ORIGIN_OK;
	for (i = 0; i < origin.n; i++)
		if (((unsigned char)origin.p[i] < 0x20 && origin.p[i] != '\t') ||
		    origin.p[i] == 0x7f)
			return ORIGIN_GARBLED;
	if (rules->any || (rules->self && is_same_site(origin, host, port)))
		return ORIGIN_OK;
	for (i = 0; i < rules->n; i++)
		if (is_entry(rules->list[i], origin))
			return ORIGIN_OK;
	return ORIGIN_REFUSED;
}

void
origin_headers(const struct origin_rules *rules, const char *origin,
    struct buf *headers)
{
	if (origin == NULL)
		return;
	buf_str(headers, "Access-Control-Allow-Origin: ");
	buf_str(headers, origin);
	buf_str(headers, "\r\n");
	if (origin_cors(rules) == CORS_LIST && rules->credentials)
		buf_str(headers, "Access-Control-Allow-Credentials: true\r\n");
}
