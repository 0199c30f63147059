/*
 * v0.c - Socket.IO 0.6: messages, and what of an event can be said in them
 *
 * A payload is frames with nothing between:
 *
 *     "~m~" LENGTH "~m~" MESSAGE ...            LENGTH in UTF-16 units
 *
 * and a message is "~h~" and a number (the server's heartbeat, which the client
 * sends back), "~j~" and JSON, or else text.  There are no events, namespaces,
 * acknowledgements or binary values, so they are written as what a page can read:
 *
 *     message, one string             text
 *     message, one other value        ~j~VALUE
 *     any other event                 ~j~{"name":NAME,"args":[...]}
 *        that wants an answer         ~j~{"name":NAME,"args":[...],"id":N}
 *     an answer                       ~j~{"ack":N,"args":[...]}
 *
 * The same is read.  What would read as something else travels as an event
 * `message` by its name.  The text __subscribe__ or
 * __unsubscribe__ is the first half of an event of that name; the message behind
 * it is the channel (the pages of django-socketio say this).
 *
 * No input is a mistake: the reference answers "ok" to everything, leaves a body
 * from where it is no frame, and takes broken JSON for {}.
 *
 * Must stay true: what packet_write() writes of an event, packet_next() reads as
 * the same event.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wire/assembler_private.h"
#include "wire/form_private.h"
#include "wire/inline_private.h"
#include "wire/old_private.h"
#include "wire/scan_private.h"
#include "wire/v0.h"

#define MARK          SLICE("~m~")
#define MARK_JSON     SLICE("~j~")
#define MARK_BEAT     SLICE("~h~")
#define LENGTH_DIGITS 9         /* payloads are smaller */
#define ID_DIGITS     15        /* below 2^53 for certain */

/* ---- frames ---------------------------------------------------------------- */

/* Skips the head of a frame; false: none stands there. */
static bool
head_cut(struct slice *rest, size_t *units_r)
{
	struct slice s = *rest, digits;
	int64_t units;
	size_t n;

	if (!slice_starts(s, MARK))
		return false;
	s = slice_skip(s, MARK.n);
	n = slice_find(s, '~');
	digits = slice_head(s, n);
	s = slice_skip(s, n);
	if (!slice_starts(s, MARK))
		return false;
	/* What is no number is none, for the reference. */
	if (n > LENGTH_DIGITS || !slice_int64(digits, &units) || units < 0)
		units = 0;
	*units_r = (size_t)units;
	*rest = slice_skip(s, MARK.n);
	return true;
}

static bool
message_cut(struct slice *rest, struct slice *message_r)
{
	size_t units, n;

	if (!head_cut(rest, &units))
		return false;
	n = old_units(*rest, units);
	*message_r = slice_head(*rest, n);
	*rest = slice_skip(*rest, n);
	return true;
}

static void
message_write(struct buf *out, struct slice mark, struct slice text)
{
	buf_reserve(out, mark.n + text.n + 16);
	buf_add(out, MARK);
	buf_int(out, (int64_t)(mark.n + utf8_units(text)));
	buf_add(out, MARK);
	buf_add(out, mark);
	buf_add(out, text);
}

static enum rc
v0_frame_next(struct slice *rest, struct arena *arena, struct frame *frame_r)
{
	struct slice message;

	(void)arena;
	*frame_r = (struct frame){ FRAME_NOOP, false, SLICE_NONE };
	if (rest->p == NULL || !message_cut(rest, &message)) {
		*rest = SLICE_NONE;
		return RC_NONE;
	}
	frame_r->type = slice_starts(message, MARK_BEAT) ? FRAME_PONG :
	    FRAME_MESSAGE;
	frame_r->data = message;
	return RC_OK;
}

/* ---- packets, in ------------------------------------------------------------- */

/* The members that make an event or an answer of a JSON message. */
struct members {
	struct slice name, args, id, ack;       /* absent: not there */
	bool has_others;
};

