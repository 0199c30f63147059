/*
 * doors.mjs - what a site does with users, through each door in its own words
 *
 * A door is an object with a function for each row of the table in doc/users.md that
 * it has; the functions of one row take and give the same.  `enter(user)` is a new
 * connection of that user where the door can speak; `close()` ends what it started.
 *
 * SPDX-License-Identifier: ISC
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ask, connect } from "./client.mjs";
import { command, top } from "./front.mjs";
import { request } from "./http.mjs";

const HOUR = 3600000;
const words = (events) => events.map(({ args: [word] }) => word);
const names = (users) => users.map(({ user }) => user);

/* A connection without a token, which the application binds to a user. */
async function enter(url, nsp, user, bind) {
  const socket = await connect("4.8.4", url + nsp);
  await bind(socket, user);
  return socket;
}
const iam = (socket, user) => ask(socket, "iam", user);

/* ---- a C module: a client of tests/e2e/modules/people.c asks it to ------------------- */

export function moduleDoor(url, clerk) {
  const say = async (...args) => (await ask(clerk, ...args))[0];
  return {
    enter: (user) => enter(url, "/open", user, iam),
    emit: (user, word) => say("tell", user, word),
    disconnect: (user) => say("out", user),
    join: (user, room) => say("put", `user:${user}`, room),
    leave: (user, room) => say("take", `user:${user}`, room),
    rooms: async (room) => (await say("rooms", room))[0]?.members ?? 0,
    query: async (who) => names(await say("who", who)),
    presence: async (room) => names(await say("here", room)),
    seen: (room, user) => say("seen", room, user),
    mail: (user, word) => say("mail", user, word),
    keep: (room, word) => say("keep", room, word),
    history: async (room, after) => words(await say("past", room, after)),
    cursor: () => say("cursor"),
    acl: (user) => say("list", `user:${user}`),
    set: (user, list) => say("acl", "set", `user:${user}`, list.join(" ")),
    add: (user, list) => say("acl", "add", `user:${user}`, list.join(" ")),
    remove: (user, list) => say("acl", "remove", `user:${user}`, list.join(" ")),
    forget: (user) => say("acl", "set", `user:${user}`, null),
    ask: (user, room) => say("ask", user, room),
    questions: () => say("questions"),
  };
}

/* ---- an HTTP backend: it answers a client with the effects that it is given ---------- */

export function backendDoor(url, clerk) {
  const will = (...effects) => ask(clerk, "do", effects);
  const acl = (user, change) => will({ acl: `user:${user}`, ...change });
  return {
    enter: (user) => enter(url, "/asked", user, (socket) => ask(socket, "do", [{ user }])),
    emit: (user, word) => will({ emit: "told", args: [word], to: `user:${user}` }),
    disconnect: (user) => will({ disconnect: `user:${user}` }),
    join: (user, room) => will({ join: room, who: `user:${user}` }),
    leave: (user, room) => will({ leave: room, who: `user:${user}` }),
    mail: (user, word) => will({ emit: "letter", args: [word], to: `user:${user}`, mail: { ms: HOUR, count: 10 } }),
    keep: (room, word) => will({ emit: "said", args: [word], to: `room:${room}`, keep: { ms: HOUR, count: 10 } }),
    set: (user, list) => acl(user, { set: list }),
    add: (user, list) => acl(user, { add: list }),
    remove: (user, list) => acl(user, { remove: list }),
    forget: (user) => acl(user, { forget: true }),
    ask: (user, room) => will({ emit: "question", args: [], to: `user:${user}`,
      ask: { name: "answered", context: [room], timeout: HOUR } }),
  };
}

/* ---- the command ---------------------------------------------------------------------- */

