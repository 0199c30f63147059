# Every target is two programs: a test that `make check` runs (run_corpus.c), and
# with `configure --enable-fuzzers CC=clang` one that libFuzzer drives for hours.
EXTRA_DIST += %D%/fuzz.h
FUZZ_DRIVER = %D%/run_corpus.c %D%/fuzz.h
FUZZ_LINK = -fsanitize=fuzzer
CLEANFILES += %D%/*.crash

check_PROGRAMS += %D%/fuzz_json
%C%_fuzz_json_SOURCES = %D%/fuzz_json.c $(FUZZ_DRIVER)
%C%_fuzz_json_LDADD = $(FLOOR_BASE)
if FUZZERS
noinst_PROGRAMS += %D%/libfuzzer_json
%C%_libfuzzer_json_SOURCES = %D%/fuzz_json.c
%C%_libfuzzer_json_LDADD = $(FLOOR_BASE)
%C%_libfuzzer_json_LDFLAGS = $(FUZZ_LINK)
endif

check_PROGRAMS += %D%/fuzz_eio4 %D%/fuzz_jsonp
%C%_fuzz_eio4_SOURCES = %D%/fuzz_eio4.c $(FUZZ_DRIVER)
%C%_fuzz_eio4_LDADD = $(FLOOR_WIRE)
%C%_fuzz_jsonp_SOURCES = %D%/fuzz_jsonp.c $(FUZZ_DRIVER)
%C%_fuzz_jsonp_LDADD = $(FLOOR_WIRE)
if FUZZERS
noinst_PROGRAMS += %D%/libfuzzer_eio4 %D%/libfuzzer_jsonp
%C%_libfuzzer_eio4_SOURCES = %D%/fuzz_eio4.c
%C%_libfuzzer_eio4_LDADD = $(FLOOR_WIRE)
%C%_libfuzzer_eio4_LDFLAGS = $(FUZZ_LINK)
%C%_libfuzzer_jsonp_SOURCES = %D%/fuzz_jsonp.c
%C%_libfuzzer_jsonp_LDADD = $(FLOOR_WIRE)
%C%_libfuzzer_jsonp_LDFLAGS = $(FUZZ_LINK)
endif

check_PROGRAMS += %D%/fuzz_eio3
%C%_fuzz_eio3_SOURCES = %D%/fuzz_eio3.c $(FUZZ_DRIVER)
%C%_fuzz_eio3_LDADD = $(FLOOR_WIRE)
if FUZZERS
noinst_PROGRAMS += %D%/libfuzzer_eio3
%C%_libfuzzer_eio3_SOURCES = %D%/fuzz_eio3.c
%C%_libfuzzer_eio3_LDADD = $(FLOOR_WIRE)
%C%_libfuzzer_eio3_LDFLAGS = $(FUZZ_LINK)
endif

check_PROGRAMS += %D%/fuzz_v0
%C%_fuzz_v0_SOURCES = %D%/fuzz_v0.c tests/json_alike.h $(FUZZ_DRIVER)
%C%_fuzz_v0_LDADD = $(FLOOR_WIRE)
if FUZZERS
noinst_PROGRAMS += %D%/libfuzzer_v0
%C%_libfuzzer_v0_SOURCES = %D%/fuzz_v0.c
%C%_libfuzzer_v0_LDADD = $(FLOOR_WIRE)
%C%_libfuzzer_v0_LDFLAGS = $(FUZZ_LINK)
endif

check_PROGRAMS += %D%/fuzz_v1
%C%_fuzz_v1_SOURCES = %D%/fuzz_v1.c tests/json_alike.h $(FUZZ_DRIVER)
%C%_fuzz_v1_LDADD = $(FLOOR_WIRE)
if FUZZERS
noinst_PROGRAMS += %D%/libfuzzer_v1
%C%_libfuzzer_v1_SOURCES = %D%/fuzz_v1.c
%C%_libfuzzer_v1_LDADD = $(FLOOR_WIRE)
%C%_libfuzzer_v1_LDFLAGS = $(FUZZ_LINK)
endif

check_PROGRAMS += %D%/fuzz_conf
%C%_fuzz_conf_SOURCES = %D%/fuzz_conf.c $(FUZZ_DRIVER)
%C%_fuzz_conf_LDADD = $(FLOOR_BASE)
if FUZZERS
noinst_PROGRAMS += %D%/libfuzzer_conf
%C%_libfuzzer_conf_SOURCES = %D%/fuzz_conf.c
%C%_libfuzzer_conf_LDADD = $(FLOOR_BASE)
%C%_libfuzzer_conf_LDFLAGS = $(FUZZ_LINK)
endif

FUZZ_HTTP = tests/fake_engine.c tests/fake_engine.h tests/http_support.h
check_PROGRAMS += %D%/fuzz_request
%C%_fuzz_request_SOURCES = %D%/fuzz_request.c $(FUZZ_HTTP) $(FUZZ_DRIVER)
%C%_fuzz_request_LDADD = http/libhttp.a store/libstore.a $(FLOOR_WIRE) $(ZLIB_LIBS)
if FUZZERS
noinst_PROGRAMS += %D%/libfuzzer_request
%C%_libfuzzer_request_SOURCES = %D%/fuzz_request.c $(FUZZ_HTTP)
%C%_libfuzzer_request_LDADD = http/libhttp.a store/libstore.a $(FLOOR_WIRE) $(ZLIB_LIBS)
%C%_libfuzzer_request_LDFLAGS = $(FUZZ_LINK)
endif

FUZZ_INTAKE_LIBS = fcgi/libfcgidoor.a $(FLOOR_BASE) $(FCGI_LIBS)
check_PROGRAMS += %D%/fuzz_intake
%C%_fuzz_intake_SOURCES = %D%/fuzz_intake.c $(FUZZ_DRIVER)
%C%_fuzz_intake_LDADD = $(FUZZ_INTAKE_LIBS)
if FUZZERS
noinst_PROGRAMS += %D%/libfuzzer_intake
%C%_libfuzzer_intake_SOURCES = %D%/fuzz_intake.c
%C%_libfuzzer_intake_LDADD = $(FUZZ_INTAKE_LIBS)
%C%_libfuzzer_intake_LDFLAGS = $(FUZZ_LINK)
endif

check_PROGRAMS += %D%/fuzz_selector
%C%_fuzz_selector_SOURCES = %D%/fuzz_selector.c $(FUZZ_DRIVER)
%C%_fuzz_selector_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)
if FUZZERS
noinst_PROGRAMS += %D%/libfuzzer_selector
%C%_libfuzzer_selector_SOURCES = %D%/fuzz_selector.c
%C%_libfuzzer_selector_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)
%C%_libfuzzer_selector_LDFLAGS = $(FUZZ_LINK)
endif

check_PROGRAMS += %D%/fuzz_effect
%C%_fuzz_effect_SOURCES = %D%/fuzz_effect.c $(FUZZ_DRIVER)
%C%_fuzz_effect_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)
if FUZZERS
noinst_PROGRAMS += %D%/libfuzzer_effect
%C%_libfuzzer_effect_SOURCES = %D%/fuzz_effect.c
%C%_libfuzzer_effect_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)
%C%_libfuzzer_effect_LDFLAGS = $(FUZZ_LINK)
endif