static void
members_read(struct slice object, struct members *m)
{
	struct slice key, value, *to;

	*m = (struct members){ .has_others = false };
	json_open(&object);
	while (json_next_member(&object, &key, &value)) {
		to = json_string_is(key, SLICE("name")) ? &m->name :
		    json_string_is(key, SLICE("args")) ? &m->args :
		    json_string_is(key, SLICE("id")) ? &m->id :
		    json_string_is(key, SLICE("ack")) ? &m->ack : NULL;
		if (to == NULL || to->p != NULL)
			m->has_others = true;
		else
			*to = value;
	}
}

static bool
is_id(struct slice id)
{
	size_t i;

	for (i = 0; i < id.n; i++)
		if (id.p[i] < '0' || id.p[i] > '9')
			return false;
	return id.n > 0 && id.n <= ID_DIGITS && (id.n == 1 || id.p[0] != '0');
}

static bool
is_event(const struct members *m, size_t name_max)
{
	return m->name.p != NULL && json_kind(m->name) == JSON_STRING &&
	    m->name.n <= name_max + 2 && m->ack.p == NULL &&
	    (m->id.p == NULL || is_id(m->id));
}

static bool
is_answer(const struct members *m)
{
	return m->ack.p != NULL && is_id(m->ack) && m->name.p == NULL &&
	    m->id.p == NULL;
}

static enum rc
event_packet(const struct members *m, struct arena *arena,
    struct packet *packet_r)
{
	packet_r->id = m->id;
	packet_r->data = old_event(arena, m->name, old_inside(m->args));
	return old_is_reserved(m->name) ? RC_AGAIN : RC_OK;
}

/* A JSON value, which scan_json() has passed. */
static enum rc
json_packet(struct slice value, const struct wire_limits *limits,
    struct arena *arena, struct packet *packet_r)
{
	struct members m = { .has_others = true };

	if (json_kind(value) == JSON_OBJECT)
		members_read(value, &m);
	packet_r->type = PACKET_EVENT;
	if (m.has_others || m.args.p == NULL || json_kind(m.args) != JSON_ARRAY) {
		packet_r->data = old_event(arena, SLICE("\"message\""), value);
	} else if (is_answer(&m)) {
		packet_r->type = PACKET_ACK;
		packet_r->id = m.ack;
		packet_r->data = m.args;
	} else if (is_event(&m, limits->max_name)) {
		return event_packet(&m, arena, packet_r);
	} else {
		packet_r->data = old_event(arena, SLICE("\"message\""), value);
	}
	return RC_OK;
}

/* The second half of __subscribe__. */
static enum rc
channel_packet(struct assembler *a, struct slice channel,
    const struct wire_limits *limits, struct arena *arena,
    struct packet *packet_r)
{
	struct slice name = slice_is(a->header, "__subscribe__") ?
	    SLICE("\"__subscribe__\"") : SLICE("\"__unsubscribe__\"");

	assembler_close(a);
	if (channel.n > limits->max_name)
		return RC_AGAIN;
	packet_r->type = PACKET_EVENT;
	packet_r->data = old_text_event(arena, name, channel);
	return RC_OK;
}

static enum rc
v0_packet_next(struct assembler *a, const struct frame *frame,
    const struct wire_limits *limits, struct arena *arena,
    struct packet *packet_r)
{
	struct slice text = frame->data, value;
	struct members m = { .has_others = false };
	struct scan scan;

	*packet_r = (struct packet){ .type = PACKET_EVENT, .nsp = SLICE("/") };
	if (slice_starts(text, MARK_JSON)) {
		assembler_close(a);
		value = slice_skip(text, MARK_JSON.n);
		if (old_event_cut(value, limits->max_depth, &m.name, &m.args,
		    &m.id) &&
		    is_event(&m, limits->max_name))
			return event_packet(&m, arena, packet_r);
		value = old_trim(value);
		if (!scan_json(value, limits->max_depth, 0, &scan))
			value = SLICE("{}");
		return json_packet(value, limits, arena, packet_r);
	}
	if (assembler_is_open(a))
		return channel_packet(a, text, limits, arena, packet_r);
	if (slice_is(text, "__subscribe__") || slice_is(text, "__unsubscribe__")) {
		assembler_open(a, text, 1);
		return RC_AGAIN;
	}
	packet_r->data = old_text_event(arena, SLICE("\"message\""), text);
	return RC_OK;
}

