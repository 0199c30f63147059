/*
 * v1.c - protocol 1: Socket.IO 0.7, 0.8 and 0.9
 *
 *     TYPE ':' [ID ['+']] ':' [ENDPOINT] [':' DATA]
 *
 * An id asks for an acknowledgement; without the '+' the library gives it by
 * itself.  A payload is one packet as it is, or several with their lengths in UTF-16
 * units:
 *
 *     U+FFFD LENGTH U+FFFD PACKET ...
 *
 * Events are what they are everywhere.  send() and json.send() are the event
 * `message` with one value, as for the applications of then, and such an event
 * goes out so.  An error has two numbers in the place of words: 2 is "unauthorized".
 *
 * No input is a mistake: the reference says 1 to everything and ignores what it
 * does not understand.
 *
 * Must stay true:
 *   - what packet_write() writes of an event or an acknowledgement, packet_next()
 *     reads as the same
 *   - a payload of one packet is never framed, one of several always
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wire/form_private.h"
#include "wire/inline_private.h"
#include "wire/old_private.h"
#include "wire/scan_private.h"
#include "wire/sio_private.h"

#define MARK          SLICE("\xef\xbf\xbd")
#define LENGTH_DIGITS 9         /* payloads are smaller */
#define ID_DIGITS     21        /* more, and JavaScript writes an exponent */

enum type {
	V1_DISCONNECT = '0', V1_CONNECT, V1_HEARTBEAT, V1_MESSAGE, V1_JSON,
	V1_EVENT, V1_ACK, V1_ERROR, V1_NOOP
};

/* A packet's text, taken apart. */
struct head {
	char type;
	bool has_plus;
	struct slice id, endpoint, data;        /* absent: not there */
};

/* ---- payloads, in ------------------------------------------------------------ */

static bool
is_framed(struct slice payload)
{
	return slice_starts(payload, MARK);
}

/* Skips the marks and the length between them; false: they are not there. */
static bool
length_cut(struct slice *rest, size_t *units_r)
{
	struct slice s = slice_skip(*rest, MARK.n);
	size_t n = scan_digits(s);
	int64_t units;

	if (n > LENGTH_DIGITS || !slice_int64(slice_head(s, n), &units))
		return false;
	s = slice_skip(s, n);
	if (!slice_starts(s, MARK))
		return false;
	*units_r = (size_t)units;
	*rest = slice_skip(s, MARK.n);
	return true;
}

/* The next packet; *rest is absent behind the last one, and where what follows
 * is none.  False: there is no more. */
static bool
packet_cut(struct slice *rest, struct slice *packet_r)
{
	size_t n = rest->n, units;

	if (is_framed(*rest)) {
		if (!length_cut(rest, &units)) {
			*rest = SLICE_NONE;
			return false;
		}
		n = old_units(*rest, units);
	}
	*packet_r = slice_head(*rest, n);
	*rest = slice_skip(*rest, n);
	if (!is_framed(*rest))
		*rest = SLICE_NONE;
	return n > 0;
}

/* False: it is no packet. */
static bool
head_read(struct slice text, struct head *h)
{
	size_t n;

	*h = (struct head){ 0 };
	if (text.n < 3 || text.p[1] != ':')
		return false;
	h->type = text.p[0];
	text = slice_skip(text, 2);
	if ((n = scan_digits(text)) > ID_DIGITS)
		return false;
	if (n > 0)
		h->id = slice_head(text, n);
	text = slice_skip(text, n);
	if (text.n > 0 && text.p[0] == '+') {
		h->has_plus = true;
		text = slice_skip(text, 1);
	}
	if (text.n == 0 || text.p[0] != ':')
		return false;
	text = slice_skip(text, 1);
	n = slice_find(text, ':');
	h->endpoint = slice_head(text, n);
	if (n < text.n)
		h->data = slice_skip(text, n + 1);
	return true;
}

static enum frame_type
type_of(struct slice packet)
{
	struct head h;

	switch (packet.p[0]) {
	case V1_MESSAGE: case V1_JSON: case V1_EVENT: case V1_ACK: case V1_CONNECT:
		return FRAME_MESSAGE;
	case V1_HEARTBEAT:
		return FRAME_PONG;
	case V1_DISCONNECT:
		if (!head_read(packet, &h))
			return FRAME_NOOP;
		return h.endpoint.n == 0 ? FRAME_CLOSE : FRAME_MESSAGE;
	default:
		return FRAME_NOOP;
	}
}

