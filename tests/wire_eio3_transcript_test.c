/*
 * wire_eio3_transcript_test.c - traffic of 1.7.4 and 2.5.1, read and said anew
 *
 * tests/vectors/eio3-*.json is traffic between reference servers of both
 * generations, their clients and hand-made ones, as text, octets, JSONP and on a
 * websocket.  For every session in every file:
 *
 *   - what the client said goes through the codec and a model of a session; it
 *     ends in the model exactly if it ended in the capture
 *   - what either side said is read, written in both forms, and read again as
 *     the same packets, the bytes between being ASCII
 *
 * The two references write differently (one doubles UTF-8, the other does not),
 * so bytes are compared by what they mean.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "tests/transcript.h"
#include "wire/codec.h"
#include "wire/jsonp.h"

enum { SESSIONS_MAX = 32, CONNS_MAX = 1024 };

struct session {
	struct slice sid;
	struct assembler from_client, from_server;
	bool has_left;                  /* said goodbye itself */
	bool was_let_go;                /* by the server's application */
	bool has_upgraded;
	bool has_spoken;
	bool ended_in_model, ended_in_capture;
};

/* A TCP connection: the request that stands on it. */
struct conn {
	struct session *session;
	struct slice target, method;
	bool is_probing;
};

static const struct wire_limits limits = { 256, 10, 64, 1000000, 256 };

/* A session ends by the clock, a hang-up, an overlap or a length; or because
 * the reference did not understand what we do. */
static const char *const ends_otherwise[] = {
	"client-aborts-poll", "client-aborts-post", "heartbeat-and-timeout",
	"heartbeat-timeout", "overlap-get", "overlap-post", "too-big",
	"client-1x-on-2x-server", "client-2x-on-1x-server", "client-4x-on-2x-server",
	"second-connect",
};
/* 1.7.4 ignores what 2.5.1 (and we) take for the end, and does not understand
 * text beyond ASCII that is encoded once, as those hand-made clients have it. */
static const char *const old_otherwise[] = {
	"bad-payload-bad-json", "bad-payload-bad-json2", "bad-packets",
	"bad-payload-attachments-no-dash", "bad-payload-binary-without-header",
	"jsonp-polling-session", "unicode-text",
};

static struct arena arena;
static struct session sessions[SESSIONS_MAX];
static size_t session_count;
static struct conn conns[CONNS_MAX];
static unsigned packets_read, packets_written, octets_read, binary_read;
static unsigned messages_written, wide_messages;

static struct session *
session_find(struct slice sid)
{
	size_t i;

	for (i = 0; i < session_count; i++) {
		if (slice_eq(sessions[i].sid, sid))
			return &sessions[i];
	}
	T_OK(session_count < SESSIONS_MAX);
	sessions[session_count].sid = sid;
	return &sessions[session_count++];
}

/* Written and read again. */

static struct slice
ascii_of(struct slice text)
{
	struct buf out = BUF_INIT;
	struct slice kept;

	json_ascii(&out, text);
	kept = arena_dup(&arena, buf_slice(&out));
	buf_free(&out);
	return kept;
}

static void
packets_are_alike(const struct packet *a, const struct packet *b)
{
	T_EQ(a->type, b->type);
	T_OK(slice_eq(a->nsp, b->nsp));
	T_OK(slice_eq(a->id, b->id));
	T_OK(slice_eq(a->query, b->query));
	T_OK(slice_eq(ascii_of(a->data), ascii_of(b->data)));
	T_OK(slice_eq(a->attachments, b->attachments));
}

static void
is_said_in(const struct codec *codec, const struct packet *p)
{
	struct assembler a = ASSEMBLER_INIT;
	struct buf out = BUF_INIT;
	struct packet again;
	struct frame frame;
	struct slice rest;
	enum rc rc = RC_AGAIN;
	size_t i;

	codec->packet_write(&out, p, SLICE("an offset"));
	rest = buf_slice(&out);
	for (i = 0; i < rest.n && codec->form == FORM_TEXT; i++)
		T_OK((unsigned char)rest.p[i] < 0x80);
	while (codec->frame_next(&rest, &arena, &frame) == RC_OK) {
		T_EQ(rc, RC_AGAIN);
		rc = codec->packet_next(&a, &frame, &limits, &arena, &again);
	}
	T_EQ(rc, RC_OK);
	packets_are_alike(p, &again);
	packets_written++;
	buf_free(&out);
}

static void
packet_is_written_again(const struct packet *p)
{
	is_said_in(&codec_eio3, p);
	is_said_in(codec_eio3.octets, p);
	binary_read += p->attachments.n > 0;
}

/* What a session does with what its client says. */

static void
client_frame(struct session *s, const struct frame *f)
{
	struct packet p;

	if (f->type != FRAME_MESSAGE) {
		s->has_left |= f->type == FRAME_CLOSE;
		return;
	}
	switch (codec_eio3.packet_next(&s->from_client, f, &limits, &arena, &p)) {
	case RC_OK:
		packets_read++;
		packet_is_written_again(&p);
		break;
	case RC_AGAIN:
		break;
	default:
		s->ended_in_model = true;
		break;
	}
}

