"""
events.py - the seven events, where django-socketio has them

SPDX-License-Identifier: ISC
"""
from ..channels.events import (Event, EventError, on_connect, on_disconnect, on_error, on_finish,
                               on_message, on_subscribe, on_unsubscribe)

__all__ = ["Event", "EventError", "on_connect", "on_disconnect", "on_error", "on_finish",
           "on_message", "on_subscribe", "on_unsubscribe"]
