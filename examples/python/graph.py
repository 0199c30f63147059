"""
graph.py - a line that grows every second

No thread and no loop: an appointment of the socket comes back every second, in whichever
process the gateway asks, until the page is closed.

SPDX-License-Identifier: ISC
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import siogate                                          # noqa: E402
from page import page                                   # noqa: E402

gate = siogate.Gateway()


def load():
    if hasattr(os, "getloadavg"):
        return os.getloadavg()[0]
    with open("/proc/loadavg") as said:                 # Jython
        return float(said.read().split()[0])


@gate.on_connect("/graph")
def arrive(me, auth):
    me.every(1, "measure")


@gate.on_timer("measure", nsp="/graph")
def measure(me, context):
    me.emit("load", load(), volatile=True)


application = gate.over(page("graph"))
