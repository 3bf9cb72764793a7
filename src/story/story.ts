import { extremes } from "../cost/extremes.js";
import { costTable, priced } from "../cost/table.js";
import type { Budget, Cost, CostTable, PricedArchitecture } from "../domain/cost.js";
import type { DataInfo, DataSpec } from "../domain/data.js";
import type { Choose, Cut, GoBack, OpenRound, Prune, Snapshot } from "../domain/decision.js";
import type { Plan, StrategyPlan } from "../domain/plan.js";
import type { Ranking } from "../domain/ranking.js";
import { classAccuracies, type ExportedFile } from "../domain/signal.js";
import type { Architecture } from "../domain/space.js";
import type { CheckpointRecord, Journal, SessionRecord } from "../journal/port.js";
import { spaceHash } from "../spaces/hash.js";
import { countArchitectures } from "../spaces/size.js";
import { sum } from "../util/numeric.js";
import type { Chronicle, Curve, ProgramEffort } from "./chronicle.js";
import { type Commands, commandsFor } from "./commands.js";
import { chronicleOf } from "./following.js";
import { type DrawnNetwork, drawNetwork } from "./network.js";
import { mockNotice, type RunStatus, statusOf } from "./standing.js";

/** Everything a run has to tell, as plain JSON. HTML, Markdown, JSON, `explain` are renderings of it. */
export interface Story {
  readonly version: 1;
  readonly run: string;
  /** the numbers are made up by the mock worker: every rendering says so before anything else */
  readonly mock: boolean;
  /** what is said first where it is a mock; else null */
  readonly notice: string | null;
  readonly status: RunStatus;
  readonly began: number | null;
  /** of the journal's last entry */
  readonly latest: number | null;
  readonly asked: Asked;
  readonly found: Found | null;
  readonly network: DrawnNetwork | null;
  readonly alternatives: Alternatives;
  readonly ranking: Ranking | null;
  readonly rounds: readonly Round[];
  readonly snapshots: readonly (Snapshot & { readonly at: number })[];
  readonly slots: readonly SlotStory[];
  readonly prunes: readonly (Prune & { readonly at: number; readonly epoch: number })[];
  /** losses that were not finite, and what was done about each */
  readonly goneBack: readonly (GoBack & { readonly at: number })[];
  readonly choice: Choose | null;
  readonly curves: readonly Curve[];
  readonly effort: Spending;
  readonly provenance: Provenance;
  readonly commands: Commands;
}

/** what the plan said */
export interface Asked {
  readonly data: DataSpec;
  /** `Fashion-MNIST`, `imagenet (folder)` */
  readonly dataName: string;
  readonly programs: readonly string[];
  readonly strategy: StrategyPlan;
  readonly budget: Budget;
  readonly space: {
    readonly name: string;
    readonly slots: number;
    /** most candidates in a slot */
    readonly candidates: number;
    /** exact, in digits: may be beyond 2^53 */
    readonly architectures: string;
  };
}

export interface Found extends PricedArchitecture {
  /** of the chosen network: after retraining where it was measured then, else inside the supernet */
  readonly validAccuracy: number | null;
  readonly testAccuracy: number | null;
  /** by class, in label order; null where not measured */
  readonly testPerClass: readonly { readonly name: string; readonly accuracy: number | null }[] | null;
  readonly exported: readonly ExportedFile[];
}

/** the ends of the space, to see the found network between them */
export interface Alternatives {
  readonly smallest: PricedArchitecture;
  readonly largest: PricedArchitecture;
}

export interface Round extends OpenRound {
  readonly at: number;
  /** when the next round opened or the search chose; null while it is open */
  readonly endedAt: number | null;
  /** in epochs since the search began */
  readonly fromEpoch: number;
  readonly toEpoch: number;
  /** classes that were not in the round before */
  readonly newClasses: readonly string[];
  readonly cuts: number;
  /** over all slots, at its end; null where nothing tells */
  readonly alive: number | null;
}

