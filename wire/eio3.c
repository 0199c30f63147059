/*
 * eio3.c - Engine.IO 3 and Socket.IO parsers 3 and 4: clients 1.x and 2.x
 *
 * Three forms of a payload, so three codecs that share all but their frames:
 *
 *     text      LENGTH ':' PACKET ...           LENGTH in UTF-16 units
 *     octets    00|01 DIGITS FF PACKET ...      digits as bytes 0..9, in bytes;
 *                                               01: the byte 4 and binary data
 *     messages  PACKET 1E PACKET ...            what is cut into WebSocket messages
 *
 * In text a binary message is 'b4' and base64.  Text goes to everybody, octets
 * to who can take them, and only if there is something binary in them.
 *
 * The libraries before 2.0 count bytes, not units, and encode a packet in text
 * as UTF-8 twice.  Nothing in a request tells them apart, but that browser builds
 * of 1.0.x say EIO=2; these encode and decode what a WebSocket carries twice, too.
 * To all others a message is plain UTF-8.  So
 *   - what is sent as text is ASCII, with \uXXXX for the rest (a namespace's name,
 *     which is no JSON, goes as it is), and so it is on a WebSocket to EIO=2;
 *   - other WebSockets get the JSON as the log has it: a copy;
 *   - what comes in text with characters of U+0080..U+00FF and none above, which
 *     as bytes would be UTF-8 themselves, was encoded twice.  Only a 2.x client
 *     that says such a thing and means it is misunderstood.
 *
 * Old libraries write lone surrogates as three bytes each (ED A0..BF xx); they
 * become U+FFFD, as node makes of them.
 *
 * Must stay true: what packet_write() writes is read by 1.x and by 2.x as the
 * same.
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
#include "wire/sio_private.h"

#define FRAME_LAST    6
#define LENGTH_DIGITS 9         /* of a packet; payloads are smaller */

#define OCTETS_TEXT   0
#define OCTETS_BINARY 1
#define OCTETS_END    '\xff'    /* of the length */

#define SEPARATOR     '\x1e'    /* in no JSON and no name: a control character */

static_assert(FRAME_OPEN == 0 && FRAME_MESSAGE == 4 && FRAME_NOOP == FRAME_LAST,
    "frame types are numbered as on the wire");

/* What clients and servers of these generations say to themselves. */
static const struct slice reserved[] = {
	{ "connect", 7 }, { "connect_error", 13 }, { "disconnect", 10 },
	{ "disconnecting", 13 }, { "error", 5 }, { "newListener", 11 },
	{ "removeListener", 14 },
};
static const struct sio_names reserved_names = { reserved, N_ELEMENTS(reserved) };
static const struct sio_dialect dialect = {
	.takes_old_counts = true, .reserved = &reserved_names,
};

/* Text, in. */

/* The bytes of the surrogate that s starts with, or 0. */
static size_t
surrogate_head(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	return s.n >= 3 && p[0] == 0xed && p[1] >= 0xa0 && p[1] <= 0xbf &&
	    (p[2] & 0xc0) == 0x80 ? 3 : 0;
}

/* UTF-8 in which surrogates count, too.  *has_surrogate_r: there are some. */
static bool
is_text(struct slice s, bool *has_surrogate_r)
{
	size_t n;

	*has_surrogate_r = false;
	if (utf8_valid(s))
		return true;
	for (; s.n > 0; s = slice_skip(s, n)) {
		if ((n = utf8_head(s)) > 0)
			continue;
		if ((n = surrogate_head(s)) == 0)
			return false;
		*has_surrogate_r = true;
	}
	return true;
}

/* A copy with U+FFFD for each surrogate; it has as many bytes. */
static struct slice
without_surrogates(struct slice s, struct arena *arena)
{
	struct slice copy = arena_dup(arena, s), rest = copy;
	size_t n;

	for (; rest.n > 0; rest = slice_skip(rest, n)) {
		if ((n = utf8_head(rest)) > 0)
			continue;
		n = 3;
		memcpy((char *)rest.p, "\xef\xbf\xbd", n);
	}
	return copy;
}

