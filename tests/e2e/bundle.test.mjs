/*
 * bundle.test.mjs - the archive of `make bundle` on somebody else's Apache
 *
 * Debian's own configuration of Apache with one virtual host that says nothing
 * but `AllowOverride All`; everything else is in the archive.  What a host does
 * (modules, a place for mod_fcgid's sockets) is all that is added.
 *
 * SIOGATE_BUNDLE names the archive; without it nothing here runs.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync,
  readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openBrowser, visitor } from "./lib/browser.mjs";
import { ask, clients, closing, connect } from "./lib/client.mjs";
import { request } from "./lib/http.mjs";
import { freePort } from "./lib/program.mjs";
import { next, until, within } from "./lib/wait.mjs";

const archive = process.env.SIOGATE_BUNDLE;
const isRoot = process.getuid() === 0;
const account = isRoot ? "www-data" : userInfo().username;
const numberOf = (option) => Number(execFileSync("id", [option, account], { encoding: "utf8" }));
const uid = numberOf("-u"), gid = numberOf("-g");

/* The modules of an Apache as Debian installs it, and mod_rewrite, which the forms need. */
const STOCK = ["access_compat", "alias", "auth_basic", "authn_core", "authn_file", "authz_core", "authz_host",
  "authz_user", "autoindex", "deflate", "dir", "env", "filter", "mime", "mpm_event", "negotiation", "reqtimeout",
  "setenvif", "status", "rewrite"];
const FORMS = { fcgid: ["fcgid"], cgi: ["cgid"], proxy: ["proxy", "proxy_fcgi"] };

/* Paths of all files below a folder. */
function files(folder, prefix = "") {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(folder, join(prefix, entry.name)) : [join(prefix, entry.name)]).sort();
}

function give(folder) {
  if (!isRoot)
    return;
  chownSync(folder, uid, gid);
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory())
      give(join(folder, entry.name));
    else
      chownSync(join(folder, entry.name), uid, gid);
}

/* Debian's configuration, copied, with the modules that are wanted and one site. */
function writeApache(place, port, docroot, modules) {
  const conf = join(place, "apache2");
  cpSync("/etc/apache2", conf, { recursive: true, verbatimSymlinks: true });
  for (const folder of ["mods-enabled", "sites-enabled"])
    rmSync(join(conf, folder), { recursive: true, force: true });
  mkdirSync(join(conf, "mods-enabled"));
  mkdirSync(join(conf, "sites-enabled"));
  for (const module of [...STOCK, ...modules])
    for (const end of ["load", "conf"])
      if (existsSync(join(conf, `mods-available/${module}.${end}`)))
        symlinkSync(`../mods-available/${module}.${end}`, join(conf, `mods-enabled/${module}.${end}`));
  writeFileSync(join(conf, "ports.conf"), `Listen 127.0.0.1:${port}\n`);
  writeFileSync(join(conf, "sites-enabled/site.conf"), `
<IfModule mod_fcgid.c>
  FcgidIPCDir ${place}/server/fcgid
  FcgidProcessTableFile ${place}/server/fcgid.shm
</IfModule>
<IfModule mod_cgid.c>
  ScriptSock ${place}/server/cgid.sock
</IfModule>
ServerName localhost
<VirtualHost 127.0.0.1:${port}>
  DocumentRoot ${docroot}
  <Directory ${docroot}>
    AllowOverride All
    Require all granted
  </Directory>
</VirtualHost>
`);
  return conf;
}

function listRunning(folder) {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/exe`).startsWith(`${folder}/`);
    } catch {
      return false;
    }
  }).map(Number);
}

/* A host on which the account unpacked the archive and chose one of the forms. */
async function startHost(form) {
  /* names of sockets end at 107 bytes: only the form that has one needs a short home */
  const place = mkdtempSync("/tmp/siogate-host."), home = join(place, form === "proxy" ? "home" : `home-${"long".repeat(30)}`);
  const docroot = join(home, "public_html"), folder = join(docroot, "socket.io");
  chmodSync(place, 0o711);
  for (const made of [home, docroot, join(place, "server"), join(place, "log")])
    mkdirSync(made);
  execFileSync("tar", ["-xzf", archive, "-C", docroot, "--no-same-owner"]);
  assert.deepEqual(readdirSync(docroot), ["socket.io"]);

  cpSync(join(folder, `htaccess-${form}`), join(folder, ".htaccess"));
  const socket = join(home, "siogate.sock");
  if (form === "proxy")
    writeFileSync(join(folder, ".htaccess"), readFileSync(join(folder, ".htaccess"), "utf8").replaceAll("@SOCKET@", socket));
  /* the account's home is ours only in this test: say where it is */
  const conf = join(folder, ".htsiogate.conf");
  writeFileSync(conf, readFileSync(conf, "utf8").replace("slots = 15", "slots = 40").replace(/^#store = .*$/m,
    `store = ${home}/.siogate`));
  for (const name of readdirSync(join(folder, "chat")))
    cpSync(join(folder, "chat", name), join(docroot, name));
  for (const mine of [home, join(place, "server")])
    give(mine);

  const port = await freePort(), apache = writeApache(place, port, docroot, FORMS[form]);
  const running = [];
  if (form === "proxy")
    running.push(spawn(join(folder, "siogate.fcgi"), ["--listen", socket],
      { cwd: "/", uid: isRoot ? uid : undefined, gid: isRoot ? gid : undefined, stdio: "ignore" }));
  running.push(spawn("/usr/sbin/apache2", ["-DFOREGROUND", "-d", apache, "-f", join(apache, "apache2.conf")], {
    detached: true, stdio: "ignore",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C", APACHE_RUN_USER: account, APACHE_CONFDIR: apache,
      APACHE_RUN_GROUP: account, APACHE_RUN_DIR: join(place, "server"), APACHE_LOCK_DIR: join(place, "server"),
      APACHE_PID_FILE: join(place, "server/pid"), APACHE_LOG_DIR: join(place, "log") },
  }));
  const ends = running.map((process) => new Promise((resolve) => process.once("exit", resolve)));
  const url = `http://127.0.0.1:${port}`;
  const host = { url, place, home, docroot, folder };
  host.logs = () => files(join(place, "log")).map((name) => readFileSync(join(place, "log", name), "utf8").slice(-3000)).join("");
  host.stop = async () => {
    running.forEach((process) => process.kill("SIGTERM"));
    await within(Promise.all(ends), "the host to stop");
    await until(() => listRunning(place).length === 0, "its programs to end");
    rmSync(place, { recursive: true, force: true });
  };
  let said = "";
  try {
    await until(async () => {
      const answer = await request(url, "/socket.io/?EIO=4&transport=polling").catch((error) => ({ body: String(error) }));
      said = `${answer.status} ${answer.body}`;
      return answer.status === 200;
    }, "a handshake");
  } catch (error) {
    const logs = host.logs();
    await host.stop();
    throw new Error(`${error.message}\n${said}\n${logs}`);
  }
  return host;
}

