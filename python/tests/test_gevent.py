# -*- coding: utf-8 -*-
"""
test_gevent.py - the face of gevent-socketio

SPDX-License-Identifier: ISC
"""
import functools
import json
import logging
import re

from support import Case
import siogate
from siogate.errors import NotNamed
from siogate.gevent_socketio import gevent, monkey, others, socketio_manage
from siogate.gevent_socketio.mixins import BroadcastMixin, LonelyRoomMixin, RoomsMixin
from siogate.gevent_socketio.namespace import BaseNamespace
from siogate.gevent_socketio.server import SocketIOServer


def site(namespaces, **options):
    """A view in the manner of the original: it returns nothing of use."""
    def application(environ, start_response):
        socketio_manage(environ, namespaces, request={"user": "x"}, **options)
        start_response("200 OK", [])
        return []
    return siogate.wrap(application)


def module_callback(*args):
    HEARD.append(args)


HEARD = []


class Chat(BaseNamespace, RoomsMixin, BroadcastMixin):
    nicknames = []
    seen = {}
    online = set()

    def initialize(self):
        self.logger = logging.getLogger("chat")
        self.count = 0

    def on_join(self, room):
        self.room = room
        self.join(room)
        return True

    def on_nickname(self, nickname):
        self.nicknames.append(nickname)
        self.online.add(nickname)
        self.seen.setdefault(nickname, []).append("here")
        self.session["nickname"] = nickname
        self.broadcast_event("nicknames", self.nicknames)
        return True, nickname

    def on_user_message(self, text):
        self.count += 1
        self.logger.info("said")
        self.emit_to_room(self.room, "msg_to_room", self.session["nickname"], text, self.count)

    def on_others(self):
        self.broadcast_event_not_me("others")

    def recv_disconnect(self):
        self.nicknames.remove(self.session["nickname"])
        self.online.discard(self.session["nickname"])
        self.broadcast_event("nicknames", self.nicknames)
        self.disconnect(silent=True)


class TheChat(Case):
    def setUp(self):
        Case.setUp(self)
        self.test = self.gateway(site({"/chat": Chat}))
        self.anna, self.ben = self.test.connect("/chat"), self.test.connect("/chat")

    def test_attributes_and_session_last_as_long_as_the_socket(self):
        for one, name in ((self.anna, "anna"), (self.ben, "ben")):
            self.assertEqual(one.ask("join", "lobby"), [True])
            self.assertEqual(one.ask("nickname", name), [True, name])
        self.anna.take(), self.ben.take()
        self.anna.emit("user message", "hi")
        self.anna.emit("user message", "ho")
        self.assertEqual(self.ben.received, [("msg_to_room", ["anna", "hi", 1]),
                                             ("msg_to_room", ["anna", "ho", 2])])
        self.assertEqual(self.anna.received, [])

    def test_class_attributes_are_shared_in_the_store(self):
        self.anna.emit("nickname", "anna")
        self.ben.emit("nickname", "ben")
        self.assertEqual(self.anna.received[-1], ("nicknames", [["anna", "ben"]]))
        self.assertEqual(self.test.values["/chat", "nicknames"], ["anna", "ben"])
        self.assertEqual(self.test.values["/chat", "seen"], {"anna": ["here"], "ben": ["here"]})
        self.assertEqual(self.test.values["/chat", "online"], {'"anna"': True, '"ben"': True})
        self.anna.disconnect()
        self.assertEqual(self.ben.received[-1], ("nicknames", [["ben"]]))
        self.assertEqual(self.test.values["/chat", "online"], {'"ben"': True})

    def test_two_calls_at_once_lose_no_member(self):
        stale = dict(self.test.values)
        self.anna.emit("nickname", "anna")
        here, self.test.values = self.test.values, stale
        body = self.test.body(self.ben, "/chat", [dict(self.ben.event("nickname", ["ben"], False),
                                                       n=900, at=0, attempt=1)])
        self.test.values = here
        _, answer = self.test.send(body, self.ben)
        self.test.apply(self.ben, "/chat", body["events"], answer)
        self.assertEqual(self.test.values["/chat", "nicknames"], ["anna", "ben"])

    def test_without_stored_values_the_section_is_told_what_it_lacks(self):
        lines = self.starts_quietly()
        self.test.values_sent = False
        self.anna.emit("nickname", "anna")
        self.assertIn("failed", lines[0])

    def test_a_broadcast_can_leave_out_the_sender(self):
        self.anna.emit("others")
        self.assertEqual((self.anna.names(), self.ben.names()), ([], ["others"]))

    def test_a_class_attribute_outside_of_a_handler_is_what_the_class_began_with(self):
        lines = self.starts_quietly()
        self.assertEqual(Chat.nicknames, [])
        self.assertIn("outside of a handler", lines[0])


