/*
 * program.mjs - a server of a test's own: started, awaited, ended
 *
 * Python and PHP programs with siogate-ws in front, as one tries them by hand.
 *
 * SPDX-License-Identifier: ISC
 */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { top } from "./front.mjs";
import { within } from "./wait.mjs";

export const prefix = process.env.SIOGATE_PREFIX || join(top, "build/demo/prefix");
/* Where the scripts of today's client lie. */
export const client = dirname(createRequire(import.meta.url).resolve("socket.io-client/dist/socket.io.js"));

/* Below those that the kernel gives to connections; files that run beside us begin elsewhere. */
let nextPort = 10000 + process.pid * 16 % 9000;

export function freePort() {
  const port = nextPort;
  nextPort = 10000 + (nextPort - 9999) % 9000;
  return new Promise((resolve) => {
    const server = createServer().on("error", () => resolve(freePort())).listen(port, "127.0.0.1",
      () => server.close(() => resolve(port)));
  });
}

/* Where a program finds the package, siogate-ws and the client; its store is in folder. */
export const environment = (folder, more = {}) => ({ ...process.env, PYTHONPATH: join(top, "python"),
  PYTHONDONTWRITEBYTECODE: "1", SIOGATE_WS: join(prefix, "bin/siogate-ws"), SIOGATE_CLIENT_DIR: client,
  SIOGATE_STORE: join(folder, "store"), ...more });

/*
 * A program that says `ready` on standard error: {said(), stop(signal)}.  With
 * options.detached it has a group of its own, which is ended as one, as a terminal
 * ends it.
 */
export async function start(command, args, options, ready) {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], ...options });
  let said = "";
  const gone = new Promise((resolve) => child.on("exit", resolve));
  const end = (signal) => options.detached ? process.kill(-child.pid, signal) : child.kill(signal);
  const stop = async (signal = "SIGTERM") => {
    if (child.exitCode === null && child.signalCode === null)
      end(signal);
    return within(gone, `${command} to stop`);
  };
  const up = new Promise((resolve, reject) => {
    child.stderr.on("data", (bytes) => {
      said += bytes;
      if (ready.test(said))
        resolve();
    });
    gone.then((code) => reject(new Error(`${command} ended with ${code}:\n${said}`)));
  });
  try {
    await within(up, `${command} ${args.join(" ")} to be ready`);
  } catch (error) {
    end("SIGKILL");
    throw error;
  }
  return { pid: child.pid, said: () => said, stop };
}
