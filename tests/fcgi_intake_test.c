/*
 * fcgi_intake_test.c - records and variables, piece by piece
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "fcgi/environment.h"
#include "fcgi/intake.h"
#include "http/http.h"
#include "tests/t.h"
#include "tests/fcgi_client.h"

static struct buf whole, bytes;

static void
request_make(struct slice body)
{
	buf_reset(&whole);
	request_add(&whole, "POST", "/socket.io/", body, false);
}

static void
a_request_is_whole_at_its_last_byte_and_not_before(void)
{
	struct intake in = { .at = 0 };
	size_t i;

	request_make(SLICE("hello"));
	buf_reset(&bytes);
	for (i = 0; i + 1 < whole.n; i++) {
		buf_char(&bytes, whole.p[i]);
		T_EQ(intake_walk(&in, &bytes, 100), RC_AGAIN);
	}
	buf_char(&bytes, whole.p[i]);
	T_EQ(intake_walk(&in, &bytes, 100), RC_OK);
	T_EQ(in.at, whole.n);
	T_EQ(in.body, 5);
	T_EQ(in.id, FCGI_ID);
	T_OK(!in.too_big);
}

static void
what_follows_a_request_is_left_alone(void)
{
	struct intake in = { .at = 0 };

	request_make(SLICE(""));
	buf_reset(&bytes);
	buf_add(&bytes, buf_slice(&whole));
	buf_str(&bytes, "\1\1and more");
	T_EQ(intake_walk(&in, &bytes, 100), RC_OK);
	T_EQ(in.at, whole.n);
	T_EQ(bytes.n, whole.n + 10);
}

static void
a_body_past_the_limit_is_cut_out(void)
{
	struct intake in = { .at = 0 };

	buf_reset(&bytes);
	request_make(SLICE("hello"));
	buf_add(&bytes, slice_head(buf_slice(&whole), whole.n - 8));
	record_add(&bytes, 5, SLICE("too much"));
	record_add(&bytes, 5, SLICE("x"));
	record_add(&bytes, 5, SLICE(""));
	T_EQ(intake_walk(&in, &bytes, 10), RC_OK);
	T_OK(in.too_big);
	T_EQ(in.body, 5);
	T_OK(slice_eq(buf_slice(&bytes), buf_slice(&whole)));
}

static void
parameters_may_be_split_over_records(void)
{
	struct intake in = { .at = 0 };

	buf_reset(&bytes);
	record_add(&bytes, 1, SLICE("\0\1\0\0\0\0\0\0"));
	record_add(&bytes, 4, SLICE("\4\3NA"));
	record_add(&bytes, 4, SLICE("ME"));
	record_add(&bytes, 4, SLICE("val\1"));
	record_add(&bytes, 4, SLICE("\0X"));
	record_add(&bytes, 4, SLICE(""));
	record_add(&bytes, 5, SLICE(""));
	T_EQ(intake_walk(&in, &bytes, 10), RC_OK);
}

static void
parameters_that_end_too_early_are_refused(void)
{
	struct intake in = { .at = 0 };

	buf_reset(&bytes);
	record_add(&bytes, 1, SLICE("\0\1\0\0\0\0\0\0"));
	record_add(&bytes, 4, SLICE("\4\3NA"));
	record_add(&bytes, 4, SLICE("ME"));
	record_add(&bytes, 4, SLICE(""));
	T_EQ(intake_walk(&in, &bytes, 10), RC_BAD_INPUT);
}

static void
an_answer_is_cut_into_records(void)
{
	struct buf content = BUF_INIT, out = BUF_INIT;
	struct fcgi_answer a = { .status = 0 };
	size_t i;

	buf_str(&content, "Status: 200 OK\r\n\r\n");
	for (i = 0; i < 200000; i++)
		buf_char(&content, (char)('a' + i % 26));
	intake_answer(&out, FCGI_ID, buf_slice(&content));
	buf_add(&a.bytes, buf_slice(&out));
	answer_parse(&a);
	T_OK(a.is_whole);
	T_EQ(a.status, 200);
	T_OK(slice_eq(buf_slice(&a.content), buf_slice(&content)));
	T_EQ(out.n, content.n + 4 * 8 + 8 + 16);
	answer_free(&a);
	buf_free(&content);
	buf_free(&out);
}

static void
an_answer_in_pieces_is_one_answer(void)
{
	struct fcgi_answer a = { .status = 0 };
	struct buf out = BUF_INIT;

	intake_part(&out, FCGI_ID, SLICE("Status: 200 OK\r\n\r\none"));
	intake_part(&out, FCGI_ID, SLICE(""));  /* would be the end */
	intake_part(&out, FCGI_ID, SLICE(" two"));
	buf_add(&a.bytes, buf_slice(&out));
	answer_parse(&a);
	T_OK(!a.is_whole);
	buf_reset(&out);
	intake_end(&out, FCGI_ID);
	buf_add(&a.bytes, buf_slice(&out));
	buf_reset(&a.content);
	answer_parse(&a);
	T_OK(a.is_whole);
	T_SLICE(a.body, "one two");
	answer_free(&a);
	buf_free(&out);
}

