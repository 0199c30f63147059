/*
 * eio.c - an Engine.IO request finds its verb
 *
 * The order of checks is the reference's, since clients and their tests see it:
 * transport name, Origin, sid, transport and generation of the session; without
 * a sid: method, Upgrade, the application's check (here: Origin), version.  What
 * depends on the session is asked of the engine with probe_serve(), so that
 * an unknown sid is code 1 whatever else is wrong.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "http/gateway_private.h"

/* Offered here; websocket perhaps by another door, but its name is known. */
static bool
is_transport(const struct gateway *g, const struct query *query)
{
	if (slice_is(query->transport, "websocket"))
		return g->has_websocket;
	if (!slice_is(query->transport, "polling"))
		return false;
	return query->j.p != NULL ? g->has_jsonp : g->has_polling;
}

static const struct {
	const char *method;
	void (*serve)(struct http_private *own, const struct query *query);
} verbs[] = {
	{ "GET",  poll_serve },
	{ "POST", post_serve },
};

static void
session_serve(struct http_private *own, const struct query *query)
{
	size_t i;

	if (slice_is(query->transport, "websocket") && own->live != NULL &&
	    own->codec != NULL && own->codec->message_next != NULL) {
		take_over_live(own, query);
		return;
	}
	if (slice_is(query->transport, "websocket") || own->codec == NULL) {
		probe_serve(own, query, PURPOSE_MISMATCH);
		return;
	}
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (slice_is(own->x->request.method, verbs[i].method)) {
			verbs[i].serve(own, query);
			return;
		}
	}
	probe_serve(own, query, own->codec->traits.answers_options &&
	    slice_is(own->x->request.method, "OPTIONS") ?
	    PURPOSE_OPTIONS : PURPOSE_METHOD);
}

static void
handshake_serve(struct http_private *own, const struct query *query)
{
	bool is_get = slice_is(own->x->request.method, "GET");
	bool is_websocket = slice_is(query->transport, "websocket");

	if (!is_get)
		error_send(own, REFUSAL_METHOD, NULL);
	else if (is_websocket && own->live == NULL)
		error_send(own, REFUSAL_REQUEST, own->is_upgrade ?
		    "WebSocket is not served at this address" : NULL);
	else if (own->codec == NULL ||
	    (is_websocket && own->codec->message_next == NULL))
		error_send(own, REFUSAL_VERSION, NULL);
	else if (is_websocket)
		greet_live(own, query);
	else
		greet_serve(own, query);
}

void
eio_serve(struct http_private *own, const struct query *query,
    enum origin_verdict verdict)
{
	own->codec = gateway_codec(own->gateway, query);
	if (!is_transport(own->gateway, query))
		error_send(own, REFUSAL_TRANSPORT, NULL);
	else if (verdict == ORIGIN_GARBLED)
		error_send(own, REFUSAL_REQUEST, NULL);
	else if (verdict == ORIGIN_REFUSED)
		error_send(own, REFUSAL_FORBIDDEN,
		    "Origin not allowed, see the option `origins`");
	else if (query->sid.n > 0)
		session_serve(own, query);
	else
		handshake_serve(own, query);
}
