/*
 * users.test.mjs - users, not sockets: who they are, who is here, what waits for
 * them, and who may say what
 *
 * The module of modules/people.c runs in every responder; tokens, access lists,
 * presence and mail are configured as doc/users.md says.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { section, startBackend } from "./lib/backend.mjs";
import { fresh } from "./lib/cases.mjs";
import { ask, closing, connect, open } from "./lib/client.mjs";
import { command, fronts, killAll, startFront } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { buildModule } from "./lib/module.mjs";
import { claims, ec, future, past, publicKey, secret, stranger, token } from "./lib/token.mjs";
import { openV0 } from "./lib/v0.mjs";
import { connectV1, openV1 } from "./lib/v1.mjs";
import { DEADLINE, collect, next, until } from "./lib/wait.mjs";

const NEW = "4.8.4", OLD = "2.5.0", ANCIENT = "0.9.17";
const GRACE_MS = 4000, LONG_GRACE_MS = 15000; /* nobody comes back within the first; a busy machine does within the other */
const API = "a token for those outside";

/* Modules and keys where the account that serves can read them. */
function prepare() {
  const folder = buildModule("people");
  writeFileSync(join(folder, "key.pem"), publicKey);
  return folder;
}

/* An application that does what the client wants. */
const obeying = () => (event) => event.name === "do" ? { effects: [...event.args[0], { ack: [true] }] } : {};

const conf = (folder, backend) => `
module_dir = ${folder}
modules = people
api = siogate-api
recovery_window = 5m

[token /people]
secret = ${secret}
key_file = ${folder}/key.pem
from = auth.token query.token
audience = site
[token /]
secret = ${secret}
from = cookie.token
audience = site
required = no
[acl /]
deny = secret-*
[acl /people]
deny = secret-*
[users /people]
mail = 20 / 1h
[rooms /people]
names = desk-*
presence = ${GRACE_MS}ms
seen = 1h
keep = 50 / 1h
[rooms /people]
names = lounge-*
presence = ${LONG_GRACE_MS}ms
[api outside]
token = ${API}
rights = *
${section("/asked", backend)}`;

/* How a client of each generation brings a token. */
const bring = {
  [NEW]: (value) => ({ auth: { token: value } }),
  [OLD]: (value) => ({ query: { token: value } }),
  [ANCIENT]: (value) => ({ query: `token=${value}` }),
};

const entry = (version, url, value) => version === ANCIENT ?
  connectV1(`${url}/people`, "xhr-polling", bring[version](value)) : connect(version, `${url}/people`, bring[version](value));

/* A connected client of that user. */
const enter = async (t, url, user, version = NEW) => closing(t, await entry(version, url, token(claims(user))));

/* Code and message of the refusal. */
async function refusal(t, url, value, more = {}) {
  const socket = closing(t, open(NEW, `${url}/people`, { ...(value === undefined ? {} : bring[NEW](value)), ...more }));
  const [error] = await next(socket, "connect_error");
  assert.equal(error.message, "token refused");
  return error.data.code;
}

/* Waits until a client whose process may have died is heard again. */
const alive = (socket) => until(() => new Promise((resolve) => socket.timeout(10000).emit("whoami", (error) => resolve(!error))), "the client to be back");

const users = (list) => list.map(({ user }) => user).sort();

