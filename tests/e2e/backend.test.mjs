/*
 * backend.test.mjs - an application that is asked by HTTP, and speaks over the API
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { secret, section, sign, startBackend } from "./lib/backend.mjs";
import { ask, closing, connect, open } from "./lib/client.mjs";
import { all, command, fronts, killAll, startFront, startSidecar } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { openV0 } from "./lib/v0.mjs";
import { openV1 } from "./lib/v1.mjs";
import { DEADLINE, collect, next, until } from "./lib/wait.mjs";

const token = "a token of the tests";
const api = `[api test]\ntoken = ${token}\nsecret = ${secret}\nrights = *\n`;
/* The command ends with 3 when there is nothing to list. */
const listed = (front, ...words) => command(front, "--json", ...words).then(JSON.parse, (error) => error.code === 3 ? [] : Promise.reject(error));
const log = (front) => readFileSync(join(front.run, "log/siogate.log"), "utf8");

/* An answer of a gigabyte, as long as somebody reads it. */
let sent = 0;
async function gigabyte(response) {
  const chunk = Buffer.alloc(1 << 20, "x");
  sent = 0;
  response.on("error", () => {}).writeHead(200, { "Content-Type": "application/json" });
  for (; sent < 1 << 30 && !response.destroyed; sent += chunk.length)
    await new Promise((done) => { response.write(chunk, done); });
  response.destroy();
}

/* The answers of an application with a few verbs. */
const plain = (batch) => (event) => {
  const [first, ...rest] = event.args ?? [];
  switch (event.type === "event" ? event.name : event.type) {
  case "connect":
    return event.auth?.refuse ? { effects: [{ refuse: "members only", data: { code: 7 } }] } : { effects: [{ data: { seen: 0 } }] };
  case "echo":
    return { effects: [{ ack: event.args, ...(event.attachments && { attachments: event.attachments }) }] };
  case "who":
    return { effects: [{ ack: [batch.socket.data, batch.socket.rooms, batch.session.data, batch.speaker, batch.headers.cookie ?? null] }] };
  case "join":
    return { effects: [{ join: first }, { emit: "joined", args: [first], to: `room:${first}` }, { ack: [] }] };
  case "remember":
    return { effects: [{ data: first }, { session: rest[0] }, { ack: [] }] };
  case "count":
    return { effects: [{ value: "count", add: 1 }, { value: "list", append: first }, { ack: [batch.values] }] };
  case "later":
    return { effects: [{ after: 50, name: "bell", context: { for: first } }, { ack: [] }] };
  case "timer":
    return { effects: [{ emit: "rang", args: [event.context] }] };
  case "ask":
    return { effects: [{ emit: "question", args: [first], ask: { name: "answered", context: 5, timeout: 60000 } }] };
  case "ack":
    return { effects: [{ emit: "heard", args: [event.answers, event.context, event.timeout], to: "*" }] };
  case "leave me":
    return { effects: [{ disconnect: "me" }] };
  default:
    return {};
  }
};

