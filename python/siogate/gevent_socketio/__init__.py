"""
siogate.gevent_socketio - the face of gevent-socketio

    from siogate.gevent_socketio import socketio_manage
    from siogate.gevent_socketio.namespace import BaseNamespace
    from siogate.gevent_socketio.mixins import RoomsMixin, BroadcastMixin
    from siogate.gevent_socketio import sdjango
    from siogate.gevent_socketio.server import SocketIOServer
    from siogate.gevent_socketio import gevent, monkey

A namespace object is built for each call of the gateway and put away behind it: its
attributes wait with the socket, its mutable class attributes are shared by all processes
(state.py). doc/porting.md says what differs.

SPDX-License-Identifier: ISC
"""
from . import green as gevent
from .green import monkey
from .manage import socketio_manage
from .server import SocketIOServer

__all__ = ["SocketIOServer", "gevent", "monkey", "socketio_manage"]
