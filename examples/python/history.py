"""
history.py - a chat that remembers what was said

SQLite keeps the messages, each under the id that its sender gave it: a message that is
said again after a lost connection is kept once. Late comers read the last fifty.

SPDX-License-Identifier: ISC
"""
import os
import sqlite3
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import siogate                                          # noqa: E402
from page import page                                   # noqa: E402

FILE = os.environ.get("HISTORY_FILE", os.path.join(tempfile.gettempdir(), "siogate-history.db"))
gate = siogate.Gateway()


def database():
    connection = sqlite3.connect(FILE, timeout=5)
    connection.execute("CREATE TABLE IF NOT EXISTS said (n INTEGER PRIMARY KEY, id TEXT UNIQUE, "
                       "name TEXT, text TEXT)")
    return connection


@gate.on_connect("/history")
def arrive(me, auth):
    me.join("readers")


@gate.on("read", nsp="/history")
def read(me, before=None):
    connection = database()
    try:
        rows = connection.execute(
            "SELECT n, name, text FROM said WHERE n < ? ORDER BY n DESC LIMIT 50",
            (int(before or 2 ** 62),)).fetchall()
    finally:
        connection.close()
    return [list(row) for row in reversed(rows)]


@gate.on("say", nsp="/history")
def say(me, ident, name, text):
    connection = database()
    try:
        with connection:
            fresh = connection.execute(
                "INSERT OR IGNORE INTO said (id, name, text) VALUES (?, ?, ?)",
                (str(ident), str(name)[:30], str(text)[:2000])).rowcount
            number = connection.execute("SELECT n FROM said WHERE id = ?",
                                        (str(ident),)).fetchone()[0]
    finally:
        connection.close()
    if fresh:
        me.emit("said", number, name, text, to="room:readers")
    return number


application = gate.over(page("history"))
