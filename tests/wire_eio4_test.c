/*
 * wire_eio4_test.c - what the EIO4 reader takes, and what ends a session
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "tests/t.h"
#include "wire/codec.h"

#define P0 "{\"_placeholder\":true,\"num\":0}"
#define P1 "{\"_placeholder\":true,\"num\":1}"

static const struct wire_limits limits = { 256, 10, 8, 1000000, 64 };
static struct arena arena;
static struct packet packet;

/* The verdict on a whole body; the last packet stands in `packet`. */
static enum rc
read_body(struct slice body)
{
	struct slice rest = body;
	struct assembler a = ASSEMBLER_INIT;
	struct frame frame;
	enum rc rc;

	while ((rc = codec_eio4.frame_next(&rest, &arena, &frame)) == RC_OK) {
		if (frame.type != FRAME_MESSAGE)
			continue;
		rc = codec_eio4.packet_next(&a, &frame, &limits, &arena, &packet);
		if (rc != RC_OK && rc != RC_AGAIN)
			return rc;
	}
	return rc == RC_NONE ? RC_OK : rc;
}

#define TAKES(body)   T_EQ(read_body(SLICE(body)), RC_OK)
#define REFUSES(body) T_EQ(read_body(SLICE(body)), RC_BAD_INPUT)

static void
a_payload_is_cut_at_the_separator(void)
{
	struct slice rest = SLICE("4hi\x1e" "2probe\x1e" "3\x1e" "baGk=\x1e" "b\x1e" "4");
	struct frame f;

	T_EQ(codec_eio4.frame_next(&rest, &arena, &f), RC_OK);
	T_EQ(f.type, FRAME_MESSAGE);
	T_OK(!f.is_binary);
	T_SLICE(f.data, "hi");
	T_EQ(codec_eio4.frame_next(&rest, &arena, &f), RC_OK);
	T_EQ(f.type, FRAME_PING);
	T_SLICE(f.data, "probe");
	T_EQ(codec_eio4.frame_next(&rest, &arena, &f), RC_OK);
	T_EQ(f.type, FRAME_PONG);
	T_EQ(f.data.n, 0);
	T_EQ(codec_eio4.frame_next(&rest, &arena, &f), RC_OK);
	T_EQ(f.type, FRAME_MESSAGE);
	T_OK(f.is_binary);
	T_SLICE(f.data, "hi");
	T_EQ(codec_eio4.frame_next(&rest, &arena, &f), RC_OK);
	T_OK(f.is_binary && f.data.p != NULL && f.data.n == 0);
	T_EQ(codec_eio4.frame_next(&rest, &arena, &f), RC_OK);
	T_OK(!f.is_binary && f.data.n == 0);
	T_EQ(codec_eio4.frame_next(&rest, &arena, &f), RC_NONE);
	T_EQ(codec_eio4.frame_next(&rest, &arena, &f), RC_NONE);
}

static void
an_empty_payload_is_refused(void)
{
	REFUSES("");
}

static void
an_empty_packet_is_refused_wherever_it_stands(void)
{
	REFUSES("\x1e");
	REFUSES("3\x1e");
	REFUSES("\x1e" "3");
	REFUSES("3\x1e\x1e" "3");
}

static void
engine_packets_have_known_types(void)
{
	TAKES("0");
	TAKES("1");
	TAKES("6");
	REFUSES("7");
	REFUSES("9x");
	REFUSES(" 3");
	REFUSES("junk");
	REFUSES("\xef\xbb\xbf" "3");
}

static void
base64_is_read_with_and_without_padding(void)
{
	TAKES("451-[\"b\"," P0 "]\x1e" "baGk=");
	TAKES("451-[\"b\"," P0 "]\x1e" "baGk");
	TAKES("451-[\"b\"," P0 "]\x1e" "b");
	REFUSES("451-[\"b\"," P0 "]\x1e" "b!!!!");
	REFUSES("451-[\"b\"," P0 "]\x1e" "bA");
}

