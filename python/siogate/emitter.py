"""
emitter.py - speaking to sockets from outside: views, cron, scripts

    out = siogate.Emitter("http://127.0.0.1/siogate-api/", token="31d0...", nsp="/chat")
    out.emit("notice", "back in five minutes")
    out.emit("said", "hello", to="room:lobby")
    answers = out.call("how are you", to="id:bXk2").answers

Each verb is one POST to the gateway's HTTP API (doc/backend.md). Authority is a bearer
token, or name and secret, with which each request is signed.

Must stay true:
  - a verb returns after the gateway has committed it, or raises
  - nothing is tried twice: whoever asked knows whether a second time does harm

SPDX-License-Identifier: ISC
"""
import os
import socket
import time
import uuid

from . import signature, values
from ._compat import http_client, to_bytes, urlsplit
from .errors import ApiError, NoApi

VERSION = "v1/"


class Reply(object):
    """The members of an answer as attributes; `body` is all of it."""

    def __init__(self, body):
        self.body = body

    def __getattr__(self, name):
        try:
            return self.body[name]
        except KeyError:
            raise AttributeError("the answer has no %r" % name)

    def __repr__(self):
        return "Reply(%r)" % (self.body,)


class Emitter(object):
    def __init__(self, url, token=None, name=None, secret=None, nsp="/", timeout=15,
                 connect=None, transport=None):
        """connect: `host:port` or the path of a Unix socket, whatever the URL's host is.
        transport: function(path, headers, body) -> (status, body), for tests."""
        if (token is None) == (secret is None) or (secret is not None and not name):
            raise ValueError("give a token, or name= and secret= of the [api] section")
        self.parts = urlsplit(url if url.endswith("/") else url + "/")
        if self.parts.scheme not in ("http", "https") or not self.parts.hostname:
            raise ValueError("the API's URL must be http:// or https://, not %r" % url)
        self.token = token
        self.name = name
        self.secret = secret
        self.nsp = nsp
        self.timeout = timeout
        self.connect = connect
        self.transport = transport or self._post

    # -- verbs

    def emit(self, event, *args, **options):
        """options: to, nsp, volatile, keep, mail, ask. How many sockets are meant: `.sockets`."""
        return self.post("emit", self._event(event, args, options))

    def call(self, event, *args, **options):
        """Waits for acks: `.answers`, a list of arguments for each who answered."""
        timeout = options.pop("timeout", 10)
        body = self._event(event, args, options)
        body["timeout"] = int(timeout * 1000)
        reply = self.post("call", body, wait=timeout + self.timeout)
        beside = reply.body.get("attachments") or [[] for _ in reply.answers]
        reply.body["answers"] = [values.restore(one, some or [])
                                 for one, some in zip(reply.answers, beside)]
        return reply

    @staticmethod
    def _event(event, args, options):
        attachments = []
        body = dict(options, event=event, args=values.extract(list(args), attachments))
        if attachments:
            body["attachments"] = attachments
        return body

    def query(self, who="*", **options):
        """Every socket that is meant, as a dictionary; page by page behind the scenes."""
        return self._pages("query", "sockets", dict(options, who=who))

    def rooms(self, **options):
        """Every room, with its members' count."""
        return self._pages("rooms", "rooms", options)

    def _pages(self, verb, member, body):
        while True:
            reply = self.post(verb, dict(body))
            for one in reply.body[member]:
                yield one
            if reply.body.get("next") is None:
                return
            body["after"] = reply.body["next"]

    def count(self, who="*", **options):
        return self.post("count", dict(options, who=who)).sockets

    def join(self, room, who, **options):
        return self.post("join", dict(options, room=room, who=who)).sockets

    def leave(self, room, who, **options):
        return self.post("leave", dict(options, room=room, who=who)).sockets

    def disconnect(self, who, hard=False, **options):
        return self.post("disconnect", dict(options, who=who, hard=hard)).sockets

    def history(self, room, **options):
        return self.post("history", dict(options, room=room)).events

    def value(self, key, **change):
        """A stored value, after the change if there is one (set=, append=, put= ...)."""
        return self.post("value", dict(change, key=key)).value

    def acl(self, of, **change):
        """An access list, after the change if there is one (set=, add=, remove=, forget=True):
        `.names` (None: there is no list), `.at`, `.by`."""
        return self.post("acl", dict(change, of=of))

    def presence(self, room="", **options):
        """Users who are in a room, or in the namespace, where presence is kept."""
        return self.post("presence", dict(options, room=room)).users

    def seen(self, user, room="", **options):
        """When a user was there: a dictionary, or None."""
        return self.post("seen", dict(options, room=room, user=user)).seen

    def cursor(self):
        """Where the log stands, for history(room, after=...)."""
        return self.post("cursor", {}).seq

    def questions(self, **options):
        """Acks that were asked for and have not all come, as dictionaries: n, name,
        context, until, expected, answered, answers."""
        return self._pages("questions", "questions", options)

    def batch(self, effects, **options):
        """Effects (rows, or an Effects object): all of them, or an error and none."""
        return self.post("batch", dict(options, effects=getattr(effects, "rows", effects)))

    # -- HTTP

    def post(self, verb, body, wait=None):
        body.setdefault("nsp", self.nsp)
        data = to_bytes(values.dumps(body))
        status, text = self.transport(self.parts.path + VERSION + verb,
                                      self._headers(verb, data), data,
                                      **({"wait": wait} if wait else {}))
        try:
            answer = values.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ApiError(status, "no-json", "the API's answer is no JSON object: is %s its "
                           "mount?" % self.parts.path)
        if status != 200:
            raise ApiError(status, answer.get("error", "error"), answer.get("text", ""))
        return Reply(answer)

    def _headers(self, verb, data):
        headers = {"Content-Type": "application/json", "Host": self.parts.netloc,
                   "Siogate-Protocol": "1"}
        if self.token is not None:
            headers["Authorization"] = "Bearer " + self.token
            return headers
        key, now = uuid.uuid4().hex, str(int(time.time()))
        headers.update({
            "Siogate-Token": self.name, "Siogate-Key": key, "Siogate-Timestamp": now,
            "Siogate-Signature": signature.sign(self.secret, key, now, "api/" + verb, data)})
        return headers

    def _post(self, path, headers, data, wait=None):
        connection = self._connection(wait or self.timeout)
        try:
            connection.request("POST", path, data, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _connection(self, timeout):
        kind = {"http": http_client.HTTPConnection,
                "https": http_client.HTTPSConnection}[self.parts.scheme]
        connection = kind(self.parts.hostname, self.parts.port, timeout=timeout)
        if self.connect and self.connect.startswith("/"):
            connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock.settimeout(timeout)
            connection.sock.connect(self.connect)
        elif self.connect:
            host, port = self.connect.rsplit(":", 1)
            make = getattr(connection, "_create_connection", socket.create_connection)
            connection._create_connection = (  # pylint: disable=protected-access
                lambda _address, *rest: make((host.strip("[]"), int(port)), *rest))
        return connection


_default = {}


def configure(url=None, **options):
    """Where `default_emitter` speaks to; the environment says it otherwise."""
    _default.clear()
    if url is not None:
        _default["emitter"] = Emitter(url, **options)


def default_emitter():
    """The one of `configure`, or of SIOGATE_API_URL with SIOGATE_API_TOKEN, or with
    SIOGATE_API_NAME and SIOGATE_API_SECRET."""
    if "emitter" not in _default:
        url = os.environ.get("SIOGATE_API_URL")
        if not url:
            raise NoApi("outside of a handler the HTTP API is needed: set SIOGATE_API_URL and "
                        "SIOGATE_API_TOKEN, or call siogate.configure(url, token=...)")
        _default["emitter"] = Emitter(
            url, token=os.environ.get("SIOGATE_API_TOKEN"),
            name=os.environ.get("SIOGATE_API_NAME"),
            secret=os.environ.get("SIOGATE_API_SECRET"),
            connect=os.environ.get("SIOGATE_API_CONNECT"))
    return _default["emitter"]
