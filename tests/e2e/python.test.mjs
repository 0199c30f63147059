/*
 * python.test.mjs - Django and the gateway on one Apache, pages in a browser
 *
 * The chat of examples/python/django_chat under mod_wsgi, the gateway beside it under
 * mod_fcgid; a responder and a process of the application are killed between any two
 * steps. Then the same as plain CGI, application and gateway.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openBrowser, visitor } from "./lib/browser.mjs";
import { fronts, killAll, startFront, top } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { until } from "./lib/wait.mjs";

const SECRET = "the secret of the chat's backend";
const PROCESSES = 4;

/* A folder that the serving account can read, with the example and the package. */
function layOut() {
  const folder = mkdtempSync(join(tmpdir(), "sio-site."));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "run"));
  cpSync(join(top, "examples/python/django_chat"), join(folder, "chat"), { recursive: true });
  cpSync(join(top, "python/siogate"), join(folder, "python/siogate"), { recursive: true });
  const begin = ["import os, sys", `sys.path.insert(0, ${JSON.stringify(join(folder, "python"))})`,
    `sys.path.insert(0, ${JSON.stringify(join(folder, "chat"))})`, "sys.dont_write_bytecode = True",
    `os.environ["SIOGATE_SECRET"] = ${JSON.stringify(SECRET)}`];
  writeFileSync(join(folder, "chat.wsgi"), [...begin, "from wsgi import application", ""].join("\n"));
  writeFileSync(join(folder, "chat.cgi"), ["#!/usr/bin/python3", ...begin,
    `exec(open(${JSON.stringify(join(folder, "chat/chat.cgi"))}).read(), ` +
    `{"__file__": ${JSON.stringify(join(folder, "chat/chat.cgi"))}})`, ""].join("\n"));
  chmodSync(join(folder, "chat.cgi"), 0o755);
  return folder;
}

const granted = (folder) => `<Directory "${folder}">\n  Require all granted\n</Directory>\n`;

const SITES = {
  "apache-fcgid": (folder) => `
    LoadModule wsgi_module /usr/lib/apache2/modules/mod_wsgi.so
    WSGISocketPrefix ${folder}/run/wsgi
    WSGIDaemonProcess chat processes=${PROCESSES} threads=1 display-name=siochat
    WSGIScriptAlias / ${folder}/chat.wsgi process-group=chat application-group=%{GLOBAL}
    ${granted(folder)}`,
  cgi: (folder) => `
    ScriptAlias / ${folder}/chat.cgi/
    ${granted(folder)}`,
};

/* a page that is closed says nothing: the ping tells */
const CONF = `generations = eio4 eio3 v1 v0
ping_interval = 3s
ping_timeout = 12s
[backend /chat]
url = http://127.0.0.1:@PORT@/socket.io-app/
secret = ${SECRET}
cookies = *
values = nicknames
timeout = 1m
attempts = 20
breaker = 100 / 1s
`;

async function startSite(front) {
  const folder = layOut();
  const site = join(folder, "site.conf");
  writeFileSync(site, SITES[front](folder));
  try {
    const host = await startFront(front, { conf: CONF, env: { SIOGATE_DEMO_SITE: site } });
    return { ...host, folder, stop: async () => {
      await host.stop();
      rmSync(folder, { recursive: true, force: true });
    } };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/* mod_wsgi's processes: their title is written over Apache's command, as far as that goes. */
function applications(run) {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return command.startsWith("siochat") && command.includes(`${run}/`);
    } catch {
      return false;                     /* ended meanwhile */
    }
  });
}

async function enter(browser, url, nick) {
  const page = await visitor(browser, url);
  await sees(page, "#state", "in the lobby");
  await page.fill("#name", nick);
  await page.press("#name", "Enter");
  await page.waitForFunction((name) => document.title === name, nick);
  return page;
}

/* Somebody whose process was killed may have left and come back before: the last of several. */
const sees = (page, selector, text) => page.locator(selector, { hasText: text }).last().waitFor();

/* In any order: who was lost with a process has left, and comes back behind the others. */
const lists = (page, ...names) => until(async () => {
  const there = await page.textContent("#nicknames");
  return there.split(", ").sort().join() === names.join();
}, `${names} to be listed`);

async function say(page, text) {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
  await sees(page, "#lines li", `me: ${text}`);
}

const lines = (page) => page.$$eval("#lines li:not(.note)", (nodes) => nodes.map((node) => node.textContent));

for (const name of fronts("apache-fcgid", "cgi"))
  describe(`the Django chat beside the gateway on ${name}`, () => {
    let host, browser, anna, ben, kills = 0;

    /* Somebody dies: a responder, then a process of the application, in turns. */
    async function kill() {
      if (name === "cgi")
        return;                         /* there every process ends after its request */
      const whom = kills++ % 2 ? applications(host.run) : host.responders();
      if (whom.length > 0)
        await killAll([whom[kills % whom.length]]);
    }

    before(async () => {
      host = await startSite(name);
      browser = await openBrowser();
    });
    after(async () => {
      await browser?.close();
      await host?.stop();
    });

    it("lets two people in, who see each other", async () => {
      anna = await enter(browser, `${host.url}/`, "anna");
      await kill();
      ben = await enter(browser, `${host.url}/`, "ben");
      await kill();
      await lists(anna, "anna", "ben");
      await lists(ben, "anna", "ben");
      await sees(anna, "#lines .note", "ben has connected");
    });

    it("carries what they say, in order, whoever dies between", async () => {
      const said = [];
      for (let i = 0; i < (name === "cgi" ? 2 : 6); i++) {
        const [from, to, nick] = i % 2 ? [ben, anna, "ben"] : [anna, ben, "anna"];
        await say(from, `line ${i}`);
        await sees(to, "#lines li", `${nick}: line ${i}`);
        said.push(`line ${i}`);
        await kill();
      }
      for (const page of [anna, ben])
        assert.deepEqual((await lines(page)).map((line) => line.replace(/^\w+: /, "")), said);
    });

    if (name === "apache-fcgid") {
      it("has a page of 2012 among the others", async () => {
        const old = await enter(browser, `${host.url}/?client=0.9.17/socket.io.js`, "olga");
        await lists(anna, "anna", "ben", "olga");
        await say(old, "good old days");
        await sees(anna, "#lines li", "olga: good old days");
        await say(ben, "still here");
        await sees(old, "#lines li", "ben: still here");
        assert.deepEqual(old.complaints, []);
        await old.close();
        await sees(anna, "#lines .note", "olga has disconnected");
      });

      it("brings dead processes of the application back", async () => {
        await until(() => applications(host.run).length === PROCESSES, "all processes");
      });
    }

    it("tells the others when somebody leaves", async () => {
      await ben.close();
      await sees(anna, "#lines .note", "ben has disconnected");
      await lists(anna, "anna");
      assert.deepEqual(anna.complaints, []);
    });

    it("tells a visitor of the backend's address to go away", async () => {
      const answer = await request(host.url, "/socket.io-app/");
      assert.equal(answer.status, 403);
      assert.match(answer.body, /not a call of siogate/);
    });
  });
