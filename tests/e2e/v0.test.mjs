/*
 * v0.test.mjs - pages of 2010 and 2011, alone and among all others
 *
 * The client is the browser build inside the npm package socket.io 0.6.18, on as
 * much of a browser as it looks at (lib/page.mjs).
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fresh } from "./lib/cases.mjs";
import { ask, closing, connect } from "./lib/client.mjs";
import { RawSocket } from "./lib/frames.mjs";
import { all, fronts, startFront } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { together } from "./lib/together.mjs";
import { openV0 } from "./lib/v0.mjs";
import { collect, next, until, within } from "./lib/wait.mjs";

const TEXT = "Grüße, 日本 \u{1F469}\u200D\u{1F4BB}\u{1F389} \"quoted\" 'single' \\ / \u2028\u2029\n\t ~m~3~m~ </script> --socketio";
const POLLING = ["xhr-polling", "jsonp-polling"], STREAMS = ["htmlfile", "xhr-multipart"];

/* Name -> (t, enter, url, transport). */
const cases = {
  async "says text and hears it"(t, enter) {
    const page = await enter(), heard = collect(page, "message");
    for (const text of ["hello", "", TEXT, "line\nline\r\nline\n", "é€\u{1F600}"])
      page.socket.send(text);
    await heard.reach(5);
    /* a form knows one kind of line ends, so a message should have one kind, too */
    assert.deepEqual([...heard].map((text) => text.replaceAll("\r\n", "\n")),
      ["hello", "", TEXT, "line\nline\nline\n", "é€\u{1F600}"]);
  },

  async "says objects and lists of messages"(t, enter) {
    const page = await enter(), heard = collect(page, "message");
    page.socket.send({ a: [1, { b: TEXT }], name: "Bob" });
    page.socket.send(["one", { two: 2 }, 3, null]);
    await heard.reach(5);
    assert.deepEqual([...heard], [{ a: [1, { b: TEXT }], name: "Bob" }, "one", { two: 2 }, "3", ""]);
  },

  async "asks and is answered, and answers what it is asked"(t, enter) {
    const page = await enter();
    assert.deepEqual(await ask(page, "echo", 1, "two", [TEXT], { k: null }), [1, "two", [TEXT], { k: null }]);
    page.on("question", (text, answer) => answer(text.toUpperCase(), [1]));
    const answers = next(page, "answers");
    page.emit("ask", "well?");
    assert.deepEqual((await answers)[0], [["WELL?", [1]]]);
  },

  async "hears a channel while it has subscribed to it"(t, enter, url) {
    const page = await enter(), room = fresh("channel"), event = fresh("event");
    const other = closing(t, await connect("4.8.4", url)), heard = collect(page, event);
    page.socket.send(["__subscribe__", room]);
    await ask(page, "echo");
    await ask(other, "to", room, event, 1);
    await heard.reach(1);
    page.socket.send(["__unsubscribe__", room]);
    await ask(page, "echo");
    await ask(other, "to", room, event, 2);
    await ask(page, "echo");
    assert.deepEqual([...heard], [1]);
  },

  async "gets bytes as base64 with a marker"(t, enter, url) {
    const page = await enter(), room = fresh("room"), event = fresh("event");
    const other = closing(t, await connect("4.8.4", url)), heard = next(page, event);
    await ask(page, "join", room);
    await ask(other, "to", room, event, { deep: [Buffer.from([0, 1, 255])] });
    assert.deepEqual(await heard, [{ deep: [{ _base64: "AAH/" }] }]);
  },

  async "hears every broadcast once and in order"(t, enter) {
    const pages = [await enter(), await enter()], mark = fresh("all");
    const lists = pages.map((page) => collect(page, "broadcast", (...args) => args));
    for (let i = 0; i < 20; i++)
      pages[0].emit("broadcast", mark, i);
    await Promise.all(pages.map((page) => next(page, "broadcast", (name, i) => name === mark && i === 19)));
    await ask(pages[1], "echo");
    for (const list of lists)
      assert.deepEqual(list.filter(([name]) => name === mark).map(([, i]) => i), Array.from({ length: 20 }, (_, i) => i));
  },

  async "passes what is large both ways"(t, enter) {
    const page = await enter(), text = "ä€\u{1F389} ".repeat(2000);
    const [back] = await ask(page, "echo", text);
    assert.ok(back === text);
  },

  async "is sent away by the end of its session"(t, enter) {
    const page = await enter(), gone = next(page, "disconnect");
    page.emit("kick");
    await gone;
    assert.equal(page.socket.connected, false);
  },

  /* The form of a JSONP page keeps the address of its first session: it hears only. */
  async "comes back as another session when its own is unknown"(t, enter, url, transport) {
    const page = await enter({ reconnect: true, reconnectionDelay: 20 });
    const gone = next(page, "disconnect");
    page.emit("kick", true);
    await gone;
    await next(page, "connect");
    if (transport !== "jsonp-polling")
      assert.deepEqual(await ask(page, "echo", 1), [1]);
  },
};

