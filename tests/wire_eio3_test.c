/*
 * wire_eio3_test.c - payloads of 1.x and 2.x, in and out
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
static struct packet packet;            /* the last whole one */
static unsigned packets;                /* whole ones of the last body */

static enum rc
read_as(const struct codec *codec, struct slice rest)
{
	struct assembler a = ASSEMBLER_INIT;
	struct frame frame;
	enum rc rc;

	packets = 0;
	while ((rc = codec->frame_next(&rest, &arena, &frame)) == RC_OK) {
		if (frame.type != FRAME_MESSAGE)
			continue;
		rc = codec->packet_next(&a, &frame, &limits, &arena, &packet);
		if (rc != RC_OK && rc != RC_AGAIN)
			return rc;
		packets += rc == RC_OK;
	}
	return rc == RC_NONE ? RC_OK : rc;
}

#define TAKES(body)   T_EQ(read_as(&codec_eio3, SLICE(body)), RC_OK)
#define REFUSES(body) T_EQ(read_as(&codec_eio3, SLICE(body)), RC_BAD_INPUT)
#define OCTETS_TAKE(body) \
	T_EQ(read_as(codec_eio3.octets, SLICE(body)), RC_OK)
#define OCTETS_REFUSE(body) \
	T_EQ(read_as(codec_eio3.octets, SLICE(body)), RC_BAD_INPUT)

/* One packet, behind its length. */
static enum rc
read_packet(const char *text)
{
	struct buf body = BUF_INIT;
	enum rc rc;

	buf_printf(&body, "%zu:%s", strlen(text), text);
	rc = read_as(&codec_eio3, arena_dup(&arena, buf_slice(&body)));
	buf_free(&body);
	return rc;
}

#define TAKES_PACKET(text, n) \
	do { T_EQ(read_packet(text), RC_OK); T_EQ(packets, n); } while (0)
#define REFUSES_PACKET(text) T_EQ(read_packet(text), RC_BAD_INPUT)

static const char *
write_as(const struct codec *codec, const struct packet *p)
{
	struct buf out = BUF_INIT;
	const char *text;

	codec->packet_write(&out, p, SLICE_NONE);
	text = arena_str(&arena, buf_slice(&out));
	buf_free(&out);
	return text;
}

/* Text, in. */

static void
a_text_payload_is_cut_by_its_lengths(void)
{
	struct slice rest = SLICE("3:4hi1:26:2probe6:b4aGk=2:b41:4");
	struct frame f;

	T_EQ(codec_eio3.frame_next(&rest, &arena, &f), RC_OK);
	T_EQ(f.type, FRAME_MESSAGE);
	T_SLICE(f.data, "hi");
	T_EQ(codec_eio3.frame_next(&rest, &arena, &f), RC_OK);
	T_EQ(f.type, FRAME_PING);
	T_EQ(codec_eio3.frame_next(&rest, &arena, &f), RC_OK);
	T_SLICE(f.data, "probe");
	T_EQ(codec_eio3.frame_next(&rest, &arena, &f), RC_OK);
	T_OK(f.is_binary && f.type == FRAME_MESSAGE);
	T_SLICE(f.data, "hi");
	T_EQ(codec_eio3.frame_next(&rest, &arena, &f), RC_OK);
	T_OK(f.is_binary && f.data.n == 0);
	T_EQ(codec_eio3.frame_next(&rest, &arena, &f), RC_OK);
	T_OK(!f.is_binary && f.data.n == 0);
	T_EQ(codec_eio3.frame_next(&rest, &arena, &f), RC_NONE);
	T_EQ(codec_eio3.frame_next(&rest, &arena, &f), RC_NONE);
}

static void
a_length_that_does_not_fit_is_refused(void)
{
	REFUSES("");
	REFUSES("4hi");
	REFUSES(":4hi");
	REFUSES("4:4hi");
	REFUSES("2:4hi");
	REFUSES("3:4hi1");
	REFUSES("3:4hi1:");
	REFUSES("-1:4");
	REFUSES("x:4");
	REFUSES("99999999999999999999:4");
	REFUSES("1000000000:4");
}

static void
no_packets_at_all_are_written_as_an_empty_one(void)
{
	TAKES("0:");
	TAKES("0:0:1:2");
}

static void
an_unknown_type_is_refused(void)
{
	REFUSES("2:7x");
	REFUSES("2:9x");
	REFUSES("5:b3aGk");
	REFUSES("1:b");
	REFUSES("4:b4a!");
}

