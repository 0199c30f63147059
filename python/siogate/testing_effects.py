"""
testing_effects.py - effects of doc/backend.md, as the test gateway applies them

SPDX-License-Identifier: ISC
"""
import copy
import json

from . import values
from ._compat import string_types
from .testing_selectors import ProtocolError, _read

_OPTIONS = {
    "ack": ("attachments",),
    "emit": ("args", "to", "volatile", "attachments", "keep", "mail", "ask"),
    "join": ("who",), "leave": ("who",), "close_room": (), "disconnect": ("hard",),
    "data": (), "session": (), "user": (),
    "after": ("name", "context", "of"), "every": ("name", "context", "of"), "cancel": ("of",),
    "value": ("set", "append", "remove", "put", "drop", "add", "ttl"),
    "acl": ("set", "add", "remove", "forget"),
    "once": ("ttl",), "refuse": ("data",), "log": (),
}
_RESERVED = ("connect", "connect_error", "disconnect", "disconnecting", "newListener",
             "removeListener")
_OPERATIONS = ("set", "append", "remove", "put", "drop", "add")


class Apply(object):
    """The effects of one event."""

    def __init__(self, gateway, client, nsp, row, effects):
        self.gateway = gateway
        self.client = client
        self.nsp = nsp
        self.row = row
        self.effects = effects

    # -- everything is understood before anything happens

    def check(self):
        for effect in self.effects:
            kinds = [name for name in effect if name in _OPTIONS and not
                     (name == "data" and "refuse" in effect)]
            if len(kinds) != 1:
                raise ProtocolError("no effect: %r" % (effect,))
            extra = set(effect) - set(kinds) - set(_OPTIONS[kinds[0]])
            if extra:
                raise ProtocolError("%s has no %s" % (kinds[0], ", ".join(sorted(extra))))
            check = getattr(self, "check_" + kinds[0], None)
            if check:
                check(effect)

    def check_emit(self, effect):
        if not isinstance(effect["emit"], string_types) or not effect["emit"] or \
                effect["emit"] in _RESERVED:
            raise ProtocolError("the event's name %r" % (effect["emit"],))
        values.restore(effect.get("args", []), effect.get("attachments", []))
        self.readable(effect.get("to", "me"))

    def check_join(self, effect):
        if not effect.get("join", effect.get("leave")):
            raise ProtocolError("a room without a name")
        self.readable(effect.get("who", "me"))

    check_leave = check_join

    def check_disconnect(self, effect):
        self.readable(effect["disconnect"])

    def check_value(self, effect):
        if len([one for one in _OPERATIONS if one in effect]) != 1:
            raise ProtocolError("value: one of %s" % ", ".join(_OPERATIONS))

    def check_refuse(self, _effect):
        if self.row["type"] != "connect":
            raise ProtocolError("refuse answers a connect")

    def readable(self, text):
        _read(text, self.nsp, self.client)

    # -- and then all of it happens

    def run(self):
        for effect in self.effects:
            kind = [name for name in effect if name in _OPTIONS and not
                    (name == "data" and "refuse" in effect)][0]
            if getattr(self, "do_" + kind)(effect, effect[kind]) is False:
                return

    def select(self, text):
        return self.gateway.select(text, self.nsp, self.client)

    def do_ack(self, effect, args):
        if self.row.get("ack"):
            self.client.acked = values.restore(args, effect.get("attachments", []))

    def do_emit(self, effect, event):
        args = values.restore(effect.get("args", []), effect.get("attachments", []))
        self.gateway_emit(self.select(effect.get("to", "me")), event, args, effect.get("ask"))
        if "keep" in effect:
            for word in effect.get("to", "").split(" "):
                if word.startswith("room:"):
                    self.gateway.history.setdefault((self.nsp, word[5:]), []).append(
                        {"seq": next(self.gateway.numbers), "event": event, "args": args,
                         "at": self.gateway.milliseconds()})

    def gateway_emit(self, clients, event, args, ask):
        answers = []
        for one in clients:
            answer = one.hear(event, copy.deepcopy(args), ask)
            if answer is not None:
                answers.append(answer)
        if ask is not None:
            self.answered(ask, answers, len(clients))

    def answered(self, ask, answers, expected):
        packed = [[] for _ in answers]
        row = {"type": "ack", "name": ask["name"], "context": ask.get("context"),
               "answers": [values.extract(one, some) for one, some in zip(answers, packed)],
               "expected": expected, "timeout": len(answers) < expected}
        if any(packed):
            row["attachments"] = packed
        self.gateway.asks.append((self.client, row))
        self.gateway.deliver(self.client, row)

    def do_acl(self, effect, of):
        # kept for a test to look at; nobody is refused here
        lists, key = self.gateway.acls, (self.nsp, of)
        if "forget" in effect:
            lists.pop(key, None)
        elif "set" in effect:
            lists[key] = list(effect["set"])
        elif "add" in effect:
            lists[key] = lists.get(key, []) + effect["add"]
        elif key in lists:
            lists[key] = [name for name in lists[key] if name not in effect["remove"]]

    def do_join(self, effect, room):
        for one in self.select(effect.get("who", "me")):
            if room not in one.rooms:
                one.rooms.append(room)

    def do_leave(self, effect, room):
        for one in self.select(effect.get("who", "me")):
            if room in one.rooms:
                one.rooms.remove(room)

    def do_close_room(self, _effect, room):
        for one in self.gateway.members(self.nsp, room):
            one.rooms.remove(room)

    def do_disconnect(self, _effect, who):
        for one in self.select(who):
            self.gateway.end(one, "server namespace disconnect")

    def do_data(self, _effect, value):
        self.client.data = json.loads(json.dumps(value))

    def do_session(self, _effect, value):
        self.client.session["data"] = json.loads(json.dumps(value))

    def do_user(self, _effect, name):
        self.client.user = name

    def do_after(self, effect, ms, every=0):
        sid = None if effect.get("of") == "nsp" or not self.client else self.client.id
        self.do_cancel(effect, effect["name"])
        self.gateway.timers.append({
            "nsp": self.nsp, "sid": sid, "name": effect["name"], "every": every,
            "context": effect.get("context"), "due": self.gateway.now + ms / 1000.0})

    def do_every(self, effect, ms):
        self.do_after(effect, ms, ms / 1000.0)

    def do_cancel(self, effect, name):
        sid = None if effect.get("of") == "nsp" or not self.client else self.client.id
        self.gateway.timers = [one for one in self.gateway.timers if
                               (one["nsp"], one["sid"], one["name"]) != (self.nsp, sid, name)]

    def do_value(self, effect, key):
        merge(self.gateway.values, (self.nsp, key), effect)

    def do_once(self, _effect, key):
        if (self.nsp, key) in self.gateway.used:
            return False
        self.gateway.used.add((self.nsp, key))
        return True

    def do_refuse(self, effect, message):
        self.client.refused = (message, effect.get("data"))
        self.client.connected = False
        self.gateway.forget(self.client)

    def do_log(self, _effect, text):
        self.gateway.logged.append(text)


def merge(stored, key, change):
    """A change of a value, merged with what is there when it is applied."""
    change = json.loads(json.dumps(change))
    if "set" in change:
        stored[key] = change["set"]
        if change["set"] is None:
            del stored[key]
    elif "append" in change:
        stored[key] = stored.get(key, []) + [change["append"]]
    elif "remove" in change:
        if change["remove"] in stored.get(key, []):
            stored[key].remove(change["remove"])
    elif "put" in change:
        stored[key] = dict(stored.get(key, {}), **change["put"])
    elif "drop" in change:
        stored[key] = dict((name, one) for name, one in stored.get(key, {}).items()
                           if name not in change["drop"])
    elif "add" in change:
        stored[key] = stored.get(key, 0) + change["add"]
