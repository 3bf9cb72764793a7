import { mostLikelyWithin } from "../cost/best.js";
import { drawer } from "../cost/draw.js";
import { architectureCost, costTable } from "../cost/table.js";
import type { Budget } from "../domain/cost.js";
import { type Architecture, allAlive, type Space } from "../domain/space.js";
import { builtinSpace, builtinSpaces } from "../spaces/builtins.js";
import { softmax } from "../util/numeric.js";
import { rng } from "../util/rng.js";
import { type BenchResult, caseOf, environment, timed } from "./harness.js";

const architectures = 200_000;
const repeats = 40;

const budgets: readonly (readonly [string, Budget])[] = [
  ["at most 300M MACs", { macs: { most: 300e6 } }],
  ["at most 300M MACs and 3M parameters", { macs: { most: 300e6 }, params: { most: 3e6 } }],
  ["299.7M to 300M MACs", { macs: { least: 299.7e6, most: 300e6 } }],
];

/** Pricing architectures of danas-mobile; the exact best of its 5 x 10^26, and exact draws from them, within a budget. */
export async function benchCost(): Promise<BenchResult> {
  const space = builtinSpace("danas-mobile", builtinSpaces["danas-mobile"].input, 1000);
  const table = costTable(space);
  const drawn = drawArchitectures(space);
  let sum = 0;
  const pricing = timed(
    () => {
      for (const architecture of drawn) sum += architectureCost(table, architecture).macs;
    },
    { warmups: 3, repeats: 15 },
  );
  if (!(sum > 0)) throw new Error("nothing was priced"); // also keeps the loop from being optimised away

  const alive = allAlive(space);
  const distributions = Array.from({ length: repeats }, (_, index) => drawDistribution(space, index));
  const search = (budget: Budget) =>
    timed((repeat) => mostLikelyWithin(table, distributions[repeat], alive, budget), { warmups: 5, repeats });
  const source = rng(3).fork("bench").fork("draw");
  const draw = (budget: Budget) => {
    const drawn = drawer(table, distributions[0].map(softmax), alive, budget);
    return timed(() => drawn(source), { warmups: 5, repeats });
  };
  return {
    name: "cost",
    ...environment(),
    cases: [
      caseOf(
        "price danas-mobile",
        "architectures/s",
        pricing.map((ms) => (1000 * architectures) / ms),
      ),
      ...budgets.map(([name, budget]) =>
        caseOf(`exact best of 21 x 19, ${name}, ${repeats} random distributions`, "ms", search(budget)),
      ),
      ...budgets.map(([name, budget]) => caseOf(`exact draw of 21 x 19, ${name}`, "ms", draw(budget))),
    ],
  };
}

function drawArchitectures(space: Space): Architecture[] {
  const draw = rng(1).fork("bench").fork("cost");
  return Array.from({ length: architectures }, () => space.slots.map(({ candidates }) => draw.int(candidates.length)));
}

/** log-probabilities of a softmax over standard normal logits */
function drawDistribution(space: Space, index: number): number[][] {
  const draw = rng(2).fork("bench").fork(index);
  return space.slots.map(({ candidates }) => {
    const logits = candidates.map(() => draw.normal());
    const log = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    return logits.map((logit) => logit - log);
  });
}
