noinst_LIBRARIES += %D%/libsession.a
%C%_libsession_a_SOURCES = %D%/app.h %D%/engine.h %D%/engine_private.h \
	%D%/engine.c %D%/poll.c %D%/post.c %D%/effect.c %D%/tail.c %D%/letter.c \
	%D%/task.c %D%/outside.c %D%/setup.h %D%/setup.c
