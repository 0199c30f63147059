"""
test_syntax.py - the package is written in what Python 2.7 and 3 have in common

Jython tells more, where it is installed (tests/python_jython.sh); this tells it always.

SPDX-License-Identifier: ISC
"""
import ast
import os
import re
import sys
import unittest

from support import here

PACKAGE = os.path.join(os.path.dirname(here), "siogate")
# by name: not every Python has all of them
NEWER = ["JoinedStr", "AnnAssign", "NamedExpr", "Nonlocal", "YieldFrom", "Await", "AsyncFunctionDef",
         "AsyncFor", "AsyncWith", "MatMult", "Starred", "Match", "TryStar", "TypeAlias"]
# a framework where its face is used; what one of the Pythons calls differently
OTHERS = set(["django", "flask", "bottle", "pyramid", "web", "httplib", "urllib", "urlparse", "http",
              "socketserver", "SocketServer", "__future__"])


def sources():
    for folder, _, names in os.walk(PACKAGE):
        for name in sorted(names):
            if name.endswith(".py"):
                yield os.path.join(folder, name)


def parse(name):
    with open(name) as text:
        source = text.read()
    return source, ast.parse(source)


def newer_than_2_7(source, tree):
    """Lines of what Python 2.7 does not understand."""
    kinds = tuple(getattr(ast, name) for name in NEWER if hasattr(ast, name))
    for node in ast.walk(tree):
        if isinstance(node, kinds):
            yield node.lineno
        elif isinstance(node, ast.FunctionDef):
            args = node.args
            if args.kwonlyargs or getattr(args, "posonlyargs", None) or node.returns or any(
                    one.annotation for one in args.args + [args.vararg, args.kwarg] if one):
                yield node.lineno
        elif isinstance(node, ast.ClassDef) and node.keywords:
            yield node.lineno
        elif isinstance(node, ast.Raise) and node.cause:
            yield node.lineno
        elif isinstance(node, ast.Dict) and None in node.keys:
            yield node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and (
                node.func.id == "super" and not node.args or node.func.id == "print"):
            yield node.lineno
    for number, line in enumerate(source.split("\n"), 1):
        if re.search(r"\b\d+_\d", re.sub(r"\"[^\"]*\"|'[^']*'|#.*", "", line)):
            yield number


def stars(tree):
    """f(*args) is a Starred for Python 3, and 2.7 has that."""
    allowed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            at_end = [one for one in node.args if isinstance(one, ast.Starred)]
            if len(at_end) == 1 and node.args[-1] is at_end[0]:
                allowed.add(at_end[0].lineno)
    return allowed


@unittest.skipIf(sys.version_info[0] == 2, "Python 2 says it by itself")
class Syntax(unittest.TestCase):
    def test_nothing_is_newer_than_2_7(self):
        for name in sources():
            source, tree = parse(name)
            lines = set(newer_than_2_7(source, tree)) - stars(tree)
            self.assertEqual(sorted(lines), [], name)

    def test_what_is_newer_is_found(self):
        for text in ("f'{x}'", "x: int = 1", "def f(a, *, b): pass", "def f(a: int): pass",
                     "class A(B, metaclass=C): pass", "raise A from b", "{**a}", "[*a, b]",
                     "f(*a, b)", "super().f()", "x = 1_000", "def f():\n    yield from g()",
                     "async def f(): pass", "print('x')", "a, *b = c"):
            tree = ast.parse(text)
            self.assertTrue(set(newer_than_2_7(text, tree)) - stars(tree), text)
        for text in ("f(a, *b, **c)", "class A(object): pass", "raise A(b)", "super(A, self).f()"):
            tree = ast.parse(text)
            self.assertFalse(set(newer_than_2_7(text, tree)) - stars(tree), text)

    @unittest.skipUnless(hasattr(sys, "stdlib_module_names"), "this Python does not list its modules")
    def test_only_the_standard_library_is_imported(self):
        for name in sources():
            _, tree = parse(name)
            for node in ast.walk(tree):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else \
                    [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
                for one in names:
                    self.assertIn(one.split(".")[0], sys.stdlib_module_names | OTHERS, name)