static void
a_length_counts_utf16_units(void)
{
	TAKES("12:42[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",1]1:2");
	T_SLICE(packet.data, "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",1]");
	REFUSES("11:42[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",1]");
	REFUSES("5:42[\"\xf0\x9f\x98\x80\"]");          /* half an emoji */
	REFUSES("6:42[\"\xff\"]");
	REFUSES("6:42[\"\xc3\"]");
}

/* What engine.io-parser 1.x writes for "é€" and an emoji. */
#define TWICE "\xc3\x83\xc2\xa9\xc3\xa2\xc2\x82\xc2\xac\xc3\xb0\xc2\x9f\xc2\x98\xc2\x80"

static void
what_was_encoded_twice_is_decoded_twice(void)
{
	TAKES("17:42[\"" TWICE "\",1]");
	T_SLICE(packet.data, "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",1]");
}

static void
each_packet_of_a_payload_is_judged_by_itself(void)
{
	TAKES("8:42[\"\xc3\x83\xc2\xa9\"]7:42[\"\xc3\xa9\"]");
	T_SLICE(packet.data, "[\"\xc3\xa9\"]");
	T_EQ(packets, 2);
	TAKES("7:42[\"\xc3\xa9\"]8:42[\"\xc3\x83\xc2\xa9\"]");
	T_SLICE(packet.data, "[\"\xc3\xa9\"]");
}

static void
what_was_encoded_once_is_left_alone(void)
{
	TAKES("7:42[\"\xc3\xa9\"]");                    /* e9 is no UTF-8 */
	T_SLICE(packet.data, "[\"\xc3\xa9\"]");
	TAKES("9:42[\"\xc3\x83\xc2\xa9\xc3\xa9\"]");    /* c3 a9 e9 is none, either */
	T_SLICE(packet.data, "[\"\xc3\x83\xc2\xa9\xc3\xa9\"]");
	TAKES("9:42[\"\xc3\x83\xc2\xa9\xe2\x82\xac\"]");        /* no byte is 20ac */
	T_SLICE(packet.data, "[\"\xc3\x83\xc2\xa9\xe2\x82\xac\"]");
}

static void
lone_surrogates_of_old_libraries_become_replacement_characters(void)
{
	/* ED A0 80, each byte once more as UTF-8 */
	TAKES("10:42[\"\xc3\xad\xc2\xa0\xc2\x80x\"]");
	T_SLICE(packet.data, "[\"\xef\xbf\xbdx\"]");
	TAKES("8:42[\"\xed\xa0\x80x\"]");
	T_SLICE(packet.data, "[\"\xef\xbf\xbdx\"]");
	OCTETS_TAKE("\0\1\0\xff" "42[\"\xed\xb0\x80x\"]");
	T_SLICE(packet.data, "[\"\xef\xbf\xbdx\"]");
}

/* Octets, in. */

static void
an_octet_stream_is_cut_by_its_lengths(void)
{
	struct slice rest = SLICE("\0\2\xff" "40" "\1\5\xff" "\4\0\1\2\xff" "\1\1\xff\4");
	struct frame f;

	T_EQ(codec_eio3.octets->frame_next(&rest, &arena, &f), RC_OK);
	T_OK(!f.is_binary && f.type == FRAME_MESSAGE);
	T_SLICE(f.data, "0");
	T_EQ(codec_eio3.octets->frame_next(&rest, &arena, &f), RC_OK);
	T_OK(f.is_binary);
	T_OK(slice_eq(f.data, SLICE("\0\1\2\xff")));
	T_EQ(codec_eio3.octets->frame_next(&rest, &arena, &f), RC_OK);
	T_OK(f.is_binary && f.data.n == 0);
	T_EQ(codec_eio3.octets->frame_next(&rest, &arena, &f), RC_NONE);
	T_EQ(codec_eio3.octets->frame_next(&rest, &arena, &f), RC_NONE);
}

static void
octets_count_bytes_and_are_encoded_once(void)
{
	OCTETS_TAKE("\0\1\0\xff" "42[\"\xc3\x83\xc2\xa9\"]" "\0\1\xff" "2" );
	T_SLICE(packet.data, "[\"\xc3\x83\xc2\xa9\"]");
}

