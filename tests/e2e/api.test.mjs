/*
 * api.test.mjs - the HTTP API is what doc/openapi.json says, no more and no less
 *
 * Every example of the file is sent to the running gateway, and the answer is held
 * against the file; so are refusals.
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import Ajv2020 from "ajv/dist/2020.js";
import { closing, connect } from "./lib/client.mjs";
import { fronts, startFront, top } from "./lib/front.mjs";
import { request } from "./lib/http.mjs";
import { claims, secret, token } from "./lib/token.mjs";
import { DEADLINE, next } from "./lib/wait.mjs";

const spec = JSON.parse(readFileSync(join(top, "doc/openapi.json"), "utf8"));
const verbs = Object.entries(spec.paths).map(([path, { post }]) => ({ name: path.replace("/v1/", ""), post }));
const WORDS = { all: "a token that may everything", look: "a token that may look", speak: "a token that may speak", far: "a token for elsewhere" };

const conf = `
api = siogate-api
max_payload = 200k
[relay /news]
subscribe = *
[rooms /news]
names = lobby
presence = 5s
seen = 1h
keep = 10 / 1h
[token /news]
secret = ${secret}
[api all]
token = ${WORDS.all}
secret = ${secret}
rights = *
nsp = / /news
[api look]
token = ${WORDS.look}
rights = query
[api speak]
token = ${WORDS.speak}
rights = emit
[api far]
token = ${WORDS.far}
rights = *
nsp = /elsewhere
`;

/* A schema of the file, with what it refers to. */
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(spec, "openapi");
const checkers = new Map();
function holds(pointer, value, what) {
  if (!checkers.has(pointer))
    checkers.set(pointer, ajv.compile({ $ref: `openapi#${pointer}` }));
  const check = checkers.get(pointer);
  assert.ok(check(value), `${what}: ${JSON.stringify(value)}: ${ajv.errorsText(check.errors)}`);
}
const place = (name, rest) => `/paths/~1v1~1${name}/post/${rest}/content/application~1json/schema`;

