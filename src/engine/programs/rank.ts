import { rankClasses } from "../../curriculum/ranking.js";
import type { Decision } from "../../domain/decision.js";
import type { Plan, RankingPlan } from "../../domain/plan.js";
import type { Context, Program } from "../../domain/program.js";
import { classAccuracies } from "../../domain/signal.js";
import { measureJob } from "../../schedule/streams.js";
import { encode } from "../../spaces/encoding.js";
import { epochOf, onlyPath, prepareNetwork, progressOf, trainingOf, trainJob } from "./training.js";

/**
 * Ranks the classes by difficulty (METHODS 1.1): trains each reference network on all classes and records its per-class
 * validation accuracy after every epoch. Reads nothing in between, so it never waits before its end.
 */
export interface RankState {
  readonly reference: number;
  /** weight steps issued for this reference */
  readonly step: number;
  readonly next: "prepare" | "train" | "evaluate";
  /** [reference][epoch][class] */
  readonly curves: readonly (readonly (readonly number[])[])[];
}

type Trained = Extract<RankingPlan, { source: "train" }> & { readonly split: "train" };

export const rank: Program<RankState> = {
  begin: () => ({ reference: 0, step: 0, next: "prepare", curves: [] }),

  next(context, state, inFlight) {
    const ranking = planned(context.plan);
    const training = trainingOf(context, ranking);
    if (state.reference === ranking.references.length) {
      return inFlight > 0 ? { kind: "wait" } : conclude(context, ranking, state);
    }
    const architecture = ranking.references[state.reference];
    switch (state.next) {
      case "prepare": {
        const of = { ...ranking, measured: ["valid"] } as const;
        const job = prepareNetwork(context.plan, `rank/${state.reference}`, architecture, of);
        return { kind: "issue", job, state: { ...state, next: "train" }, decisions: [] };
      }
      case "train": {
        const job = trainJob(training, state.step, architecture.length);
        const step = state.step + job.steps.length;
        const next = step % training.stepsPerEpoch === 0 ? "evaluate" : "train";
        return { kind: "issue", job, state: { ...state, step, next }, decisions: [] };
      }
      case "evaluate": {
        const { recalibrateBatches } = context.plan.search.evaluation;
        const job = measureJob("valid", onlyPath(architecture.length), "train", recalibrateBatches);
        const done = state.step === training.steps;
        const after: RankState = done
          ? { ...state, reference: state.reference + 1, step: 0, next: "prepare" }
          : { ...state, next: "train" };
        return { kind: "issue", job, state: after, decisions: [] };
      }
    }
  },

  learn(context, state, _job, answer) {
    if (answer.signal.kind !== "evaluate") return { state, decisions: [] };
    const [result] = answer.signal.results;
    // the data check saw to it that every class has validation images
    const row = classAccuracies(result).map((accuracy) => accuracy ?? 0);
    const { epochs, reference } = openCurve(state, context);
    const curves = [...state.curves.slice(0, reference), [...(state.curves[reference] ?? []), row]];
    const decisions: Decision[] = [
      {
        type: "report",
        series: "reference-valid-accuracy",
        epoch: reference * epochs + curves[reference].length,
        value: result.accuracy,
      },
    ];
    return { state: { ...state, curves }, decisions };
  },

  progress(context, state) {
    const ranking = planned(context.plan);
    const training = trainingOf(context, ranking);
    const { epochs, steps } = training;
    const count = ranking.references.length;
    const epoch = state.reference === count ? epochs : epochOf(training, state.step);
    const label = `reference ${Math.min(state.reference + 1, count)} of ${count}, epoch ${epoch} of ${epochs}`;
    return progressOf(context, label, state.reference * steps + state.step, count * steps);
  },
};

/** answers come in order, so the curve that is open is the first one not yet full */
function openCurve(state: RankState, context: Context): { epochs: number; reference: number } {
  const { epochs } = planned(context.plan);
  const last = state.curves.length - 1;
  return { epochs, reference: last >= 0 && state.curves[last].length < epochs ? last : state.curves.length };
}

function conclude(context: Context, ranking: Trained, state: RankState) {
  const curves = state.curves.map((epochs) => context.data.classes.map((_, index) => epochs.map((row) => row[index])));
  const references = ranking.references.map((architecture) => encode(context.plan.space, architecture));
  const ranked = rankClasses(context.data, curves, ranking.score, references);
  return {
    kind: "done",
    state,
    decisions: [{ type: "rank-classes", ranking: ranked }],
    found: { ranking: ranked },
  } as const;
}

function planned(plan: Plan): Trained {
  if (plan.ranking.source !== "train") throw new Error("the rank program runs only where a ranking is to be trained");
  return { ...plan.ranking, split: "train" };
}
