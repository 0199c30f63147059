"""
clients.py - CLIENTS, where django-socketio has it: read from the store, for reading

SPDX-License-Identifier: ISC
"""
from ..channels.outside import CLIENTS

__all__ = ["CLIENTS"]
