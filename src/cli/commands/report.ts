import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DanasError } from "../../domain/errors.js";
import { renderJson } from "../../render/json.js";
import { renderMarkdown } from "../../render/markdown.js";
import { findRun, readRun } from "../../runs/folder.js";
import { type Story, tellStory } from "../../story/story.js";
import type { Io } from "../io.js";
import { openFile } from "../open.js";
import { tellingOf } from "./status.js";

type Render = (story: Story) => string;

const formats = {
  // with the plotting library, which the others do without
  html: async (): Promise<Render> => (await import("../../render/html.js")).renderHtml,
  md: async (): Promise<Render> => renderMarkdown,
  json: async (): Promise<Render> => renderJson,
} as const;
export type Format = keyof typeof formats;

export interface ReportOptions {
  readonly format: Format;
  /** a file, or `-` for standard output */
  readonly out?: string;
  readonly open: boolean;
}

/** `danas report RUN`: tells the run's story so far. Prints where it was written. */
export async function report(run: string, { format, out, open }: ReportOptions, io: Io): Promise<number> {
  const folder = findRun(run, io);
  const story = readRun(folder, (journal) => tellStory(journal, tellingOf(folder, io)));
  const text = (await formats[format]())(story);
  if (out === "-") {
    io.out(text);
    return 0;
  }
  const file = out === undefined ? join(folder, `report.${format}`) : resolve(io.cwd, out);
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (error) {
    throw new DanasError("E_REPORT_WRITE", `cannot write ${file}: ${(error as Error).message}`, {
      hint: "name another file with --out",
      exitCode: 1,
    });
  }
  io.out(`${file}\n`);
  if (open) await openFile(file, io);
  return 0;
}
