"""
socketio_tags.py - {% load socketio_tags %} {% socketio %}: the scripts of a page

SPDX-License-Identifier: ISC
"""
from django import template
from django.utils.safestring import mark_safe

from ...channels.script import socketio_scripts
from .. import settings

register = template.Library()


@register.simple_tag
def socketio():
    return mark_safe(socketio_scripts(settings.CLIENT))
