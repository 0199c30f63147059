/*
 * upgrade.test.mjs - sessions that begin with polling and go on over a WebSocket
 *
 * The stock clients as they are: they poll responders behind the web server, and
 * siogate-ws takes their sessions over while they speak.  Whatever is killed
 * meanwhile, what was acknowledged was heard once, and in order.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fresh } from "./lib/cases.mjs";
import { ask, closing, connect, open } from "./lib/client.mjs";
import { all, checkUrl, fronts, startFront, startSidecar } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { seeded } from "./lib/random.mjs";
import { DEADLINE, collect, next, until } from "./lib/wait.mjs";

const VERSIONS = ["4.8.4", "3.1.3", "2.5.0", "1.7.4"];
const usual = { transports: ["polling", "websocket"] };
const MESSAGES = 40, SEEDS = all ? 10 : 2;

const transport = (socket) => socket.io.engine?.transport?.name;
const upgraded = (socket) => until(() => transport(socket) === "websocket", "the upgrade");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

for (const name of fronts("lighttpd", "nginx"))
  describe(`upgrades behind ${name}`, { skip: name === "given" }, () => {
    let front;
    before(async () => { front = await startFront(name, { ws: true, conf: "log_level = info\nslots = 0\nrecovery_window = 5m\nupgrade_timeout = 1m\n" }); });
    after(() => front?.stop());

    for (const version of VERSIONS) {
      it(`${version} loses, doubles and reorders nothing while it is taken over`, async (t) => {
        const room = fresh("room"), event = fresh("event");
        const talker = closing(t, await connect(version, front.url)), sockets = [];
        let over = false;
        await ask(talker, "join", room);
        const talking = (async () => {
          for (let i = 0; !over; i++)
            await ask(talker, "to", room, event, i);
        })();
        for (let i = 0; i < 4; i++) {
          const socket = open(version, front.url, usual), acks = [];
          sockets.push({ socket, acks, heard: collect(socket, event) });
          closing(t, socket);
          await next(socket, "connect");
          await ask(socket, "join", room);
          /* Speaks all the time that it takes. */
          const spoken = [];
          for (let n = 0; transport(socket) !== "websocket"; n++) {
            spoken.push(ask(socket, "echo", n).then(([got]) => acks.push(got)));
            await pause(5);
          }
          for (let n = spoken.length, end = n + 20; n < end; n++)
            spoken.push(ask(socket, "echo", n).then(([got]) => acks.push(got)));
          await Promise.all(spoken);
          assert.deepEqual(acks, acks.map((_, n) => n));
        }
        over = true;
        await talking;
        await ask(talker, "to", room, event, "end");
        for (const { socket, heard } of sockets) {
          if (!heard.includes("end"))
            await next(socket, event, (word) => word === "end");
          const first = heard[0];
          assert.deepEqual(heard.slice(0, -1), heard.slice(0, -1).map((_, i) => first + i));
        }
      });
    }

    it("siogate check --url finds nothing to complain about", async () => {
      assert.deepEqual((await checkUrl(front)).map(({ ok }) => ok), [true, true, true, true, true]);
    });

    it("binary goes both ways after the upgrade", async (t) => {
      for (const version of VERSIONS) {
        const socket = closing(t, await connect(version, front.url, usual));
        await upgraded(socket);
        const [got] = await ask(socket, "echo", Buffer.from([1, 2, 255]));
        assert.deepEqual([...new Uint8Array(got)], [1, 2, 255], version);
      }
    });

    it("a late poll of a session that was taken over is refused", async (t) => {
      const socket = closing(t, await connect("4.8.4", front.url, usual));
      await upgraded(socket);
      await ask(socket, "echo", 0);     /* so its last word about that has come */
      const { status, json } = await request(front.url, `/socket.io/?EIO=4&transport=polling&sid=${socket.io.engine.id}`);
      assert.equal(status, 400);
      assert.deepEqual(json, { code: 3, message: "Bad request" });
      assert.deepEqual(await ask(socket, "echo", 1), [1]);
    });

    it("without siogate-ws nobody is told to upgrade, and who was there comes back", async (t) => {
      const [{ pid, port }] = front.sidecars(), room = fresh("room"), event = fresh("event");
      const live = closing(t, await connect("4.8.4", front.url, usual)), { id } = live;
      await upgraded(live);
      await ask(live, "join", room);
      const heard = collect(live, event), lost = next(live, "disconnect");
      const poller = closing(t, await connect("4.8.4", front.url));
      await ask(poller, "to", room, event, 1);
      await heard.reach(1);
      process.kill(pid, "SIGKILL");
      await lost;
      await ask(poller, "to", room, event, 2);
      if (!live.connected)
        await next(live, "connect");
      await heard.reach(2);
      assert.deepEqual([...heard], [1, 2]);
      assert.equal(live.id, id);
      assert.ok(live.recovered);
      assert.equal(transport(live), "polling");
      const { body } = await request(front.url, "/socket.io/?EIO=4&transport=polling");
      assert.deepEqual(JSON.parse(body.slice(1)).upgrades, []);
      const program = await startSidecar(front, port);
      t.after(() => program.kill("SIGTERM"));
      const back = closing(t, await connect("4.8.4", front.url, usual));
      await upgraded(back);
    });
  });

