import type { Progress } from "../domain/program.js";
import { stateOf } from "../engine/fold.js";
import { progressOf } from "../engine/step.js";
import type { CheckpointRecord, Journal } from "../journal/port.js";
import { amount, countWords, duration, moment, percent } from "../util/format.js";
import { sum } from "../util/numeric.js";
import { type Command, commandsFor } from "./commands.js";
import { chronicleOf } from "./following.js";
import { type RunStatus, statusOf } from "./standing.js";
import type { StoryOptions } from "./story.js";
import { mockNotice, statusWords } from "./telling.js";

/** How a run stands, for a glance. Plain JSON. */
export interface Status {
  readonly run: string;
  readonly mock: boolean;
  readonly status: RunStatus;
  readonly program: string | null;
  /** null while no program runs, or where the journal is of a danas that counted otherwise */
  readonly progress: Progress | null;
  readonly round: { readonly number: number; readonly name: string; readonly classes: number } | null;
  readonly expectedMacs: number | null;
  readonly trainLoss: number | null;
  readonly chosen: { readonly encoded: string; readonly macs: number; readonly params: number } | null;
  readonly testAccuracy: number | null;
  /** how often the run went back over a loss that was not finite */
  readonly goneBack: number;
  readonly wallMs: number;
  readonly samples: number;
  readonly sessions: number;
  readonly lastEntryAt: number | null;
  readonly lastCheckpoint: CheckpointRecord | null;
  readonly next: Command | null;
}

export function tellStatus(journal: Journal, options: StoryOptions = {}): Status {
  const { plan } = journal;
  const told = options.told ?? chronicleOf(journal, options.logic);
  const sessions = journal.sessions();
  const status = statusOf(told, sessions, options.alive);
  const round = told.rounds.at(-1);
  const snapshot = told.snapshots.at(-1);
  const chosen = told.result?.chosen ?? told.choice?.chosen ?? null;
  return {
    run: plan.name,
    mock: sessions.some((session) => session.mock),
    status,
    program: told.program === "inspect" ? null : told.program,
    progress: progressIn(journal, options.logic ?? null),
    round: round ? { number: round.round, name: round.name, classes: round.classes.length } : null,
    expectedMacs: snapshot?.expected.macs ?? null,
    trainLoss: snapshot?.trainLoss ?? null,
    chosen: chosen && { encoded: chosen.encoded, macs: chosen.macs, params: chosen.params },
    testAccuracy: told.result?.testAccuracy ?? told.test?.accuracy ?? null,
    goneBack: told.goneBack.length,
    wallMs: sum(told.efforts.map(({ wallMs }) => wallMs)),
    samples: sum(told.efforts.map(({ samples }) => samples)),
    sessions: sessions.length,
    lastEntryAt: told.lastAt,
    lastCheckpoint: journal.checkpoints().at(-1) ?? null,
    next: commandsFor(options.argument ?? plan.name, status, chosen !== null, told.prunes)[0] ?? null,
  };
}

function progressIn(journal: Journal, logic: string | null): Progress | null {
  try {
    return progressOf(journal.plan, stateOf(journal, logic));
  } catch {
    // a journal that today's logic cannot follow still has a status; `danas replay` says where they part
    return null;
  }
}

export function renderStatus(told: Status): string {
  const { status, progress } = told;
  const lines = told.mock ? [mockNotice, ""] : [];
  const say = (what: string, text: string) => lines.push(`${what.padEnd(12)}${text}`);
  say("run", told.run);
  say("status", statusWords(status));
  if (status.kind === "failed" || status.kind === "interrupted") {
    say(status.kind === "failed" ? "failed" : "stopped", `while ${status.doing}: ${status.message}`);
    if (status.kind === "failed" && status.hint) say("", status.hint);
  }
  if (status.kind !== "done") {
    if (told.program) say("phase", progress ? `${told.program}, ${progress.label}` : told.program);
    if (told.round && told.program === "search")
      say("round", `${told.round.name}, ${countWords(told.round.classes)} classes`);
    if (progress) {
      const { stepsDone, stepsTotal, alive, candidates } = progress;
      if (stepsTotal > 0)
        say("steps", `${countWords(stepsDone)} of ${countWords(stepsTotal)} (${percent(stepsDone / stepsTotal, 0)})`);
      if (told.program === "search") say("alive", `${countWords(alive)} of ${countWords(candidates)} candidates`);
    }
    if (told.program === "search" && told.expectedMacs !== null) say("expects", `${amount(told.expectedMacs)} MACs`);
    if (told.program === "search" && told.trainLoss !== null) say("loss", told.trainLoss.toFixed(3));
  }
  if (told.chosen)
    say("found", `${told.chosen.encoded}  ${amount(told.chosen.macs)} MACs, ${amount(told.chosen.params)} parameters`);
  if (told.testAccuracy !== null) say("test", percent(told.testAccuracy, 2));
  if (told.lastEntryAt !== null) {
    const resumed = told.sessions > 1 ? ` in ${told.sessions} sessions` : "";
    say("spent", `${duration(told.wallMs)}${resumed}, ${amount(told.samples)} training images`);
    say("last entry", moment(told.lastEntryAt));
  }
  if (told.goneBack > 0)
    say("went back", `${told.goneBack === 1 ? "once" : `${told.goneBack} times`} over a loss that was not finite`);
  if (told.lastCheckpoint)
    say("checkpoint", `after job ${told.lastCheckpoint.afterJob}, ${moment(told.lastCheckpoint.at)}`);
  if (told.next && status.kind !== "running") lines.push("", `To ${told.next.does}:`, `  ${told.next.line}`);
  return `${lines.join("\n")}\n`;
}
