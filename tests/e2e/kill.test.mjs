/*
 * kill.test.mjs - responders die at any instant, and the promises hold
 *
 * Two senders number what they say; three others listen, and all of them come
 * back whenever their connection breaks.  Meanwhile random responders of the
 * front get SIGKILL at random instants.  In the end:
 *
 *   - what was acknowledged was heard once, what was not at most once
 *   - all listeners heard the same, in the same order, each thing once
 *   - nobody came back as somebody else
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ask, closing, connect } from "./lib/client.mjs";
import { all, fronts, startFront } from "./lib/front.mjs";
import { seeded } from "./lib/random.mjs";
import { DEADLINE, collect, next, until } from "./lib/wait.mjs";

const SEEDS = all ? 20 : 3, MESSAGES = 60, INSISTED = 20;
const VERSION = "4.8.4";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function connected(socket) {
  while (!socket.connected)
    await next(socket, "connect");
}

/* One thing said; true if the server acknowledged it. */
function said(socket, room, word) {
  return new Promise((resolve) => {
    socket.timeout(8000).emit("to", room, "word", word, (error) => resolve(!error));
  });
}

async function talk(socket, room, name, words, random) {
  for (let i = 0; i < MESSAGES; i++) {
    await pause(random(80));
    await connected(socket);
    const word = `${name}${i}`;
    words.set(word, await said(socket, room, word));
  }
}

/*
 * settled(): how much was said and answered, or given up.  However slow the machine is,
 * something is before many more die; and mod_fcgid stops starting processes after 500.
 */
async function killAtRandom(front, random, isOver, settled) {
  let kills = 0, since = 0, was = 0;
  while (!isOver() && kills < 300) {
    await pause(20 + random(150));
    if (since > 6)
      await until(() => isOver() || settled() > was, "something to be answered", 4 * DEADLINE);
    if (settled() > was) {
      was = settled();
      since = 0;
    }
    const pids = front.responders();
    if (pids.length === 0)
      continue;
    try {
      process.kill(pids[random(pids.length)], "SIGKILL");
      kills++;
      since++;
    } catch {
      /* ended by itself */
    }
    if (random(4) === 0)
      await pause(random(600));         /* sometimes there is time to recover */
  }
  return kills;
}

/* Says it until it is acknowledged, under the same key: the client's `retries`. */
async function insist(t, url, room, name, random, isKept) {
  const socket = closing(t, await connect(VERSION, `${url}/chat`, { retries: 1000, ackTimeout: 2000 }));
  const keep = (event, ...args) => new Promise((resolve, reject) =>
    socket.emit(event, ...args, (error, answer) => answer?.ok ? resolve(answer) : reject(error || new Error(answer.text))));
  await keep("hello", { nick: `${name} of ${room}`, token: `token-of-${name}-in-${room}` });
  await keep("enter", room);
  return async () => {
    for (let i = 0; i < INSISTED; i++) {
      await pause(random(80));
      await keep("say", room, `${name}${i}`, `message-${name}-${i}`);
      isKept();
    }
  };
}

async function listener(t, url, room) {
  const socket = closing(t, await connect(VERSION, url));
  const { id } = socket, strangers = [];
  socket.on("connect", () => socket.recovered && socket.id === id || strangers.push(socket.id));
  await ask(socket, "join", room);
  return { socket, strangers, heard: collect(socket, "word") };
}

function once(heard, words) {
  const counts = new Map();
  for (const word of heard)
    counts.set(word, (counts.get(word) || 0) + 1);
  for (const [word, n] of counts)
    assert.equal(n, 1, `${word} was heard ${n} times`);
  for (const [word, acknowledged] of words)
    assert.ok(!acknowledged || counts.has(word), `${word} was acknowledged, but not heard`);
}

for (const name of fronts("lighttpd", "apache-fcgid"))
  describe(`killed under ${name}`, () => {
    /* A new one each time: mod_fcgid stops starting processes after 500 deaths. */
    let front;
    beforeEach(async () => { front = await startFront(name, { conf: "recovery_window = 5m\n" }); });
    afterEach(() => front?.stop());

    for (let seed = 1; seed <= SEEDS; seed++)
      it(`seed ${seed}: what was promised holds`, async (t) => {
        const room = `kill-${seed}`, random = seeded(seed * 7919), words = new Map();
        const listeners = [];
        for (let i = 0; i < 3; i++)
          listeners.push(await listener(t, front.url, room));
        const senders = closing(t, [await connect(VERSION, front.url), await connect(VERSION, front.url)]);

        let over = false;
        const killing = killAtRandom(front, random, () => over, () => words.size);
        await Promise.all(senders.map((socket, i) => talk(socket, room, "ab"[i], words, seeded(seed * 31 + i))))
          .finally(() => { over = true; });
        const kills = await killing;

        while (!await connected(senders[0]).then(() => said(senders[0], room, "end")))
          await pause(300);
        for (const { socket, heard } of listeners) {
          await connected(socket);
          if (!heard.includes("end"))
            await next(socket, "word", (word) => word === "end");
        }
        const lists = listeners.map(({ heard }) => heard.filter((word) => word !== "end"));
        for (const list of lists) {
          once(list, words);
          assert.deepEqual(list, lists[0]);
        }
        for (const { strangers } of listeners)
          assert.deepEqual(strangers, [], "came back as somebody else");
        const acknowledged = [...words.values()].filter(Boolean).length;
        t.diagnostic(`${kills} kills, ${acknowledged} of ${words.size} acknowledged`);
        assert.ok(name === "given" || kills > 5, `only ${kills} kills`);
      });

    it("what is said again under its key is heard once", async (t) => {
      const room = `retries-${process.pid}`, random = seeded(4711);
      let over = false, kept = 0;
      const isKept = () => kept++;
      const talks = [await insist(t, front.url, room, "a", seeded(1), isKept), await insist(t, front.url, room, "b", seeded(2), isKept)];
      const killing = killAtRandom(front, random, () => over, () => kept);
      await Promise.all(talks.map((say) => say())).finally(() => { over = true; });
      t.diagnostic(`${await killing} kills`);
      const reader = closing(t, await connect(VERSION, `${front.url}/chat`));
      await ask(reader, "hello", { nick: `reader ${process.pid}`, token: `token-of-the-reader-${process.pid}` });
      const [{ history }] = await ask(reader, "enter", room), texts = history.map(({ text }) => text);
      for (const who of "ab")
        assert.deepEqual(texts.filter((text) => text.startsWith(who)),
          Array.from({ length: INSISTED }, (_, i) => `${who}${i}`));
    });
  });
