/*
 * conf_options.c - every option of siogate.conf, a row each
 *
 * The only place where options are listed.  A test walks the rows for holes.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "base/conf.h"

#define K 1024
#define M (K * K)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define TERA (INT64_C(1) << 40)

/* Name and offset come from one word, so they cannot differ. */
#define TEXT(name, dflt, check, group, help) \
	ROW(CONF_TEXT, name, dflt, 0, 0, NULL, group, help, check)
#define PATH(name, dflt, group, help) \
	ROW(CONF_PATH, name, dflt, 0, 0, NULL, group, help, NULL)
#define WORD(name, dflt, words, group, help) \
	ROW(CONF_WORD, name, dflt, 0, 0, words, group, help, NULL)
#define WORDS(name, dflt, words, group, help) \
	ROW(CONF_WORDS, name, dflt, 0, 0, words, group, help, NULL)
#define FLAG(name, dflt, group, help) \
	ROW(CONF_FLAG, name, dflt, 0, 1, NULL, group, help, NULL)
#define COUNT(name, dflt, min, max, group, help) \
	ROW(CONF_COUNT, name, dflt, min, max, NULL, group, help, NULL)
#define SIZE(name, dflt, min, max, group, help) \
	ROW(CONF_SIZE, name, dflt, min, max, NULL, group, help, NULL)
#define TIME(name, dflt, min, max, group, help) \
	ROW(CONF_TIME, name, dflt, min, max, NULL, group, help, NULL)
#define ROW(type, name, dflt, min, max, words, group, help, check) \
	{ #name, type, offsetof(struct conf, name), dflt, min, max, words, \
	  group, help, check }

#define PLACES   "Where things are"
#define MOUNT    "The mount"
#define PROTOCOL "Engine.IO and Socket.IO"
#define STORE    "The store"
#define OVERLOAD "Overload"
#define HANDLERS "Handlers"
#define DOOR     "The FastCGI door"
#define SOCKETS  "The WebSocket door"

/* What a file name, cookie or path may be made of. */
static bool
is_made_of(struct slice s, const char *others)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr(others, c) == NULL))
			return false;
	}
	return true;
}

static const char *
check_client(struct slice value)
{
	struct slice rest = value, name;
	bool is_good = true;
	size_t n = 0;

	for (; slice_cut(&rest, '/', &name); n++)
		is_good &= name.n > 0 && name.p[0] != '.' && is_made_of(name, ".-_");
	return is_good && n <= 2 ? NULL :
	    "name one file of client_dir or of a folder in it, as "
	    "socket.io.min.js or 0.9.17/socket.io.js";
}

static const char *
check_resource(struct slice value)
{
	struct slice rest = value, name;
	bool some = false;

	while (slice_cut(&rest, ' ', &name)) {
		if (name.n == 0)
			continue;
		if (name.p[0] == '/' || name.p[name.n - 1] == '/' ||
		    !is_made_of(name, "._~/-"))
			return "write names of letters, digits and ._~- with "
			    "blanks between, without a slash at either end, as "
			    "socket.io";
		some = true;
	}
	return some ? NULL : "write at least one name, as socket.io";
}

static const char *
check_api(struct slice value)
{
	return is_made_of(value, "._~-") ? NULL :
	    "write one name of letters, digits and ._~-, as siogate-api, or nothing";
}

static const char *
check_origins(struct slice value)
{
	struct slice rest = value, origin, scheme;
	bool some = false;

	while (slice_cut(&rest, ' ', &origin)) {
		if (origin.n == 0)
			continue;
		some = true;
		if (slice_is(origin, "self") || slice_is(origin, "*"))
			continue;
		slice_cut(&origin, ':', &scheme);
		if (scheme.n == 0 || !slice_starts(origin, SLICE("//")) ||
		    origin.n == 2 ||
		    slice_find(slice_skip(origin, 2), '/') != origin.n - 2)
			return "write self, * or origins as https://example.org:8443, "
			    "with blanks between and no slash at the end";
	}
	return some ? NULL : "write self, * or a list of origins";
}

static const char *
check_cookie(struct slice value)
{
	return is_made_of(value, "!#$%&'*+-.^_`|~") ? NULL :
	    "write a cookie's name, or nothing for no cookie";
}

