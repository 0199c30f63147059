"""
settings.py - what the README of django-socketio asks for

SPDX-License-Identifier: ISC
"""
import os

SECRET_KEY = "only for the tests"
DEBUG = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.staticfiles", "siogate.django_socketio", "stalls"]
STATIC_URL = "/static/"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
SOCKETIO_HOST = "127.0.0.1"
SOCKETIO_PORT = int(os.environ["MARKET_PORT"])
SOCKETIO_MESSAGE_LOG_FORMAT = "%(REMOTE_ADDR)s %(TYPE)s <%(MESSAGE)s>"
