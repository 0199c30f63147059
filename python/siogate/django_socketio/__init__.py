"""
siogate.django_socketio - the face of django-socketio

    INSTALLED_APPS += ["siogate.django_socketio"]
    urlpatterns += [path("", include("siogate.django_socketio.urls"))]
    SIOGATE_SECRET = "..."                      # in the settings

    from siogate.django_socketio import events, broadcast, broadcast_channel, send, NoSocket

Each installed application's module `events` is imported; pages say `{% load socketio_tags %}
{% socketio %}`. doc/porting.md says what differs.

SPDX-License-Identifier: ISC
"""
from ..channels.outside import NoSocket, broadcast, broadcast_channel, send

__all__ = ["NoSocket", "broadcast", "broadcast_channel", "send"]
