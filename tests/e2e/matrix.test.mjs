/*
 * matrix.test.mjs - every client on every transport behind every front
 *
 * Each cell is a client that enters a room in which one of 4.8.4 sits; both say
 * what breaks bad escaping, both hear both, once and in one order.  What is told in
 * the end is a table without holes: passed, or why it cannot be run here.  Ordinary
 * runs have a cell or two of each generation, --all has all.
 *
 * Clients run in node, as browser builds on what lib/page.mjs has of a browser
 * ("page", whose WebSocket is that of 2010 where it says hixie), or in Chromium, which
 * plays an Explorer for htmlfile.  Of 1.0 to 1.3 the packages hold browser builds; what
 * they need in node is not in the registry, so that package.json overrides it with
 * what can be had and nothing here loads it.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openBrowser } from "./lib/browser.mjs";
import { fresh } from "./lib/cases.mjs";
import { openChromium, startSite } from "./lib/chromium.mjs";
import { ask, clients, connect, oldClients } from "./lib/client.mjs";
import { all, fronts, startFront } from "./lib/front.mjs";
import { openPage } from "./lib/page.mjs";
import { openV0, script } from "./lib/v0.mjs";
import { DEADLINE, collect, next } from "./lib/wait.mjs";

const TEXT = "Grüße, 日本 \u{1F469}\u200D\u{1F4BB}\u{1F389} \"quoted\" 'single' \\ \u2028\u2029\n\t \ud83c. ~m~3~m~ </script>";
const FRONTS = all ? ["none", "lighttpd", "apache-fcgid", "apache-proxy", "nginx", "cgi", "htaccess"] : ["none", "lighttpd"];
const NO_STREAMS = { cgi: "CGI cannot let an answer go on", htaccess: "mod_fcgid passes nothing on before the end, and .htaccess cannot tell it to" };
const STREAMS = ["htmlfile", "xhr-multipart"], HIXIE = ["hixie-76", "hixie-75"];

/* A client as a cell wants it: say(name, ...args) gives the answer's arguments. */
const emitter = (socket, close) => {
  const list = collect(socket, "said", (...args) => JSON.parse(JSON.stringify(args)));
  return { say: (name, ...args) => ask(socket, name, ...args), heard: async () => [...list], reach: (n) => list.reach(n), close };
};

const ways = {
  async node(version, transport, url) {
    const socket = await connect(version, url, { transports: [transport], upgrade: false });
    return emitter(socket, () => socket.disconnect());
  },
  async page(version, transport, url) {
    const isHixie = HIXIE.includes(transport), websocket = isHixie ? transport : transport === "websocket";
    if (isHixie)
      transport = "websocket";
    if (version.startsWith("0.6")) {
      const voice = await openV0(url, transport, { websocket });
      return emitter(voice, () => voice.disconnect());
    }
    const page = openPage(await script(url, `/socket.io/${version}/socket.io.js`), url,
      { htmlfile: transport === "htmlfile", websocket });
    Object.assign(page.window, { url, transport });
    page.run(`io.transports = [transport]; var socket = io.connect(url, { "try multiple transports": false, "connect timeout": ${DEADLINE}, reconnect: false });`);
    const { socket } = page.window;
    socket.off = socket.removeListener;
    await next(socket, "connect").catch((error) => { page.leave(); throw error; });
    return emitter(socket, () => page.leave());
  },
  chromium: (version, transport, url) => openChromium(browser, version, transport, url),
  elsewhere: (version, transport, url) => openChromium(browser, version, transport, url, { origin: site.origin }),
};
const nameOf = { node: "in node", page: "page", chromium: "Chromium", elsewhere: "Chromium, another origin" };

const row = (version, way, ...transports) => transports.map((transport) => ({ version, way, transport }));
const rows = [
  ...row("0.6.18", "page", "xhr-polling", "jsonp-polling", "htmlfile", "xhr-multipart", "websocket", ...HIXIE, "flashsocket"),
  ...row("0.6.18", "chromium", "xhr-polling", "jsonp-polling", "htmlfile", "xhr-multipart", "websocket"),
  ...row("0.9.17", "page", "xhr-polling", "jsonp-polling", "htmlfile", "websocket", ...HIXIE, "flashsocket"),
  ...row("0.9.17", "chromium", "xhr-polling", "jsonp-polling", "htmlfile", "websocket"),
  ...["1.0.6", "1.1.0", "1.2.1", "1.3.7"].flatMap((version) => row(version, "chromium", "polling", "jsonp", "websocket")),
  ...["1.4.8", "1.7.4", "2.0.4", "2.5.0", "3.1.3", "4.0.1", "4.8.4"].flatMap((version) => row(version, "node", "polling", "websocket")),
  ...["1.7.4", "2.5.0"].flatMap((version) => row(version, "chromium", "polling", "jsonp", "websocket")),
  ...row("4.8.4", "chromium", "polling", "websocket"),
  ...row("0.6.18", "elsewhere", "xhr-polling", "jsonp-polling"),
  ...row("0.9.17", "elsewhere", "xhr-polling", "jsonp-polling"),
  ...["1.0.6", "1.1.0", "1.2.1", "1.3.7", "1.7.4", "2.5.0"].flatMap((version) => row(version, "elsewhere", "polling", "jsonp")),
  ...row("4.8.4", "elsewhere", "polling"),
];

