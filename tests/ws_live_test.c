/*
 * ws_live_test.c - siogate-ws speaks Engine.IO over WebSocket, byte by byte
 *
 * The stock clients are heard in tests/e2e; here is what they never do.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/ws_server.h"

#define LINES "max_payload = 1000\n"
/* So short that one waits for them, and longer than a busy machine takes for an answer. */
#define QUICK LINES "ping_interval = 400ms\nping_timeout = 5s\n"
#define WEBSOCKET "/socket.io/?EIO=4&transport=websocket"
#define ASKS(version, key) "GET " WEBSOCKET " HTTP/1.1\r\nHost: h\r\n"           \
	"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"             \
	"Sec-WebSocket-Key: " key "\r\nSec-WebSocket-Version: " version "\r\n"
#define ASK ASKS("13", "dGhlIHNhbXBsZSBub25jZQ==") "\r\n"
/* A masked text frame; with a mask of zeros the text stands as it is. */
#define FRAME(n, text) "\x81" n "\0\0\0\0" text

static struct fcgi_answer got;
static struct buf rest;
static int fd = -1;
/* The frame that came. */
static int op;
static char text[4096];
static size_t text_n;

static void
connect_anew(void)
{
	if (fd != -1)
		close(fd);
	buf_free(&rest);
	T_OK((fd = server_connect()) != -1);
}

/* The next frame of the server; false: the end came. */
static bool
frame_receive(void)
{
	size_t head = 2, n;

	while (rest.n < 4)
		if (rest.n >= 2 && (rest.p[1] & 0x7f) + 2u <= rest.n)
			break;
		else if (!client_more(fd, &rest))
			return false;
	n = rest.p[1] & 0x7f;
	if (n == 126) {
		n = (size_t)(unsigned char)rest.p[2] << 8 | (unsigned char)rest.p[3];
		head = 4;
	}
	while (rest.n < head + n)
		if (!client_more(fd, &rest))
			return false;
	op = rest.p[0] & 0xf;
	text_n = n < sizeof(text) ? n : sizeof(text) - 1;
	memcpy(text, rest.p + head, text_n);
	text[text_n] = '\0';
	rest.n -= head + n;
	memmove(rest.p, rest.p + head + n, rest.n);
	return true;
}

/* The code of the close frame that comes, past all that comes before it. */
static int
close_code(void)
{
	do
		if (!frame_receive())
			return -1;
	while (op != 8);
	return text_n < 2 ? 1005 :
	    (unsigned char)text[0] << 8 | (unsigned char)text[1];
}

static void
open_session(void)
{
	connect_anew();
	SEND(fd, ASK);
	T_OK(client_receive(fd, &rest, &got, false));
	T_EQ(got.status, 101);
	T_OK(frame_receive());
}

static int
refused(const char *request)
{
	connect_anew();
	T_OK(client_send(fd, slice_str(request)));
	T_OK(client_receive(fd, &rest, &got, true));
	T_STR(answer_header(&got, "Connection"), "close");
	T_OK(client_is_closed(fd));
	return got.status;
}