export const declareV0 = (url, transport) => {
  for (const [sentence, run] of Object.entries(cases))
    it(sentence, (t) => run(t, async (options) => closing(t, await openV0(url(), transport, options)), url(), transport));
};

/* A page for each transport, and clients of the other generations. */
const inOneRoom = async (t, url, pages) => together(t, [
  ...await Promise.all(pages.map(async (transport) => [`0.6 ${transport}`, await openV0(url, transport)])),
  ...await Promise.all(["1.7.4", "2.5.0", "4.8.4"].map(async (version) => [version, await connect(version, url)])),
], TEXT);

const FORM = { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" };

function byHand(url) {
  const open = async () => /^~m~\d+~m~(.*)$/.exec((await request(url(), "/socket.io/xhr-polling//1300000000001")).body)[1];
  const poll = (sid) => request(url(), `/socket.io/xhr-polling/${sid}/1300000000002`);
  const say = (sid, text) => request(url(), `/socket.io/xhr-polling/${sid}/send`, { method: "POST", headers: FORM,
    body: `data=${encodeURIComponent(`~m~${text.length}~m~${text}`)}` });

  it("the newer of two polls gets what is said, the older one an empty answer", async () => {
    const sid = await open(), older = poll(sid);
    await new Promise((resolve) => setTimeout(resolve, 0));
    const newer = poll(sid);
    const first = await Promise.race([older.then((res) => ["older", res]), newer.then((res) => ["newer", res])]);
    assert.deepEqual([first[1].status, first[1].body], [200, ""]);
    assert.equal((await say(sid, "hi")).body, "ok");
    const { body } = await (first[0] === "older" ? newer : older);
    assert.equal(body, "~m~2~m~hi");
  });

  it("a session that is unknown is 404 to all", async () => {
    assert.equal((await poll("7206980395062943")).status, 404);
    assert.equal((await say("7206980395062943", "x")).status, 404);
    assert.equal((await request(url(), "/socket.io/jsonp-polling/7206980395062943/1/0")).status, 404);
  });

  it("garbage is taken and ignored", async () => {
    const sid = await open();
    for (const body of ["data=garbage", "data=", "", "x=1", "data=%FF%FE~m~", "data=~m~99999999999~m~"])
      assert.equal((await request(url(), `/socket.io/xhr-polling/${sid}/send`, { method: "POST", headers: FORM, body })).body, "ok");
    assert.equal((await say(sid, "still here")).body, "ok");
    assert.equal((await poll(sid)).body.replace(/^(~m~0~m~)*/, ""), "~m~10~m~still here");
  });
}

/* What a raw client sees of a stream. */
function streams(url) {
  const open = (t, path) => {
    const abort = new AbortController();
    t.after(() => abort.abort());
    return fetch(`${url()}${path}`, { signal: abort.signal }).then(async (res) => {
      const reader = res.body.getReader(), decoder = new TextDecoder();
      const stream = { res, text: "", abort, async until(what) {
        while (!what.test(stream.text)) {
          const { value, done } = await within(reader.read(), `${what} in a stream`);
          if (done)
            throw new Error(`the stream ended before ${what}`);
          stream.text += decoder.decode(value, { stream: true });
        }
        return what.exec(stream.text);
      }, async end() {
        while (!(await within(reader.read(), "the stream to end")).done);
      } };
      return stream;
    });
  };
  const say = (kind, sid, text) => request(url(), `/socket.io/${kind}/${sid}/send`, { method: "POST", headers: FORM,
    body: `data=${encodeURIComponent(`~m~${text.length}~m~${text}`)}` });

  it("an htmlfile is scripts that nothing in a message ends", async (t) => {
    const stream = await open(t, "/socket.io/htmlfile//1300000000001");
    assert.match(stream.res.headers.get("content-type"), /^text\/html/);
    const [, sid] = await stream.until(/^<html><body> {244}<script>parent\.s\._\("~m~20~m~(\S{20})", document\);<\/script>/);
    assert.equal((await say("htmlfile", sid, "</script>\u2028")).body, "ok");
    await stream.until(/<script>parent\.s\._\("~m~10~m~<\\\/script>\\u2028", document\);<\/script>$/);
  });

  it("a multipart answer has a part for each message", async (t) => {
    const stream = await open(t, "/socket.io/xhr-multipart/");
    assert.equal(stream.res.headers.get("content-type"), 'multipart/x-mixed-replace;boundary="socketio"');
    const [, sid] = await stream.until(/^--socketio\nContent-Type: text\/plain\n\n~m~20~m~(\S{20})\n--socketio\n/);
    assert.equal((await say("xhr-multipart", sid, "hi")).body, "ok");
    await stream.until(/--socketio\nContent-Type: text\/plain\n\n~m~2~m~hi\n--socketio\n$/);
  });

  it("a client that hangs up has left its room", async (t) => {
    const stream = await open(t, "/socket.io/htmlfile//1300000000001");
    const [, sid] = await stream.until(/~m~20~m~(\S{20})/);
    stream.abort.abort();
    await until(async () => (await say("htmlfile", sid, "x")).status === 404, "the session to end");
  });

  it("a client that does not read what it is sent is let go", async (t) => {
    const raw = new RawSocket(url());
    t.after(() => raw.destroy());
    raw.send(`GET /socket.io/htmlfile//1300000000001 HTTP/1.1\r\nHost: ${raw.host}\r\n\r\n`);
    await until(() => /~m~20~m~\S{20}/.test(raw.bytes), "the session's id");
    raw.socket.pause();
    const [, sid] = /~m~20~m~(\S{20})/.exec(raw.bytes);
    const { body } = await request(url(), "/socket.io/xhr-polling//1300000000001"), talker = /^~m~\d+~m~(.*)$/.exec(body)[1];
    const much = `~j~${JSON.stringify({ name: "broadcast", args: ["x".repeat(95000)] })}`;
    /* first what the kernel holds for both ends, then stream_buffer */
    await until(async () => {
      assert.equal((await say("xhr-polling", talker, much)).body, "ok");
      return (await say("htmlfile", sid, "x")).status === 404;
    }, "the session to end");
  });

  it("a newer stream of the same session ends the older one", async (t) => {
    const older = await open(t, "/socket.io/htmlfile//1300000000001");
    const [, sid] = await older.until(/~m~20~m~(\S{20})/);
    const newer = open(t, `/socket.io/htmlfile/${sid}/1300000000002`);
    await older.end();
    await say("htmlfile", sid, "hi");
    await (await newer).until(/~m~2~m~hi/);
  });

  it("a stream has heartbeats, and who does not echo them is gone", async (t) => {
    const quick = await startFront("none", { conf: "ping_interval = 300ms\nping_timeout = 8s" });
    t.after(() => quick.stop());
    const page = closing(t, await openV0(quick.url, "htmlfile"));
    let beats = 0;
    const { transport } = page.socket, echo = transport.onHeartbeat;
    await within(new Promise((resolve) => {
      transport.onHeartbeat = function (n) {
        if (++beats === 5)
          resolve();
        echo.call(this, n);
      };
    }), "five heartbeats");
    assert.deepEqual(await ask(page, "echo", "here"), ["here"]);
    transport.onHeartbeat = () => {};
    transport.timeout = undefined;
    const silent = await fetch(`${quick.url}/socket.io/htmlfile//1300000000001`);
    assert.match(await within(silent.text(), "the silent stream to end"), /~h~1/);
  });
}

for (const name of fronts("none"))
  describe(`websocket through ${name}`, () => {
    let front;
    before(async () => { front = await startFront(name, { conf: "ping_interval = 500ms\nping_timeout = 1m" }); });
    after(() => front?.stop());
    declareV0(() => front.url, "websocket");
    it("is asked for by Upgrade only", async () => {
      assert.equal((await request(front.url, "/socket.io/websocket")).status, 400);
    });
  });

describe("where streams are on", () => {
  for (const name of fronts("lighttpd", "none", ...(all ? ["apache-fcgid", "apache-proxy", "nginx"] : [])))
    describe(name, () => {
      let front;
      before(async () => { front = await startFront(name, { conf: "streams = on\nping_interval = 2m" }); });
      after(() => front?.stop());
      for (const transport of STREAMS)
        describe(transport, () => declareV0(() => front.url, transport));
      describe("by hand", () => streams(() => front.url));
      it("in one room with polls and newer clients everything is heard once and in order",
        (t) => inOneRoom(t, front.url, [...STREAMS, ...POLLING]));
    });
});

for (const name of fronts("lighttpd", "apache-fcgid", "none"))
  describe(`through ${name}`, () => {
    let front;
    before(async () => { front = await startFront(name, { conf: "ping_interval = 2m" }); });
    after(() => front?.stop());
    for (const transport of POLLING)
      describe(transport, () => declareV0(() => front.url, transport));
    describe("by hand", () => byHand(() => front.url));
    it("0.6, 1.7.4, 2.5.0 and 4.8.4 in one room hear everything once and in order", (t) => inOneRoom(t, front.url, POLLING));
  });

describe("an idle page", () => {
  let front;
  before(async () => { front = await startFront("lighttpd", { conf: "ping_interval = 300ms\nping_timeout = 1m" }); });
  after(() => front?.stop());
  for (const transport of POLLING)
    it(`polls on, ${transport}`, async (t) => {
      const page = closing(t, await openV0(front.url, transport)), { transport: road } = page.socket;
      let polls = 0;
      const get = road.get;
      await within(new Promise((resolve) => {
        road.get = function (...args) {
          if (++polls === 5)
            resolve();
          return get.apply(this, args);
        };
      }), "five polls");
      assert.deepEqual(await ask(page, "echo", "here"), ["here"]);
    });
});

describe("where v0 is off", () => {
  let front;
  before(async () => { front = await startFront("lighttpd", { conf: "generations = eio4 eio3" }); });
  after(() => front?.stop());
  it("its addresses are refused", async () => {
    assert.equal((await request(front.url, "/socket.io/xhr-polling//1300000000001")).status, 400);
  });
});
