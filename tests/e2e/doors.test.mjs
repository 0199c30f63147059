/*
 * doors.test.mjs - the table of doc/users.md: every verb, through every door
 *
 * Each cell of the table is played on one front; the table and lib/doors.mjs name
 * the same cells, so that neither promises what the other does not show.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { section, startBackend } from "./lib/backend.mjs";
import { fresh } from "./lib/cases.mjs";
import { ask, closing, connect } from "./lib/client.mjs";
import { apiDoor, backendDoor, commandDoor, moduleDoor, phpDoor, pythonDoor } from "./lib/doors.mjs";
import { fronts, startFront, top } from "./lib/front.mjs";
import { collect, next, until, within } from "./lib/wait.mjs";

const prefix = process.env.SIOGATE_PREFIX || join(top, "build/demo/prefix");
const API = "a token for those outside";
const DOORS = ["module", "backend", "command", "api", "python", "php"];

/* {verb: [doors]} as the page says it. */
function promised() {
  const lines = readFileSync(join(top, "doc/users.md"), "utf8").split("\n");
  const at = lines.findIndex((line) => line.startsWith("| what | C module |"));
  assert.ok(at >= 0, "there is no table in doc/users.md");
  const table = {};
  for (const line of lines.slice(at + 2)) {
    if (!line.startsWith("|"))
      break;
    const [what, ...cells] = line.split("|").slice(1, -1).map((cell) => cell.trim());
    table[/`(\w+)`$/.exec(what)[1]] = DOORS.filter((_, i) => cells[i] !== "-");
  }
  return table;
}

/* Does what the client wants, and tells the answers to whom the context names. */
const obeying = () => (event) => {
  if (event.type === "ack")
    return { effects: [{ emit: "answers", args: [event.answers, event.timeout], to: `room:${event.context[0]}` }] };
  return event.name === "do" ? { effects: [...event.args[0], { ack: [true] }] } : {};
};

