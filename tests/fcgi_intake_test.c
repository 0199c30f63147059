/*
 * fcgi_intake_test.c - records and variables, piece by piece
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "fcgi/environment.h"
#include "fcgi/intake.h"
#include "fcgi/records.h"
#include "http/http.h"
#include "tests/t.h"
#include "tests/fcgi_client.h"

static struct buf whole, bytes, reply, joined;

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
		T_EQ(intake_walk(&in, &bytes, 100, &reply), RC_AGAIN);
	}
	buf_char(&bytes, whole.p[i]);
	T_EQ(intake_walk(&in, &bytes, 100, &reply), RC_OK);
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
	T_EQ(intake_walk(&in, &bytes, 100, &reply), RC_OK);
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
	T_EQ(intake_walk(&in, &bytes, 10, &reply), RC_OK);
	T_OK(in.too_big);
	T_EQ(in.body, 5);
	T_OK(slice_eq(buf_slice(&bytes), buf_slice(&whole)));
}

static void
begin_add(struct slice body)
{
	buf_reset(&bytes);
	buf_reset(&reply);
	record_add(&bytes, 1, body);
}

static void
streams_may_be_split_over_records(void)
{
	struct intake in = { .at = 0 };
	struct slice params, name, value;

	begin_add(SLICE("\0\1\0\0\0\0\0\0"));
	record_add(&bytes, 4, SLICE("\4\3NA"));
	record_add(&bytes, 4, SLICE("ME"));
	record_add(&bytes, 4, SLICE("val\1"));
	record_add(&bytes, 4, SLICE("\0X"));
	record_add(&bytes, 4, SLICE(""));
	record_add(&bytes, 5, SLICE("he"));
	record_add(&bytes, 5, SLICE("llo"));
	record_add(&bytes, 5, SLICE(""));
	T_EQ(intake_walk(&in, &bytes, 10, &reply), RC_OK);
	params = intake_params(&in, buf_slice(&bytes), &joined);
	T_OK(pair_cut(&params, &name, &value));
	T_SLICE(name, "NAME");
	T_SLICE(value, "val");
	T_OK(pair_cut(&params, &name, &value));
	T_SLICE(name, "X");
	T_SLICE(value, "");
	T_OK(!pair_cut(&params, &name, &value));
	T_EQ(params.n, 0);
	T_SLICE(intake_body(&in, buf_slice(&bytes), &joined), "hello");
	T_EQ(reply.n, 0);
}

/* Everything that may be padded is, with as much as there can be. */
static void
padding_is_skipped(void)
{
	struct intake in = { .at = 0 };
	struct buf plain = BUF_INIT;
	struct slice rest;
	struct fcgi_record r;
	size_t i;

	request_make(SLICE("hello"));
	buf_reset(&bytes);
	for (rest = buf_slice(&whole); fcgi_record_read(rest, &r);
	    rest = slice_skip(rest, r.size)) {
		buf_add(&bytes, slice_head(rest, r.size));
		bytes.p[bytes.n - r.size + 6] = (char)255;
		for (i = 0; i < 255; i++)
			buf_char(&bytes, (char)i);
	}
	T_EQ(intake_walk(&in, &bytes, 10, &reply), RC_OK);
	T_EQ(in.at, bytes.n);
	T_SLICE(intake_body(&in, buf_slice(&bytes), &joined), "hello");
	buf_add(&plain, intake_params(&in, buf_slice(&bytes), &joined));
	in = (struct intake){ .at = 0 };
	T_EQ(intake_walk(&in, &whole, 10, &reply), RC_OK);
	T_OK(slice_eq(buf_slice(&plain),
	    intake_params(&in, buf_slice(&whole), &joined)));
	buf_free(&plain);
}

static void
params_read_as(struct slice params, bool fits)
{
	struct http_request request;

	T_EQ(environment_read_params(params, &request), fits);
}

static void
variables_that_end_too_early_are_refused(void)
{
	struct slice good = SLICE("\4\3NAMEval\200\0\0\1\200\0\0\0X");
	struct slice cut, name, value;
	size_t n;

	params_read_as(good, true);
	params_read_as(SLICE(""), true);
	params_read_as(SLICE("\377\377\377\376\377\377\377\376"), false);
	for (n = 0; n < good.n; n++) {
		cut = slice_head(good, n);
		while (pair_cut(&cut, &name, &value))
			;
		params_read_as(slice_head(good, n), cut.n == 0);
		T_EQ(cut.n == 0, n == 0 || n == 9);
	}
}

static void
a_variable_is_found_by_its_whole_name(void)
{
	struct slice params = SLICE("\4\1DOCUx\15\4DOCUMENT_ROOT/srv\4\1DOCUy");

	T_SLICE(environment_find(params, "DOCUMENT_ROOT"), "/srv");
	T_SLICE(environment_find(params, "DOCU"), "x");
	T_OK(environment_find(params, "ROOT").p == NULL);
}