/* ---- packets, out ------------------------------------------------------------- */

static void
json_message_write(struct buf *out, const struct buf *json)
{
	message_write(out, MARK_JSON, buf_slice(json));
}

/* What would read as something else, or end a part of a multipart answer. */
static bool
is_special(struct slice text)
{
	return memmem(text.p, text.n, "\n--socketio", 11) != NULL ||
	    slice_starts(text, MARK_JSON) || slice_starts(text, MARK_BEAT) ||
	    slice_is(text, "__subscribe__") || slice_is(text, "__unsubscribe__");
}

/* `message` and one string: as text, if that is read as a text. */
static bool
text_write(struct buf *out, struct slice value)
{
	struct buf text = BUF_INIT;
	bool is_text = json_kind(value) == JSON_STRING &&
	    json_unquote(&text, value) == RC_OK && !is_special(buf_slice(&text));

	if (is_text)
		message_write(out, SLICE(""), buf_slice(&text));
	buf_free(&text);
	return is_text;
}

/* A value that reads as nothing but itself. */
static bool
is_plain_value(struct slice value)
{
	struct members m;

	if (json_kind(value) != JSON_OBJECT)
		return true;
	members_read(value, &m);
	return m.has_others || m.args.p == NULL;
}

/* `message` and one value, if that is read as the same. */
static bool
value_write(struct buf *out, struct slice value)
{
	if (json_kind(value) == JSON_STRING)
		return text_write(out, value);
	if (is_plain_value(value))
		message_write(out, MARK_JSON, value);
	return is_plain_value(value);
}

static void
args_write(struct buf *out, struct slice name, struct slice args, struct slice id)
{
	struct buf json = BUF_INIT;

	buf_reserve(&json, name.n + args.n + id.n + 32);
	buf_add(&json, SLICE("{\"name\":"));
	buf_add(&json, name);
	buf_add(&json, SLICE(",\"args\":["));
	if (args.n > 0)
		buf_add(&json, args);
	else
		buf_char(&json, ']');
	if (id.n > 0) {
		buf_str(&json, ",\"id\":");
		buf_add(&json, id);
	}
	buf_char(&json, '}');
	json_message_write(out, &json);
	buf_free(&json);
}

static void
event_write(struct buf *out, struct slice data, struct slice id)
{
	struct slice rest = data, args, name, first, second;
	struct buf quoted = BUF_INIT;
	bool is_one;

	json_open(&rest);
	if (!json_next(&rest, &name))
		return;
	args = old_behind(data, name);
	is_one = id.n == 0 && json_string_is(name, SLICE("message")) &&
	    json_next(&rest, &first) && !json_next(&rest, &second);
	if (json_kind(name) != JSON_STRING) {
		json_quote(&quoted, name);      /* a number is a name, too */
		name = buf_slice(&quoted);
	} else if (is_one && value_write(out, first)) {
		return;
	}
	args_write(out, name, args, id);
	buf_free(&quoted);
}

static void
answer_write(struct buf *out, struct slice id, struct slice args)
{
	struct buf json = BUF_INIT;

	buf_str(&json, "{\"ack\":");
	buf_add(&json, id);
	buf_str(&json, ",\"args\":");
	buf_add(&json, args);
	buf_char(&json, '}');
	json_message_write(out, &json);
	buf_free(&json);
}

/* To be let in is the sid, to be refused a status, to be sent away the end: nothing
 * is said of them. */
