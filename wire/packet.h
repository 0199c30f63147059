/*
 * packet.h - the neutral packet: what every client generation has in common
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_PACKET_H
#define WIRE_PACKET_H

#include <stdbool.h>

#include "base/slice.h"

enum generation {
	GENERATION_V0,          /* Socket.IO 0.6 */
	GENERATION_V1,          /* 0.7 to 0.9 */
	GENERATION_EIO3,        /* 1.x, 2.x */
	GENERATION_EIO4,        /* 3.x, 4.x */
	GENERATION__COUNT
};

enum packet_type {
	PACKET_CONNECT,         /* data: object (auth payload, or the answer), or absent */
	PACKET_DISCONNECT,      /* no data */
	PACKET_EVENT,           /* data: array, event name first */
	PACKET_ACK,             /* data: array; id always there */
	PACKET_CONNECT_ERROR,   /* data: object with "message" (and "data") */
	PACKET__COUNT
};

/*
 * Borrowed from what it was parsed from.  Binary values stand in data as
 * {"_placeholder":true,"num":N}; the N-th attachment is the N-th of the packed
 * list (base/buf.h).
 */
struct packet {
	enum packet_type type;
	struct slice nsp;               /* "/" for the root, "/chat"; no query */
	struct slice query;             /* of EIO3 CONNECT: what stood behind '?' */
	struct slice id;                /* digits of the ack id; absent: none */
	struct slice data;              /* JSON text; absent: none */
	struct slice attachments;       /* packed; absent: none */
	bool ack_now;                   /* id is for the library: it is answered with
	                                 * no arguments as soon as it has arrived */
};

#endif
