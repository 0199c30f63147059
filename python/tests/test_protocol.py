# -*- coding: utf-8 -*-
"""
test_protocol.py - signatures, bodies, effects and answers

SPDX-License-Identifier: ISC
"""
import json

from support import NOW, SECRET, Case
import siogate
from siogate import frozen, shared, signature, values, who
from siogate._compat import PY2, to_bytes
from siogate.testing import ProtocolError, TestGateway
from siogate.testing_effects import merge


def environ_of(gateway, body):
    return gateway.request(body, to_bytes(json.dumps(body)), None)


def answer_of(application, environ):
    said = []
    parts = application(environ, lambda status, headers, _error=None: said.append(status))
    return said[0], b"".join(parts)


class Signatures(Case):
    BODY = {"siogate": 1, "key": "k-1", "nsp": "/", "speaker": "none", "events": []}

    def setUp(self):
        Case.setUp(self)
        self.lines = self.starts_quietly()
        self.test = TestGateway(None, secret=SECRET, now=NOW)

    def ask(self, change=None, now=NOW, secret=SECRET):
        environ = environ_of(self.test, self.BODY)
        environ.update(change or {})
        return answer_of(siogate.Gateway(secret, clock=lambda: now), environ)

    def test_is_hmac_sha256_of_head_and_body(self):
        # printf 'v1.k.1.none.{}' | openssl dgst -sha256 -hmac s
        self.assertEqual(signature.sign("s", "k", "1", "none", "{}"), "v1="
                         "79b4e69bf9d3dee37070f7475940f41b9481956d9ce9fda8c5c89e2600865d9f")

    def test_a_call_that_is_signed_is_answered(self):
        status, body = self.ask()
        self.assertEqual(status, "200 OK")
        self.assertEqual(json.loads(body.decode()), {"siogate": 1, "events": []})

    def test_a_wrong_secret_is_refused(self):
        status, body = self.ask(secret="another")
        self.assertTrue(status.startswith("403"))
        self.assertIn("compare the secret", body.decode())

    def test_a_changed_part_is_refused(self):
        for name, value in (("KEY", "k-2"), ("SPEAKER", "same-site"),
                            ("TIMESTAMP", str(int(NOW) - 1)), ("SIGNATURE", "v1=00"),
                            ("SIGNATURE", "v1=\xe9"), ("SIGNATURE", None), ("KEY", None)):
            status, _ = self.ask({"HTTP_SIOGATE_" + name: value})
            self.assertTrue(status.startswith("403"), (name, status))

    def test_a_clock_beyond_the_window_is_refused(self):
        self.assertEqual(self.ask(now=NOW + 300)[0], "200 OK")
        self.assertEqual(self.ask(now=NOW - 300)[0], "200 OK")
        for now in (NOW + 301, NOW - 301):
            status, body = self.ask(now=now)
            self.assertTrue(status.startswith("403"))
            self.assertIn("compare the clocks", body.decode())

    def test_one_of_several_secrets_suffices(self):
        self.assertEqual(self.ask(secret=["new", SECRET])[0], "200 OK")

    def test_without_a_secret_nobody_is_believed(self):
        status, body = self.ask(secret=[])
        self.assertTrue(status.startswith("503"))
        self.assertIn("SIOGATE_SECRET", body.decode())

    def test_a_body_that_is_no_call_is_refused(self):
        for text in (b"", b"{", b"[]", b"1", b'{"key":"k-1"}',
                     b'{"siogate":2,"key":"k-1","nsp":"/","events":[]}',
                     b'{"siogate":1,"key":"k-1","nsp":"/","events":[{"n":1,"type":"x"}]}',
                     b'{"siogate":1,"key":"k-1","nsp":"/","events":[{"n":1,"type":"event",'
                     b'"args":[{"_placeholder":true,"num":0}]}]}',
                     b'{"siogate":1,"key":"k-2","nsp":"/","events":[]}'):
            environ = self.test.request(self.BODY, text, None)
            status, _ = answer_of(siogate.Gateway(SECRET, clock=lambda: NOW), environ)
            self.assertTrue(status.startswith("400"), (text, status))

    def test_a_key_that_is_known_gets_the_answer_of_before(self):
        ran = []
        gate = siogate.Gateway(SECRET, clock=lambda: NOW, remember=siogate.RecentAnswers(2),
                               handle=lambda turn: ran.append(turn.effects.log("x")))
        body = dict(self.BODY, events=[{"n": 1, "type": "timer", "name": "t"}])
        first = answer_of(gate, environ_of(self.test, body))
        second = answer_of(gate, environ_of(self.test, body))
        self.assertEqual((len(ran), first), (1, second))
        for key in ("k-2", "k-3"):
            answer_of(gate, environ_of(self.test, dict(body, key=key)))
        answer_of(gate, environ_of(self.test, body))
        self.assertEqual(len(ran), 4)


