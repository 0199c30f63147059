/*
 * ws_socket_test.c - a WebSocket over a real connection, and its end
 *
 * A child is an echo server; the tests are its client, frame by frame.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rc.h"
#include "tests/t.h"
#include "ws/door_private.h"
#include "ws/frame.h"
#include "ws/request.h"
#include "ws/socket.h"
#include "ws/upgrade.h"
#include "ws/version.h"

enum { LIMIT = 70000, OUT_MAX = 300000, PATIENCE_MS = 60000 };

/* ---- the server ----------------------------------------------------------------- */

static const struct socket_limits limits = { LIMIT, OUT_MAX, NULL };
static const struct extension_conf extensions;
static struct streams streams;
static int report;              /* pipe: what ended() was told */
static bool is_over;

static void
flood(struct socket *s)
{
	struct span span;
	char text[1000];
	int i;

	memset(text, 'f', sizeof(text));
	span = socket_encode(&streams, true, slice_of(text, sizeof(text)));
	for (i = 0; i < 20000; i++)
		if (!socket_add(s, span))
			return;
}

static void
on_message(struct socket *s, bool is_binary, struct slice data)
{
	struct slice word;

	if (slice_is(data, "flood")) {
		flood(s);
	} else if (slice_starts(data, SLICE("close "))) {
		slice_cut(&data, ' ', &word);
		socket_close(s, 4000, data);
		socket_add(s, socket_encode(&streams, false, SLICE("never sent")));
	} else {
		socket_add(s, socket_encode(&streams, is_binary, data));
	}
}

static void
on_end(struct socket *s, unsigned code)
{
	uint16_t word = (uint16_t)code;
	ssize_t n = write(report, &word, sizeof(word));

	(void)s;
	(void)n;
}

static const struct socket_user echo_user = { on_message, on_end, NULL };

/* The whole request comes at once here. */
static void
on_request(struct stream *stream, char *p, size_t n)
{
	struct upgrade upgrade;
	struct request request;
	struct socket *s;
	struct buf out = BUF_INIT;
	const char *fault;
	size_t looked = 0, end = request_head_end(slice_of(p, n), &looked);

	if (end == 0 || request_parse(slice_of(p, end), &request, &fault) != 0 ||
	    upgrade_check(&request, &extensions, &upgrade, &fault) != 0) {
		stream_close(stream);
		return;
	}
	upgrade_write(&out, &upgrade, SLICE_NONE);
	stream_write(stream, buf_slice(&out), SLICE_NONE);
	buf_free(&out);
	s = socket_start(stream, &limits, &version_rfc6455, &upgrade.extension, &echo_user, NULL);
	socket_feed(s, p + end, n - end);
}

static void
on_nothing(struct stream *stream)
{
	(void)stream;
}

static void
on_late(struct stream *stream, enum lane lane)
{
	(void)lane;
	stream_close(stream);
}

static const struct stream_user greeter = {
	on_request, stream_close, on_nothing, on_late, on_nothing
};

static void
on_connection(uv_stream_t *listener, int status)
{
	if (status == 0)
		stream_accept(&streams, listener, NULL, &greeter, NULL);
}

static void
on_terminate(uv_signal_t *handle, int number)
{
	(void)handle;
	(void)number;
	is_over = true;
}

static void
on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static void
handle_close(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static int
serve(int fd)
{
	uint64_t lane_ms[LANE__COUNT] = { 0 };
	struct stream *stream;
	uv_tcp_t listener;
	uv_signal_t terminate;
	uv_timer_t tick;
	uv_loop_t loop;
	int i;

	for (i = 0; i < LANE__COUNT; i++)
		lane_ms[i] = 500;
	uv_loop_init(&loop);
	streams_init(&streams, &loop, lane_ms, 512);
	uv_tcp_init(&loop, &listener);
	uv_tcp_open(&listener, fd);
	uv_listen((uv_stream_t *)&listener, 100, on_connection);
	uv_signal_init(&loop, &terminate);
	uv_signal_start(&terminate, on_terminate, SIGTERM);
	uv_timer_init(&loop, &tick);
	uv_timer_start(&tick, on_tick, 50, 50);
	while (!is_over) {
		uv_run(&loop, UV_RUN_ONCE);
		streams_late(&streams);
		while (streams_flush(&streams))
			;
	}
	while ((stream = TAILQ_FIRST(&streams.all)) != NULL)
		stream_close(stream);
	uv_walk(&loop, handle_close, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	streams_fini(&streams);
	return uv_loop_close(&loop) == 0 && streams.count == 0 ? 0 : 1;
}

/* ---- the client -------------------------------------------------------------------- */

static struct sockaddr_in address;
static int fd = -1, ends;
static struct buf in;
static pid_t server;

static void
server_start(void)
{
	char host[46], port[8], *error;
	int listener, two[2];

	if (listen_at("127.0.0.1:0", &listener, &error) != RC_OK ||
	    pipe(two) == -1)
		abort();
	listen_name(listener, host, port);
	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)atoi(port));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((server = fork()) == 0) {
		report = two[1];
		close(two[0]);
		exit(serve(listener));
	}
	ends = two[0];
	close(two[1]);
	close(listener);
}

