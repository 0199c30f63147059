/*
 * wait.mjs - waiting for events, never for time
 *
 * A test says what it waits for; a deadline only turns a hang into a sentence
 * about what did not come, so it is longer than a loaded machine needs.
 *
 * SPDX-License-Identifier: ISC
 */

export const DEADLINE = Number(process.env.SIOGATE_TEST_DEADLINE || 60000);

/* Settles as the promise does, or fails after ms naming what was awaited. */
export function within(promise, what, ms = DEADLINE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/* The arguments of the next `event`; `fits` may pass over some of them. */
export function next(emitter, event, fits = () => true, ms = DEADLINE) {
  let hear;
  const heard = new Promise((resolve) => {
    hear = (...args) => fits(...args) && resolve(args);
    emitter.on(event, hear);
  });
  return within(heard, `event "${event}"`, ms).finally(() => emitter.off(event, hear));
}

/* Polls a condition that nothing announces (a file, a process). */
export async function until(condition, what, ms = DEADLINE) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value)
      return value;
    if (Date.now() > end)
      throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/*
 * Everything that `event` brought, as first arguments or through `pick`.
 * list.reach(n) waits for the n-th.
 */
export function collect(emitter, event, pick = (value) => value) {
  const list = [], waiting = new Set();
  emitter.on(event, (...args) => {
    list.push(pick(...args));
    for (const look of waiting)
      look();
  });
  list.reach = (n, ms = DEADLINE) => {
    let look;
    const there = new Promise((resolve) => {
      look = () => list.length >= n && resolve(list);
      waiting.add(look);
      look();
    });
    return within(there, `${n} times "${event}"`, ms)
      .catch((error) => { throw new Error(`${error.message}, got ${list.length}`); })
      .finally(() => waiting.delete(look));
  };
  return list;
}
