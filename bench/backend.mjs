/*
 * backend.mjs - what an HTTP backend and the API cost
 *
 *     node bench/backend.mjs --build DIR [--seconds 3] [--clients 50] [--rate 500]
 *         [--backend memory|django|php]
 *
 * One siogate-ws; clients over WebSocket, each of which emits, waits for its ack and
 * emits again: first to the module echo, then to a backend: a node process of its own
 * that answers from memory, Django under Apache's mod_wsgi (echo_django.py), or php-cgi
 * under lighttpd (echo.php).  Then events at a fixed rate, in turns with signed POSTs of the
 * same that go to the backend directly: what p99 has more is the gateway's.  Then POSTs: an echo to the module, and an emit of the
 * API to nobody.  CPU is the server's (utime + stime), for one event or request.
 * Needs the package ws (tests/e2e: npm ci), and for the other backends Debian's packages
 * of them (script/packages).
 *
 * SPDX-License-Identifier: ISC
 */
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const { values: opt } = parseArgs({ options: { build: { type: "string", default: "." }, seconds: { type: "string", default: "3" },
  clients: { type: "string", default: "50" }, rate: { type: "string", default: "500" }, backend: { type: "string", default: "memory" }, memory: { type: "boolean", default: false } } });
const require = createRequire(new URL("../tests/e2e/package.json", import.meta.url));
const SECONDS = Number(opt.seconds), CLIENTS = Number(opt.clients), RATE = Number(opt.rate), SECRET = "a secret of the bench";

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

/* ---- backends: each is started in a folder that the accounts of web servers can read ------- */

const here = (name) => new URL(name, import.meta.url).pathname;
/* Who starts Apache as root gives it another account; others need not name one. */
const account = process.getuid() === 0 ? "User www-data\nGroup www-data\n" : "";

const apache = (folder, port) => `ServerRoot /usr/lib/apache2
ServerName bench.example
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
ErrorLog ${folder}/log
LogLevel error
${["mpm_event", "authz_core", "wsgi"].map((name) => `LoadModule ${name}_module modules/mod_${name}.so`).join("\n")}
${account}KeepAliveTimeout 30
MaxKeepAliveRequests 0
WSGISocketPrefix ${folder}/wsgi
WSGIDaemonProcess bench processes=2 threads=4 python-path=${folder}
WSGIScriptAlias / ${folder}/django.wsgi process-group=bench application-group=%{GLOBAL}
<Directory ${folder}>
  Require all granted
</Directory>
`;

const lighttpd = (folder, port) => `server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${folder}"
server.errorlog = "${folder}/log"
server.max-keep-alive-requests = 1000000
server.max-keep-alive-idle = 30
server.modules = ( "mod_fastcgi" )
fastcgi.server = ( ".php" => (( "bin-path" => "/usr/bin/php-cgi", "socket" => "${folder}/php", "max-procs" => 1,
  "bin-environment" => ( "PHP_FCGI_CHILDREN" => "4", "PHP_FCGI_MAX_REQUESTS" => "1000000",
    "SIOGATE_SECRET" => "${SECRET}", "SIOGATE_PHP" => "${folder}/siogate.php" ) )) )
`;

const BACKENDS = {
  memory: {
    program: () => [process.execPath, here("backend.mjs"), "--memory"],
    path: "/",
  },
  django: {
    program: (folder, port) => {
      cpSync(here("../python/siogate"), join(folder, "siogate"), { recursive: true });
      copyFileSync(here("echo_django.py"), join(folder, "echo_django.py"));
      writeFileSync(join(folder, "django.wsgi"), `import os, sys\nsys.dont_write_bytecode = True\nos.environ["SIOGATE_SECRET"] = "${SECRET}"\nfrom echo_django import application\n`);
      writeFileSync(join(folder, "conf"), apache(folder, port));
      return ["/usr/sbin/apache2", "-f", join(folder, "conf"), "-DFOREGROUND"];
    },
    path: "/",
  },
  php: {
    program: (folder, port) => {
      copyFileSync(here("../php/siogate.php"), join(folder, "siogate.php"));
      copyFileSync(here("echo.php"), join(folder, "echo.php"));
      writeFileSync(join(folder, "conf"), lighttpd(folder, port));
      return ["/usr/sbin/lighttpd", "-D", "-f", join(folder, "conf")];
    },
    path: "/echo.php",
  },
};