static const char *
check_app(struct slice value)
{
	int64_t port;
	size_t colon;

	if (value.n == 0)
		return NULL;
	for (colon = value.n; colon > 0 && value.p[colon - 1] != ':'; colon--)
		;
	if (!slice_starts(value, SLICE("http://")) || colon <= 7 ||
	    !slice_int64(slice_skip(value, colon), &port) || port < 1 ||
	    port > 65535)
		return "write http://host:port with a number for a host and nothing "
		    "behind, as http://127.0.0.1:8000";
	return NULL;
}

static bool
is_ws_address(struct slice word)
{
	struct slice port;
	int64_t number;

	if (slice_starts(word, SLICE("tls:")))
		word = slice_skip(word, 4);
	port = word;
	while (slice_find(port, ':') < port.n)
		port = slice_skip(port, slice_find(port, ':') + 1);
	return port.n < word.n && slice_int64(port, &number) && number >= 0 &&
	    number <= 65535;
}

static const char *
check_ws_listen(struct slice value)
{
	struct slice rest = value, word;
	bool some = false;

	while (slice_cut(&rest, ' ', &word)) {
		if (word.n > 0 && !is_ws_address(word))
			return "write host:port, as 127.0.0.1:8081, [::1]:8081 or "
			    "tls:0.0.0.0:8443, with blanks between several";
		some |= word.n > 0;
	}
	return some ? NULL : "write at least one host:port";
}

static const char *
check_flash_listen(struct slice value)
{
	struct slice rest = value, word;

	while (slice_cut(&rest, ' ', &word))
		if (word.n > 0 && (slice_starts(word, SLICE("tls:")) ||
		    !is_ws_address(word)))
			return "write host:port, as 0.0.0.0:10843, with blanks "
			    "between several, or nothing";
	return NULL;
}

/* What Flash reads behind a colon: 80, 443,8081, 8000-8100 or *. */
static bool
is_ports(struct slice ports)
{
	size_t i;

	if (slice_is(ports, "*"))
		return true;
	for (i = 0; i < ports.n; i++)
		if (!(ports.p[i] >= '0' && ports.p[i] <= '9') && (i == 0 ||
		    i + 1 == ports.n || (ports.p[i] != ',' && ports.p[i] != '-') ||
		    ports.p[i - 1] == ',' || ports.p[i - 1] == '-'))
			return false;
	return ports.n > 0;
}

static const char *
check_flash_policy(struct slice value)
{
	struct slice rest = value, ports, domain;

	while (slice_cut(&rest, ' ', &ports)) {
		if (ports.n == 0)
			continue;
		slice_cut(&ports, ':', &domain);
		if (domain.n == 0 || !is_made_of(domain, ".-*") || !is_ports(ports))
			return "write domain:ports, as example.org:80,8081 or "
			    "*.example.org:8000-8100, with blanks between several";
	}
	return NULL;
}

