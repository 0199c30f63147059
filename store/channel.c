/*
 * channel.c - the bytes that name a channel
 *
 * kind, namespace, zero, name.  A namespace holds no zero (whoever lets one in
 * from outside refuses it); a name may.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>

#include "base/mem.h"
#include "store/record.h"

struct slice
channel_key(struct arena *arena, enum channel_kind kind, struct slice nsp,
    struct slice name)
{
	char *p = arena_alloc(arena, nsp.n + name.n + 2);

	p[0] = (char)kind;
	if (nsp.n > 0)
		memcpy(p + 1, nsp.p, nsp.n);
	p[1 + nsp.n] = '\0';
	if (name.n > 0)
		memcpy(p + 2 + nsp.n, name.p, name.n);
	return slice_of(p, nsp.n + name.n + 2);
}

enum { DIGITS = 20, PACK_HEAD = 4 };

/* Into 2 + DIGITS bytes, at their end; how many it takes. */
static size_t
session_key(char *key, uint64_t session)
{
	size_t i = 2 + DIGITS;

	do
		key[--i] = (char)('0' + session % 10);
	while ((session /= 10) > 0);
	key[--i] = '\0';
	key[--i] = (char)CHANNEL_SESSION;
	return 2 + DIGITS - i;
}

struct slice
channel_of_session(struct arena *arena, uint64_t session)
{
	char key[2 + DIGITS];
	size_t n = session_key(key, session);

	return arena_dup(arena, slice_of(key + sizeof(key) - n, n));
}

struct slice
channels_of_session(struct arena *arena, uint64_t session)
{
	char packed[PACK_HEAD + 2 + DIGITS], *p;
	size_t n = session_key(packed + PACK_HEAD, session);

	p = packed + sizeof(packed) - n - PACK_HEAD;
	memset(p, 0, PACK_HEAD);
	p[0] = (char)n;
	return arena_dup(arena, slice_of(p, PACK_HEAD + n));
}

bool
channel_split(struct slice key, enum channel_kind *kind_r,
    struct slice *nsp_r, struct slice *name_r)
{
	const char *zero;

	if (key.n < 2 || (zero = memchr(key.p + 1, '\0', key.n - 1)) == NULL)
		return false;
	switch (key.p[0]) {
	case CHANNEL_NSP:
	case CHANNEL_ROOM:
	case CHANNEL_USER:
	case CHANNEL_SESSION:
		*kind_r = (enum channel_kind)key.p[0];
		break;
	default:
		return false;
	}
	*nsp_r = slice_of(key.p + 1, (size_t)(zero - key.p) - 1);
	*name_r = slice_of(zero + 1, (size_t)(key.p + key.n - zero) - 1);
	return true;
}

uint64_t
channel_session(struct slice key)
{
	uint64_t n = 0;

	if (key.n < 3 || key.n > 22 || key.p[0] != CHANNEL_SESSION || key.p[1] != '\0')
		return 0;
	for (size_t i = 2; i < key.n; i++) {
		if (key.p[i] < '0' || key.p[i] > '9')
			return 0;
		n = n * 10 + (uint64_t)(key.p[i] - '0');
	}
	return n;
}
