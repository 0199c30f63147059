"""
settings.py - the smallest project that has a chat

SPDX-License-Identifier: ISC
"""
import os

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only for the example")
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["siogate.gevent_socketio", "chat"]     # the first: for runserver_socketio
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates",
              "DIRS": [os.path.dirname(os.path.abspath(__file__))]}]
LOGGING = {"version": 1, "disable_existing_loggers": False,
           "handlers": {"error": {"class": "logging.StreamHandler"}},
           "loggers": {"siogate": {"handlers": ["error"], "level": "WARNING"}}}
