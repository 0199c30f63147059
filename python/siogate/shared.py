"""
shared.py - values that all processes share, used like a list or a dictionary

A namespace's stored values come with a call (`values = ...` in the [backend] section).
The application gets an ordinary list, dictionary or set and does with it what it likes;
when its event is over, the difference to what was there becomes merge operations
(append, remove, put, drop). Two processes that append at once so lose nothing.

Must stay true:
  - the operations applied to `before` give `after`
  - an unchanged value makes no effect

A list that was sorted, or changed in its middle, has no such difference: it is set as a
whole, and then the last one wins. A set is stored as a dictionary whose names are the
JSON of its members.

SPDX-License-Identifier: ISC
"""
import copy
import json

from .errors import SiogateError

_MISSING = object()


class Shared(object):
    """One value of one call."""

    def __init__(self, key, initial, call):
        if call.values is None:
            raise SiogateError(
                "'%s' is shared by all sockets, but the gateway sent no stored values: add "
                "`values = %s` to the [backend %s] section" % (key, key, call.nsp))
        self.key = key
        self.kind = type(initial)
        stored = call.values.get(key, _MISSING)
        if stored is _MISSING or stored is None:
            # nobody changed it yet: its members are first appended or put
            stored = json.loads(json.dumps(pack(initial)))
            self.before = [] if self.kind is list else {}
        else:
            self.before = copy.deepcopy(stored)
        self.seen = copy.deepcopy(stored)
        self.value = unpack(copy.deepcopy(stored), self.kind)

    def save(self, turn):
        after = pack(self.value)
        if _same(after, self.seen):
            return
        # through JSON: what the next event compares with is what will be stored
        after = json.loads(json.dumps(after))
        for change in difference(self.before, after):
            turn.effects.value(self.key, **change)
        self.before = self.seen = after
        turn.call.values[self.key] = after


def pack(value):
    """As it is stored."""
    if isinstance(value, (set, frozenset)):
        return dict((json.dumps(one, sort_keys=True), True) for one in value)
    return value


def unpack(stored, kind):
    if kind is set:
        return set(json.loads(name) for name in stored or {})
    return kind(stored)


def difference(before, after):
    """Operations, each a dictionary of one member."""
    if isinstance(before, dict) and isinstance(after, dict):
        return list(_dict_difference(before, after))
    if isinstance(before, list) and isinstance(after, list):
        return _list_difference(before, after)
    return [{"set": after}]


def _dict_difference(before, after):
    gone = [name for name in before if name not in after]
    new = dict((name, one) for name, one in after.items()
               if name not in before or not _same(before[name], one))
    if gone:
        yield {"drop": sorted(gone)}
    if new:
        yield {"put": new}


def _list_difference(before, after):
    """Some removed, some appended; else the whole."""
    kept = list(before)
    removed = []
    for one in before:
        if _count(after, one) < _count(kept, one):
            _remove_first(kept, one)
            removed.append(one)
    if not _same(kept, after[:len(kept)]):
        return [{"set": after}]
    return ([{"remove": one} for one in removed] +
            [{"append": one} for one in after[len(kept):]])


def _same(a, b):
    # True == 1 in Python, not in JSON
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def _count(values, wanted):
    return sum(1 for one in values if _same(one, wanted))


def _remove_first(values, wanted):
    for i, one in enumerate(values):
        if _same(one, wanted):
            del values[i]
            return
