"""
socketio_app.py - a program for python-socketio, whose clients say what it shall do

SPDX-License-Identifier: ISC
"""
from siogate import socketio

sio = socketio.Server()


def site(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"the site"]


application = socketio.Middleware(sio, site)


@sio.event
def connect(sid, environ, auth):
    if auth and auth.get("refuse") == "words":
        raise socketio.exceptions.ConnectionRefusedError("not today", {"again": "tomorrow"})
    if auth and auth.get("refuse"):
        return False
    sio.save_session(sid, {"name": auth and auth.get("name"), "path": environ["PATH_INFO"]})
    return None


@sio.event
def do(sid, verb, args, kwargs):
    """enter_room, emit, rooms ...: "me" among the arguments is the client's sid."""
    result = getattr(sio, verb)(*[sid if one == "me" else one for one in args], **kwargs)
    return sorted(result) if verb == "rooms" else True


@sio.event
def name(sid):
    return sio.get_session(sid)["name"]


@sio.event
def rename(sid, text):
    with sio.session(sid) as session:
        session["name"] = text


@sio.event
def pair(sid, blob):
    return blob, len(blob)


@sio.event
def ask_by_call(sid, other):
    return sio.call("question", {"n": 1}, to=other)


@sio.event
def ask_by_callback(sid, other):
    sio.emit("question", {"n": 2}, to=other, callback=answered)


def answered(*args):
    sio.emit("answered", list(args))


def later(sid):
    sio.emit("late", to=sid)


@sio.event
def in_background(sid):
    sio.start_background_task(later, sid)


@sio.on("*")
def anything(event, sid, *args):
    return [event, len(args)]


@sio.event
def disconnect(sid, reason):
    sio.emit("gone", {"sid": sid, "reason": reason})


class Things(socketio.Namespace):
    def on_connect(self, sid, environ):
        self.enter_room(sid, "all")

    def on_say(self, sid, text):
        self.emit("said", text, room="all", skip_sid=sid)
        return "said"


sio.register_namespace(Things("/things"))
