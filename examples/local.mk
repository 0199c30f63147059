# Modules: loaded from pkglibdir when installed, from .libs in the build tree.
pkglib_LTLIBRARIES += %D%/echo/echo.la
%C%_echo_echo_la_SOURCES = %D%/echo/echo.c
%C%_echo_echo_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/handlers
%C%_echo_echo_la_LDFLAGS = -module -avoid-version -shared

pkglib_LTLIBRARIES += %D%/chat/chat.la
%C%_chat_chat_la_SOURCES = %D%/chat/chat.c
%C%_chat_chat_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/handlers
%C%_chat_chat_la_LDFLAGS = -module -avoid-version -shared

EXTRA_DIST += %D%/chat/page/index.html %D%/chat/page/chat.css \
  %D%/chat/page/chat.js %D%/chat/page/view.js
