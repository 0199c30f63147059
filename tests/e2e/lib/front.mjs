/*
 * front.mjs - script/demo, started and stopped by a test
 *
 * The real web server with the shipped snippets, on a free port, in a run folder
 * of its own.  With SIOGATE_TEST_URL set nothing is started and all tests speak
 * to what answers there, under the name "given": that is how the tests were
 * tried against another Socket.IO server, so that it is the gateway they accuse.
 * A front with options of its own is looked for in SIOGATE_TEST_URL_NAME then.
 *
 * SPDX-License-Identifier: ISC
 */
import { execFile, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { until, within } from "./wait.mjs";

export const top = process.env.SIOGATE_TOP || fileURLToPath(new URL("../../..", import.meta.url));
export const all = Boolean(process.env.SIOGATE_TEST_ALL);
const given = process.env.SIOGATE_TEST_URL;
const chosen = (process.env.SIOGATE_TEST_FRONTS || "").split(/[ ,]+/).filter(Boolean);
const START_MS = 240000;                /* the first start may build, and an end has several waits in it */

/* A clean environment, in which a sanitizer still finds its options. */
const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(PATH|\w+SAN_OPTIONS)$/.test(name)));

const runs = new Map();                 /* the run folders of what was started, by url */

/* The siogate command on the store of a run folder: how it is started. */
function onStore(run, args) {
  const prefix = process.env.SIOGATE_PREFIX || join(top, "build/demo/prefix");
  return [join(prefix, "bin/siogate"), ["--config", join(run, ".siogate/siogate.conf"), ...args],
    { env: clean, encoding: "utf8" }];
}

/* What the command prints on the store behind a front. */
export async function command(front, ...args) {
  return (await promisify(execFile)(...onStore(front.run, args))).stdout;
}

/* What `siogate check` says about the address of a front: {step, ok, status} each. */
export async function checkUrl(front) {
  const [file, words, options] = onStore(front.run, ["--json", "--url", `${front.url}/socket.io/`, "check"]);
  return new Promise((resolve) => execFile(file, words, options, (error, stdout) => resolve(JSON.parse(stdout.trim().split("\n")[1]))));
}

/* How many polls the store behind url holds; undefined: it is not ours to ask. */
export function claims(url) {
  const run = runs.get(url);
  return run && JSON.parse(execFileSync(...onStore(run, ["--json", "stats"]))).claims;
}

/* Those of the named fronts that this run is about. */
export function fronts(...names) {
  if (given)
    return ["given"];
  return chosen.length > 0 ? names.filter((name) => chosen.includes(name)) : names;
}

/*
 * Starts a front; `conf` is a text behind its siogate.conf, `ws` whether siogate-ws
 * runs beside it.  It gives
 *   url           http://127.0.0.1:PORT
 *   run           its run folder, as script/demo lays it out
 *   responders()  process ids of siogate.fcgi and siogate-send.fcgi
 *   sidecars()    of siogate-ws: {pid, port}
 *   logs()        what its logs say, for a failure's message
 *   stop()
 */
