/*
 * tls.test.mjs - siogate-ws speaks TLS itself
 *
 * With certificates that are made here, and the stock client over wss.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { ask, closing, connect } from "./lib/client.mjs";
import { close, frame, joinRaw, OP, ping, text } from "./lib/frames.mjs";
import { fronts, isSanitized, startFront, startSidecar } from "./lib/front.mjs";
import { collect, next, until } from "./lib/wait.mjs";

for (const name of fronts("none"))
  describe(`TLS at ${name}`, { skip: name === "given" }, () => {
    let folder, front, program, url, port, ca;

    const make = (cn) => {
      const file = (kind) => join(folder, `${cn}.${kind}`);
      execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", `/CN=${cn}`,
        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", file("key"), "-out", file("pem")], { stdio: "ignore" });
      return cn;
    };
    const use = (cn) => {
      copyFileSync(join(folder, `${cn}.pem`), join(front.run, "run/cert.pem"));
      copyFileSync(join(folder, `${cn}.key`), join(front.run, "run/key.pem"));
      chmodSync(join(front.run, "run/key.pem"), 0o644);         /* for the serving account */
    };
    const said = (word) => readFileSync(join(front.run, "log/siogate.log"), "utf8").includes(word);
    /* The handshake with these options: {socket, cn}, or the error. */
    const meet = (options = {}) => new Promise((resolve, reject) => {
      const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options }, () =>
        resolve({ socket, cn: socket.getPeerCertificate().subject?.CN }));
      socket.on("error", reject);
    });
    const seen = async (t, options) => {
      const { socket, cn } = await meet(options);
      t.after(() => socket.destroy());
      return { socket, cn };
    };

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "sio-tls."));
      front = await startFront(name, { conf: "log_level = info\nmax_payload = 1m\nmax_event = 1m\nws_head_time = 12s\n" });
      use(make("first"));
      make("second");
      ca = readFileSync(join(folder, "first.pem"));
      program = await startSidecar(front, 0, { scheme: "tls:", env: {
        SIOGATE_TLS_CERTIFICATE: join(front.run, "run/cert.pem"), SIOGATE_TLS_KEY: join(front.run, "run/key.pem") } });
      ({ port } = program);
      url = `https://127.0.0.1:${port}`;
    });
    after(async () => {
      program?.kill("SIGTERM");
      await front?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    for (const transports of [["websocket"], ["polling"]])
      it(`serves the stock client by ${transports}, small and large`, async (t) => {
        const socket = closing(t, await connect("4.8.4", url, { transports, ca }));
        assert.deepEqual(await ask(socket, "echo", 1), [1]);
        for (const n of [16383, 16384, 100000, 500000]) {
          const [back] = await ask(socket, "echo", "x".repeat(n));
          assert.ok(back === "x".repeat(n), `${n}`);
        }
        assert.equal((await ask(socket, "echo", Buffer.alloc(50000, 3)))[0].length, 50000);
      });

    it("meets those who come without", async (t) => {
      const one = closing(t, await connect("4.8.4", url, { transports: ["websocket"], ca }));
      const other = closing(t, await connect("4.8.4", front.url)), heard = collect(one, "broadcast");
      await ask(other, "broadcast", "hello");
      assert.equal((await heard.reach(1))[0], "hello");
    });

    it("keeps the rules of frames and of closing", async (t) => {
      const raw = await joinRaw(url, { tls: { ca } });
      t.after(() => raw.destroy());
      raw.send(ping("x"), text('420["echo","hi"]'));
      assert.deepEqual([(await raw.frame()).op, (await raw.frame()).payload.toString()], [OP.pong, '430["hi"]']);
      raw.send(close(1000));
      assert.deepEqual(await raw.rest(), ["close 1000"]);
      const bad = await joinRaw(url, { tls: { ca } });
      t.after(() => bad.destroy());
      bad.send(frame(3, "x"));
      assert.deepEqual(await bad.rest(), ["close 1002"]);
    });

    it("speaks 1.2 and 1.3 with forward secrecy, and nothing older", async (t) => {
      for (const version of ["TLSv1.2", "TLSv1.3"]) {
        const { socket } = await seen(t, { minVersion: version, maxVersion: version });
        assert.equal(socket.getProtocol(), version);
        assert.match(socket.getCipher().name, /GCM|CHACHA20/);
      }
      for (const options of [{ minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }, { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256:AES256-SHA" }])
        await assert.rejects(meet(options));
    });

    it("knows one protocol, http/1.1", async (t) => {
      assert.equal((await seen(t, { ALPNProtocols: ["h2", "http/1.1"] })).socket.alpnProtocol, "http/1.1");
      assert.equal((await seen(t)).socket.alpnProtocol, false);
      await assert.rejects(meet({ ALPNProtocols: ["h2"] }));
    });

    it("knows who was here by a ticket", async (t) => {
      const { socket } = await seen(t);
      const [session] = await Promise.all([next(socket, "session"), socket.write("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")]);
      const again = await seen(t, { session: session[0] });
      assert.equal(again.socket.isSessionReused(), true);
    });

    it("tells who speaks HTTP to it, and waits for nobody for ever", async (t) => {
      const plain = net.connect(port, "127.0.0.1"), silent = net.connect(port, "127.0.0.1"), answer = collect(plain, "data", String);
      t.after(() => [plain, silent].forEach((socket) => socket.destroy()));
      plain.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      await next(plain, "end");
      assert.match(answer.join(""), /^HTTP\/1.1 400 .*This port speaks TLS/s);
      silent.on("data", () => {}).write(Buffer.from([22, 3, 1, 2, 0, 1]));
      await next(silent, "end");
    });

    it("is handled by a handler as https", async () => {
      const { status, body } = await new Promise((resolve, reject) => https.get(`${url}/healthz`, { ca }, (res) => {
        let all = "";
        res.on("data", (bytes) => { all += bytes; }).on("end", () => resolve({ status: res.statusCode, body: all }));
      }).on("error", reject));
      assert.deepEqual([status, body], [200, "ok\n"]);
    });

    it("reads its certificate again at SIGHUP, and keeps the old one when the new is bad", async (t) => {
      const stays = closing(t, await connect("4.8.4", url, { transports: ["websocket"], ca }));
      writeFileSync(join(front.run, "run/cert.pem"), "no certificate\n");
      program.kill("SIGHUP");
      await until(() => said("the certificate stays as it is: tls_certificate: "), "the reason");
      assert.equal((await seen(t)).cn, "first");
      copyFileSync(join(folder, "second.pem"), join(front.run, "run/cert.pem"));
      program.kill("SIGHUP");
      await until(() => said("the certificate stays as it is: tls_key: "), "the other reason");
      assert.equal((await seen(t)).cn, "first");
      use("second");
      program.kill("SIGHUP");
      await until(() => said("certificate read again"), "the new certificate");
      assert.equal((await seen(t)).cn, "second");
      assert.deepEqual(await ask(stays, "echo", "still here"), ["still here"]);
      use("first");
      program.kill("SIGHUP");
      await until(async () => (await seen(t)).cn === "first", "the first again");
    });

    /* Anonymous memory: the share of a library's pages changes with whoever else on the
     * machine maps them, by 2 KB for each of these.  It is 15 to 17.4 KB, 13.7 of them what
     * OpenSSL 3.0 holds for a connection (SSL_new() alone 7.6); kept buffers would be 40. */
    it("keeps no buffers for one that is idle", async (t) => {
      if (isSanitized(program.pid))
        return t.skip("a sanitizer keeps what was freed");
      const memory = () => Number(/^Pss_Anon:\s+(\d+)/m.exec(readFileSync(`/proc/${program.pid}/smaps_rollup`, "utf8"))[1]);
      const crowd = async (n) => {
        for (let i = 0; i < n; i += 5)
          await Promise.all(Array.from({ length: 5 }, async () => {
            const raw = await joinRaw(url, { tls: { ca } });
            t.after(() => raw.destroy());
          }));
      };
      await crowd(100);
      const first = memory();
      await crowd(400);
      const each = (memory() - first) / 400;
      t.diagnostic(`${each.toFixed(1)} KB for each`);
      assert.ok(each <= 18, `${each} KB`);
    });

    it("does not start without a key that fits", async () => {
      const { uid, gid } = statSync(join(front.run, "store"));
      assert.throws(() => execFileSync(join(front.run, "libexec/siogate-ws"), ["--listen", "tls:127.0.0.1:0", "--config", join(front.run, ".siogate/siogate.conf")],
        { uid, gid, stdio: ["ignore", "ignore", "pipe"] }), /tls_certificate/);
    });
  });
