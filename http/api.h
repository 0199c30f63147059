/*
 * api.h - speaking from outside, over HTTP (doc/backend.md)
 *
 * The option `api` names its mount, a section [api NAME] makes a token.  Requests
 * become effects, as if a handler had returned them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTTP_API_H
#define HTTP_API_H

#include "base/rc.h"

struct conf;
struct gateway;
struct store;

/*
 * Serves the API through this gateway from now on, if `api` names a mount.
 * RC_BAD_INPUT: a section [api] is wrong; error_r is "FILE:LINE: reason".
 */
enum rc api_open(struct gateway *gateway, const struct conf *conf,
    struct store *store, char **error_r);

/* Only looks whether the sections are right. */
enum rc api_check(const struct conf *conf, char **error_r);

#endif
