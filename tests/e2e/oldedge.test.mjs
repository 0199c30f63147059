/*
 * oldedge.test.mjs - what no well-behaved client sends, of every generation
 *
 * edge.test.mjs is about 4.x; here are those before it, and what holds for all of them
 * alike.  Raw requests and frames, through lighttpd, whose four processes and one
 * siogate-ws share them out by chance, and by siogate-ws alone, which reads bodies as
 * they come.  The expected bytes are those of the reference servers; where these hang
 * or cut the connection, an answer that says what is wrong.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RawSocket, close, describe as words, openRaw, text, upgradeRequest } from "./lib/frames.mjs";
import { fronts, startFront } from "./lib/front.mjs";
import { FORM, enter, framed, generations, halfPost, heardToEnd, hears, lostPoll, openSocket, parked, units } from "./lib/generations.mjs";
import { request } from "./lib/http.mjs";

const JSONP_TEXT = "</script>\u2028\u2029\u{1F600}", NOBODY = "BBBBBBBBBBBBBBBBBBBB";
const LIMIT = 100000, LONG = "z".repeat(5000);
const CODES = ["Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request", "Forbidden", "Unsupported protocol version"];

let front, url;

function code(res, number, status = number === 4 ? 403 : 400) {
  assert.equal(res.status, status, res.body);
  assert.equal(res.json.code, number);
  assert.ok(number === 4 || res.json.message === CODES[number], res.body);
  assert.match(res.headers["content-type"], /^application\/json/);
}

/* ---- what holds for all -------------------------------------------------------------- */

const everybody = {
  async "says what an answer is, and that nobody keeps it"(name, kind) {
    const session = await enter(url, name);
    const post = await session.post(kind.says("é\u{1F600}")), poll = await session.get();
    assert.equal(poll.body, kind.hears("é\u{1F600}"));
    assert.match(poll.headers["content-type"], kind.polls.type);
    assert.equal(post.body, kind.posts.body);
    assert.match(post.headers["content-type"], kind.posts.type);
    for (const { headers } of [post, poll]) {
      assert.equal(headers["cache-control"], "no-store");
      assert.equal(headers["access-control-allow-origin"], undefined);
    }
  },

  async "writes a script that no text ends"(name, kind) {
    const session = await enter(url, name, kind.index);
    assert.equal((await session.post(kind.form(kind.says(JSONP_TEXT)))).body, kind.posts.body);
    const { body, headers } = await session.get(), calls = [];
    assert.match(headers["content-type"], kind.jsonp.type);
    assert.ok(!/<\/script|[\u2028\u2029]/.test(body), body);
    const taker = { 3: (payload) => calls.push(payload) };
    taker[3]._ = taker[3];
    Function("___eio", "io", body)(taker, { j: taker, JSONP: taker });
    assert.deepEqual(calls, [kind.hears(JSONP_TEXT)]);
    assert.ok(body.startsWith(`${kind.jsonp.name}[3]`));
  },

  async "is compressed when long and wanted"(name, kind) {
    const session = await enter(url, name);
    await session.post(kind.says(LONG));
    const { body, bytes, headers } = await session.get({ headers: { "Accept-Encoding": "gzip" } });
    assert.equal(body, kind.hears(LONG));
    assert.equal(headers["content-encoding"], "gzip");
    assert.ok(bytes.length < 300);
  },

  async "may have two POSTs under way, and both are heard when they are whole"(name, kind) {
    const session = await enter(url, name);
    const [one, two] = ["one", "two"].map((word) => halfPost(url, session.path("POST"), kind.type, kind.says(word)));
    two.rest();
    assert.equal((await two.raw.answer()).body, kind.posts.body);
    one.rest();
    assert.equal((await one.raw.answer()).body, kind.posts.body);
    assert.equal((await session.get()).body, name === "0.9" ? framed([kind.hears("two"), kind.hears("one")]) :
      kind.hears("two") + (name === "EIO4" ? "\x1e" : "") + kind.hears("one"));
    for (const { raw } of [one, two])
      raw.destroy();
  },

  async "says nothing by a POST that breaks off, and goes on"(name, kind) {
    const session = await enter(url, name), { raw } = halfPost(url, session.path("POST"), kind.type, kind.says("never"));
    raw.socket.resetAndDestroy();
    await session.post(kind.says("ever"));
    assert.equal((await session.get()).body, kind.hears("ever"));
  },

  async "is told when a body is too big, and goes on"(name, kind) {
    const session = await enter(url, name), { status, body } = await session.post(kind.says("z".repeat(LIMIT)));
    assert.deepEqual([status, body], [413, ""]);
    await session.post(kind.says("still here"));
    assert.equal((await session.get()).body, kind.hears("still here"));
  },

  async "of a session that nobody knows is told so, whatever it asks"(name, kind) {
    const session = await kind.open(url), path = (method) => session.path(method).replace(session.sid, NOBODY);
    kind.unknown(await request(url, path("GET")), false);
    kind.unknown(await request(url, path("POST"), { method: "POST", body: kind.says("x"), headers: { "Content-Type": kind.type } }), true);
  },

  async "is not read by pages of other origins"(name, kind) {
    const session = await enter(url, name), headers = { Origin: "http://elsewhere.example" };
    for (const res of [await session.get({ headers }), await session.post(kind.says("evil"), { headers })]) {
      assert.ok([401, 403].includes(res.status), `${res.status} ${res.body}`);
      assert.equal(res.headers["access-control-allow-origin"], undefined);
    }
    await session.post(kind.says("mine"));
    assert.equal((await session.get()).body, kind.hears("mine"));
  },
};

