/*
 * ws_hixie_test.c - WebSockets of 2010: the drafts' own handshakes, and frames
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tests/t.h"
#include "ws/extension.h"
#include "ws/frame.h"
#include "ws/request.h"
#include "ws/version.h"

enum { LIMIT = 40 };

#define ALL "rfc6455 hixie-76 hixie-75"
#define LINES "GET /demo HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n" \
	"Upgrade: WebSocket\r\nOrigin: http://example.com\r\n"
#define KEY1 "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n"
#define KEY2 "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n"
#define BEHIND "^n:ds[4U"
#define LIKE_A_SERVER_OF_76 "HTTP/1.1 101 WebSocket Protocol Handshake\r\n"        \
	"Upgrade: WebSocket\r\nConnection: Upgrade\r\n"                         \
	"Sec-WebSocket-Origin: http://example.com\r\n"

/* ---- the handshake ------------------------------------------------------------ */

static struct buf answer;
static const struct version *version;

/* The status; what is answered is in answer. */
static int
asked(const char *names, const char *head, const char *behind, bool is_secure)
{
	static const struct extension_conf extensions = { .is_on = true, .window = 15 };
	struct handshake handshake;
	struct request request;
	struct extension extension;
	const char *fault;
	int status;

	buf_reset(&answer);
	T_EQ(request_parse(slice_str(head), &request, &fault), 0);
	if ((version = version_of(&request, names)) == NULL)
		return 0;
	handshake = (struct handshake){ &request, slice_str(behind), is_secure,
	    &extensions };
	status = version->answer(&handshake, &answer, &extension, &fault);
	T_EQ(status != 0, fault != NULL);
	T_EQ(extension.our_window, 0);
	return status == 0 ? 101 : status;
}

static void
the_first_sample_of_the_draft_is_answered(void)
{
	T_EQ(asked(ALL, LINES "Sec-WebSocket-Protocol: sample\r\n" KEY1 KEY2 "\r\n",
	    BEHIND, false), 101);
	T_STR(version->name, "hixie-76");
	T_EQ(version->behind, 8);
	T_SLICE(buf_slice(&answer), LIKE_A_SERVER_OF_76
	    "Sec-WebSocket-Location: ws://example.com/demo\r\n"
	    "Sec-WebSocket-Protocol: sample\r\n\r\n"
	    "8jKS'y:G*Co,Wxa-");
}

static void
the_second_sample_of_the_draft_is_answered(void)
{
	T_EQ(asked(ALL, LINES
	    "Sec-WebSocket-Key1: 18x 6]8vM;54 *(5:  {   U1]8  z [  8\r\n"
	    "Sec-WebSocket-Key2: 1_ tx7X d  <  nw  334J702) 7]o}` 0\r\n\r\n",
	    "Tm[K T2u", true), 101);
	T_SLICE(buf_slice(&answer), LIKE_A_SERVER_OF_76
	    "Sec-WebSocket-Location: wss://example.com/demo\r\n\r\n"
	    "fQJ,fN/4F4!~K~MH");
}

static void
a_request_without_keys_is_of_draft_75(void)
{
	T_EQ(asked(ALL, LINES "WebSocket-Protocol: sample\r\n\r\n", "", false), 101);
	T_STR(version->name, "hixie-75");
	T_EQ(version->behind, 0);
	T_SLICE(buf_slice(&answer), "HTTP/1.1 101 Web Socket Protocol Handshake\r\n"
	    "Upgrade: WebSocket\r\nConnection: Upgrade\r\n"
	    "WebSocket-Origin: http://example.com\r\n"
	    "WebSocket-Location: ws://example.com/demo\r\n"
	    "WebSocket-Protocol: sample\r\n\r\n");
}

static void
a_version_that_is_not_named_is_not_spoken(void)
{
	T_EQ(asked("rfc6455", LINES KEY1 KEY2 "\r\n", BEHIND, false), 426);
	T_EQ(asked("rfc6455", LINES "\r\n", "", false), 426);
	T_EQ(asked("rfc6455 hixie-76", LINES "\r\n", "", false), 426);
	T_EQ(asked("rfc6455 hixie-75", LINES KEY1 KEY2 "\r\n", BEHIND, false), 426);
	T_EQ(asked("hixie-76", LINES "\r\n", "", false), 0);
}