class Hooks(BaseNamespace):
    def initialize(self):
        self.emit("initialize", type(self).__name__)

    def rehydrate(self):
        self.again = True

    def recv_connect(self):
        if self.environ.get("QUERY_STRING") == "no":
            raise siogate.RefuseConnect("not you")
        self.emit("connect hook", self.ns_name, self.request["user"])

    def recv_message(self, data):
        return "message " + data

    def recv_json(self, data):
        return data["x"], 2

    def on_packet(self, packet):
        return packet["name"], packet["args"], packet["endpoint"]

    def on_nothing(self):
        return None

    def on_under_score(self):
        return self.again

    def on_fails(self):
        self.emit("before")
        raise ValueError("no")

    def on_silent(self):
        self.disconnect(silent=True)

    def on_error_quiet(self):
        self.error("mine", "text", quiet=True)
        self.error("mine", "aloud")

    def on_bad_emit(self):
        self.emit("x", loud=True)

    def on_noself():
        pass

    def helper(self):
        return "never"


class Derived(Hooks):
    def initialize(self):
        self.emit("derived")


class TheHooks(Case):
    def setUp(self):
        Case.setUp(self)
        self.test = self.gateway(site({"": Hooks, "/a": Derived}))
        self.lines = self.starts_quietly()

    def test_initialize_of_every_class_runs_once_most_derived_first(self):
        one = self.test.connect("/a")
        one.emit("nothing")
        self.assertEqual(one.names(), ["derived", "initialize", "connect hook"])

    def test_recv_connect_is_not_for_the_global_namespace(self):
        self.assertEqual(self.test.connect("/").names(), ["initialize"])

    def test_recv_connect_may_refuse(self):
        self.assertEqual(self.test.connect("/a", query="no").refused, ("not you", None))

    def test_a_namespace_that_is_not_listed_is_refused(self):
        self.assertEqual(self.test.connect("/b").refused, ("Invalid namespace", None))

    def test_messages_and_json_have_their_hooks_and_answers(self):
        one = self.test.connect("/a")
        self.assertEqual(one.ask("message", "hi"), ["message hi"])
        self.assertEqual(one.ask("message", {"x": 1}), [1, 2])

    def test_an_argument_called_packet_is_the_packet(self):
        self.assertEqual(self.test.connect("/a").ask("packet", 1, 2), ["packet", [1, 2], "/a"])

    def test_no_result_is_one_null(self):
        self.assertEqual(self.test.connect("/a").ask("nothing"), [None])

    def test_blanks_become_underscores_and_rehydrate_ran(self):
        self.assertEqual(self.test.connect("/a").ask("under score"), [True])

    def test_only_hooks_can_be_reached(self):
        one = self.test.connect("/")
        one.take()
        for name, code in (("helper", "no_such_method"), ("1x", "unallowed_event_name"),
                           ("a-b", "unallowed_event_name"), ("noself", "invalid_method_args")):
            self.assertEqual(one.ask(name), None)
            event, args = one.received[-1]
            self.assertEqual((event, args[0]), ("error", code))
        self.assertIn('"on_helper"', one.received[0][1][1])

    def test_what_was_said_before_a_failure_is_said(self):
        one = self.test.connect("/")
        one.emit("fails")
        self.assertEqual(one.names()[-1], "before")
        self.assertTrue(any("failed" in line for line in self.lines))

    def test_disconnect_ends_the_namespace(self):
        one = self.test.connect("/a")
        one.emit("silent")
        self.assertEqual(one.connected, False)

    def test_a_quiet_error_is_logged_only(self):
        one = self.test.connect("/")
        one.take()
        one.emit("error quiet")
        self.assertEqual(one.received, [("error", ["mine", "aloud"])])

    def test_emit_takes_no_names(self):
        one = self.test.connect("/")
        one.emit("bad emit")
        self.assertTrue(any("failed" in line for line in self.lines))

    def test_an_error_handler_of_ones_own_is_asked(self):
        got = []
        self.test.application = site({"": Hooks}, error_handler=lambda *args: got.append(args))
        self.test.connect("/").emit("helper")
        self.assertEqual([got[0][1], got[0][3], got[0][5]], ["no_such_method", "", False])

    def test_a_class_may_decorate_its_methods(self):
        class Decorated(BaseNamespace):
            def exception_handler_decorator(self, function):
                def safe(*args):
                    try:
                        return function(*args)
                    except ValueError as error:
                        return "caught %s" % error
                return safe

            def on_x(self):
                raise ValueError("it")
        self.test.application = site({"": Decorated})
        self.assertEqual(self.test.connect("/").ask("x"), ["caught it"])

    def test_json_codecs_of_ones_own_are_used(self):
        import json
        self.test.application = site(
            {"": Hooks}, json_loads=lambda text: json.loads(text.replace("1", "2")),
            json_dumps=lambda value: json.dumps(value).replace("2", "3"))
        self.assertEqual(self.test.connect("/").ask("packet", 1), ["packet", [2], ""])


