/*
 * v1.test.mjs - clients and pages of 2011 to 2013, alone and among all others
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openBrowser, visitor } from "./lib/browser.mjs";
import { fresh } from "./lib/cases.mjs";
import { ask, closing, connect } from "./lib/client.mjs";
import { fronts, startFront } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { together } from "./lib/together.mjs";
import { browserBuild, connectV1, ofV1 } from "./lib/v1.mjs";
import { DEADLINE, collect, next } from "./lib/wait.mjs";

const TEXT = "Grüße, 日本 \u{1F469}\u200D\u{1F4BB}\u{1F389} \"quoted\" 'single' \\ / \u2028\u2029\r\n\t \uFFFD3\uFFFD2:: </script>";
const ARGUMENTS = [1, -0.5, "two", null, true, [1, [2]], { k: { k: [] } }, ""];

/* Name -> (t, enter, url). */
const cases = {
  async "connects and is acknowledged with its own arguments"(t, enter) {
    const socket = await enter();
    assert.deepEqual(await ask(socket, "echo", ...ARGUMENTS), ARGUMENTS);
    assert.deepEqual(await ask(socket, "echo"), []);
    assert.deepEqual(await ask(socket, "echo", TEXT, { [TEXT]: [TEXT] }), [TEXT, { [TEXT]: [TEXT] }]);
  },

  async "sends messages and JSON, and hears both as messages"(t, enter) {
    const socket = await enter(), heard = collect(socket, "message");
    socket.send("hello");
    socket.send("");
    socket.send(TEXT);
    socket.json.send({ a: [TEXT] });
    socket.json.send([1, 2]);
    await heard.reach(5);
    assert.deepEqual([...heard], ["hello", "", TEXT, { a: [TEXT] }, [1, 2]]);
  },

  async "a message with a callback is acknowledged by the library"(t, enter) {
    const socket = await enter();
    await new Promise((resolve) => socket.send("received?", resolve));
  },

  async "is asked and answers"(t, enter) {
    const socket = await enter();
    socket.on("question", (text, answer) => answer(text.toUpperCase(), [1]));
    const answers = next(socket, "answers");
    socket.emit("ask", "well?");
    assert.deepEqual((await answers)[0], [["WELL?", [1]]]);
  },

  async "has several namespaces on one connection"(t, enter) {
    const socket = await enter(), other = ofV1(socket, `/echo-${fresh("x")}`);
    await next(other, "connect");
    assert.deepEqual(await ask(other, "echo", "there"), ["there"]);
    other.packet({ type: "disconnect" });
    assert.deepEqual(await ask(socket, "echo", "still here"), ["still here"]);
  },

  async "is refused by a namespace that does not exist"(t, enter) {
    const socket = await enter(), other = ofV1(socket, `/${fresh("nowhere")}`);
    assert.deepEqual(await next(other, "connect_failed"), ["unauthorized"]);
    assert.deepEqual(await ask(socket, "echo", 1), [1]);
  },

  async "hears every broadcast once and in order"(t, enter) {
    const sockets = [await enter(), await enter()], mark = fresh("all");
    const lists = sockets.map((socket) => collect(socket, "broadcast", (...args) => args));
    for (let i = 0; i < 20; i++)
      sockets[0].emit("broadcast", mark, i);
    await Promise.all(sockets.map((socket) => next(socket, "broadcast", (name, i) => name === mark && i === 19)));
    await ask(sockets[1], "echo");
    for (const list of lists)
      assert.deepEqual(list.filter(([name]) => name === mark).map(([, i]) => i), Array.from({ length: 20 }, (_, i) => i));
  },

  async "gets bytes as base64 with a marker"(t, enter, url) {
    const socket = await enter(), room = fresh("room"), event = fresh("event");
    const other = closing(t, await connect("4.8.4", url)), heard = next(socket, event);
    await ask(socket, "join", room);
    await ask(other, "to", room, event, { deep: [Buffer.from([0, 1, 255])] });
    assert.deepEqual(await heard, [{ deep: [{ _base64: "AAH/" }] }]);
  },

  async "passes what is large both ways"(t, enter) {
    const socket = await enter(), text = "ä€\u{1F389} ".repeat(2000);
    const [back] = await ask(socket, "echo", text);
    assert.ok(back === text);
  },

  async "is sent away and does not come back by itself"(t, enter) {
    const socket = await enter(), gone = next(socket, "disconnect");
    socket.emit("kick");
    assert.deepEqual(await gone, ["booted"]);
    assert.equal(socket.socket.connected, false);
  },

  async "leaves, and others hear of it"(t, enter, url) {
    const socket = await enter();
    await ask(socket, "echo");
    socket.disconnect();
    assert.equal(socket.socket.connected, false);
    const [again] = await ask(await enter(), "echo", url);
    assert.equal(again, url);
  },
};

