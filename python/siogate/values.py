"""
values.py - JSON, with bytes beside it

The protocol's bodies are JSON; a binary value stands there as
{"_placeholder": true, "num": N} and its bytes wait, as base64, in `attachments`.

Must stay true:
  - what `extract` made `restore` makes whole again, in the same order
  - a placeholder that names no attachment is an error, never a missing value

SPDX-License-Identifier: ISC
"""
import base64
import binascii
import json
from decimal import Decimal

from ._compat import Binary, PY2, binary_types, string_types
from .errors import BadCall

PLACEHOLDER = "_placeholder"


def dumps(value):
    """Compact JSON; decimals become numbers."""
    return json.dumps(value, separators=(",", ":"), default=_number)


def loads(body):
    return json.loads(body.decode("utf-8") if isinstance(body, bytes) else body)


def _number(value):
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError("%r of type %s cannot be sent: JSON values and bytes can"
                    % (value, type(value).__name__))


def is_binary(value):
    return isinstance(value, binary_types)


def extract(value, attachments):
    """A copy of value where bytes are placeholders; their base64 goes to attachments."""
    if is_binary(value):
        attachments.append(base64.b64encode(bytes(value)).decode("ascii"))
        return {PLACEHOLDER: True, "num": len(attachments) - 1}
    if isinstance(value, dict):
        return dict((key, extract(one, attachments)) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return [extract(one, attachments) for one in value]
    if isinstance(value, (set, frozenset)):
        raise TypeError("a set cannot be sent: say list(...) or sorted(...)")
    return value


def restore(value, attachments):
    """A copy of value where placeholders are bytes."""
    if isinstance(value, dict):
        if value.get(PLACEHOLDER) is True:
            return _attachment(value.get("num"), attachments)
        return dict((key, restore(one, attachments)) for key, one in value.items())
    if isinstance(value, list):
        return [restore(one, attachments) for one in value]
    return value


def _attachment(number, attachments):
    try:
        if isinstance(number, bool) or number < 0:
            raise IndexError(number)
        return Binary(base64.b64decode(attachments[number].encode("ascii")))
    except (IndexError, TypeError, AttributeError, ValueError, binascii.Error):
        raise BadCall("a placeholder names attachment %r of %d" % (number, len(attachments)))


def native(value):
    """Text as this Python's str where that loses nothing (Python 2: ASCII)."""
    if PY2 and isinstance(value, string_types) and not isinstance(value, str):
        try:
            return value.encode("ascii")
        except UnicodeError:
            return value
    return value
