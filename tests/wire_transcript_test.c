/*
 * wire_transcript_test.c - the reference's own traffic, read and written again
 *
 * tests/vectors/eio4-*.json is traffic between a reference server, its clients
 * and hand-made ones.  For every session in every file this is replayed:
 *
 *   - what the client said goes through the codec and a model of a session that
 *     knows the few rules above the codec (who has joined, who may ping); a
 *     session ends in the model exactly if it ended in the capture
 *   - what either side said is read, written again, and comes out as the same
 *     bytes, packets whose attachments came in later messages included
 *
 * A file is added by putting it there; nothing here knows its content.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "tests/transcript.h"
#include "wire/codec.h"
#include "wire/jsonp.h"

enum { SESSIONS_MAX = 32, CONNS_MAX = 1024, NAMES_MAX = 8 };

struct session {
	struct slice sid;
	struct assembler from_client;
	struct buf heard, again;        /* what the client sent, and that written again */
	struct buf said;                /* what the server sent, as one payload */
	struct slice joined[NAMES_MAX];
	size_t names;
	bool has_handshake;             /* else the capture begins inside */
	bool has_upgraded;
	bool has_left;                  /* said goodbye itself */
	bool was_let_go;                /* by the server's application */
	bool ended_in_model, ended_in_capture;
};

/* A TCP connection: the request that stands on it. */
struct conn {
	struct session *session;
	struct slice target, method;
	bool is_probing;
};

static const struct wire_limits limits = { 256, 10, 64, 1000000, 256 };

/* Captures in which a session ends by the clock, a hang-up, an overlap or a
 * length: by nothing that a codec sees. */
static const char *const ends_otherwise[] = {
	"client-aborts-poll", "client-aborts-post", "connect-timeout",
	"heartbeat-and-timeout", "heartbeat-timeout", "overlap-get",
	"overlap-post", "too-big",
};

static struct arena arena;
static struct session sessions[SESSIONS_MAX];
static size_t session_count;
static struct conn conns[CONNS_MAX];
static unsigned packets_read, packets_written;

/* Sessions. */

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

static bool
has_joined(const struct session *s, struct slice nsp)
{
	size_t i;

	if (!s->has_handshake && slice_is(nsp, "/"))
		return true;
	for (i = 0; i < s->names; i++) {
		if (slice_eq(s->joined[i], nsp))
			return true;
	}
	return false;
}

static void
join(struct session *s, struct slice nsp)
{
	T_OK(s->names < NAMES_MAX);
	s->joined[s->names++] = arena_dup(&arena, nsp);
}

static void
leave(struct session *s, struct slice nsp)
{
	size_t i;

	for (i = 0; i < s->names; i++) {
		if (slice_eq(s->joined[i], nsp))
			s->joined[i] = s->joined[--s->names];
	}
}

/* What a session does with what its client says. */

static void
client_packet(struct session *s, const struct packet *p)
{
	packets_read++;
	if (has_joined(s, p->nsp) == (p->type == PACKET_CONNECT))
		s->ended_in_model = true;
	else if (p->type == PACKET_DISCONNECT)
		leave(s, p->nsp);
}

static void
client_frame(struct session *s, const struct frame *f)
{
	struct packet p;

	if (f->type != FRAME_MESSAGE) {
		s->has_left |= f->type == FRAME_CLOSE;
		s->ended_in_model |= f->type == FRAME_PING;
		codec_eio4.frame_write(&s->again, f->type, f->data);
		return;
	}
	switch (codec_eio4.packet_next(&s->from_client, f, &limits, &arena, &p)) {
	case RC_OK:
		codec_eio4.packet_write(&s->again, &p, SLICE_NONE);
		client_packet(s, &p);
		break;
	case RC_AGAIN:
		break;
	default:
		s->ended_in_model = true;
		break;
	}
}

static void
client_payload(struct session *s, struct slice payload)
{
	struct slice rest = payload;
	struct frame frame;
	enum rc rc = RC_OK;

	codec_join(&codec_eio4, &s->heard, payload);
	while (!s->ended_in_model &&
	    (rc = codec_eio4.frame_next(&rest, &arena, &frame)) == RC_OK)
		client_frame(s, &frame);
	if (rc == RC_BAD_INPUT)
		s->ended_in_model = true;
}

/* What the server said. */

/* A server's message.  CONNECT_ERROR, which the reader never takes from a
 * client, has the form of a CONNECT. */
