/*
 * wire_eio4_write_test.c - payloads as the EIO4 reference writes them
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "tests/t.h"
#include "wire/codec.h"

#define P0 "{\"_placeholder\":true,\"num\":0}"

static struct buf out, packed;

static void
start(void)
{
	buf_reset(&out);
	buf_reset(&packed);
}

static void
write_packet(enum packet_type type, const char *nsp, const char *id,
    const char *data, const char *offset)
{
	struct packet p = { .type = type, .nsp = slice_str(nsp),
	    .id = slice_str(id), .data = slice_str(data),
	    .attachments = packed.n == 0 ? SLICE_NONE : buf_slice(&packed) };

	codec_eio4.packet_write(&out, &p, slice_str(offset));
}

static void
an_empty_payload_is_started_without_a_separator(void)
{
	start();
	codec_eio4.frame_write(&out, FRAME_OPEN, SLICE("{\"sid\":\"x\"}"));
	T_SLICE(buf_slice(&out), "0{\"sid\":\"x\"}");
	start();
	codec_eio4.frame_write(&out, FRAME_NOOP, SLICE_NONE);
	codec_eio4.frame_write(&out, FRAME_CLOSE, SLICE_NONE);
	T_SLICE(buf_slice(&out), "6\x1e" "1");
	start();
	codec_eio4.frame_write(&out, FRAME_PING, SLICE_NONE);
	write_packet(PACKET_EVENT, "/", NULL, "[\"a\",1]", NULL);
	codec_eio4.frame_write(&out, FRAME_PONG, SLICE("probe"));
	T_SLICE(buf_slice(&out), "2\x1e" "42[\"a\",1]\x1e" "3probe");
}

static void
the_root_is_not_written_and_others_have_a_comma(void)
{
	start();
	write_packet(PACKET_CONNECT, "/", NULL, "{\"sid\":\"s\"}", NULL);
	write_packet(PACKET_CONNECT, "/admin", NULL, "{\"sid\":\"s\"}", NULL);
	write_packet(PACKET_DISCONNECT, "/", NULL, NULL, NULL);
	write_packet(PACKET_DISCONNECT, "/admin", NULL, NULL, NULL);
	write_packet(PACKET_CONNECT_ERROR, "/no", NULL, "{\"message\":\"m\"}", NULL);
	T_SLICE(buf_slice(&out), "40{\"sid\":\"s\"}\x1e" "40/admin,{\"sid\":\"s\"}\x1e"
	    "41\x1e" "41/admin,\x1e" "44/no,{\"message\":\"m\"}");
}

static void
ids_follow_the_namespace(void)
{
	start();
	write_packet(PACKET_EVENT, "/", "0", "[\"q\",1]", NULL);
	write_packet(PACKET_ACK, "/", "17", "[]", NULL);
	write_packet(PACKET_ACK, "/admin", "0", "[\"\xc3\xbc\"]", NULL);
	T_SLICE(buf_slice(&out), "420[\"q\",1]\x1e" "4317[]\x1e"
	    "43/admin,0[\"\xc3\xbc\"]");
}

static void
attachments_follow_their_header_as_base64(void)
{
	start();
	pack_add(&packed, SLICE("\x00\x01\x02\xff"));
	pack_add(&packed, SLICE(""));
	pack_add(&packed, SLICE("hi"));
	write_packet(PACKET_EVENT, "/", NULL, "[\"b\"," P0 "]", NULL);
	write_packet(PACKET_ACK, "/n", "5", "[" P0 "]", NULL);
	T_SLICE(buf_slice(&out), "453-[\"b\"," P0 "]\x1e" "bAAEC/w==\x1e" "b\x1e"
	    "baGk=\x1e" "463-/n,5[" P0 "]\x1e" "bAAEC/w==\x1e" "b\x1e" "baGk=");
}

static void
the_offset_is_one_more_argument(void)
{
	start();
	write_packet(PACKET_EVENT, "/", NULL, "[\"hello\",\"one\"]", "Q7zRdQz");
	T_SLICE(buf_slice(&out), "42[\"hello\",\"one\",\"Q7zRdQz\"]");
	start();
	write_packet(PACKET_EVENT, "/n", NULL, "[\"a\" ] \n", "o");
	T_SLICE(buf_slice(&out), "42/n,[\"a\",\"o\"]");
	start();
	write_packet(PACKET_EVENT, "/", NULL, "[ ]", "o");
	T_SLICE(buf_slice(&out), "42[\"o\"]");
	start();
	pack_add(&packed, SLICE("\x01"));
	write_packet(PACKET_EVENT, "/", NULL, "[\"b\",\"live\"," P0 "]", "Q7zRdTT");
	T_SLICE(buf_slice(&out),
	    "451-[\"b\",\"live\"," P0 ",\"Q7zRdTT\"]\x1e" "bAQ==");
}

static void
only_events_take_an_offset(void)
{
	start();
	write_packet(PACKET_ACK, "/", "1", "[1]", "o");
	write_packet(PACKET_CONNECT, "/", NULL, "{}", "o");
	T_SLICE(buf_slice(&out), "431[1]\x1e" "40{}");
}

static void
pieces_are_joined_by_the_separator(void)
{
	start();
	codec_join(&codec_eio4, &out, SLICE(""));
	T_EQ(out.n, 0);
	codec_join(&codec_eio4, &out, SLICE("42[\"a\"]\x1e" "42[\"b\"]"));
	T_SLICE(buf_slice(&out), "42[\"a\"]\x1e" "42[\"b\"]");
	codec_join(&codec_eio4, &out, SLICE("2"));
	codec_join(&codec_eio4, &out, SLICE(""));
	T_SLICE(buf_slice(&out), "42[\"a\"]\x1e" "42[\"b\"]\x1e" "2");
}

int
main(void)
{
	T_RUN(an_empty_payload_is_started_without_a_separator);
	T_RUN(the_root_is_not_written_and_others_have_a_comma);
	T_RUN(ids_follow_the_namespace);
	T_RUN(attachments_follow_their_header_as_base64);
	T_RUN(the_offset_is_one_more_argument);
	T_RUN(only_events_take_an_offset);
	T_RUN(pieces_are_joined_by_the_separator);
	buf_free(&out);
	buf_free(&packed);
	return t_end();
}
