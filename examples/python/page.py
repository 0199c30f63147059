"""
page.py - the examples' pages: NAME.html beside NAME.py, at the address of the script

SPDX-License-Identifier: ISC
"""
import io
import os

folder = os.path.dirname(os.path.abspath(__file__))


def page(name):
    """A WSGI application that gives the page."""
    def application(environ, start_response):
        if environ.get("PATH_INFO", "/") not in ("", "/"):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"There is only one page.\n"]
        with io.open(os.path.join(folder, name + ".html"), "rb") as html:
            body = html.read()
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"),
                                  ("Content-Length", str(len(body)))])
        return [body]
    return application