for (const name of fronts("none", "lighttpd"))
  describe(`a backend behind ${name}`, { skip: name === "given" }, () => {
    let front, backend, chat, root;
    before(async () => {
      backend = await startBackend(plain);
      chat = await startBackend(plain);
      root = await startBackend(plain);
      front = await startFront(name, { conf: `modules =\napi = siogate-api\nlog_level = info\nslots = 0\n${section("/app", backend, "cookies = *\nvalues = *\ntimeout = 10s\nbreaker = 100 / 1s")}${section("/chat", chat, "attempts = 2\nbreaker = 2 / 2s")}${section("/", root)}${api}` });
    });
    after(async () => {
      await front?.stop();
      await backend?.stop();
      await chat?.stop();
      await root?.stop();
    });
    const app = (t, options) => connect("4.8.4", `${front.url}/app`, options).then((socket) => closing(t, socket));
    const call = (verb, body, headers = { Authorization: `Bearer ${token}` }) =>
      request(front.url, `/socket.io/siogate-api/v1/${verb}`, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });

    it("signs what it asks, and lets the client in when it was answered", async (t) => {
      const socket = await app(t);
      const batch = backend.batches.findLast((b) => b.socket?.id === socket.id);
      assert.equal(batch.signed, true);
      assert.equal(batch.nsp, "/app");
      assert.equal(batch.events[0].type, "connect");
      assert.deepEqual(await ask(socket, "who"), [{ seen: 0 }, [], null, "anonymous", null]);
    });

    it("refuses whom the application refuses", async (t) => {
      const socket = closing(t, open("4.8.4", `${front.url}/app`, { auth: { refuse: true } }));
      const [error] = await next(socket, "connect_error").then((e) => [e].flat());
      assert.equal(error.message, "members only");
      assert.deepEqual(error.data, { code: 7 });
    });

    it("hears a refusal in the words of Socket.IO 2", async (t) => {
      backend.answer((batch) => (event) => event.type === "connect" ? { effects: [{ refuse: "members only" }] } : {});
      t.after(() => backend.answer(plain));
      const socket = closing(t, open("2.5.0", `${front.url}/app`));
      const error = await next(socket, "error");
      assert.equal([error].flat()[0], "members only");
    });

    it("ends the session of a page of 0.6 that it refuses, which has no words for it", async (t) => {
      root.answer((batch) => (event) => event.type === "connect" ? { effects: [{ refuse: "members only" }] } : {});
      t.after(() => root.answer(plain));
      const page = await openV0(front.url, "xhr-polling");
      t.after(() => page.disconnect());
      const heard = collect(page, "message");
      page.emit("echo", "early");
      await next(page, "disconnect");
      assert.equal(heard.length, 0);
      assert.ok(!root.events().some((event) => event.args?.[0] === "early"));
      assert.deepEqual(root.batches.at(-1).values, {});         /* its section has no such line */
    });

    it("hears what pages of 0.6 and 0.9 say before it has let them in, and in order", async (t) => {
      const hello = (batch) => (event) => event.type === "event" ? { effects: [{ emit: "message", args: event.args }] } : {};
      root.answer(hello);
      backend.answer(hello);
      t.after(() => { root.answer(plain); backend.answer(plain); });
      const page = await openV0(front.url, "xhr-polling");
      t.after(() => page.disconnect());
      const heard = collect(page, "message");
      page.say("one");
      page.say("two");
      await heard.reach(2);
      assert.deepEqual([...heard], ["one", "two"]);
      const socket = closing(t, openV1(`${front.url}/app`, "xhr-polling"));
      const said = collect(socket, "message", (...args) => args);
      socket.emit("early", 1);
      socket.emit("early", 2);
      await next(socket, "connect");
      socket.emit("late", 3);
      await said.reach(3);
      assert.deepEqual([...said], [[1], [2], [3]]);
    });

    it("keeps the order of what one client says, and batches it", async (t) => {
      const socket = await app(t);
      const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => ask(socket, "echo", i)));
      assert.deepEqual(answers.map(([i]) => i), Array.from({ length: 60 }, (_, i) => i));
      const mine = backend.batches.filter((b) => b.socket?.id === socket.id);
      const numbers = mine.flatMap((b) => b.events.map((e) => e.n));
      assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
      assert.ok(mine.length < 60, `${mine.length} calls`);
    });

    it("carries binary both ways", async (t) => {
      const socket = await app(t), bytes = Buffer.from([0, 1, 255]);
      const [back] = await ask(socket, "echo", bytes);
      assert.deepEqual(Buffer.from(back), bytes);
    });

    it("keeps data of a socket, and of the session for all its namespaces", async (t) => {
      const socket = await app(t), other = closing(t, socket.io.socket("/chat"));
      await next(other, "connect");
      await ask(socket, "remember", { nick: "anna" }, { cart: 3 });
      assert.deepEqual((await ask(socket, "who")).slice(0, 3), [{ nick: "anna" }, [], { cart: 3 }]);
      assert.deepEqual((await ask(other, "who")).slice(0, 3), [{ seen: 0 }, [], { cart: 3 }]);
    });

    it("changes values where they are", async (t) => {
      const sockets = [await app(t), await app(t)];
      await Promise.all(Array.from({ length: 20 }, (_, i) => ask(sockets[i % 2], "count", i)));
      assert.equal(JSON.parse((await call("value", { nsp: "/app", key: "count" })).body).value, 20);
      assert.equal(JSON.parse((await call("value", { nsp: "/app", key: "list" })).body).value.length, 20);
    });

    it("rings, asks the client, and lets it go", async (t) => {
      const socket = await app(t), heard = next(socket, "heard"), rang = next(socket, "rang");
      await ask(socket, "later", "tea");
      assert.deepEqual([await rang].flat()[0], { for: "tea" });
      socket.on("question", (x, done) => done(x * 2));
      socket.emit("ask", 21);
      assert.deepEqual([await heard].flat(1).slice(0, 3).flat(2), [42, 5, false]);
      const gone = next(socket, "disconnect");
      await ask(socket, "join", "red");
      socket.emit("leave me");
      assert.equal([await gone].flat()[0], "io server disconnect");
      await until(() => backend.events().some((e) => e.type === "disconnect" && e.reason === "server namespace disconnect" && e.rooms.includes("red")), "the disconnect to be told");
    });

    it("gives cookies to the site's own pages only", async (t) => {
      const own = { Origin: front.url, Cookie: "sessionid=abc" };
      const visitor = await app(t, { extraHeaders: own });
      assert.deepEqual((await ask(visitor, "who")).slice(3), ["same-site", "sessionid=abc"]);
      const handshake = backend.batches.findLast((b) => b.socket?.id === visitor.id).socket.handshake;
      assert.ok(!JSON.stringify(handshake).includes("abc"), "the handshake keeps its cookies to itself");
      const direct = await app(t, { extraHeaders: { Cookie: "sessionid=abc" } });
      assert.deepEqual((await ask(direct, "who")).slice(3), ["anonymous", null]);
      for (const headers of [{ "Sec-Fetch-Site": "cross-site" }, { Referer: "http://evil.example/" }, { "Sec-Fetch-Site": "same-site", Referer: front.url }]) {
        const hostile = await app(t, { extraHeaders: { ...headers, Cookie: "sessionid=abc" } });
        assert.deepEqual((await ask(hostile, "who")).slice(3), ["anonymous", null], JSON.stringify(headers));
      }
    });

    it("tells, names the rule, and tries again what was answered badly", async (t) => {
      const socket = await app(t), bad = [
        [(r) => r.writeHead(500).end(), /backend=\/app .*rule=status status=500/],
        [(r) => r.writeHead(302, { Location: "/elsewhere" }).end(), /rule=redirect status=302/],
        [(r) => r.writeHead(403).end(), /rule=signature status=403: .*clocks/],
        [(r) => r.writeHead(200, { "Content-Type": "text/html" }).end("<p>"), /rule=content-type/],
        [(r) => r.writeHead(200, { "Content-Type": "application/json" }).end("garbage"), /rule=answer status=200/],
        [(r) => void gigabyte(r), /rule=answer_max/],
        [(r) => r.writeHead(200, { "Content-Type": "application/json" }).end(), /rule=answer status=200/],
        [(r) => r.socket.destroy(), /rule=connection/],         /* libcurl tries kept connections by itself */
        [() => ({}), /rule=timeout/],
      ];
      for (const [respond, line] of bad) {
        /* sockets of the test before may still be leaving */
        const from = log(front).length, isSaid = () => line.test(log(front).slice(from));
        backend.answer((batch, response) => batch.socket?.id !== socket.id || isSaid() ? plain(batch) : void respond(response));
        assert.deepEqual(await ask(socket, "echo", String(line)), [String(line)]);
        assert.ok(isSaid(), String(line));
        const [first, again] = backend.batches.filter((batch) => batch.socket?.id === socket.id).slice(-2);
        assert.equal(again.key, first.key);
        assert.equal(again.events[0].attempt, 2);
      }
      let times = 0;
      backend.answer((batch) => batch.socket?.id === socket.id && times++ === 0 ? () => ({ effects: [{ ack: [1] }, { emit: "x", args: ["y".repeat(10 << 10).repeat(12)] }] }) : plain(batch));
      assert.deepEqual(await ask(socket, "echo", "large"), ["large"]);
      assert.match(log(front), /rule=effects .*max_event/);
      assert.ok(sent < 64 << 20, `took ${sent} bytes`);
      backend.answer(plain);
    });

    it("leaves out who is not there or in another namespace, and goes on", async (t) => {
      const socket = await app(t), other = closing(t, socket.io.socket("/chat"));
      await next(other, "connect");
      const heard = collect(other, "stolen");
      backend.answer(() => () => ({ effects: [
        { emit: "stolen", args: [], to: "room:nobody-is-here" }, { emit: "stolen", args: [], to: `id:${other.id}` },
        { join: "cell", who: `id:${other.id}` }, { disconnect: `id:${other.id}` }, { leave: "never joined" }, { close_room: "never made" },
        { disconnect: "user:nobody" }, { ack: ["done"] }] }));
      assert.deepEqual(await ask(socket, "anything"), ["done"]);
      backend.answer(plain);
      assert.deepEqual((await ask(other, "who"))[1], []);
      assert.equal(heard.length, 0);
    });

    it("sets aside what cannot be answered, opens the breaker, and goes on", async (t) => {
      const isQuiet = async () => (await listed(front, "--nsp", "/chat", "sockets")).length === 0 &&
        !(await listed(front, "inbox")).some((task) => task.nsp === "/chat");
      await until(isQuiet, "those of the tests before to have left");
      const socket = closing(t, await connect("4.8.4", `${front.url}/chat`));
      chat.answer((batch, response) => void response.writeHead(500).end());
      socket.emit("echo", "lost");
      await until(() => /backend=\/chat rule=breaker/.test(log(front)), "the breaker to open");
      await until(() => /set aside .* nsp=\/chat name=echo/.test(log(front)), "it to be set aside");
      chat.answer(plain);
      assert.deepEqual(await ask(socket, "echo", "found"), ["found"]);
      const aside = (await listed(front, "inbox")).filter((task) => task.aside);
      assert.deepEqual(aside.map(({ nsp, name: event }) => [nsp, event]), [["/chat", "echo"]]);
      assert.match(await command(front, "inbox", "retry"), /1 tried again/);
      await until(() => chat.events().filter((e) => e.args?.[0] === "lost").length > 2, "it to be tried again");
    });

    if (name === "lighttpd") it("lets the next process take over when one is killed during the call", async (t) => {
      const socket = await app(t);
      let asked;
      const first = new Promise((resolve) => { asked = resolve; });
      backend.answer(() => { asked(); return new Promise(() => {}); });
      socket.emit("echo", "killed");
      await first;
      backend.answer(plain);
      await killAll(front.responders());
      await until(() => backend.batches.filter((b) => b.events.some((e) => e.args?.[0] === "killed")).length > 1, "it to be asked again");
      const calls = backend.batches.filter((b) => b.events.some((e) => e.args?.[0] === "killed"));
      assert.equal(new Set(calls.map((b) => b.key)).size, 1);
      assert.deepEqual(await ask(await app(t), "echo", "alive"), ["alive"]);
    });

    it("speaks from outside", async (t) => {
      const socket = await app(t), heard = collect(socket, "news");
      socket.on("sum", (a, b, done) => done(a + b));
      assert.deepEqual(JSON.parse((await call("join", { nsp: "/app", who: `id:${socket.id}`, room: "desk" })).body), { sockets: 1 });
      const emitted = JSON.parse((await call("emit", { nsp: "/app", to: "room:desk", event: "news", args: [1] })).body);
      assert.equal(emitted.sockets, 1);
      await until(() => heard.length === 1, "the news");
      const called = JSON.parse((await call("call", { nsp: "/app", to: "room:desk", event: "sum", args: [40, 2], timeout: 60000 })).body);
      assert.deepEqual(called.answers, [[42]]);
      const late = JSON.parse((await call("call", { nsp: "/app", to: "room:desk", event: "nobody answers", timeout: 100 })).body);
      assert.deepEqual([late.timeout, late.answers, late.expected], [true, [], 1]);
      const query = JSON.parse((await call("query", { nsp: "/app", who: "room:desk" })).body);
      assert.deepEqual(query.sockets.map(({ id, rooms, session }) => [id, rooms, session]), [[socket.id, ["desk"], undefined]]);
      await ask(socket, "remember", 1, { cart: 3 });
      const [{ session }] = JSON.parse((await call("query", { nsp: "/app", who: "room:desk", session: true })).body).sockets;
      assert.deepEqual(session, { id: backend.batches.findLast((b) => b.socket?.id === socket.id).session.id, data: { cart: 3 } });
      assert.deepEqual(JSON.parse((await call("rooms", { nsp: "/app" })).body).rooms, [{ room: "desk", members: 1 }]);
      const gone = next(socket, "disconnect");
      await call("batch", { nsp: "/app", effects: [{ emit: "news", args: [2], to: "room:desk" }, { disconnect: "room:desk" }] });
      await gone;
      assert.equal(heard.length, 2);
    });

    it("hears from outside only whom it knows, and once", async () => {
      const status = async (...args) => (await call(...args)).status;
      const time = Math.floor(Date.now() / 1000), body = JSON.stringify({ nsp: "/app", event: "x" });
      const signed = (key, at = time) => ({ "Siogate-Token": "test", "Siogate-Key": key, "Siogate-Timestamp": String(at), "Siogate-Signature": sign(key, at, "api/emit", body) });
      assert.equal(await status("emit", body, signed("k1")), 200);
      assert.equal(await status("emit", body, signed("k1")), 403);
      assert.equal(await status("emit", body, signed("k2", time - 301)), 401);
      assert.equal(await status("emit", body, {}), 401);
      assert.equal(await status("emit", body, { ...signed("k3"), "Siogate-Signature": `v1=${"0".repeat(64)}` }), 401);
      assert.equal(await status("emit", `${body} `, signed("k4")), 401);      /* another body than was signed */
      assert.equal(await status("emit", "garbage"), 400);
      assert.equal(await status("emit", { nsp: "/app", event: "disconnect" }), 400);
      assert.equal(await status("nonsense", {}), 404);
    });
  });