const declareV1 = (url, transport) => {
  for (const [sentence, run] of Object.entries(cases))
    it(sentence, (t) => run(t, async (options) => closing(t, await connectV1(url(), transport, options)), url()));
};

const TEXT_TYPE = { "Content-Type": "text/plain;charset=UTF-8" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

/* A session driven by hand, connected. */
async function hand(url, transport = "xhr-polling", query = "") {
  const { body } = await request(url, "/socket.io/1/?t=1400000000001");
  const sid = body.split(":")[0], path = `/socket.io/1/${transport}/${sid}?t=1400000000002${query}`;
  const session = { sid, body, get: () => request(url, path),
    post: (text, headers = TEXT_TYPE) => request(url, path, { method: "POST", body: text, headers }) };
  session.hello = await session.get();
  return session;
}

function byHand(url) {
  it("the handshake names its times and what is offered", async () => {
    const { body, hello } = await hand(url());
    assert.match(body, /^[\w-]{20}:120:120:((websocket|htmlfile|xhr-polling|jsonp-polling),?)+$/);
    assert.equal(hello.body, "1::");
    assert.match(hello.headers["content-type"], /^text\/plain; charset=utf-8$/i);
  });

  it("JSONP is spoken with the index of each request", async () => {
    const { body } = await request(url(), "/socket.io/1/?t=1&jsonp=4");
    assert.match(body, /^io\.j\[4\]\("[\w-]+:120:120:.*"\);$/);
    const session = await hand(url(), "jsonp-polling", "&i=5");
    assert.equal(session.hello.body, 'io.j[5]("1::");');
    const taken = await session.post(`d=${encodeURIComponent(JSON.stringify('5:1+::{"name":"echo","args":["</script>\\n"]}'))}`, FORM);
    assert.equal(taken.body, "1");
    const answer = await session.get();
    const page = { j: [] };
    let heard;
    page.j[5] = (text) => { heard = text; };
    Function("io", answer.body)(page);
    assert.equal(heard, '6:::1+["</script>\\n"]');
    assert.ok(!answer.body.includes("</script>"));
  });

  it("lengths are counted as JavaScript counts them", async () => {
    const session = await hand(url());
    await session.post("\uFFFD8\uFFFD3:::é€\u{1F600}\uFFFD5\uFFFD3:::x");
    assert.equal((await session.get()).body, "\uFFFD8\uFFFD3:::é€\u{1F600}\uFFFD5\uFFFD3:::x");
  });

  it("the newer of two polls gets what is said, the older one a noop", async () => {
    const session = await hand(url()), older = session.get();
    const newer = session.get();
    const first = await Promise.race([older.then(() => "older"), newer.then(() => "newer")]);
    assert.equal((await (first === "older" ? older : newer)).body, "8::");
    await session.post("3:::who?");
    assert.equal((await (first === "older" ? newer : older)).body, "3:::who?");
  });

  it("goodbye ends the waiting poll and the session", async () => {
    const session = await hand(url()), waiting = session.get();
    assert.equal((await session.post("0::")).body, "1");
    assert.match((await waiting).body, /^(0::|7:::1\+0)$/);
    assert.equal((await session.get()).body, "7:::1+0");
    assert.equal((await session.post("3:::x")).body, "1");
  });

  it("a page that is left says goodbye with a GET", async () => {
    const session = await hand(url());
    const { status, body } = await request(url(), `/socket.io/1//${session.sid}/?disconnect=1`);
    assert.equal(status, 200);
    assert.equal(body, "");
    assert.equal((await session.get()).body, "7:::1+0");
  });

  it("refusals are in its own words", async () => {
    const say = async (path) => { const { status, body } = await request(url(), path); return `${status} ${body}`; };
    assert.equal(await say("/socket.io/1/xhr-polling/BBBBBBBBBBBBBBBBBBBB?t=1"), "200 7:::1+0");
    assert.equal(await say("/socket.io/1/jsonp-polling/BBBBBBBBBBBBBBBBBBBB?t=1&i=2"), '200 io.j[2]("7:::1+0");');
    assert.equal(await say("/socket.io/2/"), "500 Protocol version not supported.");
    assert.equal(await say("/socket.io/1/pigeon/BBBBBBBBBBBBBBBBBBBB"), "400 Transport unknown");
  });
}

/* The browser build in a page of the front's own. */
async function pageV1(t, browser, url, transport) {
  /* a page of the same origin that lets scripts be added */
  const page = await visitor(browser, `${url}/socket.io/socket.io.js`);
  t.after(() => page.context().close());
  await page.addScriptTag({ path: browserBuild });
  await page.evaluate(([to, name, patience]) => new Promise((resolve, reject) => {
    window.old = window.io.connect(to, { "try multiple transports": false, "force new connection": true, "connect timeout": patience });
    window.old.socket.options.transports = [name];      /* the option would be mixed with the defaults */
    window.old.on("connect", resolve);
    window.old.on("connect_failed", () => reject(new Error("connect_failed")));
    window.old.on("error", (reason) => reject(new Error(String(reason))));
  }), [url, transport, DEADLINE]);
  return page;
}

/* A page and a client of today say the same to each other. */
async function inAPage(t, browser, url, transport) {
  const page = await pageV1(t, browser, url, transport), room = fresh("room"), event = fresh("said");
  const other = closing(t, await connect("4.8.4", url)), heard = collect(other, event, (from, text) => [from, text]);
  await ask(other, "join", room);
  await page.evaluate(([to, name]) => new Promise((resolve) => {
    window.heard = [];
    window.old.on(name, (...args) => window.heard.push(args));
    window.old.emit("join", to, resolve);
  }), [room, event]);
  await ask(other, "to", room, event, "4.8.4", TEXT);
  await page.evaluate(([to, name, text]) => new Promise((resolve) => {
    window.old.emit("to", to, name, "page", text, resolve);
  }), [room, event, TEXT]);
  await heard.reach(2);
  await page.waitForFunction(() => window.heard.length >= 2);
  const want = [["4.8.4", TEXT], ["page", TEXT]];
  assert.deepEqual([...heard], want);
  assert.deepEqual(await page.evaluate(() => window.heard), want);
  assert.deepEqual(page.complaints, []);
}

for (const name of fronts("lighttpd", "apache-fcgid", "none"))
  describe(`through ${name}`, () => {
    let front;
    const ws = name === "lighttpd", sockets = ws || name === "none" ? ["websocket"] : [];     /* none is siogate-ws itself */
    const transports = ["xhr-polling", ...sockets], pages = ["xhr-polling", "jsonp-polling", ...sockets];
    before(async () => { front = await startFront(name, { ws, conf: "ping_interval = 100s" }); });
    after(() => front?.stop());
    for (const transport of transports)
      describe(`client 0.9.17 by ${transport}`, () => declareV1(() => front.url, transport));
    describe("by hand", () => byHand(() => front.url));
    describe("in Chromium", () => {
      let browser;
      before(async () => { browser = await openBrowser(); });
      after(() => browser?.close());
      for (const transport of pages)
        it(`a page of 0.9.17 by ${transport} and 4.8.4 hear each other`, (t) => inAPage(t, browser, front.url, transport));
    });
    it("is in one room with 1.7.4, 2.5.0, 3.1.3 and 4.8.4", async (t) => together(t, [
      ...await Promise.all(transports.map(async (transport) => [`0.9.17 ${transport}`, await connectV1(front.url, transport)])),
      ...await Promise.all(["1.7.4", "2.5.0", "3.1.3", "4.8.4"].map(async (version) => [version, await connect(version, front.url)])),
    ], TEXT));
  });

describe("where v1 is off", () => {
  let front;
  before(async () => { front = await startFront("lighttpd", { conf: "generations = eio4 eio3" }); });
  after(() => front?.stop());
  it("its addresses are refused", async () => {
    assert.equal((await request(front.url, "/socket.io/1/")).status, 400);
  });
});
