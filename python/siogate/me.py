"""
me.py - what a handler of siogate.Gateway gets: the socket that speaks

SPDX-License-Identifier: ISC
"""
from .named import name_of


class Me(object):
    """me.id, me.user, me.rooms, me.session, me.data ...; verbs become effects."""

    def __init__(self, turn):
        self.turn = turn
        self.call = turn.call
        self.event = turn.event
        self.effects = turn.effects

    @property
    def socket(self):
        return self.call.socket

    @property
    def id(self):
        return self.call.socket.id

    @property
    def nsp(self):
        return self.call.nsp

    @property
    def environ(self):
        """Of the request that brought the call: the visitor's cookies are in it."""
        return self.call.environ

    @property
    def is_same_site(self):
        return self.call.speaker == "same-site"

    @property
    def handshake(self):
        return self.call.socket.handshake

    @property
    def rooms(self):
        return self.call.socket.rooms

    @property
    def data(self):
        """The socket's; change it by assigning."""
        return self.call.socket.data

    @data.setter
    def data(self, value):
        self.turn.set_data(value)

    @property
    def session(self):
        """Shared by all namespaces of the connection; change it by assigning."""
        return self.call.session

    @session.setter
    def session(self, value):
        self.turn.set_session(value)

    @property
    def user(self):
        return self.call.socket.user

    @user.setter
    def user(self, name):
        self.turn.set_user(name)

    @property
    def values(self):
        return self.call.values or {}

    def value(self, key, ttl=None, **change):
        """Changes a stored value: set=, append=, remove=, put=, drop=, add=."""
        self.effects.value(key, ttl=ttl, **change)

    def emit(self, event, *args, **options):
        """To me, or to=selector; volatile, keep, mail, ask as in doc/backend.md."""
        self.effects.emit(event, args, **options)

    def ask(self, event, args, answered, to=None, context=None, timeout=10000):
        """Emits and wants acks: the function of on_ack(answered) gets them."""
        name = answered if not callable(answered) else name_of(answered)[0]
        self.effects.emit(event, args, to=to,
                          ask={"name": name, "context": context, "timeout": timeout})

    def ack(self, *args):
        self.effects.ack(*args)

    def join(self, room, who=None):
        if who is None:
            self.turn.join(room)
        else:
            self.effects.join(room, who)

    def leave(self, room, who=None):
        if who is None:
            self.turn.leave(room)
        else:
            self.effects.leave(room, who)

    def close_room(self, room):
        self.turn.close_room(room)

    def disconnect(self, who="me", hard=False):
        self.effects.disconnect(who, hard)

    def after(self, seconds, name, context=None, of=None):
        self.effects.after(seconds * 1000, name, context, of)

    def every(self, seconds, name, context=None, of=None):
        self.effects.every(seconds * 1000, name, context, of)

    def cancel(self, name, of=None):
        self.effects.cancel(name, of)

    def acl(self, of, **change):
        """An access list of "nsp", "me", "user:NAME" or "id:ID": set=, add=, remove=
        (names of events, patterns), or forget=True."""
        self.effects.acl(of, **change)

    def once(self, key, ttl=None):
        self.effects.once(key, ttl)

    def log(self, text):
        self.effects.log(text)


def apply_result(turn, result):
    """A handler's return value: False refuses a connect, anything else is the ack."""
    if turn.event.type == "connect":
        if result is False:
            turn.effects.rows = []
            turn.effects.refuse("refused")
    elif turn.event.type == "event" and turn.event.wants_ack and result is not None:
        turn.effects.ack(*(result if isinstance(result, tuple) else (result,)))
