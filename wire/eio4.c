/*
 * eio4.c - Engine.IO 4 and Socket.IO parser revision 5: clients 3.x and 4.x
 *
 * A payload is engine packets with U+001E between them: a digit and text, or
 * 'b' and base64.  JSON escapes control characters, so the separator is never
 * part of a packet.  A message carries a Socket.IO packet, see sio.c.
 *
 * Must stay true:
 *   - whatever packet_next() returns, packet_write() writes so that it is read
 *     as the same
 *   - JSON is checked once, on the way in, and never changed
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wire/scan_private.h"
#include "wire/sio_private.h"

#define SEPARATOR  '\x1e'
#define FRAME_LAST '6'

static_assert(FRAME_OPEN == 0 && FRAME_MESSAGE == 4 && FRAME_NOOP == 6,
    "frame types are numbered as on the wire");

/* Names that the client's library keeps to itself. */
static const struct slice reserved[] = {
	{ "connect", 7 }, { "connect_error", 13 }, { "disconnect", 10 },
	{ "disconnecting", 13 }, { "newListener", 11 }, { "removeListener", 14 },
};
static const struct sio_names reserved_names = { reserved, N_ELEMENTS(reserved) };
static const struct sio_dialect dialect = {
	.is_strict = true, .reserved = &reserved_names,
};

/* Engine packets, in. */

/* Decodes into the arena itself: a text is never shorter than its bytes. */
static enum rc
binary_decode(struct slice text, struct arena *arena, struct slice *data_r)
{
	size_t cap = text.n + 4;        /* the decoder works in groups */
	struct buf out = { arena_alloc(arena, cap), 0, cap };

	if (base64_decode(&out, text) != RC_OK)
		return RC_BAD_INPUT;
	assert(out.cap == cap);
	*data_r = buf_slice(&out);
	return RC_OK;
}

static enum rc
frame_read(struct slice packet, struct arena *arena, struct frame *frame_r)
{
	char type;

	*frame_r = (struct frame){ FRAME_NOOP, false, SLICE_NONE };
	if (packet.n == 0)
		return RC_BAD_INPUT;

	type = packet.p[0];
	frame_r->data = slice_skip(packet, 1);
	if (type == 'b') {
		frame_r->type = FRAME_MESSAGE;
		frame_r->is_binary = true;
		return binary_decode(frame_r->data, arena, &frame_r->data);
	}
	if (type < '0' || type > FRAME_LAST)
		return RC_BAD_INPUT;
	frame_r->type = (enum frame_type)(type - '0');
	if (frame_r->type == FRAME_MESSAGE)
		return RC_OK;           /* its text is checked by packet_next() */
	return utf8_valid(frame_r->data) ? RC_OK : RC_BAD_INPUT;
}

static enum rc
eio4_frame_next(struct slice *rest, struct arena *arena, struct frame *frame_r)
{
	struct slice packet;

	if (!slice_cut(rest, SEPARATOR, &packet))
		return RC_NONE;
	return frame_read(packet, arena, frame_r);
}

static enum rc
eio4_packet_next(struct assembler *a, const struct frame *frame,
    const struct wire_limits *limits, struct arena *arena,
    struct packet *packet_r)
{
	return sio_packet_next(&dialect, a, frame, limits, arena, packet_r);
}

/* Out. */

static void
separate(struct buf *out)
{
	if (out->n > 0)
		buf_char(out, SEPARATOR);
}

/* The array once more, with the offset as its last element. */
static void
offset_write(struct buf *out, struct slice array, struct slice offset)
{
	struct slice head = scan_trim(array);

	if (head.n < 2 || head.p[head.n - 1] != ']') {
		buf_add(out, array);    /* damaged on disk: not made worse here */
		return;
	}
	head = scan_trim(slice_head(head, head.n - 1));
	buf_add(out, head);
	if (head.n > 1)
		buf_char(out, ',');
	json_quote(out, offset);
	buf_char(out, ']');
}

static void
attachments_write(struct buf *out, struct slice attachments)
{
	struct slice data;

	while (pack_next(&attachments, &data)) {
		separate(out);
		buf_char(out, 'b');
		base64_encode(out, data);
	}
}

static void
eio4_packet_write(struct buf *out, const struct packet *packet,
    struct slice offset)
{
	size_t n = packet->attachments.n == 0 ? 0 : pack_count(packet->attachments);

	buf_reserve(out, packet->data.n + packet->nsp.n + packet->id.n +
	    offset.n + packet->attachments.n / 3 * 4 + 64);
	separate(out);
	buf_char(out, '0' + FRAME_MESSAGE);
	sio_head_write(out, packet, n);
	if (offset.p != NULL && packet->type == PACKET_EVENT)
		offset_write(out, packet->data, offset);
	else
		buf_add(out, packet->data);
	attachments_write(out, packet->attachments);
}

static void
eio4_frame_write(struct buf *out, enum frame_type type, struct slice data)
{
	separate(out);
	buf_char(out, (char)('0' + type));
	buf_add(out, data);
}

static void
eio4_join(struct buf *out, struct slice piece)
{
	separate(out);
	buf_add(out, piece);
}

/* ---- WebSocket: a message a packet, binary as it is --------------------------- */

static bool
eio4_message_next(struct slice *rest, struct arena *arena, bool *is_binary_r,
    struct slice *data_r)
{
	struct buf bytes = BUF_INIT;
	struct slice piece;

	if (!slice_cut(rest, SEPARATOR, &piece))
		return false;
	*is_binary_r = piece.n > 0 && piece.p[0] == 'b';
	*data_r = piece;
	if (*is_binary_r) {
		/* our own base64: it cannot be wrong */
		(void)base64_decode(&bytes, slice_skip(piece, 1));
		*data_r = arena_dup(arena, buf_slice(&bytes));
		buf_free(&bytes);
	}
	return true;
}

static enum rc
eio4_message_read(bool is_binary, struct slice data, struct arena *arena,
    struct frame *frame_r)
{
	if (!is_binary)
		return frame_read(data, arena, frame_r);
	*frame_r = (struct frame){ FRAME_MESSAGE, true, data };
	return RC_OK;
}

static void
eio4_message_text(struct buf *out, struct slice binary)
{
	buf_char(out, 'b');
	base64_encode(out, binary);
}

const struct codec codec_eio4 = {
	.name = "eio4",
	.generation = GENERATION_EIO4,
	.traits = { .has_recovery = true, .has_binary = true, .mends_text = true,
	    .overlap_status = 400 },
	.frame_next = eio4_frame_next,
	.packet_next = eio4_packet_next,
	.packet_write = eio4_packet_write,
	.frame_write = eio4_frame_write,
	.message_next = eio4_message_next,
	.message_read = eio4_message_read,
	.message_text = eio4_message_text,
	.join = eio4_join,
};
