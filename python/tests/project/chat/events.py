"""
events.py - what django_socketio has to find

SPDX-License-Identifier: ISC
"""
from siogate.django_socketio.events import on_message


@on_message(channel="^room-")
def message(request, socket, context, message):
    socket.broadcast_channel(dict(message, path=request.path))