static void
text_is_valid_utf8_everywhere(void)
{
	TAKES("42[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]");
	REFUSES("42[\"\xff\"]");
	REFUSES("42[\"aaaaaaaaaaaaaaaaaaaaa\xc3\"]");
	REFUSES("42[\"\xed\xa0\x80\"]");        /* a surrogate */
	REFUSES("42[\"\xc0\xaf\"]");            /* overlong */
	REFUSES("40/\xff,");
	REFUSES("3\xff");
	REFUSES("2\xc3");
}

static void
a_lone_surrogate_that_is_escaped_passes_through(void)
{
	TAKES("42[\"x\",\"\\ud800\",\"\\udc00\\ud83d\"]");
	T_SLICE(packet.data, "[\"x\",\"\\ud800\",\"\\udc00\\ud83d\"]");
}

static void
connect_has_an_object_or_nothing(void)
{
	TAKES("40");
	T_EQ(packet.type, PACKET_CONNECT);
	T_SLICE(packet.nsp, "/");
	T_OK(packet.data.p == NULL);
	TAKES("40{\"token\":\"t\"}");
	T_SLICE(packet.data, "{\"token\":\"t\"}");
	TAKES("40{}");
	REFUSES("40[]");
	REFUSES("40null");
	REFUSES("40\"x\"");
	REFUSES("40{");
	REFUSES("40{}{}");
}

static void
a_namespace_ends_at_the_comma_or_the_end(void)
{
	TAKES("40/admin,");
	T_SLICE(packet.nsp, "/admin");
	TAKES("40/admin");
	T_SLICE(packet.nsp, "/admin");
	TAKES("40/admin,{\"k\":\"v\"}");
	T_SLICE(packet.nsp, "/admin");
	T_SLICE(packet.data, "{\"k\":\"v\"}");
	TAKES("40/,{}");
	T_SLICE(packet.nsp, "/");
	TAKES("40/\xc3\xa9,");
	T_SLICE(packet.nsp, "/\xc3\xa9");
}

static void
a_question_mark_belongs_to_the_name(void)
{
	TAKES("40/admin?token=1,");
	T_SLICE(packet.nsp, "/admin?token=1");
	T_OK(packet.query.p == NULL);
}

static void
a_namespace_has_a_limit_and_no_control_characters(void)
{
	char body[100] = "40/";

	memset(body + 3, 'n', 63);
	T_EQ(read_body(slice_str(body)), RC_OK);
	memset(body + 3, 'n', 64);
	T_EQ(read_body(slice_str(body)), RC_BAD_INPUT);
	REFUSES("40/a\0b,");
	REFUSES("40/a\nb,");
}

static void
disconnect_has_no_data(void)
{
	TAKES("41");
	T_EQ(packet.type, PACKET_DISCONNECT);
	TAKES("41/admin,");
	T_SLICE(packet.nsp, "/admin");
	REFUSES("41{}");
	REFUSES("41/admin,null");
}

static void
an_event_is_an_array_with_a_name(void)
{
	TAKES("42[\"echo\",1,\"x\",{\"y\":null}]");
	T_EQ(packet.type, PACKET_EVENT);
	T_SLICE(packet.data, "[\"echo\",1,\"x\",{\"y\":null}]");
	T_OK(packet.id.p == NULL);
	T_OK(packet.attachments.p == NULL);
	TAKES("42[1]");
	TAKES("42[-1.5e3,\"x\"]");
	TAKES("42[ \"x\" , [ ] , { } ]");
	TAKES("42[\"\"]");
	REFUSES("42[]");
	REFUSES("42[null]");
	REFUSES("42[true]");
	REFUSES("42[[\"x\"]]");
	REFUSES("42[{\"x\":[\"y\"]}]");
	REFUSES("42{\"a\":1}");
	REFUSES("42\"a\"");
	REFUSES("42 [\"a\"]");
}

