# Modules: loaded from pkglibdir when installed, from .libs in the build tree.
pkglib_LTLIBRARIES += %D%/echo/echo.la
%C%_echo_echo_la_SOURCES = %D%/echo/echo.c
%C%_echo_echo_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/handlers
%C%_echo_echo_la_LDFLAGS = -module -avoid-version -shared

pkglib_LTLIBRARIES += %D%/chat/chat.la
%C%_chat_chat_la_SOURCES = %D%/chat/chat.c
%C%_chat_chat_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/handlers
%C%_chat_chat_la_LDFLAGS = -module -avoid-version -shared

# To copy; compiled as a test, so that it does not rot.
EXTRA_DIST += %D%/skeleton/Makefile
check_LTLIBRARIES += %D%/skeleton/poll.la
%C%_skeleton_poll_la_SOURCES = %D%/skeleton/poll.c
%C%_skeleton_poll_la_CPPFLAGS = $(TEST_MODULE_CPPFLAGS)
%C%_skeleton_poll_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)

EXTRA_DIST += %D%/chat/page/index.html %D%/chat/page/chat.css \
  %D%/chat/page/chat.js %D%/chat/page/view.js

# For applications: tried by python/tests and tests/e2e.
EXTRA_DIST += %D%/python/README.md %D%/python/acks.html %D%/python/acks.py \
  %D%/python/django_chat/chat.cgi %D%/python/django_chat/chat.html \
  %D%/python/django_chat/chat/__init__.py %D%/python/django_chat/chat/sockets.py \
  %D%/python/django_chat/manage.py %D%/python/django_chat/settings.py %D%/python/django_chat/urls.py \
  %D%/python/django_chat/wsgi.py %D%/python/flask_first.html %D%/python/flask_first.py \
  %D%/python/graph.html %D%/python/graph.py %D%/python/history.html %D%/python/history.py \
  %D%/python/page.py %D%/python/publisher.html %D%/python/publisher.py \
  %D%/python/tictactoe.html %D%/python/tictactoe.py %D%/python/webpy_chat.html \
  %D%/python/webpy_chat.py %D%/python/wsgi_chat.html %D%/python/wsgi_chat.py \
  %D%/php/README.md %D%/php/guestbook.php %D%/cron/ticker
