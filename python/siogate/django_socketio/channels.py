"""
channels.py - CHANNELS, where django-socketio has it: read from the store, for reading

SPDX-License-Identifier: ISC
"""
from ..channels.outside import CHANNELS

__all__ = ["CHANNELS"]
