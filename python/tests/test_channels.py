# -*- coding: utf-8 -*-
"""
test_channels.py - the rules of django-socketio and webpy-socketio

SPDX-License-Identifier: ISC
"""
from support import NOW, SECRET, Case
import siogate
from siogate.channels import events, messages, outside
from siogate.channels.events import (EventError, on_connect, on_disconnect, on_error, on_finish,
                                     on_message, on_subscribe, on_unsubscribe)
from siogate.channels.proxy import Socket
from siogate.channels.script import socketio_scripts
from siogate.channels.serve import Serve

ALL = (on_connect, on_message, on_subscribe, on_unsubscribe, on_error, on_disconnect, on_finish)


class Channels(Case):
    keep_on_error = False

    def setUp(self):
        Case.setUp(self)
        self.kept = [(one, list(one.handlers)) for one in ALL]
        for one in ALL:
            del one.handlers[:]
        self.logged = []
        gate = siogate.Gateway(SECRET, clock=lambda: NOW, handle=self.handle)
        self.test = self.gateway(gate)
        self.got = []

    def tearDown(self):
        for one, handlers in self.kept:
            one.handlers[:] = handlers
        Socket.repeat_for_each_channel = False
        Case.tearDown(self)

    def handle(self, turn):
        if "serve" not in turn.call.kept:
            turn.call.kept["serve"] = Serve(turn.call, {"request": 1},
                                            lambda *line: self.logged.append(line),
                                            self.keep_on_error)
        turn.call.kept["serve"].handle(turn)

    def note(self, event, name, **options):
        """Registers a handler that notes name and last argument."""
        def handler(request, socket, context, *args):
            self.got.append((name,) + args)
        return event(**options)(handler) if options else event(handler)


class Rules(Channels):
    def test_without_a_pattern_only_for_sockets_without_channels(self):
        self.note(on_message, "bare")
        self.note(on_message, "room", channel="^room-")
        one = self.test.connect()
        one.emit("message", "a")
        one.emit("subscribe", "room-1")
        one.emit("message", "b")
        self.assertEqual(self.got, [("bare", "a"), ("room", "b")])

    def test_patterns_match_from_the_beginning_only(self):
        self.note(on_message, "x", channel="room")
        one = self.test.connect()
        one.emit("subscribe", "my room")
        one.emit("message", "no")
        one.emit("subscribe", "rooms")
        one.emit("message", "yes")
        self.assertEqual(self.got, [("x", "yes")])

    def test_two_matching_channels_run_a_handler_once_and_all_run_in_order(self):
        self.note(on_message, "first", channel="a")
        self.note(on_message, "second", channel="ab")
        one = self.test.connect()
        one.emit("subscribe", "a1")
        one.emit("subscribe", "ab2")
        one.emit("message", 1)
        self.assertEqual(self.got, [("first", 1), ("second", 1)])

    def test_subscriptions_are_matched_by_the_channel_they_are_about(self):
        self.note(on_subscribe, "sub", channel="^b")
        self.note(on_unsubscribe, "unsub", channel="^b")
        one = self.test.connect()
        for event, channel in (("subscribe", "a"), ("subscribe", "b"), ("unsubscribe", "a"),
                               ("unsubscribe", "b")):
            one.emit(event, channel)
        self.assertEqual(self.got, [("sub", "b"), ("unsub", "b")])

    def test_connect_cannot_have_a_channel(self):
        error = self.raised(EventError, self.note, on_connect, "arrive", channel="x")
        self.assertIn("on_connect", str(error))
        self.assertIn("handler", str(error))

    def test_the_decorated_function_stays_what_it_was(self):
        @on_message(channel="x")
        def one(*_args):
            return 1

        @on_message
        def two(*_args):
            return 2
        self.assertEqual((one(), two()), (1, 2))


