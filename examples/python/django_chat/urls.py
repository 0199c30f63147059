"""
urls.py - the page, and the address that the gateway calls

SPDX-License-Identifier: ISC
"""
from django.conf.urls import include, re_path
from django.shortcuts import render

from siogate.gevent_socketio import sdjango

sdjango.autodiscover()


def page(request):
    """`?client=0.9.17/socket.io.js`: the same page with a client of those days."""
    return render(request, "chat.html", {"client": request.GET.get("client", "socket.io.js")})


urlpatterns = [
    re_path(r"^socket\.io", include(sdjango.urls)),
    re_path(r"^$", page),
]
