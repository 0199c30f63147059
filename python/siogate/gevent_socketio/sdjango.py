"""
sdjango.py - Django: @namespace, autodiscover() and urls

    urlpatterns = [url("^socket\\.io", include(sdjango.urls)), ...]

The view answers the gateway's calls. A client never reaches it: its requests end in the
gateway; one that comes here by mistake is told so.

SPDX-License-Identifier: ISC
"""
import importlib

from django.apps import apps
from django.views.decorators.csrf import csrf_exempt

from .. import django_views
from .manage import Manage

try:
    from importlib.util import find_spec
except ImportError:
    from pkgutil import find_loader as find_spec

SOCKETIO_NS = {}
_discovered = []


def namespace(name=""):
    """Registers the class under the namespace's name."""
    def register(cls):
        SOCKETIO_NS[name] = cls
        return cls
    return register


def autodiscover():
    """Imports the module `sockets` of each installed application, once."""
    if _discovered:
        return
    _discovered.append(True)
    for config in apps.get_app_configs():
        module = config.name + ".sockets"
        # that it is there and cannot be imported is an error to be seen
        if find_spec(module) is not None:
            importlib.import_module(module)


@csrf_exempt
def socketio(request, *_args):
    return django_views.answer(request, lambda call: Manage(
        call, SOCKETIO_NS, request, None, None, None).handle)


try:
    from django.urls import re_path as _url
except ImportError:
    from django.conf.urls import url as _url

urls = [_url(r"", socketio)]