export async function startFront(front, { conf = "", env = {}, name = "", ws = false } = {}) {
  if (given) {
    const url = name ? process.env[`SIOGATE_TEST_URL_${name}`] : given;
    return { url: url?.replace(/\/$/, ""), responders: () => [], sidecars: () => [], logs: () => "", stop: async () => {} };
  }

  const folder = mkdtempSync(join(tmpdir(), "sio-e2e."));
  const run = join(folder, "run"), more = join(folder, "more.conf");
  writeFileSync(more, conf.endsWith("\n") ? conf : `${conf}\n`);
  const demo = spawn(join(top, "script/demo"), ["--front", front, "--port", "0", ...(ws ? [] : ["--no-ws"])], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, SIOGATE_DEMO_RUN: run, SIOGATE_DEMO_CONF: more, ...env },
  });
  let said = "";
  demo.stderr.on("data", (bytes) => { said += bytes; });
  const gone = new Promise((resolve) => demo.on("exit", resolve));
  const stop = async () => {
    demo.kill("SIGTERM");
    await within(gone, `${front} to stop`, START_MS).catch((error) => {
      demo.kill("SIGKILL");
      throw error;
    });
    await until(() => named(run).length === 0, "").catch(() => {
      throw new Error(`${front} leaves running:\n${named(run).join("\n")}`);
    });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    chmodSync(folder, 0o711);           /* the serving account passes through */
    const url = await within(new Promise((resolve, reject) => {
      let text = "";
      demo.stdout.on("data", (bytes) => {
        text += bytes;
        const ready = /^ready (\S+?)\/?$/m.exec(text);
        if (ready)
          resolve(ready[1]);
      });
      gone.then((code) => reject(new Error(`script/demo --front ${front} ended with ${code}:\n${said}`)));
    }), `${front} to be ready`, START_MS);
    runs.set(url, run);
    return { front, url, run, stop, demo, responders: () => programs(run), sidecars: () => sidecars(run), logs: () => logs(run) + said };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

/* Who runs a program that lies in the run folder. */
function programs(run) {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/exe`).startsWith(`${run}/`) && !isZombie(pid);
    } catch {
      return false;                     /* ended meanwhile, or a thread of the kernel */
    }
  });
}

/* The command lines of whoever was started with a file of the run folder, or runs one. */
function named(run) {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return words.some((word) => word.includes(`${run}/`)) ? [`${pid} ${words.join(" ")}`] : [];
    } catch {
      return [];                        /* ended meanwhile */
    }
  });
}

function sidecars(run) {
  return programs(run).flatMap((pid) => {
    try {
      if (!readlinkSync(`/proc/${pid}/exe`).endsWith("/siogate-ws"))
        return [];
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return [{ pid, port: Number(words[words.indexOf("--listen") + 1].split(":").at(-1)) }];
    } catch {
      return [];                        /* ended meanwhile */
    }
  });
}

/*
 * One more siogate-ws of that run, as the account that the front's own one runs as;
 * its siogate.conf must say log_level = info.  Port 0: any, told as program.port.
 */
export async function startSidecar({ run }, port, { more = [], env = {}, scheme = "" } = {}) {
  const { uid, gid } = statSync(join(run, "store"));
  const program = spawn(join(run, "libexec/siogate-ws"), ["--listen", `${scheme}127.0.0.1:${port}`,
    "--config", join(run, ".siogate/siogate.conf"), ...more], { uid, gid, env: { ...clean, ...env }, stdio: ["ignore", "ignore", "inherit"] });
  const line = new RegExp(`pid=${program.pid} listening.* port=(\\d+)`);
  const listens = () => line.exec(readFileSync(join(run, "log/siogate.log"), "utf8"));
  const found = await until(() => listens() || program.exitCode !== null, "siogate-ws to listen");
  if (program.exitCode !== null)
    throw new Error(`siogate-ws ended with ${program.exitCode}`);
  program.port = Number(found[1]);
  return program;
}

/* How many connections of a port a process holds. */
export function connections(pid, port) {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const there = new Set(readFileSync("/proc/net/tcp", "utf8").split("\n").map((line) => line.trim().split(/\s+/))
    .filter((words) => words[1]?.endsWith(hex) && words[3] === "01").map((words) => `socket:[${words[9]}]`));
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return there.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;
}

/* Whether a process was built with AddressSanitizer, whose memory is no measure: it maps terabytes. */
export function isSanitized(pid) {
  return Number(/^VmSize:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) > 1e9;
}

function isZombie(pid) {
  return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

function logs(run) {
  const tail = (file) => readFileSync(file, "utf8").split("\n").slice(-40).join("\n");
  return readdirSync(join(run, "log")).map((name) => join(run, "log", name))
    .filter((file) => statSync(file).size > 0)
    .map((file) => `--- ${file}\n${tail(file)}\n`).join("");
}

/* Ends processes without a word and waits until the kernel has let them go. */
export async function killAll(pids) {
  for (const pid of pids)
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      /* was quicker */
    }
  await until(() => pids.every((pid) => !isAlive(pid)), `${pids.length} processes to be gone`);
}

function isAlive(pid) {
  try {
    return !isZombie(pid);
  } catch {
    return false;
  }
}
