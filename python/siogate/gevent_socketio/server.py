"""
server.py - SocketIOServer: siogate-ws, with the application behind it

    SocketIOServer(("0.0.0.0", 8080), application, resource="socket.io").serve_forever()

SPDX-License-Identifier: ISC
"""
from ..standalone import Standalone, address
from ..wrapping import wrap
from .others import Server

POLICY_PORT = 10843
TRANSPORTS = ("websocket", "flashsocket", "htmlfile", "xhr-multipart", "xhr-polling",
              "jsonp-polling")
YES = ("true", "yes", "on", "1", "enable")


class SocketIOServer(object):
    """heartbeat_interval and the time-outs are seconds. Handlers and workers of gevent have
    no meaning here. policy_server answers Flash films at policy_listener; since Flash has
    gone it must be asked for. `sockets` are all there are (others.py)."""

    def __init__(self, listener, application=None, resource="socket.io", transports=None,
                 policy_server=False, policy_listener=None, heartbeat_interval=None,
                 heartbeat_timeout=None, close_timeout=None, log_file=None, namespace=None,
                 **_options):
        for name in transports or ():
            if name not in TRANSPORTS:
                raise ValueError("unknown transport %r; known: %s" % (name, ", ".join(TRANSPORTS)))
        host, port = listener if isinstance(listener, tuple) else _split(listener)
        policy = policy_listener or (host, POLICY_PORT)
        self.standalone = Standalone(
            wrap(application), host, port, resource=namespace or resource, transports=transports,
            heartbeat_interval=heartbeat_interval, heartbeat_timeout=heartbeat_timeout,
            close_timeout=close_timeout, log_file=log_file,
            conf="flash_policy = *:*\nflash_listen = " + address(*policy) if policy_server else "")
        self.sockets = Server().sockets

    def serve_forever(self):
        self.standalone.serve_forever()

    def start(self):
        self.standalone.start()

    def stop(self, timeout=None):  # pylint: disable=unused-argument
        self.standalone.stop()


def _split(listener):
    host, _, port = str(listener).rpartition(":")
    return host, int(port)


def serve(application, **options):
    """Of a server's own choice of address, as paste has it: host, port, resource, ..."""
    host, port = options.pop("host", "127.0.0.1"), int(options.pop("port", 6543))
    transports = options.pop("transports", None)
    if transports:
        options["transports"] = [one.strip() for one in transports.split(",")]
    options["policy_server"] = str(options.pop("policy_server", "")).lower() in YES
    SocketIOServer((host, port), application, **options).serve_forever()


def serve_paste(application, _global_conf, **options):
    serve(application, **options)
    return 0
