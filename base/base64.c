/*
 * base64.c - RFC 4648 section 4, as Engine.IO readers and writers use it
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/base64.h"
#include "base/buf.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* A character's six bits plus one, 0 for what is not of the alphabet. */
#define V(c, v) [c] = (v) + 1
static const unsigned char value_plus_1[256] = {
	V('A', 0), V('B', 1), V('C', 2), V('D', 3), V('E', 4), V('F', 5),
	V('G', 6), V('H', 7), V('I', 8), V('J', 9), V('K', 10), V('L', 11),
	V('M', 12), V('N', 13), V('O', 14), V('P', 15), V('Q', 16), V('R', 17),
	V('S', 18), V('T', 19), V('U', 20), V('V', 21), V('W', 22), V('X', 23),
	V('Y', 24), V('Z', 25), V('a', 26), V('b', 27), V('c', 28), V('d', 29),
	V('e', 30), V('f', 31), V('g', 32), V('h', 33), V('i', 34), V('j', 35),
	V('k', 36), V('l', 37), V('m', 38), V('n', 39), V('o', 40), V('p', 41),
	V('q', 42), V('r', 43), V('s', 44), V('t', 45), V('u', 46), V('v', 47),
	V('w', 48), V('x', 49), V('y', 50), V('z', 51), V('0', 52), V('1', 53),
	V('2', 54), V('3', 55), V('4', 56), V('5', 57), V('6', 58), V('7', 59),
	V('8', 60), V('9', 61), V('+', 62), V('/', 63), V('-', 62), V('_', 63),
};

void
base64_encode(struct buf *out, struct slice data)
{
	const unsigned char *p = (const unsigned char *)data.p;
	size_t left = data.n;
	char *to;

	if (left == 0)
		return;
	buf_reserve(out, (left + 2) / 3 * 4);
	to = out->p + out->n;
	out->n += (left + 2) / 3 * 4;
	for (; left >= 3; left -= 3, p += 3) {
		*to++ = alphabet[p[0] >> 2];
		*to++ = alphabet[(p[0] & 3) << 4 | p[1] >> 4];
		*to++ = alphabet[(p[1] & 15) << 2 | p[2] >> 6];
		*to++ = alphabet[p[2] & 63];
	}
	if (left == 0)
		return;
	*to++ = alphabet[p[0] >> 2];
	*to++ = alphabet[(p[0] & 3) << 4 | (left == 2 ? p[1] >> 4 : 0)];
	*to++ = left == 2 ? alphabet[(p[1] & 15) << 2] : '=';
	*to++ = '=';
}

/* How much of the text is not padding; false when there is too much padding
 * or a lone last character. */
static bool
strip_padding(struct slice text, size_t *n_r)
{
	size_t n = text.n, tail, padding;

	while (n > 0 && text.n - n < 3 && text.p[n - 1] == '=')
		n--;
	padding = text.n - n;
	tail = n % 4;
	*n_r = n;
	return tail != 1 && padding <= (4 - tail) % 4;
}

enum rc
base64_decode(struct buf *out, struct slice text)
{
	uint32_t bits = 0, v;
	size_t n, i;
	char *to;

	if (!strip_padding(text, &n))
		return RC_BAD_INPUT;
	if (n == 0)
		return RC_OK;
	buf_reserve(out, n / 4 * 3 + 3);
	to = out->p + out->n;
	for (i = 0; i < n; i++) {
		if ((v = value_plus_1[(unsigned char)text.p[i]]) == 0)
			return RC_BAD_INPUT;
		bits = bits << 6 | (v - 1);
		if (i % 4 == 3) {
			*to++ = (char)(bits >> 16);
			*to++ = (char)(bits >> 8);
			*to++ = (char)bits;
		}
	}
	if (n % 4 == 2) {
		*to++ = (char)(bits >> 4);
	} else if (n % 4 == 3) {
		*to++ = (char)(bits >> 10);
		*to++ = (char)(bits >> 2);
	}
	out->n = (size_t)(to - out->p);
	return RC_OK;
}
