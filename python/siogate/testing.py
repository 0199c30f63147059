"""
testing.py - a gateway and its clients inside the test's own process

    gateway = TestGateway(application, secret="x")      # any WSGI application
    anna, ben = gateway.connect("/chat"), gateway.connect("/chat")
    assert anna.ask("join", "lobby") == [True]
    anna.emit("say", "hello")
    assert ben.received == [("said", ["hello"])]

No server, no threads, no time: events are delivered before `emit` returns, appointments
when `gateway.advance(seconds)` says so. Calls are signed and effects checked as the real
gateway does it, so a handler that a test passes speaks the protocol.
`gateway.emitter()` is an Emitter that speaks to it.

Must stay true:
  - the effects of one answer happen in order, after all of them were understood
  - a socket hears what is emitted while it is connected and in the room, nothing else

SPDX-License-Identifier: ISC
"""
import collections
import copy
import io
import itertools
import json
import re
import sys

from . import signature, values
from ._compat import to_bytes
from .emitter import Emitter
from .testing_effects import Apply, ProtocolError
from .testing_selectors import select

__test__ = False
__all__ = ["ProtocolError", "TestClient", "TestGateway"]


class TestGateway(object):
    __test__ = False

    def __init__(self, application, secret="secret", path="/siogate/", name="teststore",
                 values_sent=True, now=1789000000.0, environ=None):
        """values_sent=False: as a section without a `values` line."""
        self.application = application
        self.secret = secret
        self.path = path
        self.name = name
        self.values_sent = values_sent
        self.now = now
        self.environ = environ or {}
        self.sockets = collections.OrderedDict()
        self.values = {}                # (nsp, key) -> JSON
        self.timers = []                # {nsp, sid, name, context, due, every}
        self.history = {}               # (nsp, room) -> events
        self.acls = {}                  # (namespace, of): names
        self.used = set()               # keys of `once`
        self.logged = []                # what `log` effects and failed events said
        self.calls = []                 # bodies that were sent
        self.answers = []               # what came back
        self.asks = []                  # {name, context, sid, nsp, waiting, answers}
        self.numbers = itertools.count(1)

    # -- clients

    def connect(self, nsp="/", auth=None, session=None, **more):
        """A connected client; `client.refused` says (message, data) if it is not.
        more: cookies, headers, address, generation, speaker, recv (function)."""
        client = TestClient(self, nsp, session, more)
        self.sockets[client.id] = client
        self.deliver(client, {"type": "connect", "auth": auth})
        return client

    def members(self, nsp, room):
        return [one for one in self.sockets.values() if one.nsp == nsp and room in one.rooms]

    # -- calls

    def deliver(self, client, *events):
        """One call with these events; applies its answer."""
        rows = [dict(event, n=next(self.numbers), at=self.milliseconds(), attempt=1)
                for event in events]
        body = self.body(client, client.nsp, rows)
        status, answer = self.send(body, client)
        if status != 200:
            raise ProtocolError("the application answered %d: %s" % (status, answer))
        self.apply(client, client.nsp, rows, answer)

    def milliseconds(self):
        return int(self.now * 1000)

    def body(self, client, nsp, rows):
        key = "%s-1-%d" % (self.name, rows[0]["n"])
        body = {"siogate": 1, "store": self.name, "key": key, "sent": self.milliseconds(),
                "nsp": nsp, "speaker": client.speaker if client else "none",
                "events": rows}
        if client is not None:
            body["socket"] = client.describe()
            body["session"] = {"id": client.session["id"], "data": client.session["data"]}
        if self.values_sent:
            body["values"] = dict((key, value) for (where, key), value in self.values.items()
                                  if where == nsp)
        return body

    def send(self, body, client=None):
        """(status, answer) of a signed POST."""
        self.calls.append(copy.deepcopy(body))
        data = to_bytes(json.dumps(body))
        environ = self.request(body, data, client)
        said = {}

        def start_response(status, headers, _error=None):
            said["status"], said["headers"] = int(status.split()[0]), dict(headers)
        parts = self.application(environ, start_response)
        try:
            text = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        self.answers.append(text)
        if said["status"] == 200 and "json" not in said["headers"].get("Content-Type", ""):
            raise ProtocolError("Content-Type must be application/json")
        return said["status"], values.loads(text) if said["status"] == 200 else text

    def request(self, body, data, client):
        now = str(int(self.now))
        environ = {
            "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": self.path,
            "QUERY_STRING": "", "SERVER_NAME": "testserver", "SERVER_PORT": "80",
            "HTTP_HOST": "testserver", "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1", "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(data)), "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(data), "wsgi.errors": sys.stderr, "wsgi.multithread": False,
            "wsgi.multiprocess": True, "wsgi.run_once": False,
            "HTTP_SIOGATE_PROTOCOL": "1", "HTTP_SIOGATE_KEY": body["key"],
            "HTTP_SIOGATE_TIMESTAMP": now, "HTTP_SIOGATE_SPEAKER": body["speaker"],
            "HTTP_SIOGATE_SIGNATURE": signature.sign(self.secret, body["key"], now,
                                                     body["speaker"], data)}
        if client is not None and client.cookies:
            environ["HTTP_COOKIE"] = "; ".join("%s=%s" % one for one in client.cookies.items())
        environ.update(self.environ)
        return environ

    # -- answers

    def apply(self, client, nsp, rows, answer):
        if answer.get("siogate") != 1:
            raise ProtocolError("the answer has no \"siogate\": 1")
        known = dict((row["n"], row) for row in rows)
        steps = []
        for one in answer["events"]:
            if one["n"] not in known:
                raise ProtocolError("an answer for event %r, which was not asked" % one["n"])
            row = known.pop(one["n"])
            if "error" in one:
                self.logged.append(one["error"])
                if row["type"] == "connect":
                    one = {"n": one["n"], "effects": [{"refuse": "backend"}]}
            steps.append(Apply(self, client, nsp, row, one.get("effects", [])))
        for step in steps:
            step.check()
        for step in steps:
            step.run()
        if client is not None and rows[0]["type"] == "disconnect":
            self.forget(client)

    def forget(self, client):
        self.sockets.pop(client.id, None)
        self.timers = [one for one in self.timers if one["sid"] != client.id]

    def select(self, text, nsp, me=None):
        return select(self.sockets.values(), text, nsp, me)

    def end(self, client, reason):
        """The socket ends; the application hears of it."""
        if not client.connected:
            return
        client.connected = False
        rooms, client.rooms_at_end = list(client.rooms), list(client.rooms)
        self.deliver(client, {"type": "disconnect", "reason": reason, "rooms": rooms})

    # -- time

    def advance(self, seconds):
        """Appointments that are due happen, in their order."""
        end = self.now + seconds
        while True:
            due = sorted((one["due"], i) for i, one in enumerate(self.timers)
                         if one["due"] <= end)
            if not due:
                break
            self.now, timer = due[0][0], self.timers[due[0][1]]
            if timer["every"]:
                timer["due"] += timer["every"]
            else:
                self.timers.remove(timer)
            self.fire(timer)
        self.now = end

    def fire(self, timer):
        client = self.sockets.get(timer["sid"])
        row = {"type": "timer", "name": timer["name"], "context": timer["context"],
               "n": next(self.numbers), "at": self.milliseconds(), "attempt": 1}
        body = self.body(client, timer["nsp"], [row])
        body["speaker"] = "none"
        status, answer = self.send(body)
        if status != 200:
            raise ProtocolError("the application answered %d: %s" % (status, answer))
        self.apply(client, timer["nsp"], [row], answer)

    # -- the HTTP API

    def emitter(self, nsp="/"):
        from .testing_api import Api
        return Emitter("http://testserver/siogate-api/", token="t", nsp=nsp,
                       transport=Api(self).serve)