class Guarded(BaseNamespace):
    def get_initial_acl(self):
        return ["recv_connect", "on_login", "recv_disconnect"]

    def on_login(self):
        self.add_acl_method("on_secret")

    def on_secret(self):
        self.del_acl_method("on_login")
        return "told"

    def on_open(self):
        return "open"

    def on_lift(self):
        self.lift_acl_restrictions()
        return self.is_method_allowed("on_open")


class Rights(Case):
    def test_a_method_opens_for_one_socket_and_stays_open(self):
        self.starts_quietly()
        test = self.gateway(site({"": Guarded}))
        one, other = test.connect(), test.connect()
        self.assertEqual(one.ask("secret"), None)
        self.assertEqual(one.received[-1][1][0], "method_access_denied")
        self.assertEqual(one.ask("login"), [None])
        self.assertEqual(one.ask("secret"), ["told"])
        self.assertEqual(one.ask("login"), None)
        self.assertEqual(other.ask("secret"), None)
        self.assertEqual(one.ask("missing"), None)
        self.assertEqual(one.received[-1][1][0], "method_access_denied")

    def test_rights_can_be_lifted_and_need_a_beginning(self):
        namespace = Guarded({"socketio": SocketLike()}, "")
        namespace.lift_acl_restrictions()
        self.assertTrue(namespace.is_method_allowed("on_open"))
        self.raised(ValueError, namespace.del_acl_method, "on_open")
        namespace.reset_acl()
        self.raised(KeyError, namespace.del_acl_method, "on_open")
        self.assertEqual(namespace.is_method_allowed("on_open"), False)


class SocketLike(object):
    session = {}


class Timed(BaseNamespace):
    def on_ask(self):
        self.emit("well?", 1, callback=self.answered)
        self.emit("well?", 2, callback=functools.partial(self.answered_with, "two"))
        self.emit("well?", 3, callback=module_callback)

    def answered(self, *args):
        self.got = list(args)

    def answered_with(self, what, *args):
        self.got.append([what] + list(args))

    def on_got(self):
        return self.got

    def on_lambda(self):
        self.emit("x", callback=lambda: None)

    def on_closure(self):
        def done():
            pass
        self.every(1, done)

    def on_times(self):
        self.after(5, self.tick, "once")
        self.every(2, self.tock)

    def on_stop(self):
        self.cancel(self.tock)

    def tick(self, what):
        self.emit("tick", what)

    def tock(self):
        self.count = getattr(self, "count", 0) + 1
        self.emit("tock", self.count)

    def on_spawn(self):
        self.spawn(self.tick, "a")
        self.spawn(self.tick, "b")

        def here():
            self.emit("here")
        self.spawn(here)

    def on_forever(self):
        def forever():
            while True:
                self.emit("x")
                gevent.sleep(1)
        self.spawn(forever)

    def on_loop_that_ends(self):
        def ends():
            while True:
                self.emit("ends")
                break
        self.spawn(ends)

    def on_sleep(self):
        gevent.sleep(3600)

    def on_unstorable(self):
        self.lock = object()
        self.fine = (1, 2)

    def on_lost(self):
        return self.fine, self.lock


