/*
 * old.c - the addresses of the clients before Engine.IO
 *
 * They say in the path what later ones say in the query.  What the path means is
 * each generation's own (v1.c); what stands here is what they share: the names of
 * their transports, and which of them are offered.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/conf.h"
#include "http/gateway_private.h"

/* In the order in which a client is to try them. */
static const struct {
	const char *name;
	enum old_transport transport;
} names[] = {
	{ "websocket",     OLD_WEBSOCKET },
	{ "flashsocket",   OLD_WEBSOCKET },
	{ "htmlfile",      OLD_HTMLFILE },
	{ "xhr-multipart", OLD_MULTIPART },
	{ "xhr-polling",   OLD_POLLING },
	{ "jsonp-polling", OLD_JSONP },
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static bool
is_offered(const struct http_private *own, size_t i)
{
	const struct gateway *g = own->gateway;

	switch (names[i].transport) {
	case OLD_POLLING:
		return g->has_polling;
	case OLD_JSONP:
		return g->has_jsonp;
	case OLD_HTMLFILE:
		return own->x->stream != NULL &&
		    own->codec->manners->htmlfile != NULL;
	case OLD_MULTIPART:
		return own->x->stream != NULL &&
		    own->codec->manners->multipart != NULL;
	case OLD_WEBSOCKET:
		return (slice_is(slice_str(names[i].name), "flashsocket") ?
		    g->has_flashsocket : g->has_websocket) &&
		    own->codec->message_next != NULL;
	case OLD__NONE:
		break;
	}
	return false;
}

enum old_transport
old_transport(const struct http_private *own, struct slice name)
{
	size_t i;

	for (i = 0; i < N_NAMES; i++)
		if (slice_is(name, names[i].name) && is_offered(own, i))
			return names[i].transport;
	return OLD__NONE;
}

void
old_transports(const struct http_private *own, bool with_sockets, struct buf *out)
{
	bool some = false;
	size_t i;

	buf_char(out, '[');
	for (i = 0; i < N_NAMES; i++) {
		if (!is_offered(own, i) ||
		    (!with_sockets && names[i].transport == OLD_WEBSOCKET))
			continue;
		buf_printf(out, "%s\"%s\"", some ? "," : "", names[i].name);
		some = true;
	}
	buf_char(out, ']');
}

struct slice
old_index(struct slice index)
{
	size_t i;

	for (i = 0; i < index.n; i++)
		if (index.p[i] < '0' || index.p[i] > '9')
			return SLICE("0");
	return index.n > 0 && index.n <= INDEX_MAX ? index : SLICE("0");
}

/* Who serves what begins so.  The codec says whether the generation is on. */
static const struct {
	bool is_number;         /* the first segment; else a transport's name */
	enum generation generation;
	void (*serve)(struct http_private *own, const struct route_found *found,
	    const struct query *query);
} doors[] = {
	{ true, GENERATION_V1, v1_serve },
	{ false, GENERATION_V0, v0_serve },
};

void
old_serve(struct http_private *own, const struct route_found *found)
{
	struct gateway *g = own->gateway;
	enum origin_verdict verdict = gateway_origin(own);
	char first = found->segments[0].p[0];
	bool is_number = first >= '0' && first <= '9';
	struct query query;
	size_t i;

	query_read(found->query, &g->query_scratch, &query);
	for (i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
		if (doors[i].is_number == is_number &&
		    g->codecs[doors[i].generation] != NULL)
			break;
	if (verdict == ORIGIN_OK && slice_is(own->x->request.method, "OPTIONS")) {
		preflight_serve(own);
		return;
	}
	if (i == sizeof(doors) / sizeof(doors[0])) {
		error_send(own, REFUSAL_VERSION, NULL);
		return;
	}
	own->codec = g->codecs[doors[i].generation];
	if (g->engine == NULL)
		status_broken(own);
	else if (verdict != ORIGIN_OK)
		error_send(own, REFUSAL_FORBIDDEN, NULL);
	else
		doors[i].serve(own, found, &query);
}
