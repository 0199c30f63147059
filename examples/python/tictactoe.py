"""
tictactoe.py - a game of two, in any process

The board is a stored value of the namespace; whoever comes second begins the game. A seat
is a key that can be used once: of two who reach for it in the same moment one gets it,
the other one gets no answer, and the page asks again.

SPDX-License-Identifier: ISC
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import siogate                                          # noqa: E402
from page import page                                   # noqa: E402

LINES = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
gate = siogate.Gateway()


def table_of(me):
    return "table " + me.data["table"]


def board_of(me):
    """field -> mark"""
    return me.values.get(table_of(me)) or {}


@gate.on("sit", nsp="/tictactoe")
def sit(me, table):
    table = str(table)[:30]
    seats = me.values.get("seats " + table) or {}
    free = [mark for mark in "XO" if mark not in seats]
    if not free or me.data:
        return {"ok": False}
    me.once("seat %s %s %d" % (table, free[0], me.values.get("games " + table) or 0))
    me.data = {"table": table, "mark": free[0]}
    me.value("seats " + table, put={free[0]: me.id})
    me.join(table)
    if len(free) == 1:
        me.emit("begin", "X", to=siogate.who.room(table))
    return {"ok": True, "mark": free[0]}


@gate.on("play", nsp="/tictactoe")
def play(me, field):
    board, mark = board_of(me), me.data["mark"]
    turn = "XO"[len(board) % 2]
    if field not in range(9) or str(field) in board or turn != mark:
        return False
    board = dict(board, **{str(field): mark})
    me.value(table_of(me), put={str(field): mark})
    me.call.values[table_of(me)] = board
    me.emit("played", field, mark, to=siogate.who.room(me.data["table"]))
    if any(all(board.get(str(i)) == mark for i in line) for line in LINES):
        end(me, mark)
    elif len(board) == 9:
        end(me, None)
    return True


@gate.on_disconnect("/tictactoe")
def leave(me, reason):
    if me.data:
        end(me, "O" if me.data["mark"] == "X" else "X")


def end(me, winner):
    """The table is free for the next two."""
    table = me.data["table"]
    me.emit("over", winner, to=siogate.who.room(table))
    me.value(table_of(me), set=None)
    me.value("seats " + table, set=None)
    me.value("games " + table, add=1)
    me.close_room(table)


application = gate.over(page("tictactoe"))
