"""
manage.py - socketio_manage(): a call of the gateway, through the namespace classes

It used to block for the life of the socket; it now answers one call and returns. What it
returns is the answer: a view gives it as its body, or the whole application is wrapped
with siogate.wrap() and the view stays as it was.

Must stay true:
  - what a handler said before it failed is said, as it was when it went out at once

SPDX-License-Identifier: ISC
"""
import json
import logging

from .._compat import string_types
from ..errors import RefuseConnect
from ..later import fire
from ..wrapping import give_answer, take_call
from . import others, state, virtsocket

log = logging.getLogger("siogate")


def socketio_manage(environ, namespaces, request=None, error_handler=None, json_loads=None,
                    json_dumps=None, body=None):
    """body: when the framework has read the request's already."""
    if body is None and environ.get("siogate.call") is None and hasattr(request, "body"):
        body = request.body     # Django's request reads its input once
    call, gateway = take_call(environ, body)
    manage = Manage(call, namespaces, request, error_handler, json_loads, json_dumps)
    return give_answer(environ, gateway.answer(call, manage.handle))


class Manage(object):
    def __init__(self, call, namespaces, request, error_handler, json_loads, json_dumps):
        self.call = call
        self.request = request
        self.json_loads, self.json_dumps = json_loads, json_dumps
        self.namespaces = dict((name.rstrip("/") if name != "/" else "", cls)
                               for name, cls in namespaces.items())
        self.name = virtsocket.name_of(call.nsp)
        self.socket = None
        if call.socket is not None:
            self.socket = virtsocket.Socket(call, self.namespaces)
            self.socket.error_handler = error_handler
            self.socket.server = others.Server(self.socket)
            others.KNOWN.update(self.namespaces)
        self.namespace = None

    def handle(self, turn):
        if self.name not in self.namespaces:
            log.warning("no_such_namespace: a client asked for '%s'", self.call.nsp)
            if turn.event.type == "connect":
                raise RefuseConnect("Invalid namespace")
            return
        if self.socket is None:
            return              # an appointment of nobody: not ours
        self.build(turn)
        try:
            self.serve(turn)
        except RefuseConnect:
            if turn.event.type == "connect":
                raise
            log.exception("RefuseConnect outside of recv_connect")
        except Exception:  # pylint: disable=broad-except
            log.exception("%s %s in '%s' failed", turn.event.type, turn.event.name or "",
                          self.name)
        self.put_away(turn)

    # -- the object, once in a call

    def build(self, turn):
        if self.namespace is None:
            cls = self.namespaces[self.name]
            state.share_class(cls)
            environ = self.call.environ
            environ["socketio"] = self.socket
            self.namespace = cls(environ, self.name, request=self.request)
            self.call.kept["namespace"] = self.namespace
            self.socket.active_ns[self.name] = self.namespace
            virtsocket.arrive(turn, self.socket, len(self.namespaces) > 1)
            if not state.load(self.namespace, self.call.socket.data):
                self.initialize(cls)
            virtsocket.take_rights(self.namespace)
            self.namespace.rehydrate()

    def initialize(self, cls):
        """Of every class, the most derived first; none calls another."""
        for one in cls.__mro__:
            if "initialize" in one.__dict__:
                one.__dict__["initialize"](self.namespace)

    def put_away(self, turn):
        if turn.event.type == "disconnect":
            virtsocket.depart(turn, self.socket)
        else:
            state.save(self.namespace, turn)
        state.save_shared(turn)
        self.socket.session.save(turn)
        if self.json_dumps:
            for row in turn.effects.rows:
                if "args" in row:
                    row["args"] = json.loads(self.json_dumps(row["args"]))

    # -- the event

    def serve(self, turn):
        event = turn.event
        if event.type == "connect":
            if self.name or self.namespace.recv_connect_global:
                self.namespace.process_packet(self.packet("connect"))
        elif event.type == "disconnect":
            self.socket.connected = False
            self.namespace.process_packet(self.packet("disconnect"))
        elif event.type == "event":
            self.namespace.process_packet(self.event_packet(event))
        else:
            self.call_back(turn)

    def packet(self, kind, **more):
        return dict({"type": kind, "endpoint": self.name}, **more)

    def event_packet(self, event):
        args = event.args
        if self.json_loads:
            args = self.json_loads(json.dumps(args))
        if event.name == "message" and not hasattr(type(self.namespace), "on_message"):
            # a text was packet type 3, any other value type 4
            data = args[0] if args else None
            kind = "message" if isinstance(data, string_types) else "json"
            packet = self.packet(kind, data=data)
        else:
            packet = self.packet("event", name=event.name, args=args)
        if event.wants_ack:
            packet.update(id=event.n, ack="data")
        return packet

    def call_back(self, turn):
        """An appointment, or the answer to an emit with a callback."""
        due = fire(turn, self.namespace)
        if due is None:
            log.warning("'%s' of '%s' is not ours", turn.event.name, self.name)
            return
        function, args = due
        if turn.event.type == "timer":
            self.namespace.guarded(function)(*args)
            return
        for answer in turn.event.answers:
            self.namespace.guarded(function)(*(list(args) + list(answer)))
