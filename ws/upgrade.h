/*
 * upgrade.h - the opening handshake of RFC 6455, section 4
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_UPGRADE_H
#define WS_UPGRADE_H

#include "base/slice.h"

struct buf;
struct request;

enum { UPGRADE_ACCEPT_LEN = 28 };

/* Whether the client would like a WebSocket, well asked or not. */
bool upgrade_wanted(const struct request *request);

/*
 * 0: it asks as it must; accept_r is what answers its key.  Otherwise a status
 * (400, 405, 426, 500) and one sentence.
 */
int upgrade_check(const struct request *request,
    char accept_r[UPGRADE_ACCEPT_LEN + 1], const char **fault_r);

/* The 101.  headers: more lines ("Name: value\r\n"), or none. */
void upgrade_write(struct buf *out, const char *accept, struct slice headers);

/* What a refusal's headers say beyond the usual; 426 names the version. */
struct slice upgrade_refusal_headers(int status);

#endif
