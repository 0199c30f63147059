/*
 * ws_request_test.c - the head of an HTTP/1 request
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/buf.h"
#include "tests/t.h"
#include "ws/request.h"

static struct request request;
static const char *fault;

static int
parsed(struct slice head)
{
	size_t looked = 0;
	int status;

	T_EQ(request_head_end(head, &looked), head.n);
	status = request_parse(head, &request, &fault);
	T_EQ(status != 0, fault != NULL);
	return status;
}

#define PARSED(literal) parsed(SLICE(literal))
#define H "Host: h\r\n"

static void
a_head_ends_where_its_empty_line_ends(void)
{
	static const struct slice heads[] = {
		SLICE("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
		SLICE("GET / HTTP/1.1\nHost: h\n\n"),
		SLICE("GET / HTTP/1.1\r\n\r\n"),
		SLICE("A: \r\r\nB\n\r\r\r\n\r\n"),
	};
	struct buf more = BUF_INIT;
	size_t i, n, looked;

	for (i = 0; i < N_ELEMENTS(heads); i++) {
		buf_reset(&more);
		buf_add(&more, heads[i]);
		buf_str(&more, "body\r\n\r\n");
		looked = 0;
		T_EQ(request_head_end(buf_slice(&more), &looked), heads[i].n);
		/* However it is cut, and not looked at twice. */
		for (looked = 0, n = 0; n < heads[i].n; n++)
			T_EQ(request_head_end(slice_head(heads[i], n), &looked), 0);
		T_EQ(request_head_end(heads[i], &looked), heads[i].n);
		T_OK(looked + 4 >= heads[i].n);
	}
	buf_free(&more);
}

static void
target_and_headers_come_as_they_were_sent(void)
{
	T_EQ(PARSED("GET /socket.io//x/?EIO=4&a=%2F#no HTTP/1.1\r\n"
	    "Host: example.org:8080\r\nX-One:1\r\nx-one: \t 2 \t\r\nEmpty:\r\n"
	    "Cookie: a=\xc3\xa9; b\r\n\r\n"), 0);
	T_SLICE(request.method, "GET");
	T_SLICE(request.target, "/socket.io//x/?EIO=4&a=%2F#no");
	T_EQ(request.n_headers, 5);
	T_SLICE(request.headers[1].name, "X-One");
	T_SLICE(request.headers[1].value, "1");
	T_SLICE(request.headers[2].value, "2");
	T_SLICE(request_header(&request, "empty"), "");
	T_OK(request_header(&request, "empty").p != NULL);
	T_OK(request_header(&request, "missing").p == NULL);
	T_SLICE(request_header(&request, "X-ONE"), "1");
	T_SLICE(request_header(&request, "cookie"), "a=\xc3\xa9; b");
	T_EQ(PARSED("GET http://h/x HTTP/1.1\r\n" H "\r\n"), 0);
	T_SLICE(request.target, "http://h/x");
}

static void
connections_are_kept_as_the_version_says(void)
{
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "\r\n"), 0);
	T_OK(request.keep_alive);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n"), 0);
	T_OK(!request.keep_alive);
	T_EQ(PARSED("GET / HTTP/1.0\r\n\r\n"), 0);
	T_OK(!request.keep_alive);
	T_EQ(request.minor, 0);
	T_EQ(PARSED("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 0);
	T_OK(request.keep_alive);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "Connection: x, Upgrade\r\n"
	    "Upgrade: websocket\r\n\r\n"), 0);
	T_OK(request.keep_alive);
	T_OK(request_has_word(&request, "connection", "upgrade"));
	T_OK(!request_has_word(&request, "connection", "up"));
}

static void
bodies_are_announced(void)
{
	T_EQ(PARSED("POST / HTTP/1.1\r\n" H "Content-Length: 42\r\n\r\n"), 0);
	T_EQ(request.length, 42);
	T_OK(!request.is_chunked && !request.wants_continue);
	T_EQ(PARSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"
	    "Expect: 100-Continue\r\n\r\n"), 0);
	T_OK(request.is_chunked && request.wants_continue);
	T_EQ(request.length, 0);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "\r\n"), 0);
	T_EQ(request.length, 0);
	T_OK(!request.is_chunked);
}

