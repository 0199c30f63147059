/*
 * sio_private.h - the text of a Socket.IO packet, as parsers 3 to 5 have it
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_SIO_PRIVATE_H
#define WIRE_SIO_PRIVATE_H

#include "wire/codec.h"

struct sio_names {
	const struct slice *names;
	size_t n;
};

/* Where the generations differ in what they read. */
struct sio_dialect {
	/* CONNECT carries an object, CONNECT_ERROR comes from servers only, what
	 * is no packet ends the session; else CONNECT carries a query, other data
	 * of it is ignored, and so are unknown types and a client's ERROR. */
	bool is_strict;
	/* No attachments may be announced, and an ACK may announce some (1.0.x). */
	bool takes_old_counts;
	/* Events of these names are not for others: a mistake, or ignored. */
	const struct sio_names *reserved;
};

/* codec->packet_next of that dialect. */
enum rc sio_packet_next(const struct sio_dialect *dialect, struct assembler *a,
    const struct frame *frame, const struct wire_limits *limits,
    struct arena *arena, struct packet *packet_r);

/* What a namespace may be called. */
bool sio_is_name(struct slice nsp, size_t most);

/* What stands before the data: type digit, count, namespace (with its query),
 * id.  attachments: how many follow. */
void sio_head_write(struct buf *out, const struct packet *packet,
    size_t attachments);

#endif
