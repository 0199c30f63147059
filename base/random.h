/*
 * random.h - numbers that nobody can guess, and a short keyed MAC
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/slice.h"

void     random_bytes(void *out, size_t n);     /* getrandom(2); aborts if it fails */
uint64_t random_u64(void);

/* An id of 20 characters of the base64 URL alphabet (120 bits) and a zero, the
 * form of every Socket.IO sid. */
enum { ID_LEN = 20 };
void random_id(char id_r[ID_LEN + 1]);

/* SipHash-2-4 (Aumasson, Bernstein 2012).  A MAC while the key is secret. */
uint64_t siphash(const unsigned char key[16], struct slice data);

/* Whether both are the same, in a time that tells only their lengths. */
bool slice_eq_secret(struct slice a, struct slice b);

#endif
