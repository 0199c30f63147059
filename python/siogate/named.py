"""
named.py - functions that another process finds again

What shall happen later (the callback of an emit, a timer, a job) happens in whichever
process the gateway asks then. A bound method is found by its name, a function of a
module by `module:name`, `functools.partial` of either brings its arguments along, as
JSON. A lambda or a function inside a function cannot be found: it is refused where it
is given, with the rewrite.

Must stay true:
  - a name from the store calls nothing that was not given to `name_of` under that name:
    methods of the namespace's own class, functions of modules of the application

SPDX-License-Identifier: ISC
"""
import ast
import functools
import importlib
import inspect
import textwrap

from .errors import NotNamed

_LAMBDA = """%(what)s gets a %(kind)s, but another process may have to call it: name it. Instead of

    def handler(self):
        def done(answer):
            ...
        %(use)s

write

    def handler(self):
        %(named)s

    def done(self, answer):
        ...

(in a class without `self`, a function of the module; arguments: functools.partial)"""

_LOOP = """%(what)s gets `%(name)s`, which loops until the process ends; no process of a web \
server lasts. Instead of

    def %(name)s():
        while True:
            work()
            sleep(1)
    self.spawn(%(name)s)

write

    self.every(1, self.work)

    def work(self):
        ...

(once: self.after(seconds, self.work); to stop it: self.cancel(self.work))"""

_USES = {
    "callback": ("self.emit('event', callback=done)", "self.emit('event', callback=self.done)"),
    "after": ("self.after(1, done)", "self.after(1, self.done)"),
    "every": ("self.every(1, done)", "self.every(1, self.done)"),
}


def name_of(function, owner=None, what="callback"):
    """(name, context) for a function. `owner` is the object whose methods are known."""
    arguments = []
    while isinstance(function, functools.partial):
        if function.keywords:
            raise NotNamed("functools.partial with keywords: give the arguments by position")
        arguments = list(function.args) + arguments
        function = function.func
    method_of = getattr(function, "__self__", None)
    name = getattr(function, "__name__", None)
    if method_of is not None and not inspect.ismodule(method_of) and name:
        if owner is not None and method_of is not owner:
            raise NotNamed("%s: `%s` is a method of another object" % (what, name))
        return name, arguments
    module = getattr(function, "__module__", None)
    if name and module and _find(module, name) is function:
        return "%s:%s" % (module, name), arguments
    kind = "lambda" if name == "<lambda>" else "function inside a function"
    use, named = _USES.get(what, _USES["callback"])
    raise NotNamed(_LAMBDA % {"what": what, "kind": kind, "use": use, "named": named})


def find(name, owner=None):
    """The function of that name, or None."""
    if ":" in name:
        return _find(*name.split(":", 1))
    return getattr(owner, name, None)


def _find(module, name):
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None


def refuse_endless(function, what="spawn"):
    """Raises NotNamed for a function with a `while True:` that sleeps and never ends."""
    while isinstance(function, functools.partial):
        function = function.func
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (TypeError, IOError, OSError, SyntaxError, IndexError):
        return          # no source: sleep() itself limits what it does
    for node in ast.walk(tree):
        if isinstance(node, ast.While) and _is_true(node.test) and not _ends(node):
            name = getattr(function, "__name__", "job")
            raise NotNamed(_LOOP % {"what": what, "name": "job" if name == "<lambda>" else name})


def _is_true(test):
    for member in ("value", "n", "id"):     # Constant; Num and Name of Python 2
        if hasattr(test, member):
            return getattr(test, member) in (True, 1, "True")
    return False


def _ends(loop):
    """Whether something in the loop leaves it."""
    return any(isinstance(node, (ast.Break, ast.Return))
               for node in ast.walk(loop) if node is not loop)