/* An event or an answer, of which packet_next() leaves no byte unseen, and in which
 * nothing begins like a surrogate. */
static bool
is_seen_later(struct slice s)
{
	return (slice_starts(s, SLICE("42")) || slice_starts(s, SLICE("43"))) &&
	    memchr(s.p, 0xed, s.n) == NULL;
}

static enum rc
text_clean(struct slice *s, struct arena *arena)
{
	bool has_surrogate;

	if (is_seen_later(*s))
		return RC_OK;
	if (!is_text(*s, &has_surrogate))
		return RC_BAD_INPUT;
	if (has_surrogate)
		*s = without_surrogates(*s, arena);
	return RC_OK;
}

/* What the packet's characters are as bytes; false: one is no byte. */
static bool
bytes_of_characters(struct slice s, struct arena *arena, struct slice *bytes_r)
{
	const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n;
	char *start = arena_alloc(arena, s.n), *q = start;

	while (p < end) {
		if (*p < 0x80) {
			*q++ = (char)*p++;
			continue;
		}
		if (*p < 0xc2 || *p > 0xc3 || end - p < 2 || (p[1] & 0xc0) != 0x80)
			return false;
		*q++ = (char)((p[0] & 3) << 6 | (p[1] & 0x3f));
		p += 2;
	}
	*bytes_r = slice_of(start, (size_t)(q - start));
	return true;
}

/* Undoes the second encoding, if there was one (see the head of this file). */
static enum rc
text_decode(struct slice *packet, struct arena *arena)
{
	struct slice bytes;
	bool has_surrogate;

	if (utf8_ascii(*packet) == packet->n)
		return RC_OK;
	if (bytes_of_characters(*packet, arena, &bytes) &&
	    is_text(bytes, &has_surrogate))
		*packet = bytes;
	return text_clean(packet, arena);
}

/* The bytes of so many UTF-16 units at the start of s; false: it has not as
 * many, or one would be half a character.  Whether they are text is seen later. */
static bool
units_cut(struct slice *s, size_t units, struct slice *text_r)
{
	size_t n = utf8_cut(*s, &units);

	*text_r = slice_head(*s, n);
	*s = slice_skip(*s, n);
	return units == 0;
}

/* Decodes into the arena itself: a text is never shorter than its bytes. */
static enum rc
base64_frame(struct slice packet, struct arena *arena, struct frame *frame_r)
{
	size_t cap = packet.n + 4;      /* the decoder works in groups */
	struct buf out = { arena_alloc(arena, cap), 0, cap };

	if (packet.n < 2 || packet.p[1] != '0' + FRAME_MESSAGE ||
	    base64_decode(&out, slice_skip(packet, 2)) != RC_OK)
		return RC_BAD_INPUT;
	assert(out.cap == cap);
	frame_r->type = FRAME_MESSAGE;
	frame_r->is_binary = true;
	frame_r->data = buf_slice(&out);
	return RC_OK;
}

static enum rc
text_frame(struct slice packet, struct frame *frame_r)
{
	if (packet.n == 0 || packet.p[0] < '0' || packet.p[0] > '0' + FRAME_LAST)
		return RC_BAD_INPUT;
	frame_r->type = (enum frame_type)(packet.p[0] - '0');
	frame_r->data = slice_skip(packet, 1);
	return RC_OK;
}

/* "12:" */
static bool
length_read(struct slice *rest, size_t *n_r)
{
	size_t n = slice_find(*rest, ':');
	int64_t value;

	if (n == rest->n || n > LENGTH_DIGITS ||
	    !slice_int64(slice_head(*rest, n), &value) || value < 0)
		return false;
	*n_r = (size_t)value;
	*rest = slice_skip(*rest, n + 1);
	return true;
}

