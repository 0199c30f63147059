"""
who.py - who is meant: the words of the gateway's one grammar

    *   me   room:NAME   user:NAME   id:ID     the union of these
    -me   -room:NAME   -user:NAME   -id:ID     but not these
    nsp:/NAME                                  in another namespace

Must stay true:
  - a name never becomes another word: what could part it is percent-encoded

SPDX-License-Identifier: ISC
"""
from ._compat import percent, to_text

_SAFE = "".join(chr(c) for c in range(0x21, 0x7f) if chr(c) != "%")


def quote(name):
    """A name as it stands in a selector: no blanks, percent signs or control characters."""
    if not isinstance(name, (type(u""), bytes)):
        name = str(name)
    return percent(to_text(name), _SAFE)


def room(name):
    return "room:" + quote(name)


def user(name):
    return "user:" + quote(name)


def socket(sid):
    return "id:" + quote(sid)


def nsp(name):
    return "nsp:" + quote(name if name.startswith("/") else "/" + name)


def names(value):
    """One name, several, or None, as a list."""
    if value is None:
        return []
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    return [value]


def rooms(to, skip=None, namespace=None, skip_me=False):
    """Everybody in the rooms (None: everybody at all), but not the sockets in skip."""
    words = [room(name) for name in names(to)] or ["*"]
    if to is not None and not names(to):
        raise ValueError("an empty list of rooms: nobody is meant")
    words += ["-" + socket(sid) for sid in names(skip)]
    if skip_me:
        words.append("-me")
    if namespace is not None:
        words.append(nsp(namespace))
    return " ".join(words)
