/*
 * frame.c - RFC 6455 frames: bytes in, messages out, and the other way
 *
 * Every rule is applied to the first byte that breaks it: a reserved bit is
 * refused before the length has come, a message over the limit when its length
 * is known, text at its first byte that cannot be UTF-8; only of a compressed
 * message the text is seen when it is whole.
 *
 * There is no limit on the number of frames of a message: an empty fragment
 * costs its sender six bytes and us nothing that stays.
 *
 * Must stay true:
 *   - how the input is cut never shows in the events
 *   - memory grows with bytes that came, never with a length that was announced
 *   - after an error, a close frame or a stop nothing is read
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "ws/frame.h"

enum {
	BIT_FINAL = 0x80, BITS_RESERVED = 0x70, BIT_PACKED = 0x40, BITS_OP = 0x0f,
	BIT_MASK = 0x80, BITS_LENGTH = 0x7f, BIT_CONTROL = 0x08,
	CONTROL_MAX = 125, LENGTH_16 = 126, LENGTH_64 = 127,
	MASK_SIZE = 4
};

void
frame_reader_init(struct frame_reader *r)
{
	memset(r, 0, sizeof(*r));
}

void
frame_reader_fini(struct frame_reader *r)
{
	free(r->control);
	r->control = NULL;
	buf_free(&r->message);
}

const char *
frame_fault(const struct frame_reader *r)
{
	return r->fault == NULL ? "" : r->fault;
}

enum rc
frame_fail(struct frame_reader *r, unsigned code, const char *fault)
{
	r->is_over = true;
	r->close_code = (uint16_t)code;
	r->fault = fault;
	return code == CLOSE_TOO_BIG ? RC_TOO_BIG : RC_BAD_INPUT;
}

static bool
is_control(const struct frame_reader *r)
{
	return (r->op & BIT_CONTROL) != 0;
}

/* ---- the head ------------------------------------------------------------- */

static size_t
length_size(const struct frame_reader *r)
{
	switch (r->head[1] & BITS_LENGTH) {
	case LENGTH_16:
		return 2;
	case LENGTH_64:
		return 8;
	default:
		return 0;
	}
}

/* Of a compressed message the first frame says so (RFC 7692, 6). */
static bool
may_be_packed(const struct frame_reader *r)
{
	return r->takes_packed && (r->head[0] & BITS_RESERVED) == BIT_PACKED &&
	    (r->op == FRAME_OP_TEXT || r->op == FRAME_OP_BINARY);
}

static enum rc
first_byte_check(struct frame_reader *r)
{
	unsigned byte = r->head[0];

	r->op = byte & BITS_OP;
	r->is_final = (byte & BIT_FINAL) != 0;
	if ((byte & BITS_RESERVED) != 0 && !may_be_packed(r))
		return frame_fail(r, CLOSE_PROTOCOL, "a reserved bit is set");
	switch (r->op) {
	case FRAME_OP_MORE:
		if (r->message_op == 0)
			return frame_fail(r, CLOSE_PROTOCOL, "nothing to continue");
		return RC_OK;
	case FRAME_OP_TEXT:
	case FRAME_OP_BINARY:
		if (r->message_op != 0)
			return frame_fail(r, CLOSE_PROTOCOL,
			    "a message begins inside another");
		return RC_OK;
	case FRAME_OP_CLOSE:
	case FRAME_OP_PING:
	case FRAME_OP_PONG:
		if (!r->is_final)
			return frame_fail(r, CLOSE_PROTOCOL,
			    "a control frame in fragments");
		return RC_OK;
	default:
		return frame_fail(r, CLOSE_PROTOCOL, "unknown opcode");
	}
}

static enum rc
second_byte_check(struct frame_reader *r)
{
	if ((r->head[1] & BIT_MASK) == 0)
		return frame_fail(r, CLOSE_PROTOCOL, "a frame is not masked");
	if (is_control(r) && (r->head[1] & BITS_LENGTH) > CONTROL_MAX)
		return frame_fail(r, CLOSE_PROTOCOL, "a control frame is too long");
	return RC_OK;
}

static enum rc
length_check(struct frame_reader *r, size_t limit)
{
	size_t size = length_size(r), i;
	uint64_t n = r->head[1] & BITS_LENGTH;

	if (size > 0)
		for (n = 0, i = 0; i < size; i++)
			n = n << 8 | r->head[2 + i];
	if (n >> 63 != 0 || (size == 2 && n < LENGTH_16) ||
	    (size == 8 && n <= UINT16_MAX))
		return frame_fail(r, CLOSE_PROTOCOL,
		    "a length is not written as it must be");
	if (!is_control(r) && (n > limit || n > limit - r->message.n))
		return frame_fail(r, CLOSE_TOO_BIG, "the message is too big");
	r->left = n;
	return RC_OK;
}

