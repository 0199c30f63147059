"""
sockets.py - what sdjango.autodiscover() has to find

SPDX-License-Identifier: ISC
"""
from siogate.gevent_socketio.mixins import BroadcastMixin, RoomsMixin
from siogate.gevent_socketio.namespace import BaseNamespace
from siogate.gevent_socketio.sdjango import namespace


@namespace("/chat")
class ChatNamespace(BaseNamespace, RoomsMixin, BroadcastMixin):
    nicknames = []

    def on_join(self, room):
        self.room = room
        self.join(room)
        return True

    def on_nickname(self, nickname):
        self.nicknames.append(nickname)
        self.socket.session["nickname"] = nickname
        self.broadcast_event("nicknames", self.nicknames)
        return True, nickname

    def on_user_message(self, text):
        self.emit_to_room(self.room, "msg_to_room", self.socket.session["nickname"], text)

    def on_whoami(self):
        request = self.request
        return self.environ["REQUEST_METHOD"], request.META["REMOTE_ADDR"], str(request.user)
