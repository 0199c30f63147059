"""
exceptions.py - the exceptions of python-socketio that a server meets

SPDX-License-Identifier: ISC
"""
from .._compat import ConnectionRefused


class SocketIOError(Exception):
    pass


class ConnectionRefusedError(SocketIOError, ConnectionRefused):
    """Raise it in a connect handler: the first argument is the message, the others are
    its data."""

    def __init__(self, *args):
        SocketIOError.__init__(self, *args)
        self.error_args = args


class TimeoutError(SocketIOError):
    """call() got no answer in time."""


class BadNamespaceError(SocketIOError):
    pass