static void
v0_packet_write(struct buf *out, const struct packet *packet, struct slice offset)
{
	struct buf inlined = BUF_INIT;
	struct slice data = packet->data;

	(void)offset;
	if (packet->attachments.n > 0) {
		inline_write(&inlined, data, packet->attachments);
		data = buf_slice(&inlined);
	}
	switch (packet->type) {
	case PACKET_EVENT:
		event_write(out, data, packet->id);
		break;
	case PACKET_ACK:
		answer_write(out, packet->id, data);
		break;
	case PACKET_CONNECT:
	case PACKET_CONNECT_ERROR:
	case PACKET_DISCONNECT:
	case PACKET__COUNT:
		break;
	}
	buf_free(&inlined);
}

/* A heartbeat comes back as it is, so that one number does.  There are no words
 * for a pong, a noop or the end: a poll is answered with nothing. */
static void
v0_frame_write(struct buf *out, enum frame_type type, struct slice data)
{
	struct buf sid = BUF_INIT;

	if (type == FRAME_PING) {
		message_write(out, MARK_BEAT, SLICE("1"));
	} else if (type == FRAME_OPEN &&
	    json_unquote(&sid, json_member(data, "sid")) == RC_OK) {
		message_write(out, SLICE(""), buf_slice(&sid));
	}
	buf_free(&sid);
}

static void
v0_join(struct buf *out, struct slice piece)
{
	buf_add(out, piece);
}

/* ---- WebSocket: as many frames in a message as there are ------------------------- */

static bool
v0_message_next(struct slice *rest, struct arena *arena, bool *is_binary_r,
    struct slice *data_r)
{
	(void)arena;
	*is_binary_r = false;
	*data_r = *rest;
	*rest = SLICE_NONE;
	return data_r->n > 0;
}

/* Several frames in one message are never a heartbeat from us. */
static enum frame_type
v0_message_type(struct slice data, bool from_client)
{
	struct slice message;

	if (message_cut(&data, &message) && slice_starts(message, MARK_BEAT))
		return from_client ? FRAME_PONG : FRAME_PING;
	return FRAME_MESSAGE;
}

/* ---- forms ------------------------------------------------------------------------- */

/* Whether another frame, or nothing, stands there. */
static bool
is_boundary(struct slice rest)
{
	size_t units;

	return rest.n == 0 || head_cut(&rest, &units);
}

/* Where a damaged message may end, and how many of its CRs are too many. */
struct ending {
	size_t n, crs;
	bool is_found;
};

/*
 * The message has so many units, if as many of its CRs go as it has too many.  All
 * of them is what a form does to plain line feeds; some, if CR LF stood among them.
 */
static void
ending_find(struct slice text, size_t units, struct ending *end_r)
{
	size_t i = 0, seen = 0, pairs = 0, n;

	*end_r = (struct ending){ .is_found = false };
	/* What is seen grows faster than the pairs: it ends soon. */
	while (seen <= units + pairs) {
		if (seen >= units && is_boundary(slice_skip(text, i)) &&
		    (!end_r->is_found || seen == units + pairs))
			*end_r = (struct ending){ i, seen - units, true };
		if (i == text.n || (end_r->is_found && end_r->crs == 0))
			return;
		pairs += slice_starts(slice_skip(text, i), SLICE("\r\n"));
		n = utf8_head(slice_skip(text, i));
		seen += n == 4 ? 2 : 1;
		i += n;
	}
}

static void
crs_drop(struct buf *out, struct slice text, size_t crs)
{
	for (; text.n > 0; text = slice_skip(text, 1)) {
		if (crs > 0 && slice_starts(text, SLICE("\r\n")))
			crs--;
		else
			buf_char(out, text.p[0]);
	}
}

/*
 * A page's form makes CR LF of each line end, after the client has counted.  Where
 * a frame does not end where the next one begins, but would if that is undone, it
 * is undone.
 */
