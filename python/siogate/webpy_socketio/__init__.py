"""
siogate.webpy_socketio - the face of webpy-socketio

    from siogate.webpy_socketio import *
    from siogate.webpy_socketio import SocketIOServer, monkey

    urls += socketio_urls

Handlers get web.ctx.env as their request. Pages include `socketio_scripts()`; for Mako,
web.template and Jinja alike it is a function that gives the tags.

SPDX-License-Identifier: ISC
"""
from ..channels.events import (EventError, on_connect, on_disconnect, on_error, on_finish,
                               on_message, on_subscribe, on_unsubscribe)
from ..channels.outside import NoSocket, broadcast, broadcast_channel, send
from ..channels.script import socketio_scripts
from ..gevent_socketio.green import monkey
from ..gevent_socketio.server import SocketIOServer
from .socketio_app import configure_log, socketio, socketio_urls

__all__ = ["EventError", "NoSocket", "SocketIOServer", "broadcast", "broadcast_channel",
           "configure_log", "monkey", "on_connect", "on_disconnect", "on_error", "on_finish",
           "on_message", "on_subscribe", "on_unsubscribe", "send", "socketio",
           "socketio_scripts", "socketio_urls"]