for (const name of fronts("lighttpd"))
  it(`a backend of a process that sleeps behind ${name} is asked again, and lets it sleep when it hangs up`, { skip: name === "given" }, async (t) => {
    const backend = await startBackend(plain);
    t.after(() => backend.stop());
    const front = await startFront(name, { conf: `sleep_time = 1ms\nlog_level = debug\n${section("/app", backend)}` });
    t.after(() => front.stop());
    const naps = () => log(front).split("asleep until").length - 1;
    for (let i = 0; i < 2; i++) {
      const socket = closing(t, await connect("4.8.4", `${front.url}/app`)), before = naps();
      assert.deepEqual(await ask(socket, "echo", i), [i]);
      socket.disconnect();
      await until(() => naps() > before, "it to sleep");
    }
    const before = naps();
    backend.hangUp();
    await until(() => naps() > before, "it to sleep again");
    assert.doesNotMatch(log(front), /epoll_ctl/);
  });

describe("a backend at a Unix socket", { skip: fronts("none").length === 0 || fronts("none")[0] === "given" }, () => {
  it("is asked there", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "sio-unix."));
    const backend = await startBackend(plain, { path: join(folder, "app"), writableAll: true });
    t.after(async () => {
      await backend.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    chmodSync(folder, 0o755);
    const front = await startFront("none", { conf: section("/app", backend) });
    t.after(() => front.stop());
    const socket = closing(t, await connect("4.8.4", `${front.url}/app`));
    assert.deepEqual(await ask(socket, "echo", 1), [1]);
  });
});

