noinst_LIBRARIES += %D%/libsession.a
%C%_libsession_a_SOURCES = %D%/app.h %D%/engine.h %D%/live.h %D%/engine_private.h \
	%D%/live_private.h %D%/live.c %D%/live_say.c %D%/live_answer.c %D%/live_hear.c \
	%D%/live_time.c %D%/mirror.c \
	%D%/queue.h %D%/queue.c %D%/engine.c %D%/exchange.c %D%/poll.c \
	%D%/post_private.h %D%/open.c %D%/post.c %D%/connect.c \
	%D%/effect.c %D%/presence.c %D%/tail.c %D%/letter.c \
	%D%/task.c %D%/later.c %D%/outside.c %D%/setup.h %D%/setup.c

check_PROGRAMS += tests/session_engine_test tests/session_eio3_test
tests_session_engine_test_SOURCES = tests/session_engine_test.c tests/session_kit.h \
	tests/session_kit.c
tests_session_engine_test_LDADD = $(FLOOR_SESSION) $(SQLITE_LIBS)

check_PROGRAMS += tests/session_lock_test
tests_session_lock_test_SOURCES = tests/session_lock_test.c tests/session_kit.h \
	tests/session_kit.c
tests_session_lock_test_LDADD = $(FLOOR_SESSION) $(SQLITE_LIBS)

check_PROGRAMS += tests/session_letter_test
tests_session_letter_test_SOURCES = tests/session_letter_test.c tests/session_kit.h \
	tests/session_kit.c
tests_session_letter_test_LDADD = $(FLOOR_SESSION) $(SQLITE_LIBS)
check_PROGRAMS += tests/session_live_test
tests_session_live_test_SOURCES = tests/session_live_test.c tests/session_wire.h \
	tests/session_kit.h tests/session_kit.c
tests_session_live_test_LDADD = $(FLOOR_SESSION) $(SQLITE_LIBS)
check_PROGRAMS += tests/session_crowd_test
tests_session_crowd_test_SOURCES = tests/session_crowd_test.c tests/session_wire.h \
	tests/session_kit.h tests/session_kit.c
tests_session_crowd_test_LDADD = $(FLOOR_SESSION) $(SQLITE_LIBS)

tests_session_eio3_test_SOURCES = tests/session_eio3_test.c tests/session_kit.h \
	tests/session_kit.c
tests_session_eio3_test_LDADD = $(FLOOR_SESSION) $(SQLITE_LIBS)

check_PROGRAMS += tests/session_v0_test
tests_session_v0_test_SOURCES = tests/session_v0_test.c tests/session_kit.h \
	tests/session_kit.c
tests_session_v0_test_LDADD = $(FLOOR_SESSION) $(SQLITE_LIBS)

check_PROGRAMS += tests/session_v1_test
tests_session_v1_test_SOURCES = tests/session_v1_test.c tests/session_kit.h \
	tests/session_kit.c
tests_session_v1_test_LDADD = $(FLOOR_SESSION) $(SQLITE_LIBS)

check_PROGRAMS += tests/session_user_test
tests_session_user_test_SOURCES = tests/session_user_test.c tests/session_kit.h \
	tests/session_kit.c
tests_session_user_test_LDADD = $(FLOOR_SESSION) $(SQLITE_LIBS)
check_PROGRAMS += tests/session_later_test
tests_session_later_test_SOURCES = tests/session_later_test.c tests/session_kit.h \
	tests/session_kit.c
tests_session_later_test_LDADD = $(FLOOR_SESSION) $(SQLITE_LIBS)
