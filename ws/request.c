/*
 * request.c - the head of an HTTP/1 request, or of the answer to one
 *
 * http-parser reads it; what it lets pass and we do not is refused here: folded
 * lines, control characters, codings other than chunked, a missing or second
 * Host.  Where two readers could disagree about where a request ends, somebody
 * can smuggle one past a proxy.
 *
 * Must stay true: every slice lies in the head, but for the method's name;
 * nothing is copied or changed.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <http_parser.h>

#include "ws/request.h"

struct reading {
	struct request *request;
	const char *fault;
	int status;
};

size_t
request_head_end(struct slice data, size_t *looked)
{
	const char *at = data.p + *looked, *end = data.p + data.n, *line;

	while (at < end) {
		if ((line = memchr(at, '\n', (size_t)(end - at))) == NULL) {
			at = end;
			break;
		}
		at = line;
		if (end - line >= 2 && line[1] == '\n')
			return (size_t)(line + 2 - data.p);
		if (end - line >= 3 && line[1] == '\r' && line[2] == '\n')
			return (size_t)(line + 3 - data.p);
		if (end - line < 3)
			break;          /* look at this one again */
		at++;
	}
	*looked = (size_t)(at - data.p);
	return 0;
}

/* ---- what http-parser tells ------------------------------------------------ */

static int
refuse(struct reading *reading, int status, const char *fault)
{
	if (reading->status == 0) {
		reading->status = status;
		reading->fault = fault;
	}
	return 1;
}

/* A piece of one thing must follow the piece before it. */
static bool
extend(struct slice *s, const char *p, size_t n)
{
	if (s->p == NULL)
		*s = slice_of(p, 0);
	if (s->p + s->n != p)
		return false;
	s->n += n;
	return true;
}

static int
on_url(http_parser *parser, const char *p, size_t n)
{
	struct reading *reading = parser->data;

	extend(&reading->request->target, p, n);
	return 0;
}

static int
on_field(http_parser *parser, const char *p, size_t n)
{
	struct reading *reading = parser->data;
	struct request *request = reading->request;
	struct http_header *last = NULL;

	if (request->n_headers > 0)
		last = &request->headers[request->n_headers - 1];
	if (last != NULL && last->value.p == NULL &&
	    extend(&last->name, p, n))
		return 0;
	if (request->n_headers == REQUEST_HEADERS_MAX)
		return refuse(reading, 431, "too many header lines");
	request->headers[request->n_headers++] = (struct http_header){
		.name = slice_of(p, n), .value = SLICE_NONE
	};
	return 0;
}

static int
on_value(http_parser *parser, const char *p, size_t n)
{
	struct reading *reading = parser->data;
	struct request *request = reading->request;

	if (request->n_headers == 0 ||
	    !extend(&request->headers[request->n_headers - 1].value, p, n))
		return refuse(reading, 400, "a header line is folded");
	return 0;
}

static int
on_head(http_parser *parser)
{
	struct reading *reading = parser->data;
	struct request *request = reading->request;

	request->minor = parser->http_minor;
	request->keep_alive = http_should_keep_alive(parser) != 0;
	request->is_chunked = (parser->flags & F_CHUNKED) != 0;
	request->length = parser->content_length == UINT64_MAX ? 0 :
	    parser->content_length;
	if (parser->type == HTTP_REQUEST)
		request->method = slice_str(http_method_str(
		    (enum http_method)parser->method));
	http_parser_pause(parser, 1);   /* what follows is not for it */
	return 0;
}

/* ---- what it lets pass --------------------------------------------------------- */

struct slice
request_header(const struct request *request, const char *name)
{
	return http_header_find(request->headers, request->n_headers, name);
}

bool
request_has_word(const struct request *request, const char *name,
    const char *word)
{
	struct slice want = slice_str(name), rest, each;
	size_t i;

	for (i = 0; i < request->n_headers; i++) {
		if (!slice_eq_nocase(request->headers[i].name, want))
			continue;
		rest = request->headers[i].value;
		while (slice_cut(&rest, ',', &each))
			if (slice_eq_nocase(slice_trim(each), slice_str(word)))
				return true;
	}
	return false;
}

size_t
request_header_count(const struct request *request, const char *name)
{
	struct slice want = slice_str(name);
	size_t i, n = 0;

	for (i = 0; i < request->n_headers; i++)
		n += slice_eq_nocase(request->headers[i].name, want);
	return n;
}

/* Debian builds http-parser without its strictness: blanks in names pass. */
static bool
name_is_token(struct slice name)
{
	size_t i;

	for (i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c <= 0x20 || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c) != NULL)
			return false;
	}
	return name.n > 0;
}

