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
