/*
 * gateway.c - one process's view of the configuration, and the way in
 *
 * http_serve() looks at the request once, in this order: is it addressed to us
 * (route.c), may this page talk to us (origin.c, but only once an Engine.IO
 * request has named its transport), is it a preflight, who serves it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/conf.h"
#include "base/mem.h"
#include "http/gateway_private.h"

static struct shelf privates;   /* of requests that are over */

static void
resources_read(struct gateway *g)
{
	struct slice rest = slice_str(g->conf->resource), word;

	while (word_next(&rest, &word)) {
		while (slice_starts(word, SLICE("/")))
			word = slice_skip(word, 1);
		while (slice_ends(word, SLICE("/")))
			word = slice_head(word, word.n - 1);
		if (word.n == 0)
			continue;       /* would match everywhere */
		g->resources = mem_resize(g->resources,
		    (g->n_resources + 1) * sizeof(*g->resources));
		g->resources[g->n_resources++] = word;
	}
}

static void
codecs_read(struct gateway *g)
{
	struct slice rest = slice_str(g->conf->generations), word;
	const struct codec *codec;

	while (word_next(&rest, &word))
		if ((codec = codec_named(word)) != NULL)
			g->codecs[codec->generation] = codec;
}

/* The references take whatever is not 4 for 3, and so do their old clients that
 * say 2 or nothing. */
const struct codec *
gateway_codec(const struct gateway *g, const struct query *query)
{
	const struct codec *codec = g->codecs[slice_is(query->eio, "4") ?
	    GENERATION_EIO4 : GENERATION_EIO3];

	return codec != NULL && codec->eio2 != NULL && slice_is(query->eio, "2") ?
	    codec->eio2 : codec;
}

struct gateway *
gateway_new(const struct conf *conf, struct engine *engine, const char *broken)
{
	struct gateway *g = mem_alloc(sizeof(*g));

	g->conf = conf;
	g->engine = engine;
	if (engine == NULL)
		g->broken = mem_strdup(broken == NULL ? "starting" : broken);
	resources_read(g);
	g->has_polling = word_has(conf->transports, "polling");
	g->has_jsonp = word_has(conf->transports, "jsonp");
	g->has_websocket = word_has(conf->transports, "websocket");
	g->has_flashsocket = word_has(conf->transports, "flashsocket");
	codecs_read(g);
	origin_init(&g->origins, conf->origins, conf->cors_credentials);
	peers_init(&g->trusted, conf->trusted_proxies);
	speaker_init(&g->wants, conf);
	return g;
}

void
gateway_detail(struct gateway *g, const char *detail)
{
	free(g->detail);
	g->detail = detail == NULL ? NULL : mem_strdup(detail);
}

void
gateway_limit(struct gateway *g, size_t max_parked)
{
	g->max_parked = max_parked;
}

void
gateway_free(struct gateway **gateway)
{
	struct gateway *g = *gateway;

	if (g == NULL)
		return;
	if (g->api != NULL)
		g->api_ops->close(g->api);
	peers_fini(&g->trusted);
	speaker_fini(&g->wants);
	origin_fini(&g->origins);
	buf_free(&g->path_scratch);
	buf_free(&g->query_scratch);
	free(g->resources);
	free(g->broken);
	free(g->detail);
	free(g);
	*gateway = NULL;
}

void
preflight_serve(struct http_private *own)
{
	struct slice asked = http_header_get(&own->x->request,
	    "Access-Control-Request-Headers");
	bool is_list = own->cors == CORS_LIST;
	size_t i;

	buf_str(&own->extra, "Access-Control-Allow-Methods: GET,POST\r\n");
	buf_printf(&own->extra, "Vary: %sAccess-Control-Request-Headers\r\n",
	    is_list ? "Origin, " : "");
	/* Names and commas only; who sends more gets no permission for it. */
	for (i = 0; i < asked.n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "0123456789-_, ", asked.p[i]) == NULL || asked.p[i] == '\0')
			break;
	if (asked.n > 0 && i == asked.n) {
		buf_str(&own->extra, "Access-Control-Allow-Headers: ");
		buf_add(&own->extra, asked);
		buf_str(&own->extra, "\r\n");
	}
	dress_text(own, 204, NULL, "");
}

/* Host as the client named it: a trusted proxy may know better. */
struct slice
gateway_host(const struct http_private *own)
{
	const struct http_request *request = &own->x->request;
	struct slice host = http_header_get(request, "Host"), forwarded;

	if (peers_has(&own->gateway->trusted, request->remote_addr)) {
		forwarded = http_header_get(request, "X-Forwarded-Host");
		if (forwarded.n > 0 && slice_find(forwarded, ',') == forwarded.n)
			host = forwarded;
	}
	return host.n > 0 ? host : request->host;
}

