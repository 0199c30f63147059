"""
table.py - which handler an event has, and how it is called

Must stay true:
  - functions win over class namespaces; of each, the exact name over the catch-all, the
    exact namespace over any: ns+event, ns+*, *+event, *+*, class of ns, class of *
  - connect and disconnect are never taken by a catch-all event

SPDX-License-Identifier: ISC
"""
import inspect

OWN = ("connect", "disconnect")
ANY = "*"


class Table(object):
    def __init__(self):
        self.functions = {}     # namespace -> event -> function
        self.classes = {}       # namespace -> Namespace object

    def add(self, event, namespace, function):
        self.functions.setdefault(namespace or "/", {})[event] = function

    def add_class(self, handler):
        self.classes[handler.namespace or "/"] = handler

    def knows(self, namespace):
        return any(name in table for name in (namespace, ANY)
                   for table in (self.functions, self.classes))

    def find(self, event, namespace):
        """(function, arguments before its own), or (None, [])."""
        for space in (namespace, ANY):
            where = [namespace] if space == ANY else []
            known = self.functions.get(space, {})
            if event in known:
                return known[event], where
            if event not in OWN and ANY in known:
                return known[ANY], [event] + where
        for space in (namespace, ANY):
            handler = self.classes.get(space)
            if handler is not None:
                function = handler.method(event)
                return function, [namespace] if space == ANY else []
        return None, []


def call_with(function, required, *optional):
    """Calls it with the required arguments, and as many of the others as it takes."""
    count = positional(function)
    room = len(optional) if count is None else max(0, count - len(required))
    return function(*(list(required) + list(optional[:room])))


def positional(function):
    """How many positional arguments it takes; None: any number."""
    spec = (getattr(inspect, "getfullargspec", None) or inspect.getargspec)(function)
    if spec.varargs:
        return None
    return len(spec.args) - (1 if inspect.ismethod(function) else 0)
