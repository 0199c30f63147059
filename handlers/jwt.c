/*
 * jwt.c - signed tokens that say who somebody is
 *
 * Must stay true: nothing of the payload is looked at before the signature is
 * right.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/random.h"
#include "handlers/jwt.h"

enum { DEPTH = 16, NUMBER_MAX = 32 };

/* The three parts, decoded; what is signed are the first two as they came. */
struct parts {
	struct slice signed_text, header, payload, signature;
};

static bool
part_decode(struct arena *arena, struct slice text, struct slice *part_r)
{
	struct buf out = BUF_INIT;
	bool is_good = base64_decode(&out, text) == RC_OK;

	*part_r = arena_dup(arena, out.n == 0 ? SLICE("") : buf_slice(&out));
	buf_free(&out);
	return is_good;
}

static bool
is_object(struct slice text)
{
	return json_check(text, DEPTH) == RC_OK && json_kind(text) == JSON_OBJECT;
}

static bool
parts_read(struct slice token, struct arena *arena, struct parts *parts_r)
{
	struct slice rest = token, header, payload;

	if (token.n > JWT_MAX || !slice_cut(&rest, '.', &header) || rest.p == NULL ||
	    !slice_cut(&rest, '.', &payload) || rest.p == NULL ||
	    slice_find(rest, '.') < rest.n)
		return false;
	parts_r->signed_text = slice_head(token, header.n + 1 + payload.n);
	return part_decode(arena, header, &parts_r->header) &&
	    part_decode(arena, payload, &parts_r->payload) &&
	    part_decode(arena, rest, &parts_r->signature) &&
	    is_object(parts_r->header);
}

/* ---- the signature ------------------------------------------------------------------ */

static const char *
key_algorithm(const struct jwt_key *key)
{
	if (key->secret.p != NULL)
		return "HS256";
	return crypto_key_algorithm(key->public) == CRYPTO_RS256 ? "RS256" : "ES256";
}

static enum rc
key_verify(const struct jwt_key *key, const struct parts *parts)
{
	unsigned char mac[CRYPTO_MAC_SIZE];
	enum rc rc;

	if (key->secret.p == NULL)
		return crypto_verify(key->public, parts->signed_text, parts->signature);
	rc = crypto_hmac_sha256(key->secret, parts->signed_text, mac);
	if (rc == RC_OK && !slice_eq_secret(slice_of((const char *)mac, sizeof(mac)),
	    parts->signature))
		rc = RC_BAD_INPUT;
	return rc;
}

/* An extension that must be understood (`crit`) is not. */
static enum rc
signature_check(const struct jwt_rule *rule, const struct parts *parts,
    enum jwt_fault *fault_r)
{
	struct slice alg = json_member(parts->header, "alg");
	enum rc rc = RC_BAD_INPUT;
	size_t i;

	*fault_r = JWT_ALGORITHM;
	if (json_member(parts->header, "crit").p != NULL)
		return RC_BAD_INPUT;
	for (i = 0; i < rule->n_keys; i++) {
		if (alg.p == NULL ||
		    !json_string_is(alg, slice_str(key_algorithm(&rule->keys[i]))))
			continue;
		if ((rc = key_verify(&rule->keys[i], parts)) == RC_OK)
			break;
		*fault_r = rc == RC_IO ? JWT_NO_CRYPTO : JWT_SIGNATURE;
	}
	return rc == RC_IO ? RC_BAD_INPUT : rc;
}

/* ---- the claims ----------------------------------------------------------------------- */

/* A NumericDate in ms; false: it is none. */
static bool
date_read(struct slice value, double *ms_r)
{
	char text[NUMBER_MAX];

	if (json_kind(value) != JSON_NUMBER || value.n >= sizeof(text))
		return false;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	*ms_r = strtod(text, NULL) * 1000;
	return true;
}

static bool
is_one_of(const char *words, struct slice value)
{
	struct slice rest = slice_str(words), word;

	while (slice_cut(&rest, ' ', &word))
		if (word.n > 0 && json_string_is(value, word))
			return true;
	return false;
}

/* A string, or an array of which one will do. */
static bool
audience_is(const char *words, struct slice aud)
{
	struct slice item;

	if (aud.p == NULL || json_kind(aud) != JSON_ARRAY)
		return aud.p != NULL && is_one_of(words, aud);
	json_open(&aud);
	while (json_next(&aud, &item))
		if (is_one_of(words, item))
			return true;
	return false;
}

static enum rc
claims_check(const struct jwt_rule *rule, struct slice claims, int64_t now_ms,
    enum jwt_fault *fault_r)
{
	struct slice exp = json_member(claims, "exp"), nbf = json_member(claims, "nbf"),
	    iss = json_member(claims, "iss");
	double now = (double)now_ms, leeway = (double)rule->leeway_ms, ms;

	*fault_r = JWT_EXPIRED;
	if (exp.p == NULL || !date_read(exp, &ms) || !(now < ms + leeway))
		return RC_BAD_INPUT;
	*fault_r = JWT_EARLY;
	if (nbf.p != NULL && (!date_read(nbf, &ms) || !(now >= ms - leeway)))
		return RC_BAD_INPUT;
	*fault_r = JWT_ISSUER;
	if (rule->issuer != NULL && (iss.p == NULL ||
	    !json_string_is(iss, slice_str(rule->issuer))))
		return RC_BAD_INPUT;
	*fault_r = JWT_AUDIENCE;
	if (rule->audience != NULL &&
	    !audience_is(rule->audience, json_member(claims, "aud")))
		return RC_BAD_INPUT;
	return RC_OK;
}

enum rc
jwt_verify(const struct jwt_rule *rule, struct slice token, int64_t now_ms,
    struct arena *arena, struct slice *claims_r, enum jwt_fault *fault_r)
{
	struct parts parts;
	enum rc rc;

	*claims_r = SLICE_NONE;
	*fault_r = JWT_MALFORMED;
	if (!parts_read(token, arena, &parts))
		return RC_BAD_INPUT;
	if ((rc = signature_check(rule, &parts, fault_r)) != RC_OK)
		return rc;
	*fault_r = JWT_MALFORMED;
	if (!is_object(parts.payload))
		return RC_BAD_INPUT;
	if ((rc = claims_check(rule, parts.payload, now_ms, fault_r)) == RC_OK)
		*claims_r = parts.payload;
	return rc;
}
