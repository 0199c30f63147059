/*
 * greet.c - the handshake
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "http/gateway_private.h"

void
greet_serve(struct http_private *own, const struct query *query)
{
	struct exchange *ex = &own->exchange;
	size_t info, upgrades;

	if (lot_is_full(own, PURPOSE_GREET))
		return;
	exchange_prepare(own, query, PURPOSE_GREET);
	info_write(&own->memory, own, query);
	info = own->memory.n;
	if (own->codec->manners != NULL)
		old_transports(own, true, &own->memory);
	else
		buf_str(&own->memory, own->gateway->has_websocket &&
		    own->codec->message_next != NULL ? "[\"websocket\"]" : "[]");
	upgrades = own->memory.n;
	if (own->codec->manners != NULL)
		old_transports(own, false, &own->memory);
	ex->info = slice_head(buf_slice(&own->memory), info);
	ex->upgrades = slice_of(own->memory.p + info, upgrades - info);
	if (own->memory.n > upgrades)
		ex->without = slice_skip(buf_slice(&own->memory), upgrades);
	exchange_begin(own);
	engine_open(own->gateway->engine, ex);
}

void
greet_live(struct http_private *own, const struct query *query)
{
	if (lot_is_full(own, PURPOSE_GREET))
		return;
	exchange_prepare(own, query, PURPOSE_GREET);
	info_write(&own->memory, own, query);
	own->live->codec = own->exchange.codec;
	own->live->wants_text = query->b64.n > 0;
	own->live->info = buf_slice(&own->memory);
	own->live->says = own->exchange.says;
}

void
take_over_live(struct http_private *own, const struct query *query)
{
	if (!slice_is(own->x->request.method, "GET")) {
		error_send(own, REFUSAL_METHOD, NULL);
		return;
	}
	if (!exchange_prepare(own, query, PURPOSE_MISMATCH))
		return;
	if (own->exchange.sid.n >= sizeof(own->live->sid)) {
		error_send(own, REFUSAL_SID, NULL);
		return;
	}
	speaker_take(own);
	own->live->says = own->exchange.says;
	own->live->codec = own->exchange.codec;
	own->live->wants_text = query->b64.n > 0;
	memcpy(own->live->sid, own->exchange.sid.p, own->exchange.sid.n);
}