class Life(Channels):
    def everything(self):
        for one in ALL:
            self.note(one, one.name)
            if one is not on_connect:
                self.note(one, one.name + "!", channel="^room")

    def test_the_end_has_its_order_and_channels_still_match(self):
        self.everything()
        one = self.test.connect()
        one.emit("subscribe", "room-1")
        del self.got[:]
        one.disconnect("transport close")
        self.assertEqual(self.got, [("on_disconnect!",), ("on_unsubscribe!", "room-1"),
                                    ("on_finish!",)])

    def test_an_end_of_our_own_is_no_disconnect(self):
        self.everything()
        one = self.test.connect()
        del self.got[:]
        one.disconnect("server namespace disconnect")
        self.assertEqual(self.got, [("on_finish",)])

    def test_an_error_is_told_and_ends_the_connection(self):
        self.starts_quietly()

        @on_message
        def bad(request, socket, context, message):
            socket.send("before")
            raise ValueError(message)

        @on_error
        def error(request, socket, context, exception):
            self.got.append(str(exception))
        self.note(on_finish, "finish")
        self.note(on_disconnect, "disconnect")
        one = self.test.connect()
        one.emit("message", "it")
        self.assertEqual((one.received, one.connected), ([("message", ["before"])], False))
        self.assertEqual(self.got, ["it", ("finish",)])

    def test_the_connection_may_be_kept(self):
        self.starts_quietly()
        self.keep_on_error = True

        @on_message
        def bad(request, socket, context, message):
            raise ValueError(message)
        one = self.test.connect()
        one.emit("message", "it")
        self.assertTrue(one.connected)

    def test_finish_comes_even_if_a_handler_fails_at_the_end(self):
        self.starts_quietly()

        @on_disconnect
        def bad(request, socket, context):
            raise ValueError()
        self.note(on_finish, "finish")
        self.test.connect().disconnect()
        self.assertEqual(self.got, [("finish",)])

    def test_context_lasts_and_holds_what_can_wait(self):
        lines = self.starts_quietly()

        @on_connect
        def arrive(request, socket, context):
            context["who"] = ("anna", 1)
            context["lock"] = object()

        @on_message
        def message(request, socket, context, text):
            self.got.append((context.get("who"), "lock" in context))
        self.test.connect().emit("message", "x")
        self.assertEqual(self.got, [(("anna", 1), False)])
        self.assertIn("context['lock']", lines[0])


class Speaking(Channels):
    def setUp(self):
        Channels.setUp(self)
        on_message(self.obey)
        on_message(channel="")(self.obey)
        self.one, self.two, self.three = [self.test.connect() for _ in range(3)]

    def obey(self, request, socket, context, verb):
        result = getattr(socket, verb[0])(*verb[1:])
        if result is not None:
            self.got.append(result)

    def heard(self):
        return [[args[0] for _, args in one.take()] for one in (self.one, self.two, self.three)]

    def test_send_and_broadcast(self):
        self.one.emit("message", ["send", {"a": 1}])
        self.assertEqual(self.heard(), [[{"a": 1}], [], []])
        self.one.emit("message", ["broadcast", [1]])
        self.assertEqual(self.heard(), [[], [[1]], [[1]]])
        self.one.emit("message", ["send_and_broadcast", "x"])
        self.assertEqual(self.heard(), [["x"], ["x"], ["x"]])

    def test_channels_hear_their_own(self):
        for one in (self.one, self.two):
            one.emit("subscribe", "a")
        self.one.emit("message", ["broadcast_channel", "x", "a"])
        self.assertEqual(self.heard(), [[], ["x"], []])
        self.one.emit("message", ["send_and_broadcast_channel", "y", "a"])
        self.assertEqual(self.heard(), [["y"], ["y"], []])
        self.three.emit("message", ["broadcast_channel", "z"])
        self.assertEqual(self.heard(), [[], [], []])

    def test_a_peer_in_two_channels_hears_once_or_as_it_did_twice(self):
        for one in (self.one, self.two):
            one.emit("subscribe", "a")
            one.emit("subscribe", "b")
        self.one.emit("message", ["broadcast_channel", "x"])
        self.assertEqual(self.heard(), [[], ["x"], []])
        Socket.repeat_for_each_channel = True
        self.one.emit("message", ["broadcast_channel", "x"])
        self.assertEqual(self.heard(), [[], ["x", "x"], []])

    def test_subscribing_says_whether_it_was_new(self):
        def handler(request, socket, context, message):
            self.got += [socket.subscribe("a"), socket.subscribe("a"),
                         socket.unsubscribe("a"), socket.unsubscribe("a")]
        on_message.handlers[:] = []
        on_message(handler)
        self.one.emit("message", "go")
        self.assertEqual(self.got, [True, False, True, False])

    def test_the_list_of_channels_writes_through(self):
        def handler(request, socket, context, message):
            socket.channels.append("direct")
            self.got.append((list(socket.channels), socket.session.session_id))
        on_message.handlers[:] = []
        on_message(handler)
        self.one.emit("message", "go")
        self.assertEqual(self.got, [(["direct"], self.one.id)])
        self.assertEqual(self.one.rooms, ["direct"])

    def test_from_outside_and_to_nobody(self):
        self.two.emit("subscribe", "a")
        outside.send(self.one.id, "one")
        outside.broadcast("all")
        outside.broadcast_channel("a only", "a")
        self.assertEqual(self.heard(), [["one", "all"], ["all", "a only"], ["all"]])
        for text, function, args in (
                ("session ID: zzz", outside.send, ("zzz", "x")),
                ("on the channel: q", outside.broadcast_channel, ("x", "q"))):
            self.assertIn(text, str(self.raised(outside.NoSocket, function, *args)))
        for one in (self.one, self.two, self.three):
            one.disconnect()
        self.assertIn("no clients", str(self.raised(outside.NoSocket, outside.broadcast, "x")))

    def test_the_tables_are_read_from_the_store(self):
        self.one.emit("subscribe", "a")
        self.assertEqual(outside.CHANNELS["a"], [self.one.id])
        self.assertEqual(list(outside.CHANNELS), ["a"])
        self.assertEqual(len(outside.CLIENTS), 3)
        outside.CLIENTS[self.two.id][1].send("hi")
        self.assertEqual(self.heard(), [[], ["hi"], []])
        self.raised(KeyError, outside.CLIENTS.__getitem__, "zzz")
        self.assertTrue(self.one.id in outside.CLIENTS and self.one.id in list(outside.CLIENTS))


