/*
 * token.h - who a client is, by a signed token that it brings
 *
 *     [token /chat]             # a namespace, or a pattern, or * for all
 *     secret = ...              # HS256, 32 bytes or more; or secret_file = PATH
 *     key_file = PATH           # public key in PEM: RS256 or ES256
 *     from = auth.token cookie.session query.token header.authorization
 *     user = sub                # the claim that names the user
 *     issuer = https://www.example.org
 *     audience = chat           # one of these must be in the token
 *     leeway = 30s              # how far clocks may differ
 *     required = yes            # no: who brings none is anonymous
 *
 * Keys may be several: all are tried, so that a new one can be added before the
 * old one goes.  A socket whose token is good is bound to its user before the
 * application is asked; one whose token is not is refused with
 * {"message":"token refused","data":{"code":"token-expired"}}.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HANDLERS_TOKEN_H
#define HANDLERS_TOKEN_H

#include "base/rc.h"
#include "base/slice.h"

struct app_call;
struct clock;
struct conf;
struct effects;
struct tokens;

/* Reads the sections [token ...] and their keys.  RC_BAD_INPUT: error_r is
 * "FILE:LINE: reason" (yours, to free).  conf must outlive the result. */
enum rc tokens_new(const struct conf *conf, const struct clock *clock,
    struct tokens **tokens_r, char **error_r);
void    tokens_free(struct tokens **tokens);

/*
 * A connect: RC_OK: go on, *user_r is who it is (in the call's arena; absent:
 * nobody was named, the call's user stays).  RC_BAD_INPUT: it is refused, and
 * the effects say so.
 */
enum rc tokens_admit(struct tokens *tokens, const struct app_call *call,
    struct effects *effects, struct slice *user_r);

#endif