static void
reserved_names_are_refused(void)
{
	REFUSES("42[\"connect\"]");
	REFUSES("42[\"connect_error\"]");
	REFUSES("42[\"disconnect\",1]");
	REFUSES("42[\"disconnecting\"]");
	REFUSES("42[\"newListener\"]");
	REFUSES("42[ \"removeListener\" ]");
	REFUSES("42[\"c\\u006fnnect\"]");
	TAKES("42[\"Connect\"]");
	TAKES("42[\"connect \"]");
	TAKES("42[\"connecting\"]");
	TAKES("42[\"error\"]");
	TAKES("42[\"x\",\"connect\"]");
	TAKES("42[\"c\\u0061nnect\"]");
	TAKES("430[\"connect\"]");
}

static void
an_event_name_has_a_limit(void)
{
	char body[100] = "42[\"";

	memset(body + 4, 'n', 64);
	strcpy(body + 68, "\"]");
	T_EQ(read_body(slice_str(body)), RC_OK);
	memset(body + 4, 'n', 65);
	strcpy(body + 69, "\"]");
	T_EQ(read_body(slice_str(body)), RC_BAD_INPUT);
}

static void
broken_json_is_refused(void)
{
	static const char *const broken[] = {
		"42[\"a\"", "42[\"a\"]]", "42[\"a\",]", "42[\"a\" 1]", "42[,]",
		"42[\"a\",01]", "42[\"a\",1.]", "42[\"a\",.5]", "42[\"a\",+1]",
		"42[\"a\",1e]", "42[\"a\",-]", "42[\"a\",tru]", "42[\"a\",nul",
		"42[\"a\",NaN]", "42[\"a\",'b']", "42[\"a\",\"\\x\"]",
		"42[\"a\",\"\\u12\"]", "42[\"a\",\"\\u12g4\"]", "42[\"a\",\"\\",
		"42[\"a\",\"\n\"]", "42[\"a\",\"0123456\t\"]", "42[\"a\",{a:1}]",
		"42[\"a\",{\"a\"}]", "42[\"a\",{\"a\":}]", "42[\"a\",{\"a\":1,}]",
		"42[\"a\",{\"a\" 1}]", "42[\"a\",{,}]", "42[\"a\",{1:2}]",
		"42[\"a\"}", "42[\"a\",{\"b\":1]]", "42[", "42[\"", "42[\"a\",{",
		"42[\"a\",{\"b", "42[\"a\",{\"b\":", "42[\"a\"/**/]", "42x[\"a\"]",
	};
	size_t i;

	for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		if (read_body(slice_str(broken[i])) != RC_BAD_INPUT)
			T_FAIL("taken: %s", broken[i]);
	}
	REFUSES("42[\"a\0\"]");
	REFUSES("42[\"a\"]\0");
}

static void
json_passes_through_unchanged(void)
{
	TAKES("42[\"n\",12345678901234567890,1e400,-0,0.10, true]");
	T_SLICE(packet.data, "[\"n\",12345678901234567890,1e400,-0,0.10, true]");
	TAKES("42[\"n\",\"\\u0000\\/\\b\",\"\x7f\"] \n");
	T_SLICE(packet.data, "[\"n\",\"\\u0000\\/\\b\",\"\x7f\"]");
}

static void
json_has_a_depth_limit(void)
{
	TAKES("42[\"d\",[[[[[[[1]]]]]]]]");
	REFUSES("42[\"d\",[[[[[[[[1]]]]]]]]]");
	TAKES("42[\"d\",[[[[[[{\"a\":1}]]]]]],[[[]]]]");
	REFUSES("42[\"d\",[[[[[[[{\"a\":1}]]]]]]]]");
}

