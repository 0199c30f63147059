"""
mixins.py - rooms and broadcasts for namespaces

Rooms belong to their namespace, in the store: (namespace, room) is a pair, so `/a` with
`b_c` never meets `/a_b` with `c`. A broadcast reaches the sockets of the namespace, not
every socket of the server.

SPDX-License-Identifier: ISC
"""
from .. import who
from ..call import need_current
from .virtsocket import visible


class RoomsMixin(object):
    # True: leaving a room one is not in raises KeyError, as it did
    strict_rooms = False

    def join(self, room):
        need_current("join").join(room)

    def leave(self, room):
        turn = need_current("leave")
        if room not in turn.call.socket.rooms:
            if self.strict_rooms:
                raise KeyError(room)
            return
        turn.leave(room)

    def emit_to_room(self, room, event, *args):
        """To everybody in the room but this socket."""
        need_current("emit").effects.emit(event, args, to=who.room(room) + " -me")

    def _get_room_name(self, room):
        return "%s_%s" % (self.ns_name, room)


class LonelyRoomMixin(RoomsMixin):
    """In one room at a time: to join is to leave the one before."""

    def join(self, room):
        turn = need_current("join")
        for other in visible(turn.call.socket.rooms):
            if other != room:
                turn.leave(other)
        turn.join(room)


class BroadcastMixin(object):
    def broadcast_event(self, event, *args):
        need_current("emit").effects.emit(event, args, to="*")

    def broadcast_event_not_me(self, event, *args):
        need_current("emit").effects.emit(event, args, to="* -me")
