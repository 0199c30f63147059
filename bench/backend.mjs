/*
 * backend.mjs - what an HTTP backend and the API cost
 *
 *     node bench/backend.mjs --build DIR [--seconds 3] [--clients 50] [--rate 500]
 *
 * One siogate-ws; clients over WebSocket, each of which emits, waits for its ack and
 * emits again: first to the module echo, then to a backend (a node process of its own
 * that answers from memory).  Then events at a fixed rate, in turns with POSTs of the
 * same that go to that process directly: what p99 has more is the gateway's.  Then POSTs: an echo to the module, and an emit of the
 * API to nobody.  CPU is the server's (utime + stime), for one event or request.
 * Needs the package ws (tests/e2e: npm ci).
 *
 * SPDX-License-Identifier: ISC
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const { values: opt } = parseArgs({ options: { build: { type: "string", default: "." }, seconds: { type: "string", default: "3" },
  clients: { type: "string", default: "50" }, rate: { type: "string", default: "500" }, memory: { type: "boolean", default: false } } });
const require = createRequire(new URL("../tests/e2e/package.json", import.meta.url));
const SECONDS = Number(opt.seconds), CLIENTS = Number(opt.clients), RATE = Number(opt.rate), SECRET = "a secret of the bench";

if (opt.memory) {                       /* the backend's process: no signature is looked at, it is not what is measured */
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
      const { events } = JSON.parse(Buffer.concat(chunks));
      const body = JSON.stringify({ siogate: 1, events: events.map(({ n, args }) => ({ n, effects: args ? [{ ack: args }] : [] })) });
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) }).end(body);
    });
  }).listen(0, "127.0.0.1", () => console.log(server.address().port));
} else {
  await main();
}

function cpu(pid) {
  const words = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(words[11]) + Number(words[12])) * 10000;       /* us; a tick is 10 ms */
}

function line(child) {
  return new Promise((done) => { child.stdout.once("data", (data) => done(String(data).trim())); });
}

function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

/* Emits of all clients in a namespace; per second, quantiles in ms, CPU us. */
async function echoes(url, nsp, pid) {
  const WebSocket = require("ws"), prefix = nsp === "/" ? "" : `${nsp},`, times = [];
  let running = false, n = 0;
  const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => new Promise((ready) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
    let began = 0;
    const say = () => {
      began = performance.now();
      socket.send(`42${prefix}1["echo",1]`);
    };
    socket.on("message", (data) => {
      const text = String(data);
      if (text[0] === "0") {
        socket.send(`40${prefix.slice(0, -1)}${prefix && ","}`);
      } else if (text === "2") {
        socket.send("3");
      } else if (text.startsWith("40")) {
        socket.say = say;
        ready(socket);
      } else if (text.startsWith("43")) {
        if (running) {
          times.push(performance.now() - began);
          n++;
        }
        say();
      }
    });
  })));
  sockets.forEach((socket) => socket.say());
  await new Promise((done) => { setTimeout(done, 500); });
  const before = cpu(pid), began = performance.now();
  running = true;
  await new Promise((done) => { setTimeout(done, SECONDS * 1000); });
  running = false;
  const spent = performance.now() - began, used = cpu(pid) - before;
  sockets.forEach((socket) => socket.terminate());
  times.sort((a, b) => a - b);
  return { rate: n / spent * 1000, p50: quantile(times, 0.5), p99: quantile(times, 0.99), us: used / n };
}

/* say() is called RATE times a second, whatever became of those before. */
async function paced(say) {
  const began = performance.now();
  for (let n = 0; n < RATE * SECONDS;) {
    for (const due = (performance.now() - began) * RATE / 1000; n < due; n++)
      say();
    await new Promise((done) => { setTimeout(done, 1); });
  }
  await new Promise((done) => { setTimeout(done, 300); });
}

