/*
 * fcgi_door_test.c - siogate.fcgi as an external responder, from outside
 *
 * A front that is slow, silent, garbled or gone must never be anybody else's
 * problem.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/t.h"
#include "tests/fcgi_responder.h"

#define POLLING "/socket.io/?EIO=4&transport=polling"
#define LINES "max_payload = 1m\nmax_event = 1m\nclient = socket.io.js\n"
#define RULES "[relay /]\nsubscribe = room\npublish = room\necho = yes\n"
#define CODE0 "{\"code\":0,\"message\":\"Transport unknown\"}"
#define CODE1 "{\"code\":1,\"message\":\"Session ID unknown\"}"

static struct fcgi_answer got;
static char sid[32];

/* A handshake; its sid. */
static void
greet(void)
{
	struct slice body;
	size_t n;

	T_EQ(fcgi_ask(responder_socket, "GET", POLLING "&t=0", SLICE_NONE, &got),
	    200);
	body = got.body;
	T_OK(slice_starts(body, SLICE("0{\"sid\":\"")));
	body = slice_skip(body, 9);
	n = slice_find(body, '"');
	T_OK(n == 20);
	memcpy(sid, body.p, n);
	sid[n] = '\0';
}

static char *
session_target(int t)
{
	static char target[128];

	snprintf(target, sizeof(target), POLLING "&t=t%d&sid=%s", t, sid);
	return target;
}

/* Sends the poll t of the session; the connection that waits. */
static int
poll_park(int t, bool keep)
{
	struct buf out = BUF_INIT;
	int fd = fcgi_connect(responder_socket);

	T_OK(fd != -1);
	request_add(&out, "GET", session_target(t), SLICE_NONE, keep);
	T_OK(fcgi_send(fd, buf_slice(&out)));
	buf_free(&out);
	return fd;
}

static void
everything_else_is_served(void)
{
	T_EQ(fcgi_ask(responder_socket, "GET", "/socket.io/", SLICE_NONE, &got),
	    400);
	T_SLICE(got.body, CODE0);
}

/* ---- tests ------------------------------------------------------------------- */

static void
a_handshake_is_answered_and_the_connection_closed(void)
{
	struct buf out = BUF_INIT;
	int fd = fcgi_connect(responder_socket);

	request_add(&out, "GET", POLLING, SLICE_NONE, false);
	T_OK(fcgi_send(fd, buf_slice(&out)));
	T_OK(fcgi_receive(fd, &got));
	T_EQ(got.status, 200);
	T_OK(fcgi_is_closed(fd));
	close(fd);
	buf_free(&out);
}

static void
a_kept_connection_serves_many_requests(void)
{
	struct buf out = BUF_INIT;
	int fd = fcgi_connect(responder_socket), i;

	for (i = 0; i < 20; i++) {
		buf_reset(&out);
		request_add(&out, "GET", "/socket.io/", SLICE_NONE, true);
		T_OK(fcgi_send(fd, buf_slice(&out)));
		T_OK(fcgi_receive(fd, &got));
		T_SLICE(got.body, CODE0);
	}
	close(fd);
	buf_free(&out);
}

