/*
 * edge.test.mjs - what no well-behaved client sends, and when it sends it
 *
 * Raw requests through lighttpd and its four processes, so that any two of them
 * meet in different ones.  The expected bytes are those of the reference server.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { claims, startFront } from "./lib/front.mjs";
import { Session, request } from "./lib/http.mjs";
import { until } from "./lib/wait.mjs";

const EIO = "/socket.io/?EIO=4&transport=polling";
const PATIENT = "ping_interval = 2m\nping_timeout = 3m\n";     /* no ping comes between requests, however slow they are */
const UNKNOWN = { code: 1, message: "Session ID unknown" };
let front, url;

const join = () => new Session(url).join();

function refused(res, status, expected) {
  assert.equal(res.status, status);
  assert.deepEqual(res.json, expected);
  assert.match(res.headers["content-type"], /^application\/json/);
  assert.equal(res.headers["access-control-allow-origin"], undefined);
}

function polled(res, body) {
  assert.equal(res.body, body);
  assert.equal(res.status, 200);
  assert.match(res.headers["content-type"], /^text\/plain; charset=utf-8$/i);
  assert.equal(res.headers["cache-control"], "no-store");
}

function taken(res) {
  assert.equal(res.body, "ok");
  assert.equal(res.status, 200);
  assert.match(res.headers["content-type"], /^text\/html/);
  assert.equal(res.headers["cache-control"], "no-store");
}

async function isGone(session) {
  refused(await session.get(), 400, UNKNOWN);
  refused(await session.post("3"), 400, UNKNOWN);
}

async function isAlive(session) {
  taken(await session.post('421["echo","alive"]'));
  polled(await session.get(), '431["alive"]');
}

/* After a poll or two: bytes that were under way do not matter here. */
async function isClosing(session) {
  const bodies = [];
  for (let i = 0; i < 3; i++) {
    const res = await session.get();
    if (res.status === 400)
      return refused(res, 400, UNKNOWN);
    bodies.push(res.body);
    if (/(^|\x1e)1$/.test(res.body))
      return isGone(session);
  }
  assert.fail(`still there: ${JSON.stringify(bodies)}`);
}

