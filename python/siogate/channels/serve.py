"""
serve.py - the life of a socket, in calls

Must stay true:
  - at the end, and only there: on_disconnect if the client went away, on_unsubscribe for
    each channel, on_finish while the channels still match; each once
  - an exception in a handler is told to on_error and ends the connection, unless
    keep_on_error says otherwise; what was sent before it is sent

SPDX-License-Identifier: ISC
"""
import logging

from .. import frozen
from . import events, messages
from .proxy import Socket

log = logging.getLogger("siogate")
FACE = "channels"
OURS = ("server namespace disconnect", "forced server close", "server disconnect")


class Serve(object):
    """One call; `handle` takes its turns. request: what handlers get as the first."""

    def __init__(self, call, request, log_message=None, keep_on_error=False):
        self.call = call
        self.request = request
        self.log_message = log_message or (lambda kind, text: None)
        self.keep_on_error = keep_on_error
        data = call.socket.data if call.socket and isinstance(call.socket.data, dict) else {}
        mine = data.get(FACE) or {}
        self.context = frozen.thaw(mine.get("context") or {})
        self.pending = mine.get("pending")
        self.socket = Socket(call) if call.socket else None

    def handle(self, turn):
        if self.socket is None:
            return
        try:
            getattr(self, "serve_" + turn.event.type)(turn.event)
        except Exception as error:  # pylint: disable=broad-except
            self.failed(turn, error)
        if turn.event.type != "disconnect":
            self.save(turn)

    def serve_connect(self, _event):
        self.send(events.on_connect)

    def serve_event(self, event):
        for kind, text in self.understand(event):
            self.log_message(kind, text)
            if kind == messages.SUBSCRIBE:
                self.socket.subscribe(text)
                self.send(events.on_subscribe, text)
            elif kind == messages.UNSUBSCRIBE:
                self.socket.unsubscribe(text)
                self.send(events.on_unsubscribe, text)
            else:
                self.send(events.on_message, text)

    def understand(self, event):
        found, self.pending = messages.understand(event, self.pending)
        return found

    def serve_disconnect(self, event):
        self.socket.is_connected = False
        # they were left with the socket; handlers still see them
        self.call.socket.rooms = list(event.rooms or self.call.socket.rooms)
        channels = list(self.call.socket.rooms)
        steps = [] if event.reason in OURS else [(events.on_disconnect,)]
        steps += [(events.on_unsubscribe, channel) for channel in channels]
        for step in steps + [(events.on_finish,)]:
            try:
                self.send(*step)
            except Exception as error:  # pylint: disable=broad-except
                self.report(error)

    def serve_timer(self, _event):
        log.warning("a timer for a face that has none")

    serve_ack = serve_timer

    def send(self, event, *args):
        event.send(self.request, self.socket, self.context, *args)

    def failed(self, turn, error):
        self.report(error)
        if not self.keep_on_error and turn.event.type != "disconnect":
            turn.effects.disconnect("me")

    def report(self, error):
        log.exception("a handler failed")
        try:
            self.send(events.on_error, error)
        except Exception:  # pylint: disable=broad-except
            log.exception("a handler of on_error failed")

    def save(self, turn):
        data = self.call.socket.data
        data = dict(data) if isinstance(data, dict) else {}
        kept = {}
        for name, value in self.context.items():
            try:
                kept[name] = frozen.freeze(value)
            except frozen.Unstorable as error:
                text = "context[%r] does not last: %s" % (name, error)
                log.error("%s", text)
                turn.effects.log(text)
        mine = {"context": kept}
        if self.pending:
            mine["pending"] = self.pending
        data[FACE] = mine
        turn.set_data(data)
