"""
siogate.socketio - the face of python-socketio

    from siogate import socketio

    sio = socketio.Server()
    app.wsgi_app = socketio.WSGIApp(sio, app.wsgi_app)

The same decorators, class namespaces and methods; what differs is that the connections
are the gateway's: any process may serve the next event, none needs to last, and there is
nothing to be sticky to. doc/porting.md names the limits.

SPDX-License-Identifier: ISC
"""
from .exceptions import (BadNamespaceError, ConnectionRefusedError, SocketIOError, TimeoutError)
from .manager import (KafkaManager, KombuManager, PubSubManager, RedisManager, ZmqManager)
from .namespace import Namespace
from .server import Server
from .wsgi import Middleware, WSGIApp

__all__ = ["BadNamespaceError", "ConnectionRefusedError", "KafkaManager", "KombuManager",
           "Middleware", "Namespace", "PubSubManager", "RedisManager", "Server",
           "SocketIOError", "TimeoutError", "WSGIApp", "ZmqManager"]
