/*
 * wire_v1_test.c - packets of Socket.IO 0.7 to 0.9, in and out
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "tests/t.h"
#include "wire/codec.h"

#define MARK "\xef\xbf\xbd"
#define P0 "{\"_placeholder\":true,\"num\":0}"
#define OPEN(upgrades) SLICE("{\"sid\":\"abc\",\"upgrades\":" upgrades \
	",\"pingInterval\":25000,\"pingTimeout\":20001}")

static const struct wire_limits limits = { 256, 10, 8, 1000000, 16 };
static struct arena arena;
static struct packet last;
static unsigned packets, beats, closes, nothings;

static enum rc
read_body(struct slice rest)
{
	struct assembler assembler = ASSEMBLER_INIT;
	struct frame frame;
	enum rc rc;

	packets = beats = closes = nothings = 0;
	while ((rc = codec_v1.frame_next(&rest, &arena, &frame)) == RC_OK) {
		beats += frame.type == FRAME_PONG;
		closes += frame.type == FRAME_CLOSE;
		nothings += frame.type == FRAME_NOOP;
		if (frame.type == FRAME_MESSAGE)
			packets += codec_v1.packet_next(&assembler, &frame, &limits,
			    &arena, &last) == RC_OK;
	}
	return rc;
}

#define READS(body, n) \
	do { T_EQ(read_body(SLICE(body)), RC_NONE); T_EQ(packets, n); } while (0)
#define READS_AS(body, want_type, want_nsp, want_data) \
	do { \
		READS(body, 1); \
		T_EQ(last.type, want_type); \
		T_SLICE(last.nsp, want_nsp); \
		T_SLICE(last.data, want_data); \
	} while (0)

static struct buf out;

static void
write_packet(enum packet_type type, const char *nsp, const char *id,
    const char *data)
{
	struct packet p = { .type = type, .nsp = slice_str(nsp),
	    .id = slice_str(id), .data = slice_str(data) };

	codec_v1.packet_write(&out, &p, SLICE("offset"));
}

static const char *
written(enum packet_type type, const char *nsp, const char *id, const char *data)
{
	buf_free(&out);
	write_packet(type, nsp, id, data);
	return arena_str(&arena, buf_slice(&out));
}

/* ---- in ------------------------------------------------------------------------ */

static void
an_event_is_read_with_its_name_first(void)
{
	READS_AS("5:::{\"name\":\"x\",\"args\":[1, \"a\"]}", PACKET_EVENT, "/",
	    "[\"x\",1, \"a\"]");
	T_OK(last.id.p == NULL);
	READS_AS("5:::{\"name\":\"x\"}", PACKET_EVENT, "/", "[\"x\"]");
	READS_AS("5:::{\"args\":[ ],\"name\":\"x\"}", PACKET_EVENT, "/", "[\"x\"]");
	READS_AS("5::/admin:{\"name\":\"x\",\"args\":[{\"a\":[]}],\"more\":1}",
	    PACKET_EVENT, "/admin", "[\"x\",{\"a\":[]}]");
	READS_AS("5:::{\"name\":\"x\",\"args\":[1],\"more\":[2]}", PACKET_EVENT, "/",
	    "[\"x\",1]");
	READS_AS("5:::{\"name\":\"x\\\"y\",\"args\":[\"]}\"]}", PACKET_EVENT, "/",
	    "[\"x\\\"y\",\"]}\"]");
	READS_AS("5:::{\"name\":\"x\",\"args\":[[[[[[[1]]]]]]]}", PACKET_EVENT, "/",
	    "[\"x\",[[[[[[1]]]]]]]");
}

static void
messages_and_json_are_the_event_message(void)
{
	READS_AS("3:::a:b\n\"c\"", PACKET_EVENT, "/", "[\"message\",\"a:b\\n\\\"c\\\"\"]");
	READS_AS("3::", PACKET_EVENT, "/", "[\"message\",\"\"]");
	READS_AS("3::/admin:hi", PACKET_EVENT, "/admin", "[\"message\",\"hi\"]");
	READS_AS("4:::{\"a\":1}", PACKET_EVENT, "/", "[\"message\",{\"a\":1}]");
	READS_AS("4:::[1]", PACKET_EVENT, "/", "[\"message\",[1]]");
	READS_AS("4:::\n\t[1]\r\n", PACKET_EVENT, "/", "[\"message\",[1]]");
}

