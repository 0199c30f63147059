/*
 * examples.test.mjs - the small sites of examples/, each with its page in a browser
 *
 * Python's ones on one Apache, with mod_wsgi, beside the gateway under mod_fcgid; some (all
 * of them with SIOGATE_TEST_ALL) by `siogate.standalone`, as one tries them by hand:
 * siogate-ws in front, the application behind it. PHP's with PHP's own server behind
 * siogate-ws.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { openBrowser, visitor } from "./lib/browser.mjs";
import { all, fronts, startFront, top } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { environment, freePort, prefix, start } from "./lib/program.mjs";
import { openV0 } from "./lib/v0.mjs";
import { collect, until, within } from "./lib/wait.mjs";

/* The examples that share one Apache, with their namespaces. */
const TOGETHER = { wsgi_chat: ["/chat"], history: ["/history"], tictactoe: ["/tictactoe"], acks: ["/left", "/right"],
  graph: ["/graph"], publisher: ["/news"], webpy_chat: ["/"] };
const SECRET = "the secret of the examples", TOKEN = "0f1e2d3c4b5a6978";

async function startPython(name, folder) {
  const port = await freePort();
  const program = await start("/usr/bin/python3", ["-m", "siogate.standalone",
    resolve(top, "examples/python", `${name}.py`), String(port)],
  { env: environment(folder, { HISTORY_FILE: join(folder, "history.db") }) }, /^siogate: http/m);
  const conf = join(folder, "siogate.conf");
  writeFileSync(conf, `store = ${join(folder, "store")}\n`);
  return { ...program, conf, url: `http://127.0.0.1:${port}/` };
}

/* All of them in each process of the application: who is asked is in the address. */
const program = (folder) => `import os, sys
sys.dont_write_bytecode = True
sys.path[:0] = [${JSON.stringify(join(folder, "python"))}, ${JSON.stringify(join(folder, "examples"))}]
os.environ.update(SIOGATE_SECRET=${JSON.stringify(SECRET)}, SIOGATE_API_TOKEN=${JSON.stringify(TOKEN)},
                  HISTORY_FILE=${JSON.stringify(join(folder, "data/history.db"))})
sites = dict((name, __import__(name).application) for name in ${JSON.stringify(Object.keys(TOGETHER))})

def application(environ, start_response):
    os.environ["SIOGATE_API_URL"] = "http://127.0.0.1:%s/socket.io/siogate-api/" % environ["SERVER_PORT"]
    return sites[environ["SCRIPT_NAME"].strip("/")](environ, start_response)
`;

const site = (folder) => `LoadModule wsgi_module /usr/lib/apache2/modules/mod_wsgi.so
WSGISocketPrefix ${folder}/run/wsgi
WSGIDaemonProcess examples processes=4 threads=1
${Object.keys(TOGETHER).map((name) => `WSGIScriptAlias /${name} ${folder}/examples.wsgi process-group=examples application-group=%{GLOBAL}`).join("\n")}
<Directory "${folder}">
  Require all granted
</Directory>
`;

const sections = Object.entries(TOGETHER).flatMap(([name, namespaces]) => namespaces.map((nsp) => `[backend ${nsp}]
url = http://127.0.0.1:@PORT@/${name}/socket.io-app/
secret = ${SECRET}
timeout = 1m
cookies = *
values = *
`)).join("");

