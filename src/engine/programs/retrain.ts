import { priced } from "../../cost/table.js";
import type { Split } from "../../domain/data.js";
import type { Decision } from "../../domain/decision.js";
import type { Job } from "../../domain/job.js";
import type { Context, Found, Program } from "../../domain/program.js";
import { classAccuracies } from "../../domain/signal.js";
import type { Architecture } from "../../domain/space.js";
import { measureJob } from "../../schedule/streams.js";
import { epochOf, onlyPath, prepareNetwork, progressOf, trainingOf, trainJob } from "./training.js";

/**
 * Trains the chosen network from scratch (METHODS 1.7), measures the test set once, exports. Statistics of batch norm are
 * the running ones throughout, so that what is exported is what was tested.
 */
export interface RetrainState {
  readonly next: "prepare" | "train" | "validate" | "test" | "export" | "end";
  readonly step: number;
  /** sum of the losses of the open epoch, and steps in it */
  readonly lossSum: number;
  readonly lossCount: number;
  readonly epochsTrained: number;
  readonly epochsValidated: number;
  readonly found: Found;
}

export const retrain: Program<RetrainState> = {
  begin(context) {
    const { plan } = context;
    const architecture = architectureOf(context);
    const found = context.chosen ? {} : { chosen: priced(plan.space, context.costs, architecture) };
    return { next: "prepare", step: 0, lossSum: 0, lossCount: 0, epochsTrained: 0, epochsValidated: 0, found };
  },

  next(context, state, inFlight) {
    const { plan } = context;
    const architecture = architectureOf(context);
    const training = trainingOf(context, plan.retrain);
    const issue = (job: Job, next: RetrainState["next"], step = state.step) =>
      ({ kind: "issue", job, state: { ...state, next, step }, decisions: [] }) as const;
    const { split, test } = plan.retrain;
    const measured = (["valid", "test"] as const).filter((of) => (of === "test" ? test : split === "train"));
    const afterTraining = test ? "test" : plan.retrain.export ? "export" : "end";
    const finished = state.step === training.steps;
    switch (state.next) {
      case "prepare":
        return issue(prepareNetwork(plan, "retrain", architecture, { ...plan.retrain, measured }), "train");
      case "train": {
        const job = trainJob(training, state.step, architecture.length);
        const step = state.step + job.steps.length;
        const epochEnds = step % training.stepsPerEpoch === 0;
        const validates = epochEnds && split === "train";
        return issue(job, validates ? "validate" : step === training.steps ? afterTraining : "train", step);
      }
      case "validate":
        return issue(measureOn("valid", architecture), finished ? afterTraining : "train");
      case "test":
        return issue(measureOn("test", architecture), plan.retrain.export ? "export" : "end");
      case "export":
        return issue({ kind: "export", architecture: onlyPath(architecture.length), folder: "export" }, "end");
      case "end":
        if (inFlight > 0) return { kind: "wait" };
        return { kind: "done", state, decisions: [], found: state.found };
    }
  },

  learn(context, state, job, answer) {
    const { signal } = answer;
    const decisions: Decision[] = [];
    let after = state;
    if (signal.kind === "train") {
      let { lossSum, lossCount, epochsTrained } = state;
      for (const loss of signal.losses) lossSum += loss;
      lossCount += signal.losses.length;
      if (lossCount === trainingOf(context, context.plan.retrain).stepsPerEpoch) {
        epochsTrained++;
        decisions.push({
          type: "report",
          series: "retrain-train-loss",
          epoch: epochsTrained,
          value: lossSum / lossCount,
        });
        lossSum = 0;
        lossCount = 0;
      }
      after = { ...state, lossSum, lossCount, epochsTrained };
    } else if (signal.kind === "evaluate" && job.job.kind === "evaluate") {
      const [result] = signal.results;
      if (job.job.stream === "test") {
        const testPerClass = classAccuracies(result);
        after = { ...state, found: { ...state.found, testAccuracy: result.accuracy, testPerClass } };
      } else {
        const epoch = state.epochsValidated + 1;
        decisions.push({ type: "report", series: "retrain-valid-accuracy", epoch, value: result.accuracy });
        after = { ...state, epochsValidated: epoch, found: { ...state.found, validAccuracy: result.accuracy } };
      }
    } else if (signal.kind === "export") {
      after = { ...state, found: { ...state.found, exported: signal.files } };
    }
    return { state: after, decisions };
  },

  progress(context, state) {
    const training = trainingOf(context, context.plan.retrain);
    const ends: Partial<Record<string, string>> = { test: "testing", export: "exporting", end: "finishing" };
    const label = ends[state.next] ?? `epoch ${epochOf(training, state.step)} of ${training.epochs}`;
    return progressOf(context, label, state.step, training.steps);
  },
};

function architectureOf({ plan, chosen }: Context): Architecture {
  const architecture = plan.retrain.architecture ?? chosen?.architecture;
  if (!architecture) throw new Error("nothing to retrain: no architecture is given and none was chosen");
  return architecture;
}

const measureOn = (stream: Split, architecture: Architecture): Job =>
  measureJob(stream, onlyPath(architecture.length), "train", 0);
