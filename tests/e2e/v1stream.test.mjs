/*
 * v1stream.test.mjs - the forever frame of 0.9, as its browser build drives it
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fresh } from "./lib/cases.mjs";
import { ask, closing, connect } from "./lib/client.mjs";
import { all, fronts, startFront } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { openPage } from "./lib/page.mjs";
import { script } from "./lib/v0.mjs";
import { DEADLINE, collect, next, within } from "./lib/wait.mjs";

const TEXT = "Grüße, 日本 \u{1F469}\u200D\u{1F4BB}\u{1F389} \"quoted\" 'single' / \u2028\u2029\r\n\t </script>";

async function enter(t, url) {
  const page = openPage(await script(url, "/socket.io/0.9.17/socket.io.js"), url, { htmlfile: true });
  page.window.url = url;
  page.run(`var socket = io.connect(url, { transports: ["htmlfile"], "try multiple transports": false, "connect timeout": ${DEADLINE}, reconnect: false });`);
  const { socket } = page.window;
  socket.off = socket.removeListener;
  t.after(() => page.leave());
  await next(socket, "connect");
  assert.equal(socket.socket.transport.name, "htmlfile");
  return socket;
}

/* What a context of its own made is no Array of ours. */
const plain = (value) => JSON.parse(JSON.stringify(value));

for (const name of fronts("lighttpd", "none", ...(all ? ["apache-fcgid", "apache-proxy", "nginx"] : [])))
  describe(`a forever frame of 0.9.17 through ${name}`, () => {
    let front;
    before(async () => { front = await startFront(name, { conf: "streams = on\nping_interval = 1s\nping_timeout = 1m" }); });
    after(() => front?.stop());

    it("is offered by the handshake", async () => {
      const { body } = await request(front.url, "/socket.io/1/?t=1");
      assert.match(body, /^\S{20}:\d+:\d+:.*\bhtmlfile,xhr-polling,jsonp-polling$/);
    });

    it("asks and is answered, also after heartbeats", async (t) => {
      const socket = await enter(t, front.url);
      assert.deepEqual(plain(await ask(socket, "echo", 1, TEXT, { a: [null] })), [1, TEXT, { a: [null] }]);
      const { transport } = socket.socket, echo = transport.onHeartbeat;
      let beats = 0;
      await within(new Promise((resolve) => {
        transport.onHeartbeat = function () {
          if (++beats === 5)
            resolve();
          return echo.call(this);
        };
      }), "five heartbeats");
      assert.deepEqual(plain(await ask(socket, "echo", "here")), ["here"]);
    });

    it("hears a room, in order and once, with clients of 4.8.4", async (t) => {
      const socket = await enter(t, front.url), other = closing(t, await connect("4.8.4", front.url));
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
      await ask(socket, "echo");
      assert.deepEqual([...mine], [...theirs]);
      for (const who of ["old", "new"])
        assert.deepEqual(mine.filter(([from]) => from === who).map(([, i, text]) => [i, text]),
          Array.from({ length: 10 }, (_, i) => [i, TEXT]));
    });
  });
