"""
webpy_chat.py - web.py with channels: rooms for talk, one channel for the porter

A page subscribes to `room-NAME`; the pattern `^room-` has the talk. The porter's desk is
a channel of its own with other handlers, and a socket without any channel is told where
to go.

SPDX-License-Identifier: ISC
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import web                                              # noqa: E402
from page import folder                                 # noqa: E402
from siogate.webpy_socketio import (on_finish, on_message, on_subscribe,   # noqa: E402
                                    socketio_scripts, socketio_urls)

urls = ("/", "Index") + socketio_urls
render = web.template.frender(os.path.join(folder, "webpy_chat.html"),
                              globals={"socketio_scripts": socketio_scripts})


class Index(object):
    def GET(self):
        web.header("Content-Type", "text/html; charset=utf-8")
        return render()


@on_subscribe(channel="^room-")
def enter(request, socket, context, channel):
    context["room"] = channel
    socket.send({"action": "welcome", "room": channel[5:]})


@on_message(channel="^room-")
def talk(request, socket, context, message):
    if message["action"] == "name":
        context["name"] = message["name"]
        socket.broadcast_channel({"action": "join", "name": message["name"]}, context["room"])
    elif "name" in context:
        socket.send_and_broadcast_channel({"action": "message", "name": context["name"],
                                           "text": message["text"]}, context["room"])


@on_message(channel="^porter$")
def ring(request, socket, context, message):
    socket.broadcast({"action": "message", "name": "The porter", "text": message["text"]})


@on_message
def nowhere(request, socket, context, message):
    socket.send({"action": "lost"})


@on_finish(channel="^room-")
def leave(request, socket, context):
    if "name" in context:
        socket.broadcast_channel({"action": "leave", "name": context["name"]}, context["room"])


application = web.application(urls, {"Index": Index}).wsgifunc()
