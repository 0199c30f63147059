/*
 * sio.c - the text of a Socket.IO packet, as parsers 3 to 5 have it
 *
 *     TYPE [ATTACHMENTS '-'] [NAMESPACE ['?' QUERY] ','] [ID] [JSON]
 *
 * Types 5 and 6 are EVENT and ACK with attachments, which follow as binary
 * messages with no text message between.
 *
 * The reader takes what the reference takes from its own clients and refuses
 * what it refuses; where the generations differ stands in their dialect.  It is
 * stricter where the reference owes its tolerance to how JavaScript reads
 * numbers: a type, a count or an id is digits (a blank is no zero, 1e1 is no
 * ten), a placeholder's num is written in digits.  Control characters in a
 * namespace are refused, for a name's end is a zero byte in the store.  An EVENT
 * without data and an ACK without id say nothing and are ignored; an ACK without
 * data has no arguments.
 *
 * Must stay true: JSON is checked once, on the way in, and never changed.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wire/assembler_private.h"
#include "wire/form_private.h"
#include "wire/scan_private.h"
#include "wire/sio_private.h"

/* 1e21 is where JavaScript begins to write an exponent. */
#define ID_DIGITS       21
#define ID_EXACT_DIGITS 15      /* below 2^53 for certain */

#define QUERY_MAX 2048          /* bytes, of a CONNECT */

/* A Socket.IO packet's text, taken apart. */
struct head {
	enum packet_type type;
	unsigned attachments;
	struct slice nsp, query, id, data;
};

/* What the digits mean, and what JSON must follow (CONNECT, DISCONNECT and
 * CONNECT_ERROR: where the dialect is strict). */
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

/* Socket.IO packets, in. */

/* "N-" behind the type digit of a binary packet, least..most. */
static bool
attachments_read(struct slice *rest, unsigned least, unsigned most, unsigned *n_r)
{
	size_t n = scan_digits(*rest);
	int64_t value;

	if (n == rest->n || rest->p[n] != '-' ||
	    !slice_int64(slice_head(*rest, n), &value) ||
	    value < (int64_t)least || value > (int64_t)most)
		return false;
	*n_r = (unsigned)value;
	*rest = slice_skip(*rest, n + 1);
	return true;
}

bool
sio_is_name(struct slice nsp, size_t most)
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
	return sio_is_name(*nsp_r, most);
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
		while (written[given] != 'e' && !scan_is_digit(written[given]))
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
	size_t n = scan_digits(*rest);
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

/* "?token=1" behind the name.  The application sees it as an object, as what a
 * newer client would have sent along. */
static bool
query_read(struct head *h, struct arena *arena)
{
	size_t n = slice_find(h->nsp, '?');

	if (n == h->nsp.n)
		return true;
	h->query = slice_skip(h->nsp, n + 1);
	h->nsp = slice_head(h->nsp, n);
	if (h->query.n > QUERY_MAX)
		return false;
	h->data = form_object(h->query, arena);
	return true;
}

/* Whether "N-" may, or must, stand behind the type's digit. */
static bool
has_count(const struct sio_dialect *dialect, const struct kind *kind,
    struct slice text)
{
	size_t n;

	if (kind->is_binary)
		return true;
	if (!dialect->takes_old_counts || kind->type != PACKET_ACK)
		return false;
	n = scan_digits(text);
	return n > 0 && n < text.n && text.p[n] == '-';
}

static enum rc
head_read(const struct sio_dialect *dialect, struct slice text,
    const struct wire_limits *limits, struct arena *arena, struct head *h)
{
	const struct kind *kind;
	size_t name_max = limits->max_name;

	*h = (struct head){ 0 };
	if (text.n == 0 || text.p[0] < '0' || (size_t)(text.p[0] - '0') >= N_KINDS)
		return dialect->is_strict ? RC_BAD_INPUT : RC_AGAIN;
	kind = &kinds[text.p[0] - '0'];
	h->type = kind->type;
	text = slice_skip(text, 1);
	if (has_count(dialect, kind, text) && !attachments_read(&text,
	    dialect->takes_old_counts ? 0 : 1, limits->max_attachments,
	    &h->attachments))
		return RC_BAD_INPUT;
	if (!dialect->is_strict && h->type == PACKET_CONNECT)
		name_max += 1 + QUERY_MAX;
	if (!nsp_read(&text, name_max, &h->nsp) || !id_read(&text, arena, &h->id))
		return RC_BAD_INPUT;
	text = scan_trim(text);
	if (text.n > 0)
		h->data = text;
	return RC_OK;
}

/* An event's name: a number or a string. */
static bool
is_event_name(struct slice value, size_t most)
{
	if (value.p == NULL || value.n > most + 2)
		return false;
	return value.p[0] == '"' || value.p[0] == '-' || scan_is_digit(value.p[0]);
}

