/*
 * echo.c - the least that a client test needs: echo, broadcast, rooms
 *
 * In "/" and in every namespace that begins with "/echo-":
 *
 *   echo       args...               acks with the same arguments
 *   broadcast  args...               "broadcast" with them to everybody, sender too
 *   join       room                  joins, acks with the room
 *   leave      room                  leaves, acks with the room
 *   to         room, event, args...  emits event with args to the room
 *
 * Binary arguments come back as they are.
 *
 * SPDX-License-Identifier: ISC
 */
#include <siogate.h>

static int
on_echo(struct sio *sio)
{
	sio_ack(sio, sio_args(sio));
	sio_emit_attachments(sio);
	return 0;
}

static int
on_broadcast(struct sio *sio)
{
	sio_emit(sio, SIO_ALL, "broadcast", sio_args(sio));
	sio_emit_attachments(sio);
	return 0;
}

static int
on_join(struct sio *sio)
{
	const char *room = sio_arg_string(sio, 0);

	if (room == NULL || *room == '\0') {
		sio_ack(sio, "[null]");
		return 0;
	}
	sio_join(sio, SIO_ME, room);
	sio_ackf(sio, "[%s]", room);
	return 0;
}

static int
on_leave(struct sio *sio)
{
	const char *room = sio_arg_string(sio, 0);

	if (room == NULL || *room == '\0') {
		sio_ack(sio, "[null]");
		return 0;
	}
	sio_leave(sio, SIO_ME, room);
	sio_ackf(sio, "[%s]", room);
	return 0;
}

static int
on_to(struct sio *sio)
{
	const char *room = sio_arg_string(sio, 0), *event = sio_arg_string(sio, 1);

	if (room == NULL || *room == '\0' || event == NULL)
		return 0;
	sio_emit(sio, sio_to(sio, "room:%s", room), event, sio_args_from(sio, 2));
	sio_emit_attachments(sio);
	sio_ack(sio, "[true]");
	return 0;
}

static const struct sio_event events[] = {
	{ "echo", on_echo },
	{ "broadcast", on_broadcast },
	{ "join", on_join },
	{ "leave", on_leave },
	{ "to", on_to },
	{ NULL, NULL }
};

static const struct sio_module others =
    SIOGATE_NAMESPACE("echo", "/echo-*", events, NULL, NULL, NULL, NULL, NULL);

SIOGATE_EXPORT =
    SIOGATE_NAMESPACE("echo", "/", events, NULL, NULL, NULL, NULL, &others);