static bool
more(void)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, PATIENCE_MS) <= 0)
		return false;
	buf_reserve(&in, 65536);
	if ((n = recv(fd, in.p + in.n, 65536, 0)) <= 0)
		return false;
	in.n += (size_t)n;
	return true;
}

static void
say(struct slice bytes)
{
	T_EQ(send(fd, bytes.p, bytes.n, MSG_NOSIGNAL), bytes.n);
}

/* Masked with zeroes, so that tests can be read. */
static void
put(struct buf *out, unsigned first, struct slice data)
{
	buf_char(out, (char)first);
	if (data.n < 126) {
		buf_char(out, (char)(0x80 | data.n));
	} else {
		buf_char(out, (char)0xfe);
		buf_char(out, (char)(data.n >> 8));
		buf_char(out, (char)data.n);
	}
	buf_add(out, SLICE("\0\0\0\0"));
	buf_add(out, data);
}

static void
say_frame(unsigned first, struct slice data)
{
	struct buf out = BUF_INIT;

	put(&out, first, data);
	say(buf_slice(&out));
	buf_free(&out);
}

#define REQUEST "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n" \
	"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static void
open_with(struct slice behind)
{
	struct buf out = BUF_INIT;
	char *end;

	if (fd != -1)
		close(fd);
	buf_reset(&in);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	T_EQ(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	buf_str(&out, REQUEST);
	buf_add(&out, behind);
	say(buf_slice(&out));
	buf_free(&out);
	while (in.n == 0 || (end = memmem(in.p, in.n, "\r\n\r\n", 4)) == NULL)
		T_OK(more());
	T_OK(memmem(in.p, in.n, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28) != NULL);
	in.n -= (size_t)(end + 4 - in.p);
	memmove(in.p, end + 4, in.n);
}

/* The next frame as text: "81:hello"; "end" when there is none. */
static const char *
frame(void)
{
	static char text[400];
	size_t n, head;

	for (;;) {
		const unsigned char *u = (const unsigned char *)in.p;

		n = in.n < 2 ? 0 : u[1];
		head = n == 126 ? 4 : n == 127 ? 10 : 2;
		if (in.n >= head && n == 126)
			n = (size_t)u[2] << 8 | u[3];
		else if (in.n >= head && n == 127)
			n = (size_t)u[7] << 16 | (size_t)u[8] << 8 | u[9];
		if (in.n >= head && in.n >= head + n)
			break;
		if (!more())
			return "end";
	}
	snprintf(text, sizeof(text), "%02x:%.*s", (unsigned char)in.p[0],
	    (int)(n > 300 ? 300 : n), in.p + head);
	in.n -= head + n;
	memmove(in.p, in.p + head + n, in.n);
	return text;
}

/* What the server's ended() was told. */
static int
end_code(void)
{
	struct pollfd p = { .fd = ends, .events = POLLIN };
	uint16_t code;

	if (poll(&p, 1, PATIENCE_MS) <= 0 ||
	    read(ends, &code, sizeof(code)) != sizeof(code))
		return -1;
	return code;
}

/* ---- the tests -------------------------------------------------------------------------- */

static void
messages_go_to_and_fro(void)
{
	open_with(SLICE_NONE);
	say_frame(0x81, SLICE("hello"));
	T_STR(frame(), "81:hello");
	say_frame(0x82, SLICE("bytes"));
	T_STR(frame(), "82:bytes");
	say_frame(0x01, SLICE("in "));
	say_frame(0x80, SLICE("two"));
	T_STR(frame(), "81:in two");
	close(fd);
	fd = -1;
	T_EQ(end_code(), 1005);
}

static void
frames_right_behind_the_request_are_read(void)
{
	open_with(SLICE("\x81\x85\0\0\0\0early\x81\x85\0\0\0\0ea"));
	T_STR(frame(), "81:early");
	say(SLICE("rly"));
	T_STR(frame(), "81:early");
}

static void
a_ping_is_answered_in_its_place(void)
{
	struct buf out = BUF_INIT;

	close(fd);
	fd = -1;
	T_EQ(end_code(), 1005);
	open_with(SLICE_NONE);
	put(&out, 0x81, SLICE("one"));
	put(&out, 0x89, SLICE("ping"));
	put(&out, 0x8a, SLICE("not asked for"));
	put(&out, 0x81, SLICE("two"));
	say(buf_slice(&out));
	T_STR(frame(), "81:one");
	T_STR(frame(), "8a:ping");
	T_STR(frame(), "81:two");
	buf_free(&out);
}

static void
the_peers_close_is_answered_with_its_code(void)
{
	say_frame(0x88, SLICE("\x0b\xb8" "bye"));
	T_STR(frame(), "88:\x0b\xb8");
	T_STR(frame(), "end");
	close(fd);
	fd = -1;
	T_EQ(end_code(), 3000);
	open_with(SLICE_NONE);
	say_frame(0x88, SLICE(""));
	T_STR(frame(), "88:");
	T_STR(frame(), "end");
	close(fd);
	fd = -1;
	T_EQ(end_code(), 1005);
}

static void
our_close_waits_for_the_peers(void)
{
	open_with(SLICE_NONE);
	say_frame(0x81, SLICE("close for a reason"));
	T_STR(frame(), "88:\x0f\xa0" "for a reason");
	/* What was on its way is not answered, and harms nothing. */
	say_frame(0x81, SLICE("crossed"));
	say_frame(0x89, SLICE("crossed"));
	say_frame(0x88, SLICE("\x0f\xa0"));
	T_STR(frame(), "end");
	close(fd);
	fd = -1;
	T_EQ(end_code(), 4000);
}

static void
who_does_not_answer_a_close_is_cut_off(void)
{
	open_with(SLICE_NONE);
	say_frame(0x81, SLICE("close now"));
	T_STR(frame(), "88:\x0f\xa0" "now");
	T_STR(frame(), "end");
	T_EQ(end_code(), 4000);
}

static void
a_broken_rule_is_named(void)
{
	open_with(SLICE_NONE);
	say_frame(0x81, SLICE("before"));
	say(SLICE("\x81\x05hello"));
	T_STR(frame(), "81:before");
	T_STR(frame(), "88:\x03\xea" "a frame is not masked");
	T_STR(frame(), "end");
	close(fd);
	fd = -1;
	T_EQ(end_code(), 1002);
	open_with(SLICE("\x81\x83\0\0\0\0\xff\xff\xff"));
	T_STR(frame(), "88:\x03\xef" "text is not UTF-8");
	close(fd);
	fd = -1;
	T_EQ(end_code(), 1007);
}

static void
a_message_over_the_limit_is_refused_with_its_length(void)
{
	open_with(SLICE("\x82\xff\0\0\0\0\0\x10\0\0"));
	T_STR(frame(), "88:\x03\xf1" "the message is too big");
	close(fd);
	fd = -1;
	T_EQ(end_code(), 1009);
}

static void
a_slow_reader_is_closed_with_a_reason(void)
{
	size_t got = 0;
	const char *last = "";

	open_with(SLICE_NONE);
	say_frame(0x81, SLICE("flood"));
	while (strncmp(last, "88", 2) != 0 && strcmp(last, "end") != 0) {
		last = frame();
		got += strncmp(last, "82:fff", 6) == 0;
	}
	T_STR(last, "88:\x03\xf5" "too slow");
	/* 20,000 were meant; what was over the limit was never queued. */
	T_OK(got >= OUT_MAX / 1004 && got <= OUT_MAX / 1004 + 2);
	T_STR(frame(), "end");
	close(fd);
	fd = -1;
	T_EQ(end_code(), 1013);
}

static void
who_takes_nothing_is_cut_off(void)
{
	struct buf text = BUF_INIT, large = BUF_INIT;
	int i;

	open_with(SLICE_NONE);
	for (i = 0; i < 60000; i++)
		buf_char(&text, 'x');
	put(&large, 0x81, buf_slice(&text));
	/* Echoes until neither the kernel nor the queue takes more, and then
	 * nobody listens any longer. */
	for (i = 0; i < 2000 && send(fd, large.p, large.n, MSG_NOSIGNAL) > 0; i++)
		;
	buf_free(&text);
	buf_free(&large);
	T_EQ(end_code(), 1013);
	close(fd);
	fd = -1;
}

static void
the_server_ends_in_order(void)
{
	int status;

	open_with(SLICE_NONE);
	kill(server, SIGTERM);
	T_EQ(waitpid(server, &status, 0), server);
	T_OK(WIFEXITED(status));
	T_EQ(WEXITSTATUS(status), 0);
	close(fd);
	buf_free(&in);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	server_start();
	T_RUN(messages_go_to_and_fro);
	T_RUN(frames_right_behind_the_request_are_read);
	T_RUN(a_ping_is_answered_in_its_place);
	T_RUN(the_peers_close_is_answered_with_its_code);
	T_RUN(our_close_waits_for_the_peers);
	T_RUN(who_does_not_answer_a_close_is_cut_off);
	T_RUN(a_broken_rule_is_named);
	T_RUN(a_message_over_the_limit_is_refused_with_its_length);
	T_RUN(a_slow_reader_is_closed_with_a_reason);
	T_RUN(who_takes_nothing_is_cut_off);
	T_RUN(the_server_ends_in_order);
	return t_end();
}