export type Fate =
  | { readonly kind: "chosen" }
  /** still in the search: nothing was chosen yet */
  | { readonly kind: "alive" }
  /** lived to the end, another was chosen */
  | { readonly kind: "passed-over" }
  | ({ readonly kind: "cut"; readonly round: number; readonly roundName: string; readonly epoch: number } & Cut);

export interface CandidateStory extends Cost {
  readonly name: string;
  /** in the last snapshot; null where the method keeps none */
  readonly probability: number | null;
  /** weight and gate steps it took part in, over the whole search */
  readonly timesTrained: number;
  readonly timesGated: number;
  readonly fate: Fate;
}

export interface SlotStory {
  readonly name: string;
  readonly stage: number;
  readonly candidates: readonly CandidateStory[];
}

export interface Spending {
  readonly programs: readonly ProgramEffort[];
  readonly wallMs: number;
  readonly samples: number;
  readonly macs: number;
  readonly bytesFreed: number;
}

export interface Provenance {
  readonly seed: number;
  readonly splitSeed: number;
  readonly dataFingerprint: string | null;
  readonly splits: DataInfo["splits"];
  readonly spaceHash: string;
  readonly device: string | null;
  readonly plan: Pick<Plan, "compute" | "pipeline" | "search" | "retrain">;
  readonly sessions: readonly SessionRecord[];
  readonly checkpoints: readonly CheckpointRecord[];
  readonly entries: number;
}

export interface StoryOptions {
  /** whose logic folds states (runs/version.ts): lets what was saved be gone on from; without, the journal is read whole */
  readonly logic?: string;
  /** where the caller holds it open and has told it all entries; else it is read from the journal */
  readonly told?: Chronicle;
  /** whether the last session's process still lives; without, a session that was not ended counts as running */
  readonly alive?: boolean;
  /** how the run is named on a command line; default its name */
  readonly argument?: string;
}

/** Reads a run's journal, whatever became of the run: new, going on, done, failed, interrupted. */
export function tellStory(journal: Journal, options: StoryOptions = {}): Story {
  const { plan } = journal;
  const told = options.told ?? chronicleOf(journal, options.logic);
  const costs = costTable(plan.space);
  const sessions = journal.sessions();
  const status = statusOf(told, sessions, options.alive);
  const found = foundIn(plan, costs, told);
  const mock = sessions.some((session) => session.mock);
  return {
    version: 1,
    run: plan.name,
    mock,
    notice: mock ? mockNotice : null,
    status,
    began: told.firstAt,
    latest: told.lastAt,
    asked: askedOf(plan),
    found,
    network: found && drawNetwork(plan.space, found.architecture),
    alternatives: alternativesOf(plan, costs),
    ranking: told.ranking ?? (plan.ranking.source === "given" ? plan.ranking.ranking : null),
    rounds: roundsOf(told),
    // copied: one that is held open grows on
    snapshots: [...told.snapshots],
    slots: slotsOf(plan, costs, told, found?.architecture ?? null),
    prunes: [...told.prunes],
    goneBack: [...told.goneBack],
    choice: told.choice,
    curves: told.curves.map(({ series, points }) => ({ series, points: [...points] })),
    effort: {
      programs: told.efforts.map((effort) => ({ ...effort })),
      wallMs: sum(told.efforts.map(({ wallMs }) => wallMs)),
      samples: sum(told.efforts.map(({ samples }) => samples)),
      macs: sum(told.efforts.map(({ macs }) => macs)),
      bytesFreed: told.bytesFreed,
    },
    provenance: {
      seed: plan.seed,
      splitSeed: plan.data.splitSeed,
      dataFingerprint: told.data?.fingerprint ?? null,
      splits: told.data?.splits ?? [],
      spaceHash: spaceHash(plan.space),
      device: told.device,
      plan: { compute: plan.compute, pipeline: plan.pipeline, search: plan.search, retrain: plan.retrain },
      sessions,
      checkpoints: journal.checkpoints(),
      entries: told.entries,
    },
    commands: commandsFor(options.argument ?? plan.name, status, found !== null, told.prunes),
  };
}

