/*
 * error.c - errors as the reference words them
 *
 * Clients show the message to developers, who search for it: the texts are
 * those of engine.io, to the letter.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>

#include "base/json.h"
#include "http/error.h"
#include "http/gateway_private.h"

static const struct {
	int status;
	const char *message;
} errors[] = {
	[ERROR_TRANSPORT] = { 400, "Transport unknown" },
	[ERROR_SID]       = { 400, "Session ID unknown" },
	[ERROR_METHOD]    = { 400, "Bad handshake method" },
	[ERROR_REQUEST]   = { 400, "Bad request" },
	[ERROR_FORBIDDEN] = { 403, "Forbidden" },
	[ERROR_VERSION]   = { 400, "Unsupported protocol version" },
};
static_assert(sizeof(errors) / sizeof(errors[0]) == ERROR__COUNT,
    "an error is missing");

void
error_send(struct http_private *own, enum http_error error, const char *message)
{
	struct buf body = BUF_INIT;

	if (message == NULL)
		message = errors[error].message;
	if (own->is_upgrade) {
		/* The bare text, always 400, as the reference says it on a socket. */
		dress_text(own, 400, "text/html", message);
		return;
	}
	buf_printf(&body, "{\"code\":%d,\"message\":", (int)error);
	json_quote(&body, slice_str(message));
	buf_char(&body, '}');
	dress_send(own, errors[error].status, "application/json", &body);
	buf_free(&body);
}
