/*
 * trouble.test.mjs - what the machine does to a gateway that serves
 *
 * The disk is full, the store cannot be written, a newer program was installed,
 * the clock is set.  Each time: who sits stays, who asks is told, nothing is half
 * done, and service goes on by itself when the cause is gone.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ask, closing, connect } from "./lib/client.mjs";
import { all, command, fronts, killAll, startFront } from "./lib/front.mjs";
import { request, Session } from "./lib/http.mjs";
import { collect, next, until } from "./lib/wait.mjs";

const names = all ? fronts("lighttpd", "apache-fcgid") : fronts("lighttpd");
const skip = names[0] === "given";
const isRoot = process.getuid() === 0;
const account = isRoot ? "www-data" : userInfo().username;
const POLLING = "/socket.io/?EIO=4&transport=polling";

const asRoot = (...words) => spawnSync(...isRoot ? [words[0], words.slice(1)] : ["sudo", ["-n", ...words]]).status === 0;
const log = (front) => readFileSync(join(front.run, "log/siogate.log"), "utf8");
const mayMount = isRoot || spawnSync("sudo", ["-n", "true"]).status === 0;

/* A listener in a room and how often it lost its connection. */
async function sit(t, url, room) {
  const socket = closing(t, await connect("4.8.4", url)), lost = [], strangers = [];
  socket.on("disconnect", (reason) => lost.push(reason));
  socket.on("connect", () => socket.recovered || strangers.push(socket.id));
  await ask(socket, "join", room);
  return { socket, lost, strangers, heard: collect(socket, "word") };
}

/* One word to a room by a session that is driven by hand; true if it was taken. */
async function say(session, room, word) {
  const { status, body } = await session.post(`42["to","${room}","word","${word}"]`);
  assert.ok(status === 200 || status === 503, `${status} ${body}`);
  return status === 200;
}

/*
 * Polls that wait and end: under mod_fcgid each leaves a process without work behind.
 * Who sits is then served by one that was there before.
 */
async function spare(url, n) {
  const sessions = await Promise.all(Array.from({ length: n }, () => new Session(url).join()));
  const polls = [];
  for (const session of sessions)
    polls.push((await session.park()).answer);
  for (const session of sessions)
    await session.post("1");
  await Promise.all(polls);
}

const refused = async (front, code) => {
  /* what the front says itself of a process that was killed is not meant */
  const { status, body } = await until(() => request(front.url, POLLING).then((answer) => answer.body.startsWith("siogate cannot") && answer), "a refusal");
  assert.equal(`${status} ${body}`, `503 siogate cannot serve: ${code}\n`);
};

const serves = (front) => until(async () => (await request(front.url, POLLING)).status === 200, "service to go on");

/* SQL on the store of a front, as an administrator would say it. */
const sql = (store, text) => execFileSync("python3", ["-c",
  "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], timeout=20)\nprint(db.execute(sys.argv[2]).fetchall())\ndb.commit()",
  join(store, "store.db"), text], { encoding: "utf8" }).trim();

