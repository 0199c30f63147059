/*
 * out.c - what waits to be written to a connection: places in shared memory
 *
 * One unread place of 100 bytes would hold a whole chunk, and a slow reader
 * collects a place of every turn's chunk.  So who is slow copies its own
 * (out_settle), and chunks are of a size that makes this rare.
 *
 * Must stay true:
 *   - bytes in a chunk never change once they were queued
 *   - a queue has one reference per place, and counts every byte once
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ws/out.h"

enum { CHUNK_SIZE = 16384, CHUNK_OWN = 4096, HELD_FACTOR = 4, MORE_FIRST = 4 };

/* Not mem_alloc(): nobody reads what was not written. */
static struct chunk *
chunk_new(size_t cap)
{
	struct chunk *c;

	assert(cap <= UINT32_MAX);
	c = mem_resize(NULL, sizeof(*c) + cap);
	c->refs = 1;
	c->n = 0;
	c->cap = (uint32_t)cap;
	return c;
}

static void
chunk_drop(struct chunk *c)
{
	if (--c->refs == 0)
		free(c);
}

static struct span
chunk_add(struct chunk *c, struct slice head, struct slice body)
{
	struct span span = { c, c->n, (uint32_t)(head.n + body.n) };

	if (head.n > 0)
		memcpy(c->bytes + c->n, head.p, head.n);
	if (body.n > 0)
		memcpy(c->bytes + c->n + head.n, body.p, body.n);
	c->n += span.n;
	return span;
}

/* A full chunk stays until the turn is over, for spans that are remembered but
 * queued nowhere. */
static void
spool_shelve(struct spool *spool)
{
	if (spool->chunk == NULL)
		return;
	spool->chunk->next = spool->full;
	spool->full = spool->chunk;
	spool->chunk = NULL;
}

struct span
spool_add(struct spool *spool, struct slice head, struct slice body)
{
	size_t n = head.n + body.n;

	if (spool->chunk == NULL || spool->chunk->cap - spool->chunk->n < n) {
		spool_shelve(spool);
		spool->chunk = chunk_new(n > CHUNK_OWN ? n : CHUNK_SIZE);
	}
	return chunk_add(spool->chunk, head, body);
}

void
spool_turn(struct spool *spool)
{
	struct chunk *c;

	while ((c = spool->full) != NULL) {
		spool->full = c->next;
		chunk_drop(c);
	}
	if ((c = spool->chunk) == NULL)
		return;
	if (c->refs == 1 && c->cap == CHUNK_SIZE) {
		c->n = 0;
		return;
	}
	/* Who is slow keeps its bytes, not what later turns would put beside. */
	spool->chunk = NULL;
	chunk_drop(c);
}

void
spool_fini(struct spool *spool)
{
	spool_shelve(spool);
	spool_turn(spool);
}

/* ---- the queue --------------------------------------------------------------- */

static bool
span_extend(struct span *last, struct span span)
{
	if (last->chunk != span.chunk || last->at + last->n != span.at)
		return false;
	last->n += span.n;
	return true;
}

void
out_add(struct out *out, struct span span)
{
	struct span *last = out->n > out->at ? &out->more[out->n - 1] : &out->first;

	if (span.n == 0)
		return;
	out->bytes += span.n;
	if (out->first.chunk != NULL && span_extend(last, span))
		return;
	span.chunk->refs++;
	if (out->first.chunk == NULL) {
		out->first = span;
		return;
	}
	if (out->n == out->cap && out->at > 0) {
		memmove(out->more, out->more + out->at,
		    (out->n - out->at) * sizeof(*out->more));
		out->n -= out->at;
		out->at = 0;
	}
	if (out->n == out->cap) {
		out->cap = out->cap == 0 ? MORE_FIRST : 2 * out->cap;
		out->more = mem_resize(out->more, out->cap * sizeof(*out->more));
	}
	out->more[out->n++] = span;
}

size_t
out_count(const struct out *out)
{
	return (out->first.chunk != NULL) + (out->n - out->at);
}

static const struct span *
out_span(const struct out *out, size_t i)
{
	return i == 0 ? &out->first : &out->more[out->at + i - 1];
}

struct slice
out_get(const struct out *out, size_t i)
{
	const struct span *span = out_span(out, i);

	return slice_of(span->chunk->bytes + span->at, span->n);
}

static void
first_drop(struct out *out)
{
	chunk_drop(out->first.chunk);
	out->first = (struct span){ NULL, 0, 0 };
	if (out->at < out->n)
		out->first = out->more[out->at++];
	if (out->at == out->n) {
		free(out->more);
		out->more = NULL;
		out->at = out->n = out->cap = 0;
	}
}

void
out_sent(struct out *out, size_t n)
{
	assert(n <= out->bytes);
	out->bytes -= n;
	while (n > 0 && n >= out->first.n) {
		n -= out->first.n;
		first_drop(out);
	}
	out->first.at += (uint32_t)n;
	out->first.n -= (uint32_t)n;
}

void
out_fini(struct out *out)
{
	while (out->first.chunk != NULL)
		first_drop(out);
	out->bytes = 0;
}

size_t
out_held(const struct out *out)
{
	const struct chunk *last = NULL;
	size_t held = 0, i, count = out_count(out);

	for (i = 0; i < count; i++) {
		if (out_span(out, i)->chunk != last)
			held += out_span(out, i)->chunk->cap;
		last = out_span(out, i)->chunk;
	}
	return held;
}

void
out_settle(struct out *out)
{
	struct span whole;
	struct chunk *own;
	size_t i, count = out_count(out);

	if (count == 0 || out_held(out) / HELD_FACTOR <= out->bytes)
		return;
	own = chunk_new(out->bytes);
	whole = (struct span){ own, 0, (uint32_t)out->bytes };
	for (i = 0; i < count; i++)
		chunk_add(own, out_get(out, i), SLICE_NONE);
	out_fini(out);
	out_add(out, whole);
	chunk_drop(own);
}
