dist_man_MANS += %D%/siogate.1 %D%/siogate.fcgi.8 %D%/siogate-ws.8

# The list of options comes from their table.
man_MANS = %D%/siogate.conf.5
EXTRA_DIST += %D%/siogate.conf.5.in
CLEANFILES += %D%/siogate.conf.5 siogate.conf.sample
%D%/siogate.conf.5: $(srcdir)/%D%/siogate.conf.5.in siogate$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) %D% && ./siogate$(EXEEXT) options mdoc | \
	    sed -e '/^@OPTIONS@$$/{r /dev/stdin' -e 'd}' $(srcdir)/%D%/siogate.conf.5.in >$@

doc_DATA = siogate.conf.sample
siogate.conf.sample: siogate$(EXEEXT)
	$(AM_V_GEN)./siogate$(EXEEXT) options sample >$@
