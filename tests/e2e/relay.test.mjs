/*
 * relay.test.mjs - a site with no code at all: rules say who may say what where
 *
 * What a rule keeps and counts is in the store: it is there for processes that
 * were started a moment ago.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ask, closing, connect } from "./lib/client.mjs";
import { command, fronts, killAll, startFront } from "./lib/front.mjs";
import { collect, until } from "./lib/wait.mjs";

const conf = `recovery_window = 5m
modules =
[relay /board]
subscribe = news
[relay /board]
subscribe = team-*
publish = team-*
events = say
rate = 5/h
keep = 3 / 1h
`;

for (const name of fronts("lighttpd"))
  describe(`relay rules behind ${name}`, { skip: name === "given" }, () => {
    let front;
    before(async () => { front = await startFront(name, { conf }); });
    after(() => front?.stop());
    const enter = async (t) => closing(t, await connect("4.8.4", `${front.url}/board`));
    const answer = async (...words) => (await ask(...words))[0];

    it("let clients speak in rooms, where and what they may", async (t) => {
      const [one, two] = [await enter(t), await enter(t)], heard = collect(two, "say"), own = collect(one, "say");
      assert.deepEqual(await answer(one, "subscribe", "team-a"), { ok: true, room: "team-a" });
      await answer(two, "subscribe", "team-a");
      assert.equal((await answer(one, "publish", "team-a", "say", "hello", Buffer.from("bytes"))).ok, true);
      await heard.reach(1);
      assert.deepEqual([...heard, ...own], ["hello"]);
      for (const [event, ...words] of [["subscribe", "board-room"], ["publish", "news", "say", 1], ["publish", "team-a", "shout", 1]])
        assert.equal((await answer(one, event, ...words)).error, "refused");
    });

    it("let clients listen to what is said from outside", async (t) => {
      const one = await enter(t), heard = collect(one, "headline");
      await answer(one, "subscribe", "news");
      await command(front, "--nsp", "/board", "--string", "emit", "room:news", "headline", "today");
      assert.deepEqual([...await heard.reach(1)], ["today"]);
    });

    it("keep history and count, whichever process is asked", async (t) => {
      const one = await enter(t), { id } = one;
      await answer(one, "subscribe", "team-b");
      for (let i = 1; i <= 5; i++)
        assert.equal((await answer(one, "publish", "team-b", "say", i)).ok, true);
      await killAll(front.responders());
      /* Whether it notices depends on whether a poll was there just then. */
      const sixth = await until(() => one.timeout(10000).emitWithAck("publish", "team-b", "say", 6).catch(() => null), "an answer");
      assert.deepEqual([sixth.error, one.id], ["rate", id]);
      const { events } = await answer(one, "history", "team-b");
      assert.deepEqual(events.map(({ args }) => args), [[3], [4], [5]]);
    });
  });
