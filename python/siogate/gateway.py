"""
gateway.py - the WSGI application that the gateway calls

    gate = siogate.Gateway(secret="...")

    @gate.on("say", nsp="/chat")
    def say(me, room, text):
        me.emit("said", text, to="room:lobby")
        return True                     # the client's ack

`gate` is a WSGI application: mount it, or put it over the site's own with
`gate.over(application, "/siogate/")`. Without decorators a `handle(turn)` function does
it all; that is how the familiar faces sit on it.

Must stay true:
  - every event of a call is answered for, also the one whose handler failed
  - a handler that failed leaves no effects of its own behind

SPDX-License-Identifier: ISC
"""
import json
import logging
import sys

from . import signature, values
from ._compat import ConnectionRefused, to_bytes
from .call import Call, Turn
from .errors import BadCall, RefuseConnect, Refused
from .me import Me, apply_result

log = logging.getLogger("siogate")
BODY_MAX = 64 * 1024 * 1024


class Gateway(object):
    def __init__(self, secret=None, handle=None, window=signature.WINDOW, clock=None,
                 remember=None):
        """secret: text, or several while one is being replaced; None: the environment's.
        remember: keeps the answers of the last calls, see signature.RecentAnswers."""
        more = {"clock": clock} if clock else {}
        self.verifier = signature.Verifier(secret, window, **more)
        self.handle = handle or self.dispatch
        self.remember = remember
        self.handlers = {}

    # -- decorators: rows of (namespace, type, name)

    def on(self, name, nsp="/"):
        """An event; `*` takes those that have no function of their own, name first."""
        return self._register(nsp, "event", name)

    def on_connect(self, nsp="/"):
        """function(me, auth); False or RefuseConnect refuses."""
        return self._register(nsp, "connect", None)

    def on_disconnect(self, nsp="/"):
        """function(me, reason)"""
        return self._register(nsp, "disconnect", None)

    def on_timer(self, name, nsp="/"):
        """function(me, context)"""
        return self._register(nsp, "timer", name)

    def on_ack(self, name, nsp="/"):
        """function(me, answers, context): a list of arguments for each who answered."""
        return self._register(nsp, "ack", name)

    def _register(self, nsp, kind, name):
        def keep(function):
            self.handlers[nsp, kind, name] = function
            return function
        return keep

    def dispatch(self, turn):
        event, nsp, me = turn.event, turn.call.nsp, Me(turn)
        arguments = {"event": event.args, "connect": [event.auth], "disconnect": [event.reason],
                     "timer": [event.context], "ack": [event.answers, event.context]}[event.type]
        function = self.handlers.get((nsp, event.type, event.name))
        if function is None and event.type == "event":
            function = self.handlers.get((nsp, "event", "*"))
            arguments = [event.name] + arguments
        if function is None:
            if event.type == "connect" and not any(key[0] == nsp for key in self.handlers):
                raise RefuseConnect("Invalid namespace")
            return
        apply_result(turn, function(me, *arguments))

    # -- WSGI

    def __call__(self, environ, start_response):
        try:
            call, body = self.read(environ)
            answer = self.answer(call)
        except Refused as error:
            return refuse(error, start_response)
        start_response("200 OK", [("Content-Type", "application/json"),
                                  ("Content-Length", str(len(answer)))])
        return Answer(answer, call)

    def over(self, application, path=None):
        """A WSGI application: calls (to `path`, or to any address) are ours, everything
        else is the site's."""
        def both(environ, start_response):
            here = environ.get("PATH_INFO", "").rstrip("/")
            if is_call(environ) and path in (None, here, here + "/"):
                return self(environ, start_response)
            return application(environ, start_response)
        return both

    def read(self, environ, body=None):
        """(Call, body) of a request, verified. `body`: when a framework has read it."""
        if body is None:
            body = read_body(environ)
        self.verifier.check(environ.get("HTTP_SIOGATE_KEY"), environ.get("HTTP_SIOGATE_TIMESTAMP"),
                            environ.get("HTTP_SIOGATE_SPEAKER"),
                            environ.get("HTTP_SIOGATE_SIGNATURE"), body)
        try:
            call = Call(values.loads(body), environ)
        except ValueError as error:
            raise BadCall("the body is no JSON: %s" % error)
        if call.key != environ.get("HTTP_SIOGATE_KEY"):
            raise BadCall("the key of the body is not the one of the header")
        return call, body

    def answer(self, call, handle=None):
        """The bytes of the answer."""
        before = self.remember.get(call.key) if self.remember else None
        if before is not None:
            return to_bytes(before)
        rows = [self.answer_event(call, event, handle or self.handle) for event in call.events]
        answer = to_bytes(values.dumps({"siogate": 1, "events": [row for row in rows if row]}))
        if self.remember:
            self.remember.set(call.key, answer, 3600)
        return answer

    def answer_event(self, call, event, handle):
        before = call.snapshot()
        with Turn(call, event) as turn:
            try:
                handle(turn)
            except (RefuseConnect, ConnectionRefused) as error:
                call.rollback(before)
                if event.type != "connect":
                    return self.failed(call, event)
                turn.effects.rows = []
                turn.effects.refuse(*refusal(error))
            except Exception:  # pylint: disable=broad-except
                call.rollback(before)
                return self.failed(call, event)
        return {"n": event.n, "effects": turn.effects.rows} if turn.effects.rows else None

    @staticmethod
    def failed(call, event):
        log.exception("%s %s in %s failed", event.type, event.name or "", call.nsp)
        kind, error = sys.exc_info()[:2]
        text = "%s: %s" % (kind.__name__, (str(error).splitlines() or [""])[0])
        return {"n": event.n, "error": text[:500]}


def refusal(error):
    """(message, data) of RefuseConnect, or of Python's own ConnectionRefusedError."""
    if isinstance(error, RefuseConnect):
        return error.message, error.data
    args = list(getattr(error, "error_args", None) or error.args)
    message = str(args[0]) if args else "refused"
    return message, args[1] if len(args) == 2 else args[1:] or None


def is_call(environ):
    return "HTTP_SIOGATE_SIGNATURE" in environ


def read_body(environ):
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise BadCall("Content-Length is no number")
    if length > BODY_MAX:
        raise Refused("413 Content Too Large", "%d bytes are too many" % length)
    return environ["wsgi.input"].read(length)


def refuse(error, start_response):
    log.warning("refused a call: %s", error.reason)
    body = to_bytes(json.dumps({"error": error.reason}))
    start_response(error.status, [("Content-Type", "application/json"),
                                  ("Content-Length", str(len(body)))])
    return [body]


class Answer(object):
    """What is sent; jobs of the call run when the server closes it, that is afterwards."""

    def __init__(self, body, call):
        self.parts = [body]
        self.call = call

    def __iter__(self):
        return iter(self.parts)

    def __len__(self):
        return len(self.parts)

    def close(self):
        jobs, self.call.jobs = self.call.jobs, []
        for function, args, kwargs in jobs:
            try:
                function(*args, **kwargs)
            except Exception:  # pylint: disable=broad-except
                log.exception("a job after the answer failed")
