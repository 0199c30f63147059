"""
siogate.channels - what django-socketio and webpy-socketio have in common

Seven events, channels, and a context that lives as long as the socket. The faces
`siogate.django_socketio` and `siogate.webpy_socketio` are thin layers over it.

SPDX-License-Identifier: ISC
"""
