/*
 * together.mjs - a room of many generations
 *
 * Everybody says it, everybody hears all of it, once, in one and the same order.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { fresh } from "./cases.mjs";
import { ask, closing } from "./client.mjs";
import { collect } from "./wait.mjs";

const each = 5;

/* sockets: [name, connected socket], each of its own; text: what they say. */
export async function together(t, sockets, text) {
  const room = fresh("room"), event = fresh("said"), names = sockets.map(([name]) => name);
  const all = sockets.map(([, socket]) => socket);
  closing(t, all);
  await Promise.all(all.map((socket) => ask(socket, "join", room)));
  const heard = all.map((socket) => collect(socket, event, (...args) => args));
  all.forEach((socket, who) => {
    for (let i = 0; i < each; i++)
      socket.emit("to", room, event, names[who], i, `${text} ${i}`);
  });
  await Promise.all(heard.map((list) => list.reach(names.length * each)));
  await Promise.all(all.map((socket) => ask(socket, "echo", "last")));
  const order = heard[0].map(([who, i]) => `${who} ${i}`);
  names.forEach((name, who) => {
    assert.equal(heard[who].length, names.length * each, `${name} heard something twice`);
    assert.deepEqual(heard[who].map(([from, i]) => `${from} ${i}`), order);
    assert.deepEqual(heard[who].filter(([from]) => from === name).map(([, i]) => i), Array.from({ length: each }, (_, i) => i));
    for (const [from, i, said] of heard[who])
      assert.equal(said, `${text} ${i}`, `${name} hears ${from}`);
  });
}