class Bodies(Case):
    def test_bytes_travel_as_attachments_in_order(self):
        some = []
        packed = values.extract({"a": [siogate.Binary(b"\x00\xff"), "x"],
                                 "b": bytearray(b"2")}, some)
        self.assertEqual(len(some), 2)
        whole = values.restore(json.loads(json.dumps(packed)), some)
        self.assertEqual(whole, {"a": [b"\x00\xff", "x"], "b": b"2"})

    def test_a_placeholder_without_its_attachment_is_an_error(self):
        for number in (1, -1, None, "0", True, 1.5):
            self.raised(siogate.BadCall, values.restore,
                        [{"_placeholder": True, "num": number}], ["AA=="])

    def test_text_is_not_binary(self):
        some = []
        self.assertEqual(values.extract(["text", u"t\xe9xt"], some), ["text", u"t\xe9xt"])
        self.assertEqual(some, [])

    def test_what_cannot_be_sent_is_named(self):
        error = self.raised(TypeError, values.dumps, {"a": object()})
        self.assertIn("cannot be sent", str(error))


class Selectors(Case):
    def test_names_are_encoded_where_they_would_be_words(self):
        self.assertEqual(who.room("a b"), "room:a%20b")
        self.assertEqual(who.room("100%\n"), "room:100%25%0A")
        self.assertEqual(who.room(u"caf\xe9"), "room:caf%C3%A9")
        self.assertEqual(who.room(42), "room:42")

    def test_rooms_are_a_union_without_some(self):
        self.assertEqual(who.rooms(["a", "b"], "s1", "/n"), "room:a room:b -id:s1 nsp:/n")
        self.assertEqual(who.rooms(None, ["s1"]), "* -id:s1")
        self.raised(ValueError, who.rooms, [])


class Merging(Case):
    def check(self, before, after):
        stored = {"k": json.loads(json.dumps(before))}
        changes = shared.difference(before, after)
        for change in changes:
            merge(stored, "k", change)
        self.assertEqual(stored.get("k", {} if isinstance(after, dict) else []), after)
        return [list(change)[0] for change in changes]

    def test_the_difference_makes_the_value_of_after(self):
        self.assertEqual(self.check([], ["a"]), ["append"])
        self.assertEqual(self.check(["a", "b", "a"], ["b", "a", "c"]), ["remove", "append"])
        self.assertEqual(self.check(["a", "b"], ["b", "a"]), ["set"])
        self.assertEqual(self.check([1], [True]), ["remove", "append"])
        self.assertEqual(self.check({"a": 1, "b": 2}, {"b": 3, "c": 4}), ["drop", "put"])
        self.assertEqual(self.check({"a": 1}, {"a": 1}), [])
        self.assertEqual(self.check([{"x": [1]}], [{"x": [1, 2]}]), ["remove", "append"])

    def test_frozen_values_thaw_as_they_were(self):
        import datetime
        from decimal import Decimal
        for value in (None, True, 1, 1.5, "x", u"\xe9", [1, (2, 3)], {"a": set([1])},
                      {1: "int names"}, siogate.Binary(b"\x00"), Decimal("1.10"),
                      datetime.datetime(2026, 1, 2, 3, 4, 5, 6), datetime.date(2026, 1, 2),
                      frozenset([1]), {"$py": "taken"}):
            self.assertEqual(frozen.thaw(json.loads(json.dumps(frozen.freeze(value)))), value)

    def test_what_cannot_wait_is_said(self):
        for value in (object(), open, lambda: 1, [object()]):
            self.raised(siogate.Unstorable, frozen.freeze, value)

    def test_a_thawed_text_is_a_native_one(self):
        self.assertTrue(type(frozen.thaw(json.loads('"x"'))) is str or not PY2)


