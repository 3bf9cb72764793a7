import { priced } from "../../cost/table.js";
import { imagesIn } from "../../curriculum/subsets.js";
import type { Decision } from "../../domain/decision.js";
import type { Job } from "../../domain/job.js";
import type { Context, Found, Program } from "../../domain/program.js";
import { classAccuracies } from "../../domain/signal.js";
import type { Architecture } from "../../domain/space.js";
import { stepsPerEpoch } from "../../schedule/epochs.js";
import { onlyPath, prepareNetwork, streamSeed, type Training, trainJob } from "./training.js";

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
    const training = trainingOf(context);
    const issue = (job: Job, next: RetrainState["next"], step = state.step) =>
      ({ kind: "issue", job, state: { ...state, next, step }, decisions: [] }) as const;
    const afterTraining = plan.retrain.test ? "test" : plan.retrain.export ? "export" : "end";
    const finished = state.step === training.epochs * training.stepsPerEpoch;
    switch (state.next) {
      case "prepare":
        return issue(prepareNetwork(plan, architecture, plan.retrain.recipe, streams(context), "retrain"), "train");
      case "train": {
        const job = trainJob(training, state.step, architecture.length);
        const step = state.step + job.steps.length;
        const epochEnds = step % training.stepsPerEpoch === 0;
        const ends = step === training.epochs * training.stepsPerEpoch;
        const validates = epochEnds && plan.retrain.split === "train";
        return issue(job, validates ? "validate" : ends ? afterTraining : "train", step);
      }
      case "validate":
        return issue(evaluateOn("valid", architecture), finished ? afterTraining : "train");
      case "test":
        return issue(evaluateOn("test", architecture), plan.retrain.export ? "export" : "end");
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
      if (lossCount === trainingOf(context).stepsPerEpoch) {
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
    const training = trainingOf(context);
    const slots = context.plan.space.slots.length;
    const epoch = Math.min(training.epochs, Math.floor(state.step / training.stepsPerEpoch) + 1);
    const label = { test: "testing", export: "exporting", end: "finishing" } as const;
    return {
      label: state.next in label ? label[state.next as keyof typeof label] : `epoch ${epoch} of ${training.epochs}`,
      classes: context.plan.data.classes,
      alive: slots,
      candidates: slots,
      stepsDone: state.step,
      stepsTotal: training.epochs * training.stepsPerEpoch,
    };
  },
};

function architectureOf({ plan, chosen }: Context): Architecture {
  const architecture = plan.retrain.architecture ?? chosen?.architecture;
  if (!architecture) throw new Error("nothing to retrain: no architecture is given and none was chosen");
  return architecture;
}

const trainingOf = ({ plan, data }: Context): Training => ({
  epochs: plan.retrain.epochs,
  stepsPerEpoch: stepsPerEpoch(imagesIn(data, plan.retrain.split), plan.retrain.recipe.batchSize),
  recipe: plan.retrain.recipe,
  stepsPerJob: plan.pipeline.stepsPerJob,
});

const evaluateOn = (stream: string, architecture: Architecture): Job => ({
  kind: "evaluate",
  stream,
  architectures: [onlyPath(architecture.length)],
  batches: 0,
  recalibrate: { stream: "train", batches: 0 },
});

function streams({ plan }: Context) {
  const { recipe, split, test } = plan.retrain;
  const measured = [...(split === "train" ? (["valid"] as const) : []), ...(test ? (["test"] as const) : [])];
  return [
    {
      name: "train",
      split,
      classes: [],
      batchSize: recipe.batchSize,
      shuffle: true,
      seed: streamSeed(plan, "retrain/train"),
      augment: recipe.augment,
    },
    ...measured.map((name) => ({
      name,
      split: name,
      classes: [],
      batchSize: plan.search.evaluation.batchSize,
      shuffle: false,
      seed: 0,
      augment: null,
    })),
  ];
}