for (const name of fronts("none"))
  describe(`the calls of ${name}`, { skip: name === "given" }, () => {
    let folder, front, backend, secure;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "sio-tls."));
      chmodSync(folder, 0o755);
      const key = join(folder, "key"), cert = join(folder, "cert.pem");
      execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=app.example",
        "-addext", "subjectAltName=DNS:app.example", "-keyout", key, "-out", cert], { stdio: "ignore" });
      backend = await startBackend(plain);
      secure = await startBackend(plain, { host: "127.0.0.1", port: 0, key: readFileSync(key), cert: readFileSync(cert) });
      const https = (nsp, more) => section(nsp, secure, more).replace("http:", "https:");
      front = await startFront(name, { conf: "log_level = info\n" + section("/narrow", backend, "concurrency = 2") +
        section("/broken", backend, "attempts = 1\nbreaker = 1 / 10m") + section("/fleeting", backend, "keep_alive = off") +
        https("/ours", `ca_file = ${cert}`) + https("/theirs", "attempts = 1") });
    });
    after(async () => {
      await front?.stop();
      await backend?.stop();
      await secure?.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    const come = (t, nsp) => connect("4.8.4", front.url + nsp).then((socket) => closing(t, socket));

    it("load the HTTP client, which nobody had before", async (t) => {
      const isLoaded = () => front.sidecars().some(({ pid }) => readFileSync(`/proc/${pid}/maps`, "utf8").includes("/libcurl"));
      assert.equal(front.sidecars().length, 1);
      assert.equal(isLoaded(), false);
      await come(t, "/narrow");
      assert.equal(isLoaded(), true);
    });

    it("go out at most so many at once as `concurrency` says", async (t) => {
      const sockets = await Promise.all([1, 2, 3, 4, 5, 6].map(() => come(t, "/narrow"))), waiting = { now: 0, most: 0 };
      let release;
      const released = new Promise((resolve) => { release = resolve; });
      backend.answer(async (batch) => {
        waiting.most = Math.max(waiting.most, ++waiting.now);
        await released;
        waiting.now--;
        return plain(batch);
      });
      t.after(() => backend.answer(plain));
      const answers = Promise.all(sockets.map((socket, i) => ask(socket, "echo", i)));
      await until(() => waiting.now === 2, "two calls");
      release();
      assert.deepEqual(await answers, [[0], [1], [2], [3], [4], [5]]);
      assert.equal(waiting.most, 2);
    });

    it("keep their connection, unless the section says no", async (t) => {
      const connections = async (nsp) => {
        const socket = await come(t, nsp);
        for (let i = 0; i < 3; i++)
          await ask(socket, "echo", i);
        return new Set(backend.batches.filter((b) => b.socket?.id === socket.id).map((b) => b.from)).size;
      };
      assert.ok(await connections("/narrow") <= 2);             /* as many as may be busy at once */
      assert.equal(await connections("/fleeting"), 4);          /* its connect, too */
    });

    it("stop in every process when the breaker has opened in one", async (t) => {
      backend.answer((batch, response) => batch.nsp === "/broken" ? void response.writeHead(500).end() : plain(batch));
      t.after(() => backend.answer(plain));
      await next(closing(t, open("4.8.4", `${front.url}/broken`)), "connect_error");
      assert.match(log(front), /backend=\/broken rule=breaker failures=1/);
      const other = await startSidecar(front, 0), url = `http://127.0.0.1:${other.port}`;
      t.after(() => other.kill());
      const late = closing(t, open("4.8.4", `${url}/broken`));
      await until(async () => (await listed(front, "inbox")).some((task) => task.nsp === "/broken" && !task.aside), "it to ask for the namespace");
      assert.deepEqual(await ask(closing(t, await connect("4.8.4", `${url}/narrow`)), "echo", 1), [1]);
      assert.equal(backend.batches.filter((b) => b.nsp === "/broken").length, 1);
      assert.equal(late.connected, false);
    });

    it("go over https to whom the certificate shows, and to nobody else", async (t) => {
      assert.deepEqual(await ask(await come(t, "/ours"), "echo", 1), [1]);
      const stranger = closing(t, open("4.8.4", `${front.url}/theirs`));
      await next(stranger, "connect_error");
      assert.match(log(front), /backend=\/theirs .*rule=connection .*certificate/);
      assert.deepEqual([...new Set(secure.batches.map((b) => b.nsp))], ["/ours"]);
    });
  });

