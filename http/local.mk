noinst_LIBRARIES += %D%/libhttp.a
%C%_libhttp_a_SOURCES = %D%/http.h %D%/gateway_private.h %D%/gateway.c \
	%D%/route.h %D%/route.c %D%/query.h %D%/query.c \
	%D%/origin.h %D%/origin.c %D%/peer.h %D%/peer.c \
	%D%/error.h %D%/error.c %D%/dress.c %D%/exchange.c %D%/eio.c \
	%D%/greet.c %D%/poll.c %D%/post.c %D%/info.c %D%/client.c %D%/status.c
