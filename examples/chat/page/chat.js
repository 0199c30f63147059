/*
 * chat.js - the demo's chat, as a page that may lose its connection at any time
 *
 * The events are those in the head of chat.c.  Nothing here trusts a connection
 * to last: what you say waits in the outbox until the server has acknowledged it
 * and is said again with the same id after a reconnect, so it is heard once.
 * After a connect that was not recovered the page introduces itself again,
 * enters its rooms again, and merges their history by message id.
 *
 * Must stay true:
 *   - a message is in the outbox exactly while nobody has acknowledged it
 *   - `ready` is true only while the server knows who this socket is
 *
 * SPDX-License-Identifier: ISC
 */
"use strict";

const HOME = "lobby";
const ANSWER_MS = 3000;                 /* then a question is asked again */
const TYPING_SAY_MS = 2500;             /* "still typing" goes out this often */
const TYPING_SHOW_MS = 6000;            /* and is believed for so long */

const rooms = new Map();                /* name -> see roomOf() */
const outbox = [];                      /* messages nobody acknowledged yet, in order */
let me = load(localStorage, "siogate-chat-me") || { nick: "", token: "" };
let current = "";                       /* the room on the screen */
let known = [];                         /* [{name, members}], from the server */
let ready = false, pumping = false, back = 0, recovered = 0;
let socket = null;

/* ---- small things -------------------------------------------------------- */

function load(storage, key) {
  try {
    return JSON.parse(storage.getItem(key));
  } catch {
    return null;
  }
}

function save(storage, key, value) {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    /* private windows may refuse: the page works, a reload forgets the name */
  }
}

function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(15));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_");
}

/* ---- rooms --------------------------------------------------------------- */

function roomOf(name) {
  if (!rooms.has(name))
    rooms.set(name, {
      name, joined: false, unread: 0,
      members: new Set(), devices: new Map(),   /* nick -> pages, where there are several */
      missed: [],                               /* ids of what was said while we were away */
      typing: new Map(),    /* nick -> timer */
      messages: [], byId: new Map(),
      more: false, asking: false,               /* older history: is there, is awaited */
    });
  return rooms.get(name);
}

function roomInHash() {
  try {
    return decodeURIComponent(location.hash.slice(1)).trim() || HOME;
  } catch {
    return HOME;
  }
}

function goTo(name) {
  location.hash = encodeURIComponent(name);     /* hashchange does the rest */
}

async function show() {
  const name = roomInHash();
  if (name === current)
    return;
  stopTyping();
  current = name;
  const room = roomOf(name);
  room.unread = 0;
  save(sessionStorage, "siogate-chat-rooms", [...rooms.keys()]);
  $("room").textContent = name;
  openDrawer(false);
  drawAll();
  if (ready && !room.joined)
    await enter(room);
}

async function enter(room) {
  const answer = await ask("enter", room.name);
  if (!answer.ok) {
    rooms.delete(room.name);
    save(sessionStorage, "siogate-chat-rooms", [...rooms.keys()]);
    if (room.name === current) {
      goTo(HOME);
      note(HOME, answer.text || answer.error);
    }
    return;
  }
  room.joined = true;
  room.members = new Set(answer.members);
  room.devices = new Map(Object.entries(answer.devices || {}));
  if (answer.seen)
    room.missed = answer.history.filter((m) => m.at > answer.seen && m.nick !== me.nick).map((m) => m.id);
  room.more = answer.history.length >= 50;
  merge(room, answer.history, true);
  if (room.name === current)
    drawAll();
  pump();
}

async function leave(name) {
  const room = rooms.get(name);
  if (room && room.joined && ready)
    ask("leave", name).catch(() => {});
  rooms.delete(name);
  save(sessionStorage, "siogate-chat-rooms", [...rooms.keys()]);
  if (name === current)
    goTo(HOME);
  drawRooms();
}

/* ---- messages ------------------------------------------------------------ */

