/*
 * echo.c - the least that a client test needs: echo, broadcast, rooms
 *
 * In "/" and in every namespace that begins with "/echo-":
 *
 *   echo       args...               acks with the same arguments
 *   broadcast  args...               "broadcast" with them to everybody, sender too; acks
 *   join       room                  joins, acks with the room
 *   leave      room                  leaves, acks with the room
 *   to         room, event, args...  emits event with args to the room; acks
 *   ask        args...               asks the sender "question" with them; what it
 *                                    answers comes back as "answers", one list of
 *                                    the answers' arguments, empty after 10 s
 *   kick       hard?                 ends the namespace; hard: the connection
 *   message, json  args...           says the same to the sender, as clients before
 *                                    1.0 do with send()
 *   __subscribe__, __unsubscribe__  room  as join and leave, of pages of 0.6
 *
 * Binary arguments come back as they are.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

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
	sio_ack(sio, "[]");
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

static int
on_ask(struct sio *sio)
{
	sio_emit(sio, SIO_ME, "question", sio_args(sio));
	sio_emit_attachments(sio);
	sio_emit_ask(sio, "answered", sio_id(sio), 10000);
	return 0;
}

static int
on_answered(struct sio *sio)
{
	sio_emitf(sio, sio_to(sio, "id:%s", sio_context(sio)), "answers", "[%j]",
	    sio_args(sio));
	sio_emit_attachments(sio);
	return 0;
}

static int
on_kick(struct sio *sio)
{
	sio_disconnect(sio, SIO_ME, strcmp(sio_arg(sio, 0), "true") == 0);
	return 0;
}

static int
on_message(struct sio *sio)
{
	sio_emit(sio, SIO_ME, sio_name(sio), sio_args(sio));
	sio_emit_attachments(sio);
	sio_ack(sio, "[]");
	return 0;
}

static const struct sio_event events[] = {
	{ "echo", on_echo },
	{ "broadcast", on_broadcast },
	{ "join", on_join },
	{ "leave", on_leave },
	{ "to", on_to },
	{ "ask", on_ask },
	{ "kick", on_kick },
	{ "message", on_message },
	{ "__subscribe__", on_join },
	{ "__unsubscribe__", on_leave },
	{ NULL, NULL }
};

static const struct sio_event named[] = {
	{ "answered", on_answered },
	{ NULL, NULL }
};

static const struct sio_module others =
    SIOGATE_NAMESPACE("echo", "/echo-*", events, named, NULL, NULL, NULL, NULL);

SIOGATE_EXPORT =
    SIOGATE_NAMESPACE("echo", "/", events, named, NULL, NULL, NULL, &others);
