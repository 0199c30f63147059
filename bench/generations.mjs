/*
 * generations.mjs - what a message costs in each client generation, all in all
 *
 *     node bench/generations.mjs --build DIR [--messages 60] [--clients 10]
 *         [--only polling|websocket] [--profile FOLDER] [--cpu ROUNDS]
 *
 * siogate-ws runs under callgrind, and each generation does the same over the same
 * transport: a client emits and is answered, one message after the other; then one
 * broadcasts to all of its generation.  What is counted are the server's
 * instructions from the request to the last byte of the answer, the kernel's not
 * included, for one acknowledgement or delivery; so other load does not show.  In
 * the end clients of all generations sit in one room, and the server's own counter
 * says how often it has encoded what was said there.  Needs valgrind and the package
 * ws (tests/e2e: npm ci).
 *
 * With --cpu it is the processor's time, the kernel's included: a server for each
 * generation, all without valgrind, which do the same in turns, so many rounds.  What
 * is compared is what was measured within one round; printed are the medians, and
 * between which bounds the middle half of the ratios lies.
 *
 * SPDX-License-Identifier: ISC
 */
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const { values: opt } = parseArgs({ options: { build: { type: "string", default: "." }, messages: { type: "string", default: "60" },
  clients: { type: "string", default: "10" }, only: { type: "string", default: "" }, profile: { type: "string" }, cpu: { type: "string" } } });
const WebSocket = createRequire(new URL("../tests/e2e/package.json", import.meta.url))("ws");
const MESSAGES = Number(opt.messages), CLIENTS = Number(opt.clients), KEY = "bench";
const TEXTS = { short: "hi", words: "Grüße, 日本 🎉 ".repeat(10), long: "the quick brown fox jumps over the lazy dog and on ".repeat(20) };

/* How a generation says what it says. */
const sioEvent = (name, args, id = "") => `42${id}${JSON.stringify([name, ...args])}`;
const v0Frame = (text) => `~m~${text.length}~m~${text}`;
const lengthed = (packet) => `${packet.length}:${packet}`;
const posted = (path) => ({ get: () => `${path}${path.includes("?") ? "&" : "?"}t=${stamp()}`, post: () => `${path}${path.includes("?") ? "&" : "?"}t=${stamp()}` });
let count = 0;
const stamp = () => (++count).toString(36);

const generations = {
  eio4: {
    event: sioEvent, body: (packet) => packet, socket: () => "/socket.io/?EIO=4&transport=websocket", joins: "40",
    async open(client) {
      const sid = /"sid":"([^"]+)"/.exec(await client.request("GET", `/socket.io/?EIO=4&transport=polling&t=${stamp()}`))[1];
      Object.assign(client, posted(`/socket.io/?EIO=4&transport=polling&sid=${sid}`));
      await client.post_("40");
      await client.get_();
    },
  },
  eio3: {
    event: sioEvent, body: lengthed, socket: () => "/socket.io/?EIO=3&transport=websocket",
    async open(client) {
      const sid = /"sid":"([^"]+)"/.exec(await client.request("GET", `/socket.io/?EIO=3&transport=polling&b64=1&t=${stamp()}`))[1];
      Object.assign(client, posted(`/socket.io/?EIO=3&transport=polling&b64=1&sid=${sid}`));
    },
  },
  v1: {
    event: (name, args, id) => `5:${id ? `${id}+` : ""}::${JSON.stringify({ name, args })}`, body: (packet) => packet,
    socket: async (client) => `/socket.io/1/websocket/${(await client.request("GET", "/socket.io/1/?t=1")).split(":")[0]}`,
    async open(client) {
      const [sid] = (await client.request("GET", `/socket.io/1/?t=${stamp()}`)).split(":");
      Object.assign(client, posted(`/socket.io/1/xhr-polling/${sid}`));
      await client.get_();
    },
  },
  v0: {
    event: (name, args, id) => v0Frame(`~j~${JSON.stringify(id ? { name, args, id } : { name, args })}`),
    body: (packet) => `data=${encodeURIComponent(packet)}`, socket: () => "/socket.io/websocket",
    async open(client) {
      const sid = /^~m~\d+~m~(.*)$/.exec(await client.request("GET", `/socket.io/xhr-polling//${stamp()}`))[1];
      client.get = () => `/socket.io/xhr-polling/${sid}/${stamp()}`;
      client.post = () => `/socket.io/xhr-polling/${sid}/send`;
    },
  },
};