static void
who_asks_as_rfc_6455_does_is_answered_so(void)
{
	T_EQ(asked(ALL, LINES "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Version: 13\r\n\r\n", "", false), 101);
	T_STR(version->name, "rfc6455");
	T_OK(slice_find(buf_slice(&answer), '+') < answer.n);
	T_EQ(asked(ALL, LINES KEY1 KEY2 "Sec-WebSocket-Version: 13\r\n\r\n", BEHIND,
	    false), 400);
}

static void
keys_that_hide_no_number_are_refused(void)
{
	static const char *const wrong[] = {
		"4@146546xW%0l15",              /* no blank to divide by */
		"4 @1  46546xW%0l 1 6",         /* not a multiple */
		"99999999999 9",                /* more than 32 bits */
		"4 4294967296",
		"",
	};
	struct buf head = BUF_INIT;
	size_t i;

	for (i = 0; i < N_ELEMENTS(wrong); i++) {
		buf_reset(&head);
		buf_printf(&head, "%sSec-WebSocket-Key1: %s\r\n%s\r\n", LINES, wrong[i],
		    KEY2);
		buf_char(&head, '\0');
		T_EQ(asked(ALL, head.p, BEHIND, false), 400);
	}
	buf_free(&head);
	T_EQ(asked(ALL, LINES KEY1 "\r\n", BEHIND, false), 400);
	T_EQ(asked(ALL, LINES KEY1 KEY2 KEY2 "\r\n", BEHIND, false), 400);
	T_EQ(asked(ALL, LINES KEY1 KEY2 "\r\n", "^n:ds[4", false), 400);
}

static void
a_request_that_leaves_something_open_is_refused(void)
{
	T_EQ(asked(ALL, "GET http://h/ HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\n"
	    "Connection: Upgrade\r\n\r\n", "", false), 400);
	T_EQ(asked(ALL, LINES "Origin: b\r\n\r\n", "", false), 400);
	T_EQ(asked(ALL, LINES "Content-Length: 8\r\n\r\n", BEHIND, false), 400);
	T_EQ(asked(ALL, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\n\r\n", "",
	    false), 400);
}

/* ---- frames ---------------------------------------------------------------------- */

static bool
on_message(void *arg, enum frame_op op, struct slice data)
{
	T_EQ(op, FRAME_OP_TEXT);
	buf_printf(arg, "T(%.*s) ", SLICE_ARGS(data));
	return !slice_is(data, "stop");
}

static bool
on_control(void *arg, struct slice data)
{
	(void)data;
	buf_str(arg, "never ");
	return true;
}

static void
on_close(void *arg, unsigned code, struct slice reason)
{
	buf_printf(arg, "C(%u,%zu) ", code, reason.n);
}

static const struct frame_events events = {
	on_message, on_control, on_control, on_close, NULL
};

/* Whatever the pieces: these events, then this verdict. */
static void
expect(struct slice wire, const char *text, enum rc verdict, unsigned code)
{
	struct frame_reader r;
	struct buf seen = BUF_INIT;
	struct slice rest;
	enum rc rc;
	char *copy;
	size_t piece, n;

	for (piece = 1; piece <= wire.n; piece++) {
		buf_reset(&seen);
		frame_reader_init(&r);
		rc = RC_OK;
		for (rest = wire; rc == RC_OK && rest.n > 0; rest = slice_skip(rest, n)) {
			n = rest.n < piece ? rest.n : piece;
			copy = mem_alloc(n);
			memcpy(copy, rest.p, n);
			rc = version_hixie76.read(&r, copy, n, LIMIT, &events, &seen);
			free(copy);
		}
		T_EQ(rc == RC_GONE && verdict == RC_OK ? RC_OK : rc, verdict);
		T_EQ(r.close_code, code);
		T_SLICE(buf_slice(&seen), text);
		frame_reader_fini(&r);
	}
	buf_free(&seen);
}

static void
messages_come_out_as_they_went_in(void)
{
	expect(SLICE("\0hello\xff\0\xff\0h\xc3\xa9 \xf0\x9f\x98\x80\xff"),
	    "T(hello) T() T(h\xc3\xa9 \xf0\x9f\x98\x80) ", RC_OK, 0);
}

