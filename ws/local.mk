noinst_LIBRARIES += %D%/libws.a
%C%_libws_a_SOURCES = %D%/frame.h %D%/frame.c
FLOOR_WS = %D%/libws.a

check_PROGRAMS += tests/ws_frame_test
tests_ws_frame_test_SOURCES = tests/ws_frame_test.c tests/t.h
tests_ws_frame_test_LDADD = $(FLOOR_WS) $(FLOOR_BASE)
