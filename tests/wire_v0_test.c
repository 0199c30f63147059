/*
 * wire_v0_test.c - messages of Socket.IO 0.6, in and out
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "tests/t.h"
#include "wire/codec.h"
#include "wire/v0.h"

#define P0 "{\"_placeholder\":true,\"num\":0}"
#define P1 "{\"_placeholder\":true,\"num\":1}"

static const struct wire_limits limits = { 256, 10, 8, 1000000, 64 };
static struct arena arena;
static struct assembler assembler;
static struct packet last;
static unsigned packets, beats;

static enum rc
read_body(struct slice rest)
{
	struct packet packet;
	struct frame frame;
	enum rc rc;

	packets = beats = 0;
	assembler = (struct assembler)ASSEMBLER_INIT;
	while ((rc = codec_v0.frame_next(&rest, &arena, &frame)) == RC_OK) {
		beats += frame.type == FRAME_PONG;
		if (frame.type != FRAME_MESSAGE)
			continue;
		rc = codec_v0.packet_next(&assembler, &frame, &limits, &arena, &packet);
		if (rc == RC_OK)
			last = packet;
		else if (rc != RC_AGAIN)
			return rc;
		packets += rc == RC_OK;
	}
	return rc;
}

#define READS(body, n) \
	do { T_EQ(read_body(SLICE(body)), RC_NONE); T_EQ(packets, n); } while (0)
#define READS_EVENT(body, want) \
	do { \
		READS(body, 1); \
		T_EQ(last.type, PACKET_EVENT); \
		T_SLICE(last.nsp, "/"); \
		T_SLICE(last.data, want); \
	} while (0)

static const char *
written(const struct packet *packet)
{
	struct buf out = BUF_INIT;
	const char *text;

	codec_v0.packet_write(&out, packet, SLICE_NONE);
	text = arena_str(&arena, buf_slice(&out));
	buf_free(&out);
	return text;
}

static const char *
event(const char *data, const char *id)
{
	struct packet packet = { .type = PACKET_EVENT, .nsp = SLICE("/"),
	    .data = slice_str(data), .id = slice_str(id) };

	return written(&packet);
}

static const char *
frame_of(enum frame_type type, struct slice data)
{
	struct buf out = BUF_INIT;
	const char *text;

	codec_v0.frame_write(&out, type, data);
	text = arena_str(&arena, buf_slice(&out));
	buf_free(&out);
	return text;
}

static const char *
form(const char *body, bool from_page)
{
	struct buf payload = BUF_INIT;
	const char *text = NULL;

	if (v0_form_read(&payload, slice_str(body), from_page) == RC_OK)
		text = arena_str(&arena, buf_slice(&payload));
	buf_free(&payload);
	return text;
}

/* ---- in ---- */

static void
text_is_an_event_message(void)
{
	READS_EVENT("~m~5~m~hello", "[\"message\",\"hello\"]");
	T_OK(last.id.p == NULL);
	READS_EVENT("~m~0~m~", "[\"message\",\"\"]");
	READS_EVENT("~m~7~m~a\"\n\\</s", "[\"message\",\"a\\\"\\n\\\\</s\"]");
}

static void
a_json_message_is_an_event_json(void)
{
	READS_EVENT("~m~10~m~~j~{\"a\":1}", "[\"message\",{\"a\":1}]");
	READS_EVENT("~m~12~m~~j~ {\"a\":1} ", "[\"message\",{\"a\":1}]");
	READS_EVENT("~m~6~m~~j~[1]", "[\"message\",[1]]");
	READS_EVENT("~m~17~m~~j~{\"name\":\"Bob\"}", "[\"message\",{\"name\":\"Bob\"}]");
}

static void
broken_json_is_an_empty_object(void)
{
	READS_EVENT("~m~7~m~~j~{bad", "[\"message\",{}]");
	READS_EVENT("~m~3~m~~j~", "[\"message\",{}]");
	READS_EVENT("~m~6~m~~j~\"\xff\"", "[\"message\",{}]");
	READS_EVENT("~m~23~m~~j~[[[[[[[[[[]]]]]]]]]]", "[\"message\",{}]");
}

