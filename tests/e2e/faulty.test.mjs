/*
 * faulty.test.mjs - a module that loops or aborts takes its process down, nothing else
 *
 * Somebody talks and others listen all the time.  What the failing call had asked
 * for does not happen, whoever was served by the same process comes back as the
 * same socket, and the other processes have never stopped.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ask, closing, connect } from "./lib/client.mjs";
import { all, fronts, startFront } from "./lib/front.mjs";
import { request, Session } from "./lib/http.mjs";
import { buildModule, buildSkeleton } from "./lib/module.mjs";
import { collect, next, until } from "./lib/wait.mjs";

const LISTENERS = 6;
const SAYS = { loop: /module=faulty event=loop .*ran past handler_time/, abort: /module=faulty event=abort .*signal/ };

/* Says it until it is acknowledged; gives the words that were. */
async function talk(socket, said, isOver) {
  for (let i = 0; !isOver(); i++)
    await new Promise((resolve) => socket.timeout(4000).emit("say", `word ${i}`, (error) => {
      if (!error)
        said.push(`word ${i}`);
      resolve();
    }));
}

for (const name of all ? fronts("lighttpd", "apache-fcgid") : fronts("lighttpd"))
  describe(`a faulty module behind ${name}`, { skip: name === "given" }, () => {
    let front, folder;
    before(async () => {
      folder = buildModule("faulty");
      buildSkeleton(folder);
      front = await startFront(name, { conf: `module_dir = ${folder}\nmodules = faulty poll\nhandler_time = 8s\nrecovery_window = 5m\nping_interval = 2m\n` });
    });
    after(async () => {
      await front?.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    it("does not keep a good one from working: the skeleton, as it is copied", async (t) => {
      const voter = closing(t, await connect("4.8.4", `${front.url}/poll`)), other = closing(t, await connect("4.8.4", `${front.url}/poll`));
      const told = next(other, "count", ({ tea }) => tea === 1);
      assert.deepEqual((await ask(voter, "vote", "tea"))[0], { ok: true });
      await told;
      assert.equal((await ask(voter, "vote", "tea"))[0].ok, false);
    });

    const log = () => readFileSync(join(front.run, "log/siogate.log"), "utf8");

    for (const fault of Object.keys(SAYS))
      it(`that ${fault}s is named, and harms nobody`, async (t) => {
        const enter = async () => closing(t, await connect("4.8.4", `${front.url}/faulty`));
        const listeners = await Promise.all(Array.from({ length: LISTENERS }, async () => {
          const socket = await enter(), strangers = [];
          socket.on("connect", () => socket.recovered || strangers.push(socket.id));
          return { socket, strangers, heard: collect(socket, "said") };
        }));
        const talker = await enter(), said = [];
        let over = false;
        t.after(() => { over = true; });
        const talking = talk(talker, said, () => over);
        const culprit = await new Session(front.url).join("40/faulty,");

        let served = 0, meanwhile;
        const askOthers = () => Array.from({ length: 8 }, () => request(front.url, "/socket.io/?EIO=4&transport=polling").then(() => { served++; }, () => {}));
        const { status } = await culprit.post(`42/faulty,["${fault}","never heard"]`, { onsent: () => { meanwhile = askOthers(); } });
        assert.ok(status >= 500, `answered with ${status}`);
        assert.match(log(), SAYS[fault]);
        if (fault === "loop")
          assert.ok(served > 0, "nobody was served meanwhile");
        await Promise.all(meanwhile);

        const mark = said.length;
        await until(() => said.length > mark + 5, "the talk to go on");
        over = true;
        await talking;
        const last = said.at(-1);
        for (const { heard, strangers } of listeners) {
          await until(() => heard.includes(last), "the last word");
          assert.deepEqual(heard.filter((word) => said.includes(word)), said);
          assert.equal(new Set(heard).size, heard.length, "heard twice");
          assert.ok(!heard.includes("never heard"));
          assert.deepEqual(strangers, [], "came back as somebody else");
        }
        /* its session has not died with the process */
        assert.equal((await culprit.post('42/faulty,["say","sorry"]')).status, 200);
        await until(() => listeners.every(({ heard }) => heard.includes("sorry")), "what it says then");
      });
  });
