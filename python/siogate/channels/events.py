"""
events.py - the seven events, and which of their handlers run

    @on_message
    def everywhere(request, socket, context, message): ...

    @on_message(channel="^room-")
    def in_rooms(request, socket, context, message): ...

Must stay true:
  - a handler without a channel runs only for a socket that has no channels at all
  - one with a channel runs, once, if the pattern matches (from the beginning, as
    re.match does) any of the socket's channels; for subscribe and unsubscribe: the
    channel that it is about
  - all that match run, in the order in which they were registered

SPDX-License-Identifier: ISC
"""
import re


class EventError(Exception):
    """A handler that cannot be registered."""


class Event(object):
    """A decorator, and the list of what it decorated."""

    def __init__(self, name, of_channels=True):
        self.name = name
        self.of_channels = of_channels
        self.handlers = []

    def __call__(self, handler=None, channel=None):
        if handler is not None:
            self.add(handler, channel)
            return handler

        def decorate(function):
            self.add(function, channel)
            return function
        return decorate

    def add(self, handler, channel):
        if channel is not None and not self.of_channels:
            raise EventError("%s cannot have a channel, and %s asks for '%s': nobody has "
                             "subscribed to anything yet" %
                             (self.name, getattr(handler, "__name__", handler), channel))
        self.handlers.append((handler, re.compile(channel) if channel is not None else None))

    def send(self, request, socket, context, *args):
        about = args[:1] if self.name in ("on_subscribe", "on_unsubscribe") else None
        for handler, pattern in list(self.handlers):
            if pattern is None:
                runs = not socket.channels
            else:
                runs = any(pattern.match(one) for one in
                           (about if about is not None else list(socket.channels)))
            if runs:
                handler(request, socket, context, *args)


on_connect = Event("on_connect", of_channels=False)
on_message = Event("on_message")
on_subscribe = Event("on_subscribe")
on_unsubscribe = Event("on_unsubscribe")
on_error = Event("on_error")
on_disconnect = Event("on_disconnect")
on_finish = Event("on_finish")
