noinst_LIBRARIES += %D%/libbase.a
%C%_libbase_a_SOURCES = \
	%D%/rc.h %D%/rc.c %D%/slice.h %D%/slice.c %D%/mem.h %D%/mem.c \
	%D%/buf.h %D%/buf.c %D%/clock.h %D%/clock.c %D%/log.h %D%/log.c \
	%D%/utf8.h %D%/utf8.c %D%/base64.h %D%/base64.c \
	%D%/random.h %D%/random.c %D%/crypto.h %D%/crypto.c \
	%D%/json.h %D%/json_private.h %D%/json.c %D%/json_string.c \
	%D%/json_merge.h %D%/json_merge.c \
	%D%/arguments.h %D%/arguments.c \
	%D%/conf.h %D%/conf_private.h %D%/conf.c %D%/conf_options.c \
	%D%/conf_parse.c %D%/conf_find.c %D%/conf_load.c %D%/conf_print.c
%C%_libbase_a_CPPFLAGS = $(AM_CPPFLAGS) \
	-DPKGDATADIR='"$(pkgdatadir)"' -DPKGLIBDIR='"$(pkglibdir)"'

# Tests of this floor need nothing above it.
BASE_TESTS = tests/base_bytes_test tests/base_text_test tests/base_json_test tests/base_merge_test \
	tests/base_conf_test tests/base_place_test tests/base_random_test \
	tests/base_log_test
check_PROGRAMS += $(BASE_TESTS)
tests_base_bytes_test_SOURCES = tests/base_bytes_test.c
tests_base_bytes_test_LDADD = $(FLOOR_BASE)
tests_base_text_test_SOURCES = tests/base_text_test.c
tests_base_text_test_LDADD = $(FLOOR_BASE)
tests_base_json_test_SOURCES = tests/base_json_test.c
tests_base_json_test_LDADD = $(FLOOR_BASE)
tests_base_merge_test_SOURCES = tests/base_merge_test.c
tests_base_merge_test_LDADD = $(FLOOR_BASE)
tests_base_conf_test_SOURCES = tests/base_conf_test.c
tests_base_conf_test_LDADD = $(FLOOR_BASE)
tests_base_place_test_SOURCES = tests/base_place_test.c
tests_base_place_test_LDADD = $(FLOOR_BASE)
tests_base_random_test_SOURCES = tests/base_random_test.c
tests_base_random_test_LDADD = $(FLOOR_BASE)
tests_base_log_test_SOURCES = tests/base_log_test.c
tests_base_log_test_LDADD = $(FLOOR_BASE)
