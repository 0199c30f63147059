/*
 * ws_http1_test.c - siogate-ws takes HTTP/1.1 as it comes, and bounds it
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/ws_server.h"

#define LINES "max_payload = 1000\n"
/* So short that one waits for them, and longer than a busy machine takes to read. */
#define QUICK LINES "ws_head_time = 3s\nws_body_time = 3s\nws_idle_time = 4s\n"
#define H "Host: h\r\n"
#define POLLING "/socket.io/?EIO=4&transport=polling"
#define HEALTH "GET /healthz HTTP/1.1\r\n" H "\r\n"

static struct fcgi_answer got;
static struct buf rest;
static int fd = -1;
static char sid[32];

static void
connect_anew(void)
{
	if (fd != -1)
		close(fd);
	buf_free(&rest);
	T_OK((fd = server_connect()) != -1);
}

static int
receive(void)
{
	return client_receive(fd, &rest, &got, true) ? got.status : -1;
}

static int
asked(const char *request)
{
	T_OK(client_send(fd, slice_str(request)));
	return receive();
}

static int
posted(const char *body)
{
	char *request = mem_printf("POST " POLLING "&sid=%s HTTP/1.1\r\n" H
	    "Content-Length: %zu\r\n\r\n%s", sid, strlen(body), body);
	int status = asked(request);

	free(request);
	return status;
}

static void
open_session(void)
{
	const char *from;

	T_EQ(asked("GET " POLLING " HTTP/1.1\r\n" H "\r\n"), 200);
	T_OK((from = strstr(got.body, "\"sid\":\"")) != NULL);
	snprintf(sid, sizeof(sid), "%.20s", from + 7);
}

static char *
poll_request(void)
{
	return mem_printf("GET " POLLING "&sid=%s HTTP/1.1\r\n" H "\r\n", sid);
}

/* ---- what is asked for ------------------------------------------------------------- */

static void
a_connection_serves_one_request_after_the_other(void)
{
	char *poll;

	connect_anew();
	open_session();
	T_EQ(posted("40"), 200);
	T_STR(got.body, "ok");
	poll = poll_request();
	T_EQ(asked(poll), 200);
	T_OK(strncmp(got.body, "40{\"sid\":", 9) == 0);
	T_STR(answer_header(&got, "Connection"), "");
	T_OK(strlen(answer_header(&got, "Date")) == 29);
	free(poll);
}

static void
health_is_told(void)
{
	connect_anew();
	T_EQ(asked(HEALTH), 200);
	T_STR(got.body, "ok\n");
}

static void
a_request_may_come_byte_by_byte(void)
{
	const char *request = "\r\nPOST " POLLING "&sid=none HTTP/1.1\r\n" H
	    "Content-Length: 2\r\n\r\n40" HEALTH;
	size_t i;

	connect_anew();
	for (i = 0; request[i] != '\0'; i++)
		T_OK(client_send(fd, slice_of(request + i, 1)));
	T_EQ(receive(), 400);
	T_OK(strstr(got.body, "Session ID unknown") != NULL);
	T_EQ(receive(), 200);
}

static void
requests_sent_together_are_answered_in_order(void)
{
	struct buf all = BUF_INIT;
	int i;

	connect_anew();
	open_session();
	for (i = 0; i < 50; i++) {
		buf_str(&all, HEALTH);
		buf_printf(&all, "POST " POLLING "&sid=%s HTTP/1.1\r\n" H
		    "Content-Length: 1\r\n\r\n3", sid);
		buf_str(&all, "GET /nothing HTTP/1.1\r\n" H "\r\n");
	}
	T_OK(client_send(fd, buf_slice(&all)));
	for (i = 0; i < 50; i++) {
		T_EQ(receive(), 200);
		T_STR(got.body, "ok\n");
		T_EQ(receive(), 200);
		T_STR(got.body, "ok");
		T_EQ(receive(), 404);
	}
	T_EQ(rest.n, 0);
	buf_free(&all);
}

static void
what_is_behind_a_parked_poll_waits_for_its_end(void)
{
	char *poll;
	int other;

	connect_anew();
	other = fd;
	open_session();
	T_EQ(posted("40"), 200);
	poll = poll_request();
	T_EQ(asked(poll), 200);
	T_OK(client_send(fd, slice_str(poll)));
	SEND(fd, HEALTH);
	fd = server_connect();
	buf_free(&rest);
	T_EQ(posted("1"), 200);         /* ends the session, so the poll */
	close(fd);
	fd = other;
	buf_free(&rest);
	T_EQ(receive(), 200);
	T_STR(got.body, "6");
	T_EQ(receive(), 200);
	T_STR(got.body, "ok\n");
	free(poll);
}

static void
bodies_may_come_in_chunks(void)
{
	char *head;

	connect_anew();
	open_session();
	head = mem_printf("POST " POLLING "&sid=%s HTTP/1.1\r\n" H
	    "Transfer-Encoding: chunked\r\n\r\n1\r\n4\r\n", sid);
	T_OK(client_send(fd, slice_str(head)));
	SEND(fd, "1;x\r\n0\r\n0\r\nA: b\r\n\r\n" HEALTH);
	T_EQ(receive(), 200);
	T_STR(got.body, "ok");
	T_EQ(receive(), 200);
	T_STR(got.body, "ok\n");
	free(head);
}

