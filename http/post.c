/*
 * post.c - a POST that says something
 *
 * XHR sends the payload as text/plain or as an octet-stream, JSONP as a form with
 * one field, which each generation escapes in its own way.  A session of a generation without octet-streams ends when it is
 * sent one (wire facts, D14): the engine gets to know by is_octets.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/conf.h"
#include "http/gateway_private.h"
#include "wire/jsonp.h"

static bool
is_octet_stream(const struct http_request *request)
{
	struct slice type = http_header_get(request, "Content-Type"), essence;

	return slice_cut(&type, ';', &essence) &&
	    slice_eq_nocase(slice_trim(essence),
	    SLICE("application/octet-stream"));
}

/* False: there is nothing in it, and that was answered. */
static bool
old_body(struct http_private *own, const struct query *query)
{
	const struct manners *manners = own->codec->manners;
	struct exchange *ex = &own->exchange;
	bool is_page = query->j.p != NULL;

	if (!is_page && !manners->posts_forms)
		return true;
	if (manners->form_read(&own->memory, ex->body, is_page) != RC_OK) {
		probe_serve(own, query, PURPOSE_NOTHING);
		return false;
	}
	ex->body = buf_slice(&own->memory);
	if (ex->body.p == NULL)
		ex->body = SLICE("");
	return true;
}

void
post_serve(struct http_private *own, const struct query *query)
{
	const struct http_request *request = &own->x->request;
	struct exchange *ex = &own->exchange;
	enum purpose purpose = PURPOSE_POST;

	if (request->body_too_big ||
	    (int64_t)request->body.n > own->gateway->conf->max_payload) {
		probe_serve(own, query, PURPOSE_TOO_BIG);
		return;
	}
	ex->body = request->body.p == NULL ? SLICE("") : request->body;
	if (own->codec->manners != NULL) {
		if (!old_body(own, query))
			return;
	} else if (is_octet_stream(request)) {
		ex->is_octets = true;
		if (own->codec->octets == NULL) {
			ex->body = SLICE("");
			purpose = PURPOSE_OCTETS;
		}
	} else if (query->j.p != NULL) {
		if (jsonp_read(&own->memory, request->body) != RC_OK) {
			probe_serve(own, query, PURPOSE_NOTHING);
			return;
		}
		ex->body = buf_slice(&own->memory);
	}
	if (!exchange_prepare(own, query, purpose))
		return;
	exchange_begin(own);
	engine_post(own->gateway->engine, ex);
}
