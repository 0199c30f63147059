"""
server.py - Server: handlers for events, and everything one says to sockets

Must stay true:
  - a session is written by save_session() or the context manager, by nothing else
  - background tasks have no socket: what they emit goes through the HTTP API

SPDX-License-Identifier: ISC
"""
import contextlib
import logging
import threading
import time

from .. import frozen, later, who
from ..call import current
from ..emitter import default_emitter
from ..errors import NoCall, RefuseConnect
from ..gateway import Gateway
from ..named import find, name_of
from .exceptions import TimeoutError
from .manager import StoreManager
from .speak import Speak, arguments, here
from .table import Table, call_with

log = logging.getLogger("siogate")
FACE = "session"

# Node's words, which the gateway uses, and those of python-socketio
REASONS = {
    "client namespace disconnect": "client disconnect",
    "server namespace disconnect": "server disconnect",
    "forced server close": "server disconnect", "forced close": "transport close",
    "ping timeout": "ping timeout", "transport error": "transport error",
    "transport close": "transport close", "parse error": "transport error",
}


class Server(Speak):
    class reason(object):  # pylint: disable=invalid-name
        CLIENT_DISCONNECT = "client disconnect"
        SERVER_DISCONNECT = "server disconnect"
        PING_TIMEOUT = "ping timeout"
        TRANSPORT_CLOSE = "transport close"
        TRANSPORT_ERROR = "transport error"

    def __init__(self, client_manager=None, logger=False, serializer="default", json=None,
                 async_handlers=True, always_connect=False, namespaces=None, secret=None,
                 **options):
        """Options of the connections (ping_interval, cors_allowed_origins, ...) are the
        gateway's, in siogate.conf; here they are accepted and have no effect."""
        del client_manager, serializer, json, async_handlers, always_connect
        if logger and logger is not True:
            self.logger = logger
        else:
            self.logger = log
        if options:
            self.logger.info("options of the gateway, see siogate.conf: %s",
                             ", ".join(sorted(options)))
        self.options = options
        self.namespaces = namespaces or []
        self.table = Table()
        self.manager = StoreManager()
        self.secret = secret
        self._gateway = None

    @property
    def gateway(self):
        """Made at the first call: the environment's secret may be set until then."""
        if self._gateway is None:
            self._gateway = Gateway(self.secret, handle=self.handle)
        return self._gateway

    # -- handlers

    def on(self, event, handler=None, namespace=None):
        def add(function):
            self.table.add(event, namespace, function)
            return function
        return add if handler is None else add(handler)

    def event(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and callable(args[0]):
            return self.on(args[0].__name__, args[0])

        def add(function):
            return self.on(function.__name__, function, *args, **kwargs)
        return add

    def register_namespace(self, namespace_handler):
        namespace_handler.server = self
        self.table.add_class(namespace_handler)

    # -- a call

    def handle(self, turn):
        getattr(self, "handle_" + turn.event.type)(turn)

    def handle_connect(self, turn):
        call = turn.call
        if not (self.table.knows(call.nsp) or call.nsp in self.namespaces or
                "*" in self.namespaces or call.nsp == "/"):
            raise RefuseConnect("Unable to connect")
        function, before = self.table.find("connect", call.nsp)
        if function is None:
            return
        if call_with(function, before + [call.socket.id, self.environ(call)],
                     turn.event.auth) is False:
            raise RefuseConnect("Connection rejected by server")

    def handle_disconnect(self, turn):
        function, before = self.table.find("disconnect", turn.call.nsp)
        if function is not None:
            reason = REASONS.get(turn.event.reason, turn.event.reason)
            call_with(function, before + [turn.call.socket.id], reason)

    def handle_event(self, turn):
        function, before = self.table.find(turn.event.name, turn.call.nsp)
        if function is None:
            return
        result = function(*(before + [turn.call.socket.id] + turn.event.args))
        if turn.event.wants_ack:
            turn.effects.ack(*arguments(result))

    def handle_ack(self, turn):
        context = turn.event.context or {}
        function = find(context.get("call", ""), self.table.classes.get(turn.call.nsp))
        if function is None:
            self.logger.warning("an answer for '%s', which is not there", turn.event.name)
            return
        for answer in turn.event.answers:
            function(*(context.get("args", []) + answer))

    def handle_timer(self, turn):
        due = later.fire(turn, self.table.classes.get(turn.call.nsp))
        if due is not None:
            due[0](*due[1])

    @staticmethod
    def environ(call):
        from ..wrapping import client_environ
        environ = call.kept.get("environ")
        if environ is None:
            environ = call.kept["environ"] = client_environ(call.environ, call)
        return environ

    # -- asking

    def ask(self, callback, namespace):
        owner = self.table.classes.get(namespace)
        if getattr(callback, "__self__", None) is owner and owner is not None:
            name, bound = name_of(callback, owner, "callback")
            return {"name": "py:" + name, "context": {"call": name, "args": bound},
                    "timeout": 60000}
        return Speak.ask(self, callback, namespace)

    def call(self, event, data=None, to=None, sid=None, namespace=None, timeout=60,
             ignore_queue=False):  # pylint: disable=unused-argument
        """Waits, in this process, for the client's answer: None, a value or a tuple."""
        target = to if to is not None else sid
        if target is None:
            raise ValueError("call() asks one client: say to=sid")
        reply = default_emitter().call(event, *arguments(data), to=who.room(target),
                                       nsp=namespace or "/", timeout=timeout)
        if not reply.answers:
            raise TimeoutError()
        answer = reply.answers[0]
        return None if not answer else answer[0] if len(answer) == 1 else tuple(answer)

    def rooms(self, sid, namespace=None):
        turn = here(namespace or "/")
        if turn is not None and turn.call.is_me(sid):
            return [sid] + list(turn.call.socket.rooms)
        return self.manager.get_rooms(sid, namespace or "/")

    def transport(self, sid, namespace=None):
        turn = here(namespace or "/")
        if turn is not None and turn.call.is_me(sid):
            return turn.call.socket.transport
        for one in default_emitter().query(who.socket(sid), nsp=namespace or "/"):
            return one["transport"]
        raise KeyError(sid)

    def get_environ(self, sid, namespace=None):
        turn = here(namespace or "/")
        if turn is None or not turn.call.is_me(sid):
            raise NoCall("the environ of a socket is known in its own handlers only")
        return self.environ(turn.call)

    # -- sessions

    def get_session(self, sid, namespace=None):
        """A dictionary; changes last when it is saved."""
        turn = here(namespace or "/")
        if turn is None or not turn.call.is_me(sid):
            for one in default_emitter().query(who.socket(sid), nsp=namespace or "/"):
                return frozen.thaw((one.get("data") or {}).get(FACE) or {})
            raise KeyError("Session not found")
        if "session" not in turn.call.kept:
            data = turn.call.socket.data
            stored = data.get(FACE) if isinstance(data, dict) else None
            turn.call.kept["session"] = frozen.thaw(stored or {})
        return turn.call.kept["session"]

    def save_session(self, sid, session, namespace=None):
        turn = here(namespace or "/")
        if turn is None or not turn.call.is_me(sid):
            raise NoCall("the session of a socket is saved in its own handlers only")
        data = turn.call.socket.data
        turn.set_data(dict(data if isinstance(data, dict) else {},
                           **{FACE: frozen.freeze(session)}))
        turn.call.kept["session"] = session

    @contextlib.contextmanager
    def session(self, sid, namespace=None):
        session = self.get_session(sid, namespace)
        yield session
        self.save_session(sid, session, namespace)

    # -- time

    def start_background_task(self, target, *args, **kwargs):
        """A thread of this process: it ends when the process does, several processes have
        one each, and it emits through the HTTP API. See doc/porting.md."""
        thread = threading.Thread(target=target, args=args, kwargs=kwargs)
        thread.daemon = True
        thread.start()
        return thread

    @staticmethod
    def sleep(seconds=0):
        turn = current()
        if turn is None:
            time.sleep(seconds)
        else:
            later.sleep(turn, seconds)

    def shutdown(self):
        """The gateway goes on; nobody is disconnected."""

    def handle_request(self, environ, start_response):
        return self.gateway(environ, start_response)