async function startApache() {
  const folder = mkdtempSync(join(tmpdir(), "sio-sites."));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "run"));
  mkdirSync(join(folder, "data"));
  chmodSync(join(folder, "data"), 0o777);
  cpSync(join(top, "examples/python"), join(folder, "examples"), { recursive: true });
  cpSync(join(top, "python/siogate"), join(folder, "python/siogate"), { recursive: true });
  writeFileSync(join(folder, "examples.wsgi"), program(folder));
  writeFileSync(join(folder, "site.conf"), site(folder));
  const conf = `modules =\napi = siogate-api\n${sections}[api python]\ntoken = ${TOKEN}\nrights = *\n`;
  try {
    const host = await startFront("apache-fcgid", { conf, env: { SIOGATE_DEMO_SITE: join(folder, "site.conf") } });
    return { ...host, stop: async () => {
      await host.stop();
      rmSync(folder, { recursive: true, force: true });
    } };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/* siogate-ws with PHP's own server behind it. */
async function startPhp(name, folder) {
  const [port, behind] = [await freePort(), await freePort()];
  const token = "e0d1c2b3a4958677", secret = "a secret for the guestbook";
  const conf = join(folder, "siogate.conf");
  writeFileSync(conf, `api = siogate-api\napp = http://127.0.0.1:${behind}
[backend /guestbook]\nurl = http://127.0.0.1:${behind}/guestbook.php\nsecret = ${secret}
[api php]\ntoken = ${token}\nrights = emit query\n`);
  const env = environment(folder, { PHP_CLI_SERVER_WORKERS: "4", SIOGATE_SECRET: secret,
    SIOGATE_API_URL: `http://127.0.0.1:${port}/siogate-api/`, SIOGATE_API_TOKEN: token,
    SIOGATE_PHP: join(top, "php/siogate.php"), GUESTBOOK_FILE: join(folder, "guestbook.txt") });
  const php = await start("php", ["-n", "-d", "allow_url_fopen=0", "-S", `127.0.0.1:${behind}`,
    join(top, "examples/php/guestbook.php")], { env, detached: true }, /started/);
  const ws = spawn(join(prefix, "bin/siogate-ws"), ["--config", conf, "--listen", `127.0.0.1:${port}`],
    { env, stdio: ["ignore", "ignore", "inherit"] });
  const url = `http://127.0.0.1:${port}/`, gone = new Promise((resolve) => ws.on("exit", resolve));
  const stop = async () => {
    ws.kill("SIGTERM");
    await within(gone, "siogate-ws to stop");
    await php.stop();
  };
  try {
    await until(() => request(url, "/socket.io/socket.io.js").then((answer) => answer.status === 200, () => false),
      "siogate-ws to answer");
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

const sees = (page, selector, text) => page.locator(selector, { hasText: text }).first().waitFor();

describe("the examples", () => {
  const isTogether = fronts("apache-fcgid").includes("apache-fcgid");
  let browser, apache;
  before(async () => {
    browser = await openBrowser();
    apache = isTogether ? await startApache() : null;
  });
  after(async () => {
    await browser?.close();
    await apache?.stop();
  });

  const onApache = async (name) => ({ url: `${apache.url}/${name}/`, conf: join(apache.run, ".siogate/siogate.conf"), stop: async () => {} });

  /* Two pages of one example. */
  function playAt(where, begin, name, sentence, play) {
    it(`${name}${where}: ${sentence}`, async (t) => {
      const place = mkdtempSync(join(tmpdir(), "sio-example."));
      let site;
      t.after(async () => {
        await site?.stop();
        rmSync(place, { recursive: true, force: true });
      });
      site = await begin(name, place);
      const pages = [await visitor(browser, site.url), await visitor(browser, site.url)];
      t.after(() => Promise.all(pages.map((page) => page.context().close())));
      await play(pages[0], pages[1], site, place);
      assert.deepEqual(pages.flatMap((page) => page.complaints), []);
    });
  }

  function example(name, sentence, play, begin = startPython) {
    const shares = isTogether && name in TOGETHER;
    if (shares)
      playAt(" on one Apache", onApache, name, sentence, play);
    if (!shares || name === "wsgi_chat" || all)
      playAt("", begin, name, sentence, play);
  }

  example("wsgi_chat", "two people talk in a room", async (anna, ben) => {
    for (const [page, name] of [[anna, "anna"], [ben, "ben"]]) {
      await sees(page, "#state", "connected");
      await page.fill("#name", name);
      await page.press("#name", "Enter");
      await sees(page, "#state", `${name} in lobby`);
    }
    await sees(anna, "#lines", "ben came");
    /* nobody keeps that for who is between two polls */
    await until(async () => {
      await anna.type("#text", "hello");
      return await ben.textContent("#typing") === "anna is typing";
    }, "a word of her typing");
    await anna.fill("#text", "hello <b>");
    await anna.press("#text", "Enter");
    await sees(ben, "#lines", "anna: hello <b>");
    await sees(anna, "#lines", "anna: hello <b>");
  });

  example("history", "who comes late reads what was said", async (anna, ben, site) => {
    await sees(anna, "#state", "connected");
    await anna.fill("#text", "the first");
    await anna.press("#text", "Enter");
    await sees(ben, "#lines", "somebody: the first");
    const late = await visitor(browser, site.url);
    await sees(late, "#lines", "somebody: the first");
    await late.close();
  });

  example("tictactoe", "two play to the end", async (one, two) => {
    for (const [page, text] of [[one, "you are X, wait"], [two, "you are O, X begins"]]) {
      await sees(page, "#state", "connected");
      await page.click("#sit button");
      await sees(page, "#state", text);
    }
    await sees(one, "#state", "you are X, X begins");
    const plays = [[one, 0, "X"], [two, 3, "O"], [one, 1, "X"], [two, 4, "O"], [one, 2, "X"]];
    for (const [page, field, mark] of plays) {
      await page.locator("#board button").nth(field).click();
      for (const each of [one, two])
        await until(async () => (await each.locator("#board button").nth(field).textContent()) === mark,
          `${mark} in field ${field}`);
    }
    await sees(one, "#lines", "X has won");
    await sees(two, "#lines", "X has won");
  });

  example("acks", "answers go both ways, and over to the other namespace", async (page) => {
    await sees(page, "#state", "connected");
    await sees(page, "#lines", "welcome to /right");
    await page.click("#add");
    await sees(page, "#lines", "5 and 6");
    await page.click("#ask");
    await sees(page, "#lines", "so you are 42");
    await page.click("#over");
    await sees(page, "#lines", "right: hello there");
    await page.click("#bye");
    await sees(page, "#state", "disconnected");
    await sees(page, "#lines", "good bye");
  });

  example("graph", "a value comes every second", async (page) => {
    await sees(page, "#state", "3 seconds");
  });

  example("publisher", "a view and cron speak to every page", async (one, two, site, place) => {
    for (const page of [one, two])
      await sees(page, "#state", "listening");
    const { origin, pathname } = new URL(site.url), answer = await request(origin, pathname, { method: "POST", body: "It rains" });
    assert.equal(answer.body, "2 pages were told\n");
    const headline = join(place, "headline");
    writeFileSync(headline, "It snows\n");
    const env = { PATH: `${join(prefix, "bin")}:${process.env.PATH}`, TICKER_FILE: headline, TICKER_CONFIG: site.conf };
    for (let i = 0; i < 2; i++)
      execFileSync(join(top, "examples/cron/ticker"), { env });
    for (const page of [one, two]) {
      await sees(page, "#lines", "It snows");
      assert.deepEqual(await page.$$eval("#lines li", (nodes) => nodes.map((node) => node.textContent)),
        ["It rains", "It snows"]);
    }
  });

  example("webpy_chat", "channels and patterns keep rooms apart", async (anna, ben) => {
    for (const [page, room] of [[anna, "hall"], [ben, "attic"]]) {
      await sees(page, "#state", "connected");
      await page.fill("#name", room);
      await page.fill("#room", room);
      await page.press("#room", "Enter");
      await sees(page, "#state", `in ${room}`);
    }
    await anna.fill("#text", "only here");
    await anna.press("#text", "Enter");
    await sees(anna, "#lines", "hall: only here");
    await ben.click("#porter");
    await sees(anna, "#lines", "The porter: Silence, please");
    await sees(ben, "#lines", "The porter: Silence, please");
    assert.doesNotMatch(await ben.textContent("#lines"), /only here/);
  });

  if (isTogether)
    it("webpy_chat on one Apache: a page of 2011 subscribes by the extension", async (t) => {
      const page = await openV0(apache.url, "xhr-polling"), said = collect(page, "message");
      t.after(() => page.disconnect());
      page.page.run(readFileSync(join(top, "python/siogate/channels/extension.js"), "utf8"));
      page.socket.send({ action: "say", text: "anybody?" });
      await said.reach(1);
      page.socket.subscribe("room-cellar");
      page.socket.send({ action: "name", name: "olga" });
      page.socket.send({ action: "say", text: "hello" });
      assert.deepEqual([...await said.reach(3)], [{ action: "lost" }, { action: "welcome", room: "cellar" },
        { action: "message", name: "olga", text: "hello" }]);
      page.socket.unsubscribe("room-cellar");
      page.socket.send(["an", "array"]);
      assert.deepEqual((await said.reach(4))[3], { action: "lost" });
    });

  it("the program of python/README.md does what a newcomer expects", async (t) => {
    const place = mkdtempSync(join(tmpdir(), "sio-example."));
    let site;
    t.after(async () => {
      await site?.stop();
      rmSync(place, { recursive: true, force: true });
    });
    const [, hello] = /```python\n([^]*?)```/.exec(readFileSync(join(top, "python/README.md"), "utf8"));
    writeFileSync(join(place, "hello.py"), hello);
    site = await startPython(join(place, "hello"), place);
    const pages = [await visitor(browser, site.url), await visitor(browser, site.url)];
    t.after(() => Promise.all(pages.map((page) => page.context().close())));
    for (const [i, page] of pages.entries()) {
      await page.fill("input", `line ${i}`);
      await page.press("input", "Enter");
      await sees(page, "#lines", `line ${i}`);
    }
    await sees(pages[0], "#lines", "line 1");
    assert.deepEqual(pages.flatMap((page) => page.complaints), []);
  });

  example("flask_first", "echo, everybody, rooms, and a counter in the background", async (one, two) => {
    const press = (page, event) => page.click(`[data-event=${event}] button`);
    for (const page of [one, two]) {
      await sees(page, "#lines", "connected");
      await sees(page, "#lines", /second \d/);
    }
    await press(one, "echo");
    await sees(one, "#lines li", /^hello$/);
    await press(one, "to_all");
    await sees(two, "#lines", "hello all");
    await press(two, "join");
    await sees(two, "#lines", "in a");
    await press(one, "to_room");
    await sees(two, "#lines", "hello room");
    assert.doesNotMatch(await one.textContent("#lines"), /hello room/);
    await press(one, "close");
    await sees(two, "#lines", "room a closes");
    await press(two, "disconnect_request");
    await sees(two, "#state", "disconnected");
  });

  example("guestbook.php", "a form writes, every page sees it, PHP answers a wave", async (one, two) => {
    for (const page of [one, two])
      await sees(page, "#state", "connected");
    await one.fill("[name=name]", "anna");
    await one.fill("[name=text]", "it was <nice>");
    await one.press("[name=text]", "Enter");
    await sees(two, "#lines", "anna: it was <nice>");
    await sees(one, "#lines", "anna: it was <nice>");
    await sees(one, "#state", "connected");
    await one.click("#wave");
    await sees(one, "#lines", "you waved");
    await sees(two, "#lines", "somebody waves");
  }, startPhp);
});
