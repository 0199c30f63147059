"""
wsgi.py - WSGIApp: calls of the gateway go to the server, the rest to the site

SPDX-License-Identifier: ISC
"""
import mimetypes
import os

from ..gateway import is_call

NOTE = (b"This address is the gateway's: siogate answers it in the web server, before the "
        b"application is asked.\n")


class WSGIApp(object):
    def __init__(self, socketio_app, wsgi_app=None, static_files=None,
                 socketio_path="socket.io"):
        self.socketio_app = socketio_app
        self.wsgi_app = wsgi_app
        self.static_files = static_files or {}
        self.path = "/" + socketio_path.strip("/") + "/"

    def __call__(self, environ, start_response):
        if is_call(environ):
            return self.socketio_app.handle_request(environ, start_response)
        path = environ.get("PATH_INFO", "")
        if path.startswith(self.path) or path + "/" == self.path:
            return plain(start_response, "404 Not Found", NOTE)
        found = self.static(path)
        if found is not None:
            return send_file(start_response, *found)
        if self.wsgi_app is not None:
            return self.wsgi_app(environ, start_response)
        return plain(start_response, "404 Not Found", b"Not Found\n")

    def static(self, path):
        """(file name, type) of a URL that static_files maps, or None."""
        for url in sorted(self.static_files, key=len, reverse=True):
            if path == url or (url.endswith("/") and path.startswith(url)) or url == "":
                name = self.static_files[url]
                kind = name.get("content_type") if isinstance(name, dict) else None
                name = name["filename"] if isinstance(name, dict) else name
                rest = path[len(url):].lstrip("/")
                if ".." in rest.split("/"):
                    return None
                full = os.path.join(name, rest) if rest else name
                if os.path.isdir(full):
                    full = os.path.join(full, "index.html")
                if os.path.isfile(full):
                    return full, kind or mimetypes.guess_type(full)[0]
        return None



class Middleware(WSGIApp):
    """Its name of old."""

    def __init__(self, socketio_app, wsgi_app=None, socketio_path="socket.io"):
        WSGIApp.__init__(self, socketio_app, wsgi_app, socketio_path=socketio_path)


def plain(start_response, status, text):
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]


def send_file(start_response, name, kind):
    with open(name, "rb") as data:
        text = data.read()
    start_response("200 OK", [("Content-Type", kind or "application/octet-stream"),
                              ("Content-Length", str(len(text)))])
    return [text]
