/*
 * overload.test.mjs - forty clients where only fifteen have room
 *
 * Under mod_fcgid a held poll occupies a process.  Those who sit keep their
 * seats and are served quickly; the others are told so at once and take a seat
 * when one is left.  The web server's own files are not hurt by any of this.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ask, open } from "./lib/client.mjs";
import { all, startFront } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { until } from "./lib/wait.mjs";

const SLOTS = 15, CLIENTS = 40;
const SIT_MS = all ? 300000 : 12000;
const ACK_P99_MS = all ? 100 : 250;     /* short runs share the machine with anything */

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* A client and what happened to it. */
function guest(url) {
  const socket = open("4.8.4", url, { reconnectionDelay: 500, reconnectionDelayMax: 2000 });
  const it = { socket, seats: 0, lost: [], errors: [] };
  socket.on("connect", () => { it.seats++; });
  socket.on("disconnect", (reason) => it.lost.push(reason));
  socket.on("connect_error", (error) => it.errors.push(error.description));
  return it;
}

describe("forty clients on fifteen slots", { skip: Boolean(process.env.SIOGATE_TEST_URL) }, () => {
  let front, guests;
  const seated = () => guests.filter(({ socket }) => socket.connected);
  before(async () => {
    front = await startFront("apache-fcgid", { conf: `slots = ${SLOTS}\n` });
    guests = Array.from({ length: CLIENTS }, () => guest(front.url));
  });
  after(async () => {
    for (const { socket } of guests || [])
      socket.disconnect();
    await front?.stop();
  });

  it("seat fifteen and refuse the others with a 503", async () => {
    await until(() => seated().length === SLOTS, `${SLOTS} to sit`);
    await until(() => guests.every(({ socket, errors }) => socket.connected || errors.length > 0), "the others to be refused");
    for (const { socket, errors } of guests)
      assert.ok(socket.connected || errors.every((status) => status === 503), `refused with ${errors}`);
    const res = await request(front.url, "/socket.io/?EIO=4&transport=polling");
    assert.equal(res.status, 503);
  });

  it("serve those who sit quickly, and the server's files, all the time", async () => {
    const sitting = seated(), waits = [], pages = [], end = Date.now() + SIT_MS;
    const chat = sitting.map(async ({ socket }, i) => {
      await pause(i * 40);
      while (Date.now() < end) {
        const at = performance.now();
        assert.deepEqual(await ask(socket, "echo", i), [i]);
        waits.push(performance.now() - at);
        await pause(600);
      }
    });
    const files = (async () => {
      while (Date.now() < end) {
        const at = performance.now();
        assert.equal((await request(front.url, "/chat.css")).status, 200);
        pages.push(performance.now() - at);
        await pause(250);
      }
    })();
    await Promise.all([...chat, files]);
    waits.sort((a, b) => a - b);
    const p99 = waits[Math.floor(waits.length * 0.99)];
    assert.ok(p99 < ACK_P99_MS, `p99 of ${waits.length} acks is ${p99.toFixed(1)} ms`);
    assert.ok(Math.max(...pages) < 2000, `a file took ${Math.max(...pages).toFixed(0)} ms`);
    for (const { socket, lost, seats } of sitting) {
      assert.deepEqual(lost, [], "somebody who sat was lost");
      assert.equal(seats, 1);
      assert.equal(socket.connected, true);
    }
    assert.equal(seated().length, SLOTS);
  });

  it("fill a seat within one retry when it is left", async () => {
    const leaving = seated().slice(0, 3), waiting = guests.filter(({ socket }) => !socket.connected);
    for (const { socket } of leaving)
      socket.disconnect();
    await until(() => waiting.filter(({ socket }) => socket.connected).length === 3, "three to take the seats", 5000);
    assert.equal(seated().length, SLOTS);
  });
});