/* Puts a message where its time says, once.  True if it came behind all others. */
function place(room, message) {
  const there = room.byId.get(message.id);
  if (there) {
    Object.assign(there, message, { pending: false, error: "" });
    return false;
  }
  let i = room.messages.length;
  while (i > 0 && room.messages[i - 1].at > message.at)
    i--;
  room.messages.splice(i, 0, message);
  room.byId.set(message.id, message);
  return i === room.messages.length - 1;
}

/* Takes in a history.  If it does not touch what is here, something is missing
 * between: what is here makes room and comes back by scrolling up. */
function merge(room, history, newest) {
  const touches = history.some((m) => room.byId.has(m.id));
  if (newest && !touches && history.length > 0)
    for (const m of room.messages.filter((old) => !old.pending && !old.error)) {
      room.byId.delete(m.id);
      room.messages.splice(room.messages.indexOf(m), 1);
    }
  for (const m of history)
    place(room, m);
}

async function older(room) {
  const first = room.messages.find((m) => m.seq);
  if (!room.more || room.asking || !first || !ready)
    return;
  room.asking = true;
  try {
    const answer = await ask("history", room.name, first.seq);
    room.more = answer.ok && answer.history.length >= 50;
    merge(room, answer.ok ? answer.history : [], false);
    if (room.name === current)
      drawLog(true);
  } catch {
    /* asked again at the next scroll */
  } finally {
    room.asking = false;
  }
}

function note(name, text) {
  const room = roomOf(name), last = room.messages[room.messages.length - 1];
  const id = freshId(), message = { id, note: true, text, at: Math.max(Date.now(), last ? last.at : 0) };
  place(room, message);
  if (name === current)
    drawLog();
}

function say(text) {
  const room = roomOf(current), last = room.messages[room.messages.length - 1];
  const message = { id: freshId(), nick: me.nick, text, pending: true, room: room.name,
    at: Math.max(Date.now(), last ? last.at + 1 : 0) };
  place(room, message);
  outbox.push(message);
  drawLog();
  toBottom();
  pump();
}

/* Sends the outbox, one after the other so that the order stays. */
async function pump() {
  if (pumping)
    return;
  pumping = true;
  try {
    for (;;) {
      const message = outbox.find((m) => rooms.get(m.room)?.joined);
      if (!ready || !message)
        break;
      const answer = await ask("say", message.room, message.text, message.id);
      outbox.splice(outbox.indexOf(message), 1);
      message.pending = false;
      if (answer.ok)
        message.at = answer.at;
      else
        message.error = answer.text || answer.error;
      resort(message);
    }
  } catch {
    /* no answer: the next connect sends it again, under the same id */
  } finally {
    pumping = false;
  }
}

function resort(message) {
  const room = rooms.get(message.room);
  if (room)
    room.messages.sort((a, b) => a.at - b.at);
  if (message.room === current)
    drawLog();
}

/* ---- the connection ------------------------------------------------------ */

function state(name, text) {
  $("state").dataset.state = name;
  $("state-text").textContent = text;
}

function online() {
  const engine = socket.io.engine, transport = engine.transport.name;
  state("online", `online · ${transport}`);
  $("wire").textContent = `Session ${engine.id.slice(0, 6)}… belongs to no process.` +
    (back ? ` Came back ${back} time${back > 1 ? "s" : ""}, ${recovered} without a gap.` : "");
}

/* One question, one answer; no answer in time or a lost connection rejects. */
function ask(event, ...args) {
  if (!socket.connected)
    return Promise.reject(new Error("not connected"));
  return socket.timeout(ANSWER_MS).emitWithAck(event, ...args);
}

function connect() {
  if (typeof io === "undefined") {
    state("refused", "no client script");
    note(current, "The client script (socket.io/socket.io.js) could not be loaded.");
    return;
  }
  const path = new URL("socket.io/", location.href).pathname;
  socket = io("/chat", { path, reconnectionDelay: 300, reconnectionDelayMax: 5000 });
  socket.on("connect", onConnect);
  socket.on("disconnect", onDisconnect);
  socket.on("connect_error", onRefused);
  socket.io.on("reconnect_attempt", (n) => state("connecting", n > 1 ? `reconnecting (${n})…` : "reconnecting…"));
  socket.on("said", onSaid);
  socket.on("entered", onEntered);
  socket.on("left", onLeft);
  socket.on("devices", onDevices);
  socket.on("typing", onTyping);
  socket.on("rooms", (list) => { known = list; drawRooms(); });
  window.addEventListener("online", () => socket.active && !socket.connected && socket.connect());
}

