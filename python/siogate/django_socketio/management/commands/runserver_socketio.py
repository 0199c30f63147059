"""
runserver_socketio.py - manage.py runserver_socketio [HOST:PORT]

Starts siogate-ws in front of the project; the command line wins over the settings.

SPDX-License-Identifier: ISC
"""
from django.core.management.base import BaseCommand, CommandError
from django.core.wsgi import get_wsgi_application

from ....standalone import Standalone
from ... import settings


class Command(BaseCommand):
    help = "Serves the project and its sockets with siogate-ws, for development"

    def add_arguments(self, parser):
        parser.add_argument("addrport", nargs="?", help="HOST:PORT")

    def handle(self, *_args, **options):
        host, _, port = (options["addrport"] or "").rpartition(":")
        try:
            port = int(port or settings.PORT)
        except ValueError:
            raise CommandError("%s is not HOST:PORT" % options["addrport"])
        application = get_wsgi_application()
        if django_debug():
            from django.contrib.staticfiles.handlers import StaticFilesHandler
            application = StaticFilesHandler(application)
        Standalone(application, host or settings.HOST, port,
                   secret=settings.SECRET).serve_forever()


def django_debug():
    from django.conf import settings as project
    return project.DEBUG and "django.contrib.staticfiles" in project.INSTALLED_APPS
