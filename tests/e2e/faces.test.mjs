/*
 * faces.test.mjs - what old handlers use, word by word, through the real gateway
 *
 * The programs in faces/ are written in the manner of gevent-socketio, django-socketio and
 * webpy-socketio, and started as those were: SocketIOServer(...).serve_forever() and
 * manage.py runserver_socketio put siogate-ws before them.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openBrowser, visitor } from "./lib/browser.mjs";
import { ask, closing, connect, open as openSocket } from "./lib/client.mjs";
import { top } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { client, environment, freePort, prefix, start } from "./lib/program.mjs";
import { browserBuild, connectV1, ofV1, openV1 } from "./lib/v1.mjs";
import { collect, next, until, within } from "./lib/wait.mjs";

const FACES = join(top, "tests/e2e/faces");
let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/* A folder for a store, its temporary files and the clients of today and of 2012. */
function makeFolder() {
  const folder = mkdtempSync(join(tmpdir(), "sio-faces."));
  mkdirSync(join(folder, "tmp"));
  cpSync(client, join(folder, "client"), { recursive: true });
  cpSync(dirname(browserBuild), join(folder, "client/0.9.17"), { recursive: true });
  return folder;
}

/* In a group of its own, as a terminal starts it: Ctrl-C reaches the group. */
function python(folder, args, more = {}) {
  const env = environment(folder, { SIOGATE_CLIENT_DIR: join(folder, "client"), TMPDIR: join(folder, "tmp"),
    PYTHONUNBUFFERED: "1", ...more });
  return start("/usr/bin/python3", args, { env, cwd: folder, detached: true }, /^siogate: http/m);
}

/* Who is in a process group. */
const group = (id) => readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
  try {
    const [state, , of] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return Number(of) === id && state !== "Z";
  } catch {
    return false;                       /* ended meanwhile */
  }
});

async function leavesNothing(program, folder, port, signal) {
  assert.ok(group(program.pid).length > 1);
  await program.stop(signal);
  await until(() => group(program.pid).length === 0, "every process to end");
  assert.deepEqual(readdirSync(join(folder, "tmp")), []);
  await assert.rejects(request(`http://127.0.0.1:${port}`, "/"));
}

/* What came of each name; without the offset that a client of today is given behind it. */
const heard = (socket, ...names) => Object.fromEntries(names.map((name) => [name, collect(socket, name,
  (...args) => args.filter((one) => !/^[0-9a-f]+\.[0-9a-f]{8}$/.test(one)))]));