/* One process is one request; and processes that hold one request each. */
for (const name of fronts("cgi", "apache-fcgid"))
  describe(`a backend that takes 2 s behind ${name}`, { skip: name === "given" }, () => {
    it("is waited for while clients sit undisturbed", async (t) => {
      const backend = await startBackend(async (batch) => {
        await new Promise((resolve) => { setTimeout(resolve, 2000); });
        return plain(batch);
      });
      t.after(() => backend.stop());
      const front = await startFront(name, { conf: section("/app", backend) });
      t.after(() => front.stop());
      /* Apache kills a CGI program three seconds after its answer: a busy machine needs more than one client to see it be in time */
      await until(async () => {
        const socket = closing(t, await connect("4.8.4", `${front.url}/app`));
        assert.deepEqual(await ask(socket, "echo", "slow"), ["slow"]);
        const events = backend.batches.filter((b) => b.socket?.id === socket.id).flatMap((b) => b.events);
        assert.deepEqual([...new Set(events.map((e) => e.type))], ["connect", "event"]);
        return events.every((e) => e.attempt === 1);
      }, "a client that was answered at the first attempt", 4 * DEADLINE);
    });
  });

/* What waits is data: calls are libcurl's sockets in the responder that is there. */
for (const name of fronts("lighttpd"))
  describe(`a slow backend behind ${name}, for many at once`, { skip: name === "given" }, () => {
    it("costs no process more", async (t) => {
      const many = all ? 500 : 100, waiting = { now: 0, most: 0 };
      let answer;
      const answered = new Promise((resolve) => { answer = resolve; });
      const backend = await startBackend(async (batch) => {
        if (batch.events[0].type !== "event")
          return plain(batch);
        waiting.most = Math.max(waiting.most, ++waiting.now);
        await answered;
        waiting.now--;
        return plain(batch);
      });
      t.after(() => backend.stop());
      const front = await startFront(name, { conf: `slots = 0\nping_interval = 3m\n${section("/app", backend, `concurrency = ${many}\ntimeout = 2m`)}` });
      t.after(() => front.stop());
      const ask = async (path, body) => (await request(front.url, `/socket.io/?EIO=4&transport=polling${path}`, body && { method: "POST", body })).body;
      const sids = [];
      for (let i = 0; i < many; i++) {
        sids.push(JSON.parse((await ask("")).slice(1)).sid);
        await ask(`&sid=${sids[i]}&t=a`, "40/app,");
        assert.match(await ask(`&sid=${sids[i]}&t=b`), /^40\/app,/);
      }
      const before = front.responders().length;
      await Promise.all(sids.map((sid) => ask(`&sid=${sid}&t=c`, '42/app,1["echo","slow"]')));
      const polls = Promise.all(sids.map((sid) => ask(`&sid=${sid}&t=d`)));
      await until(() => waiting.now > many / 2, "most of them to wait for the application");
      assert.equal(front.responders().length, before);
      answer();
      assert.deepEqual(await polls, sids.map(() => '43/app,1["slow"]'));
      assert.equal(front.responders().length, before);
      assert.ok(waiting.most > many / 2, `${waiting.most} at once`);
    });
  });
