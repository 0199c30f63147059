/*
 * tally.c - what refusals are called, and what they mean
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stddef.h>

#include "store/tally.h"

const struct tally_row tally_rows[TALLY__COUNT] = {
	[TALLY_TOKEN_MISSING]   = { "token-missing", "no token where one is required" },
	[TALLY_TOKEN_MALFORMED] = { "token-malformed", "no JSON Web Token, or too long" },
	[TALLY_TOKEN_ALGORITHM] = { "token-algorithm", "another algorithm than the keys', as none" },
	[TALLY_TOKEN_SIGNATURE] = { "token-signature", "signed by none of the keys" },
	[TALLY_TOKEN_EXPIRED]   = { "token-expired", "tokens whose time is over" },
	[TALLY_TOKEN_EARLY]     = { "token-early", "tokens whose time is still to come" },
	[TALLY_TOKEN_ISSUER]    = { "token-issuer", "tokens of another issuer" },
	[TALLY_TOKEN_AUDIENCE]  = { "token-audience", "tokens for another audience" },
	[TALLY_TOKEN_NO_USER]   = { "token-without-user", "tokens that name no user" },
	[TALLY_TOKEN_USER]      = { "token-user", "the user's name is longer than max_name" },
	[TALLY_TOKEN_UNVERIFIABLE] = { "token-unverifiable", "OpenSSL cannot be loaded" },
	[TALLY_ACL]         = { "acl", "events that an access list does not allow" },
	[TALLY_RELAY]       = { "relay", "what a relay rule does not allow" },
	[TALLY_RATE]        = { "rate", "events above the rate of a relay rule" },
	[TALLY_CONNECT]     = { "connect", "connects that the application refused" },
	[TALLY_STRANGER]    = { "namespace", "connects to a namespace that nobody serves" },
	[TALLY_NAMESPACES]  = { "namespaces", "connects above max_namespaces" },
	[TALLY_ROOMS]       = { "rooms", "joins above max_rooms" },
	[TALLY_EVENT_SIZE]  = { "event-size", "events larger than max_event" },
	[TALLY_NAME_SIZE]   = { "name-size", "rooms and users longer than max_name" },
	[TALLY_PACKETS]     = { "packets", "requests with more than max_packets" },
	[TALLY_PAYLOAD]     = { "payload", "requests larger than max_payload" },
	[TALLY_LOG_FULL]    = { "log-full", "events above store_max_size, or for more than 64 rooms" },
	[TALLY_TASKS]       = { "tasks", "requests that waited in vain for room in max_tasks" },
	[TALLY_SLOW_READER] = { "slow-reader", "connections closed because they read too slowly" },
	[TALLY_UNAVAILABLE] = { "unavailable", "requests answered 503: slots, places or the store" },
	[TALLY_PARSE]       = { "parse", "sessions ended by what could not be understood" },
	[TALLY_REQUEST]     = { "request", "requests that make no sense here" },
	[TALLY_VERSION]     = { "version", "requests of a protocol that is off or unknown" },
	[TALLY_SID]         = { "sid", "requests of sessions that have ended" },
	[TALLY_ORIGIN]      = { "origin", "requests of pages that origins does not allow" },
	[TALLY_API_TOKEN]   = { "api-token", "requests to the API without a good token" },
	[TALLY_API_RIGHTS]  = { "api-rights", "requests to the API without the right" },
	[TALLY_API_REQUEST] = { "api-request", "requests to the API that were refused otherwise" },
};
