import { stringify } from "yaml";
import type { Plan, Recipe } from "../domain/plan.js";
import type { Settings, WorkerSettings } from "../domain/settings.js";
import { printShape, writeAmount } from "../options/scalars.js";
import { encode } from "../spaces/encoding.js";
import { pathIn, type Resolving } from "./resolve/context.js";
import type { CompleteSearch } from "./resolve/search.js";
import type { Config, ConfigInput } from "./schema.js";

/** A config that says everything: read again, it gives the same plan whatever the defaults of a later danas. */
export function printResolved(
  settings: Omit<Settings, "resolvedYaml">,
  search: CompleteSearch,
  config: Config,
  at: Resolving,
): string {
  const written = withoutUndefined(asWritten(settings, search, config, at));
  // no aliases: a reader should not have to look things up; no wrapping: architectures are long
  return stringify(written, { aliasDuplicateObjects: false, lineWidth: 0 });
}

function asWritten(
  { plan, worker, checkpoints }: Omit<Settings, "resolvedYaml">,
  search: CompleteSearch,
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
      maxMacs: amountAsWritten(budget.maxMacs),
      minMacs: amountAsWritten(budget.minMacs),
      maxParams: amountAsWritten(budget.maxParams),
    },
    programs: [...plan.programs],
    ranking: rankingAsWritten(plan, config, at),
    search: { ...search },
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

const amountAsWritten = (value: number | null) => (value === null ? undefined : writeAmount(value));

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