static enum rc
v1_frame_next(struct slice *rest, struct arena *arena, struct frame *frame_r)
{
	(void)arena;
	*frame_r = (struct frame){ FRAME_NOOP, false, SLICE_NONE };
	if (rest->p == NULL)
		return RC_NONE;
	if (packet_cut(rest, &frame_r->data))
		frame_r->type = type_of(frame_r->data);
	return RC_OK;
}

/* ---- packets, in ------------------------------------------------------------- */

static enum rc
connect_read(const struct head *h, struct arena *arena, struct packet *packet_r)
{
	packet_r->type = PACKET_CONNECT;
	if (h->data.n > 1 && h->data.p[0] == '?') {
		packet_r->query = slice_skip(h->data, 1);
		packet_r->data = form_object(packet_r->query, arena);
	}
	return RC_OK;
}

static enum rc
message_read(const struct head *h, struct arena *arena, struct packet *packet_r)
{
	if (!utf8_valid(h->data))
		return RC_AGAIN;
	packet_r->data = old_text_event(arena, SLICE("\"message\""), h->data);
	return RC_OK;
}

/* The reference hands broken JSON on as false. */
static enum rc
json_read(const struct head *h, const struct wire_limits *limits,
    struct arena *arena, struct packet *packet_r)
{
	struct slice value = old_trim(h->data);
	struct scan scan;

	if (!scan_json(value, limits->max_depth, 0, &scan))
		value = SLICE("false");
	packet_r->data = old_event(arena, SLICE("\"message\""), value);
	return RC_OK;
}

/* {"name":...,"args":[...]}; what else stands in it is ignored. */
static enum rc
event_read(const struct head *h, const struct wire_limits *limits,
    struct arena *arena, struct packet *packet_r)
{
	struct slice rest = scan_trim(h->data), name = SLICE_NONE, values = SLICE(""),
	    key, value;
	struct scan scan;

	if (old_event_cut(rest, limits->max_depth, &name, &value, NULL)) {
		values = old_inside(value);
		rest = SLICE("");       /* there is no more in it */
	} else if (!scan_json(rest, limits->max_depth, 0, &scan) ||
	    scan.kind != JSON_OBJECT) {
		return RC_AGAIN;
	}
	for (json_open(&rest); json_next_member(&rest, &key, &value); ) {
		if (json_string_is(key, SLICE("name")))
			name = value;
		else if (json_string_is(key, SLICE("args")))
			values = json_kind(value) == JSON_ARRAY ?
			    old_inside(value) : SLICE("");
	}
	if (name.p == NULL || name.n > limits->max_name + 2 ||
	    json_kind(name) != JSON_STRING || old_is_reserved(name))
		return RC_AGAIN;
	packet_r->data = old_event(arena, name, values);
	return RC_OK;
}

/* "ID" or "ID+[...]". */
static enum rc
ack_read(const struct head *h, const struct wire_limits *limits,
    struct packet *packet_r)
{
	size_t n = scan_digits(h->data);
	struct slice rest = slice_skip(h->data, n);
	struct scan scan;

	if (n == 0 || n > ID_DIGITS)
		return RC_AGAIN;
	packet_r->type = PACKET_ACK;
	packet_r->id = slice_head(h->data, n);
	packet_r->data = SLICE("[]");
	if (rest.n == 0 || rest.p[0] != '+')
		return RC_OK;
	rest = scan_trim(slice_skip(rest, 1));
	if (scan_json(rest, limits->max_depth, 0, &scan) &&
	    scan.kind == JSON_ARRAY)
		packet_r->data = rest;
	return RC_OK;
}

static enum rc
body_read(const struct head *h, const struct wire_limits *limits,
    struct arena *arena, struct packet *packet_r)
{
	switch (h->type) {
	case V1_CONNECT:
		return connect_read(h, arena, packet_r);
	case V1_DISCONNECT:
		packet_r->type = PACKET_DISCONNECT;
		return RC_OK;
	case V1_MESSAGE:
		return message_read(h, arena, packet_r);
	case V1_JSON:
		return json_read(h, limits, arena, packet_r);
	case V1_EVENT:
		return event_read(h, limits, arena, packet_r);
	default:
		return ack_read(h, limits, packet_r);
	}
}

