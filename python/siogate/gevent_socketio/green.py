"""
green.py - `gevent` and `monkey`, as far as handlers name them

Nothing here is green: a request is served by the process that got it. patch_all() may
stay and does nothing; sleep() naps for a moment and refuses a life (later.py); spawn()
inside a handler is the namespace's, outside of one a thread.

SPDX-License-Identifier: ISC
"""
import threading

from .. import later
from ..call import current


class monkey(object):  # pylint: disable=invalid-name
    """patch_all() and its parts, without an effect."""

    @staticmethod
    def patch_all(*_args, **_kwargs):
        return None

    patch_socket = patch_thread = patch_time = patch_ssl = patch_select = patch_os = patch_all


def sleep(seconds=0, **_kwargs):
    later.sleep(current(), seconds)


def spawn(function, *args, **kwargs):
    turn = current()
    if turn is not None:
        later.spawn(turn, function, args, kwargs, turn.call.kept.get("namespace"))
        return None
    thread = threading.Thread(target=function, args=args, kwargs=kwargs)
    thread.daemon = True
    thread.start()
    return thread


def spawn_later(seconds, function, *args):
    turn = current()
    if turn is not None:
        later.appoint(turn, "after", seconds, function, args,
                      turn.call.kept.get("namespace"), "after")
        return None
    thread = threading.Timer(seconds, function, args)
    thread.daemon = True
    thread.start()
    return thread
