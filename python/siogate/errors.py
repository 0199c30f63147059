"""
errors.py - what can go wrong, each with a sentence that says what to do

SPDX-License-Identifier: ISC
"""


class SiogateError(Exception):
    """All that this package raises by itself."""


class Refused(SiogateError):
    """A request that is no call of the gateway; `status` is the answer's line."""

    def __init__(self, status, reason):
        SiogateError.__init__(self, reason)
        self.status = status
        self.reason = reason


class BadCall(Refused):
    """Signed, but not what doc/backend.md describes."""

    def __init__(self, reason):
        Refused.__init__(self, "400 Bad Request", reason)


class RefuseConnect(SiogateError):
    """Raise it while a client connects: the client hears message and data."""

    def __init__(self, message="refused", data=None):
        SiogateError.__init__(self, message)
        self.message = message
        self.data = data


class NotNamed(SiogateError):
    """A function that must be found again by another process, and cannot be."""


class Unstorable(SiogateError):
    """A value that cannot wait in the store for the next request."""


class NoCall(SiogateError):
    """Something that is only possible while an event is handled."""


class ApiError(SiogateError):
    """The HTTP API said no: `code` and `text` are its words, `status` the number."""

    def __init__(self, status, code, text):
        SiogateError.__init__(self, "%s (%s, HTTP %s)" % (text, code, status))
        self.status = status
        self.code = code
        self.text = text


class NoApi(SiogateError):
    """Nobody said where the HTTP API is."""
