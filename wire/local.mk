noinst_LIBRARIES += %D%/libwire.a
%C%_libwire_a_SOURCES = \
	%D%/assembler.c %D%/assembler_private.h \
	%D%/codec.c %D%/codec.h \
	%D%/eio3.c %D%/eio4.c \
	%D%/form.c %D%/form_private.h \
	%D%/inline.c %D%/inline_private.h \
	%D%/jsonp.c %D%/jsonp.h \
	%D%/old.c %D%/old_private.h \
	%D%/packet.h \
	%D%/scan.c %D%/scan_private.h \
	%D%/sio.c %D%/sio_private.h \
	%D%/v0.c %D%/v0.h \
	%D%/v1.c

noinst_PROGRAMS += bench/codec_bench
bench_codec_bench_SOURCES = bench/codec_bench.c
bench_codec_bench_LDADD = $(FLOOR_WIRE)

EXTRA_DIST += tests/vectors

check_PROGRAMS += tests/wire_assembler_test tests/wire_eio4_test \
	tests/wire_eio4_write_test tests/wire_jsonp_test tests/wire_transcript_test \
	tests/wire_eio3_test tests/wire_eio3_transcript_test
tests_wire_assembler_test_SOURCES = tests/wire_assembler_test.c tests/t.h
tests_wire_assembler_test_LDADD = $(FLOOR_WIRE)
tests_wire_eio4_test_SOURCES = tests/wire_eio4_test.c tests/t.h
tests_wire_eio4_test_LDADD = $(FLOOR_WIRE)
tests_wire_eio4_write_test_SOURCES = tests/wire_eio4_write_test.c tests/t.h
tests_wire_eio4_write_test_LDADD = $(FLOOR_WIRE)
tests_wire_jsonp_test_SOURCES = tests/wire_jsonp_test.c tests/t.h
tests_wire_jsonp_test_LDADD = $(FLOOR_WIRE)
tests_wire_transcript_test_SOURCES = tests/wire_transcript_test.c tests/transcript.h \
	tests/t.h
tests_wire_transcript_test_CPPFLAGS = $(AM_CPPFLAGS) -DVECTORS='"$(abs_srcdir)/tests/vectors"'
tests_wire_transcript_test_LDADD = $(FLOOR_WIRE) $(CJSON_LIBS)
tests_wire_eio3_test_SOURCES = tests/wire_eio3_test.c tests/t.h
tests_wire_eio3_test_LDADD = $(FLOOR_WIRE)
tests_wire_eio3_transcript_test_SOURCES = tests/wire_eio3_transcript_test.c \
	tests/transcript.h tests/t.h
tests_wire_eio3_transcript_test_CPPFLAGS = $(AM_CPPFLAGS) -DVECTORS='"$(abs_srcdir)/tests/vectors"'
tests_wire_eio3_transcript_test_LDADD = $(FLOOR_WIRE) $(CJSON_LIBS)

check_PROGRAMS += tests/wire_v0_test tests/wire_v0_transcript_test
tests_wire_v0_test_SOURCES = tests/wire_v0_test.c tests/t.h
tests_wire_v0_test_LDADD = $(FLOOR_WIRE)
tests_wire_v0_transcript_test_SOURCES = tests/wire_v0_transcript_test.c \
	tests/transcript.h tests/t.h
tests_wire_v0_transcript_test_CPPFLAGS = $(AM_CPPFLAGS) -DVECTORS='"$(abs_srcdir)/tests/vectors"'
tests_wire_v0_transcript_test_LDADD = $(FLOOR_WIRE) $(CJSON_LIBS)

check_PROGRAMS += tests/wire_v1_test tests/wire_v1_transcript_test
tests_wire_v1_test_SOURCES = tests/wire_v1_test.c tests/t.h
tests_wire_v1_test_LDADD = $(FLOOR_WIRE)
tests_wire_v1_transcript_test_SOURCES = tests/wire_v1_transcript_test.c \
	tests/transcript.h tests/t.h
tests_wire_v1_transcript_test_CPPFLAGS = $(AM_CPPFLAGS) -DVECTORS='"$(abs_srcdir)/tests/vectors"'
tests_wire_v1_transcript_test_LDADD = $(FLOOR_WIRE) $(CJSON_LIBS)
