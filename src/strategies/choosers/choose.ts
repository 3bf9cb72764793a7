import { mostLikelyWithin } from "../../cost/best.js";
import { drawWithin } from "../../cost/draw.js";
import { priced } from "../../cost/table.js";
import type { Choose, Decision } from "../../domain/decision.js";
import { assertNever } from "../../domain/errors.js";
import type { EvaluateJob } from "../../domain/job.js";
import type { Context, Next } from "../../domain/program.js";
import type { Alive, Architecture } from "../../domain/space.js";
import type { FinalChoice } from "../../options/final.js";
import { searchRng } from "../course/streams.js";
import { logProbabilitiesOf, probabilitiesOf, type Rows, uniformOver } from "../distributions/rows.js";
import { budgetUnreachable } from "../prune.js";

/**
 * The end of every search: some networks are up for choice, each is measured on the validation split, the best is chosen.
 * A single one (most likely, argmax, last left) is measured too, once: its accuracy belongs in the report.
 */
export interface Choice {
  readonly networks: readonly Nominee[];
  /** evaluate jobs issued */
  readonly asked: number;
  /** validation accuracies so far, in the order of the networks */
  readonly accuracies: readonly number[];
}

export interface Nominee {
  readonly architecture: Architecture;
  /** ln P under the final probabilities; null where the method has none */
  readonly logProbability: number | null;
}

export type HowToChoose =
  | FinalChoice
  /** the most likely candidate per slot, whatever the network costs */
  | { readonly how: "argmax" }
  /** so many drawn uniformly within the budget; the first one where they are not measured */
  | { readonly how: "at-random"; readonly samples: number; readonly measured: boolean };

export const choiceOf = (networks: readonly Nominee[], measured = true): Choice => ({
  networks,
  asked: measured ? 0 : networks.length,
  accuracies: [],
});

/** Who is up for choice, given the architecture parameters. @throws DanasError E_BUDGET_UNREACHABLE */
export function nominate(context: Context, final: HowToChoose, alphas: Rows, alive: Alive): readonly Nominee[] {
  const logs = logProbabilitiesOf(alphas, alive);
  const nominee = (architecture: Architecture): Nominee => ({
    architecture,
    logProbability: architecture.reduce((total, candidate, slot) => total + logs[slot][candidate], 0),
  });
  switch (final.how) {
    case "argmax":
      // ties by index
      return [nominee(alive.map((of, slot) => of.reduce((best, o) => (logs[slot][o] > logs[slot][best] ? o : best))))];
    case "most-likely": {
      const best = mostLikelyWithin(context.costs, logs, alive, context.plan.budget);
      if (best === null) throw budgetUnreachable();
      return [nominee(best.architecture)];
    }
    case "best-of-sampled":
      return drawDistinct(context, probabilitiesOf(alphas, alive), alive, final.samples).map(nominee);
    case "at-random": {
      const drawn = drawDistinct(context, uniformOver(alive, alphas), alive, final.samples);
      return drawn.map((architecture) => ({ architecture, logProbability: null }));
    }
    default:
      return assertNever(final);
  }
}

/** draws per network wanted, before we take it that there are no more others */
const patience = 20;

/**
 * So many different networks within the budget, fewer where there are not as many. Where the budget is so tight that
 * drawing meets none, the most likely one within it. @throws DanasError E_BUDGET_UNREACHABLE where there is none at all
 */
export function drawDistinct(context: Context, probabilities: Rows, alive: Alive, count: number): Architecture[] {
  const { costs, plan } = context;
  const draws = searchRng(plan).fork("draw");
  const drawn = new Map<string, Architecture>();
  for (let attempt = 0; attempt < patience * count && drawn.size < count; attempt++) {
    const architecture = drawWithin(draws.fork(attempt), costs, probabilities, alive, plan.budget);
    if (architecture === null) break;
    drawn.set(architecture.join(" "), architecture);
  }
  if (drawn.size > 0) return [...drawn.values()];
  const logs = probabilities.map((row) => row.map(Math.log));
  const likeliest = mostLikelyWithin(costs, logs, alive, plan.budget);
  if (likeliest === null) throw budgetUnreachable();
  return [likeliest.architecture];
}

export interface Measuring {
  /** as it is written in the `choose` decision */
  readonly how: string;
  /** names of the streams to measure on, and to re-estimate batch norm on */
  readonly valid: string;
  readonly train: string;
}

/** The next evaluate job, or the choice once every network was measured. One job a network: each answer is kept. */
export function nextChoice<S extends { readonly choice: Choice | null }>(
  context: Context,
  measuring: Measuring,
  state: S,
  choice: Choice,
  inFlight: number,
): Next<S> {
  if (choice.asked < choice.networks.length) {
    const job = evaluateOne(context, measuring, choice.networks[choice.asked].architecture);
    return { kind: "issue", job, state: { ...state, choice: { ...choice, asked: choice.asked + 1 } }, decisions: [] };
  }
  if (inFlight > 0) return { kind: "wait" };
  const decision = choose(context, measuring.how, choice.networks, choice.accuracies);
  return { kind: "done", state: { ...state, choice }, decisions: [decision] };
}

export const evaluateOne = (
  context: Context,
  { valid, train }: Measuring,
  architecture: Architecture,
): EvaluateJob => ({
  kind: "evaluate",
  stream: valid,
  architectures: [architecture],
  batches: 0,
  recalibrate: { stream: train, batches: context.plan.search.evaluation.recalibrateBatches },
});

export function learnAccuracy(
  choice: Choice,
  accuracy: number,
  epoch: number,
): { choice: Choice; decisions: Decision[] } {
  return {
    choice: { ...choice, accuracies: [...choice.accuracies, accuracy] },
    decisions: [{ type: "report", series: "path-valid-accuracy", epoch, value: accuracy }],
  };
}

/** Best accuracy; ties by probability, then by order. Without accuracies the first. */
export function choose(
  context: Context,
  how: string,
  networks: readonly Nominee[],
  accuracies: readonly number[],
): Choose {
  const { plan, costs } = context;
  let best = 0;
  for (let i = 1; i < accuracies.length; i++) {
    const ahead = accuracies[i] - accuracies[best];
    const likelier = (networks[i].logProbability ?? 0) > (networks[best].logProbability ?? 0);
    if (ahead > 0 || (ahead === 0 && likelier)) best = i;
  }
  return {
    type: "choose",
    how,
    chosen: priced(plan.space, costs, networks[best].architecture),
    logProbability: networks[best].logProbability,
    compared: accuracies.map((validAccuracy, i) => ({
      ...priced(plan.space, costs, networks[i].architecture),
      validAccuracy,
    })),
  };
}