/* An empty packet says nothing: the reference writes "0:" for no packets. */
static enum rc
eio3_frame_next(struct slice *rest, struct arena *arena, struct frame *frame_r)
{
	struct slice packet;
	size_t units;

	*frame_r = (struct frame){ FRAME_NOOP, false, SLICE_NONE };
	if (rest->p == NULL)
		return RC_NONE;
	if (!length_read(rest, &units) || !units_cut(rest, units, &packet))
		return RC_BAD_INPUT;
	if (rest->n == 0)
		*rest = SLICE_NONE;
	if (packet.n == 0)
		return RC_OK;           /* a noop */
	if (packet.p[0] == 'b')
		return base64_frame(packet, arena, frame_r);
	if (text_decode(&packet, arena) != RC_OK)
		return RC_BAD_INPUT;
	return text_frame(packet, frame_r);
}

/* Octets, in. */

static bool
octets_length_read(struct slice *rest, size_t *n_r)
{
	size_t i;

	*n_r = 0;
	for (i = 0; i < rest->n && i <= LENGTH_DIGITS; i++) {
		if (rest->p[i] == OCTETS_END) {
			*rest = slice_skip(*rest, i + 1);
			return i > 0 && *n_r <= rest->n;
		}
		if ((unsigned char)rest->p[i] > 9)
			return false;
		*n_r = *n_r * 10 + (unsigned char)rest->p[i];
	}
	return false;
}

static enum rc
octets_frame_next(struct slice *rest, struct arena *arena, struct frame *frame_r)
{
	struct slice packet;
	size_t n;
	char kind;

	*frame_r = (struct frame){ FRAME_NOOP, false, SLICE_NONE };
	if (rest->p == NULL)
		return RC_NONE;
	kind = rest->n == 0 ? '\xff' : rest->p[0];
	*rest = slice_skip(*rest, 1);
	if ((kind != OCTETS_TEXT && kind != OCTETS_BINARY) ||
	    !octets_length_read(rest, &n))
		return RC_BAD_INPUT;
	packet = slice_head(*rest, n);
	*rest = n == rest->n ? SLICE_NONE : slice_skip(*rest, n);
	if (kind == OCTETS_TEXT)
		return text_clean(&packet, arena) == RC_OK ?
		    text_frame(packet, frame_r) : RC_BAD_INPUT;
	if (packet.n == 0 || packet.p[0] != FRAME_MESSAGE)
		return RC_BAD_INPUT;
	*frame_r = (struct frame){ FRAME_MESSAGE, true, slice_skip(packet, 1) };
	return RC_OK;
}

static enum rc
eio3_packet_next(struct assembler *a, const struct frame *frame,
    const struct wire_limits *limits, struct arena *arena,
    struct packet *packet_r)
{
	return sio_packet_next(&dialect, a, frame, limits, arena, packet_r);
}

/* Out. */

/* A CONNECT_ERROR is one value here: the middleware's data, or its message. */
static struct slice
error_value(struct slice data)
{
	struct slice value = json_member(data, "data");

	if (value.p == NULL)
		value = json_member(data, "message");
	return value.p == NULL ? data : value;
}

/* The text of a packet, from the engine's type on; say() writes its JSON. */
static void
message_write(struct buf *out, const struct packet *packet, size_t attachments,
    void (*say)(struct buf *out, struct slice json))
{
	buf_reserve(out, packet->data.n + packet->nsp.n + packet->query.n + 64);
	buf_char(out, '0' + FRAME_MESSAGE);
	sio_head_write(out, packet, attachments);
	if (packet->type == PACKET_CONNECT_ERROR)
		say(out, error_value(packet->data));
	else if (packet->type != PACKET_CONNECT)        /* an answer has none */
		say(out, packet->data);
}

/* Puts prefix before what stands at from. */
static void
prefix_insert(struct buf *out, size_t from, struct slice prefix)
{
	buf_reserve(out, prefix.n);
	memmove(out->p + from + prefix.n, out->p + from, out->n - from);
	memcpy(out->p + from, prefix.p, prefix.n);
	out->n += prefix.n;
}