static void
a_plus_asks_the_application_and_no_plus_the_library(void)
{
	READS("5:12+::{\"name\":\"x\"}", 1);
	T_SLICE(last.id, "12");
	T_OK(!last.ack_now);
	READS("3:1::hi", 1);
	T_SLICE(last.id, "1");
	T_OK(last.ack_now);
	READS("4:2+:/admin:1", 1);
	T_SLICE(last.id, "2");
	T_OK(!last.ack_now);
}

static void
acknowledgements_have_an_id_and_perhaps_arguments(void)
{
	READS_AS("6:::4", PACKET_ACK, "/", "[]");
	T_SLICE(last.id, "4");
	READS_AS("6::/admin:4+[\"A\",1]", PACKET_ACK, "/admin", "[\"A\",1]");
	READS_AS("6:::4+{\"a\":1}", PACKET_ACK, "/", "[]");
	READS_AS("6:::4+[bad", PACKET_ACK, "/", "[]");
	READS("6:::", 0);
	READS("6:::x", 0);
	READS("6:::1234567890123456789012", 0);
}

static void
namespaces_are_joined_with_a_query_and_left(void)
{
	READS("1::/admin", 1);
	T_EQ(last.type, PACKET_CONNECT);
	T_OK(last.data.p == NULL);
	READS_AS("1::/admin:?token=a%20b&x=1", PACKET_CONNECT, "/admin",
	    "{\"token\":\"a b\",\"x\":\"1\"}");
	T_SLICE(last.query, "token=a%20b&x=1");
	READS("1::/admin?a=b", 1);
	T_SLICE(last.nsp, "/admin?a=b");
	READS("0::/admin", 1);
	T_EQ(last.type, PACKET_DISCONNECT);
	T_SLICE(last.nsp, "/admin");
}

static void
goodbye_heartbeats_and_nothing_are_no_messages(void)
{
	READS("0::", 0);
	T_EQ(closes, 1);
	READS("2::", 0);
	T_EQ(beats, 1);
	READS("8::", 0);
	T_EQ(nothings, 1);
	READS("7:::1+0", 0);
}

static void
several_packets_have_their_lengths_in_units(void)
{
	READS(MARK "3" MARK "2::" MARK "8" MARK "3:::\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
	    MARK "4" MARK "3:::", 2);
	T_EQ(beats, 1);
	READS_AS(MARK "5" MARK "3:::a", PACKET_EVENT, "/", "[\"message\",\"a\"]");
	READS_AS(MARK "6" MARK "3:::" MARK MARK, PACKET_EVENT, "/",
	    "[\"message\",\"" MARK MARK "\"]");
}

static void
what_is_no_packet_is_ignored(void)
{
	static const char *const garbage[] = { "", "x", "9::", "5", "5:", "5::",
	    "5:::", "5:::{bad", "5:::[\"x\"]", "5:::{\"args\":[1]}",
	    "5:::{\"name\":\"disconnect\"}", "5:::{\"name\":\"err\\u006fr\"}",
	    "5:::{\"name\":5}", "5:1x::{\"name\":\"a\"}", "55::{\"name\":\"a\"}",
	    "5:::{\"name\":\"aaaaaaaaaaaaaaaaa\"}", "1::admin", "1::/\x01",
	    "1::/bbbbbbbbbbbbbbbbb", "3:::\xff", "5:::{\"name\":\"\xff\"}",
	    "5:::{\"name\":\"x\",\"args\":[[[[[[[[[[1]]]]]]]]]]}",
	    "5:::{\"name\":\"x\",\"args\":[[[[[[[[1]]]]]]]]}",
	    "5:::{\"name\":\"x\",\"args\":[1]},\"y\":[2]}",
	    "5:::{\"name\":\"x\",\"args\":]}", "5:::{\"name\":]}",
	    MARK, MARK "x", MARK "5", MARK MARK, MARK "0" MARK, MARK "99999999999" MARK };
	size_t i;

	for (i = 0; i < N_ELEMENTS(garbage); i++) {
		T_EQ(read_body(slice_str(garbage[i])), RC_NONE);
		if (packets != 0)
			T_FAIL("'%s' is taken for a packet", garbage[i]);
	}
	READS(MARK "3" MARK "9::" MARK "4" MARK "3:::" "rest", 1);
	READS(MARK "99" MARK "3:::short", 1);
}

