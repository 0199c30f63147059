"""
test_socketio.py - the face of python-socketio

SPDX-License-Identifier: ISC
"""
import os

from support import NOW, SECRET, Case
import siogate
from siogate import socketio

HEARD = []


def heard(*args):
    HEARD.append(args)


class Face(Case):
    def setUp(self):
        Case.setUp(self)
        del HEARD[:]
        self.sio = socketio.Server(secret=SECRET, cors_allowed_origins="*", logger=True)
        self.sio._gateway = siogate.Gateway(SECRET, handle=self.sio.handle, clock=lambda: NOW)
        self.test = self.gateway(socketio.WSGIApp(self.sio))


class Connecting(Face):
    def test_connect_gets_sid_environ_and_auth_if_it_wants_it(self):
        @self.sio.event
        def connect(sid, environ, auth):
            HEARD.append((sid, environ["QUERY_STRING"], auth))

        @self.sio.on("connect", namespace="/two")
        def two(sid, environ):
            HEARD.append(sid)
        one = self.test.connect("/", {"token": 1}, query="EIO=4")
        two = self.test.connect("/two")
        self.assertEqual(HEARD, [(one.id, "EIO=4", {"token": 1}), two.id])

    def test_false_and_exceptions_refuse(self):
        @self.sio.event
        def connect(sid, environ, auth):
            if auth == "own":
                raise socketio.ConnectionRefusedError("not you", {"code": 3})
            if auth == "more":
                raise socketio.exceptions.ConnectionRefusedError("not you", 1, 2)
            return auth == "in"
        refused = [self.test.connect("/", auth).refused for auth in ("in", "out", "own", "more")]
        self.assertEqual(refused, [None, ("Connection rejected by server", None),
                                   ("not you", {"code": 3}), ("not you", [1, 2])])

    def test_a_namespace_without_handlers_is_refused(self):
        self.assertEqual(self.test.connect("/x").refused, ("Unable to connect", None))
        self.sio.namespaces = ["/x"]
        self.assertEqual(self.test.connect("/x").refused, None)

    def test_disconnect_has_its_reason(self):
        @self.sio.event
        def disconnect(sid, reason):
            HEARD.append(reason)

        @self.sio.on("disconnect", namespace="/old")
        def old(sid):
            HEARD.append("old")
        for reason in ("client namespace disconnect", "ping timeout", "transport close"):
            self.test.connect().disconnect(reason)
        self.test.connect("/old").disconnect()
        self.assertEqual(HEARD, [self.sio.reason.CLIENT_DISCONNECT, "ping timeout",
                                 "transport close", "old"])


class Handlers(Face):
    def test_results_are_acks(self):
        for name, result in (("none", None), ("one", 1), ("two", (1, 2)), ("list", [1, 2])):
            self.sio.on(name, lambda sid, result=result: result)
        one = self.test.connect()
        self.assertEqual([one.ask(name) for name in ("none", "one", "two", "list")],
                         [[], [1], [1, 2], [[1, 2]]])

    def test_bytes_come_and_go(self):
        @self.sio.event
        def echo(sid, data):
            return data
        self.assertEqual(self.test.connect().ask("echo", {"b": siogate.Binary(b"\x00")}),
                         [{"b": b"\x00"}])

    def test_precedence_is_exact_then_any_functions_then_classes(self):
        class Any(socketio.Namespace):
            def on_b(self, *args):
                return ("class",) + args

        @self.sio.on("a")
        def exact(sid):
            return "exact"

        @self.sio.on("*")
        def any_event(event, sid, *args):
            return "any event " + event

        @self.sio.on("a", namespace="*")
        def any_namespace(namespace, sid):
            return "any namespace " + namespace

        @self.sio.on("*", namespace="*")
        def anything(event, namespace, sid):
            return "anything %s %s" % (event, namespace)
        self.sio.register_namespace(Any("/c"))
        root, other = self.test.connect(), self.test.connect("/o")
        self.assertEqual([root.ask("a"), root.ask("b"), other.ask("a"), other.ask("b")],
                         [["exact"], ["any event b"], ["any namespace /o"], ["anything b /o"]])
        del self.sio.table.functions["*"]
        c = self.test.connect("/c")
        self.assertEqual(c.ask("b", 1), ["class", c.id, 1])
        self.assertEqual(c.ask("unknown"), None)

    def test_class_namespaces_speak_in_their_own(self):
        class Chat(socketio.Namespace):
            def on_connect(self, sid, environ):
                self.enter_room(sid, "lobby")

            def on_say(self, sid, text):
                with self.session(sid) as session:
                    session["said"] = session.get("said", 0) + 1
                self.emit("said", (text, session["said"]), room="lobby", skip_sid=sid)
                self.emit("well?", to=sid, callback=self.answered)
                return self.rooms(sid)

            def answered(self, *args):
                HEARD.append(args)
        self.sio.register_namespace(Chat("/chat"))
        anna = self.test.connect("/chat", recv=lambda event, args: ["fine"])
        ben = self.test.connect("/chat")
        self.assertEqual(anna.ask("say", "hi"), [[anna.id, "lobby"]])
        anna.emit("say", "ho")
        self.assertEqual(ben.received, [("said", ["hi", 1]), ("said", ["ho", 2])])
        self.assertEqual(HEARD, [("fine",), ("fine",)])