static enum rc
v1_packet_next(struct assembler *a, const struct frame *frame,
    const struct wire_limits *limits, struct arena *arena,
    struct packet *packet_r)
{
	struct head h;

	(void)a;
	*packet_r = (struct packet){ .type = PACKET_EVENT, .nsp = SLICE("/") };
	if (!head_read(frame->data, &h))
		return RC_AGAIN;
	if (h.endpoint.n > 0) {
		packet_r->nsp = h.endpoint;
		if (h.endpoint.p[0] != '/' ||
		    !sio_is_name(h.endpoint, limits->max_name))
			return RC_AGAIN;
	}
	if (h.id.p != NULL && h.type >= V1_MESSAGE && h.type <= V1_EVENT) {
		packet_r->id = h.id;
		packet_r->ack_now = !h.has_plus;
	}
	return body_read(&h, limits, arena, packet_r);
}

/* ---- out --------------------------------------------------------------------- */

/* Puts marks and length before the packet at from. */
static void
frame_insert(struct buf *out, size_t from)
{
	char space[24];
	struct buf head = { space, 0, sizeof(space) };

	buf_add(&head, MARK);
	buf_int(&head, (int64_t)utf8_units(slice_of(out->p + from, out->n - from)));
	buf_add(&head, MARK);
	buf_reserve(out, head.n);
	memmove(out->p + from + head.n, out->p + from, out->n - from);
	memcpy(out->p + from, space, head.n);
	out->n += head.n;
}

/* Where the next packet begins; the first one, if it stood alone, is framed. */
static size_t
packet_begin(struct buf *out)
{
	if (out->n > 0 && !is_framed(buf_slice(out)))
		frame_insert(out, 0);
	return out->n;
}

static void
packet_end(struct buf *out, size_t from)
{
	if (from > 0)
		frame_insert(out, from);
}

static void
head_write(struct buf *out, char type, struct slice id, struct slice nsp)
{
	buf_char(out, type);
	buf_char(out, ':');
	if (id.n > 0) {
		buf_add(out, id);
		buf_char(out, '+');
	}
	buf_char(out, ':');
	if (!slice_is(nsp, "/"))
		buf_add(out, nsp);
}

static void
data_write(struct buf *out, struct slice data)
{
	if (data.n == 0)
		return;
	buf_char(out, ':');
	buf_add(out, data);
}

/* `message` and one value. */
static void
message_write(struct buf *out, const struct packet *packet, struct slice value)
{
	size_t from = out->n, head;

	if (json_kind(value) == JSON_STRING) {
		head_write(out, V1_MESSAGE, packet->id, packet->nsp);
		buf_char(out, ':');
		head = out->n;
		if (json_unquote(out, value) == RC_OK) {
			out->n -= out->n == head;       /* no colon before nothing */
			return;
		}
		out->n = from;
	}
	head_write(out, V1_JSON, packet->id, packet->nsp);
	data_write(out, value);
}

static void
event_write(struct buf *out, const struct packet *packet, struct slice data)
{
	struct slice rest = data, name, args, value, more;

	json_open(&rest);
	if (!json_next(&rest, &name))
		name = SLICE("\"\"");
	if (json_string_is(name, SLICE("message")) && json_next(&rest, &value) &&
	    !json_next(&rest, &more)) {
		message_write(out, packet, value);
		return;
	}
	args = name.p >= data.p && name.p < data.p + data.n ? old_behind(data, name) :
	    SLICE("");
	head_write(out, V1_EVENT, packet->id, packet->nsp);
	buf_add(out, SLICE(":{\"name\":"));
	if (name.p[0] == '"')
		buf_add(out, name);
	else
		json_quote(out, name);  /* a number is a name, too */
	if (args.n > 0) {
		buf_add(out, SLICE(",\"args\":["));
		buf_add(out, args);
	}
	buf_char(out, '}');
}

/*
 * JSON on one line: the client reads an acknowledgement up to what is an end of
 * line to JavaScript, U+2028 and U+2029 among it.  They stand in strings, line feeds
 * between values.
 */
