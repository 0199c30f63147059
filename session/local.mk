noinst_LIBRARIES += %D%/libsession.a
%C%_libsession_a_SOURCES = %D%/app.h %D%/engine.h 