class Dispatch(Case):
    def setUp(self):
        Case.setUp(self)
        self.gate = siogate.Gateway(SECRET, clock=lambda: NOW)
        self.test = self.gateway(self.gate)

    def test_events_go_to_their_functions_and_the_result_is_the_ack(self):
        @self.gate.on("say", nsp="/chat")
        def say(me, room, text):
            me.emit("said", me.id, text, to="room:" + room)
            return len(text)

        @self.gate.on_connect("/chat")
        def arrive(me, auth):
            me.join(auth["room"])
        anna = self.test.connect("/chat", {"room": "lobby"})
        ben = self.test.connect("/chat", {"room": "lobby"})
        self.test.connect("/chat", {"room": "attic"})
        self.assertEqual(anna.ask("say", "lobby", u"h\xe9llo"), [5])
        self.assertEqual(ben.received, [("said", [anna.id, u"h\xe9llo"])])

    def test_a_namespace_nobody_knows_is_refused(self):
        self.assertEqual(self.test.connect("/nowhere").refused, ("Invalid namespace", None))

    def test_a_refusal_has_a_message_and_data(self):
        @self.gate.on_connect()
        def arrive(me, auth):
            me.emit("never", 1)
            if auth is None:
                raise siogate.RefuseConnect("who are you", {"code": 1})
            return auth != "bad"
        self.assertEqual(self.test.connect().refused, ("who are you", {"code": 1}))
        self.assertEqual(self.test.connect(auth="bad").refused, ("refused", None))
        self.assertEqual(self.test.connect(auth="good").refused, None)

    def test_a_handler_that_fails_leaves_no_effects(self):
        lines = self.starts_quietly()

        @self.gate.on("half")
        def half(me):
            me.join("a")
            me.data = {"half": True}
            raise KeyError("gone")

        @self.gate.on("whole")
        def whole(me):
            me.emit("rooms", me.rooms, me.data)
        anna = self.test.connect()
        anna.together(("half",), ("whole",))
        self.assertEqual(anna.received, [("rooms", [[], None])])
        self.assertIn("KeyError", self.test.logged[0])
        self.assertEqual(len(lines), 1)

    def test_the_second_event_of_a_call_sees_what_the_first_one_did(self):
        @self.gate.on("one")
        def one(me):
            me.join("a")
            me.data, me.session, me.user = [1], {"s": 1}, "anna"

        @self.gate.on("two")
        def two(me):
            me.ack(me.rooms, me.data, me.session, me.user)
            me.emit("state", me.rooms, me.data, me.session, me.user)
        anna = self.test.connect()
        anna.together(("one",), ("two",))
        self.assertEqual(anna.received, [("state", [["a"], [1], {"s": 1}, "anna"])])
        self.assertEqual((anna.data, anna.session["data"], anna.user), ([1], {"s": 1}, "anna"))

    def test_acks_and_timers_come_back_by_name(self):
        got = []

        @self.gate.on("start")
        def start(me):
            me.ask("well?", [1], "answered", context={"n": 7})
            me.after(5, "later", {"x": 1})

        @self.gate.on_ack("answered")
        def answered(me, answers, context):
            got.append((answers, context, me.event.expected))

        @self.gate.on_timer("later")
        def later(me, context):
            got.append(context)
            me.emit("late")
        anna = self.test.connect(recv=lambda event, args: ["fine", siogate.Binary(b"\x01")])
        anna.emit("start")
        self.assertEqual(got, [([["fine", b"\x01"]], {"n": 7}, 1)])
        self.test.advance(4)
        self.assertEqual(anna.names(), ["well?"])
        self.test.advance(1)
        self.assertEqual(anna.names(), ["well?", "late"])
        self.assertEqual(got[1:], [{"x": 1}])

    def test_a_catch_all_takes_what_has_no_function(self):
        @self.gate.on("*")
        def other(me, name, *args):
            return [name] + list(args)
        self.assertEqual(self.test.connect().ask("anything", 1), [["anything", 1]])

    def test_jobs_run_when_the_answer_is_closed(self):
        order = []

        @self.gate.on("go")
        def go(me):
            me.call.jobs.append((order.append, ("job",), {}))
            order.append("handler")
        self.test.connect().emit("go")
        self.assertEqual(order, ["handler", "job"])

    def test_the_test_gateway_refuses_what_the_real_one_refuses(self):
        @self.gate.on("bad")
        def bad(me, row):
            me.effects.add(**row)
        anna = self.test.connect()
        for row in ({"emit": "connect", "args": []}, {"emit": "x", "to": "room:"},
                    {"emit": "x", "to": "somebody"}, {"emit": "x", "to": "-me"},
                    {"emit": "x", "loud": 1}, {"value": "k"}, {"unknown": 1},
                    {"refuse": "not now"}):
            self.raised(ProtocolError, anna.emit, "bad", row)

    def test_over_takes_calls_and_leaves_the_rest(self):
        def site(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"the site"]
        both = self.gate.over(site, "/siogate/")
        self.gate.on("x")(lambda me: None)
        self.test.application = both
        self.assertEqual(self.test.connect("/").refused, None)
        environ = {"PATH_INFO": "/siogate/", "REQUEST_METHOD": "GET"}
        self.assertEqual(answer_of(both, environ), ("200 OK", b"the site"))


