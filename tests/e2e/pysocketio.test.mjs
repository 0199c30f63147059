/*
 * pysocketio.test.mjs - a program for python-socketio, through a real gateway
 *
 * faces/socketio_app.py does what its clients say; siogate-ws is in front of it.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ask, closing, connect, open } from "./lib/client.mjs";
import { top } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { environment, freePort, start } from "./lib/program.mjs";
import { collect, next } from "./lib/wait.mjs";

const NEW = "4.8.4", OLD = "2.5.0";

describe("a program for python-socketio", () => {
  let folder, program, url;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "sio-pysocketio."));
    const port = await freePort();
    program = await start("/usr/bin/python3", ["-m", "siogate.standalone", join(top, "tests/e2e/faces/socketio_app.py"), String(port)],
      { env: environment(folder) }, /^siogate: http/m);
    url = `http://127.0.0.1:${port}`;
  });
  after(async () => {
    await program?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const enter = async (t, version = NEW, options = {}, nsp = "") => closing(t, await connect(version, url + nsp, options));
  const will = async (socket, verb, args = [], kwargs = {}) => (await ask(socket, "do", verb, args, kwargs))[0];

  it("has its site beside the sockets", async () => {
    assert.equal((await request(url, "/")).body.toString(), "the site");
  });

  it("refuses with its own words, or with none", async (t) => {
    const [words] = await next(closing(t, open(NEW, url, { auth: { refuse: "words" } })), "connect_error");
    assert.equal(words.message, "not today");
    assert.deepEqual(words.data, { again: "tomorrow" });
    await next(closing(t, open(NEW, url, { auth: { refuse: true } })), "connect_error");
  });

  it("answers with what its functions return, bytes and several values too", async (t) => {
    const anna = await enter(t);
    assert.deepEqual((await ask(anna, "pair", Buffer.from([1, 2, 3]))).map((one) => Buffer.isBuffer(one) ? [...one] : one), [[1, 2, 3], 3]);
    assert.deepEqual(await ask(anna, "unheard of", 1, 2), [["unheard of", 2]]);
  });

  it("has a session that lasts", async (t) => {
    const anna = await enter(t, NEW, { auth: { name: "anna" } });
    assert.deepEqual(await ask(anna, "name"), ["anna"]);
    anna.emit("rename", "hanna");
    assert.deepEqual(await ask(anna, "name"), ["hanna"]);
  });

  it("speaks to rooms, without some, until they are left or closed", async (t) => {
    const anna = await enter(t), ben = await enter(t, OLD);
    const heard = [collect(anna, "said"), collect(ben, "said")];
    for (const one of [anna, ben])
      await will(one, "enter_room", ["me", "r"]);
    assert.deepEqual(await will(anna, "rooms", ["me"]), [anna.id, "r"].sort());
    await will(anna, "emit", ["said", 1], { room: "r" });
    await will(anna, "emit", ["said", 2], { room: "r", skip_sid: anna.id });
    await heard[1].reach(2);
    await will(ben, "leave_room", ["me", "r"]);
    await will(anna, "emit", ["said", 3], { to: "r" });
    await will(anna, "close_room", ["r"]);
    await will(anna, "emit", ["said", 4], { to: "r" });
    await will(anna, "emit", ["said", 5]);
    await heard[0].reach(3);
    await heard[1].reach(3);
    assert.deepEqual(heard.map((list) => [...list]), [[1, 3, 5], [1, 2, 5]]);
  });

  it("does not reach who left its own room by its sid, and reaches it again when it is back", async (t) => {
    const anna = await enter(t), ben = await enter(t), heard = collect(anna, "said"), { id } = anna;
    await will(ben, "emit", ["said", "before"], { to: id });
    await will(anna, "leave_room", ["me", "me"]);
    await will(ben, "emit", ["said", "its sid"], { to: id });
    await will(ben, "emit", ["said", "everybody"]);
    await heard.reach(2);
    assert.deepEqual(await ask(anna, "unheard of"), [["unheard of", 0]], "it is answered as before");
    await will(anna, "enter_room", ["me", "me"]);
    await will(ben, "emit", ["said", "again"], { to: id });
    await heard.reach(3);
    assert.deepEqual([...heard], ["before", "everybody", "again"]);
  });

  it("asks a client, and waits or is called back", async (t) => {
    const anna = await enter(t), ben = await enter(t);
    ben.on("question", ({ n }, answer) => answer(`answer ${n}`));
    assert.deepEqual(await ask(anna, "ask_by_call", ben.id), ["answer 1"]);
    const called = next(anna, "answered");
    anna.emit("ask_by_callback", ben.id);
    assert.deepEqual((await called)[0], ["answer 2"]);
  });

  it("speaks from the background", async (t) => {
    const anna = await enter(t), late = next(anna, "late");
    anna.emit("in_background");
    await late;
  });

  it("sends a client away, and hears that it has gone", async (t) => {
    const anna = await enter(t), ben = await enter(t), { id } = ben;
    const gone = next(anna, "gone", ({ sid }) => sid === id), off = next(ben, "disconnect");
    await will(anna, "disconnect", [id]);
    assert.equal((await off)[0], "io server disconnect");
    assert.equal((await gone)[0].reason, "server disconnect");
  });

  it("has class namespaces", async (t) => {
    const anna = await enter(t, NEW, {}, "/things"), ben = await enter(t, OLD, {}, "/things");
    const said = next(ben, "said"), never = collect(anna, "said");
    assert.deepEqual(await ask(anna, "say", "hello"), ["said"]);
    assert.equal((await said)[0], "hello");
    assert.deepEqual([...never], []);
  });
});
