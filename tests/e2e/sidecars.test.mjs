/*
 * sidecars.test.mjs - several siogate-ws on one store and one port
 *
 * The kernel spreads connections over them.  Whoever emits, everybody hears all in
 * the order of the log; when one of them is killed or told to leave, its clients
 * go on with the other.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fresh } from "./lib/cases.mjs";
import { ask, closing, connect } from "./lib/client.mjs";
import { connections, fronts, killAll, startFront, startSidecar } from "./lib/front.mjs";
import { collect, next, until } from "./lib/wait.mjs";

const CLIENTS = 200, EMITS = 40;
const websocket = { transports: ["websocket"], reconnectionDelay: 20, reconnectionDelayMax: 200 };

for (const name of fronts("lighttpd"))
  describe(`two siogate-ws beside ${name}`, { skip: name === "given" }, () => {
    let front, url, port;
    const programs = [];
    const start = async () => {
      programs.push(await startSidecar(front, port));
      return programs.at(-1);
    };
    before(async () => {
      front = await startFront(name, { ws: true, conf: "log_level = info\nslots = 0\nws_leave_rate = 20\n" });
      [{ port }] = front.sidecars();
      url = `http://127.0.0.1:${port}`;
      await start();
    });
    after(async () => {
      for (const program of programs)
        program.kill("SIGTERM");
      await front?.stop();
    });

    const crowd = (t, n, version = "4.8.4") => Promise.all(Array.from({ length: n }, async () =>
      closing(t, await connect(version, url, websocket))));

    it(`${CLIENTS} clients of both, and one who polls, hear everything in one order`, async (t) => {
      const all = await crowd(t, CLIENTS), poll = closing(t, await connect("4.8.4", front.url));
      const held = front.sidecars().map(({ pid }) => connections(pid, port));
      assert.equal(held.length, 2);
      assert.ok(held.every((n) => n >= CLIENTS / 5), `spread ${held}`);

      const mark = fresh("mark");
      const lists = [...all, poll].map((socket) => collect(socket, "broadcast", (word, i) => (word === mark ? i : undefined)));
      /* So many senders that some of them sit at each. */
      const senders = [...all.slice(0, 20), poll];
      await Promise.all(Array.from({ length: EMITS * senders.length / 20 }, (_, i) => ask(senders[i % senders.length], "broadcast", mark, i)));
      const total = Math.floor(EMITS * senders.length / 20);
      for (const list of lists)
        await list.reach(total);
      assert.deepEqual([...lists[0]].sort((a, b) => a - b), Array.from({ length: total }, (_, i) => i));
      for (const list of lists)
        assert.deepEqual([...list], [...lists[0]]);
    });

    it("the clients of one that is killed go on with the other, and miss nothing", async (t) => {
      const all = await crowd(t, 60), poll = closing(t, await connect("4.8.4", front.url));
      const mark = fresh("mark"), lists = all.map((socket) => collect(socket, "broadcast", (word, i) => (word === mark ? i : undefined)));
      const was = new Map(all.map((socket) => [socket, socket.id]));
      let lost = 0;
      for (const socket of all)
        socket.on("disconnect", () => lost++);
      for (let i = 0; i < 30; i++) {
        await ask(poll, "broadcast", mark, i);
        if (i === 10)
          await killAll([programs.pop().pid]);
      }
      for (const list of lists)
        assert.deepEqual([...await list.reach(30)], Array.from({ length: 30 }, (_, i) => i));
      assert.ok(lost > 0);
      await until(() => all.every((socket) => socket.connected), "everybody to be back");
      for (const [socket, id] of was)
        assert.equal(socket.id, id);
    });

    it("the clients of one that is told to leave go one after the other, and recover", async (t) => {
      const second = await start();
      const all = await crowd(t, 60), mark = fresh("mark"), poll = closing(t, await connect("4.8.4", front.url));
      const lists = all.map((socket) => collect(socket, "broadcast", (word, i) => (word === mark ? i : undefined)));
      const was = all.map((socket) => socket.id), times = [], reasons = new Set();
      for (const socket of all)
        socket.on("disconnect", (reason) => {
          reasons.add(reason);
          times.push(Date.now());
        });
      const held = connections(second.pid, port), ended = next(second, "exit");
      assert.ok(held >= 10, `${held}`);
      /* What was said before is answered before. */
      const answers = all.map((socket, i) => ask(socket, "echo", i));
      second.kill("SIGTERM");
      await Promise.all(answers);
      for (let i = 0; i < 20; i++)
        await ask(poll, "broadcast", mark, i);
      assert.deepEqual(await ended, [0, null]);
      await until(() => all.every((socket) => socket.connected), "everybody to be back");
      for (const list of lists)
        assert.deepEqual([...await list.reach(20)], Array.from({ length: 20 }, (_, i) => i));
      assert.deepEqual(all.map((socket) => socket.id), was);
      assert.deepEqual([...reasons], ["transport close"]);
      /* A connection may be one that no client calls its own any more. */
      assert.ok(times.length >= 10 && times.length <= held, `${times.length} of ${held}`);
      /* 20 a second: never faster, whatever the machine does. */
      assert.ok(times.at(-1) - times[0] >= (times.length - 2) * 50 - 200, `${times.length} in ${times.at(-1) - times[0]} ms`);
      programs.pop();
    });
  });
