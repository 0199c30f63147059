/*
 * buf.h - a run of bytes that grows
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/slice.h"

struct buf {
	char *p;        /* NULL until the first byte */
	size_t n, cap;
};
#define BUF_INIT { NULL, 0, 0 }

static inline void buf_free(struct buf *b);
void buf_drop(struct buf *b);                   /* what buf_free() calls */
void buf_reset(struct buf *b);                  /* keeps the memory */
static inline void buf_reserve(struct buf *b, size_t more); /* room for more */
void buf_grow(struct buf *b, size_t more);      /* what buf_reserve() calls */
static inline void buf_add(struct buf *b, struct slice s);
static inline void buf_char(struct buf *b, char c);
void buf_str(struct buf *b, const char *s);
void buf_int(struct buf *b, int64_t v);         /* in decimal */
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static inline struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){ b->p == NULL ? "" : b->p, b->n };
}

/* Most that are freed hold nothing. */
static inline void
buf_free(struct buf *b)
{
	if (b->p != NULL)
		buf_drop(b);
}

/* Every byte of every answer passes here, so these three are inline. */
static inline void
buf_reserve(struct buf *b, size_t more)
{
	if (b->cap - b->n < more)
		buf_grow(b, more);
}

static inline void
buf_add(struct buf *b, struct slice s)
{
	if (s.n == 0)
		return;
	buf_reserve(b, s.n);
	memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
}

static inline void
buf_char(struct buf *b, char c)
{
	buf_reserve(b, 1);
	b->p[b->n++] = c;
}

/* The bytes with a zero behind them; yours.  Leaves b empty. */
char *buf_take(struct buf *b);

/*
 * Packed lists: each element is a length (4 bytes, little endian) and its
 * bytes.  For attachments and name lists inside one column or one slice.
 */
void pack_add(struct buf *b, struct slice element);
/* Cuts the next element off *rest; false at the end or when it is damaged. */
bool pack_next(struct slice *rest, struct slice *element_r);
size_t pack_count(struct slice packed);

#endif