class TestClient(object):
    """`received` is what came: (event, args), acks not among it."""
    __test__ = False

    def __init__(self, gateway, nsp, session, more):
        self.gateway = gateway
        self.nsp = nsp
        number = next(gateway.numbers)
        self.id = more.get("id") or "sock%d" % number
        self.session = session.session if isinstance(session, TestClient) else {
            "id": "sess%d" % number, "data": None}
        self.cookies = more.get("cookies") or {}
        self.headers = more.get("headers") or {}
        self.address = more.get("address", "192.0.2.7")
        self.generation = more.get("generation", "eio4")
        self.speaker = more.get("speaker", "same-site")
        self.recv = more.get("recv")
        self.query = more.get("query", "")
        self.user = self.data = self.refused = None
        self.rooms = []
        self.connected = True
        self.received = []

    def describe(self):
        return {"id": self.id, "user": self.user, "data": self.data, "rooms": list(self.rooms),
                "generation": self.generation, "transport": "polling",
                "connected": self.gateway.milliseconds(),
                "handshake": {"headers": self.headers, "address": self.address,
                              "query": self.query}}

    def emit(self, event, *args):
        self.gateway.deliver(self, self.event(event, args, False))

    def ask(self, event, *args):
        """Emits and gives the arguments of the ack; None if there was none."""
        self.acked = None
        self.gateway.deliver(self, self.event(event, args, True))
        return self.acked

    def together(self, *events):
        """Several (event, args...) in one call."""
        self.gateway.deliver(self, *[self.event(one[0], one[1:], False) for one in events])

    @staticmethod
    def event(name, args, ack):
        attachments = []
        row = {"type": "event", "name": name, "ack": ack,
               "args": values.extract(list(args), attachments)}
        if attachments:
            row["attachments"] = attachments
        return row

    def hear(self, event, args, ask=None):
        self.received.append((event, args))
        if ask is not None and self.recv is not None:
            answer = self.recv(event, args)
            if answer is not None:
                return list(answer)
        return None

    def take(self):
        """What came since the last time."""
        got, self.received = self.received, []
        return got

    def names(self):
        return [event for event, _ in self.received]

    def disconnect(self, reason="client namespace disconnect"):
        self.gateway.end(self, reason)


def matches(pattern, text):
    """The gateway's patterns: * is any run of characters."""
    return re.match("^" + ".*".join(re.escape(part) for part in pattern.split("*")) + "$", text)