/* Tries until something listens there. */
async function answers(url) {
  for (let i = 0; i < 100; i++)
    if (await fetch(url).then(() => true, () => new Promise((done) => { setTimeout(done, 100, false); })))
      return;
  throw new Error(`nobody answers at ${url}`);
}

async function startBackend(folder) {
  const { program, path } = BACKENDS[opt.backend];
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  const wanted = 41000 + process.pid % 20000, [name, ...args] = program(folder, wanted);
  const child = spawn(name, args, { stdio: ["ignore", "pipe", "inherit"] });
  const stop = () => new Promise((done) => {
    child.on("exit", done);
    child.kill();
  });
  if (opt.backend === "memory")
    return { url: `http://127.0.0.1:${await line(child)}${path}`, stop };
  const url = `http://127.0.0.1:${wanted}${path}`;
  await answers(url).catch(async (error) => {
    await stop();
    throw error;
  });
  return { url, stop };
}

/* What the gateway's call of one event looks like, and its head. */
let calls = 0;
function call() {
  const key = `bench-${process.pid}-${++calls}`, now = Date.now(), time = Math.floor(now / 1000);
  const body = JSON.stringify({ siogate: 1, store: "bench", key, sent: now, nsp: "/backend", speaker: "anonymous",
    socket: { id: "0123456789abcdefghij", user: null, data: null, rooms: [], generation: "eio4", transport: "websocket", connected: now,
      handshake: { headers: { host: "127.0.0.1", "user-agent": "x".repeat(200) }, address: "127.0.0.1", query: "EIO=4&transport=websocket" } },
    session: { id: "0123456789abcdef", data: null }, values: {},
    events: [{ n: 1, type: "event", at: now, attempt: 1, name: "echo", args: [1], ack: true }] });
  const signature = createHmac("sha256", SECRET).update(`v1.${key}.${time}.anonymous.`).update(body).digest("hex");
  return { body, headers: { "Content-Type": "application/json", "Content-Length": body.length, "Siogate-Protocol": "1", "Siogate-Key": key,
    "Siogate-Timestamp": String(time), "Siogate-Speaker": "anonymous", "Siogate-Signature": `v1=${signature}` } };
}

/* ---- what is measured ------------------------------------------------------------------ */

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
async function waits(url, backend) {
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
  const post = () => {
    const { body, headers } = call(), began = performance.now();
    http.request(backend, { agent, method: "POST", headers }, (response) => {
      if (response.statusCode !== 200)
        throw new Error(`the backend answers ${response.statusCode}`);
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
  chmodSync(run, 0o755);
  const backend = await startBackend(join(run, "backend")), port = 20000 + process.pid % 20000, url = `http://127.0.0.1:${port}`;
  writeFileSync(join(run, "siogate.conf"), `store = ${run}/store\nlog = ${run}/log\nws_listen = 127.0.0.1:${port}\nmodules = echo\n`
    + `module_dir = ${build}/examples/echo/.libs\napi = api\nstore_max_size = 1g\n`
    + `[backend /backend]\nurl = ${backend.url}\nconcurrency = 32\nsecret = ${SECRET}\n[api bench]\ntoken = ${SECRET}\nrights = emit\n`, { mode: 0o600 });
  const server = spawn(join(build, "ws/siogate-ws"), ["--config", join(run, "siogate.conf")], { stdio: ["ignore", "inherit", "inherit"] });
  try {
    await answers(`${url}/socket.io/`);
    const module = await echoes(url, "/", server.pid), asked = await echoes(url, "/backend", server.pid);
    const show = (what, { rate, p50, p99, us }) => console.log(`${what.padEnd(28)} ${rate.toFixed(0).padStart(7)}/s  ${p50 === undefined ? "" : `p50 ${p50.toFixed(2)} ms  p99 ${p99.toFixed(2)} ms  `}${us.toFixed(0)} us CPU`);
    show(`module echo, ${CLIENTS} clients`, module);
    show(`backend, ${CLIENTS} clients`, asked);
    const [direct, through] = await waits(url, backend.url);
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
    await new Promise((done) => {
      server.on("exit", done);
      server.kill();
    });
    await backend.stop();
    rmSync(run, { recursive: true, force: true });
  }
}

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
