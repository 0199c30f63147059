"""
test_php.py - php/siogate.php: called as a CGI program, and speaking to the HTTP API

SPDX-License-Identifier: ISC
"""
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import unittest

from support import NOW, SECRET, Case, here, top
import siogate
from siogate.testing_api import Api

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
except ImportError:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer

PAGE = os.path.join(here, "php", "page.php")
FILE = os.path.join(top, "php", "siogate.php")
which = getattr(shutil, "which", lambda name: None)     # Python 2 does without PHP
# no php.ini, no wrappers for URLs, nothing of curl: what a small host allows
BARE = ["-n", "-d", "allow_url_fopen=0", "-d", "disable_functions=curl_init,file_put_contents"]


def php_cgi(environ, start_response):
    """A WSGI application that runs page.php as a CGI program."""
    passed = dict((name, str(value)) for name, value in environ.items() if "." not in name)
    passed.update(REDIRECT_STATUS="200", SCRIPT_FILENAME=PAGE, TEST_SECRET=SECRET,
                  TEST_NOW=str(int(NOW)), GATEWAY_INTERFACE="CGI/1.1")
    done = subprocess.Popen(["php-cgi"] + BARE, env=passed, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, _ = done.communicate(environ["wsgi.input"].read())
    head, body = out.split(b"\r\n\r\n", 1)
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    start_response(headers.pop("Status", "200 OK"), list(headers.items()))
    return [body]


@unittest.skipUnless(which("php-cgi"), "no php-cgi")
class Called(Case):
    def setUp(self):
        Case.setUp(self)
        self.test = self.gateway(php_cgi)

    def test_events_lead_to_effects(self):
        anna, ben = self.test.connect("/chat"), self.test.connect("/chat", speaker="anonymous")
        self.assertEqual(anna.ask("say", u"h\xe9"), [1, b"\x00\xff"])
        self.assertEqual(ben.received, [("said", [u"h\xe9", ["lobby"], True])])
        anna.take()
        ben.disconnect("ping timeout")
        self.assertEqual(anna.received, [("gone", ["ping timeout"])])

    def test_json_passes_through_as_it_was(self):
        anna = self.test.connect("/chat")
        for value in ({}, [], {"0": 1, "1": 2}, [[{}]], 1.0, 1, u"\u20ac", None, True,
                      siogate.Binary(b"\x00"), {"a": {"b": []}}, {"": 1}):
            got = anna.ask("echo", [value])
            self.assertEqual(json.dumps(got, default=repr), json.dumps([[value]], default=repr))

    def test_refusals_have_message_and_data(self):
        self.assertEqual(self.test.connect("/chat", "no").refused, ("refused", None))
        self.assertEqual(self.test.connect("/chat", "data").refused, ("not you", {"code": 3}))
        self.assertEqual(self.test.connect("/x").refused, ("Invalid namespace", None))

    def test_a_handler_that_fails_leaves_no_effects(self):
        anna = self.test.connect("/chat")
        anna.together(("fails",), ("state",))
        self.assertEqual(anna.received, [("state", [["lobby"], None, None, None, []])])
        self.assertEqual(self.test.logged, ["RuntimeException: it broke"])

    def test_state_lasts(self):
        anna = self.test.connect("/chat")
        anna.together(("keep", {"a": 1}), ("state",))
        anna.emit("state")
        state = [["a b"], {"a": 1}, {"s": {"a": 1}}, "anna"]
        self.assertEqual([one[1][:4] for one in anna.received], [state, state])
        self.assertEqual(anna.received[1][1][4], {"list": [{"a": 1}]})
        self.assertEqual(self.test.acls, {("/chat", "user:anna"): ["say"]})

    def test_timers_acks_and_the_catch_all(self):
        anna = self.test.connect("/chat", recv=lambda event, args: ["fine", siogate.Binary(b"1")])
        anna.emit("later")
        self.test.advance(2)
        self.assertEqual(anna.received, [("well?", []), ("answers", [[["fine", b"1"]], 7]),
                                         ("tick", [{"x": 1}])])
        self.assertEqual(anna.ask("other", 5), ["other 5"])

    def test_forged_and_broken_calls_are_refused(self):
        body = {"siogate": 1, "key": "k", "nsp": "/", "speaker": "none", "events": []}
        for change, expected in (({"secret": "wrong"}, 403), ({"now": NOW - 301}, 403),
                                 ({"now": NOW + 301}, 403), ({"now": NOW + 300}, 200)):
            before = dict((name, getattr(self.test, name)) for name in change)
            self.test.__dict__.update(change)
            self.assertEqual(self.test.send(body)[0], expected, change)
            self.test.__dict__.update(before)
        for broken in ({"siogate": 2}, {"events": None}):
            self.assertEqual(self.test.send(dict(body, **broken))[0], 400)
        self.assertEqual(self.test.send(dict(body, events=[{
            "n": 1, "type": "event", "args": [{"_placeholder": True, "num": 3}]}]))[0], 200)


@unittest.skipUnless(which("php"), "no php")
class Speaking(Case):
    """Over real sockets: TCP with either authority, chunks, and a Unix socket."""

    def setUp(self):
        Case.setUp(self)
        gate = siogate.Gateway(SECRET, clock=lambda: NOW)
        gate.on("x", nsp="/chat")(lambda me: None)
        self.test = self.gateway(gate)
        self.anna = self.test.connect("/chat", recv=lambda event, args: ["yes"])
        self.anna.rooms.append("a b")

    def serve(self, chunked=False, path=None):
        api, requests = Api(self.test), []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                requests.append((dict(self.headers), body))
                status, answer = api.serve(self.path, None, body)
                self.send_response(status)
                if chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for i in range(0, len(answer), 7):
                        part = answer[i:i + 7]
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                    self.wfile.write(b"0\r\n\r\n")
                else:
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_args):
                pass

            def address_string(self):
                return "unix"

        class Unix(HTTPServer):
            address_family = socket.AF_UNIX

            def server_bind(self):
                self.socket.bind(self.server_address)
                self.server_name, self.server_port = "unix", 0

        server = Unix(path, Handler) if path else HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()

        def stop():
            server.shutdown()
            server.server_close()
            thread.join()
        self.addCleanup(stop)
        return server.server_address, requests

    def say(self, url, **options):
        out = subprocess.check_output(["php"] + BARE + [os.path.join(here, "php", "outside.php"),
                                                        url, json.dumps(options)])
        self.assertEqual(self.anna.names(), ["notice", "well?", "batched"])
        self.assertEqual(self.anna.received[0][1], ["x", b"\x01"])
        self.assertEqual(self.anna.connected, False)
        self.assertEqual(json.loads(out.decode()), {
            "emit": 1, "join": 1, "query": [["a b", "r"]], "count": 1, "leave": 1,
            "call": {"seq": 4, "sockets": 1, "answers": [["yes"]], "expected": 1,
                     "timeout": False, "attachments": [[]]},
            "rooms": [{"room": "a b", "members": 1}, {"room": "r", "members": 1}],
            "value": ["v"], "disconnect": 1,
            "error": [400, "bad-request", "selector: 'nonsense' is not understood (HTTP 400)"]})

    def test_with_a_token(self):
        (host, port), requests = self.serve()
        self.say("http://%s:%d/siogate-api" % (host, port), token="t")
        self.assertEqual(requests[0][0]["Authorization"], "Bearer t")

    def test_signed_and_answered_in_chunks(self):
        (host, port), requests = self.serve(chunked=True)
        self.say("http://www.example.org/siogate-api/", name="cron", secret="s",
                 connect="%s:%d" % (host, port))
        headers, body = requests[0]
        self.assertEqual((headers["Host"], headers["Siogate-Token"]), ("www.example.org", "cron"))
        self.assertEqual(headers["Siogate-Signature"], siogate.sign(
            "s", headers["Siogate-Key"], headers["Siogate-Timestamp"], "api/emit", body))

    def test_through_a_unix_socket(self):
        import tempfile
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "gw.sock")
        self.serve(path=path)
        self.say("http://www.example.org/siogate-api/", token="t", connect=path)

    def test_python_speaks_through_a_unix_socket_and_tcp_too(self):
        import tempfile
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "gw.sock")
        self.serve(path=path)
        (host, port), _ = self.serve()
        for connect in (path, "%s:%d" % (host, port)):
            out = siogate.Emitter("http://www.example.org/siogate-api/", token="t", nsp="/chat",
                                  connect=connect)
            self.assertEqual(out.emit("hello").sockets, 1)


