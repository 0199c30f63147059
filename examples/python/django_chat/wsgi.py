"""
wsgi.py - the application, for mod_wsgi, CGI and siogate.standalone

SPDX-License-Identifier: ISC
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

from django.core.wsgi import get_wsgi_application       # noqa: E402

application = get_wsgi_application()
