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
import { chownSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fresh } from "./lib/cases.mjs";
import { ask, closing, connect } from "./lib/client.mjs";
import { OP, describe as describeFrame, openRaw } from "./lib/frames.mjs";
import { connections, fronts, killAll, startFront, startSidecar } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { startProxy } from "./lib/proxy.mjs";
import { openV0 } from "./lib/v0.mjs";
import { connectV1 } from "./lib/v1.mjs";
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
      const told = Date.now();
      second.kill("SIGTERM");
      await Promise.all(answers);
      for (let i = 0; i < 20; i++)
        await ask(poll, "broadcast", mark, i);
      assert.deepEqual(await ended, [0, null]);
      /* The end of a process may be told before the end of its last connection. */
      await until(() => times.length >= held, `${held} to have been sent away`);
      await until(() => all.every((socket) => socket.connected), "everybody to be back");
      for (const list of lists)
        assert.deepEqual([...await list.reach(20)], Array.from({ length: 20 }, (_, i) => i));
      assert.deepEqual(all.map((socket) => socket.id), was);
      assert.deepEqual([...reasons], ["transport close"]);
      assert.equal(times.length, held);
      /* 20 a second: none is here before its turn, however late we hear of others. */
      times.forEach((time, i) => assert.ok(time - told >= (i - 1) * 50 - 200, `${i} in ${time - told} ms`));
      programs.pop();
    });

    const generations = {
      ...Object.fromEntries(["4.8.4", "4.0.1", "3.1.3", "2.5.0", "2.0.4", "1.7.4", "1.4.8"].map((version) =>
        [version, (at) => connect(version, at, websocket)])),
      "0.9.17": (at) => connectV1(at, "websocket"),
      "0.6.18": (at) => openV0(at, "websocket", { reconnect: true, reconnectionDelay: 50 }),
    };
    it("every generation's client comes back by itself when its own is told to leave", async (t) => {
      /* At a port of its own first: who came back can only be with the other. */
      const leaving = await startSidecar(front, 0), road = await startProxy([leaving.port, port], { choose: () => (over ? 1 : 0) });
      let over = false;
      t.after(() => road.close());
      const at = `http://127.0.0.1:${road.port}`, ended = next(leaving, "exit"), names = Object.keys(generations);
      const all = await Promise.all(names.map(async (each) => closing(t, await generations[each](at))));
      const gone = all.map((socket) => next(socket, "disconnect"));
      const back = all.map((socket, i) => gone[i].then(() => next(socket, "connect")));
      over = true;
      leaving.kill("SIGTERM");
      const reasons = (await Promise.all(gone)).map(([reason]) => reason);
      await Promise.all(back.map((each, i) => each.catch((error) => { throw new Error(`${names[i]}: ${error.message}`); })));
      assert.deepEqual(Object.fromEntries(names.map((each, i) => [each, reasons[i]])),
        Object.fromEntries(names.map((each) => [each, each < "1" ? undefined : "transport close"])));
      assert.deepEqual(await Promise.all(all.map((socket, i) => ask(socket, "echo", i))), all.map((_, i) => [i]));
      assert.deepEqual(await ended, [0, null]);
    });

    it("every generation's client that polls shakes hands again where nobody knows its session", async (t) => {
      const store = join(front.run, fresh("store")), { uid, gid } = statSync(join(front.run, "store"));
      mkdirSync(store);
      chownSync(store, uid, gid);
      const known = await startSidecar(front, 0), other = await startSidecar(front, 0, { env: { SIOGATE_STORE: store } });
      t.after(() => other.kill("SIGTERM"));
      const road = await startProxy([known.port, other.port], { choose: () => (over ? 1 : 0) });
      let over = false;
      t.after(() => road.close());
      const at = `http://127.0.0.1:${road.port}`, names = Object.keys(generations);
      const all = await Promise.all(names.map(async (each) => closing(t, await (
        each === "0.9.17" ? connectV1(at, "xhr-polling") :
          each === "0.6.18" ? openV0(at, "xhr-polling", { reconnect: true, reconnectionDelay: 50 }) : connect(each, at)))));
      const back = all.map((socket) => next(socket, "disconnect").then(() => next(socket, "connect")));
      over = true;
      known.kill("SIGTERM");            /* answers the polls that wait */
      await Promise.all(back.map((each, i) => each.catch((error) => { throw new Error(`${names[i]}: ${error.message}`); })));
      assert.deepEqual(await Promise.all(all.map((socket, i) => ask(socket, "echo", i))), all.map((_, i) => [i]));
    });

    it("hears a close as its own server would have said it", async (t) => {
      const leaving = await startSidecar(front, 0), at = `http://127.0.0.1:${leaving.port}`;
      const { body } = await request(at, "/socket.io/1/"), ended = next(leaving, "exit");
      const paths = { eio4: "/socket.io/?EIO=4&transport=websocket", eio3: "/socket.io/?EIO=3&transport=websocket",
        v1: `/socket.io/1/websocket/${body.split(":")[0]}`, v0: "/socket.io/websocket" };
      const raws = await Promise.all(Object.values(paths).map((path) => openRaw(at, { path })));
      t.after(() => raws.forEach((raw) => raw.destroy()));
      /* Each has heard its greeting. */
      await Promise.all(raws.map((raw) => raw.frame()));
      leaving.kill("SIGTERM");
      const heard = await Promise.all(raws.map(async (raw) => {
        for (let got; (got = await raw.frame()) !== undefined;)
          if (got.op === OP.close)
            return describeFrame(got);
      }));
      assert.deepEqual(Object.fromEntries(Object.keys(paths).map((each, i) => [each, heard[i]])),
        { eio4: "close 1001", eio3: "close", v1: "close", v0: "close" });
      raws.forEach((raw) => raw.destroy());
      assert.deepEqual(await ended, [0, null]);
    });
  });