static bool
value_is_clean(struct slice value)
{
	size_t i;

	for (i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool
host_is_clean(struct slice host)
{
	size_t i;

	for (i = 0; i < host.n; i++)
		if ((unsigned char)host.p[i] <= 0x20 ||
		    strchr("/\\@?#,\"<>", host.p[i]) != NULL)
			return false;
	return true;
}

/* A value that begins on the next line; http-parser unfolds it. */
static bool
is_folded(const struct http_header *header)
{
	const char *end = header->name.p + header->name.n;

	return header->value.p > end &&
	    memchr(end, '\n', (size_t)(header->value.p - end)) != NULL;
}

static void
lines_check(struct reading *reading)
{
	struct request *request = reading->request;
	struct slice *value;
	size_t i;

	for (i = 0; i < request->target.n; i++)
		if ((unsigned char)request->target.p[i] <= 0x20 ||
		    request->target.p[i] == 0x7f)
			refuse(reading, 400, "the target is garbled");

	for (i = 0; i < request->n_headers; i++) {
		value = &request->headers[i].value;
		if (value->n > 0 && is_folded(&request->headers[i]))
			refuse(reading, 400, "a header line is folded");
		*value = value->p == NULL ? SLICE("") : slice_trim(*value);
		if (!name_is_token(request->headers[i].name) ||
		    !value_is_clean(*value)) {
			refuse(reading, 400, "a header line is garbled");
			return;
		}
	}
}

static void
meaning_check(struct reading *reading)
{
	struct request *request = reading->request;
	struct slice coding = request_header(request, "Transfer-Encoding");
	struct slice expect = request_header(request, "Expect");
	size_t hosts = request_header_count(request, "Host");

	if (hosts > 1 || !host_is_clean(request_header(request, "Host")))
		refuse(reading, 400, "Host is not one name");
	else if (hosts == 0 && request->minor > 0)
		refuse(reading, 400, "Host is missing");
	else if (coding.p != NULL && request->minor == 0)
		refuse(reading, 400, "HTTP/1.0 has no transfer codings");
	else if (coding.p != NULL && (!slice_eq_nocase(coding, SLICE("chunked")) ||
	    request_header_count(request, "Transfer-Encoding") > 1))
		refuse(reading, 501, "no transfer coding but chunked is known");
	else if (coding.p != NULL && request_header_count(request, "Content-Length") > 0)
		refuse(reading, 400, "the body has two lengths");
	else if (expect.p != NULL && request->minor > 0 &&
	    !slice_eq_nocase(expect, SLICE("100-continue")))
		refuse(reading, 417, "nothing but 100-continue can be expected");
	request->wants_continue = expect.p != NULL && request->minor > 0;
}

static void
parser_check(struct reading *reading, const http_parser *parser)
{
	switch (HTTP_PARSER_ERRNO(parser)) {
	case HPE_OK:
	case HPE_PAUSED:
		if (reading->request->method.p == NULL)
			refuse(reading, 400, "this is not an HTTP request");
		else if (parser->http_major != 1)
			refuse(reading, 505, "only HTTP/1 is spoken here");
		return;
	case HPE_INVALID_METHOD:
		refuse(reading, 501, "unknown method");
		return;
	case HPE_INVALID_VERSION:
		refuse(reading, 505, "only HTTP/1 is spoken here");
		return;
	default:
		/* Not http_errno_description(): its words are for programmers. */
		refuse(reading, 400, "this is not an HTTP request");
	}
}

static void
head_read(struct reading *reading, http_parser *parser,
    enum http_parser_type type, struct slice head)
{
	static const http_parser_settings settings = {
		.on_url = on_url,
		.on_header_field = on_field,
		.on_header_value = on_value,
		.on_headers_complete = on_head,
	};
	struct request *request = reading->request;

	/* Not the whole: the table of headers is large, and its count says how
	 * much of it is meant. */
	request->method = request->target = SLICE_NONE;
	request->n_headers = 0;
	request->keep_alive = request->is_chunked = false;
	request->wants_continue = false;
	request->length = 0;
	http_parser_init(parser, type);
	parser->data = reading;
	http_parser_execute(parser, &settings, head.p, head.n);
}

bool
reply_parse(struct slice head, struct reply *reply_r)
{
	struct reading reading = { .request = &reply_r->head };
	http_parser parser;
	struct slice coding;

	head_read(&reading, &parser, HTTP_RESPONSE, head);
	/* Paused: on_head() was reached. */
	if (HTTP_PARSER_ERRNO(&parser) != HPE_PAUSED || parser.http_major != 1 ||
	    parser.status_code < 100)
		return false;
	lines_check(&reading);
	reply_r->status = parser.status_code;
	reply_r->has_length = request_header_count(&reply_r->head,
	    "Content-Length") > 0;
	coding = request_header(&reply_r->head, "Transfer-Encoding");
	if (coding.p != NULL && (!slice_eq_nocase(coding, SLICE("chunked")) ||
	    reply_r->has_length))
		return false;
	return reading.status == 0;
}

int
request_parse(struct slice head, struct request *request_r,
    const char **fault_r)
{
	struct reading reading = { .request = request_r };
	http_parser parser;

	head_read(&reading, &parser, HTTP_REQUEST, head);
	parser_check(&reading, &parser);
	if (reading.status == 0)
		lines_check(&reading);
	if (reading.status == 0)
		meaning_check(&reading);
	*fault_r = reading.fault;
	return reading.status;
}
