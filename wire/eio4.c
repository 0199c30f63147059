/*
 * eio4.c - Engine.IO 4 and Socket.IO parser revision 5: clients 3.x and 4.x
 *
 * A payload is engine packets with U+001E between them: a digit and text, or
 * 'b' and base64.  JSON escapes control characters, so the separator is never
 * part of a packet.  A message carries a Socket.IO packet:
 *
 *     TYPE [ATTACHMENTS '-'] [NAMESPACE ','] [ID] [JSON]
 *
 * Types 5 and 6 are EVENT and ACK with attachments, which follow as binary
 * messages with no text message between.
 *
 * The reader takes what the reference takes from its own clients and refuses
 * what it refuses.  It is stricter where the reference owes its tolerance to
 * how JavaScript reads numbers: a type, a count or an id is digits (a blank is
 * no zero, 1e1 is no ten), a placeholder's num is written in digits.  Control
 * characters in a namespace are refused, for a name's end is a zero byte in the
 * store.  An EVENT without data and an ACK without id say nothing and are
 * ignored; an ACK without data has no arguments.
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
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wire/assembler_private.h"
#include "wire/scan_private.h"

#define SEPARATOR  '\x1e'
#define FRAME_LAST '6'

/* 1e21 is where JavaScript begins to write an exponent. */
#define ID_DIGITS       21
#define ID_EXACT_DIGITS 15      /* below 2^53 for certain */

/* A Socket.IO packet's text, taken apart. */
struct head {
	enum packet_type type;
	unsigned attachments;
	struct slice nsp, id, data;
};

