/*
 * info.c - what a handshake request looked like, for handlers
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/json.h"
#include "http/gateway_private.h"

/* A session keeps this for life: one huge header is not worth that. */
enum { HEADER_MAX = 4096, INFO_HEADERS_MAX = 16384 };

static bool
is_first(const struct http_request *request, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++)
		if (slice_eq_nocase(request->headers[i].name,
		    request->headers[at].name))
			return false;
	return true;
}

static void
name_write(struct buf *out, struct slice name)
{
	size_t i, from = out->n + 1;

	json_quote(out, name);
	for (i = from; i < out->n; i++)
		if (out->p[i] >= 'A' && out->p[i] <= 'Z')
			out->p[i] |= 32;
}

static void
headers_write(struct buf *out, const struct http_request *request)
{
	const struct http_header *h;
	size_t i, start = out->n;
	bool some = false;

	for (i = 0; i < request->n_headers; i++) {
		h = &request->headers[i];
		if (h->name.n == 0 || h->value.n > HEADER_MAX ||
		    out->n - start + h->value.n > INFO_HEADERS_MAX ||
		    !is_first(request, i))
			continue;
		if (some)
			buf_char(out, ',');
		some = true;
		name_write(out, h->name);
		buf_char(out, ':');
		json_quote(out, h->value);
	}
}

bool
http_is_secure(const struct http_exchange *x)
{
	const struct http_request *request = &x->request;

	if (peers_has(&x->own->gateway->trusted, request->remote_addr))
		return request->is_https || slice_eq_nocase(http_header_get(request,
		    "X-Forwarded-Proto"), SLICE("https"));
	return request->is_https;
}

void
info_write(struct buf *out, const struct http_private *own,
    const struct query *query)
{
	const struct http_request *request = &own->x->request;

	buf_str(out, "{\"headers\":{");
	headers_write(out, request);
	buf_str(out, "},\"address\":");
	json_quote(out, peers_client(&own->gateway->trusted,
	    request->remote_addr, http_header_get(request, "X-Forwarded-For")));
	buf_str(out, ",\"query\":");
	json_quote(out, query->raw);
	buf_printf(out, ",\"secure\":%s,\"host\":",
	    http_is_secure(own->x) ? "true" : "false");
	json_quote(out, gateway_host(own));
	buf_char(out, '}');
}
