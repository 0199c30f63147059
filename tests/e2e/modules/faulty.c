/*
 * faulty.c - a module with mistakes in it, for faulty.test.mjs
 *
 * Each of them asks for something first, which must not happen then.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>

#include <siogate.h>

static int
on_say(struct sio *sio)
{
	sio_emit(sio, SIO_ALL, "said", sio_args(sio));
	sio_ack(sio, "[]");
	return 0;
}

static int
on_loop(struct sio *sio)
{
	volatile int forever = 1;

	on_say(sio);
	while (forever)
		;
	return 0;
}

static int
on_abort(struct sio *sio)
{
	on_say(sio);
	abort();
}

static const struct sio_event events[] = {
	{ "say", on_say },
	{ "loop", on_loop },
	{ "abort", on_abort },
	{ NULL, NULL }
};

SIOGATE_EXPORT =
    SIOGATE_NAMESPACE("faulty", "/faulty", events, NULL, NULL, NULL, NULL, NULL);
