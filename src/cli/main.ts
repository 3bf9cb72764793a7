#!/usr/bin/env node
import { version } from "../runs/version.js";
import { execute } from "./execute.js";
import { systemIo } from "./io.js";

process.exitCode = await execute(process.argv.slice(2), systemIo(), version);
