/*
 * frames.mjs - WebSocket frames by hand, wrong ones too
 *
 * No WebSocket library: each of them refuses to send what a test wants to know
 * about, and none lets it choose where the bytes are cut.
 *
 * SPDX-License-Identifier: ISC
 */
import crypto from "node:crypto";
import net from "node:net";
import tls from "node:tls";
import { within } from "./wait.mjs";

export const OP = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/*
 * A client's frame.  Options: fin, rsv (0 to 7), masked, size (7, 16 or 64 bits for
 * the length; else the shortest), length (the length that is claimed).
 */
export function frame(op, payload = "", { fin = true, rsv = 0, masked = true, size = 0, length } = {}) {
  const data = Buffer.from(payload), n = BigInt(length ?? data.length);
  const bits = size || (n < 126n ? 7 : n < 65536n ? 16 : 64);
  const head = Buffer.alloc(2 + { 7: 0, 16: 2, 64: 8 }[bits]);
  head[0] = (fin ? 0x80 : 0) | rsv << 4 | op;
  head[1] = (masked ? 0x80 : 0) | { 7: Number(n & 127n), 16: 126, 64: 127 }[bits];
  if (bits === 16)
    head.writeUInt16BE(Number(n), 2);
  else if (bits === 64)
    head.writeBigUInt64BE(n, 2);
  if (!masked)
    return Buffer.concat([head, data]);
  const mask = crypto.randomBytes(4);
  for (let i = 0; i < data.length; i++)
    data[i] ^= mask[i % 4];
  return Buffer.concat([head, mask, data]);
}

export const text = (payload, options) => frame(OP.text, payload, options);
export const ping = (payload, options) => frame(OP.ping, payload, options);
export const pong = (payload, options) => frame(OP.pong, payload, options);

export function close(code, reason = "", options = {}) {
  const bytes = Buffer.from(reason);
  return frame(OP.close, code === undefined ? bytes : Buffer.concat([Buffer.from([code >> 8, code & 255]), bytes]), options);
}

/* A message in so many fragments. */
export function fragments(op, payload, n, options = {}) {
  const data = Buffer.from(payload), step = Math.ceil(data.length / n) || 1, list = [];
  for (let i = 0; i < n; i++)
    list.push(frame(i === 0 ? op : OP.more, data.subarray(i * step, (i + 1) * step),
      { fin: i === n - 1, ...(i === 0 ? options : {}) }));
  return list;
}

const isWord = (word) => typeof word === "string";

/*
 * One connection: bytes out, the answer's head and frames in.  A frame is
 * {op, fin, rsv, payload}; `ended` is what frame() gives when the peer's end came.
 */
export class RawSocket {
  constructor(url, { secure = url.startsWith("https:"), ca, ...more } = {}) {
    const { hostname, port } = new URL(url);
    this.host = `${hostname}:${port}`;
    this.socket = secure ? tls.connect({ port, host: hostname, ca, ALPNProtocols: ["http/1.1"], ...more }) :
      net.connect({ port, host: hostname, noDelay: true, ...more });
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    this.waiting = [];
    this.socket.on("data", (bytes) => {
      this.bytes = Buffer.concat([this.bytes, bytes]);
      this.look();
    });
    for (const event of ["end", "close", "error"])
      this.socket.on(event, () => {
        this.ended = true;
        this.look();
      });
  }

  look() {
    for (const wake of this.waiting.splice(0))
      wake();
  }

  more(what) {
    return within(new Promise((resolve) => this.waiting.push(resolve)), what);
  }

  /* Strings go as Latin-1, so that a request may hold any byte. */
  send(...pieces) {
    this.socket.write(Buffer.concat(pieces.flat().map((piece) => (isWord(piece) ? Buffer.from(piece, "latin1") : piece))));
  }

  /* Each in a write of its own, after the kernel has taken the one before. */
  async drip(bytes, step = 1) {
    for (let i = 0; i < bytes.length; i += step)
      await new Promise((resolve) => this.socket.write(bytes.subarray(i, i + step), resolve));
  }

  /* An HTTP answer: {status, headers, body}; after a 101 frames follow. */
  async answer() {
    let end;
    while ((end = this.bytes.indexOf("\r\n\r\n")) === -1) {
      if (this.ended)
        throw new Error(`no answer but: ${this.bytes}`);
      await this.more("the head of an answer");
    }
    const lines = this.bytes.subarray(0, end).toString("latin1").split("\r\n");
    const headers = Object.fromEntries(lines.slice(1).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    const status = Number(lines[0].split(" ")[1]);
    const n = status === 101 ? 0 : Number(headers["content-length"] ?? 0);
    while (this.bytes.length < end + 4 + n && !this.ended)
      await this.more("the body of an answer");
    const body = this.bytes.subarray(end + 4, end + 4 + n).toString();
    this.bytes = this.bytes.subarray(end + 4 + n);
    return { status, headers, body };
  }

  /* The next frame; undefined: there is no more. */
  async frame() {
    for (;;) {
      const b = this.bytes, short = b.length > 1 ? b[1] & 127 : 0;
      const head = 2 + { 126: 2, 127: 8 }[short] || 2;
      if (b.length >= head) {
        const n = short === 126 ? b.readUInt16BE(2) : short === 127 ? Number(b.readBigUInt64BE(2)) : short;
        if (b[1] & 0x80)
          throw new Error("a server masks nothing");
        if (b.length >= head + n) {
          this.bytes = b.subarray(head + n);
          return { op: b[0] & 15, fin: (b[0] & 0x80) !== 0, rsv: b[0] >> 4 & 7, payload: b.subarray(head, head + n) };
        }
      }
      if (this.ended)
        return undefined;
      await this.more("a frame");
    }
  }

  /* Everything up to the end, as words: "text ...", "pong ...", "close CODE". */
  async rest() {
    const heard = [];
    for (let got; (got = await this.frame()) !== undefined;)
      heard.push(describe(got));
    return heard;
  }

  destroy() {
    this.socket.destroy();
  }
}

export function describe({ op, payload }) {
  const name = Object.keys(OP).find((key) => OP[key] === op);
  if (op === OP.close)
    return payload.length < 2 ? "close" : `close ${payload.readUInt16BE(0)}`;
  return payload.length === 0 ? name : `${name} ${op === OP.binary ? payload.toString("hex") : payload}`;
}

export const KEY = "dGhlIHNhbXBsZSBub25jZQ==", ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/* A request to upgrade; a header that is null is left out. */
export function upgradeRequest(host, { method = "GET", path = "/socket.io/?EIO=4&transport=websocket", version = "1.1", headers = {} } = {}) {
  const all = { Host: host, Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13", ...headers };
  return `${method} ${path} HTTP/${version}\r\n${Object.entries(all).filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/* A WebSocket whose handshake was answered. */
export async function openRaw(url, options = {}) {
  const raw = new RawSocket(url, options.tls);
  raw.send(upgradeRequest(raw.host, options));
  raw.opened = await raw.answer();
  if (raw.opened.status !== 101)
    throw new Error(`no upgrade: ${raw.opened.status} ${raw.opened.body}`);
  return raw;
}

/* ... and that has joined the namespace. */
export async function joinRaw(url, options = {}) {
  const raw = await openRaw(url, options);
  await raw.frame();
  raw.send(text("40"));
  await raw.frame();
  return raw;
}
