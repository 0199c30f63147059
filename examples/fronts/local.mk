EXTRA_DIST += %D%/README.md %D%/lighttpd.conf %D%/lighttpd-cgi.conf %D%/apache-fcgid.conf \
	%D%/apache-fcgid-server.conf %D%/apache-proxy.conf %D%/apache-cgi.conf \
	%D%/nginx.conf %D%/htaccess-fcgid %D%/htaccess-cgi %D%/htaccess-proxy
EXTRA_DIST += examples/bundle/README.txt examples/bundle/htsiogate.conf