/* Polls over one kept connection and says what it has to say over another. */
class Polling {
  constructor(port, generation) {
    Object.assign(this, { port, generation, agents: { GET: new http.Agent({ keepAlive: true, maxSockets: 1 }), POST: new http.Agent({ keepAlive: true, maxSockets: 1 }) } });
  }
  request(method, path, body, onsent) {
    return new Promise((done, fail) => {
      const headers = body === undefined ? {} : { "Content-Type": "text/plain;charset=UTF-8", "Content-Length": Buffer.byteLength(body) };
      const request = http.request({ agent: this.agents[method], host: "127.0.0.1", port: this.port, method, path, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece) => { text += piece; }).on("end", () =>
          response.statusCode === 200 ? done(text) : fail(new Error(`${method} ${path}: ${response.statusCode} ${text}`)));
      });
      request.on("error", fail).on("finish", () => onsent?.()).end(body);
    });
  }
  get_(onsent) {
    return this.request("GET", this.get(), undefined, onsent);
  }
  post_(packet) {
    return this.request("POST", this.post(), this.generation.body(packet));
  }
  async open() {
    await this.generation.open(this);
    return this;
  }
  async echo(packet) {
    await this.post_(packet);
    return this.get_();
  }
  /* {heard}: comes with the next answer. */
  async listen() {
    let heard;
    await new Promise((sent) => { heard = this.get_(sent); });
    return { heard };
  }
  say(packet) {
    return this.post_(packet);
  }
  close() {
    Object.values(this.agents).forEach((agent) => agent.destroy());
  }
}

class Socket {
  constructor(port, generation) {
    Object.assign(this, { port, generation, queue: [], waiting: [] });
  }
  async open() {
    const path = await this.generation.socket(new Polling(this.port, this.generation));
    this.ws = new WebSocket(`ws://127.0.0.1:${this.port}${path}`, { perMessageDeflate: false });
    this.ws.on("message", (data) => {
      const text = data.toString("utf8");
      if (/^(2|2::|~m~\d+~m~~h~.*)$/s.test(text))
        this.ws.send(text === "2" ? "3" : text);
      else if (this.waiting.length > 0)
        this.waiting.shift()(text);
      else
        this.queue.push(text);
    });
    await this.next();
    if (this.generation.joins)
      this.ws.send(this.generation.joins);
    if (this.generation.event === sioEvent)
      await this.next();
    return this;
  }
  next() {
    return this.queue.length > 0 ? Promise.resolve(this.queue.shift()) : new Promise((done) => { this.waiting.push(done); });
  }
  echo(packet) {
    this.ws.send(packet);
    return this.next();
  }
  async listen() {
    return { heard: this.next() };
  }
  async say(packet) {
    this.ws.send(packet);
  }
  close() {
    this.ws.terminate();
  }
}
const transports = { polling: Polling, websocket: Socket };

