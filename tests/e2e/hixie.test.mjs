/*
 * hixie.test.mjs - WebSockets of before 2012, alone and among all others
 *
 * The clients are the browser builds of 0.6.18 and 0.9.17 on lib/page.mjs, whose
 * WebSocket is that of lib/hixie.mjs: no browser that has one runs any more.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fresh } from "./lib/cases.mjs";
import { ask, closing, connect } from "./lib/client.mjs";
import { fronts, killAll, startFront, startSidecar, top } from "./lib/front.mjs";
import { HixieSocket } from "./lib/hixie.mjs";
import { request } from "./lib/http.mjs";
import { openPage } from "./lib/page.mjs";
import { openV0, script } from "./lib/v0.mjs";
import { DEADLINE, collect, next } from "./lib/wait.mjs";

const TEXT = "Grüße, 日本 \u{1F469}\u200D\u{1F4BB}\u{1F389} \"quoted\" 'single' \\ / \u2028\u2029\n\t </script>";
const DRAFTS = [76, 75];
const plain = (value) => JSON.parse(JSON.stringify(value));

/* Pages of both generations: {socket, heard(name), leave()}. */
const pages = {
  async "0.6.18"(url, draft) {
    const voice = await openV0(url, "websocket", { websocket: `hixie-${draft}` });
    return { socket: voice, leave: () => voice.disconnect() };
  },
  async "0.9.17"(url, draft) {
    const page = openPage(await script(url, "/socket.io/0.9.17/socket.io.js"), url, { websocket: `hixie-${draft}` });
    page.window.url = url;
    page.run(`var socket = io.connect(url, { transports: ["websocket"], "try multiple transports": false, "connect timeout": ${DEADLINE}, reconnect: false });`);
    const { socket } = page.window;
    socket.off = socket.removeListener;
    await next(socket, "connect");
    assert.equal(socket.socket.transport.name, "websocket");
    return { socket, leave: () => page.leave() };
  },
};

/* What the captured client said on its socket, as texts. */
const captured = (name) => JSON.parse(readFileSync(join(top, `tests/vectors/${name}.json`), "utf8")).steps
  .filter(({ dir, kind, body_base64: body }) => dir === "c>s" && kind === "tcp-bytes" && Buffer.from(body, "base64")[0] === 0)
  .map(({ body_base64: body }) => Buffer.from(body, "base64").toString("utf8").slice(1, -1));

/* A connection by hand; its first message has come. */
async function meet(t, url, path, options) {
  const socket = new HixieSocket(`${url.replace(/^http/, "ws")}${path}`, options);
  t.after(() => socket.terminate());
  const messages = collect(socket, "message", (text) => text);
  await messages.reach(1);
  return { socket, messages };
}
const refused = async (t, url, path, options) => {
  const socket = new HixieSocket(`${url.replace(/^http/, "ws")}${path}`, options);
  t.after(() => socket.terminate());
  return (await new Promise((resolve) => socket.once("error", resolve))).status;
};
const handshake = async (url) => (await request(url, "/socket.io/1/?t=1")).body.split(":")[0];