static void
a_client_that_expects_100_is_told_to_go_on(void)
{
	connect_anew();
	SEND(fd, "POST " POLLING "&sid=none HTTP/1.1\r\n" H "Content-Length: 2\r\n"
	    "Expect: 100-continue\r\n\r\n");
	T_EQ(receive(), 100);
	SEND(fd, "40");
	T_EQ(receive(), 400);
	/* Not for a body that will not be taken. */
	connect_anew();
	open_session();
	{
		char *head = mem_printf("POST " POLLING "&sid=%s HTTP/1.1\r\n" H
		    "Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n", sid);

		T_EQ(asked(head), 413);
		free(head);
	}
	T_OK(client_is_closed(fd));
}

static void
the_old_version_is_answered_and_closed(void)
{
	connect_anew();
	T_EQ(asked("GET /healthz HTTP/1.0\r\n\r\n"), 200);
	T_STR(answer_header(&got, "Connection"), "close");
	T_OK(client_is_closed(fd));
	connect_anew();
	T_EQ(asked("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 200);
	T_STR(answer_header(&got, "Connection"), "keep-alive");
	T_EQ(asked("GET /healthz HTTP/1.1\r\n" H "Connection: close\r\n\r\n"), 200);
	T_OK(client_is_closed(fd));
}

static void
head_gets_no_body(void)
{
	connect_anew();
	SEND(fd, "HEAD /nothing HTTP/1.1\r\n" H "\r\n" HEALTH);
	T_OK(client_receive(fd, &rest, &got, false));
	T_EQ(got.status, 404);
	T_EQ(receive(), 200);
}

static void
an_upgrade_is_refused_in_words(void)
{
	connect_anew();
	T_EQ(asked("GET /socket.io/?EIO=4&transport=pigeon HTTP/1.1\r\n" H
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Version: 13\r\n\r\n"), 400);
	T_STR(answer_header(&got, "Connection"), "close");
	T_OK(got.body_n > 0);
	T_OK(client_is_closed(fd));
}

/* ---- what is refused ---------------------------------------------------------------- */

static void
refused(const char *request, int status)
{
	connect_anew();
	T_EQ(asked(request), status);
	T_STR(answer_header(&got, "Connection"), "close");
	T_OK(client_is_closed(fd));
}

static void
broken_requests_are_refused_and_end_the_connection(void)
{
	refused("\x16\x03\x01\r\n\r\n", 501);
	refused("GET / HTTP/1.1\r\n\r\n", 400);
	refused("GET / HTTP/3.0\r\n" H "\r\n", 505);
	refused("GET / HTTP/1.1\r\n" H "Bad header\r\n\r\n", 400);
	refused("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400);
	refused("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n", 400);
	refused("GET / HTTP/1.1\r\n" H "Expect: nothing\r\n\r\n", 417);
}

static void
long_heads_are_refused(void)
{
	struct buf head = BUF_INIT;
	int i;

	buf_str(&head, "GET /healthz HTTP/1.1\r\n" H "X: ");
	for (i = 0; i < 17000; i++)
		buf_char(&head, 'x');
	buf_str(&head, "\r\n\r\n");
	buf_char(&head, '\0');
	refused(head.p, 431);
	buf_reset(&head);
	buf_str(&head, "GET /");
	for (i = 0; i < 17000; i++)
		buf_char(&head, 'x');
	buf_str(&head, " HTTP/1.1\r\n" H "\r\n");
	buf_char(&head, '\0');
	refused(head.p, 414);
	buf_reset(&head);
	buf_str(&head, "GET /healthz HTTP/1.1\r\n" H);
	for (i = 0; i < 120; i++)
		buf_str(&head, "A: b\r\n");
	buf_str(&head, "\r\n");
	buf_char(&head, '\0');
	refused(head.p, 431);
	buf_free(&head);
}

static void
large_bodies_are_refused_and_the_answer_is_seen(void)
{
	struct buf request = BUF_INIT;
	int i;

	connect_anew();
	open_session();
	buf_printf(&request, "POST " POLLING "&sid=%s HTTP/1.1\r\n" H
	    "Content-Length: 300000\r\n\r\n", sid);
	for (i = 0; i < 300000; i++)
		buf_char(&request, 'x');
	/* All of it is sent before the answer is looked for. */
	T_OK(client_send(fd, buf_slice(&request)));
	T_EQ(receive(), 413);
	T_OK(shutdown(fd, SHUT_WR) == 0);
	T_OK(client_is_closed(fd));
	buf_reset(&request);
	connect_anew();
	buf_printf(&request, "POST " POLLING "&sid=%s HTTP/1.1\r\n" H
	    "Transfer-Encoding: chunked\r\n\r\n300\r\n", sid);
	for (i = 0; i < 0x300; i++)
		buf_char(&request, 'x');
	buf_str(&request, "\r\n300\r\nx");
	T_OK(client_send(fd, buf_slice(&request)));
	T_EQ(receive(), 413);
	/* The session has survived both. */
	connect_anew();
	T_EQ(posted("40"), 200);
	buf_free(&request);
}

static void
slow_clients_are_told_and_cut_off(void)
{
	connect_anew();
	SEND(fd, "GET /heal");
	T_EQ(receive(), 408);
	T_OK(client_is_closed(fd));
	connect_anew();
	SEND(fd, "POST /socket.io/ HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n123");
	T_EQ(receive(), 408);
	T_OK(client_is_closed(fd));
}

static void
silent_connections_are_closed_without_a_word(void)
{
	connect_anew();
	T_OK(client_is_closed(fd));
	connect_anew();
	T_EQ(asked(HEALTH), 200);
	T_OK(client_is_closed(fd));
}

static void
drops_of_a_head_do_not_prolong_its_time(void)
{
	struct pollfd p = { .events = POLLIN };
	int drops = 0;

	connect_anew();
	SEND(fd, "GET /healthz HTTP/1.1\r\n");
	p.fd = fd;
	while (poll(&p, 1, 100) == 0 && drops++ < 500)
		SEND(fd, "X: y\r\n");
	T_OK(drops < 100);
	T_EQ(receive(), 408);
}

/* ---- the end ---------------------------------------------------------------------------- */

static void
a_hang_up_frees_the_poll(void)
{
	char *poll;
	int other;

	connect_anew();
	open_session();
	T_EQ(posted("40"), 200);
	poll = poll_request();
	T_EQ(asked(poll), 200);
	T_OK(client_send(fd, slice_str(poll)));
	/* Answered in a later turn than the one that heard the hang-up. */
	connect_anew();
	T_EQ(asked(HEALTH), 200);
	/* Another poll overlaps with nothing. */
	T_OK(client_send(fd, slice_str(poll)));
	other = fd;
	fd = server_connect();
	T_EQ(posted("1"), 200);
	close(fd);
	fd = other;
	T_EQ(receive(), 200);
	T_STR(got.body, "6");
	free(poll);
}

static void
leaving_answers_those_who_wait(void)
{
	char *poll;
	int waiting, idle;

	connect_anew();
	open_session();
	T_EQ(posted("40"), 200);
	poll = poll_request();
	T_EQ(asked(poll), 200);
	T_OK(client_send(fd, slice_str(poll)));
	/* What was asked behind it is answered: so the poll is there. */
	waiting = fd;
	fd = -1;
	connect_anew();
	T_EQ(asked(HEALTH), 200);
	close(fd);
	fd = waiting;
	idle = server_connect();
	kill(server_pid, SIGTERM);
	T_EQ(receive(), 200);
	T_STR(got.body, "6");
	T_STR(answer_header(&got, "Connection"), "close");
	T_OK(client_is_closed(fd));
	T_OK(client_is_closed(idle));
	close(fd);
	fd = -1;
	close(idle);
	T_EQ(server_wait(server_pid), 0);
	free(poll);
	server_start(LINES);
}

static void
processes_share_a_port(void)
{
	pid_t first = server_pid;
	int i;

	server_start(LINES);
	kill(first, SIGTERM);
	T_EQ(server_wait(first), 0);
	for (i = 0; i < 20; i++) {
		connect_anew();
		T_EQ(asked(HEALTH), 200);
	}
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

int
main(void)
{
	server_init();
	server_start(LINES);
	T_RUN(a_connection_serves_one_request_after_the_other);
	T_RUN(health_is_told);
	T_RUN(a_request_may_come_byte_by_byte);
	T_RUN(requests_sent_together_are_answered_in_order);
	T_RUN(what_is_behind_a_parked_poll_waits_for_its_end);
	T_RUN(bodies_may_come_in_chunks);
	T_RUN(a_client_that_expects_100_is_told_to_go_on);
	T_RUN(the_old_version_is_answered_and_closed);
	T_RUN(head_gets_no_body);
	T_RUN(an_upgrade_is_refused_in_words);
	T_RUN(broken_requests_are_refused_and_end_the_connection);
	T_RUN(long_heads_are_refused);
	T_RUN(large_bodies_are_refused_and_the_answer_is_seen);
	start_anew(QUICK);
	T_RUN(slow_clients_are_told_and_cut_off);
	T_RUN(silent_connections_are_closed_without_a_word);
	T_RUN(drops_of_a_head_do_not_prolong_its_time);
	start_anew(LINES);
	T_RUN(a_hang_up_frees_the_poll);
	T_RUN(leaving_answers_those_who_wait);
	T_RUN(processes_share_a_port);
	T_RUN(health_is_told);
	if (fd != -1)
		close(fd);
	T_RUN(it_leaves_with_0);
	answer_free(&got);
	buf_free(&rest);
	server_fini();
	return t_end();
}
