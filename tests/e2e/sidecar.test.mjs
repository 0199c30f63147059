/*
 * sidecar.test.mjs - siogate-ws beside a web server: one address, two programs
 *
 * The shipped snippets send upgrades to siogate-ws and everything else to the
 * gateway.  Clients of both meet, and those who poll do not notice when siogate-ws
 * dies.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { section, startBackend } from "./lib/backend.mjs";
import { declare, fresh } from "./lib/cases.mjs";
import { ask, closing, connect, open } from "./lib/client.mjs";
import { RawSocket, text, upgradeRequest } from "./lib/frames.mjs";
import { all, fronts, killAll, startFront, startSidecar } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { collect, next } from "./lib/wait.mjs";

const websocket = { transports: ["websocket"] };
const usual = ["lighttpd", "apache-fcgid", "apache-proxy", "nginx", "htaccess"];

for (const name of fronts(...usual, ...(all ? ["cgi", "lighttpd-cgi", "htaccess-cgi", "htaccess-proxy"] : [])))
  describe(`WebSocket through ${name}`, () => {
    let front, backend;
    before(async () => {
      backend = await startBackend(() => () => ({}));
      front = await startFront(name, { ws: true, conf: `log_level = info\n${section("/seen", backend)}` });
    });
    after(async () => {
      await front?.stop();
      await backend?.stop();
    });

    /* Enters /seen, and gives what its application hears about who that is. */
    const ways = {
      async websocket(url, { localAddress, headers }, mark) {
        const raw = new RawSocket(url, { localAddress });
        try {
          raw.send(upgradeRequest(raw.host, { path: `/socket.io/?EIO=4&transport=websocket&mark=${mark}`, headers }));
          assert.equal((await raw.answer()).status, 101);
          raw.send(text("40/seen,"));
          await raw.frame();
          assert.match((await raw.frame()).payload.toString(), /^40/);
        } finally {
          raw.destroy();
        }
      },
      async polling(url, options, mark) {
        const path = `/socket.io/?EIO=4&transport=polling&mark=${mark}`, { sid } = JSON.parse((await request(url, path, options)).body.slice(1));
        await request(url, `${path}&sid=${sid}`, { ...options, method: "POST", body: "40/seen," });
        assert.match((await request(url, `${path}&sid=${sid}`, options)).body, /^40/);
        await request(url, `${path}&sid=${sid}`, { ...options, method: "POST", body: "1" });
      },
    };
    async function seen(way, url, options) {
      const mark = fresh("mark");
      await ways[way](url, options, mark);
      return backend.batches.map(({ socket }) => socket.handshake).find(({ query }) => query.includes(mark));
    }

    for (const version of ["4.8.4", "3.1.3"])
      describe(`client ${version}`, () => {
        declare(it, version, () => front.url, undefined, ["websocket"]);

        it("is in the same rooms as one who polls", async (t) => {
          const [one, other] = [closing(t, await connect(version, front.url, websocket)), closing(t, await connect(version, front.url))];
          assert.equal(one.io.engine.transport.name, "websocket");
          const room = fresh("room"), event = fresh("event");
          const lists = [one, other].map((socket) => collect(socket, event));
          await ask(one, "join", room);
          await ask(other, "join", room);
          await ask(one, "to", room, event, 1);
          await ask(other, "to", room, event, 2);
          for (const list of lists)
            assert.deepEqual([...await list.reach(2)], [1, 2]);
        });
      });

    it("a page of this site may connect, one of another may not", async (t) => {
      for (const [origin, status] of [[front.url, 101], ["http://elsewhere.example", 400]]) {
        const raw = new RawSocket(front.url);
        t.after(() => raw.destroy());
        raw.send(upgradeRequest(raw.host, { headers: { Origin: origin } }));
        assert.equal((await raw.answer()).status, status, origin);
      }
    });

    it("an address is believed from a trusted proxy, and from nobody else", async (t) => {
      if (name === "given")
        return t.skip("its configuration is not known");
      const visitor = "127.0.0.5", direct = `http://127.0.0.1:${front.sidecars()[0].port}`;
      const roads = [["websocket", front.url], ["polling", front.url],
        ...(name === usual[0] ? [["websocket", direct], ["polling", direct]] : [])];
      for (const [way, url] of roads) {
        const what = `${way} at ${url === front.url ? name : "siogate-ws"}`;
        for (const forged of ["203.0.113.9", "203.0.113.9, 127.0.0.1"]) {
          const { address, secure } = await seen(way, url, { localAddress: visitor, headers: { "X-Forwarded-For": forged, "X-Forwarded-Proto": "https" } });
          assert.deepEqual([address, secure], [visitor, false], `${what}, forged ${forged}`);
        }
        /* The demo trusts 127.0.0.1, as if another proxy were there. */
        assert.equal((await seen(way, url, { headers: { "X-Forwarded-For": "198.51.100.1, 203.0.113.9" } })).address, "203.0.113.9", `${what}, told`);
        assert.equal((await seen(way, url, {})).address, "127.0.0.1", what);
      }
    });

    it("who polls does not notice that siogate-ws is gone, nor that it is back", async (t) => {
      if (name === "given")
        return t.skip("these are not ours to kill");
      const poll = closing(t, await connect("4.8.4", front.url, { reconnection: false }));
      const live = closing(t, await connect("4.8.4", front.url, websocket)), heard = collect(live, "broadcast");
      const lost = next(live, "disconnect"), [{ pid, port }] = front.sidecars();
      await killAll([pid]);
      assert.equal((await lost)[0], "transport close");
      assert.deepEqual(await ask(poll, "echo", "still here"), ["still here"]);

      /* Who asks for nothing but WebSocket is told no, and told again. */
      const eager = closing(t, open("4.8.4", front.url, { ...websocket, reconnectionDelayMax: 200 }));
      assert.match((await next(eager, "connect_error"))[0].message, /websocket error/);
      /* Who may choose polls. */
      const free = closing(t, await connect("4.8.4", front.url, { transports: ["polling", "websocket"], reconnection: false }));
      assert.deepEqual(await ask(free, "echo", "here, too"), ["here, too"]);
      const { status } = await request(front.url, "/socket.io/?EIO=4&transport=websocket", { headers: { Upgrade: "websocket", Connection: "Upgrade" } });
      assert.ok(status === 502 || status === 503, `${status}`);

      const again = next(eager, "connect"), back = next(live, "connect");
      const sidecar = await startSidecar(front, port);
      t.after(() => new Promise((resolve) => sidecar.once("exit", resolve).kill("SIGTERM")));
      await Promise.all([again, back]);
      assert.equal(live.recovered, true);
      poll.emit("broadcast", "everybody");
      await heard.reach(1);
      assert.deepEqual([...heard], ["everybody"]);
      assert.equal(free.connected && poll.connected, true);
    });
  });
