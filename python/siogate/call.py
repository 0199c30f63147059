"""
call.py - one call of the gateway: a socket, and what happened to it

`Call` is the decoded body. While its events are handled it keeps count of what the
application changes (rooms, data, session, values), so that the second event of a call
sees what the first one did; the gateway applies all of it afterwards.

`current()` is the turn in which this thread is: functions that may be used inside and
outside of a handler (emit, for one) ask it.

Must stay true:
  - every change goes through Turn.effects and is counted here in the same breath
  - a turn is current in one thread, for one event

SPDX-License-Identifier: ISC
"""
import threading

from . import values
from .effects import Effects
from .errors import BadCall, NoCall

TYPES = ("connect", "event", "disconnect", "timer", "ack")
_here = threading.local()


def current():
    """The turn of this thread, or None."""
    return getattr(_here, "turn", None)


def need_current(what):
    turn = current()
    if turn is None:
        raise NoCall("%s is only possible while an event is handled" % what)
    return turn


class Handshake(object):
    """How the client came: headers (lower-case names), address, query text."""

    def __init__(self, body):
        body = body or {}
        headers = body.get("headers") or {}
        self.headers = dict((name.lower(), value) for name, value in headers.items())
        self.address = body.get("address")
        self.query = body.get("query") or ""


class Socket(object):
    """The socket as the gateway sees it at the moment of the call, and since."""

    def __init__(self, body):
        self.id = body["id"]
        self.user = body.get("user")
        self.data = body.get("data")
        self.rooms = list(body.get("rooms") or [])
        self.generation = body.get("generation")
        self.transport = body.get("transport")
        self.connected = body.get("connected")
        self.handshake = Handshake(body.get("handshake"))


class Event(object):
    """One row of `events`; members that its type does not have are None."""

    def __init__(self, body):
        self.n = body["n"]
        self.type = body["type"]
        if self.type not in TYPES:
            raise BadCall("an event of the unknown type %r" % (self.type,))
        self.at = body.get("at")
        self.attempt = body.get("attempt", 1)
        self.name = body.get("name")
        self.wants_ack = bool(body.get("ack"))
        self.auth = body.get("auth")
        self.recovered = bool(body.get("recovered"))
        self.reason = body.get("reason")
        self.rooms = body.get("rooms")
        self.context = body.get("context")
        self.expected = body.get("expected")
        self.timeout = bool(body.get("timeout"))
        attachments = body.get("attachments") or []
        is_ack = self.type == "ack"
        self.args = values.restore(body.get("args") or [], [] if is_ack else attachments)
        self.answers = _answers(body.get("answers") or [], attachments if is_ack else [])


def _answers(answers, attachments):
    if not attachments:
        return values.restore(answers, [])
    if len(attachments) != len(answers):
        raise BadCall("%d answers with attachments for %d" % (len(answers), len(attachments)))
    return [values.restore(one, beside or []) for one, beside in zip(answers, attachments)]


class Call(object):
    """A decoded body, with the environ of the request that brought it."""

    def __init__(self, body, environ=None):
        try:
            self.key = body["key"]
            self.nsp = body["nsp"]
            self.events = [Event(one) for one in body["events"]]
            self.socket = Socket(body["socket"]) if body.get("socket") else None
        except (KeyError, TypeError, AttributeError) as error:
            raise BadCall("the body is no call: %s is missing or no such thing" % error)
        if body.get("siogate") != 1:
            raise BadCall("version %r of the protocol; this is 1" % (body.get("siogate"),))
        self.store = body.get("store")
        self.sent = body.get("sent")
        self.speaker = body.get("speaker", "none")
        session = body.get("session") or {}
        self.session_id = session.get("id")
        self.session = session.get("data")
        # None: the section has no `values` line, so nobody knows what is stored
        self.values = body.get("values")
        self.environ = environ if environ is not None else {}
        self.kept = {}          # what faces keep from event to event of this call
        self.jobs = []          # what shall run after the answer: (function, args, kwargs)

    def snapshot(self):
        """What `rollback` puts back when a handler failed."""
        mine = self.socket and (list(self.socket.rooms), self.socket.data, self.socket.user)
        return mine, self.session

    def rollback(self, snapshot):
        mine, self.session = snapshot
        if mine:
            self.socket.rooms, self.socket.data, self.socket.user = mine

    def is_me(self, sid):
        return self.socket is not None and self.socket.id == sid


class Turn(object):
    """One event being handled. As a context manager it is current meanwhile."""

    def __init__(self, call, event):
        self.call = call
        self.event = event
        self.effects = Effects()
        self.before = None

    def __enter__(self):
        self.before = current()
        _here.turn = self
        return self

    def __exit__(self, *_error):
        _here.turn = self.before

    # -- what the call keeps count of

    def join(self, room):
        self.effects.join(room)
        if room not in self.call.socket.rooms:
            self.call.socket.rooms.append(room)

    def leave(self, room):
        self.effects.leave(room)
        if room in self.call.socket.rooms:
            self.call.socket.rooms.remove(room)

    def close_room(self, room):
        self.effects.close_room(room)
        if self.call.socket is not None and room in self.call.socket.rooms:
            self.call.socket.rooms.remove(room)

    def set_data(self, value):
        if value != self.call.socket.data:
            self.effects.data(value)
            self.call.socket.data = value

    def set_session(self, value):
        if value != self.call.session:
            self.effects.session(value)
            self.call.session = value

    def set_user(self, name):
        self.effects.user(name)
        self.call.socket.user = name
