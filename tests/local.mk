EXTRA_DIST += %D%/t.h

# End to end: started by script/test, since they need web servers and a browser.
EXTRA_DIST += %D%/e2e/package.json %D%/e2e/package-lock.json %D%/e2e/.npmrc \
  %D%/e2e/lib/browser.mjs %D%/e2e/lib/client.mjs %D%/e2e/lib/front.mjs \
  %D%/e2e/lib/http.mjs %D%/e2e/lib/proxy.mjs %D%/e2e/lib/random.mjs \
  %D%/e2e/lib/wait.mjs