static void
text_close(struct buf *out, size_t from)
{
	char space[24];
	struct buf length = { space, 0, sizeof(space) };

	buf_int(&length, (int64_t)utf8_units(slice_of(out->p + from, out->n - from)));
	buf_char(&length, ':');
	assert(length.p == space);
	prefix_insert(out, from, buf_slice(&length));
}

/* kind, the digits of n as bytes, and the end. */
static struct slice
octets_prefix(char space[24], char kind, size_t n)
{
	char *p = space + 24;

	*--p = OCTETS_END;
	do
		*--p = (char)(n % 10);
	while ((n /= 10) > 0);
	*--p = kind;
	return slice_of(p, (size_t)(space + 24 - p));
}

static void
octets_close(struct buf *out, size_t from)
{
	char space[24];

	prefix_insert(out, from, octets_prefix(space, OCTETS_TEXT, out->n - from));
}

static size_t
attachment_count(const struct packet *packet)
{
	return packet->attachments.n == 0 ? 0 : pack_count(packet->attachments);
}

/* No recovery in this generation, so the offset is not said. */
static void
eio3_packet_write(struct buf *out, const struct packet *packet,
    struct slice offset)
{
	struct slice rest = packet->attachments, data;
	size_t from = out->n;

	(void)offset;
	message_write(out, packet, attachment_count(packet), json_ascii);
	text_close(out, from);
	while (pack_next(&rest, &data)) {
		buf_int(out, (int64_t)(2 + (data.n + 2) / 3 * 4));
		buf_str(out, ":b4");
		base64_encode(out, data);
	}
}

static void
octets_packet_write(struct buf *out, const struct packet *packet,
    struct slice offset)
{
	struct slice rest = packet->attachments, data;
	size_t from = out->n;
	char space[24];

	(void)offset;
	message_write(out, packet, attachment_count(packet), json_ascii);
	octets_close(out, from);
	while (pack_next(&rest, &data)) {
		buf_add(out, octets_prefix(space, OCTETS_BINARY, data.n + 1));
		buf_char(out, FRAME_MESSAGE);
		buf_add(out, data);
	}
}

static void
eio3_frame_write(struct buf *out, enum frame_type type, struct slice data)
{
	size_t from = out->n;

	buf_char(out, (char)('0' + type));
	buf_add(out, data);
	text_close(out, from);
}

static void
octets_frame_write(struct buf *out, enum frame_type type, struct slice data)
{
	size_t from = out->n;

	buf_char(out, (char)('0' + type));
	buf_add(out, data);
	octets_close(out, from);
}

/* A binary one has its type in front, as on a WebSocket. */
static void
octets_message_add(struct buf *payload, bool is_binary, struct slice data)
{
	char space[24];

	buf_add(payload, octets_prefix(space, is_binary ? OCTETS_BINARY : OCTETS_TEXT,
	    data.n));
	buf_add(payload, data);
}

static void
eio3_join(struct buf *out, struct slice piece)
{
	buf_add(out, piece);
}

/* ---- WebSocket: a message a packet, binary behind its type as a byte --------------- */

/* One of our own packets as a message. */
static void
message_of(struct slice packet, struct arena *arena, bool *is_binary_r,
    struct slice *data_r)
{
	struct buf bytes = BUF_INIT;

	*is_binary_r = packet.n > 0 && packet.p[0] == 'b';
	*data_r = packet;
	if (*is_binary_r) {
		buf_char(&bytes, FRAME_MESSAGE);
		(void)base64_decode(&bytes, slice_skip(packet, 2));
		*data_r = arena_dup(arena, buf_slice(&bytes));
		buf_free(&bytes);
	}
}

static bool
eio3_message_next(struct slice *rest, struct arena *arena, bool *is_binary_r,
    struct slice *data_r)
{
	struct slice packet;
	size_t units;

	if (rest->n == 0 || !length_read(rest, &units) ||
	    !units_cut(rest, units, &packet))
		return false;           /* our own payload: it ends, nothing else */
	message_of(packet, arena, is_binary_r, data_r);
	return true;
}

