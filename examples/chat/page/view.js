/*
 * view.js - what the chat looks like: people, rooms, messages, drawn from data
 *
 * Everything here reads the state that chat.js keeps and changes only the
 * document.  Drawing twice is fine; what is there already is left alone.
 *
 * Must stay true:
 *   - what others wrote reaches the document as text, never as markup
 *
 * SPDX-License-Identifier: ISC
 */
"use strict";

const GROUP_MS = 5 * 60 * 1000;         /* lines of one person closer than this are one group */

const $ = (id) => document.getElementById(id);

function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className)
    node.className = className;
  node.append(...children);
  return node;
}

/* A person keeps a colour: a class c0..c7 by name. */
function colour(nick) {
  let sum = 0;
  for (const c of nick)
    sum = (sum * 31 + c.codePointAt(0)) >>> 0;
  return `c${sum % 8}`;
}

function initials(nick) {
  const words = nick.trim().split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [nick];
  return letters.map((w) => [...w][0] || "?").join("");
}

function avatar(nick) {
  const node = el("span", `avatar ${colour(nick)}`, initials(nick));
  node.setAttribute("aria-hidden", "true");
  return node;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

function dayOf(at) {
  return new Date(at).toDateString();
}

/* ---- drawing ------------------------------------------------------------- */

function drawAll() {
  drawRooms();
  drawPeople();
  drawTyping();
  drawLog();
  toBottom();
}

function drawRooms() {
  const counts = new Map(known.map((r) => [r.name, r.members]));
  const names = [...new Set([...known.map((r) => r.name), ...rooms.keys()])];
  $("rooms").replaceChildren(...names.map((name) => roomRow(name, counts.get(name))));
  const unread = [...rooms.values()].reduce((sum, r) => sum + r.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}#${current} · siogate chat`;
}

function roomRow(name, members) {
  const room = rooms.get(name), link = el("a", "", el("span", "name", name));
  link.href = `#${encodeURIComponent(name)}`;
  if (name === current)
    link.setAttribute("aria-current", "page");
  if (room && room.unread) {
    link.classList.add("unread");
    link.append(el("span", "badge", String(room.unread), el("span", "hidden", " new messages")));
  } else if (members) {
    link.append(el("span", "number", String(members), el("span", "hidden", " here")));
  }
  const row = el("li", "", link);
  if (room && name !== HOME)
    row.append(leaveButton(name));
  return row;
}

function leaveButton(name) {
  const button = el("button", "leave", "×");
  button.type = "button";
  button.setAttribute("aria-label", `Leave ${name}`);
  button.addEventListener("click", () => leave(name));
  return button;
}

function drawPeople() {
  const { members, devices } = roomOf(current);
  const nicks = [...members].sort((a, b) => a.localeCompare(b));
  $("count").textContent = nicks.length;
  $("people").replaceChildren(...nicks.map((nick) => el("li", "", avatar(nick),
    el("span", "nick", nick), devices.has(nick) ? el("small", "devices", `${devices.get(nick)} devices`) : "",
    nick === me.nick ? el("small", "", "you") : "")));
  $("me-nick").textContent = me.nick || "…";
  $("me").setAttribute("aria-label", me.nick ? `You are ${me.nick}. Change your name` : "Choose a name");
  $("me-avatar").className = `avatar ${colour(me.nick)}`;
  $("me-avatar").textContent = initials(me.nick || "?");
}

function drawTyping() {
  const nicks = [...roomOf(current).typing.keys()];
  const text = nicks.length === 0 ? "" :
    nicks.length === 1 ? `${nicks[0]} is typing…` :
    nicks.length === 2 ? `${nicks[0]} and ${nicks[1]} are typing…` :
    "Several people are typing…";
  if ($("typing").textContent !== text)
    $("typing").textContent = text;
}

/* Draws the room's messages.  The eye stays where it was: at the end, or (keep)
 * on what it reads when older lines come in above. */
function drawLog(keep = false) {
  const log = $("log"), room = roomOf(current), stick = atBottom();
  const below = log.scrollHeight - log.scrollTop;
  const old = new Map([...$("lines").children].map((node) => [node.dataset.key, node]));
  let before = null;
  const nodes = [], { missed } = room;
  for (const m of room.messages) {
    if (m.id === missed[0])
      nodes.push(reuse(old, `away ${missed.length}`, () => awayLine(missed.length)));
    if (!before || dayOf(before.at) !== dayOf(m.at))
      nodes.push(reuse(old, `day ${dayOf(m.at)}`, () => el("li", "day", dayName(m.at))));
    const more = before && !before.note && before.nick === m.nick && m.at - before.at < GROUP_MS &&
      dayOf(before.at) === dayOf(m.at);
    const key = `${m.id} ${more} ${m.pending} ${m.error} ${m.at} ${m.nick}`;
    nodes.push(reuse(old, key, () => m.note ? el("li", "note", m.text) : line(m, more)));
    before = m;
  }
  arrange($("lines"), nodes);
  $("empty").hidden = room.messages.some((m) => !m.note);
  if (keep)
    log.scrollTop = log.scrollHeight - below;
  else if (stick)
    toBottom();
}

function awayLine(n) {
  return el("li", "away", `While you were away: ${n} message${n > 1 ? "s" : ""}`);
}

function reuse(old, key, make) {
  const node = old.get(key) || make();
  node.dataset.key = key;
  return node;
}

/* Makes the children what they should be and touches only what differs, so that
 * a screen reader hears new lines only. */
function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children])
    if (!wanted.has(child))
      child.remove();
  nodes.forEach((node, i) => {
    if (parent.children[i] !== node)
      parent.insertBefore(node, parent.children[i] || null);
  });
}

function dayName(at) {
  const now = Date.now();
  return dayOf(at) === dayOf(now) ? "Today" :
    dayOf(at) === dayOf(now - 86400000) ? "Yesterday" : calendar.format(at);
}

function line(m, more) {
  const time = el("time", "", m.pending ? "sending…" : clock.format(m.at));
  time.dateTime = new Date(m.at).toISOString();
  time.title = exact.format(m.at);
  const body = el("div", "body");
  body.dir = "auto";
  body.title = exact.format(m.at);
  linked(body, m.text);
  const node = el("li", `line ${colour(m.nick)}`, avatar(m.nick),
    el("div", "head", el("span", "nick", m.nick), time), body);
  node.classList.toggle("more", Boolean(more));
  node.classList.toggle("mine", m.nick === me.nick);
  node.classList.toggle("pending", Boolean(m.pending));
  if (m.error) {
    node.classList.add("failed");
    node.append(el("p", "why", `Not sent: ${m.error}`));
  }
  return node;
}

/* Text with its web addresses as links; everything goes in as text. */
function linked(into, text) {
  let end = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]']/g)) {
    const link = el("a", "", found[0]);
    link.href = found[0];
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    into.append(text.slice(end, found.index), link);
    end = found.index + found[0].length;
  }
  into.append(text.slice(end));
}

function atBottom() {
  const log = $("log");
  return log.scrollHeight - log.scrollTop - log.clientHeight < 60;
}

function toBottom() {
  $("log").scrollTop = $("log").scrollHeight;
  $("down").hidden = true;
}

function openDrawer(open) {
  $("side").classList.toggle("open", open);
  $("drawer").setAttribute("aria-expanded", String(open));
  $("shade").hidden = !open;
}
