import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { printRanking } from "../curriculum/artefact.js";
import type { Journal } from "../journal/port.js";
import { files, shortName } from "../runs/folder.js";
import { logic } from "../runs/version.js";
import { type Story, tellStory } from "../story/story.js";
import { amount, duration, percent } from "../util/format.js";
import { sum } from "../util/numeric.js";
import type { Io } from "./io.js";
import { openFile } from "./open.js";

interface Concluded {
  readonly folder: string;
  readonly journal: Journal;
  readonly quiet: boolean;
  /** open the report */
  readonly open?: boolean;
}

/** The end of a run that reached its end: the report, words for people, and one line for scripts, the last on standard output. */
export async function conclude({ folder, journal, quiet, open }: Concluded, io: Io): Promise<void> {
  const name = shortName(folder, io);
  const story = tellStory(journal, { alive: false, argument: name, logic });
  const report = join(folder, files.report);
  // loaded at the end: the plotting library takes half a second, which no search should begin with
  const { renderHtml } = await import("../render/html.js");
  writeFileSync(report, renderHtml(story), { mode: 0o600 });
  if (story.ranking) writeFileSync(join(folder, files.ranking), printRanking(story.ranking), { mode: 0o600 });
  if (!quiet) io.err(foundWords(story, shortName(report, io), io));
  io.out(`${JSON.stringify(resultOf(story, journal, name))}\n`);
  if (open) await openFile(report, io);
}

function foundWords(story: Story, report: string, io: Io): string {
  const { colors } = io;
  const lines: string[] = [""];
  if (story.mock) lines.push(colors.yellow(story.notice ?? ""));
  const { found, ranking } = story;
  if (found) {
    lines.push(`found    ${colors.bold(found.encoded)}`);
    lines.push(`costs    ${amount(found.macs)} MACs, ${amount(found.params)} parameters`);
    if (found.testAccuracy !== null)
      lines.push(`test     ${colors.green(percent(found.testAccuracy, 2))}, measured once`);
    else if (found.validAccuracy !== null) lines.push(`valid    ${percent(found.validAccuracy, 2)}`);
  } else if (ranking) {
    const names = ranking.classes.map((one) => one.name);
    lines.push(
      `ranked   ${names.length} classes, from ${names[0]} (easy) to ${names[names.length - 1]} (hard), by ${ranking.score}`,
    );
  }
  lines.push(`took     ${duration(story.effort.wallMs)}, ${amount(story.effort.samples)} training images`);
  lines.push(`report   ${report}`);
  return `${lines.join("\n")}\n`;
}

/** what a script gets */
interface ResultLine {
  readonly run: string;
  readonly architecture: string | null;
  readonly macs: number | null;
  readonly params: number | null;
  readonly testAccuracy: number | null;
  /** of ranking and search, without retraining; the run's own time, pauses between sessions left out */
  readonly searchSeconds: number;
  readonly totalSeconds: number;
  /** present where the numbers are made up */
  readonly mock?: true;
}

export function resultOf(story: Story, journal: Journal, name: string): ResultLine {
  const seconds = (ms: number) => Math.round(ms) / 1000;
  const searching = story.effort.programs.filter(({ program }) => program === "rank" || program === "search");
  const sessions = journal.sessions().map((one) => (one.endedAt ?? story.latest ?? one.startedAt) - one.startedAt);
  return {
    run: name,
    architecture: story.found?.encoded ?? null,
    macs: story.found?.macs ?? null,
    params: story.found?.params ?? null,
    testAccuracy: story.found?.testAccuracy ?? null,
    searchSeconds: seconds(sum(searching.map(({ wallMs }) => wallMs))),
    totalSeconds: seconds(sum(sessions)),
    ...(story.mock && { mock: true as const }),
  };
}