static bool
is_reserved(const struct sio_names *reserved, struct slice name)
{
	bool has_escape;
	size_t i;

	if (name.p[0] != '"')
		return false;
	has_escape = memchr(name.p, '\\', name.n) != NULL;
	for (i = 0; i < reserved->n; i++) {
		if (has_escape ? json_string_is(name, reserved->names[i]) :
		    slice_eq(slice_of(name.p + 1, name.n - 2), reserved->names[i]))
			return true;
	}
	return false;
}

/* Whether the data is what the type asks for. */
static enum rc
data_check(const struct sio_dialect *dialect, const struct head *h,
    const struct wire_limits *limits)
{
	enum json_kind want = kinds[digits[h->type][0] - '0'].data;
	struct scan scan;

	if (h->data.p == NULL)
		return h->attachments == 0 ? RC_OK : RC_BAD_INPUT;
	if (!scan_json(h->data, limits->max_depth, h->attachments, &scan))
		return RC_BAD_INPUT;
	if (scan.kind != want && (dialect->is_strict || want == JSON_ARRAY))
		return RC_BAD_INPUT;
	if (h->type != PACKET_EVENT)
		return RC_OK;
	if (!is_event_name(scan.first, limits->max_name))
		return RC_BAD_INPUT;
	if (!is_reserved(dialect->reserved, scan.first))
		return RC_OK;
	return dialect->is_strict ? RC_BAD_INPUT : RC_AGAIN;
}

static enum rc
head_check(const struct sio_dialect *dialect, struct head *h,
    const struct wire_limits *limits, struct arena *arena)
{
	enum rc rc;

	if (dialect->is_strict && h->type == PACKET_CONNECT_ERROR)
		return RC_BAD_INPUT;    /* only servers say that */
	if ((rc = data_check(dialect, h, limits)) != RC_OK || dialect->is_strict)
		return rc;
	if (h->type == PACKET_EVENT || h->type == PACKET_ACK)
		return RC_OK;
	h->data = SLICE_NONE;
	if (h->type == PACKET_CONNECT && (!query_read(h, arena) ||
	    h->nsp.n > limits->max_name))
		return RC_BAD_INPUT;
	return h->type == PACKET_CONNECT_ERROR ? RC_AGAIN : RC_OK;
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
	packet_r->query = h->query;
	packet_r->data = h->data;
	if (h->type == PACKET_EVENT || h->type == PACKET_ACK)
		packet_r->id = h->id;
	if (h->type == PACKET_ACK && h->data.p == NULL)
		packet_r->data = SLICE("[]");
	return RC_OK;
}

static enum rc
binary_next(const struct sio_dialect *dialect, struct assembler *a,
    struct slice data, const struct wire_limits *limits, struct arena *arena,
    struct packet *packet_r)
{
	struct slice attachments;
	struct head head;
	enum rc rc;

	if ((rc = assembler_take(a, data, limits, arena)) != RC_OK)
		return rc;
	rc = head_read(dialect, a->header, limits, arena, &head);
	attachments = a->attachments;
	assembler_close(a);
	if (rc != RC_OK)
		return rc;
	if ((rc = head_packet(&head, packet_r)) == RC_OK)
		packet_r->attachments = attachments;
	return rc;
}

enum rc
sio_packet_next(const struct sio_dialect *dialect, struct assembler *a,
    const struct frame *frame, const struct wire_limits *limits,
    struct arena *arena, struct packet *packet_r)
{
	struct head head;
	enum rc rc;

	assert(frame->type == FRAME_MESSAGE);
	*packet_r = (struct packet){ 0 };
	if (frame->is_binary)
		return binary_next(dialect, a, frame->data, limits, arena, packet_r);
	if (assembler_is_open(a))
		return RC_BAD_INPUT;    /* text between header and attachments */
	if ((rc = head_read(dialect, frame->data, limits, arena, &head)) != RC_OK ||
	    (rc = head_check(dialect, &head, limits, arena)) != RC_OK)
		return rc;
	if (head.attachments > 0) {
		assembler_open(a, frame->data, head.attachments);
		return RC_AGAIN;
	}
	return head_packet(&head, packet_r);
}

/* Out. */

void
sio_head_write(struct buf *out, const struct packet *packet, size_t attachments)
{
	buf_char(out, digits[packet->type][attachments > 0]);
	if (attachments > 0) {
		buf_int(out, (int64_t)attachments);
		buf_char(out, '-');
	}
	if (packet->nsp.n > 0 &&
	    (!slice_is(packet->nsp, "/") || packet->query.p != NULL)) {
		buf_add(out, packet->nsp);
		if (packet->query.p != NULL) {
			buf_char(out, '?');
			buf_add(out, packet->query);
		}
		buf_char(out, ',');
	}
	buf_add(out, packet->id);
}
