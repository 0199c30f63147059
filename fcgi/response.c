/*
 * response.c - an answer as CGI wants it
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "fcgi/door_private.h"

void
response_write(struct buf *out, const struct http_response *response)
{
	buf_reserve(out, response->headers.n + response->body.n + 64);
	buf_add(out, SLICE("Status: "));
	buf_int(out, response->status);
	buf_char(out, ' ');
	buf_str(out, http_status_text(response->status));
	buf_add(out, SLICE("\r\n"));
	buf_add(out, buf_slice(&response->headers));
	buf_str(out, "\r\n");
	if (response->has_body)
		buf_add(out, buf_slice(&response->body));
}
