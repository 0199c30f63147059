/*
 * tally.h - what was refused, counted over all processes of a store
 *
 * Something that is refused is logged where it happens; here it is only counted,
 * so that `siogate stats` can say in one look what goes wrong on a site, and how
 * often.
 *
 * Must stay true:
 *   - the file lists them in this order: a new one goes to the end
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STORE_TALLY_H
#define STORE_TALLY_H

#include <stdint.h>

enum tally {
	/* tokens of clients; their names are the codes that a client is told */
	TALLY_TOKEN_MISSING, TALLY_TOKEN_MALFORMED, TALLY_TOKEN_ALGORITHM,
	TALLY_TOKEN_SIGNATURE, TALLY_TOKEN_EXPIRED, TALLY_TOKEN_EARLY,
	TALLY_TOKEN_ISSUER, TALLY_TOKEN_AUDIENCE, TALLY_TOKEN_NO_USER,
	TALLY_TOKEN_USER, TALLY_TOKEN_UNVERIFIABLE,
	/* what clients may not */
	TALLY_ACL, TALLY_RELAY, TALLY_RATE, TALLY_CONNECT, TALLY_STRANGER,
	/* what is too much of something */
	TALLY_NAMESPACES, TALLY_ROOMS, TALLY_EVENT_SIZE, TALLY_NAME_SIZE,
	TALLY_PACKETS, TALLY_PAYLOAD, TALLY_LOG_FULL, TALLY_TASKS, TALLY_SLOW_READER,
	TALLY_UNAVAILABLE,
	/* what cannot be understood, or is not for us */
	TALLY_PARSE, TALLY_REQUEST, TALLY_VERSION, TALLY_SID, TALLY_ORIGIN,
	/* those outside */
	TALLY_API_TOKEN, TALLY_API_RIGHTS, TALLY_API_REQUEST,
	TALLY__COUNT
};

struct tally_row {
	const char *name, *help;
};
extern const struct tally_row tally_rows[TALLY__COUNT];

#endif
