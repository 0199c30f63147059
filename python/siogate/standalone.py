"""
standalone.py - siogate-ws in front, the application behind it, one command

    python3 -m siogate.standalone site.py[:application] [HOST:]PORT
    siogate.standalone.Standalone(application, "127.0.0.1", 8080).serve_forever()

For development, and for hosts without a web server. siogate-ws serves the sockets itself
and passes every other request on (`app = URL`) to the application, which a small
threaded WSGI server of the standard library answers on a loopback port. The secrets
between the two are made for each start; the HTTP API is on, so that threads and views may
speak to sockets.

The program is found as `siogate-ws` in PATH, or where SIOGATE_WS says.

Must stay true:
  - whichever of the two ends, the other one does not stay behind
  - the run folder is private, and gone afterwards; SIOGATE_STORE keeps the store elsewhere

SPDX-License-Identifier: ISC
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from .emitter import configure
from .errors import SiogateError
from .signature import secret_from_environment

try:
    from socketserver import ThreadingMixIn
except ImportError:
    from SocketServer import ThreadingMixIn

START_SECONDS = 15
# siogate.conf says transports by its own names
TRANSPORTS = {"websocket": "websocket", "xhr-polling": "polling", "jsonp-polling": "jsonp",
              "polling": "polling", "jsonp": "jsonp"}


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        # no look-up of our own name: that may take seconds
        socket_bind(self)
        self.server_name, self.server_port = self.server_address[:2]
        self.setup_environ()


def socket_bind(server):
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.socket.bind(server.server_address)
    server.server_address = server.socket.getsockname()


class Handler(WSGIRequestHandler):
    def log_message(self, *_args):
        pass            # siogate-ws logs requests

    def get_environ(self):
        environ = WSGIRequestHandler.get_environ(self)
        environ["REMOTE_ADDR"] = environ.get("HTTP_X_FORWARDED_FOR",
                                             environ["REMOTE_ADDR"]).split(",")[-1].strip()
        return environ

    def address_string(self):
        return self.client_address[0]


class Standalone(object):
    def __init__(self, application, host, port, resource="socket.io", secret=None,
                 transports=None, heartbeat_interval=None, heartbeat_timeout=None,
                 close_timeout=None, log_file=None, conf=""):
        """conf: more lines for siogate.conf."""
        self.application = application
        self.listen = "%s:%d" % (host or "0.0.0.0", port)
        self.secret = secret or secret_from_environment() or uuid.uuid4().hex
        self.token = uuid.uuid4().hex
        self.options = {
            "resource": resource.strip("/"), "log": log_file,
            "transports": " ".join(sorted(set(TRANSPORTS[one] for one in transports or ()
                                              if one in TRANSPORTS))),
            "ping_interval": _seconds(heartbeat_interval),
            "ping_timeout": _seconds(heartbeat_timeout or close_timeout),
        }
        self.conf = conf
        self.folder = self.program = self.server = None

    # -- starting and stopping

    def start(self):
        """Returns when siogate-ws answers."""
        os.environ["SIOGATE_SECRET"] = self.secret
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.set_app(self.application)
        thread = threading.Thread(target=self.server.serve_forever)
        thread.daemon = True
        thread.start()
        self.folder = tempfile.mkdtemp(prefix="siogate-")
        try:
            self.start_program()
        except BaseException:
            self.stop()
            raise
        configure("http://%s/siogate-api/" % self.reachable(), token=self.token)

    def start_program(self):
        name = os.path.join(self.folder, "siogate.conf")
        with open(name, "w") as conf:
            conf.write(self.write_conf())
        command = [os.environ.get("SIOGATE_WS", "siogate-ws"), "--config", name,
                   "--listen", self.listen]
        try:
            self.program = subprocess.Popen(command)
        except OSError as error:
            raise SiogateError("%s cannot be started (%s): install siogate, or name the "
                               "program in SIOGATE_WS" % (command[0], error.strerror))
        end = time.time() + START_SECONDS
        while not self.answers():
            if self.program.poll() is not None:
                raise SiogateError("siogate-ws ended with %d" % self.program.returncode)
            if time.time() > end:
                raise SiogateError("siogate-ws does not listen on %s" % self.listen)
            time.sleep(0.02)

    def write_conf(self):
        port = self.server.server_port
        url = "http://127.0.0.1:%d" % port
        lines = ["%s = %s" % one for one in sorted(self.options.items()) if one[1]]
        lines += ["store = " + os.environ.get("SIOGATE_STORE", os.path.join(self.folder, "store")),
                  "app = " + url, "api = siogate-api", self.conf,
                  "[backend *]", "url = %s/%s/backend" % (url, self.options["resource"]),
                  "secret = " + self.secret, "cookies = *", "values = *",
                  "headers = user-agent accept-language referer",
                  "[api python]", "token = " + self.token, "rights = *",
                  "addresses = 127.0.0.1", ""]
        return "\n".join(lines)

    def reachable(self):
        host, _, port = self.listen.rpartition(":")
        return "%s:%s" % ("127.0.0.1" if host == "0.0.0.0" else host, port)

    def answers(self):
        host, _, port = self.reachable().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), 1).close()
            return True
        except (OSError, socket.error):
            return False

    def stop(self):
        if self.program is not None and self.program.poll() is None:
            self.program.terminate()
            self.program.wait()
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def serve_forever(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _end)
        self.start()
        sys.stderr.write("siogate: http://%s/\n" % self.reachable())
        try:
            code = self.program.wait()
            raise SystemExit(code)
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()


def _end(_number, _frame):
    raise SystemExit(0)


def _seconds(value):
    return "%dms" % int(float(value) * 1000) if value else None


def load(name):
    """The application of FILE, or of FILE:NAME."""
    name, _, attribute = name.partition(":")
    folder = os.path.dirname(os.path.abspath(name))
    sys.path.insert(0, folder)
    module = os.path.basename(name)
    module = __import__(module[:-3] if module.endswith(".py") else module)
    return getattr(module, attribute or "application")


def main(arguments):
    if len(arguments) != 2:
        sys.stderr.write("usage: python3 -m siogate.standalone FILE[:NAME] [HOST:]PORT\n")
        return 2
    host, _, port = arguments[1].rpartition(":")
    Standalone(load(arguments[0]), host or "127.0.0.1", int(port)).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
