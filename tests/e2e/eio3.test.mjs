/*
 * eio3.test.mjs - clients of 2014 to 2020, alone and among newer ones
 *
 * In node they poll with b64=1; octet-streams and JSONP, which browsers use, are
 * asked for by hand.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { always, declare, fresh } from "./lib/cases.mjs";
import { ask, closing, connect, oldClients, open } from "./lib/client.mjs";
import { fronts, startFront } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { collect, next } from "./lib/wait.mjs";

const EIO3 = "/socket.io/?EIO=3&transport=polling";
const TEXT = "Grüße, 日本 \u{1F469}\u200D\u{1F4BB}\u{1F389} \"quoted\" 'single' \\ / \u2028\u2029\r\n </script>";
const MIXED = ["1.7.4", "2.5.0", "3.1.3", "4.8.4"];

/* What an old client is told in other words, or cannot send. */
const inItsWords = {
  async "has several namespaces on one connection"(t, enter, url, version) {
    const root = await enter();
    const chat = closing(t, root.io.socket("/chat"));
    await next(chat, "connect");
    assert.equal(root.id, root.io.engine.id);
    if (!version.startsWith("1."))
      assert.equal(chat.id, `/chat#${root.id}`);
    const [rooms] = await ask(chat, "rooms");
    assert.equal(rooms.ok, true);
    chat.disconnect();
    assert.deepEqual(await ask(root, "echo", "still here"), ["still here"]);
  },

  async "is refused by a namespace that does not exist"(t, enter, url, version) {
    const socket = closing(t, open(version, `${url}/${fresh("nowhere")}`));
    const [error] = await next(socket, "error");
    assert.equal(error, "Invalid namespace");
    assert.equal(socket.connected, false);
  },

  async "passes what is large both ways"(t, enter) {
    const socket = await enter(), text = "ä€\u{1F389}".repeat(4000);
    const [back] = await ask(socket, "echo", text);
    assert.ok(back === text);
    const bytes = Buffer.alloc(70000, 7);
    const [bytesBack] = await ask(socket, "echo", bytes);
    assert.ok(bytes.equals(Buffer.from(bytesBack)));
  },

  async "does not take what looks like text encoded twice for it, unless it is"(t, enter, url, version) {
    const socket = await enter();
    for (const text of ["é", "ÿ", "Ã", "Ã©é", "\u0080", "naïve café", "日本é"])
      assert.deepEqual(await ask(socket, "echo", text), [text]);
    if (/^1/.test(version))
      assert.deepEqual(await ask(socket, "echo", "Ã©"), ["Ã©"]);
  },
};
const notForOld = ["passes what is nearly too big both ways", "does not lose its session by a body that is too big"];
const cases = Object.fromEntries(Object.entries({ ...always, ...inItsWords })
  .filter(([sentence]) => !notForOld.includes(sentence)));