/* lighttpd and Apache do not tell of a client that has gone; siogate-ws sees it. */
const whoseLossIsSeen = {
  async "that breaks off a poll hears by the next one what was said between"(name, kind) {
    const session = await enter(url, name);
    await lostPoll(url, session);
    await session.post(kind.says("between"));
    assert.equal((await session.get()).body, kind.hears("between"));
  },
};

/* ---- over a WebSocket ------------------------------------------------------------------- */

const everySocket = {
  async "ends at a message that is too big, and says so"(name, kind) {
    const raw = await openSocket(url, name);
    raw.send(text(kind.message("z".repeat(LIMIT))));
    assert.deepEqual(await heardToEnd(raw), ["close 1009"]);
  },

  async "from another origin is refused before it begins"(name, kind) {
    const raw = new RawSocket(url), path = kind.socket(name === "0.9" ? (await kind.open(url)).sid : undefined);
    raw.send(upgradeRequest(raw.host, { path, headers: { Origin: "http://elsewhere.example" } }));
    const { status } = await raw.answer();
    assert.ok([400, 401, 403].includes(status), String(status));
    raw.destroy();
  },

  async "outside of the resource is nothing"() {
    const raw = new RawSocket(url);
    raw.send(upgradeRequest(raw.host, { path: "/nowhere/?EIO=4&transport=websocket" }));
    const { status } = await raw.answer();
    assert.ok(status >= 400 && status < 500, String(status));
    raw.destroy();
  },

  async "closes as its client does"(name) {
    const raw = await openSocket(url, name);
    raw.send(close(1000));
    assert.match((await heardToEnd(raw)).join(), /^close( 1000)?$/);
  },
};