class Messages(Channels):
    def test_every_generation_can_subscribe(self):
        self.note(on_message, "m", channel="")
        self.note(on_message, "m")
        for name, args in (("subscribe", ["c"]), ("message", [["__subscribe__", "c"]]),
                           ("__subscribe__", ["c"]), ("message", [{"__subscribe__": "c"}])):
            one = self.test.connect()
            one.emit(name, *args)
            self.assertEqual(one.rooms, ["c"])
        one = self.test.connect()
        one.emit("message", "__subscribe__")
        one.emit("message", "c")
        one.emit("message", "__unsubscribe__")
        one.emit("message", "c")
        self.assertEqual((one.rooms, self.got), ([], []))

    def test_arrays_come_as_arrays(self):
        self.note(on_message, "m")
        one = self.test.connect()
        one.emit("message", "__array__")
        one.emit("message", [1, 2])
        one.emit("message", {"__array__": [3]})
        one.emit("message", {"j": 1})
        self.assertEqual(self.got, [("m", [1, 2]), ("m", [3]), ("m", {"j": 1})])

    def test_channels_without_a_name_are_no_channels(self):
        one = self.test.connect()
        for value in ("", None, 5, {"a": 1}):
            one.emit("subscribe", value)
            one.emit("message", ["__subscribe__", value])
        self.assertEqual(one.rooms, [])

    def test_each_message_is_logged(self):
        one = self.test.connect()
        one.emit("subscribe", "a")
        one.emit("message", "hi")
        one.emit("unsubscribe", "a")
        self.assertEqual(self.logged, [("subscribe", "a"), ("message", "hi"),
                                       ("unsubscribe", "a")])

    def test_a_line_of_the_log_is_one_message(self):
        line = messages.format_log(messages.LOG_FORMAT, {"REMOTE_ADDR": "192.0.2.1"}, "message",
                                   u"a\r\nFORGED - - \x1b[2J\u2028\x00")
        self.assertEqual(len(line.splitlines()), 1)
        self.assertTrue(line.startswith("192.0.2.1 - - ["))
        self.assertIn('"Socket.IO message: a\\r\\nFORGED', line)
        self.assertEqual(messages.format_log("%(NO_SUCH)s %(MESSAGE)s", {}, "message", {"a": 1}),
                         '- {"a": 1}')

    def test_scripts_cannot_be_broken_out_of(self):
        text = socketio_scripts('/x"><script>')
        self.assertIn('src="/x&quot;>&lt;script>"', text)
        self.assertIn("subscribe", text)
        self.assertEqual(text.count("</script>"), 2)


class Registry(Case):
    def test_there_are_seven_events(self):
        names = sorted(one.name for one in vars(events).values()
                       if isinstance(one, events.Event))
        self.assertEqual(names, sorted(one.name for one in ALL))
