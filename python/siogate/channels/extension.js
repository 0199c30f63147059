/*
 * extension.js - subscribe(channel) and unsubscribe(channel) for every client generation
 *
 * Socket.IO 0.6 has messages only and sends an array as several: a word and the channel
 * are a subscription there, and an array goes out in an object.  Later clients emit
 * events.
 *
 * SPDX-License-Identifier: ISC
 */
(function (io) {
  "use strict";
  if (!io || !io.Socket)
    return;

  function add(prototype, speak) {
    prototype.subscribe = function (channel) {
      speak(this, "subscribe", channel);
      return this;
    };
    prototype.unsubscribe = function (channel) {
      speak(this, "unsubscribe", channel);
      return this;
    };
  }

  if (io.connect) {
    add((io.SocketNamespace || io.Socket).prototype, function (socket, verb, channel) {
      socket.emit(verb, channel);
    });
    return;
  }

  var send = io.Socket.prototype.send;
  io.Socket.prototype.send = function (data) {
    return send.call(this, data instanceof Array ? { __array__: data } : data);
  };
  add(io.Socket.prototype, function (socket, verb, channel) {
    send.call(socket, ["__" + verb + "__", channel]);
  });
})(typeof io === "undefined" ? null : io);