/* Said on a WebSocket, and what comes of it: the words heard until the end, or [] and it lives. */
const LIVES = [], saidOnSockets = {
  "EIO4": { "a close packet": ["1", LIVES], "no packet": ["x", "end"], "an unknown one": ["9", "end"], "a ping": ["2", "end"] },
  "EIO3": {
    "a close packet": ["1", LIVES],
    "an unknown packet": ["9", "end"],
    "a pong": ["3", LIVES],
    "a ping with data": ["2hello", ["text 3"]],
    "an unknown Socket.IO packet": ["49", LIVES],
    "a namespace not joined": ['42/other,["message","x"]', LIVES],
    "broken JSON": ['42["message"', "end"],
  },
  "EIO=2": { "an unknown packet": ["9", "end"], "a count at an acknowledgement": ['430-17["x"]', LIVES] },
  "0.9": {
    "garbage": ["nonsense", LIVES],
    "nothing": ["", LIVES],
    "what only a server says": ["7:::1+0", LIVES],
    "broken JSON": ["4:::{bad", ["text 4:::false"]],
    "a namespace not joined": ['5::/other:{"name":"echo"}', LIVES],
    "an acknowledgement of nothing": ["6:::99+[1]", LIVES],
    "a heartbeat unasked": ["2::", LIVES],
    "goodbye": ["0::", "end"],
  },
  "0.6": {
    "garbage": ["nonsense", LIVES],
    "nothing": ["", LIVES],
    "half a frame": ["~m~9", LIVES],
    "a length without end": ["~m~99999999999999999999~m~x", ["text ~m~0~m~"]],
    "another's heartbeat": ["~m~6~m~~h~999", LIVES],
    "broken JSON": ["~m~7~m~~j~{bad", ["text ~m~5~m~~j~{}"]],
    "an acknowledgement of nothing": ['~m~24~m~~j~{"ack":99,"args":[]}', LIVES],
  },
};

/* ---- what each has of its own ------------------------------------------------------------ */

/* What a session does not survive, and what it does. */
const eio3Bad = {
  "an empty body": "",
  "a text without length": '42["message"]',
  "a length that is too long": '99:42["message"]',
  "a length that is too short": '3:42["message"]',
  "an unknown engine packet": "2:9x",
  "broken JSON": units('42["a"'),
  "an event that is no array": units('42{"a":1}'),
  "attachments without a dash": units("451"),
  "too many attachments": units('4511-["a"]'),
  "bytes without a header": units("b4AQID"),
  "text while bytes are due": units('451-["a",{"_placeholder":true,"num":0}]') + units('42["message","x"]'),
};
const eio3Harmless = {
  "an unknown Socket.IO packet": "49x",
  "an unasked pong": "3",
  "a noop": "6",
  "a namespace that was not joined": '42/other,["message","x"]',
  "a count of no attachments, as in 1.x": '450-["a"]',
  "a second CONNECT": "40",
  "a reserved name": '42["disconnect"]',
  "an acknowledgement of nothing": '4399["x"]',
};

function eio3(version) {
  const EIO = `/socket.io/?EIO=${version}&transport=polling`, name = version === 3 ? "EIO3" : "EIO=2", kind = generations[name];
  const isGone = async (session) => code(await session.get(), 1);

  it("is refused in the reference's order", async () => {
    code(await request(url, "/socket.io/"), 0);
    for (const more of ["", "&transport=pigeon", "&sid=x"])
      code(await request(url, `/socket.io/?EIO=${version}${more}`), 0);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"])
      code(await request(url, EIO, { method, body: "" }), 2);
    const head = await request(url, EIO, { method: "HEAD" });
    assert.deepEqual([head.status, head.body], [400, ""]);
    code(await request(url, `/socket.io/?EIO=${version}&transport=websocket`), 3);
  });

  it("is left alone by methods that there are not for a session", async () => {
    const session = await enter(url, name), put = (method) => request(url, session.path(), { method, body: "" });
    for (const method of ["PUT", "DELETE"]) {
      const { status, body } = await put(method);
      assert.deepEqual([status, body], [500, ""]);
    }
    const { status, body, headers } = await put("OPTIONS");
    assert.deepEqual([status, body], [200, ""]);
    assert.equal(headers["access-control-allow-headers"], "Content-Type");
    code(await request(url, `/socket.io/?EIO=${version}&transport=websocket&sid=${session.sid}`), 3);
    await session.post(kind.says("alive"));
    assert.equal((await session.get()).body, kind.hears("alive"));
  });

  for (const [what, body] of Object.entries(eio3Bad))
    it(`ends at ${what}, though the POST is taken`, async () => {
      const session = await enter(url, name);
      assert.equal((await session.post(body)).body, "ok");
      await isGone(session);
    });

  for (const [what, message] of Object.entries(eio3Harmless))
    it(`minds ${what} not`, async () => {
      const session = await enter(url, name);
      assert.equal((await session.post(units(message))).body, "ok");
      await session.post(kind.says("alive"));
      assert.equal((await session.get()).body, kind.hears("alive"));
    });

  it("ignores a form without its field", async () => {
    const session = await enter(url, name, "&j=0");
    for (const body of ["", "x=1"])
      assert.equal((await session.post(body)).body, "ok");
    await session.post(kind.form(kind.says("alive")));
    assert.match((await session.get()).body, /alive/);
  });

  it("is closed by the server over two polls, also when the first one waits", async () => {
    for (const waits of [false, true]) {
      const session = await enter(url, name), { answer } = waits ? await parked(url, session) : {};
      assert.equal((await session.post(units('42["kick",true]'))).body, "ok");
      assert.equal((await (answer ?? session.get())).body, "2:41");
      assert.equal((await session.post(kind.says("too late"))).body, "ok");
      assert.equal((await session.get()).body, "1:61:1");
      await isGone(session);
    }
  });
}