class Time(Case):
    def setUp(self):
        Case.setUp(self)
        self.test = self.gateway(site({"": Timed}))
        self.one = self.test.connect("/", recv=lambda event, args: args + ["!"])
        self.lines = self.starts_quietly()

    def test_callbacks_are_found_by_name(self):
        del HEARD[:]
        self.one.emit("ask")
        self.assertEqual(self.one.ask("got"), [[1, "!", ["two", 2, "!"]]])
        self.assertEqual(HEARD, [(3, "!")])

    def rewrite(self, event):
        from siogate.gevent_socketio import manage
        seen = []

        def exception(*_args):
            import sys
            seen.append(str(sys.exc_info()[1]))
        before, manage.log.exception = manage.log.exception, exception
        try:
            self.one.emit(event)
        finally:
            manage.log.exception = before
        return seen[0]

    def test_a_lambda_is_refused_with_the_rewrite(self):
        self.assertIn("self.emit('event', callback=self.done)", self.rewrite("lambda"))
        self.assertIn("self.every(1, self.done)", self.rewrite("closure"))

    def test_a_loop_for_ever_is_refused_with_the_rewrite(self):
        text = self.rewrite("forever")
        self.assertIn("self.every(1, self.work)", text)
        self.assertIn("`forever`", text)

    def test_a_loop_that_ends_is_a_job(self):
        self.one.emit("loop that ends")
        self.assertEqual(self.one.names(), ["ends"])

    def test_a_long_sleep_is_refused(self):
        self.assertIn("self.after(seconds, self.step)", self.rewrite("sleep"))

    def test_appointments_come_and_can_be_cancelled(self):
        self.one.emit("times")
        self.test.advance(5)
        self.assertEqual(self.one.received, [("tock", [1]), ("tock", [2]), ("tick", ["once"])])
        self.one.emit("stop")
        self.test.advance(10)
        self.assertEqual(len(self.one.received), 3)

    def test_spawned_jobs_run_after_the_answer(self):
        self.one.emit("spawn")
        self.assertEqual(self.one.received, [("here", [])])
        self.test.advance(0)
        self.assertEqual(self.one.received[1:], [("tick", ["a"]), ("tick", ["b"])])

    def test_what_cannot_be_stored_is_reported_with_its_line(self):
        self.one.emit("unstorable")
        self.assertIn("Timed.lock, set at ", self.lines[0])
        self.assertTrue(re.search(r"test_gevent\S*:\d+", self.lines[0]), self.lines[0])
        self.assertIn("Timed.lock", self.test.logged[0])
        self.one.ask("lost")
        self.assertIn("failed", self.lines[-1])

    def test_monkey_may_stay(self):
        self.assertEqual(monkey.patch_all(), None)


class Two(BaseNamespace, LonelyRoomMixin):
    def on_over(self, text):
        self.socket["/other"].emit("came over", text)

    def on_open_there(self):
        self.socket["/other"].add_acl_method("on_x")

    def on_room(self, name):
        self.join(name)
        return sorted(self.session["rooms"])

    def on_all(self):
        self.socket.disconnect()


class Other(BaseNamespace):
    def get_initial_acl(self):
        return []

    def on_x(self):
        return "open"


class OtherNamespaces(Case):
    def setUp(self):
        Case.setUp(self)
        self.test = self.gateway(site({"/two": Two, "/other": Other}))
        self.lines = self.starts_quietly()
        self.two = self.test.connect("/two")

    def test_one_reaches_another_namespace_of_the_same_connection(self):
        other = self.test.connect("/other", session=self.two)
        stranger = self.test.connect("/other")
        self.two.emit("over", "hi")
        self.assertEqual((other.names(), stranger.names()), (["error", "came over"], ["error"]))

    def test_a_namespace_that_is_not_there_is_a_key_error(self):
        self.two.emit("over", "hi")
        self.assertIn("failed", self.lines[0])

    def test_rights_are_changed_over_there(self):
        other = self.test.connect("/other", session=self.two)
        self.assertEqual(other.ask("x"), None)
        self.two.emit("open there")
        self.assertEqual(other.ask("x"), ["open"])

    def test_a_lonely_room_is_left_for_the_next(self):
        self.assertEqual(self.two.ask("room", "a"), [["/two_a"]])
        self.assertEqual(self.two.ask("room", "b"), [["/two_b"]])


class Talker(BaseNamespace, RoomsMixin):
    def on_enter(self, name, room):
        self.name = name
        self.join(room)

    def on_each(self, text):
        sockets = self.socket.server.sockets
        for _, socket in sorted(sockets.items()):
            if socket != self.socket and "/t_a" in socket.session["rooms"]:
                socket.send_packet({"type": "event", "name": "each", "args": [text],
                                    "endpoint": self.ns_name})
        return len(sockets), self.socket.sessid in sockets

    def on_names(self):
        return sorted(socket["/t"].name for socket in self.socket.server.sockets.values())

    def on_keep(self, color):
        self.session["color"] = color

    def on_color(self, sessid):
        return self.socket.server.sockets[sessid].session["color"]

    def on_one(self, sessid):
        other = self.socket.server.get_socket(sessid)
        other["/t"].emit("alone", other["/t"].name)
        other.disconnect()


