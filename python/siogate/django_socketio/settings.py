"""
settings.py - the settings of django-socketio, and ours

    SOCKETIO_HOST, SOCKETIO_PORT    for runserver_socketio: 127.0.0.1 and 9000
    SOCKETIO_MESSAGE_LOG_FORMAT     one line of each message; None: none
    SOCKETIO_CLIENT_URL             the client script of {% socketio %}
    SOCKETIO_KEEP_ON_ERROR          True: a handler that fails does not end its socket
    SIOGATE_SECRET                  the secret of the [backend] section

SPDX-License-Identifier: ISC
"""
from django.conf import settings

from ..channels.messages import LOG_FORMAT
from ..channels.script import CLIENT_URL

HOST = getattr(settings, "SOCKETIO_HOST", "127.0.0.1")
PORT = getattr(settings, "SOCKETIO_PORT", 9000)
MESSAGE_LOG_FORMAT = getattr(settings, "SOCKETIO_MESSAGE_LOG_FORMAT", LOG_FORMAT)
CLIENT = getattr(settings, "SOCKETIO_CLIENT_URL", CLIENT_URL)
KEEP_ON_ERROR = getattr(settings, "SOCKETIO_KEEP_ON_ERROR", False)
SECRET = getattr(settings, "SIOGATE_SECRET", None)
