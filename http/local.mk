noinst_LIBRARIES += %D%/libhttp.a
%C%_libhttp_a_SOURCES = %D%/http.h %D%/request.c %D%/gateway_private.h \
	%D%/gateway.c \
	%D%/route.h %D%/route.c %D%/query.h %D%/query.c \
	%D%/origin.h %D%/origin.c %D%/speaker.c \
	%D%/api.h %D%/api_private.h %D%/api.c %D%/api_token.c %D%/api_verb.c %D%/api_user.c %D%/peer.h %D%/peer.c %D%/word.c \
	%D%/error.h %D%/error.c %D%/dress.c %D%/exchange.c %D%/eio.c \
	%D%/old.c %D%/stream.c %D%/v0.c %D%/v1.c \
	%D%/house.h %D%/house.c %D%/greet.c %D%/poll.c %D%/post.c %D%/info.c %D%/file.h %D%/file.c %D%/client.c \
	%D%/status.c

# On a fake engine: the session floor is not linked.
HTTP_FAKE = tests/fake_engine.c tests/fake_engine.h tests/http_support.h
HTTP_TEST_LIBS = %D%/libhttp.a store/libstore.a $(FLOOR_WIRE) $(ZLIB_LIBS)

check_PROGRAMS += tests/http_route_test tests/http_eio_test tests/http_eio3_test \
	tests/http_origin_test tests/http_dress_test tests/http_client_test
tests_http_route_test_SOURCES = tests/http_route_test.c
tests_http_route_test_LDADD = $(HTTP_TEST_LIBS)
tests_http_eio_test_SOURCES = tests/http_eio_test.c $(HTTP_FAKE)
tests_http_eio_test_LDADD = $(HTTP_TEST_LIBS)
tests_http_eio3_test_SOURCES = tests/http_eio3_test.c $(HTTP_FAKE)
tests_http_eio3_test_LDADD = $(HTTP_TEST_LIBS)
tests_http_origin_test_SOURCES = tests/http_origin_test.c $(HTTP_FAKE)
tests_http_origin_test_LDADD = $(HTTP_TEST_LIBS)
tests_http_dress_test_SOURCES = tests/http_dress_test.c $(HTTP_FAKE)
tests_http_dress_test_LDADD = $(HTTP_TEST_LIBS)
tests_http_client_test_SOURCES = tests/http_client_test.c $(HTTP_FAKE)
tests_http_client_test_LDADD = $(HTTP_TEST_LIBS)

check_PROGRAMS += tests/http_v0_test tests/http_stream_test
tests_http_stream_test_SOURCES = tests/http_stream_test.c $(HTTP_FAKE)
tests_http_stream_test_LDADD = $(HTTP_TEST_LIBS)
tests_http_v0_test_SOURCES = tests/http_v0_test.c $(HTTP_FAKE)
tests_http_v0_test_LDADD = $(HTTP_TEST_LIBS)

check_PROGRAMS += tests/http_generations_test
tests_http_generations_test_SOURCES = tests/http_generations_test.c $(HTTP_FAKE)
tests_http_generations_test_LDADD = $(HTTP_TEST_LIBS)

check_PROGRAMS += tests/http_transcript_test
tests_http_transcript_test_SOURCES = tests/http_transcript_test.c $(HTTP_FAKE)
tests_http_transcript_test_CPPFLAGS = $(AM_CPPFLAGS) -DVECTORS='"$(abs_srcdir)/tests/vectors"'
tests_http_transcript_test_LDADD = $(HTTP_TEST_LIBS) $(CJSON_LIBS)

check_PROGRAMS += tests/http_v1_test
tests_http_v1_test_SOURCES = tests/http_v1_test.c $(HTTP_FAKE)
tests_http_v1_test_LDADD = $(HTTP_TEST_LIBS)

# On a real engine and a store in memory.
check_PROGRAMS += tests/http_api_test
tests_http_api_test_SOURCES = tests/http_api_test.c tests/session_kit.h tests/session_kit.c
tests_http_api_test_LDADD = %D%/libhttp.a $(FLOOR_HANDLERS) $(SQLITE_LIBS) $(ZLIB_LIBS) -ldl
