# A library of everything that reads bytes, so that tests can reach it.
noinst_LIBRARIES += %D%/libfcgidoor.a
%C%_libfcgidoor_a_SOURCES = \
	%D%/records.h %D%/records.c %D%/intake.h %D%/intake.c \
	%D%/arrival.h %D%/arrival.c \
	%D%/environment.h %D%/environment.c

siogatelibexecdir = $(libexecdir)/siogate
siogatelibexec_PROGRAMS = %D%/siogate.fcgi
%C%_siogate_fcgi_SOURCES = %D%/main.c %D%/door_private.h \
	%D%/connection.c %D%/response.c %D%/stream.c %D%/crew.c %D%/listen.c %D%/loop.c %D%/cgi.c
%C%_siogate_fcgi_LDFLAGS = $(RESPONDER_LDFLAGS) $(EXPORT_SIO)
%C%_siogate_fcgi_LDADD = %D%/libfcgidoor.a http/libhttp.a $(FLOOR_HANDLERS) \
	$(SQLITE_LIBS) $(UV_LIBS) $(ZLIB_LIBS) $(STATIC_CRYPTO_LIBS)

# Sends have processes of their own under mod_fcgid: the same binary, a second name.
install-exec-hook:
	cd $(DESTDIR)$(siogatelibexecdir) && \
	    rm -f siogate-send.fcgi && ln siogate.fcgi siogate-send.fcgi
uninstall-hook:
	rm -f $(DESTDIR)$(siogatelibexecdir)/siogate-send.fcgi

# These start the program itself.
FCGI_TEST_FLAGS = $(AM_CPPFLAGS) -DPROGRAM='"$(abs_builddir)/fcgi/siogate.fcgi"'
FCGI_TEST_SUPPORT = tests/fcgi_client.h tests/fcgi_responder.h
check_PROGRAMS += tests/fcgi_door_test
tests_fcgi_door_test_SOURCES = tests/fcgi_door_test.c $(FCGI_TEST_SUPPORT)
tests_fcgi_door_test_CPPFLAGS = $(FCGI_TEST_FLAGS)
tests_fcgi_door_test_LDADD = $(FLOOR_BASE)
check_PROGRAMS += tests/fcgi_start_test
tests_fcgi_start_test_SOURCES = tests/fcgi_start_test.c $(FCGI_TEST_SUPPORT)
tests_fcgi_start_test_CPPFLAGS = $(FCGI_TEST_FLAGS)
tests_fcgi_start_test_LDADD = $(FLOOR_STORE) $(SQLITE_LIBS)

check_PROGRAMS += tests/fcgi_intake_test
tests_fcgi_intake_test_SOURCES = tests/fcgi_intake_test.c tests/fcgi_client.h
tests_fcgi_intake_test_LDADD = %D%/libfcgidoor.a http/libhttp.a $(FLOOR_BASE)
