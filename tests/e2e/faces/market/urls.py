"""
urls.py - the sockets, the page, and the form that speaks from outside

SPDX-License-Identifier: ISC
"""
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import include, path
from siogate.django_socketio import NoSocket, broadcast, broadcast_channel, send
from siogate.django_socketio.channels import CHANNELS
from siogate.django_socketio.clients import CLIENTS


def page(request):
    return render(request, "page.html")


def shout(request):
    """`channel`, `session`, or everybody; the answer names who was not there."""
    text = request.GET["text"]
    try:
        if "channel" in request.GET:
            broadcast_channel(text, request.GET["channel"])
        elif "session" in request.GET:
            send(request.GET["session"], text)
        else:
            broadcast(text)
    except NoSocket as error:
        return HttpResponse(str(error))
    return HttpResponse("Message sent")


def who(request):
    """The tables: how many clients, what a context holds, who is in a channel."""
    session = request.GET["session"]
    return HttpResponse("%s %s %s" % (session in CLIENTS, sorted(CLIENTS[session][2]),
                                      CHANNELS[request.GET["channel"]] == [session]))


urlpatterns = [path("", include("siogate.django_socketio.urls")), path("", page),
               path("shout", shout), path("who", who)]