static void
damaged_octets_are_refused(void)
{
	OCTETS_REFUSE("");
	OCTETS_REFUSE("\0");
	OCTETS_REFUSE("\0\1");
	OCTETS_REFUSE("\0\xff");
	OCTETS_REFUSE("\0\0\xff");              /* an empty text has no type */
	OCTETS_REFUSE("\2\1\xff" "2");
	OCTETS_REFUSE("\0\2\xff" "2");
	OCTETS_REFUSE("\0\1\xff" "2" "2");
	OCTETS_REFUSE("\0\12\xff" "2");         /* ten is no digit */
	OCTETS_REFUSE("\0\0\0\0\0\0\0\0\0\0\1\xff" "2");
	OCTETS_REFUSE("\0\1\xff" "9");
	OCTETS_REFUSE("\1\0\xff");
	OCTETS_REFUSE("\1\2\xff" "\2x");        /* binary is a message, always */
	OCTETS_REFUSE("\0\5\xff" "4\xc3(xx");
	OCTETS_REFUSE("\0\7\xff" "42[\"\xc3\"]");
	OCTETS_REFUSE("\0\10\xff" "43/\xc3,1[]");
}

/* Packets. */

static void
what_no_packet_is_ignored_and_what_is_a_bad_one_ends_the_session(void)
{
	TAKES_PACKET("49x", 0);
	TAKES_PACKET("4", 0);
	TAKES_PACKET("44\"said by a client\"", 0);
	TAKES_PACKET("42", 0);
	REFUSES_PACKET("42[\"x\"");
	REFUSES_PACKET("42{\"x\":1}");
	REFUSES_PACKET("451[\"x\"," P0 "]");
	REFUSES_PACKET("4511-[\"x\"," P0 "]");
	REFUSES_PACKET("451-[\"x\"," P1 "]");
	REFUSES("6:b4aGk=");
}

static void
reserved_names_are_heard_by_nobody(void)
{
	TAKES_PACKET("42[\"disconnect\",1]", 0);
	TAKES_PACKET("42[\"\\u0065rror\"]", 0);
	TAKES_PACKET("42[\"errors\"]", 1);
	TAKES_PACKET("42[\"ping\"]", 1);
}

static void
a_namespace_may_come_with_a_query_and_without_a_comma(void)
{
	TAKES_PACKET("40/admin", 1);
	T_SLICE(packet.nsp, "/admin");
	T_OK(packet.query.p == NULL && packet.data.p == NULL);
	TAKES_PACKET("40/admin?token=a%20b&x&token=2&y=%22+%c3%a9,", 1);
	T_SLICE(packet.nsp, "/admin");
	T_SLICE(packet.query, "token=a%20b&x&token=2&y=%22+%c3%a9");
	T_SLICE(packet.data, "{\"token\":\"a b\",\"x\":\"\",\"y\":\"\\\" \xc3\xa9\"}");
	TAKES_PACKET("42/admin,7[\"a?b\"]", 1);
	T_SLICE(packet.nsp, "/admin");
	T_SLICE(packet.id, "7");
	TAKES_PACKET("41/admin", 1);
	REFUSES_PACKET("40/a\x01" "dmin");
	REFUSES_PACKET("40/" "0123456789012345678901234567890123456789012345678901234567890123456789?a=b");
}

static void
counts_of_the_first_release_are_understood(void)
{
	TAKES_PACKET("430-17[\"x\"]", 1);
	T_EQ(packet.type, PACKET_ACK);
	T_SLICE(packet.id, "17");
	T_SLICE(packet.data, "[\"x\"]");
	TAKES_PACKET("4317[\"x\"]", 1);
	T_SLICE(packet.id, "17");
	TAKES("37:431-17[" P0 "]6:b4aGk=");
	T_EQ(pack_count(packet.attachments), 1);
	TAKES_PACKET("450-[\"x\",1]", 1);
	T_EQ(packet.attachments.n, 0);
}

static void
attachments_follow_in_either_form(void)
{
	TAKES("69:452-[\"x\"," P0 "," P1 "]6:b4aGk=1:24:b4AA");
	T_EQ(packets, 1);
	T_EQ(pack_count(packet.attachments), 2);
	REFUSES("69:452-[\"x\"," P0 "," P1 "]6:b4aGk=2:40");
	OCTETS_TAKE("\0\6\x09\xff" "452-[\"x\"," P0 "," P1 "]" "\1\3\xff\4hi" "\1\1\xff\4");
	T_EQ(packets, 1);
}

/* Out. */