const struct conf_option conf_options[] = {
	PATH(store, "", PLACES,
	    "Directory of the store, made if it is missing.  Empty: the folder of "
	    "this file if that is called .siogate, /var/lib/siogate for a file in "
	    "/etc/siogate, else .siogate beside this file.  Without a file, and for "
	    ".htsiogate.conf: .siogate above public_html if that is the account's "
	    "own, else in its home."),
	PATH(client_dir, "", PLACES,
	    "Folder with the client bundles (socket.io.js and its variants).  "
	    "Empty: the folder client beside the program if there is one, else the "
	    "installed one."),
	TEXT(client, "socket.io.min.js", check_client, PLACES,
	    "The bundle that the bare address MOUNT/socket.io.js serves, with its folder "
	    "if it lies in one: 0.9.17/socket.io.min.js lets pages that were made for "
	    "0.9 stay as they are.  Every version is at MOUNT/VERSION/socket.io.js, "
	    "too."),
	PATH(log, "", PLACES,
	    "File for the log.  Empty: the web server's error log (standard error)."),
	WORD(log_level, "warn", "error warn info debug", PLACES,
	    "How much is logged: info is the life of every client, debug every step."),
	SIZE(log_max_size, "10m", 0, TERA, PLACES,
	    "A larger log file is moved to FILE.1.  0: never."),

	TEXT(resource, "socket.io", check_resource, MOUNT,
	    "Name of the mount, the last part of its address; several with blanks "
	    "between."),
	WORDS(transports, "polling jsonp websocket",
	    "polling jsonp websocket flashsocket", MOUNT,
	    "Transports that are offered.  flashsocket is WebSocket as pages before "
	    "1.0 have it from a Flash film."),
	WORDS(generations, "eio4 eio3 v1 v0", "eio4 eio3 v1 v0", MOUNT,
	    "Client generations that are served: eio4 is Socket.IO 3 and 4, eio3 is "
	    "1 and 2, v1 is 0.7 to 0.9, v0 is 0.6."),
	WORD(streams, "auto", "auto on off", MOUNT,
	    "Whether clients before 1.0 get answers that go on (htmlfile, "
	    "xhr-multipart).  auto: from siogate-ws only, which sends everything at "
	    "once.  on: from siogate.fcgi, too; the web server must pass on what "
	    "it gets (stream-response-body, flushpackets, FcgidOutputBufferSize 0), "
	    "else those clients wait for a first byte in vain."),
	SIZE(stream_buffer, "256k", 4096, 100 * M, MOUNT,
	    "What may wait for a client that takes such an answer too slowly; beyond "
	    "it the session ends."),
	TIME(stream_time, "0", 0, 7 * DAY, MOUNT,
	    "Such an answer ends after this long, and its client begins anew.  0: it "
	    "does not end.  240s for mod_fcgid, which kills a process that has been "
	    "busy for longer."),
	TEXT(origins, "self", check_origins, MOUNT,
	    "Pages that may connect: self is the site's own host and port, * is "
	    "everybody, else a list of origins; several with blanks between."),
	FLAG(cors_credentials, "off", MOUNT,
	    "Whether pages of other origins may send cookies."),
	TEXT(cookie, "", check_cookie, MOUNT,
	    "Name of a cookie with the session's id, as some balancers want it.  "
	    "Empty: none."),
	FLAG(compression, "on", MOUNT,
	    "Whether answers are compressed when the client takes that."),
	SIZE(compression_threshold, "1024", 0, TERA, MOUNT,
	    "Answers below this are not compressed."),
	TEXT(api, "", check_api, MOUNT,
	    "Name of the mount of the HTTP API, for programs that speak from outside "
	    "(sections [api NAME]); the front must pass it on, too.  Empty: none."),
	TEXT(status_key, "", NULL, MOUNT,
	    "MOUNT/?key=THIS shows a page with details of what works.  Empty: no "
	    "details for anybody."),
	TEXT(trusted_proxies, "", NULL, MOUNT,
	    "Addresses whose X-Forwarded-For is believed, blanks between."),

	TIME(ping_interval, "25s", 100, 10 * MINUTE, PROTOCOL,
	    "The server pings this long after the last pong; no poll is held longer."),
	TIME(ping_timeout, "20s", 100, 10 * MINUTE, PROTOCOL,
	    "A client that does not answer a ping for this long has gone."),
	TIME(connect_timeout, "45s", 100, 10 * MINUTE, PROTOCOL,
	    "A client that joins no namespace in this time is sent away."),
	TIME(upgrade_timeout, "10s", 100, 10 * MINUTE, PROTOCOL,
	    "A WebSocket that shall take a polling session over has this long to do "
	    "it; then it is closed and polling goes on."),
	TIME(poll_hold, "0", 0, 10 * MINUTE, PROTOCOL,
	    "A poll is answered after this long even when there is nothing; for "
	    "proxies that cut long requests.  0: only the ping limits it."),
	SIZE(max_payload, "100000", 64, 100 * M, PROTOCOL,
	    "Largest body of a POST; clients are told.  mod_fcgid passes 131072 bytes "
	    "unless FcgidMaxRequestLen is raised, nginx 1m: stay below them."),
	COUNT(max_packets, "256", 1, 100000, PROTOCOL,
	    "Packets in one payload."),
	COUNT(max_attachments, "10", 0, 1000, PROTOCOL,
	    "Binary attachments of one packet."),
	WORD(old_binary, "base64", "base64 refuse", PROTOCOL,
	    "What clients before 1.0 get of an event with binary values: base64 is "
	    "{\"_base64\":\"...\"} for each value, refuse that they do not hear it."),
	COUNT(max_depth, "64", 1, 1000, PROTOCOL,
	    "How deep JSON may be nested."),
	TIME(recovery_window, "2m", 0, 7 * DAY, PROTOCOL,
	    "How long a client that lost its connection may come back and miss "
	    "nothing.  0: no connection state recovery."),
	COUNT(max_replay, "1000", 0, 1000000, PROTOCOL,
	    "Records that a returning client may have missed; beyond that it "
	    "connects anew."),

	WORD(journal, "wal", "wal truncate", STORE,
	    "Journal of SQLite.  truncate is slower and works on filesystems without "
	    "shared memory."),
	WORD(synchronous, "normal", "normal full", STORE,
	    "full also survives a power cut, at the price of a disk flush per "
	    "transaction."),
	SIZE(store_max_size, "64m", 0, TERA, STORE,
	    "Beyond this size emits are refused until old records are gone.  Stay "
	    "well under your quota.  0: no limit."),
	TIME(log_retention, "5m", SECOND, 30 * DAY, STORE,
	    "How long a record is kept for clients that are late."),
	TIME(lock_wait, "50ms", 1, 10 * SECOND, STORE,
	    "How long one turn waits for the write lock before it looks at its other "
	    "clients again."),
	TIME(lock_give_up, "5s", 100, 5 * MINUTE, STORE,
	    "A request that waits so long for the write lock is answered with 503."),

	COUNT(slots, "0", 0, 1000000, OVERLOAD,
	    "Polling sessions at once, over all processes, where each held poll "
	    "occupies a process (mod_fcgid, CGI): 15 is a cautious number there.  "
	    "0: no limit."),
	COUNT(max_sessions, "100000", 1, 10000000, OVERLOAD,
	    "Sessions at once."),
	COUNT(max_namespaces, "32", 1, 10000, OVERLOAD,
	    "Namespaces that one session may join."),
	COUNT(max_rooms, "256", 1, 100000, OVERLOAD,
	    "Rooms that one socket may be in."),
	SIZE(max_event, "100000", 64, 100 * M, OVERLOAD,
	    "Largest event that is emitted, attachments included."),
	COUNT(max_timers, "32", 0, 100000, OVERLOAD,
	    "Timers of one socket."),
	COUNT(max_questions, "256", 0, 1000000, OVERLOAD,
	    "Acks that one socket may owe."),
	COUNT(max_inbox, "100", 1, 1000000, OVERLOAD,
	    "Events of one client that wait for a backend; beyond that its POSTs are "
	    "held."),
	SIZE(max_inbox_size, "1m", 1024, TERA, OVERLOAD,
	    "Bytes of one client's events that wait for a backend."),
	COUNT(max_tasks, "100000", 0, 100 * M, OVERLOAD,
	    "Events of all clients that wait for backends, and whatever else waits for "
	    "an application; beyond that POSTs are held.  0: no limit."),
	COUNT(max_name, "256", 16, 4096, OVERLOAD,
	    "Bytes of the name of a namespace, room, user or event."),

	PATH(module_dir, "", HANDLERS,
	    "Folder of the handler modules.  Empty: the installed one."),
	TEXT(modules, "", NULL, HANDLERS,
	    "Modules that are loaded, blanks between, as chat echo."),
	TIME(handler_time, "10s", 100, 5 * MINUTE, HANDLERS,
	    "A process whose handler runs longer ends itself."),

	ROW(CONF_ADDRESS, listen, "", 0, 0, NULL, DOOR,
	    "Socket to listen on, a path or host:port.  Empty: the one that the web "
	    "server hands over.", NULL),
	COUNT(max_parked, "0", 0, 1000000, DOOR,
	    "Polls that one process holds.  0: as many as it may open files."),
	TIME(sleep_time, "10s", 0, DAY, DOOR,
	    "A process that nobody has asked anything for this long, and that holds no "
	    "poll, closes its store until the next request: it keeps 300 kB instead of "
	    "500, and that request takes some ms longer.  0: never."),
	COUNT(senders, "0", 0, 100, DOOR,
	    "Under mod_fcgid: how many processes are made ready to take POSTs when these "
	    "come fast.  With one alone, two POSTs that meet cost one of them a second.  "
	    "Only where answers leave at once (FcgidOutputBufferSize 0).  0: as many as "
	    "the server makes by itself."),

	ROW(CONF_TEXT, ws_listen, "127.0.0.1:8081", 0, 0, NULL, SOCKETS,
	    "Addresses of siogate-ws, host:port with a number for a host, blanks "
	    "between; with tls: in front they speak TLS, as tls:0.0.0.0:8443.  "
	    "Several processes may share them.", check_ws_listen),
	PATH(static_dir, "", SOCKETS,
	    "Folder of files that siogate-ws serves at all other addresses, for a "
	    "demo without a web server.  Empty: none."),
	TIME(ws_head_time, "15s", 10, 10 * MINUTE, SOCKETS,
	    "The head of a request comes in this time, or the connection ends."),
	TIME(ws_body_time, "30s", 10, 10 * MINUTE, SOCKETS,
	    "Every 16 kB of a body come in this time, or the connection ends."),
	TIME(ws_idle_time, "75s", 10, HOUR, SOCKETS,
	    "How long a connection stays open between two requests; longer than the "
	    "proxy in front keeps it."),
	TIME(ws_write_time, "30s", 10, 10 * MINUTE, SOCKETS,
	    "A client that takes nothing of what it is sent for this long is cut "
	    "off."),
	COUNT(ws_turn_sockets, "500", 1, 1000000, SOCKETS,
	    "WebSockets that are written to, for 4 ms at most, before siogate-ws looks at "
	    "what has come meanwhile; what is for more of them goes on after that.  More: "
	    "somewhat less work for a message to ten thousand, and longer waits beside it."),
	COUNT(ws_leave_rate, "500", 0, 1000000, SOCKETS,
	    "WebSocket clients that are closed per second when siogate-ws ends: they "
	    "come back at once, to whoever is left.  0: all at once."),
	TIME(ws_handover_time, "1h", 0, 7 * DAY, SOCKETS,
	    "How long a siogate-ws that SIGUSR2 replaced by a newer one goes on "
	    "with the clients that it has; then they are closed like those of one "
	    "that ends."),
	PATH(tls_certificate, "", SOCKETS,
	    "Certificate chain for addresses marked tls:, a PEM file.  SIGHUP reads it "
	    "again."),
	PATH(tls_key, "", SOCKETS,
	    "Its key, a PEM file.  Empty: in the same file."),
	TEXT(flash_policy, "", check_flash_policy, SOCKETS,
	    "Whose Flash films may open sockets to which ports, domain:ports, as "
	    "example.org:80,8081 *.example.net:8081; * for a domain or for ports is "
	    "everybody, or every port.  siogate-ws then answers a film's question "
	    "for it where WebSockets are served.  Empty: nobody's."),
	TEXT(flash_listen, "", check_flash_listen, SOCKETS,
	    "Further addresses where only that question is answered, as "
	    "0.0.0.0:10843; films ask at port 843 first, which only root may open.  "
	    "Empty: none."),
	TIME(flash_time, "3s", 10, 10 * MINUTE, SOCKETS,
	    "The question comes in this time, or the connection ends.  It is 23 "
	    "bytes, and the first other one ends it, too."),
	TEXT(app, "", check_app, SOCKETS,
	    "An application, as http://127.0.0.1:8000, to which siogate-ws passes "
	    "what is not Socket.IO, its WebSockets too: one port while you develop.  "
	    "Empty: none."),
	TIME(app_time, "1m", 100, HOUR, SOCKETS,
	    "How long the application may be silent before the answer is 504."),
	COUNT(app_connections, "100", 1, 100000, SOCKETS,
	    "Requests that the application gets at once; beyond that the answer is "
	    "503."),
	WORDS(ws_versions, "rfc6455", "rfc6455 hixie-76 hixie-75", SOCKETS,
	    "Versions of the WebSocket protocol that siogate-ws speaks: rfc6455 is that "
	    "of all browsers since 2012, hixie-76 and hixie-75 are those of Safari 5, "
	    "Opera 11 and Flash films.  They come only where nothing before siogate-ws "
	    "reads HTTP, and are not safe behind old proxies (hixie-76) or anywhere "
	    "(hixie-75), therefore off."),
	FLAG(ws_compression, "off", SOCKETS,
	    "Whether WebSocket messages are compressed with clients that offer it "
	    "(permessage-deflate)."),
	SIZE(ws_compression_threshold, "1k", 0, TERA, SOCKETS,
	    "Messages below this are sent as they are."),
	COUNT(ws_compression_window, "13", 9, 15, SOCKETS,
	    "Bits of the compressor's window: it looks back 2^this bytes for "
	    "repetitions."),
	COUNT(ws_compression_memory, "7", 1, 9, SOCKETS,
	    "The compressor's further memory, 2^(this+9) bytes (zlib's memLevel)."),
	FLAG(ws_compression_context, "off", SOCKETS,
	    "Whether a client's messages may refer to those before.  Many small "
	    "ones that are alike get shorter, but every client that used it keeps "
	    "about 2^(window+2) + 2^(memory+9) + 2^window bytes, and a broadcast is "
	    "compressed for each of them anew.  off: one compressor serves all."),
};
const size_t conf_options_count = N_ELEMENTS(conf_options);