/* What the digits mean, and what JSON must follow. */
static const struct kind {
	enum packet_type type;
	bool is_binary;
	enum json_kind data;
} kinds[] = {
	{ PACKET_CONNECT,       false, JSON_OBJECT },
	{ PACKET_DISCONNECT,    false, JSON_NONE },
	{ PACKET_EVENT,         false, JSON_ARRAY },
	{ PACKET_ACK,           false, JSON_ARRAY },
	{ PACKET_CONNECT_ERROR, false, JSON_OBJECT },
	{ PACKET_EVENT,         true,  JSON_ARRAY },
	{ PACKET_ACK,           true,  JSON_ARRAY },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* The other way: the digit without attachments, and with. */
static const char digits[][2] = {
	[PACKET_CONNECT]       = "00",
	[PACKET_DISCONNECT]    = "11",
	[PACKET_EVENT]         = "25",
	[PACKET_ACK]           = "36",
	[PACKET_CONNECT_ERROR] = "44",
};
static_assert(sizeof(digits) / sizeof(digits[0]) == PACKET__COUNT,
    "a packet type has no digit");
static_assert(FRAME_OPEN == 0 && FRAME_MESSAGE == 4 && FRAME_NOOP == 6,
    "frame types are numbered as on the wire");

/* Names that the client's library keeps to itself. */
static const struct slice reserved[] = {
	{ "connect", 7 }, { "connect_error", 13 }, { "disconnect", 10 },
	{ "disconnecting", 13 }, { "newListener", 11 }, { "removeListener", 14 },
};
#define N_RESERVED (sizeof(reserved) / sizeof(reserved[0]))

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t
count_digits(struct slice s)
{
	size_t n = 0;

	while (n < s.n && is_digit(s.p[n]))
		n++;
	return n;
}

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
eio4_frame_next(struct slice *rest, struct arena *arena, struct frame *frame_r)
{
	struct slice packet;
	char type;

	*frame_r = (struct frame){ FRAME_NOOP, false, SLICE_NONE };
	if (!slice_cut(rest, SEPARATOR, &packet))
		return RC_NONE;
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

/* Socket.IO packets, in. */

/* "N-" behind the type digit of a binary packet, 1..most. */
static bool
attachments_read(struct slice *rest, unsigned most, unsigned *n_r)
{
	size_t n = count_digits(*rest);
	int64_t value;

	if (n == rest->n || rest->p[n] != '-' ||
	    !slice_int64(slice_head(*rest, n), &value) ||
	    value < 1 || value > (int64_t)most)
		return false;
	*n_r = (unsigned)value;
	*rest = slice_skip(*rest, n + 1);
	return true;
}

static bool
is_name(struct slice nsp, size_t most)
{
	size_t i;

	if (nsp.n > most)
		return false;
	for (i = 0; i < nsp.n; i++) {
		if ((unsigned char)nsp.p[i] < 0x20 || nsp.p[i] == 0x7f)
			return false;
	}
	return utf8_valid(nsp);
}

/* "/name," or "/name" at the end; nothing is the root. */
static bool
nsp_read(struct slice *rest, size_t most, struct slice *nsp_r)
{
	size_t n;

	*nsp_r = SLICE("/");
	if (rest->n == 0 || rest->p[0] != '/')
		return true;
	n = slice_find(*rest, ',');
	*nsp_r = slice_head(*rest, n);
	*rest = slice_skip(*rest, n + 1);
	return is_name(*nsp_r, most);
}

/*
 * What String(Number(text)) says in JavaScript, for text of 16 to 21 digits:
 * the fewest digits that give the same double again, then zeros.
 */
static struct slice
id_rounded(struct slice text, struct arena *arena)
{
	char written[64], *p;
	double value;
	int precision;
	size_t n, i, given;

	memcpy(written, text.p, text.n);
	written[text.n] = '\0';
	value = strtod(written, NULL);
	for (precision = ID_EXACT_DIGITS - 1; precision < 17; precision++) {
		snprintf(written, sizeof(written), "%.*e", precision, value);
		if (strtod(written, NULL) == value)
			break;
	}
	n = (size_t)atoi(strchr(written, 'e') + 1) + 1;
	p = arena_alloc(arena, n);
	for (i = given = 0; i < n; i++) {
		while (written[given] != 'e' && !is_digit(written[given]))
			given++;        /* the point, whatever the locale calls it */
		p[i] = written[given] == 'e' ? '0' : written[given++];
	}
	return slice_of(p, n);
}

/*
 * The id, absent when there are no digits.  JavaScript reads it as a Number and
 * answers with what that number says: leading zeros go, and beyond 2^53 digits
 * change.  False: so long that it would be answered with an exponent.
 */
static bool
id_read(struct slice *rest, struct arena *arena, struct slice *id_r)
{
	size_t n = count_digits(*rest);
	struct slice id = slice_head(*rest, n);

	*id_r = SLICE_NONE;
	if (n == 0)
		return true;
	*rest = slice_skip(*rest, n);
	while (id.n > 1 && id.p[0] == '0')
		id = slice_skip(id, 1);
	if (id.n > ID_DIGITS)
		return false;
	if (id.n > ID_EXACT_DIGITS)
		id = id_rounded(id, arena);
	*id_r = id;
	return id.n <= ID_DIGITS;
}

static enum rc
head_read(struct slice text, const struct wire_limits *limits,
    struct arena *arena, struct head *h)
{
	const struct kind *kind;

	*h = (struct head){ 0 };
	if (text.n == 0 || text.p[0] < '0' || (size_t)(text.p[0] - '0') >= N_KINDS)
		return RC_BAD_INPUT;
	kind = &kinds[text.p[0] - '0'];
	h->type = kind->type;
	text = slice_skip(text, 1);
	if (kind->is_binary &&
	    !attachments_read(&text, limits->max_attachments, &h->attachments))
		return RC_BAD_INPUT;
	if (!nsp_read(&text, limits->max_name, &h->nsp) ||
	    !id_read(&text, arena, &h->id))
		return RC_BAD_INPUT;
	text = scan_trim(text);
	if (text.n > 0)
		h->data = text;
	return RC_OK;
}

/* An event's name: a number, or a string that is not reserved. */
static bool
is_event_name(struct slice value, size_t most)
{
	bool has_escape;
	size_t i;

	if (value.p == NULL || value.n > most + 2)
		return false;
	if (value.p[0] != '"')
		return value.p[0] == '-' || is_digit(value.p[0]);
	has_escape = memchr(value.p, '\\', value.n) != NULL;
	for (i = 0; i < N_RESERVED; i++) {
		if (has_escape ? json_string_is(value, reserved[i]) :
		    slice_eq(slice_of(value.p + 1, value.n - 2), reserved[i]))
			return false;
	}
	return true;
}

/* Whether the data is what the type asks for. */
static enum rc
head_check(const struct head *h, const struct wire_limits *limits)
{
	enum json_kind want = kinds[digits[h->type][0] - '0'].data;
	struct scan scan;

	if (h->type == PACKET_CONNECT_ERROR)
		return RC_BAD_INPUT;    /* only servers say that */
	if (h->data.p == NULL)
		return h->attachments == 0 ? RC_OK : RC_BAD_INPUT;
	if (!scan_json(h->data, limits->max_depth, h->attachments, &scan) ||
	    scan.kind != want)
		return RC_BAD_INPUT;
	if (h->type == PACKET_EVENT && !is_event_name(scan.first, limits->max_name))
		return RC_BAD_INPUT;
	return RC_OK;
}

/* RC_AGAIN: the reference ignores such a packet, so do we. */
static enum rc
head_packet(const struct head *h, struct packet *packet_r)
{
	if (h->type == PACKET_EVENT && h->data.p == NULL)
		return RC_AGAIN;
	if (h->type == PACKET_ACK && h->id.p == NULL)
		return RC_AGAIN;
	packet_r->type = h->type;
	packet_r->nsp = h->nsp;
	packet_r->data = h->data;
	if (h->type == PACKET_EVENT || h->type == PACKET_ACK)
		packet_r->id = h->id;
	if (h->type == PACKET_ACK && h->data.p == NULL)
		packet_r->data = SLICE("[]");
	return RC_OK;
}

static enum rc
binary_next(struct assembler *a, struct slice data,
    const struct wire_limits *limits, struct arena *arena,
    struct packet *packet_r)
{
	struct slice attachments;
	struct head head;
	enum rc rc;

	if ((rc = assembler_take(a, data, limits, arena)) != RC_OK)
		return rc;
	rc = head_read(a->header, limits, arena, &head);
	attachments = a->attachments;
	assembler_close(a);
	if (rc != RC_OK)
		return rc;
	if ((rc = head_packet(&head, packet_r)) == RC_OK)
		packet_r->attachments = attachments;
	return rc;
}

static enum rc
eio4_packet_next(struct assembler *a, const struct frame *frame,
    const struct wire_limits *limits, struct arena *arena,
    struct packet *packet_r)
{
	struct head head;
	enum rc rc;

	assert(frame->type == FRAME_MESSAGE);
	*packet_r = (struct packet){ 0 };
	if (frame->is_binary)
		return binary_next(a, frame->data, limits, arena, packet_r);
	if (assembler_is_open(a))
		return RC_BAD_INPUT;    /* text between header and attachments */
	if ((rc = head_read(frame->data, limits, arena, &head)) != RC_OK ||
	    (rc = head_check(&head, limits)) != RC_OK)
		return rc;
	if (head.attachments > 0) {
		assembler_open(a, frame->data, head.attachments);
		return RC_AGAIN;
	}
	return head_packet(&head, packet_r);
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
	buf_char(out, digits[packet->type][n > 0]);
	if (n > 0) {
		buf_int(out, (int64_t)n);
		buf_char(out, '-');
	}
	if (packet->nsp.n > 0 && !slice_is(packet->nsp, "/")) {
		buf_add(out, packet->nsp);
		buf_char(out, ',');
	}
	buf_add(out, packet->id);
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

static void
eio4_message_add(struct buf *payload, bool is_binary, struct slice data)
{
	separate(payload);
	if (is_binary) {
		buf_char(payload, 'b');
		base64_encode(payload, data);
	} else {
		buf_add(payload, data);
	}
}

const struct codec codec_eio4 = {
	.name = "eio4",
	.generation = GENERATION_EIO4,
	.frame_next = eio4_frame_next,
	.packet_next = eio4_packet_next,
	.packet_write = eio4_packet_write,
	.frame_write = eio4_frame_write,
	.message_next = eio4_message_next,
	.message_add = eio4_message_add,
	.join = eio4_join,
};
