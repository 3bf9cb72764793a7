import type { Plan, ProgramName } from "../../domain/plan.js";
import type { Progress } from "../../domain/program.js";
import type { Timing } from "../../domain/signal.js";
import type { Frame } from "../../domain/telemetry.js";
import type { RunState } from "../../engine/state.js";
import { progressOf } from "../../engine/step.js";
import type { JournalEntry } from "../../journal/port.js";
import { mean } from "../../util/numeric.js";

/** What a look at a running search shows. */
export interface View {
  readonly program: ProgramName | null;
  readonly progress: Progress | null;
  readonly loss: number | null;
  readonly samplesPerSecond: number | null;
  /** shares of a step's time, together 1 */
  readonly split: { readonly data: number; readonly compute: number; readonly wait: number } | null;
  /** of the program that runs, milliseconds */
  readonly leftMs: number | null;
  readonly mock: boolean;
}

/** what is remembered of the pace: enough to be steady, little enough to follow */
const paceWindowMs = 60_000;

/** Gathers what journal and telemetry tell into something to look at. Decides nothing. */
export class Live {
  #state: RunState = { phase: "new" };
  #loss: number | null = null;
  #samplesPerSecond: number | null = null;
  #times = { data: 0, compute: 0, wait: 0 };
  #pace: { at: number; program: number; steps: number }[] = [];
  #mock = false;

  constructor(readonly plan: Plan) {}

  sawWelcome(mock: boolean): void {
    this.#mock = mock;
  }

  sawEntry({ event }: JournalEntry, state: RunState): void {
    this.#state = state;
    if (event.type !== "job-finished") return;
    const { signal, timing } = event.answer;
    if (signal.kind === "train" && signal.losses.length > 0) {
      this.#loss = mean(signal.losses);
      if (timing.totalMs > 0) this.#samplesPerSecond = (1000 * signal.samples) / timing.totalMs;
    }
    if (signal.kind === "train" || signal.kind === "gates") this.#addTimes(timing);
  }

  sawFrame({ news }: Frame): void {
    if (news.kind !== "step") return;
    if (news.loss !== null) this.#loss = news.loss;
    if (news.samplesPerSecond > 0) this.#samplesPerSecond = news.samplesPerSecond;
    this.#addTimes(news);
  }

  /** older times count less, so that the split shows now and not this morning */
  #addTimes({ dataMs, computeMs, waitMs }: Pick<Timing, "dataMs" | "computeMs" | "waitMs">): void {
    const keep = 0.9;
    const { data, compute, wait } = this.#times;
    this.#times = { data: keep * data + dataMs, compute: keep * compute + computeMs, wait: keep * wait + waitMs };
  }

  view(now: number): View {
    const { data, compute, wait } = this.#times;
    const total = data + compute + wait;
    const progress = progressOf(this.plan, this.#state);
    return {
      program: this.#state.phase === "running" ? this.plan.programs[this.#state.program] : null,
      progress,
      loss: this.#loss,
      samplesPerSecond: this.#samplesPerSecond,
      split: total > 0 ? { data: data / total, compute: compute / total, wait: wait / total } : null,
      leftMs: progress && this.#leftMs(progress, now),
      mock: this.#mock,
    };
  }

  #leftMs({ stepsDone, stepsTotal }: Progress, now: number): number | null {
    const program = this.#state.phase === "running" ? this.#state.program : -1;
    this.#pace = this.#pace.filter((seen) => seen.program === program && now - seen.at <= paceWindowMs);
    this.#pace.push({ at: now, program, steps: stepsDone });
    const first = this.#pace[0];
    const steps = stepsDone - first.steps;
    if (steps <= 0 || stepsDone >= stepsTotal || now - first.at < 1000) return null;
    return ((stepsTotal - stepsDone) * (now - first.at)) / steps;
  }
}
