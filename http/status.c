/*
 * status.c - what somebody sees who opens the mount in a browser
 *
 * Programs get the reference's JSON error.  A browser (it accepts text/html)
 * gets a page that says whether siogate works, and which check failed.  Paths,
 * numbers and full reasons are shown only to who knows `status_key`.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/conf.h"
#include "base/random.h"
#include "http/gateway_private.h"

bool
status_wanted(const struct http_private *own, const struct query *query)
{
	struct slice accept, item, type;

	if (query->transport.p != NULL || query->eio.p != NULL ||
	    query->sid.p != NULL || (!own->is_head &&
	    !slice_is(own->x->request.method, "GET")))
		return false;
	accept = http_header_get(&own->x->request, "Accept");
	while (slice_cut(&accept, ',', &item))
		if (slice_cut(&item, ';', &type) &&
		    slice_eq_nocase(slice_trim(type), SLICE("text/html")))
			return true;
	return false;
}

static void
html_add(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			buf_str(out, "&amp;");
			break;
		case '<':
			buf_str(out, "&lt;");
			break;
		case '>':
			buf_str(out, "&gt;");
			break;
		default:
			buf_char(out, *text);
		}
	}
}

static void
row_write(struct buf *out, const char *name, const char *value)
{
	buf_str(out, "<tr><th>");
	html_add(out, name);
	buf_str(out, "</th><td>");
	html_add(out, value == NULL || value[0] == '\0' ? "-" : value);
	buf_str(out, "</td></tr>\n");
}

static void
refused_write(struct buf *out, struct engine *engine)
{
	int64_t counts[TALLY__COUNT];
	char name[64], number[24];
	size_t i;

	engine_tallies(engine, counts);
	for (i = 0; i < TALLY__COUNT; i++) {
		if (counts[i] == 0)
			continue;
		snprintf(name, sizeof(name), "refused: %s", tally_rows[i].name);
		snprintf(number, sizeof(number), "%" PRId64, counts[i]);
		row_write(out, name, number);
	}
}

static void
details_write(struct buf *out, const struct gateway *g)
{
	char number[24];

	buf_str(out, "<table>\n");
	row_write(out, "configuration",
	    g->conf->path == NULL ? "none found: defaults" : g->conf->path);
	row_write(out, "store", g->conf->store);
	row_write(out, "client_dir", g->conf->client_dir);
	row_write(out, "modules", g->conf->modules);
	row_write(out, "origins", g->conf->origins);
	if (g->engine != NULL) {
		snprintf(number, sizeof(number), "%zu", engine_parked(g->engine));
		row_write(out, "polls held by this process", number);
		snprintf(number, sizeof(number), "%" PRIu64,
		    engine_encoded(g->engine));
		row_write(out, "records it has encoded", number);
		refused_write(out, g->engine);
	}
	if (g->detail != NULL)
		row_write(out, "reason", g->detail);
	buf_str(out, "</table>\n");
}

static bool
has_key(const struct gateway *g, const struct query *query)
{
	struct slice key = slice_str(g->conf->status_key);

	return key.n > 0 && query->key.p != NULL &&
	    slice_eq_secret(key, query->key);
}

void
status_serve(struct http_private *own, const struct query *query)
{
	const struct gateway *g = own->gateway;
	struct buf page = BUF_INIT;

	buf_str(&page, "<!doctype html>\n<html lang=\"en\"><head>"
	    "<meta charset=\"utf-8\"><meta name=\"robots\" content=\"noindex\">"
	    "<title>siogate</title>\n<style>body{font:16px/1.5 sans-serif;"
	    "max-width:40em;margin:4em auto;padding:0 1em}th{text-align:left;"
	    "padding-right:1em}code{background:#eee;padding:0 .3em}</style>"
	    "</head><body>\n");
	if (g->engine != NULL) {
		buf_str(&page, "<h1>siogate runs</h1>\n<p>This is the address of "
		    "a Socket.IO server (siogate " PACKAGE_VERSION "). Every "
		    "check at its start passed.</p>\n");
	} else {
		buf_str(&page, "<h1>siogate cannot serve</h1>\n<p>The program "
		    "(siogate " PACKAGE_VERSION ") was started by the web server, "
		    "but a check failed: <code>");
		html_add(&page, g->broken);
		buf_str(&page, "</code>. The log has the whole reason. It tries "
		    "again by itself.</p>\n");
		buf_str(&own->extra, "Retry-After: 5\r\n");
	}
	if (has_key(g, query))
		details_write(&page, g);
	buf_str(&page, "</body></html>\n");
	buf_str(&own->extra, "Content-Security-Policy: default-src 'none'; "
	    "style-src 'unsafe-inline'\r\n");
	dress_send(own, g->engine != NULL ? 200 : 503,
	    "text/html; charset=utf-8", &page);
	buf_free(&page);
}

void
status_broken(struct http_private *own)
{
	struct buf body = BUF_INIT;

	buf_printf(&body, "siogate cannot serve: %s\n", own->gateway->broken);
	buf_str(&own->extra, "Retry-After: 5\r\n");
	dress_send(own, 503, "text/plain; charset=UTF-8", &body);
	buf_free(&body);
}