/* The payload may come.  A message is in hand from its first frame's head. */
static void
head_done(struct frame_reader *r)
{
	memcpy(r->mask, r->head + 2 + length_size(r), MASK_SIZE);
	r->head_n = 0;
	r->is_open = true;
	if (r->op != FRAME_OP_TEXT && r->op != FRAME_OP_BINARY)
		return;
	r->message_op = r->op;
	r->is_packed = (r->head[0] & BIT_PACKED) != 0;
}

/* RC_AGAIN: the piece is used up, the head is not complete. */
static enum rc
head_read(struct frame_reader *r, char **p, size_t *n, size_t limit)
{
	enum rc rc = RC_OK;

	for (; *n > 0; ++*p, --*n) {
		r->head[r->head_n++] = (unsigned char)**p;
		if (r->head_n == 1)
			rc = first_byte_check(r);
		else if (r->head_n == 2)
			rc = second_byte_check(r);
		if (rc == RC_OK && r->head_n >= 2 &&
		    r->head_n == 2 + length_size(r))
			rc = length_check(r, limit);
		if (rc != RC_OK)
			return rc;
		if (r->head_n >= 2 &&
		    r->head_n == 2 + length_size(r) + MASK_SIZE) {
			++*p;
			--*n;
			head_done(r);
			return RC_OK;
		}
	}
	return RC_AGAIN;
}

/* ---- the payload ----------------------------------------------------------- */

/* Unmasks, and turns the mask so that it fits the byte behind. */
static void
unmask(struct frame_reader *r, char *p, size_t n)
{
	unsigned char mask[MASK_SIZE];
	uint64_t wide, word;
	size_t i = 0;

	memcpy(mask, r->mask, sizeof(mask));
	memcpy(&wide, mask, MASK_SIZE);
	memcpy((char *)&wide + MASK_SIZE, mask, MASK_SIZE);
	for (; n - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, p + i, sizeof(word));
		word ^= wide;
		memcpy(p + i, &word, sizeof(word));
	}
	for (; i < n; i++)
		p[i] = (char)(p[i] ^ mask[i & 3]);
	for (i = 0; i < MASK_SIZE; i++)
		r->mask[i] = mask[(i + n) & 3];
}

static enum rc
close_take(struct frame_reader *r, struct slice payload,
    const struct frame_events *events, void *arg)
{
	struct slice reason = slice_skip(payload, 2);
	unsigned code = CLOSE_NONE;

	if (payload.n == 1)
		return frame_fail(r, CLOSE_PROTOCOL, "half a close code");
	if (payload.n >= 2) {
		code = (unsigned)(unsigned char)payload.p[0] << 8 |
		    (unsigned char)payload.p[1];
		if (!frame_close_code_ok(code))
			return frame_fail(r, CLOSE_PROTOCOL,
			    "a close code that may not be sent");
	}
	if (!utf8_valid(reason))
		return frame_fail(r, CLOSE_BAD_TEXT, "a close reason is not UTF-8");
	r->is_over = true;
	events->close(arg, code, reason);
	return RC_GONE;
}

static enum rc
control_done(struct frame_reader *r, struct slice payload,
    const struct frame_events *events, void *arg)
{
	bool go_on;

	r->is_open = false;
	if (r->op == FRAME_OP_CLOSE)
		return close_take(r, payload, events, arg);
	if (r->op == FRAME_OP_PING)
		go_on = events->ping(arg, payload);
	else
		go_on = events->pong(arg, payload);
	r->is_over = !go_on;
	return RC_OK;
}

static enum rc
control_read(struct frame_reader *r, char *p, size_t n,
    const struct frame_events *events, void *arg)
{
	size_t whole = r->head[1] & BITS_LENGTH, have = whole - r->left;
	enum rc rc;

	unmask(r, p, n);
	r->left -= n;
	if (have == 0 && r->left == 0)
		return control_done(r, slice_of(p, n), events, arg);
	if (r->control == NULL)
		r->control = mem_alloc(CONTROL_MAX);
	memcpy(r->control + have, p, n);
	if (r->left > 0)
		return RC_OK;
	rc = control_done(r, slice_of(r->control, whole), events, arg);
	free(r->control);
	r->control = NULL;
	return rc;
}

