/*
 * hixie.mjs - a WebSocket as browsers had it before RFC 6455
 *
 * Draft 76 with its keys, or draft 75 without, over a bare connection: no library
 * speaks them any more.  It is as strict as browsers were about the answer: the
 * place, the origin and the digest must be what it asked for.
 *
 * SPDX-License-Identifier: ISC
 */
import crypto from "node:crypto";
import { EventEmitter } from "node:events";
import net from "node:net";
import tls from "node:tls";

/* A number hidden among letters and blanks; the draft wants that done at random. */
function hiddenKey() {
  const blanks = 1 + crypto.randomInt(12), number = crypto.randomInt(Math.floor(0xffffffff / blanks));
  const letters = [...String(number * blanks)];
  const put = (text, from, to) => letters.splice(from + crypto.randomInt(Math.max(1, to - from)), 0, text);
  for (let i = 0; i < blanks; i++)
    put(" ", 1, letters.length);
  for (const letter of "!x~Q")
    put(letter, 0, letters.length);
  return { key: letters.join(""), number };
}

/*
 * Tells "open", "message" (text), "close" (whether the close frame was answered, or
 * said), "error" (with a status if it was refused).  Options: draft (76, 75), origin,
 * headers (more lines), place (what Location must be), ca (for wss).
 */
export class HixieSocket extends EventEmitter {
  constructor(url, { draft = 76, origin, headers = {}, place, ca } = {}) {
    super();
    const at = new URL(url), isSecure = at.protocol === "wss:";
    Object.assign(this, { draft, origin: origin ?? `http://${at.host}`, place: place ?? url, bytes: Buffer.alloc(0), state: "head" });
    this.tcp = isSecure ? tls.connect({ host: at.hostname, port: at.port, ca }) : net.connect({ host: at.hostname, port: at.port });
    this.tcp.on("data", (data) => this.came(data));
    this.tcp.on("error", (error) => this.emit("error", error));
    this.tcp.on("close", () => this.emit("close", this.state === "closed"));
    const lines = { Host: at.host, Connection: "Upgrade", Upgrade: "WebSocket", Origin: this.origin, ...headers };
    const keys = [hiddenKey(), hiddenKey()], behind = draft === 76 ? crypto.randomBytes(8) : Buffer.alloc(0);
    if (draft === 76)
      Object.assign(lines, { "Sec-WebSocket-Key1": keys[0].key, "Sec-WebSocket-Key2": keys[1].key });
    const proof = Buffer.alloc(8);
    keys.forEach(({ number }, i) => proof.writeUInt32BE(number, 4 * i));
    this.digest = crypto.createHash("md5").update(proof).update(behind).digest();
    const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    this.tcp.write(`GET ${at.pathname}${at.search} HTTP/1.1\r\n${head}\r\n`);
    setImmediate(() => this.tcp.write(behind));         /* they need not come together */
  }

  came(data) {
    this.bytes = Buffer.concat([this.bytes, data]);
    if (this.state === "head" && !this.opened())
      return;
    while (this.state === "open" && this.bytes.length > 0) {
      const end = this.bytes.indexOf(0xff);
      if (this.bytes[0] === 0xff && this.draft === 76) {
        if (this.bytes.length < 2)
          return;
        this.state = "closed";
        this.tcp.end(Buffer.from([0xff, 0]));
      } else if (this.bytes[0] !== 0) {
        this.broken(`a frame begins with ${this.bytes[0]}`);
      } else if (end < 0) {
        return;
      } else {
        const text = this.bytes.toString("utf8", 1, end);
        this.bytes = this.bytes.subarray(end + 1);
        this.emit("message", text);
      }
    }
  }

  /* The answer is there and as it must be. */
  opened() {
    const end = this.bytes.indexOf("\r\n\r\n"), length = this.draft === 76 ? 16 : 0;
    if (end < 0)
      return false;
    const [first, ...lines] = this.bytes.toString("latin1", 0, end).split("\r\n");
    const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s)));
    const prefix = this.draft === 76 ? "Sec-" : "", phrase = this.draft === 76 ? "WebSocket Protocol" : "Web Socket Protocol";
    if (!first.startsWith("HTTP/1.1 101 ")) {
      this.status = Number(first.split(" ")[1]);
      return this.broken(first);
    }
    if (this.bytes.length < end + 4 + length)
      return false;
    const seal = this.bytes.subarray(end + 4, end + 4 + length);
    if (first !== `HTTP/1.1 101 ${phrase} Handshake` || headers.Upgrade !== "WebSocket" || headers.Connection !== "Upgrade" ||
        headers[`${prefix}WebSocket-Origin`] !== this.origin || headers[`${prefix}WebSocket-Location`] !== this.place ||
        (this.draft === 76 && !seal.equals(this.digest)))
      return this.broken(`an answer no browser took: ${first} ${JSON.stringify(headers)}`);
    this.bytes = this.bytes.subarray(end + 4 + length);
    this.state = "open";
    this.emit("open");
    return true;
  }

  broken(why) {
    this.state = "broken";
    this.tcp.destroy();
    this.emit("error", Object.assign(new Error(why), { status: this.status }));
    return false;
  }

  send(text) {
    this.tcp.write(Buffer.concat([Buffer.from([0]), Buffer.from(text), Buffer.from([0xff])]));
  }

  /* Draft 76 says so and waits for the same; draft 75 hangs up. */
  close() {
    if (this.draft === 76 && this.state === "open")
      this.tcp.write(Buffer.from([0xff, 0]));
    else
      this.tcp.end();
  }

  terminate() {
    this.tcp.destroy();
  }
}
