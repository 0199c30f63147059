/*
 * module.mjs - modules built as a user would build them, against what is installed
 *
 * SPDX-License-Identifier: ISC
 */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
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

/* A copy of examples/skeleton, made as its Makefile says; poll.so goes into the folder. */
export function buildSkeleton(folder) {
  const copy = join(folder, "skeleton");
  cpSync(join(top, "examples/skeleton"), copy, { recursive: true, filter: (file) => !/\.(l?o|la)$|\/\.(libs|deps)$/.test(file) });
  execFileSync("make", ["-C", copy, "install", `DESTDIR=${copy}/root`], { stdio: ["ignore", "ignore", "inherit"],
    env: { PATH: process.env.PATH, PKG_CONFIG_PATH: join(prefix, "lib/pkgconfig") } });
  cpSync(join(copy, "root", prefix, "lib/siogate/poll.so"), join(folder, "poll.so"));
  rmSync(copy, { recursive: true });
}