/* siogate-ws on a store of its own, under callgrind if it is to be counted. */
class Server {
  constructor(port) {
    this.port = port;
    this.run = mkdtempSync(join(tmpdir(), "sio-bench."));
  }
  async start(isCounted) {
    const { run, port } = this, build = resolve(opt.build), program = join(build, "ws/siogate-ws");
    writeFileSync(join(run, "siogate.conf"), `store = ${run}/store\nlog = ${run}/log\nws_listen = 127.0.0.1:${port}\nmodules = echo\n`
      + `module_dir = ${build}/examples/echo/.libs\nstatus_key = ${KEY}\nping_interval = 2m\n`, { mode: 0o600 });
    const tool = ["--tool=callgrind", "-q", `--callgrind-out-file=${run}/out`, program];
    this.child = isCounted ? spawn("valgrind", [...tool, "--config", join(run, "siogate.conf")], { stdio: ["ignore", "ignore", "inherit"] })
      : spawn(program, ["--config", join(run, "siogate.conf")], { stdio: "inherit" });
    for (let i = 0; i < 600; i++)
      if (await fetch(this.url("/healthz")).then((answer) => answer.ok, () => new Promise((done) => { setTimeout(done, 100, false); })))
        return this;
    throw new Error("siogate-ws does not answer");
  }
  url(path) {
    return `http://127.0.0.1:${this.port}${path}`;
  }
  /* The server has taken all that was sent before. */
  async settle() {
    await (await fetch(this.url("/healthz"))).text();
  }
  /* Instructions since the last call; with --profile its profile is kept. */
  instructions(name) {
    execFileSync("callgrind_control", ["-d", String(this.child.pid)], { stdio: "ignore" });
    const files = readdirSync(this.run).filter((name) => /^out\.\d+$/.test(name)).sort((a, b) => a.slice(4) - b.slice(4));
    const dump = join(this.run, files.at(-1));
    if (name && opt.profile)
      copyFileSync(dump, join(opt.profile, `${name.replaceAll(" ", "-")}.out`));
    return Number(/^(?:summary|totals): (\d+)/m.exec(readFileSync(dump, "utf8"))[1]);
  }
  /* Nanoseconds on a processor so far, of all its threads, in the kernel, too. */
  cpu() {
    const tasks = `/proc/${this.child.pid}/task`;
    return readdirSync(tasks).reduce((sum, task) => sum + Number(readFileSync(join(tasks, task, "schedstat"), "utf8").split(" ")[0]), 0);
  }
  async encoded() {
    const page = await (await fetch(this.url(`/socket.io/?key=${KEY}`), { headers: { Accept: "text/html" } })).text();
    return Number(/records it has encoded<\/th><td>(\d+)/.exec(page)[1]);
  }
  async stop() {
    const gone = new Promise((done) => { this.child.on("exit", done); });
    this.child.kill();
    await gone;
    rmSync(this.run, { recursive: true, force: true });
  }
}

const check = (heard, text) => {
  const plain = heard.replace(/\\u([0-9a-f]{4})/gi, (_, code) => String.fromCharCode(parseInt(code, 16)));
  if (!plain.includes(text))
    throw new Error(`heard ${JSON.stringify(heard)} instead of ${JSON.stringify(text)}`);
};

async function echoes(client, generation, text) {
  for (let i = 0; i < MESSAGES; i++)
    check(await client.echo(generation.event("echo", [text], i + 1)), text);
}

/* One says, all hear; the next when all listen again. */
async function broadcasts(server, clients, generation, text, times = MESSAGES) {
  for (let i = 0; i < times; i++) {
    const parked = await Promise.all(clients.map((client) => client.listen()));
    await server.settle();
    await clients[0].say((clients[0].generation ?? generation).event("broadcast", [text]));
    for (const { heard } of parked)
      check(await heard, text);
  }
}

/* Instructions of an acknowledgement and of a delivery, by text. */
async function measure(name, transport, port) {
  const server = await new Server(port).start(true), clients = [], figures = {}, generation = generations[name];
  try {
    for (let i = 0; i < CLIENTS; i++)
      clients.push(await new transports[transport](port, generation).open());
    for (const [word, text] of Object.entries(TEXTS)) {
      await echoes(clients[0], generation, text);               /* what is done once is done */
      server.instructions();
      await echoes(clients[0], generation, text);
      figures[`echo ${word}`] = server.instructions(`${transport} ${name} echo ${word}`) / MESSAGES;
      await broadcasts(server, clients, generation, text, 2);
      server.instructions();
      await broadcasts(server, clients, generation, text);
      figures[`broadcast ${word}`] = server.instructions(`${transport} ${name} broadcast ${word}`) / MESSAGES / CLIENTS;
    }
  } finally {
    clients.forEach((client) => client.close());
    await server.stop();
  }
  return figures;
}

