"""
events.py - the seven events, where webpy-socketio has them

SPDX-License-Identifier: ISC
"""
from ..channels.events import (EventError, on_connect, on_disconnect, on_error, on_finish,
                               on_message, on_subscribe, on_unsubscribe)

__all__ = ["EventError", "on_connect", "on_disconnect", "on_error", "on_finish", "on_message",
           "on_subscribe", "on_unsubscribe"]