class Speaking(Face):
    def setUp(self):
        Face.setUp(self)
        self.sio.on("do", self.do)
        self.sio.on("do", self.do, namespace="/other")
        self.clients = [self.test.connect() for _ in range(3)]
        self.one, self.two, self.three = self.clients

    def do(self, sid, verb, args, options):
        return getattr(self.sio, verb)(*args, **options)

    def heard(self):
        return [one.take() for one in self.clients]

    def test_everybody_a_room_several_rooms_a_sid(self):
        self.one.emit("do", "enter_room", [self.one.id, "a"], {})
        self.one.emit("do", "enter_room", [self.two.id, "b"], {})
        self.one.emit("do", "emit", ["x"], {})
        self.assertEqual([len(one) for one in self.heard()], [1, 1, 1])
        self.one.emit("do", "emit", ["x", {"d": 1}], {"to": "a"})
        self.one.emit("do", "emit", ["x"], {"room": ["a", "b"], "skip_sid": [self.one.id]})
        self.one.emit("do", "send", ["m"], {"to": self.three.id})
        self.assertEqual(self.heard(), [[("x", [{"d": 1}])], [("x", [])], [("message", ["m"])]])

    def test_another_namespace(self):
        other = self.test.connect("/other")
        self.one.emit("do", "emit", ["x"], {"namespace": "/other"})
        self.one.emit("do", "enter_room", [other.id, "r"], {"namespace": "/other"})
        self.assertEqual((other.received, other.rooms), ([("x", [])], ["r"]))

    def test_rooms_are_left_and_closed(self):
        for one in self.clients:
            self.one.emit("do", "enter_room", [one.id, "r"], {})
        self.one.emit("do", "leave_room", [self.one.id, "r"], {})
        self.one.emit("do", "leave_room", [self.two.id, "r"], {})
        self.assertEqual([one.rooms for one in self.clients], [[], [], ["r"]])
        self.one.emit("do", "close_room", ["r"], {})
        self.assertEqual(self.three.rooms, [])

    def test_a_socket_is_sent_away(self):
        self.one.emit("do", "disconnect", [self.two.id], {})
        self.one.emit("do", "disconnect", [self.one.id], {})
        self.assertEqual([one.connected for one in self.clients], [False, False, True])

    def test_outside_of_a_handler_it_is_the_api(self):
        self.sio.emit("x", (1, 2), to=self.two.id)
        self.sio.enter_room(self.three.id, "r")
        self.sio.emit("y", room="r")
        self.assertEqual(self.heard(), [[], [("x", [1, 2])], [("y", [])]])
        self.assertEqual([sid for sid, _ in self.sio.manager.get_participants("/", "r")],
                         [self.three.id])
        self.assertEqual(self.sio.rooms(self.three.id), ["r", self.three.id])
        self.sio.close_room("r")
        self.sio.disconnect(self.three.id)
        self.assertEqual(self.three.connected, False)

    def test_call_waits_for_the_answer(self):
        self.two.recv = lambda event, args: {"q": ["a"], "p": ["a", "b"], "n": []}[event]
        self.assertEqual([self.sio.call(event, to=self.two.id) for event in "qpn"],
                         ["a", ("a", "b"), None])
        self.assertEqual(self.one.ask("do", "call", ["q"], {"sid": self.two.id}), ["a"])
        self.raised(socketio.TimeoutError, self.sio.call, "q", to=self.one.id)
        self.raised(ValueError, self.sio.call, "q")

    def test_callbacks_of_modules_are_found_again(self):
        self.two.recv = lambda event, args: ["yes", 2]

        @self.sio.event
        def ask(sid, other):
            self.sio.emit("well?", to=other, callback=heard)
        self.one.emit("ask", self.two.id)
        self.assertEqual(HEARD, [("yes", 2)])

    def test_a_closure_as_callback_is_refused_with_the_rewrite(self):
        self.starts_quietly()

        @self.sio.event
        def ask(sid):
            self.sio.emit("well?", to=sid, callback=lambda *args: None)
        self.one.emit("ask")
        self.assertIn("NotNamed", self.test.logged[0])

    def test_an_emitter_of_another_process_needs_no_queue(self):
        out = socketio.RedisManager("redis://ignored", write_only=True)
        out.emit("x", {"a": 1}, room=self.one.id)
        self.assertEqual(self.one.received, [("x", [{"a": 1}])])

    def test_background_tasks_speak_through_the_api(self):
        @self.sio.event
        def go(sid):
            HEARD.append(self.sio.start_background_task(self.sio.emit, "late", to=sid))
        self.one.emit("go")
        HEARD[0].join()
        self.assertEqual(self.one.received, [("late", [])])

    def test_sessions_last_when_they_are_saved(self):
        @self.sio.event
        def look(sid):
            session = self.sio.get_session(sid)
            session["unsaved"] = True
            return session.get("name")

        @self.sio.event
        def name(sid, text):
            self.sio.save_session(sid, {"name": text})
        self.assertEqual(self.one.ask("look"), [])
        self.one.emit("name", "anna")
        self.assertEqual(self.one.ask("look"), ["anna"])
        self.assertEqual(self.sio.get_session(self.one.id), {"name": "anna"})
        self.raised(KeyError, self.sio.get_session, "nobody")
        self.raised(siogate.NoCall, self.sio.save_session, self.one.id, {})

    def test_transport_and_environ_are_known(self):
        @self.sio.event
        def look(sid):
            return self.sio.transport(sid), self.sio.get_environ(sid)["REMOTE_ADDR"]
        self.assertEqual(self.one.ask("look"), ["polling", "192.0.2.7"])


