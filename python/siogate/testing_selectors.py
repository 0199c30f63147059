"""
testing_selectors.py - the gateway's selector grammar, as the test gateway reads it

SPDX-License-Identifier: ISC
"""
import re

from ._compat import PY2, to_text

if PY2:
    from urllib import unquote
else:
    from urllib.parse import unquote


class ProtocolError(AssertionError):
    """What the real gateway would refuse and log."""


def select(sockets, text, nsp, me=None):
    """Clients that are meant, in the order in which they connected."""
    meant, not_meant, nsp = _read(text, nsp, me)
    return [one for one in sockets if one.connected and one.nsp == nsp and
            any(test(one) for test in meant) and not any(test(one) for test in not_meant)]


def _read(text, nsp, me):
    meant, not_meant = [], []
    for word in text.split(" "):
        if not word:
            continue
        if word.startswith("nsp:/"):
            nsp = name_of(word[4:])
        elif word.startswith("-"):
            not_meant.append(_test(word[1:], me, out=True))
        else:
            meant.append(_test(word, me))
    if not_meant and not meant:
        raise ProtocolError("selector '%s' says whom not, but nobody whom" % text)
    return meant, not_meant, nsp


def _test(word, me, out=False):
    if word == "*" and not out:
        return lambda one: True
    if word == "me":
        if me is None and not out:
            raise ProtocolError("selector: 'me', but there is no own socket here")
        return lambda one: one is me
    kind, colon, name = word.partition(":")
    if not colon or not name or kind not in ("room", "user", "id"):
        raise ProtocolError("selector: '%s' is not understood" % word)
    name = name_of(name)
    return {"room": lambda one: name in one.rooms or name == one.id,
            "user": lambda one: one.user == name,
            "id": lambda one: one.id == name}[kind]


def name_of(text):
    if re.search("%(?![0-9A-Fa-f]{2})", text):
        raise ProtocolError("selector: '%s' has a bare percent sign" % text)
    if PY2:
        return to_text(unquote(text.encode("utf-8")))
    return unquote(text)