static void
two_requests_in_one_write_are_two_requests(void)
{
	struct buf out = BUF_INIT;
	struct slice rest;
	int fd = fcgi_connect(responder_socket), ends = 0;
	char bytes[8192];
	ssize_t n;

	request_add(&out, "GET", "/socket.io/", SLICE_NONE, true);
	request_add(&out, "GET", "/socket.io/", SLICE_NONE, false);
	T_OK(fcgi_send(fd, buf_slice(&out)));
	buf_reset(&out);
	while (fcgi_is_readable(fd, PATIENCE_MS) &&
	    (n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		buf_add(&out, slice_of(bytes, (size_t)n));
	for (rest = buf_slice(&out); rest.n >= 8; ends += rest.p[1] == 3,
	    rest = slice_skip(rest, 8 + ((size_t)(unsigned char)rest.p[4] << 8 |
	    (unsigned char)rest.p[5])))
		;
	T_EQ(ends, 2);
	close(fd);
	buf_free(&out);
}

static void
half_a_request_holds_nobody(void)
{
	struct buf out = BUF_INIT;
	size_t cuts[] = { 1, 7, 8, 20, 30, 200 }, i;
	int fds[N_ELEMENTS(cuts)];

	request_add(&out, "GET", "/socket.io/", SLICE_NONE, false);
	for (i = 0; i < N_ELEMENTS(cuts); i++) {
		fds[i] = fcgi_connect(responder_socket);
		T_OK(fcgi_send(fds[i], slice_head(buf_slice(&out), cuts[i])));
	}
	everything_else_is_served();
	for (i = 0; i < N_ELEMENTS(cuts); i++) {
		T_OK(fcgi_send(fds[i], slice_skip(buf_slice(&out), cuts[i])));
		T_OK(fcgi_receive(fds[i], &got));
		T_SLICE(got.body, CODE0);
		close(fds[i]);
	}
	buf_free(&out);
}

static void
a_request_may_come_byte_by_byte(void)
{
	struct buf out = BUF_INIT;
	int fd = fcgi_connect(responder_socket);
	size_t i;

	request_add(&out, "POST", POLLING "&sid=nope", SLICE("40"), true);
	for (i = 0; i < out.n; i++)
		T_OK(fcgi_send(fd, slice_of(out.p + i, 1)));
	T_OK(fcgi_receive(fd, &got));
	T_SLICE(got.body, CODE1);
	close(fd);
	buf_free(&out);
}

static void
silence_and_idle_connections_hold_nobody(void)
{
	int fds[50], i;

	for (i = 0; i < 50; i++)
		T_OK((fds[i] = fcgi_connect(responder_socket)) != -1);
	everything_else_is_served();
	for (i = 0; i < 50; i++)
		close(fds[i]);
}

static const struct {
	const char *what;
	struct slice bytes;
} garbage[] = {
	{ "HTTP", { "GET / HTTP/1.0\r\n\r\n", 18 } },
	{ "another version", { "\2\1\0\7\0\10\0\0\0\1\0\0\0\0\0\0", 16 } },
	{ "a short begin", { "\1\1\0\7\0\4\0\0\0\1\0\0", 12 } },
	{ "another role", { "\1\1\0\7\0\10\0\0\0\2\0\0\0\0\0\0", 16 } },
	{ "a body before its parameters", { "\1\1\0\7\0\10\0\0\0\1\0\0\0\0\0\0"
	    "\1\5\0\7\0\0\0\0", 24 } },
	{ "two begins", { "\1\1\0\7\0\10\0\0\0\1\0\0\0\0\0\0"
	    "\1\1\0\7\0\10\0\0\0\1\0\0\0\0\0\0", 32 } },
	{ "lengths of 0x7ffffffe", { "\1\1\0\7\0\10\0\0\0\1\0\0\0\0\0\0"
	    "\1\4\0\7\0\10\0\0\377\377\377\376\377\377\377\376"
	    "\1\4\0\7\0\0\0\0\1\5\0\7\0\0\0\0", 48 } },
	{ "a name without its value", { "\1\1\0\7\0\10\0\0\0\1\0\0\0\0\0\0"
	    "\1\4\0\7\0\4\0\0\5\5ab\1\4\0\7\0\0\0\0"
	    "\1\5\0\7\0\0\0\0", 44 } },
	{ "an abort at once", { "\1\1\0\7\0\10\0\0\0\1\0\0\0\0\0\0"
	    "\1\2\0\7\0\0\0\0", 24 } },
};

static void
garbage_ends_its_connection_and_nothing_else(void)
{
	size_t i;
	int fd;

	for (i = 0; i < N_ELEMENTS(garbage); i++) {
		fd = fcgi_connect(responder_socket);
		fcgi_send(fd, garbage[i].bytes);
		if (!fcgi_is_closed(fd))
			T_FAIL("%s was not refused", garbage[i].what);
		close(fd);
	}
	everything_else_is_served();
}

static void
a_large_body_arrives_whole(void)
{
	static char body[300000];
	greet();
	/* An event that no namespace was joined for ends the session: the body
	 * was read to its end, and understood. */
	memset(body, 'x', sizeof(body));
	memcpy(body, "42[\"a\",\"", 8);
	memcpy(body + sizeof(body) - 2, "\"]", 2);
	T_EQ(fcgi_ask(responder_socket, "POST", session_target(1),
	    slice_of(body, sizeof(body)), &got), 200);
	T_SLICE(got.body, "ok");
}

static void
a_body_past_the_limit_is_413(void)
{
	static char body[1200000];

	greet();
	memset(body, 'x', sizeof(body));
	T_EQ(fcgi_ask(responder_socket, "POST", session_target(1),
	    slice_of(body, sizeof(body)), &got), 413);
	T_EQ(fcgi_ask(responder_socket, "POST", session_target(2), SLICE("40"),
	    &got), 200);
}

static void
a_parked_poll_is_woken_by_a_post(void)
{
	int fd;

	greet();
	fd = poll_park(1, false);
	T_OK(!fcgi_is_readable(fd, 50));
	T_EQ(fcgi_ask(responder_socket, "POST", session_target(2), SLICE("40"),
	    &got), 200);
	T_OK(fcgi_receive(fd, &got));
	T_EQ(got.status, 200);
	T_OK(slice_starts(got.body, SLICE("40{\"sid\":\"")));
	close(fd);
}

static void
a_poll_whose_client_is_gone_gives_its_place_away(void)
{
	int fd;

	greet();
	fd = poll_park(1, false);
	T_OK(!fcgi_is_readable(fd, 50));
	close(fd);
	everything_else_is_served();    /* the hang-up was heard before this */
	fd = poll_park(2, false);
	T_OK(!fcgi_is_readable(fd, 50));
	T_EQ(fcgi_ask(responder_socket, "POST", session_target(3), SLICE("40"),
	    &got), 200);
	T_OK(fcgi_receive(fd, &got));
	T_EQ(got.status, 200);
	close(fd);
}

/* An end without a response. */
static void
only_the_end_comes(int fd)
{
	T_OK(fcgi_receive(fd, &got));
	T_EQ(got.bytes.n, 16);
	T_EQ(got.content.n, 0);
}

static void
an_abort_of_a_parked_poll_ends_it_and_no_more(void)
{
	struct buf out = BUF_INIT;
	int fd;

	greet();
	fd = poll_park(1, true);
	T_OK(!fcgi_is_readable(fd, 50));
	T_OK(fcgi_send(fd, SLICE("\1\2\0\7\0\0\0\0")));
	only_the_end_comes(fd);
	request_add(&out, "GET", "/socket.io/", SLICE_NONE, false);
	T_OK(fcgi_send(fd, buf_slice(&out)));
	T_OK(fcgi_receive(fd, &got));
	T_SLICE(got.body, CODE0);
	T_OK(fcgi_is_closed(fd));
	close(fd);
	buf_free(&out);
}

static void
a_request_with_its_abort_behind_it_is_not_served(void)
{
	struct buf out = BUF_INIT;
	int fd = fcgi_connect(responder_socket);

	request_add(&out, "GET", "/socket.io/", SLICE_NONE, false);
	buf_add(&out, SLICE("\1\2\0\7\0\0\0\0"));
	T_OK(fcgi_send(fd, buf_slice(&out)));
	only_the_end_comes(fd);
	T_OK(fcgi_is_closed(fd));
	close(fd);
	buf_free(&out);
}

static void
a_front_that_ends_its_side_hears_the_end(void)
{
	int fd;

	greet();
	fd = poll_park(1, true);
	T_OK(!fcgi_is_readable(fd, 50));
	T_EQ(shutdown(fd, SHUT_WR), 0);
	only_the_end_comes(fd);
	T_OK(fcgi_is_closed(fd));
	close(fd);
}

static void
a_kept_connection_hears_what_we_cannot_do(void)
{
	struct buf out = BUF_INIT;
	int fd = fcgi_connect(responder_socket);

	buf_add(&out, SLICE("\1\11\0\0\0\0\0\0"));        /* GET_VALUES */
	buf_add(&out, SLICE("\1\1\0\7\0\10\0\0\0\2\1\0\0\0\0\0"));
	T_OK(fcgi_send(fd, buf_slice(&out)));
	T_OK(fcgi_receive(fd, &got));
	T_OK(slice_eq(buf_slice(&got.bytes), SLICE("\1\12\0\0\0\0\0\0"
	    "\1\3\0\7\0\10\0\0" "\0\0\0\0\3\0\0\0")));
	buf_reset(&out);
	request_add(&out, "GET", "/socket.io/", SLICE_NONE, true);
	T_OK(fcgi_send(fd, buf_slice(&out)));
	T_OK(fcgi_receive(fd, &got));
	T_SLICE(got.body, CODE0);
	close(fd);
	buf_free(&out);
}

static void
a_front_that_does_not_read_holds_nobody(void)
{
	struct buf out = BUF_INIT;
	int fd = fcgi_connect(responder_socket);

	request_add(&out, "GET", "/socket.io/socket.io.js", SLICE_NONE, true);
	T_OK(fcgi_send(fd, buf_slice(&out)));
	T_OK(fcgi_is_readable(fd, PATIENCE_MS));
	everything_else_is_served();
	T_OK(fcgi_receive(fd, &got));
	T_EQ(got.status, 200);
	T_EQ(got.body.n, 3000000);
	/* and the connection is good for more */
	buf_reset(&out);
	request_add(&out, "GET", "/socket.io/", SLICE_NONE, true);
	T_OK(fcgi_send(fd, buf_slice(&out)));
	T_OK(fcgi_receive(fd, &got));
	T_SLICE(got.body, CODE0);
	close(fd);
	buf_free(&out);
}

/* A poll of 0.9: the connection that waits. */
static int
old_poll(void)
{
	struct buf out = BUF_INIT;
	int fd = fcgi_connect(responder_socket);
	char target[96];

	snprintf(target, sizeof(target), "/socket.io/1/xhr-polling/%s?t=1", sid);
	request_add(&out, "GET", target, SLICE_NONE, false);
	T_OK(fcgi_send(fd, buf_slice(&out)));
	buf_free(&out);
	return fd;
}

static void
old_say(struct slice text)
{
	char target[96];

	snprintf(target, sizeof(target), "/socket.io/1/xhr-polling/%s?t=1", sid);
	T_EQ(fcgi_ask(responder_socket, "POST", target, text, &got), 200);
	T_SLICE(got.body, "1");
}

/* More than the sockets between us hold, so that its end is not written yet when
 * the front goes. */
static void
what_a_front_did_not_take_a_client_of_0_9_hears_by_its_next_poll(void)
{
	struct buf said = BUF_INIT;
	int fd;

	T_EQ(fcgi_ask(responder_socket, "GET", "/socket.io/1/?t=0", SLICE_NONE,
	    &got), 200);
	memcpy(sid, got.body.p, 20);
	fd = old_poll();
	T_OK(fcgi_receive(fd, &got));
	T_SLICE(got.body, "1::");
	close(fd);
	old_say(SLICE("5:1+::{\"name\":\"subscribe\",\"args\":[\"room\"]}"));
	fd = old_poll();
	T_OK(fcgi_receive(fd, &got));
	close(fd);
	fd = old_poll();
	buf_str(&said, "5:::{\"name\":\"publish\",\"args\":[\"room\",\"big\",\"");
	buf_reserve(&said, 900000);
	memset(said.p + said.n, 'x', 900000);
	said.n += 900000;
	buf_str(&said, "\"]}");
	old_say(buf_slice(&said));
	T_OK(fcgi_is_readable(fd, PATIENCE_MS));
	close(fd);
	fd = old_poll();
	T_OK(fcgi_receive(fd, &got));
	T_OK(slice_starts(got.body, SLICE("5:::{\"name\":\"big\",\"args\":[\"xxx")));
	T_OK(got.body.n > 900000);
	close(fd);
	buf_free(&said);
}

static void
a_second_responder_does_not_take_a_living_ones_name(void)
{
	const char *const argv[] = { "siogate.fcgi", "--config", responder_conf,
	    "--listen", responder_socket, NULL };

	T_EQ(responder_wait(responder_spawn(argv, -1, -1)), 1);
	everything_else_is_served();
}

static void
a_name_that_a_dead_one_left_is_taken(void)
{
	kill(responder_pid, SIGKILL);
	T_EQ(responder_wait(responder_pid), 128 + SIGKILL);
	T_EQ(access(responder_socket, F_OK), 0);
	unlink(responder_log);
	responder_start(LINES);
	everything_else_is_served();
}

static void
the_socket_is_for_owner_and_group_only(void)
{
	struct stat st;

	T_EQ(stat(responder_socket, &st), 0);
	T_EQ(st.st_mode & 0777, 0660);
}

static void
sigterm_answers_the_parked_and_leaves_with_0(void)
{
	int fds[100], i;

	for (i = 0; i < 100; i++) {
		greet();
		fds[i] = poll_park(1, i % 2 == 0);
	}
	everything_else_is_served();
	T_EQ(responder_stop(), 0);
	for (i = 0; i < 100; i++) {
		T_OK(fcgi_receive(fds[i], &got));
		T_EQ(got.status, 200);
		T_SLICE(got.body, "6");
		close(fds[i]);
	}
	T_EQ(access(responder_socket, F_OK), -1);
	responder_start(LINES);
}

static void
two_thousand_polls_park_in_one_process(void)
{
	enum { N = 2000 };
	struct rlimit limit;
	long before, after;
	int *fds, i;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < N + 200)
		T_SKIP("not enough descriptors");
	fds = mem_alloc(N * sizeof(*fds));
	greet();
	before = responder_pss(responder_pid);
	for (i = 0; i < N; i++) {
		greet();
		fds[i] = poll_park(1, false);
	}
	everything_else_is_served();
	after = responder_pss(responder_pid);
	printf("# a parked poll: %.1f kB\n", (double)(after - before) / N);
	T_EQ(responder_stop(), 0);
	for (i = 0; i < N; i++) {
		T_OK(fcgi_receive(fds[i], &got));
		T_SLICE(got.body, "6");
		close(fds[i]);
	}
	free(fds);
	responder_start(LINES);
}

static void
more_polls_than_descriptors_are_refused(void)
{
	enum { LIMIT = 200, MOST = LIMIT - 64, GREETED = MOST - MOST / 16 };
	char *sids[MOST], last[sizeof(sid)];
	int fds[MOST], i;

	greet();                        /* it has come as far as to hear signals */
	T_EQ(responder_stop(), 0);
	responder_descriptors = LIMIT;
	responder_start(LINES "slots = 0\n");
	for (i = 0; i < MOST; i++) {
		greet();
		sids[i] = mem_strdup(sid);
	}
	greet();
	strcpy(last, sid);
	for (i = 0; i < MOST; i++) {
		if (i == GREETED) {     /* polls still have places */
			everything_else_is_served();
			T_EQ(fcgi_ask(responder_socket, "GET", POLLING "&t=0",
			    SLICE_NONE, &got), 503);
		}
		strcpy(sid, sids[i]);
		free(sids[i]);
		fds[i] = poll_park(1, false);
	}
	everything_else_is_served();
	strcpy(sid, last);
	T_EQ(fcgi_ask(responder_socket, "GET", session_target(1), SLICE_NONE,
	    &got), 503);
	T_OK(strstr(got.content.p, "Retry-After: 5\r\n") != NULL);
	/* who sits stays, and sends are taken */
	T_OK(!fcgi_is_readable(fds[0], 0));
	T_EQ(fcgi_ask(responder_socket, "POST", session_target(2), SLICE("40"),
	    &got), 200);
	close(fds[0]);
	everything_else_is_served();
	/* the place is free once the hang-up was heard */
	for (i = 0; i < 1000 && fcgi_ask(responder_socket, "GET",
	    session_target(3), SLICE_NONE, &got) == 503; i++)
		;
	T_EQ(got.status, 200);
	T_EQ(responder_stop(), 0);
	for (i = 1; i < MOST; i++) {
		T_OK(fcgi_receive(fds[i], &got));
		T_EQ(got.status, 200);
		close(fds[i]);
	}
}

static void
running_out_of_descriptors_passes(void)
{
	int fds[250], i;

	responder_start(LINES);
	for (i = 0; i < 250; i++)
		T_OK((fds[i] = fcgi_connect(responder_socket)) != -1);
	T_OK(!fcgi_is_readable(fds[0], 200));
	for (i = 0; i < 250; i++)
		close(fds[i]);
	everything_else_is_served();
	T_EQ(responder_stop(), 0);
	responder_descriptors = 0;
	responder_start(LINES);
}

static void
client_make(void)
{
	char *path = mem_printf("%s/client", responder_dir), *file;
	FILE *f;
	int i;

	mkdir(path, 0700);
	file = mem_printf("%s/socket.io.js", path);
	if ((f = fopen(file, "w")) != NULL) {
		for (i = 0; i < 30000; i++)
			fprintf(f, "%0100d", i);
		fclose(f);
	}
	free(file);
	free(path);
}

/* ---- a crew ------------------------------------------------------------------- */

/* Under mod_fcgid only who is busy makes another process. */
static void
the_end_of_a_post_is_late_while_one_process_takes_them_all(void)
{
	char *second = mem_printf("%s/second", responder_dir);
	const char *const argv[] = { "siogate.fcgi", "--config", responder_conf,
	    "--listen", second, NULL };
	struct buf out = BUF_INIT;
	char head[2000], first[sizeof(sid)], other[sizeof(sid)];
	int fd, i;
	pid_t pid;
	ssize_t n;

	responder_start(LINES "senders = 2\n");
	greet();
	memcpy(first, sid, sizeof(first));
	for (i = 0; i < 6; i++) {               /* of one client: they do not meet */
		T_EQ(fcgi_ask(responder_socket, "POST", session_target(i), SLICE("3"),
		    &got), 200);
		T_OK(memmem(got.content.p, got.content.n, "Connection:", 11) == NULL);
	}
	greet();
	for (i = 0; i < 3; i++) {
		memcpy(other, sid, sizeof(other));
		memcpy(sid, first, sizeof(sid));
		memcpy(first, other, sizeof(first));
		T_EQ(fcgi_ask(responder_socket, "POST", session_target(10 + i), SLICE("3"),
		    &got), 200);
	}
	memcpy(sid, first, sizeof(sid));
	T_OK((fd = fcgi_connect(responder_socket)) != -1);
	request_add(&out, "POST", session_target(4), SLICE("40"), false);
	T_OK(fcgi_send(fd, buf_slice(&out)));
	T_OK(fcgi_is_readable(fd, PATIENCE_MS));
	T_OK((n = recv(fd, head, sizeof(head), MSG_PEEK)) > 0);
	T_OK(memmem(head, (size_t)n, "\r\n\r\nok", 6) != NULL);
	T_EQ(head[n - 1], 'k');                 /* all of it, but not its end */
	T_OK(memmem(head, (size_t)n, "Connection: close\r\n", 19) != NULL);

	/* Another one takes POSTs: that is enough, and neither is kept again. */
	pid = responder_spawn(argv, -1, -1);
	responder_await(second);
	T_EQ(fcgi_ask(second, "POST", session_target(5), SLICE("3"), &got), 200);
	T_OK(memmem(got.content.p, got.content.n, "Connection:", 11) == NULL);
	T_OK(fcgi_receive(fd, &got));
	T_EQ(got.status, 200);

	close(fd);
	kill(pid, SIGTERM);
	T_EQ(responder_wait(pid), 0);
	buf_free(&out);
	free(second);
}

int
main(void)
{
	responder_init();
	client_make();
	responder_start(LINES RULES);
	T_RUN(a_handshake_is_answered_and_the_connection_closed);
	T_RUN(a_kept_connection_serves_many_requests);
	T_RUN(two_requests_in_one_write_are_two_requests);
	T_RUN(half_a_request_holds_nobody);
	T_RUN(a_request_may_come_byte_by_byte);
	T_RUN(silence_and_idle_connections_hold_nobody);
	T_RUN(garbage_ends_its_connection_and_nothing_else);
	T_RUN(a_large_body_arrives_whole);
	T_RUN(a_body_past_the_limit_is_413);
	T_RUN(a_parked_poll_is_woken_by_a_post);
	T_RUN(a_poll_whose_client_is_gone_gives_its_place_away);
	T_RUN(an_abort_of_a_parked_poll_ends_it_and_no_more);
	T_RUN(a_request_with_its_abort_behind_it_is_not_served);
	T_RUN(a_front_that_ends_its_side_hears_the_end);
	T_RUN(a_kept_connection_hears_what_we_cannot_do);
	T_RUN(a_front_that_does_not_read_holds_nobody);
	T_RUN(what_a_front_did_not_take_a_client_of_0_9_hears_by_its_next_poll);
	T_RUN(a_second_responder_does_not_take_a_living_ones_name);
	T_RUN(the_socket_is_for_owner_and_group_only);
	T_RUN(a_name_that_a_dead_one_left_is_taken);
	T_RUN(sigterm_answers_the_parked_and_leaves_with_0);
	T_RUN(two_thousand_polls_park_in_one_process);
	T_RUN(more_polls_than_descriptors_are_refused);
	T_RUN(running_out_of_descriptors_passes);
	T_RUN(the_end_of_a_post_is_late_while_one_process_takes_them_all);
	answer_free(&got);
	T_RUN(everything_else_is_served);
	answer_free(&got);
	if (responder_stop() != 0)
		printf("# the responder did not leave with 0\n");
	responder_fini();
	return t_end();
}
