/*
 * clients.test.mjs - every stock client through every front
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { declare, fresh } from "./lib/cases.mjs";
import { ask, clients, closing, connect } from "./lib/client.mjs";
import { checkUrl, fronts, startFront } from "./lib/front.mjs";
import { collect, next } from "./lib/wait.mjs";

for (const name of fronts("lighttpd", "apache-fcgid", "apache-proxy", "nginx", "cgi", "lighttpd-cgi", "htaccess", "none"))
  describe(`through ${name}`, () => {
    let front;
    before(async () => { front = await startFront(name); });
    after(() => front?.stop());
    for (const version of Object.keys(clients))
      describe(`client ${version}`, () => declare(it, version, () => front.url));

    it("is what siogate check --url asks of a site", { skip: name === "given" }, async () => {
      const steps = await checkUrl(front), wrong = steps.filter(({ ok }) => !ok).map(({ step }) => step.slice(0, 16));
      assert.ok(steps.length >= 4);
      /* from .htaccess nobody can raise mod_fcgid's limit */
      assert.deepEqual(wrong, name === "htaccess" ? ["a POST of 200 KB"] : []);
    });
  });

/* siogate-ws alone, its WebSockets and its polls. */
for (const name of fronts("none"))
  describe(`over WebSocket to ${name}`, () => {
    let front;
    before(async () => {
      front = await startFront(name, { conf: "ping_interval = 300ms\nping_timeout = 1m\n" });
    });
    after(() => front?.stop());
    for (const version of Object.keys(clients))
      describe(`client ${version}`, () => {
        declare(it, version, () => front.url, undefined, ["websocket"]);

        it("hears a room together with one who polls", async (t) => {
          const one = closing(t, await connect(version, front.url, { transports: ["websocket"] }));
          const other = closing(t, await connect(version, front.url));
          const room = fresh("room"), event = fresh("event");
          const lists = [one, other].map((socket) => collect(socket, event, (...args) => args));
          await ask(one, "join", room);
          await ask(other, "join", room);
          one.emit("to", room, event, 1, Buffer.from("bytes"));
          other.emit("to", room, event, 2, Buffer.from("more"));
          await ask(one, "echo");
          for (const [i, socket] of [one, other].entries())
            assert.ok((await lists[i].reach(1)).length >= 1 && socket.connected);
          assert.equal(Buffer.from(lists[1][0][1]).toString(), lists[1][0][0] === 1 ? "bytes" : "more");
        });

        it("stays through heartbeats", async (t) => {
          const socket = closing(t, await connect(version, front.url, { transports: ["websocket"] }));
          const { id } = socket;
          for (let i = 0; i < 4; i++)
            await next(socket.io.engine, "packet", ({ type }) => type === "ping");
          assert.equal(socket.id, id);
          assert.deepEqual(await ask(socket, "echo", "alive"), ["alive"]);
        });
      });
  });
