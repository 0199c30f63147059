/*
 * spread.test.mjs - no process owns a session
 *
 * nginx speaks to one socket.  Behind it stands a fork in the road: every single
 * request goes to a random one of four responders, so a poll, the POST beside it
 * and the next poll hardly ever meet the same process.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { declare } from "./lib/cases.mjs";
import { clients } from "./lib/client.mjs";
import { startFront } from "./lib/front.mjs";
import { startProxy } from "./lib/proxy.mjs";
import { seeded } from "./lib/random.mjs";
import { until } from "./lib/wait.mjs";

const RESPONDERS = 4;

/* One more responder, as the account that the front's own one runs as. */
function startResponder(run, socket) {
  const { uid, gid } = statSync(join(run, "store"));
  return spawn(join(run, "libexec/siogate.fcgi"),
    ["--listen", socket, "--config", join(run, ".siogate/siogate.conf")],
    { uid, gid, stdio: ["ignore", "ignore", "inherit"] });
}

const spread = (what, conf, versions, requests, slept) => describe(what, { skip: Boolean(process.env.SIOGATE_TEST_URL) }, () => {
  let front, fork;
  const more = [];

  before(async () => {
    front = await startFront("nginx", { conf });
    const road = join(front.run, "run/siogate.sock"), sockets = [join(front.run, "run/0.sock")];
    renameSync(road, sockets[0]);
    for (let i = 1; i < RESPONDERS; i++) {
      sockets.push(join(front.run, `run/${i}.sock`));
      more.push(startResponder(front.run, sockets[i]));
    }
    await until(() => sockets.every(existsSync), "the sockets of all responders");
    fork = await startProxy(sockets, { listen: road, choose: seeded(20260101) });
    chmodSync(road, 0o666);
  });
  after(async () => {
    for (const responder of more)
      responder.kill("SIGTERM");
    await fork?.close();
    await front?.stop();
  });

  for (const version of versions)
    describe(`client ${version}`, () => declare(it, version, () => front.url));

  it("really reached all of them", () => {
    assert.ok(fork.taken.every((n) => n > requests), `requests: ${fork.taken}`);
    const log = readFileSync(join(front.run, "log/siogate.log"), "utf8");
    assert.ok(log.split("asleep until").length - 1 >= slept, "they slept");
  });
});

spread("every request at a random responder", "", Object.keys(clients), 100, 0);
/* They close the store whenever nobody asks them anything. */
spread("every request at a responder that was asleep", "sleep_time = 1ms\nlog_level = debug", ["4.8.4"], 20, 20);
