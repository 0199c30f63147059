/*
 * exchange.c - from a request to the engine, and from its answer to a response
 *
 * Some requests are wrong whatever the session is, but an unknown session is to
 * be named first (code 1).  They are sent as a poll of a generation that no
 * session has: the engine answers "unknown sid" or "bad request", changes
 * nothing, and the table below says what the second means.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/gateway_private.h"
#include "wire/jsonp.h"

/* Never asked to write: no session is of its generation. */
static const struct codec codec_nobody = {
	.name = "nobody",
	.generation = GENERATION__COUNT,
};

static bool
is_of_id(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Every id that we make; anything else is unknown without asking. */
static bool
is_sid(struct slice sid)
{
	size_t i;

	if (sid.n == 0 || sid.n > SID_MAX)
		return false;
	for (i = 0; i < sid.n; i++)
		if (!is_of_id(sid.p[i]))
			return false;
	return true;
}

/* A copy that lives as long as the exchange. */
static struct slice
keep(char *to, struct slice s)
{
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	return slice_of(to, s.n);
}

void
post_taken(struct http_private *own)
{
	const struct manners *manners = own->codec == NULL ? NULL :
	    own->codec->manners;

	if (own->purpose == PURPOSE_LEAVE)
		dress_text(own, 200, NULL, "");
	else if (manners != NULL)
		dress_text(own, 200, manners->post_type, manners->post_text);
	else
		dress_text(own, 200, "text/html", "ok");
}

static void
unknown_send(struct http_private *own)
{
	bool is_post = own->purpose == PURPOSE_POST ||
	    own->purpose == PURPOSE_LEAVE || own->purpose == PURPOSE_NOTHING;

	if (is_post && own->codec != NULL && own->codec->manners != NULL &&
	    own->codec->manners->takes_any_post)
		post_taken(own);
	else
		error_send(own, REFUSAL_SID, NULL);
}

bool
exchange_prepare(struct http_private *own, const struct query *query,
    enum purpose purpose)
{
	struct exchange *ex = &own->exchange;
	struct buf scratch = BUF_INIT;
	struct slice index;

	own->purpose = purpose;
	if (query->j.p != NULL) {
		own->is_jsonp = true;
		index = jsonp_index(&scratch, query->j);
		if (index.n <= INDEX_MAX)
			own->index_n = keep(own->index, index).n;
		buf_free(&scratch);
	}
	if (purpose != PURPOSE_GREET && !is_sid(query->sid)) {
		unknown_send(own);
		return false;
	}
	if (purpose == PURPOSE_GREET || purpose == PURPOSE_POST)
		speaker_take(own);
	ex->codec = own->codec;
	ex->wants_text = query->j.p != NULL || query->b64.n > 0;
	ex->transport = TRANSPORT_POLLING;
	ex->done = exchange_way(own);
	ex->door = own;
	if (purpose != PURPOSE_GREET)
		ex->sid = keep(own->sid, query->sid);
	/* A longer t is not ours to compare: no resend is recognised. */
	if (query->t.n > 0 && query->t.n <= T_MAX &&
	    !(own->codec != NULL && own->codec->traits.t_is_time))
		ex->t = keep(own->t, query->t);
	return true;
}

void
exchange_begin(struct http_private *own)
{
	own->is_pending = true;
	own->gateway->n_polls += own->purpose == PURPOSE_POLL;
}

void
exchange_end(struct http_private *own)
{
	own->is_pending = false;
	own->gateway->n_polls -= own->purpose == PURPOSE_POLL;
}

void
probe_serve(struct http_private *own, const struct query *query,
    enum purpose purpose)
{
	if (!exchange_prepare(own, query, purpose))
		return;
	own->exchange.codec = &codec_nobody;
	own->exchange.t = SLICE_NONE;
	exchange_begin(own);
	engine_poll(own->gateway->engine, &own->exchange);
}

/*
 * XMLHttpRequest of 1.0 to 1.3 takes no text where it could have had octets, and
 * its requests bear a time and a count (t=1416500000000-3; since 1.4 it is yeast).
 */
static bool
must_have_octets(const struct http_private *own)
{
	const struct exchange *ex = &own->exchange;
	struct slice t = ex->t;
	size_t dash = slice_find(t, '-'), i;

	if (ex->codec->octets == NULL || ex->is_octets_r || ex->wants_text ||
	    own->is_jsonp || dash < 12 || dash + 1 >= t.n)
		return false;
	for (i = 0; i < t.n; i++)
		if (i != dash && (t.p[i] < '0' || t.p[i] > '9'))
			return false;
	return true;
}

static void
payload_to_octets(struct exchange *ex)
{
	struct slice rest = buf_slice(&ex->body_r), data;
	struct buf octets = BUF_INIT;
	struct arena arena = ARENA_INIT;
	bool is_binary;

	while (ex->codec->message_next(&rest, &arena, &is_binary, &data))
		ex->codec->octets->message_add(&octets, is_binary, data);
	buf_free(&ex->body_r);
	ex->body_r = octets;
	ex->is_octets_r = true;
	arena_free(&arena);
}

void
cookie_add(struct http_private *own)
{
	const char *cookie = own->gateway->conf->cookie;

	if (cookie != NULL && cookie[0] != '\0')
		buf_printf(&own->extra,
		    "Set-Cookie: %s=%s; Path=/; HttpOnly; SameSite=Lax\r\n",
		    cookie, own->exchange.sid_r);
}

static void
payload_send(struct http_private *own)
{
	struct exchange *ex = &own->exchange;
	const char *type = "text/plain; charset=UTF-8";
	struct buf body = BUF_INIT;

	if (own->purpose == PURPOSE_GREET)
		cookie_add(own);
	own->x->receipt = ex->receipt_r;
	if (must_have_octets(own))
		payload_to_octets(ex);
	if (own->is_jsonp && own->codec->manners != NULL) {
		jsonp_call(&body, own->codec->manners->jsonp_open,
		    slice_of(own->index, own->index_n),
		    own->codec->manners->jsonp_middle, buf_slice(&ex->body_r));
		type = SCRIPT_TYPE;
	} else if (own->is_jsonp) {
		jsonp_write(&body, slice_of(own->index, own->index_n),
		    buf_slice(&ex->body_r));
	} else {
		body = ex->body_r;
		ex->body_r = (struct buf)BUF_INIT;
	}
	dress_send(own, 200, ex->is_octets_r ? "application/octet-stream" : type,
	    &body);
	buf_free(&body);
}

/* One line in ten seconds, with the number of those since. */
static void
refusal_log(struct gateway *g, const char *what)
{
	int64_t now = clock_boot(&clock_system);

	g->refused++;
	if (g->refused_logged != 0 && now - g->refused_logged < 10000)
		return;
	log_warn("http", "refused=%lu reason=%s polls=%zu", g->refused, what,
	    g->n_polls);
	g->refused = 0;
	g->refused_logged = now;
}

static void
unavailable_send(struct http_private *own, const char *reason)
{
	struct buf body = BUF_INIT;

	refusal_log(own->gateway, reason);
	engine_tally(own->gateway->engine, TALLY_UNAVAILABLE);
	buf_str(&own->extra, "Retry-After: 5\r\n");
	buf_printf(&body, "siogate cannot take this now: %s\n", reason);
	dress_send(own, 503, "text/plain; charset=UTF-8", &body);
	buf_free(&body);
}

bool
lot_is_full(struct http_private *own, enum purpose purpose)
{
	const struct gateway *g = own->gateway;
	size_t limit = g->max_parked;

	if (limit == 0)
		return false;
	if (purpose == PURPOSE_GREET)
		limit -= limit / 16;
	if (g->n_polls < limit)
		return false;
	unavailable_send(own, "full");
	return true;
}

/* What "this session exists" is answered with. */
static void
known_send(struct http_private *own)
{
	switch (own->purpose) {
	case PURPOSE_NOTHING:
		post_taken(own);
		break;
	case PURPOSE_OPTIONS:
		buf_str(&own->extra,
		    "Access-Control-Allow-Headers: Content-Type\r\n");
		dress_text(own, 200, NULL, "");
		break;
	case PURPOSE_METHOD:
		engine_tally(own->gateway->engine, TALLY_REQUEST);
		dress_text(own, 500, NULL, "");
		break;
	case PURPOSE_TOO_BIG:
		engine_tally(own->gateway->engine, TALLY_PAYLOAD);
		dress_text(own, 413, NULL, "");
		break;
	default:
		error_send(own, REFUSAL_REQUEST, NULL);
	}
}

void
answer_done(struct exchange *ex)
{
	struct http_private *own = ex->door;

	exchange_end(own);
	answer_word(own, ex->answer);
}

void
answer_word(struct http_private *own, enum answer answer)
{
	switch (answer) {
	case ANSWER_PAYLOAD:
		payload_send(own);
		break;
	case ANSWER_OK:
		if (own->purpose == PURPOSE_OCTETS)
			dress_text(own, 400, NULL, "");
		else
			post_taken(own);
		break;
	case ANSWER_UNKNOWN_SID:
		unknown_send(own);
		break;
	case ANSWER_REFUSED:
		error_send(own, REFUSAL_HANDSHAKE, NULL);
		break;
	case ANSWER_FAILED:
		error_send(own, REFUSAL_HANDLER, NULL);
		break;
	case ANSWER_BAD_REQUEST:
		known_send(own);
		break;
	case ANSWER_OVERLAP:
		dress_text(own, own->exchange.codec->traits.overlap_status, NULL, "");
		break;
	case ANSWER_FULL:
		unavailable_send(own, "full");
		break;
	case ANSWER_BUSY:
		unavailable_send(own, engine_reason(own->gateway->engine));
		break;
	case ANSWER_NONE:
		assert(!"the engine called done() without an answer");
	}
}
