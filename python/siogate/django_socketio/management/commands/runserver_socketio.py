"""
runserver_socketio.py - manage.py runserver_socketio [HOST:PORT] [--noreload]

Starts siogate-ws in front of the project; the command line wins over the settings. When
a source changes, the process of the project is started again, siogate-ws stays: sockets
live on, and nobody is told that anybody left.

SPDX-License-Identifier: ISC
"""
import os

from django.core.management.base import BaseCommand, CommandError
from django.core.wsgi import get_wsgi_application
from django.utils import autoreload

from ....errors import SiogateError
from ....standalone import Standalone, free_port, make_server
from ... import settings

BEHIND = "SIOGATE_RUNSERVER"    # for the process that is started again: port, address in front


class Command(BaseCommand):
    help = "Serves the project and its sockets with siogate-ws, for development"

    def add_arguments(self, parser):
        parser.add_argument("addrport", nargs="?", help="[HOST:]PORT")
        parser.add_argument("--noreload", action="store_true",
                            help="do not start again when a source changes")

    def handle(self, *_args, **options):
        if BEHIND in os.environ:
            autoreload.run_with_reloader(self.serve_behind, *os.environ[BEHIND].split())
            return
        host, _, port = (options["addrport"] or "").rpartition(":")
        try:
            port = int(port or settings.PORT)
        except ValueError:
            raise CommandError("%s is not HOST:PORT" % options["addrport"])
        reloads = not options["noreload"] and hasattr(autoreload, "run_with_reloader")
        try:
            (self.serve_reloading if reloads else self.serve)(host or settings.HOST, port)
        except SiogateError as error:
            raise CommandError(str(error))

    @staticmethod
    def serve(host, port):
        Standalone(application(), host, port, secret=settings.SECRET).serve_forever()

    def serve_reloading(self, host, port):
        front = Standalone(None, host, port, secret=settings.SECRET, behind=free_port())
        try:
            front.start()
            os.environ.update(front.environment())
            os.environ[BEHIND] = "%d %s" % (front.behind, front.reachable())
            autoreload.run_with_reloader(self.serve_behind, front.behind, front.reachable())
        finally:
            front.stop()

    def serve_behind(self, port, address):
        server = make_server(application(), int(port))
        self.stderr.write("siogate: http://%s/" % address)
        server.serve_forever()


def application():
    project = get_wsgi_application()
    if serves_static_files():
        from django.contrib.staticfiles.handlers import StaticFilesHandler
        project = StaticFilesHandler(project)
    return project


def serves_static_files():
    from django.conf import settings as of_project
    return of_project.DEBUG and "django.contrib.staticfiles" in of_project.INSTALLED_APPS