/* Ordinary runs have these, by version, way and transport. */
const FEW = ["0.6.18 page jsonp-polling", "0.6.18 chromium xhr-polling", "0.9.17 page xhr-polling", "0.9.17 chromium jsonp-polling",
  "1.0.6 chromium websocket", "1.3.7 chromium polling",
  "1.7.4 chromium jsonp", "2.5.0 elsewhere jsonp", "2.5.0 node polling", "4.8.4 chromium polling", "4.8.4 elsewhere polling", "4.8.4 node websocket"];

/* Why a cell cannot be run here; undefined: it can. */
function why({ version, way, transport }, front) {
  if (transport === "flashsocket")
    return "needs Flash";
  if (HIXIE.includes(transport) && front !== "none")
    return "the front passes no WebSocket of that age on";
  if (way === "chromium" && transport === "xhr-multipart")
    return "needs an old Gecko (see page)";
  if (STREAMS.includes(transport) && NO_STREAMS[front])
    return NO_STREAMS[front];
  return all || FEW.includes(`${version} ${way} ${transport}`) ? undefined : "only with --all";
}

async function cell({ version, way, transport }, url) {
  const room = fresh("room"), other = await connect("4.8.4", url);
  let client;
  try {
    client = await ways[way](version, transport, url);
    const theirs = collect(other, "said", (...args) => args.slice(0, 3));
    await client.say("join", room);
    await ask(other, "join", room);
    for (let i = 0; i < 3; i++) {
      await Promise.all([client.say("to", room, "said", "client", i, TEXT), ask(other, "to", room, "said", "other", i, TEXT)]);
    }
    await Promise.all([client.reach(6), theirs.reach(6)]);
    assert.deepEqual(await client.say("echo", TEXT, 1), [TEXT, 1]);
    const mine = (await client.heard()).map((args) => args.slice(0, 3));
    assert.deepEqual(mine, [...theirs]);
    for (const who of ["client", "other"])
      assert.deepEqual(mine.filter(([from]) => from === who), [0, 1, 2].map((i) => [who, i, TEXT]));
  } finally {
    await client?.close();
    other.disconnect();
  }
}

function table(results, names) {
  const title = ({ version, way, transport }) => `${version} ${nameOf[way]}, ${transport}`;
  const columns = [["client and transport", ...rows.map(title)],
    ...names.map((front) => [front, ...rows.map((each) => results.get(each)?.[front] ?? "")])];
  const widths = columns.map((column) => Math.max(...column.map((text) => text.length)));
  return rows.map((_, i) => i).concat(rows.length).map((i) =>
    columns.map((column, c) => column[i].padEnd(widths[c])).join(" | ").trimEnd()).join("\n");
}

let browser, site;
before(async () => {
  browser = await openBrowser();
  site = await startSite();
});
after(async () => {
  await browser?.close();
  site?.close();
});

describe("every client, transport and front", () => {
  const results = new Map(rows.map((each) => [each, {}])), names = fronts(...FRONTS);

  for (const name of names)
    describe(name, () => {
      let front;
      before(async () => {
        front = await startFront(name, { ws: true,
          conf: `streams = on\norigins = self ${site.origin}\ncors_credentials = on\nping_interval = 5s\nws_versions = rfc6455 ${HIXIE.join(" ")}` });
      });
      after(() => front?.stop());
      for (const each of rows) {
        const reason = why(each, name), cells = results.get(each);
        if (reason !== undefined) {
          cells[name] = reason === "only with --all" ? reason : `cannot be run here: ${reason}`;
          continue;
        }
        it(`${each.version} ${nameOf[each.way]}, ${each.transport}`, async () => {
          cells[name] = "failed";
          await cell(each, front.url);
          cells[name] = "passed";
        });
      }
    });

  it("the table has no holes", (t) => {
    for (const line of table(results, names).split("\n"))
      t.diagnostic(line);
    for (const each of rows)
      for (const name of names)
        assert.match(results.get(each)[name] ?? "", /^(passed|cannot be run here: \S.*|only with --all)$/, `${each.version} ${each.transport} ${name}`);
  });
});