static void
json_goes_out_as_ascii_so_that_all_count_alike(void)
{
	struct packet p = { .type = PACKET_EVENT, .nsp = SLICE("/"),
	    .data = SLICE("[\"\xc3\xa9\",\"\xe2\x82\xac\xf0\x9f\x98\x80\"]") };

	T_STR(write_as(&codec_eio3, &p),
	    "33:42[\"\\u00e9\",\"\\u20ac\\ud83d\\ude00\"]");
}

static void
a_connect_is_its_name_and_an_error_one_value(void)
{
	struct packet p = { .type = PACKET_CONNECT, .nsp = SLICE("/"),
	    .data = SLICE("{\"sid\":\"x\"}") };

	T_STR(write_as(&codec_eio3, &p), "2:40");
	p.nsp = SLICE("/admin");
	T_STR(write_as(&codec_eio3, &p), "9:40/admin,");
	p.type = PACKET_DISCONNECT;
	p.data = SLICE_NONE;
	T_STR(write_as(&codec_eio3, &p), "9:41/admin,");
	p.type = PACKET_CONNECT_ERROR;
	p.data = SLICE("{\"message\":\"n\xc3\xb6\"}");
	T_STR(write_as(&codec_eio3, &p), "18:44/admin,\"n\\u00f6\"");
	p.data = SLICE("{\"message\":\"no\",\"data\":{\"code\":7}}");
	p.nsp = SLICE("/");
	T_STR(write_as(&codec_eio3, &p), "12:44{\"code\":7}");
}

static void
attachments_go_out_as_base64_or_octets(void)
{
	struct packet p = { .type = PACKET_ACK, .nsp = SLICE("/"),
	    .id = SLICE("3"), .data = SLICE("[" P0 "]") };
	struct buf packed = BUF_INIT, out = BUF_INIT;

	pack_add(&packed, SLICE("\0\1\2\xff"));
	p.attachments = buf_slice(&packed);
	T_STR(write_as(&codec_eio3, &p), "36:461-3[" P0 "]10:b4AAEC/w==");
	codec_eio3.octets->packet_write(&out, &p, SLICE_NONE);
	T_OK(slice_eq(buf_slice(&out),
	    SLICE("\0\3\6\xff" "461-3[" P0 "]" "\1\5\xff\4\0\1\2\xff")));
	buf_free(&packed);
	buf_free(&out);
}

static void
a_name_beyond_ascii_is_counted_in_units(void)
{
	struct packet p = { .type = PACKET_EVENT, .nsp = SLICE("/\xf0\x9f\x98\x80"),
	    .data = SLICE("[\"x\"]") };

	T_STR(write_as(&codec_eio3, &p), "11:42/\xf0\x9f\x98\x80,[\"x\"]");
}

static void
engine_packets_are_written_behind_one_another(void)
{
	struct buf out = BUF_INIT;

	codec_eio3.frame_write(&out, FRAME_NOOP, SLICE_NONE);
	codec_eio3.frame_write(&out, FRAME_CLOSE, SLICE_NONE);
	T_SLICE(buf_slice(&out), "1:61:1");
	codec_join(&codec_eio3, &out, SLICE("1:3"));
	T_SLICE(buf_slice(&out), "1:61:11:3");
	buf_reset(&out);
	codec_eio3.octets->frame_write(&out, FRAME_PONG, SLICE("probe"));
	T_OK(slice_eq(buf_slice(&out), SLICE("\0\6\xff" "3probe")));
	buf_free(&out);
}

static void
the_codec_is_found_by_generation_and_by_name(void)
{
	T_OK(codec_of(GENERATION_EIO3) == &codec_eio3);
	T_OK(codec_named(SLICE("eio3")) == &codec_eio3);
	T_OK(codec_named(SLICE("v1")) == &codec_v1);
	T_OK(codec_eio3.octets->octets == NULL && codec_eio3.octets->form == FORM_OCTETS);
	T_OK(codec_eio3.messages->form == FORM_MESSAGES);
}

/* ---- WebSocket ------------------------------------------------------------ */

static void
a_payload_is_cut_into_messages(void)
{
	struct slice rest = SLICE("2:40" "1:3" "6:b4AQL/"), data;
	bool is_binary = true;

	T_OK(codec_eio3.message_next(&rest, &arena, &is_binary, &data));
	T_OK(!is_binary);
	T_SLICE(data, "40");
	T_OK(codec_eio3.message_next(&rest, &arena, &is_binary, &data));
	T_SLICE(data, "3");
	T_OK(codec_eio3.message_next(&rest, &arena, &is_binary, &data));
	T_OK(is_binary);
	T_SLICE(data, "\4\1\2\xff");
	T_OK(!codec_eio3.message_next(&rest, &arena, &is_binary, &data));
}

