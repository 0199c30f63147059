/*
 * many.test.mjs - ten thousand sessions in ten thousand rooms, through a web server
 *
 * Each is in a room of its own.  What is said to a room reaches that one, what is
 * said to all reaches each of them once, one session too many is refused, and all
 * of them can be sent away.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe, it } from "node:test";
import { all, command, fronts, startFront } from "./lib/front.mjs";
import { seeded } from "./lib/random.mjs";
import { until } from "./lib/wait.mjs";

const SESSIONS = all ? 10000 : 400, AT_ONCE = 16, LETTERS = 100;

for (const name of fronts("lighttpd"))
  describe(`${SESSIONS} sessions behind ${name}`, { skip: name === "given" }, () => {
    let front, talker;
    const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE }), sids = [];
    before(async () => {
      front = await startFront(name, { conf: `slots = 0\nmax_sessions = ${SESSIONS + 1}\nping_interval = 10m\nlog_retention = 20m\nrecovery_window = 0\n` });
    });
    after(async () => {
      agent.destroy();
      await front?.stop();
    });

    const talk = (query, body) => new Promise((resolve, reject) => {
      const req = http.request(`${front.url}/socket.io/?EIO=4&transport=polling${query}`, { agent, method: body === undefined ? "GET" : "POST",
        headers: body === undefined ? {} : { "Content-Type": "text/plain", "Content-Length": Buffer.byteLength(body) } });
      req.on("error", reject);
      req.on("response", (res) => {
        const parts = [];
        res.on("data", (part) => parts.push(part));
        res.on("end", () => resolve({ status: res.statusCode, body: Buffer.concat(parts).toString() }));
      });
      req.end(body);
    });
    const stats = async () => JSON.parse(await command(front, "--json", "stats"));
    /* Does it for each number, several at a time. */
    const each = async (n, act) => {
      let next = 0;
      await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        while (next < n)
          await act(next++);
      }));
    };
    async function enter(room) {
      const sid = JSON.parse((await talk("")).body.slice(1)).sid;
      assert.equal((await talk(`&sid=${sid}`, `40\x1e420["join","${room}"]`)).body, "ok");
      assert.match((await talk(`&sid=${sid}`)).body, /^40\{.*\}\x1e430\[/);
      return sid;
    }

    it("come, each into a room of its own", async () => {
      await each(SESSIONS, async (i) => { sids[i] = await enter(`room ${i}`); });
      const { sessions } = await stats();
      assert.equal(sessions, SESSIONS);
      const rooms = JSON.parse(await command(front, "--json", "--limit", "20000", "rooms"));
      assert.equal(rooms.length, SESSIONS);
      assert.ok(rooms.every(({ members }) => members === 1));
    });

    it("hear what is said to their room, and to all", async () => {
      const random = seeded(8), letters = new Set();
      talker = await enter("the talker's");
      for (let i = 0; i < LETTERS; i++) {
        const to = random(SESSIONS);
        if (!letters.has(to))
          assert.equal((await talk(`&sid=${talker}`, `42["to","room ${to}","letter",${to}]`)).body, "ok");
        letters.add(to);
      }
      assert.equal((await talk(`&sid=${talker}`, '42["broadcast","news"]')).body, "ok");
      await each(SESSIONS, async (i) => {
        const heard = (await talk(`&sid=${sids[i]}`)).body.split("\x1e").map((packet) => JSON.parse(packet.slice(2)).slice(0, 2));
        assert.deepEqual(heard, [...letters.has(i) ? [["letter", i]] : [], ["broadcast", "news"]]);
      });
    });

    it("are all that max_sessions lets in", async () => {
      const { status } = await talk("");
      assert.equal(status, 503);
    });

    it("can be sent away at once", async () => {
      await command(front, "--hard", "disconnect", "*");
      await until(async () => (await stats()).sockets === 0, "all of them to be gone", 60000);
      const told = [talker, ...sids].slice(0, 401);
      await each(told.length, async (i) => {
        assert.match((await talk(`&sid=${told[i]}`)).body, /41$/);
        assert.match((await talk(`&sid=${told[i]}`)).body, /(^|\x1e)1$/);
      });
      /* who does not ask has its session ended all the same */
      await until(async () => (await command(front, "expire"), (await stats()).sessions === 0), "the sessions of the others to end", 90000);
      assert.equal((await talk("")).status, 200);
    });
  });
