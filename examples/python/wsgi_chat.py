"""
wsgi_chat.py - a chat without any framework

SPDX-License-Identifier: ISC
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import siogate                                          # noqa: E402
from page import page                                   # noqa: E402

gate = siogate.Gateway()


@gate.on("enter", nsp="/chat")
def enter(me, name, room):
    name, room = str(name).strip()[:30], str(room).strip()[:30]
    if not name or not room:
        return {"ok": False, "error": "name and room are missing"}
    me.data = {"name": name, "room": room}
    me.join(room)
    me.emit("entered", name, to=siogate.who.room(room) + " -me")
    return {"ok": True}


@gate.on("say", nsp="/chat")
def say(me, text):
    if not me.data:
        return {"ok": False, "error": "enter a room first"}
    me.emit("said", me.data["name"], str(text)[:2000], to=siogate.who.room(me.data["room"]))
    return {"ok": True}


@gate.on("typing", nsp="/chat")
def typing(me):
    if me.data:
        me.emit("typing", me.data["name"], to=siogate.who.room(me.data["room"]) + " -me",
                volatile=True)


@gate.on_disconnect("/chat")
def leave(me, reason):
    if me.data:
        me.emit("left", me.data["name"], to=siogate.who.room(me.data["room"]))


application = gate.over(page("wsgi_chat"))