static void
an_ack_is_an_array_with_an_id(void)
{
	TAKES("4317[\"ack me\"]");
	T_EQ(packet.type, PACKET_ACK);
	T_SLICE(packet.id, "17");
	T_SLICE(packet.data, "[\"ack me\"]");
	TAKES("430[]");
	T_SLICE(packet.id, "0");
	T_SLICE(packet.data, "[]");
	TAKES("43/admin,0[null]");
	T_SLICE(packet.nsp, "/admin");
	REFUSES("430{}");
	REFUSES("430\"x\"");
	REFUSES("430null");
}

static void
what_says_nothing_is_ignored(void)
{
	struct assembler a = ASSEMBLER_INIT;
	struct frame event = { FRAME_MESSAGE, false, SLICE("217") };
	struct frame ack = { FRAME_MESSAGE, false, SLICE("3[1]") };

	T_EQ(codec_eio4.packet_next(&a, &event, &limits, &arena, &packet), RC_AGAIN);
	T_OK(a.header.p == NULL);
	T_EQ(codec_eio4.packet_next(&a, &ack, &limits, &arena, &packet), RC_AGAIN);
	T_OK(a.header.p == NULL);
	TAKES("4312");
	T_SLICE(packet.id, "12");
	T_SLICE(packet.data, "[]");
}