static enum rc
server_packet(struct assembler *a, const struct frame *f, struct packet *p)
{
	struct frame connect = *f;
	char *copy;
	enum rc rc;

	if (f->is_binary || f->data.n == 0 || f->data.p[0] != '4')
		return codec_eio4.packet_next(a, f, &limits, &arena, p);
	copy = arena_str(&arena, f->data);
	copy[0] = '0';
	connect.data.p = copy;
	rc = codec_eio4.packet_next(a, &connect, &limits, &arena, p);
	p->type = PACKET_CONNECT_ERROR;
	return rc;
}

static void
server_frame(struct session *s, struct assembler *a, const struct frame *f,
    struct buf *again)
{
	struct packet p;

	if (f->type != FRAME_MESSAGE) {
		codec_eio4.frame_write(again, f->type, f->data);
		return;
	}
	switch (server_packet(a, f, &p)) {
	case RC_OK:
		packets_written++;
		codec_eio4.packet_write(again, &p, SLICE_NONE);
		break;
	case RC_AGAIN:
		break;
	default:
		T_FAIL("%.*s: the server's '%.*s' is refused",
		    SLICE_ARGS(s->sid), SLICE_ARGS(f->data));
	}
}

static void
server_said_is_written_again(struct session *s)
{
	struct slice rest = buf_slice(&s->said);
	struct assembler a = ASSEMBLER_INIT;
	struct buf again = BUF_INIT;
	struct frame frame;
	enum rc rc;

	if (s->said.n == 0)
		return;
	while ((rc = codec_eio4.frame_next(&rest, &arena, &frame)) == RC_OK)
		server_frame(s, &a, &frame, &again);
	T_EQ(rc, RC_NONE);
	T_OK(a.header.p == NULL);
	if (!slice_eq(buf_slice(&again), buf_slice(&s->said)))
		T_FAIL("'%.*s' is written as '%.*s'", SLICE_ARGS(buf_slice(&s->said)),
		    SLICE_ARGS(buf_slice(&again)));
	buf_free(&again);
}

static void
what_was_taken_is_written_again(const struct session *s)
{
	if (!s->ended_in_model && !slice_eq(buf_slice(&s->again), buf_slice(&s->heard)))
		T_FAIL("the client's '%.*s' is written as '%.*s'",
		    SLICE_ARGS(buf_slice(&s->heard)), SLICE_ARGS(buf_slice(&s->again)));
}

/* Joins and closes show in what the server says.  A poll that was pending while
 * its session went to a websocket is closed, the session is not. */
static void
server_news(struct session *s, const struct frame *f)
{
	struct assembler a = ASSEMBLER_INIT;
	struct packet p;

	s->ended_in_capture |= f->type == FRAME_CLOSE && !s->has_upgraded;
	if (f->type != FRAME_MESSAGE || f->is_binary || f->data.n == 0)
		return;
	if (f->data.p[0] != '0' && f->data.p[0] != '1')
		return;
	T_EQ(codec_eio4.packet_next(&a, f, &limits, &arena, &p), RC_OK);
	if (p.type == PACKET_CONNECT)
		join(s, p.nsp);
	else
		s->was_let_go = true;
}

static void
server_payload(struct session *s, struct slice payload)
{
	struct slice rest = payload;
	struct frame frame;

	codec_join(&codec_eio4, &s->said, payload);
	while (codec_eio4.frame_next(&rest, &arena, &frame) == RC_OK)
		server_news(s, &frame);
}

/* The payload of a JSONP response, after writing it once more. */
static struct slice
jsonp_said(struct slice body)
{
	size_t open = slice_find(body, '(');
	struct slice index = slice_of(body.p + 7, slice_find(body, ']') - 7);
	struct slice literal = slice_skip(body, open + 1), payload, rest, piece;
	struct buf again = BUF_INIT, plain = BUF_INIT;
	cJSON *json = cJSON_ParseWithLength(literal.p, literal.n - 2);

	T_OK(cJSON_IsString(json));
	payload = arena_dup(&arena, slice_str(json->valuestring));
	cJSON_Delete(json);
	jsonp_write(&again, index, payload);
	/* "/" is the one thing that is written otherwise, as "\/" */
	rest = buf_slice(&again);
	while (slice_cut(&rest, '/', &piece)) {
		buf_add(&plain, piece);
		if (rest.p != NULL)
			plain.p[plain.n - 1] = '/';
	}
	if (!slice_eq(buf_slice(&plain), body))
		T_FAIL("'%.*s' is written as '%.*s'", SLICE_ARGS(body),
		    SLICE_ARGS(buf_slice(&plain)));
	buf_free(&again);
	buf_free(&plain);
	return payload;
}

/* Steps. */

