"""
echo_django.py - the smallest Django project that is a backend: `echo` acks with its arguments

SPDX-License-Identifier: ISC
"""
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path

import siogate
from siogate import frameworks

gate = siogate.Gateway(secret=os.environ["SIOGATE_SECRET"])


@gate.on("echo", nsp="/backend")
def echo(_me, *args):
    return args[0]


urlpatterns = [path("", frameworks.django(gate))]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="of the bench")
application = get_wsgi_application()
