noinst_LIBRARIES += %D%/libhandlers.a
%C%_libhandlers_a_SOURCES = %D%/handlers.h %D%/handlers.c %D%/call.h %D%/call.c \
	%D%/modules.h %D%/modules.c %D%/offered.h %D%/offered.c \
	%D%/watchdog.h %D%/watchdog.c %D%/selector.h %D%/selector.c \
	%D%/effect_json.h %D%/effect_json.c %D%/curl.h %D%/curl.c \
	%D%/backend.h %D%/backend_private.h %D%/backend.c %D%/backend_rule.c \
	%D%/backend_body.c %D%/backend_answer.c %D%/backend_call.c \
	%D%/section.h %D%/section.c %D%/rooms.h %D%/rooms.c %D%/acl.h %D%/acl.c %D%/sio_acl.c \
	%D%/jwt.h %D%/jwt.c %D%/token.h %D%/token.c %D%/pattern.h %D%/pattern.c \
	%D%/history.h %D%/history.c \
	%D%/session_json.h %D%/session_json.c \
	%D%/sio_private.h %D%/sio_event.c %D%/sio_json.c %D%/sio_effect.c \
	%D%/sio_look.c \
	%D%/relay.h %D%/relay_private.h %D%/relay.c %D%/relay_rule.c %D%/relay_rate.c
nodist_%C%_libhandlers_a_SOURCES = %D%/modules_table.c
%C%_libhandlers_a_LIBADD = $(BUILTIN_OBJECTS)
%C%_libhandlers_a_DEPENDENCIES = $(BUILTIN_OBJECTS)
include_HEADERS += %D%/siogate.h
dist_man_MANS += man/siogate-module.3
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %D%/siogate.pc

# Programs that load modules link with this: modules call back into them.
EXPORT_SIO = -Wl,--export-dynamic

# Modules that are compiled in (configure --with-modules): each examples/NAME/NAME.c
# with its one symbol renamed, and a table of them.
CLEANFILES += %D%/modules_table.c
%D%/modules_table.c: Makefile
	@$(MKDIR_P) %D%
	$(AM_V_GEN){ echo '#include "handlers/modules.h"'; \
	for m in $(BUILTIN_MODULES); do \
		echo "extern const struct sio_module siogate_module_$$m;"; done; \
	echo 'const struct builtin_module builtin_modules[] = {'; \
	for m in $(BUILTIN_MODULES); do \
		echo "	{ \"$$m\", &siogate_module_$$m },"; done; \
	echo '	{ 0, 0 }'; \
	echo '};'; \
	echo 'const size_t builtin_modules_count ='; \
	echo '    sizeof(builtin_modules) / sizeof(builtin_modules[0]) - 1;'; \
	} >$@.new && mv $@.new $@

$(BUILTIN_OBJECTS): %D%/builtin_%.$(OBJEXT): $(BUILTIN_SOURCES) %D%/siogate.h
	@$(MKDIR_P) %D%
	$(AM_V_CC)$(COMPILE) -I$(srcdir)/%D% -Dsiogate_module=siogate_module_$* \
	    -c -o $@ $(srcdir)/examples/$*/$*.c

check_PROGRAMS += tests/handlers_selector_test
tests_handlers_selector_test_SOURCES = tests/handlers_selector_test.c
tests_handlers_selector_test_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)
check_PROGRAMS += tests/handlers_sio_test
tests_handlers_sio_test_SOURCES = tests/handlers_sio_test.c tests/handlers_fake.h
tests_handlers_sio_test_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)
check_PROGRAMS += tests/handlers_relay_test
tests_handlers_relay_test_SOURCES = tests/handlers_relay_test.c tests/handlers_fake.h
tests_handlers_relay_test_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)
check_PROGRAMS += tests/handlers_module_test
tests_handlers_module_test_SOURCES = tests/handlers_module_test.c tests/handlers_fake.h
tests_handlers_module_test_LDFLAGS = $(EXPORT_SIO)
tests_handlers_module_test_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)

# Modules for that test.
TEST_MODULE_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/%D%
TEST_MODULE_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
check_LTLIBRARIES += tests/modules/faulty.la tests/modules/refused_abi.la \
	tests/modules/refused_size.la tests/modules/refused_namespace.la \
	tests/modules/refused_function.la tests/modules/refused_symbol.la
tests_modules_faulty_la_SOURCES = tests/modules/faulty.c
tests_modules_faulty_la_CPPFLAGS = $(TEST_MODULE_CPPFLAGS)
tests_modules_faulty_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_modules_refused_abi_la_SOURCES = tests/modules/refused.c
tests_modules_refused_abi_la_CPPFLAGS = $(TEST_MODULE_CPPFLAGS) -DREFUSED_ABI
tests_modules_refused_abi_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_modules_refused_size_la_SOURCES = tests/modules/refused.c
tests_modules_refused_size_la_CPPFLAGS = $(TEST_MODULE_CPPFLAGS) -DREFUSED_SIZE
tests_modules_refused_size_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_modules_refused_namespace_la_SOURCES = tests/modules/refused.c
tests_modules_refused_namespace_la_CPPFLAGS = $(TEST_MODULE_CPPFLAGS) -DREFUSED_NAMESPACE
tests_modules_refused_namespace_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_modules_refused_function_la_SOURCES = tests/modules/refused.c
tests_modules_refused_function_la_CPPFLAGS = $(TEST_MODULE_CPPFLAGS) -DREFUSED_FUNCTION
tests_modules_refused_function_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_modules_refused_symbol_la_SOURCES = tests/modules/refused.c
tests_modules_refused_symbol_la_CPPFLAGS = $(TEST_MODULE_CPPFLAGS) -DREFUSED_SYMBOL
tests_modules_refused_symbol_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)

check_PROGRAMS += tests/handlers_chat_test
tests_handlers_chat_test_SOURCES = tests/handlers_chat_test.c \
	tests/session_kit.h tests/session_kit.c
tests_handlers_chat_test_LDFLAGS = $(EXPORT_SIO)
tests_handlers_chat_test_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)

check_PROGRAMS += tests/handlers_token_test
tests_handlers_token_test_SOURCES = tests/handlers_token_test.c tests/handlers_fake.h
tests_handlers_token_test_CPPFLAGS = $(AM_CPPFLAGS) -DVECTORS='"$(abs_srcdir)/tests/vectors"'
tests_handlers_token_test_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)

check_PROGRAMS += tests/handlers_acl_test
tests_handlers_acl_test_SOURCES = tests/handlers_acl_test.c tests/handlers_fake.h
tests_handlers_acl_test_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)

check_PROGRAMS += tests/handlers_effect_test
tests_handlers_effect_test_SOURCES = tests/handlers_effect_test.c
tests_handlers_effect_test_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)

noinst_PROGRAMS += bench/acl_bench
bench_acl_bench_SOURCES = bench/acl_bench.c
bench_acl_bench_LDADD = $(FLOOR_HANDLERS) $(SQLITE_LIBS)