static void
broken_json_is_handed_on_as_false(void)
{
	READS_AS("4:::{bad", PACKET_EVENT, "/", "[\"message\",false]");
	READS_AS("4::", PACKET_EVENT, "/", "[\"message\",false]");
}

/* ---- out ----------------------------------------------------------------------- */

static void
events_are_said_with_name_and_arguments(void)
{
	T_STR(written(PACKET_EVENT, "/", NULL, "[\"x\",1,\"a\"]"),
	    "5:::{\"name\":\"x\",\"args\":[1,\"a\"]}");
	T_STR(written(PACKET_EVENT, "/", NULL, "[\"x\"]"), "5:::{\"name\":\"x\"}");
	T_STR(written(PACKET_EVENT, "/admin", "7", "[ \"x\" , 1 ]"),
	    "5:7+:/admin:{\"name\":\"x\",\"args\":[ 1 ]}");
	T_STR(written(PACKET_EVENT, "/", NULL, "[5,1]"),
	    "5:::{\"name\":\"5\",\"args\":[1]}");
}

static void
the_event_message_is_said_as_send_says_it(void)
{
	T_STR(written(PACKET_EVENT, "/", NULL, "[\"message\",\"a\\n\\\"b\"]"),
	    "3:::a\n\"b");
	T_STR(written(PACKET_EVENT, "/", NULL, "[\"message\",\"\"]"), "3::");
	T_STR(written(PACKET_EVENT, "/", NULL, "[\"message\",\"a\\ud800b\"]"),
	    "3:::a\xef\xbf\xbd" "b");                /* half a pair has no UTF-8 */
	T_STR(written(PACKET_EVENT, "/", NULL, "[\"x\",\"\\ud800\"]"),
	    "5:::{\"name\":\"x\",\"args\":[\"\\ud800\"]}");
	T_STR(written(PACKET_EVENT, "/a", "4", "[\"message\",\"x\"]"), "3:4+:/a:x");
	T_STR(written(PACKET_EVENT, "/", NULL, "[\"message\",{\"a\":1}]"),
	    "4:::{\"a\":1}");
	T_STR(written(PACKET_EVENT, "/", NULL, "[\"message\",1,2]"),
	    "5:::{\"name\":\"message\",\"args\":[1,2]}");
	T_STR(written(PACKET_EVENT, "/", NULL, "[\"message\"]"),
	    "5:::{\"name\":\"message\"}");
}

static void
the_rest_is_said_in_numbers(void)
{
	T_STR(written(PACKET_CONNECT, "/", NULL, "{\"sid\":\"x\"}"), "1::");
	T_STR(written(PACKET_CONNECT, "/admin", NULL, "{}"), "1::/admin");
	T_STR(written(PACKET_DISCONNECT, "/", NULL, NULL), "0::");
	T_STR(written(PACKET_DISCONNECT, "/admin", NULL, NULL), "0::/admin");
	T_STR(written(PACKET_ACK, "/", "4", "[]"), "6:::4");
	T_STR(written(PACKET_ACK, "/", "4", "[ ]"), "6:::4");
	T_STR(written(PACKET_ACK, "/admin", "4", "[\"A\",1]"), "6::/admin:4+[\"A\",1]");
	/* its reader ends at any line end */
	T_STR(written(PACKET_ACK, "/", "4", "[\"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\",\n1]"),
	    "6:::4+[\"\\u2028\\u2029\xe2\x80\xaa\", 1]");
	/* the client reads one line */
	T_STR(written(PACKET_ACK, "/", "4", "[\n1,\r\n\"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\"]"),
	    "6:::4+[ 1,  \"\\u2028\\u2029\xe2\x80\xaa\"]");
	T_STR(written(PACKET_CONNECT_ERROR, "/admin", NULL,
	    "{\"message\":\"no\",\"data\":{}}"), "7::/admin:2");
}

