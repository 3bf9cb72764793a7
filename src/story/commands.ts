import type { Prune } from "../domain/decision.js";
import type { RunStatus } from "./standing.js";

export interface Command {
  readonly does: string;
  readonly line: string;
}

/** what a person can do next, the most useful first */
export type Commands = readonly Command[];

export function commandsFor(run: string, status: RunStatus, found: boolean, prunes: readonly Prune[]): Commands {
  const name = quoted(run);
  const commands: Command[] = [];
  const say = (does: string, line: string) => commands.push({ does, line });
  if (status.kind === "new" || status.kind === "interrupted") {
    say("go on from where it stopped", `danas resume ${name}`);
  } else if (status.kind === "failed" && status.resumable) {
    say("try again from the last checkpoint, once the cause is gone", `danas resume ${name}`);
  } else if (status.kind === "running") {
    say("see how far it is", `danas status ${name}`);
  }
  if (found) say("train the found network again from scratch, test it and export it", `danas retrain ${name}`);
  if (prunes.some(({ cuts }) => cuts.length > 0)) {
    say("ask why a candidate was cut or kept", `danas explain ${name} SLOT:CANDIDATE`);
  }
  say("derive every decision again from the journal and compare", `danas replay ${name}`);
  say("read what happened, as JSON lines", `danas events ${name}`);
  say("write this report again", `danas report ${name}`);
  return commands;
}

/** as a POSIX shell wants it */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