/* A session driven by hand, in whatever form of a payload. */
async function hand(url, query = "") {
  const path = (more = "") => `${EIO3}&t=${fresh("t")}${query}${more}`;
  const first = await request(url, path());
  const { sid } = JSON.parse(/\{\\?"sid.*?\}/.exec(first.body)[0].replaceAll("\\", ""));
  return { first, sid, get: () => request(url, path(`&sid=${sid}`)),
    post: (body, type) => request(url, path(`&sid=${sid}`), { method: "POST", body, headers: { "Content-Type": type } }) };
}

const TEXT_TYPE = "text/plain;charset=UTF-8", OCTETS = "application/octet-stream";
const PLACE = '{"_placeholder":true,"num":0}';
const octets = (text) => Buffer.concat([Buffer.from([0, ...[...String(Buffer.byteLength(text))].map(Number), 255]), Buffer.from(text)]);

function byHand(url) {
  it("an answer with bytes is an octet-stream, one without is text", async () => {
    const session = await hand(url());
    assert.match(session.first.headers["content-type"], /^text\/plain; charset=utf-8$/i);
    const { pingInterval, pingTimeout } = JSON.parse(/\{.*?\}/.exec(session.first.body)[0]);
    assert.ok(pingInterval > 0 && pingTimeout > 0);
    assert.ok(session.first.body.endsWith("2:40"));
    const message = `451-1["echo",${PLACE},"é"]`;
    await session.post(Buffer.concat([octets(message), Buffer.from([1, 5, 255, 4, 0, 1, 2, 255])]), OCTETS);
    const answer = await session.get();
    assert.equal(answer.headers["content-type"], OCTETS);
    assert.deepEqual(answer.bytes, Buffer.concat([octets(`461-1[${PLACE},"\\u00e9"]`), Buffer.from([1, 5, 255, 4, 0, 1, 2, 255])]));
    await session.post(octets('422["echo","x"]'), OCTETS);
    assert.equal((await session.get()).body, '10:432["x"]'.replace(/^\d+/, String('432["x"]'.length)));
  });

  it("a client without binary gets base64", async () => {
    const session = await hand(url(), "&b64=1"), message = `451-1["echo",${PLACE}]`;
    await session.post(`${message.length}:${message}10:b4AAEC/w==`, TEXT_TYPE);
    const answer = await session.get(), head = `461-1[${PLACE}]`;
    assert.equal(answer.body, `${head.length}:${head}10:b4AAEC/w==`);
    assert.match(answer.headers["content-type"], /^text\/plain; charset=utf-8$/i);
  });

  it("JSONP is spoken, with base64 and line feeds", async () => {
    const session = await hand(url(), "&j=3");
    assert.match(session.first.body, /^___eio\[3\]\("\d+:0\{.*2:40"\);$/);
    const body = '421["echo","a\\nb"]', message = body.replace("\\n", "\\\\n");
    await session.post(`d=${encodeURIComponent(`${body.length}:${message}`)}`, "application/x-www-form-urlencoded");
    const answer = await session.get();
    const heard = Function("___eio", `let heard; ___eio[3] = (text) => { heard = text; }; ${answer.body}; return heard;`)([]);
    assert.equal(heard, '14:431["a\\nb"]'.replace(/^\d+/, String('431["a\\nb"]'.length)));
  });

  it("its ping is answered, and its close is taken", async () => {
    const session = await hand(url());
    assert.equal((await session.post("1:2", TEXT_TYPE)).body, "ok");
    assert.equal((await session.get()).body, "1:3");
    const waiting = session.get();
    assert.equal((await session.post("1:1", TEXT_TYPE)).body, "ok");
    const { status, body } = await waiting;
    assert.ok((status === 200 && body === "1:6") || (status === 400 && /"code":1/.test(body)), body);
    assert.equal((await session.get()).json.code, 1);
  });

  it("a second poll at the same time is 500 and ends the session", async () => {
    const session = await hand(url());
    const [one, two] = await Promise.all([session.get(), session.get()]);
    assert.deepEqual([one.status, two.status].sort(), [200, 500]);
    assert.equal((one.status === 200 ? one : two).body, "1:1");
  });

  it("a session of one protocol is not spoken to in the other", async () => {
    const session = await hand(url());
    const { json } = await request(url(), `/socket.io/?EIO=4&transport=polling&sid=${session.sid}`);
    assert.equal(json.code, 3);
  });

  it("EIO=2 and no EIO are the same protocol", async () => {
    for (const query of ["EIO=2&", ""])
      assert.match((await request(url(), `/socket.io/?${query}transport=polling`)).body, /^\d+:0\{"sid":.*2:40$/);
  });
}

/* Everybody says it, everybody hears all of it, in one and the same order. */
async function together(t, url) {
  const room = fresh("room"), event = fresh("said"), each = 5;
  const sockets = await Promise.all(MIXED.map((version) => connect(version, url)));
  closing(t, sockets);
  await Promise.all(sockets.map((socket) => ask(socket, "join", room)));
  const heard = sockets.map((socket) => collect(socket, event, (...args) => args));
  sockets.forEach((socket, who) => {
    for (let i = 0; i < each; i++)
      socket.emit("to", room, event, MIXED[who], i, `${TEXT} ${i}`, i % 2 ? Buffer.from([i, 0, 255, who]) : null);
  });
  await Promise.all(heard.map((list) => list.reach(MIXED.length * each)));
  await Promise.all(sockets.map((socket) => ask(socket, "echo", "last")));
  const order = heard[0].map(([who, i]) => `${who} ${i}`);
  MIXED.forEach((version, who) => {
    assert.equal(heard[who].length, MIXED.length * each, `${version} heard something twice`);
    assert.deepEqual(heard[who].map(([from, i]) => `${from} ${i}`), order);
    assert.deepEqual(heard[who].filter(([from]) => from === version).map(([, i]) => i), Array.from({ length: each }, (_, i) => i));
    for (const [from, i, text, bytes] of heard[who]) {
      assert.equal(text, `${TEXT} ${i}`, `${version} hears ${from}`);
      if (i % 2)
        assert.deepEqual([...new Uint8Array(bytes)], [i, 0, 255, MIXED.indexOf(from)], `${version} hears ${from}`);
      else
        assert.equal(bytes, null);
    }
  });
}

for (const name of fronts("lighttpd", "apache-fcgid"))
  describe(`through ${name}`, () => {
    let front;
    before(async () => { front = await startFront(name); });
    after(() => front?.stop());
    for (const version of Object.keys(oldClients))
      describe(`client ${version}`, () => declare(it, version, () => front.url, cases));
    describe("by hand", () => byHand(() => front.url));
    it(`${MIXED.join(", ")} in one room hear everything once and in order`, (t) => together(t, front.url));
  });

describe("a client that pings", () => {
  let front;
  before(async () => { front = await startFront("lighttpd", { conf: "ping_interval = 300ms\nping_timeout = 1m" }); });
  after(() => front?.stop());
  for (const version of Object.keys(oldClients))
    it(`stays, ${version}`, async (t) => {
      const socket = closing(t, await connect(version, front.url, { reconnection: false }));
      const pongs = collect(socket.io.engine, "pong");
      await pongs.reach(4);
      assert.deepEqual(await ask(socket, "echo", "here"), ["here"]);
    });
});

describe("where eio3 is off", () => {
  let front;
  before(async () => { front = await startFront("lighttpd", { conf: "generations = eio4" }); });
  after(() => front?.stop());
  it("its handshake is refused with code 5", async () => {
    const { status, json } = await request(front.url, EIO3);
    assert.equal(status, 400);
    assert.deepEqual(json, { code: 5, message: "Unsupported protocol version" });
  });
});
