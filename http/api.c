/*
 * api.c - speaking from outside, over HTTP: the way in and the way out
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/conf.h"
#include "base/json.h"
#include "base/random.h"
#include "handlers/pattern.h"
#include "http/api_private.h"

/* ---- answers -------------------------------------------------------------------- */

static void
call_free(struct api_call *call)
{
	if (call->is_out)
		engine_outside_cancel(call->own->gateway->engine, &call->outside);
	call->own->api_call = NULL;
	arena_free(&call->arena);
	free(call);
}

static void
call_send(struct api_call *call, int status, struct buf *body)
{
	struct http_private *own = call->own;

	call->is_out = false;
	call_free(call);
	if (status == 429 || status == 503)
		buf_str(&own->extra, "Retry-After: 5\r\n");
	dress_send(own, status, "application/json", body);
	buf_free(body);
}

void
api_send(struct api_call *call, struct buf *body)
{
	call_send(call, 200, body);
}

static enum tally
refusal_tally(int status)
{
	switch (status) {
	case 401:
	case 429:
		return TALLY_API_TOKEN;
	case 403:
		return TALLY_API_RIGHTS;
	case 503:
		return TALLY_UNAVAILABLE;
	default:
		return TALLY_API_REQUEST;
	}
}

void
api_refuse(struct api_call *call, int status, const char *code, const char *fmt, ...)
{
	struct buf body = BUF_INIT;
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	engine_tally(call->own->gateway->engine, refusal_tally(status));
	buf_printf(&body, "{\"error\":\"%s\",\"text\":", code);
	json_quote(&body, slice_str(text));
	buf_char(&body, '}');
	call_send(call, status, &body);
}

/* ---- the way in ------------------------------------------------------------------- */

static bool
body_read(struct api_call *call)
{
	const struct http_request *request = &call->own->x->request;
	struct slice nsp;

	call->body = request->body.n == 0 ? SLICE("{}") : request->body;
	if (request->body_too_big) {
		api_refuse(call, 413, "size", "the request is larger than max_payload");
		return false;
	}
	if (json_check(call->body, (unsigned)call->api->conf->max_depth) != RC_OK ||
	    json_kind(call->body) != JSON_OBJECT) {
		api_refuse(call, 400, "json", "the body must be a JSON object");
		return false;
	}
	nsp = api_text(call, "nsp");
	call->nsp = nsp.p == NULL ? SLICE("/") : nsp;
	if (call->nsp.n == 0 || call->nsp.p[0] != '/' ||
	    (int64_t)call->nsp.n > call->api->conf->max_name) {
		api_refuse(call, 400, "nsp", "nsp must be a namespace, as \"/chat\"");
		return false;
	}
	return true;
}

static void
api_serve(struct http_private *own, struct slice verb)
{
	struct api_call *call = mem_alloc(sizeof(*call));
	const struct api_token *token;

	call->api = own->gateway->api;
	call->own = own;
	own->api_call = call;
	call->body = own->x->request.body;
	call->named = verb;
	if (!slice_is(own->x->request.method, "POST")) {
		api_refuse(call, 400, "method", "use POST");
		return;
	}
	if ((token = api_admit(call)) == NULL)
		return;         /* answered, and gone */
	call->token = token;
	if ((call->verb = api_verb_find(verb)) == NULL)
		api_refuse(call, 404, "verb", "there is no such verb; there are: %s",
		    api_verb_names(&call->arena));
	else if (!api_token_may(call->token, call->verb->right))
		api_refuse(call, 403, "rights", "token %s has no right '%s'",
		    call->token->name, call->verb->right);
	else if (!body_read(call))
		return;
	else if (!pattern_list_matches(call->token->nsp, call->nsp))
		api_refuse(call, 403, "rights", "token %s is not for namespace %.*s",
		    call->token->name, SLICE_ARGS(call->nsp));
	else
		call->verb->serve(call);
}

/* The client is gone, or it has been answered. */
static void
api_cancel(struct http_private *own)
{
	call_free(own->api_call);
}

/* ---- opening ------------------------------------------------------------------------ */

static void
api_close(struct api *api)
{
	api_tokens_free(api->tokens);
	free(api);
}

static const struct api_ops ops = { api_serve, api_cancel, api_close };

enum rc
api_check(const struct conf *conf, char **error_r)
{
	struct api_token *tokens;
	enum rc rc = api_tokens_read(conf, &tokens, error_r);

	api_tokens_free(tokens);
	return rc;
}

enum rc
api_open(struct gateway *g, const struct conf *conf, struct store *store,
    char **error_r)
{
	struct api *api;
	enum rc rc;

	if (conf->api[0] == '\0')
		return api_check(conf, error_r);
	api = mem_alloc(sizeof(*api));
	api->conf = conf;
	api->store = store;
	random_bytes(api->key, sizeof(api->key));
	if ((rc = api_tokens_read(conf, &api->tokens, error_r)) != RC_OK) {
		api_close(api);
		return rc;
	}
	g->api = api;
	g->api_ops = &ops;
	return RC_OK;
}