/* The same variables, whether by CGI or by FastCGI. */
static void
both_ways_to_ask_are_one_request(void)
{
	char *envp[] = { "REQUEST_METHOD=POST", "REQUEST_URI=/a?b=c",
	    "HTTP_PROXY=evil", "HTTP_X_A=1", "CONTENT_TYPE=text/plain", NULL };
	struct http_request by_cgi, by_fastcgi;
	struct buf params = BUF_INIT, seen = BUF_INIT;
	size_t i;

	param_add(&params, "REQUEST_METHOD", "POST");
	param_add(&params, "REQUEST_URI", "/a?b=c");
	param_add(&params, "HTTP_PROXY", "evil");
	param_add(&params, "HTTP_X_A", "1");
	param_add(&params, "CONTENT_TYPE", "text/plain");
	environment_read(envp, &by_cgi);
	for (i = 0; i < by_cgi.n_headers; i++)
		buf_printf(&seen, "%.*s=%.*s\n", SLICE_ARGS(by_cgi.headers[i].name),
		    SLICE_ARGS(by_cgi.headers[i].value));
	T_SLICE(buf_slice(&seen), "X-A=1\nCONTENT-TYPE=text/plain\n");
	T_OK(environment_read_params(buf_slice(&params), &by_fastcgi));
	T_EQ(by_fastcgi.n_headers, by_cgi.n_headers);
	buf_reset(&seen);
	for (i = 0; i < by_fastcgi.n_headers; i++)
		buf_printf(&seen, "%.*s=%.*s\n",
		    SLICE_ARGS(by_fastcgi.headers[i].name),
		    SLICE_ARGS(by_fastcgi.headers[i].value));
	T_SLICE(buf_slice(&seen), "X-A=1\nCONTENT-TYPE=text/plain\n");
	T_OK(slice_eq(by_cgi.method, by_fastcgi.method));
	T_OK(slice_eq(by_cgi.target, by_fastcgi.target));
	buf_free(&params);
	buf_free(&seen);
}

/* ---- what a front may say besides -------------------------------------------- */

static void
another_role_is_refused_by_its_name(void)
{
	struct intake in = { .at = 0 };

	begin_add(SLICE("\0\2\1\0\0\0\0\0"));
	record_add(&bytes, 4, SLICE("\1\1AB"));
	record_add(&bytes, 4, SLICE(""));
	T_EQ(intake_walk(&in, &bytes, 10, &reply), RC_AGAIN);
	T_EQ(bytes.n, 0);
	T_OK(slice_eq(buf_slice(&reply), SLICE("\1\3\0\7\0\10\0\0" "\0\0\0\0\3\0\0\0")));

	/* without KEEP_CONN the connection is over */
	begin_add(SLICE("\0\3\0\0\0\0\0\0"));
	T_EQ(intake_walk(&in, &bytes, 10, &reply), RC_GONE);
	T_OK(slice_eq(buf_slice(&reply), SLICE("\1\3\0\7\0\10\0\0" "\0\0\0\0\3\0\0\0")));
}

static void
management_is_answered_in_the_middle_of_a_request(void)
{
	struct intake in = { .at = 0 };
	struct slice half;

	request_make(SLICE("hello"));
	half = slice_head(buf_slice(&whole), 16);
	buf_reset(&bytes);
	buf_reset(&reply);
	buf_add(&bytes, half);
	buf_add(&bytes, SLICE("\1\11\0\0\0\42\0\0" "\17\0FCGI_MPXS_CONNS"
	    "\17\0FCGI_SOME_THING"));
	buf_add(&bytes, SLICE("\1\11\0\0\0\0\0\0"));
	buf_add(&bytes, SLICE("\1\77\0\0\0\1\0\0x"));
	buf_add(&bytes, slice_skip(buf_slice(&whole), half.n));
	T_EQ(intake_walk(&in, &bytes, 10, &reply), RC_OK);
	T_OK(slice_eq(buf_slice(&bytes), buf_slice(&whole)));
	T_OK(slice_eq(buf_slice(&reply), SLICE("\1\12\0\0\0\22\0\0" "\17\1FCGI_MPXS_CONNS0"
	    "\1\12\0\0\0\0\0\0"
	    "\1\13\0\0\0\10\0\0" "\77\0\0\0\0\0\0\0")));
}

