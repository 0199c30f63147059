"""
urls.py - `socket.io` and what is behind it; the gateway calls any address there

SPDX-License-Identifier: ISC
"""
from . import views

try:
    from django.urls import re_path as _url
except ImportError:
    from django.conf.urls import url as _url

urlpatterns = [_url(r"^socket\.io", views.socketio)]
