/*
 * v1.mjs - client 0.9.17, as its npm package is
 *
 * In node it polls through its own `xmlhttprequest` 1.4.2, and opens WebSockets
 * with its own `ws` 0.4.32, whose Origin is its server's host and port without a
 * scheme.  What node must be given so that these still run:
 *
 *   - `ws` was compiled for the node of then; without its binary it takes the
 *     JavaScript that it ships for that case
 *   - an event emitter's `off`, which our tests call, is its removeListener
 *
 * SPDX-License-Identifier: ISC
 */
import { createRequire } from "node:module";
import { DEADLINE, next } from "./wait.mjs";

const require = createRequire(import.meta.url);
const io = require("socket.io-client-0917");

/* Where the browser build lies. */
export const browserBuild = require.resolve("socket.io-client-0917/dist/socket.io.js");

const quick = { "force new connection": true, "reconnection delay": 50, "connect timeout": DEADLINE, "try multiple transports": false };

function adapted(socket) {
  socket.off = socket.removeListener;
  return socket;
}

/* A socket that is not connected yet; its disconnect() ends the connection, also
 * where the url names a namespace. */
export function openV1(url, transport, options = {}) {
  const socket = io.connect(url, { ...quick, ...options });
  socket.socket.options.transports = [transport];       /* the option would be mixed with the defaults */
  socket.disconnect = () => socket.socket.disconnect();
  return adapted(socket);
}

/* Another namespace on the connection of a socket. */
export function ofV1(socket, path) {
  return adapted(socket.socket.of(path));
}

export async function connectV1(url, transport, options = {}) {
  const socket = openV1(url, transport, options);
  try {
    await next(socket, "connect");
  } catch (error) {
    socket.disconnect();
    throw error;
  }
  return socket;
}
