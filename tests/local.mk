EXTRA_DIST += %D%/t.h

# End to end: started by script/test, since they need web servers and a browser.
EXTRA_DIST += %D%/e2e/package.json %D%/e2e/package-lock.json %D%/e2e/.npmrc \
  %D%/e2e/lib %D%/e2e/modules %D%/e2e/faces \
  %D%/e2e/api.test.mjs \
  %D%/e2e/app.test.mjs \
  %D%/e2e/backend.test.mjs \
  %D%/e2e/bundle.test.mjs \
  %D%/e2e/chat.test.mjs \
  %D%/e2e/check.test.mjs \
  %D%/e2e/clients.test.mjs \
  %D%/e2e/command.test.mjs \
  %D%/e2e/crowd.test.mjs \
  %D%/e2e/deflate.test.mjs \
  %D%/e2e/doors.test.mjs \
  %D%/e2e/edge.test.mjs \
  %D%/e2e/eio3.test.mjs \
  %D%/e2e/examples.test.mjs \
  %D%/e2e/faces.test.mjs \
  %D%/e2e/faulty.test.mjs \
  %D%/e2e/handover.test.mjs \
  %D%/e2e/hixie.test.mjs \
  %D%/e2e/hostile.test.mjs \
  %D%/e2e/kill.test.mjs \
  %D%/e2e/many.test.mjs \
  %D%/e2e/matrix.test.mjs \
  %D%/e2e/oldedge.test.mjs \
  %D%/e2e/overload.test.mjs \
  %D%/e2e/pysocketio.test.mjs \
  %D%/e2e/python.test.mjs \
  %D%/e2e/relay.test.mjs \
  %D%/e2e/rfc6455.test.mjs \
  %D%/e2e/sameapache.test.mjs \
  %D%/e2e/sidecar.test.mjs \
  %D%/e2e/sidecars.test.mjs \
  %D%/e2e/spread.test.mjs \
  %D%/e2e/tls.test.mjs \
  %D%/e2e/trouble.test.mjs \
  %D%/e2e/upgrade.test.mjs \
  %D%/e2e/users.test.mjs \
  %D%/e2e/v0.test.mjs \
  %D%/e2e/v1.test.mjs \
  %D%/e2e/v1stream.test.mjs \
  %D%/e2e/verbs.test.mjs

# The house rules, as tests.
HOUSE_RULES = %D%/includes_point_down.sh %D%/headers_stand_alone.sh
check_SCRIPTS += $(HOUSE_RULES)
EXTRA_DIST += $(HOUSE_RULES)
AM_TESTS_ENVIRONMENT = CC='$(CC)'; export CC; \
	HEADER_CPPFLAGS='$(SQLITE_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)'; \
	export HEADER_CPPFLAGS;