static struct http_request
environment(char **envp)
{
	struct http_request request;

	environment_read(envp, &request);
	return request;
}

static void
variables_become_headers(void)
{
	char *envp[] = { "REQUEST_METHOD=POST", "REQUEST_URI=/a?b=c",
	    "HTTP_X_FORWARDED_FOR=1.2.3.4", "HTTP_PROXY=evil", "HTTP_EMPTY=",
	    "CONTENT_TYPE=text/plain", "CONTENT_LENGTH=12", "HTTPS=on",
	    "NOTHING", "=odd", "REQUEST_METHOD=PUT", NULL };
	struct http_request r = environment(envp);

	T_SLICE(r.method, "POST");
	T_SLICE(r.target, "/a?b=c");
	T_SLICE(http_header_get(&r, "X-Forwarded-For"), "1.2.3.4");
	T_SLICE(http_header_get(&r, "content-type"), "text/plain");
	T_OK(http_header_get(&r, "empty").p != NULL);
	T_OK(http_header_get(&r, "Proxy").p == NULL);
	T_OK(r.is_https);
	T_EQ(environment_length(envp), 12);
}

static void
without_request_uri_the_target_is_put_together(void)
{
	char *envp[] = { "SCRIPT_NAME=/cgi-bin/gw.cgi", "PATH_INFO=/x",
	    "QUERY_STRING=EIO=4", NULL };
	char *bare[] = { "SCRIPT_NAME=/gw.cgi", "QUERY_STRING=", NULL };

	T_SLICE(environment(envp).target, "/cgi-bin/gw.cgi/x?EIO=4");
	T_SLICE(environment(bare).target, "/gw.cgi");
}

static void
an_empty_or_odd_length_is_none(void)
{
	char *empty[] = { "CONTENT_LENGTH=", NULL };
	char *odd[] = { "CONTENT_LENGTH=-5", NULL };
	char *huge[] = { "CONTENT_LENGTH=99999999999999999999", NULL };
	char *none[] = { "CONTENT_LENGTHS=5", NULL };

	T_EQ(environment_length(empty), -1);
	T_EQ(environment_length(odd), -1);
	T_EQ(environment_length(huge), -1);
	T_EQ(environment_length(none), -1);
}

int
main(void)
{
	T_RUN(a_request_is_whole_at_its_last_byte_and_not_before);
	T_RUN(what_follows_a_request_is_left_alone);
	T_RUN(a_body_past_the_limit_is_cut_out);
	T_RUN(parameters_may_be_split_over_records);
	T_RUN(parameters_that_end_too_early_are_refused);
	T_RUN(an_answer_is_cut_into_records);
	T_RUN(an_answer_in_pieces_is_one_answer);
	T_RUN(variables_become_headers);
	T_RUN(without_request_uri_the_target_is_put_together);
	T_RUN(an_empty_or_odd_length_is_none);
	environment_fini();
	buf_free(&whole);
	buf_free(&bytes);
	return t_end();
}
