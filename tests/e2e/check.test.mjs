/*
 * check.test.mjs - what `siogate check` finds out about backends
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createSite } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { secret, section, startBackend } from "./lib/backend.mjs";
import { fronts, top } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { freePort } from "./lib/program.mjs";
import { until } from "./lib/wait.mjs";

const python = `
import sys
from wsgiref.simple_server import make_server
sys.path.insert(0, sys.argv[1])
import siogate
gate = siogate.Gateway(secret=sys.argv[3])
make_server("127.0.0.1", int(sys.argv[2]), gate).serve_forever()
`;
const php = (file) => `<?php
require ${JSON.stringify(file)};
(new Siogate(${JSON.stringify(secret)}))->serve();
`;

function folderOf(t) {
  const folder = mkdtempSync(join(tmpdir(), "sio-check."));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/* The rows of `siogate check` with these lines in its configuration; then those of an address. */
async function check(t, lines, ...words) {
  const folder = folderOf(t), conf = join(folder, "siogate.conf");
  writeFileSync(conf, `store = ${folder}/store\n${lines}`, { mode: 0o600 });
  const program = join(process.env.SIOGATE_PREFIX || join(top, "build/demo/prefix"), "bin/siogate");
  return new Promise((resolve) => execFile(program, ["--config", conf, "--json", ...words, "check"],
    (error, stdout) => resolve(words.length > 0 ? stdout.trim().split("\n").map(JSON.parse)[1] : JSON.parse(stdout))));
}

/* A site that is right but for what `wrong` answers: {steps, failed, told} of `siogate check --url`. */
async function probe(t, wrong) {
  const server = createSite((req, res) => {
    let body = "";
    req.on("data", (part) => { body += part; });
    req.on("end", () => {
      const { method, url } = req, answer = wrong({ method, url, body });
      if (answer)
        res.writeHead(answer[0], { Connection: "close" }).end(answer[1]);
      else if (!url.includes("sid="))
        res.end('0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}');
      else
        res.writeHead(body.length > 100000 ? 413 : 200).end(method === "GET" ? '40{"sid":"y"}' : body.length > 100000 ? "" : "ok");
    });
  }).on("upgrade", (req, socket) => socket.end(wrong({ method: "upgrade" }) ? "HTTP/1.1 400 Bad Request\r\n\r\n" : "HTTP/1.1 101 Switching Protocols\r\n\r\n"));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const steps = await check(t, "", "--url", `http://127.0.0.1:${server.address().port}/socket.io/`);
  return { steps: steps.length, failed: steps.filter(({ ok }) => !ok).map(({ step }) => step) };
}

const asked = (rows) => rows.filter((row) => row.check.startsWith("backend "));

/* A program that serves at the port that it is given. */
async function serve(t, begin) {
  const port = await freePort(), program = begin(port);
  t.after(() => program.kill());
  await until(() => request(`http://127.0.0.1:${port}`, "/").then(() => true, () => false), "the application to listen");
  return { connect: `127.0.0.1:${port}` };
}

describe("siogate check", { skip: fronts("none").length === 0 || fronts("none")[0] === "given" }, () => {
  it("asks each backend for nothing, and tells which of them does not believe it", async (t) => {
    const good = await startBackend(() => () => ({})), bad = await startBackend((batch, response) => void response.writeHead(500).end());
    t.after(() => Promise.all([good.stop(), bad.stop()]));
    const rows = asked(await check(t, section("/good", good) + section("/bad", bad) + section("/wrong", good).replace(secret, "another secret of the tests")));
    assert.deepEqual(rows.map((row) => row.ok), [true, false, false]);
    assert.match(rows[1].detail, /200 or 204/);
    assert.match(rows[2].detail, /secrets/);
    assert.deepEqual([good.batches[0].signed, good.batches[0].nsp, good.batches[0].events], [true, null, []]);
  });

  it("is answered by the Python package", async (t) => {
    const app = await serve(t, (port) => spawn("python3", ["-c", python, join(top, "python"), String(port), secret], { stdio: "ignore" }));
    const [row, wrong] = asked(await check(t, section("/chat", app) + section("/wrong", app).replace(secret, "another secret of the tests")));
    assert.equal(row.ok, true, row.detail);
    assert.equal(wrong.ok, false);
  });

  it("is answered by siogate.php", async (t) => {
    const page = join(folderOf(t), "page.php");
    writeFileSync(page, php(join(top, "php/siogate.php")));
    const app = await serve(t, (port) => spawn("php", ["-S", `127.0.0.1:${port}`, page], { stdio: "ignore" }));
    const [row, wrong] = asked(await check(t, section("/chat", app) + section("/wrong", app).replace(secret, "another secret of the tests")));
    assert.equal(row.ok, true, row.detail);
    assert.equal(wrong.ok, false);
  });

  it("names a backend that is not there", async (t) => {
    const [row] = asked(await check(t, section("/chat", { connect: `127.0.0.1:${await freePort()}` })));
    assert.equal(row.ok, false);
    assert.match(row.detail, /connect/i);
  });

  it("tells what is wrong with a section, and goes on", async (t) => {
    const rows = await check(t, section("/chat", { connect: "127.0.0.1:1" }, "concurrency = many"));
    const { ok, detail } = rows.find((row) => row.check === "handlers load");
    assert.equal(ok, false);
    assert.match(detail, /siogate.conf:\d+: concurrency = many/);
    assert.ok(rows.some((row) => row.check === "file descriptors"));
  });

  it("tries a public address, and names what its web server spoils", async (t) => {
    assert.deepEqual(await probe(t, () => undefined), { steps: 5, failed: [] });
    const page = "<html>no</html>";
    for (const [failed, wrong] of [
      [/handshake/, () => [404, page]],
      [/^POST/, ({ method }) => method === "POST" && [405, page]],
      [/poll/, ({ method, url }) => method === "GET" && url.includes("sid=") && [502, page]],
      [/POST of 200 KB/, ({ body }) => body?.length > 131072 && [413, page]],
      [/upgrade/, ({ method }) => method === "upgrade"],
    ])
      assert.match((await probe(t, wrong)).failed[0], failed);
  });

  it("counts processes where polls take them", async (t) => {
    const backend = await startBackend(() => () => ({}));
    t.after(() => backend.stop());
    const sum = async (slots) => (await check(t, `slots = ${slots}\n${section("/chat", backend)}`)).find((row) => row.check === "processes")?.detail;
    assert.match(await sum(15), /polls \(slots, 15\) \+ sends \+ backend calls <= .*MaxRequestWorkers.* 17 at least/);
    assert.equal(await sum(0), undefined);
  });
});
