"""
test_porting.py - doc/porting.md: its diffs touch imports only, and its files run

SPDX-License-Identifier: ISC
"""
import os
import re
import sys
import types

from support import NOW, SECRET, Case, top
from test_frameworks import django_site, needs
import siogate
from siogate import wrapping
from siogate.channels import events

PAGE = os.path.join(top, "doc", "porting.md")
IMPORT = re.compile(r"^(from [\w.]+ import .+|import [\w., ]+)$")


def read(name):
    """(file as it was, changes as (before, after)) of one original."""
    with open(PAGE) as page:
        text = page.read()
    text = text[text.index("<!-- port: %s -->" % name):]
    before, diff = re.match(r".*?```python\n(.*?)```\n```diff\n(.*?)```", text, re.S).groups()
    lines = diff.splitlines()
    return before, ([line[1:] for line in lines if line.startswith("-")],
                    [line[1:] for line in lines if line.startswith("+")])


def ported(name):
    """The file after its diff, as a module that can be imported again."""
    text, (old, new) = read(name)
    for before, after in zip(old, new):
        text = text.replace(before + "\n", after + "\n", 1)
    module = types.ModuleType("ported_" + name)
    sys.modules[module.__name__] = module
    exec(compile(text, "porting.md:" + name, "exec"), module.__dict__)
    return module


class Diffs(Case):
    def test_only_import_lines_change(self):
        for name in ("gevent", "django", "webpy", "socketio"):
            text, (old, new) = read(name)
            self.assertEqual(len(old), len(new))
            self.assertTrue(old)
            for line in old + new:
                self.assertTrue(IMPORT.match(line), line)
            for line in old:
                self.assertEqual(text.splitlines().count(line), 1, line)
            for line in new:
                self.assertIn("siogate", line)


class Files(Case):
    def setUp(self):
        Case.setUp(self)
        self.kept = [(one, list(one.handlers)) for one in vars(events).values()
                     if isinstance(one, events.Event)]
        for one, _ in self.kept:
            one.handlers[:] = []

    def tearDown(self):
        for one, handlers in self.kept:
            one.handlers[:] = handlers
        Case.tearDown(self)

    def test_gevent_socketio(self):
        lines = self.starts_quietly("pub")
        self.starts_quietly()
        test = self.gateway(siogate.wrap(ported("gevent").application), path="/socket.io-app/")
        anna = test.connect("/pub", recv=lambda event, args: ["cheers"])
        ben = test.connect("/pub")
        self.assertEqual(anna.ask("order", "tea"), None)
        self.assertEqual(anna.ask("enter", "anna", "window"), [True, 1])
        self.assertEqual(ben.ask("enter", "ben", "window"), [True, 2])
        ben.take()
        anna.emit("order", "tea")
        anna.emit("order", "cake")
        self.assertEqual(anna.received[-2:], [("your order", ["tea", 1]),
                                              ("your order", ["cake", 2])])
        self.assertEqual(ben.take(), [("overheard", ["anna", "cheers"])] * 2)
        anna.emit("say to all", "hi")
        anna.disconnect("transport close")
        self.assertEqual(ben.received, [("shout", ["anna", "hi"]), ("guests", [["ben"]])])
        self.assertEqual(lines, [])     # info, below the level

    @needs("django")
    def test_django_socketio(self):
        wrapping._default["gateway"].verifier.clock = lambda: NOW
        app = django_site([("", "siogate.django_socketio.urls")])
        module = ported("django")
        test = self.gateway(app, path="/socket.io-app/")
        anna, ben = test.connect(), test.connect()
        for one, name in ((anna, "anna"), (ben, "ben")):
            one.emit("subscribe", "board-1")
            one.emit("message", {"action": "start", "name": name})
        self.assertEqual(ben.take()[0][1], [{"action": "started", "channels": ["board-1"]}])
        anna.emit("message", {"action": "stone", "field": 4})
        anna.emit("message", {"action": "stone", "field": 5})
        self.assertEqual(ben.take()[-1][1][0]["stones"], [4, 5])
        self.assertEqual(module.notice("1", "closing"), "sent")
        self.assertIn("board-2", module.notice("2", "closing"))
        anna.disconnect()
        self.assertEqual([args[0]["action"] for _, args in ben.received], ["notice", "leaves"])

    @needs("web")
    def test_webpy_socketio(self):
        test = self.gateway(ported("webpy").application, path="/socket.io-app/")
        anna, ben = test.connect(), test.connect()
        anna.emit("message", "hello?")
        for one in (anna, ben):
            one.emit("subscribe", "stall-fish")
        anna.emit("message", 5)
        self.assertEqual(anna.received, [("message", ["go to a stall first"]), (
            "message", [["welcome", "stall-fish", "192.0.2.7"]]), ("message", [["stall-fish", 5]])])
        self.assertEqual(ben.received[1:], [("message", [["stall-fish", 5]])])

    @needs("flask")
    def test_python_socketio(self):
        module = ported("socketio")
        module.sio._gateway = siogate.Gateway(SECRET, handle=module.sio.handle, clock=lambda: NOW)
        test = self.gateway(module.app)
        self.assertEqual(test.connect(auth={}).refused, ("no card", {"desk": 1}))
        anna, ben = test.connect(auth={"card": 7}), test.connect(auth={"card": 8})
        self.assertEqual(anna.ask("lend", "Emma"), [7, 1])
        self.assertEqual(anna.ask("lend", "Ulysses"), [7, 2])
        anna.emit("unheard of", None)
        self.assertEqual(anna.received, [("what is", ["unheard of"])])
        anna.disconnect("ping timeout")
        self.assertEqual(ben.received, [("lent", [{"title": "Emma"}]),
                                        ("lent", [{"title": "Ulysses"}]),
                                        ("left", ["ping timeout"])])
        desk = test.connect("/desk", recv=lambda event, args: ["ok"])
        desk.emit("ring")
        self.assertEqual(desk.received, [("coming", []), ("heard", ["ok"])])
