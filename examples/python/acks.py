"""
acks.py - acknowledgements both ways, two namespaces, "disconnect me"

SPDX-License-Identifier: ISC
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from page import page                                   # noqa: E402
from siogate import wrap                                # noqa: E402
from siogate.gevent_socketio import socketio_manage     # noqa: E402
from siogate.gevent_socketio.namespace import BaseNamespace     # noqa: E402


class Left(BaseNamespace):
    def on_add(self, a, b):
        """The server answers the client: two values."""
        return a + b, a * b

    def on_ask_me(self):
        """The client answers the server, in whichever process that is then."""
        self.emit("how old are you", callback=self.answered)

    def answered(self, age):
        self.emit("so you are", age)

    def on_over(self, text):
        """To the other namespace of the same page."""
        self.socket["/right"].emit("from the left", text)

    def on_disconnect_me(self):
        self.emit("good bye")
        self.disconnect()


class Right(BaseNamespace):
    def recv_connect(self):
        self.emit("welcome", self.ns_name)


show = page("acks")


def site(environ, start_response):
    if environ.get("siogate.call"):
        socketio_manage(environ, {"/left": Left, "/right": Right})
        return []
    return show(environ, start_response)


application = wrap(site)
