/*
 * upgrade.c - the opening handshake of RFC 6455, section 4
 *
 * Who may connect is decided elsewhere (Origin, session); here it is only
 * whether the request is a handshake at all.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <openssl/evp.h>

#include "base/base64.h"
#include "base/buf.h"
#include "ws/frame.h"
#include "ws/request.h"
#include "ws/upgrade.h"
#include "ws/version.h"

enum { KEY_LEN = 24, KEY_SIZE = 16, SHA1_SIZE = 20 };

bool
upgrade_wanted(const struct request *request)
{
	return request_has_word(request, "Upgrade", "websocket");
}

/* 16 bytes in base64: 22 characters and two of padding. */
static bool
key_is_sound(struct slice key)
{
	struct buf bytes = BUF_INIT;
	bool is_sound = key.n == KEY_LEN && slice_ends(key, SLICE("==")) &&
	    base64_decode(&bytes, key) == RC_OK && bytes.n == KEY_SIZE;

	buf_free(&bytes);
	return is_sound;
}

/* Found once: OpenSSL 3 looks an algorithm up by its name at every use. */
static const EVP_MD *
sha1(void)
{
	static const EVP_MD *found;

	if (found == NULL) {
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
		found = EVP_MD_fetch(NULL, "SHA1", NULL);
#endif
		if (found == NULL)
			found = EVP_sha1();
	}
	return found;
}

static bool
accept_make(struct slice key, char accept_r[UPGRADE_ACCEPT_LEN + 1])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct buf text = BUF_INIT;
	unsigned n = 0;
	bool ok;

	buf_add(&text, key);
	buf_str(&text, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
	ok = EVP_Digest(text.p, text.n, digest, &n, sha1(), NULL) == 1 &&
	    n == SHA1_SIZE;
	buf_reset(&text);
	base64_encode(&text, slice_of((const char *)digest, SHA1_SIZE));
	ok = ok && text.n == UPGRADE_ACCEPT_LEN;
	if (ok)
		memcpy(accept_r, text.p, UPGRADE_ACCEPT_LEN);
	accept_r[UPGRADE_ACCEPT_LEN] = '\0';
	buf_free(&text);
	return ok;
}

int
upgrade_check(const struct request *request,
    const struct extension_conf *conf, struct upgrade *upgrade_r,
    const char **fault_r)
{
	struct slice key = request_header(request, "Sec-WebSocket-Key");
	struct slice version = request_header(request, "Sec-WebSocket-Version");
	int status = 400;

	*upgrade_r = (struct upgrade){ .accept = "" };
	*fault_r = NULL;
	if (!slice_is(request->method, "GET")) {
		*fault_r = "A WebSocket begins with GET";
		status = 405;
	} else if (request->minor < 1) {
		*fault_r = "A WebSocket needs HTTP/1.1";
	} else if (!upgrade_wanted(request) ||
	    !request_has_word(request, "Connection", "upgrade")) {
		*fault_r = "Not an upgrade: \"Upgrade: websocket\" and "
		    "\"Connection: Upgrade\" belong together; a proxy may have "
		    "taken one away";
	} else if (request->is_chunked || request->length > 0) {
		*fault_r = "An upgrade has no body";
	} else if (request_header_count(request, "Sec-WebSocket-Version") != 1 ||
	    !slice_is(version, "13")) {
		*fault_r = "Only version 13 of the WebSocket protocol is spoken";
		status = 426;
	} else if (request_header_count(request, "Sec-WebSocket-Key") != 1 ||
	    !key_is_sound(key)) {
		*fault_r = "Sec-WebSocket-Key is not, once, 16 bytes in base64";
	} else if (!accept_make(key, upgrade_r->accept)) {
		*fault_r = "SHA-1 is not to be had";
		status = 500;
	} else {
		extension_choose(request, conf, &upgrade_r->extension);
		return 0;
	}
	return status;
}

void
upgrade_write(struct buf *out, const struct upgrade *upgrade,
    struct slice headers)
{
	buf_printf(out, "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: %s\r\n", upgrade->accept);
	extension_write(out, &upgrade->extension);
	buf_add(out, headers);
	buf_str(out, "\r\n");
}

struct slice
upgrade_refusal_headers(int status)
{
	if (status == 426)
		return SLICE("Upgrade: websocket\r\n"
		    "Sec-WebSocket-Version: 13\r\n");
	return status == 405 ? SLICE("Allow: GET\r\n") : SLICE("");
}

static bool
is_asked(const struct request *request)
{
	(void)request;          /* who asks badly is told how to ask well */
	return true;
}

static int
answer(const struct handshake *handshake, struct buf *out,
    struct extension *extension_r, const char **fault_r)
{
	struct upgrade upgrade;
	int status = upgrade_check(handshake->request, handshake->extensions,
	    &upgrade, fault_r);

	*extension_r = upgrade.extension;
	if (status == 0)
		upgrade_write(out, &upgrade, SLICE_NONE);
	return status;
}

const struct version version_rfc6455 = {
	.name = "rfc6455",
	.has_binary = true,
	.answers_close = true,
	.is_asked = is_asked,
	.answer = answer,
	.read = frame_read,
	.close_write = frame_close_write,
};
