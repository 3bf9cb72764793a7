import type { RunResult } from "../domain/decision.js";
import type { Plan } from "../domain/plan.js";
import type { CheckpointSettings } from "../domain/settings.js";
import type { Failure } from "../domain/signal.js";
import type { RunState } from "../engine/state.js";
import type { Journal, JournalEntry } from "../journal/port.js";
import type { Clock } from "../util/clock.js";
import type { Welcome, Worker } from "../worker/port.js";

/** What carrying out a run needs, and how it ends. */

export interface RunOptions {
  readonly plan: Plan;
  /** new, or of a run to be continued */
  readonly journal: Journal;
  readonly worker: Worker;
  /** absolute */
  readonly runFolder: string;
  readonly checkpoints: CheckpointSettings;
  readonly clock: Clock;
  /** aborted = checkpoint and stop */
  readonly signal: AbortSignal;
  readonly hooks?: RunHooks;
  /** who we are, for the journal */
  readonly owner: { readonly host: string; readonly pid: number; readonly versions: Readonly<Record<string, string>> };
  /** whose logic folds states (runs/version.ts); without, states are neither saved nor gone on from */
  readonly logic?: string;
  /** entries between saved states */
  readonly saveEvery?: number;
  /** how long a worker that served this run and is gone is waited for; default 15 minutes */
  readonly patienceMs?: number;
}

export interface RunHooks {
  onWelcome?(welcome: Welcome): void;
  /** after the entry is durable */
  onEntry?(entry: JournalEntry, state: RunState): void;
  /** one line for people: a worker lost, a checkpoint refused */
  onNotice?(message: string): void;
}

export type Ending =
  | { readonly kind: "done"; readonly result: RunResult }
  /** `resumable`: the cause lies outside the search (data, memory, worker), so `danas resume` may try again */
  | { readonly kind: "failed"; readonly failure: Failure; readonly resumable: boolean }
  | { readonly kind: "interrupted" };
