/*
 * v0.c - the addresses of Socket.IO 0.6
 *
 *     /TRANSPORT//T                a handshake, which is the first poll
 *     /TRANSPORT/SID/T             GET waits; JSONP has its index behind T
 *     /TRANSPORT/SID/send          POST says; JSONP as above
 *     /xhr-multipart/              a handshake without a T
 *     /websocket                   a WebSocket, and a handshake
 *
 * T is a time and means nothing.  The empty segment of a handshake may have been
 * merged away by a proxy; what stands in its place then is a time, which no sid
 * looks like.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "http/gateway_private.h"

enum { TIME_DIGITS = 13 };      /* of ms since 1970; a sid is longer */

static bool
is_time(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n == TIME_DIGITS;
}

/* Where the sid stands; an absent segment is an empty one. */
static const struct slice *
sid_find(const struct route_found *found)
{
	static const struct slice none = { "", 0 };

	return is_time(found->segments[1]) ? &none : &found->segments[1];
}

static struct slice
index_find(const struct route_found *found)
{
	size_t i = is_time(found->segments[1]) ? 2 : 3;

	return old_index(found->segments[i]);
}

static void
polling_serve(struct http_private *own, const struct query *query)
{
	if (slice_is(own->x->request.method, "POST"))
		post_serve(own, query);
	else if (!slice_is(own->x->request.method, "GET"))
		error_send(own, REFUSAL_METHOD, NULL);
	else if (query->sid.n > 0)
		poll_serve(own, query);
	else
		greet_serve(own, query);
}

/* The socket is the handshake.  Flash, which asked elsewhere, says the same. */
static void
websocket_serve(struct http_private *own, const struct query *query)
{
	if (own->live == NULL)
		error_send(own, REFUSAL_REQUEST, NULL);
	else
		greet_live(own, query);
}

void
v0_serve(struct http_private *own, const struct route_found *found,
    const struct query *asked)
{
	enum old_transport kind = old_transport(own, found->segments[0]);
	struct query query = *asked;

	if (kind == OLD_WEBSOCKET) {
		query.sid = query.j = SLICE_NONE;
		websocket_serve(own, &query);
		return;
	}
	query.sid = *sid_find(found);
	query.j = kind == OLD_JSONP ? index_find(found) : SLICE_NONE;
	if (kind == OLD_POLLING || kind == OLD_JSONP)
		polling_serve(own, &query);
	else if (kind == OLD_HTMLFILE)
		stream_serve(own, &query, own->codec->manners->htmlfile);
	else if (kind == OLD_MULTIPART)
		stream_serve(own, &query, own->codec->manners->multipart);
	else
		error_send(own, REFUSAL_TRANSPORT, NULL);
}
