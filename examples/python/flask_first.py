"""
flask_first.py - python-socketio's first steps, with Flask

What the page does is told back to it, to everybody, or to a room; a counter runs in the
background of this process. Only the import of socketio is ours.

SPDX-License-Identifier: ISC
"""
import os

from flask import Flask, send_file
from siogate import socketio

sio = socketio.Server(async_mode="threading", logger=True)
app = Flask(__name__)
app.wsgi_app = socketio.WSGIApp(sio, app.wsgi_app)
started = []


def count_seconds():
    """It lives as long as this process, and speaks through the HTTP API."""
    count = 0
    while True:
        sio.sleep(1)
        count += 1
        sio.emit("response", {"data": "second %d" % count})


@app.route("/")
def index():
    if not started:
        started.append(sio.start_background_task(count_seconds))
    here = os.path.dirname(os.path.abspath(__file__))
    return send_file(os.path.join(here, "flask_first.html"))


@sio.event
def connect(sid, environ):
    sio.emit("response", {"data": "connected"}, room=sid)


@sio.event
def echo(sid, message):
    sio.emit("response", {"data": message["data"]}, room=sid)


@sio.event
def to_all(sid, message):
    sio.emit("response", {"data": message["data"]})


@sio.event
def join(sid, message):
    sio.enter_room(sid, message["room"])
    sio.emit("response", {"data": "in " + ", ".join(sorted(set(sio.rooms(sid)) - {sid}))},
             room=sid)


@sio.event
def to_room(sid, message):
    sio.emit("response", {"data": message["data"]}, room=message["room"])


@sio.event
def close(sid, message):
    sio.emit("response", {"data": "room %s closes" % message["room"]}, room=message["room"])
    sio.close_room(message["room"])


@sio.event
def disconnect_request(sid):
    sio.disconnect(sid)


application = app
