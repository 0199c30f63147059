/*
 * tls.h - TLS of a server: bytes in, bytes out, no I/O
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WS_TLS_H
#define WS_TLS_H

#include "base/buf.h"
#include "base/rc.h"

struct tls;
struct tls_link;

/* Certificate chain and key, both PEM.  RC_BAD_INPUT: error_r (yours) names the file
 * and what is wrong with it. */
enum rc tls_open(const char *certificate, const char *key, struct tls **tls_r,
    char **error_r);
/* Reads both again, for connections from now on.  On an error all stays as it is. */
enum rc tls_reload(struct tls *tls, char **error_r);
void tls_close(struct tls **tls);

/* One connection. */
struct tls_link *tls_link_new(struct tls *tls);
void tls_link_free(struct tls_link **link);

/*
 * Takes what came; what it says is put into plain, *n_r bytes of it.  RC_OK: plain is
 * full, call again.  RC_AGAIN: all was taken.  RC_GONE: the peer says no more.
 * RC_BAD_INPUT: this is no TLS that we speak.
 */
enum rc tls_link_read(struct tls_link *link, struct slice *cipher, char *plain,
    size_t room, size_t *n_r);

/* false: not yet, the handshake goes on. */
bool tls_link_write(struct tls_link *link, struct slice plain);

/* We say no more. */
void tls_link_end(struct tls_link *link);

/* What is to be sent, after any of these calls. */
struct buf *tls_link_out(struct tls_link *link);

#endif
