/*
 * assembler.c - a packet whose attachments come one by one
 *
 * The text of a binary packet says how many attachments follow; each comes in
 * a frame of its own, often in a later request that another process serves.
 * So the state between two requests is bytes:
 *
 *     due (4 bytes, little endian) | header (as in a packed list) | attachments
 *
 * Must stay true:
 *   - an open assembler has a header and at least one attachment due
 *   - the attachments lie in the arena of the last assembler_take(), or in the
 *     state of assembler_load(); the header lies wherever it came from
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>

#include "base/buf.h"
#include "base/mem.h"
#include "wire/assembler_private.h"

#define DUE_BYTES  4
#define PACK_BYTES 4    /* what a packed list adds to an element */

static unsigned
due_read(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return u[0] | (unsigned)u[1] << 8 | (unsigned)u[2] << 16 |
	    (unsigned)u[3] << 24;
}

static void
due_write(struct buf *out, unsigned due)
{
	unsigned i;

	for (i = 0; i < DUE_BYTES; i++)
		buf_char(out, (char)(due >> 8 * i & 0xff));
}

/* Whether the bytes are a packed list from the first to the last. */
static bool
is_packed(struct slice bytes)
{
	struct slice element;

	while (bytes.n > 0) {
		if (!pack_next(&bytes, &element))
			return false;
	}
	return true;
}

enum rc
assembler_load(struct assembler *a, struct slice state)
{
	struct slice rest, header;
	unsigned due;

	assembler_close(a);
	if (state.n == 0)
		return RC_OK;
	if (state.n < DUE_BYTES || (due = due_read(state.p)) == 0)
		return RC_BAD_INPUT;
	rest = slice_skip(state, DUE_BYTES);
	if (!pack_next(&rest, &header) || !is_packed(rest))
		return RC_BAD_INPUT;

	assembler_open(a, header, due);
	if (rest.n > 0)
		a->attachments = rest;
	return RC_OK;
}

void
assembler_save(const struct assembler *a, struct buf *out)
{
	if (!assembler_is_open(a))
		return;
	buf_reserve(out, DUE_BYTES + PACK_BYTES + a->header.n + a->attachments.n);
	due_write(out, a->due);
	pack_add(out, a->header);
	buf_add(out, a->attachments);
}

void
assembler_open(struct assembler *a, struct slice header, unsigned due)
{
	assert(header.p != NULL && due > 0);
	a->header = header;
	a->due = due;
	a->attachments = SLICE_NONE;
	a->room = 0;
}

void
assembler_close(struct assembler *a)
{
	*a = (struct assembler)ASSEMBLER_INIT;
}

/*
 * Makes room for one more.  Attachments of one packet tend to be alike, so the
 * first gets room for all of them, within the limit: they are moved seldom.
 */
static void
attachments_reserve(struct assembler *a, size_t need, size_t most,
    struct arena *arena)
{
	size_t room = need;
	char *p;

	if (need <= a->room)
		return;
	if (most / a->due >= need)
		room = need * a->due;
	p = arena_alloc(arena, a->attachments.n + room);
	if (a->attachments.n > 0)
		memcpy(p, a->attachments.p, a->attachments.n);
	a->attachments.p = p;
	a->room = room;
}

enum rc
assembler_take(struct assembler *a, struct slice data,
    const struct wire_limits *limits, struct arena *arena)
{
	size_t need = PACK_BYTES + data.n;
	struct buf list;

	if (!assembler_is_open(a))
		return RC_BAD_INPUT;
	if (data.n > limits->max_payload ||
	    a->attachments.n > limits->max_payload - data.n)
		return RC_BAD_INPUT;

	attachments_reserve(a, need, limits->max_payload, arena);
	list = (struct buf){ (char *)a->attachments.p, a->attachments.n,
	    a->attachments.n + a->room };
	pack_add(&list, data);
	assert(list.p == a->attachments.p);
	a->attachments.n = list.n;
	a->room -= need;
	return --a->due == 0 ? RC_OK : RC_AGAIN;
}