for (const name of names) {
  describe(`a small disk behind ${name}`, { skip }, () => {
    let front, above, folder, store;
    const full = { skip: !mayMount && "only root may mount a disk" };
    before(async () => {
      above = mkdtempSync(join(tmpdir(), "sio-disk."));
      folder = join(above, "disk");
      mkdirSync(folder);
      chmodSync(above, 0o711);
      const mine = execFileSync("id", ["-u", account], { encoding: "utf8" }).trim();
      if (mayMount)
        assert.ok(asRoot("mount", "-t", "tmpfs", "-o", `size=4m,mode=711,uid=${mine}`, "siogate-test", folder), "mount");
      store = join(folder, "store");
      front = await startFront(name, { conf: `store = ${store}\nrecovery_window = 5m\nping_interval = 2m\n` });
    });
    after(async () => {
      await front?.stop();
      if (mayMount)
        asRoot("umount", folder);
      rmSync(above, { recursive: true, force: true });
    });

    /* Until nothing fits any more. */
    function fill() {
      const ballast = join(folder, "ballast");
      asRoot("sh", "-c", `cat /dev/zero >'${ballast}'`);
      return () => asRoot("rm", "-f", ballast);
    }

    const back = async (listener, id) => {
      while (!listener.socket.connected)
        await next(listener.socket, "connect");
      assert.equal(listener.socket.id, id);
      assert.deepEqual(listener.strangers, []);
      /* what is on its way when a connection breaks is not said again */
      await until(() => new Promise((resolve) => {
        listener.socket.timeout(10000).emit("echo", 1, (error, answer) => resolve(!error && answer === 1));
      }), "an answer");
    };

    it("that is full loses nobody who sits, refuses what it cannot keep, and keeps what it took", full, async (t) => {
      const listener = await sit(t, front.url, "hall"), session = await new Session(front.url).join();
      await spare(front.url, 4);
      const taken = [], pad = "x".repeat(30000);
      const empty = fill();
      t.after(empty);
      for (let i = 0; ; i++) {
        assert.ok(i < 500, "the disk was never full");
        if (!await say(session, "hall", `${i} ${pad}`))
          break;
        taken.push(`${i} ${pad}`);
      }
      assert.equal(await say(session, "hall", `again ${pad}`), false);
      assert.deepEqual(listener.lost, []);
      empty();
      await until(() => say(session, "hall", "end"), "service to go on");
      taken.push("end");
      await until(() => listener.heard.includes("end"), "the last word");
      assert.deepEqual([...listener.heard], taken);
      assert.deepEqual(listener.lost, []);
      assert.equal(listener.socket.connected, true);
      assert.equal(sql(store, "PRAGMA integrity_check"), "[('ok',)]");
      assert.match(log(front), /database or disk is full/);
    });

    it("that is full is told to whom a new process serves, and everybody comes back", full, async (t) => {
      const listener = await sit(t, front.url, "hall"), { id } = listener.socket;
      const empty = fill();
      t.after(empty);
      await killAll(front.responders());
      await until(async () => (await request(front.url, POLLING)).status === 503, "a refusal");
      empty();
      await serves(front);
      await back(listener, id);
    });

    it("with a store that may not be written is a 503 with a reason until it may", async (t) => {
      const listener = await sit(t, front.url, "hall"), { id } = listener.socket;
      const files = readdirSync(store).map((file) => join(store, file)), modes = files.map((file) => statSync(file).mode);
      const open = () => {
        chmodSync(store, 0o700);
        files.forEach((file, i) => existsSync(file) && chmodSync(file, modes[i]));
      };
      t.after(open);
      files.forEach((file) => chmodSync(file, 0o400));
      chmodSync(store, 0o500);
      await killAll(front.responders());
      await refused(front, "store");
      const page = await request(front.url, "/socket.io/", { headers: { Accept: "text/html" } });
      assert.equal(page.status, 503);
      assert.match(page.body, /store/);
      assert.match(log(front), /cannot serve \(store\): .*Permission denied/);
      open();
      await serves(front);
      await back(listener, id);
    });

    it("with the store of a newer program makes the older processes finish and leave", async (t) => {
      const listener = await sit(t, front.url, "hall"), { id } = listener.socket, old = front.responders();
      const schema = Number(/\d+/.exec(sql(store, "SELECT json_extract(row, '$[0]') FROM live WHERE session = 0"))[0]);
      const become = (number) => sql(store, `UPDATE live SET row = json_set(row, '$[0]', ${number}) WHERE session = 0`);
      become(1000);
      t.after(() => become(schema));
      const gone = () => old.every((pid) => !front.responders().includes(pid));
      /* as many at once as it takes to reach every process */
      const knock = () => Promise.all(Array.from({ length: 12 }, () => request(front.url, POLLING)));
      await until(async () => (await knock(), gone()), "the older processes to leave");
      await refused(front, "store");
      assert.match(log(front), /newer/);
      become(schema);
      await serves(front);
      await back(listener, id);
    });

    it("has a store that can be copied while it is written, and the copy is whole", async (t) => {
      const [one, two] = [await sit(t, front.url, "hall"), await sit(t, front.url, "hall")], heard = collect(two.socket, "copied");
      const folder = mkdtempSync(join(tmpdir(), "sio-backup."));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      let over = false, said = 0;
      const talking = (async () => {
        while (!over)
          await ask(one.socket, "to", "hall", "copied", said++);
      })();
      for (let i = 0; i < 3; i++) {
        const at = said;
        await until(() => said > at + 3, "the talk to go on");
        const copy = join(folder, `copy${i}`), low = said;
        execFileSync("mkdir", ["-m", "700", copy]);
        await command(front, "backup", join(copy, "store.db"));
        assert.equal(sql(copy, "PRAGMA integrity_check"), "[('ok',)]");
        const [words] = /\d+/.exec(sql(copy, `SELECT count(*) FROM record WHERE data LIKE '["copied",%'`));
        assert.ok(Number(words) >= low - 1 && Number(words) <= said + 1, `${words} of ${low} to ${said} words`);
      }
      over = true;
      await talking;
      await until(() => heard.length === said, "all words");
      assert.deepEqual([...heard], Array.from({ length: said }, (_, i) => i));
      assert.deepEqual([...one.lost, ...two.lost], []);
    });
  });
}