enum origin_verdict
gateway_origin(struct http_private *own)
{
	const struct http_request *request = &own->x->request;
	struct gateway *g = own->gateway;
	struct slice origin = http_header_get(request, "Origin");
	enum origin_verdict verdict;

	own->cors = origin_cors(&g->origins);
	verdict = origin_check(&g->origins, origin, gateway_host(own),
	    request->port);
	if (verdict == ORIGIN_OK && origin.n > 0 && own->cors == CORS_LIST)
		own->cors_origin = mem_slicedup(origin);
	/* "*" allows whoever asks, also who did not say its name. */
	if (verdict == ORIGIN_OK && own->cors == CORS_STAR)
		own->cors_origin = mem_strdup("*");
	return verdict;
}

static void
engine_serve(struct http_private *own, struct slice raw_query)
{
	struct gateway *g = own->gateway;
	struct query query;
	enum origin_verdict verdict = gateway_origin(own);

	query_read(raw_query, &g->query_scratch, &query);
	if (verdict == ORIGIN_OK && own->cors != CORS_NONE &&
	    slice_is(own->x->request.method, "OPTIONS"))
		preflight_serve(own);
	else if (status_wanted(own, &query))
		status_serve(own, &query);
	else if (g->engine == NULL)
		status_broken(own);
	else
		eio_serve(own, &query, verdict);
}

/* The verb of an address of the API; absent: it is none. */
static struct slice
api_verb_of(const struct gateway *g, struct slice target)
{
	struct slice path, name = slice_str(g->conf->api);
	size_t i;

	if (g->api == NULL || !slice_cut(&target, '?', &path))
		return SLICE_NONE;
	for (i = 0; i + name.n + 5 <= path.n; i++)
		if (path.p[i] == '/' &&
		    slice_starts(slice_skip(path, i + 1), name) &&
		    slice_starts(slice_skip(path, i + 1 + name.n), SLICE("/v1/")))
			return slice_skip(path, i + name.n + 5);
	return SLICE_NONE;
}

bool
http_is_ours(struct gateway *g, struct slice target)
{
	struct route_found found;

	buf_reset(&g->path_scratch);
	route_find(g->resources, g->n_resources, target, SLICE_NONE,
	    &g->path_scratch, &found);
	return found.route != ROUTE_NONE || api_verb_of(g, target).p != NULL;
}

static void
request_serve(struct gateway *gateway, struct http_exchange *x, struct live *live)
{
	struct http_private *own = shelf_take(&privates, sizeof(*own));
	struct route_found found;
	struct slice verb;

	x->own = own;
	x->response = (struct http_response){ .status = 0 };
	x->receipt.session = 0;
	own->x = x;
	own->live = live;
	own->gateway = gateway;
	dress_prepare(own);
	if ((verb = api_verb_of(gateway, x->request.target)).p != NULL) {
		gateway->api_ops->serve(own, verb);
		return;
	}
	buf_reset(&gateway->path_scratch);
	buf_reset(&gateway->query_scratch);
	route_find(gateway->resources, gateway->n_resources, x->request.target,
	    x->request.script_name, &gateway->path_scratch, &found);
	switch (found.route) {
	case ROUTE_ENGINE:
		engine_serve(own, found.query);
		return;
	case ROUTE_CLIENT:
		client_serve(own, &found);
		return;
	case ROUTE_OLD:
		old_serve(own, &found);
		return;
	case ROUTE_NONE:
		dress_text(own, 404, "text/plain; charset=UTF-8",
		    "Nothing here: this address is not below a `resource` of "
		    "siogate.\n");
		return;
	}
}

void
http_serve(struct gateway *gateway, struct http_exchange *x)
{
	request_serve(gateway, x, NULL);
}

enum rc
http_upgrade(struct gateway *gateway, struct http_exchange *x, struct live *live)
{
	live->codec = NULL;
	live->info = live->says = SLICE_NONE;
	memset(live->sid, 0, sizeof(live->sid));
	live->wants_text = false;
	request_serve(gateway, x, live);
	/* Not x->own: who was answered may have finished it. */
	return live->codec != NULL ? RC_OK : RC_NONE;
}

void
http_upgrade_answer(struct gateway *gateway, struct http_exchange *x,
    enum answer answer)
{
	(void)gateway;
	answer_word(x->own, answer);
}

void
http_lost(struct gateway *gateway, struct http_exchange *x)
{
	if (gateway->engine != NULL)
		engine_lost(gateway->engine, &x->receipt);
}

void
http_cancel(struct gateway *gateway, struct http_exchange *x)
{
	if (x->own != NULL && x->own->api_call != NULL)
		gateway->api_ops->cancel(x->own);
	if (x->own != NULL && x->own->is_pending) {
		engine_cancel(gateway->engine, &x->own->exchange);
		exchange_end(x->own);
		if (x->own->is_streaming)
			stream_leave(x->own);
	}
}

void
http_finish(struct gateway *gateway, struct http_exchange *x)
{
	struct http_private *own = x->own;

	(void)gateway;
	buf_free(&x->response.headers);
	buf_free(&x->response.body);
	if (own == NULL)
		return;
	buf_free(&own->exchange.body_r);
	buf_free(&own->extra);
	buf_free(&own->memory);
	buf_free(&own->said);
	free(own->cors_origin);
	shelf_put(&privates, own);
	x->own = NULL;
}

void
http_rest(void)
{
	shelf_clear(&privates);
}
