/*
 * rfc6455.test.mjs - the framing rules, by the bytes, against the live program
 *
 * A table in the order of the Autobahn test suite: what is sent, and everything
 * that comes until the end.  Each row is sent three times: in one piece, byte by
 * byte, and in pieces of seven, since where the input is cut must never show.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { after, before, describe, it } from "node:test";
import { ACCEPT, KEY, OP, RawSocket, close, describe as words, fragments, frame, joinRaw, openRaw, ping, pong, text, upgradeRequest } from "./lib/frames.mjs";
import { fronts, startFront } from "./lib/front.mjs";
import { until } from "./lib/wait.mjs";

const LIMIT = 200000;           /* max_payload here: lengths of 64 bits come in, too */

/* The server's application echoes: what is said, and what is answered. */
const say = (word, id = 0) => `42${id}["echo",${JSON.stringify(word)}]`;
const heard = (word, id = 0) => `text 43${id}[${JSON.stringify(word)}]`;
const HI = heard("hi"), bye = close(1000), BYE = "close 1000";
const broken = "close 1002", bad = "close 1007", big = "close 1009";

const utf8 = (...bytes) => Buffer.from([...Buffer.from(`420["echo","`), ...bytes, ...Buffer.from(`"]`)]);
/* So that a failure can be read. */
const short = (line) => (line.length < 200 ? line : `${line.slice(0, 60)}... ${line.length} ${crypto.createHash("md5").update(line).digest("hex")}`);
const uncut = { step: Infinity };

/* [what it is about, what is sent, what comes, options]; where the last is no close the
 * connection still works, and is then closed by us. */