class Outside(Case):
    def setUp(self):
        Case.setUp(self)
        gate = siogate.Gateway(SECRET, clock=lambda: NOW)
        gate.on("x", nsp="/chat")(lambda me: None)
        self.test = self.gateway(gate)
        self.out = self.test.emitter("/chat")
        self.anna, self.ben = self.test.connect("/chat"), self.test.connect("/chat")

    def test_an_emit_says_how_many_are_meant(self):
        self.assertEqual(self.out.emit("hello", {"a": 1}, bytearray(b"x")).sockets, 2)
        self.assertEqual(self.anna.received, [("hello", [{"a": 1}, b"x"])])
        self.assertEqual(self.out.emit("hello", to="id:nobody").sockets, 0)

    def test_a_call_gives_the_answers(self):
        self.ben.recv = lambda event, args: ["yes", siogate.Binary(b"\x02")]
        reply = self.out.call("well?", timeout=1)
        self.assertEqual((reply.answers, reply.expected, reply.timeout),
                         ([["yes", b"\x02"]], 2, True))

    def test_rooms_and_queries_are_read_page_by_page(self):
        self.assertEqual(self.out.join("r", "*"), 2)
        self.assertEqual([one["id"] for one in self.out.query("room:r", limit=1)],
                         [self.anna.id, self.ben.id])
        self.assertEqual(list(self.out.rooms()), [{"room": "r", "members": 2}])
        self.assertEqual(self.out.leave("r", "id:" + self.anna.id), 1)
        self.assertEqual(self.out.count("room:r"), 1)
        self.assertEqual(self.out.disconnect("room:r"), 1)
        self.assertEqual(self.out.count(), 1)

    def test_values_and_batches(self):
        self.assertEqual(self.out.value("k", append="a"), ["a"])
        effects = siogate.call.Effects()
        effects.emit("both", [1], to="*")
        effects.join("r", "*")
        self.out.batch(effects)
        self.assertEqual((self.anna.received, self.ben.rooms), ([("both", [1])], ["r"]))

    def test_access_lists_and_presence_are_asked_for_as_the_api_wants_it(self):
        said = []

        def transport(path, headers, data, wait=None):
            said.append((path.rsplit("/", 1)[1], json.loads(data.decode())))
            return 200, '{"names": null, "users": [], "seen": null, "seq": 7}'
        self.out.transport = transport
        self.assertIsNone(self.out.acl("user:anna", set=["say"]).names)
        self.assertEqual(self.out.presence("lobby"), [])
        self.assertIsNone(self.out.seen("anna", "lobby"))
        self.assertEqual(self.out.cursor(), 7)
        for verb, body in said:
            self.assertEqual(body.pop("nsp"), self.out.nsp)
        self.assertEqual(said, [("acl", {"of": "user:anna", "set": ["say"]}),
                                ("presence", {"room": "lobby"}),
                                ("seen", {"room": "lobby", "user": "anna"}), ("cursor", {})])

    def test_too_often_is_refused_where_it_is_said(self):
        effects = siogate.call.Effects()
        effects.every(100, "tick")
        self.assertIn("0.1 is the least", str(self.raised(
            ValueError, effects.every, 99, "tick")))

    def test_effects_change_access_lists_and_leave_mail(self):
        effects = siogate.call.Effects()
        effects.acl("nsp", set=["say"])
        effects.emit("letter", [], to="user:carl", mail={"ms": 1000, "count": 1})
        self.out.batch(effects)
        self.assertEqual(list(self.test.acls.values()), [["say"]])
        self.assertEqual(effects.rows[1]["mail"], {"ms": 1000, "count": 1})
        self.assertRaises(TypeError, effects.acl, "nsp", allow=["say"])

    def test_open_questions_are_read_page_by_page(self):
        asked = []

        def transport(path, headers, data, wait=None):
            asked.append((path, json.loads(data)))
            last = len(asked) == 2
            return 200, json.dumps({"questions": [{"n": len(asked)}],
                                    "next": None if last else 1})

        out = siogate.Emitter("http://h/api/", token="t" * 16, transport=transport)
        self.assertEqual([one["n"] for one in out.questions(nsp="/chat")], [1, 2])
        self.assertEqual(asked, [("/api/v1/questions", {"nsp": "/chat"}),
                                 ("/api/v1/questions", {"nsp": "/chat", "after": 1})])

    def test_an_error_has_its_code_and_text(self):
        error = self.raised(siogate.ApiError, self.out.emit, "x", to="nonsense")
        self.assertEqual((error.status, error.code), (400, "bad-request"))

    def test_signed_requests_carry_name_time_and_signature(self):
        seen = {}

        def transport(path, headers, body):
            seen.update(headers, path=path, body=body)
            return 200, b'{"sockets": 3, "seq": 1}'
        out = siogate.Emitter("https://x.example/api", name="cron", secret="s",
                              transport=transport)
        self.assertEqual(out.emit("x").sockets, 3)
        self.assertEqual((seen["path"], seen["Siogate-Token"]), ("/api/v1/emit", "cron"))
        self.assertEqual(seen["Siogate-Signature"], siogate.sign(
            "s", seen["Siogate-Key"], seen["Siogate-Timestamp"], "api/emit", seen["body"]))

    def test_an_emitter_without_authority_is_not_made(self):
        self.raised(ValueError, siogate.Emitter, "http://x/")
        self.raised(ValueError, siogate.Emitter, "http://x/", secret="s")
        self.raised(ValueError, siogate.Emitter, "ftp://x/", token="t")

    def test_without_an_api_the_error_says_what_to_set(self):
        siogate.configure()
        self.assertIn("SIOGATE_API_URL", str(self.raised(siogate.NoApi, siogate.default_emitter)))

    def test_an_answer_that_is_no_json_names_the_mount(self):
        out = siogate.Emitter("http://x/api/", token="t",
                              transport=lambda *_a: (404, b"<html>not here"))
        error = self.raised(siogate.ApiError, out.emit, "x")
        self.assertEqual((error.status, error.code), (404, "no-json"))
        self.assertIn("/api/", error.text)