/* How long each took: of an event until its ack, and of a POST straight to the backend. */
async function waits(url, at) {
  const WebSocket = require("ws"), asked = [], direct = [], agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
  const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => new Promise((ready) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`), began = new Map();
    let id = 0;
    socket.say = () => {
      began.set(++id, performance.now());
      socket.send(`42/backend,${id}["echo",1]`);
    };
    socket.on("message", (data) => {
      const text = String(data);
      if (text[0] === "0")
        socket.send("40/backend,");
      else if (text === "2")
        socket.send("3");
      else if (text.startsWith("40"))
        ready(socket);
      else if (text.startsWith("43"))
        asked.push(performance.now() - began.get(Number(text.slice(11).split("[")[0])));
    });
  })));
  const body = JSON.stringify({ siogate: 1, padding: "x".repeat(700), events: [{ n: 1, args: [1] }] });
  const post = () => {
    const began = performance.now();
    http.request({ agent, port: at, method: "POST", headers: { "Content-Length": body.length } }, (response) => {
      response.resume().on("end", () => direct.push(performance.now() - began));
    }).end(body);
  };
  for (let round = 0, i = 0; round < 3; round++) {
    await paced(post);
    await paced(() => sockets[i++ % CLIENTS].say());
  }
  agent.destroy();
  sockets.forEach((socket) => socket.terminate());
  return [direct, asked].map((times) => times.sort((a, b) => a - b));
}

/* POSTs over 8 kept connections. */
async function posts(url, path, body, headers, pid) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 }), end = performance.now() + SECONDS * 1000;
  const { hostname, port } = new URL(url);
  let n = 0;
  const post = (i, k) => new Promise((done, fail) => {
    const text = body(i, k);
    const request = http.request({ agent, hostname, port, method: "POST", path: path(i, k), headers: { "Content-Length": Buffer.byteLength(text), ...headers } }, (response) => {
      response.resume().on("end", () => response.statusCode === 200 ? done() : fail(new Error(`status ${response.statusCode}`)));
    });
    request.on("error", fail).end(text);
  });
  const before = cpu(pid), began = performance.now();
  await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    for (let k = 0; performance.now() < end; k++, n++)
      await post(i, k);
  }));
  agent.destroy();
  return { rate: n / (performance.now() - began) * 1000, us: (cpu(pid) - before) / n };
}

async function main() {
  const run = mkdtempSync(join(tmpdir(), "sio-bench.")), build = resolve(opt.build);
  const backend = spawn(process.execPath, [new URL(import.meta.url).pathname, "--memory"], { stdio: ["ignore", "pipe", "inherit"] });
  const at = await line(backend), port = 20000 + process.pid % 20000, url = `http://127.0.0.1:${port}`;
  writeFileSync(join(run, "siogate.conf"), `store = ${run}/store\nlog = ${run}/log\nws_listen = 127.0.0.1:${port}\nmodules = echo\n`
    + `module_dir = ${build}/examples/echo/.libs\napi = api\nstore_max_size = 1g\n`
    + `[backend /backend]\nurl = http://127.0.0.1:${at}/\nconcurrency = 32\nsecret = ${SECRET}\n[api bench]\ntoken = ${SECRET}\nrights = emit\n`, { mode: 0o600 });
  const server = spawn(join(build, "ws/siogate-ws"), ["--config", join(run, "siogate.conf")], { stdio: ["ignore", "inherit", "inherit"] });
  try {
    for (let i = 0; i < 50; i++)
      if (await fetch(`${url}/socket.io/`).then(() => true, () => new Promise((done) => { setTimeout(done, 100, false); })))
        break;
    const module = await echoes(url, "/", server.pid), asked = await echoes(url, "/backend", server.pid);
    const show = (what, { rate, p50, p99, us }) => console.log(`${what.padEnd(28)} ${rate.toFixed(0).padStart(7)}/s  ${p50 === undefined ? "" : `p50 ${p50.toFixed(2)} ms  p99 ${p99.toFixed(2)} ms  `}${us.toFixed(0)} us CPU`);
    show(`module echo, ${CLIENTS} clients`, module);
    show(`backend, ${CLIENTS} clients`, asked);
    const [direct, through] = await waits(url, Number(at));
    for (const [what, times] of [["POST straight to the backend", direct], ["event through the gateway", through]])
      console.log(`${what.padEnd(28)} ${RATE}/s  p50 ${quantile(times, 0.5).toFixed(2)} ms  p90 ${quantile(times, 0.9).toFixed(2)} ms  p99 ${quantile(times, 0.99).toFixed(2)} ms`);
    const sids = await Promise.all(Array.from({ length: 8 }, async () => JSON.parse((await (await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).text()).slice(1)).sid));
    const path = (i, k) => `/socket.io/?EIO=4&transport=polling&sid=${sids[i]}&t=${k}`;
    await Promise.all(sids.map((sid, i) => fetch(url + path(i, "c"), { method: "POST", body: "40" })));
    const echo = await posts(url, path, () => '421["echo",1]', {}, server.pid);
    const emit = await posts(url, () => "/api/v1/emit", () => '{"event":"news","args":[1],"to":"room:nobody"}', { Authorization: `Bearer ${SECRET}` }, server.pid);
    show("POST of an echo", echo);
    show("API emit", emit);
    console.log(`API emit / echo POST: ${(emit.us / echo.us).toFixed(2)} in CPU, ${(echo.rate / emit.rate).toFixed(2)} in time`);
  } finally {
    server.kill();
    backend.kill();
    await new Promise((done) => { server.on("exit", done); });
    rmSync(run, { recursive: true, force: true });
  }
}
