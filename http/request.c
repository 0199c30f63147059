/*
 * request.c - what doors, too, ask of requests and answers
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "http/http.h"

struct slice
http_header_find(const struct http_header *headers, size_t n, const char *name)
{
	struct slice want = slice_str(name);
	size_t i;

	for (i = 0; i < n; i++)
		if (headers[i].name.n == want.n &&
		    slice_eq_nocase(headers[i].name, want))
			return headers[i].value;
	return SLICE_NONE;
}

struct slice
http_header_get(const struct http_request *request, const char *name)
{
	return http_header_find(request->headers, request->n_headers, name);
}

static const struct {
	int status;
	const char *text;
} status_texts[] = {
	{ 200, "OK" }, { 204, "No Content" }, { 301, "Moved Permanently" },
	{ 304, "Not Modified" }, { 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
	{ 404, "Not Found" }, { 405, "Method Not Allowed" },
	{ 408, "Request Timeout" }, { 413, "Payload Too Large" },
	{ 414, "URI Too Long" }, { 417, "Expectation Failed" },
	{ 429, "Too Many Requests" }, { 426, "Upgrade Required" }, { 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
	{ 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" },
};

const char *
http_status_text(int status)
{
	size_t i;

	for (i = 0; i < sizeof(status_texts) / sizeof(status_texts[0]); i++)
		if (status_texts[i].status == status)
			return status_texts[i].text;
	return "Unknown";
}