static void
client_payload(struct session *s, const struct codec *codec, struct slice rest)
{
	struct frame frame;
	enum rc rc = RC_OK;

	s->has_spoken = true;
	octets_read += codec->form == FORM_OCTETS;
	while (!s->ended_in_model &&
	    (rc = codec->frame_next(&rest, &arena, &frame)) == RC_OK)
		client_frame(s, &frame);
	if (rc == RC_BAD_INPUT)
		s->ended_in_model = true;
}

/* What the server said.  ERROR, which is never read from a client, is left out. */

static void
server_frame(struct session *s, const struct frame *f)
{
	struct packet p;
	enum rc rc;

	s->ended_in_capture |= f->type == FRAME_CLOSE && !s->has_upgraded;
	if (f->type != FRAME_MESSAGE)
		return;
	rc = codec_eio3.packet_next(&s->from_server, f, &limits, &arena, &p);
	if (rc == RC_BAD_INPUT)
		T_FAIL("%.*s: the server's '%.*s' is refused", SLICE_ARGS(s->sid),
		    SLICE_ARGS(f->data));
	if (rc != RC_OK)
		return;
	s->was_let_go |= p.type == PACKET_DISCONNECT;
	packet_is_written_again(&p);
}

static struct slice
sid_of(const struct frame *open)
{
	cJSON *json = cJSON_ParseWithLength(open->data.p, open->data.n);
	struct slice sid = arena_dup(&arena, text_of(json, "sid"));

	T_OK(open->type == FRAME_OPEN && sid.n > 0);
	cJSON_Delete(json);
	return sid;
}

static void
server_payload(struct conn *c, const struct codec *codec, struct slice rest)
{
	struct frame frame;
	enum rc rc;

	octets_read += codec->form == FORM_OCTETS;
	while ((rc = codec->frame_next(&rest, &arena, &frame)) == RC_OK) {
		if (c->session == NULL)
			c->session = session_find(sid_of(&frame));
		c->session->has_spoken = true;
		server_frame(c->session, &frame);
	}
	T_EQ(rc, RC_NONE);
}

/* Steps. */

static const struct codec *
codec_by_type(const cJSON *step)
{
	return slice_starts(header_of(step, "Content-Type"),
	    SLICE("application/octet-stream")) ? codec_eio3.octets : &codec_eio3;
}

static void
on_request(const cJSON *step, struct conn *c)
{
	struct slice body = body_of(step, &arena), sid;
	struct buf payload = BUF_INIT;

	c->target = text_of(step, "target");
	c->method = text_of(step, "method");
	sid = query_of(c->target, "sid");
	c->session = sid.p == NULL ? NULL : session_find(sid);
	c->is_probing = sid.p != NULL && header_of(step, "Upgrade").p != NULL;
	if (!slice_is(c->method, "POST") || c->session == NULL || body.p == NULL ||
	    body.n > limits.max_payload || c->session->ended_in_capture ||
	    c->session->was_let_go)
		return;
	if (query_of(c->target, "j").p == NULL)
		client_payload(c->session, codec_by_type(step), body);
	else if (jsonp_read(&payload, body) == RC_OK)
		client_payload(c->session, &codec_eio3,
		    arena_dup(&arena, buf_slice(&payload)));
	buf_free(&payload);
}

static void
on_response(const cJSON *step, struct conn *c)
{
	struct slice body = body_of(step, &arena);
	int status = number_of(step, "status");

	if (status == 400 && c->session != NULL &&
	    slice_starts(body, SLICE("{\"code\":1,")))
		c->session->ended_in_capture = true;
	if (status != 200 || body.n == 0 || !slice_is(c->method, "GET") ||
	    !slice_is(query_of(c->target, "transport"), "polling"))
		return;
	if (header_of(step, "Content-Encoding").p != NULL)
		return;
	if (query_of(c->target, "j").p != NULL)
		server_payload(c, &codec_eio3, jsonp_payload(body, &arena));
	else
		server_payload(c, codec_by_type(step), body);
}

/* A websocket message as a payload of one packet: in octets, but base64 is known
 * to the text form only. */
static struct slice
websocket_payload(const cJSON *step, const struct codec **codec_r)
{
	struct slice body = body_of(step, &arena), opcode = text_of(step, "opcode"), kept;
	bool is_binary = slice_is(opcode, "binary");
	struct buf payload = BUF_INIT;
	char digits[24];
	int i, n;

	if (body.p == NULL || (!is_binary && !slice_is(opcode, "text")))
		return SLICE_NONE;
	if (!is_binary && slice_starts(body, SLICE("b"))) {
		*codec_r = &codec_eio3;
		buf_printf(&payload, "%zu:", body.n);
	} else {
		*codec_r = codec_eio3.octets;
		buf_char(&payload, is_binary ? 1 : 0);
		n = snprintf(digits, sizeof(digits), "%zu", body.n);
		for (i = 0; i < n; i++)
			buf_char(&payload, (char)(digits[i] - '0'));
		buf_char(&payload, '\xff');
	}
	buf_add(&payload, body);
	kept = arena_dup(&arena, buf_slice(&payload));
	buf_free(&payload);
	return kept;
}