for (const name of fronts("none", "lighttpd"))
  describe(`the API of ${name}`, { skip: name === "given" }, () => {
    let front;
    before(async () => { front = await startFront(name, { conf }); });
    after(() => front?.stop());

    const send = (verb, body, word = "all", headers = { Authorization: `Bearer ${WORDS[word]}` }, method = "POST") =>
      request(front.url, `/socket.io/siogate-api/v1/${verb}`, { method, headers, body: method === "GET" ? undefined : typeof body === "string" ? body : JSON.stringify(body) });

    /* Refused as the file says for this verb. */
    function refused(verb, answer, status, code) {
      const post = spec.paths[`/v1/${verb}`]?.post;
      assert.equal(answer.status, status, `${verb}: ${answer.body}`);
      assert.match(answer.headers["content-type"], /^application\/json/);
      if (post)
        assert.ok(post.responses[status], `${verb}: the file knows no ${status}`);
      holds("/components/schemas/Error", answer.json, verb);
      assert.equal(answer.json.error, code, answer.body);
      assert.ok(spec.components.responses[status].description.includes(`\`${code}\``) || status === 400, `${status} does not explain ${code}`);
    }

    it("answers every example of the file as the file says", async (t) => {
      const anna = closing(t, await connect("4.8.4", `${front.url}/news`, { auth: { token: token(claims("anna")) } }));
      await new Promise((resolve) => anna.emit("subscribe", "lobby", resolve));
      const heard = next(anna, "letter", () => true, 4 * DEADLINE);
      for (const { name: verb, post } of verbs) {
        const { examples } = post.requestBody.content["application/json"];
        assert.ok(Object.keys(examples).length > 0, `${verb} has no example`);
        for (const [what, { value }] of Object.entries(examples)) {
          holds(place(verb, "requestBody"), value, `${verb}, ${what}`);
          const answer = await send(verb, value);
          assert.equal(answer.status, 200, `${verb}, ${what}: ${answer.body}`);
          holds(place(verb, "responses/200"), answer.json, `${verb}, ${what}`);
        }
      }
      assert.deepEqual((await heard)[0], { from: "ben" });
      const value = (name, example) => spec.paths[`/v1/${name}`].post.requestBody.content["application/json"].examples[example].value;
      assert.deepEqual((await send("query", value("query", "a page"))).json.sockets.map(({ user }) => user), ["anna"]);
      assert.equal((await send("presence", value("presence", "a room"))).json.users[0].user, "anna");
      assert.equal((await send("seen", value("seen", "in a room"))).json.seen.here, true);
      assert.equal((await send("seen", value("seen", "a stranger"))).json.seen, null);
      assert.ok((await send("history", value("history", "the newest"))).json.events.some(({ event }) => event === "picture"));
    });

    it("has the verbs of the file and no others", async () => {
      const answer = await send("sing", {});
      refused("sing", answer, 404, "verb");
      assert.deepEqual(answer.json.text.split(": ")[1].split(", ").sort(), verbs.map((verb) => verb.name).sort());
    });

    it("refuses what the file does not allow", async () => {
      for (const { name: verb, post } of verbs) {
        const { schema, examples } = post.requestBody.content["application/json"];
        const [{ value: good }] = Object.values(examples);
        refused(verb, await send(verb, "[]"), 400, "json");
        refused(verb, await send(verb, "{"), 400, "json");
        refused(verb, await send(verb, { ...good, nsp: "news" }), 400, "nsp");
        refused(verb, await send(verb, {}, "all", undefined, "GET"), 400, "method");
        refused(verb, await send(verb, { ...good, pad: "x".repeat(201 * 1024) }), 413, "size");
        for (const member of schema.required ?? []) {
          const less = { ...good };
          delete less[member];
          const answer = await send(verb, less);
          refused(verb, answer, 400, answer.json.error);
        }
        for (const member of ["who", "to"])
          if (schema.properties[member])
            refused(verb, await send(verb, { ...good, [member]: "somebody:else" }), 400, "selector");
      }
    });

    it("gives a long history in portions, whatever is asked for", async () => {
      for (let k = 0; k < 3; k++) {
        const effects = Array.from({ length: 400 }, (_, i) => ({ emit: "said", args: [k * 400 + i], to: "room:long", keep: { ms: 3600000, count: 100000 } }));
        assert.equal((await send("batch", { nsp: "/news", effects })).status, 200);
      }
      const read = async (body) => (await send("history", { nsp: "/news", room: "long", limit: 1e9, ...body })).json.events;
      const first = await read({ after: 1 });
      assert.deepEqual(first.map(({ args: [i] }) => i), Array.from({ length: 1000 }, (_, i) => i));
      assert.deepEqual((await read({ after: first.at(-1).seq })).map(({ args: [i] }) => i), Array.from({ length: 200 }, (_, i) => i + 1000));
      const newest = await read({});
      assert.deepEqual([newest.length, newest.at(-1).args[0]], [1000, 1199]);
      const found = await send("presence", { nsp: "/news", room: "r".repeat(100000) });
      assert.deepEqual(found.json, { users: [] });
    });

    it("lets a token do what its section says, in the file's words", async () => {
      for (const { name: verb, post } of verbs) {
        const [{ value: good }] = Object.values(post.requestBody.content["application/json"].examples);
        refused(verb, await send(verb, good, post["x-siogate-right"] === "query" ? "speak" : "look"), 403, "rights");
        refused(verb, await send(verb, { ...good, nsp: "/news" }, "far"), 403, "rights");
        assert.ok(post.description.includes(`Right: \`${post["x-siogate-right"]}\``), verb);
      }
      refused("batch", await send("batch", { nsp: "/news", effects: [{ join: "x", who: "*" }] }, "speak"), 403, "rights");
    });

    it("takes a signature for a token, once", async () => {
      const body = JSON.stringify({ nsp: "/news", event: "signed" }), time = Math.floor(Date.now() / 1000), key = `key ${process.pid}`;
      const sign = (when) => ({ "Siogate-Token": "all", "Siogate-Key": key, "Siogate-Timestamp": String(when),
        "Siogate-Signature": `v1=${createHmac("sha256", secret).update(`v1.${key}.${when}.api/emit.${body}`).digest("hex")}` });
      assert.deepEqual(Object.values(spec.components.securitySchemes).flatMap((s) => s.in === "header" ? [s.name] : []).sort(), Object.keys(sign(time)).sort());
      assert.equal((await send("emit", body, "all", sign(time))).status, 200);
      refused("emit", await send("emit", body, "all", sign(time)), 403, "replay");
      refused("emit", await send("emit", body, "all", sign(time - 1000)), 401, "token");
    });

    it("knows nobody without a token, and believes no guesser for long", async () => {
      const answers = [];
      for (let i = 0; i < 12; i++)
        answers.push(await send(verbs[i % verbs.length].name, {}, "all", i % 2 ? {} : { Authorization: `Bearer guess number ${i}` }));
      refused("emit", answers[0], 401, "token");
      refused("emit", answers[1], 401, "token");
      refused("emit", answers.at(-1), 429, "guessing");
      assert.match(answers.at(-1).headers["retry-after"], /^\d+$/);
      assert.equal((await send("cursor", {}, "all")).status, 200, "a right token from the same address");
    });
  });
