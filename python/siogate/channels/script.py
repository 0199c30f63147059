"""
script.py - the tags that a page needs: the served client, and our extension

SPDX-License-Identifier: ISC
"""
import io
import os

CLIENT_URL = "/socket.io/socket.io.js"


def extension():
    name = os.path.join(os.path.dirname(os.path.abspath(__file__)), "extension.js")
    with io.open(name, encoding="utf-8") as text:
        return text.read()


def socketio_scripts(client_url=CLIENT_URL):
    """HTML for the page's head."""
    url = client_url.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return u'<script src="%s"></script>\n<script>\n%s</script>' % (url, extension())
