/*
 * crypto.c - what OpenSSL does for us, loaded when it is first needed
 *
 * The functions are rows of a table that is filled once: by dlsym(), or by the
 * linker where the program is static.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <dlfcn.h>
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/pem.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"

enum { RSA_MIN_BITS = 2048, P256_BYTES = 32 };

#define FUNCTIONS(X)                                                           \
	X(HMAC) X(EVP_sha256)                                                  \
	X(EVP_MAC_fetch) X(EVP_MAC_free) X(EVP_MAC_CTX_new) X(EVP_MAC_CTX_free)    \
	X(EVP_MAC_init) X(EVP_MAC_update) X(EVP_MAC_final)                         \
	X(OSSL_PARAM_construct_utf8_string) X(OSSL_PARAM_construct_end)            \
	X(BIO_new_mem_buf) X(BIO_free) X(PEM_read_bio_PUBKEY) X(EVP_PKEY_free)     \
	X(EVP_PKEY_is_a) X(EVP_PKEY_get_bits) X(EVP_PKEY_get_group_name)           \
	X(EVP_MD_CTX_new) X(EVP_MD_CTX_free) X(EVP_DigestVerifyInit)               \
	X(EVP_DigestVerify)                                                    \
	X(ECDSA_SIG_new) X(ECDSA_SIG_free) X(ECDSA_SIG_set0) X(i2d_ECDSA_SIG)      \
	X(BN_bin2bn) X(CRYPTO_free) X(ERR_clear_error)

static struct {
#define FIELD(name) __typeof__(&name) f_##name;
	FUNCTIONS(FIELD)
} ssl;

static enum { UNKNOWN, READY, MISSING } state;
static char *why;

#ifdef STATIC_ONLY

static bool
fill(void)
{
#define TAKE(name) ssl.f_##name = &name;
	FUNCTIONS(TAKE)
	return true;
}

#else

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define LIBCRYPTO "libcrypto.so." TEXT(OPENSSL_SHLIB_VERSION)

static const struct { const char *name; size_t offset; } places[] = {
#define PLACE(name) { #name, offsetof(__typeof__(ssl), f_##name) },
	FUNCTIONS(PLACE)
};

static bool
fill(void)
{
	void *lib = dlopen(LIBCRYPTO, RTLD_NOW | RTLD_LOCAL), *f;
	size_t i;

	if (lib == NULL) {
		why = mem_printf("%s: install OpenSSL 3 (Debian: libssl3)", dlerror());
		return false;
	}
	for (i = 0; i < N_ELEMENTS(places); i++) {
		if ((f = dlsym(lib, places[i].name)) == NULL) {
			why = mem_printf("%s has no %s", LIBCRYPTO, places[i].name);
			dlclose(lib);
			return false;
		}
		memcpy((char *)&ssl + places[i].offset, &f, sizeof(f));
	}
	return true;
}

#endif

static bool
is_ready(void)
{
	if (state == UNKNOWN) {
		state = fill() ? READY : MISSING;
		if (state == MISSING)
			log_error("base", "no cryptography: %s", why);
	}
	return state == READY;
}

const char *
crypto_error(void)
{
	return state == MISSING ? why : "";
}

enum rc
crypto_hmac_sha256(struct slice key, struct slice text,
    unsigned char mac_r[CRYPTO_MAC_SIZE])
{
	unsigned size = CRYPTO_MAC_SIZE;

	if (!is_ready() || ssl.f_HMAC(ssl.f_EVP_sha256(), key.p, (int)key.n,
	    (const unsigned char *)text.p, text.n, mac_r, &size) == NULL)
		return RC_IO;
	return RC_OK;
}

/* Asking OpenSSL for "HMAC" by name costs as much as the MAC of a short text, and
 * a context that has its key needs no key again. */
struct crypto_mac {
	EVP_MAC_CTX *ctx;
};

enum rc
crypto_mac_new(struct slice key, struct crypto_mac **mac_r)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[2];
	struct crypto_mac *mac;
	EVP_MAC *hmac = NULL;

	*mac_r = NULL;
	if (!is_ready() || (hmac = ssl.f_EVP_MAC_fetch(NULL, "HMAC", NULL)) == NULL)
		return RC_IO;
	mac = mem_alloc(sizeof(*mac));
	mac->ctx = ssl.f_EVP_MAC_CTX_new(hmac);
	ssl.f_EVP_MAC_free(hmac);
	params[0] = ssl.f_OSSL_PARAM_construct_utf8_string("digest", digest, 0);
	params[1] = ssl.f_OSSL_PARAM_construct_end();
	if (mac->ctx == NULL || ssl.f_EVP_MAC_init(mac->ctx,
	    (const unsigned char *)key.p, key.n, params) != 1) {
		crypto_mac_free(&mac);
		return RC_IO;
	}
	*mac_r = mac;
	return RC_OK;
}

void
crypto_mac_free(struct crypto_mac **mac)
{
	if (*mac == NULL)
		return;
	ssl.f_EVP_MAC_CTX_free((*mac)->ctx);
	free(*mac);
	*mac = NULL;
}

