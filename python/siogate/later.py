"""
later.py - what happens after the answer, in this process or in any

A job that has a name is an appointment for at once: the gateway calls again, and the job
has effects like any handler. A function that cannot be found again runs in this process
when the answer was sent; what it emits goes through the HTTP API then.

Must stay true:
  - a job runs within the limits of one request, however it was given

SPDX-License-Identifier: ISC
"""
import time

from . import values
from .emitter import default_emitter
from .errors import NotNamed, SiogateError
from .named import find, name_of, refuse_endless

SLEEP_MAX = 5.0         # seconds that a handler or job may sleep in all


def appoint(turn, verb, seconds, function, args, owner, what):
    """after or every, for a function with a name. Gives the appointment's name."""
    name, context = call_of(function, args, owner, what)
    getattr(turn.effects, verb)(seconds * 1000, "py:" + name, context)
    return "py:" + name


def call_of(function, args, owner, what):
    name, bound = name_of(function, owner, what)
    arguments = bound + list(args)
    try:
        values.dumps(arguments)
    except TypeError as error:
        raise NotNamed("%s: the arguments of `%s` wait in the store: %s" % (what, name, error))
    return name, {"call": name, "args": arguments}


def spawn(turn, function, args, kwargs, owner):
    """Runs it after the answer."""
    refuse_endless(function)
    try:
        if kwargs:
            raise NotNamed("keywords do not wait in the store")
        _, context = call_of(function, args, owner, "spawn")
    except NotNamed:
        turn.call.jobs.append((outside, (turn, function, args, kwargs), {}))
        return
    count = turn.call.kept["spawned"] = turn.call.kept.get("spawned", 0) + 1
    turn.effects.after(0, "py:spawn:%s:%d" % (turn.call.key, count), context)


def fire(turn, owner):
    """An appointment of `appoint` or `spawn` is due: (function, args), or None."""
    context = turn.event.context
    if not isinstance(context, dict) or "call" not in context:
        return None
    function = find(context["call"], owner)
    if function is None:
        raise SiogateError("the job '%s' is due, but there is no such function any more"
                           % context["call"])
    return function, context.get("args", [])


def outside(turn, function, args, kwargs):
    """A job without a name, after the answer."""
    turn.effects.rows = []
    with turn:
        function(*args, **kwargs)
    rows = [from_outside(row, turn.call.socket) for row in turn.effects.rows]
    if rows:
        default_emitter().batch(rows, nsp=turn.call.nsp)


def from_outside(row, socket):
    """The same effect, said by somebody who is not the socket."""
    for kind in ("data", "session", "ack", "refuse", "after", "every", "cancel"):
        if kind in row and "refuse" not in row:
            raise SiogateError("a job after the answer can emit, join, leave and disconnect, "
                               "but has no '%s': give it a name" % kind)
    for member, default in (("to", "me"), ("who", "me"), ("disconnect", None)):
        text = row.get(member, default if _takes(row, member) else None)
        if text is not None:
            words = {"me": "id:" + socket.id, "-me": "-id:" + socket.id}
            row = dict(row, **{member: " ".join(words.get(one, one) for one in text.split())})
    return row


def _takes(row, member):
    return (member == "to" and "emit" in row or
            member == "who" and ("join" in row or "leave" in row))


def sleep(turn, seconds):
    """A nap is served, a life is not."""
    if turn is None:
        time.sleep(seconds)
        return
    slept = turn.call.kept["slept"] = turn.call.kept.get("slept", 0) + seconds
    if slept > SLEEP_MAX:
        raise NotNamed(
            "a handler or job may sleep %d seconds in all: the gateway waits for its answer. "
            "Give the next step a name: self.after(seconds, self.step), or "
            "self.every(seconds, self.step)" % SLEEP_MAX)
    time.sleep(seconds)


__all__ = ["appoint", "fire", "outside", "sleep", "spawn"]
