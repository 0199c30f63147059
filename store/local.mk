noinst_LIBRARIES += %D%/libstore.a
%C%_libstore_a_SOURCES = %D%/record.h %D%/store.h %D%/driver.h %D%/store.c \
	%D%/channel.c
