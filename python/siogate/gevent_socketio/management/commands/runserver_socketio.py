"""
runserver_socketio.py - the command for projects with sdjango: INSTALLED_APPS names
siogate.gevent_socketio

SPDX-License-Identifier: ISC
"""
from ....django_socketio.management.commands.runserver_socketio import Command

__all__ = ["Command"]
