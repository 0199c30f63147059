"""
utils.py - the functions of django_socketio.utils

SPDX-License-Identifier: ISC
"""
from ..channels.outside import NoSocket, broadcast, broadcast_channel, send

__all__ = ["NoSocket", "broadcast", "broadcast_channel", "send"]