/* What a clock says that is set, to programs that were started with it. */
const preloaded = ["x86_64-linux-gnu", "aarch64-linux-gnu", ...readdirSync("/usr/lib")].map((folder) => `/usr/lib/${folder}/faketime/libfaketime.so.1`).find(existsSync);

describe("a clock that is set behind lighttpd", { skip: skip || !fronts("lighttpd").length || !preloaded && "libfaketime is not installed" }, () => {
  let front, folder;
  const set = (hours) => {
    writeFileSync(join(folder, "new"), `${hours < 0 ? "" : "+"}${hours * 3600}\n`);
    renameSync(join(folder, "new"), join(folder, "time"));
  };
  /* libfaketime names what it shares by the process, and a killed one leaves it to the next of that number, who may be of
     another account and then does not start. */
  const sweep = () => {
    for (const name of readdirSync("/dev/shm")) {
      const [, pid] = /^(?:sem\.)?faketime_s(?:em|hm)_(\d+)$/.exec(name) ?? [];
      if (pid && !existsSync(`/proc/${pid}`))
        asRoot("rm", "-f", join("/dev/shm", name));
    }
  };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "sio-clock."));
    sweep();
    chmodSync(folder, 0o755);
    set(0);
    front = await startFront("lighttpd", { conf: "ping_interval = 1s\nping_timeout = 1m\nlog_level = info\n", env: { LD_PRELOAD: preloaded,
      FAKETIME_TIMESTAMP_FILE: join(folder, "time"), FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1", NO_FAKE_STAT: "1" } });
  });
  after(async () => {
    set(0);
    await front?.stop();
    rmSync(folder, { recursive: true, force: true });
    sweep();
  });

  for (const [way, hours] of [["an hour forward", 1], ["two hours back", -1]])
    it(`by ${way} ends nobody, and nothing is lost`, async (t) => {
      const listener = await sit(t, front.url, "hall"), talker = closing(t, await connect("4.8.4", front.url));
      const lost = [], pings = collect(listener.socket.io, "ping");
      talker.on("disconnect", (reason) => lost.push(reason));
      let said = 0;
      const talk = async (n) => {
        for (let i = 0; i < n; i++)
          assert.deepEqual(await ask(talker, "to", "hall", "word", said++), [true]);
      };
      await talk(20);
      set(hours);
      await talk(60);
      const at = pings.length;
      await pings.reach(at + 2);
      await talk(20);
      await until(() => listener.heard.length === said, "all words");
      assert.deepEqual([...listener.heard], Array.from({ length: said }, (_, i) => i));
      assert.deepEqual([...listener.lost, ...lost], []);
      const told = Date.parse(/^(\S+) /.exec(log(front).trimEnd().split("\n").at(-1))[1]);
      t.diagnostic(`the log's clock is off by ${Math.round((told - Date.now()) / 60000)} minutes`);
    });
});
