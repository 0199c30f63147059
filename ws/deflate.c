/*
 * deflate.c - the bytes of a message, compressed and back (RFC 7692, 7.2)
 *
 * A sender flushes and leaves away the 00 00 ff ff that every flush ends in; a
 * reader puts it back.  Where no side remembers what it sent before, one inflater
 * and one deflater for each size of window serve all connections of the process.
 * A side that remembers has one of its own: 2^window bytes and 7 KB to read,
 * 2^(window+2) + 2^(memory+9) to write.
 *
 * Must stay true:
 *   - memory for a message's text grows with what came out, never past the limit
 *   - a connection that nothing was compressed for, or that does not remember,
 *     owns nothing
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ws/deflate.h"
#include "ws/extension.h"

enum {
	WINDOW_MAX = 15,
	LEVEL = 3,                      /* of 9; more is slow, and hardly smaller */
	TAIL = 4,                       /* bytes that every flush ends in */
	BETWEEN_BLOCKS = 128,           /* of data_type, see zlib.h on inflate() */
	KEEP_MAX = 65536,               /* of the text of the message before */
	ENDS_MAX = 64                   /* final blocks in a message: each copies what
	                                 * is remembered twice, and is sent in two bytes */
};
static const unsigned char tail[TAIL] = { 0, 0, 0xff, 0xff };

struct deflate_own {
	z_stream *out, *in;             /* NULL until used */
};

struct deflate {
	z_stream *out[WINDOW_MAX + 1];  /* by window; NULL until used */
	z_stream *in;
	struct buf plain;
	int memory;
};

/* ---- zlib's streams ------------------------------------------------------------ */

static void *
z_alloc(void *opaque, unsigned n, unsigned size)
{
	(void)opaque;
	return mem_resize(NULL, (size_t)n * size);
}

static void
z_free(void *opaque, void *p)
{
	(void)opaque;
	free(p);
}

static z_stream *
stream_new(void)
{
	z_stream *z = mem_alloc(sizeof(*z));

	z->zalloc = z_alloc;
	z->zfree = z_free;
	return z;
}

/* Memory never fails here, and the arguments are ours. */
static z_stream *
deflater(z_stream **place, int window, int memory)
{
	int rc = Z_OK;

	if (*place == NULL) {
		*place = stream_new();
		rc = deflateInit2(*place, LEVEL, Z_DEFLATED, -window, memory,
		    Z_DEFAULT_STRATEGY);
	}
	assert(rc == Z_OK);
	(void)rc;
	return *place;
}

static z_stream *
inflater(z_stream **place, int window)
{
	int rc = Z_OK;

	if (*place == NULL) {
		*place = stream_new();
		rc = inflateInit2(*place, -window);
	}
	assert(rc == Z_OK);
	(void)rc;
	return *place;
}

static void
deflater_free(z_stream **place)
{
	if (*place == NULL)
		return;
	deflateEnd(*place);
	free(*place);
	*place = NULL;
}

static void
inflater_free(z_stream **place)
{
	if (*place == NULL)
		return;
	inflateEnd(*place);
	free(*place);
	*place = NULL;
}

static struct deflate_own *
own_get(struct deflate_own **own)
{
	if (*own == NULL)
		*own = mem_alloc(sizeof(**own));
	return *own;
}

void
deflate_own_free(struct deflate_own **own)
{
	if (*own == NULL)
		return;
	deflater_free(&(*own)->out);
	inflater_free(&(*own)->in);
	free(*own);
	*own = NULL;
}

/* ---- writing ------------------------------------------------------------------- */

