# The WebSocket door.
noinst_LIBRARIES += %D%/libws.a
%C%_libws_a_SOURCES = %D%/frame.h %D%/frame.c %D%/request.h %D%/request.c \
	%D%/chunked.h %D%/chunked.c %D%/upgrade.h %D%/upgrade.c \
	%D%/version.h %D%/version.c %D%/hixie.c \
	%D%/extension.h %D%/extension.c %D%/deflate.h %D%/deflate.c \
	%D%/packed.h %D%/packed.c %D%/out.h %D%/out.c %D%/stream.h %D%/stream.c \
	%D%/tls.h %D%/tls.c \
	%D%/socket.h %D%/socket.c %D%/answer.h %D%/answer.c %D%/files.h %D%/files.c \
	%D%/door_private.h %D%/http1.h %D%/http1_private.h %D%/http1.c %D%/serve.c %D%/app.h %D%/app.c \
	%D%/policy.h %D%/policy.c \
	%D%/live.h %D%/live.c %D%/listen.c %D%/handover.h %D%/handover.c \
	%D%/loop.c
FLOOR_WS = ws/libws.a http/libhttp.a $(FLOOR_BASE)
WS_LIBS = $(HTTP_PARSER_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS) $(UV_LIBS) $(ZLIB_LIBS)

bin_PROGRAMS += %D%/siogate-ws
%C%_siogate_ws_SOURCES = %D%/main.c
%C%_siogate_ws_LDFLAGS = $(EXPORT_SIO)
%C%_siogate_ws_LDADD = ws/libws.a http/libhttp.a $(FLOOR_HANDLERS) \
	$(WS_LIBS) $(SQLITE_LIBS)

# Each of these needs nothing but what it tests.
check_PROGRAMS += tests/ws_frame_test tests/ws_request_test \
	tests/ws_chunked_test tests/ws_upgrade_test tests/ws_out_test tests/ws_files_test \
	tests/ws_extension_test tests/ws_deflate_test tests/ws_hixie_test
tests_ws_hixie_test_SOURCES = tests/ws_hixie_test.c
tests_ws_hixie_test_LDADD = $(FLOOR_WS) $(WS_LIBS)
tests_ws_extension_test_SOURCES = tests/ws_extension_test.c
tests_ws_extension_test_LDADD = $(FLOOR_WS) $(WS_LIBS)
tests_ws_deflate_test_SOURCES = tests/ws_deflate_test.c
tests_ws_deflate_test_LDADD = $(FLOOR_WS) $(WS_LIBS)
tests_ws_frame_test_SOURCES = tests/ws_frame_test.c
tests_ws_frame_test_LDADD = $(FLOOR_WS) $(WS_LIBS)
tests_ws_request_test_SOURCES = tests/ws_request_test.c
tests_ws_request_test_LDADD = $(FLOOR_WS) $(WS_LIBS)
tests_ws_chunked_test_SOURCES = tests/ws_chunked_test.c
tests_ws_chunked_test_LDADD = $(FLOOR_WS)
tests_ws_files_test_SOURCES = tests/ws_files_test.c
tests_ws_files_test_LDADD = $(FLOOR_WS) $(WS_LIBS)
tests_ws_out_test_SOURCES = tests/ws_out_test.c
tests_ws_out_test_LDADD = $(FLOOR_WS)
tests_ws_upgrade_test_SOURCES = tests/ws_upgrade_test.c
tests_ws_upgrade_test_LDADD = $(FLOOR_WS) $(WS_LIBS)

# These start the program itself.
EXTRA_DIST += tests/ws_server.h
check_PROGRAMS += tests/ws_socket_test
tests_ws_socket_test_SOURCES = tests/ws_socket_test.c
tests_ws_socket_test_LDADD = $(FLOOR_WS) $(WS_LIBS)
check_PROGRAMS += tests/ws_http1_test
tests_ws_http1_test_SOURCES = tests/ws_http1_test.c
tests_ws_http1_test_CPPFLAGS = $(AM_CPPFLAGS) \
	-DPROGRAM='"$(abs_builddir)/ws/siogate-ws"'
tests_ws_http1_test_LDADD = $(FLOOR_BASE)
check_PROGRAMS += tests/ws_policy_test
tests_ws_policy_test_SOURCES = tests/ws_policy_test.c
tests_ws_policy_test_CPPFLAGS = $(AM_CPPFLAGS) \
	-DPROGRAM='"$(abs_builddir)/ws/siogate-ws"'
tests_ws_policy_test_LDADD = $(FLOOR_BASE)
check_PROGRAMS += tests/ws_live_test
tests_ws_live_test_SOURCES = tests/ws_live_test.c
tests_ws_live_test_CPPFLAGS = $(AM_CPPFLAGS) \
	-DPROGRAM='"$(abs_builddir)/ws/siogate-ws"'
tests_ws_live_test_LDADD = $(FLOOR_BASE)

check_PROGRAMS += tests/fuzz/fuzz_frame tests/fuzz/fuzz_head tests/fuzz/fuzz_deflate \
	tests/fuzz/fuzz_hixie
tests_fuzz_fuzz_hixie_SOURCES = tests/fuzz/fuzz_hixie.c $(FUZZ_DRIVER)
tests_fuzz_fuzz_hixie_LDADD = $(FLOOR_WS) $(WS_LIBS)
tests_fuzz_fuzz_deflate_SOURCES = tests/fuzz/fuzz_deflate.c $(FUZZ_DRIVER)
tests_fuzz_fuzz_deflate_LDADD = $(FLOOR_WS) $(WS_LIBS)
tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c $(FUZZ_DRIVER)
tests_fuzz_fuzz_frame_LDADD = $(FLOOR_WS)
tests_fuzz_fuzz_head_SOURCES = tests/fuzz/fuzz_head.c $(FUZZ_DRIVER)
tests_fuzz_fuzz_head_LDADD = $(FLOOR_WS) $(WS_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/libfuzzer_frame tests/fuzz/libfuzzer_head \
	tests/fuzz/libfuzzer_deflate tests/fuzz/libfuzzer_hixie
tests_fuzz_libfuzzer_hixie_SOURCES = tests/fuzz/fuzz_hixie.c
tests_fuzz_libfuzzer_hixie_LDADD = $(FLOOR_WS) $(WS_LIBS)
tests_fuzz_libfuzzer_hixie_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_libfuzzer_deflate_SOURCES = tests/fuzz/fuzz_deflate.c
tests_fuzz_libfuzzer_deflate_LDADD = $(FLOOR_WS) $(WS_LIBS)
tests_fuzz_libfuzzer_deflate_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_libfuzzer_frame_SOURCES = tests/fuzz/fuzz_frame.c
tests_fuzz_libfuzzer_frame_LDADD = $(FLOOR_WS)
tests_fuzz_libfuzzer_frame_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_libfuzzer_head_SOURCES = tests/fuzz/fuzz_head.c
tests_fuzz_libfuzzer_head_LDADD = $(FLOOR_WS) $(WS_LIBS)
tests_fuzz_libfuzzer_head_LDFLAGS = $(FUZZ_LINK)
endif
