/*
 * buf.c - a run of bytes that grows
 *
 * Must stay true: n <= cap, and p is NULL only while cap is 0.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

enum { BUF_FIRST = 64, PACK_HEAD = 4 };

void
buf_drop(struct buf *b)
{
	free(b->p);
	*b = (struct buf)BUF_INIT;
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
}

void
buf_grow(struct buf *b, size_t more)
{
	size_t cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap;

	assert(more < SIZE_MAX / 4 && b->n < SIZE_MAX / 4);
	while (cap < b->n + more)
		cap *= 2;
	b->p = mem_resize(b->p, cap);
	b->cap = cap;
}

void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, slice_str(s));
}

void
buf_int(struct buf *b, int64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do {
		digits[--at] = (char)('0' + u % 10);
		u /= 10;
	} while (u > 0);
	if (v < 0)
		digits[--at] = '-';
	buf_add(b, slice_of(digits + at, sizeof(digits) - at));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	buf_reserve(b, BUF_FIRST);
	n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
	assert(n >= 0);
	if ((size_t)n >= b->cap - b->n) {
		buf_reserve(b, (size_t)n + 1);
		vsnprintf(b->p + b->n, b->cap - b->n, fmt, again);
	}
	b->n += (size_t)n;
	va_end(again);
	va_end(ap);
}

char *
buf_take(struct buf *b)
{
	char *p;

	buf_char(b, '\0');
	p = b->p;
	*b = (struct buf)BUF_INIT;
	return p;
}

void
pack_add(struct buf *b, struct slice element)
{
	char head[PACK_HEAD];
	int i;

	assert(element.n <= UINT32_MAX);
	for (i = 0; i < PACK_HEAD; i++)
		head[i] = (char)(element.n >> (8 * i) & 0xff);
	buf_reserve(b, PACK_HEAD + element.n);
	buf_add(b, slice_of(head, PACK_HEAD));
	buf_add(b, element);
}

bool
pack_next(struct slice *rest, struct slice *element_r)
{
	size_t n = 0;
	int i;

	*element_r = SLICE_NONE;
	if (rest->n < PACK_HEAD)
		return false;
	for (i = 0; i < PACK_HEAD; i++)
		n |= (size_t)(unsigned char)rest->p[i] << (8 * i);
	if (n > rest->n - PACK_HEAD)
		return false;
	*element_r = slice_of(rest->p + PACK_HEAD, n);
	*rest = slice_skip(*rest, PACK_HEAD + n);
	return true;
}

size_t
pack_count(struct slice packed)
{
	struct slice element;
	size_t count = 0;

	while (pack_next(&packed, &element))
		count++;
	return count;
}
