"""
gevent_app.py - what code for gevent-socketio uses, word by word, behind SocketIOServer

    python3 gevent_app.py PORT [PORT of the policy server]

faces.test.mjs speaks to it. The imports are the only lines that such a file changes.

SPDX-License-Identifier: ISC
"""
import logging
import sys
import threading

from siogate.gevent_socketio import gevent, monkey, socketio_manage
from siogate.gevent_socketio.mixins import BroadcastMixin, LonelyRoomMixin, RoomsMixin
from siogate.gevent_socketio.namespace import BaseNamespace
from siogate.gevent_socketio.server import SocketIOServer

monkey.patch_all()
logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s")


class First(object):
    """A mixin: its initialize runs, too, and nobody calls super()."""

    def initialize(self):
        self.order = getattr(self, "order", []) + ["mixin"]


class Global(BaseNamespace):
    def recv_connect(self):
        self.emit("never said")

    def on_who(self):
        return self.ns_name, sorted(self.socket.session.get("notes", []))

    def recv_message(self, data):
        self.send("heard " + data)

    def recv_json(self, data):
        self.send({"heard": data}, json=True)
        return "json"


class All(BaseNamespace, RoomsMixin, BroadcastMixin, First):
    nicknames = []
    scores = {}

    def initialize(self):
        self.logger = logging.getLogger("all")
        self.order = getattr(self, "order", []) + ["all"]
        self.drinks = 0

    def recv_connect(self):
        self.session["notes"] = ["from " + self.ns_name]
        self.emit("welcome", self.environ["HTTP_X_VISITOR"], self.request["greeting"])

    def recv_disconnect(self):
        self.logger.info("%s leaves %s", self.nickname, self.room)
        self.nicknames.remove(self.nickname)
        self.broadcast_event("left", self.nickname, self.nicknames)
        self.disconnect(silent=True)

    def exception_handler_decorator(self, function):
        def guarded(*args, **kwargs):
            try:
                return function(*args, **kwargs)
            except ZeroDivisionError as error:
                self.emit("caught", str(error))
                return None
        return guarded

    def on_enter(self, nickname, room):
        self.nickname, self.room = nickname, room
        self.nicknames.append(nickname)
        self.scores[nickname] = 0
        self.join(room)
        return self.order, len(self.nicknames)

    def on_leave_room(self):
        self.leave(self.room)
        return sorted(self.session["rooms"])

    def on_drink(self):
        self.drinks += 1
        self.scores[self.nickname] += 1
        return self.drinks, dict(self.scores)

    def on_room(self, *args):
        self.emit_to_room(self.room, "to room", self.nickname, *args)

    def on_everybody(self, text):
        self.broadcast_event("to all", text)

    def on_others(self, text):
        self.broadcast_event_not_me("to others", text)

    def on_user_message(self, packet):
        return packet["name"], packet["args"], packet["endpoint"]

    def on_ask_back(self, question):
        self.emit("question", question, callback=self.answered)

    def answered(self, answer, why):
        self.emit("answered", answer, why, self.nickname)

    def on_keep_a_lock(self):
        self.lock = threading.Lock()

    def on_use_the_lock(self):
        return self.lock.locked()

    def on_divide(self, a, b):
        return a / b

    def on_fail(self):
        self.emit("before")
        raise RuntimeError("on purpose")

    def on_quiet(self):
        self.error("own_error", "told to the log", quiet=True)
        self.error("own_error", "told to the client")

    def on_kick_me(self):
        self.disconnect()

    # -- later

    def on_spawn(self, text):
        self.spawn(self.said_later, text)
        gevent.sleep(0.01)
        return "first"

    def said_later(self, text):
        self.emit("spawned", text)

    def on_loop(self):
        def forever():
            while True:
                self.emit("tick")
                gevent.sleep(1)
        self.spawn(forever)

    def on_times(self):
        self.after(0.05, self.said_later, "after")
        self.every(0.1, self.tick)

    def tick(self):
        self.ticks = getattr(self, "ticks", 0) + 1
        self.emit("tick", self.ticks)
        if self.ticks == 3:
            self.cancel(self.tick)

    # -- the others, one by one

    def on_each(self, text):
        told = []
        for sessid, socket in self.socket.server.sockets.items():
            if "/all_kitchen" in socket.session["rooms"] and socket != self.socket:
                told.append(socket["/all"].nickname)
                socket.send_packet({"type": "event", "name": "one by one", "args": [text],
                                    "endpoint": self.ns_name})
        return sorted(told)

    def on_lift_guard(self):
        guard = self.socket["/guarded"]
        guard.lift_acl_restrictions()
        guard.emit("lifted", self.ns_name)


class Guarded(BaseNamespace):
    def get_initial_acl(self):
        return ["recv_connect", "recv_disconnect", "on_login", "on_logout"]

    def on_login(self):
        self.add_acl_method("on_secret")
        return self.is_method_allowed("on_secret"), self.is_method_allowed("on_nothing")

    def on_logout(self):
        self.del_acl_method("on_secret")
        return sorted(self.allowed_methods)

    def on_secret(self):
        return 42

    def on_reset(self):
        self.reset_acl()
        return True


class Lonely(BaseNamespace, LonelyRoomMixin):
    def on_move(self, room):
        self.join(room)
        return sorted(self.session["rooms"])


NAMESPACES = {"": Global, "/all": All, "/guarded": Guarded, "/lonely": Lonely}
PAGE = b"""<!DOCTYPE html>
<meta charset="utf-8"><title>old</title><p id="state"></p>
<script src="/app.io/0.9.17/socket.io.js"></script>
<script>
var socket = io.connect("/all", { resource: "app.io" });
socket.on("welcome", function (visitor, greeting) {
  document.getElementById("state").innerHTML = greeting;
});
</script>"""


def application(environ, start_response):
    if environ["PATH_INFO"].startswith("/app.io"):
        environ["HTTP_X_VISITOR"] = environ["HTTP_USER_AGENT"]
        socketio_manage(environ, NAMESPACES, {"greeting": "hello"})
        return []
    if environ["PATH_INFO"] == "/tell":     # from a view: nobody's socket is served
        for socket in server.sockets.values():
            socket.send_packet({"type": "event", "name": "told", "args": ["from a view"],
                                "endpoint": "/all"})
    start_response("200 OK", [("Content-Type", "text/html")])
    return [PAGE]


port = int(sys.argv[1])
server = SocketIOServer(("127.0.0.1", port), application, resource="app.io",
                        transports=["xhr-polling", "websocket", "jsonp-polling"],
                        policy_server=True, policy_listener=("127.0.0.1", int(sys.argv[2])),
                        heartbeat_interval=6, heartbeat_timeout=18)
server.serve_forever()
