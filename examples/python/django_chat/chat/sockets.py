"""
sockets.py - the chat of the Django tutorial for gevent-socketio, in our own words

Rooms, nicknames, announcements. The list of nicknames was shared by all greenlets of
one process; it is shared by all processes here, and nothing in the class says so.

SPDX-License-Identifier: ISC
"""
import logging

from siogate.gevent_socketio.mixins import BroadcastMixin, RoomsMixin
from siogate.gevent_socketio.namespace import BaseNamespace
from siogate.gevent_socketio.sdjango import namespace


@namespace("/chat")
class ChatNamespace(BaseNamespace, RoomsMixin, BroadcastMixin):
    nicknames = []

    def initialize(self):
        self.logger = logging.getLogger("chat")
        self.logger.info("somebody came")

    def on_join(self, room):
        self.room = room
        self.join(room)
        return True

    def on_nickname(self, nickname):
        self.logger.info("%s is here", nickname)
        self.socket.session["nickname"] = nickname
        if nickname not in self.nicknames:
            self.nicknames.append(nickname)
            self.broadcast_event("announcement", "%s has connected" % nickname)
        self.broadcast_event("nicknames", self.nicknames)
        return True, nickname

    def on_user_message(self, message):
        nickname = self.socket.session["nickname"]
        self.emit_to_room(self.room, "msg_to_room", nickname, message)
        return True

    def recv_disconnect(self):
        nickname = self.socket.session.get("nickname")
        if nickname:
            self.nicknames.remove(nickname)
            self.broadcast_event("announcement", "%s has disconnected" % nickname)
            self.broadcast_event("nicknames", self.nicknames)
        self.disconnect(silent=True)
        return True
