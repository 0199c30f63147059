/*
 * http.mjs - requests as raw as a test wants them
 *
 * No pooled connections, no added headers, no following: what a test says is what
 * goes out, one connection a request.
 *
 * SPDX-License-Identifier: ISC
 */
import http from "node:http";
import zlib from "node:zlib";
import { claims } from "./front.mjs";
import { until, within } from "./wait.mjs";

/*
 * {status, headers, body (text), json}.  Options: method, headers, body (string
 * or Buffer), signal, localAddress, onsocket (is told when the request has left).
 */
export function request(base, path, options = {}) {
  const { hostname, port } = new URL(base);
  const { method = "GET", headers = {}, body, signal, onsent, localAddress } = options;
  const done = new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
    const req = http.request({ hostname, port, path, method, agent: false, signal, localAddress,
      headers: { Connection: "close", ...length, ...headers } });
    req.on("error", reject);
    req.on("response", (res) => {
      const parts = [];
      res.on("error", reject);
      res.on("data", (part) => parts.push(part));
      res.on("end", () => resolve(answer(res, Buffer.concat(parts))));
    });
    if (onsent)
      req.on("finish", onsent);
    req.end(body);
  });
  return within(done, `${method} ${path}`, options.ms);
}

function answer(res, bytes) {
  const unzip = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync }[res.headers["content-encoding"]];
  const body = (unzip ? unzip(bytes) : bytes).toString("utf8");
  return { status: res.statusCode, headers: res.headers, bytes, body,
    get json() { return JSON.parse(body); } };
}

/* One Engine.IO session, driven by hand. */
export class Session {
  constructor(base, mount = "/socket.io/") {
    this.base = base;
    this.mount = mount;
    this.n = 0;
  }
  path(query = "") {
    const sid = this.sid ? `&sid=${this.sid}` : "";
    return `${this.mount}?EIO=4&transport=polling&t=e2e${this.n++}${sid}${query}`;
  }
  async open() {
    const res = await request(this.base, this.path());
    if (res.status !== 200 || res.body[0] !== "0")
      throw new Error(`handshake: ${res.status} ${res.body}`);
    this.greeting = JSON.parse(res.body.slice(1));
    this.sid = this.greeting.sid;
    return this;
  }
  get(options = {}) {
    return request(this.base, this.path(options.query), options);
  }
  post(body, options = {}) {
    return request(this.base, this.path(options.query), { method: "POST", body,
      ...options, headers: { "Content-Type": "text/plain;charset=UTF-8", ...options.headers } });
  }
  /*
   * A poll that waits at the server: {answer}.  The store tells that it got there;
   * where it cannot be asked, requests that left later and were answered are as
   * good as a proof.
   */
  async park(options = {}) {
    const before = claims(this.base);
    let answer;
    await new Promise((resolve, reject) => {
      answer = this.get({ ...options, onsent: resolve });
      answer.catch(reject);
    });
    if (before !== undefined)
      await until(() => claims(this.base) > before, "a claim for the poll");
    for (let i = 0; before === undefined && i < 4; i++)
      await request(this.base, `${this.mount}?EIO=4&transport=polling&sid=nobody`);
    return { answer };
  }
  /* Opens and joins the namespace. */
  async join(packet = "40") {
    await this.open();
    await this.post(packet);
    const res = await this.get();
    if (!res.body.startsWith(packet.replace(/\{.*/, "") + "{"))
      throw new Error(`CONNECT: ${res.status} ${res.body}`);
    return this;
  }
}