static void
nothing_is_read_behind_a_close_frame_or_a_stop(void)
{
	expect(SLICE("\0one\xff\xff\0\0two\xff"), "T(one) C(1005,0) ", RC_GONE, 0);
	expect(SLICE("\0stop\xff\0two\xff"), "T(stop) ", RC_OK, 0);
}

static void
frames_that_no_client_sends_end_the_connection(void)
{
	expect(SLICE("\0one\xff\x01gone\xff"), "T(one) ", RC_BAD_INPUT, 1002);
	expect(SLICE("\x80\x05hello"), "", RC_BAD_INPUT, 1002);
	expect(SLICE("\xff\x01\0"), "", RC_BAD_INPUT, 1002);
	expect(SLICE("\x81\x85\0\0\0\0hello"), "", RC_BAD_INPUT, 1002);
}

static void
text_that_is_none_ends_the_connection(void)
{
	expect(SLICE("\0\xc3\xff"), "", RC_BAD_INPUT, 1007);
	expect(SLICE("\0a\xed\xa0\x80\xff"), "", RC_BAD_INPUT, 1007);
	expect(SLICE("\0ok\xff\0\x80\xff"), "T(ok) ", RC_BAD_INPUT, 1007);
}

static void
a_message_over_the_limit_ends_the_connection(void)
{
	expect(SLICE("\0" "0123456789012345678901234567890123456789\xff"),
	    "T(0123456789012345678901234567890123456789) ", RC_OK, 0);
	expect(SLICE("\0" "01234567890123456789012345678901234567890\xff"), "",
	    RC_TOO_BIG, 1009);
}

static void
a_parcel_of_frames_becomes_one_of_texts(void)
{
	struct buf frames = BUF_INIT, out = BUF_INIT;
	char head[FRAME_HEAD_MAX], text[300];
	size_t n;

	memset(text, 'x', sizeof(text));
	buf_add(&frames, slice_of(head, frame_head(head, FRAME_OP_TEXT, 2)));
	buf_str(&frames, "hi");
	buf_add(&frames, slice_of(head, frame_head(head, FRAME_OP_TEXT, sizeof(text))));
	buf_add(&frames, slice_of(text, sizeof(text)));
	version_hixie75.rewrite(&out, buf_slice(&frames));
	n = out.n;
	T_EQ(n, 4 + 2 + sizeof(text));
	T_OK(slice_starts(buf_slice(&out), SLICE("\0hi\xff\0xx")));
	T_EQ((unsigned char)out.p[n - 1], 0xff);
	buf_free(&frames);
	buf_free(&out);
}

static void
only_draft_76_closes_with_a_frame(void)
{
	struct buf out = BUF_INIT;

	version_hixie76.close_write(&out, CLOSE_LEAVING, SLICE("leaving"));
	T_OK(slice_eq(buf_slice(&out), SLICE("\xff\0")));
	version_hixie75.close_write(&out, CLOSE_LEAVING, SLICE("leaving"));
	T_EQ(out.n, 2);
	buf_free(&out);
}

int
main(void)
{
	T_RUN(the_first_sample_of_the_draft_is_answered);
	T_RUN(the_second_sample_of_the_draft_is_answered);
	T_RUN(a_request_without_keys_is_of_draft_75);
	T_RUN(a_version_that_is_not_named_is_not_spoken);
	T_RUN(who_asks_as_rfc_6455_does_is_answered_so);
	T_RUN(keys_that_hide_no_number_are_refused);
	T_RUN(a_request_that_leaves_something_open_is_refused);
	T_RUN(messages_come_out_as_they_went_in);
	T_RUN(nothing_is_read_behind_a_close_frame_or_a_stop);
	T_RUN(frames_that_no_client_sends_end_the_connection);
	T_RUN(text_that_is_none_ends_the_connection);
	T_RUN(a_message_over_the_limit_ends_the_connection);
	T_RUN(a_parcel_of_frames_becomes_one_of_texts);
	T_RUN(only_draft_76_closes_with_a_frame);
	buf_free(&answer);
	return t_end();
}
