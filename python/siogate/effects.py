"""
effects.py - what an event leads to, as the rows of doc/backend.md

A handler never does anything by itself: it says what shall happen, and the gateway
does it all together when it has the answer, or not at all.

Must stay true:
  - rows keep the order in which they were said
  - what a row holds is fixed when it is said: changing a list later changes nothing

SPDX-License-Identifier: ISC
"""
from . import values

_VALUE_VERBS = ("set", "append", "remove", "put", "drop", "add")
_ACL_VERBS = ("set", "add", "remove", "forget")
EVERY_MIN = 100         # ms


class Effects(object):
    """A list of rows. `add` is the only way in."""

    def __init__(self):
        self.rows = []

    def add(self, **row):
        # through JSON and back: a copy, and the error at the line that said it
        values.dumps(row)
        self.rows.append(_copy(row))

    def ack(self, *args):
        self._with_bytes({"ack": list(args)}, "ack")

    def emit(self, event, args=(), to=None, volatile=False, keep=None, ask=None,
             mail=None):
        row = {"emit": event, "args": list(args)}
        if to is not None:
            row["to"] = to
        if volatile:
            row["volatile"] = True
        if keep is not None:
            row["keep"] = keep
        if ask is not None:
            row["ask"] = ask
        if mail is not None:
            row["mail"] = mail
        self._with_bytes(row, "args")

    def _with_bytes(self, row, member):
        attachments = []
        row[member] = values.extract(row[member], attachments)
        if attachments:
            row["attachments"] = attachments
        self.add(**row)

    def join(self, room, who=None):
        self._who({"join": room}, who)

    def leave(self, room, who=None):
        self._who({"leave": room}, who)

    def _who(self, row, who):
        if who is not None:
            row["who"] = who
        self.add(**row)

    def close_room(self, room):
        self.add(close_room=room)

    def disconnect(self, who="me", hard=False):
        row = {"disconnect": who}
        if hard:
            row["hard"] = True
        self.add(**row)

    def data(self, value):
        self.add(data=value)

    def session(self, value):
        self.add(session=value)

    def user(self, name):
        self.add(user=name)

    def after(self, ms, name, context=None, of=None):
        self._appointment({"after": int(ms), "name": name}, context, of)

    def every(self, ms, name, context=None, of=None):
        if ms < EVERY_MIN:
            raise ValueError("every %g seconds is too often: 0.1 is the least" % (ms / 1000.0))
        self._appointment({"every": int(ms), "name": name}, context, of)

    def _appointment(self, row, context, of):
        if context is not None:
            row["context"] = context
        if of is not None:
            row["of"] = of
        self.add(**row)

    def cancel(self, name, of=None):
        self._appointment({"cancel": name}, None, of)

    def value(self, key, ttl=None, **change):
        if len(change) != 1 or list(change)[0] not in _VALUE_VERBS:
            raise TypeError("one of %s" % ", ".join(_VALUE_VERBS))
        if ttl is not None:
            change["ttl"] = int(ttl)
        self.add(value=key, **change)

    def acl(self, of, **change):
        """An access list: one of set=, add=, remove= (names) or forget=True."""
        if len(change) != 1 or list(change)[0] not in _ACL_VERBS:
            raise TypeError("one of %s" % ", ".join(_ACL_VERBS))
        self.add(acl=of, **change)

    def once(self, key, ttl=None):
        row = {"once": key}
        if ttl is not None:
            row["ttl"] = int(ttl)
        self.add(**row)

    def refuse(self, message, data=None):
        row = {"refuse": message}
        if data is not None:
            row["data"] = data
        self.add(**row)

    def log(self, text):
        self.add(log=text)


def _copy(value):
    if isinstance(value, dict):
        return dict((key, _copy(one)) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return [_copy(one) for one in value]
    return value
