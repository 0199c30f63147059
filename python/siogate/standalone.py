"""
standalone.py - siogate-ws in front, the application behind it, one command

    python3 -m siogate.standalone site.py[:application] [HOST:]PORT [ADDRESS]
    siogate.standalone.Standalone(application, "127.0.0.1", 8080).serve_forever()

For development, and for hosts without a web server. siogate-ws serves the sockets itself
and passes every other request on (`app = URL`) to the application, which a small
threaded WSGI server of the standard library answers on a loopback port. The secrets
between the two are made for each start; the HTTP API is on, so that threads and views may
speak to sockets. ADDRESS is where the application takes calls, if it does not take
them everywhere.

The program is found as `siogate-ws` in PATH, or where SIOGATE_WS says.

Must stay true:
  - whichever of the two ends, the other one does not stay behind (of SIGKILL the kernel
    of Linux tells siogate-ws, if we were started in the main thread)
  - what answers at the address is the program that was started, not one that had it before
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

from ._compat import http_client
from .emitter import Emitter, configure
from .errors import SiogateError
from .signature import secret_from_environment

try:
    from socketserver import ThreadingMixIn
except ImportError:
    from SocketServer import ThreadingMixIn

START_SECONDS = 60
# for calls to what is started again now and then: half a minute, until it is back
PATIENCE = ["attempts = 6", "breaker = 20 / 1s"]
# siogate.conf says transports by its own names; streams are polling that goes on
TRANSPORTS = {"websocket": "websocket", "flashsocket": "flashsocket", "xhr-polling": "polling",
              "jsonp-polling": "jsonp", "polling": "polling", "jsonp": "jsonp",
              "htmlfile": "polling", "xhr-multipart": "polling"}
STREAMS = ("htmlfile", "xhr-multipart")
PR_SET_PDEATHSIG = 1


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
                 close_timeout=None, log_file=None, conf="", behind=None, path=None):
        """conf: more lines for siogate.conf. behind: the port of an application that
        somebody else serves, with what `environment` says. path: where it takes calls."""
        self.application = application
        self.behind = behind
        self.path = path or "/%s/backend" % resource.strip("/")
        self.listen = address(host, port)
        self.secret = secret or secret_from_environment() or uuid.uuid4().hex
        self.token = uuid.uuid4().hex
        self.options = {
            "resource": resource.strip("/"), "log": log_file,
            "transports": " ".join(sorted(set(TRANSPORTS[one] for one in transports or ()
                                              if one in TRANSPORTS))),
            "streams": "off" if transports and not set(STREAMS) & set(transports) else None,
            "ping_interval": _seconds(heartbeat_interval),
            "ping_timeout": _seconds(heartbeat_timeout or close_timeout),
        }
        self.conf = conf
        self.folder = self.program = self.server = self.thread = None

    # -- starting and stopping

    def start(self):
        """Returns when siogate-ws answers."""
        os.environ["SIOGATE_SECRET"] = self.secret
        if self.behind is None:
            self.server = make_server(self.application, 0)
        self.folder = tempfile.mkdtemp(prefix="siogate-")
        try:
            self.start_program()
        except BaseException:
            self.stop()
            raise
        configure(self.api_url(), token=self.token)

    def start_program(self):
        name = os.path.join(self.folder, "siogate.conf")
        with open(name, "w") as conf:
            conf.write(self.write_conf())
        command = [os.environ.get("SIOGATE_WS", "siogate-ws"), "--config", name,
                   "--listen", self.listen]
        try:
            self.program = subprocess.Popen(command, **ends_with_us())
        except OSError as error:
            raise SiogateError("%s cannot be started (%s): install siogate, or name the "
                               "program in SIOGATE_WS" % (command[0], error.strerror))
        # only now: who forks has no thread of ours yet
        if self.server is not None:
            self.thread = threading.Thread(target=self.server.serve_forever)
            self.thread.daemon = True
            self.thread.start()
        end = time.time() + START_SECONDS
        while not self.answers():
            if self.program.poll() is not None:
                raise SiogateError("siogate-ws ended with %d: it has said why"
                                   % self.program.returncode)
            if time.time() > end:
                raise SiogateError("siogate-ws does not listen on %s" % self.listen)
            time.sleep(0.02)

    def write_conf(self):
        url = "http://127.0.0.1:%d" % (self.behind or self.server.server_port)
        lines = ["%s = %s" % one for one in sorted(self.options.items()) if one[1]]
        lines += ["store = " + os.environ.get("SIOGATE_STORE", os.path.join(self.folder, "store")),
                  "app = " + url, "api = siogate-api", self.conf,
                  "[backend *]", "url = %s/%s" % (url, self.path.lstrip("/")),
                  "secret = " + self.secret, "cookies = *", "values = *",
                  "headers = user-agent accept-language referer",
                 ] + (PATIENCE if self.behind else []) + [
                  "[api python]", "token = " + self.token, "rights = *",
                  "addresses = 127.0.0.1", ""]
        return "\n".join(lines)

    def reachable(self):
        host, _, port = self.listen.rpartition(":")
        return "%s:%s" % ({"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host), port)

    def environment(self):
        """What an application needs that is behind us in another process."""
        return {"SIOGATE_SECRET": self.secret, "SIOGATE_API_URL": self.api_url(),
                "SIOGATE_API_TOKEN": self.token}

    def api_url(self):
        return "http://%s/siogate-api/" % self.reachable()

    def answers(self):
        """Whether it is ours that listens there: only that knows the token."""
        try:
            Emitter(self.api_url(), token=self.token, timeout=2).cursor()
            return True
        except (SiogateError, http_client.HTTPException, OSError, socket.error):
            return False

    def stop(self):
        if self.program is not None and self.program.poll() is None:
            self.program.terminate()
            self.program.wait()
        if self.thread is not None:
            self.server.shutdown()
        if self.server is not None:
            self.server.server_close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def serve_forever(self):
        if in_main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, _end)
        try:
            self.start()
            sys.stderr.write("siogate: http://%s/\n" % self.reachable())
            sys.stderr.flush()
            raise SystemExit(self.program.wait())
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()


def make_server(application, port):
    """A threaded WSGI server on a loopback port; 0: any."""
    server = Server(("127.0.0.1", port), Handler)
    server.set_app(application)
    return server


def free_port():
    server = Server(("127.0.0.1", 0), Handler)
    server.server_close()
    return server.server_port


def address(host, port):
    """HOST:PORT with a number for the host, as siogate-ws wants it."""
    if ":" in host:
        return "[%s]:%d" % (host.strip("[]"), port)
    return "%s:%d" % (socket.gethostbyname(host or "0.0.0.0"), port)


def in_main_thread():
    return threading.current_thread().name == "MainThread"


def ends_with_us():
    """For Popen: the program gets SIGTERM when this process ends, whatever ends it."""
    if not sys.platform.startswith("linux") or not in_main_thread():
        return {}
    try:
        import ctypes
        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return {}
    return {"preexec_fn": lambda: prctl(PR_SET_PDEATHSIG, signal.SIGTERM)}


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
    if len(arguments) not in (2, 3):
        sys.stderr.write("usage: python3 -m siogate.standalone FILE[:NAME] [HOST:]PORT [ADDRESS]\n")
        return 2
    host, _, port = arguments[1].rpartition(":")
    try:
        Standalone(load(arguments[0]), host or "127.0.0.1", int(port),
                   path="".join(arguments[2:])).serve_forever()
    except SiogateError as error:
        sys.stderr.write("siogate: %s\n" % error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