static bool
messages_message_next(struct slice *rest, struct arena *arena, bool *is_binary_r,
    struct slice *data_r)
{
	struct slice packet;

	if (!slice_cut(rest, SEPARATOR, &packet))
		return false;
	message_of(packet, arena, is_binary_r, data_r);
	return true;
}

static void
separate(struct buf *out)
{
	if (out->n > 0)
		buf_char(out, SEPARATOR);
}

static void
messages_packet_write(struct buf *out, const struct packet *packet,
    struct slice offset)
{
	struct slice rest = packet->attachments, data;

	(void)offset;
	separate(out);
	message_write(out, packet, attachment_count(packet), buf_add);
	while (pack_next(&rest, &data)) {
		buf_str(out, "\x1e" "b4");
		base64_encode(out, data);
	}
}

static void
messages_frame_write(struct buf *out, enum frame_type type, struct slice data)
{
	separate(out);
	buf_char(out, (char)('0' + type));
	buf_add(out, data);
}

static void
messages_join(struct buf *out, struct slice piece)
{
	separate(out);
	buf_add(out, piece);
}

/* In a message nothing was encoded twice since 1.1. */
static enum rc
eio3_message_read(bool is_binary, struct slice data, struct arena *arena,
    struct frame *frame_r)
{
	*frame_r = (struct frame){ FRAME_NOOP, false, SLICE_NONE };
	if (!is_binary && data.n > 0 && data.p[0] == 'b')
		return base64_frame(data, arena, frame_r);
	if (!is_binary)
		return text_frame(data, frame_r);
	if (data.n == 0 || data.p[0] != FRAME_MESSAGE)
		return RC_BAD_INPUT;
	*frame_r = (struct frame){ FRAME_MESSAGE, true, slice_skip(data, 1) };
	return RC_OK;
}

/* 1.0.x encodes a packet before it knows where it goes. */
static enum rc
eio2_message_read(bool is_binary, struct slice data, struct arena *arena,
    struct frame *frame_r)
{
	if (!is_binary && text_decode(&data, arena) != RC_OK)
		return RC_BAD_INPUT;
	return eio3_message_read(is_binary, data, arena, frame_r);
}

static void
eio3_message_text(struct buf *out, struct slice binary)
{
	buf_char(out, 'b');
	buf_char(out, '0' + FRAME_MESSAGE);
	base64_encode(out, slice_skip(binary, 1));
}

/* All are the same generation to a session. */
#define TRAITS \
	.name = "eio3", \
	.generation = GENERATION_EIO3, \
	.traits = { \
		.client_pings = true, \
		.joins_root = true, \
		.ignores_strangers = true, \
		.has_binary = true, \
		.overlap_status = 500, \
		.answers_options = true, \
	}

static const struct codec codec_eio3_octets = {
	TRAITS,
	.form = FORM_OCTETS,
	.frame_next = octets_frame_next,
	.packet_next = eio3_packet_next,
	.packet_write = octets_packet_write,
	.frame_write = octets_frame_write,
	.message_add = octets_message_add,
	.join = eio3_join,
};

static const struct codec codec_eio3_messages = {
	TRAITS,
	.form = FORM_MESSAGES,
	.packet_write = messages_packet_write,
	.frame_write = messages_frame_write,
	.message_next = messages_message_next,
	.message_text = eio3_message_text,
	.join = messages_join,
};

/* How messages are read and written is all that the two with text differ in. */
#define TEXT \
	TRAITS, \
	.octets = &codec_eio3_octets, \
	.frame_next = eio3_frame_next, \
	.packet_next = eio3_packet_next, \
	.packet_write = eio3_packet_write, \
	.frame_write = eio3_frame_write, \
	.message_next = eio3_message_next, \
	.message_text = eio3_message_text, \
	.join = eio3_join

static const struct codec codec_eio2 = {
	TEXT,
	.message_read = eio2_message_read,
};

const struct codec codec_eio3 = {
	TEXT,
	.eio2 = &codec_eio2,
	.messages = &codec_eio3_messages,
	.message_read = eio3_message_read,
};
