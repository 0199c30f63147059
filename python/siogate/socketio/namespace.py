"""
namespace.py - a class whose methods on_EVENT are the handlers of a namespace

SPDX-License-Identifier: ISC
"""


class Namespace(object):
    def __init__(self, namespace=None):
        self.namespace = namespace or "/"
        self.server = None

    def is_asyncio_based(self):
        return False

    def method(self, event):
        return getattr(self, "on_" + event, None)

    def trigger_event(self, event, *args):
        """May be overridden; an unknown event is ignored."""
        function = self.method(event)
        return function(*args) if function is not None else None


def _add(verb):
    """A method of the server whose namespace is ours unless it is said."""
    def method(self, *args, **kwargs):
        if kwargs.get("namespace") is None:
            kwargs["namespace"] = self.namespace
        return getattr(self.server, verb)(*args, **kwargs)
    method.__name__ = verb
    setattr(Namespace, verb, method)


for _verb in ("emit", "send", "call", "enter_room", "leave_room", "close_room", "rooms",
              "get_session", "save_session", "session", "disconnect"):
    _add(_verb)
