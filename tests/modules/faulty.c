/*
 * faulty.c - a module that does everything that a module should not do
 *
 * SPDX-License-Identifier: ISC
 */
#include <siogate.h>
#include <signal.h>
#include <stdlib.h>

static volatile int spinning = 1;

static int
on_loop(struct sio *sio)
{
	(void)sio;
	while (spinning)
		;
	return 0;
}

static int
on_abort(struct sio *sio)
{
	(void)sio;
	abort();
}

static int
on_stop(struct sio *sio)
{
	(void)sio;
	raise(SIGSTOP);
	return 0;
}

static int
on_fail(struct sio *sio)
{
	sio_emit(sio, SIO_ALL, "half", "[]");
	return 1;
}

static int
on_fine(struct sio *sio)
{
	sio_ack(sio, sio_args(sio));
	return 0;
}

static int
on_error(struct sio *sio)
{
	sio_ackf(sio, "[{\"error\":%s}]", sio_reason(sio));
	return 0;
}

static int
on_connect(struct sio *sio)
{
	const char *auth = sio_auth(sio);

	sio_set_data(sio, auth);
	if (sio_text(sio, sio_member(sio, auth, "name")) == NULL)
		sio_refuse(sio, "who are you?", NULL);
	return 0;
}

static const struct sio_event events[] = {
	{ "loop", on_loop },
	{ "abort", on_abort },
	{ "stop", on_stop },
	{ "fail", on_fail },
	{ "fine", on_fine },
	{ NULL, NULL }
};

static const struct sio_event others[] = { { "*", on_fine }, { NULL, NULL } };

static const struct sio_module hooked =
    SIOGATE_NAMESPACE("faulty", "/hooked", events, NULL, NULL, NULL, on_error, NULL);
static const struct sio_module guarded =
    SIOGATE_NAMESPACE("faulty", "/echo-g*", others, NULL, on_connect, NULL, NULL, &hooked);

SIOGATE_EXPORT =
    SIOGATE_NAMESPACE("faulty", "/faulty", events, NULL, NULL, NULL, NULL, &guarded);