for (const name of fronts("lighttpd"))
  describe(`doors of ${name}`, { skip: name === "given" }, () => {
    let front, folder, backend;
    const doors = {}, clerks = [];
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "sio-doors."));
      chmodSync(folder, 0o755);
      execFileSync(process.env.CC || "cc", ["-std=c11", "-Wall", "-Wextra", "-fPIC", "-shared", `-I${join(prefix, "include")}`,
        "-o", join(folder, "people.so"), join(top, "tests/e2e/modules/people.c")], { stdio: "inherit" });
      backend = await startBackend(obeying);
      front = await startFront(name, { conf: `
module_dir = ${folder}
modules = people
api = siogate-api
[rooms *]
names = desk-*
presence = 200ms
seen = 1h
[api outside]
token = ${API}
rights = *
${section("/asked", backend)}` });
      clerks.push(await connect("4.8.4", `${front.url}/open`), await connect("4.8.4", `${front.url}/asked`));
      doors.module = moduleDoor(front.url, clerks[0]);
      doors.backend = backendDoor(front.url, clerks[1]);
      doors.command = commandDoor(front.url, front);
      doors.api = apiDoor(front.url, API);
      doors.python = pythonDoor(front.url, API);
      doors.php = phpDoor(front.url, API);
    });
    after(async () => {
      clerks.forEach((clerk) => clerk.disconnect());
      Object.values(doors).forEach((door) => door.close?.());
      await front?.stop();
      await backend?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    /* `play` with each door that has all of the verbs. */
    const through = async (t, verbs, play) => {
      const able = DOORS.filter((door) => verbs.every((verb) => doors[door][verb]));
      const played = await Promise.allSettled(able.map((door) =>
        play({ ...doors[door], enter: async (user) => closing(t, await doors[door].enter(user)) }, door)));
      const failed = able.flatMap((door, i) => played[i].status === "rejected" ? [`${door}: ${played[i].reason.stack}`] : []);
      assert.equal(failed.length, 0, failed.join("\n"));
    };

    it("are those of the page, with the same verbs", () => {
      const shown = {};
      for (const door of DOORS)
        for (const verb of Object.keys(doors[door]).filter((one) => one !== "enter" && one !== "close"))
          (shown[verb] ??= []).push(door);
      assert.deepEqual(shown, promised());
    });

    it("reach a user on all devices, and let go of all of them", (t) => through(t, ["emit", "disconnect"], async (door) => {
      const user = fresh("anna"), devices = [await door.enter(user), await door.enter(user)];
      const told = devices.map((device) => next(device, "told"));
      await door.emit(user, "hello");
      for (const heard of told)
        assert.equal((await heard)[0], "hello");
      const gone = devices.map((device) => next(device, "disconnect"));
      await door.disconnect(user);
      for (const reason of gone)
        assert.deepEqual((await reason)[0], "io server disconnect");
    }));

    it("put users into rooms, and take them out", (t) => through(t, ["join", "leave", "emit"], async (door, which) => {
      const user = fresh("anna"), room = fresh("room"), device = await door.enter(user);
      const said = collect(device, "said");
      await door.join(user, room);
      await door.keep(room, "one");
      await said.reach(1);
      if (door.rooms) {
        assert.equal(await door.rooms(room), 1);
        assert.deepEqual(await door.query(`room:${room}`), [user]);
      }
      await door.leave(user, room);
      await door.keep(room, "two");
      const told = next(device, "told");
      await door.emit(user, "behind it");
      await told;
      assert.deepEqual([...said], ["one"], which);
    }));

    it("tell who is there, and when somebody was", (t) => through(t, ["presence", "seen"], async (door) => {
      const user = fresh("anna"), room = fresh("desk"), device = await door.enter(user);
      assert.equal(await door.seen(room, user), null);
      await door.join(user, room);
      assert.deepEqual(await door.presence(room), [user]);
      assert.equal((await door.seen(room, user)).here, true);
      device.disconnect();
      await until(async () => (await door.presence(room)).length === 0, "the grace to be over");
      const { here, seen } = await door.seen(room, user);
      assert.equal(here, false);
      assert.ok(Math.abs(Date.now() - seen) < 60000);
    }));

    it("write letters to who is away", (t) => through(t, ["mail"], async (door) => {
      const user = fresh("anna");
      await door.mail(user, "one");
      await door.mail(user, "two");
      const device = await door.enter(fresh("nobody")), letters = collect(device, "letter");
      await (device.nsp === "/asked" ? ask(device, "do", [{ user }]) : ask(device, "iam", user));
      await letters.reach(2);
      assert.deepEqual([...letters], ["one", "two"]);
    }));

    it("keep what is said in a room, and read it from a cursor on", (t) => through(t, ["keep"], async (door) => {
      const room = fresh("room"), { cursor, history } = door.history ? door : apiDoor(front.url, API, "/asked");
      await door.keep(room, "before");
      const seq = await cursor();
      await door.keep(room, "after");
      await door.keep(room, "later");
      assert.deepEqual(await history(room, seq), ["after", "later"]);
    }));

    it("change access lists, which count at once", (t) => through(t, ["set", "add", "remove", "forget"], async (door) => {
      const user = fresh("anna"), device = await door.enter(user);
      const may = () => within(new Promise((resolve) => {
        const refused = () => resolve(false);
        device.once("error", refused);
        device.emit(...device.nsp === "/asked" ? ["do", []] : ["whoami"], () => {
          device.off("error", refused);
          resolve(true);
        });
      }), "an answer or a refusal");
      const names = async (list) => door.acl && assert.deepEqual(await door.acl(user), list);
      await names(null);
      await door.set(user, ["say"]);
      await names(["say"]);
      assert.equal(await may(), false);
      await door.add(user, ["whoami", "do"]);
      await names(["say", "whoami", "do"]);
      assert.equal(await may(), true);
      await door.remove(user, ["whoami", "do"]);
      await names(["say"]);
      assert.equal(await may(), false);
      await door.forget(user);
      await names(null);
      assert.equal(await may(), true);
    }));

    it("ask for acks that a handler hears, and look at those that have come", (t) => through(t, ["ask"], async (door) => {
      const user = fresh("anna"), room = fresh("room"), clerk = fresh("clerk");
      const devices = [await door.enter(user), await door.enter(user)], hearer = await door.enter(clerk);
      await door.join(clerk, room);
      const questions = devices.map((device) => collect(device, "question", (answer) => answer));
      const answers = next(hearer, "answers");
      await door.ask(user, room);
      for (const list of questions)
        await list.reach(1);
      questions[0][0]("first");
      if (door.questions) {
        const mine = async () => (await door.questions()).find(({ context }) => context?.[0] === room);
        const found = await until(async () => { const one = await mine(); return one?.answered === 1 && one; }, "the first answer");
        assert.deepEqual([found.name, found.expected, found.answers], ["answered", 2, [["first"]]]);
        questions[1][0]("second");
        assert.deepEqual((await answers)[0], [["first"], ["second"]]);
        assert.equal(await mine(), undefined);
      } else {
        questions[1][0]("second");
        assert.deepEqual((await answers)[0].flat().sort(), ["first", "second"]);
      }
    }));
  });
