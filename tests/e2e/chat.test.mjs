/*
 * chat.test.mjs - the demo's page in a real browser, two people talking
 *
 * With SIOGATE_TEST_PICTURES set to a folder, pictures of the page are left there.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openBrowser, visitor } from "./lib/browser.mjs";
import { fronts, killAll, startFront } from "./lib/front.mjs";
import { startProxy } from "./lib/proxy.mjs";
import { until } from "./lib/wait.mjs";

const pictures = process.env.SIOGATE_TEST_PICTURES;
const need = createRequire(import.meta.url);
const mark = process.pid.toString(36);          /* names of this run */

async function introduce(page, nick) {
  await page.waitForSelector("#name-dialog[open]");
  await page.fill("#nick", nick);
  await page.press("#nick", "Enter");
  await page.waitForSelector("#name-dialog:not([open])", { state: "attached" });
  await sees(page, "#me-nick", nick);
}

/* Waits until some element of that kind says exactly this. */
function sees(page, selector, text) {
  return page.waitForFunction(([kind, wanted]) =>
    [...document.querySelectorAll(kind)].some((node) => node.textContent === wanted),
  [selector, text]);
}

function misses(page, selector, text) {
  return page.waitForFunction(([kind, unwanted]) =>
    [...document.querySelectorAll(kind)].every((node) => node.textContent !== unwanted),
  [selector, text]);
}

async function say(page, text) {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
  await page.waitForFunction(() => !document.querySelector(".pending"));
}

const lines = (page) => page.$$eval(".line .body", (nodes) => nodes.map((node) => node.textContent));

async function picture(page, name) {
  if (pictures)
    await page.screenshot({ path: join(pictures, `${name}.png`) });
}

