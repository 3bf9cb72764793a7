#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { execute } from "./execute.js";
import { systemIo } from "./io.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

process.exitCode = await execute(process.argv.slice(2), systemIo(), version);
