/*
 * random.c - numbers that nobody can guess, and a short keyed MAC
 *
 * getrandom(2) costs most of a microsecond, an id needs 15 bytes: so they are
 * fetched a pool at a time.
 *
 * Must stay true:
 *   - no byte of the pool is given out twice, also not on both sides of a fork
 *   - a byte that was given out is not in the pool any more
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/random.h"

enum { POOL_SIZE = 512 };

/* One for each thread; the thread that forks is the only one of the child. */
static _Thread_local unsigned char pool[POOL_SIZE];
static _Thread_local size_t pool_left;

static pthread_once_t fork_watched = PTHREAD_ONCE_INIT;

static void
pool_forget(void)
{
	pool_left = 0;
}

static void
fork_watch(void)
{
	if (pthread_atfork(NULL, NULL, pool_forget) != 0)
		abort();
}

static void
fetch(unsigned char *out, size_t n)
{
	ssize_t got;

	for (; n > 0; out += got, n -= (size_t)got) {
		got = getrandom(out, n, 0);
		if (got == -1 && errno == EINTR) {
			got = 0;
		} else if (got == -1) {
			perror("siogate: getrandom");
			abort();
		}
	}
}

void
random_bytes(void *out, size_t n)
{
	unsigned char *from;

	if (n > POOL_SIZE / 4) {
		fetch(out, n);
		return;
	}
	if (pool_left < n) {
		pthread_once(&fork_watched, fork_watch);
		fetch(pool, POOL_SIZE);
		pool_left = POOL_SIZE;
	}
	if (n == 0)
		return;
	pool_left -= n;
	from = pool + pool_left;
	memcpy(out, from, n);
	explicit_bzero(from, n);
}

uint64_t
random_u64(void)
{
	uint64_t v;

	random_bytes(&v, sizeof(v));
	return v;
}

void
random_id(char id_r[ID_LEN + 1])
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char bits[ID_LEN / 4 * 3], *p = bits;
	int i;

	random_bytes(bits, sizeof(bits));
	for (i = 0; i < ID_LEN; i += 4, p += 3) {
		id_r[i] = alphabet[p[0] >> 2];
		id_r[i + 1] = alphabet[(p[0] & 3) << 4 | p[1] >> 4];
		id_r[i + 2] = alphabet[(p[1] & 15) << 2 | p[2] >> 6];
		id_r[i + 3] = alphabet[p[2] & 63];
	}
	id_r[ID_LEN] = '\0';
}

/* The last word, which is not full. */
static uint64_t
load_rest(const unsigned char *p, size_t n)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static inline uint64_t
load_le(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

#define ROTATE(x, by) ((x) << (by) | (x) >> (64 - (by)))

static inline void
sip_rounds(uint64_t v[4], int count)
{
	while (count-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = ROTATE(v[1], 13) ^ v[0];
		v[3] = ROTATE(v[3], 16) ^ v[2];
		v[0] = ROTATE(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = ROTATE(v[1], 17) ^ v[2];
		v[3] = ROTATE(v[3], 21) ^ v[0];
		v[2] = ROTATE(v[2], 32);
	}
}

static inline void
sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
}

uint64_t
siphash(const unsigned char key[16], struct slice data)
{
	const unsigned char *p = (const unsigned char *)data.p;
	uint64_t k0 = load_le(key), k1 = load_le(key + 8);
	uint64_t v[4] = {
		k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
		k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573),
	};
	size_t at;

	for (at = 0; at + 8 <= data.n; at += 8)
		sip_word(v, load_le(p + at));
	sip_word(v, (uint64_t)data.n << 56 |
	    (data.n == at ? 0 : load_rest(p + at, data.n - at)));
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

bool
slice_eq_secret(struct slice a, struct slice b)
{
	volatile unsigned char difference = 0;
	size_t i;

	if (a.n != b.n)
		return false;
	for (i = 0; i < a.n; i++)
		difference |= (unsigned char)(a.p[i] ^ b.p[i]);
	return difference == 0;
}