static void
binary_values_are_inlined(void)
{
	struct packet p = { .type = PACKET_EVENT, .nsp = SLICE("/"),
	    .data = SLICE("[\"x\",{\"a\":" P0 "}]") };
	struct buf packed = BUF_INIT;

	pack_add(&packed, slice_of("\0\1\2", 3));
	p.attachments = buf_slice(&packed);
	buf_free(&out);
	codec_v1.packet_write(&out, &p, SLICE_NONE);
	T_SLICE(buf_slice(&out),
	    "5:::{\"name\":\"x\",\"args\":[{\"a\":{\"_base64\":\"AAEC\"}}]}");
	buf_free(&packed);
}

static void
one_packet_stands_alone_and_several_are_framed(void)
{
	written(PACKET_EVENT, "/", NULL, "[\"message\",\"\xc3\xa9\xf0\x9f\x98\x80\"]");
	codec_v1.frame_write(&out, FRAME_NOOP, SLICE_NONE);
	T_SLICE(buf_slice(&out), MARK "7" MARK "3:::\xc3\xa9\xf0\x9f\x98\x80"
	    MARK "3" MARK "8::");
	write_packet(PACKET_CONNECT, "/a", NULL, NULL);
	T_SLICE(buf_slice(&out), MARK "7" MARK "3:::\xc3\xa9\xf0\x9f\x98\x80"
	    MARK "3" MARK "8::" MARK "5" MARK "1::/a");
	buf_free(&out);
	codec_v1.frame_write(&out, FRAME_PONG, SLICE_NONE);
	T_EQ(out.n, 0);
}

static void
payloads_are_joined_whatever_they_hold(void)
{
	static const struct { const char *a, *b, *both; } cases[] = {
		{ "", "8::", "8::" },
		{ "2::", "8::", MARK "3" MARK "2::" MARK "3" MARK "8::" },
		{ MARK "3" MARK "2::" MARK "3" MARK "8::", "0::",
		    MARK "3" MARK "2::" MARK "3" MARK "8::" MARK "3" MARK "0::" },
		{ "0::", MARK "3" MARK "2::" MARK "3" MARK "8::",
		    MARK "3" MARK "0::" MARK "3" MARK "2::" MARK "3" MARK "8::" },
	};
	size_t i;

	for (i = 0; i < N_ELEMENTS(cases); i++) {
		buf_free(&out);
		buf_str(&out, cases[i].a);
		codec_join(&codec_v1, &out, slice_str(cases[i].b));
		T_SLICE(buf_slice(&out), cases[i].both);
	}
}

static void
a_handshake_names_its_times_and_transports(void)
{
	buf_free(&out);
	codec_v1.frame_write(&out, FRAME_OPEN, OPEN("[\"websocket\",\"xhr-polling\"]"));
	T_SLICE(buf_slice(&out), "abc:46:46:websocket,xhr-polling");
	buf_free(&out);
	codec_v1.frame_write(&out, FRAME_OPEN, OPEN("[]"));
	T_SLICE(buf_slice(&out), "abc:46:46:");
}

/* ---- WebSocket ------------------------------------------------------------------- */

static void
a_payload_becomes_a_message_for_each_packet(void)
{
	struct slice rest = SLICE(MARK "3" MARK "1::" MARK "5" MARK "3:::a"), data;
	bool is_binary;

	T_OK(codec_v1.message_next(&rest, &arena, &is_binary, &data));
	T_OK(!is_binary);
	T_SLICE(data, "1::");
	T_OK(codec_v1.message_next(&rest, &arena, &is_binary, &data));
	T_SLICE(data, "3:::a");
	T_OK(!codec_v1.message_next(&rest, &arena, &is_binary, &data));
	rest = SLICE("2::");
	T_OK(codec_v1.message_next(&rest, &arena, &is_binary, &data));
	T_SLICE(data, "2::");
	T_OK(!codec_v1.message_next(&rest, &arena, &is_binary, &data));
}

static void
a_message_is_one_packet(void)
{
	struct frame frame;

	T_EQ(codec_v1.message_read(false, SLICE("3:::a"), &arena, &frame), RC_OK);
	T_EQ(frame.type, FRAME_MESSAGE);
	T_SLICE(frame.data, "3:::a");
	T_EQ(codec_v1.message_read(false, SLICE("2::"), &arena, &frame), RC_OK);
	T_EQ(frame.type, FRAME_PONG);
}