for (const name of fronts("lighttpd"))
  describe(`killed while they upgrade, behind ${name}`, { skip: name === "given" }, () => {
    let front, port;
    before(async () => {
      front = await startFront(name, { ws: true, conf: "log_level = info\nslots = 0\nrecovery_window = 5m\nupgrade_timeout = 1m\n" });
      [{ port }] = await until(() => front.sidecars().length > 0 && front.sidecars(), "siogate-ws");
    });
    after(() => front?.stop());

    const connected = async (socket) => {
      while (!socket.connected)
        await next(socket, "connect");
    };
    const said = (socket, room, word) => new Promise((resolve) => {
      socket.timeout(8000).emit("to", room, "word", word, (error) => resolve(!error));
    });

    for (let seed = 1; seed <= SEEDS; seed++)
      it(`seed ${seed}: what was acknowledged is heard once and in order`, async (t) => {
        const random = seeded(seed * 104729), room = fresh("kill"), words = new Map();
        const listeners = [], started = [];
        if (front.sidecars().length === 0)          /* the last one was killed */
          started.push(await startSidecar(front, port));
        for (let i = 0; i < 3; i++) {
          const socket = closing(t, await connect("4.8.4", front.url, usual)), { id } = socket, strangers = [];
          socket.on("connect", () => socket.recovered && socket.id === id || strangers.push(socket.id));
          await ask(socket, "join", room);
          listeners.push({ socket, strangers, heard: collect(socket, "word") });
        }
        const senders = closing(t, [await connect("4.8.4", front.url, usual), await connect("4.8.4", front.url, usual)]);
        let over = false, kills = 0, upgrades = 0, settled = 0, since = 0;
        for (const { socket } of listeners)
          socket.io.on("reconnect", () => socket.io.engine.once("upgrade", () => upgrades++));
        const killing = (async () => {
          while (!over) {
            await pause(50 + random(300));
            const sidecars = front.sidecars();
            const pids = random(3) === 0 || sidecars.length === 0 ? front.responders() : sidecars.map(({ pid }) => pid);
            try {
              process.kill(pids[random(pids.length)], "SIGKILL");
              kills++;
            } catch {
              /* ended by itself */
            }
            /* However slow: something is answered, or given up, before many more die. */
            if (words.size > settled) {
              settled = words.size;
              since = 0;
            } else if (++since > 4) {
              await until(() => over || words.size > settled, "an answer", 4 * DEADLINE);
            }
            if (front.sidecars().length === 0)
              started.push(await startSidecar(front, port));
            if (random(3) === 0)
              await pause(random(800));
          }
        })();
        t.after(() => started.slice(0, -1).forEach((program) => program.kill("SIGKILL")));
        await Promise.all(senders.map(async (socket, i) => {
          for (let n = 0; n < MESSAGES; n++) {
            await pause(random(80));
            await connected(socket);
            words.set(`${"ab"[i]}${n}`, await said(socket, room, `${"ab"[i]}${n}`));
          }
        })).finally(() => { over = true; });
        await killing;
        while (!await connected(senders[0]).then(() => said(senders[0], room, "end")))
          await pause(300);
        for (const { socket, heard } of listeners) {
          await connected(socket);
          if (!heard.includes("end"))
            await next(socket, "word", (word) => word === "end");
        }
        const lists = listeners.map(({ heard }) => heard.filter((word) => word !== "end"));
        for (const list of lists) {
          assert.equal(new Set(list).size, list.length, "heard twice");
          assert.deepEqual(list, lists[0]);
        }
        for (const [word, acknowledged] of words)
          assert.ok(!acknowledged || lists[0].includes(word), `${word} was acknowledged, but not heard`);
        for (const { strangers } of listeners)
          assert.deepEqual(strangers, [], "came back as somebody else");
        const acknowledged = [...words.values()].filter(Boolean).length;
        t.diagnostic(`${kills} kills, ${upgrades} upgrades after them, ${acknowledged} of ${words.size} acknowledged`);
        assert.ok(kills > 3, `only ${kills} kills`);
      });
  });
