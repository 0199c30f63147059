/*
 * handover.test.mjs - SIGUSR2: a newer siogate-ws takes over where an old one listens
 *
 * While one after the other is replaced clients come without pause: none of them is
 * refused or reset.  Who was here stays with the old process, who comes is with the
 * new one, and when that cannot start nothing has happened.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, readdirSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ask, closing, connect } from "./lib/client.mjs";
import { RawSocket } from "./lib/frames.mjs";
import { connections, fronts, startFront, startSidecar } from "./lib/front.mjs";
import { Session, request } from "./lib/http.mjs";
import { DEADLINE, collect, next, until } from "./lib/wait.mjs";

const websocket = { transports: ["websocket"], reconnectionDelay: 20, reconnectionDelayMax: 200 };

for (const name of fronts("none"))
  describe(`siogate-ws that is replaced, beside ${name}`, { skip: name === "given" }, () => {
    let front, file, text;
    const log = () => readFileSync(join(front.run, "log/siogate.log"), "utf8");
    const alive = () => front.sidecars().map(({ pid }) => pid);
    const configure = (more = "") => writeFileSync(file, more + text);
    const ended = new Map();

    /* One more, which may be told to go, or to make room. */
    const start = async (t, port = 0, options = {}) => {
      const program = await startSidecar(front, port, options);
      const own = { pid: program.pid, port: program.port, url: `http://127.0.0.1:${program.port}`, exit: next(program, "exit", () => true, 10 * DEADLINE) };
      own.exit.then(() => ended.set(own.pid, true));
      t.after(async () => {
        for (const pid of alive().filter((each) => each !== front.demo.pid && !mine.has(each)))
          process.kill(pid, "SIGTERM");
        await own.exit;
        await until(() => alive().every((pid) => mine.has(pid)), "all others to be gone");
      });
      return own;
    };
    let mine;                           /* the front's own */

    /* All that it has open, but standard ones. */
    const sockets = (pid) => readdirSync(`/proc/${pid}/fd`).filter((fd) => fd > 2).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)].filter((to) => to.startsWith("socket:"));
      } catch {
        return [];                      /* closed meanwhile */
      }
    });

    /* Tells a process to make room; who serves then. */
    const replace = async (pid) => {
      process.kill(pid, "SIGUSR2");
      const done = await until(() => new RegExp(`pid=${pid} handover: pid=(\\d+) serves`).exec(log()), "the newer one to serve");
      await until(() => log().includes(`pid=${pid} handover: serving on`) || ended.has(pid), "the older one to listen no more");
      return Number(done[1]);
    };

    /* Clients who come, ask and go without pause. */
    const visit = (url, options = {}) => {
      let over = false, n = 0;
      const visitors = Array.from({ length: 4 }, async () => {
        for (; !over; n++)
          assert.equal((await request(url, "/healthz", options)).status, 200);
      });
      return { count: () => n, async end() {
        over = true;
        await Promise.all(visitors);
        return n;
      } };
    };

    before(async () => {
      front = await startFront(name, { conf: "log_level = info\nslots = 0\n" });
      file = join(front.run, ".siogate/siogate.conf");
      text = readFileSync(file, "utf8");
      mine = new Set(alive());
    });
    after(() => front?.stop());

    it("refuses nobody meanwhile; who is here stays, who comes is with the newer one", async (t) => {
      const { pid, port, url, exit } = await start(t);
      const stays = await Promise.all(Array.from({ length: 20 }, async () => closing(t, await connect("4.8.4", url, websocket))));
      const heard = stays.map((socket) => collect(socket, "broadcast")), lost = [];
      stays.forEach((socket) => socket.on("disconnect", (reason) => lost.push(reason)));
      const visitors = visit(url), polls = await new Session(url).join();

      const before = sockets(pid), newer = await replace(pid), was = visitors.count();
      assert.equal(sockets(newer).filter((each) => before.includes(each)).length, 1, "what they share is where they listen");
      await until(() => visitors.count() > was + 50, "more visitors", 4 * DEADLINE);
      const fresh = await Promise.all(Array.from({ length: 5 }, async () => closing(t, await connect("4.8.4", url, websocket))));
      await until(() => connections(pid, port) === stays.length, "nobody else to be with the older one");
      assert.ok(connections(newer, port) >= fresh.length);
      assert.deepEqual(await Promise.all(stays.map((socket, i) => ask(socket, "echo", i))), stays.map((_, i) => [i]));
      await ask(fresh[0], "broadcast", 1);
      await ask(stays[0], "broadcast", 2);
      for (const list of heard)
        assert.deepEqual([...await list.reach(2)], [1, 2]);
      /* A polling session belongs to no process. */
      assert.equal((await polls.post('421["echo","here"]')).body, "ok");
      assert.match((await polls.get()).body, /431\["here"\]/);
      await visitors.end();

      assert.deepEqual(lost, []);
      stays.forEach((socket) => socket.disconnect());
      assert.deepEqual(await exit, [0, null]);
      assert.deepEqual(await ask(fresh[1], "echo", "on"), ["on"]);
    });

    it("is replaced again and again, each of two on one port", async (t) => {
      const one = await start(t), { port, url } = one, other = await start(t, port);
      const visitors = visit(url);
      let pids = [one.pid, other.pid];
      for (let i = 0; i < 3; i++)
        for (const pid of pids.splice(0))
          pids.push(await replace(pid));
      await visitors.end();
      assert.deepEqual([await one.exit, await other.exit], [[0, null], [0, null]]);
      await until(() => alive().filter((pid) => !mine.has(pid)).length === 2, "two to be left");
      assert.deepEqual(new Set(alive().filter((pid) => !mine.has(pid))), new Set(pids));
    });

    it("closes who is still here when the time is over, and they recover", async (t) => {
      const { pid, url, exit } = await start(t, 0, { env: { SIOGATE_WS_HANDOVER_TIME: "300ms" } });
      const socket = closing(t, await connect("4.8.4", url, websocket)), { id } = socket;
      const gone = next(socket, "disconnect"), back = gone.then(() => next(socket, "connect"));
      await replace(pid);
      assert.equal((await gone)[0], "transport close");
      assert.deepEqual(await exit, [0, null]);
      await back;
      assert.deepEqual([socket.id, socket.recovered], [id, true]);
    });

    it("hands over TLS and plain addresses, one of which the newer one no longer wants", async (t) => {
      const key = join(front.run, "run/key.pem"), cert = join(front.run, "run/cert.pem");
      execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], { stdio: "ignore" });
      execFileSync("chmod", ["644", key]);
      configure("flash_policy = *:*\nflash_listen = 127.0.0.2:0\n");
      t.after(() => configure());
      const { pid, exit } = await start(t, 0, { scheme: "127.0.0.1:0 tls:", env: {
        SIOGATE_TLS_CERTIFICATE: cert, SIOGATE_TLS_KEY: key } });
      const line = new RegExp(`pid=${pid} listening .*for=(\\S+) port=(\\d+)`, "g");
      const matches = await until(() => [...log().matchAll(line)].length === 3 && [...log().matchAll(line)], "all addresses");
      const ports = matches.map((m) => [m[1], Number(m[2])]);
      assert.deepEqual(ports.map(([kind]) => kind), ["policy", "http", "tls"]);
      const [[, flash], [, port], [, secret]] = ports, secure = `https://127.0.0.1:${secret}`, options = { ...websocket, ca: readFileSync(cert) };
      const stays = closing(t, await connect("4.8.4", secure, options));
      configure();
      const newer = await replace(pid), comes = closing(t, await connect("4.8.4", secure, options));
      assert.deepEqual([await ask(stays, "echo", 1), await ask(comes, "echo", 2)], [[1], [2]]);
      assert.deepEqual([connections(pid, secret), connections(newer, secret)], [1, 1]);
      assert.equal((await request(`http://127.0.0.1:${port}`, "/healthz")).status, 200);
      await assert.rejects(request(`http://127.0.0.2:${flash}`, "/"), /ECONNREFUSED/);
      stays.disconnect();
      assert.deepEqual(await exit, [0, null]);
    });

    it("goes on when the newer one cannot start, and says why", async (t) => {
      const { pid, url } = await start(t), stays = closing(t, await connect("4.8.4", url, websocket)), visitors = visit(url);
      t.after(() => configure());
      configure("no_such_option = 1\n");
      process.kill(pid, "SIGUSR2");
      await until(() => log().includes(`pid=${pid} handover: the new process ended with status 1`), "the report");
      assert.match(log(), /cannot serve \(configuration\): .*no_such_option/);

      const program = join(front.run, "libexec/siogate-ws");
      renameSync(program, `${program}.away`);
      try {
        process.kill(pid, "SIGUSR2");
        await until(() => log().includes(`pid=${pid} handover: cannot start ${program}: no such file`), "the other report");
      } finally {
        renameSync(`${program}.away`, program);
      }
      assert.deepEqual(await ask(stays, "echo", 1), [1]);
      assert.equal(alive().includes(pid), true);

      /* And now it can. */
      configure();
      const newer = await replace(pid);
      assert.notEqual(newer, pid);
      await visitors.end();
    });

    it("leaves nobody behind when it is told to end while the newer one starts", async (t) => {
      const { pid, exit } = await start(t), program = join(front.run, "libexec/siogate-ws");
      renameSync(program, `${program}.away`);
      try {
        writeFileSync(program, "#!/bin/sh\nexec sleep 600\n", { mode: 0o755 });
        process.kill(pid, "SIGUSR2");
        const [, child] = await until(() => new RegExp(`pid=${pid} handover: started pid=(\\d+)`).exec(log()), "a start");
        process.kill(pid, "SIGUSR2");
        await until(() => log().includes(`pid=${pid} handover: pid=${child} is being started already`), "a refusal");
        process.kill(pid, "SIGTERM");
        assert.deepEqual(await exit, [0, null]);
        await until(() => {
          try {
            return !process.kill(Number(child), 0);
          } catch {
            return true;
          }
        }, "the newer one to be gone");
      } finally {
        renameSync(`${program}.away`, program);
      }
    });

    it("lets a kept connection finish, and ends it with the next answer", async (t) => {
      const { pid, url, exit } = await start(t), raw = new RawSocket(url);
      t.after(() => raw.destroy());
      raw.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
      assert.equal((await raw.answer()).headers.connection, undefined);
      /* Half of a request is here when it happens. */
      raw.send("POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n4");
      await replace(pid);
      raw.send("0");
      const { status, headers } = await raw.answer();
      assert.deepEqual([status, headers.connection], [400, "close"]);
      assert.deepEqual(await exit, [0, null]);
    });

    it("tells the supervisor who is the main process now", async (t) => {
      const at = join(front.run, "run/notify"), supervisor = spawn("python3", ["-c", `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
print("here", flush=True)
print(s.recv(100).decode(), flush=True)
`, at], { stdio: ["ignore", "pipe", "inherit"] });
      t.after(() => supervisor.kill());
      let told = "";
      supervisor.stdout.on("data", (bytes) => { told += bytes; });
      await until(() => told.includes("here\n"), "the supervisor to listen");
      const { pid } = await start(t, 0, { env: { NOTIFY_SOCKET: at } });
      const newer = await replace(pid);
      await until(() => told.endsWith("\n", told.length) && told !== "here\n", "the supervisor to be told");
      assert.equal(told, `here\nMAINPID=${newer}\n`);
    });
  });
