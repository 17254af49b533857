#!/usr/bin/env node
// Starts cc-installer of the package for this system. What it installs needs no Node.
"use strict";
const { spawnSync } = require("node:child_process");
const { dirname, join } = require("node:path");

const name = `cc-codex-${process.platform}-${process.arch}`;
let directory;
try {
  directory = dirname(require.resolve(`${name}/package.json`));
} catch {
  console.error(`error: the package ${name} is not installed`);
  console.error("hint: npm leaves it out with --omit=optional, and there is none for every system: cargo install cc-installer");
  process.exit(1);
}
const suffix = process.platform === "win32" ? ".exe" : "";
const program = join(directory, "bin", `cc-installer${suffix}`);
const { error, signal, status } = spawnSync(program, process.argv.slice(2), { stdio: "inherit" });
if (error) {
  console.error(`error: cannot start ${program}: ${error.message}`);
  process.exit(1);
}
if (signal) process.kill(process.pid, signal);
process.exit(status);