/* All of it, flushed.  false: it does not get smaller than limit. */
static bool
flush(z_stream *z, struct slice data, size_t limit, struct buf *out)
{
	size_t room = deflateBound(z, data.n) + 16, before = out->n;

	buf_reserve(out, room);
	z->next_in = (Bytef *)data.p;
	z->avail_in = (uInt)data.n;
	z->next_out = (Bytef *)out->p + out->n;
	z->avail_out = (uInt)room;
	deflate(z, Z_SYNC_FLUSH);
	assert(z->avail_in == 0 && z->avail_out > 0);
	out->n += room - z->avail_out;
	/* deflate() says nothing when there was nothing to flush. */
	if (out->n - before < TAIL)
		buf_char(out, '\0');
	else
		out->n -= TAIL;
	if (out->n - before < limit)
		return true;
	out->n = before;
	return false;
}

bool
deflate_pack(struct deflate *d, const struct extension *e,
    struct deflate_own **own, struct slice data, struct buf *out)
{
	z_stream *z;

	if (e->we_remember)
		return flush(deflater(&own_get(own)->out, e->our_window, d->memory),
		    data, SIZE_MAX, out);
	z = deflater(&d->out[e->our_window], e->our_window, d->memory);
	deflateReset(z);
	return flush(z, data, data.n, out);
}

/* ---- reading --------------------------------------------------------------------- */

/* A final block ends zlib's stream, but not the message, nor what is remembered. */
static void
begin_again(z_stream *z)
{
	unsigned char window[1 << WINDOW_MAX];
	uInt n = 0;

	inflateGetDictionary(z, window, &n);
	inflateReset(z);
	inflateSetDictionary(z, window, n);
}

/* One piece of input; what comes of it is added to plain. */
static enum rc
inflate_piece(z_stream *z, const unsigned char *p, size_t n, size_t limit,
    struct buf *plain)
{
	unsigned ends = 0;
	size_t room;
	int rc;

	z->next_in = (Bytef *)p;
	z->avail_in = (uInt)n;
	for (;;) {
		/* One byte more than is allowed tells that there is more. */
		room = 4 * n + 1024;
		if (room > limit + 1 - plain->n)
			room = limit + 1 - plain->n;
		buf_reserve(plain, room);
		z->next_out = (Bytef *)plain->p + plain->n;
		z->avail_out = (uInt)room;
		rc = inflate(z, Z_SYNC_FLUSH);
		plain->n += room - z->avail_out;
		if (plain->n > limit)
			return RC_TOO_BIG;
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return RC_BAD_INPUT;
		if (rc == Z_STREAM_END) {
			if (++ends > ENDS_MAX)
				return RC_BAD_INPUT;
			begin_again(z);
		}
		if (z->avail_in == 0 && z->avail_out > 0)
			return RC_OK;
	}
}

enum rc
deflate_unpack(struct deflate *d, const struct extension *e,
    struct deflate_own **own, struct slice data, size_t limit,
    struct slice *plain_r)
{
	z_stream *z;
	enum rc rc;

	*plain_r = SLICE("");
	if (d->plain.cap > KEEP_MAX)
		buf_free(&d->plain);
	buf_reset(&d->plain);
	if (e->they_remember) {
		z = inflater(&own_get(own)->in, e->their_window);
	} else {
		z = inflater(&d->in, WINDOW_MAX);
		inflateReset(z);
	}
	rc = inflate_piece(z, (const unsigned char *)data.p, data.n, limit,
	    &d->plain);
	if (rc == RC_OK)
		rc = inflate_piece(z, tail, TAIL, limit, &d->plain);
	if (rc == RC_OK && (z->data_type & BETWEEN_BLOCKS) == 0)
		return RC_BAD_INPUT;    /* the flush's bytes were taken for something else */
	if (rc == RC_OK)
		*plain_r = buf_slice(&d->plain);
	return rc;
}

struct deflate *
deflate_new(int memory)
{
	struct deflate *d = mem_alloc(sizeof(*d));

	d->memory = memory;
	return d;
}

void
deflate_free(struct deflate **deflate)
{
	struct deflate *d = *deflate;
	int i;

	if (d == NULL)
		return;
	for (i = 0; i <= WINDOW_MAX; i++)
		deflater_free(&d->out[i]);
	inflater_free(&d->in);
	buf_free(&d->plain);
	free(d);
	*deflate = NULL;
}
