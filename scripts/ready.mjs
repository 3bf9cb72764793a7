#!/usr/bin/env node
// Called before `npm run danas`: a clone that was not set up is told so, in words.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { main, root, StepFailed } from "./lib.mjs";

main(import.meta.url, () => {
  if (!existsSync(join(root, "dist/cli/main.js"))) {
    throw new StepFailed("starting danas", "this clone is not set up yet", "run `npm run setup` first");
  }
});
