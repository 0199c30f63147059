/*
 * random.mjs - chance that can be repeated
 *
 * SPDX-License-Identifier: ISC
 */

/* A function that gives whole numbers in [0, n), the same ones for a seed. */
export function seeded(seed) {
  let state = (seed >>> 0) || 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}