static void
messages_make_octets_that_are_read_as_the_same(void)
{
	const struct codec *octets = codec_eio3.octets;
	struct buf payload = BUF_INIT;

	octets->message_add(&payload, false, SLICE("451-[\"x\"," P0 "]"));
	octets->message_add(&payload, true, SLICE("\4raw"));
	T_EQ(read_as(octets, buf_slice(&payload)), RC_OK);
	T_EQ(packets, 1);
	octets->message_add(&payload, true, SLICE("\2raw"));
	T_EQ(read_as(octets, buf_slice(&payload)), RC_BAD_INPUT);
	buf_free(&payload);
}

/* The messages that the packet is, as the form says it, one on each line; binary in
 * brackets. */
static const char *
messages_of(const struct codec *form, const struct packet *p)
{
	static struct buf lines;
	struct buf payload = BUF_INIT;
	struct slice rest, data;
	bool is_binary;

	buf_reset(&lines);
	form->packet_write(&payload, p, SLICE("an offset"));
	for (rest = buf_slice(&payload); form->message_next(&rest, &arena, &is_binary, &data); ) {
		buf_str(&lines, is_binary ? "<" : "");
		buf_add(&lines, data);
		buf_str(&lines, is_binary ? ">\n" : "\n");
	}
	buf_char(&lines, '\0');
	buf_free(&payload);
	return lines.p;
}

static void
a_message_has_the_json_as_it_is_but_for_eio_2(void)
{
	struct packet event = { .type = PACKET_EVENT, .nsp = SLICE("/chat"),
	    .id = SLICE("7"), .data = SLICE("[\"\xc3\xa9\",\"\xe2\x80\xa8\","
	    "\"\xf0\x9f\x8e\x89\",\"\\ud83c\"]") };

	T_STR(messages_of(codec_eio3.messages, &event),
	    "42/chat,7[\"\xc3\xa9\",\"\xe2\x80\xa8\",\"\xf0\x9f\x8e\x89\",\"\\ud83c\"]\n");
	T_OK(codec_eio3.eio2->messages == NULL);
	T_STR(messages_of(codec_eio3.eio2, &event),
	    "42/chat,7[\"\\u00e9\",\"\\u2028\",\"\\ud83c\\udf89\",\"\\ud83c\"]\n");
}

static void
attachments_follow_as_messages_behind_a_byte(void)
{
	struct buf attachments = BUF_INIT;
	struct packet event = { .type = PACKET_EVENT, .nsp = SLICE("/"),
	    .data = SLICE("[\"x\"," P0 "," P1 "]") };

	pack_add(&attachments, SLICE("a\x1e" "b"));
	pack_add(&attachments, SLICE(""));
	event.attachments = buf_slice(&attachments);
	T_STR(messages_of(codec_eio3.messages, &event),
	    "452-[\"x\"," P0 "," P1 "]\n<\4a\x1e" "b>\n<\4>\n");
	buf_free(&attachments);
}

static void
messages_of_several_packets_are_joined(void)
{
	struct packet refused = { .type = PACKET_CONNECT_ERROR, .nsp = SLICE("/a"),
	    .data = SLICE("{\"message\":\"no\",\"data\":{\"e\":\"\xc3\xa9\"}}") };
	struct buf out = BUF_INIT, piece = BUF_INIT;

	codec_eio3.messages->frame_write(&out, FRAME_PONG, SLICE("probe"));
	codec_eio3.messages->packet_write(&out, &refused, SLICE_NONE);
	codec_eio3.messages->frame_write(&piece, FRAME_PONG, SLICE_NONE);
	codec_join(codec_eio3.messages, &out, buf_slice(&piece));
	T_SLICE(buf_slice(&out), "3probe\x1e" "44/a,{\"e\":\"\xc3\xa9\"}\x1e" "3");
	buf_free(&out);
	buf_free(&piece);
}

