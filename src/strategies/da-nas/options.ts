import { z } from "zod";
import type { CostTerm } from "../../domain/plan.js";
import type { Around } from "../../options/around.js";
import { costHelp, costKeys, costTermOf, fillCost } from "../../options/cost.js";
import { bestOf, type FinalChoice, finalOf, mostLikely } from "../../options/final.js";
import { fillGate, type GateMode, type GateOptions, gate, gateMode } from "../../options/gate.js";
import { type ClassCount, classCount, classesOf, epochs, fraction } from "../../options/scalars.js";
import { fillSearching, searching } from "../../options/searching.js";

export const name = "da-nas";

const round = z.strictObject({
  classes: classCount.describe("Classes in the data: a count, a share such as 30%, or all."),
  epochs: epochs.optional().describe("Default: epochsPerRound."),
  prune: fraction.lt(1).optional().describe("Default: the search's `prune`."),
  gateMode: gateMode.optional().describe("Default: the search's `gateMode`."),
});

export const schema = z.strictObject({
  strategy: z.literal(name).default(name),
  warmup: z
    .strictObject({
      epochs: z.int().min(0).max(100_000).default(10).describe("Epochs; 0 = no warm-up."),
      classes: classCount.prefault("10%").describe("Classes in the data."),
    })
    .prefault({})
    .describe("Trains the weights on uniformly drawn paths first."),
  rounds: z
    .array(round)
    .min(1)
    .max(1000)
    .prefault([{ classes: "30%" }, { classes: "60%" }, { classes: "all" }])
    .describe(
      "Rounds on growing sets of classes; after each, the least probable candidates are cut. The last has all classes.",
    ),
  epochsPerRound: epochs.default(20).describe("Epochs of each round that does not say otherwise."),
  prune: fraction
    .lt(1)
    .default(0.4)
    .describe("Share of a slot's alive candidates cut at a round's end; one is always kept. 0 = none."),
  order: z
    .enum(["easy-first", "hard-first", "random"])
    .default("easy-first")
    .describe("Which classes come first. easy-first is the method, the others are its controls."),
  gateMode: gateMode.default("two-path"),
  gate,
  cost: z
    .strictObject({
      ...costKeys("hinge"),
      fromRound: z.int().min(1).max(1000).default(1).describe("The round in which the cost term begins to act."),
    })
    .prefault({})
    .describe(costHelp),
  final: z
    .union([mostLikely, bestOf])
    .default("most-likely")
    .describe(
      "How the network is chosen: the most likely one within the budget (exactly), or `{bestOf: 50}` drawn ones by validation accuracy.",
    ),
  ...searching,
});

export const starter = [
  "warmup: { epochs: 5, classes: 30% } # only the weights are trained, on the easiest classes",
  "rounds: # the classes grow; after each round the least probable candidates are cut",
  "  - { classes: 30%, epochs: 5 }",
  "  - { classes: 60%, epochs: 5 }",
  "  - { classes: all, epochs: 5 }",
  "prune: 0.4 # share of a slot's candidates that is cut",
];

/** One round of the curriculum. The warm-up is a round that neither moves gates nor prunes. */
export interface RoundOptions {
  readonly name: string;
  readonly epochs: number;
  /** how many classes of the ranking's order are in the data */
  readonly classes: number;
  /** per slot, floor(prune x alive) candidates are cut at the round's end, always keeping one */
  readonly prune: number;
  /** whether gate steps are taken; without, paths are drawn uniformly from the alive */
  readonly gates: boolean;
  readonly gateMode: GateMode;
  /** whether the cost term acts in this round */
  readonly cost: boolean;
}

export type DaNasOptions = {
  readonly name: typeof name;
  readonly rounds: readonly RoundOptions[];
  /** easy-first is the method; the others are its controls */
  readonly order: "easy-first" | "hard-first" | "random";
  readonly gate: GateOptions;
  readonly cost: CostTerm;
  readonly final: FinalChoice;
};

type Written = z.output<typeof schema>;
export type Complete = ReturnType<typeof fill>;

