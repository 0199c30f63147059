bin_PROGRAMS += siogate
siogate_SOURCES = %D%/command.h %D%/main.c %D%/act.c %D%/inbox.c %D%/acl.c %D%/look.c %D%/users.c %D%/list.h %D%/list.c %D%/check.h %D%/check.c %D%/check_places.c %D%/probe.c
siogate_LDADD = http/libhttp.a $(FLOOR_HANDLERS) $(SQLITE_LIBS) $(ZLIB_LIBS) -ldl -lpthread
siogate_LDFLAGS = -Wl,--export-dynamic

check_SCRIPTS += tests/ctl_names.sh
EXTRA_DIST += tests/ctl_names.sh
