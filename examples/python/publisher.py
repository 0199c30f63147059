"""
publisher.py - push from outside

The page only listens. Whoever has the token publishes, from any process:

    python3 publisher.py "It rains"         # with SIOGATE_API_URL and SIOGATE_API_TOKEN set
    siogate --nsp /news --string emit '*' news "It rains"

SPDX-License-Identifier: ISC
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import siogate                                          # noqa: E402
from page import page                                   # noqa: E402

gate = siogate.Gateway()


@gate.on_connect("/news")
def arrive(me, auth):
    """Everybody may listen; nothing else is heard."""


def publish(text):
    return siogate.default_emitter().emit("news", text, nsp="/news").sockets


show = page("publisher")


def site(environ, start_response):
    """The same from a view: a POST publishes its body."""
    if environ["REQUEST_METHOD"] == "POST":
        length = min(int(environ.get("CONTENT_LENGTH") or 0), 2000)
        count = publish(environ["wsgi.input"].read(length).decode("utf-8"))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [("%d pages were told\n" % count).encode("ascii")]
    return show(environ, start_response)


application = gate.over(site)

if __name__ == "__main__":
    print("%d pages were told" % publish(" ".join(sys.argv[1:])))
