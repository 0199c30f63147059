/*
 * speaker.c - is it the site's own page that speaks, and as whom?
 *
 * Any page may make a browser send requests here, with the cookies of whoever
 * sits before it.  An application that sees those cookies would do for the page
 * what it does for its visitor.  So they go along only when the request comes from
 * the site itself, or from an origin that the option `origins` names: by Origin;
 * else by Sec-Fetch-Site; else (JSONP of older browsers) by Referer.  Who does
 * not say is anonymous, and `*` vouches for nobody.
 *
 * Only what some backend wants is kept: it lies in the store until it is sent.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/conf.h"
#include "base/mem.h"
#include "http/gateway_private.h"

enum { SAID_MAX = 16384 };              /* bytes of the headers of one request */

void
speaker_init(struct speaker_wants *wants, const struct conf *conf)
{
	const struct conf_section *section;
	const struct conf_line *line;

	*wants = (struct speaker_wants){ NULL, 0, false, false };
	for (section = conf->sections; section != NULL; section = section->next) {
		if (strcmp(section->kind, "backend") != 0)
			continue;
		wants->any = true;
		for (line = section->lines; line != NULL; line = line->next) {
			if (strcmp(line->name, "cookies") == 0)
				wants->cookies = true;
			if (strcmp(line->name, "headers") != 0)
				continue;
			wants->headers = mem_resize(wants->headers,
			    (wants->n + 1) * sizeof(*wants->headers));
			wants->headers[wants->n++] = line->value;
		}
	}
}

void
speaker_fini(struct speaker_wants *wants)
{
	free(wants->headers);
	wants->headers = NULL;
	wants->n = 0;
}

static bool
is_wanted(const struct speaker_wants *wants, struct slice name)
{
	struct slice rest, word;
	size_t i;

	if (wants->cookies && slice_eq_nocase(name, SLICE("cookie")))
		return true;
	for (i = 0; i < wants->n; i++) {
		rest = slice_str(wants->headers[i]);
		while (word_next(&rest, &word))
			if (slice_eq_nocase(word, name))
				return true;
	}
	return false;
}

/* scheme://host:port of an address. */
static struct slice
origin_of(struct slice url)
{
	size_t i, slashes = 0;

	for (i = 0; i < url.n; i++)
		if ((url.p[i] == '/' && ++slashes == 3) || url.p[i] == '?' ||
		    url.p[i] == '#')
			break;
	return slashes < 2 ? SLICE_NONE : slice_head(url, i);
}

static bool
is_same_site(const struct http_private *own)
{
	const struct http_request *request = &own->x->request;
	struct origin_rules rules = own->gateway->origins;
	struct slice origin = http_header_get(request, "Origin");
	struct slice site = http_header_get(request, "Sec-Fetch-Site");

	rules.any = false;
	rules.self = true;
	if (origin.n == 0 && site.n > 0)
		return slice_is(site, "same-origin");
	if (origin.n == 0)
		origin = origin_of(http_header_get(request, "Referer"));
	return origin.n > 0 && origin_check(&rules, origin, gateway_host(own),
	    request->port) == ORIGIN_OK;
}

static void
headers_take(struct http_private *own)
{
	const struct http_request *request = &own->x->request;
	const struct http_header *h;
	size_t i;

	for (i = 0; i < request->n_headers; i++) {
		h = &request->headers[i];
		if (!is_wanted(&own->gateway->wants, h->name) ||
		    own->said.n + h->value.n > SAID_MAX)
			continue;
		pack_add(&own->said, h->name);
		pack_add(&own->said, h->value);
	}
}

void
speaker_take(struct http_private *own)
{
	if (!own->gateway->wants.any)
		return;
	if (is_same_site(own)) {
		pack_add(&own->said, SLICE("s"));
		headers_take(own);
	} else {
		pack_add(&own->said, SLICE("a"));
	}
	own->exchange.says = buf_slice(&own->said);
}
