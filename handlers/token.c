/*
 * token.c - who a client is, by a signed token that it brings
 *
 * Must stay true: nothing that a client says of itself makes it a user, but a
 * token that verifies.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "handlers/jwt.h"
#include "handlers/pattern.h"
#include "handlers/section.h"
#include "handlers/token.h"
#include "session/app.h"

enum { KEYS_MAX = 8, SECRET_MIN = 32, FILE_MAX = 16384, LEEWAY_MS = 30000 };

struct token_rule {
	const char *nsp, *from, *user;
	struct jwt_key keys[KEYS_MAX];
	struct jwt_rule jwt;
	bool required;
	const char *why;                /* what is wrong with the line in hand */
	struct token_rule *next;
};

struct tokens {
	struct token_rule *rules;
	int64_t max_name;
	const struct clock *clock;
};

/* ---- the section -------------------------------------------------------------------- */

static enum rc
key_add(struct token_rule *rule, struct jwt_key key)
{
	if (rule->jwt.n_keys == KEYS_MAX) {
		free((char *)key.secret.p);
		crypto_key_free(&key.public);
		rule->why = "eight keys are enough";
		return RC_BAD_INPUT;
	}
	rule->keys[rule->jwt.n_keys++] = key;
	return RC_OK;
}

static enum rc
secret_add(struct token_rule *rule, struct slice secret)
{
	if (secret.n < SECRET_MIN) {
		rule->why = "a secret must have 32 bytes or more (RFC 7518); make one "
		    "with: openssl rand -hex 32";
		return RC_BAD_INPUT;
	}
	return key_add(rule, (struct jwt_key){
	    .secret = slice_of(mem_slicedup(secret), secret.n) });
}

