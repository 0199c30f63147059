"""
others.py - `server.sockets`: the sockets of all processes, to be looked through

    for sessid, socket in self.socket.server.sockets.items():
        socket.send_packet({"type": "event", "name": "tick", "args": [1], "endpoint": "/x"})

The tables of the original were this process's memory. Here a look is a question to the
HTTP API, one for each namespace: good for a hundred sockets; for more an audience
(emit_to_room, broadcast_event) costs one row. A socket of the list knows its session and
the attributes that its namespace objects keep, as they were at the look.

Must stay true:
  - what cannot be changed from here says so when somebody tries
  - the socket that is being served is in the list as itself
  - the same emit to many of them is few effects

SPDX-License-Identifier: ISC
"""
from .. import frozen, who
from ..call import current
from ..effects import Effects
from ..emitter import default_emitter
from ..errors import SiogateError
from .state import FACE
from .virtsocket import visible

MANY = 50               # sockets that one selector names
KNOWN = set()           # namespaces that this process has served


class Server(object):
    """mine: the Socket that is being served."""

    def __init__(self, mine=None):
        self.sockets = Sockets(mine)

    def get_socket(self, sessid):
        return self.sockets.get(sessid)


class Sockets(object):
    """sessid -> socket, asked anew each time."""

    def __init__(self, mine):
        self.mine = mine

    def _look(self):
        found = {}
        for name in sorted(KNOWN):
            for row in default_emitter().query("*", nsp=name or "/", session=True):
                kept = (row.get("data") or {}).get(FACE) or {}
                sessid = kept.get("session") or row["id"]
                found.setdefault(sessid, RemoteSocket(sessid)).add(name, row, kept)
        if self.mine is not None:
            found[self.mine.sessid] = self.mine
        return found

    def __iter__(self):
        return iter(self._look())

    def __len__(self):
        return len(self._look())

    def __contains__(self, sessid):
        return sessid in self._look()

    def __getitem__(self, sessid):
        return self._look()[sessid]

    def get(self, sessid, default=None):
        return self._look().get(sessid, default)

    def keys(self):
        return list(self._look())

    def values(self):
        return list(self._look().values())

    def items(self):
        return list(self._look().items())

    iterkeys, itervalues, iteritems = keys, values, items


class Picture(dict):
    """Another socket's session. Its own handlers change it, one after the other."""

    def _refuse(self, *_args, **_kwargs):
        raise SiogateError("the session of another socket can be read, not changed: a socket's "
                           "own handler changes it; what sockets share is a list or dictionary "
                           "of the namespace class")
    __setitem__ = __delitem__ = __ior__ = _refuse
    update = setdefault = pop = popitem = clear = _refuse


class RemoteSocket(object):
    """One connection, with its namespaces as far as one can reach them."""
    connected = True

    def __init__(self, sessid):
        self.sessid = sessid
        self.session = Picture()
        self.active_ns = {}
        self._rooms = set()

    def add(self, name, row, kept):
        self._rooms.update("%s_%s" % (name, room) for room in visible(row["rooms"]))
        stored = (row.get("session") or {}).get("data")
        dict.update(self.session, {"rooms": self._rooms})
        dict.update(self.session, frozen.thaw(stored) if isinstance(stored, dict) else {})
        self.active_ns[name] = RemoteNamespace(self, name, row["id"], kept.get("attributes") or {})

    def __getitem__(self, name):
        return self.active_ns[name]

    def send_packet(self, packet):
        """Those that are not in the packet's namespace do not get it."""
        namespace = self.active_ns.get(packet.get("endpoint") or "")
        if namespace is None:
            return
        if packet.get("type") == "event":
            namespace.emit(packet["name"], *packet.get("args", ()))
        elif packet.get("type") in ("message", "json"):
            namespace.send(packet.get("data"))
        elif packet.get("type") == "disconnect":
            namespace.disconnect()
        else:
            raise ValueError("a packet of the type %r cannot be sent by hand" % packet.get("type"))

    def disconnect(self, silent=False):
        for namespace in self.active_ns.values():
            namespace.disconnect(silent)


class RemoteNamespace(object):
    """What its object keeps can be read; what it says is said from here."""

    def __init__(self, socket, ns_name, sid, attributes):
        self.socket = socket
        self.session = socket.session
        self.ns_name = ns_name
        self._sid = sid
        self._attributes = attributes

    def __getattr__(self, name):
        if name.startswith("_") or name not in self._attributes:
            raise AttributeError("the namespace '%s' of %s keeps no %r" % (
                self.ns_name, self.socket.sessid, name))
        return frozen.thaw(self._attributes[name])

    def emit(self, event, *args):
        turn = current()
        if turn is None:
            default_emitter().emit(event, *args, to=who.socket(self._sid), nsp=self.ns_name or "/")
        else:
            add_to_many(turn.effects, event, args, who.socket(self._sid), who.nsp(self.ns_name))

    def send(self, message, json=False):  # pylint: disable=unused-argument
        self.emit("message", message)

    def disconnect(self, silent=False):  # pylint: disable=unused-argument
        turn = current()
        if turn is None:
            default_emitter().disconnect(who.socket(self._sid), nsp=self.ns_name or "/")
        else:
            turn.effects.disconnect("%s %s" % (who.socket(self._sid), who.nsp(self.ns_name)))


def add_to_many(effects, event, args, socket, nsp):
    """An emit; if the one before says the same there, its audience grows."""
    alone = Effects()
    alone.emit(event, args, to=nsp)
    row = alone.rows[0]
    before = effects.rows[-1] if effects.rows else {}
    to = before.get("to", "")
    if (dict(before, to=nsp) == row and to.startswith("id:") and to.endswith(" " + nsp) and
            to.count("id:") < MANY):
        before["to"] = "%s %s" % (socket, to)
    else:
        effects.add(**dict(row, to="%s %s" % (socket, nsp)))
