/*
 * json_private.h - what json.c and json_string.c share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_JSON_PRIVATE_H
#define BASE_JSON_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Bit 7 of each byte of w that is no plain character of a string: a control
 * character, a quote, a backslash or a part of UTF-8.  A false alarm is only
 * possible in a byte above a true one, so the lowest is true. */
static inline uint64_t
json_odd_bytes(uint64_t w)
{
	const uint64_t each = UINT64_C(0x0101010101010101), top = each * 0x80;
	uint64_t quote = w ^ each * '"', backslash = w ^ each * '\\';

	return ((w - each * 0x20) | (quote - each) | (backslash - each) | w) & top;
}

/* The first byte that is not plain, or end. */
static inline const char *
json_plain_end(const char *p, const char *end)
{
	uint64_t w;

	for (; end - p >= 8; p += 8) {
		memcpy(&w, p, sizeof(w));
		if ((w = json_odd_bytes(w)) == 0)
			continue;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		return p + __builtin_ctzll(w) / 8;
#else
		break;
#endif
	}
	while (p < end && (unsigned char)*p >= 0x20 &&
	    (unsigned char)*p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

static inline bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Four hexadecimal digits, -1 when they are not there. */
static inline int32_t
json_hex4(const char *p, const char *end)
{
	int32_t v = 0;
	int i;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

#endif
