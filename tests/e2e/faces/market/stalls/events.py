"""
events.py - every event of django-socketio, and what its handlers get

SPDX-License-Identifier: ISC
"""
from siogate.django_socketio.events import (EventError, on_connect, on_disconnect, on_error,
                                            on_finish, on_message, on_subscribe, on_unsubscribe)
from siogate.django_socketio.utils import send

VERSION = "one"


@on_connect
def connect(request, socket, context):
    context["steps"] = ["connect"]
    context["came"] = request.META["HTTP_USER_AGENT"][:9]
    socket.send({"id": socket.session.session_id, "version": VERSION})


@on_subscribe(channel="^stall-")
def subscribe(request, socket, context, channel):
    context["steps"].append("subscribe " + channel)
    socket.broadcast_channel([channel, "somebody came"], channel)


@on_unsubscribe(channel="^stall-")
def unsubscribe(request, socket, context, channel):
    context["steps"].append("unsubscribe " + channel)


@on_message
def lost(request, socket, context, message):
    socket.send("no channel")


@on_message(channel="^stall-")
def haggle(request, socket, context, message):
    verb, rest = message[0], message[1:]
    if verb == "steps":
        socket.send({"steps": context["steps"], "came": context["came"],
                     "channels": sorted(socket.channels)})
    elif verb == "fail":
        raise ValueError("too dear")
    elif verb == "leave":
        socket.unsubscribe(rest[0])
    elif verb == "note":
        send(rest[0], "a note")
    else:
        getattr(socket, verb)(*rest)


@on_message(channel="^stall-")
@on_message(channel="-fish$")
def never(request, socket, context, message):
    """The second pattern would have to match from the beginning."""
    context["steps"].append("message")


@on_error
def error(request, socket, context, exception):
    socket.send("error without a channel")


@on_error(channel="^stall-")
def error_at_a_stall(request, socket, context, exception):
    socket.send("error: %s" % exception)


@on_disconnect(channel="^stall-")
def disconnect(request, socket, context):
    context["steps"].append("disconnect")


@on_finish(channel="^stall-")
def finish(request, socket, context):
    socket.broadcast_channel({"finish": context["steps"] + ["finish"]})


try:
    on_connect(channel="^x")(connect)
except EventError:
    pass
else:
    raise AssertionError("on_connect took a channel")