static void
lines_repair(struct buf *out, struct slice payload)
{
	struct slice rest = payload;
	struct buf text = BUF_INIT;
	struct ending end;
	size_t units;

	while (head_cut(&rest, &units)) {
		buf_reset(&text);
		ending_find(rest, units, &end);
		if (!end.is_found)
			end.n = old_units(rest, units);
		crs_drop(&text, slice_head(rest, end.n), end.crs);
		message_write(out, SLICE(""), buf_slice(&text));
		rest = slice_skip(rest, end.n);
	}
	buf_free(&text);
}

static void
value_read(struct buf *payload, struct slice value, bool from_page)
{
	struct buf decoded = BUF_INIT, clean = BUF_INIT;

	form_decode(&decoded, value);
	if (!utf8_valid(buf_slice(&decoded))) {
		utf8_mend(&clean, buf_slice(&decoded));
		buf_free(&decoded);
		decoded = clean;
	}
	if (from_page)
		lines_repair(payload, buf_slice(&decoded));
	else
		buf_add(payload, buf_slice(&decoded));
	buf_free(&decoded);
}

enum rc
v0_form_read(struct buf *payload, struct slice form, bool from_page)
{
	struct slice field;
	size_t n;

	while (slice_cut(&form, '&', &field)) {
		n = slice_find(field, '=');
		if (!slice_is(slice_head(field, n), "data"))
			continue;
		value_read(payload, slice_skip(field, n + 1), from_page);
		return RC_OK;
	}
	return RC_NONE;
}

/* Blanks, because an Explorer shows nothing of less than 256 bytes. */
#define BLANKS_61 "                                                             "
static const struct stream_form htmlfile = {
	.type = "text/html; charset=UTF-8",
	.head = "<html><body>" BLANKS_61 BLANKS_61 BLANKS_61 BLANKS_61,
	.before = "<script>parent.s._(",
	.after = ", document);</script>",
	.is_script = true,
};
static const struct stream_form multipart = {
	.type = "multipart/x-mixed-replace;boundary=\"socketio\"",
	.head = "--socketio\n",
	.before = "Content-Type: text/plain\n\n",
	.after = "\n--socketio\n",
};

/* A client looks at the status only: all but 200 is the end. */
static const struct manners manners = {
	.post_type = "text/plain; charset=UTF-8",
	.post_text = "ok",
	.refuses_by_status = true,
	.posts_forms = true,
	.jsonp_open = "io.JSONP[",
	.jsonp_middle = "]._(",
	.refusals = {
		[REFUSAL_TRANSPORT] = { 404, "transport not offered" },
		[REFUSAL_SID]       = { 404, "session unknown" },
		[REFUSAL_METHOD]    = { 405, "GET waits, POST says" },
		[REFUSAL_REQUEST]   = { 400, "not a request of this session" },
		[REFUSAL_FORBIDDEN] = { 401, "unauthorized" },
		[REFUSAL_VERSION]   = { 404, "version not offered" },
		[REFUSAL_HANDSHAKE] = { 403, "not let in" },
		[REFUSAL_HANDLER]   = { 500, "handler failed" },
	},
	.htmlfile = &htmlfile,
	.multipart = &multipart,
	.form_read = v0_form_read,
};

const struct codec codec_v0 = {
	.name = "v0",
	.generation = GENERATION_V0,
	.manners = &manners,
	.traits = {
		.joins_root = true,
		.ignores_strangers = true,
		.speaks_early = true,
		.poll_ms = 20000,
		.stream_beat_ms = 10000,
		.quiet_polls = true,
		.polls_on = true,
		.root_is_all = true,
		.refuses_handshake = true,
		.plain_close = true,
		.t_is_time = true,
		.overlap_status = 200,
		.answers_options = true,
	},
	.frame_next = v0_frame_next,
	.packet_next = v0_packet_next,
	.packet_write = v0_packet_write,
	.frame_write = v0_frame_write,
	.message_next = v0_message_next,
	.message_type = v0_message_type,
	.join = v0_join,
};
