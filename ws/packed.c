/*
 * packed.c - frames that are to be sent, compressed once for all who want them so
 *
 * A broadcast comes here as the same span for socket after socket.  What was made
 * of a span is remembered until the turn ends: a few, since clients of several
 * generations take turns, each with a span of their own.  Who remembers what it
 * sent before (context takeover) cannot share.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "ws/deflate.h"
#include "ws/extension.h"
#include "ws/frame.h"
#include "ws/packed.h"

enum { BIT_PACKED = 0x40, BIT_CONTROL = 0x08 };

static bool
is_same(struct span a, struct span b)
{
	return a.chunk == b.chunk && a.at == b.at && a.n == b.n;
}

/* One frame that frame_head() wrote. */
static void
frame_pack(struct packed *p, const struct extension *e, struct deflate_own **own,
    struct slice frame, struct slice payload, struct buf *out)
{
	char head[FRAME_HEAD_MAX];
	size_t at, n;

	if (payload.n < p->threshold || (frame.p[0] & BIT_CONTROL) != 0) {
		buf_add(out, frame);
		return;
	}
	/* Behind room for the largest head; then moved to where its head ends. */
	at = out->n;
	buf_add(out, slice_of(head, FRAME_HEAD_MAX));
	if (!deflate_pack(p->deflate, e, own, payload, out)) {
		out->n = at;
		buf_add(out, frame);
		return;
	}
	n = out->n - at - FRAME_HEAD_MAX;
	payload = slice_of(out->p + at + FRAME_HEAD_MAX, n);
	n = frame_head(head, (enum frame_op)(frame.p[0] & 0x0f), payload.n);
	head[0] = (char)(head[0] | BIT_PACKED);
	memcpy(out->p + at, head, n);
	memmove(out->p + at + n, payload.p, payload.n);
	out->n = at + n + payload.n;
}

static struct span
span_pack(struct packed *p, struct spool *spool, const struct extension *e,
    struct deflate_own **own, struct slice frames)
{
	struct buf out = BUF_INIT;
	struct slice payload;
	struct span span;
	size_t n;

	while (frames.n > 0) {
		n = frame_whole(frames, &payload);
		frame_pack(p, e, own, slice_head(frames, n), payload, &out);
		frames = slice_skip(frames, n);
	}
	span = spool_add(spool, buf_slice(&out), SLICE_NONE);
	buf_free(&out);
	return span;
}

struct span
packed_get(struct packed *p, struct spool *spool, const struct extension *e,
    struct deflate_own **own, struct span span)
{
	struct slice frames = slice_of(span.chunk->bytes + span.at, span.n);
	struct packed_span *made;
	unsigned i;

	if (span.n < p->threshold)
		return span;
	if (e->we_remember)
		return span_pack(p, spool, e, own, frames);
	for (i = 0; i < p->n; i++)
		if (is_same(p->made[i].plain, span) &&
		    p->made[i].window == e->our_window)
			return p->made[i].span;
	made = &p->made[p->next++ % N_ELEMENTS(p->made)];
	if (p->n < N_ELEMENTS(p->made))
		p->n++;
	made->plain = span;
	made->window = e->our_window;
	made->span = span_pack(p, spool, e, own, frames);
	return made->span;
}

void
packed_turn(struct packed *p)
{
	p->n = p->next = 0;
}
