noinst_LIBRARIES += %D%/libhandlers.a
%C%_libhandlers_a_SOURCES =  
include_HEADERS += %D%/siogate.h
