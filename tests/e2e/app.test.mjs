/*
 * app.test.mjs - an ordinary application behind siogate-ws, at the same port
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import crypto from "node:crypto";
import http from "node:http";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { ask, closing, connect } from "./lib/client.mjs";
import { RawSocket } from "./lib/frames.mjs";
import { fronts, startFront, startSidecar } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { freePort } from "./lib/program.mjs";
import { next, until } from "./lib/wait.mjs";

const listen = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
const md5 = (bytes) => crypto.createHash("md5").update(bytes).digest("hex");

for (const name of fronts("none"))
  describe(`an application behind ${name}`, { skip: name === "given" }, () => {
    let front, app, url, raw, connections = 0;
    const programs = [], places = {};

    /* Another siogate-ws, with `app` at that port. */
    async function behind(port, env = {}) {
      const program = await startSidecar(front, 0, { env: { SIOGATE_APP: `http://127.0.0.1:${port}`, ...env } });
      programs.push(program);
      return `http://127.0.0.1:${program.port}`;
    }

    /* An application that answers with these bytes, whatever it is asked. */
    async function saying(t, ...answers) {
      const server = net.createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => {
          const answer = answers.length > 1 ? answers.shift() : answers[0];
          socket.end(answer);
        });
      });
      t.after(() => server.close());
      return behind(await listen(server));
    }

    before(async () => {
      front = await startFront(name, { conf: "log_level = info\n" });
      app = http.createServer((req, res) => (places[new URL(req.url, "http://h").pathname] ?? places["/"])(req, res));
      app.on("connection", () => connections++);
      app.keepAliveTimeout = 60000;
      url = await behind(await listen(app));
    });
    after(async () => {
      for (const program of programs)
        program.kill("SIGTERM");
      app?.closeAllConnections();
      app?.close();
      await front?.stop();
    });

    places["/"] = (req, res) => {
      res.setHeader("X-Mine", "yes");
      res.setHeader("Set-Cookie", ["a=1", "b=2"]);
      res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, names: req.rawHeaders.filter((_, i) => i % 2 === 0) }));
    };
    places["/echo"] = (req, res) => req.pipe(res);
    places["/length"] = (req, res) => {
      let n = 0;
      req.on("data", (bytes) => { n += bytes.length; });
      req.on("end", () => res.end(`${n} ${req.headers["content-length"]} ${req.headers["transfer-encoding"]}`));
    };
    places["/empty"] = (req, res) => res.writeHead(204).end();
    places["/same"] = (req, res) => res.writeHead(304, { ETag: '"x"' }).end();

    it("gets what is not Socket.IO, and says what it likes", async () => {
      const got = await request(url, "/some/page?a=b%20c&d", { headers: { Host: "site.example:81", "X-Own": "1", Cookie: "k=v" } });
      assert.equal(got.status, 200);
      assert.equal(got.headers["x-mine"], "yes");
      assert.deepEqual(got.headers["set-cookie"], ["a=1", "b=2"]);
      const { method, url: path, headers } = got.json;
      assert.deepEqual([method, path, headers.host, headers["x-own"], headers.cookie], ["GET", "/some/page?a=b%20c&d", "site.example:81", "1", "k=v"]);
      assert.deepEqual([headers["x-forwarded-for"], headers["x-forwarded-host"], headers["x-forwarded-proto"]], ["127.0.0.1", "site.example:81", "http"]);
    });

    it("hears no header that was for the connection, and no lies about the client", async () => {
      /* trusted_proxies of the demo is 127.0.0.1: another one is not believed. */
      const other = await behind(app.address().port, { SIOGATE_TRUSTED_PROXIES: "10.0.0.1" });
      const { json } = await request(other, "/", { headers: { Connection: "close, X-Hop", "X-Hop": "1", "Keep-Alive": "5", TE: "trailers", Proxy: "http://evil/",
        "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil", "X-Real-IP": "1.2.3.4", Forwarded: "for=1.2.3.4" } });
      for (const gone of ["x-hop", "keep-alive", "te", "proxy", "x-real-ip", "forwarded"])
        assert.equal(json.headers[gone], undefined, gone);
      assert.equal(json.headers["x-forwarded-for"], "127.0.0.1");
      assert.equal(json.headers["x-forwarded-proto"], "http");
      const trusting = await request(url, "/", { headers: { "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "far" } });
      assert.equal(trusting.json.headers["x-forwarded-for"], "1.2.3.4, 127.0.0.1");
      assert.deepEqual([trusting.json.headers["x-forwarded-proto"], trusting.json.headers["x-forwarded-host"]], ["https", "far"]);
    });

    it("leaves Socket.IO and the health to siogate-ws", async (t) => {
      for (const transports of [["websocket"], ["polling"]])
        assert.deepEqual(await ask(closing(t, await connect("4.8.4", url, { transports })), "echo", 1), [1]);
      assert.equal((await request(url, "/healthz")).body, "ok\n");
    });

    it("answers with any framing", async (t) => {
      assert.equal((await request(url, "/empty")).status, 204);
      assert.deepEqual([(await request(url, "/same")).status, (await request(url, "/same")).headers.etag], [304, '"x"']);
      const head = await request(url, "/", { method: "HEAD" });
      assert.deepEqual([head.status, head.body], [200, ""]);
      const old = await saying(t, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end");
      assert.equal((await request(old, "/")).body, "to the end");
      const early = await saying(t, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 404 Not here\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: x\r\n\r\n");
      const got = await request(early, "/");
      assert.deepEqual([got.status, got.body], [404, "abcde"]);
      raw = new RawSocket(old);
      t.after(() => raw.destroy());
      raw.send("GET / HTTP/1.0\r\n\r\n");
      await until(() => raw.ended, "the end");
      assert.match(raw.bytes.toString(), /\r\n\r\nto the end$/);
    });

    it("gets a body as it comes, and answers while it comes", async (t) => {
      raw = new RawSocket(url);
      t.after(() => raw.destroy());
      raw.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n");
      assert.equal((await raw.answer()).status, 100);
      raw.send("abc");
      await until(() => raw.bytes.includes("abc"), "the first half");
      raw.send("def");
      await until(() => raw.bytes.includes("def") && raw.bytes.includes("\r\n0\r\n\r\n"), "the second half");
    });

    it("takes large bodies both ways, unchanged", async () => {
      const body = crypto.randomBytes(8 << 20);
      const got = await request(url, "/echo", { method: "POST", body });
      assert.equal(md5(got.bytes), md5(body));
    });

    it("is told the length of a body that came in chunks, up to max_payload", async (t) => {
      raw = new RawSocket(url);
      t.after(() => raw.destroy());
      raw.send("POST /length HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
      await until(() => raw.bytes.includes("7 7 undefined"), "the answer");
      raw.send(`POST /length HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${(200000).toString(16)}\r\n`);
      await until(() => raw.bytes.includes("413 "), "the refusal");
    });

    it("keeps its connections, and so does the client", async (t) => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => agent.destroy());
      const get = () => new Promise((resolve, reject) => http.get(`${url}/`, { agent }, (res) => {
        res.resume().on("end", () => resolve(res.req.reusedSocket));
      }).on("error", reject));
      await get();
      const before_ = connections;
      for (let i = 0; i < 5; i++)
        assert.equal(await get(), true);
      assert.equal(connections, before_);
    });

    it("may close a kept connection: the request is said again", async () => {
      await request(url, "/");
      app.closeIdleConnections();
      for (let i = 0; i < 3; i++)
        assert.equal((await request(url, "/")).status, 200);
    });

    it("that is not there is 502, in words", async () => {
      const got = await request(await behind(await freePort()), "/");
      assert.equal(got.status, 502);
      assert.match(got.body, /cannot be reached.*option app/);
    });

    it("that says nothing is 504, and one that has enough to do 503", async (t) => {
      const server = net.createServer((socket) => socket.on("error", () => {}));
      t.after(() => server.close());
      const there = await behind(await listen(server), { SIOGATE_APP_TIME: "10s", SIOGATE_APP_CONNECTIONS: "1" });
      const waits = request(there, "/");
      await new Promise((resolve) => server.once("connection", resolve));
      assert.equal((await request(there, "/")).status, 503);
      const got = await waits;
      assert.equal(got.status, 504);
      assert.match(got.body, /app_time/);
    });

    for (const [what, answer] of [
      ["no HTTP", "hello\r\n\r\n"],
      ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
      ["a 101 that nobody asked for", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"],
      ["nothing", ""],
    ])
      it(`that answers with ${what} is 502`, async (t) => {
        assert.equal((await request(await saying(t, answer), "/")).status, 502);
      });

    for (const [what, answer] of [
      ["length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"],
      ["chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
    ])
      it(`that breaks off in a ${what} does not look whole`, async (t) => {
        await assert.rejects(request(await saying(t, answer), "/"), /aborted|hang up|terminated/);
      });

    it("waits for a client that reads slowly, and memory does not grow", async (t) => {
      let left = 400, response;
      places["/much"] = (req, res) => {
        response = res;
        const more = () => {
          while (left > 0)
            if (left-- && !res.write(Buffer.alloc(100000, left)))
              return res.once("drain", more);
          res.end();
        };
        more();
      };
      const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
      t.after(() => socket.destroy());
      socket.write("GET /much HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      socket.pause();
      let seen = -1;
      await until(async () => {
        const now = response?.socket.bytesWritten ?? -1, still = now > 0 && now === seen;
        seen = now;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return still;
      }, "the application to stop");
      assert.ok(left > 100, `${left} of 400 left`);
      let got = 0;
      socket.on("data", (bytes) => { got += bytes.length; });
      socket.resume();
      await next(socket, "end");
      assert.ok(got > 40000000, `${got}`);
    });

    it("has WebSockets of its own", async (t) => {
      const server = new WebSocketServer({ server: app, path: "/mine" });
      server.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
      t.after(() => {
        server.close();
        for (const socket of server.clients)
          socket.terminate();
      });
      const socket = new WebSocket(`${url.replace("http", "ws")}/mine`);
      t.after(() => socket.terminate());
      await next(socket, "open");
      for (const word of ["one", "x".repeat(300000)]) {
        const back = next(socket, "message");
        socket.send(word);
        assert.ok((await back)[0].toString() === word);
      }
      const over = next(socket, "close");
      socket.close(4001, "enough");
      assert.equal((await over)[0], 4001);
    });
  });
