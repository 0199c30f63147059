/*
 * api_token.c - who may speak from outside
 *
 * A token is shown (Authorization: Bearer), or a secret signs the request.  All
 * tokens are compared, each in constant time.  What protects a token is its length:
 * behind a proxy that we do not know all callers have one address, so that nobody
 * may be shut out for what came from the same one.  A right token always passes;
 * who brings wrong ones is told to wait, and fills no log.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/random.h"
#include "handlers/pattern.h"
#include "handlers/section.h"
#include "http/api_private.h"

enum {
	SECRET_MIN = 16,
	GUESSES = 10, GUESS_MS = 60000,
	SKEW_S = 300
};

/* ---- sections -------------------------------------------------------------------- */

static enum rc
read_secret_text(char **to, const char *value)
{
	if (strlen(value) < SECRET_MIN || *to != NULL)
		return RC_BAD_INPUT;
	*to = mem_strdup(value);
	return RC_OK;
}

static enum rc
read_token(void *rule, const char *value)
{
	return read_secret_text(&((struct api_token *)rule)->token, value);
}

static enum rc
read_secret(void *rule, const char *value)
{
	return read_secret_text(&((struct api_token *)rule)->secret, value);
}

static enum rc
read_rights(void *rule, const char *value)
{
	static const char all[] = "* emit call query join leave disconnect value acl";
	struct slice rest = slice_str(value), word;

	while (word_next(&rest, &word)) {
		char *text = mem_slicedup(word);
		bool known = word_has(all, text);

		free(text);
		if (!known)
			return RC_BAD_INPUT;
	}
	((struct api_token *)rule)->rights = value;
	return RC_OK;
}

static enum rc
read_nsp(void *rule, const char *value)
{
	((struct api_token *)rule)->nsp = value;
	return RC_OK;
}

static enum rc
read_addresses(void *rule, const char *value)
{
	struct api_token *token = rule;

	peers_init(&token->addresses, value);
	token->has_addresses = true;
	return token->addresses.n > 0 ? RC_OK : RC_BAD_INPUT;
}

static const struct section_row rows[] = {
	{ "token", read_token, "a text of 16 bytes or more", false },
	{ "secret", read_secret, "a text of 16 bytes or more", false },
	{ "rights", read_rights, "some of emit, call, query, join, leave, disconnect, "
	    "value, acl; or *", false },
	{ "nsp", read_nsp, "patterns of namespaces", false },
	{ "addresses", read_addresses, "addresses, as 127.0.0.1 or 10.0.0.0/8", false },
};

static enum rc
section_take(const struct conf *conf, const struct conf_section *section,
    struct api_token *token, char **error_r)
{
	enum rc rc;

	token->name = section->words;
	token->rights = "";
	token->nsp = "*";
	rc = section_read(conf, section, rows, N_ELEMENTS(rows), token, error_r);
	if (rc == RC_OK && (token->name == NULL || token->name[0] == '\0'))
		rc = section_fault(conf, section->line, error_r,
		    "[api] needs a name: [api cron]");
	if (rc == RC_OK && token->token == NULL && token->secret == NULL)
		rc = section_fault(conf, section->line, error_r,
		    "[api %s] needs a token or a secret", token->name);
	if (rc == RC_OK && token->rights[0] == '\0')
		rc = section_fault(conf, section->line, error_r,
		    "[api %s] has no rights: nothing can be done with it", token->name);
	return rc;
}

enum rc
api_tokens_read(const struct conf *conf, struct api_token **tokens_r, char **error_r)
{
	const struct conf_section *section;
	struct api_token *first = NULL, **end = &first;
	enum rc rc = RC_OK;

	for (section = conf->sections; rc == RC_OK && section != NULL;
	    section = section->next) {
		if (strcmp(section->kind, "api") != 0)
			continue;
		*end = mem_alloc(sizeof(**end));
		rc = section_take(conf, section, *end, error_r);
		end = &(*end)->next;
	}
	if (rc != RC_OK) {
		api_tokens_free(first);
		first = NULL;
	}
	*tokens_r = first;
	return rc;
}

void
api_tokens_free(struct api_token *token)
{
	struct api_token *next;

	for (; token != NULL; token = next) {
		next = token->next;
		peers_fini(&token->addresses);
		free(token->token);
		free(token->secret);
		free(token);
	}
}

bool
api_token_may(const struct api_token *token, const char *right)
{
	return word_has(token->rights, "*") || word_has(token->rights, right);
}