for (const name of fronts("lighttpd", "apache-fcgid"))
  describe(`users behind ${name}`, { skip: name === "given" }, () => {
    let front, url, folder, backend;
    before(async () => {
      folder = prepare();
      backend = await startBackend(obeying);
      front = await startFront(name, { conf: conf(folder, backend) });
      url = front.url;
    });
    after(async () => {
      await front?.stop();
      await backend?.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    const api = async (verb, body) => {
      const answer = await request(url, `/socket.io/siogate-api/v1/${verb}`, { method: "POST",
        headers: { Authorization: `Bearer ${API}`, "Content-Type": "application/json" }, body: JSON.stringify({ nsp: "/people", ...body }) });
      assert.equal(answer.status, 200, answer.body);
      return answer.json;
    };
    const audit = (text) => until(() => readFileSync(join(front.run, "log/siogate.log"), "utf8").split("\n")
      .find((line) => line.includes(" audit ") && line.includes(text)), `an audit line with ${text}`);

    const refused = async () => JSON.parse(await command(front, "--json", "stats")).refused;

    /* ---- tokens ---- */

    it("a token makes a user, in each generation", async (t) => {
      const anna = fresh("anna");
      for (const version of [NEW, OLD, ANCIENT])
        assert.deepEqual(await ask(await enter(t, url, anna, version), "whoami"), [anna], version);
      const signed = closing(t, await entry(NEW, url, token(claims(anna), { alg: "ES256", key: ec.privateKey })));
      assert.deepEqual(await ask(signed, "whoami"), [anna]);
      const numbered = closing(t, await entry(NEW, url, token(claims(17))));
      assert.deepEqual(await ask(numbered, "whoami"), ["17"]);
    });

    it("every other token is refused, with a code", async (t) => {
      const good = claims("anna"), other = token(good).split(".");
      const cases = {
        "token-expired": [token(claims("anna", { exp: past(60) })), token({ sub: "anna", aud: "site" })],
        "token-early": [token(claims("anna", { nbf: future(600) }))],
        "token-algorithm": [token(good, { alg: "none" }), token(good, { head: { alg: "None" } }),
          token(good, { head: { alg: "HS512" } }), token(good, { head: { crit: ["x"], x: 1 } })],
        "token-signature": [token(good, { key: "another secret that is long enough" }),
          token(good, { alg: "ES256", key: stranger.privateKey }), token(good, { key: publicKey }),
          [other[0], token(claims("root")).split(".")[1], other[2]].join(".")],
        "token-audience": [token(claims("anna", { aud: "elsewhere" })), token({ sub: "anna", exp: future(3600) })],
        "token-without-user": [token(claims(undefined)), token(claims({ name: "anna" })), token(claims(""))],
        "token-malformed": ["nonsense", "a.b.c", `${token(good)}.x`, token(claims("anna", { much: "x".repeat(9000) }))],
        "token-missing": [undefined, "", 5],
      };
      const before = await refused();
      for (const [code, tokens] of Object.entries(cases))
        for (const [i, value] of tokens.entries())
          assert.equal(await refusal(t, url, value), code, `${code} ${i}`);
      const counts = await refused();
      for (const [code, tokens] of Object.entries(cases))
        assert.ok(counts[code] - before[code] >= tokens.length, `${code}: ${before[code]} to ${counts[code]}`);
    });

    it("counts what is refused by its reason, and forgets none of it when processes die", async (t) => {
      const before = await refused();
      const one = await enter(t, url, fresh("anna")), heard = next(one, "error");
      one.emit("secret-door");
      await heard;
      const guess = await request(url, "/socket.io/siogate-api/v1/count", { method: "POST", headers: { Authorization: "Bearer not a token of ours" }, body: "{}" });
      assert.equal(guess.status, 401);
      assert.equal((await request(url, "/socket.io/?EIO=4&transport=pigeon")).status, 400);
      const stranger = closing(t, open(NEW, `${url}/nowhere`));
      assert.equal((await next(stranger, "connect_error"))[0].message, "Invalid namespace");
      await killAll(front.responders());
      const after = await refused();
      for (const reason of ["acl", "api-token", "request", "namespace"])
        assert.ok(after[reason] > before[reason], reason);
      assert.match(await command(front, "stats"), /\d+ {2}acl +events that an access list does not allow\n/);
    });

    it("old clients are refused in their own words", async (t) => {
      const bad = token(claims("anna", { exp: past(60) }));
      const old = closing(t, open(OLD, `${url}/people`, bring[OLD](bad)));
      const [error] = await next(old, "error");
      assert.match(JSON.stringify(error), /token-expired|token refused/);
      const ancient = closing(t, openV1(`${url}/people`, "xhr-polling", bring[ANCIENT](bad)));
      await next(ancient, "connect_failed");
    });

    it("the oldest clients, too, which know no namespaces and no words for it", async (t) => {
      const handshake = (value) => request(url, "/socket.io/xhr-polling//", { headers: { Cookie: `token=${value}` } });
      const before = (await refused())["token-expired"];
      const bad = await handshake(token(claims("anna", { exp: past(60) })));
      assert.deepEqual([bad.status, bad.body], [403, "not let in"]);
      assert.equal((await refused())["token-expired"], before + 1);
      const good = await handshake(token(claims("anna")));
      assert.equal(good.status, 200);
      assert.equal((await api("count", { nsp: "/", who: "user:anna" })).sockets, 1);
      const page = closing(t, await openV0(url, "xhr-polling")), heard = next(page, "error");
      page.emit("secret-door");
      assert.deepEqual(await heard, ["method_access_denied", "You may not send 'secret-door'"]);
    });

    it("what a client says of itself makes it nobody", async (t) => {
      assert.equal(await refusal(t, url, undefined, { auth: { user: "anna", sub: "anna" }, query: { user: "anna" } }), "token-missing");
      const socket = closing(t, await connect(NEW, `${url}/open`, { auth: { user: "anna", token: token(claims("anna")) }, query: { user: "anna" } }));
      assert.deepEqual(await ask(socket, "whoami"), [""]);
    });

    it("a module binds a user, too, and lets go of it", async (t) => {
      const anna = fresh("anna"), socket = closing(t, await connect(NEW, `${url}/open`));
      await ask(socket, "iam", anna);
      assert.deepEqual(await ask(socket, "whoami"), [anna]);
      assert.deepEqual((await api("query", { nsp: "/open", who: `user:${anna}` })).sockets.map(({ id }) => id), [socket.id]);
      await ask(socket, "iam", "");
      assert.equal((await api("count", { nsp: "/open", who: `user:${anna}` })).sockets, 0);
    });

    it("a name of any length and content is a user, or refused", async (t) => {
      const odd = `Grüße 日本 % & / ${fresh("x")}`;
      const socket = await enter(t, url, odd), heard = next(socket, "told");
      await ask(await enter(t, url, fresh("ben")), "tell", odd, 1);
      assert.equal((await heard)[0], 1);
      assert.equal(await refusal(t, url, token(claims("x".repeat(3000)))), "token-user");
      const long = closing(t, await connect(NEW, `${url}/open`));
      await ask(long, "iam", "x".repeat(3000));
      assert.deepEqual(await ask(long, "whoami"), [""]);
    });

    /* ---- devices ---- */

    it("is heard on all devices of a user, and by nobody else", async (t) => {
      const anna = fresh("anna"), ben = await enter(t, url, fresh("ben"));
      const devices = [await enter(t, url, anna), await enter(t, url, anna, OLD), await enter(t, url, anna, ANCIENT)];
      const lists = devices.map((socket) => collect(socket, "told")), never = collect(ben, "told");
      await ask(ben, "tell", anna, "one");
      await command(front, "--nsp", "/people", "emit", `user:${anna}`, "told", '"two"');
      assert.equal((await api("emit", { to: `user:${anna}`, event: "told", args: ["three"] })).sockets, 3);
      for (const list of lists)
        assert.deepEqual([...await list.reach(3)], ["one", "two", "three"]);
      await ask(ben, "whoami");
      assert.deepEqual([...never], []);
    });

    it("is disconnected everywhere at once", async (t) => {
      for (const how of ["module", "command", "api"]) {
        const anna = fresh("anna"), ben = await enter(t, url, fresh("ben"));
        const devices = [await enter(t, url, anna), await enter(t, url, anna, OLD), await enter(t, url, anna, ANCIENT)];
        const gone = devices.map((socket) => next(socket, "disconnect"));
        if (how === "module")
          await ask(ben, "out", anna);
        else if (how === "command")
          await command(front, "--nsp", "/people", "disconnect", `user:${anna}`);
        else
          assert.deepEqual(await api("disconnect", { who: `user:${anna}` }), { sockets: 3 });
        await Promise.all(gone);
        assert.equal((await api("count", { who: `user:${anna}` })).sockets, 0, how);
        assert.ok(ben.connected);
      }
    });

    /* ---- presence ---- */

    it("tells a room who comes and who goes, each user once", async (t) => {
      const room = fresh("desk"), anna = fresh("anna"), ben = fresh("ben");
      const watcher = await enter(t, url, ben);
      const told = collect(watcher, "presence", ({ user, here }) => [user, here]);
      await ask(watcher, "join", room);
      const tabs = [await enter(t, url, anna), await enter(t, url, anna, OLD)];
      for (const tab of tabs)
        await ask(tab, "join", room);
      assert.deepEqual(users((await ask(watcher, "here", room))[0]), [anna, ben].sort());
      assert.deepEqual(users((await api("presence", { room })).users), [anna, ben].sort());
      tabs[0].disconnect();
      await until(async () => (await api("count", { who: `user:${anna}` })).sockets === 1, "the tab to be gone");
      assert.deepEqual(users((await api("presence", { room })).users), [anna, ben].sort());
      tabs[1].disconnect();
      await told.reach(3);
      assert.deepEqual([...told], [[ben, true], [anna, true], [anna, false]]);
      const { seen } = await api("seen", { room, user: anna });
      assert.equal(seen.here, false);
      assert.ok(Math.abs(Date.now() - seen.seen) < 60000 && seen.seen >= seen.since, JSON.stringify(seen));
      assert.deepEqual((await ask(watcher, "seen", room, anna))[0], seen);
      assert.deepEqual(users((await api("presence", { room })).users), [ben]);
      assert.match(await command(front, "--nsp", "/people", "presence", room), new RegExp(ben));
    });

    it("does not mind a reload inside the grace, nor the death of every process", async (t) => {
      const room = fresh("lounge"), anna = fresh("anna"), ben = fresh("ben");
      const watcher = await enter(t, url, ben), told = collect(watcher, "presence", ({ user, here }) => [user, here]);
      await ask(watcher, "join", room);
      const page = await enter(t, url, anna);
      await ask(page, "join", room);
      await told.reach(2);
      page.disconnect();
      const reloaded = await enter(t, url, anna);
      await ask(reloaded, "join", room);
      await killAll(front.responders());
      await until(async () => (await api("presence", { room })).users.every(({ left }) => left === undefined), "everybody to be there");
      assert.deepEqual(users((await api("presence", { room })).users), [anna, ben].sort());
      const again = await enter(t, url, anna);
      await ask(again, "join", room);
      reloaded.disconnect();
      again.disconnect();
      await told.reach(3, LONG_GRACE_MS + DEADLINE);
      assert.deepEqual([...told], [[ben, true], [anna, true], [anna, false]]);
    });

    /* ---- mail and history ---- */

    it("what is said to who is away arrives once, on any device, after all processes died", async (t) => {
      const anna = fresh("anna"), ben = await enter(t, url, fresh("ben"));
      await ask(ben, "tell", anna, "one", { deep: 1 });
      await api("emit", { to: `user:${anna}`, event: "told", args: ["two"] });
      const nobody = await command(front, "--nsp", "/people", "emit", `user:${anna}`, "told", '"three"').catch((error) => error);
      assert.equal(nobody.code, 3, "it says that nobody is there");
      await killAll(front.responders());
      const phone = open(OLD, `${url}/people`, bring[OLD](token(claims(anna))));
      closing(t, phone);
      const first = collect(phone, "told");
      await first.reach(3);
      assert.deepEqual([...first], ["one", "two", "three"]);
      const desk = closing(t, open(NEW, `${url}/people`, bring[NEW](token(claims(anna)))));
      const second = collect(desk, "told");
      await next(desk, "connect");
      await ask(desk, "tell", anna, "four");
      await Promise.all([first.reach(4), second.reach(1)]);
      assert.deepEqual([[...first], [...second]], [["one", "two", "three", "four"], ["four"]]);
    });

    it("keeps the newest letters only, and those a module sends with a count of its own", async (t) => {
      const anna = fresh("anna"), ben = await enter(t, url, fresh("ben"));
      for (let i = 0; i < 25; i++)
        ben.emit("tell", anna, i);
      await ask(ben, "whoami");
      const page = closing(t, open(NEW, `${url}/people`, bring[NEW](token(claims(anna))))), got = collect(page, "told");
      await got.reach(20);
      await ask(page, "whoami");
      assert.deepEqual([...got], Array.from({ length: 20 }, (_, i) => i + 5));

      const carl = fresh("carl"), one = closing(t, await connect(NEW, `${url}/open`)), two = closing(t, await connect(NEW, `${url}/open`));
      for (let i = 0; i < 12; i++)
        one.emit("mail", carl, i);
      await ask(one, "tell", carl, "not kept");
      const letters = collect(two, "letter"), told = collect(two, "told");
      await ask(two, "iam", carl);
      await letters.reach(10);
      await ask(two, "whoami");
      assert.deepEqual([[...letters], [...told]], [Array.from({ length: 10 }, (_, i) => i + 2), []]);
    });

    it("closes the gap between a rendered page and its connection", async (t) => {
      const room = fresh("desk"), ben = await enter(t, url, fresh("ben"));
      await ask(ben, "join", room);
      await ask(ben, "say", room, "in the page");
      const { seq } = await api("cursor", {});
      for (const word of ["after", "it", "was", "rendered"])
        await ask(ben, "say", room, word);
      await killAll(front.responders());
      const late = await enter(t, url, fresh("late"));
      const words = (list) => list.map(({ event, args: [word] }) => `${event} ${word}`);
      const [missed] = await ask(late, "past", room, seq);
      assert.deepEqual(words(missed), ["said after", "said it", "said was", "said rendered"]);
      assert.deepEqual(words((await ask(late, "past", room, seq, 2))[0]), ["said after", "said it"]);
      assert.deepEqual(words((await ask(late, "past", room, missed[1].seq))[0]), ["said was", "said rendered"]);
      assert.deepEqual((await api("history", { room, after: seq })).events, missed);
      assert.deepEqual((await ask(late, "past", room, missed[3].seq))[0], []);
    });

    /* ---- access lists ---- */

    it("a changed list counts with the next packet in another process, and is a line in the log", async (t) => {
      const anna = fresh("anna"), admin = await enter(t, url, fresh("admin"));
      const may = async (socket) => (await ask(socket, "whoami"))[0] === anna;
      const mayNot = async (socket) => {
        const refused = next(socket, "error");
        socket.emit("whoami", () => assert.fail("it was answered"));
        assert.equal((await refused)[0], "method_access_denied");
      };
      const sockets = [await enter(t, url, anna), await enter(t, url, anna, OLD), await enter(t, url, anna, ANCIENT)];
      const doors = {
        "siogate acl": (verb, ...names) => command(front, "--nsp", "/people", "acl", `user:${anna}`, verb, ...names),
        module: (verb, ...names) => ask(admin, "acl", verb === "forget" ? "set" : verb, `user:${anna}`, verb === "forget" ? null : names.join(" ")),
        api: (verb, ...names) => api("acl", { of: `user:${anna}`, [verb]: verb === "forget" ? true : names }),
      };
      for (const [door, acl] of Object.entries(doors)) {
        await acl("set", "join", "who*");
        for (const socket of sockets)
          assert.ok(await may(socket), door);
        await acl("remove", "who*");
        for (const socket of sockets)
          await mayNot(socket);
        await acl("add", "whoami");
        for (const socket of sockets)
          assert.ok(await may(socket), door);
        await acl("set");
        await mayNot(sockets[0]);
        assert.deepEqual((await api("acl", { of: `user:${anna}` })).names, []);
        await acl("forget");
        assert.ok(await may(sockets[1]), door);
        assert.equal((await api("acl", { of: `user:${anna}` })).names, null);
      }
      for (const by of ['by="siogate, account', "by=\"module people, socket ", 'by="api outside'])
        assert.match(await audit(by), new RegExp(`nsp=/people user=${anna} verb=`));
    });

    it("the most particular list decides, and the configuration's deny above all", async (t) => {
      const one = await enter(t, url, fresh("anna")), two = await enter(t, url, fresh("ben"));
      const refused = next(one, "error");
      one.emit("secret-door");
      assert.equal((await refused)[0], "method_access_denied");
      await command(front, "--nsp", "/people", "acl", "nsp", "set", "join");
      t.after(() => command(front, "--nsp", "/people", "acl", "nsp", "forget"));
      const denied = next(two, "error");
      two.emit("whoami");
      await denied;
      await api("acl", { of: `id:${one.id}`, set: ["*"] });
      assert.equal((await ask(one, "whoami")).length, 1);
      const still = next(one, "error");
      one.emit("secret-door");
      assert.equal((await still)[0], "method_access_denied");
      const listed = await command(front, "--nsp", "/people", "acl");
      assert.match(listed, new RegExp(`id:${one.id}`));
    });

    /* ---- acks ---- */

    it("the callback of an emit is called in whatever process is there then", async (t) => {
      const anna = fresh("anna"), room = fresh("room"), ben = await enter(t, url, fresh("ben"));
      const devices = [await enter(t, url, anna), await enter(t, url, anna)], { id } = devices[0];
      await ask(ben, "join", room);
      const questions = devices.map((socket) => collect(socket, "question"));
      await ask(ben, "ask", anna, room);
      for (const list of questions)
        await list.reach(1);
      await killAll(front.responders());
      for (const socket of [ben, ...devices])
        await alive(socket);
      assert.equal(devices[0].id, id);
      const heard = next(ben, "answers");
      questions.forEach((list, i) => list.at(-1)(`device ${i}`));
      const [answers, late] = await heard;
      assert.deepEqual(answers.flat().sort(), ["device 0", "device 1"]);
      assert.equal(late, false);
    });

    /* ---- a client's own room ---- */

    it("who left its own room is not addressed by it any more, but is there", async (t) => {
      const leave = {
        module: (socket) => ask(socket, "leave", socket.id),
        api: (socket) => api("leave", { who: `id:${socket.id}`, room: socket.id }),
        command: (socket) => command(front, "--nsp", "/people", "leave", `id:${socket.id}`, socket.id),
      };
      for (const [door, go] of Object.entries(leave)) {
        const anna = await enter(t, url, fresh("anna")), ben = await enter(t, url, fresh("ben")), { id } = anna;
        const heard = collect(anna, "heard");
        await ask(ben, "to", `id:${id}`, "before");
        await go(anna);
        await ask(ben, "to", `id:${id}`, "its id");
        await ask(ben, "to", `room:${id}`, "its room");
        assert.equal((await api("emit", { to: `id:${id}`, event: "heard", args: ["from outside"] })).sockets, 0, door);
        await ask(ben, "to", "*", "everybody");
        await heard.reach(2);
        assert.deepEqual([...heard], ["before", "everybody"], door);
        assert.equal((await ask(anna, "whoami")).length, 1);
        await ask(anna, "join", id);
        await ask(ben, "to", `id:${id}`, "again");
        await heard.reach(3);
        assert.deepEqual([...heard], ["before", "everybody", "again"], door);
      }
    });

    it("an application binds, refuses, writes letters and takes own rooms away by its answers", async (t) => {
      const anna = fresh("anna"), carl = fresh("carl");
      const one = closing(t, await connect(NEW, `${url}/asked`)), two = closing(t, await connect(OLD, `${url}/asked`));
      const heard = collect(one, "heard"), will = (socket, ...effects) => ask(socket, "do", effects);
      await will(one, { user: anna });
      await will(two, { emit: "heard", args: ["user"], to: `user:${anna}` }, { emit: "letter", args: ["hello"], to: `user:${carl}`, mail: { ms: 60000, count: 5 } });
      await will(two, { leave: one.id, who: `id:${one.id}` });
      await will(two, { emit: "heard", args: ["id"], to: `id:${one.id}` }, { emit: "heard", args: ["all"], to: "*" });
      await heard.reach(2);
      assert.deepEqual([...heard], ["user", "all"]);
      const letter = next(two, "letter");
      await will(two, { user: carl });
      assert.deepEqual((await letter)[0], "hello");
      await will(one, { acl: `user:${carl}`, set: ["nothing"] });
      const refused = next(two, "error");
      two.emit("do", []);
      assert.equal((await refused)[0], "method_access_denied");
      assert.match(await audit(`user=${carl}`), /nsp=\/asked .*verb=set names="nothing" by="the backend"/);
    });
  });
