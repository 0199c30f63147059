/*
 * cases.mjs - the sentences that hold for a stock client, wherever it connects
 *
 * Names of rooms and events are made unique, so that nothing an earlier sentence
 * left behind can make a later one true.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { ask, closing, connect, open } from "./client.mjs";
import { Session, request } from "./http.mjs";
import { startProxy } from "./proxy.mjs";
import { collect, next } from "./wait.mjs";

const ARGUMENTS = [1, -0.5, "two", null, true, [1, [2]], { k: { k: [] } }, ""];
const TEXT = "Grüße, 日本 \u{1F469}\u200D\u{1F4BB}\u{1F389} \"quoted\" 'single' \\ / \u2028\u2029\u0000\u001e \r\n\t </script>";
let count = 0;
export const fresh = (what) => `${what}-${process.pid}-${++count}`;

/* What holds for every client: name -> (t, enter, url, version,
 * transports). */
export const always = {
  async "connects, gets an id and is acknowledged with its own arguments"(t, enter) {
    const socket = await enter();
    assert.match(socket.id, /^\S{10,}$/);
    assert.deepEqual(await ask(socket, "echo", ...ARGUMENTS), ARGUMENTS);
    assert.deepEqual(await ask(socket, "echo"), []);
  },

  async "keeps text of all kinds"(t, enter) {
    const socket = await enter();
    assert.deepEqual(await ask(socket, "echo", TEXT, { [TEXT]: [TEXT] }), [TEXT, { [TEXT]: [TEXT] }]);
  },

  async "sends bytes and gets them back, nested and more than one"(t, enter) {
    const socket = await enter();
    const one = Buffer.from([0, 1, 2, 0xff, 0x1e]), two = Buffer.alloc(3000, 0xe2), none = Buffer.alloc(0);
    const [first, second] = await ask(socket, "echo", one, { deep: [two, { "and": none }], text: "x" });
    assert.deepEqual(Buffer.from(first), one);
    assert.deepEqual(Buffer.from(second.deep[0]), two);
    assert.deepEqual(Buffer.from(second.deep[1].and), none);
    assert.equal(second.text, "x");
  },

  async "broadcasts bytes"(t, enter) {
    const [one, two] = [await enter(), await enter()], mark = fresh("bytes");
    const heard = next(two, "broadcast", (name) => name === mark);
    one.emit("broadcast", mark, { here: [Buffer.from(mark)] });
    assert.equal(Buffer.from((await heard)[1].here[0]).toString(), mark);
  },

  async "takes bursts of acknowledged events in order"(t, enter) {
    const socket = await enter(), order = [];
    await Promise.all(Array.from({ length: 60 }, async (_, i) => {
      const [answer] = await ask(socket, "echo", i);
      order.push(answer);
    }));
    assert.deepEqual(order, Array.from({ length: 60 }, (_, i) => i));
  },

  async "hears every broadcast once and in order, as all others do"(t, enter) {
    const sockets = [await enter(), await enter(), await enter()], mark = fresh("all");
    const lists = sockets.map((socket) => collect(socket, "broadcast", (...args) => args));
    for (let i = 0; i < 20; i++)
      sockets[0].emit("broadcast", mark, i);
    const end = sockets.map((socket) => next(socket, "broadcast", (name, i) => name === mark && i === 19));
    await Promise.all(end);
    await ask(sockets[1], "echo");
    for (const list of lists)
      assert.deepEqual(list.filter(([name]) => name === mark).map(([, i]) => i), Array.from({ length: 20 }, (_, i) => i));
  },

  async "hears a room while it is in it"(t, enter) {
    const [inside, outside, sender] = [await enter(), await enter(), await enter()];
    const room = fresh("room"), event = fresh("event");
    const heard = collect(inside, event), never = collect(outside, event);
    await ask(inside, "join", room);
    sender.emit("to", room, event, 1);
    sender.emit("to", room, event, 2);
    await heard.reach(2);
    await ask(inside, "leave", room);
    sender.emit("to", room, event, 3);
    await ask(sender, "echo");
    await ask(inside, "echo");
    await ask(outside, "echo");
    assert.deepEqual([...heard], [1, 2]);
    assert.deepEqual([...never], []);
  },

  async "answers what the server asks"(t, enter) {
    const socket = await enter();
    socket.on("question", (text, bytes, answer) => answer(text.toUpperCase(), Buffer.from(bytes).toString(), [1]));
    const answered = next(socket, "answers");
    socket.emit("ask", "well?", Buffer.from("yes"));
    assert.deepEqual((await answered)[0], [["WELL?", "yes", [1]]]);
  },

  async "answers what the server asks with bytes"(t, enter) {
    const socket = await enter();
    socket.on("question", (bytes, answer) => answer(bytes, { also: [Buffer.from("more")] }));
    const answered = next(socket, "answers");
    socket.emit("ask", Buffer.from([0, 255]));
    const [[[back, { also }]]] = await answered;
    assert.deepEqual(Buffer.from(back), Buffer.from([0, 255]));
    assert.equal(Buffer.from(also[0]).toString(), "more");
  },

  async "has several namespaces on one connection"(t, enter) {
    const root = await enter();
    const chat = closing(t, root.io.socket("/chat"));
    await next(chat, "connect");
    assert.notEqual(chat.id, root.id);
    const [rooms] = await ask(chat, "rooms");
    assert.equal(rooms.ok, true);
    chat.disconnect();
    assert.deepEqual(await ask(root, "echo", "still here"), ["still here"]);
  },

  async "is refused by a namespace that does not exist"(t, enter, url, version, transports) {
    const socket = closing(t, open(version, `${url}/${fresh("nowhere")}`, { transports }));
    const [error] = await next(socket, "connect_error");
    assert.equal(error.message, "Invalid namespace");
    assert.equal(socket.connected, false);
  },

  async "is told why it was disconnected"(t, enter) {
    const [one, two] = [await enter({ reconnection: false }), await enter({ reconnection: false })];
    const mine = next(one, "disconnect"), theirs = next(two, "disconnect");
    one.disconnect();
    assert.equal((await mine)[0], "io client disconnect");
    two.emit("kick");
    assert.equal((await theirs)[0], "io server disconnect");
  },

  async "comes back after its connection was cut"(t, enter, url) {
    const road = await startProxy([Number(new URL(url).port)]);
    t.after(() => road.close());
    const socket = await enter({}, `http://127.0.0.1:${road.port}`);
    const lost = next(socket, "disconnect");
    road.cut();
    assert.match((await lost)[0], /^transport (error|close)$/);
    const again = next(socket, "connect");
    road.mend();
    await again;
    assert.deepEqual(await ask(socket, "echo", 1), [1]);
  },

  /* The default limit is 100000 bytes, below what an unprepared mod_fcgid takes. */
  async "passes what is nearly too big both ways"(t, enter) {
    const socket = await enter(), text = "ä".repeat(49900);
    const [back] = await ask(socket, "echo", text);
    assert.ok(back === text);
    const bytes = Buffer.alloc(74000, 7);
    const [bytesBack] = await ask(socket, "echo", bytes);
    assert.ok(bytes.equals(Buffer.from(bytesBack)));
  },

};