static enum rc
message_unpack(struct frame_reader *r, struct slice *data, size_t limit,
    const struct frame_events *events, void *arg)
{
	enum rc rc = events->unpack(arg, *data, limit, data);

	if (rc == RC_TOO_BIG)
		return frame_fail(r, CLOSE_TOO_BIG, "the message is too big");
	if (rc != RC_OK)
		return frame_fail(r, CLOSE_BAD_TEXT, "compressed data is broken");
	if (r->message_op == FRAME_OP_TEXT && !utf8_valid(*data))
		return frame_fail(r, CLOSE_BAD_TEXT, "text is not UTF-8");
	return RC_OK;
}

static enum rc
message_done(struct frame_reader *r, struct slice last, size_t limit,
    const struct frame_events *events, void *arg)
{
	enum frame_op op = (enum frame_op)r->message_op;
	struct slice data = r->message.n > 0 ? buf_slice(&r->message) : last;
	enum rc rc;
	bool go_on;

	if (op == FRAME_OP_TEXT && r->utf8 != 0)
		return frame_fail(r, CLOSE_BAD_TEXT, "text ends inside a character");
	if (r->is_packed &&
	    (rc = message_unpack(r, &data, limit, events, arg)) != RC_OK)
		return rc;
	r->message_op = 0;
	go_on = events->message(arg, op, data);
	buf_free(&r->message);
	r->is_over = !go_on;
	return RC_OK;
}

static enum rc
data_read(struct frame_reader *r, char *p, size_t n, size_t limit,
    const struct frame_events *events, void *arg)
{
	struct slice piece = slice_of(p, n);
	bool is_last;

	unmask(r, p, n);
	r->left -= n;
	is_last = r->left == 0 && r->is_final;
	if (r->message_op == FRAME_OP_TEXT && !r->is_packed &&
	    !utf8_feed(&r->utf8, piece))
		return frame_fail(r, CLOSE_BAD_TEXT, "text is not UTF-8");
	if (!is_last || r->message.n > 0)
		buf_add(&r->message, piece);
	if (r->left == 0)
		r->is_open = false;
	return is_last ? message_done(r, piece, limit, events, arg) : RC_OK;
}

enum rc
frame_read(struct frame_reader *r, char *p, size_t n, size_t limit,
    const struct frame_events *events, void *arg)
{
	enum rc rc = RC_OK;
	size_t take;

	if (r->is_over)
		return RC_GONE;
	while (rc == RC_OK && !r->is_over) {
		if (!r->is_open &&
		    (rc = head_read(r, &p, &n, limit)) != RC_OK)
			break;
		if (n == 0 && r->left > 0)
			break;
		take = r->left < n ? (size_t)r->left : n;
		if (is_control(r))
			rc = control_read(r, p, take, events, arg);
		else
			rc = data_read(r, p, take, limit, events, arg);
		p += take;
		n -= take;
	}
	return rc == RC_AGAIN ? RC_OK : rc;
}

/* ---- writing ---------------------------------------------------------------- */

bool
frame_close_code_ok(unsigned code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
	    code != 1006) || (code >= 3000 && code <= 4999);
}

size_t
frame_head(char head[FRAME_HEAD_MAX], enum frame_op op, size_t n)
{
	size_t size = n < LENGTH_16 ? 0 : n <= UINT16_MAX ? 2 : 8, i;

	head[0] = (char)(BIT_FINAL | op);
	head[1] = (char)(size == 0 ? n : size == 2 ? LENGTH_16 : LENGTH_64);
	for (i = 0; i < size; i++)
		head[2 + i] = (char)((uint64_t)n >> 8 * (size - 1 - i));
	return 2 + size;
}

size_t
frame_whole(struct slice bytes, struct slice *payload_r)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	size_t n = p[1], size = n == LENGTH_16 ? 2 : n == LENGTH_64 ? 8 : 0, i;

	if (size > 0)
		for (n = 0, i = 0; i < size; i++)
			n = n << 8 | p[2 + i];
	*payload_r = slice_of(bytes.p + 2 + size, n);
	return 2 + size + n;
}

void
frame_close_write(struct buf *out, unsigned code, struct slice reason)
{
	char head[FRAME_HEAD_MAX];
	size_t n = 0, one;

	if (code == CLOSE_NONE) {
		buf_add(out, slice_of(head, frame_head(head, FRAME_OP_CLOSE, 0)));
		return;
	}
	while (n < reason.n && (one = utf8_head(slice_skip(reason, n))) > 0 &&
	    n + one <= CONTROL_MAX - 2)
		n += one;
	buf_add(out, slice_of(head, frame_head(head, FRAME_OP_CLOSE, 2 + n)));
	buf_char(out, (char)(code >> 8));
	buf_char(out, (char)code);
	buf_add(out, slice_head(reason, n));
}