export function fill(written: Written, around: Around) {
  const common = fillSearching(written, around);
  const { epochsPerRound, prune, gateMode } = written;
  const warmup =
    written.warmup.epochs > 0
      ? {
          epochs: written.warmup.epochs,
          classes: countOf(around, ["search", "warmup", "classes"], written.warmup.classes),
        }
      : { epochs: 0 };
  const rounds = written.rounds.map((round, index) => ({
    classes: countOf(around, ["search", "rounds", index, "classes"], round.classes),
    epochs: round.epochs ?? epochsPerRound,
    prune: round.prune ?? prune,
    gateMode: round.gateMode ?? gateMode,
  }));
  checkGrowth(around, warmup, rounds);
  const { fromRound } = written.cost;
  if (fromRound > rounds.length) {
    around.problem(
      ["search", "cost", "fromRound"],
      "E_ROUNDS",
      `the cost term begins in round ${fromRound}, there are ${rounds.length}`,
      "set cost.form to none to leave it out",
    );
  }
  return {
    ...written,
    warmup,
    rounds,
    gate: fillGate(written.gate, written.batchSize),
    cost: { ...fillCost(written.cost, "hinge", around), fromRound },
    ...common,
  };
}

/** at least two classes: with one there is nothing to learn, and ln(classes) divides the loss */
function countOf({ classes, problem }: Around, path: readonly (string | number)[], wanted: ClassCount): number {
  if ("share" in wanted) return classesOf(wanted, classes);
  if (wanted.count < 2)
    problem(path, "E_ROUNDS", "a round needs at least 2 classes", "with one there is nothing to tell apart");
  if (wanted.count > classes)
    problem(
      path,
      "E_ROUNDS",
      `${wanted.count} classes, but the data has ${classes}`,
      "write a share such as 30%, or all",
    );
  return wanted.count;
}

/** the data only grows, and ends whole */
function checkGrowth(
  around: Around,
  warmup: { readonly classes?: number },
  rounds: readonly { readonly classes: number }[],
): void {
  const stages = rounds.map(({ classes }, index) => ({
    name: `round ${index + 1}`,
    classes,
    path: ["search", "rounds", index, "classes"],
  }));
  if (warmup.classes !== undefined) {
    stages.unshift({ name: "warm-up", classes: warmup.classes, path: ["search", "warmup", "classes"] });
  }
  for (let index = 1; index < stages.length; index++) {
    const [before, now] = [stages[index - 1], stages[index]];
    if (now.classes >= before.classes) continue;
    around.problem(
      now.path,
      "E_ROUNDS",
      `${now.name} has ${now.classes} classes, ${before.name} had ${before.classes}`,
      "classes only come in: write them in ascending order",
    );
  }
  const last = stages[stages.length - 1];
  if (last.classes < around.classes) {
    around.problem(
      last.path,
      "E_ROUNDS",
      `the last round has ${last.classes} of ${around.classes} classes`,
      "the search must end on the whole data: classes: all",
    );
  }
}

export function plan({ warmup, rounds, order, gateMode, gate, cost, final }: Complete): DaNasOptions {
  const first =
    warmup.classes === undefined
      ? []
      : [
          {
            name: "warm-up",
            epochs: warmup.epochs,
            classes: warmup.classes,
            prune: 0,
            gates: false,
            gateMode,
            cost: false,
          },
        ];
  const growing = rounds.map((round, index) => ({
    name: `round ${index + 1}`,
    epochs: round.epochs,
    classes: round.classes,
    prune: round.prune,
    gates: true,
    gateMode: round.gateMode,
    cost: index + 1 >= cost.fromRound,
  }));
  return {
    name,
    rounds: [...first, ...growing],
    order,
    gate,
    cost: costTermOf(cost),
    final: finalOf<"most-likely">(final),
  };
}

/** not where all classes are there from the start, whatever their order */
export const needsRanking = ({ order, warmup, rounds }: Complete, classes: number): boolean =>
  order !== "random" && [warmup, ...rounds].some((stage) => (stage.classes ?? classes) < classes);
