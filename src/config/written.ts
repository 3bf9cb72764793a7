import { stringify } from "yaml";
import type { Plan, Recipe, SearchPlan } from "../domain/plan.js";
import type { Settings, WorkerSettings } from "../domain/settings.js";
import { encode } from "../spaces/encoding.js";
import { pathIn, type Resolving } from "./resolve/context.js";
import { printShape } from "./schema/scalars.js";
import type { Config, ConfigInput } from "./schema.js";

/** A config that says everything: read again, it gives the same plan whatever the defaults of a later danas. */
export function printResolved(settings: Omit<Settings, "resolvedYaml">, config: Config, at: Resolving): string {
  const written = withoutUndefined(asWritten(settings, config, at));
  // no aliases: a reader should not have to look things up; no wrapping: architectures are long
  return stringify(written, { aliasDuplicateObjects: false, lineWidth: 0 });
}

function asWritten(
  { plan, worker, checkpoints }: Omit<Settings, "resolvedYaml">,
  config: Config,
  at: Resolving,
): ConfigInput {
  const { budget, retrain } = plan;
  return {
    name: plan.name,
    seed: plan.seed,
    data: dataAsWritten(plan),
    space: config.space,
    budget: {
      maxMacs: amountAsWritten(budget.macs?.most),
      minMacs: amountAsWritten(budget.macs?.least),
      maxParams: amountAsWritten(budget.params?.most),
    },
    programs: [...plan.programs],
    ranking: rankingAsWritten(plan, config, at),
    search: searchAsWritten(plan.search, config.search),
    retrain: {
      architecture: retrain.architecture === null ? undefined : encode(plan.space, retrain.architecture),
      epochs: retrain.epochs,
      split: retrain.split,
      test: retrain.test,
      export: retrain.export,
      ...recipeAsWritten(retrain.recipe),
    },
    compute: plan.compute,
    pipeline: plan.pipeline,
    divergence: plan.divergence,
    checkpoints,
    worker: workerAsWritten(worker),
    runs: config.runs,
  };
}

/** exact, and never a number that would be refused for want of a unit */
function amountAsWritten(value: number | undefined): string | number | undefined {
  if (value === undefined) return undefined;
  if (value >= 10_000) return value;
  return `${value / 1000}K`;
}

function dataAsWritten({ data }: Plan): ConfigInput["data"] {
  const { source, validFraction, testFraction, splitSeed, onDevice, classes } = data;
  const input = printShape(data.input);
  const common = { splitSeed, validFraction, onDevice };
  switch (source.kind) {
    case "fashion-mnist":
      return { source: "fashion-mnist", root: source.root, ...common };
    case "folder":
      return { source: "folder", root: source.root, input, classes, testFraction, ...common };
    case "synthetic":
      return {
        source: "synthetic",
        input,
        classes,
        perClass: source.perClass,
        noise: source.noise,
        testFraction,
        ...common,
      };
    case "python": {
      const options = source.options as Extract<ConfigInput["data"], { source: "python" }>["options"];
      return { source: "python", factory: source.factory, options, input, classes, testFraction, ...common };
    }
  }
}

const recipeAsWritten = (recipe: Recipe) => ({ ...recipe, augment: recipe.augment ?? ("none" as const) });

function rankingAsWritten({ ranking, space }: Plan, config: Config, at: Resolving): ConfigInput["ranking"] {
  switch (ranking.source) {
    case "none":
      return "none";
    case "given":
      return typeof config.ranking === "object" && config.ranking.file !== undefined
        ? { file: pathIn(at, ["ranking", "file"], config.ranking.file) }
        : "none";
    case "train": {
      const { references, epochs, score, recipe } = ranking;
      return {
        references: references.map((reference) => encode(space, reference)),
        epochs,
        score,
        ...recipeAsWritten(recipe),
      };
    }
  }
}

function searchAsWritten(
  { strategy, recipe, evaluation }: SearchPlan,
  config: Config["search"],
): ConfigInput["search"] {
  const common = { ...recipeAsWritten(recipe), evaluation };
  switch (strategy.name) {
    case "da-nas": {
      if (config.strategy !== "da-nas") throw new Error("plan and config differ in their strategy");
      const warmup = strategy.rounds.find((round) => !round.gates);
      return {
        strategy: "da-nas",
        warmup: warmup ? { epochs: warmup.epochs, classes: warmup.classes } : { epochs: 0 },
        rounds: strategy.rounds
          .filter((round) => round.gates)
          .map(({ classes, epochs, prune, gateMode }) => ({ classes, epochs, prune, gateMode })),
        epochsPerRound: config.epochsPerRound,
        prune: config.prune,
        order: strategy.order,
        gateMode: config.gateMode,
        gate: strategy.gate,
        cost: { ...costAsWritten(strategy.cost), fromRound: config.cost.fromRound },
        final: strategy.final.how === "best-of-sampled" ? { bestOf: strategy.final.samples } : strategy.final.how,
        ...common,
      };
    }
    case "proxyless":
      return {
        strategy: "proxyless",
        warmupEpochs: strategy.warmupEpochs,
        warmupLearningRate: strategy.warmupLearningRate,
        epochs: strategy.epochs,
        gateMode: strategy.gateMode,
        gate: strategy.gate,
        cost: costAsWritten(strategy.cost),
        final: strategy.final.how === "best-of-sampled" ? { bestOf: strategy.final.samples } : strategy.final.how,
        ...common,
      };
    case "ddpnas": {
      const { passes, epochsPerPath, momentum, sharpness } = strategy;
      return { strategy: "ddpnas", passes, epochsPerPath, momentum, sharpness, ...common };
    }
    case "random":
      return { strategy: "random", samples: strategy.samples, epochs: strategy.epochs, ...common };
  }
}

/** without a target the plan holds a 1 that nothing reads */
const costAsWritten = ({
  form,
  lambda,
  beta,
  target,
}: {
  form: "hinge" | "linear" | "log-power" | "none";
  lambda: number;
  beta: number;
  target: number;
}) => ({
  form,
  lambda,
  beta,
  targetMacs: amountAsWritten(target),
});

function workerAsWritten(worker: WorkerSettings): ConfigInput["worker"] {
  switch (worker.kind) {
    case "local":
    case "embedded": {
      const { kind, python, allowModules, pythonPath, jobMinutes } = worker;
      return {
        kind,
        python: python ?? undefined,
        allowModules: [...allowModules],
        pythonPath: [...(pythonPath ?? [])],
        jobMinutes,
      };
    }
    case "grpc": {
      const { kind, address, tls, tokenVariable, jobMinutes } = worker;
      return {
        kind,
        address,
        tls: tls ? { ca: tls.ca, cert: tls.cert ?? undefined, key: tls.key ?? undefined } : undefined,
        tokenVariable: tokenVariable ?? undefined,
        jobMinutes,
      };
    }
    case "mock":
      return worker;
  }
}

/** YAML would write an undefined as null */
function withoutUndefined<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