function askedOf(plan: Plan): Asked {
  const { space } = plan;
  return {
    data: plan.data,
    dataName: dataName(plan.data),
    programs: plan.programs,
    strategy: plan.search.strategy,
    budget: plan.budget,
    space: {
      name: space.name,
      slots: space.slots.length,
      candidates: Math.max(0, ...space.slots.map((slot) => slot.candidates.length)),
      architectures: countArchitectures(space).toString(),
    },
  };
}

function dataName({ source }: DataSpec): string {
  switch (source.kind) {
    case "fashion-mnist":
      return "Fashion-MNIST";
    case "folder":
      return source.root.split(/[\\/]/).filter(Boolean).at(-1) ?? source.root;
    case "synthetic":
      return "synthetic images";
    case "python":
      return source.factory;
  }
}

function alternativesOf({ space }: Plan, costs: CostTable): Alternatives {
  const { smallest, largest } = extremes(costs);
  return {
    smallest: priced(space, costs, smallest.architecture),
    largest: priced(space, costs, largest.architecture),
  };
}

function foundIn(plan: Plan, costs: CostTable, told: Chronicle): Found | null {
  const { result, choice, test } = told;
  const given = plan.programs.includes("search") ? null : plan.retrain.architecture;
  const chosen = result?.chosen ?? choice?.chosen ?? (given && priced(plan.space, costs, given));
  if (!chosen) return null;
  const compared = choice?.compared.find(({ encoded }) => encoded === chosen.encoded);
  const validated = told.curves.find(({ series }) => series === "retrain-valid-accuracy")?.points.at(-1)?.[1];
  const perClass = result?.testPerClass ?? (test && classAccuracies(test));
  return {
    ...chosen,
    validAccuracy: result?.validAccuracy ?? validated ?? compared?.validAccuracy ?? null,
    testAccuracy: result?.testAccuracy ?? test?.accuracy ?? null,
    testPerClass:
      perClass && (told.data?.classes ?? []).map((name, index) => ({ name, accuracy: perClass[index] ?? null })),
    exported: result?.exported ?? [],
  };
}

function roundsOf(told: Chronicle): Round[] {
  let epoch = 0;
  return told.rounds.map((round, index) => {
    const before = new Set(told.rounds[index - 1]?.classes ?? []);
    const fromEpoch = epoch;
    epoch += round.epochs;
    const prunes = told.prunes.filter((prune) => prune.round === round.round);
    const alive = prunes.at(-1)?.alive ?? told.snapshots.findLast((snapshot) => snapshot.round === round.round)?.alive;
    const next = told.rounds[index + 1]?.at;
    return {
      ...round,
      endedAt: next ?? (told.choice ? told.lastAt : null),
      fromEpoch,
      toEpoch: epoch,
      newClasses: round.classes.filter((name) => !before.has(name)),
      cuts: sum(prunes.map(({ cuts }) => cuts.length)),
      alive: alive ? sum(alive.map((slot) => slot.length)) : null,
    };
  });
}

function slotsOf(plan: Plan, costs: CostTable, told: Chronicle, chosen: Architecture | null): SlotStory[] {
  const cuts = new Map<string, Extract<Fate, { kind: "cut" }>>();
  for (const { round, epoch, cuts: these } of told.prunes) {
    const roundName = told.rounds.findLast((opened) => opened.round === round)?.name ?? `round ${round}`;
    for (const cut of these) cuts.set(`${cut.slot}/${cut.candidate}`, { kind: "cut", round, roundName, epoch, ...cut });
  }
  const last = told.snapshots.at(-1);
  return plan.space.slots.map((slot, at) => ({
    name: slot.name,
    stage: slot.stage,
    candidates: slot.candidates.map((candidate, index) => ({
      name: candidate.name,
      ...costs.slots[at][index],
      probability: last?.probabilities[at]?.[index] ?? null,
      timesTrained: told.trained[at][index],
      timesGated: told.gated[at][index],
      fate:
        chosen?.[at] === index
          ? { kind: "chosen" }
          : (cuts.get(`${at}/${index}`) ?? { kind: chosen ? "passed-over" : "alive" }),
    })),
  }));
}
