/*
 * hostile.test.mjs - a page of another origin speaks with the cookies of a visitor
 *
 * A browser sends the visitor's cookies along with a form, a script element, a fetch
 * and a WebSocket of any page. The application must not take such a page for its
 * visitor, and the page must read nothing.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { section, startBackend } from "./lib/backend.mjs";
import { openBrowser } from "./lib/browser.mjs";
import { RawSocket } from "./lib/frames.mjs";
import { fronts, startFront } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { until } from "./lib/wait.mjs";

const evil = "http://evil.example";
const cookie = { Cookie: "sessionid=of-the-visitor" };
const SECRET_WORD = "what only the visitor may read";

/* As an application would: the word is for who is logged in. */
const plain = (batch) => ({ type, name }) => {
  const word = batch.headers.cookie ? SECRET_WORD : "nothing";
  if (type === "connect")
    return { effects: [{ emit: "hello", args: [word] }] };
  return name === "read" ? { effects: [{ ack: [word] }, { emit: "read", args: [word] }] } : {};
};

for (const name of fronts("lighttpd"))
  describe(`a hostile page, behind ${name}`, { skip: name === "given" }, () => {
    let front, backend;
    before(async () => {
      backend = await startBackend(plain);
      front = await startFront(name, { ws: true, conf: `slots = 0\ngenerations = eio4 eio3 v1 v0\n${section("/app", backend, "cookies = *\nheaders = authorization user-agent")}` });
    });
    after(async () => {
      await front?.stop();
      await backend?.stop();
    });

    const send = (path, headers, body) => request(front.url, `/socket.io/${path}`, { method: body === undefined ? "GET" : "POST", headers: { ...cookie, ...headers }, body });

    /* The application hears of it, and nothing of the visitor's; `seen`: what it heard before. */
    async function anonymous(seen, what) {
      const mine = await until(() => {
        const found = backend.batches.filter((batch) => !seen.has(batch) && batch.events.some((event) => event.name === what || event.type === what));
        return found.length > 0 && found;
      }, `the application to hear of ${what}`);
      for (const batch of mine) {
        seen.add(batch);
        assert.equal(batch.speaker, "anonymous");
        assert.equal(batch.headers.cookie, undefined);
        assert.doesNotMatch(JSON.stringify({ ...batch, headers: {} }), /of-the-visitor/);
      }
    }

    /* The page of the site itself, which opens a session and may speak as the visitor. */
    async function visitor() {
      const own = { Origin: front.url, "Sec-Fetch-Site": "same-origin" };
      const sid = JSON.parse((await send("?EIO=4&transport=polling", own)).body.slice(1)).sid;
      await send(`?EIO=4&transport=polling&sid=${sid}`, own, "40/app,");
      await until(async () => (await send(`?EIO=4&transport=polling&sid=${sid}`, own)).body.includes(SECRET_WORD), "the visitor to be greeted");
      return { sid, own };
    }

    it("that is the site's own is who the visitor is", visitor);

    it("reads no handshake: no origin but the site's own is allowed to", async () => {
      for (const headers of [{ Origin: evil, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors" }, { Origin: "null", "Sec-Fetch-Site": "cross-site" }]) {
        const answer = await send("?EIO=4&transport=polling", headers);
        assert.equal(answer.headers["access-control-allow-origin"], undefined);
        assert.equal(answer.headers["access-control-allow-credentials"], undefined);
        assert.equal(answer.status, 403);
        assert.doesNotMatch(answer.body, /sid/);
      }
    });

    it("posts a form, and is nobody to the application", async () => {
      const { sid } = await visitor(), state = new Set(backend.batches);
      for (const headers of [
        { Origin: evil, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Content-Type": "text/plain" },
        { Origin: "null", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Content-Type": "application/x-www-form-urlencoded" },
      ]) {
        const answer = await send(`?EIO=4&transport=polling&sid=${sid}`, headers, '42/app,["read"]');
        assert.equal(answer.status, 403, answer.body);
      }
      /* a browser that says neither is asked for a Referer, and believed no more */
      for (const headers of [{ "Content-Type": "text/plain", Referer: `${evil}/page` }, { "Content-Type": "text/plain" }]) {
        const answer = await send(`?EIO=4&transport=polling&sid=${sid}`, headers, '42/app,["read"]');
        assert.equal(answer.body, "ok");
        await anonymous(state, "read");
      }
    });

    it("takes a session by JSONP, and reads nothing of the visitor's with it", async () => {
      const state = new Set(backend.batches);
      const script = { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script", Referer: `${evil}/` };
      const opened = await send("?EIO=3&transport=polling&j=0", script);
      const sid = /sid\\":\\"([^\\]+)/.exec(opened.body)?.[1];
      assert.ok(sid, opened.body);
      const path = `?EIO=3&transport=polling&j=0&sid=${sid}`;
      const form = { ...script, "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate", "Content-Type": "application/x-www-form-urlencoded" };
      await send(path, form, `d=${encodeURIComponent("7:40/app,")}`);
      await anonymous(state, "connect");
      await send(path, form, `d=${encodeURIComponent('16:42/app,0["read"]')}`);
      await anonymous(state, "read");
      let read = "";
      await until(async () => (read += (await send(path, script)).body).includes("43\\/app,0"), "the answer");
      assert.doesNotMatch(read, new RegExp(SECRET_WORD));
      assert.match(read, /nothing/);
    });

    it("opens a WebSocket, and is refused or nobody", async (t) => {
      const upgrade = (origin) => `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${new URL(front.url).host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
        + `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${origin}Cookie: ${cookie.Cookie}\r\n\r\n`;
      for (const origin of [`Origin: ${evil}\r\n`, "Origin: null\r\n"]) {
        const raw = new RawSocket(front.url);
        t.after(() => raw.destroy());
        raw.send(upgrade(origin));
        const answer = await raw.answer();
        assert.equal(answer.status, 400);
        assert.match(answer.body, /Origin not allowed/);
      }
    });

    it("in Chromium: neither reads nor speaks as the visitor", async (t) => {
      const server = createServer((req, res) => res.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>evil</title>"));
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      t.after(() => server.close());
      const browser = await openBrowser();
      t.after(() => browser.close());
      const context = await browser.newContext();
      await context.addCookies([{ name: "sessionid", value: "of-the-visitor", url: front.url }]);
      const page = await context.newPage(), state = new Set(backend.batches);
      await page.goto(`http://localhost:${server.address().port}/`);
      const read = await page.evaluate(async (site) => {
        const got = [];
        got.push(await fetch(`${site}/socket.io/?EIO=4&transport=polling`, { credentials: "include" }).then((r) => r.text(), () => "refused"));
        got.push(await new Promise((done) => {
          const socket = new WebSocket(`${site.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
          socket.onmessage = ({ data }) => done(data);
          socket.onerror = () => done("refused");
        }));
        window.___eio = [(text) => got.push(text)];
        const script = (query) => new Promise((done) => {
          const element = document.createElement("script");
          element.onload = element.onerror = done;
          element.src = `${site}/socket.io/?EIO=3&transport=polling&j=0${query}`;
          document.head.append(element);
        });
        await script("");
        const sid = /"sid":"([^"]+)/.exec(got.at(-1))?.[1];
        if (!sid)
          return got;
        const post = (text) => {
          const form = document.createElement("form"), frame = document.createElement("iframe"), field = document.createElement("textarea");
          frame.name = form.target = `to${got.length}${text.length}`;
          form.method = "POST";
          form.action = `${site}/socket.io/?EIO=3&transport=polling&j=0&sid=${sid}`;
          field.name = "d";
          field.value = text;
          form.append(field);
          document.body.append(frame, form);
          return new Promise((done) => {
            frame.onload = done;
            form.submit();
          });
        };
        await post("7:40/app,");
        await post('16:42/app,0["read"]');
        return got;
      }, front.url);
      assert.deepEqual(read.slice(0, 2), ["refused", "refused"]);
      assert.doesNotMatch(read.join("\n"), new RegExp(SECRET_WORD));
      assert.match(read[2], /"sid"/);   /* a session of nobody's; and its forms say their Origin */
      assert.deepEqual(backend.batches.filter((batch) => !state.has(batch) && batch.speaker !== "none"), []);
    });
  });
