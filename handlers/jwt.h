/*
 * jwt.h - signed tokens (RFC 7519) that say who somebody is
 *
 * HS256, RS256 and ES256 in the compact form.  The algorithm is the key's, not
 * the token's: a token that names another is refused, `none` among them
 * (RFC 8725 section 3.1).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_JWT_H
#define HANDLERS_JWT_H

#include "base/rc.h"
#include "base/slice.h"

struct arena;
struct crypto_key;

enum { JWT_MAX = 8192 };        /* bytes of a token */

struct jwt_key {
	struct slice secret;            /* HS256; absent: public is the key */
	struct crypto_key *public;
};

struct jwt_rule {
	const struct jwt_key *keys;     /* each of the algorithm is tried: rotation */
	size_t n_keys;
	const char *issuer;             /* NULL: any */
	const char *audience;           /* one of these words; NULL: any */
	int64_t leeway_ms;              /* of clocks, for exp and nbf */
};

/* Why a token is refused. */
enum jwt_fault {
	JWT_MALFORMED, JWT_ALGORITHM, JWT_SIGNATURE, JWT_EXPIRED, JWT_EARLY,
	JWT_ISSUER, JWT_AUDIENCE, JWT_NO_CRYPTO, JWT__COUNT
};

/*
 * RC_OK: *claims_r is the payload, a JSON object in the arena.  RC_BAD_INPUT:
 * *fault_r says why not.  exp must be there.
 */
enum rc jwt_verify(const struct jwt_rule *rule, struct slice token, int64_t now_ms,
    struct arena *arena, struct slice *claims_r, enum jwt_fault *fault_r);

#endif
