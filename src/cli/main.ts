#!/usr/bin/env node
import { execute } from "./execute.js";
import { systemIo } from "./io.js";
import { version } from "./version.js";

process.exitCode = await execute(process.argv.slice(2), systemIo(), version);
