#!/usr/bin/python3
"""
chat.cgi - the same application as a CGI program: a process for each request

SPDX-License-Identifier: ISC
"""
import os
import sys
from wsgiref.handlers import CGIHandler

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from wsgi import application                            # noqa: E402

CGIHandler().run(application)
