/*
 * http_origin_test.c - which pages may talk to us, and what CORS says of it
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/http_support.h"
#include "tests/t.h"

#define REFUSED "{\"code\":4,\"message\":\"Origin not allowed, see the option " \
	"`origins`\"}"

static const struct {
	const char *origins, *host, *port, *origin;
	bool allowed;
} cases[] = {
	/* the site itself, whatever the scheme */
	{ "self", "example.com", "80", "http://example.com", true },
	{ "self", "example.com", "80", "https://example.com", true },
	{ "self", "Example.COM", "80", "https://example.com", true },
	{ "self", "example.com:8080", "8080", "http://example.com:8080", true },
	{ "self", "example.com", "8080", "http://example.com:8080", true },
	{ "self", "example.com", "8080", "https://example.com", true },
	{ "self", "example.com:443", "80", "https://example.com", true },
	{ "self", "[::1]:8080", "8080", "http://[::1]:8080", true },
	{ "self", "127.0.0.1:8080", "8080", "http://127.0.0.1:8080", true },
	/* others */
	{ "self", "example.com", "80", "http://evil.example", false },
	{ "self", "example.com", "80", "http://example.com.evil.example", false },
	{ "self", "example.com", "80", "http://example.com:8081", false },
	{ "self", "example.com:8080", "8080", "http://example.com:8081", false },
	{ "self", "example.com:8080", "8080", "http://example.com", false },
	{ "self", "[::1]:8080", "8080", "http://[::2]:8080", false },
	{ "self", "", "", "http://example.com", false },
	{ "self", "example.com", "80", "null", false },
	{ "self", "null", "80", "null", false },
	/* without a scheme, as `ws` of 0.9 names its server */
	{ "self", "example.com", "80", "example.com", true },
	{ "self", "127.0.0.1:8080", "8080", "127.0.0.1:8080", true },
	{ "self", "127.0.0.1", "8080", "127.0.0.1:8080", true },
	{ "self", "[::1]:8080", "8080", "[::1]:8080", true },
	{ "self", "example.com", "80", "evil.example", false },
	{ "self", "example.com:8080", "8080", "example.com:8081", false },
	{ "self", "example.com:8080", "8080", "example.com", false },
	{ "self", "", "", "example.com", false },
	{ "self", "example.com", "80", "//example.com", false },
	{ "self", "example.com", "80", "example.com/", false },
	{ "https://a.example", "x", "80", "a.example", false },
	/* lists */
	{ "https://a.example", "x", "80", "https://a.example", true },
	{ "https://a.example/", "x", "80", "https://A.example", true },
	{ "https://a.example", "x", "80", "http://a.example", false },
	{ "https://a.example", "x", "80", "https://a.example:444", false },
	{ "https://a.example", "x", "80", "http://x", false },
	{ "https://a.example, self", "x", "80", "http://x", true },
	{ "b.example:81 a.example", "x", "80", "https://b.example:81", true },
	{ "b.example:81 a.example", "x", "80", "https://b.example", false },
	{ "null", "x", "80", "null", true },
	{ "*", "x", "80", "null", true },
	{ "*", "x", "80", "http://evil.example", true },
};

static void
every_origin_gets_its_verdict(void)
{
	size_t i;
	int status;

	for (i = 0; i < N_ELEMENTS(cases); i++) {
		world();
		conf.origins = (char *)cases[i].origins;
		gate();
		request.port = slice_str(cases[i].port);
		header("Host", cases[i].host);
		header("Origin", cases[i].origin);
		status = ask(POLLING);
		if (status != (cases[i].allowed ? 200 : 403))
			T_FAIL("%s: %s at %s is %d", cases[i].origins,
			    cases[i].origin, cases[i].host, status);
	}
}

static void
a_refusal_names_the_option_and_has_no_cors_lines(void)
{
	world();
	conf.origins = "https://a.example";
	gate();
	header("Host", "example.com");
	header("Origin", "https://evil.example");
	T_ERROR(POLLING, 403, REFUSED);
	T_SLICE(answer_header("content-type"), "application/json");
	T_OK(answer_header("access-control-allow-origin").p == NULL);
	T_ERROR(SESSION, 403, REFUSED);
	T_ERROR(POLLING "&j=0", 403, REFUSED);
	T_EQ(engine.opens + engine.polls, 0);
}