for (const name of fronts("none"))
  describe(`WebSockets of before 2012 at ${name}`, { skip: name === "given" }, () => {
    const started = [];
    let front, url;
    before(async () => {
      front = await startFront(name, { ws: true, conf: "log_level = info\nping_interval = 2m\ntransports = polling jsonp websocket flashsocket\nws_versions = rfc6455 hixie-76 hixie-75" });
      ({ url } = front);
    });
    after(async () => {
      await killAll(started.map(({ pid }) => pid));
      await front?.stop();
    });

    for (const draft of DRAFTS)
      for (const [version, open] of Object.entries(pages))
        it(`draft ${draft} carries ${version} into a room with 4.8.4, once and in order`, async (t) => {
          const { socket, leave } = await open(url, draft), other = closing(t, await connect("4.8.4", url));
          t.after(leave);
          const room = fresh("room"), event = fresh("said"), mine = collect(socket, event, (...args) => plain(args));
          const theirs = collect(other, event, (...args) => args.slice(0, 3));     /* behind them: an offset */
          await ask(socket, "join", room);
          await ask(other, "join", room);
          for (let i = 0; i < 10; i++) {
            socket.emit("to", room, event, "old", i, TEXT);
            other.emit("to", room, event, "new", i, TEXT);
          }
          await mine.reach(20);
          await theirs.reach(20);
          assert.deepEqual(plain(await ask(socket, "echo", TEXT)), [TEXT]);
          assert.deepEqual([...mine], [...theirs]);
          for (const who of ["old", "new"])
            assert.deepEqual(mine.filter(([from]) => from === who), Array.from({ length: 10 }, (_, i) => [who, i, TEXT]));
        });

    it("what was captured of 0.6 is answered as it was", async (t) => {
      const [yo, two] = captured("v0-websocket-hixie76");
      const { socket, messages } = await meet(t, url, "/socket.io/websocket");
      assert.match(messages[0], /^~m~\d+~m~[\w-]+$/);
      socket.send(yo);
      socket.send(two);
      await messages.reach(4);
      assert.deepEqual(messages.slice(1), ["~m~4~m~yo é", "~m~10~m~~j~{\"a\":1}", "~m~3~m~two"]);
      const older = await meet(t, url, "/socket.io/websocket", { draft: 75 });
      older.socket.send(captured("v0-websocket-hixie75")[0]);
      await older.messages.reach(2);
      assert.equal(older.messages[1], "~m~2~m~yo");
    });

    it("what was captured of 0.9 is answered as it was, to its close", async (t) => {
      const { socket, messages } = await meet(t, url, `/socket.io/1/websocket/${await handshake(url)}`);
      assert.equal(messages[0], "1::");
      socket.send(captured("v1-websocket-hixie76")[0]);
      await messages.reach(2);
      assert.equal(messages[1], "3:::yo é");
      const closed = next(socket, "close");
      socket.close();
      assert.deepEqual(await closed, [true]);
    });

    it("a film's flashsocket is served as a WebSocket is", async (t) => {
      for (const draft of DRAFTS) {
        const { socket, messages } = await meet(t, url, `/socket.io/1/flashsocket/${await handshake(url)}`, { draft });
        socket.send("5:1+::{\"name\":\"echo\",\"args\":[\"é\"]}");
        await messages.reach(2);
        assert.equal(messages[1], "6:::1+[\"é\"]");
        await meet(t, url, "/socket.io/flashsocket", { draft });
      }
    });

    it("who is sent away hears a close frame, of draft 75 the end", async (t) => {
      for (const [draft, isSaid] of [[76, true], [75, false]]) {
        const { socket } = await meet(t, url, `/socket.io/1/websocket/${await handshake(url)}`, { draft });
        const closed = next(socket, "close");
        socket.send("5:::{\"name\":\"kick\",\"args\":[]}");
        assert.deepEqual(await closed, [isSaid]);
      }
    });

    it("an EIO3 client gets octets as text", async (t) => {
      const other = closing(t, await connect("4.8.4", url)), room = fresh("room");
      const { socket, messages } = await meet(t, url, "/socket.io/?EIO=3&transport=websocket");
      await messages.reach(2);
      assert.equal(messages[1], "40");
      socket.send(`420["join","${room}"]`);
      await messages.reach(3);
      await ask(other, "to", room, "octets", Buffer.from([0, 1, 255]));
      await messages.reach(5);
      assert.deepEqual(messages.slice(3), ["451-[\"octets\",{\"_placeholder\":true,\"num\":0}]", "b4AAH/"]);
    });

    it("a page of another origin is refused, whatever its draft", async (t) => {
      for (const draft of DRAFTS)
        for (const path of ["/socket.io/websocket", `/socket.io/1/websocket/${await handshake(url)}`, "/socket.io/?EIO=3&transport=websocket"])
          assert.ok([400, 401, 403].includes(await refused(t, url, path, { draft, origin: "http://elsewhere.example" })), path);
    });

    it("what is no frame ends the connection", async (t) => {
      const { socket } = await meet(t, url, "/socket.io/websocket"), closed = next(socket, "close");
      socket.tcp.write(Buffer.from([0x81, 0x85, 0, 0, 0, 0, 1, 2, 3, 4, 5]));
      assert.deepEqual(await closed, [true]);
      const messages = await meet(t, url, "/socket.io/websocket", { draft: 75 });
      const ended = next(messages.socket, "close");
      messages.socket.tcp.write(Buffer.from([0, 0xc3, 0xff]));
      assert.deepEqual(await ended, [false]);
    });

    it("wss is answered as wss: by TLS of its own, and behind a proxy", async (t) => {
      const at = new URL(url).host, key = join(front.run, "run/key.pem"), certificate = join(front.run, "run/cert.pem");
      execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=hixie",
        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], { stdio: "ignore" });
      chmodSync(key, 0o644);            /* for the serving account */
      const program = await startSidecar(front, 0, { scheme: "tls:", env: { SIOGATE_TLS_CERTIFICATE: certificate, SIOGATE_TLS_KEY: key } });
      started.push(program);
      const { socket, messages } = await meet(t, `https://127.0.0.1:${program.port}`, "/socket.io/websocket",
        { ca: readFileSync(certificate), origin: `https://127.0.0.1:${program.port}` });
      socket.send("~m~2~m~yo");
      await messages.reach(2);
      assert.equal(messages[1], "~m~2~m~yo");
      await meet(t, url, "/socket.io/websocket", { headers: { "X-Forwarded-Proto": "https" }, place: `wss://${at}/socket.io/websocket` });
    });

    it("is off unless ws_versions names it", async (t) => {
      const program = await startSidecar(front, 0, { env: { SIOGATE_WS_VERSIONS: "rfc6455" } });
      started.push(program);
      for (const draft of DRAFTS)
        assert.equal(await refused(t, `http://127.0.0.1:${program.port}`, "/socket.io/websocket", { draft }), 426);
    });
  });