static void
a_message_of_who_says_eio_2_may_have_been_encoded_twice(void)
{
	const struct codec *codec = codec_eio3.eio2;
	struct frame frame;

	T_EQ(codec->generation, GENERATION_EIO3);
	T_EQ(codec->message_read(false, SLICE("42[\"\xc3\x83\xc2\xa9\"]"), &arena,
	    &frame), RC_OK);
	T_SLICE(frame.data, "2[\"\xc3\xa9\"]");
	T_EQ(codec->message_read(false, SLICE("42[\"\xe2\x82\xac\"]"), &arena, &frame),
	    RC_OK);
	T_SLICE(frame.data, "2[\"\xe2\x82\xac\"]");
	T_EQ(codec->message_read(true, SLICE("\4\xc3\x83"), &arena, &frame), RC_OK);
	T_SLICE(frame.data, "\xc3\x83");
	T_EQ(codec->message_read(false, SLICE("9x"), &arena, &frame), RC_BAD_INPUT);
}

static void
a_message_is_one_packet_and_was_not_encoded_twice(void)
{
	struct frame frame;

	T_EQ(codec_eio3.message_read(false, SLICE("42[\"\xc3\x83\xc2\xa9\"]"), &arena,
	    &frame), RC_OK);
	T_EQ(frame.type, FRAME_MESSAGE);
	T_SLICE(frame.data, "2[\"\xc3\x83\xc2\xa9\"]");
	T_EQ(codec_eio3.message_read(true, SLICE("\4\1"), &arena, &frame), RC_OK);
	T_OK(frame.is_binary);
	T_SLICE(frame.data, "\1");
	T_EQ(codec_eio3.message_read(false, SLICE("b4AQ=="), &arena, &frame), RC_OK);
	T_OK(frame.is_binary);
	T_EQ(codec_eio3.message_read(true, SLICE("\3\1"), &arena, &frame), RC_BAD_INPUT);
	T_EQ(codec_eio3.message_read(true, SLICE(""), &arena, &frame), RC_BAD_INPUT);
	T_EQ(codec_eio3.message_read(false, SLICE(""), &arena, &frame), RC_BAD_INPUT);
	T_EQ(codec_eio3.message_read(false, SLICE("9x"), &arena, &frame), RC_BAD_INPUT);
}

static void
binary_becomes_text_for_who_asks(void)
{
	struct buf out = BUF_INIT;

	codec_eio3.message_text(&out, SLICE("\4\1\2\xff"));
	T_SLICE(buf_slice(&out), "b4AQL/");
	buf_free(&out);
}

int
main(void)
{
	T_RUN(a_text_payload_is_cut_by_its_lengths);
	T_RUN(a_length_that_does_not_fit_is_refused);
	T_RUN(no_packets_at_all_are_written_as_an_empty_one);
	T_RUN(an_unknown_type_is_refused);
	T_RUN(a_length_counts_utf16_units);
	T_RUN(what_was_encoded_twice_is_decoded_twice);
	T_RUN(each_packet_of_a_payload_is_judged_by_itself);
	T_RUN(what_was_encoded_once_is_left_alone);
	T_RUN(lone_surrogates_of_old_libraries_become_replacement_characters);
	T_RUN(an_octet_stream_is_cut_by_its_lengths);
	T_RUN(octets_count_bytes_and_are_encoded_once);
	T_RUN(damaged_octets_are_refused);
	T_RUN(what_no_packet_is_ignored_and_what_is_a_bad_one_ends_the_session);
	T_RUN(reserved_names_are_heard_by_nobody);
	T_RUN(a_namespace_may_come_with_a_query_and_without_a_comma);
	T_RUN(counts_of_the_first_release_are_understood);
	T_RUN(attachments_follow_in_either_form);
	T_RUN(json_goes_out_as_ascii_so_that_all_count_alike);
	T_RUN(a_connect_is_its_name_and_an_error_one_value);
	T_RUN(attachments_go_out_as_base64_or_octets);
	T_RUN(a_name_beyond_ascii_is_counted_in_units);
	T_RUN(engine_packets_are_written_behind_one_another);
	T_RUN(the_codec_is_found_by_generation_and_by_name);
	T_RUN(a_payload_is_cut_into_messages);
	T_RUN(messages_make_octets_that_are_read_as_the_same);
	T_RUN(a_message_has_the_json_as_it_is_but_for_eio_2);
	T_RUN(attachments_follow_as_messages_behind_a_byte);
	T_RUN(messages_of_several_packets_are_joined);
	T_RUN(a_message_is_one_packet_and_was_not_encoded_twice);
	T_RUN(a_message_of_who_says_eio_2_may_have_been_encoded_twice);
	T_RUN(binary_becomes_text_for_who_asks);
	arena_free(&arena);
	return t_end();
}
