/*
 * crypto.h - what OpenSSL does for us, loaded when it is first needed
 *
 * Most processes never sign or verify anything, and a mod_fcgid process that is
 * idle should stay small: libcrypto alone would double it.  In a static program
 * it is there from the start and costs what is touched.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "base/rc.h"
#include "base/slice.h"

struct buf;

enum { CRYPTO_MAC_SIZE = 32 };          /* bytes, of SHA-256 */

struct crypto_key;

enum crypto_algorithm {
	CRYPTO_RS256,           /* RSASSA-PKCS1-v1_5 with SHA-256 */
	CRYPTO_ES256            /* ECDSA on P-256 with SHA-256; signature r || s */
};

/* RC_IO: libcrypto cannot be loaded (logged once, crypto_error() says why). */
enum rc crypto_hmac_sha256(struct slice key, struct slice text,
    unsigned char mac_r[CRYPTO_MAC_SIZE]);

/* The same for many texts under one key; the text is in parts.  RC_IO as above. */
struct crypto_mac;
enum rc crypto_mac_new(struct slice key, struct crypto_mac **mac_r);
void    crypto_mac_free(struct crypto_mac **mac);
enum rc crypto_mac_take(struct crypto_mac *mac, const struct slice *parts, size_t n,
    unsigned char mac_r[CRYPTO_MAC_SIZE]);

/* Lower-case hexadecimal digits. */
void crypto_hex(struct buf *out, const unsigned char *bytes, size_t n);

/*
 * A public key in PEM, fit for the algorithm that its kind allows: RSA of 2048
 * bits or more, or EC on P-256.  RC_BAD_INPUT: *why_r is what is wrong with it (a
 * constant); RC_IO as above.
 */
enum rc crypto_key_read(struct slice pem, struct crypto_key **key_r,
    const char **why_r);
void    crypto_key_free(struct crypto_key **key);
enum crypto_algorithm crypto_key_algorithm(const struct crypto_key *key);

/* RC_OK: the key's owner signed the text.  RC_BAD_INPUT: not so. */
enum rc crypto_verify(const struct crypto_key *key, struct slice text,
    struct slice signature);

/* Why libcrypto could not be loaded; "" if it was not tried, or is there. */
const char *crypto_error(void);

#endif
