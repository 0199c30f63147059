/*
 * client.mjs - the stock clients, one of each generation's end
 *
 * 4.8.4 is today's; 4.0.1 knows no recovery and no maxPayload; 3.1.3 is the first
 * generation with this protocol.  Before it lies Engine.IO 3: of 2.x the last one
 * and one with other announced times, of 1.x one with the parser of 2014 and the
 * last one.  All of them are told to poll.
 *
 * SPDX-License-Identifier: ISC
 */
import { io as io484 } from "socket.io-client";
import io401 from "socket.io-client-401";
import io313 from "socket.io-client-313";
import io250 from "socket.io-client-250";
import io204 from "socket.io-client-204";
import io174 from "socket.io-client-174";
import io148 from "socket.io-client-148";
import { DEADLINE, next } from "./wait.mjs";

export const clients = { "4.8.4": io484, "4.0.1": io401.io, "3.1.3": io313.io };

export const oldClients = { "2.5.0": io250, "2.0.4": io204, "1.7.4": io174, "1.4.8": io148 };

const quick = {
  transports: ["polling"], forceNew: true,
  timeout: DEADLINE, reconnectionDelay: 50, reconnectionDelayMax: 400, randomizationFactor: 0.5,
};

/* A socket that is not connected yet. */
export function open(version, url, options = {}) {
  return (clients[version] ?? oldClients[version])(url, { ...quick, ...options });
}

/* A connected socket. */
export async function connect(version, url, options = {}) {
  const socket = open(version, url, options);
  try {
    await next(socket, "connect");
  } catch (error) {
    socket.disconnect();
    throw error;
  }
  return socket;
}

/* Emits and gives the arguments of the acknowledgement. */
export function ask(socket, event, ...args) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ack of "${event}"`)), DEADLINE);
    socket.emit(event, ...args, (...answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

/* Closes what a test opened; also at its failure. */
export function closing(t, ...sockets) {
  t.after(() => sockets.flat().forEach((socket) => socket.disconnect()));
  return sockets[0];
}
