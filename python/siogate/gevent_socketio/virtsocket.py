"""
virtsocket.py - `environ["socketio"]`, a namespace's `self.socket`

SPDX-License-Identifier: ISC
"""
from .. import frozen, later, who
from ..call import need_current

ROOM = "$session:"      # all sockets of a connection, whatever their namespaces
NAMESPACES, ACL = "$namespaces", "$acl"


class Session(dict):
    """One dictionary for all namespaces of a connection. `rooms` tells, as it did,
    NAMESPACE_ROOM of each room of this socket."""

    def __init__(self, call):
        stored = call.session if isinstance(call.session, dict) else {}
        dict.__init__(self, frozen.thaw(stored))
        self.call = call

    def _rooms(self):
        return set("%s_%s" % (name_of(self.call.nsp), room) for room in visible(self.call.socket.rooms))

    def __getitem__(self, key):
        if key == "rooms" and not dict.__contains__(self, key):
            return self._rooms()
        return dict.__getitem__(self, key)

    def __contains__(self, key):
        return key == "rooms" or dict.__contains__(self, key)

    def get(self, key, default=None):
        return self[key] if key in self else default

    def save(self, turn):
        turn.set_session(frozen.freeze(dict(self)) or self.call.session)


def visible(rooms):
    return [room for room in rooms if not room.startswith(ROOM)]


def name_of(nsp):
    """The global namespace is called '' here."""
    return "" if nsp == "/" else nsp


class Socket(object):
    def __init__(self, call, namespaces):
        self.call = call
        self.namespaces = namespaces
        self.session = Session(call)
        self.sessid = call.session_id or call.socket.id
        self.active_ns = {}
        self.error_handler = None
        self.server = None      # others.py
        self.connected = True

    def __str__(self):
        return "%s connected=%s %s %s" % (self.sessid, self.connected,
                                          self.call.socket.generation, self.call.socket.transport)

    def __getitem__(self, name):
        """The namespace object of another namespace, as far as one can reach over."""
        if name in self.active_ns:
            return self.active_ns[name]
        if name not in dict.get(self.session, NAMESPACES, []):
            raise KeyError(name)
        return OtherNamespace(self, name)

    def kill(self, detach=False):  # pylint: disable=unused-argument
        self.disconnect()

    def disconnect(self, silent=False):  # pylint: disable=unused-argument
        """Ends the whole connection."""
        turn = need_current("disconnect")
        if turn.event.type != "disconnect":
            turn.effects.disconnect("me", hard=True)

    def spawn(self, function, *args, **kwargs):
        later.spawn(need_current("spawn"), function, args, kwargs,
                    self.call.kept.get("namespace"))

    def send_packet(self, packet):
        """A packet in the shape that the original's codec took."""
        turn = need_current("send_packet")
        to = "me"
        if packet.get("endpoint") not in (None, name_of(self.call.nsp)):
            to = "%s %s" % (who.room(ROOM + self.sessid), who.nsp(packet["endpoint"] or "/"))
        kind = packet.get("type")
        if kind == "event":
            turn.effects.emit(packet["name"], packet.get("args", ()), to=to)
        elif kind in ("message", "json"):
            turn.effects.emit("message", [packet.get("data")], to=to)
        elif kind == "disconnect":
            turn.effects.disconnect(to)
        else:
            raise ValueError("a packet of the type %r cannot be sent by hand" % kind)


class OtherNamespace(object):
    """Another namespace of the same connection; its object may be in another process."""

    def __init__(self, socket, name):
        self.socket = socket
        self.ns_name = name
        self.session = socket.session
        self.to = "%s %s" % (who.room(ROOM + socket.sessid), who.nsp(name or "/"))

    def emit(self, event, *args):
        need_current("emit").effects.emit(event, args, to=self.to)

    def send(self, message, json=False):  # pylint: disable=unused-argument
        self.emit("message", message)

    def disconnect(self, silent=False):  # pylint: disable=unused-argument
        need_current("disconnect").effects.disconnect(self.to)

    # -- rights: they wait in the session until that namespace is asked next

    def _change(self, verb, name=None):
        self.session.setdefault(ACL, {}).setdefault(self.ns_name, []).append([verb, name])

    def add_acl_method(self, name):
        self._change("add_acl_method", name)

    def del_acl_method(self, name):
        self._change("del_acl_method", name)

    def lift_acl_restrictions(self):
        self._change("lift_acl_restrictions")

    def reset_acl(self):
        self._change("reset_acl")


def arrive(turn, socket, several):
    """The socket's connection learns of this namespace, if there are several: when it
    connects, and when a recovered client speaks again."""
    name, room = name_of(turn.call.nsp), ROOM + socket.sessid
    if not several or turn.event.type == "disconnect":
        return
    known = dict.setdefault(socket.session, NAMESPACES, [])
    if name not in known:
        known.append(name)
    if room not in turn.call.socket.rooms:
        turn.join(room)


def depart(turn, socket):
    known = dict.get(socket.session, NAMESPACES, [])
    if name_of(turn.call.nsp) in known:
        known.remove(name_of(turn.call.nsp))


def take_rights(namespace):
    """Changes that another namespace left for this one."""
    waiting = dict.get(namespace.session, ACL, {})
    for verb, name in waiting.pop(namespace.ns_name, []):
        getattr(namespace, verb)(*([name] if name is not None else []))
    if not waiting:
        dict.pop(namespace.session, ACL, None)
