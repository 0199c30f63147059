noinst_LIBRARIES += %D%/libstore.a
%C%_libstore_a_SOURCES = %D%/record.h %D%/store.h %D%/driver.h %D%/store.c \
	%D%/channel.c %D%/acl.c %D%/task.c %D%/sqlite_acl.c %D%/sqlite_presence.c %D%/sqlite_mail.c \
	%D%/memory_presence.c %D%/memory_acl.c \
	%D%/worker.h %D%/worker.c %D%/tally.h %D%/tally_file.h %D%/tally.c %D%/tally_file.c %D%/turnlock.h %D%/turnlock.c \
	%D%/sqlite_private.h %D%/sqlite_sql.h %D%/sqlite_sql.c \
	%D%/sqlite_open.c %D%/sqlite_schema.c %D%/sqlite_turn.c \
	%D%/sqlite_live.c %D%/sqlite_row.c \
	%D%/sqlite_moved.c \
	%D%/sqlite_session.c %D%/sqlite_poll.c %D%/sqlite_follow.c %D%/sqlite_drain.c \
	%D%/sqlite_socket.c %D%/sqlite_room.c %D%/sqlite_select.c \
	%D%/sqlite_log.c %D%/sqlite_question.c %D%/sqlite_task.c %D%/sqlite_timer.c \
	%D%/sqlite_value.c %D%/sqlite_janitor.c %D%/sqlite_wake.c \
	%D%/sqlite_checkpoint.c \
	%D%/memory_private.h %D%/memory.c %D%/memory_session.c %D%/memory_poll.c %D%/memory_follow.c \
	%D%/memory_socket.c %D%/memory_room.c %D%/memory_log.c \
	%D%/memory_question.c %D%/memory_task.c %D%/memory_timer.c %D%/memory_value.c \
	%D%/memory_janitor.c

# The contract that every driver keeps: one list of cases, a program a driver.
CONTRACT_SOURCES = tests/t.h tests/store_contract.h tests/store_contract.c \
	tests/store_contract_words.c tests/store_contract_hear.c \
	tests/store_contract_turn.c tests/store_contract_poll.c \
	tests/store_contract_close.c tests/store_contract_room.c \
	tests/store_contract_recover.c tests/store_contract_refuse.c tests/store_contract_log.c \
	tests/store_contract_task.c tests/store_contract_inbox.c tests/store_contract_look.c \
	tests/store_contract_worker.c tests/store_contract_lost.c tests/store_contract_acl.c tests/store_contract_user.c \
	tests/store_contract_follow.c

check_PROGRAMS += tests/store_sqlite_test tests/store_memory_test
tests_store_sqlite_test_SOURCES = $(CONTRACT_SOURCES) tests/store_sqlite_test.c
tests_store_sqlite_test_LDADD = $(FLOOR_STORE) $(SQLITE_LIBS)
tests_store_memory_test_SOURCES = $(CONTRACT_SOURCES) tests/store_memory_test.c
tests_store_memory_test_LDADD = $(FLOOR_STORE) $(SQLITE_LIBS)

noinst_PROGRAMS += bench/store_bench
bench_store_bench_SOURCES = bench/store_bench.c
bench_store_bench_LDADD = $(FLOOR_STORE) $(SQLITE_LIBS)

# The same random life on both.
check_PROGRAMS += tests/store_twins_test
tests_store_twins_test_SOURCES = $(CONTRACT_SOURCES) tests/store_twins.h \
	tests/store_twins_step.c tests/store_twins_say.c tests/store_twins_test.c
tests_store_twins_test_LDADD = $(FLOOR_STORE) $(SQLITE_LIBS)

check_PROGRAMS += tests/store_kill_test
tests_store_kill_test_SOURCES = tests/t.h tests/store_kill_test.c
tests_store_kill_test_LDADD = $(FLOOR_STORE) $(SQLITE_LIBS)
noinst_PROGRAMS += bench/store_crowd
bench_store_crowd_SOURCES = bench/store_crowd.c
bench_store_crowd_LDADD = $(FLOOR_STORE) $(SQLITE_LIBS)

check_PROGRAMS += tests/store_open_test
tests_store_open_test_SOURCES = tests/t.h tests/store_open_test.c
tests_store_open_test_LDADD = $(FLOOR_STORE) $(SQLITE_LIBS)