class ServerSockets(Case):
    def setUp(self):
        Case.setUp(self)
        self.test = self.gateway(site({"/t": Talker, "/other": Other}))
        self.all = [self.test.connect("/t") for _ in range(60)]
        for i, one in enumerate(self.all):
            one.emit("enter", "n%02d" % i, "a" if i else "b")

    def test_sockets_are_those_of_all_processes_and_ones_own(self):
        self.assertEqual(self.all[0].ask("each", "x"), [60, True])
        self.assertEqual([one.received for one in self.all[1:]], [[("each", ["x"])]] * 59)
        self.assertEqual(self.all[0].received, [])
        self.assertEqual(self.all[5].ask("names"), [["n%02d" % i for i in range(60)]])

    def test_the_same_for_many_is_few_effects(self):
        self.all[0].emit("each", "x")
        effects = json.loads(self.test.answers[-1].decode("utf-8"))["events"][0]["effects"]
        self.assertEqual([row["to"].count("id:") for row in effects if "emit" in row], [50, 9])

    def test_the_session_of_another_can_be_read_and_not_changed(self):
        self.all[3].emit("keep", "green")
        self.assertEqual(self.all[0].ask("color", self.all[3].session["id"]), ["green"])
        session = others.Server().get_socket(self.all[3].session["id"]).session
        self.assertIn("can be read, not changed", str(self.raised(
            siogate.SiogateError, session.setdefault, "color", "red")))
        self.raised(siogate.SiogateError, session.__ior__, {"color": "red"})

    def test_one_of_them_can_be_told_and_ended(self):
        self.all[0].emit("one", self.all[3].session["id"])
        self.assertEqual(self.all[3].received, [("alone", ["n03"])])
        self.assertFalse(self.all[3].connected)

    def test_outside_of_a_handler_they_are_reached_by_the_api(self):
        server = others.Server()
        for socket in server.sockets.values():
            socket.send_packet({"type": "event", "name": "told", "args": [], "endpoint": "/t"})
            socket.send_packet({"type": "event", "name": "not there", "endpoint": "/other"})
        self.assertEqual(self.all[7].received, [("told", [])])
        self.assertRaises(ValueError, server.get_socket(self.all[7].session["id"]).send_packet,
                          {"type": "noop", "endpoint": "/t"})
        self.assertIs(server.get_socket("nobody"), None)

    def test_an_attribute_that_is_not_kept_is_named(self):
        there = others.Server().get_socket(self.all[1].session["id"])["/t"]
        self.assertIn("keeps no 'nickname'", str(self.raised(
            AttributeError, getattr, there, "nickname")))


class Wrapped(Case):
    def test_an_application_that_does_not_handle_the_call_is_named(self):
        lines = self.starts_quietly()

        def application(environ, start_response):
            start_response("404 Not Found", [])
            return [b"?"]
        test = self.gateway(siogate.wrap(application))
        status, text = test.send({"siogate": 1, "key": "k", "nsp": "/", "speaker": "none",
                                  "events": []})
        self.assertEqual(status, 404)
        self.assertIn(b"/siogate/", text)
        self.assertEqual(len(lines), 1)

    def test_the_application_sees_the_visitor(self):
        seen = {}

        def application(environ, start_response):
            seen.update(environ)
            socketio_manage(environ, {"": Timed})
            start_response("200 OK", [])
            return []
        test = self.gateway(siogate.wrap(application))
        test.connect("/", cookies={"sessionid": "7"}, headers={"User-Agent": "old"})
        self.assertEqual([seen["REQUEST_METHOD"], seen["REMOTE_ADDR"], seen["HTTP_COOKIE"],
                          seen["HTTP_USER_AGENT"], seen["wsgi.input"].read()],
                         ["GET", "192.0.2.7", "sessionid=7", "old", b""])

    def test_a_forged_call_never_reaches_the_application(self):
        self.starts_quietly()
        test = self.gateway(siogate.wrap(lambda *_args: self.fail("it was asked")))
        test.secret = "wrong"
        self.assertEqual(test.send({"siogate": 1, "key": "k", "nsp": "/", "speaker": "none",
                                    "events": []})[0], 403)

    def test_a_server_refuses_unknown_transports(self):
        self.raised(ValueError, SocketIOServer, ("", 1), None, transports=["pigeon"])


class Names(Case):
    def test_keywords_of_a_partial_are_refused(self):
        from siogate.named import name_of
        self.raised(NotNamed, name_of, functools.partial(module_callback, a=1))
        self.assertEqual(name_of(functools.partial(module_callback, 1))[1], [1])
