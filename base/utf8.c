/*
 * utf8.c - is it text, and how long is it for JavaScript
 *
 * Most text is ASCII, so eight bytes at a time are looked at first.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/utf8.h"

#define EACH(byte) ((byte) * UINT64_C(0x0101010101010101))

static inline uint64_t
load8(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static inline bool
is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/*
 * The second byte alone decides about overlong forms (E0 80..9F, F0 80..8F),
 * surrogates (ED A0..BF) and what lies past U+10FFFF (F4 90..BF); see table
 * 3-7 of the Unicode standard.
 */
static inline size_t
head(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	if (s.n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || s.n < 2 || !is_tail(p[1]))
		return 0;
	if (p[0] < 0xe0)
		return 2;
	if (s.n < 3 || !is_tail(p[2]))
		return 0;
	if (p[0] < 0xf0) {
		if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))
			return 0;
		return 3;
	}
	if (s.n < 4 || !is_tail(p[3]) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return 4;
}

size_t
utf8_head(struct slice s)
{
	return head(s);
}

static inline size_t
wide(struct slice s)
{
	struct slice rest = s;
	size_t n;

	while (rest.n > 0 && (unsigned char)rest.p[0] >= 0x80) {
		if ((n = head(rest)) == 0)
			return 0;
		rest.p += n;
		rest.n -= n;
	}
	return s.n - rest.n;
}

size_t
utf8_wide(struct slice s)
{
	return wide(s);
}

static inline size_t
ascii(struct slice s)
{
	uint64_t found;
	size_t n = 0;

	for (; s.n - n >= 8; n += 8) {
		if ((found = load8(s.p + n) & EACH(0x80)) == 0)
			continue;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		return n + (size_t)__builtin_ctzll(found) / 8;
#else
		break;
#endif
	}
	while (n < s.n && (unsigned char)s.p[n] < 0x80)
		n++;
	return n;
}

size_t
utf8_ascii(struct slice s)
{
	return ascii(s);
}

bool
utf8_valid(struct slice s)
{
	size_t n;

	for (; s.n > 0; s = slice_skip(s, n)) {
		s = slice_skip(s, ascii(s));
		if ((n = wide(s)) == 0)
			return s.n == 0;
	}
	return true;
}

/* Every byte but the trailing ones is a unit, and a lead byte of four is two. */
static inline size_t
byte_units(unsigned char c)
{
	return is_tail(c) ? 0 : c < 0xf0 ? 1 : 2;
}

/* The same of each byte. */
static inline uint64_t
word_units(uint64_t w)
{
	uint64_t high = w >> 7, tails = high & ~w >> 6;
	uint64_t fours = high & w >> 6 & w >> 5 & w >> 4;

	return EACH(1) - (tails & EACH(1)) + (fours & EACH(1));
}

/* Of all bytes, of which none may be over 31: a product's top byte is their sum. */
static inline size_t
units_sum(uint64_t units)
{
	return (units * EACH(1)) >> 56;
}

/* Of BLOCK bytes. */
enum { BLOCK = 32 };
static inline size_t
block_units(const char *p)
{
	uint64_t a = load8(p), b = load8(p + 8), c = load8(p + 16), d = load8(p + 24);

	if (((a | b | c | d) & EACH(0x80)) == 0)
		return BLOCK;
	return units_sum(word_units(a) + word_units(b) + word_units(c) +
	    word_units(d));
}

size_t
utf8_units(struct slice s)
{
	size_t units = 0;

	for (; s.n >= BLOCK; s.p += BLOCK, s.n -= BLOCK)
		units += block_units(s.p);
	for (; s.n >= 8; s.p += 8, s.n -= 8)
		units += units_sum(word_units(load8(s.p)));
	for (; s.n > 0; s.p++, s.n--)
		units += byte_units((unsigned char)s.p[0]);
	return units;
}

/* Trailing bytes are no units, so they stay with their character. */
size_t
utf8_cut(struct slice s, size_t *units)
{
	size_t left = *units, n = 0, here;

	for (; s.n - n >= BLOCK; n += BLOCK, left -= here)
		if ((here = block_units(s.p + n)) > left)
			break;
	for (; s.n - n >= 8; n += 8, left -= here)
		if ((here = units_sum(word_units(load8(s.p + n)))) > left)
			break;
	for (; n < s.n; n++, left -= here)
		if ((here = byte_units((unsigned char)s.p[n])) > left)
			break;
	*units = left;
	return n;
}

int32_t
utf8_next(struct slice *rest)
{
	const unsigned char *p = (const unsigned char *)rest->p;
	size_t n;

	if (rest->n == 0)
		return -2;
	n = utf8_head(*rest);
	*rest = slice_skip(*rest, n == 0 ? 1 : n);
	switch (n) {
	case 1:
		return p[0];
	case 2:
		return (p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	case 3:
		return (p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	case 4:
		return (p[0] & 0x07) << 18 | (p[1] & 0x3f) << 12 |
		    (p[2] & 0x3f) << 6 | (p[3] & 0x3f);
	default:
		return -1;
	}
}

/*
 * Between two bytes of a character: how many are missing, and between which
 * bounds the next one must lie (only the second byte's bounds ever differ from
 * 80..BF).
 */
#define FEED(missing, low, high) \
	((uint32_t)(missing) | (uint32_t)(low) << 8 | (uint32_t)(high) << 16)

/* 0: no character begins like this. */
static uint32_t
feed_begin(unsigned char lead)
{
	if (lead >= 0xc2 && lead <= 0xdf)
		return FEED(1, 0x80, 0xbf);
	if (lead >= 0xe0 && lead <= 0xef)
		return FEED(2, lead == 0xe0 ? 0xa0 : 0x80,
		    lead == 0xed ? 0x9f : 0xbf);
	if (lead >= 0xf0 && lead <= 0xf4)
		return FEED(3, lead == 0xf0 ? 0x90 : 0x80,
		    lead == 0xf4 ? 0x8f : 0xbf);
	return 0;
}

bool
utf8_feed(uint32_t *state, struct slice piece)
{
	const unsigned char *p = (const unsigned char *)piece.p;
	const unsigned char *end = p + piece.n;
	uint32_t at = *state;
	size_t n;

	while (p < end) {
		if (at == 0) {
			while (end - p >= 8 &&
			    (load8((const char *)p) & EACH(0x80)) == 0)
				p += 8;
			if (p == end)
				break;
			n = head(slice_of((const char *)p, (size_t)(end - p)));
			if (n > 1) {
				p += n;
				continue;
			}
			if (*p >= 0x80 && (at = feed_begin(*p)) == 0)
				return false;
		} else {
			if (*p < (at >> 8 & 0xff) || *p > at >> 16)
				return false;
			at = (at & 0xff) == 1 ? 0 :
			    FEED((at & 0xff) - 1, 0x80, 0xbf);
		}
		p++;
	}
	*state = at;
	return true;
}

/* How many bytes at its start could have become a character; at least one. */
static size_t
stump_length(struct slice s)
{
	uint32_t state = 0;
	size_t n = 0;

	while (n < s.n && utf8_feed(&state, slice_of(s.p + n, 1)))
		n++;
	return n == 0 ? 1 : n;
}

void
utf8_mend(struct buf *out, struct slice s)
{
	size_t n;

	buf_reserve(out, s.n);
	for (; s.n > 0; s = slice_skip(s, n)) {
		if ((n = utf8_head(s)) != 0) {
			buf_add(out, slice_head(s, n));
			continue;
		}
		n = stump_length(s);
		buf_add(out, SLICE("\xef\xbf\xbd"));
	}
}

size_t
utf8_put(char out[4], uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}