/* A page that is left cannot wait for an answer, and a poll that just stops looks
 * alive for a while: the close packet goes out as a beacon. */
function sayGoodbye() {
  const engine = socket && socket.io.engine;
  if (engine && engine.transport.name === "polling" && engine.readyState === "open")
    navigator.sendBeacon(`${engine.opts.path}?EIO=4&transport=polling&sid=${engine.id}`, "1");
}

function onConnect() {
  socket.io.engine.on("upgrade", online);
  if (socket.recovered)
    recovered++;
  online();
  if (socket.recovered && me.nick) {
    ready = true;
    pump();
    for (const room of rooms.values())  /* the others may have been told that we left */
      if (room.joined)
        enter(room).catch(() => {});
  } else {
    arrive().catch(() => socket.connected && setTimeout(() => socket.connected && !ready && onConnect(), 500));
  }
}

function onDisconnect(reason) {
  ready = false;
  back++;
  for (const room of rooms.values())
    for (const nick of [...room.typing.keys()])
      typed(room, nick, false);
  if (socket.active)
    return state("connecting", "reconnecting…");
  state("offline", reason === "io server disconnect" ? "disconnected by the server" : "disconnected");
}

function onRefused(error) {
  if (!socket.active)
    return state("refused", `refused: ${error.message}`);
  const full = error.description === 503;
  state("offline", full ? "server is full, retrying…" : "no connection, retrying…");
}

/* Says who we are and enters the rooms; after every connect that recovered nothing. */
async function arrive() {
  for (const room of rooms.values())
    room.joined = false;
  if (!me.nick)
    return askName("");
  const answer = await hello(me.nick);
  if (!answer.ok)
    return askName(answer.text || answer.error);
  for (const name of [current, ...rooms.keys()])
    if (rooms.has(name) && !rooms.get(name).joined)
      await enter(rooms.get(name));
}

async function hello(nick) {
  me.token = me.token || freshId();     /* ours: an answer that gets lost locks nobody out */
  const answer = await ask("hello", { nick, token: me.token });
  if (answer.ok) {
    me = { nick: answer.nick, token: answer.token };
    save(localStorage, "siogate-chat-me", me);
    known = answer.rooms;
    ready = true;
    drawRooms();
    drawPeople();
  }
  return answer;
}

/* ---- what the others do -------------------------------------------------- */

function onSaid(m) {
  const room = rooms.get(m.room);
  if (!room)
    return;
  typed(room, m.nick, false);
  place(room, m);
  if (m.room !== current || document.hidden) {
    if (m.nick !== me.nick)
      room.unread++;
    drawRooms();
  }
  if (m.room !== current)
    return;
  const stick = atBottom();
  drawLog();
  $("down").hidden = stick || m.nick === me.nick;
}

function onEntered({ room: name, nick }) {
  const room = rooms.get(name);
  if (!room || room.members.has(nick))
    return;
  room.members.add(nick);
  if (nick !== me.nick)
    note(name, `${nick} came in`);
  if (name === current)
    drawPeople();
}

function onLeft({ room: name, nick }) {
  const room = rooms.get(name);
  if (!room || !room.members.delete(nick))
    return;
  typed(room, nick, false);
  note(name, `${nick} left`);
  if (name === current)
    drawPeople();
}

function onDevices({ room: name, nick, n }) {
  const room = rooms.get(name);
  if (!room)
    return;
  if (n > 1)
    room.devices.set(nick, n);
  else
    room.devices.delete(nick);
  if (name === current)
    drawPeople();
}

function onTyping({ room: name, nick, on }) {
  const room = rooms.get(name);
  if (room && nick !== me.nick)
    typed(room, nick, on);
}

function typed(room, nick, on) {
  clearTimeout(room.typing.get(nick));
  room.typing.delete(nick);
  if (on)
    room.typing.set(nick, setTimeout(() => typed(room, nick, false), TYPING_SHOW_MS));
  if (room.name === current)
    drawTyping();
}