/* Between any two records, all of them in one piece. */
static void
nobodys_records_leave_no_trace_wherever_they_stand(void)
{
	struct intake in = { .at = 0 };
	struct slice rest;
	struct fcgi_record r;

	request_make(SLICE("hello"));
	buf_reset(&bytes);
	buf_reset(&reply);
	for (rest = buf_slice(&whole); fcgi_record_read(rest, &r);
	    rest = slice_skip(rest, r.size)) {
		buf_add(&bytes, SLICE("\1\4\0\11\0\1\2\0" "xyz" "\1\5\0\11\0\0\0\0"));
		buf_add(&bytes, slice_head(rest, r.size));
	}
	buf_str(&bytes, "\1\1and more");
	T_EQ(intake_walk(&in, &bytes, 10, &reply), RC_OK);
	T_EQ(in.at, whole.n);
	T_OK(slice_eq(slice_head(buf_slice(&bytes), whole.n), buf_slice(&whole)));
	T_SLICE(slice_skip(buf_slice(&bytes), whole.n), "\1\1and more");
	T_EQ(reply.n, 0);
}

static void
a_second_request_beside_the_first_is_refused(void)
{
	struct intake in = { .at = 0 };

	request_make(SLICE(""));
	buf_reset(&bytes);
	buf_reset(&reply);
	buf_add(&bytes, slice_head(buf_slice(&whole), 16));
	buf_add(&bytes, SLICE("\1\1\0\11\0\10\0\0" "\0\1\1\0\0\0\0\0"));
	buf_add(&bytes, SLICE("\1\4\0\11\0\0\0\0"));
	buf_add(&bytes, slice_skip(buf_slice(&whole), 16));
	T_EQ(intake_walk(&in, &bytes, 10, &reply), RC_OK);
	T_OK(slice_eq(buf_slice(&bytes), buf_slice(&whole)));
	T_OK(slice_eq(buf_slice(&reply), SLICE("\1\3\0\11\0\10\0\0" "\0\0\0\0\1\0\0\0")));
}

static void
an_abort_ends_the_request_and_not_the_connection(void)
{
	struct intake in = { .at = 0 };

	begin_add(SLICE("\0\1\1\0\0\0\0\0"));
	record_add(&bytes, 4, SLICE("\4\3NA"));
	record_add(&bytes, 2, SLICE(""));
	request_make(SLICE("hello"));
	buf_add(&bytes, buf_slice(&whole));
	T_EQ(intake_walk(&in, &bytes, 10, &reply), RC_OK);
	T_OK(slice_eq(buf_slice(&bytes), buf_slice(&whole)));
	T_OK(slice_eq(buf_slice(&reply), SLICE("\1\3\0\7\0\10\0\0" "\0\0\0\0\0\0\0\0")));

	in = (struct intake){ .at = 0 };
	begin_add(SLICE("\0\1\0\0\0\0\0\0"));
	record_add(&bytes, 2, SLICE(""));
	T_EQ(intake_walk(&in, &bytes, 10, &reply), RC_GONE);
	T_OK(intake_is_abort(SLICE("\1\2\0\7\0\0\377\0"), FCGI_ID));
	T_OK(!intake_is_abort(SLICE("\1\2\0\7\0\0\377"), FCGI_ID));
	T_OK(!intake_is_abort(SLICE("\1\2\0\10\0\0\0\0"), FCGI_ID));
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
	fcgi_record_part(&out, FCGI_ID, buf_slice(&content));
	fcgi_record_close(&out, FCGI_ID);
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

	fcgi_record_part(&out, FCGI_ID, SLICE("Status: 200 OK\r\n\r\none"));
	fcgi_record_part(&out, FCGI_ID, SLICE(""));  /* would be the end */
	fcgi_record_part(&out, FCGI_ID, SLICE(" two"));
	buf_add(&a.bytes, buf_slice(&out));
	answer_parse(&a);
	T_OK(!a.is_whole);
	buf_reset(&out);
	fcgi_record_close(&out, FCGI_ID);
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
	T_RUN(streams_may_be_split_over_records);
	T_RUN(padding_is_skipped);
	T_RUN(variables_that_end_too_early_are_refused);
	T_RUN(a_variable_is_found_by_its_whole_name);
	T_RUN(both_ways_to_ask_are_one_request);
	T_RUN(another_role_is_refused_by_its_name);
	T_RUN(management_is_answered_in_the_middle_of_a_request);
	T_RUN(nobodys_records_leave_no_trace_wherever_they_stand);
	T_RUN(a_second_request_beside_the_first_is_refused);
	T_RUN(an_abort_ends_the_request_and_not_the_connection);
	T_RUN(an_answer_is_cut_into_records);
	T_RUN(an_answer_in_pieces_is_one_answer);
	T_RUN(variables_become_headers);
	T_RUN(without_request_uri_the_target_is_put_together);
	T_RUN(an_empty_or_odd_length_is_none);
	environment_fini();
	buf_free(&whole);
	buf_free(&bytes);
	buf_free(&reply);
	buf_free(&joined);
	return t_end();
}