class Syntax(unittest.TestCase):
    def test_nothing_is_newer_than_7_2(self):
        with open(FILE) as text:
            source = re.sub(r"/\*.*?\*/|//[^\n]*|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", "''",
                            text.read(), flags=re.S)
        for name, pattern in (
                ("arrow function", r"\bfn\s*\("), ("??=", r"\?\?="), ("?->", r"\?->"),
                ("match", r"\bmatch\s*\("), ("attribute", r"#\["), ("enum", r"\benum\s"),
                ("typed property", r"(public|private|protected)\s+(static\s+)?\??\w+\s+\$"),
                ("comma behind the last argument", r",\s*\)(?!\s*=\s)"),
                ("spread of a list", r"\[\s*\.\.\."), ("readonly", r"\breadonly\b"),
                ("union type", r"\w\|\w+\s+\$"), ("numeric separator", r"\d_\d"),
                ("throw as a value", r"(\?\?|\?|:)\s*throw\b"), ("static type", r":\s*static\b"),
                ("first-class callable", r"\(\.\.\.\)"), ("named argument", r"[(,]\s*\w+:\s")):
            self.assertEqual(re.findall(pattern, source), [], name)

    def test_neither_curl_nor_urls_are_opened(self):
        with open(FILE) as text:
            source = text.read()
        self.assertNotIn("curl_", source)
        self.assertEqual(re.findall(r"file_get_contents\([^)]*\)", source),
                         ["file_get_contents('php://input')"])
