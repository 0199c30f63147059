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
	if (!exchange_prepare(own, query, PURPOSE_POLL))
		return;
	own->is_pending = true;
	engine_poll(own->gateway->engine, &own->exchange);
}
