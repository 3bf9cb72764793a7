import { findRun, readRun } from "../../runs/folder.js";
import { explain as explainStory, renderExplanation } from "../../story/explain.js";
import { tellStory } from "../../story/story.js";
import type { Io } from "../io.js";
import { tellingOf } from "./status.js";

export interface ExplainOptions {
  readonly slot?: string;
  readonly candidate?: string;
  readonly json: boolean;
}

/** `danas explain RUN [SLOT[:CANDIDATE]]`: why the search cut what it cut and kept what it kept. */
export async function explain(
  run: string,
  query: string | undefined,
  options: ExplainOptions,
  io: Io,
): Promise<number> {
  const folder = findRun(run, io);
  const [slot = options.slot, candidate = options.candidate] = query?.split(":").map((part) => part || undefined) ?? [];
  const story = readRun(folder, (journal) => tellStory(journal, tellingOf(folder, io)));
  const explanation = explainStory(story, {
    ...(slot !== undefined && { slot }),
    ...(candidate !== undefined && { candidate }),
  });
  io.out(options.json ? `${JSON.stringify(explanation)}\n` : renderExplanation(explanation));
  return 0;
}
