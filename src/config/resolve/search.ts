import { limitsIn } from "../../cost/written.js";
import type { Budget } from "../../domain/cost.js";
import { assertNever } from "../../domain/errors.js";
import type { CostTerm, GateOptions, RoundPlan, SearchPlan, StrategyPlan } from "../../domain/plan.js";
import type { InputShape } from "../../domain/space.js";
import type { Path } from "../document.js";
import type { ClassCount } from "../schema/scalars.js";
import type { Config } from "../schema.js";
import { problem, type Resolving } from "./context.js";
import { resolveRecipe } from "./recipe.js";

type SearchConfig = Config["search"];
type DaNasConfig = Extract<SearchConfig, { strategy: "da-nas" }>;

export function resolveSearch(at: Resolving, budget: Budget, classes: number, input: InputShape): SearchPlan {
  const { search } = at.config;
  return {
    recipe: resolveRecipe(at, ["search"], search, input),
    strategy: strategyOf(at, search, budget, classes),
    evaluation: search.evaluation,
  };
}

function strategyOf(at: Resolving, search: SearchConfig, budget: Budget, classes: number): StrategyPlan {
  switch (search.strategy) {
    case "da-nas":
      return {
        name: "da-nas",
        rounds: roundsOf(at, search, classes),
        order: search.order,
        gate: gateOf(search),
        cost: costOf(at, search.cost, "hinge", budget),
        final:
          typeof search.final === "string"
            ? { how: search.final }
            : { how: "best-of-sampled", samples: search.final.bestOf },
      };
    case "proxyless": {
      // the paper's argmax knows no budget: where there is one, it is kept
      const final = search.final ?? (limitsIn(budget).length > 0 ? "most-likely" : "argmax");
      return {
        name: "proxyless",
        warmupEpochs: search.warmupEpochs,
        warmupLearningRate: search.warmupLearningRate,
        epochs: search.epochs,
        gateMode: search.gateMode,
        gate: gateOf(search),
        cost: costOf(at, search.cost, "linear", budget),
        final: typeof final === "string" ? { how: final } : { how: "best-of-sampled", samples: final.bestOf },
      };
    }
    case "ddpnas": {
      const { passes, epochsPerPath, momentum, sharpness } = search;
      return { name: "ddpnas", passes, epochsPerPath, momentum, sharpness };
    }
    case "random":
      return { name: "random", samples: search.samples, epochs: search.epochs };
    default:
      return assertNever(search);
  }
}

function gateOf({ gate, batchSize }: Extract<SearchConfig, { gate: unknown }>): GateOptions {
  return { ...gate, batchSize: gate.batchSize ?? batchSize };
}

/** Warm-up and rounds, checked: the data only grows, and ends whole. */
function roundsOf(at: Resolving, search: DaNasConfig, classes: number): RoundPlan[] {
  const { warmup, prune, gateMode, epochsPerRound } = search;
  const rounds: RoundPlan[] = [];
  const paths: Path[] = [];
  if (warmup.epochs > 0) {
    paths.push(["search", "warmup", "classes"]);
    const count = countOf(at, paths[0], warmup.classes, classes);
    rounds.push({
      name: "warm-up",
      epochs: warmup.epochs,
      classes: count,
      prune: 0,
      gates: false,
      gateMode,
      cost: false,
    });
  }
  for (const [index, round] of search.rounds.entries()) {
    const path = ["search", "rounds", index, "classes"];
    paths.push(path);
    rounds.push({
      name: `round ${index + 1}`,
      epochs: round.epochs ?? epochsPerRound,
      classes: countOf(at, path, round.classes, classes),
      prune: round.prune ?? prune,
      gates: true,
      gateMode: round.gateMode ?? gateMode,
      cost: index + 1 >= fromRound(search),
    });
  }
  for (let index = 1; index < rounds.length; index++) {
    const [before, now] = [rounds[index - 1], rounds[index]];
    if (now.classes >= before.classes) continue;
    problem(
      at,
      paths[index],
      "E_ROUNDS",
      `${now.name} has ${now.classes} classes, ${before.name} had ${before.classes}`,
      "classes only come in: write them in ascending order",
    );
  }
  const last = rounds[rounds.length - 1];
  if (last.classes < classes) {
    problem(
      at,
      paths[paths.length - 1],
      "E_ROUNDS",
      `the last round has ${last.classes} of ${classes} classes`,
      "the search must end on the whole data: classes: all",
    );
  }
  if (fromRound(search) > search.rounds.length) {
    problem(
      at,
      ["search", "cost", "fromRound"],
      "E_ROUNDS",
      `the cost term begins in round ${fromRound(search)}, there are ${search.rounds.length}`,
      "set cost.form to none to leave it out",
    );
  }
  return rounds;
}

const fromRound = ({ cost }: DaNasConfig): number =>
  "fromRound" in cost && typeof cost.fromRound === "number" ? cost.fromRound : 1;

/** how many classes of so many */
export const classesOf = (wanted: ClassCount, classes: number): number =>
  "share" in wanted ? Math.min(classes, Math.max(2, Math.round(wanted.share * classes))) : wanted.count;

/** at least two classes: with one there is nothing to learn, and ln(classes) divides the loss */
function countOf(at: Resolving, path: Path, wanted: ClassCount, classes: number): number {
  if ("share" in wanted) return classesOf(wanted, classes);
  if (wanted.count < 2)
    problem(at, path, "E_ROUNDS", "a round needs at least 2 classes", "with one there is nothing to tell apart");
  if (wanted.count > classes)
    problem(
      at,
      path,
      "E_ROUNDS",
      `${wanted.count} classes, but the data has ${classes}`,
      "write a share such as 30%, or all",
    );
  return wanted.count;
}

function costOf(at: Resolving, cost: DaNasConfig["cost"], usual: CostTerm["form"], budget: Budget): CostTerm {
  const target = cost.targetMacs ?? budget.macs?.most ?? null;
  const form = cost.form ?? (target === null ? "none" : usual);
  if (form !== "none" && target === null) {
    problem(
      at,
      ["search", "cost", "form"],
      "E_COST_TARGET",
      "the cost term has no target",
      "set budget.maxMacs or search.cost.targetMacs",
    );
  }
  if (form === "log-power" && target !== null && target < 3) {
    problem(
      at,
      ["search", "cost", "targetMacs"],
      "E_COST_TARGET",
      "log-power divides by ln of the target",
      "write the target with its unit, such as 300M",
    );
  }
  return {
    form,
    lambda: cost.lambda ?? (form === "log-power" ? 0.2 : 0.1),
    beta: cost.beta,
    metric: "macs",
    target: target ?? 1,
  };
}
