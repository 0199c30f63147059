/*
 * http_transcript_test.c - the reference's own answers, header by header
 *
 * Every HTTP request of a capture is sent to the gateway.  The fake engine says
 * what the reference's payload was, so what is compared is all that this floor
 * adds: status, type, CORS, cookie, caching, and every error.
 *
 * What we do otherwise, on purpose: a foreign Origin is refused (the captures
 * come from an address that is made to be the same site), a preflight always
 * allows just GET and POST, websockets have another door.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <cjson/cJSON.h>

#include "base/mem.h"
#include "tests/http_support.h"
#include "tests/t.h"

static const char *const compared[] = {
	"content-type", "set-cookie", "access-control-allow-origin",
	"access-control-allow-credentials", "access-control-allow-headers",
	"vary", "content-encoding",
};

static cJSON *capture;
static unsigned n_compared;

static void
capture_open(const char *name)
{
	char *path = mem_printf("%s/%s.json", VECTORS, name);
	FILE *f = fopen(path, "rb");
	struct buf text = BUF_INIT;
	size_t n;

	cJSON_Delete(capture);
	capture = NULL;
	n_compared = 0;
	if (f == NULL)
		T_FAIL("cannot open %s", path);
	do {
		buf_reserve(&text, 65536);
		n = fread(text.p + text.n, 1, 65536, f);
		text.n += n;
	} while (n > 0);
	fclose(f);
	free(path);
	capture = cJSON_ParseWithLength(text.p, text.n);
	buf_free(&text);
	T_OK(capture != NULL);
}

static const char *
text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool
is_kind(const cJSON *step, const char *kind)
{
	return strcmp(text_of(step, "kind"), kind) == 0;
}

/* The answer on the same connection, further down; NULL: there was none. */
static const cJSON *
answer_of(const cJSON *asked)
{
	const cJSON *conn = cJSON_GetObjectItemCaseSensitive(asked, "conn"), *step;

	for (step = asked->next; step != NULL; step = step->next)
		if (is_kind(step, "http-response") && cJSON_Compare(conn,
		    cJSON_GetObjectItemCaseSensitive(step, "conn"), true))
			return step;
	return NULL;
}

static void
request_fill(const cJSON *step)
{
	const cJSON *each;

	fresh_request(text_of(step, "method"));
	cJSON_ArrayForEach(each, cJSON_GetObjectItemCaseSensitive(step, "headers"))
		header(each->string, each->valuestring);
	header("Host", "example.com");
	request.body = slice_str(text_of(step, "body_utf8"));
}

/* The engine knows the sid of the request, unless the reference did not, and
 * has to say what the reference said. */
static void
engine_fill(const cJSON *step, const cJSON *answer)
{
	const char *sid = strstr(text_of(step, "target"), "sid=");
	const char *body = text_of(answer, "body_utf8");
	size_t n;

	engine.answer = ANSWER_PAYLOAD;
	engine.payload = slice_str(body == NULL ? "" : body);
	if (body != NULL && strstr(body, "\"code\":1") != NULL)
		sid = NULL;
	else if (sid == NULL && body != NULL)
		sid = strstr(body, "\"sid\":\"");
	memset(engine.sid, 0, sizeof(engine.sid));
	if (sid == NULL)
		return;
	sid += sid[3] == '=' ? 4 : 7;
	n = strcspn(sid, "&\"");
	memcpy(engine.sid, sid, n < sizeof(engine.sid) ? n : sizeof(engine.sid) - 1);
}

static const char *
header_of(const cJSON *answer, const char *name)
{
	const cJSON *found = cJSON_GetObjectItem(
	    cJSON_GetObjectItemCaseSensitive(answer, "headers"), name);

	return cJSON_GetStringValue(found);
}

