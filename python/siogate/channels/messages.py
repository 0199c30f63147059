"""
messages.py - what a client said: a message, or a subscription

Socket.IO 0.6 knows messages only, and makes an array several of them: the extension of
the originals sent `__subscribe__` and the channel after it, which the gateway makes one
event of, and put `__array__` before an array. Ours (extension.js) sends {"__array__": array}
there, and the event `subscribe` from later clients. All of them are understood.

Must stay true:
  - one line of the log is one message, whatever it holds

SPDX-License-Identifier: ISC
"""
import datetime
import json
import re

from .._compat import string_types, to_text

MESSAGE, SUBSCRIBE, UNSUBSCRIBE = "message", "subscribe", "unsubscribe"
WORDS = {"__subscribe__": SUBSCRIBE, "__unsubscribe__": UNSUBSCRIBE, "__array__": MESSAGE}
LOG_FORMAT = '%(REMOTE_ADDR)s - - [%(TIME)s] "Socket.IO %(TYPE)s: %(MESSAGE)s"'


def understand(event, pending):
    """([(kind, value)], word that waits for its second half)."""
    value = event.args[0] if event.args else None
    name = WORDS.get(event.name, event.name)
    if name in (SUBSCRIBE, UNSUBSCRIBE):
        return [(name, value)] if is_name(value) else [], None
    if name != MESSAGE:
        return [], pending
    if pending:
        return _said(pending, value), None
    if isinstance(value, string_types) and value in WORDS:
        return [], value
    if isinstance(value, dict) and len(value) == 1 and list(value)[0] in WORDS:
        return _said(list(value)[0], list(value.values())[0]), None
    if isinstance(value, list) and len(value) == 2 and is_name(value[0]) and value[0] in WORDS:
        return _said(value[0], value[1]), None
    return [(MESSAGE, value)], None


def _said(word, value):
    kind = WORDS[word]
    return [(kind, value)] if kind == MESSAGE or is_name(value) else []


def is_name(value):
    return isinstance(value, string_types) and len(value) > 0


def format_log(log_format, environ, kind, value):
    """A line for the log; control characters of the client's text are escaped."""
    text = to_text(value) if isinstance(value, string_types) else json.dumps(value)
    text = re.sub(u"[\x00-\x1f\x7f-\x9f\u2028\u2029]",
                  lambda found: repr(found.group(0)).lstrip("u").strip("'"), text)
    now = datetime.datetime.now().replace(microsecond=0)
    return log_format % Blank(environ, TYPE=kind, MESSAGE=text, TIME=now)


class Blank(dict):
    """Keys that this request does not have are a dash."""

    def __missing__(self, _key):
        return "-"