const table = {
  "1 lengths": [
    ...[0, 1, 100, 109, 110, 111, 112, 113, 114, 60000, 65518, 65519, 65520, 65521].map((n) =>
      [`text of ${n} in a message`, [text(say("x".repeat(n)))], [heard("x".repeat(n))]]),
    ["text of 150000", [text(say("y".repeat(150000)))], [heard("y".repeat(150000))]],
    ...[0, 125, 126, 127, 128, 65535, 65536].map((n) =>
      [`${n} bytes`, [text('451-0["echo",{"_placeholder":true,"num":0}]'), frame(OP.binary, Buffer.alloc(n, 254))],
        ['text 461-0[{"_placeholder":true,"num":0}]', n === 0 ? "binary" : `binary ${"fe".repeat(n)}`]]),
    ["16 bits for a short length", [frame(OP.text, say("a"), { size: 16 })], [broken]],
    ["64 bits for a short length", [frame(OP.text, say("a"), { size: 64 })], [broken]],
    ["64 bits with the highest one set", [frame(OP.binary, "", { size: 64, length: 1n << 63n })], [broken]],
    ["a length over the limit", [frame(OP.text, "", { length: LIMIT + 1 })], [big]],
    ["an enormous length", [frame(OP.binary, "", { size: 64, length: (1n << 62n) })], [big]],
    ["fragments that are over the limit together",
      [frame(OP.text, Buffer.alloc(LIMIT - 10, 52), { fin: false }), frame(OP.more, "", { length: 11 })], [big]],
  ],
  "2 pings": [
    ["an empty one", [ping()], ["pong"]],
    ["with words", [ping("Hello")], ["pong Hello"]],
    ["of 125 bytes", [ping("p".repeat(125))], [`pong ${"p".repeat(125)}`]],
    ["of 126 bytes", [ping("p".repeat(126))], [broken]],
    ["with a length of 16 bits", [frame(OP.ping, "a", { size: 16 })], [broken]],
    ["with a length of 64 bits", [frame(OP.ping, "a", { size: 64 })], [broken]],
    ["pongs that nobody asked for", [pong("why"), pong(), text(say("hi"))], [HI]],
    ["a pong, then a ping", [pong("why"), ping("now")], ["pong now"]],
    ["a pong of 126 bytes", [pong("p".repeat(126))], [broken]],
    ["ten at once", [...Array.from({ length: 10 }, (_, i) => ping(`p${i}`))], [...Array.from({ length: 10 }, (_, i) => `pong p${i}`)]],
  ],
  "3 reserved bits": [
    ...[1, 2, 3, 4, 5, 6, 7].flatMap((rsv) => [
      [`${rsv} on text`, [text(say("x"), { rsv }), ping()], [broken]],
      [`${rsv} on a ping`, [ping("x", { rsv })], [broken]],
    ]),
    ["on binary", [frame(OP.binary, "x", { rsv: 2 })], [broken]],
    ["on a pong", [pong("x", { rsv: 1 })], [broken]],
    ["on a close", [close(1000, "", { rsv: 4 })], [broken]],
    ["on a continuation", [frame(OP.text, "42", { fin: false }), frame(OP.more, "x", { rsv: 4 })], [broken]],
  ],
  "4 opcodes": [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((op) => [
    [`${op}, empty`, [frame(op), ping()], [broken]],
    [`${op} with bytes`, [frame(op, "ab"), ping()], [broken]],
  ]),
  "5 fragments": [
    ["two of text", [...fragments(OP.text, say("hi"), 2)], [HI]],
    ["one for each byte", [...fragments(OP.text, say("hi"), say("hi").length)], [HI]],
    ["empty ones at the beginning and the end", [frame(OP.text, "", { fin: false }), frame(OP.more, say("hi"), { fin: false }), frame(OP.more)], [HI]],
    ["empty ones, many", [frame(OP.text, say("hi"), { fin: false }), ...Array.from({ length: 200 }, () => frame(OP.more, "", { fin: false })), frame(OP.more)], [HI]],
    ["a ping between", [frame(OP.text, say("hi").slice(0, 3), { fin: false }), ping("a"), frame(OP.more, say("hi").slice(3))], ["pong a", HI]],
    ["pings and pongs between all", [...fragments(OP.text, say("hi"), 5).flatMap((part, i) => [ping(`${i}`), pong(), part])], ["pong 0", "pong 1", "pong 2", "pong 3", "pong 4", HI]],
    ["of bytes, a ping between", [text('451-0["echo",{"_placeholder":true,"num":0}]'), frame(OP.binary, "ab", { fin: false }), ping(), frame(OP.more, "cd")],
      ["pong", 'text 461-0[{"_placeholder":true,"num":0}]', "binary 61626364"]],
    ["a ping in fragments", [ping("a", { fin: false }), frame(OP.more, "b")], [broken]],
    ["a pong in fragments", [pong("a", { fin: false }), frame(OP.more, "b")], [broken]],
    ["a close in fragments", [close(1000, "", { fin: false })], [broken]],
    ["nothing to continue, final", [frame(OP.more, "x"), ping()], [broken]],
    ["nothing to continue, not final", [frame(OP.more, "x", { fin: false }), ping()], [broken]],
    ["nothing to continue after a message", [...fragments(OP.text, "3", 2), frame(OP.more, "x")], [broken]],
    ["a message inside a message", [frame(OP.text, "42", { fin: false }), text("x")], [broken]],
    ["bytes inside a message", [frame(OP.text, "42", { fin: false }), frame(OP.binary, "x")], [broken]],
    ["two messages one after the other", [...fragments(OP.text, say("a"), 3), ...fragments(OP.text, say("b", 1), 4)], [heard("a"), heard("b", 1)]],
    ["a close between", [frame(OP.text, "42", { fin: false }), bye, frame(OP.more, "x")], [BYE]],
  ],
  "6 text": [
    ["of all lengths", [text(say("κόσμε \u{10ffff}\u{1f600}é\u0080\u07ff\u0800\uffff"))], [heard("κόσμε \u{10ffff}\u{1f600}é\u0080\u07ff\u0800\uffff")]],
    ["that is cut inside its characters", [...fragments(OP.text, say("κόσμε\u{1f600}"), Buffer.byteLength(say("κόσμε\u{1f600}")))], [heard("κόσμε\u{1f600}")]],
    ["the last and first of each plane", [text(say("\ud7ff\ue000\ufffd\u{10000}\u{1fffe}\u{3fffd}"))], [heard("\ud7ff\ue000\ufffd\u{10000}\u{1fffe}\u{3fffd}")]],
    ...Object.entries({
      "a lone continuation byte": [0x80], "another one": [0xbf], "six of them": [0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf],
      "a first byte with nothing behind": [0xc3, 0x20], "three bytes, one missing": [0xe2, 0x82, 0x20], "four bytes, one missing": [0xf0, 0x9f, 0x98, 0x20],
      "an overlong slash, two bytes": [0xc0, 0xaf], "an overlong slash, three bytes": [0xe0, 0x80, 0xaf], "an overlong slash, four bytes": [0xf0, 0x80, 0x80, 0xaf],
      "an overlong last of two bytes": [0xc1, 0xbf], "an overlong last of three": [0xe0, 0x9f, 0xbf], "an overlong last of four": [0xf0, 0x8f, 0xbf, 0xbf],
      "an overlong zero": [0xc0, 0x80], "five bytes": [0xf8, 0x88, 0x80, 0x80, 0x80], "six bytes": [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80],
      "beyond the last": [0xf4, 0x90, 0x80, 0x80], "a first half": [0xed, 0xa0, 0x80], "a second half": [0xed, 0xbf, 0xbf],
      "both halves": [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80], "FE": [0xfe], "FF": [0xff],
    }).map(([name, bytes]) => [name, [frame(OP.text, utf8(...bytes)), ping()], [bad]]),
    ["a wrong byte before the frame is whole", [frame(OP.text, Buffer.from([0xff]), { length: 100 }).subarray(0, 7)], [bad]],
    ["a wrong byte before the message is whole", [frame(OP.text, utf8(0xce, 0xff), { fin: false })], [bad]],
    ["one that no byte could mend", [frame(OP.text, Buffer.from([0xf4, 0x90]), { fin: false })], [bad]],
    ["one that the next fragment does not mend", [frame(OP.text, Buffer.from("42\xc3", "latin1"), { fin: false }), frame(OP.more, "x", { fin: false })], [bad]],
    ["a message that ends inside a character", [frame(OP.text, Buffer.from("42\xe2\x82", "latin1"))], [bad]],
    ["wrong bytes in binary are no text", [text('451-0["echo",{"_placeholder":true,"num":0}]'), frame(OP.binary, Buffer.from([0xff, 0xc0]))],
      ['text 461-0[{"_placeholder":true,"num":0}]', "binary ffc0"]],
  ],
  "7 closing": [
    ["nothing is read after a close", [bye, text(say("late", 1)), ping("late")], [BYE]],
    ["two closes", [bye, close(1001)], [BYE]],
    ["a broken frame after a close", [bye, frame(3, "x")], [BYE]],
    ["without a code", [frame(OP.close)], ["close"]],
    ["of one byte", [frame(OP.close, "x")], [broken]],
    ["with a reason", [close(1000, "Grüße")], [BYE]],
    ["with a reason of 123 bytes", [close(1000, "r".repeat(123))], [BYE]],
    ["with a reason of 124 bytes", [close(1000, "r".repeat(124))], [broken]],
    ["with a reason that is no text", [close(1000, Buffer.from([0xce, 0xba, 0xff]))], [bad]],
    ["with a reason that ends inside a character", [close(1000, Buffer.from([0xce]))], [bad]],
    ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map((code) =>
      [`code ${code} is answered with itself`, [close(code)], [`close ${code}`]]),
    ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map((code) =>
      [`code ${code} is refused`, [close(code)], [broken]]),
  ],
  "8 masks": [
    ["text without one", [text(say("x"), { masked: false }), ping()], [broken]],
    ["a ping without one", [ping("x", { masked: false })], [broken]],
    ["a close without one", [close(1000, "", { masked: false })], [broken]],
    ["an empty frame without one", [frame(OP.text, "", { masked: false })], [broken]],
  ],
  "9 much": [
    ["a great message in 64 fragments", [...fragments(OP.text, say("z".repeat(190000)), 64)], [heard("z".repeat(190000))], uncut],
    ["many messages", [...Array.from({ length: 300 }, (_, i) => text(say(`${i}`, i)))], [...Array.from({ length: 300 }, (_, i) => heard(`${i}`, i))], uncut],
  ],
};

for (const name of fronts("none"))
  describe(`RFC 6455 at ${name}`, { concurrency: 16 }, () => {
    let front;
    before(async () => { front = await startFront(name, { conf: `max_payload = ${LIMIT}\nmax_event = ${LIMIT}\nping_interval = 2m\n` }); });
    after(() => front?.stop());

    for (const [section, rows] of Object.entries(table))
      describe(section, { concurrency: 16 }, () => {
        for (const [about, send, comes, { step } = {}] of rows)
          it(about, async (t) => {
            const bytes = Buffer.concat(send);
            const steps = [Infinity, ...(step === Infinity ? [] : bytes.length < 400 ? [1, 7] : bytes.length < 20000 ? [499] : [30011])];
            for (const cut of steps) {
              const raw = await joinRaw(front.url);
              t.after(() => raw.destroy());
              if (cut === Infinity)
                raw.send(bytes);
              else
                await raw.drip(bytes, cut);
              const isOver = comes.at(-1).startsWith("close"), got = [];
              while (!isOver && got.length < comes.length)
                got.push(words(await raw.frame()));
              if (!isOver)
                raw.send(bye);
              got.push(...await raw.rest());
              assert.deepEqual(got.map(short), (isOver ? comes : [...comes, BYE]).map(short), `pieces of ${cut}`);
            }
          });
      });

    it("the server's frames are whole, not masked and have no bits set", async (t) => {
      const raw = await joinRaw(front.url);
      t.after(() => raw.destroy());
      raw.send(text(say("hi")));
      const got = await raw.frame();
      assert.deepEqual([got.fin, got.rsv, words(got)], [true, 0, HI]);
    });

    it("a close of the server waits for the client's, and reads it", async (t) => {
      /* It waits five seconds: who looks later finds the end, and comes again. */
      const raw = await until(async () => {
        const one = await joinRaw(front.url);
        t.after(() => one.destroy());
        one.send(text("41"), text('42["x"]'));  /* leaves the namespace and speaks in it: that ends the session */
        assert.equal(words(await one.frame()), "close");
        return !one.ended && one;
      }, "a server that waits");
      raw.send(ping("late"), frame(OP.close));
      assert.deepEqual(await raw.rest(), []);
    });

    it("says in its close why", async (t) => {
      for (const [bytes, code, reason] of [
        [text("x", { masked: false }), 1002, "a frame is not masked"],
        [frame(OP.text, Buffer.from([255])), 1007, "text is not UTF-8"],
        [frame(OP.text, "", { length: LIMIT + 1 }), 1009, "the message is too big"],
      ]) {
        const raw = await joinRaw(front.url);
        t.after(() => raw.destroy());
        raw.send(bytes);
        const { op, payload } = await raw.frame();
        assert.deepEqual([op, payload.readUInt16BE(0), payload.toString("utf8", 2)], [OP.close, code, reason]);
      }
    });

    it("frames right behind the request are heard", async (t) => {
      const raw = new RawSocket(front.url);
      t.after(() => raw.destroy());
      raw.send(upgradeRequest(raw.host), text("40"), text(say("hi")));
      assert.equal((await raw.answer()).status, 101);
      assert.match(words(await raw.frame()), /^text 0\{/);
      assert.match(words(await raw.frame()), /^text 40\{/);
      assert.equal(words(await raw.frame()), HI);
    });

    describe("the handshake", { concurrency: 16 }, () => {
      const accepted = {
        "as browsers ask": {},
        "in other letters": { headers: { Upgrade: "WebSocket", Connection: "keep-alive, uPgRaDe" } },
        "with extensions and protocols that nobody knows": { headers: { "Sec-WebSocket-Extensions": "x-unknown; a=1", "Sec-WebSocket-Protocol": "chat" } },
        "of another HTTP/1": { version: "1.2" },
      };
      for (const [about, options] of Object.entries(accepted))
        it(`is accepted ${about}`, async (t) => {
          const raw = await openRaw(front.url, options);
          t.after(() => raw.destroy());
          const { headers } = raw.opened;
          assert.equal(headers["sec-websocket-accept"], ACCEPT);
          assert.equal(headers.upgrade.toLowerCase(), "websocket");
          assert.equal(headers.connection.toLowerCase(), "upgrade");
          assert.equal(headers["sec-websocket-extensions"], undefined);
          assert.equal(headers["sec-websocket-protocol"], undefined);
        });

      const refused = [
        ["a missing key", { headers: { "Sec-WebSocket-Key": null } }, 400, /Sec-WebSocket-Key/],
        ["a key of 15 bytes", { headers: { "Sec-WebSocket-Key": Buffer.alloc(15).toString("base64") } }, 400, /Sec-WebSocket-Key/],
        ["a key that is no base64", { headers: { "Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!==" } }, 400, /Sec-WebSocket-Key/],
        ["two keys", { headers: { "Sec-WebSocket-Key": KEY, "sec-websocket-key": KEY } }, 400, /Sec-WebSocket-Key/],
        ["version 8", { headers: { "Sec-WebSocket-Version": "8" } }, 426, /13/, { "sec-websocket-version": "13" }],
        ["version 14", { headers: { "Sec-WebSocket-Version": "14" } }, 426, /13/, { "sec-websocket-version": "13" }],
        ["a version 013", { headers: { "Sec-WebSocket-Version": "013" } }, 426, /13/, { "sec-websocket-version": "13" }],
        ["no version", { headers: { "Sec-WebSocket-Version": null } }, 426, /13/, { "sec-websocket-version": "13" }],
        ["no Connection", { headers: { Connection: null } }, 400, /Connection: Upgrade/],
        ["Connection: close", { headers: { Connection: "close" } }, 400, /Connection: Upgrade/],
        ["a POST", { method: "POST", headers: { "Content-Length": "0" } }, 400, /Bad handshake method/],
        ["two versions", { headers: { "sec-websocket-version": "13" } }, 426, /13/],
        ["HTTP/1.0", { version: "1.0" }, 400, /HTTP\/1\.1/],
        ["a body", { headers: { "Content-Length": "1" } }, 400, /body/],
        ["no Host", { headers: { Host: null } }, 400, /Host/],
        ["a page of another origin", { headers: { Origin: "http://elsewhere.example" } }, 400, /Origin/],
        ["an unknown session", { path: "/socket.io/?EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA" }, 400, /Session ID unknown/],
        ["an unknown transport", { path: "/socket.io/?EIO=4&transport=tin-can" }, 400, /Transport unknown/],
        ["an address that is not ours", { path: "/other/" }, 404, /./],
      ];
      for (const [about, options, status, body, headers = {}] of refused)
        it(`is refused for ${about}, in words`, async (t) => {
          const raw = new RawSocket(front.url);
          t.after(() => raw.destroy());
          raw.send(upgradeRequest(raw.host, options), options.headers?.["Content-Length"] === "1" ? "x" : "");
          const got = await raw.answer();
          assert.equal(got.status, status);
          assert.match(got.body, body);
          for (const [header, value] of Object.entries(headers))
            assert.equal(got.headers[header], value);
          assert.equal(got.headers.connection, "close");
          assert.deepEqual(await raw.rest(), []);
        });
    });
  });