static void
a_request_without_origin_passes(void)
{
	world();
	header("Host", "example.com");
	T_EQ(ask(POLLING), 200);
}

static void
a_trusted_proxy_may_name_the_host(void)
{
	world();
	conf.trusted_proxies = "192.0.2.1";
	gate();
	header("Host", "10.0.0.5:3000");
	header("X-Forwarded-Host", "example.com");
	header("Origin", "https://example.com");
	T_EQ(ask(POLLING), 200);
	request.remote_addr = SLICE("192.0.2.2");
	T_EQ(ask(POLLING), 403);
}

static void
control_characters_in_an_origin_are_code_3(void)
{
	world();
	header("Origin", "http://a\x01");
	T_ERROR(POLLING, 400, CODE3);
	T_ERROR("/socket.io/?EIO=4&transport=foo", 400, CODE0);
}

static void
the_allowed_origin_is_echoed_on_errors_too(void)
{
	world();
	conf.origins = "https://a.example https://b.example";
	conf.cors_credentials = true;
	gate();
	header("Origin", "https://b.example");
	T_EQ(ask(POLLING), 200);
	T_SLICE(answer_header("access-control-allow-origin"), "https://b.example");
	T_SLICE(answer_header("access-control-allow-credentials"), "true");
	T_SLICE(answer_header("vary"), "Origin");
	T_ERROR(POLLING "&sid=nope", 400, CODE1);
	T_SLICE(answer_header("access-control-allow-origin"), "https://b.example");
	fresh_request("GET");
	T_EQ(ask(POLLING), 200);
	T_OK(answer_header("access-control-allow-origin").p == NULL);
	T_SLICE(answer_header("vary"), "Origin");
}

static void
a_star_is_a_star_unless_there_are_credentials(void)
{
	world();
	conf.origins = "*";
	gate();
	header("Origin", "https://b.example");
	T_EQ(ask(POLLING), 200);
	T_SLICE(answer_header("access-control-allow-origin"), "*");
	T_OK(answer_header("vary").p == NULL);
	conf.cors_credentials = true;
	gate();
	T_EQ(ask(POLLING), 200);
	T_SLICE(answer_header("access-control-allow-origin"), "https://b.example");
	T_SLICE(answer_header("vary"), "Origin");
}

static void
a_preflight_is_204(void)
{
	world();
	conf.origins = "https://a.example";
	gate();
	fresh_request("OPTIONS");
	header("Origin", "https://a.example");
	header("Access-Control-Request-Method", "POST");
	header("Access-Control-Request-Headers", "content-type, x-a");
	T_ERROR(SESSION, 204, "");
	T_SLICE(answer_header("content-length"), "0");
	T_SLICE(answer_header("access-control-allow-origin"), "https://a.example");
	T_SLICE(answer_header("access-control-allow-methods"), "GET,POST");
	T_SLICE(answer_header("access-control-allow-headers"),
	    "content-type, x-a");
	T_SLICE(answer_header("vary"), "Origin, Access-Control-Request-Headers");
	T_EQ(engine.polls, 0);
}

static void
a_preflight_does_not_echo_what_is_no_list_of_names(void)
{
	world();
	conf.origins = "*";
	gate();
	fresh_request("OPTIONS");
	header("Origin", "https://a.example");
	header("Access-Control-Request-Headers", "a\r\nSet-Cookie: x=y");
	T_EQ(ask(POLLING), 204);
	T_OK(answer_header("access-control-allow-headers").p == NULL);
	T_OK(answer_header("set-cookie").p == NULL);
}

int
main(void)
{
	T_RUN(every_origin_gets_its_verdict);
	T_RUN(a_refusal_names_the_option_and_has_no_cors_lines);
	T_RUN(a_request_without_origin_passes);
	T_RUN(a_trusted_proxy_may_name_the_host);
	T_RUN(control_characters_in_an_origin_are_code_3);
	T_RUN(the_allowed_origin_is_echoed_on_errors_too);
	T_RUN(a_star_is_a_star_unless_there_are_credentials);
	T_RUN(a_preflight_is_204);
	T_RUN(a_preflight_does_not_echo_what_is_no_list_of_names);
	world_end();
	return t_end();
}
