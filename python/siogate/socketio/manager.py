"""
manager.py - where python-socketio had its client managers

The store is the manager. Those that other processes made to emit from outside
(`RedisManager(url, write_only=True).emit(...)`) speak to the HTTP API; their URL is
ignored, SIOGATE_API_URL says where it is.

SPDX-License-Identifier: ISC
"""
from .. import who
from ..emitter import default_emitter
from .speak import Speak


class PubSubManager(Speak):
    def __init__(self, url=None, channel="socketio", write_only=False, **_options):
        self.url, self.channel, self.write_only = url, channel, write_only


RedisManager = KombuManager = KafkaManager = ZmqManager = PubSubManager


class StoreManager(object):
    """`sio.manager`"""

    @staticmethod
    def get_participants(namespace, room):
        """(sid, Engine.IO sid) of everybody in the room, in all processes; the second is
        None: it is a secret of the client's."""
        to = who.room(room) if room is not None else "*"
        return ((one["id"], None) for one in default_emitter().query(to, nsp=namespace))

    @staticmethod
    def is_connected(sid, namespace):
        return default_emitter().count(who.socket(sid), nsp=namespace) > 0

    def get_rooms(self, sid, namespace):
        for one in default_emitter().query(who.socket(sid), nsp=namespace):
            return one["rooms"] + [sid]
        return []
