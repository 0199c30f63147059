/*
 * upgrade.h - the opening handshake of RFC 6455, section 4
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_UPGRADE_H
#define WS_UPGRADE_H

#include "base/slice.h"
#include "ws/extension.h"

struct buf;
struct request;

enum { UPGRADE_ACCEPT_LEN = 28 };

/* What is answered. */
struct upgrade {
	char accept[UPGRADE_ACCEPT_LEN + 1];    /* to its key */
	struct extension extension;
};

/* Whether the client would like a WebSocket, well asked or not. */
bool upgrade_wanted(const struct request *request);

/*
 * 0: it asks as it must.  Otherwise a status (400, 405, 426, 500) and one
 * sentence.
 */
int upgrade_check(const struct request *request,
    const struct extension_conf *conf, struct upgrade *upgrade_r,
    const char **fault_r);

/* The 101.  headers: more lines ("Name: value\r\n"), or none. */
void upgrade_write(struct buf *out, const struct upgrade *upgrade,
    struct slice headers);

/* What a refusal's headers say beyond the usual; 426 names the version. */
struct slice upgrade_refusal_headers(int status);

#endif