static void
an_id_is_read_as_javascript_reads_a_number(void)
{
	static const struct { const char *body, *id; } cases[] = {
		{ "420[\"x\"]", "0" },
		{ "42007[\"x\"]", "7" },
		{ "42000[\"x\"]", "0" },
		{ "42999999999999999[\"x\"]", "999999999999999" },
		{ "429007199254740991[\"x\"]", "9007199254740991" },
		{ "429007199254740992[\"x\"]", "9007199254740992" },
		{ "429007199254740993[\"x\"]", "9007199254740992" },
		{ "4212345678901234567[\"x\"]", "12345678901234568" },
		{ "4212345678901234567890[\"x\"]", "12345678901234567000" },
		{ "42123456789012345678901[\"x\"]", "123456789012345680000" },
		{ "42/a,100000000000000000000[\"x\"]", "100000000000000000000" },
		{ "4200000000000000000000000000001[\"x\"]", "1" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		T_EQ(read_body(slice_str(cases[i].body)), RC_OK);
		T_SLICE(packet.id, cases[i].id);
	}
}

static void
an_id_that_would_be_answered_with_an_exponent_is_refused(void)
{
	REFUSES("421000000000000000000000[\"x\"]");
	REFUSES("42999999999999999999999[\"x\"]");      /* rounds up to 1e21 */
}

static void
an_id_of_a_packet_that_has_none_is_dropped(void)
{
	TAKES("4017{}");
	T_OK(packet.id.p == NULL);
	TAKES("4117");
	T_OK(packet.id.p == NULL);
}

static void
a_connect_error_comes_from_servers_only(void)
{
	REFUSES("44");
	REFUSES("44{\"message\":\"x\"}");
	REFUSES("44/admin,\"x\"");
}

static void
unknown_packet_types_are_refused(void)
{
	REFUSES("4");
	REFUSES("47");
	REFUSES("49x");
	REFUSES("4 ");
	REFUSES("4hello");
}

static void
a_binary_packet_says_how_many_attachments_follow(void)
{
	REFUSES("451");
	REFUSES("45[\"a\"," P0 "]");
	REFUSES("45-[\"a\"]");
	REFUSES("450-[\"a\"]");
	REFUSES("4511-[\"a\"]");
	REFUSES("45x-[\"a\"]");
	REFUSES("45+1-[\"a\"," P0 "]");
	REFUSES("451e0-[\"a\"," P0 "]");
	REFUSES("4599999999999999999999-[\"a\"," P0 "]");
	REFUSES("451[\"a\"," P0 "]");
	REFUSES("451-");
	REFUSES("451-{}");
	REFUSES("461-0");
	TAKES("4510-[\"a\"]");
	TAKES("4501-[\"a\"," P0 "]");
}

static void
attachments_come_right_behind_their_header(void)
{
	TAKES("452-/c,3[\"e\",{\"b\":" P0 "}," P1 "]\x1e" "bAQID\x1e" "bBA==");
	T_EQ(packet.type, PACKET_EVENT);
	T_SLICE(packet.nsp, "/c");
	T_SLICE(packet.id, "3");
	T_SLICE(packet.data, "[\"e\",{\"b\":" P0 "}," P1 "]");
	T_EQ(pack_count(packet.attachments), 2);
	TAKES("461-5[" P0 "]\x1e" "bAQID");
	T_EQ(packet.type, PACKET_ACK);
	T_SLICE(packet.id, "5");
	TAKES("451-[\"e\"," P0 "]\x1e" "3\x1e" "bAQID");
	REFUSES("bAQID");
	REFUSES("42[\"e\"]\x1e" "bAQID");
	REFUSES("451-[\"e\"," P0 "]\x1e" "42[\"e\"]");
	REFUSES("451-[\"e\"," P0 "]\x1e" "bAQID\x1e" "bAQID");
}

static void
placeholders_name_an_attachment_that_comes(void)
{
	TAKES("451-[\"e\"]\x1e" "bAQID");               /* none is fine */
	TAKES("451-[\"e\"," P0 "," P0 "]\x1e" "bAQID"); /* the same twice, too */
	TAKES("452-[\"e\"," P1 "]");
	REFUSES("451-[\"e\"," P1 "]");
	REFUSES("451-[\"e\",[{\"a\":" P1 "}]]");
	REFUSES("451-[\"e\",{\"_placeholder\":true}]");
	REFUSES("451-[\"e\",{\"_placeholder\":true,\"num\":-1}]");
	REFUSES("451-[\"e\",{\"_placeholder\":true,\"num\":\"0\"}]");
	REFUSES("451-[\"e\",{\"_placeholder\":true,\"num\":0.5}]");
	REFUSES("451-[\"e\",{\"_placeholder\":true,\"num\":99999999999999999999}]");
	REFUSES("451-[" P0 "]");
	TAKES("461-1[" P0 "]");
}

static void
only_true_makes_a_placeholder(void)
{
	TAKES("451-[\"e\",{\"_placeholder\":false,\"num\":7}]");
	TAKES("451-[\"e\",{\"_placeholder\":1,\"num\":7}]");
	TAKES("451-[\"e\",{\"_placeholder\":\"true\"}]");
	TAKES("451-[\"e\",{\"placeholder\":true,\"num\":7}]");
	TAKES("42[\"e\",{\"_placeholder\":true,\"num\":7}]");   /* not binary */
}

static void
a_placeholder_cannot_hide_behind_escapes_or_doubles(void)
{
	REFUSES("451-[\"e\",{\"\\u005fplaceholder\":true,\"num\":7}]");
	REFUSES("451-[\"e\",{\"_placeholder\":true,\"n\\u0075m\":7}]");
	REFUSES("451-[\"e\",{\"_placeholder\":true,\"num\":0,\"num\":7}]");
	REFUSES("451-[\"e\",{\"_placeholder\":false,\"num\":7,\"_placeholder\":true}]");
	TAKES("451-[\"e\",{\"_placeholder\":true,\"num\":7,\"num\":0}]");
	TAKES("451-[\"e\",{\"_placeholder\":true,\"num\":7,\"_placeholder\":false}]");
}

static void
hundreds_of_packets_in_one_payload_are_cut_one_by_one(void)
{
	struct buf body = BUF_INIT;
	struct slice rest;
	struct frame f;
	int i;

	for (i = 0; i < 700; i++)
		buf_printf(&body, "%s42[\"n\",%d]", i == 0 ? "" : "\x1e", i);
	rest = buf_slice(&body);
	for (i = 0; codec_eio4.frame_next(&rest, &arena, &f) == RC_OK; i++)
		T_EQ(f.type, FRAME_MESSAGE);
	T_EQ(i, 700);
	T_EQ(read_body(buf_slice(&body)), RC_OK);
	T_SLICE(packet.data, "[\"n\",699]");
	buf_free(&body);
}

/* The reader stays inside its slice: every prefix lies in a block of its own
 * size, for the sanitizer to watch. */
static void
every_prefix_of_a_payload_is_read_within_its_bounds(void)
{
	static const char body[] = "451-/n\xc3\xa9,12[\"e\\u0041\"," P0
	    ",{\"a\":[1.5e+3,true,null,\"\xf0\x9f\x98\x80\"]}]\x1e" "bAQID\x1e" "2probe";
	char *copy;
	size_t n;

	for (n = 1; n < sizeof(body); n++) {
		copy = mem_alloc(n);
		memcpy(copy, body, n);
		T_OK(read_body(slice_of(copy, n)) != RC_NONE);
		free(copy);
	}
}

static void
codecs_are_found_by_generation_and_by_name(void)
{
	T_OK(codec_of(GENERATION_EIO4) == &codec_eio4);
	T_OK(codec_of(GENERATION__COUNT) == NULL);
	T_OK(codec_named(SLICE("eio4")) == &codec_eio4);
	T_OK(codec_named(SLICE("eio")) == NULL);
	T_OK(codec_named(SLICE_NONE) == NULL);
}

static void
every_codec_knows_its_own_row(void)
{
	int g;

	for (g = 0; g < GENERATION__COUNT; g++) {
		const struct codec *codec = codec_of((enum generation)g);

		if (codec == NULL)
			continue;
		T_EQ(codec->generation, g);
		T_OK(codec_named(slice_str(codec->name)) == codec);
		T_OK(codec->frame_next && codec->packet_next && codec->join &&
		    codec->packet_write && codec->frame_write);
	}
}

int
main(void)
{
	T_RUN(a_payload_is_cut_at_the_separator);
	T_RUN(an_empty_payload_is_refused);
	T_RUN(an_empty_packet_is_refused_wherever_it_stands);
	T_RUN(engine_packets_have_known_types);
	T_RUN(base64_is_read_with_and_without_padding);
	T_RUN(text_is_valid_utf8_everywhere);
	T_RUN(a_lone_surrogate_that_is_escaped_passes_through);
	T_RUN(connect_has_an_object_or_nothing);
	T_RUN(a_namespace_ends_at_the_comma_or_the_end);
	T_RUN(a_question_mark_belongs_to_the_name);
	T_RUN(a_namespace_has_a_limit_and_no_control_characters);
	T_RUN(disconnect_has_no_data);
	T_RUN(an_event_is_an_array_with_a_name);
	T_RUN(reserved_names_are_refused);
	T_RUN(an_event_name_has_a_limit);
	T_RUN(broken_json_is_refused);
	T_RUN(json_passes_through_unchanged);
	T_RUN(json_has_a_depth_limit);
	T_RUN(an_ack_is_an_array_with_an_id);
	T_RUN(what_says_nothing_is_ignored);
	T_RUN(an_id_is_read_as_javascript_reads_a_number);
	T_RUN(an_id_that_would_be_answered_with_an_exponent_is_refused);
	T_RUN(an_id_of_a_packet_that_has_none_is_dropped);
	T_RUN(a_connect_error_comes_from_servers_only);
	T_RUN(unknown_packet_types_are_refused);
	T_RUN(a_binary_packet_says_how_many_attachments_follow);
	T_RUN(attachments_come_right_behind_their_header);
	T_RUN(placeholders_name_an_attachment_that_comes);
	T_RUN(only_true_makes_a_placeholder);
	T_RUN(a_placeholder_cannot_hide_behind_escapes_or_doubles);
	T_RUN(hundreds_of_packets_in_one_payload_are_cut_one_by_one);
	T_RUN(every_prefix_of_a_payload_is_read_within_its_bounds);
	T_RUN(codecs_are_found_by_generation_and_by_name);
	T_RUN(every_codec_knows_its_own_row);
	arena_free(&arena);
	return t_end();
}
