/*
 * clients.test.mjs - every stock client through every front
 *
 * SPDX-License-Identifier: ISC
 */
import { after, before, describe, it } from "node:test";
import { declare } from "./lib/cases.mjs";
import { clients } from "./lib/client.mjs";
import { fronts, startFront } from "./lib/front.mjs";

for (const name of fronts("lighttpd", "apache-fcgid", "apache-proxy", "nginx", "cgi", "lighttpd-cgi", "htaccess", "none"))
  describe(`through ${name}`, () => {
    let front;
    before(async () => { front = await startFront(name); });
    after(() => front?.stop());
    for (const version of Object.keys(clients))
      describe(`client ${version}`, () => declare(it, version, () => front.url));
  });