static void
name_and_args_are_an_event(void)
{
	READS_EVENT("~m~30~m~~j~{\"name\":\"x\",\"args\":[1,\"a\"]}",
	    "[\"x\",1,\"a\"]");
	READS_EVENT("~m~28~m~~j~{\"args\":[ ],\"name\":\"x y\"}", "[\"x y\"]");
	READS_EVENT("~m~33~m~~j~{\"name\":\"x\",\"args\":[],\"id\":12}", "[\"x\"]");
	T_SLICE(last.id, "12");
	READS_EVENT("~m~42~m~~j~{\"name\":\"x\",\"args\":[{\"id\":[1],\"id\":7}]}",
	    "[\"x\",{\"id\":[1],\"id\":7}]");
	T_OK(last.id.p == NULL);
	READS_EVENT("~m~39~m~~j~{\"name\":\"x\",\"args\":[{\"a\":[1],\"id\":7}",
	    "[\"message\",{}]");
	T_OK(last.id.p == NULL);
	/* something more, or something else: just JSON */
	READS_EVENT("~m~33~m~~j~{\"name\":\"x\",\"args\":[],\"to\":12}",
	    "[\"message\",{\"name\":\"x\",\"args\":[],\"to\":12}]");
	READS_EVENT("~m~35~m~~j~{\"name\":\"x\",\"args\":[1],\"to\":[2]}",
	    "[\"message\",{\"name\":\"x\",\"args\":[1],\"to\":[2]}]");
	READS_EVENT("~m~24~m~~j~{\"name\":\"x\",\"args\":1}",
	    "[\"message\",{\"name\":\"x\",\"args\":1}]");
	READS_EVENT("~m~34~m~~j~{\"name\":\"x\",\"args\":[],\"id\":1.5}",
	    "[\"message\",{\"name\":\"x\",\"args\":[],\"id\":1.5}]");
}

static void
ack_and_args_are_an_answer(void)
{
	READS("~m~23~m~~j~{\"ack\":7,\"args\":[1]}", 1);
	T_EQ(last.type, PACKET_ACK);
	T_SLICE(last.id, "7");
	T_SLICE(last.data, "[1]");
	READS_EVENT("~m~24~m~~j~{\"ack\":-7,\"args\":[1]}",
	    "[\"message\",{\"ack\":-7,\"args\":[1]}]");
}

static void
a_name_that_is_the_librarys_own_is_ignored(void)
{
	READS("~m~34~m~~j~{\"name\":\"disconnect\",\"args\":[]}", 0);
	READS("~m~39~m~~j~{\"name\":\"disc\\u006fnnect\",\"args\":[]}", 0);
}

static void
lengths_count_utf16_units(void)
{
	READS("~m~4~m~\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80~m~1~m~x", 2);
	T_SLICE(last.data, "[\"message\",\"x\"]");
	READS_EVENT("~m~4~m~\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
	    "[\"message\",\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]");
	/* half a character is a whole one, a byte that is none is replaced */
	READS_EVENT("~m~1~m~\xf0\x9f\x98\x80", "[\"message\",\"\xf0\x9f\x98\x80\"]");
	READS_EVENT("~m~1~m~\xff", "[\"message\",\"\xef\xbf\xbd\"]");
}

static void
what_is_no_frame_is_ignored_from_there_on(void)
{
	READS("", 0);
	READS("hello~m~1~m~x", 0);
	READS("~m~1~m~xyz~m~1~m~x", 1);
	READS("~m~", 0);
	READS("~m~1", 0);
	READS("~m~12345678901234567890~m~x", 1);
	T_SLICE(last.data, "[\"message\",\"\"]");
	READS_EVENT("~m~99~m~short", "[\"message\",\"short\"]");
	READS("~m~x~m~~m~1~m~y", 2);    /* a length that is no number is 0 */
	T_EQ(read_body(SLICE_NONE), RC_NONE);
}

static void
frames_behind_a_heartbeat_are_read(void)
{
	READS("~m~4~m~~h~1~m~1~m~x", 1);
	T_EQ(beats, 1);
}

static void
a_channel_is_named_by_the_message_behind(void)
{
	struct buf state = BUF_INIT;
	struct frame frame = { FRAME_MESSAGE, false, SLICE("room \"1\"") };

	READS_EVENT("~m~13~m~__subscribe__~m~6~m~room-1",
	    "[\"__subscribe__\",\"room-1\"]");
	READS_EVENT("~m~15~m~__unsubscribe__~m~6~m~room-1",
	    "[\"__unsubscribe__\",\"room-1\"]");

	/* in two requests */
	READS("~m~13~m~__subscribe__", 0);
	assembler_save(&assembler, &state);
	T_EQ(assembler_load(&assembler, buf_slice(&state)), RC_OK);
	T_EQ(codec_v0.packet_next(&assembler, &frame, &limits, &arena, &last), RC_OK);
	T_SLICE(last.data, "[\"__subscribe__\",\"room \\\"1\\\"\"]");
	buf_free(&state);

	/* no channel: the message is what it is */
	READS_EVENT("~m~13~m~__subscribe__~m~5~m~~j~{}", "[\"message\",{}]");
}

/* ---- out ---- */

