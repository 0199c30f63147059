"""
wrapping.py - calls of the gateway, for applications that expect a client's request

Views written for gevent-socketio are reached by GET, hand `request.environ` to
socketio_manage() and return whatever they like, since the socket was served meanwhile.
`wrap(application)` lets them stay so: it verifies a call, shows the application a GET
with the visitor's cookies, and answers with what the face has left in the environ.

    application = siogate.wrap(application)         # secret: SIOGATE_SECRET

Must stay true:
  - the application never sees a call that was not verified
  - what the application itself returns to a call is read to its end, and thrown away

SPDX-License-Identifier: ISC
"""
import io
import logging
import threading

from .errors import Refused
from .gateway import Answer, Gateway, is_call, refuse

log = logging.getLogger("siogate")
CALL, ANSWER = "siogate.call", "siogate.answer"
OURS = "siogate/"       # how the gateway calls itself in User-Agent

_default = {}
_lock = threading.Lock()


def default_gateway():
    """The one of this process, with the environment's secret."""
    with _lock:
        if "gateway" not in _default:
            _default["gateway"] = Gateway(handle=_nobody)
        return _default["gateway"]


def use_secret(secret):
    """The secret from the framework's settings, in place of the environment's."""
    with _lock:
        gateway = _default.get("gateway")
        if gateway is None or gateway.verifier.secrets != [secret]:
            _default["gateway"] = Gateway(secret, handle=_nobody)


def _nobody(_turn):
    raise RuntimeError("a face answers by itself")


def wrap(application, secret=None, gateway=None):
    gateway = gateway or (Gateway(secret, handle=_nobody) if secret else None)

    def wrapped(environ, start_response):
        if not is_call(environ):
            return application(environ, start_response)
        try:
            call, _ = (gateway or default_gateway()).read(environ)
        except Refused as error:
            return refuse(error, start_response)
        shown = client_environ(environ, call)
        shown[CALL] = call
        call.environ = shown
        status = run(application, shown)
        if ANSWER not in shown:
            return refuse(Refused("404 Not Found", "the application answered %s without "
                                  "handling the call: is %s the path of its Socket.IO view?" %
                                  (status, environ.get("PATH_INFO"))), start_response)
        answer = shown[ANSWER]
        start_response("200 OK", [("Content-Type", "application/json"),
                                  ("Content-Length", str(len(answer)))])
        return Answer(answer, call)
    return wrapped


def run(application, environ):
    """Runs it to its end; gives its status."""
    said = []

    def start_response(status, _headers, _error=None):
        said.append(status)
        return lambda _part: None
    parts = application(environ, start_response)
    try:
        for _ in parts or ():
            pass
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return said[-1] if said else "nothing"


def client_environ(environ, call):
    """The environ as if the client had come by itself: a GET from its own address."""
    shown = dict(environ)
    shown.update({"REQUEST_METHOD": "GET", "wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0"})
    shown.pop("CONTENT_TYPE", None)
    if call.socket is not None:
        handshake = call.socket.handshake
        if handshake.address:
            shown["REMOTE_ADDR"] = handshake.address
        shown["QUERY_STRING"] = handshake.query
        # what came along now is the visitor's current word, but for what the gateway says
        if shown.get("HTTP_USER_AGENT", "").startswith(OURS):
            del shown["HTTP_USER_AGENT"]
        for name, value in handshake.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if name != "cookie" and key not in shown:
                shown[key] = str(value)
    return shown


def take_call(environ, body=None):
    """(call, gateway) for a face that got this environ, wrapped or bare."""
    gateway = default_gateway()
    if CALL in environ:
        return environ[CALL], gateway
    call, _ = gateway.read(environ, body)
    call.environ = client_environ(environ, call)
    return call, gateway


def give_answer(environ, answer):
    """Leaves the answer for `wrap`; gives it, too, as the view's body."""
    environ[ANSWER] = answer
    return answer
