/*
 * tls.c - TLS of a server: bytes in, bytes out, no I/O
 *
 * OpenSSL reads from the piece that lies in the process's one read buffer, and writes
 * into a buffer that is freed when it was sent.  Its own buffers go back when they
 * are empty, so an idle connection keeps the state of its ciphers and no more.
 *
 * TLS 1.2 with forward secrecy, and 1.3; tickets, but no cache of sessions; no
 * renegotiation; http/1.1 is the only protocol.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/mem.h"
#include "ws/tls.h"

struct tls {
	SSL_CTX *context;
	char *certificate, *key;
};

struct tls_link {
	SSL *ssl;
	struct slice in;                /* during tls_link_read() */
	struct buf out;
};

/* ---- OpenSSL's way in and out ----------------------------------------------------- */

static int
bio_read(BIO *bio, char *p, int n)
{
	struct tls_link *link = BIO_get_data(bio);
	struct slice piece = slice_head(link->in, (size_t)n);

	BIO_clear_retry_flags(bio);
	if (piece.n == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(p, piece.p, piece.n);
	link->in = slice_skip(link->in, piece.n);
	return (int)piece.n;
}

static int
bio_write(BIO *bio, const char *p, int n)
{
	struct tls_link *link = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	buf_add(&link->out, slice_of(p, (size_t)n));
	return n;
}

static long
bio_ctrl(BIO *bio, int command, long number, void *p)
{
	(void)bio;
	(void)number;
	(void)p;
	return command == BIO_CTRL_FLUSH;
}

static BIO *
bio_new(struct tls_link *link)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (method == NULL) {
		method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "siogate");
		BIO_meth_set_read(method, bio_read);
		BIO_meth_set_write(method, bio_write);
		BIO_meth_set_ctrl(method, bio_ctrl);
	}
	bio = BIO_new(method);
	BIO_set_data(bio, link);
	BIO_set_init(bio, 1);
	return bio;
}

/* ---- the context ------------------------------------------------------------------- */

static int
protocol_choose(SSL *ssl, const unsigned char **out, unsigned char *out_n,
    const unsigned char *in, unsigned in_n, void *arg)
{
	static const unsigned char ours[] = "\x8http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_n, ours, sizeof(ours) - 1, in,
	    in_n) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static char *
reason(const char *what, const char *file)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = code == 0 ? NULL : ERR_reason_error_string(code);
	char *error = mem_printf("%s: %s: %s", what, file,
	    text == NULL ? "it cannot be used" : text);

	ERR_clear_error();
	return error;
}

static void
context_harden(SSL_CTX *context)
{
	static const unsigned char id[] = "siogate";

	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
	/* The first with its shorter hash takes 200 bytes less for a connection. */
	SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:"
	    "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384");
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(context, id, sizeof(id) - 1);
	SSL_CTX_set_num_tickets(context, 1);
	SSL_CTX_set_alpn_select_cb(context, protocol_choose, NULL);
}

static SSL_CTX *
context_new(const struct tls *tls, char **error_r)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	*error_r = NULL;
	ERR_clear_error();
	context_harden(context);
	if (SSL_CTX_use_certificate_chain_file(context, tls->certificate) != 1)
		*error_r = reason("tls_certificate", tls->certificate);
	else if (SSL_CTX_use_PrivateKey_file(context, tls->key,
	    SSL_FILETYPE_PEM) != 1)
		*error_r = reason("tls_key", tls->key);
	else if (SSL_CTX_check_private_key(context) != 1)
		*error_r = reason("tls_key", tls->key);
	if (*error_r == NULL)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

enum rc
tls_reload(struct tls *tls, char **error_r)
{
	SSL_CTX *context = context_new(tls, error_r);

	if (context == NULL)
		return RC_BAD_INPUT;
	SSL_CTX_free(tls->context);     /* connections have a share in it */
	tls->context = context;
	return RC_OK;
}

enum rc
tls_open(const char *certificate, const char *key, struct tls **tls_r,
    char **error_r)
{
	struct tls *tls = mem_alloc(sizeof(*tls));
	enum rc rc;

	tls->certificate = mem_strdup(certificate);
	tls->key = mem_strdup(key);
	if ((rc = tls_reload(tls, error_r)) != RC_OK)
		tls_close(&tls);
	*tls_r = tls;
	return rc;
}

void
tls_close(struct tls **tls)
{
	if (*tls == NULL)
		return;
	SSL_CTX_free((*tls)->context);
	free((*tls)->certificate);
	free((*tls)->key);
	free(*tls);
	*tls = NULL;
}

/* ---- a connection --------------------------------------------------------------------- */

struct tls_link *
tls_link_new(struct tls *tls)
{
	struct tls_link *link = mem_alloc(sizeof(*link));
	BIO *bio = bio_new(link);

	link->ssl = SSL_new(tls->context);
	SSL_set_bio(link->ssl, bio, bio);
	SSL_set_accept_state(link->ssl);
	return link;
}

void
tls_link_free(struct tls_link **link)
{
	if (*link == NULL)
		return;
	SSL_free((*link)->ssl);
	buf_free(&(*link)->out);
	free(*link);
	*link = NULL;
}

enum rc
tls_link_read(struct tls_link *link, struct slice *cipher, char *plain,
    size_t room, size_t *n_r)
{
	enum rc rc = RC_OK;
	int n;

	*n_r = 0;
	link->in = *cipher;
	while (rc == RC_OK && *n_r < room) {
		ERR_clear_error();
		n = SSL_read(link->ssl, plain + *n_r, (int)(room - *n_r));
		if (n > 0)
			*n_r += (size_t)n;
		else if (SSL_get_error(link->ssl, n) == SSL_ERROR_WANT_READ)
			rc = RC_AGAIN;
		else if (SSL_get_error(link->ssl, n) == SSL_ERROR_ZERO_RETURN)
			rc = RC_GONE;
		else
			rc = RC_BAD_INPUT;
	}
	/* Who speaks HTTP to this port reads its answer as HTTP. */
	if (rc == RC_BAD_INPUT &&
	    ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST) {
		buf_reset(&link->out);
		buf_str(&link->out, "HTTP/1.1 400 Bad Request\r\n"
		    "Content-Type: text/plain\r\nContent-Length: 33\r\n"
		    "Connection: close\r\n\r\n"
		    "This port speaks TLS: use https.\n");
	}
	ERR_clear_error();
	*cipher = link->in;
	link->in = SLICE_NONE;
	return rc;
}

bool
tls_link_write(struct tls_link *link, struct slice plain)
{
	if (!SSL_is_init_finished(link->ssl))
		return false;
	ERR_clear_error();
	/* It takes all: bio_write() never refuses. */
	return plain.n == 0 ||
	    SSL_write(link->ssl, plain.p, (int)plain.n) == (int)plain.n;
}

void
tls_link_end(struct tls_link *link)
{
	if (SSL_is_init_finished(link->ssl) &&
	    (SSL_get_shutdown(link->ssl) & SSL_SENT_SHUTDOWN) == 0)
		SSL_shutdown(link->ssl);
	ERR_clear_error();
}

struct buf *
tls_link_out(struct tls_link *link)
{
	return &link->out;
}