static void
a_body_with_two_lengths_is_refused(void)
{
	T_EQ(PARSED("POST / HTTP/1.1\r\n" H "Content-Length: 4\r\n"
	    "Content-Length: 5\r\n\r\n"), 400);
	T_EQ(PARSED("POST / HTTP/1.1\r\n" H "Content-Length: 4\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n"), 400);
	T_EQ(PARSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"
	    "Content-Length: 4\r\n\r\n"), 400);
	T_EQ(PARSED("POST / HTTP/1.1\r\n" H "Content-Length: 4 4\r\n\r\n"), 400);
	T_EQ(PARSED("POST / HTTP/1.1\r\n" H "Content-Length: 4,4\r\n\r\n"), 400);
	T_EQ(PARSED("POST / HTTP/1.1\r\n" H "Content-Length: +4\r\n\r\n"), 400);
	T_EQ(PARSED("POST / HTTP/1.1\r\n" H "Content-Length: -4\r\n\r\n"), 400);
	T_EQ(PARSED("POST / HTTP/1.1\r\n" H "Content-Length: 0x4\r\n\r\n"), 400);
	T_EQ(PARSED("POST / HTTP/1.1\r\n" H
	    "Content-Length: 99999999999999999999\r\n\r\n"), 400);
}

static void
no_coding_but_chunked_is_taken(void)
{
	T_EQ(PARSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n"
	    "\r\n"), 501);
	T_OK(PARSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n"
	    "\r\n") >= 400);
	T_OK(PARSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"
	    "Transfer-Encoding: identity\r\n\r\n") >= 400);
	T_OK(PARSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n") >= 400);
	T_EQ(PARSED("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

static void
a_host_is_one_name(void)
{
	T_EQ(PARSED("GET / HTTP/1.1\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.0\r\n\r\n"), 0);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H H "\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\nHost: u@h\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 0);
	T_EQ(PARSED("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 0);
}

static void
garbled_heads_are_refused(void)
{
	T_EQ(PARSED("\x16\x03\x01\x02\r\n\r\n"), 501);
	T_EQ(PARSED("\r\n\r\n"), 400);
	T_EQ(PARSED("GET /\r\n\r\n"), 505);
	T_EQ(PARSED("GET  HTTP/1.1\r\n" H "\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1 x\r\n" H "\r\n"), 505);
	T_EQ(PARSED("FETCH / HTTP/1.1\r\n" H "\r\n"), 501);
	T_EQ(PARSED("GET / HTTP/2.0\r\n" H "\r\n"), 505);
	T_EQ(PARSED("GET / HTTP/0.9\r\n" H "\r\n"), 505);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "Na me: x\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "Name : x\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H ": x\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "Name\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "Name: a\0b\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "Name: a\x01" "b\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "Name: a\rX: b\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "Name: a\r\n folded\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "Name:\r\n folded\r\n\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\n folded: x\r\n" H "\r\n"), 400);
	T_EQ(PARSED("GET /\0 HTTP/1.1\r\n" H "\r\n"), 400);
	T_EQ(PARSED("GET / HTTP/1.1\r\n" H "Expect: money\r\n\r\n"), 417);
}

static void
header_lines_are_counted(void)
{
	struct buf head = BUF_INIT;
	int i;

	buf_str(&head, "GET / HTTP/1.1\r\n" H);
	for (i = 1; i < REQUEST_HEADERS_MAX; i++)
		buf_printf(&head, "X-%d: y\r\n", i);
	buf_str(&head, "\r\n");
	T_EQ(parsed(buf_slice(&head)), 0);
	T_EQ(request.n_headers, REQUEST_HEADERS_MAX);
	head.n -= 2;
	buf_str(&head, "One-more: y\r\n\r\n");
	T_EQ(parsed(buf_slice(&head)), 431);
	buf_free(&head);
}

int
main(void)
{
	T_RUN(a_head_ends_where_its_empty_line_ends);
	T_RUN(target_and_headers_come_as_they_were_sent);
	T_RUN(connections_are_kept_as_the_version_says);
	T_RUN(bodies_are_announced);
	T_RUN(a_body_with_two_lengths_is_refused);
	T_RUN(no_coding_but_chunked_is_taken);
	T_RUN(a_host_is_one_name);
	T_RUN(garbled_heads_are_refused);
	T_RUN(header_lines_are_counted);
	return t_end();
}
