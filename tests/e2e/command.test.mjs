/*
 * command.test.mjs - what the siogate command says to live clients, and hears
 *
 * SPDX-License-Identifier: ISC
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fresh } from "./lib/cases.mjs";
import { ask, closing, connect } from "./lib/client.mjs";
import { command, startFront } from "./lib/front.mjs";

describe("siogate emit --wait", () => {
  let front;
  before(async () => { front = await startFront("lighttpd"); });
  after(() => front?.stop());

  it("prints the bytes in each client's ack", async (t) => {
    const room = fresh("room"), bytes = Buffer.from([0, 1, 2, 255]);
    const hear = async (answer) => {
      const socket = closing(t, await connect("4.8.4", front.url));
      socket.on("status", (text, done) => done(...answer));
      await ask(socket, "join", room);
    };
    await hear([{ screen: bytes }, Buffer.from("x")]);
    await hear(["nothing"]);
    const said = JSON.parse(await command(front, "--json", "--wait=1m", "emit", `room:${room}`, "status", "1"));
    const placeholder = (num) => ({ _placeholder: true, num });
    const binary = said.answers.findIndex((args) => args.length === 2);
    assert.equal(said.sockets, 2);
    assert.deepEqual(said.answers[binary], [{ screen: placeholder(0) }, placeholder(1)]);
    assert.deepEqual(said.answers[1 - binary], ["nothing"]);
    assert.deepEqual(said.attachments[binary], [bytes.toString("base64"), "eA=="]);
    assert.deepEqual(said.attachments[1 - binary], []);

    const lines = (await command(front, "--wait=1m", "emit", `room:${room}`, "status", "1")).trimEnd().split("\n");
    assert.equal(lines.length, 2);
    assert.equal(JSON.parse(lines[0]).length, 2);
    assert.deepEqual(JSON.parse(lines[1].replace(/^attachments /, "")).flat().sort(), [bytes.toString("base64"), "eA=="]);
  });
});