describe("a request", () => {
  before(async () => {
    front = await startFront("lighttpd", { conf: PATIENT });
    url = front.url;
  });
  after(() => front?.stop());

  it("of an unknown session is refused", async () => {
    refused(await request(url, `${EIO}&sid=nope`), 400, UNKNOWN);
    refused(await request(url, `${EIO}&sid=nope`, { method: "POST", body: "x" }), 400, UNKNOWN);
  });

  it("with an unknown or no transport is refused", async () => {
    const expected = { code: 0, message: "Transport unknown" };
    refused(await request(url, "/socket.io/?EIO=4&transport=nope"), 400, expected);
    refused(await request(url, "/socket.io/?EIO=4"), 400, expected);
    refused(await request(url, "/socket.io/?EIO=4&sid=x"), 400, expected);
  });

  it("opens a session by GET only", async () => {
    const expected = { code: 2, message: "Bad handshake method" };
    for (const method of ["POST", "PUT", "OPTIONS"])
      refused(await request(url, EIO, { method, body: "" }), 400, expected);
    const head = await request(url, EIO, { method: "HEAD" });
    assert.equal(head.status, 400);
    assert.equal(head.body, "");
  });

  it("for a websocket that is none is refused", async () => {
    const expected = { code: 3, message: "Bad request" }, session = await join();
    refused(await request(url, "/socket.io/?EIO=4&transport=websocket"), 400, expected);
    refused(await request(url, `/socket.io/?EIO=4&transport=websocket&sid=${session.sid}`), 400, expected);
    await isAlive(session);
  });

  it("of another protocol on a session is refused", async () => {
    const session = await join();
    refused(await request(url, `/socket.io/?EIO=3&transport=polling&sid=${session.sid}`), 400,
      { code: 3, message: "Bad request" });
    await isAlive(session);
  });

  it("with a method that does not exist for a session leaves it alone", async () => {
    const session = await join();
    for (const method of ["PUT", "DELETE", "OPTIONS"]) {
      const res = await request(url, session.path(), { method, body: "" });
      assert.equal(res.status, 500);
      assert.equal(res.body, "");
    }
    await isAlive(session);
  });

  it("announces what it was configured with", async () => {
    const { greeting, sid } = await new Session(url).open();
    assert.deepEqual(Object.keys(greeting), ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]);
    assert.match(sid, /^[A-Za-z0-9_-]{20,}$/);
    assert.equal(greeting.pingInterval, 120000);
    assert.equal(greeting.pingTimeout, 180000);
  });

  it("answers a poll and a POST with the reference's headers", async () => {
    const session = await new Session(url).open();
    taken(await session.post("40"));
    const res = await session.get();
    polled(res, res.body);
    assert.match(res.body, /^40\{"sid":"[^"]+"/);
  });

  it("for events leaves with all that waits, in order", async () => {
    const session = await join();
    taken(await session.post('421["echo",1]\x1e422["echo","\u00e9\u{1F600}"]'));
    taken(await session.post('423["echo"]'));
    polled(await session.get(), '431[1]\x1e432["\u00e9\u{1F600}"]\x1e433[]');
  });

  it("brings bytes as base64 and takes them back", async () => {
    const session = await join();
    taken(await session.post('452-7["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]\x1ebAQID\x1eb/w=='));
    polled(await session.get(),
      '462-7[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]\x1ebAQID\x1eb/w==');
  });

  it("is compressed when long and wanted", async () => {
    const session = await join(), long = "z".repeat(5000);
    taken(await session.post(`421["echo","${long}"]`));
    const res = await session.get({ headers: { "Accept-Encoding": "gzip" } });
    polled(res, `431["${long}"]`);
    assert.equal(res.headers["content-encoding"], "gzip");
    assert.ok(res.bytes.length < 200);
  });

  it("that is too big is a 413 and harms nobody", async () => {
    const session = await join();
    const res = await session.post("4".repeat((1 << 20) + 1000));
    assert.equal(res.status, 413);
    assert.equal(res.body, "");
    await isAlive(session);
  });

  it("by JSONP works both ways", async () => {
    const session = new Session(url);
    const opened = await request(url, session.path("&j=0"));
    const [, text] = /^___eio\[0\]\((.*)\);$/.exec(opened.body);
    session.sid = JSON.parse(JSON.parse(text).slice(1)).sid;
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    const send = (body) => session.post(body, { query: "&j=0", headers: form });
    const poll = () => session.get({ query: "&j=0" });
    taken(await send("d=40"));
    assert.match((await poll()).body, /^___eio\[0\]\("40\{\\"sid\\":/);
    taken(await send(`d=${encodeURIComponent('421["echo","a\\\\nb"]')}`));
    assert.equal((await poll()).body, '___eio[0]("431[\\"a\\\\nb\\"]");');
    taken(await send(""));
    taken(await send("d=422%5B%22echo%22%5D"));
    assert.equal((await poll()).body, '___eio[0]("432[]");');
  });
});

describe("a session", () => {
  before(async () => {
    front = await startFront("lighttpd", { conf: PATIENT });
    url = front.url;
  });
  after(() => front?.stop());

  it("ends when two polls overlap, whichever processes hold them", async () => {
    for (let i = 0; i < 8; i++) {
      const session = await join(), { answer } = await session.park();
      const second = await session.get();
      assert.equal(second.status, 400);
      assert.equal(second.body, "");
      polled(await answer, "1");
      await isGone(session);
    }
  });

  it("is closed by the client while its poll waits", async () => {
    const session = await join(), { answer } = await session.park();
    taken(await session.post("1"));
    polled(await answer, "6");
    await isGone(session);
  });

  it("is closed by the server over two polls", async () => {
    const session = await join();
    taken(await session.post('42["kick",true]'));
    polled(await session.get(), "41");
    taken(await session.post('42["echo"]'));
    polled(await session.get(), "6\x1e1");
    await isGone(session);
  });

  it("is closed by the server over two polls, the first of which waits", async () => {
    const session = await join(), { answer } = await session.park();
    taken(await session.post('42["kick",true]'));
    polled(await answer, "41");
    polled(await session.get(), "6\x1e1");
    await isGone(session);
  });

  it("stays open when the server ends its last namespace", async () => {
    const session = await join();
    taken(await session.post('42["kick"]'));
    polled(await session.get(), "41");
    taken(await session.post("40"));
    assert.match((await session.get()).body, /^40\{"sid":/);
    await isAlive(session);
  });

  it("stays open when the client leaves its last namespace", async () => {
    const session = await join();
    taken(await session.post("41"));
    taken(await session.post("40"));
    assert.match((await session.get()).body, /^40\{"sid":/);
    await isAlive(session);
  });

  it("ends at an event before its CONNECT", async () => {
    const session = await new Session(url).open();
    taken(await session.post('42["echo"]'));
    await isClosing(session);
  });

  const bad = {
    "an empty body": "",
    "an unknown engine type": "9x",
    "an unknown Socket.IO type": "49x",
    "bad JSON": '42["a"',
    "an event that is no array": '42{"a":1}',
    "an ack that is no array": "430{}",
    "attachments without a dash": "451",
    "no attachments where some are announced": '450-["a"]',
    "too many attachments": '4511-["a"]',
    "bytes without a header": "bAQID",
    "text while bytes are due": '451-["a",{"_placeholder":true,"num":0}]\x1e42["echo"]',
    "an error from the client": "44",
    "a reserved event name": '42["disconnect"]',
    "a second CONNECT": "40",
    "an event in a namespace not joined": '42/other,["echo"]',
    "a ping from the client": "2",
    "a trailing separator": '42["echo"]\x1e',
  };
  for (const [what, body] of Object.entries(bad))
    it(`ends at ${what}, and its poll with it`, async () => {
      const session = await join(), { answer } = await session.park();
      taken(await session.post(body));
      polled(await answer, "1");
      await isGone(session);
    });

  it("ends at a body that claims to be bytes", async () => {
    const session = await join(), { answer } = await session.park();
    const res = await session.post('42["echo"]', { headers: { "Content-Type": "application/octet-stream" } });
    assert.equal(res.status, 400);
    assert.equal(res.body, "");
    polled(await answer, "1");
    await isGone(session);
  });

  const harmless = { "an unasked pong": "3", "a noop": "6", "an open packet": "0", "an ack of nothing": '4399["x"]' };
  for (const [what, body] of Object.entries(harmless))
    it(`minds ${what} not`, async () => {
      const session = await join();
      taken(await session.post(body));
      await isAlive(session);
    });
});

/* A browser sends again when a kept connection dies before the first header. */
describe("a request that is sent again", () => {
  before(async () => {
    front = await startFront("lighttpd", { conf: PATIENT });
    url = front.url;
  });
  after(() => front?.stop());

  it("as a poll takes over the one that waits", { skip: Boolean(process.env.SIOGATE_TEST_URL) }, async () => {
    const session = await join(), path = session.path(), before = claims(url);
    const leave = new AbortController();
    const first = request(url, path, { signal: leave.signal }).catch(() => "left");
    await until(() => claims(url) > before, "a claim for the poll");
    leave.abort();
    assert.equal(await first, "left");
    const second = request(url, path);
    taken(await session.post('421["echo",1]'));
    polled(await second, "431[1]");
    await isAlive(session);
  });

  it("as the last poll gets the same answer", { skip: Boolean(process.env.SIOGATE_TEST_URL) }, async () => {
    const session = await join();
    taken(await session.post('421["echo",1]'));
    const path = session.path();
    polled(await request(url, path), "431[1]");
    polled(await request(url, path), "431[1]");
    await isAlive(session);
  });

  it("as the last POST changes nothing", { skip: Boolean(process.env.SIOGATE_TEST_URL) }, async () => {
    const session = await join(), path = session.path(), body = '421["echo",1]';
    const again = () => request(url, path, { method: "POST", body, headers: { "Content-Type": "text/plain;charset=UTF-8" } });
    taken(await again());
    taken(await again());
    polled(await session.get(), "431[1]");
    await isAlive(session);
  });
});

/* So short that one waits for them, and longer than a busy machine takes for three requests. */
describe("with short times", { concurrency: true }, () => {
  const conf = "ping_interval = 10s\nping_timeout = 10s\nconnect_timeout = 8s\n";
  before(async () => {
    front = await startFront("lighttpd", { conf, name: "SHORT" });
    url = front.url;
  });
  after(() => front?.stop());

  it("a session is asked whether it lives, and ends when it does not say so", async () => {
    const session = await join();
    assert.equal(session.greeting.pingInterval, 10000);
    assert.equal(session.greeting.pingTimeout, 10000);
    polled(await session.get(), "2");
    taken(await session.post("3"));
    polled(await session.get(), "2");
    polled(await session.get(), "1");
    await isGone(session);
  });

  it("a session ends that is not heard of", async () => {
    const session = await join();
    const look = () => request(url, session.path(), { method: "PUT", body: "" });    /* hears nothing */
    await until(async () => (await look()).status === 400, "the session to end");
    await isGone(session);
  });

  it("a session ends that joins nothing", async () => {
    const session = await new Session(url).open();
    const heard = [];
    await until(async () => {
      const { status, body } = await session.get();
      heard.push(body);
      if (body === "2")
        await session.post("3");
      return status === 400 || body === "1";
    }, "the session to end");
    assert.deepEqual(heard.filter((body) => body !== "2"), ["1"]);
    await isGone(session);
  });
});
