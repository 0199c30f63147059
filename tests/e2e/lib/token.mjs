/*
 * token.mjs - JSON Web Tokens, good ones and all others
 *
 * SPDX-License-Identifier: ISC
 */
import { createHmac, generateKeyPairSync, sign } from "node:crypto";

export const secret = "a secret of the tests, long enough";
export const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
export const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
export const publicKey = ec.publicKey.export({ type: "spki", format: "pem" });

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);

/* What the site would say of a user, for an hour. */
export const claims = (sub, more = {}) => ({ sub, aud: "site", exp: now() + 3600, ...more });
export const past = (seconds) => now() - seconds;
export const future = (seconds) => now() + seconds;

const SIGN = {
  HS256: (text, key) => createHmac("sha256", key).update(text).digest("base64url"),
  ES256: (text, key) => sign("sha256", text, { key, dsaEncoding: "ieee-p1363" }).toString("base64url"),
  none: () => "",
};

export function token(body, { alg = "HS256", key = secret, head = {} } = {}) {
  const text = `${part({ alg, typ: "JWT", ...head })}.${part(body)}`;
  return `${text}.${SIGN[alg](text, key)}`;
}
