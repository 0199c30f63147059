/*
 * chromium.mjs - the browser builds, in a real browser, on a transport of our choice
 *
 * A page of an origin of its own or of the site's loads a client's script and is
 * spoken to as the clients in node are: say(name, ...args) waits for the answer,
 * heard(name) gives what came.
 *
 * SPDX-License-Identifier: ISC
 */
import { readFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { script } from "./v0.mjs";
import { DEADLINE, until, within } from "./wait.mjs";

const require = createRequire(import.meta.url);

/* Builds that only packages have; the others are served to every page. */
const packaged = { "1.0.6": "socket.io-client-106", "1.1.0": "socket.io-client-110",
  "1.2.1": "socket.io-client-121", "1.3.7": "socket.io-client-137" };

const buildOf = (version, url) => (version in packaged ?
  readFileSync(require.resolve(`${packaged[version]}/socket.io.js`), "utf8") : script(url, `/socket.io/${version}/socket.io.js`));

/*
 * Runs in the page: plays the document that Explorers hide a frame in.  A frame of the
 * page's is that document, so that the client's own frame lies in it, `parent` is its
 * window and Chromium runs the scripts as they arrive.
 */
function playExplorer() {
  window.ActiveXObject = function (name) {
    if (name !== "htmlfile")
      throw new Error(`no ${name} here`);
    const outer = document.body.appendChild(document.createElement("iframe"));
    const doc = outer.contentDocument;
    Object.defineProperty(doc, "parentWindow", { value: outer.contentWindow });
    return doc;
  };
  window.attachEvent = (name, hear) => window.addEventListener(name.slice(2), hear);
  window.CollectGarbage = () => {};
}

/* Runs in the page: opens a socket, whatever its generation calls that. */
function openThere({ version, transport, url, patience }) {
  const log = window.heardLog = {}, at = new URL(url), generation = version.split(".").slice(0, 2).join(".");
  const note = (name, args) => (log[name] ??= []).push(args);
  return new Promise((resolve, reject) => {
    const fail = (error) => reject(new Error(`no connection: ${JSON.stringify(error ?? null)} ${error?.message ?? ""}`));
    if (generation === "0.6") {
      let count = 0;
      const asked = {}, options = { port: at.port, transports: [transport], rememberTransport: false, reconnect: false, connectTimeout: patience };
      const socket = new window.io.Socket(at.hostname, options);
      socket.on("message", (message) => {
        if (message.ack)
          asked[message.ack]?.(message.args);
        else if (message.name)
          note(message.name, message.args);
      });
      socket.on("connect", () => resolve(socket.transport.type));
      socket.on("connect_failed", fail);
      socket.connect();
      window.sayThere = (name, args) => new Promise((answer) => {
        asked[++count] = answer;
        socket.send({ name, args, id: count });
      });
      window.leaveThere = () => socket.disconnect();
      return;
    }
    if (generation === "0.9")
      window.io.transports = [transport];       /* the option is only merged into these */
    const old = generation === "0.9", names = transport === "jsonp" || transport === "polling" ? ["polling"] : [transport];
    const socket = old ? window.io.connect(url, { transports: [transport], "force new connection": true, "try multiple transports": false, "connect timeout": patience }) :
      window.io(url, { transports: names, forceJSONP: transport === "jsonp", forceNew: true, upgrade: false, timeout: patience });
    socket.on("said", (...args) => note("said", args));
    socket.on("connect", () => resolve(old ? socket.socket.transport.name : transport));
    for (const name of ["error", "connect_error", "connect_failed"])
      socket.on(name, fail);
    window.sayThere = (name, args) => new Promise((answer) => socket.emit(name, ...args, (...list) => answer(list)));
    window.leaveThere = () => socket.disconnect();
  });
}

const PAGE = "<!doctype html><html><head><meta charset=\"utf-8\"><script></script></head><body></body></html>";

/* Another site: a page and nothing else.  {origin, close} */
export async function startSite() {
  const server = http.createServer((req, res) => res.setHeader("Content-Type", "text/html; charset=utf-8").end(PAGE));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/* origin: of the page, if it is another site's. */
export async function openChromium(browser, version, transport, url, { origin = url } = {}) {
  const context = await browser.newContext();
  context.setDefaultTimeout(DEADLINE);
  const page = await context.newPage(), complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  /* a page of the site's that does nothing by itself; Chromium lets none that came from nowhere ask for a WebSocket */
  await page.goto(origin === url ? `${url}/socket.io/4.8.4/LICENSE` : origin);
  if (transport === "htmlfile")
    await page.evaluate(playExplorer);
  await page.addScriptTag({ content: await buildOf(version, url) });
  try {
    const used = await within(page.evaluate(openThere, { version, transport, url, patience: DEADLINE }), `${version} on ${transport} in Chromium`);
    if (used !== transport)
      throw new Error(`${version} took ${used} for ${transport}`);
  } catch (error) {
    await context.close();
    throw new Error(`${error.message} ${complaints.join("; ")}`);
  }
  return {
    say: (name, ...args) => within(page.evaluate(([n, a]) => window.sayThere(n, a), [name, args]), `an answer to ${name}`),
    heard: () => page.evaluate(() => window.heardLog.said ?? []),
    reach(n) {
      return until(async () => (await this.heard()).length >= n, `${n} times "said" in Chromium`);
    },
    close: () => context.close(),
  };
}
