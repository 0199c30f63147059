"""
state.py - what a namespace object keeps between two calls

Attributes that handlers set wait in the socket's data. Class attributes that are lists,
dictionaries or sets were shared by everybody in one process; here they are stored values
of the namespace, shared by all processes, under the attribute's name.

Must stay true:
  - an attribute that cannot wait is reported with class, name and line, never dropped in
    silence; the others still wait
  - a class is looked through once; afterwards its shared attributes are descriptors

SPDX-License-Identifier: ISC
"""
import copy
import logging
import sys

from .. import frozen
from ..call import current
from ..errors import SiogateError, Unstorable
from ..shared import Shared, pack

log = logging.getLogger("siogate")
OWN = frozenset(("environ", "socket", "session", "request", "ns_name", "allowed_methods",
                 "jobs"))
FACE = "gevent"
_HERE = __name__.rsplit(".", 1)[0]


class SharedAttribute(object):
    """`nicknames = []` of a class: the stored value, while a call is handled."""

    def __init__(self, name, initial):
        self.name = name
        self.initial = initial

    def __get__(self, _instance, owner):
        turn = current()
        if turn is None:
            log.warning("%s.%s outside of a handler is only what the class began with; "
                        "siogate.default_emitter().value(%r) asks the store",
                        owner.__name__, self.name, self.name)
            return copy.deepcopy(self.initial)
        shared = turn.call.kept.setdefault("shared", {})
        if self.name not in shared:
            shared[self.name] = Shared(self.name, self.initial, turn.call)
        return shared[self.name].value


def share_class(cls):
    """Makes descriptors of the mutable attributes of cls and its mixins, once."""
    for one in cls.__mro__:
        if one is object or one.__module__.startswith(_HERE) or "_siogate_shared" in one.__dict__:
            continue
        for name, value in list(one.__dict__.items()):
            if not name.startswith("__") and isinstance(value, (list, dict, set)):
                share_attribute(one, name, value)
        one._siogate_shared = True


def share_attribute(cls, name, value):
    try:
        if isinstance(value, dict) and frozen.freeze(value) != value:
            raise Unstorable("a dictionary whose names are texts can be shared")
        if frozen.freeze(pack(value)) != pack(value):
            raise Unstorable("only JSON values can be shared")
    except (Unstorable, TypeError) as error:
        log.error("%s.%s stays with each process: %s", cls.__name__, name, error)
        return
    setattr(cls, name, SharedAttribute(name, value))


def save_shared(turn):
    for shared in turn.call.kept.get("shared", {}).values():
        shared.save(turn)


def caller_line():
    """Where a handler assigned: file and line outside of this package."""
    frame = sys._getframe(2)  # pylint: disable=protected-access
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_HERE):
        frame = frame.f_back
    return "%s:%d" % (frame.f_code.co_filename, frame.f_lineno) if frame else "?"


def load(namespace, data):
    """Puts back what waited. True: this socket was here before."""
    mine = data.get(FACE) if isinstance(data, dict) else None
    if not mine:
        return False
    for name, value in (mine.get("attributes") or {}).items():
        namespace.__dict__[str(name)] = frozen.thaw(value)
    namespace.__dict__["_siogate_lost"] = mine.get("lost") or {}
    acl = mine.get("acl")
    namespace.allowed_methods = None if acl is None else set(acl)
    return True


def save(namespace, turn):
    """What waits for the next call goes into the socket's data."""
    data = turn.call.socket.data
    data = dict(data) if isinstance(data, dict) else {}
    attributes, lost = {}, {}
    for name, value in namespace.__dict__.items():
        if name in OWN or name.startswith("_siogate"):
            continue
        try:
            attributes[name] = frozen.freeze(value)
        except Unstorable as error:
            lost[name] = report(namespace, turn, name, error)
    for name, where in namespace.__dict__.get("_siogate_lost", {}).items():
        if name not in namespace.__dict__:
            lost[name] = where
    acl = namespace.allowed_methods
    data[FACE] = {"attributes": attributes, "acl": None if acl is None else sorted(acl),
                  "session": turn.call.session_id}
    if lost:
        data[FACE]["lost"] = lost
    turn.set_data(data)


def report(namespace, turn, name, error):
    where = namespace.__dict__.get("_siogate_lines", {}).get(name, "?")
    key = (type(namespace), name)
    if key not in turn.call.kept.setdefault("reported", set()):
        turn.call.kept["reported"].add(key)
        text = "%s.%s, set at %s, does not last: %s" % (type(namespace).__name__, name, where, error)
        log.error("%s", text)
        turn.effects.log(text)
    return where


def explain_missing(namespace, name):
    """For __getattr__: why an attribute is not there."""
    where = namespace.__dict__.get("_siogate_lost", {}).get(name)
    if where:
        raise SiogateError("%s.%s was set at %s in an earlier request and could not be stored"
                           % (type(namespace).__name__, name, where))
    raise AttributeError("%r object has no attribute %r" % (type(namespace).__name__, name))
