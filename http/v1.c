/*
 * v1.c - the addresses of Socket.IO 0.7 to 0.9
 *
 *     /1/                          a handshake; `jsonp` is its index
 *     /1/TRANSPORT/SID             GET waits, POST says; `i` is the index
 *     /1/websocket/SID             takes the session over; flashsocket is the same
 *     /1/ANYTHING/SID?disconnect=1 goodbye, of a page that is being left
 *
 * A handshake may come with any method, as with the reference.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "http/gateway_private.h"

static void
handshake_serve(struct http_private *own, struct query *query)
{
	if (query->jsonp.n > 0 && slice_eq(old_index(query->jsonp), query->jsonp))
		query->j = query->jsonp;
	greet_serve(own, query);
}

/* Said in the client's place, so that its poll and its room hear of it. */
static void
leave_serve(struct http_private *own, const struct query *query)
{
	struct exchange *ex = &own->exchange;

	own->codec->frame_write(&own->memory, FRAME_CLOSE, SLICE_NONE);
	ex->body = buf_slice(&own->memory);
	if (!exchange_prepare(own, query, PURPOSE_LEAVE))
		return;
	exchange_begin(own);
	engine_post(own->gateway->engine, ex);
}

static void
session_serve(struct http_private *own, const struct query *query)
{
	if (slice_is(own->x->request.method, "GET"))
		poll_serve(own, query);
	else if (slice_is(own->x->request.method, "POST"))
		post_serve(own, query);
	else
		error_send(own, REFUSAL_METHOD, NULL);
}

void
v1_serve(struct http_private *own, const struct route_found *found,
    const struct query *asked)
{
	struct slice transport = found->segments[1], sid = found->segments[2];
	struct query query = *asked;
	enum old_transport kind;

	query.sid = sid;
	query.j = SLICE_NONE;
	if (!slice_is(found->segments[0], "1")) {
		error_send(own, REFUSAL_VERSION, NULL);
		return;
	}
	if (sid.n == 0 && transport.n == 0) {
		handshake_serve(own, &query);
		return;
	}
	if (query.disconnect.n > 0) {
		leave_serve(own, &query);
		return;
	}
	kind = old_transport(own, transport);
	if (kind == OLD_JSONP)
		query.j = old_index(asked->i);
	if (kind == OLD_POLLING || kind == OLD_JSONP)
		session_serve(own, &query);
	else if (kind == OLD_HTMLFILE && sid.n > 0)
		stream_serve(own, &query, own->codec->manners->htmlfile);
	else if (kind == OLD_WEBSOCKET && own->live != NULL)
		take_over_live(own, &query);
	else
		error_send(own, REFUSAL_TRANSPORT, NULL);
}
