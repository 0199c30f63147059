/*
 * poll.c - a GET that waits
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "http/gateway_private.h"

void
poll_serve(struct http_private *own, const struct query *query)
{
	if (lot_is_full(own, PURPOSE_POLL) ||
	    !exchange_prepare(own, query, PURPOSE_POLL))
		return;
	exchange_begin(own);
	engine_poll(own->gateway->engine, &own->exchange);
}
