"""
proxy.py - the `socket` of the handlers

SPDX-License-Identifier: ISC
"""
from .. import who
from ..call import need_current

MESSAGE = "message"


class Session(object):
    def __init__(self, session_id):
        self.session_id = session_id


class Channels(list):
    """The channels one is subscribed to; what is appended or removed is subscribed to
    or unsubscribed from."""

    def __init__(self, socket):
        list.__init__(self, socket.call.socket.rooms)
        self.socket = socket

    def append(self, channel):
        self.socket.subscribe(channel)

    def remove(self, channel):
        if not self.socket.unsubscribe(channel):
            raise ValueError("'%s' is not subscribed to" % channel)


class Socket(object):
    # True: a peer that shares two channels with the sender gets a message twice when it
    # is broadcast to all channels, as it did
    repeat_for_each_channel = False

    def __init__(self, call):
        self.call = call
        self.session = Session(call.socket.id)
        self.is_connected = True

    @property
    def channels(self):
        return Channels(self)

    def connected(self):
        return self.is_connected

    def subscribe(self, channel):
        """False if it was subscribed to already."""
        if channel in self.call.socket.rooms:
            return False
        need_current("subscribe").join(channel)
        return True

    def unsubscribe(self, channel):
        """False if it was not subscribed to."""
        if channel not in self.call.socket.rooms:
            return False
        need_current("unsubscribe").leave(channel)
        return True

    def send(self, message):
        self._emit(message, "me")

    def broadcast(self, message):
        """To all others."""
        self._emit(message, "* -me")

    def send_and_broadcast(self, message):
        self._emit(message, "*")

    def broadcast_channel(self, message, channel=None):
        """To all others in the channel; without one, in all channels of this socket."""
        for rooms in self._audiences(channel):
            self._emit(message, who.rooms(rooms, skip_me=True))

    def send_and_broadcast_channel(self, message, channel=None):
        self.send(message)
        self.broadcast_channel(message, channel)

    def _audiences(self, channel):
        if channel is not None:
            return [[channel]]
        rooms = list(self.call.socket.rooms)
        if self.repeat_for_each_channel:
            return [[room] for room in rooms]
        return [rooms] if rooms else []

    def disconnect(self):
        turn = need_current("disconnect")
        if turn.event.type != "disconnect":
            turn.effects.disconnect("me")

    @staticmethod
    def _emit(message, to):
        need_current("send").effects.emit(MESSAGE, [message], to=to)
