noinst_LIBRARIES += %D%/libwire.a
%C%_libwire_a_SOURCES = %D%/codec.h %D%/jsonp.h %D%/packet.h 
