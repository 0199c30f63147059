"""
namespace.py - BaseNamespace: a class whose methods are the events

`on_NAME` takes the event NAME (blanks become underscores), `recv_connect`,
`recv_message`, `recv_json`, `recv_error` and `recv_disconnect` the rest; nothing else can
be reached from the network. What a method returns is the client's acknowledgement.

Must stay true:
  - rights are asked before the method is looked up
  - initialize() of every class runs once in the socket's life; rehydrate(), which the
    original had no need for, in every call

SPDX-License-Identifier: ISC
"""
import inspect
import logging
import re

from .. import later
from ..call import need_current
from ..named import name_of as function_name
from . import state

log = logging.getLogger("siogate")
EVENT_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_ ]*$")
ASK_TIMEOUT = 60000     # ms that a callback is waited for


class BaseNamespace(object):
    # True: recv_connect runs for the global namespace, too (it never did)
    recv_connect_global = False

    def __init__(self, environ, ns_name, request=None):
        self.environ = environ
        self.socket = environ["socketio"]
        self.session = self.socket.session
        self.request = request
        self.ns_name = ns_name
        self.allowed_methods = None
        self.jobs = []
        self.reset_acl()

    def __setattr__(self, name, value):
        if not isinstance(value, (str, int, float, bool, type(None))):
            lines = self.__dict__.setdefault("_siogate_lines", {})
            lines[name] = state.caller_line()
        object.__setattr__(self, name, value)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return state.explain_missing(self, name)

    # -- hooks

    def initialize(self):
        """Once in the life of the socket."""

    def rehydrate(self):
        """In every call, when the attributes are back."""

    def recv_connect(self):
        """A client came to this namespace."""

    def recv_message(self, data):
        return data

    def recv_json(self, data):
        return data

    def recv_error(self, packet):
        """The client reports an error."""

    def recv_disconnect(self):
        self.disconnect(silent=True)

    # -- rights

    def get_initial_acl(self):
        """Names of methods that are open; None: all are."""
        return None

    def reset_acl(self):
        acl = self.get_initial_acl()
        self.allowed_methods = None if acl is None else set(acl)

    def lift_acl_restrictions(self):
        self.allowed_methods = None

    def add_acl_method(self, method_name):
        # from None it is this one alone, as it always was
        self.allowed_methods = (self.allowed_methods or set()) | set([method_name])

    def del_acl_method(self, method_name):
        if self.allowed_methods is None:
            raise ValueError("no rights are defined yet: give them with get_initial_acl() "
                             "or add_acl_method() first")
        self.allowed_methods.remove(method_name)

    def is_method_allowed(self, method_name):
        return self.allowed_methods is None or method_name in self.allowed_methods

    # -- the way of a packet; each step may be overridden

    def process_packet(self, packet):
        kind = packet["type"]
        if kind == "event":
            return self.process_event(packet)
        if kind in ("message", "json"):
            return self.call_method_with_acl("recv_" + kind, packet, packet["data"])
        if kind == "error":
            return self.call_method_with_acl("recv_error", packet, packet)
        if kind in ("connect", "disconnect"):
            return self.call_method_with_acl("recv_" + kind, packet)
        self.error("invalid_packet", "a packet of the type '%s'" % kind, quiet=True)
        return None

    def process_event(self, packet):
        name = packet["name"]
        if not EVENT_NAME.match(name):
            self.error("unallowed_event_name",
                       "the event name must be a letter, then letters, digits, blanks and "
                       "underscores")
            return None
        method = "on_" + name.replace(" ", "_")
        return self.call_method_with_acl(method, packet, *packet["args"])

    def call_method_with_acl(self, method_name, packet, *args):
        if not self.is_method_allowed(method_name):
            self.error("method_access_denied", "You do not have access to method \"%s\"" %
                       method_name, msg_id=packet.get("id"))
            return None
        return self.call_method(method_name, packet, *args)

    def call_method(self, method_name, packet, *args):
        method = getattr(type(self), method_name, None)
        if method is None:
            self.error("no_such_method", "The method \"%s\" was not found" % method_name,
                       msg_id=packet.get("id"))
            return None
        method = getattr(self, method_name)
        names = argument_names(method)
        if names is not None and (not names or names[0] != "self"):
            self.error("invalid_method_args", "The server-side method is invalid, as it does "
                       "not have 'self' as its first argument", msg_id=packet.get("id"))
            return None
        if names is not None and names[1:] == ["packet"]:
            args = (packet,)
        result = self.guarded(method)(*args)
        self.acknowledge(packet, result)
        return result

    def guarded(self, function):
        """The function under the class's exception_handler_decorator, if it has one."""
        decorator = getattr(type(self), "exception_handler_decorator", None)
        return self.exception_handler_decorator(function) if decorator else function

    @staticmethod
    def acknowledge(packet, result):
        if packet.get("id") and packet.get("ack") == "data":
            args = result if isinstance(result, tuple) else (result,)
            need_current("an acknowledgement").effects.ack(*args)

    # -- speaking

    def emit(self, event, *args, **kwargs):
        """callback: a method of this namespace, or a function of a module."""
        callback = kwargs.pop("callback", None)
        if kwargs:
            raise ValueError("emit() takes positional arguments and callback=, not %s: events "
                             "have no names for their arguments" % ", ".join(sorted(kwargs)))
        turn = need_current("emit")
        turn.effects.emit(event, args, ask=self.ask(callback) if callback else None)

    def ask(self, callback):
        name, context = function_name(callback, self, "callback")
        return {"name": "py:" + name, "context": {"call": name, "args": context},
                "timeout": ASK_TIMEOUT}

    def send(self, message, json=False, callback=None):  # pylint: disable=unused-argument
        """A text, or any other value; its type tells which, json= need not."""
        self.emit("message", message, **({"callback": callback} if callback else {}))

    def error(self, error_name, error_message, msg_id=None, quiet=False):
        handler = self.socket.error_handler or default_error_handler
        handler(self.socket, error_name, error_message, self.ns_name, msg_id, quiet)

    def disconnect(self, silent=False):  # pylint: disable=unused-argument
        """Ends this namespace; its appointments end with it."""
        turn = need_current("disconnect")
        if turn.event.type != "disconnect":
            turn.effects.disconnect("me")

    # -- time

    def spawn(self, function, *args, **kwargs):
        """Runs after the answer, within the time of one request."""
        later.spawn(need_current("spawn"), function, args, kwargs, self)

    def after(self, seconds, function, *args):
        """Once, in so many seconds, in whichever process; the same function again moves it."""
        later.appoint(need_current("after"), "after", seconds, function, args, self, "after")

    def every(self, seconds, function, *args):
        """Again and again until cancel() or the end of the socket."""
        later.appoint(need_current("every"), "every", seconds, function, args, self, "every")

    def cancel(self, function):
        need_current("cancel").effects.cancel("py:" + function_name(function, self, "cancel")[0])

    def kill_local_jobs(self):
        """Appointments end with the socket; cancel() ends one."""


def default_error_handler(socket, error_name, error_message, endpoint, msg_id, quiet):
    """Tells the client with an event `error`, and the log."""
    del msg_id
    log.warning("%s in '%s' of %s: %s", error_name, endpoint, socket.sessid, error_message)
    if not quiet:
        need_current("an error").effects.emit("error", [error_name, error_message])


def argument_names(method):
    """Names of the positional arguments, self included; None where nobody can tell."""
    spec = getattr(inspect, "getfullargspec", None) or inspect.getargspec  # Python 2
    try:
        return list(spec(getattr(method, "__func__", method)).args)
    except TypeError:
        return None