enum rc
crypto_mac_take(struct crypto_mac *mac, const struct slice *parts, size_t n,
    unsigned char mac_r[CRYPTO_MAC_SIZE])
{
	size_t size, i;

	if (ssl.f_EVP_MAC_init(mac->ctx, NULL, 0, NULL) != 1)
		return RC_IO;
	for (i = 0; i < n; i++)
		if (ssl.f_EVP_MAC_update(mac->ctx, (const unsigned char *)parts[i].p,
		    parts[i].n) != 1)
			return RC_IO;
	return ssl.f_EVP_MAC_final(mac->ctx, mac_r, &size, CRYPTO_MAC_SIZE) == 1 ?
	    RC_OK : RC_IO;
}

void
crypto_hex(struct buf *out, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		buf_char(out, digits[bytes[i] >> 4]);
		buf_char(out, digits[bytes[i] & 15]);
	}
}

/* ---- public keys ------------------------------------------------------------------ */

struct crypto_key {
	EVP_PKEY *pkey;
	enum crypto_algorithm algorithm;
};

/* What the key is good for; NULL, or what is wrong with it. */
static const char *
key_kind(EVP_PKEY *pkey, enum crypto_algorithm *algorithm_r)
{
	char group[32] = "";
	size_t n;

	if (ssl.f_EVP_PKEY_is_a(pkey, "RSA")) {
		*algorithm_r = CRYPTO_RS256;
		return ssl.f_EVP_PKEY_get_bits(pkey) >= RSA_MIN_BITS ? NULL :
		    "an RSA key must have 2048 bits or more";
	}
	*algorithm_r = CRYPTO_ES256;
	if (!ssl.f_EVP_PKEY_is_a(pkey, "EC"))
		return "it must be an RSA key or an EC key on P-256";
	if (!ssl.f_EVP_PKEY_get_group_name(pkey, group, sizeof(group), &n) ||
	    strcmp(group, "prime256v1") != 0)
		return "an EC key must be on the curve P-256 (prime256v1)";
	return NULL;
}

enum rc
crypto_key_read(struct slice pem, struct crypto_key **key_r, const char **why_r)
{
	struct crypto_key *key;
	EVP_PKEY *pkey = NULL;
	BIO *bio;

	*key_r = NULL;
	*why_r = "it is no public key in PEM (-----BEGIN PUBLIC KEY-----)";
	if (!is_ready())
		return RC_IO;
	if ((bio = ssl.f_BIO_new_mem_buf(pem.p, (int)pem.n)) != NULL) {
		pkey = ssl.f_PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
		ssl.f_BIO_free(bio);
	}
	ssl.f_ERR_clear_error();
	if (pkey == NULL)
		return RC_BAD_INPUT;
	key = mem_alloc(sizeof(*key));
	key->pkey = pkey;
	if ((*why_r = key_kind(pkey, &key->algorithm)) != NULL) {
		crypto_key_free(&key);
		return RC_BAD_INPUT;
	}
	*key_r = key;
	return RC_OK;
}

void
crypto_key_free(struct crypto_key **key)
{
	if (*key == NULL)
		return;
	ssl.f_EVP_PKEY_free((*key)->pkey);
	free(*key);
	*key = NULL;
}

enum crypto_algorithm
crypto_key_algorithm(const struct crypto_key *key)
{
	return key->algorithm;
}

/* r || s (RFC 7518 section 3.4) as the DER that OpenSSL wants; its length, 0: no. */
static int
signature_der(struct slice raw, unsigned char **der_r)
{
	const unsigned char *p = (const unsigned char *)raw.p;
	ECDSA_SIG *sig = ssl.f_ECDSA_SIG_new();
	int n;

	*der_r = NULL;
	/* The numbers are the signature's from here on. */
	ssl.f_ECDSA_SIG_set0(sig, ssl.f_BN_bin2bn(p, P256_BYTES, NULL),
	    ssl.f_BN_bin2bn(p + P256_BYTES, P256_BYTES, NULL));
	n = ssl.f_i2d_ECDSA_SIG(sig, der_r);
	ssl.f_ECDSA_SIG_free(sig);
	return n < 0 ? 0 : n;
}

enum rc
crypto_verify(const struct crypto_key *key, struct slice text, struct slice signature)
{
	const unsigned char *sig = (const unsigned char *)signature.p;
	unsigned char *der = NULL;
	size_t n = signature.n;
	EVP_MD_CTX *ctx;
	bool is_good;

	if (key->algorithm == CRYPTO_ES256) {
		if (n != (size_t)2 * P256_BYTES)
			return RC_BAD_INPUT;
		n = (size_t)signature_der(signature, &der);
		sig = der;
	}
	ctx = ssl.f_EVP_MD_CTX_new();
	is_good = n > 0 && ssl.f_EVP_DigestVerifyInit(ctx, NULL, ssl.f_EVP_sha256(),
	    NULL, key->pkey) == 1 && ssl.f_EVP_DigestVerify(ctx, sig, n,
	    (const unsigned char *)text.p, text.n) == 1;
	ssl.f_EVP_MD_CTX_free(ctx);
	if (der != NULL)
		ssl.f_CRYPTO_free(der, __FILE__, __LINE__);
	ssl.f_ERR_clear_error();
	return is_good ? RC_OK : RC_BAD_INPUT;
}