if (!archive)
  it("runs from the archive of make bundle", { skip: "SIOGATE_BUNDLE names no archive" }, () => {});

for (const form of archive ? Object.keys(FORMS) : []) {
  describe(`the bundle as ${form}`, () => {
    let host, began;

    before(async () => {
      began = Date.now();
      host = await startHost(form);
    });
    after(() => host?.stop());

    for (const version of Object.keys(clients))
      it(`serves client ${version}: acks and broadcasts`, async (t) => {
        const one = closing(t, await connect(version, host.url)), two = closing(t, await connect(version, host.url));
        assert.deepEqual(await ask(one, "echo", 1, "ü", { k: [] }), [1, "ü", { k: [] }]);
        const heard = [next(one, "broadcast"), next(two, "broadcast")];
        two.emit("broadcast", "to all");
        /* behind the arguments may come an offset for recovery */
        assert.deepEqual((await Promise.all(heard)).map((args) => args[0]), ["to all", "to all"]);
      });

    it("lets two browsers chat", async (t) => {
      const browser = await openBrowser();
      t.after(() => browser.close());
      const pages = [];
      for (const nick of ["Ann", "Bob"]) {
        const page = await visitor(browser, `${host.url}/`);
        await page.locator("#nick").fill(nick);
        await page.locator("#nick").press("Enter");
        await page.locator("#people", { hasText: nick }).waitFor();
        pages.push(page);
      }
      await pages[0].locator("#text").fill("hello from a folder");
      await pages[0].locator("#text").press("Enter");
      await pages[1].locator("#lines", { hasText: "hello from a folder" }).waitFor();
      assert.deepEqual(pages.flatMap((page) => page.complaints), []);
    });

    it("hands out nothing but the client script", async () => {
      const script = readFileSync(join(host.folder, "client/socket.io.min.js"));
      const served = await request(host.url, "/socket.io/socket.io.js");
      assert.equal(served.status, 200);
      assert.deepEqual(served.bytes, script);
      for (const name of [...files(host.folder), ".siogate/store.db", "../.siogate/", "client/", ""])
        for (const path of [`/socket.io/${name}`, `/socket.io//${name}`, `/socket.io/./${name}`]) {
          const answer = await request(host.url, path);
          const file = join(host.folder, name);
          assert.notEqual(`${path} ${answer.status}`, `${path} 500`);
          if (existsSync(file) && statSync(file).isFile() && statSync(file).size > 0)
            assert.ok(!answer.bytes.equals(readFileSync(file)), `${path} came back`);
          if (name !== "")
            assert.ok(answer.status >= 400, `${path} is answered with ${answer.status}`);
        }
    });

    it("says in a browser that it runs", async () => {
      const answer = await request(host.url, "/socket.io/", { headers: { Accept: "text/html" } });
      assert.match(answer.body, /siogate/);
    });

    it("writes nothing outside the document root and the home", async () => {
      /* right there: what lies deeper belongs to tests that run beside this one */
      const places = ["/tmp", "/var/tmp", "/dev/shm", "/var/www", "/run"].filter(existsSync);
      const find = () => spawnSync("find", [...places, "-maxdepth", "1", "-user", account, "-newermt",
        `@${began / 1000}`, "!", "-path", host.place, "-print"], { encoding: "utf8" }).stdout;
      /* what a server of theirs has there for the time of a request, goes by itself */
      if (isRoot)
        await until(() => find() === "", "").catch(() => assert.equal(find(), ""));
      assert.deepEqual(readdirSync(host.home).filter((name) => !name.endsWith(".sock")).sort(), [".siogate", "public_html"]);
      assert.equal(statSync(join(host.home, ".siogate")).mode & 0o777, 0o700);
    });
  });
}