export function commandDoor(url, front) {
  const say = (...args) => command(front, "--nsp", "/open", ...args);
  /* "Nobody is meant", or nothing is there, is an answer, too. */
  const look = async (...args) => JSON.parse(await say("--json", ...args).catch((error) => error.code === 3 ? error.stdout : Promise.reject(error)));
  const nobody = (promise) => promise.catch((error) => error.code === 3 ? undefined : Promise.reject(error));
  const acl = (user, ...change) => say("acl", `user:${user}`, ...change);
  return {
    enter: (user) => enter(url, "/open", user, iam),
    emit: (user, word) => say("--string", "emit", `user:${user}`, "told", word),
    disconnect: (user) => say("disconnect", `user:${user}`),
    join: (user, room) => say("join", `user:${user}`, room),
    leave: (user, room) => say("leave", `user:${user}`, room),
    rooms: async (room) => (await look("rooms")).find((one) => one.room === room)?.members ?? 0,
    query: async (who) => names(await look("sockets", who)),
    presence: async (room) => names(await look("presence", room)),
    seen: (room, user) => look("seen", user, room),
    mail: (user, word) => nobody(say("--mail", "10/1h", "--string", "emit", `user:${user}`, "letter", word)),
    keep: (room, word) => nobody(say("--keep", "10/1h", "--string", "emit", `room:${room}`, "said", word)),
    history: async (room, after) => words(await look("--after", String(after), "history", room)),
    cursor: async () => (await look("cursor")).seq,
    acl: async (user) => (await look("acl")).find(({ of }) => of === `user:${user}`)?.names ?? null,
    set: (user, list) => acl(user, "set", ...list),
    add: (user, list) => acl(user, "add", ...list),
    remove: (user, list) => acl(user, "remove", ...list),
    forget: (user) => acl(user, "forget"),
    ask: (user, room) => say("--ask", "answered", "--context", JSON.stringify([room]), "--wait=1h", "emit", `user:${user}`, "question"),
    questions: () => look("questions"),
  };
}

/* ---- the HTTP API --------------------------------------------------------------------- */

export function apiDoor(url, bearer, nsp = "/open") {
  const post = async (verb, body) => {
    const answer = await request(url, `/socket.io/siogate-api/v1/${verb}`, { method: "POST",
      headers: { Authorization: `Bearer ${bearer}` }, body: JSON.stringify({ nsp, ...body }) });
    if (answer.status !== 200)
      throw new Error(`${verb}: ${answer.body}`);
    return answer.json;
  };
  const acl = async (user, change) => (await post("acl", { of: `user:${user}`, ...change })).names;
  return {
    enter: (user) => enter(url, "/open", user, iam),
    emit: (user, word) => post("emit", { to: `user:${user}`, event: "told", args: [word] }),
    disconnect: (user) => post("disconnect", { who: `user:${user}` }),
    join: (user, room) => post("join", { who: `user:${user}`, room }),
    leave: (user, room) => post("leave", { who: `user:${user}`, room }),
    rooms: async (room) => (await post("rooms", {})).rooms.find((one) => one.room === room)?.members ?? 0,
    query: async (who) => names((await post("query", { who })).sockets),
    presence: async (room) => names((await post("presence", { room })).users),
    seen: async (room, user) => (await post("seen", { room, user })).seen,
    mail: (user, word) => post("emit", { to: `user:${user}`, event: "letter", args: [word], mail: { ms: HOUR, count: 10 } }),
    keep: (room, word) => post("emit", { to: `room:${room}`, event: "said", args: [word], keep: { ms: HOUR, count: 10 } }),
    history: async (room, after) => words((await post("history", { room, after })).events),
    cursor: async () => (await post("cursor", {})).seq,
    acl: (user) => acl(user, {}),
    set: (user, list) => acl(user, { set: list }),
    add: (user, list) => acl(user, { add: list }),
    remove: (user, list) => acl(user, { remove: list }),
    forget: (user) => acl(user, { forget: true }),
    ask: (user, room) => post("emit", { to: `user:${user}`, event: "question", ask: { name: "answered", context: [room], timeout: HOUR } }),
    questions: async () => (await post("questions", {})).questions,
  };
}

/* ---- Python and PHP: a program that takes lines of its language, with names ------------ */

const PYTHON = `
import json, sys
import siogate
out = siogate.Emitter(sys.argv[1], token=sys.argv[2], nsp="/open")
for text in iter(sys.stdin.readline, ""):
    given = json.loads(text)
    value = eval(given.pop("line"), dict(given, out=out))
    print(json.dumps(getattr(value, "body", value)), flush=True)
`;

const PHP = `
require getenv("SIOGATE_PHP");
$out = new SiogateApi($argv[1], ["token" => $argv[2], "nsp" => "/open"]);
while (($text = fgets(STDIN)) !== false) {
  extract(json_decode($text, true));
  $value = eval("return $line;");
  echo json_encode($value instanceof Traversable ? iterator_to_array($value, false) : $value), "\\n";
}
`;

/* say(line, given): what the line is worth; one after the other. */
function program(command, args, env) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const say = async (line, given) => {
    child.stdin.write(`${JSON.stringify({ ...given, line })}\n`);
    const { value, done } = await lines.next();
    if (done)
      throw new Error(`${command} ended at: ${line}`);
    return JSON.parse(value);
  };
  return { say, close: () => child.stdin.end() };
}