/* ---- what you do --------------------------------------------------------- */

let typingSaid = 0, typingRoom = "", typingIdle = 0;

function sayTyping(on) {
  if (ready && socket.connected)
    socket.volatile.emit("typing", typingRoom, on);
}

function onInput() {
  const text = $("text");
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
  clearTimeout(typingIdle);
  if (text.value.trim() === "")
    return stopTyping();
  typingIdle = setTimeout(stopTyping, TYPING_SHOW_MS);
  if (Date.now() - typingSaid > TYPING_SAY_MS || typingRoom !== current) {
    typingRoom = current;
    typingSaid = Date.now();
    sayTyping(true);
  }
}

function stopTyping() {
  clearTimeout(typingIdle);
  if (typingSaid)
    sayTyping(false);
  typingSaid = 0;
}

function onSubmit(event) {
  event.preventDefault();
  const text = $("text").value.replace(/\s+$/, "").replace(/^\s*\n/, "");
  $("text").focus();
  if (text === "" || !me.nick)
    return;
  $("text").value = "";
  typingSaid = 0;                       /* "said" ends the typing at the others */
  onInput();
  say(text);
}

function onKey(event) {
  const touch = matchMedia("(pointer: coarse)").matches;
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !touch)
    onSubmit(event);
}

function suggestion() {
  const first = ["Amber", "Brisk", "Calm", "Dapper", "Early", "Fuzzy", "Gentle", "Happy", "Jolly", "Lucky"];
  const second = ["Otter", "Heron", "Badger", "Finch", "Lynx", "Marten", "Newt", "Puffin", "Robin", "Wren"];
  const pick = (list) => list[Math.floor(Math.random() * list.length)];
  return `${pick(first)} ${pick(second)}`;
}

function askName(error) {
  $("name-error").textContent = error;
  $("name-cancel").hidden = !ready;
  if ($("name-dialog").open)
    return;
  $("nick").value = me.nick || suggestion();
  $("name-dialog").showModal();
  $("nick").select();
}

async function onName(event) {
  event.preventDefault();
  const nick = $("nick").value.trim();
  if (nick === "")
    return;
  if (!socket || !socket.connected) {
    $("name-error").textContent = "No connection yet. One moment…";
    return;
  }
  try {
    const answer = await hello(nick);
    if (!answer.ok)
      return askName(answer.text || answer.error);
    $("name-dialog").close();
    $("text").focus();
    for (const room of [...rooms.values()])
      if (!room.joined)
        await enter(room);
    drawAll();
  } catch {
    askName("No answer. Please try again.");
  }
}

/* ---- begin --------------------------------------------------------------- */

function begin() {
  for (const name of load(sessionStorage, "siogate-chat-rooms") || [])
    roomOf(name);
  roomOf(HOME);
  show();
  $("say").addEventListener("submit", onSubmit);
  $("text").addEventListener("input", onInput);
  $("text").addEventListener("keydown", onKey);
  $("text").addEventListener("blur", stopTyping);
  $("me").addEventListener("click", () => askName(""));
  $("name-form").addEventListener("submit", onName);
  $("name-cancel").addEventListener("click", () => $("name-dialog").close());
  $("name-dialog").addEventListener("cancel", (event) => ready || event.preventDefault());
  $("drawer").addEventListener("click", () => openDrawer($("drawer").getAttribute("aria-expanded") !== "true"));
  $("shade").addEventListener("click", () => openDrawer(false));
  $("down").addEventListener("click", toBottom);
  $("log").addEventListener("scroll", () => {
    if (atBottom())
      $("down").hidden = true;
    if ($("log").scrollTop < 80)
      older(roomOf(current));
  });
  $("room-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = $("room-name").value.trim().replace(/^#/, "");
    $("room-name").value = "";
    if (name)
      goTo(name);
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && openDrawer(false));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
      roomOf(current).unread = 0;
      drawRooms();
    }
  });
  window.addEventListener("hashchange", show);
  window.addEventListener("pagehide", sayGoodbye);
  connect();
}

begin();
