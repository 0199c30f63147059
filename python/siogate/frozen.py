"""
frozen.py - Python values that wait in the store for the next request

JSON values wait as they are. Tuples, sets, bytes, dates, decimals, loggers (by name)
and Django models (by primary key) are written as {"$py": [kind, ...]} and come back as
what they were. Everything else raises Unstorable: sockets, locks, open files, functions
of a function.

Must stay true:
  - nothing is executed to thaw a value: no pickle, no import but Django's own registry

SPDX-License-Identifier: ISC
"""
import base64
import datetime
import logging
from decimal import Decimal

from . import values
from ._compat import Binary, integer_types, string_types, to_text
from .errors import Unstorable

MARK = "$py"


def freeze(value):
    """JSON for value."""
    if value is None or isinstance(value, (bool, float) + integer_types):
        return value
    if values.is_binary(value):
        return {MARK: ["bytes", base64.b64encode(bytes(value)).decode("ascii")]}
    if isinstance(value, string_types):
        return to_text(value)
    if isinstance(value, list):
        return [freeze(one) for one in value]
    if isinstance(value, dict):
        return _freeze_dict(value)
    if isinstance(value, (tuple, set, frozenset)):
        kind = [name for name, known in _SEQUENCES.items() if isinstance(value, known)][0]
        return {MARK: [kind, [freeze(one) for one in value]]}
    return {MARK: _freeze_object(value)}


_SEQUENCES = {"tuple": tuple, "set": set, "frozenset": frozenset}


def _freeze_dict(value):
    if all(isinstance(name, string_types) for name in value) and MARK not in value:
        return dict((to_text(name), freeze(one)) for name, one in value.items())
    return {MARK: ["dict", [[freeze(name), freeze(one)] for name, one in value.items()]]}


def _freeze_object(value):
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            raise Unstorable("a date with a time zone: store its timestamp")
        return ["datetime", value.strftime("%Y-%m-%dT%H:%M:%S.%f")]
    if isinstance(value, datetime.date):
        return ["date", value.strftime("%Y-%m-%d")]
    if isinstance(value, Decimal):
        return ["decimal", str(value)]
    if isinstance(value, (logging.Logger, logging.LoggerAdapter)):
        return ["logger", getattr(value, "logger", value).name]
    meta = getattr(value, "_meta", None)
    if meta is not None and hasattr(meta, "app_label") and getattr(value, "pk", None) is not None:
        return ["model", meta.app_label, meta.object_name, freeze(value.pk)]
    raise Unstorable("a %s cannot be stored: JSON values, tuples, sets, bytes, dates, loggers "
                     "and saved Django models can" % type(value).__name__)


def thaw(value):
    """The value for JSON that `freeze` made."""
    if isinstance(value, list):
        return [thaw(one) for one in value]
    if not isinstance(value, dict):
        return values.native(value)
    if MARK not in value:
        return dict((values.native(name), thaw(one)) for name, one in value.items())
    kind, rest = value[MARK][0], value[MARK][1:]
    return _THAW[kind](*rest)


def _thaw_model(app, name, pk):
    from django.apps import apps
    return apps.get_model(app, name)._default_manager.filter(pk=thaw(pk)).first()


_THAW = {
    "bytes": lambda text: Binary(base64.b64decode(text.encode("ascii"))),
    "tuple": lambda some: tuple(thaw(some)),
    "set": lambda some: set(thaw(some)),
    "frozenset": lambda some: frozenset(thaw(some)),
    "dict": lambda pairs: dict((thaw(name), thaw(one)) for name, one in pairs),
    "datetime": lambda text: datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f"),
    "date": lambda text: datetime.datetime.strptime(text, "%Y-%m-%d").date(),
    "decimal": lambda text: Decimal(text),
    "logger": lambda name: logging.getLogger(name),
    "model": _thaw_model,
}
