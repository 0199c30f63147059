"""
siogate - Socket.IO for applications of short requests

The gateway holds the connections; what clients say reaches the application as ordinary
signed POSTs (doc/backend.md), and what the application answers happens.

    Gateway                     the WSGI application that is called
    wrap                        for applications that expect a client's own request
    Emitter, configure          speaking from outside, by the HTTP API
    RefuseConnect               raise it to refuse a client
    frameworks                  Django, Flask, Bottle, Pyramid, web.py
    testing                     a gateway inside the test's own process
    gevent_socketio, django_socketio, webpy_socketio, socketio
                                familiar faces: old code runs by changing its imports

Standard library only; Python 2.7 (Jython, too) and 3. To install it, copy the folder.

SPDX-License-Identifier: ISC
"""
from . import who
from ._compat import Binary
from .call import Call, Event, current
from .emitter import Emitter, configure, default_emitter
from .errors import (ApiError, BadCall, NoApi, NoCall, NotNamed, RefuseConnect, Refused,
                     SiogateError, Unstorable)
from .gateway import Gateway
from .me import Me
from .signature import RecentAnswers, Verifier, sign
from .wrapping import wrap

__all__ = ["ApiError", "BadCall", "Binary", "Call", "Emitter", "Event", "Gateway", "Me",
           "NoApi", "NoCall", "NotNamed", "RecentAnswers", "RefuseConnect", "Refused",
           "SiogateError", "Unstorable", "Verifier", "configure", "current",
           "default_emitter", "sign", "who",
           "wrap"]