static void
an_event_message_is_text(void)
{
	T_STR(event("[\"message\",\"hi\"]", NULL), "~m~2~m~hi");
	T_STR(event("[\"message\",\"\"]", NULL), "~m~0~m~");
	T_STR(event("[\"message\",\"\xc3\xa9\\ud83d\\ude00\"]", NULL),
	    "~m~3~m~\xc3\xa9\xf0\x9f\x98\x80");
	T_STR(event("[\"message\",\"a\\ud800b\"]", NULL),
	    "~m~3~m~a\xef\xbf\xbd" "b");             /* half a pair has no UTF-8 */
	T_STR(event("[\"x\",\"\\ud800\"]", NULL),
	    "~m~33~m~~j~{\"name\":\"x\",\"args\":[\"\\ud800\"]}");
	T_STR(event("[\"message\",1]", NULL), "~m~4~m~~j~1");
	T_STR(event("[\"message\",\"a\",\"b\"]", NULL),
	    "~m~38~m~~j~{\"name\":\"message\",\"args\":[\"a\",\"b\"]}");
}

static void
a_text_that_looks_like_more_is_not_taken_for_it(void)
{
	T_STR(event("[\"message\",\"~h~1\"]", NULL),
	    "~m~37~m~~j~{\"name\":\"message\",\"args\":[\"~h~1\"]}");
	T_STR(event("[\"message\",\"~j~{}\"]", NULL),
	    "~m~38~m~~j~{\"name\":\"message\",\"args\":[\"~j~{}\"]}");
	T_STR(event("[\"message\",{\"name\":\"x\",\"args\":[]}]", NULL),
	    "~m~53~m~~j~{\"name\":\"message\",\"args\":[{\"name\":\"x\",\"args\":[]}]}");
}

static void
a_message_of_one_value_is_that_value(void)
{
	T_STR(event("[\"message\",{\"a\":1}]", NULL), "~m~10~m~~j~{\"a\":1}");
	T_STR(event("[\"message\",[1]]", NULL), "~m~6~m~~j~[1]");
	T_STR(event("[\"message\"]", NULL), "~m~31~m~~j~{\"name\":\"message\",\"args\":[]}");
}

static void
another_event_is_its_name_and_args(void)
{
	T_STR(event("[\"x\"]", NULL), "~m~25~m~~j~{\"name\":\"x\",\"args\":[]}");
	T_STR(event("[\"x\",1,{\"a\":2}]", NULL),
	    "~m~34~m~~j~{\"name\":\"x\",\"args\":[1,{\"a\":2}]}");
	T_STR(event("[1,2]", NULL), "~m~26~m~~j~{\"name\":\"1\",\"args\":[2]}");
	T_STR(event("[\"x\",1]", "7"),
	    "~m~33~m~~j~{\"name\":\"x\",\"args\":[1],\"id\":7}");
	T_STR(event("[\"message\",\"x\"]", "7"),
	    "~m~41~m~~j~{\"name\":\"message\",\"args\":[\"x\"],\"id\":7}");
}

static void
an_answer_is_json(void)
{
	struct packet ack = { .type = PACKET_ACK, .nsp = SLICE("/"),
	    .id = SLICE("3"), .data = SLICE("[1]") };

	T_STR(written(&ack), "~m~23~m~~j~{\"ack\":3,\"args\":[1]}");
}

static void
binary_is_base64_with_a_marker(void)
{
	struct buf packed = BUF_INIT;
	struct packet packet = { .type = PACKET_EVENT, .nsp = SLICE("/"),
	    .data = SLICE("[\"x\"," P1 ",{\"a\":[" P0 "]}]") };

	pack_add(&packed, SLICE("\1\2\3"));
	pack_add(&packed, SLICE("\xff"));
	packet.attachments = buf_slice(&packed);
	T_STR(written(&packet), "~m~70~m~~j~{\"name\":\"x\",\"args\":["
	    "{\"_base64\":\"/w==\"},{\"a\":[{\"_base64\":\"AQID\"}]}]}");
	buf_free(&packed);
}

static void
coming_and_going_say_nothing(void)
{
	struct packet packet = { .type = PACKET_CONNECT, .nsp = SLICE("/"),
	    .data = SLICE("{\"sid\":\"a\"}") };

	T_STR(written(&packet), "");
	packet.type = PACKET_CONNECT_ERROR;
	T_STR(written(&packet), "");
	packet.type = PACKET_DISCONNECT;
	T_STR(written(&packet), "");
	T_STR(frame_of(FRAME_NOOP, SLICE_NONE), "");
	T_STR(frame_of(FRAME_CLOSE, SLICE_NONE), "");
}

