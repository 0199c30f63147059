/*
 * keep.c - an echo that is written down
 *
 * In /kept: `echo` acks with its own arguments, and says them in a room where nobody is,
 * so that each event is a record of the store.
 *
 * SPDX-License-Identifier: ISC
 */
#include <siogate.h>

static int
on_echo(struct sio *sio)
{
	sio_emit(sio, sio_to(sio, "room:%s", "nobody"), "echo", sio_args(sio));
	sio_ack(sio, sio_args(sio));
	return 0;
}

static const struct sio_event events[] = {
	{ "echo", on_echo },
	{ NULL, NULL }
};

SIOGATE_MODULE("keep", "/kept", events, NULL, NULL, NULL);
