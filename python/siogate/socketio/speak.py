"""
speak.py - emit, rooms and disconnect: effects inside a handler, the HTTP API elsewhere

Must stay true:
  - what is said in a handler happens together with its other effects
  - for another namespace than the handler's only emit is an effect: the other verbs act
    in the namespace of the call, and go through the API then

SPDX-License-Identifier: ISC
"""
from .. import who
from ..call import current
from ..emitter import default_emitter
from ..named import name_of

ASK_TIMEOUT = 60000     # ms that a callback is waited for


def arguments(data):
    """A tuple is several arguments, None is none."""
    if data is None:
        return []
    return list(data) if isinstance(data, tuple) else [data]


def here(namespace):
    """The turn, if it is one of that namespace."""
    turn = current()
    return turn if turn is not None and turn.call.nsp == namespace else None


class Speak(object):
    def emit(self, event, data=None, to=None, room=None, skip_sid=None, namespace=None,
             callback=None, ignore_queue=False):  # pylint: disable=unused-argument
        namespace = namespace or "/"
        turn = current()
        to = to if to is not None else room
        other = namespace if turn is not None and turn.call.nsp != namespace else None
        selector = who.rooms(to, skip_sid, other)
        ask = self.ask(callback, namespace) if callback is not None else None
        if turn is not None:
            turn.effects.emit(event, arguments(data), to=selector, ask=ask)
            return
        more = {"ask": ask} if ask else {}
        default_emitter().emit(event, *arguments(data), to=selector, nsp=namespace, **more)

    def ask(self, callback, _namespace):
        name, bound = name_of(callback, None, "callback")
        return {"name": "py:" + name, "context": {"call": name, "args": bound},
                "timeout": ASK_TIMEOUT}

    def send(self, data, to=None, room=None, skip_sid=None, namespace=None, callback=None,
             ignore_queue=False):
        self.emit("message", data, to, room, skip_sid, namespace, callback, ignore_queue)

    def enter_room(self, sid, room, namespace=None):
        turn = here(namespace or "/")
        if turn is None:
            default_emitter().join(room, who.socket(sid), nsp=namespace or "/")
        elif turn.call.is_me(sid):
            turn.join(room)
        else:
            turn.effects.join(room, who.socket(sid))

    def leave_room(self, sid, room, namespace=None):
        turn = here(namespace or "/")
        if turn is None:
            default_emitter().leave(room, who.socket(sid), nsp=namespace or "/")
        elif turn.call.is_me(sid):
            turn.leave(room)
        else:
            turn.effects.leave(room, who.socket(sid))

    def close_room(self, room, namespace=None):
        turn = here(namespace or "/")
        if turn is None:
            default_emitter().leave(room, who.room(room), nsp=namespace or "/")
        else:
            turn.close_room(room)

    def disconnect(self, sid, namespace=None, ignore_queue=False):
        # pylint: disable=unused-argument
        turn = here(namespace or "/")
        if turn is None:
            default_emitter().disconnect(who.socket(sid), nsp=namespace or "/")
        elif not (turn.event.type == "disconnect" and turn.call.is_me(sid)):
            turn.effects.disconnect("me" if turn.call.is_me(sid) else who.socket(sid))
