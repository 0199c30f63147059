noinst_LIBRARIES += %D%/libstore.a
%C%_libstore_a_SOURCES = %D%/record.h %D%/store.h %D%/driver.h %D%/store.c \
	%D%/channel.c \
	%D%/memory_private.h %D%/memory.c %D%/memory_session.c %D%/memory_poll.c \
	%D%/memory_socket.c %D%/memory_room.c %D%/memory_log.c \
	%D%/memory_question.c %D%/memory_task.c %D%/memory_value.c \
	%D%/memory_janitor.c

# The contract that every driver keeps: one list of cases, a program a driver.
CONTRACT_SOURCES = tests/t.h tests/store_contract.h tests/store_contract.c \
	tests/store_contract_words.c tests/store_contract_hear.c \
	tests/store_contract_turn.c tests/store_contract_poll.c \
	tests/store_contract_close.c tests/store_contract_room.c \
	tests/store_contract_recover.c tests/store_contract_log.c \
	tests/store_contract_task.c tests/store_contract_look.c \
	tests/store_contract_worker.c
