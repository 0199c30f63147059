"""
socketio_app.py - the class that web.py's urls name

SPDX-License-Identifier: ISC
"""
import os

import web

from ..channels.messages import LOG_FORMAT, format_log
from ..channels.serve import Serve
from ..errors import Refused
from ..wrapping import CALL, give_answer, take_call

_log = {"format": os.environ.get("SOCKETIO_MESSAGE_LOG_FORMAT", LOG_FORMAT)}


def configure_log(log_format):
    """A line for each message, or None; it was SOCKETIO_MESSAGE_LOG_FORMAT."""
    _log["format"] = log_format


class socketio(object):  # pylint: disable=invalid-name
    def GET(self):
        """A call that siogate.wrap() shows us."""
        return self.serve(None)

    def POST(self):
        """A call of the gateway itself."""
        return self.serve(web.data())

    @staticmethod
    def serve(body):
        environ = web.ctx.env
        try:
            call, gateway = take_call(environ, None if CALL in environ else body)
        except Refused as error:
            web.ctx.status = error.status
            return error.reason
        shown = call.environ

        def log_message(kind, text):
            if _log["format"]:
                environ["wsgi.errors"].write(format_log(_log["format"], shown, kind, text) + "\n")
        web.header("Content-Type", "application/json", unique=True)
        return give_answer(environ, gateway.answer(call, Serve(call, shown, log_message).handle))


socketio_urls = (r"/socket\.io.*", socketio)