const enters = (url) => ({ enter: (user) => enter(url, "/open", user, iam) });

export function pythonDoor(url, bearer) {
  const { say, close } = program("python3", ["-c", PYTHON, `${url}/socket.io/siogate-api/`, bearer], { PYTHONPATH: join(top, "python") });
  return {
    close,
    ...enters(url),
    emit: (user, word) => say("out.emit('told', word, to='user:' + user)", { user, word }),
    disconnect: (user) => say("out.disconnect('user:' + user)", { user }),
    join: (user, room) => say("out.join(room, 'user:' + user)", { user, room }),
    leave: (user, room) => say("out.leave(room, 'user:' + user)", { user, room }),
    rooms: (room) => say("sum(one['members'] for one in out.rooms() if one['room'] == room)", { room }),
    query: (who) => say("[one['user'] for one in out.query(who)]", { who }),
    presence: (room) => say("[one['user'] for one in out.presence(room)]", { room }),
    seen: (room, user) => say("out.seen(user, room)", { room, user }),
    mail: (user, word) => say("out.emit('letter', word, to='user:' + user, mail={'ms': 3600000, 'count': 10})", { user, word }),
    keep: (room, word) => say("out.emit('said', word, to='room:' + room, keep={'ms': 3600000, 'count': 10})", { room, word }),
    history: async (room, after) => words(await say("out.history(room, after=after)", { room, after })),
    cursor: () => say("out.cursor()"),
    acl: (user) => say("out.acl('user:' + user).names", { user }),
    set: (user, names) => say("out.acl('user:' + user, set=names)", { user, names }),
    add: (user, names) => say("out.acl('user:' + user, add=names)", { user, names }),
    remove: (user, names) => say("out.acl('user:' + user, remove=names)", { user, names }),
    forget: (user) => say("out.acl('user:' + user, forget=True)", { user }),
    ask: (user, room) => say("out.emit('question', to='user:' + user, ask={'name': 'answered', 'context': [room], 'timeout': 3600000})", { user, room }),
    questions: () => say("list(out.questions())"),
  };
}

export function phpDoor(url, bearer) {
  const { say, close } = program("php", ["-n", "-r", PHP, "--", `${url}/socket.io/siogate-api/`, bearer], { SIOGATE_PHP: join(top, "php/siogate.php") });
  return {
    close,
    ...enters(url),
    emit: (user, word) => say('$out->emit("told", [$word], "user:$user")', { user, word }),
    disconnect: (user) => say('$out->disconnect("user:$user")', { user }),
    join: (user, room) => say('$out->join($room, "user:$user")', { user, room }),
    leave: (user, room) => say('$out->leave($room, "user:$user")', { user, room }),
    rooms: (room) => say('array_sum(array_column(array_filter(iterator_to_array($out->rooms(), false), function ($one) use ($room) { return $one["room"] === $room; }), "members"))', { room }),
    query: (who) => say('array_column(iterator_to_array($out->query($who), false), "user")', { who }),
    presence: (room) => say('array_column($out->presence($room), "user")', { room }),
    seen: (room, user) => say("$out->seen($user, $room)", { room, user }),
    mail: (user, word) => say('$out->emit("letter", [$word], "user:$user", null, ["mail" => ["ms" => 3600000, "count" => 10]])', { user, word }),
    keep: (room, word) => say('$out->emit("said", [$word], "room:$room", null, ["keep" => ["ms" => 3600000, "count" => 10]])', { room, word }),
    history: async (room, after) => words(await say('$out->history($room, ["after" => $after])', { room, after })),
    cursor: () => say("$out->cursor()"),
    acl: (user) => say('$out->acl("user:$user")["names"]', { user }),
    set: (user, list) => say('$out->acl("user:$user", ["set" => $list])', { user, list }),
    add: (user, list) => say('$out->acl("user:$user", ["add" => $list])', { user, list }),
    remove: (user, list) => say('$out->acl("user:$user", ["remove" => $list])', { user, list }),
    forget: (user) => say('$out->acl("user:$user", ["forget" => true])', { user }),
    ask: (user, room) => say('$out->emit("question", [], "user:$user", null, ["ask" => ["name" => "answered", "context" => [$room], "timeout" => 3600000]])', { user, room }),
    questions: () => say("$out->questions()"),
  };
}