const v1 = () => {
  const kind = generations["0.9"];

  it("has addresses of which each has its answer", async () => {
    const said = async (path, options) => { const { status, body } = await request(url, path, options); return `${status} ${body}`; };
    for (const method of ["GET", "POST", "PUT"])
      assert.match(await said("/socket.io/1", { method, body: "" }), /^200 [\w-]{20}:120:120:/);
    assert.equal(await said("/socket.io/1/", { method: "OPTIONS" }), "204 ");
    assert.equal(await said("/socket.io/2/"), "500 Protocol version not supported.");
    const { sid } = await kind.open(url);
    for (const path of [`/socket.io/1/pigeon/${sid}`, `/socket.io/1/websocket/${sid}`, `/socket.io/1/xhr-multipart/${sid}`])
      assert.equal(await said(path), "400 Transport unknown");
    assert.equal(await said(`/socket.io/1/xhr-polling/${sid}`, { method: "OPTIONS" }), "204 ");
    assert.equal(await said(`/socket.io/1/anything/${NOBODY}/?disconnect=1`), "200 ");
  });

  it("is left alone by garbage, whatever it is", async () => {
    const session = await enter(url, "0.9");
    /* the last one would be framed if each wrong byte were a U+FFFD */
    for (const body of ["", "nonsense", "9::", "5:::{bad", "\uFFFD", "\uFFFD5\uFFFD", "\uFFFDx\uFFFD3:::no", "\uFFFD99999999999999999999\uFFFD",
      Buffer.from([0xff, 0xff]), Buffer.from("\xff4\xff3:::", "latin1")])
      assert.equal((await session.post(body)).body, "1");
    assert.equal((await session.post("4:::{bad")).body, "1");
    assert.equal((await session.get()).body, "4:::false");
  });
};

const v0 = () => {
  const kind = generations["0.6"];

  it("has addresses of which each has its answer", async () => {
    const said = async (path, options) => (await request(url, path, options)).status;
    const { sid } = await kind.open(url);
    assert.equal(await said(`/socket.io/xhr-polling/${sid}/send`, { method: "OPTIONS" }), 204);
    assert.equal(await said(`/socket.io/xhr-polling/${sid}/1300000000001`, { method: "PUT", body: "" }), 405);
    assert.equal(await said("/socket.io/pigeon//1300000000001"), 404);
    for (const name of ["websocket", "websocket/"])
      assert.equal(await said(`/socket.io/${name}`), 400);
    assert.equal(await said("/socket.io/xhr-polling//send", { method: "POST", body: "data=~m~1~m~x", headers: { "Content-Type": FORM } }), 404);
  });

  it("hears what was said before its form is garbled, and goes on", async () => {
    const session = await enter(url, "0.6");
    for (const data of ["~m~3~m~one~m~", "~m~3~m~two<garbage>~m~1~m~x", "~m~99~m~cut", "~m~x~m~", "~m~6~m~~h~777", "%EF%BF%BD%"])
      assert.equal((await session.post(`data=${data}`)).body, "ok");
    assert.match((await session.get()).body, /^~m~3~m~one~m~3~m~two~m~3~m~cut(~m~0~m~)?$/);
  });
};

