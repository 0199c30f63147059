/*
 * sqlite_row.c - many numbers in one text
 *
 * A row that is written all the time is one JSON array: `[12,-3,...`.  To bind and
 * to decode a column each costs more than all the numbers together, and people can
 * still read it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "store/sqlite_private.h"

static char *
number_write(char *p, int64_t v)
{
	static const char pairs[] =
	    "00010203040506070809101112131415161718192021222324252627282930313233"
	    "34353637383940414243444546474849505152535455565758596061626364656667"
	    "6869707172737475767778798081828384858687888990919293949596979899";
	char digits[20], *d = digits + sizeof(digits);
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;

	if (v < 0)
		*p++ = '-';
	for (; u >= 100; u /= 100)
		memcpy(d -= 2, pairs + 2 * (u % 100), 2);
	if (u >= 10)
		memcpy(d -= 2, pairs + 2 * u, 2);
	else
		*--d = (char)('0' + u);
	memcpy(p, d, (size_t)(digits + sizeof(digits) - d));
	return p + (digits + sizeof(digits) - d);
}

char *
row_numbers(char *p, const int64_t *v, size_t n)
{
	*p++ = '[';
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			*p++ = ',';
		p = number_write(p, v[i]);
	}
	return p;
}

const char *
row_read(const char *p, const char *end, int64_t *v_r, size_t n)
{
	uint64_t v;
	bool minus;

	for (size_t i = 0; i < n; i++) {
		p += p < end;                   /* '[' or ',' */
		if ((minus = p < end && *p == '-'))
			p++;
		for (v = 0; p < end && *p >= '0' && *p <= '9'; p++)
			v = v * 10 + (uint64_t)(*p - '0');
		v_r[i] = (int64_t)(minus ? -v : v);
	}
	return p;
}
