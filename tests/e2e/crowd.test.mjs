/*
 * crowd.test.mjs - one client cannot harm the others of siogate-ws
 *
 * Who does not read is let go with a reason and may come back; who sends without
 * pause is read no faster than it can be decided, and everybody else goes on.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fresh } from "./lib/cases.mjs";
import { ask, closing, connect } from "./lib/client.mjs";
import { OP, RawSocket, text, upgradeRequest } from "./lib/frames.mjs";
import { all, fronts, startFront } from "./lib/front.mjs";
import { collect, until } from "./lib/wait.mjs";

const websocket = { transports: ["websocket"] };
const LIMIT = 100000;

async function joinRaw(url) {
  const raw = new RawSocket(url);
  raw.send(upgradeRequest(raw.host));
  assert.equal((await raw.answer()).status, 101);
  raw.send(text("40"));
  await raw.frame();
  const told = JSON.parse((await raw.frame()).payload.toString().replace(/^.*?40/s, ""));
  return Object.assign(raw, { told });
}

/* Resident memory of a process, in bytes. */
const memory = (pid) => 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);

/* Of its own, whoever else uses the same libraries: in bytes. */
const heap = (pid) => 1024 * Number(/^Pss_Anon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))[1]);

for (const name of fronts("none"))
  describe(`a crowd at ${name}`, { skip: name === "given" }, () => {
    let front, pid;
    before(async () => {
      front = await startFront(name, { ws: true, conf: `log_level = info\nmax_payload = ${LIMIT}\nping_interval = 3m\nping_timeout = 1m\n` });
      [pid] = front.responders();
    });
    after(() => front?.stop());

    it("who does not read is closed with a reason, and finds all when it comes back", async (t) => {
      const talker = closing(t, await connect("4.8.4", front.url, websocket)), event = fresh("event"), room = fresh("room");
      const raw = await joinRaw(front.url), pad = "x".repeat(20000);
      t.after(() => raw.destroy());
      raw.send(text(`420["join","${room}"]`));
      await raw.frame();
      raw.socket.pause();
      const slow = () => readFileSync(join(front.run, "log/siogate.log"), "utf8").includes("slow reader closed");
      let n = 0;
      while (!slow() && n < 2000)
        await ask(talker, "to", room, event, n++, pad);
      assert.ok(slow(), "nobody was called slow");
      raw.socket.resume();
      const got = [];
      let frame, offset;
      while ((frame = await raw.frame()) !== undefined && frame.op !== OP.close) {
        const [, number, , last] = JSON.parse(frame.payload.toString().slice(2));
        got.push(number);
        offset = last;
      }
      assert.equal(frame?.payload.readUInt16BE(0), 1013);
      assert.equal(frame.payload.toString("utf8", 2), "too slow");
      assert.deepEqual(got, got.map((_, i) => i));
      const again = new RawSocket(front.url);
      t.after(() => again.destroy());
      again.send(upgradeRequest(again.host));
      await again.answer();
      await again.frame();
      again.send(text(`40${JSON.stringify({ pid: raw.told.pid, offset })}`));
      for (let i = got.length; i < n; i++)
        assert.equal(JSON.parse((await again.frame()).payload.toString().slice(2))[1], i);
      assert.match((await again.frame()).payload.toString(), new RegExp(`^40.*${raw.told.sid}`));
    });

    it("who sends without pause does not keep the others waiting, nor fill the memory", async (t) => {
      const flooder = await joinRaw(front.url), quiet = closing(t, await connect("4.8.4", front.url, websocket));
      t.after(() => flooder.destroy());
      const before = memory(pid), payload = text(`42["to","nobody","x","${"y".repeat(1000)}"]`);
      const burst = Buffer.concat(Array(200).fill(payload));
      let over = false, sent = 0;
      flooder.socket.resume();
      const flooding = (async () => {
        while (!over) {
          sent += 200;
          flooder.bytes = Buffer.alloc(0);
          if (!flooder.socket.write(burst))
            await new Promise((resolve) => flooder.socket.once("drain", resolve));
        }
      })();
      for (let i = 0; i < 30; i++)
        assert.deepEqual(await ask(quiet, "echo", i), [i]);
      assert.ok(sent > 200);
      over = true;
      await flooding;
      assert.ok(memory(pid) - before < 200 << 20, `${(memory(pid) - before) >> 20} MB more`);
    });

    it("who says more than can be decided is read on later, and nothing of it is lost", async (t) => {
      const raw = await joinRaw(front.url);
      t.after(() => raw.destroy());
      const n = 400, pad = "z".repeat(LIMIT / 4);
      raw.send(...Array.from({ length: n }, (_, i) => text(`42${i}["echo",${i},"${pad}"]`)));
      const acks = [];
      while (acks.length < n) {
        const { payload } = await raw.frame();
        assert.match(payload.toString().slice(0, 40), /^43\d/);
        acks.push(Number(/^43(\d+)/.exec(payload.toString())[1]));
      }
      assert.deepEqual(acks, acks.map((_, i) => i));
      await until(() => memory(pid) < 300 << 20, "the memory to be small again");
    });

    if (all)
      it("10,000 who are idle cost 3 KB each, and hear what is said to all", async (t) => {
        const crowd = [], talker = closing(t, await connect("4.8.4", front.url, websocket)), mark = fresh("mark");
        t.after(() => crowd.forEach((raw) => raw.destroy()));
        const come = async (n) => {
          while (crowd.length < n)
            crowd.push(...await Promise.all(Array.from({ length: 50 }, () => joinRaw(front.url))));
        };
        await come(500);
        const before = heap(pid);
        await come(10000);
        const each = (heap(pid) - before) / 9500;
        t.diagnostic(`${Math.round(each)} bytes for each`);
        assert.ok(each <= 3 << 10, `${each} bytes`);

        let over = false, answers = 0;
        const asking = (async () => {
          for (; !over; answers++)
            assert.deepEqual(await ask(talker, "echo", answers), [answers]);
        })();
        const speaker = closing(t, await connect("4.8.4", front.url, websocket));
        for (let i = 0; i < 3; i++)
          await ask(speaker, "broadcast", mark, i);
        for (const raw of crowd)
          for (let i = 0; i < 3; i++)
            assert.equal((await raw.frame()).payload.toString().replace(/,"[^"]*"\]$/, "]"), `42["broadcast","${mark}",${i}]`);
        over = true;
        await asking;
        assert.ok(answers > 0);
      });
  });
