/*
 * v0.mjs - a 0.6 page that speaks of events, as the others do
 *
 * The page sends objects with name and args and hears the same (doc/generations.md);
 * this is what turns them into emit() and on(), so that one sentence can be told to
 * clients of all generations.
 *
 * SPDX-License-Identifier: ISC
 */
import { EventEmitter } from "node:events";
import { openPage } from "./page.mjs";
import { request } from "./http.mjs";
import { DEADLINE, next } from "./wait.mjs";

const scripts = new Map();

export async function script(url, path = "/socket.io/0.6.18/socket.io.js") {
  if (!scripts.has(url + path)) {
    const { status, body } = await request(url, path);
    if (status !== 200)
      throw new Error(`${path}: ${status} ${body}`);
    scripts.set(url + path, body);
  }
  return scripts.get(url + path);
}

/* What a page's messages mean: on(name), emit(name, ...args, answer). */
export class Voice extends EventEmitter {
  constructor(send) {
    super();
    this.say = send;
    this.asked = new Map();
    this.id = 0;
  }
  emit(name, ...args) {
    const answer = typeof args.at(-1) === "function" ? args.pop() : undefined;
    if (answer)
      this.asked.set(++this.id, answer);
    this.say(answer ? { name, args, id: this.id } : { name, args });
    return true;
  }
  heard(message) {
    if (typeof message === "object" && message !== null && Array.isArray(message.args)) {
      const { name, args, ack, id } = message;
      if (ack !== undefined) {
        this.asked.get(ack)?.(...args);
        this.asked.delete(ack);
        return;
      }
      const answer = id === undefined ? [] : [(...list) => this.say({ ack: id, args: list })];
      super.emit(name, ...args, ...answer);
      return;
    }
    super.emit("message", message);
  }
  told(event, ...args) {
    super.emit(event, ...args);
  }
}

/* A page at url whose socket is connected; options are those of io.Socket. */
export async function openV0(url, transport, { origin, websocket = true, ...options } = {}) {
  const { hostname, port } = new URL(url);
  const page = openPage(await script(url), url, { origin,
    websocket: transport === "websocket" && websocket, htmlfile: transport === "htmlfile", multipart: transport === "xhr-multipart" });
  page.window.options = { port, transports: [transport], rememberTransport: false, connectTimeout: DEADLINE, reconnect: false, ...options };
  page.window.host = hostname;
  page.run("var socket = new io.Socket(host, options);");
  const { socket } = page.window;
  const voice = new Voice((message) => socket.send(message));
  voice.page = page;
  voice.socket = socket;
  voice.disconnect = () => {
    socket.disconnect();
    page.leave();
  };
  for (const event of ["connect", "disconnect"])
    socket.on(event, () => voice.told(event));
  socket.on("message", (message) => voice.heard(typeof message === "string" ? message : JSON.parse(JSON.stringify(message))));
  const connected = next(voice, "connect");
  socket.connect();
  try {
    await connected;
  } catch (error) {
    voice.disconnect();
    throw error;
  }
  return voice;
}
