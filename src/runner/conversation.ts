import type { Decision } from "../domain/decision.js";
import type { NumberedJob } from "../domain/job.js";
import { kindOf } from "../domain/job-kinds.js";
import type { CheckpointSettings } from "../domain/settings.js";
import { checkpointAfter, checkpointOfRound } from "./keeping.js";

/** What the worker is to be asked. It carries commands out in order. */
export type Command =
  | { readonly kind: "job"; readonly job: NumberedJob }
  | {
      readonly kind: "checkpoint";
      readonly path: string;
      /** last job asked for before it, whose effect it therefore holds */
      readonly afterJob: number;
      /** with it the run stops */
      readonly last: boolean;
    };

/** share of the time that checkpoints may take: where they are slow to write, they come less often */
const mostOfTheTime = 0.015;

/**
 * What one worker was told so far, and from it what it is asked next: which jobs, when for a checkpoint, when no more.
 * Neither a promise nor a clock is in it; times come in, in milliseconds.
 */
export class Conversation {
  #hasModel: boolean;
  #lastJob: number;
  #stopping = false;
  #heardAt: number;
  /** when the last checkpoint by the clock was asked for, and how long the last one of any kind took */
  #checkpointedAt: number;
  #checkpointMs = 0;
  readonly #checkpoints: CheckpointSettings;

  constructor(recovered: { hasModel: boolean; lastJob: number }, checkpoints: CheckpointSettings, now: number) {
    this.#hasModel = recovered.hasModel;
    this.#lastJob = recovered.lastJob;
    this.#checkpoints = checkpoints;
    this.#checkpointedAt = now;
    this.#heardAt = now;
  }

  /** the worker has weights worth a checkpoint, or will have them once it has done what it was asked */
  get hasModel(): boolean {
    return this.#hasModel;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  submit(jobs: readonly NumberedJob[]): Command[] {
    for (const { id, job } of jobs) {
      this.#lastJob = id;
      this.#hasModel ||= kindOf(job).changes === "model";
    }
    return jobs.map((job) => ({ kind: "job", job }));
  }

  /** From here on nothing is asked but one checkpoint, where there is something to keep. */
  stop(): Command[] {
    if (this.#stopping) return [];
    this.#stopping = true;
    return this.#hasModel ? [this.#checkpoint(checkpointAfter(this.#lastJob), true)] : [];
  }

  hearAnswer(now: number): void {
    this.#heardAt = now;
  }

  hearCheckpoint(now: number): void {
    // commands are carried out in order: what passed since the answer before is the checkpoint's own time
    this.#checkpointMs = now - this.#heardAt;
  }

  /** What the decisions on the answer heard last ask of the worker. Once stopping, they wait in the journal. */
  goOn(decisions: readonly Decision[]): Command[] {
    if (this.#stopping) return [];
    const commands: Command[] = [];
    const round = roundOpenedIn(decisions);
    if (this.#checkpoints.rounds && this.#hasModel && round !== null) {
      commands.push(this.#checkpoint(checkpointOfRound(round)));
    }
    commands.push(...this.submit(issuedIn(decisions)));
    if (this.#isCheckpointDue()) {
      this.#checkpointedAt = this.#heardAt;
      commands.push(this.#checkpoint(checkpointAfter(this.#lastJob)));
    }
    return commands;
  }

  #isCheckpointDue(): boolean {
    const { everySeconds } = this.#checkpoints;
    const dueAfterMs = Math.max(everySeconds * 1000, this.#checkpointMs / mostOfTheTime);
    return this.#hasModel && everySeconds > 0 && this.#heardAt - this.#checkpointedAt >= dueAfterMs;
  }

  #checkpoint(path: string, last = false): Command {
    return { kind: "checkpoint", path, afterJob: this.#lastJob, last };
  }
}

const issuedIn = (decisions: readonly Decision[]): NumberedJob[] =>
  decisions.filter((decision) => decision.type === "issue").map(({ id, job }) => ({ id, job }));

/** the round that begins here; the first one has only just been given its weights */
function roundOpenedIn(decisions: readonly Decision[]): number | null {
  const opened = decisions.findLast((decision) => decision.type === "open-round");
  return opened && opened.round > 0 ? opened.round : null;
}