static enum rc
file_read(struct token_rule *rule, const char *path, struct buf *text)
{
	FILE *f = fopen(path, "re");
	char block[1024];
	size_t n;

	if (f == NULL) {
		rule->why = strerror(errno);
		return RC_BAD_INPUT;
	}
	while (text->n <= FILE_MAX && (n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(text, slice_of(block, n));
	fclose(f);
	return RC_OK;
}

static enum rc
read_secret(void *rule, const char *value)
{
	return secret_add(rule, slice_str(value));
}

/* A line's end at the end of the file is not part of the secret. */
static enum rc
read_secret_file(void *rule, const char *value)
{
	struct buf text = BUF_INIT;
	struct slice secret;
	enum rc rc;

	if ((rc = file_read(rule, value, &text)) == RC_OK) {
		secret = buf_slice(&text);
		while (secret.n > 0 && (secret.p[secret.n - 1] == '\n' ||
		    secret.p[secret.n - 1] == '\r'))
			secret.n--;
		rc = secret_add(rule, secret);
	}
	buf_free(&text);
	return rc;
}

static enum rc
read_key_file(void *arg, const char *value)
{
	struct token_rule *rule = arg;
	struct jwt_key key = { .secret = SLICE_NONE };
	struct buf text = BUF_INIT;
	enum rc rc;

	if ((rc = file_read(rule, value, &text)) == RC_OK &&
	    (rc = crypto_key_read(buf_slice(&text), &key.public, &rule->why)) == RC_OK)
		rc = key_add(rule, key);
	if (rc == RC_IO)
		rule->why = crypto_error();
	buf_free(&text);
	return rc;
}

static enum rc
read_from(void *rule, const char *value)
{
	static const char *const places[] = { "auth.", "cookie.", "query.", "header." };
	struct slice rest = slice_str(value), place;
	size_t i;

	while (slice_cut(&rest, ' ', &place)) {
		for (i = 0; i < N_ELEMENTS(places); i++)
			if (slice_starts(place, slice_str(places[i])) &&
			    place.n > strlen(places[i]))
				break;
		if (place.n > 0 && i == N_ELEMENTS(places))
			return RC_BAD_INPUT;
	}
	((struct token_rule *)rule)->from = value;
	return RC_OK;
}

static enum rc
read_user(void *rule, const char *value)
{
	((struct token_rule *)rule)->user = value;
	return RC_OK;
}

static enum rc
read_issuer(void *rule, const char *value)
{
	((struct token_rule *)rule)->jwt.issuer = value;
	return RC_OK;
}

static enum rc
read_audience(void *rule, const char *value)
{
	((struct token_rule *)rule)->jwt.audience = value;
	return RC_OK;
}

static enum rc
read_leeway(void *rule, const char *value)
{
	return conf_parse_time(slice_str(value),
	    &((struct token_rule *)rule)->jwt.leeway_ms);
}

static enum rc
read_required(void *rule, const char *value)
{
	return section_flag(value, &((struct token_rule *)rule)->required);
}

static const struct section_row rows[] = {
	{ "secret",      read_secret,      "a secret of 32 bytes or more", true },
	{ "secret_file", read_secret_file, "a file with a secret of 32 bytes or more", true },
	{ "key_file",    read_key_file,    "a file with a public key in PEM", true },
	{ "from",        read_from,        "places as auth.token, cookie.NAME, query.NAME "
	                                   "or header.NAME, blanks between", false },
	{ "user",        read_user,        "the name of a claim", false },
	{ "issuer",      read_issuer,      "the issuer's name", false },
	{ "audience",    read_audience,    "names, blanks between", false },
	{ "leeway",      read_leeway,      "a time: 30s", false },
	{ "required",    read_required,    "yes or no", false },
};

static enum rc
rule_read(const struct conf *conf, const struct conf_section *section,
    struct token_rule *rule, char **error_r)
{
	char *text;
	enum rc rc;

	rule->nsp = section->words;
	rule->from = "auth.token";
	rule->user = "sub";
	rule->required = true;
	rule->jwt.keys = rule->keys;
	rule->jwt.leeway_ms = LEEWAY_MS;
	if ((rc = section_namespace(conf, section, true, error_r)) != RC_OK)
		return rc;
	rc = section_read(conf, section, rows, N_ELEMENTS(rows), rule, error_r);
	if (rc != RC_OK && rule->why != NULL) {
		text = *error_r;
		*error_r = mem_printf("%s (%s)", text, rule->why);
		free(text);
	}
	if (rc == RC_OK && rule->jwt.n_keys == 0)
		rc = section_fault(conf, section->line, error_r, "[token] needs a key: "
		    "secret, secret_file or key_file");
	return rc;
}

/* ---- where the token is ---------------------------------------------------------------- */

/* name=value among others, as in a cookie or a query. */
static struct slice
pair_find(struct slice pairs, char between, struct slice name)
{
	struct slice pair, key;

	while (slice_cut(&pairs, between, &pair)) {
		pair = slice_trim(pair);
		if (slice_cut(&pair, '=', &key) && pair.p != NULL && slice_eq(key, name))
			return pair;
	}
	return SLICE_NONE;
}

static struct slice
header_get(const struct app_call *call, struct slice name)
{
	struct slice headers = json_member(call->info, "headers");
	char *text = arena_str(call->arena, name);

	return headers.p == NULL ? SLICE_NONE :
	    json_text(call->arena, json_member(headers, text));
}

static struct slice
place_look(const struct app_call *call, struct slice place)
{
	struct slice kind, name = place, value;

	slice_cut(&name, '.', &kind);
	if (slice_is(kind, "auth"))
		return call->auth.p == NULL ? SLICE_NONE : json_text(call->arena,
		    json_member(call->auth, arena_str(call->arena, name)));
	if (slice_is(kind, "cookie"))
		return pair_find(header_get(call, SLICE("cookie")), ';', name);
	if (slice_is(kind, "query"))
		return pair_find(json_text(call->arena, json_member(call->info, "query")),
		    '&', name);
	value = header_get(call, name);
	return slice_starts(value, SLICE("Bearer ")) ? slice_skip(value, 7) : value;
}

static struct slice
token_find(const struct token_rule *rule, const struct app_call *call)
{
	struct slice rest = slice_str(rule->from), place, token = SLICE_NONE;

	while (token.n == 0 && slice_cut(&rest, ' ', &place))
		if (place.n > 0)
			token = place_look(call, place);
	return token;
}

/* ---- a connect ---------------------------------------------------------------------------- */

/* How a refusal is counted, and called. */
static const enum tally faults[] = {
	[JWT_MALFORMED] = TALLY_TOKEN_MALFORMED,
	[JWT_ALGORITHM] = TALLY_TOKEN_ALGORITHM,
	[JWT_SIGNATURE] = TALLY_TOKEN_SIGNATURE,
	[JWT_EXPIRED] = TALLY_TOKEN_EXPIRED,
	[JWT_EARLY] = TALLY_TOKEN_EARLY,
	[JWT_ISSUER] = TALLY_TOKEN_ISSUER,
	[JWT_AUDIENCE] = TALLY_TOKEN_AUDIENCE,
	[JWT_NO_CRYPTO] = TALLY_TOKEN_UNVERIFIABLE,
};
_Static_assert(N_ELEMENTS(faults) == JWT__COUNT, "a fault is not counted");

static enum rc
refuse(const struct app_call *call, struct effects *effects, enum tally why)
{
	const char *code = tally_rows[why].name;
	struct effect *e = effects_add(effects, call->arena, EFFECT_REFUSE);

	e->name = SLICE("token refused");
	e->data = arena_printf(call->arena, "{\"code\":\"%s\"}", code);
	store_tally(call->store, why);
	log_info("handlers", "connect refused nsp=%.*s socket=%.*s why=%s",
	    SLICE_ARGS(call->nsp), SLICE_ARGS(call->id), code);
	return RC_BAD_INPUT;
}

/* A name, or a number as sites with numbered users have it. */
static struct slice
user_of(const struct token_rule *rule, const struct app_call *call,
    struct slice claims)
{
	struct slice value = json_member(claims, rule->user);

	if (value.p == NULL)
		return SLICE_NONE;
	return json_kind(value) == JSON_NUMBER ? arena_dup(call->arena, value) :
	    json_text(call->arena, value);
}

enum rc
tokens_admit(struct tokens *tokens, const struct app_call *call,
    struct effects *effects, struct slice *user_r)
{
	const struct token_rule *rule = tokens->rules;
	struct slice token, claims;
	enum jwt_fault fault;

	*user_r = SLICE_NONE;
	while (rule != NULL && !pattern_matches(slice_str(rule->nsp), call->nsp))
		rule = rule->next;
	if (rule == NULL)
		return RC_OK;
	token = token_find(rule, call);
	if (token.n == 0)
		return rule->required ? refuse(call, effects, TALLY_TOKEN_MISSING) : RC_OK;
	if (jwt_verify(&rule->jwt, token, clock_wall(tokens->clock), call->arena,
	    &claims, &fault) != RC_OK)
		return refuse(call, effects, faults[fault]);
	*user_r = user_of(rule, call, claims);
	if (user_r->n == 0)
		return refuse(call, effects, TALLY_TOKEN_NO_USER);
	if ((int64_t)user_r->n > tokens->max_name)
		return refuse(call, effects, TALLY_TOKEN_USER);
	effects_add(effects, call->arena, EFFECT_USER)->name = *user_r;
	return RC_OK;
}

/* ---- the rules ------------------------------------------------------------------------------ */

enum rc
tokens_new(const struct conf *conf, const struct clock *clock,
    struct tokens **tokens_r, char **error_r)
{
	struct tokens *tokens = mem_alloc(sizeof(*tokens));
	struct token_rule **end = &tokens->rules;
	const struct conf_section *section;
	enum rc rc = RC_OK;

	*tokens_r = NULL;
	*error_r = NULL;
	tokens->clock = clock;
	tokens->max_name = conf->max_name;
	for (section = conf->sections; rc == RC_OK && section != NULL;
	    section = section->next) {
		if (strcmp(section->kind, "token") != 0)
			continue;
		*end = mem_alloc(sizeof(**end));
		rc = rule_read(conf, section, *end, error_r);
		end = &(*end)->next;
	}
	if (rc == RC_OK) {
		*tokens_r = tokens;
		tokens = NULL;
	}
	tokens_free(&tokens);
	return rc;
}

void
tokens_free(struct tokens **tokens)
{
	struct token_rule *rule;
	size_t i;

	if (*tokens == NULL)
		return;
	while ((rule = (*tokens)->rules) != NULL) {
		(*tokens)->rules = rule->next;
		for (i = 0; i < rule->jwt.n_keys; i++) {
			free((char *)rule->keys[i].secret.p);
			crypto_key_free(&rule->keys[i].public);
		}
		free(rule);
	}
	free(*tokens);
	*tokens = NULL;
}