static void
answer_compare(const cJSON *step, const cJSON *answer)
{
	const char *target = text_of(step, "target"), *want;
	const char *body = text_of(answer, "body_utf8");
	struct slice got;
	size_t i;

	if (exchange.response.status != cJSON_GetObjectItemCaseSensitive(answer,
	    "status")->valueint)
		T_FAIL("%s %s is %d", text_of(step, "method"), target,
		    exchange.response.status);
	for (i = 0; i < N_ELEMENTS(compared); i++) {
		want = header_of(answer, compared[i]);
		got = answer_header(compared[i]);
		/* We say Vary for an encoding that may come, too; they do not. */
		if (strcmp(compared[i], "vary") == 0 && want == NULL)
			continue;
		if (want == NULL ? got.p != NULL : !slice_is(got, want))
			T_FAIL("%s: %s is '%.*s', not '%s'", target, compared[i],
			    SLICE_ARGS(got), want == NULL ? "(absent)" : want);
	}
	if (body != NULL && exchange.response.has_body)
		T_SLICE(answer_body(), body);
	n_compared++;
}

static bool
is_elsewhere(const cJSON *step)
{
	const char *target = text_of(step, "target");
	const cJSON *headers_of = cJSON_GetObjectItemCaseSensitive(step, "headers");
	const char *origin = cJSON_GetStringValue(cJSON_GetObjectItem(headers_of,
	    "Origin"));

	return cJSON_GetObjectItem(headers_of, "Upgrade") != NULL ||
	    strcmp(target, "/socket.io") == 0 ||        /* theirs needs the slash */
	    (origin != NULL && strcmp(origin, "http://example.com") != 0);
}

static void
replay(void)
{
	const cJSON *step, *answer;

	cJSON_ArrayForEach(step, cJSON_GetObjectItemCaseSensitive(capture, "steps")) {
		if (!is_kind(step, "http-request") || is_elsewhere(step) ||
		    (answer = answer_of(step)) == NULL)
			continue;
		request_fill(step);
		engine_fill(step, answer);
		ask(text_of(step, "target"));
		T_OK(has_answer);
		answer_compare(step, answer);
	}
}

static void
errors_are_those_of_the_capture(void)
{
	world();
	capture_open("eio4-polling-errors-and-cors");
	replay();
	T_EQ(n_compared, 25);
}

static void
cors_and_cookie_are_those_of_the_capture(void)
{
	world();
	conf.origins = "http://example.com";
	conf.cors_credentials = true;
	conf.cookie = "io";
	gate();
	capture_open("eio4-polling-cors-and-cookie");
	replay();
	T_EQ(n_compared, 5);
	T_SLICE(answer_header("vary"), "Origin");
}

static void
cors_for_everybody_is_that_of_the_capture(void)
{
	world();
	conf.origins = "*";
	gate();
	capture_open("eio4-polling-cors-star");
	replay();
	T_EQ(n_compared, 2);
}

static void
octet_streams_are_refused_as_in_the_capture(void)
{
	world();
	capture_open("eio4-polling-octet-stream-refused");
	replay();
	T_EQ(n_compared, 2);
}

static void
large_bodies_are_refused_as_in_the_capture(void)
{
	world();
	conf.max_payload = 100;
	capture_open("eio4-polling-too-big");
	replay();
	T_EQ(n_compared, 2);
}

static void
a_session_is_dressed_as_in_the_capture(void)
{
	world();
	capture_open("eio4-polling-session-event-ack");
	replay();
	T_OK(n_compared > 5);
}

int
main(void)
{
	T_RUN(errors_are_those_of_the_capture);
	T_RUN(cors_and_cookie_are_those_of_the_capture);
	T_RUN(cors_for_everybody_is_that_of_the_capture);
	T_RUN(octet_streams_are_refused_as_in_the_capture);
	T_RUN(large_bodies_are_refused_as_in_the_capture);
	T_RUN(a_session_is_dressed_as_in_the_capture);
	cJSON_Delete(capture);
	world_end();
	return t_end();
}
