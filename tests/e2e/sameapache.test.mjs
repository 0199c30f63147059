/*
 * sameapache.test.mjs - gateway and application share one Apache of 20 workers
 *
 * slots = 15 polls are held all the time; sends and backend calls have the five workers
 * that are left, as the arithmetic in the README says.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { secret } from "./lib/backend.mjs";
import { ask, connect, open } from "./lib/client.mjs";
import { claims, fronts, startFront, top } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { next, until } from "./lib/wait.mjs";

const SLOTS = 15, WORKERS = 20;

const program = (folder) => `import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ${JSON.stringify(folder)})
import siogate

application = siogate.Gateway(secret=${JSON.stringify(secret)})

@application.on("double", nsp="/app")
def double(me, n):
    return 2 * n

@application.on("tell", nsp="/app")
def tell(me, text):
    me.emit("told", text, to="*")
`;

/* What is written last rules. */
const site = (folder) => `
ServerLimit 1
ThreadsPerChild ${WORKERS}
MaxRequestWorkers ${WORKERS}
LoadModule wsgi_module /usr/lib/apache2/modules/mod_wsgi.so
WSGISocketPrefix ${folder}/run/wsgi
WSGIDaemonProcess app processes=2 threads=1
WSGIScriptAlias /app ${folder}/app.wsgi process-group=app application-group=%{GLOBAL}
<Directory "${folder}">
  Require all granted
</Directory>
`;

const conf = `slots = ${SLOTS}
log_level = info
[backend /app]
url = http://127.0.0.1:@PORT@/app/
secret = ${secret}
keep_alive = off
timeout = 1m
`;

for (const name of fronts("apache-fcgid"))
  describe(`an application on the Apache of the gateway, with ${WORKERS} workers for both`, () => {
    let front, folder;
    const sockets = [];
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "sio-same."));
      chmodSync(folder, 0o755);
      mkdirSync(join(folder, "run"));
      cpSync(join(top, "python/siogate"), join(folder, "siogate"), { recursive: true });
      writeFileSync(join(folder, "app.wsgi"), program(folder));
      writeFileSync(join(folder, "site.conf"), site(folder));
      front = await startFront(name, { conf, env: { SIOGATE_DEMO_SITE: join(folder, "site.conf") } });
    });
    after(async () => {
      sockets.forEach((socket) => socket.disconnect());
      await front?.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    const allHeld = () => until(() => claims(front.url) === SLOTS, "all slots to be held");

    it("lets in as many clients as there are slots, each by asking it", async () => {
      for (let i = 0; i < SLOTS; i++)
        sockets.push(await connect("4.8.4", `${front.url}/app`));
      await allHeld();
    });

    it("is asked while all slots are held", async () => {
      for (const [i, socket] of sockets.entries())
        assert.deepEqual(await ask(socket, "double", i), [2 * i]);
      await allHeld();
    });

    it("is asked for all of them at once, and tells all of them", async () => {
      const heard = sockets.map((socket) => next(socket, "told"));
      const acks = sockets.map((socket, i) => ask(socket, "double", i));
      sockets[0].emit("tell", "hello");
      assert.deepEqual(await Promise.all(acks), sockets.map((_, i) => [2 * i]));
      assert.deepEqual((await Promise.all(heard)).map((args) => [args].flat()[0]), sockets.map(() => "hello"));
      await allHeld();
    });

    it("goes on when one more client is refused", async (t) => {
      const more = open("4.8.4", `${front.url}/app`, { reconnection: false });
      t.after(() => more.disconnect());
      await next(more, "connect_error");
      assert.deepEqual(await ask(sockets[0], "double", 21), [42]);
      assert.equal((await request(front.url, "/")).status, 200);
    });

    it("was never asked in vain", () => {
      assert.doesNotMatch(readFileSync(join(front.run, "log/siogate.log"), "utf8"), /backend=.* rule=/);
    });
  });