/* ---- where ---------------------------------------------------------------------------------- */

function eachInItsOwnWay() {
  describe("a session of EIO3", () => eio3(3));
  describe("a session of EIO=2", () => eio3(2));
  describe("a session of 0.9", v1);
  describe("a session of 0.6", v0);

  for (const [name, kind] of Object.entries(generations))
    describe(`a WebSocket of ${name}`, () => {
      for (const [sentence, run] of Object.entries(everySocket))
        it(sentence, () => run(name, kind));
      for (const [what, [said, heard]] of Object.entries(saidOnSockets[name]))
        it(`${heard === "end" ? "ends at" : "outlives"} ${what}`, async () => {
          const raw = await openSocket(url, name);
          raw.send(text(said));
          if (heard === "end") {
            const rest = await heardToEnd(raw);
            assert.ok(rest.length <= 2 && /^close/.test(rest.at(-1) ?? "close"), rest.join());
          } else {
            for (const line of heard)
              assert.equal(words(await raw.frame()), line);
            await hears(raw, name);
          }
          raw.destroy();
        });
    });

  for (const version of [4, 3, 2])
    it(`a WebSocket of EIO=${version} that cannot begin is told why`, async () => {
      for (const [query, body] of [[`transport=websocket&sid=${NOBODY}`, CODES[1]], ["transport=websocket&sid=a:b", CODES[1]],
        ["transport=pigeon", CODES[0]], ["", CODES[0]]]) {
        const raw = new RawSocket(url);
        raw.send(upgradeRequest(raw.host, { path: `/socket.io/?EIO=${version}&${query}` }));
        const answer = await raw.answer();
        assert.deepEqual([answer.status, answer.body], [400, body]);
        assert.match(answer.headers["content-type"], /^text\/html/);
        raw.destroy();
      }
    });

  for (const name of ["EIO4", "EIO3"])
    it(`a session of ${name} on a WebSocket is neither polled nor taken over`, async () => {
      const session = await enter(url, name), path = `${session.path().replace("transport=polling", "transport=websocket")}`;
      const raw = await openRaw(url, { path });
      raw.send(text("2probe"));
      assert.equal(words(await raw.frame()), "text 3probe");
      raw.send(text("5"));
      await hears(raw, name);
      code(await session.get(), 3);
      code(await session.post(generations[name].says("x")), 3);
      const second = await openRaw(url, { path });
      assert.deepEqual(await heardToEnd(second), ["close"]);
      await hears(raw, name);
      raw.destroy();
    });

  it("a WebSocket of 0.9 without a session, or with one that is on another, is told to begin anew", async () => {
    const raw = await openSocket(url, "0.9"), { socket } = generations["0.9"];
    for (const sid of [NOBODY, raw.sid]) {
      const other = await openRaw(url, { path: socket(sid) });
      assert.deepEqual((await heardToEnd(other))[0], "text 7:::1+0");
    }
    await hears(raw, "0.9");
    raw.destroy();
  });
}

for (const place of fronts("lighttpd", "none"))
  describe(`through ${place}`, { skip: place === "given" }, () => {
    before(async () => {
      front = await startFront(place, { ws: true, conf: `max_payload = ${LIMIT}\nrecovery_window = 0\nslots = 0\nping_interval = 100s` });
      url = front.url;
    });
    after(() => front?.stop());
    for (const [name, kind] of Object.entries(generations))
      describe(`a request of ${name}`, () => {
        for (const [sentence, run] of Object.entries({ ...everybody, ...(place === "none" && whoseLossIsSeen) }))
          it(sentence, () => run(name, kind));
      });
    if (place === "lighttpd")
      eachInItsOwnWay();
  });