/* How often a message to a room of all generations is encoded. */
async function mixed(transport, port) {
  const server = await new Server(port).start(false), clients = [];
  try {
    for (const generation of Object.values(generations))
      for (let i = 0; i < CLIENTS; i++)
        clients.push(await new transports[transport](port, generation).open());
    await broadcasts(server, clients, undefined, "warm", 2);
    const before = await server.encoded();
    await broadcasts(server, clients, undefined, "hi");
    return (await server.encoded() - before) / MESSAGES;
  } finally {
    clients.forEach((client) => client.close());
    await server.stop();
  }
}

const quantile = (list, q) => list.toSorted((a, b) => a - b)[Math.round((list.length - 1) * q)];

/* Each in its turn, the first of a round another one each time. */
async function rounds(runs, script, text, share) {
  const times = runs.map(() => []);
  for (let round = 0; round < Number(opt.cpu) + 1; round++)
    for (let i = 0; i < runs.length; i++) {
      const at = (round + i) % runs.length, { server, clients, generation } = runs[at], before = server.cpu();
      await script(server, clients, generation, text);
      times[at].push((server.cpu() - before) / MESSAGES / share / 1000);
    }
  return times.map((list) => list.slice(1));                    /* what is done once is done */
}

async function compare(transport, port) {
  const runs = [];
  try {
    for (const [i, generation] of Object.values(generations).entries()) {
      const run = { generation, server: await new Server(port + i).start(false), clients: [] };
      runs.push(run);
      for (let n = 0; n < CLIENTS; n++)
        run.clients.push(await new transports[transport](port + i, generation).open());
    }
    for (const [word, text] of Object.entries(TEXTS))
      for (const [what, script, share] of [["echo", (server, clients, generation) => echoes(clients[0], generation, text), 1], ["broadcast", broadcasts, CLIENTS]]) {
        const [first, ...others] = await rounds(runs, script, text, share);
        const ratios = others.map((list) => list.map((time, i) => time / first[i]));
        console.log(`  ${`${what} ${word}`.padEnd(16)}${quantile(first, 0.5).toFixed(1).padStart(10)}${ratios.map((list) =>
          `${quantile(list, 0.5).toFixed(2)} (${quantile(list, 0.25).toFixed(2)} to ${quantile(list, 0.75).toFixed(2)})`.padStart(22)).join("")}`);
      }
  } finally {
    for (const { server, clients } of runs) {
      clients.forEach((client) => client.close());
      await server.stop();
    }
  }
}

const names = Object.keys(generations), port = 20000 + process.pid % 20000;
for (const transport of Object.keys(transports)) {
  if (!transport.includes(opt.only))
    continue;
  if (opt.cpu) {
    console.log(`${transport.padEnd(18)}${"eio4, us".padStart(10)}${names.slice(1).map((name) => `${name}, ratio`.padStart(22)).join("")}`);
    await compare(transport, port);
    continue;
  }
  const figures = {};
  for (const name of names)
    figures[name] = await measure(name, transport, port);
  console.log(`${transport.padEnd(18)}${names.map((name) => name.padStart(10)).join("")}   ratios`);
  for (const what of Object.keys(figures.eio4)) {
    const list = names.map((name) => figures[name][what]);
    console.log(`  ${what.padEnd(16)}${list.map((n) => n.toFixed(0).padStart(10)).join("")}   ${list.map((n) => (n / list[0]).toFixed(2)).join(" ")}`);
  }
  console.log(`  ${names.length * CLIENTS} clients of ${names.length} generations: a message is encoded ${(await mixed(transport, port)).toFixed(2)} times`);
}