for (const name of fronts("lighttpd", "apache-fcgid", "htaccess"))
  describe(`the chat on ${name}`, () => {
    let front, browser, ada, grace;
    const room = `room-${mark}`, adaNick = `Ada ${mark}`, graceNick = `Grace ${mark}`;
    before(async () => {
      /* One without siogate-ws, so that the page is seen polling, too. */
      front = await startFront(name, { ws: name !== "htaccess" });
      browser = await openBrowser();
      ada = await visitor(browser, `${front.url}/#${room}`);
      grace = await visitor(browser, `${front.url}/#${room}`, { colorScheme: "dark" });
    });
    after(async () => {
      await browser?.close();
      await front?.stop();
    });

    it("says that it is connected, and by what", async () => {
      await ada.waitForSelector('#state[data-state="online"]');
      if (name !== "given")
        await sees(ada, "#state-text", `online · ${front.sidecars().length > 0 ? "websocket" : "polling"}`);
      assert.match(await ada.textContent("#state-text"), /^online · (polling|websocket)$/);
    });

    it("shows who is here", async () => {
      await introduce(ada, adaNick);
      await introduce(grace, graceNick);
      await sees(ada, "#people .nick", graceNick);
      await sees(grace, "#people .nick", adaNick);
      assert.equal(await ada.textContent("#count"), "2");
    });

    it("refuses a name that somebody else has", async () => {
      await grace.click("#me");
      await grace.fill("#nick", adaNick);
      await grace.press("#nick", "Enter");
      await grace.waitForFunction(() => document.querySelector("#name-error").textContent !== "");
      await grace.click("#name-cancel");
      assert.equal(await grace.textContent("#me-nick"), graceNick);
    });

    it("brings messages to both, as they were written", async () => {
      await say(ada, "Good morning, Grace!");
      await sees(grace, ".line .body", "Good morning, Grace!");
      await say(grace, "<b>Two</b> lines\nand “quotes” & \u{1F469}\u200D\u{1F4BB}");
      await sees(ada, ".line .body", "<b>Two</b> lines\nand “quotes” & \u{1F469}\u200D\u{1F4BB}");
      assert.deepEqual(await lines(ada), await lines(grace));
      assert.equal(await ada.$(".line .body b"), null);
    });

    it("tells who is typing, until it is said", async () => {
      /* It is said now and then, and nobody keeps it for who is between two polls. */
      await until(async () => {
        await grace.type("#text", "I am thin");
        return await ada.textContent("#typing") === `${graceNick} is typing…`;
      }, "a word of her typing");
      await picture(ada, `${name}-light`);
      await picture(grace, `${name}-dark`);
      await say(grace, "I am thinking.");
      await sees(ada, "#typing", "");
      await sees(ada, ".line .body", "I am thinking.");
    });

    it("keeps rooms apart, and links to them", async () => {
      const other = `other-${mark}`;
      await ada.fill("#room-name", other);
      await ada.press("#room-name", "Enter");
      await sees(ada, "#room", other);
      await say(ada, "Nobody hears this.");
      assert.equal(new URL(ada.url()).hash, `#${other}`);
      await ada.goto(`${front.url}/#${room}`);
      await sees(ada, ".line .body", "I am thinking.");
      assert.ok(!(await lines(grace)).includes("Nobody hears this."));
    });

    it("has the history and the name after a reload", async () => {
      const before_ = await lines(grace);
      await grace.reload();
      await sees(grace, ".line .body", "I am thinking.");
      assert.deepEqual(await lines(grace), before_);
      await sees(grace, "#me-nick", graceNick);
      await sees(ada, "#people .nick", graceNick);
    });

    it("has the history after every process was killed", async (t) => {
      if (name === "given")
        return t.skip("these are not ours to kill");
      const before_ = await lines(ada);
      await killAll(front.responders());
      await ada.reload();
      await sees(ada, ".line .body", "I am thinking.");
      assert.deepEqual(await lines(ada), before_);
      await sees(ada, "#people .nick", graceNick);
      await say(ada, "Did you notice anything?");
      await sees(grace, ".line .body", "Did you notice anything?");
      await say(grace, "No. Why?");
      await sees(ada, ".line .body", "No. Why?");
    });

    it("says everything once although connections break under it", async () => {
      const road = await startProxy([Number(new URL(front.url).port)]);
      const nick = `Joan ${mark}`, said = [];
      const joan = await visitor(browser, `http://127.0.0.1:${road.port}/#${room}`);
      await introduce(joan, nick);
      for (let i = 0; i < 8; i++) {
        said.push(`Joan ${i}`);
        await joan.fill("#text", `Joan ${i}`);
        const sent = joan.press("#text", "Enter");
        road.cut();
        road.mend();
        await sent;
      }
      await joan.waitForFunction(() => !document.querySelector(".pending"));
      await sees(ada, ".line .body", "Joan 7");
      assert.deepEqual((await lines(ada)).filter((line) => line.startsWith("Joan ")), said);
      assert.deepEqual(joan.complaints, []);
      await joan.context().close();
      await road.close();
    });

    it("shows when somebody has gone", async () => {
      await sees(grace, ".line .body", "Joan 7");      /* what comes from now on is new to her */
      await grace.goto("about:blank");
      await misses(ada, "#people .nick", graceNick);
      await sees(ada, ".note", `${graceNick} left`);
    });

    it("is one person on several devices", async () => {
      const again = await ada.context().newPage();
      await again.goto(`${front.url}/#${room}`);
      await sees(again, "#me-nick", adaNick);
      await sees(ada, "#people .devices", "2 devices");
      const nicks = await ada.$$eval("#people .nick", (nodes) => nodes.map((node) => node.textContent));
      assert.equal(nicks.filter((nick) => nick === adaNick).length, 1);
      await picture(ada, `${name}-devices`);
      await again.close();
      await ada.waitForSelector("#people .devices", { state: "detached" });
    });

    it("shows what was said while one was away", async () => {
      await say(ada, "Grace, are you there?");
      await say(ada, "Well, later then.");
      await grace.goto(`${front.url}/#${room}`);
      await sees(grace, ".lines .away", "While you were away: 2 messages");
      await sees(grace, ".line .body", "Well, later then.");
      await picture(grace, `${name}-away`);
    });

    it("works in a narrow window", async () => {
      const phone = await visitor(browser, `${front.url}/#${room}`, { viewport: { width: 360, height: 640 }, hasTouch: true });
      await introduce(phone, `Phone ${mark}`);
      await phone.fill("#text", "From a small one.");
      await phone.tap(".send");
      await sees(ada, ".line .body", "From a small one.");
      await picture(phone, `${name}-phone`);
      const width = await phone.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= 360, `${width} pixels wide`);
      await phone.click("#drawer");
      await phone.waitForSelector("#people li", { state: "visible" });
      assert.deepEqual(phone.complaints, []);
      await phone.context().close();
    });

    it("complains about nothing and asks nobody else", () => {
      assert.deepEqual([...ada.complaints, ...grace.complaints], []);
    });

    for (const version of ["401", "313"])
      it(`serves the client of ${[...version].join(".")} by forced JSONP`, async () => {
        const bundle = readFileSync(join(need.resolve(`socket.io-client-${version}/package.json`), "../dist/socket.io.js"), "utf8");
        const context = await browser.newContext(), page = await context.newPage();
        await page.route("**/blank", (route) => route.fulfill({ contentType: "text/html", body: "<!DOCTYPE html><meta charset=utf-8>" }));
        await page.goto(`${front.url}/blank`);
        await page.addScriptTag({ content: bundle });
        const text = "Grüße \u{1F389} \"'\\ \n\r\u2028 </script> \\n";
        const answer = await page.evaluate(talkByJsonp, text);
        assert.deepEqual(answer, { text, bytes: [0, 1, 255], scripts: true, heard: [1, 2, 3] });
        await context.close();
      });
  });

/* Runs in the page. */
async function talkByJsonp(text) {
  const socket = window.io({ transports: ["polling"], forceJSONP: true });
  const ask = (...args) => new Promise((resolve) => socket.emit(...args, (...answer) => resolve(answer)));
  await new Promise((resolve) => socket.on("connect", resolve));
  const [back] = await ask("echo", text);
  const [[bytes]] = await ask("echo", [new Uint8Array([0, 1, 255]).buffer]);
  const heard = [], room = socket.id, done = new Promise((resolve) =>
    socket.on("word", (word) => heard.push(word) === 3 && resolve()));
  await ask("join", room);
  for (const word of [1, 2, 3])
    socket.emit("to", room, "word", word);
  await done;
  const scripts = performance.getEntriesByType("resource").some((entry) =>
    entry.initiatorType === "script" && entry.name.includes("j=0"));
  socket.disconnect();
  return { text: back, bytes: [...new Uint8Array(bytes)], scripts, heard };
}
