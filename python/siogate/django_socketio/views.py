"""
views.py - the view that the gateway calls

SPDX-License-Identifier: ISC
"""
import importlib

from django.apps import apps
from django.views.decorators.csrf import csrf_exempt

from .. import django_views
from ..channels.messages import format_log
from ..channels.serve import Serve
from . import settings

try:
    from importlib.util import find_spec
except ImportError:
    from pkgutil import find_loader as find_spec


_discovered = []


def discover():
    """Imports the module `events` of each installed application, once."""
    if _discovered:
        return
    _discovered.append(True)
    for config in apps.get_app_configs():
        module = config.name + ".events"
        if config.name != __name__.rsplit(".", 1)[0] and find_spec(module) is not None:
            importlib.import_module(module)


@csrf_exempt
def socketio(request, *_args):
    discover()

    def log_message(kind, text):
        if settings.MESSAGE_LOG_FORMAT is not None:
            request.environ["wsgi.errors"].write(
                format_log(settings.MESSAGE_LOG_FORMAT, request.META, kind, text) + "\n")

    return django_views.answer(request, lambda call: Serve(
        call, request, log_message, settings.KEEP_ON_ERROR).handle)
