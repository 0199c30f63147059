/*
 * dress.c - what every answer wears
 *
 * Bodies get their type, length, caching, CORS and Vary lines here and nowhere
 * else; JSONP answers are wrapped and large ones compressed.  Every dynamic
 * answer says no-store (old proxies cached polls) and X-Accel-Buffering: no
 * (nginx would hold an answer back).
 *
 * Must stay true: no header line is made of bytes of the request that were not
 * looked at (origin.c, preflight_serve()); tests/fuzz/fuzz_request.c watches.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <zlib.h>

#include "base/conf.h"
#include "base/mem.h"
#include "http/gateway_private.h"

/* "gzip;q=0.5" names gzip with weight 500; false: not a word of a list. */
static bool
coding_next(struct slice *rest, struct slice *name_r, int *weight_r)
{
	struct slice item, parameter;
	int scale = 100;
	size_t i;

	if (!slice_cut(rest, ',', &item))
		return false;
	*weight_r = 1000;
	slice_cut(&item, ';', name_r);
	*name_r = slice_trim(*name_r);
	while (item.p != NULL && slice_cut(&item, ';', &parameter)) {
		parameter = slice_trim(parameter);
		if (parameter.n < 3 || (parameter.p[0] | 32) != 'q' ||
		    parameter.p[1] != '=')
			continue;
		*weight_r = parameter.p[2] == '1' ? 1000 : 0;
		for (i = 4; i < parameter.n && scale > 0; i++, scale /= 10)
			if (parameter.p[i] >= '0' && parameter.p[i] <= '9' &&
			    *weight_r < 1000)
				*weight_r += (parameter.p[i] - '0') * scale;
	}
	return true;
}

/* RFC 9110 12.5.3: a coding that is not named has the weight of "*". */
static void
codings_read(struct http_private *own, struct slice accept)
{
	int gzip = -1, deflate = -1, any = 0, weight;
	struct slice name;

	while (accept.p != NULL && coding_next(&accept, &name, &weight)) {
		if (slice_eq_nocase(name, SLICE("gzip")) ||
		    slice_eq_nocase(name, SLICE("x-gzip")))
			gzip = weight;
		else if (slice_eq_nocase(name, SLICE("deflate")))
			deflate = weight;
		else if (slice_is(name, "*"))
			any = weight;
	}
	gzip = gzip < 0 ? any : gzip;
	deflate = deflate < 0 ? any : deflate;
	own->takes_gzip = gzip > 0 && gzip >= deflate;
	own->takes_deflate = deflate > 0;
}

void
dress_prepare(struct http_private *own)
{
	const struct http_request *request = &own->x->request;
	struct slice upgrade = http_header_get(request, "Upgrade");

	own->is_head = slice_is(request->method, "HEAD");
	own->is_upgrade = slice_eq_nocase(upgrade, SLICE("websocket"));
	if (own->gateway->conf->compression)
		codings_read(own, http_header_get(request, "Accept-Encoding"));
}

/* RC_NONE: it did not become shorter, or zlib failed; body as it was. */
static enum rc
body_compress(struct buf *body, bool gzip)
{
	struct buf packed = BUF_INIT;
	z_stream z = { .next_in = NULL };
	enum rc rc = RC_NONE;

	/* Level 3: most of the gain for a fraction of the time of 6. */
	if (deflateInit2(&z, 3, Z_DEFLATED, gzip ? 15 + 16 : 15, 8,
	    Z_DEFAULT_STRATEGY) != Z_OK)
		return RC_NONE;
	buf_reserve(&packed, deflateBound(&z, body->n));
	z.next_in = (Bytef *)body->p;
	z.avail_in = (uInt)body->n;
	z.next_out = (Bytef *)packed.p;
	z.avail_out = (uInt)packed.cap;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out < body->n) {
		packed.n = z.total_out;
		buf_free(body);
		*body = packed;
		packed = (struct buf)BUF_INIT;
		rc = RC_OK;
	}
	deflateEnd(&z);
	buf_free(&packed);
	return rc;
}

/* Compresses where it is wanted and worth it; writes the coding's line. */
static bool
body_encode(struct http_private *own, struct buf *body, struct buf *headers)
{
	const struct conf *conf = own->gateway->conf;

	if (!conf->compression || body->n == 0 ||
	    (int64_t)body->n < conf->compression_threshold || body->n > UINT32_MAX / 2)
		return false;
	if ((own->takes_gzip || own->takes_deflate) &&
	    body_compress(body, own->takes_gzip) == RC_OK)
		buf_printf(headers, "Content-Encoding: %s\r\n",
		    own->takes_gzip ? "gzip" : "deflate");
	return true;            /* it depends on Accept-Encoding either way */
}

static void
vary_write(struct buf *headers, bool origin, bool encoding)
{
	if (origin || encoding)
		buf_printf(headers, "Vary: %s%s%s\r\n", origin ? "Origin" : "",
		    origin && encoding ? ", " : "",
		    encoding ? "Accept-Encoding" : "");
}

static void
line_write(struct buf *headers, struct slice name, const char *value)
{
	buf_add(headers, name);
	buf_str(headers, value);
	buf_add(headers, SLICE("\r\n"));
}

/* Status and the lines of every answer but those about its body. */
static void
lines_write(struct http_private *own, int status, bool depends)
{
	struct http_exchange *x = own->x;
	struct buf *headers = &x->response.headers;

	x->response.status = status;
	if (status != 204)      /* its Vary says more, see preflight_serve() */
		vary_write(headers, own->cors == CORS_LIST, depends);
	line_write(headers, SLICE("Cache-Control: "),
	    own->cache == NULL ? "no-store" : own->cache);
	buf_add(headers, SLICE("X-Accel-Buffering: no\r\n"));
	buf_add(headers, buf_slice(&own->extra));
}

void
dress_send(struct http_private *own, int status, const char *type,
    struct buf *body)
{
	struct http_exchange *x = own->x;
	struct buf *headers = &x->response.headers;
	bool depends;

	x->response.has_body = !own->is_head && status != 204 && status != 304;
	buf_reserve(headers, 256);
	origin_headers(&own->gateway->origins, own->cors_origin, headers);
	if (body->n > 0 && type != NULL)
		line_write(headers, SLICE("Content-Type: "), type);
	depends = body_encode(own, body, headers);
	if (status != 304) {
		buf_add(headers, SLICE("Content-Length: "));
		buf_int(headers, (int64_t)body->n);
		buf_add(headers, SLICE("\r\n"));
	}
	lines_write(own, status, depends);
	x->response.body = *body;
	*body = (struct buf)BUF_INIT;
	x->respond(x);
}

/* Not compressed: each piece is to leave at once. */
void
dress_begin(struct http_private *own, const char *type, struct buf *body)
{
	struct http_exchange *x = own->x;

	x->response.has_body = true;
	origin_headers(&own->gateway->origins, own->cors_origin,
	    &x->response.headers);
	line_write(&x->response.headers, SLICE("Content-Type: "), type);
	lines_write(own, 200, false);
	x->response.body = *body;
	*body = (struct buf)BUF_INIT;
}

void
dress_text(struct http_private *own, int status, const char *type,
    const char *text)
{
	struct buf body = BUF_INIT;

	buf_str(&body, text);
	dress_send(own, status, type, &body);
	buf_free(&body);
}
