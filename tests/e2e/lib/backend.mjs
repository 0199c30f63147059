/*
 * backend.mjs - an application for siogate to ask, on loopback, as a test wants it
 *
 * It checks every signature, keeps every batch, and answers what `answer(batch)`
 * gives: an object of effects by event, or a function that writes the response.
 * With a key and a certificate in `at` it speaks https.
 *
 * SPDX-License-Identifier: ISC
 */
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { once } from "node:events";

export const secret = "a secret of the tests";

export function sign(key, time, speaker, body) {
  return `v1=${createHmac("sha256", secret).update(`v1.${key}.${time}.${speaker}.`).update(body).digest("hex")}`;
}

export async function startBackend(answer, at = { host: "127.0.0.1", port: 0 }) {
  const batches = [];
  const server = (at.key ? createTlsServer : createServer)(at, async (request, response) => {
    const chunks = [];
    for await (const chunk of request)
      chunks.push(chunk);
    const body = Buffer.concat(chunks), head = request.headers;
    const good = sign(head["siogate-key"], head["siogate-timestamp"], head["siogate-speaker"], body) === head["siogate-signature"];
    const batch = { ...JSON.parse(body), headers: head, signed: good, from: request.socket.remotePort };
    batches.push(batch);
    if (!good)
      return response.writeHead(403).end();
    const said = await answer(batch, response);
    if (said === undefined || response.writableEnded)
      return undefined;
    const events = batch.events.map((event) => ({ n: event.n, ...said(event) }));
    return response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ siogate: 1, events }));
  });
  server.keepAliveTimeout = 30000;
  server.listen(at);
  await once(server, "listening");
  const address = server.address();
  return {
    batches,
    connect: typeof address === "string" ? address : `127.0.0.1:${address.port}`,
    events: () => batches.flatMap((batch) => batch.events),
    answer: (next) => { answer = next; },
    hangUp: () => server.closeIdleConnections(),
    stop: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }),
  };
}

/* Lines of siogate.conf. */
export const section = (nsp, backend, more = "") => `[backend ${nsp}]
url = http://app.example/siogate/
connect = ${backend.connect}
secret = ${secret}
${more}
`;
