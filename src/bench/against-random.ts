import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drawWithin } from "../cost/draw.js";
import { costTable, priced } from "../cost/table.js";
import type { PricedArchitecture } from "../domain/cost.js";
import { DanasError } from "../domain/errors.js";
import type { Plan } from "../domain/plan.js";
import { allAlive } from "../domain/space.js";
import { stateOf } from "../engine/fold.js";
import { memoryJournal } from "../journal/memory.js";
import type { Journal } from "../journal/port.js";
import { conduct } from "../runs/conduct.js";
import { rng } from "../util/rng.js";
import type { Worker } from "../worker/port.js";
import { type BenchCase, type BenchResult, caseOf, environment } from "./harness.js";

export interface AgainstRandomOptions {
  /** of a finished run with a retrained, tested network */
  readonly journal: Journal;
  readonly worker: Worker;
  /** networks drawn uniformly from those within the run's budget */
  readonly networks: number;
  readonly onLine: (line: string) => void;
}

/**
 * Was the search worth it? The network a run found against networks drawn at random under the same budget, each retrained
 * with the run's own recipe and seed, on the same machine. Test accuracies, fractions.
 */
export async function benchAgainstRandom(options: AgainstRandomOptions): Promise<BenchResult> {
  const { plan } = options.journal;
  const state = stateOf(options.journal, null);
  const found = state.phase === "done" ? state.result : null;
  if (!found?.chosen || found.testAccuracy === null) {
    throw new DanasError("E_BENCH", "the run has no tested network to compare with", {
      hint: "let `danas search` finish first, with retrain.test on",
    });
  }
  const cases: BenchCase[] = [caseOf(`found ${found.chosen.encoded}`, unit, [found.testAccuracy])];
  const accuracies: number[] = [];
  for (const [index, network] of drawn(plan, options.networks).entries()) {
    options.onLine(`retraining ${network.encoded} (${(network.macs / 1e6).toFixed(2)}M MACs)`);
    const accuracy = await testAccuracyOf(plan, network, index, options.worker);
    options.onLine(`  test accuracy ${(100 * accuracy).toFixed(2)} %`);
    accuracies.push(accuracy);
    cases.push(caseOf(`random ${network.encoded}`, unit, [accuracy]));
  }
  cases.push(caseOf("median of random", unit, accuracies));
  return { name: "against-random", ...environment(), cases };
}

const unit = "test accuracy";

function drawn(plan: Plan, networks: number): PricedArchitecture[] {
  const table = costTable(plan.space);
  const alive = allAlive(plan.space);
  const uniform = plan.space.slots.map(({ candidates }) => candidates.map(() => 1 / candidates.length));
  return Array.from({ length: networks }, (_, index) => {
    const draw = rng(plan.seed).fork("bench").fork("against-random").fork(index);
    const architecture = drawWithin(draw, table, uniform, alive, plan.budget);
    if (!architecture) throw new DanasError("E_BUDGET_UNREACHABLE", "no network of the space is within the budget");
    return priced(plan.space, table, architecture);
  });
}

async function testAccuracyOf(plan: Plan, network: PricedArchitecture, index: number, worker: Worker): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "danas-bench-"));
  const alone: Plan = {
    ...plan,
    // a run of its own: under one name and incarnation the worker would answer from memory what it answered before
    name: `${plan.name}-bench-${index}`,
    programs: ["retrain"],
    ranking: { source: "none" },
    retrain: { ...plan.retrain, architecture: network.architecture, test: true, export: false },
  };
  try {
    const checkpoints = { everySeconds: 0, keep: 1, rounds: false };
    const ending = await conduct({ folder, journal: memoryJournal(alone) }, { worker, checkpoints });
    if (ending.kind === "failed") throw new DanasError("E_BENCH", ending.failure.message, { exitCode: 1 });
    if (ending.kind !== "done" || ending.result.testAccuracy === null)
      throw new Error(`the retraining was ${ending.kind}`);
    return ending.result.testAccuracy;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