/* What the server said in a text message, to the byte: UTF-8, encoded once. */
static void
message_is_said_as_captured(struct slice text)
{
	struct assembler a = ASSEMBLER_INIT;
	struct buf out = BUF_INIT;
	struct packet p;
	struct frame frame;

	if (codec_eio3.message_read(false, text, &arena, &frame) != RC_OK ||
	    frame.type != FRAME_MESSAGE || frame.is_binary ||
	    codec_eio3.packet_next(&a, &frame, &limits, &arena, &p) != RC_OK ||
	    (p.type != PACKET_EVENT && p.type != PACKET_ACK))
		return;
	codec_eio3.messages->packet_write(&out, &p, SLICE("an offset"));
	if (!slice_eq(buf_slice(&out), text))
		T_FAIL("'%.*s' is said as '%.*s'", SLICE_ARGS(text),
		    SLICE_ARGS(buf_slice(&out)));
	messages_written++;
	wide_messages += utf8_ascii(text) < text.n;
	buf_free(&out);
}

static void
on_websocket(const cJSON *step, struct conn *c, bool from_client)
{
	const struct codec *codec = NULL;
	struct slice payload = websocket_payload(step, &codec);
	bool is_text = slice_is(text_of(step, "opcode"), "text");

	if (!from_client) {
		if (payload.p != NULL && is_text)
			message_is_said_as_captured(body_of(step, &arena));
		if (payload.p != NULL)
			server_payload(c, codec, payload);
		else if (c->session != NULL && !c->is_probing)
			c->session->ended_in_capture = true;
	} else if (c->is_probing) {
		c->is_probing = !is_text || !slice_is(body_of(step, &arena), "5");
		c->session->has_upgraded |= !c->is_probing;
	} else if (payload.p == NULL || (is_text && slice_is(body_of(step, &arena), "1"))) {
		c->session->has_left |= payload.p == NULL;
	} else if (c->session != NULL && !c->session->ended_in_capture) {
		client_payload(c->session, codec, payload);
	}
}

static void
on_step(const cJSON *step)
{
	struct slice kind = text_of(step, "kind");
	bool from_client = slice_is(text_of(step, "dir"), "c>s");
	int number = number_of(step, "conn");
	struct conn *c;

	T_OK(number >= 0 && number < CONNS_MAX);
	c = &conns[number];
	if (slice_is(kind, "http-request"))
		on_request(step, c);
	else if (slice_is(kind, "http-response"))
		on_response(step, c);
	else if (slice_is(kind, "ws-frame"))
		on_websocket(step, c, from_client);
}

/* Whether this file's name ends in one of those. */
static bool
is_listed(const char *const *list, size_t n)
{
	struct slice name = slice_head(slice_str(transcript_path),
	    strlen(transcript_path) - strlen(".json"));
	size_t i;

	for (i = 0; i < n; i++) {
		if (slice_ends(name, slice_str(list[i])))
			return true;
	}
	return false;
}

static void
session_ended_as_captured(const struct session *s)
{
	bool is_old = strstr(transcript_path, "/eio3-sio1-") != NULL;

	if (!s->has_spoken || s->has_left || s->was_let_go ||
	    s->ended_in_model == s->ended_in_capture ||
	    is_listed(ends_otherwise, N_ELEMENTS(ends_otherwise)) ||
	    (is_old && is_listed(old_otherwise, N_ELEMENTS(old_otherwise))))
		return;
	T_FAIL("%.*s %s, but with the reference it %s", SLICE_ARGS(s->sid),
	    s->ended_in_model ? "ends" : "lives on",
	    s->ended_in_capture ? "ended" : "lived on");
}

static void
replay(void)
{
	cJSON *json = transcript_read(transcript_path);
	const cJSON *step;
	size_t i;

	arena_reset(&arena);
	memset(sessions, 0, sizeof(sessions));
	memset(conns, 0, sizeof(conns));
	session_count = 0;
	cJSON_ArrayForEach(step, cJSON_GetObjectItemCaseSensitive(json, "steps"))
		on_step(step);
	for (i = 0; i < session_count; i++)
		session_ended_as_captured(&sessions[i]);
	cJSON_Delete(json);
}

static void
the_transcripts_held_enough_to_mean_something(void)
{
	T_OK(packets_read > 100);
	T_OK(packets_written > 500);
	T_OK(octets_read > 50);
	T_OK(binary_read > 20);
	T_OK(messages_written > 40);
	T_OK(wide_messages > 10);
}

int
main(void)
{
	transcripts_run(VECTORS, "eio3-", "is_understood_as_by_the_reference", replay);
	T_RUN(the_transcripts_held_enough_to_mean_something);
	arena_free(&arena);
	return t_end();
}
