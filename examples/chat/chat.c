/*
 * chat.c - the demo's chat: nicknames, rooms, history, who is here, "is typing"
 *
 * Everything lasts in the store: the nickname in the socket's data (and as its
 * user), presence in the rooms, messages as kept events.  No process remembers
 * anything, so all of them may be killed between any two lines of a talk.
 *
 * The page talks like this, in namespace /chat.  Every answer is one object;
 * `ok` false brings `error` (a code) and `text` (a sentence to show).
 *
 * client -> server, each with an ack
 *
 *   "hello"   {nick, token?}   {ok, nick, token, rooms}
 *       First of all, and again after every connect that was not recovered and
 *       after a reload, then with the token that came with the nick: it proves
 *       that the nick is yours.  With another nick: you are renamed.
 *       error: "taken", "bad-nick".  No answer within 3 s (two asked for the
 *       same nick in the same instant): ask again.
 *   "enter"   room             {ok, room, members:[nick], history:[message]}
 *       Entering twice is fine.  A room is there as soon as somebody enters.
 *       error: "hello-first", "bad-room", "too-many" (rooms of one socket).
 *   "leave"   room             {ok, room}
 *   "say"     room, text, id?  {ok, room, id, at}
 *       id: 8 to 32 characters [A-Za-z0-9_-] chosen by the client; a message
 *       that is said again with the same id is not heard again.
 *       error: "hello-first", "not-in-room", "bad-text" (empty, over 2000 bytes).
 *   "history" room, before?    {ok, room, history:[message]}
 *       The 50 messages before the one with that seq; without: the newest.
 *   "rooms"                    {ok, rooms}
 *   "typing"  room, on         no ack needed
 *
 * server -> client
 *
 *   "said"    {room, id, at, nick, text}   the sender gets it, too
 *   "entered" {room, nick}
 *   "left"    {room, nick}       at once after "leave"; after a lost connection
 *                                only when nobody of that nick is back in 8 s
 *   "typing"  {room, nick, on}   volatile, not to oneself
 *   "rooms"   [{name, members}]  up to a second after a count has changed
 *
 * message: {seq, id, at, nick, text}, oldest first; at: milliseconds of 1970;
 * the same message may come as "said" and in a history: go by its id.
 * members and counts are of nicks, not of tabs.  lobby, coffee and help are
 * always in `rooms`.  History is kept for 7 days, 200 messages a room.
 *
 * SPDX-License-Identifier: ISC
 */
