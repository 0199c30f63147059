/*
 * verbs.test.mjs - the verbs of the HTTP API, with a live client on the other side
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { section, startBackend } from "./lib/backend.mjs";
import { ask, closing, connect } from "./lib/client.mjs";
import { fronts, startFront } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { collect, next, until } from "./lib/wait.mjs";

const KEY = "a token of the tests";
const conf = `api = siogate-api
slots = 0
[users /app]
presence = 1s
[rooms /app]
names = hall
keep = 100 / 1h
presence = 1s
seen = 1h
[api all]
token = ${KEY}
rights = *
[api near]
token = the token near of the tests
rights = query
addresses = 127.0.0.1
[api far]
token = the token far of the tests
rights = query
addresses = 192.0.2.0/24 ::1
[api narrow]
token = the token narrow of the tests
rights = emit
nsp = /app
`;

/* Connects as the user of its auth. */
const plain = () => ({ type, auth, name, args }) => ({
  connect: { effects: [{ user: auth?.user ?? null }] },
  event: name === "join" ? { effects: [{ join: args[0] }, { ack: [] }] } : { effects: [{ ack: args }] },
}[type] ?? {});

for (const name of fronts("none", "lighttpd"))
  describe(`the API behind ${name}`, { skip: name === "given" }, () => {
    let front, backend;
    before(async () => {
      backend = await startBackend(plain);
      front = await startFront(name, { conf: `${conf}${section("/app", backend)}` });
    });
    after(async () => {
      await front?.stop();
      await backend?.stop();
    });
    const enter = (t, user) => connect("4.8.4", `${front.url}/app`, { auth: { user } }).then((socket) => closing(t, socket));
    const post = (verb, body, token = KEY) => request(front.url, `/socket.io/siogate-api/v1/${verb}`,
      { method: "POST", headers: { Authorization: `Bearer ${token}` }, body: JSON.stringify({ nsp: "/app", ...body }) });
    const call = async (verb, body) => {
      const answer = await post(verb, body);
      assert.equal(answer.status, 200, answer.body);
      return answer.json;
    };

    it("takes sockets out of a room, which hears nothing of it then", async (t) => {
      const socket = await enter(t), heard = collect(socket, "news");
      await ask(socket, "join", "desk");
      await call("emit", { to: "room:desk", event: "news", args: [1] });
      assert.deepEqual(await call("leave", { who: `id:${socket.id}`, room: "desk" }), { sockets: 1 });
      assert.equal((await call("emit", { to: "room:desk", event: "news", args: [2] })).sockets, 0);
      await call("emit", { to: `id:${socket.id}`, event: "news", args: [3] });
      await until(() => heard.length === 2, "both");
      assert.deepEqual(heard.map((args) => [args].flat(2)[0]), [1, 3]);
      assert.deepEqual(await call("query", { who: "room:desk" }), { sockets: [], next: null });
      assert.equal((await post("leave", { room: "desk" })).json.error, "who");
    });

    it("sends away whom it names, and counts the others", async (t) => {
      const [one, other] = [await enter(t, "carl"), await enter(t, "dora")], gone = next(one, "disconnect");
      assert.deepEqual(await call("disconnect", { who: "user:carl" }), { sockets: 1 });
      assert.equal([await gone].flat()[0], "io server disconnect");
      assert.deepEqual(await call("count", { who: "user:carl" }), { sockets: 0 });
      assert.deepEqual(await call("count", { who: "user:dora" }), { sockets: 1 });
      assert.equal(other.connected, true);
    });

    it("reads history forwards from a cursor, and backwards", async () => {
      const { seq: begin } = await call("cursor");
      const said = [];
      for (let i = 1; i <= 5; i++)
        said.push((await call("emit", { to: "room:hall", event: "line", args: [i] })).seq);
      const { seq: end } = await call("cursor");
      assert.equal(end, said[4]);
      const read = async (more) => (await call("history", { room: "hall", ...more })).events;
      assert.deepEqual((await read({ after: begin })).map(({ seq, event, args }) => [seq, event, ...args]), said.map((seq, i) => [seq, "line", i + 1]));
      assert.deepEqual((await read({ after: said[2] })).map(({ args: [i] }) => i), [4, 5]);
      assert.deepEqual((await read({ after: begin, limit: 2 })).map(({ args: [i] }) => i), [1, 2]);
      assert.deepEqual((await read({ before: said[3], limit: 2 })).map(({ args: [i] }) => i), [2, 3]);
      assert.deepEqual(await read({ after: end }), []);
      assert.deepEqual(await call("history", { room: "nobody was here" }), { events: [] });
    });

    it("changes who may send what, and says who changed it", async () => {
      assert.deepEqual(await call("acl", { of: "user:anna" }), { names: null });
      const set = await call("acl", { of: "user:anna", set: ["say", "echo"] });
      assert.deepEqual([set.names.sort(), set.by], [["echo", "say"], "api all"]);
      assert.deepEqual((await call("acl", { of: "user:anna", add: ["draw"] })).names.sort(), ["draw", "echo", "say"]);
      assert.deepEqual((await call("acl", { of: "user:anna", remove: ["say"] })).names.sort(), ["draw", "echo"]);
      assert.deepEqual(await call("acl", { of: "user:anna", forget: true }), { names: null });
      assert.equal((await post("acl", { of: "me" })).status, 400);
    });

    it("holds a client to its list", async (t) => {
      const socket = await enter(t, "emil");
      assert.deepEqual(await ask(socket, "echo", 1), [1]);
      await call("acl", { of: "user:emil", set: ["join"] });
      const heard = () => backend.batches.filter((batch) => batch.socket.id === socket.id).flatMap((batch) => batch.events);
      const before_ = heard().length;
      socket.emit("echo", "forbidden");
      assert.deepEqual(await ask(socket, "join", "x"), []);
      assert.deepEqual(heard().slice(before_).map(({ name: event }) => event), ["join"]);
      await call("acl", { of: "user:emil", forget: true });
      assert.deepEqual(await ask(socket, "echo", 2), [2]);
    });

    it("knows who is there, and when somebody was last seen", async (t) => {
      const anna = await enter(t, "anna");
      await ask(anna, "join", "hall");
      const users = async (room) => (await call("presence", { room })).users.filter(({ user }) => user === "anna");
      let present;
      await until(async () => { [present] = await users("hall"); return present; }, "her to be told");
      assert.equal(present.left, undefined);
      assert.equal((await users()).length, 1);
      const seen = (await call("seen", { room: "hall", user: "anna" })).seen;
      assert.deepEqual([seen.here, seen.since], [true, present.since]);
      assert.deepEqual(await call("seen", { room: "hall", user: "zoe" }), { seen: null });
      anna.disconnect();
      await until(async () => (await call("seen", { room: "hall", user: "anna" })).seen.here === false, "her to be gone");
      const last = (await call("seen", { room: "hall", user: "anna" })).seen;
      assert.ok(last.seen >= last.since, JSON.stringify(last));
      await until(async () => (await users("hall")).length === 0, "the grace to pass");
      assert.equal((await post("seen", { room: "hall" })).json.error, "user");
    });

    it("believes a token from its addresses only, and with its rights", async () => {
      assert.equal((await post("count", {}, "the token near of the tests")).status, 200);
      assert.equal((await post("count", {}, "the token far of the tests")).status, 401);
      assert.equal((await post("emit", { event: "x" }, "the token near of the tests")).status, 403);
      assert.equal((await post("emit", { event: "x" }, "the token narrow of the tests")).status, 200);
      assert.equal((await post("emit", { nsp: "/other", event: "x" }, "the token narrow of the tests")).status, 403);
      assert.equal((await post("emit", { event: "x", to: "nsp:/other *" }, "the token narrow of the tests")).status, 403);
      assert.equal((await post("batch", { effects: [{ emit: "x", to: "*" }, { join: "y", who: "*" }] }, "the token narrow of the tests")).status, 403);
      assert.deepEqual((await call("rooms", {})).rooms.map(({ room }) => room).filter((room) => room === "y"), []);
    });
  });
