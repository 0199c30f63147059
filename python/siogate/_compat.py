"""
_compat.py - what Python 2.7, Jython and Python 3 call by different names

Only this file asks which Python it is.

SPDX-License-Identifier: ISC
"""
import sys

PY2 = sys.version_info[0] == 2

if PY2:
    import httplib as http_client
    from urllib import quote as _quote
    from urlparse import urlsplit
    text_type = unicode  # noqa: F821
    string_types = (basestring,)  # noqa: F821
    integer_types = (int, long)  # noqa: F821

    class Binary(str):
        """Bytes that travel as a binary value; a plain str of Python 2 is text."""
        __slots__ = ()

    binary_types = (Binary, bytearray)

    def percent(name, safe):
        return _quote(to_bytes(name), safe).decode("ascii")
else:
    import http.client as http_client
    from urllib.parse import quote as _quote, urlsplit
    text_type = str
    string_types = (str,)
    integer_types = (int,)
    Binary = bytes
    binary_types = (bytes, bytearray, memoryview)

    def percent(name, safe):
        return _quote(to_bytes(name), safe)

try:
    ConnectionRefused = ConnectionRefusedError
except NameError:
    class ConnectionRefused(Exception):
        """What Python 3 has built in."""

__all__ = ["PY2", "Binary", "ConnectionRefused", "binary_types", "http_client",
           "integer_types", "percent", "string_types", "text_type", "to_bytes", "to_text",
           "urlsplit", "with_metaclass"]


def to_bytes(value):
    return value.encode("utf-8") if isinstance(value, text_type) else bytes(value)


def to_text(value):
    return value if isinstance(value, text_type) else bytes(value).decode("utf-8")


def with_metaclass(meta, *bases):
    """A base class that has a metaclass, in the syntax of both."""
    return meta("Base", bases or (object,), {})