describe("a program for gevent-socketio behind SocketIOServer", () => {
  let folder, program, url, port, policy;
  const options = { path: "/app.io/" }, old = { resource: "app.io" };
  const open = (nsp) => connect("4.8.4", `${url}${nsp}`, options);
  before(async () => {
    folder = makeFolder();
    port = await freePort();
    policy = await freePort();
    url = `http://127.0.0.1:${port}`;
    program = await python(folder, [join(FACES, "gevent_app.py"), String(port), String(policy)]);
  });
  after(async () => {
    await program?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function enter(t, nick, room, how = open) {
    const socket = closing(t, await how("/all"));
    const [order, count] = await ask(socket, "enter", nick, room);
    return Object.assign(socket, { order, count });
  }

  /* The same with a client of 2012. */
  async function enterOld(t, nick, room) {
    const there = ofV1(closing(t, await connectV1(url, "xhr-polling", old)), "/all");
    await next(there, "connect");
    await ask(there, "enter", nick, room);
    return there;
  }

  it("has the transports and the times that its constructor named", async () => {
    const [, heartbeat, , transports] = (await request(url, "/app.io/1/")).body.split(":");
    assert.deepEqual(transports.split(",").sort(), ["jsonp-polling", "websocket", "xhr-polling"]);
    assert.equal(heartbeat, "24");
  });

  it("answers Flash films that ask for its policy", async () => {
    const answer = await within(new Promise((resolve, reject) => {
      const film = createConnection(policy, "127.0.0.1", () => film.write("<policy-file-request/>\0"));
      let text = "";
      film.on("data", (bytes) => { text += bytes; }).on("end", () => resolve(text)).on("error", reject);
    }), "the policy");
    assert.match(answer, /allow-access-from domain="\*" to-ports="\*"/);
  });

  it("serves its page to a browser with a client of 2012", async (t) => {
    const page = await visitor(browser, `${url}/`);
    t.after(() => page.context().close());
    await page.locator("#state", { hasText: "hello" }).waitFor();
    assert.deepEqual(page.complaints, []);
  });

  it("keeps environ, request, session and what initialize() set", async (t) => {
    const anna = await enter(t, "anna", "hall");
    assert.deepEqual([anna.order, anna.count], [["all", "mixin"], 1]);
    assert.deepEqual(await ask(anna, "drink"), [1, { anna: 0 + 1 }]);
    assert.deepEqual(await ask(anna, "drink"), [2, { anna: 2 }]);
    const [nsp, notes] = await ask(closing(t, anna.io.socket("/")), "who");
    assert.deepEqual([nsp, notes], ["", ["from /all"]]);
    /* who comes next is counted when she has left */
    const left = heard(closing(t, await open("/all")), "left");
    anna.disconnect();
    assert.deepEqual([...await left.left.reach(1)], [["anna", []]]);
  });

  it("shares mutable class attributes, and takes out who leaves", async (t) => {
    const anna = await enter(t, "anna", "hall"), ben = await enter(t, "ben", "hall");
    const left = heard(anna, "left");
    assert.equal(ben.count, anna.count + 1);
    ben.disconnect();
    const [nick, rest] = (await left.left.reach(1))[0];
    assert.equal(nick, "ben");
    assert.ok(rest.includes("anna") && !rest.includes("ben"));
    await until(() => /all INFO ben leaves hall/.test(program.said()), "the logger, known by its name");
  });

  it("tells rooms, everybody, or everybody else", async (t) => {
    const [anna, ben, cleo] = [await enter(t, "anna", "blue"), await enter(t, "ben", "blue"), await enter(t, "cleo", "green")];
    const names = ["to room", "to all", "to others"], [a, b, c] = [anna, ben, cleo].map((one) => heard(one, ...names));
    anna.emit("room", "x", 1);
    anna.emit("everybody", "y");
    anna.emit("others", "z");
    await b["to others"].reach(1);
    await c["to others"].reach(1);
    await a["to all"].reach(1);
    assert.deepEqual(names.map((name) => a[name].length), [0, 1, 0]);
    assert.deepEqual([...b["to room"]], [["anna", "x", 1]]);
    assert.deepEqual(names.map((name) => c[name].length), [0, 1, 1]);
    assert.deepEqual(await ask(anna, "leave room"), [[]]);
  });

  it("gives its messages and JSON to a client of 2012, and a receipt", async (t) => {
    const socket = closing(t, await connectV1(url, "xhr-polling", old)), said = collect(socket, "message");
    socket.send("text");
    await said.reach(1);
    /* send() of that client wants a receipt, no value */
    await within(new Promise((resolve) => socket.json.send({ a: [1] }, resolve)), "a receipt");
    await said.reach(2);
    assert.deepEqual([...said], ["heard text", { heard: { a: [1] } }]);
  });

  it("never ran recv_connect of the global namespace", async (t) => {
    const socket = closing(t, openV1(url, "xhr-polling", old)), said = collect(socket, "never said");
    await next(socket, "connect");
    await ask(socket, "who");
    assert.deepEqual([...said], []);
  });

  it("hands a packet to who asks for it, blanks made underscores", async (t) => {
    const anna = await enter(t, "anna", "hall");
    assert.deepEqual(await ask(anna, "user message", "a", { b: 1 }), ["user message", ["a", { b: 1 }], "/all"]);
  });

  it("calls back when the client has answered", async (t) => {
    const anna = await enter(t, "anna", "hall"), got = heard(anna, "answered");
    anna.on("question", (question, answer) => answer(question.length, "because"));
    anna.emit("ask back", "why?");
    assert.deepEqual((await got.answered.reach(1))[0], [4, "because", "anna"]);
    const there = await enterOld(t, "olga", "attic"), hers = collect(there, "answered", (...args) => args);
    there.on("question", (question, answer) => answer(question, 5));
    there.emit("ask back", "who?");
    assert.deepEqual((await hers.reach(1))[0], ["who?", 5, "olga"]);
  });

  it("tells of what cannot be reached, is not allowed or went wrong", async (t) => {
    const anna = await enter(t, "anna", "hall"), got = heard(anna, "error", "caught", "before");
    for (const name of ["not there", "spawn?", "fail", "divide", "quiet"])
      anna.emit(name, ...(name === "divide" ? [1, 0] : []));
    await got.error.reach(3);
    assert.deepEqual(got.error.map((args) => args[0]), ["no_such_method", "unallowed_event_name", "own_error"]);
    assert.match(got.error[0][1], /on_not_there/);
    assert.deepEqual([...got.caught], [["division by zero"]]);
    assert.deepEqual([...got.before], [[]]);
    await until(() => /RuntimeError: on purpose/.test(program.said()), "the exception");
    await until(() => /told to the log/.test(program.said()), "the error");
  });

  it("says which attribute does not last, with class and line", async (t) => {
    const anna = await enter(t, "anna", "hall");
    anna.emit("keep a lock");
    /* in a call of its own: within one the attribute is there */
    await until(() => /All\.lock, set at .* does not last/.test(program.said()), "the warning");
    anna.emit("use the lock");
    await until(() => /was set at .*could not be stored/.test(program.said()), "the explanation");
    const line = readFileSync(join(FACES, "gevent_app.py"), "utf8").split("\n").findIndex((one) => one.includes("self.lock = ")) + 1;
    assert.match(program.said(), new RegExp(`All\\.lock, set at .*gevent_app\\.py:${line}, does not last: a lock`));
  });

  it("runs jobs after the answer, and refuses those without end", async (t) => {
    const anna = await enter(t, "anna", "hall"), got = heard(anna, "spawned", "tick");
    assert.deepEqual(await ask(anna, "spawn", "later"), ["first"]);
    assert.deepEqual((await got.spawned.reach(1))[0], ["later"]);
    anna.emit("loop");
    await until(() => /self\.every\(1, self\.work\)/.test(program.said()), "the rewrite");
    assert.deepEqual([...got.tick], []);
    anna.emit("times");
    await got.spawned.reach(2);
    assert.deepEqual([...await got.tick.reach(3)], [[1], [2], [3]]);
    assert.deepEqual(got.spawned[1], ["after"]);
  });

  it("opens and closes methods by access lists, also from another namespace", async (t) => {
    const anna = await enter(t, "anna", "hall"), guard = closing(t, anna.io.socket("/guarded"));
    const got = heard(guard, "error", "lifted");
    guard.emit("secret");
    await got.error.reach(1);
    assert.equal(got.error[0][0], "method_access_denied");
    assert.deepEqual(await ask(guard, "login"), [true, false]);
    assert.deepEqual(await ask(guard, "secret"), [42]);
    assert.deepEqual(await ask(guard, "logout"), [["on_login", "on_logout", "recv_connect", "recv_disconnect"]]);
    guard.emit("secret");
    await got.error.reach(2);
    anna.emit("lift guard");
    assert.deepEqual((await got.lifted.reach(1))[0], ["/all"]);
    assert.deepEqual(await ask(guard, "reset"), [true]);
    guard.emit("secret");
    await got.error.reach(3);
  });

  it("leaves the room before in LonelyRoomMixin", async (t) => {
    const one = closing(t, await open("/lonely"));
    assert.deepEqual(await ask(one, "move", "a"), [["/lonely_a"]]);
    assert.deepEqual(await ask(one, "move", "b"), [["/lonely_b"]]);
  });

  it("finds the sockets of all in server.sockets, from handlers and from views", async (t) => {
    const cooks = [];
    for (const nick of ["anna", "ben", "cleo"])
      cooks.push(await enter(t, nick, nick === "cleo" ? "cellar" : "kitchen"));
    const there = await enterOld(t, "olga", "kitchen"), hers = collect(there, "one by one");
    const got = cooks.map((one) => heard(one, "one by one", "told"));
    assert.deepEqual(await ask(cooks[0], "each", "soup"), [["ben", "olga"]]);
    await hers.reach(1);
    await got[1]["one by one"].reach(1);
    await request(url, "/tell");
    for (const one of got)
      assert.deepEqual((await one.told.reach(1))[0], ["from a view"]);
    assert.deepEqual(got.map((one) => one["one by one"].length), [0, 1, 0]);
  });

  it("ends a namespace that asks for it, and refuses one that is not listed", async (t) => {
    const anna = await enter(t, "anna", "hall");
    const gone = next(anna, "disconnect");
    anna.emit("kick me");
    assert.deepEqual((await gone)[0], "io server disconnect");
    const [error] = await next(closing(t, openSocket("4.8.4", `${url}/nowhere`, options)), "connect_error");
    assert.equal(error.message, "Invalid namespace");
  });

  it("leaves nothing behind at Ctrl-C", () => leavesNothing(program, folder, port, "SIGINT"));

  it("takes siogate-ws with it when it is killed, and its port again", async () => {
    program = await python(folder, [join(FACES, "gevent_app.py"), String(port), String(policy)]);
    const { pid } = program;
    assert.equal(group(pid).length, 2);
    process.kill(pid, "SIGKILL");
    await until(() => group(pid).length === 0, "siogate-ws to end, too");
    program = await python(folder, [join(FACES, "gevent_app.py"), String(port), String(policy)]);
    assert.equal((await request(url, "/")).status, 200);
  });
});

describe("a project for django-socketio behind manage.py runserver_socketio", () => {
  let folder, program, url, port;
  before(async () => {
    folder = makeFolder();
    port = await freePort();
    url = `http://127.0.0.1:${port}`;
    cpSync(join(FACES, "market"), join(folder, "market"), { recursive: true });
    program = await python(folder, [join(folder, "market/manage.py"), "runserver_socketio"], { MARKET_PORT: String(port) });
  });
  after(async () => {
    await program?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /* A socket that is in its channels, what it heard there, and its id. Each test has channels
     of its own: who was in the ones of the test before may still be leaving. */
  async function come(t, ...channels) {
    const socket = closing(t, openSocket("4.8.4", url)), said = collect(socket, "message");
    const say = (...message) => socket.send(message);
    await said.reach(1);
    for (const channel of channels)
      socket.emit("subscribe", channel);
    if (channels.length > 0)
      say("send", "I am in");
    await until(() => channels.length === 0 || said.includes("I am in"), "a place at the stall");
    const before = said.indexOf("I am in") + 1 || 1;
    return { socket, said, id: said[0].id, last: async (n) => (await said.reach(before + n)).slice(before), say };
  }
  const shout = async (query) => (await request(url, `/shout?${query}`)).body;

  it("serves a page whose tag has the scripts", async (t) => {
    const page = await visitor(browser, `${url}/`);
    t.after(() => page.context().close());
    await page.locator("#state", { hasText: "an array" }).waitFor();
    assert.deepEqual(page.complaints, []);
  });

  it("asks those without a pattern only for sockets without channels", async (t) => {
    const one = await come(t);
    one.say("x");
    assert.deepEqual(await one.last(1), ["no channel"]);
    one.socket.emit("subscribe", "stall-fish");
    one.say("steps");
    assert.deepEqual((await one.last(2))[1], { steps: ["connect", "subscribe stall-fish"], came: "node-XMLH", channels: ["stall-fish"] });
    one.say("leave", "stall-fish");
    one.say("x");
    assert.deepEqual((await one.last(3))[2], "no channel");
  });

  it("sends, broadcasts, and keeps channels apart", async (t) => {
    const [fish, also, fruit] = [await come(t, "stall-eel"), await come(t, "stall-eel", "stall-x"), await come(t, "stall-fruit")];
    await fish.last(1);                                 /* who came to its stall */
    fish.say("send", { only: "me" });
    fish.say("broadcast", "b");
    fish.say("broadcast_channel", ["c"]);
    fish.say("broadcast_channel", "d", "stall-fruit");
    fish.say("send_and_broadcast", 5);
    fish.say("send_and_broadcast_channel", null);
    fish.say("note", also.id);
    assert.deepEqual(await fish.last(4), [["stall-eel", "somebody came"], { only: "me" }, 5, null]);
    assert.deepEqual(await also.last(5), ["b", ["c"], 5, null, "a note"]);
    assert.deepEqual(await fruit.last(3), ["b", "d", 5]);
  });

  it("speaks from a view, and names who is not there", async (t) => {
    const one = await come(t, "stall-view");
    assert.equal(await shout("text=a"), "Message sent");
    assert.equal(await shout("text=b&channel=stall-view"), "Message sent");
    assert.equal(await shout(`text=c&session=${one.id}`), "Message sent");
    assert.deepEqual(await one.last(3), ["a", "b", "c"]);
    assert.match(await shout("text=x&channel=stall-ice"), /no clients on the channel: stall-ice/);
    assert.match(await shout("text=x&session=nobody"), /no socket with the session ID: nobody/);
    assert.equal((await request(url, `/who?session=${one.id}&channel=stall-view`)).body, "True ['came', 'steps'] True");
  });

  it("ends with disconnect, unsubscribe and finish, in this order and once", async (t) => {
    const one = await come(t, "stall-end"), two = await come(t, "stall-end");
    one.socket.disconnect();
    const steps = ["connect", "subscribe stall-end", "message", "disconnect", "unsubscribe stall-end", "finish"];
    assert.deepEqual(await two.last(1), [{ finish: steps }]);
  });

  it("tells a handler's error to on_error, and ends the connection", async (t) => {
    const one = await come(t, "stall-dear"), gone = next(one.socket, "disconnect");
    one.say("fail");
    assert.deepEqual(await one.last(1), ["error: too dear"]);
    assert.equal((await gone)[0], "io server disconnect");
    await until(() => /ValueError: too dear/.test(program.said()), "the exception");
  });

  it("logs each message in the format of the settings, on one line", async (t) => {
    const one = await come(t, "stall-log");
    one.say("send", "a\nb");
    await one.last(1);
    for (const line of [/^127\.0\.0\.1 subscribe <stall-log>$/m, /^127\.0\.0\.1 message <\["send", "a\\nb"\]>$/m])
      await until(() => line.test(program.said()), `a line like ${line}`);
  });

  it("starts again when a source changes, and no socket notices", async (t) => {
    const one = await come(t, "stall-sources"), events = join(folder, "market/stalls/events.py");
    let ended = false;
    one.socket.on("disconnect", () => { ended = true; });
    assert.equal(one.said[0].version, "one");
    writeFileSync(events, readFileSync(events, "utf8").replace('VERSION = "one"', 'VERSION = "two"'));
    /* Django takes what it sees first for what was always there: the change is made until it is seen, and no longer,
       for each one starts it again. */
    let due = 0;
    await until(() => {
      if (/events\.py changed, reloading/.test(program.said()))
        return true;
      if (Date.now() >= due) {
        utimesSync(events, new Date(), new Date());
        due = Date.now() + 1500;
      }
      return false;
    }, "Django to see the change");
    await until(async () => (await come(t)).said[0].version === "two", "the new source");
    one.say("send", "still here");
    assert.deepEqual(await one.last(1), ["still here"]);
    assert.equal(ended, false);
  });

  it("leaves nothing behind at Ctrl-C", () => leavesNothing(program, folder, port, "SIGINT"));
});

describe("the Django chat of the examples behind manage.py runserver_socketio", () => {
  it("lets somebody talk on a page, and leaves nothing behind when it is ended", async (t) => {
    const folder = makeFolder(), port = await freePort();
    const program = await python(folder, [join(top, "examples/python/django_chat/manage.py"), "runserver_socketio", String(port), "--noreload"],
      { SIOGATE_SECRET: "" });
    t.after(async () => {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    const page = await visitor(browser, `http://127.0.0.1:${port}/`);
    const sees = (selector, text) => page.locator(selector, { hasText: text }).waitFor();
    await sees("#state", "in the lobby");
    await page.fill("#name", "anna");
    await page.press("#name", "Enter");
    await sees("#nicknames", "anna");
    await page.fill("#text", "hello");
    await page.press("#text", "Enter");
    await sees("#lines li", "me: hello");
    await page.context().close();
    await leavesNothing(program, folder, port, "SIGTERM");
  });
});

describe("the recipes for frameworks", () => {
  it("answer the gateway's calls in each of Debian's packages", async (t) => {
    const folder = makeFolder(), [port, behind] = [await freePort(), await freePort()], secret = "the secret of the recipes";
    const names = ["wsgi", "flask", "bottle", "pyramid", "django", "webpy"], conf = join(folder, "siogate.conf");
    writeFileSync(conf, `log_level = info\nstore = ${join(folder, "store")}\n` + names.map((name) =>
      `[backend /${name}]\nurl = http://127.0.0.1:${behind}/${name}/siogate/\nsecret = ${secret}\n`).join(""));
    const programs = [];
    t.after(async () => {
      await Promise.all(programs.map((one) => one.stop()));
      rmSync(folder, { recursive: true, force: true });
    });
    programs.push(await python(folder, [join(FACES, "recipes.py"), String(behind)], { SIOGATE_SECRET: secret }));
    programs.push(await start(join(prefix, "bin/siogate-ws"), ["--config", conf, "--listen", `127.0.0.1:${port}`], {}, /listening/));
    for (const name of names) {
      const socket = closing(t, await connect("4.8.4", `http://127.0.0.1:${port}/${name}`));
      assert.deepEqual(await ask(socket, "double", 21), [name, 42]);
    }
  });
});
