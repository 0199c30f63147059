noinst_LIBRARIES += %D%/libbase.a
%C%_libbase_a_SOURCES = %D%/rc.h %D%/slice.h %D%/mem.h %D%/buf.h %D%/clock.h \
	%D%/log.h %D%/utf8.h %D%/base64.h %D%/random.h %D%/json.h %D%/conf.h
