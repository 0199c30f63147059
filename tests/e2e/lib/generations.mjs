/*
 * generations.mjs - sessions of every generation by hand, as far as they are alike
 *
 * An address for each request, what a POST holds so that a poll brings a word back, and
 * the same for WebSockets: the event "message" of the module echo is said to who said it.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { fresh } from "./cases.mjs";
import { RawSocket, describe as words, openRaw, text } from "./frames.mjs";
import { claims } from "./front.mjs";
import { request } from "./http.mjs";
import { until } from "./wait.mjs";

export const TEXT_TYPE = "text/plain;charset=UTF-8", FORM = "application/x-www-form-urlencoded";

/* A handshake's answer. */
async function greeted(url, path) {
  const { status, body } = await request(url, path);
  assert.equal(status, 200, body);
  return body;
}

export const units = (message) => `${message.length}:${message}`;
const quoted = JSON.stringify;
const ascii = (json) => json.replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

/* open() gives an address with whatever makes it new; `says` what a POST holds so that
 * a poll brings what `hears` says.  The event "message" is said to who said it. */
const eio = (version, payload, greets) => ({
  polls: { type: /^text\/plain; charset=utf-8$/i }, posts: { body: "ok", type: /^text\/html/ },
  jsonp: { type: /^text\/plain; charset=utf-8$/i, name: "___eio" },
  async open(url, query = "") {
    const path = (more = "") => `/socket.io/?EIO=${version}&transport=polling&t=${fresh("t")}${query}${more}`;
    const { sid } = JSON.parse(/\{\\?"sid.*?\}/.exec(await greeted(url, path()))[0].replaceAll("\\", ""));
    return { sid, path: () => path(`&sid=${sid}`) };
  },
  async enter(session, query) {
    if (greets) {
      await session.post(query ? `d=${payload("40")}` : payload("40"));
      await session.get();
    }
  },
  type: TEXT_TYPE, index: "&j=3",
  says: (word) => payload(`42["message",${quoted(word)}]`), form: (body) => `d=${encodeURIComponent(body)}`,
  hears: (word) => payload(`42["message",${version === 4 ? quoted(word) : ascii(quoted(word))}]`),
  socket: () => `/socket.io/?EIO=${version}&transport=websocket`, quiet: greets ? 1 : 2, begins: greets ? ["40"] : [],
  message: (word) => `42["message",${quoted(word)}]`,
  unknown: ({ status, body }) => assert.deepEqual([status, body], [400, '{"code":1,"message":"Session ID unknown"}']),
});
export const framed = (list) => list.map((each) => `\uFFFD${each.length}\uFFFD${each}`).join("");
export const generations = {
  "EIO4": eio(4, (message) => message, true),
  "EIO3": eio(3, units, false),
  "EIO=2": eio(2, units, false),
  "0.9": {
    polls: { type: /^text\/plain; charset=utf-8$/i }, posts: { body: "1", type: /^text\/plain; charset=utf-8$/i },
    jsonp: { type: /^text\/javascript; charset=utf-8$/i, name: "io.j" },
    async open(url, query = "") {
      const sid = (await greeted(url, "/socket.io/1/?t=1400000000001")).split(":")[0];
      return { sid, path: () => `/socket.io/1/${query ? "jsonp" : "xhr"}-polling/${sid}?t=1400000000002${query}` };
    },
    enter: (session) => session.get(),
    type: TEXT_TYPE, index: "&i=3",
    says: (word) => `3:::${word}`, form: (body) => `d=${encodeURIComponent(quoted(body))}`, hears: (word) => `3:::${word}`,
    socket: (sid) => `/socket.io/1/websocket/${sid}`, quiet: 1, begins: [], message: (word) => `3:::${word}`,
    unknown: ({ status, body }, isPost) => assert.deepEqual([status, body], [200, isPost ? "1" : "7:::1+0"]),
  },
  "0.6": {
    polls: { type: /^text\/plain; charset=utf-8$/i }, posts: { body: "ok", type: /^text\/plain/ },
    jsonp: { type: /^text\/javascript; charset=utf-8$/i, name: "io.JSONP" },
    async open(url, query = "") {
      const [, sid] = /~m~\d+~m~([\w-]+)/.exec(await greeted(url, `/socket.io/${query ? "jsonp" : "xhr"}-polling//1300000000001${query}`));
      return { sid, path: (method) => (query ? `/socket.io/jsonp-polling/${sid}/1300000000002${query}` :
        `/socket.io/xhr-polling/${sid}/${method === "POST" ? "send" : "1300000000002"}`) };
    },
    enter: async () => {},
    type: FORM, index: "/3",
    says: (word) => `data=${encodeURIComponent(`~m~${word.length}~m~${word}`)}`, form: (body) => body,
    hears: (word) => `~m~${word.length}~m~${word}`,
    socket: () => "/socket.io/websocket", quiet: 1, begins: [], message: (word) => `~m~${word.length}~m~${word}`,
    unknown: (res) => assert.equal(res.status, 404),
  },
};

/* A session of a generation that hears what is said to it. */
export async function enter(url, name, query = "") {
  const kind = generations[name], { sid, path } = await kind.open(url, query);
  const session = { sid, path, get: (options) => request(url, path("GET"), options),
    post: (body, options = {}) => request(url, path("POST"), { method: "POST", body,
      ...options, headers: { "Content-Type": query ? FORM : kind.type, ...options.headers } }) };
  await kind.enter(session, query);
  return session;
}

/* A POST whose body comes when it is told to. */
export function halfPost(url, path, type, body) {
  const raw = new RawSocket(url), bytes = Buffer.from(body), half = bytes.length >> 1;
  raw.send(`POST ${path} HTTP/1.1\r\nHost: ${raw.host}\r\nContent-Type: ${type}\r\n` +
    `Content-Length: ${bytes.length}\r\nConnection: close\r\n\r\n`, bytes.subarray(0, half));
  return { raw, rest: () => raw.send(bytes.subarray(half)) };
}

/* A poll that waits: {answer}. */
export async function parked(url, session, options) {
  const before = claims(url), answer = session.get(options);
  await until(() => claims(url) > before, "a claim for the poll");
  return { answer };
}

/* One whose client has hung up while it waited. */
export async function lostPoll(url, session) {
  const leave = new AbortController(), before = claims(url);
  const { answer } = await parked(url, session, { signal: leave.signal });
  leave.abort();
  await assert.rejects(answer);
  await until(() => claims(url) === before, "the poll to be given up");
}

/* A WebSocket that has said everything it says unasked. */
export async function openSocket(url, name, options = {}) {
  const kind = generations[name], sid = name === "0.9" ? (await kind.open(url)).sid : undefined;
  const raw = await openRaw(url, { path: kind.socket(sid), ...options });
  for (let i = 0; i < kind.quiet; i++)
    await raw.frame();
  for (const word of kind.begins) {
    raw.send(text(word));
    await raw.frame();
  }
  return Object.assign(raw, { sid });
}

/* What comes until its peer has done: words. */
export async function heardToEnd(raw) {
  const heard = [];
  for (let got; !/^close/.test(heard.at(-1)) && (got = await raw.frame()) !== undefined;)
    heard.push(words(got));
  raw.destroy();
  return heard;
}

export async function hears(raw, name, word = fresh("word")) {
  raw.send(text(generations[name].message(word)));
  assert.equal(words(await raw.frame()), `text ${generations[name].message(word)}`);
}