class Wsgi(Face):
    def get(self, application, path):
        said = []
        body = b"".join(application({"PATH_INFO": path, "REQUEST_METHOD": "GET"},
                                    lambda status, headers: said.append((status, headers))))
        return said[0][0][:3], body, dict(said[0][1]).get("Content-Type")

    def test_the_site_gets_what_is_no_call(self):
        def site(environ, start_response):
            start_response("200 OK", [])
            return [b"site"]
        app = socketio.Middleware(self.sio, site)
        self.assertEqual(self.get(app, "/x")[:2], ("200", b"site"))
        self.assertEqual(self.get(app, "/socket.io/")[0], "404")
        self.assertEqual(self.get(socketio.WSGIApp(self.sio), "/x")[0], "404")

    def test_static_files_are_served_and_nothing_above_them(self):
        folder = os.path.dirname(os.path.abspath(__file__))
        app = socketio.WSGIApp(self.sio, static_files={
            "/s/": folder, "/one.txt": {"filename": os.path.join(folder, "tap.py"),
                                        "content_type": "text/x-y"}})
        status, body, _ = self.get(app, "/s/support.py")
        self.assertEqual((status, b"support.py" in body), ("200", True))
        self.assertEqual(self.get(app, "/one.txt")[2], "text/x-y")
        for path in ("/s/../siogate/__init__.py", "/s/none", "/s//etc/passwd", "/s"):
            self.assertEqual(self.get(app, path)[0], "404")
