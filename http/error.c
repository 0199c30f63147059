/*
 * error.c - errors as the reference words them
 *
 * Clients show the message to developers, who search for it: the texts are
 * those of engine.io, to the letter.  Those before it have their own, which stand
 * with their codec.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <assert.h>

#include "base/json.h"
#include "http/error.h"
#include "http/gateway_private.h"
#include "wire/jsonp.h"

static const struct {
	int status;
	const char *message;
	enum tally tally;               /* TALLY__COUNT: the application's matter */
} errors[] = {
	[REFUSAL_TRANSPORT] = { 400, "Transport unknown", TALLY_REQUEST },
	[REFUSAL_SID]       = { 400, "Session ID unknown", TALLY_SID },
	[REFUSAL_METHOD]    = { 400, "Bad handshake method", TALLY_REQUEST },
	[REFUSAL_REQUEST]   = { 400, "Bad request", TALLY_REQUEST },
	[REFUSAL_FORBIDDEN] = { 403, "Forbidden", TALLY_ORIGIN },
	[REFUSAL_VERSION]   = { 400, "Unsupported protocol version", TALLY_VERSION },
	/* Not said: these generations refuse in their handshake's payload. */
	[REFUSAL_HANDSHAKE] = { 403, "Forbidden", TALLY__COUNT },
	[REFUSAL_HANDLER]   = { 500, "Internal error", TALLY__COUNT },
};
static_assert(sizeof(errors) / sizeof(errors[0]) == REFUSAL__COUNT,
    "a refusal is missing");

/* A page that waits for a script gets one: a payload for a session that is
 * unknown, an Error for a handshake. */
static void
manners_script(struct http_private *own, enum refusal refusal, const char *text)
{
	const struct manners *manners = own->codec->manners;
	struct slice index = slice_of(own->index, own->index_n);
	struct buf body = BUF_INIT;

	if (refusal == REFUSAL_SID) {
		jsonp_call(&body, manners->jsonp_open, index, manners->jsonp_middle,
		    slice_str(text));
	} else {
		buf_str(&body, manners->jsonp_open);
		buf_add(&body, index);
		buf_str(&body, manners->jsonp_middle);
		buf_str(&body, "new Error(");
		json_quote_script(&body, slice_str(text));
		buf_str(&body, "));");
	}
	dress_send(own, 200, SCRIPT_TYPE, &body);
	buf_free(&body);
}

static void
manners_send(struct http_private *own, enum refusal refusal)
{
	const struct manners *manners = own->codec->manners;
	const char *text = manners->refusals[refusal].text;

	if (own->is_jsonp && !manners->refuses_by_status)
		manners_script(own, refusal, text);
	else
		dress_text(own, manners->refusals[refusal].status,
		    "text/plain; charset=UTF-8", text);
}

void
error_send(struct http_private *own, enum refusal refusal, const char *message)
{
	struct buf body = BUF_INIT;

	if (errors[refusal].tally != TALLY__COUNT)
		engine_tally(own->gateway->engine, errors[refusal].tally);
	if (own->codec != NULL && own->codec->manners != NULL) {
		manners_send(own, refusal);
		return;
	}
	if (message == NULL)
		message = errors[refusal].message;
	if (own->is_upgrade) {
		/* The bare text, always 400, as the reference says it on a socket. */
		dress_text(own, 400, "text/html", message);
		return;
	}
	buf_printf(&body, "{\"code\":%d,\"message\":", (int)refusal);
	json_quote(&body, slice_str(message));
	buf_char(&body, '}');
	dress_send(own, errors[refusal].status, "application/json", &body);
	buf_free(&body);
}
