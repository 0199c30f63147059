/*
 * deflate.test.mjs - compressed WebSocket messages, with other people's zlib
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import zlib from "node:zlib";
import WebSocket from "ws";
import { ask, closing, connect } from "./lib/client.mjs";
import { OP, close, describe as words, fragments, frame, joinRaw, openRaw, text } from "./lib/frames.mjs";
import { fronts, startFront } from "./lib/front.mjs";
import { collect, next } from "./lib/wait.mjs";

const LIMIT = 100000;
const offering = (value = "permessage-deflate") => ({ headers: { "Sec-WebSocket-Extensions": value } });
const deflate = (payload) => {
  const bytes = zlib.deflateRawSync(payload, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  return bytes.subarray(0, bytes.length - 4);
};
const inflate = (payload) => zlib.inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 255, 255])]),
  { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString();
const packed = (payload, op = OP.text, options = {}) => frame(op, deflate(payload), { rsv: 4, ...options });
const say = (word) => `420["echo",${JSON.stringify(word)}]`, heard = (word) => `430[${JSON.stringify(word)}]`;
const long = "0123456789 ".repeat(300);

/* A client of `ws`, which has joined: {socket, said (its messages)}. */
async function join(t, url, options) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`, options);
  t.after(() => socket.terminate());
  const said = collect(socket, "message", (data) => data.toString());
  await next(socket, "open");
  socket.send("40");
  await said.reach(2);
  return { socket, said };
}

for (const name of fronts("none"))
  for (const [about, context] of [["nobody remembers", "off"], ["both remember", "on"]])
    describe(`permessage-deflate at ${name} where ${about}`, () => {
      let front;
      before(async () => {
        front = await startFront(name, { conf: `ws_compression = on\nws_compression_context = ${context}\nws_compression_threshold = 200\nping_interval = 2m\n` });
      });
      after(() => front?.stop());

      const terms = {
        off: [
          ["permessage-deflate", "permessage-deflate; server_no_context_takeover; client_no_context_takeover"],
          ["permessage-deflate; client_max_window_bits", "permessage-deflate; server_no_context_takeover; client_no_context_takeover"],
          ["permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10"],
          ["permessage-deflate; server_max_window_bits=8", undefined],
          ["permessage-deflate; server_max_window_bits=8, permessage-deflate", "permessage-deflate; server_no_context_takeover; client_no_context_takeover"],
          ["permessage-deflate; x", undefined],
        ],
        on: [
          ["permessage-deflate", "permessage-deflate"],
          ["permessage-deflate; client_max_window_bits; server_no_context_takeover", "permessage-deflate; server_no_context_takeover; client_max_window_bits=13"],
        ],
      };
      for (const [offer, answer] of terms[context])
        it(`answers "${offer}"`, async (t) => {
          const raw = await openRaw(front.url, offering(offer));
          t.after(() => raw.destroy());
          assert.equal(raw.opened.headers["sec-websocket-extensions"], answer);
        });

      it("compresses what is long, and leaves what is short", async (t) => {
        const raw = await joinRaw(front.url, offering());
        t.after(() => raw.destroy());
        raw.send(text(say("short")));
        assert.equal(words(await raw.frame()), `text ${heard("short")}`);
        raw.send(packed(say(long)));
        const got = await raw.frame();
        assert.deepEqual([got.op, got.rsv], [OP.text, 4]);
        assert.ok(got.payload.length < 200, `${got.payload.length} bytes`);
        assert.equal(inflate(got.payload), heard(long));
      });

      it("hears compressed fragments, and plain messages between compressed ones", async (t) => {
        const raw = await joinRaw(front.url, offering());
        t.after(() => raw.destroy());
        for (const send of [fragments(OP.text, deflate(say("a")), 5, { rsv: 4 }), [text(say("b"))], [packed(say("c"))]])
          raw.send(send);
        for (const word of ["a", "b", "c"])
          assert.equal(words(await raw.frame()), `text ${heard(word)}`);
        raw.send(close(1000));
        assert.deepEqual(await raw.rest(), ["close 1000"]);
      });

      const refused = [
        ["a bomb", [packed(Buffer.alloc(20 << 20, 52))], 1009],
        ["a bomb in fragments", fragments(OP.binary, deflate(Buffer.alloc(LIMIT + 1)), 3, { rsv: 4 }), 1009],
        ["what is no deflate", [frame(OP.text, "\xff\xff", { rsv: 4 })], 1007],
        ["text that is none", [packed(Buffer.from([0x34, 0x32, 0xff]))], 1007],
        ["the bit on a continuation", [frame(OP.text, "", { rsv: 4, fin: false }), frame(OP.more, "", { rsv: 4 })], 1002],
        ["the bit on a ping", [frame(OP.ping, "", { rsv: 4 })], 1002],
        ["another bit", [frame(OP.text, "", { rsv: 6 })], 1002],
      ];
      for (const [what, send, code] of refused)
        it(`refuses ${what}`, async (t) => {
          const raw = await joinRaw(front.url, offering());
          t.after(() => raw.destroy());
          raw.send(send);
          assert.deepEqual(await raw.rest(), [`close ${code}`]);
        });

      it("takes a message at the limit", async (t) => {
        const raw = await joinRaw(front.url, offering());
        t.after(() => raw.destroy());
        const word = "x".repeat(LIMIT - say("").length);
        raw.send(packed(say(word)));
        const got = await raw.frame();
        assert.equal(inflate(got.payload), heard(word));
      });

      it("refuses the bit of who did not offer", async (t) => {
        const raw = await joinRaw(front.url);
        t.after(() => raw.destroy());
        raw.send(packed(say("x")));
        assert.deepEqual(await raw.rest(), ["close 1002"]);
      });

      for (const options of [{}, { serverNoContextTakeover: true }, { clientNoContextTakeover: true }, { serverMaxWindowBits: 9 }, { clientMaxWindowBits: 9 }])
        it(`talks with ws, ${JSON.stringify(options)}`, async (t) => {
          const { socket, said } = await join(t, front.url, { perMessageDeflate: { threshold: 0, ...options } });
          assert.match(socket.extensions, /^permessage-deflate/);
          for (let i = 0; i < 20; i++)
            socket.send(say(`${i} ${long}`));
          await said.reach(22);
          assert.deepEqual(said.slice(2), Array.from({ length: 20 }, (_, i) => heard(`${i} ${long}`)));
        });

      it("is heard by all alike, whatever each of them offered", async (t) => {
        const all = [];
        for (const perMessageDeflate of [true, true, false, { serverMaxWindowBits: 10 }])
          all.push(await join(t, front.url, { perMessageDeflate }));
        const old = closing(t, await connect("3.1.3", front.url, { transports: ["websocket"] }));
        const here = collect(old, "broadcast", (...args) => args);
        for (let i = 0; i < 5; i++)
          all[0].socket.send(`42["broadcast",${i},${JSON.stringify(long)}]`);
        await here.reach(5);
        for (const { said } of all) {
          await said.reach(7);
          /* Behind the event's arguments stands the offset. */
          for (let i = 0; i < 5; i++)
            assert.ok(said[2 + i].startsWith(`42["broadcast",${i},${JSON.stringify(long)}`), said[2 + i].slice(0, 40));
        }
        assert.deepEqual(here.map(([i, word]) => [i, word === long]), Array.from({ length: 5 }, (_, i) => [i, true]));
      });

      for (const version of ["4.8.4", "3.1.3"])
        it(`talks with the stock client ${version}`, async (t) => {
          const socket = closing(t, await connect(version, front.url, { transports: ["websocket"], perMessageDeflate: { threshold: 100 } }));
          assert.match(socket.io.engine.transport.ws.extensions["permessage-deflate"] ? "permessage-deflate" :
            String(socket.io.engine.transport.ws.extensions), /permessage-deflate/);
          const [word, bytes] = await ask(socket, "echo", long, Buffer.alloc(5000, 7));
          assert.ok(word === long && Buffer.from(bytes).equals(Buffer.alloc(5000, 7)));
        });
    });
