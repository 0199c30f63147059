"""
test_examples.py - examples/python, each with clients of the test gateway

In a browser, through the real gateway: tests/e2e/python.test.mjs.

SPDX-License-Identifier: ISC
"""
import os
import shutil
import sys
import tempfile

from support import NOW, SECRET, Case, top
from test_frameworks import needs
import siogate
from siogate.channels import events

FOLDER = os.path.join(top, "examples", "python")


class Examples(Case):
    def load(self, name, path="/"):
        """The example's application behind a test gateway, with the tests' secret."""
        sys.path.insert(0, FOLDER)
        self.addCleanup(sys.path.remove, FOLDER)
        self.addCleanup(sys.modules.pop, name, None)
        before = os.environ.get("SIOGATE_SECRET", "")
        self.addCleanup(os.environ.__setitem__, "SIOGATE_SECRET", before)
        os.environ["SIOGATE_SECRET"] = SECRET
        self.module = __import__(name)
        gate = getattr(self.module, "gate", None)
        if gate is not None:
            gate.verifier.clock = lambda: NOW
        return self.gateway(self.module.application, path=path)

    def shows_its_page(self, name):
        said = []
        body = b"".join(self.module.application(
            {"PATH_INFO": "/", "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "HTTP_HOST": "x",
             "SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
             "wsgi.input": None, "wsgi.errors": sys.stderr},
            lambda status, headers, _error=None: said.append(status)))
        self.assertTrue(said[0].startswith("200"))
        self.assertIn(name, body.decode("utf-8"))

    def test_wsgi_chat(self):
        test = self.load("wsgi_chat")
        anna, ben = test.connect("/chat"), test.connect("/chat")
        self.assertEqual(anna.ask("say", "x"), [{"ok": False, "error": "enter a room first"}])
        for one, name in ((anna, "anna"), (ben, "ben")):
            self.assertEqual(one.ask("enter", name, "a b"), [{"ok": True}])
        anna.emit("typing")
        anna.emit("say", "hi")
        anna.disconnect()
        self.assertEqual(ben.received, [("typing", ["anna"]), ("said", ["anna", "hi"]),
                                        ("left", ["anna"])])
        self.shows_its_page("A bare chat")

    def test_history(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        try:
            import sqlite3                              # noqa: F401
        except ImportError:
            self.skipTest("no sqlite3")
        test = self.load("history")
        self.module.FILE = os.path.join(folder, "said.db")
        anna, ben = test.connect("/history"), test.connect("/history")
        self.assertEqual(anna.ask("say", "id1", "anna", "one"), [1])
        self.assertEqual(anna.ask("say", "id1", "anna", "one"), [1])
        self.assertEqual(ben.received, [("said", [1, "anna", "one"])])
        for n in range(60):
            anna.emit("say", "more%d" % n, "anna", str(n))
        last = ben.ask("read", None)[0]
        self.assertEqual((len(last), last[-1][2]), (50, "59"))
        self.assertEqual(len(ben.ask("read", last[0][0])[0]), 11)
        self.shows_its_page("A chat that remembers")

    def test_tictactoe(self):
        test = self.load("tictactoe")
        one, two, three = [test.connect("/tictactoe") for _ in range(3)]
        self.assertEqual([client.ask("sit", "t")[0] for client in (one, two, three)],
                         [{"ok": True, "mark": "X"}, {"ok": True, "mark": "O"}, {"ok": False}])
        self.assertEqual(two.ask("play", 0), [False])
        for client, field in ((one, 0), (two, 3), (one, 1), (two, 4)):
            self.assertEqual(client.ask("play", field), [True])
        self.assertEqual(two.ask("play", 4), [False])
        one.emit("play", 2)
        self.assertEqual(two.received[-1], ("over", ["X"]))
        self.assertEqual(three.ask("sit", "t"), [{"ok": True, "mark": "X"}])
        four = test.connect("/tictactoe")
        four.emit("sit", "t")
        three.disconnect()
        self.assertEqual(four.received[-1], ("over", ["O"]))

    def test_tictactoe_gives_a_seat_once(self):
        test = self.load("tictactoe")
        one, two = test.connect("/tictactoe"), test.connect("/tictactoe")
        body = test.body(two, "/tictactoe", [dict(two.event("sit", ["t"], True), n=900)])
        self.assertEqual(one.ask("sit", "t"), [{"ok": True, "mark": "X"}])
        _, answer = test.send(body, two)
        two.acked = None
        test.apply(two, "/tictactoe", body["events"], answer)
        self.assertEqual((two.acked, two.data), (None, None))
        self.assertEqual(two.ask("sit", "t"), [{"ok": True, "mark": "O"}])

    def test_acks(self):
        test = self.load("acks")
        left = test.connect("/left", recv=lambda event, args: [42])
        right = test.connect("/right", session=left)
        self.assertEqual(left.ask("add", 2, 3), [5, 6])
        left.emit("ask me")
        self.assertEqual(left.received[-1], ("so you are", [42]))
        left.emit("over", "hi")
        self.assertEqual(right.received, [("welcome", ["/right"]), ("from the left", ["hi"])])
        left.emit("disconnect me")
        self.assertEqual((left.connected, right.connected), (False, True))

    def test_graph(self):
        test = self.load("graph")
        one = test.connect("/graph")
        test.advance(3)
        self.assertEqual(one.names(), ["load"] * 3)
        one.disconnect()
        test.advance(3)
        self.assertEqual(len(one.received), 3)

    def test_publisher(self):
        test = self.load("publisher")
        one = test.connect("/news")
        self.assertEqual(self.module.publish("rain"), 1)
        self.assertEqual(one.received, [("news", ["rain"])])

    @needs("web")
    def test_webpy_chat(self):
        kept = [(one, list(one.handlers)) for one in vars(events).values()
                if isinstance(one, events.Event)]
        for one, _ in kept:
            one.handlers[:] = []
        try:
            test = self.load("webpy_chat", path="/socket.io/backend")
            anna, ben, porter = test.connect(), test.connect(), test.connect()
            anna.emit("message", {"action": "say", "text": "?"})
            self.assertEqual(anna.take(), [("message", [{"action": "lost"}])])
            porter.emit("subscribe", "porter")
            for one, name in ((anna, "anna"), (ben, "ben")):
                one.emit("subscribe", "room-hall")
                one.emit("message", {"action": "name", "name": name})
            anna.emit("message", {"action": "say", "text": "hi"})
            porter.emit("message", {"text": "quiet"})
            anna.disconnect()
            self.assertEqual([args[0].get("text", args[0]["action"]) for _, args in ben.received],
                             ["welcome", "hi", "quiet", "leave"])
            self.shows_its_page("subscribe")
        finally:
            for one, handlers in kept:
                one.handlers[:] = handlers

    @needs("flask")
    def test_flask_first(self):
        test = self.load("flask_first")
        sio = self.module.sio
        sio._gateway = siogate.Gateway(SECRET, handle=sio.handle, clock=lambda: NOW)
        one, two = test.connect(), test.connect()
        for event, message in (("echo", {"data": "e"}), ("join", {"room": "a"}),
                               ("to_room", {"room": "a", "data": "r"}), ("close", {"room": "a"}),
                               ("to_room", {"room": "a", "data": "gone"}),
                               ("to_all", {"data": "all"})):
            one.emit(event, message)
        self.assertEqual([args[0]["data"] for _, args in one.received],
                         ["connected", "e", "in a", "r", "room a closes", "all"])
        self.assertEqual([args[0]["data"] for _, args in two.received], ["connected", "all"])
        one.emit("disconnect_request")
        self.assertEqual(one.connected, False)