static void
on_request(const cJSON *step, struct conn *c)
{
	struct slice body = text_of(step, "body_utf8"), sid;
	struct buf payload = BUF_INIT;

	c->target = text_of(step, "target");
	c->method = text_of(step, "method");
	sid = query_of(c->target, "sid");
	c->session = sid.p == NULL ? NULL : session_find(sid);
	c->is_probing = sid.p != NULL && header_of(step, "Upgrade").p != NULL;
	if (!slice_is(c->method, "POST") || c->session == NULL || body.p == NULL)
		return;
	if (slice_is(header_of(step, "Content-Type"), "application/octet-stream"))
		return;
	if (query_of(c->target, "j").p == NULL) {
		if (body.n <= limits.max_payload && !c->session->ended_in_capture)
			client_payload(c->session, body);
		return;
	}
	if (jsonp_read(&payload, body) == RC_OK)
		client_payload(c->session, arena_dup(&arena, buf_slice(&payload)));
	buf_free(&payload);
}

static void
on_handshake(struct conn *c, struct slice payload)
{
	cJSON *open = cJSON_ParseWithLength(payload.p + 1, payload.n - 1);
	struct slice sid = text_of(open, "sid");

	T_OK(payload.p[0] == '0' && sid.p != NULL);
	c->session = session_find(arena_dup(&arena, sid));
	c->session->has_handshake = true;
	cJSON_Delete(open);
}

static void
on_server_payload(struct conn *c, struct slice payload)
{
	if (c->session == NULL)
		on_handshake(c, payload);
	server_payload(c->session, payload);
}

static void
on_response(const cJSON *step, struct conn *c)
{
	struct slice body = text_of(step, "body_utf8");
	int status = number_of(step, "status");

	if (status == 400 && c->session != NULL &&
	    slice_starts(body, SLICE("{\"code\":1,")))
		c->session->ended_in_capture = true;
	if (status != 200 || body.n == 0 || !slice_is(c->method, "GET") ||
	    !slice_is(query_of(c->target, "transport"), "polling"))
		return;
	if (query_of(c->target, "j").p != NULL)
		body = jsonp_said(body);
	on_server_payload(c, body);
}

/* A websocket message as a payload of one packet. */
static struct slice
websocket_payload(const cJSON *step)
{
	struct slice text = text_of(step, "body_utf8"), opcode = text_of(step, "opcode");
	struct slice data = text_of(step, "body_base64");
	struct buf payload = BUF_INIT;

	if (slice_is(opcode, "text"))
		return text;
	if (!slice_is(opcode, "binary"))
		return SLICE_NONE;
	buf_char(&payload, 'b');
	if (data.p != NULL)
		buf_add(&payload, data);
	else
		base64_encode(&payload, text);
	data = arena_dup(&arena, buf_slice(&payload));
	buf_free(&payload);
	return data;
}

static void
on_websocket(const cJSON *step, struct conn *c, bool from_client)
{
	struct slice payload = websocket_payload(step);

	if (!from_client) {
		if (payload.p != NULL)
			on_server_payload(c, payload);
		else if (c->session != NULL && !c->is_probing)
			c->session->ended_in_capture = true;
	} else if (c->is_probing) {
		c->is_probing = !slice_is(payload, "5");
		c->session->has_upgraded |= !c->is_probing;
	} else if (payload.p != NULL && !slice_is(payload, "1")) {
		client_payload(c->session, payload);    /* "1" is ignored there */
	} else if (payload.p == NULL) {
		c->session->has_left = true;
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

static void
session_ended_as_captured(const struct session *s, struct slice name)
{
	size_t i;

	if (s->said.n == 0 && s->heard.n == 0)
		return;                 /* a sid that never was one */
	if (s->has_left || s->was_let_go ||
	    s->ended_in_model == s->ended_in_capture)
		return;
	for (i = 0; i < N_ELEMENTS(ends_otherwise); i++) {
		if (slice_is(name, ends_otherwise[i]))
			return;
	}
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
	for (i = 0; i < session_count; i++) {
		session_ended_as_captured(&sessions[i], text_of(json, "case"));
		what_was_taken_is_written_again(&sessions[i]);
		server_said_is_written_again(&sessions[i]);
		buf_free(&sessions[i].heard);
		buf_free(&sessions[i].again);
		buf_free(&sessions[i].said);
	}
	cJSON_Delete(json);
}

static void
the_transcripts_held_enough_to_mean_something(void)
{
	T_OK(packets_read > 100);
	T_OK(packets_written > 100);
}

int
main(void)
{
	transcripts_run(VECTORS, "eio4-", "is_read_and_written_as_by_the_reference",
	    replay);
	T_RUN(the_transcripts_held_enough_to_mean_something);
	arena_free(&arena);
	return t_end();
}