/* ---- guessing ---------------------------------------------------------------------- */

static struct guesser *
guesser_of(struct api *api, struct slice address)
{
	uint64_t hash = siphash(api->key, address);
	struct guesser *g = &api->guessers[hash % GUESSERS];
	int64_t now = clock_boot(&clock_system);

	if (g->address != hash || now - g->since > GUESS_MS)
		*g = (struct guesser){ .address = hash, .since = now };
	return g;
}

static const struct api_token *
wrong(struct api_call *call, struct guesser *g, const char *why)
{
	if (g->n == GUESSES) {
		api_refuse(call, 429, "guessing", "too many wrong tokens: wait a minute; "
		    "the last one: %s", why);
		return NULL;
	}
	g->n++;
	log_warn("api", "refused: %s; wrong=%u of this address%s", why, g->n,
	    g->n == GUESSES ? ", more of them in this minute are only counted" : "");
	api_refuse(call, 401, "token", "%s", why);
	return NULL;
}

/* ---- admission ------------------------------------------------------------------------ */

/* All are compared, whichever fits. */
static const struct api_token *
bearer_find(const struct api *api, struct slice shown)
{
	const struct api_token *token, *found = NULL;

	for (token = api->tokens; token != NULL; token = token->next)
		if (token->token != NULL && slice_eq_secret(slice_str(token->token), shown))
			found = token;
	return found;
}

static bool
signature_fits(const struct api_call *call, const struct api_token *token,
    struct slice key, struct slice time, struct slice signature)
{
	unsigned char mac[CRYPTO_MAC_SIZE];
	struct buf text = BUF_INIT;
	bool fits;
	enum rc rc;

	buf_printf(&text, "v1.%.*s.%.*s.api/%.*s.", SLICE_ARGS(key), SLICE_ARGS(time),
	    SLICE_ARGS(call->named));
	buf_add(&text, call->body);
	rc = crypto_hmac_sha256(slice_str(token->secret), buf_slice(&text), mac);
	buf_reset(&text);
	buf_str(&text, "v1=");
	crypto_hex(&text, mac, sizeof(mac));
	fits = rc == RC_OK && slice_eq_secret(buf_slice(&text), signature);
	buf_free(&text);
	return fits;
}

static const struct api_token *
signer_find(struct api_call *call, struct slice name, const char **why_r)
{
	const struct http_request *request = &call->own->x->request;
	struct slice time = http_header_get(request, "Siogate-Timestamp");
	struct slice key = http_header_get(request, "Siogate-Key");
	int64_t now = clock_wall(&clock_system) / 1000, then;
	const struct api_token *token;
	struct effect *once;

	for (token = call->api->tokens; token != NULL; token = token->next)
		if (slice_is(name, token->name) && token->secret != NULL)
			break;
	*why_r = "the signature is not of that token";
	if (token == NULL || key.n == 0 || key.n > 100 || !signature_fits(call, token,
	    key, time, http_header_get(request, "Siogate-Signature")))
		return NULL;
	*why_r = "the timestamp is more than 300 seconds away: compare the clocks";
	if (!slice_int64(time, &then) || then > now + SKEW_S || then < now - SKEW_S)
		return NULL;
	once = effects_add(&call->effects, &call->arena, EFFECT_ONCE);
	once->name = arena_printf(&call->arena, "api %s %.*s", token->name,
	    SLICE_ARGS(key));
	once->ttl_ms = 2 * SKEW_S * 1000;
	return token;
}

const struct api_token *
api_admit(struct api_call *call)
{
	const struct http_request *request = &call->own->x->request;
	struct slice bearer = http_header_get(request, "Authorization");
	struct slice name = http_header_get(request, "Siogate-Token"), address;
	const char *why = "that token is not known";
	struct guesser *g;
	const struct api_token *token;

	address = peers_client(&call->own->gateway->trusted, request->remote_addr,
	    http_header_get(request, "X-Forwarded-For"));
	g = guesser_of(call->api, address);
	if (name.n > 0)
		token = signer_find(call, name, &why);
	else if (bearer.n > 7 && slice_eq_nocase(slice_head(bearer, 7), SLICE("bearer ")))
		token = bearer_find(call->api, slice_trim(slice_skip(bearer, 7)));
	else
		return wrong(call, g, "no token: send Authorization: Bearer, or sign");
	if (token == NULL)
		return wrong(call, g, why);
	if (token->has_addresses && !peers_has(&token->addresses, address))
		return wrong(call, g, "this token is not for requests from that address");
	return token;
}
