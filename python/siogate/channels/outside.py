"""
outside.py - speaking from a view, from cron, from anywhere

`send`, `broadcast` and `broadcast_channel` reach sockets whichever process they meet next.
Inside a handler they become effects of its answer; elsewhere they use the HTTP API
(SIOGATE_API_URL, or siogate.configure()).

SPDX-License-Identifier: ISC
"""
from .. import who
from ..call import current
from ..emitter import default_emitter
from .proxy import MESSAGE


class NoSocket(Exception):
    """Nobody is there to hear it."""


def send(session_id, message):
    _emit(message, who.socket(session_id), "There is no socket with the session ID: %s" % session_id)


def broadcast(message):
    _emit(message, "*", "There are no clients.")


def broadcast_channel(message, channel):
    _emit(message, who.room(channel), "There are no clients on the channel: %s" % channel)


def _emit(message, to, nobody):
    turn = current()
    if turn is not None:
        turn.effects.emit(MESSAGE, [message], to=to)
    elif not default_emitter().emit(MESSAGE, message, to=to).sockets:
        raise NoSocket(nobody)


class OutsideSocket(object):
    """A socket of CLIENTS: it can be sent to."""

    def __init__(self, session_id, channels):
        self.session = type("Session", (), {"session_id": session_id})()
        self.channels = channels

    def send(self, message):
        send(self.session.session_id, message)


class Clients(object):
    """id -> (None, socket, context), read from the store each time."""

    def _look(self, to="*"):
        for one in default_emitter().query(to):
            context = ((one.get("data") or {}).get("channels") or {}).get("context") or {}
            yield one["id"], (None, OutsideSocket(one["id"], one["rooms"]), context)

    def __iter__(self):
        return (sid for sid, _ in self._look())

    def __len__(self):
        return default_emitter().count("*")

    def __contains__(self, sid):
        return default_emitter().count(who.socket(sid)) > 0

    def __getitem__(self, sid):
        for _, found in self._look(who.socket(sid)):
            return found
        raise KeyError(sid)

    def keys(self):
        return list(self)

    def values(self):
        return [found for _, found in self._look()]

    def items(self):
        return list(self._look())


class ChannelTable(object):
    """channel -> ids, read from the store each time."""

    def __iter__(self):
        return (one["room"] for one in default_emitter().rooms())

    def __getitem__(self, channel):
        return [one["id"] for one in default_emitter().query(who.room(channel))]

    def get(self, channel, default=None):
        return self[channel] or default

    def __contains__(self, channel):
        return bool(self[channel])

    def keys(self):
        return list(self)


CLIENTS = Clients()
CHANNELS = ChannelTable()