static void
a_message_that_is_no_packet_says_nothing(void)
{
	const struct slice messages[] = { SLICE(""), SLICE("x"),
	    SLICE(MARK "5" MARK "3:::a") };
	struct frame frame;
	size_t i;

	for (i = 0; i < N_ELEMENTS(messages); i++) {
		T_EQ(codec_v1.message_read(false, messages[i], &arena, &frame), RC_OK);
		T_EQ(frame.type, FRAME_NOOP);
	}
	T_EQ(codec_v1.message_read(true, SLICE("3:::a"), &arena, &frame), RC_OK);
	T_EQ(frame.type, FRAME_NOOP);
}

static void
a_message_tells_whether_it_is_more_than_a_sign_of_life(void)
{
	T_EQ(codec_v1.message_type(SLICE("2::"), true), FRAME_PONG);
	T_EQ(codec_v1.message_type(SLICE("2::"), false), FRAME_PING);
	T_EQ(codec_v1.message_type(SLICE("8::"), false), FRAME_NOOP);
	T_EQ(codec_v1.message_type(SLICE("0::"), false), FRAME_CLOSE);
	T_EQ(codec_v1.message_type(SLICE("0::/admin"), false), FRAME_MESSAGE);
	T_EQ(codec_v1.message_type(SLICE("1::"), false), FRAME_MESSAGE);
	T_EQ(codec_v1.message_type(SLICE(""), true), FRAME_MESSAGE);
}

/* ---- forms ------------------------------------------------------------------------ */

static const char *
form(const char *body)
{
	enum rc rc;

	buf_free(&out);
	rc = codec_v1.manners->form_read(&out, slice_str(body), true);
	return rc == RC_OK ? arena_str(&arena, buf_slice(&out)) : "none";
}

static void
a_form_holds_the_payload_as_a_json_string(void)
{
	T_STR(form("d=%223%3A%3A%3Aa%5Cn%5C%22b+c%22"), "3:::a\n\"b c");
	T_STR(form("x=1&d=%222::%22"), "2::");
	T_STR(form("d=%22%5Cufffd3%5Cufffd2::%22"), MARK "3" MARK "2::");
	T_STR(form("d=%223:::a%22%0d%0a"), "3:::a");
}

static void
a_form_of_old_holds_it_as_it_is(void)
{
	T_STR(form("d=3:::a+b"), "3:::a b");
}

static void
a_form_without_one_is_nothing(void)
{
	T_STR(form(""), "none");
	T_STR(form("d="), "none");
	T_STR(form("e=2::"), "none");
	T_STR(form("d=%222::"), "none");
	T_STR(form("d=%22\\x%22"), "none");
}

int
main(void)
{
	T_RUN(an_event_is_read_with_its_name_first);
	T_RUN(messages_and_json_are_the_event_message);
	T_RUN(a_plus_asks_the_application_and_no_plus_the_library);
	T_RUN(acknowledgements_have_an_id_and_perhaps_arguments);
	T_RUN(namespaces_are_joined_with_a_query_and_left);
	T_RUN(goodbye_heartbeats_and_nothing_are_no_messages);
	T_RUN(several_packets_have_their_lengths_in_units);
	T_RUN(what_is_no_packet_is_ignored);
	T_RUN(broken_json_is_handed_on_as_false);
	T_RUN(events_are_said_with_name_and_arguments);
	T_RUN(the_event_message_is_said_as_send_says_it);
	T_RUN(the_rest_is_said_in_numbers);
	T_RUN(binary_values_are_inlined);
	T_RUN(one_packet_stands_alone_and_several_are_framed);
	T_RUN(payloads_are_joined_whatever_they_hold);
	T_RUN(a_handshake_names_its_times_and_transports);
	T_RUN(a_payload_becomes_a_message_for_each_packet);
	T_RUN(a_message_is_one_packet);
	T_RUN(a_message_that_is_no_packet_says_nothing);
	T_RUN(a_message_tells_whether_it_is_more_than_a_sign_of_life);
	T_RUN(a_form_holds_the_payload_as_a_json_string);
	T_RUN(a_form_of_old_holds_it_as_it_is);
	T_RUN(a_form_without_one_is_nothing);
	buf_free(&out);
	arena_free(&arena);
	return t_end();
}
