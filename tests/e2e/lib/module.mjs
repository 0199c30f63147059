/*
 * module.mjs - a module of tests/e2e/modules, built as a user would build one
 *
 * SPDX-License-Identifier: ISC
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { top } from "./front.mjs";

const prefix = process.env.SIOGATE_PREFIX || join(top, "build/demo/prefix");

/* A new folder with NAME.so in it, where the account that serves can read it. */
export function buildModule(name) {
  const folder = mkdtempSync(join(tmpdir(), `sio-${name}.`));
  chmodSync(folder, 0o755);
  execFileSync(process.env.CC || "cc", ["-std=c11", "-Wall", "-Wextra", "-fPIC", "-shared", `-I${join(prefix, "include")}`,
    "-o", join(folder, `${name}.so`), join(top, `tests/e2e/modules/${name}.c`)], { stdio: "inherit" });
  return folder;
}
