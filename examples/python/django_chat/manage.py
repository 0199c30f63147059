"""
manage.py - to try it: python3 manage.py runserver_socketio 8080

SPDX-License-Identifier: ISC
"""
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

from django.core.management import execute_from_command_line    # noqa: E402

execute_from_command_line(sys.argv)