/* What is about the requests of a polling client. */
export const polling = {
  async "does not lose its session by a body that is too big"(t, enter, url) {
    const socket = await enter({ reconnection: false }), { greeting } = await new Session(url).open();
    const path = `/socket.io/?EIO=4&transport=polling&sid=${socket.io.engine.id}`;
    const { status, body } = await request(url, path, { method: "POST", body: "4".repeat(greeting.maxPayload + 1) });
    assert.equal(status, 413);
    assert.equal(body, "");
    assert.deepEqual(await ask(socket, "echo", "alive"), ["alive"]);
  },
};

/* What 4.6 and newer know. */
export const recovering = {
  async "recovers what it missed, in order, under its old id"(t, enter, url) {
    const road = await startProxy([Number(new URL(url).port)]);
    t.after(() => road.close());
    const sender = await enter(), socket = await enter({}, `http://127.0.0.1:${road.port}`);
    const room = fresh("room"), event = fresh("missed"), heard = collect(socket, event, (...args) => args);
    await ask(socket, "join", room);
    sender.emit("to", room, event, 0);
    await heard.reach(1);

    const { id } = socket, lost = next(socket, "disconnect");
    road.cut();
    await lost;
    sender.emit("to", room, event, 1, "text");
    sender.emit("to", room, event, 2, Buffer.from("bytes"));
    sender.emit("to", fresh("elsewhere"), event, "not for us");
    sender.emit("to", room, event, 3);
    await ask(sender, "echo");
    const again = next(socket, "connect");
    road.mend();
    await again;
    assert.equal(socket.recovered, true);
    assert.equal(socket.id, id);
    sender.emit("to", room, event, 4);
    await heard.reach(5);
    assert.deepEqual(heard.map(([i]) => i), [0, 1, 2, 3, 4]);
    assert.equal(heard[1][1], "text");
    assert.equal(Buffer.from(heard[2][1]).toString(), "bytes");
  },

  /* More than the reference does: its client has no offset to show yet. */
  async "recovers although it had heard nothing before"(t, enter, url) {
    const road = await startProxy([Number(new URL(url).port)]);
    t.after(() => road.close());
    const sender = await enter(), socket = await enter({}, `http://127.0.0.1:${road.port}`);
    const room = fresh("room"), event = fresh("missed"), heard = collect(socket, event);
    await ask(socket, "join", room);
    const { id } = socket, lost = next(socket, "disconnect"), again = next(socket, "connect");
    road.cut();
    await lost;
    sender.emit("to", room, event, 1);
    await ask(sender, "echo");
    road.mend();
    await again;
    assert.equal(socket.recovered, true);
    assert.equal(socket.id, id);
    await heard.reach(1);
    assert.deepEqual([...heard], [1]);
  },

  async "starts afresh after a disconnect of its own"(t, enter) {
    const socket = await enter(), { id } = socket, closed = next(socket.io.engine, "close");
    socket.disconnect();
    await closed;                       /* else its CONNECT might overtake it */
    socket.connect();
    await next(socket, "connect");
    assert.equal(socket.recovered, false);
    assert.notEqual(socket.id, id);
  },
};

/* Declares them, or some other cases, for one client; url() is asked when they run. */
export function declare(it, version, url, cases, transports = ["polling"]) {
  cases ??= { ...always, ...(version === "4.8.4" && recovering), ...(transports.includes("polling") && polling) };
  for (const [sentence, run] of Object.entries(cases))
    it(sentence, async (t) => {
      const enter = async (options = {}, to = url()) => closing(t, await connect(version, to, { transports, ...options }));
      await run(t, enter, url(), version, transports);
    });
}