static void
a_handshake_is_answered_with_the_101_and_an_open_packet(void)
{
	open_session();
	T_STR(answer_header(&got, "Sec-WebSocket-Accept"),
	    "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	T_EQ(op, 1);
	T_OK(strncmp(text, "0{\"sid\":\"", 9) == 0);
	T_OK(strstr(text, "\"upgrades\":[]") != NULL);
}

static void
what_is_said_behind_the_request_is_heard(void)
{
	connect_anew();
	SEND(fd, ASK FRAME("\x82", "40"));
	T_OK(client_receive(fd, &rest, &got, false));
	T_EQ(got.status, 101);
	T_OK(frame_receive());
	T_EQ(text[0], '0');
	T_OK(frame_receive());
	T_OK(strncmp(text, "40{\"sid\":\"", 10) == 0);
}

static void
a_bad_handshake_is_refused_and_told_why(void)
{
	T_EQ(refused(ASKS("12", "dGhlIHNhbXBsZSBub25jZQ==") "\r\n"), 426);
	T_STR(answer_header(&got, "Sec-WebSocket-Version"), "13");
	T_EQ(refused(ASKS("13", "short") "\r\n"), 400);
	T_EQ(refused(ASKS("13", "dGhlIHNhbXBsZSBub25jZQ==")
	    "Origin: http://elsewhere.example\r\n\r\n"), 400);
	T_STR(answer_header(&got, "Content-Type"), "text/html");
}

static void
a_message_over_the_limit_is_1009(void)
{
	char frame[8 + 1001] = "\x81\xfe\x03\xe9";

	memset(frame + 8, '4', 1001);
	open_session();
	T_OK(client_send(fd, slice_of(frame, sizeof(frame))));
	T_EQ(close_code(), 1009);
	T_OK(client_is_closed(fd));
}

static void
a_session_on_websocket_is_not_polled(void)
{
	char *request, sid[21];
	int other;
	struct buf more = BUF_INIT;

	open_session();
	snprintf(sid, sizeof(sid), "%.20s", text + 9);
	request = mem_printf("GET /socket.io/?EIO=4&transport=polling&sid=%s "
	    "HTTP/1.1\r\nHost: h\r\n\r\n", sid);
	other = server_connect();
	T_OK(client_send(other, slice_str(request)));
	T_OK(client_receive(other, &more, &got, true));
	T_EQ(got.status, 400);
	T_STR(got.body, "{\"code\":3,\"message\":\"Bad request\"}");
	free(request);
	buf_free(&more);
	close(other);
}

static void
who_answers_pings_stays_and_who_does_not_is_closed(void)
{
	int i;

	open_session();
	for (i = 0; i < 3; i++) {
		T_OK(frame_receive());
		T_STR(text, "2");
		SEND(fd, FRAME("\x81", "3"));
	}
	T_OK(frame_receive());
	T_STR(text, "2");
	T_EQ(close_code(), 1005);
	SEND(fd, "\x88\x80\0\0\0\0");
	T_OK(client_is_closed(fd));
}

static void
it_leaves_with_0(void)
{
	T_EQ(server_stop(), 0);
}

/* The next tests meet a server that was started with these lines. */
static void
start_anew(const char *lines)
{
	close(fd);
	fd = -1;
	T_RUN(it_leaves_with_0);
	server_start(lines);
}

/* A WebSocket has an end of its own. */
static void
a_close_packet_is_ignored_as_by_the_reference(void)
{
	open_session();
	SEND(fd, FRAME("\x82", "40") FRAME("\x81", "1"));
	T_OK(frame_receive());
	T_OK(strncmp(text, "40{", 3) == 0);
	SEND(fd, "\x89\x80\0\0\0\0");
	T_OK(frame_receive());
	T_EQ(op, 10);
}

static void
who_hangs_up_early_or_late_harms_nobody(void)
{
	int i;

	for (i = 0; i < 50; i++) {
		connect_anew();
		SEND(fd, ASK FRAME("\x82", "40"));
		shutdown(fd, i % 2 == 0 ? SHUT_WR : SHUT_RDWR);
	}
	open_session();
	SEND(fd, FRAME("\x82", "40"));
	T_OK(frame_receive());
	T_OK(strncmp(text, "40{", 3) == 0);
}

static void
who_leaves_says_so(void)
{
	open_session();
	kill(server_pid, SIGTERM);
	T_EQ(close_code(), 1001);
	SEND(fd, "\x88\x82\0\0\0\0\x03\xe9");
	T_OK(client_is_closed(fd));
	T_EQ(server_wait(server_pid), 0);
}

int
main(void)
{
	server_init();
	server_start(LINES);
	T_RUN(a_handshake_is_answered_with_the_101_and_an_open_packet);
	T_RUN(what_is_said_behind_the_request_is_heard);
	T_RUN(a_bad_handshake_is_refused_and_told_why);
	T_RUN(a_message_over_the_limit_is_1009);
	T_RUN(a_session_on_websocket_is_not_polled);
	start_anew(QUICK);
	T_RUN(who_answers_pings_stays_and_who_does_not_is_closed);
	start_anew(LINES);
	T_RUN(a_close_packet_is_ignored_as_by_the_reference);
	T_RUN(who_hangs_up_early_or_late_harms_nobody);
	T_RUN(who_leaves_says_so);
	close(fd);
	server_fini();
	answer_free(&got);
	buf_free(&rest);
	return t_end();
}