static void
line_write(struct buf *out, struct slice json)
{
	size_t from = 0, i;
	bool may_end = memchr(json.p, '\n', json.n) != NULL ||
	    memchr(json.p, '\r', json.n) != NULL ||
	    memchr(json.p, '\xe2', json.n) != NULL;

	for (i = may_end ? 0 : json.n; i < json.n; i++) {
		if (json.p[i] == '\n' || json.p[i] == '\r') {
			buf_add(out, slice_of(json.p + from, i - from));
			buf_char(out, ' ');
			from = i + 1;
		} else if (json.p[i] == '\xe2' && json.n - i > 2 &&
		    json.p[i + 1] == '\x80' && (json.p[i + 2] & ~1) == '\xa8') {
			buf_add(out, slice_of(json.p + from, i - from));
			buf_str(out, json.p[i + 2] == '\xa8' ? "\\u2028" : "\\u2029");
			from = i + 3;
		}
	}
	buf_add(out, slice_of(json.p + from, json.n - from));
}

static void
ack_write(struct buf *out, const struct packet *packet, struct slice data)
{
	head_write(out, V1_ACK, SLICE_NONE, packet->nsp);
	buf_char(out, ':');
	buf_add(out, packet->id);
	if (old_inside(data).n > 0) {
		buf_char(out, '+');
		line_write(out, data);
	}
}

static void
body_write(struct buf *out, const struct packet *packet, struct slice data)
{
	switch (packet->type) {
	case PACKET_CONNECT:
		head_write(out, V1_CONNECT, SLICE_NONE, packet->nsp);
		break;
	case PACKET_DISCONNECT:
		head_write(out, V1_DISCONNECT, SLICE_NONE, packet->nsp);
		break;
	case PACKET_EVENT:
		event_write(out, packet, data);
		break;
	case PACKET_ACK:
		ack_write(out, packet, data);
		break;
	case PACKET_CONNECT_ERROR:
		head_write(out, V1_ERROR, SLICE_NONE, packet->nsp);
		data_write(out, SLICE("2"));
		break;
	case PACKET__COUNT:
		break;
	}
}

/* No recovery in this generation, so the offset is not said. */
static void
v1_packet_write(struct buf *out, const struct packet *packet, struct slice offset)
{
	struct buf inlined = BUF_INIT;
	size_t from = packet_begin(out);

	(void)offset;
	if (packet->attachments.n == 0) {
		body_write(out, packet, packet->data);
	} else {
		inline_write(&inlined, packet->data, packet->attachments);
		body_write(out, packet, buf_slice(&inlined));
		buf_free(&inlined);
	}
	packet_end(out, from);
}

/* Seconds after which a client may give up: later than anything is due. */
static int64_t
patience(struct slice json)
{
	int64_t interval = 0, timeout = 0;

	json_int(json_member(json, "pingInterval"), &interval);
	json_int(json_member(json, "pingTimeout"), &timeout);
	return (interval + timeout + 999) / 1000;
}

/* SID:HEARTBEAT:CLOSE:TRANSPORTS */
static void
open_write(struct buf *out, struct slice json)
{
	struct slice rest = json_member(json, "upgrades"), item;
	char before = ':';

	json_unquote(out, json_member(json, "sid"));
	buf_printf(out, ":%lld:%lld", (long long)patience(json),
	    (long long)patience(json));
	for (json_open(&rest); json_next(&rest, &item); before = ',') {
		buf_char(out, before);
		json_unquote(out, item);
	}
	if (before == ':')
		buf_char(out, ':');
}

/* There are no pongs to give: the server pings. */
static void
v1_frame_write(struct buf *out, enum frame_type type, struct slice data)
{
	size_t from;

	if (type == FRAME_PONG)
		return;
	from = packet_begin(out);
	if (type == FRAME_OPEN)
		open_write(out, data);
	else if (type == FRAME_CLOSE)
		buf_add(out, SLICE("0::"));
	else if (type == FRAME_PING)
		buf_add(out, SLICE("2::"));
	else
		buf_add(out, SLICE("8::"));
	packet_end(out, from);
}

static void
v1_join(struct buf *out, struct slice piece)
{
	size_t from = packet_begin(out);

	buf_add(out, piece);
	if (!is_framed(piece))
		frame_insert(out, from);
}

/* ---- WebSocket: one packet a message ----------------------------------------------- */