static void
the_session_opens_with_its_id(void)
{
	T_STR(frame_of(FRAME_OPEN, SLICE("{\"sid\":\"7206980395062943\",\"x\":1}")),
	    "~m~16~m~7206980395062943");
}

static void
a_heartbeat_has_a_number(void)
{
	T_STR(frame_of(FRAME_PING, SLICE_NONE), "~m~4~m~~h~1");
}

/* ---- WebSocket ---- */

static void
a_websocket_message_holds_all_frames(void)
{
	struct slice rest = SLICE("~m~1~m~a~m~1~m~b"), data;
	bool is_binary;

	T_OK(codec_v0.message_next(&rest, &arena, &is_binary, &data));
	T_OK(!is_binary);
	T_SLICE(data, "~m~1~m~a~m~1~m~b");
	T_OK(!codec_v0.message_next(&rest, &arena, &is_binary, &data));
	rest = SLICE("");
	T_OK(!codec_v0.message_next(&rest, &arena, &is_binary, &data));
}

/* ---- forms ---- */

static void
a_form_holds_the_payload(void)
{
	T_STR(form("data=~m~3~m~a%20%C3%A9", false), "~m~3~m~a \xc3\xa9");
	T_STR(form("x=1&data=%7Em%7E3%7Em%7Ea+b&data=2", true), "~m~3~m~a b");
	T_STR(form("data=", false), "");
	T_OK(form("x=1", false) == NULL);
	T_STR(form("data=~m~1~m~%FF", false), "~m~1~m~\xef\xbf\xbd");
	/* as much of a character as there is becomes one */
	T_STR(form("data=~m~2~m~%F0%9F%98x", false), "~m~2~m~\xef\xbf\xbdx");
}

static void
line_ends_of_a_form_are_repaired(void)
{
	/* two of two, each frame by itself */
	T_STR(form("data=~m~5~m~a%0D%0Ab%0D%0Ac~m~1~m~x", true),
	    "~m~5~m~a\nb\nc~m~1~m~x");
	T_STR(form("data=~m~3~m~a%0D%0Ab", true), "~m~3~m~a\nb");
	T_STR(form("data=~m~2~m~a%0D%0A~m~2~m~b%0D%0A", true),
	    "~m~2~m~a\n~m~2~m~b\n");
	T_STR(form("data=~m~4~m~%F0%9F%98%80%0D%0A%C3%A9", true),
	    "~m~4~m~\xf0\x9f\x98\x80\n\xc3\xa9");
	/* the client has counted both: it is a CR LF */
	T_STR(form("data=~m~4~m~a%0D%0Ab", true), "~m~4~m~a\r\nb");
	/* both kinds: one CR goes, and nothing behind it is lost */
	T_STR(form("data=~m~6~m~a%0D%0Ab%0D%0Ac~m~1~m~x", true),
	    "~m~6~m~a\nb\r\nc~m~1~m~x");
	/* a frame in a text ends nothing */
	T_STR(form("data=~m~12~m~a%0D%0A~m~1~m~b%0D%0Ac~m~1~m~x", true),
	    "~m~12~m~a\n~m~1~m~b\nc~m~1~m~x");
	T_STR(form("data=~m~9~m~%0D%0A~m~9~m~", true), "~m~9~m~\r\n~m~9~m~");
	/* XMLHttpRequest changes nothing */
	T_STR(form("data=~m~3~m~a%0D%0Ab", false), "~m~3~m~a\r\nb");
}

int
main(void)
{
	T_RUN(text_is_an_event_message);
	T_RUN(a_json_message_is_an_event_json);
	T_RUN(broken_json_is_an_empty_object);
	T_RUN(name_and_args_are_an_event);
	T_RUN(ack_and_args_are_an_answer);
	T_RUN(a_name_that_is_the_librarys_own_is_ignored);
	T_RUN(lengths_count_utf16_units);
	T_RUN(what_is_no_frame_is_ignored_from_there_on);
	T_RUN(frames_behind_a_heartbeat_are_read);
	T_RUN(a_channel_is_named_by_the_message_behind);
	T_RUN(an_event_message_is_text);
	T_RUN(a_text_that_looks_like_more_is_not_taken_for_it);
	T_RUN(a_message_of_one_value_is_that_value);
	T_RUN(another_event_is_its_name_and_args);
	T_RUN(an_answer_is_json);
	T_RUN(binary_is_base64_with_a_marker);
	T_RUN(coming_and_going_say_nothing);
	T_RUN(the_session_opens_with_its_id);
	T_RUN(a_heartbeat_has_a_number);
	T_RUN(a_websocket_message_holds_all_frames);
	T_RUN(a_form_holds_the_payload);
	T_RUN(line_ends_of_a_form_are_repaired);
	arena_free(&arena);
	return t_end();
}