static bool
v1_message_next(struct slice *rest, struct arena *arena, bool *is_binary_r,
    struct slice *data_r)
{
	(void)arena;
	*is_binary_r = false;
	return rest->p != NULL && packet_cut(rest, data_r);
}

static enum rc
v1_message_read(bool is_binary, struct slice data, struct arena *arena,
    struct frame *frame_r)
{
	(void)arena;
	*frame_r = (struct frame){ FRAME_NOOP, false, SLICE_NONE };
	if (is_binary || data.n == 0 || is_framed(data))
		return RC_OK;
	frame_r->type = type_of(data);
	frame_r->data = data;
	return RC_OK;
}

static enum frame_type
v1_message_type(struct slice data, bool from_client)
{
	if (data.n < 3 || data.p[1] != ':' || data.p[2] != ':')
		return FRAME_MESSAGE;
	if (data.p[0] == V1_HEARTBEAT)
		return from_client ? FRAME_PONG : FRAME_PING;
	if (data.p[0] == V1_NOOP)
		return FRAME_NOOP;
	return data.p[0] == V1_DISCONNECT && data.n == 3 ? FRAME_CLOSE :
	    FRAME_MESSAGE;
}

/* ---- forms --------------------------------------------------------------------------- */

/* `d`: the payload as a JSON string, or up to 0.8.5 as it is. */
static enum rc
v1_form_read(struct buf *payload, struct slice form, bool from_page)
{
	struct buf text = BUF_INIT;
	struct slice field;
	enum rc rc = RC_NONE;
	size_t n;

	(void)from_page;        /* JSON hides line ends */
	while (slice_cut(&form, '&', &field)) {
		n = slice_find(field, '=');
		if (!slice_is(slice_head(field, n), "d"))
			continue;
		form_decode(&text, slice_skip(field, n + 1));
		break;
	}
	field = scan_trim(buf_slice(&text));
	if (field.n > 0 && field.p[0] != '"') {
		buf_add(payload, buf_slice(&text));
		rc = RC_OK;
	} else if (field.n > 0 && json_check(field, 1) == RC_OK) {
		rc = json_unquote(payload, field);
	}
	buf_free(&text);
	return rc;
}

/* Blanks, because an Explorer shows nothing of less than 256 bytes. */
#define BLANKS_43 "                                           "
static const struct stream_form htmlfile = {
	.type = "text/html; charset=UTF-8",
	.head = "<html><body><script>var _ = function (msg) { parent.s._(msg, "
	    "document); };</script> " BLANKS_43 BLANKS_43 BLANKS_43 BLANKS_43,
	.before = "<script>_(",
	.after = ");</script>",
	.is_script = true,
};

static const struct manners manners = {
	.post_type = "text/plain; charset=UTF-8",
	.post_text = "1",
	.takes_any_post = true,
	.jsonp_open = "io.j[",
	.jsonp_middle = "](",
	.refusals = {
		[REFUSAL_TRANSPORT] = { 400, "Transport unknown" },
		[REFUSAL_SID]       = { 200, "7:::1+0" },
		[REFUSAL_METHOD]    = { 400, "Bad method" },
		[REFUSAL_REQUEST]   = { 200, "7:::1+0" },
		[REFUSAL_FORBIDDEN] = { 403, "handshake bad origin" },
		[REFUSAL_VERSION]   = { 500, "Protocol version not supported." },
		[REFUSAL_HANDSHAKE] = { 403, "handshake unauthorized" },
		[REFUSAL_HANDLER]   = { 500, "handshake error" },
	},
	.htmlfile = &htmlfile,
	.form_read = v1_form_read,
};

const struct codec codec_v1 = {
	.name = "v1",
	.generation = GENERATION_V1,
	.traits = {
		.joins_root = true,
		.ignores_strangers = true,
		.speaks_early = true,
		.poll_ms = 20000,
		.quiet_polls = true,
		.polls_on = true,
		.root_is_all = true,
		.greets_in_poll = true,
		.plain_close = true,
		.takes_over = true,
		.t_is_time = true,
		.overlap_status = 200,
	},
	.manners = &manners,
	.frame_next = v1_frame_next,
	.packet_next = v1_packet_next,
	.packet_write = v1_packet_write,
	.frame_write = v1_frame_write,
	.message_next = v1_message_next,
	.message_read = v1_message_read,
	.message_type = v1_message_type,
	.join = v1_join,
};
